/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where the functions of the service meet over one message: the Participating Function asks for a
 * message to be kept for somebody who is away, the Deferred Messaging Function keeps and later sends
 * it. Neither includes the other; the server joins them (struct im_keeper in im_params).
 *
 * A MESSAGE is kept as it stands (`keep`). A large message or a file is still to come: its INVITE is taken over
 * (`take`), and who keeps is the end of its session.
 *
 * "2xx means on disk": the keeper's `kept` comes when the message is written and fsynced, and only
 * then the sender hears 202 (RFC 3428 7).
 */
#ifndef IM_MESSAGE_H
#define IM_MESSAGE_H

#include "im/request.h"

struct im_keep;
struct sip_invite;

/**
 * How keeping ended. 0: on disk, answer 202. -EDQUOT: the recipient's quota is used up; -E2BIG: larger
 * than may be kept; -EPERM: the recipient does not want messages kept (offline-delivery off); -ETIME:
 * its time is over (`Expires: 0` is now or never); -EALREADY: it is on its way from the keeper to the
 * recipient at this moment and has come round; -EOPNOTSUPP: not of a kind that is kept; any other: the
 * store's trouble (503). Of `take` besides: -EBADMSG: its description is none (400); -EPROTONOSUPPORT: no
 * description that can be answered (488); -EUSERS: too many of this sender at one time (486).
 */
typedef void(im_kept_cb)(struct im_keep *k, int error, void *arg);

/** Embedded by the caller; zeroed or finished, it is idle. */
struct im_keep {
	void *impl; /**< the keeper's */
	im_kept_cb *kept;
	void *arg;
};

/** What a message that is taken over may be, by the policies of service and users. */
struct im_allowance {
	uint64_t max_size; /**< bytes of one message; UINT64_MAX: any */
	struct str types;  /**< as a=accept-types has them, without wrappers; empty: any */
	bool originated; /**< the sender's function was here, too: their history is this process's affair */
	/**
	 * NULL, or where the INVITE is a leg already. When `kept` comes with 0 the leg is the keeper's, and this is
	 * NULL. It must be there until then, or until cancel.
	 */
	struct sip_invite **leg;
};

struct im_keeper {
	/**
	 * Keeps the request's message for r->recipient. `r` is borrowed for the call. 0: `kept` will be
	 * called once, never before keep returns; or -errno of the kinds above and it will not.
	 */
	int (*keep)(const struct im_request *r, struct im_keep *k, im_kept_cb *kept, void *kept_arg,
		    void *arg);
	/**
	 * Takes over an INVITE (a large message, a file) that would go to r->recipient. 0: `kept` will be called
	 * once, as of keep: with 0 the INVITE has been taken, is answered there, and what becomes of it is told there
	 * (im/event.h); with -errno it is the caller's to answer. NULL: never.
	 */
	int (*take)(const struct im_request *r, const struct im_allowance *a, struct im_keep *k,
		    im_kept_cb *kept, void *kept_arg, void *arg);
	/** No callback follows; the message may be kept all the same. */
	void (*cancel)(struct im_keep *k, void *arg);
	void *arg;
};

/**
 * What may be kept when its recipient is away: pager and large messages and their notices; never isComposing.
 * Files are kept where the operator wants that (struct im_rules).
 */
static inline bool im_kind_is_kept(enum im_kind k)
{
	return k == IM_PAGER || k == IM_LARGE || k == IM_NOTIFICATION;
}

#endif
