/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Whether this server stands in the media path of a session: a B2BUA (im/participating/session.h), or else a SIP
 * proxy (im/participating/forward.h). Seed 001, 6.1.1: by a static setting, always or never; or by
 * parameters, "for example" the History function and charging.
 *
 * It is decided once, when the INVITE arrives, and holds for the duration of the session: what changes
 * later counts for the next INVITE. Each Participating Function decides by its own served user; where
 * both are in this process, one that must be in the path puts the one session object there for both.
 *
 *     always                         in the path of every session
 *     never                          in none, whatever else would ask for it (notes A-25)
 *     history                        when the History function is there and the served user wants
 *                                    conversations of this kind recorded at this moment
 *     charging                       when the policy `charging` is on: the user's, else the service's
 *     beside either of the last two  when the sent count is asked for, on the originating side: the
 *                                    reports that carry it come by MSRP (digest c12)
 *
 * A large message is decided like a session (PATH-8), and so is a file. Other INVITEs, plain calls among
 * them, are never judged here: they are proxied.
 */
#ifndef IM_PARTICIPATING_MEDIA_PATH_H
#define IM_PARTICIPATING_MEDIA_PATH_H

#include "im/request.h"
#include "im/rules.h"

struct im_settings;
struct operator_policy;

enum media_path {
	MEDIA_PATH_OUT, /**< the INVITE is proxied */
	/* in it, and why */
	MEDIA_PATH_ALWAYS,
	MEDIA_PATH_HISTORY,
	MEDIA_PATH_CHARGING,
	MEDIA_PATH_SENT_COUNT,
};

/** What is known when the INVITE arrives, of one served user. */
struct media_path_view {
	enum im_kind kind;
	enum im_side side;
	const struct im_rules *rules;
	const struct im_settings *settings;           /**< NULL: as nobody has set any */
	const struct operator_policy *service, *user; /**< NULL: nothing is said */
};

/** Kinds of INVITE that have a media path of ours to decide on. */
bool media_path_concerns(enum im_kind kind);
enum media_path media_path_decide(const struct media_path_view *v);
/** "history", …: the reason as the log has it. */
struct str media_path_name(enum media_path p);

#endif
