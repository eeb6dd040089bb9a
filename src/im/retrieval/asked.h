/* SPDX-License-Identifier: Apache-2.0 */
/** What a request to a function asks for: the references in its body. */
#ifndef IM_RETRIEVAL_ASKED_H
#define IM_RETRIEVAL_ASKED_H

#include "base/mem.h"
#include "body/history_reference.h"
#include "im/request.h"

struct asked {
	struct arena arena;
	struct history_reference *ref;
	size_t n;
};

/**
 * `service` is the function's AOR. Without a list: one reference, to everything. -EBADMSG: a body or a
 * reference that is none, or one of another service; -ENOBUFS: too many; -ENOMEM. asked_done in any case.
 */
int asked_read(struct asked *ret, const struct sip_msg *m, struct str service,
	       const struct im_addresses *ours);
void asked_done(struct asked *a);
/** One part of the body, or all of it: application/`subtype`. STR_NULL: it has none. */
struct str asked_part(const struct sip_msg *m, struct str subtype);

#endif
