/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The service. A request that the setting has classified and authenticated comes in here; the
 * function that plays the role takes it:
 *
 *     originating, terminating   im/participating/
 *     controlling                (its Request-URI is a conference of ours)
 *
 * An ordinary message: alice's MESSAGE is classified (im/request.h), passes the gates of the
 * originating function, reaches the terminating function of bob, passes its gates, and is proxied to
 * bob's devices; what came of it is announced (im/event.h). See docs/ARCHITECTURE.md, first story.
 */
#ifndef IM_IM_H
#define IM_IM_H

#include "im/event.h"
#include "im/request.h"
#include "im/route.h"
#include "sip/sip.h"

struct im;
struct subscribers;

struct im_params {
	struct sip *sip;
	struct subscribers *subscribers;
	const struct im_setting *setting; /**< borrowed */
	struct im_addresses addresses;    /**< borrowed */
	bool log_addresses;               /**< false: hashed in the log */
};

/** Counted. */
int im_alloc(struct im **ret, const struct im_params *p);
struct im_events *im_events(struct im *im);
/**
 * Takes a classified request outside any dialog, side and originator set. It will be answered;
 * `r` is borrowed for the call.
 */
void im_receive(struct im *im, struct im_request *r);
/** Requests under way in the service. */
size_t im_under_way(const struct im *im);

#endif
