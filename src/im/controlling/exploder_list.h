/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a MESSAGE with a recipient list is for each recipient (RFC 5365 7): to whom, and with which body.
 *
 *     multipart/mixed: list, text                    -> text
 *     multipart/mixed: list with to or cc, text      -> multipart/mixed: text, recipient-list-history
 *     multipart/mixed: list, text, picture           -> multipart/mixed: text, picture
 *
 * All recipients get the same body, so it is made once. The other parts are copied as they stand.
 */
#ifndef IM_CONTROLLING_EXPLODER_LIST_H
#define IM_CONTROLLING_EXPLODER_LIST_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sip/msg.h"
#include "store/mailing.h"

/** The history beside a message: names of some hundred recipients. Above it they are not told of each other. */
#define EXPLODER_HISTORY_MAX (32u << 10)

struct exploder_list {
	struct store_mailing_recipient *recipient; /**< each once; the sender never; in the arena */
	size_t n;
	struct str type, disposition; /**< of the body that they get; disposition may be empty */
	struct buf body;
	/** The message/cpim among what they get: its text; STR_NULL: none. A view into the request. */
	struct str cpim;
	struct arena arena;
};

struct exploder_list_params {
	const struct sip_msg *m;
	struct str sender; /**< canonical */
	struct str domain; /**< of telephone numbers */
	size_t most;       /**< recipients */
	uint64_t random;   /**< for the boundary */
};

/**
 * 0, and exploder_list_done is due. Else nothing is held:
 *     -EBADMSG   400: body or list cannot be read, an entry is no address
 *     -ENOENT    400: there is no list, or it names nobody but the sender
 *     -ENOMSG    400: there is nothing beside the list
 *     -ENOBUFS   403: more than there may be
 *     -ENOMEM    500
 */
int exploder_list_decode(struct exploder_list *ret, const struct exploder_list_params *p);
void exploder_list_done(struct exploder_list *l);

#endif
