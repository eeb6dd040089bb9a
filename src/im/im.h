/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The service. A request that the setting has classified and authenticated comes in here; the
 * function that plays the role takes it:
 *
 *     originating, terminating   im/participating/
 *     answers to the operator    im/system/
 *     controlling                (its Request-URI is a conference of ours)
 *
 * An ordinary message: alice's MESSAGE is classified (im/request.h), passes the gates of the
 * originating function, reaches the terminating function of bob, passes its gates, and is proxied to
 * bob's devices; what came of it is announced (im/event.h). See docs/ARCHITECTURE.md, first story.
 */
#ifndef IM_IM_H
#define IM_IM_H

#include "im/event.h"
#include "im/message.h"
#include "im/request.h"
#include "im/route.h"
#include "im/rules.h"
#include "sip/sip.h"

struct im;
struct im_focus;
struct im_recorder;
struct im_sessions;
struct im_system;
struct msrp_endpoint;
struct sip_dialogs;
struct registrations;
struct store;
struct subscribers;

struct im_params {
	struct sip *sip;
	struct store *store;
	struct subscribers *subscribers;
	struct registrations *registrations;
	const struct im_setting *setting; /**< borrowed */
	struct im_addresses addresses;    /**< borrowed */
	bool log_addresses;               /**< false: hashed in the log */
	struct im_rules rules;
	/** Who keeps messages for those who are away; NULL: nobody, they are answered 480. Borrowed. */
	const struct im_keeper *keeper;
	/** For sessions whose media pass through here: borrowed; NULL: none do (im/participating/session.h). */
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp;
	bool trust; /**< peers are a trust domain (RFC 3325): in front of an IMS core */
};

/** Counted. */
int im_alloc(struct im **ret, const struct im_params *p);
struct im_events *im_events(struct im *im);
/** System messages (im/system/system_message.h). */
struct im_system *im_system(struct im *im);
/** Sessions that pass through (im/participating/session.h); NULL: none can. */
struct im_sessions *im_sessions(struct im *im);
/** The configuration says otherwise now. */
void im_set_rules(struct im *im, const struct im_rules *rules);
/** As in im_params, for a keeper that is made after the service, and one that goes before it (NULL). */
void im_set_keeper(struct im *im, const struct im_keeper *keeper);
/** Who keeps users' histories: made after the service, gone before it (NULL: nobody). Borrowed. */
void im_set_recorder(struct im *im, const struct im_recorder *recorder);
/** The Controlling Function (im/focus.h): made after the service, gone before it (NULL: there is none). Borrowed. */
void im_set_focus(struct im *im, const struct im_focus *focus);
/** Takes what is asked of the deferred and the history function, its sender checked (im/retrieval/); NULL: nobody. */
void im_on_retrieval(struct im *im, void (*receive)(struct im_request *r, void *arg), void *arg);
/**
 * Takes a classified request outside any dialog, side and originator set. It will be answered;
 * `r` is borrowed for the call.
 */
void im_receive(struct im *im, struct im_request *r);
/** Requests under way in the service. */
size_t im_under_way(const struct im *im);

#endif
