/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where the functions of the service meet over one message: the Participating Function asks for a
 * message to be kept for somebody who is away, the Deferred Messaging Function keeps and later sends
 * it. Neither includes the other; the server joins them (struct im_keeper in im_params).
 *
 * "2xx means on disk": the keeper's `kept` comes when the message is written and fsynced, and only
 * then the sender hears 202 (RFC 3428 7).
 */
#ifndef IM_MESSAGE_H
#define IM_MESSAGE_H

#include "im/request.h"

struct im_keep;

/**
 * How keeping ended. 0: on disk, answer 202. -EDQUOT: the recipient's quota is used up; -E2BIG: larger
 * than may be kept; -EPERM: the recipient does not want messages kept (offline-delivery off); -ETIME:
 * its time is over (`Expires: 0` is now or never); -EALREADY: it is on its way from the keeper to the
 * recipient at this moment and has come round; -EOPNOTSUPP: not of a kind that is kept; any other: the
 * store's trouble (503).
 */
typedef void(im_kept_cb)(struct im_keep *k, int error, void *arg);

/** Embedded by the caller; zeroed or finished, it is idle. */
struct im_keep {
	void *impl; /**< the keeper's */
	im_kept_cb *kept;
	void *arg;
};

struct im_keeper {
	/**
	 * Keeps the request's message for r->recipient. `r` is borrowed for the call. 0: `kept` will be
	 * called once, never before keep returns; or -errno of the kinds above and it will not.
	 */
	int (*keep)(const struct im_request *r, struct im_keep *k, im_kept_cb *kept, void *kept_arg,
		    void *arg);
	/** No callback follows; the message may be kept all the same. */
	void (*cancel)(struct im_keep *k, void *arg);
	void *arg;
};

/** What may be kept when its recipient is away: pager and large messages and their notices; never isComposing. */
static inline bool im_kind_is_kept(enum im_kind k)
{
	return k == IM_PAGER || k == IM_LARGE || k == IM_NOTIFICATION;
}

#endif
