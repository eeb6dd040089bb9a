/* SPDX-License-Identifier: Apache-2.0 */
/** Headers of call control: Replaces (RFC 3891), Refer-Sub (RFC 4488). Refer-To is a name-addr. */
#ifndef SIP_REPLACES_H
#define SIP_REPLACES_H

#include <stdbool.h>

#include "base/buf.h"
#include "sip/dialog.h"
#include "sip/msg.h"

struct sip_replaces {
	struct str call_id;
	struct str to_tag, from_tag; /**< "0" stands for none (RFC 3891 6.1) */
	bool early_only;
};

/**
 * The Replaces of a request. 0; -ENOENT: it has none; -EBADMSG: malformed, a tag is missing, or there
 * is more than one (3: "MUST reject the request with a 400").
 */
int sip_replaces_decode(struct sip_replaces *ret, const struct sip_msg *m);
/** The same of a value. -EBADMSG. */
int sip_replaces_decode_value(struct sip_replaces *ret, struct str value);
/** The value that names a dialog so. */
void sip_replaces_encode(struct buf *b, const struct sip_replaces *r);
/** The dialog it names, where the to-tag is our tag (3); NULL: none: 481. Borrowed. */
struct sip_dialog *sip_replaces_find(struct sip_dialogs *ds, const struct sip_replaces *r);

/** Refer-Sub (RFC 4488 4): false only when the header says so. */
bool sip_refer_sub(const struct sip_msg *m);

#endif
