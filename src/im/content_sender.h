/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A stored message on its way out over MSRP: a content of the store (store/content.h), or bytes in hand, sent as
 * one message of our own on a session that is bound. It is read from the disk at the pace at which it leaves,
 * CONTENT_SENDER_READ at a time, so a message of any size needs the same memory.
 *
 *   content_sender_start --pieces leave, are answered--> `sent` (once, then the sender is gone)
 *                        '--content_sender_cancel: '#', no callback
 *
 * Several at one time on one session take turns, as msrp/send.h has it; who wants one after the other starts the
 * next in `sent`. The session stays its owner's: it is neither stopped nor ended here.
 */
#ifndef IM_CONTENT_SENDER_H
#define IM_CONTENT_SENDER_H

#include "msrp/send.h"
#include "store/content.h"

/** Bytes asked of the disk at a time: what MSRP has room for, and as much again. */
#define CONTENT_SENDER_READ (64u << 10)

struct content_sender;

struct content_sender_params {
	struct msrp_session *session; /**< bound; a reference is taken */
	struct store *store;          /**< likewise; not looked at without `name` */
	struct str name;              /**< of the content; empty: `bytes` are all of it */
	struct str bytes;             /**< copied */
	uint64_t size;                /**< of the content that `name` names */
	struct str head; /**< goes before the content, in the same message: a CPIM head; copied */
	/** Message-ID, Content-Type, lines and reports; copied. `total` and `first` are set here. */
	struct msrp_send_params message;
};

/**
 * How it ended. 200: every byte was answered so. Another status: the peer refused it. 0: the session or its connection
 * went first (`error` 0), or the content could not be read: -ENOENT, -EIO (shorter than `size`), -ENOMEM; it was
 * given up with '#' then. Not called when the session is stopped before: cancel it. Everything may be called from here.
 */
typedef void(content_sent_cb)(struct content_sender *s, uint16_t status, int error, void *arg);

/** -ENOTCONN, -EINVAL, -ENOBUFS (as msrp_send_open), -ENOMEM: `sent` will not come. Never before the return. */
int content_sender_start(struct content_sender **ret, const struct content_sender_params *p,
			 content_sent_cb *sent, void *arg);
/** No callback follows; what the peer has of it is given up. NULL is fine. Not after `sent`. */
void content_sender_cancel(struct content_sender *s);
/** Bytes of the content (and its head) handed to the connection so far. */
uint64_t content_sender_at(const struct content_sender *s);

#endif
