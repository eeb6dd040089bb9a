/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where the Participating Functions meet the Controlling Function: a request whose Request-URI is a conference
 * factory, a group, a session or the exploder is for no user, and goes to the focus (im/controlling/controlling.h)
 * when the gates of its sender have let it pass. Neither includes the other; the server joins them (im_set_focus).
 *
 * Where the sender's own function stands in the media path, or keeps their history, the request leaves by SIP and
 * comes back to this process as one of the service's own (im/own.h); all others are handed over as they are.
 */
#ifndef IM_FOCUS_H
#define IM_FOCUS_H

#include "im/request.h"

struct groups;
struct im_own;

struct im_focus {
	/**
	 * 1: it is for the focus. 0: it is not. -EAGAIN: `groups` has to be asked whether there is such a group
	 * (group_load by r->recipient).
	 */
	int (*is_for)(const struct im_request *r, void *arg);
	/** Takes it, originator set, and answers it in time; `r` is borrowed for the call. */
	void (*receive)(struct im_request *r, void *arg);
	struct groups *groups; /**< borrowed, as the next */
	const struct im_own *own;
	void *arg;
};

#endif
