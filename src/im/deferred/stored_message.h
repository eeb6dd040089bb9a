/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A message in the store's form, and back: what is kept of a MESSAGE so that it can be sent again later
 * as the proxy would have sent it at once; and what is kept of the INVITE that a large message or a file came
 * with, for the INVITE that it leaves with (handover.h).
 *
 * Kept are the header lines as received, without those that belong to one hop or one attempt (Via,
 * Route, credentials…), and the body byte for byte. Date is added when the sender gave none: the time
 * of arrival. Expires stays as it was, since it counts from that Date (RFC 3428 7: "interpret the Expires header
 * field value as delta time from the Date header field value"); the moment of its end is kept beside it.
 */
#ifndef IM_DEFERRED_STORED_MESSAGE_H
#define IM_DEFERRED_STORED_MESSAGE_H

#include "base/buf.h"
#include "im/request.h"
#include "store/deferred.h"

/** flags of struct store_deferred: in the store for ever. */
enum {
	STORED_NEGATIVE = 1 << 1,  /**< and wants to be told of failure (RFC 5438 4) */
	STORED_NOTICE = 1 << 2,    /**< a notice of ours */
	STORED_ANONYMOUS = 1 << 3, /**< the sender wants to be nobody (RFC 3325 9.3) */
	STORED_VOUCHED =
		1 << 4, /**< of a large one: `sender` is the Authenticated Originator's address */
};

/**
 * `ret` gets views into the request and into `headers`, which the caller releases. `expiry_s`: when the
 * sender gave none; 0: never. -ETIME: expired; -E2BIG; -ENOMEM.
 */
int stored_message_encode(struct store_deferred *ret, struct buf *headers,
			  const struct im_request *r, int64_t now_ms, uint64_t expiry_s);

/**
 * The same of an INVITE, without what is known only when the message is here (size, Message-ID, content). It
 * has no Expires: that of an INVITE says how long it may ring (RFC 3261 13.2.1).
 */
int stored_invite_encode(struct store_deferred *ret, struct buf *headers,
			 const struct im_request *r, int64_t now_ms, uint64_t expiry_s);

/** A stored message as the request it was, for the functions that ask a request. */
struct stored_request {
	struct buf text;    /**< what will be sent, with a Via of no meaning */
	struct str headers; /**< of it, the lines kept */
	struct sip_msg m;
	struct im_request r; /**< terminating side; its recipient is d->user */
};

/** `d` from store_deferred_get, borrowed. -EBADMSG: not what was put in; -ENOMEM. */
int stored_request_open(struct stored_request *sr, const struct store_deferred *d,
			const struct im_addresses *ours);
void stored_request_close(struct stored_request *sr);
/** What is left of its time, in whole seconds, the last one counted in; 0: none, or it does not expire. */
uint64_t stored_left_s(const struct store_deferred *d, int64_t now_ms);
/** It came with an INVITE. */
static inline bool stored_is_large(const struct store_deferred *d)
{
	return d->kind != STORE_DEFERRED_PAGER;
}
/** icid-value of P-Charging-Vector (RFC 7315 4.6), without quotes; empty: none. */
struct str stored_icid(const struct sip_msg *m);

#endif
