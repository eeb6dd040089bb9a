/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Forwarding as a SIP proxy (seed 001, 6.1.1.2.2 step 2; RFC 3261 16), and the account of it.
 *
 * What leaves is what came, with the edits of RFC 3261 16.6; and without what a peer may not claim:
 * headers that assert an identity are removed when they came from somebody who is not trusted to
 * assert one, after the message was parsed (design 6), and our own Proxy-Authorization is consumed
 * (RFC 3261 22.3).
 */
#ifndef IM_PARTICIPATING_FORWARD_H
#define IM_PARTICIPATING_FORWARD_H

#include "im/event.h"
#include "im/report.h"
#include "im/request.h"
#include "im/route.h"

/**
 * The devices could not be reached: 408, 430, 480, or no connection; and when they may be, if they said so. True: taken
 * over, and `st` will be answered by the callee; `rep` is its own then.
 */
typedef bool(im_unreached_cb)(struct sip_server_txn *st, uint32_t retry_after_s,
			      struct im_report *rep, void *arg);

/**
 * It was accepted: `m` is the 2xx. True: taken over, and `st` will be answered with it by the callee; `rep` is its
 * own then.
 */
typedef bool(im_accepted_cb)(struct sip_server_txn *st, const struct sip_msg *m,
			     struct im_report *rep, bool to_devices, void *arg);

struct im_forward_params {
	const struct im_targets *targets; /**< none in it: by Route, else by Request-URI */
	bool to_devices; /**< the targets are the recipient's, so that 2xx means delivered */
	bool hides; /**< from the devices: Privacy: id (RFC 3325 7), whoever has asserted who it is */
	bool to_focus; /**< to ourselves (im/own.h): the originator is asserted, whatever they hide from others */
	struct str
		replaces; /**< a line in place of the request's own (session.h); copied; empty: none */
	struct str realm;           /**< of the credentials that are ours; long-lived */
	im_unreached_cb *unreached; /**< NULL: the sender hears of it */
	im_accepted_cb *accepted;   /**< NULL: the 2xx is forwarded at once */
	void *arg;
};

/**
 * Forwards; the outcome is told from `rep`, whose texts are taken over when it returns 0. -errno:
 * nothing was sent, and the caller answers.
 */
int im_forward(const struct im_request *r, const struct im_forward_params *p,
	       struct im_report *rep);

/** Appends a received response as it is forwarded: without our Via. */
int im_forward_response_encode(struct sip_server_txn *st, const struct sip_msg *m, struct buf *out);
/** Removes from one forwarded copy what an untrusted sender may not assert. Shared with in-dialog requests. */
void im_edit_untrusted(struct sip_edits *e);
/** Removes the credentials meant for us: those of this realm. */
void im_edit_credentials(struct sip_edits *e, struct str realm);

#endif
