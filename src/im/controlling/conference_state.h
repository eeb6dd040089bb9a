/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The conference event package (RFC 4575) as the focus serves it: who has subscribed to the state of one conference,
 * and what each has been told (CTL-OK-7, CTL-OK-7b, DRV-11, DRV-12; digest c9; notes A-11).
 *
 * In order. A SUBSCRIBE to the IM Session Identity comes, the focus asks its rules whether the subscriber may see the
 * state (im/controlling/membership.h) and hands it over: conference_watchers_subscribe answers it and the full
 * state follows at once. From then on every change of the roster (im/controlling/roster.h) is told to every
 * subscriber, in each kind of session: NOTIFY leaves at the end of the turn, that is behind the 200 to who
 * joined. When the conference is over (conference_watchers_end) each gets a last document with everybody
 * disconnected, and "terminated;reason=noresource".
 *
 * RFC 4575 3.9: "the server SHOULD NOT generate notifications for a single subscriber at a rate of more than once
 * every 5 seconds". In a large conference the first change is told at once and what happens in the pause after it
 * is told together; in a small one, where nobody is drowned by that, each change is told as it happens. Nobody gets
 * a NOTIFY while another of theirs is under way.
 */
#ifndef IM_CONTROLLING_CONFERENCE_STATE_H
#define IM_CONTROLLING_CONFERENCE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "im/controlling/roster.h"
#include "sip/dialog.h"
#include "sip/event_header.h"

struct conference_watchers;

#define CONFERENCE_PACKAGE STR("conference")
/** Subscriptions to one conference: of each participant two. */
#define CONFERENCE_WATCHERS_MAX (2 * ROSTER_MAX)
/** Of one subscriber; a device that lost its dialog comes anew, and its oldest makes room. */
#define CONFERENCE_WATCHERS_EACH_MAX 8
/** More persons than these are a large conference (digest c9 3). */
#define CONFERENCE_LARGE 20
/** And its pause. */
#define CONFERENCE_PAUSE_MS 5000
/** RFC 4575 3.3: "The default expiration time for a subscription to a conference is one hour." */
#define CONFERENCE_EXPIRES_S 3600
#define CONFERENCE_EXPIRES_MIN_S 60
#define CONFERENCE_EXPIRES_MAX_S 86400
/** Between the pieces of a document that is too large for one message. */
#define CONFERENCE_MORE_MS 20

struct conference_watchers_params {
	struct sip_dialogs *dialogs; /**< references are taken of both */
	struct roster *roster;       /**< this listens to it */
	struct str contact_user;     /**< user part of the IM Session Identity */
	/** Header lines of each answer and NOTIFY: P-Asserted-Identity, User-Agent. */
	struct str headers;
	size_t large;      /**< 0: CONFERENCE_LARGE */
	uint32_t pause_ms; /**< 0: CONFERENCE_PAUSE_MS */
};

/** Counted; texts are copied. conference_watchers_end comes before the last mem_unref. -ENOMEM. */
int conference_watchers_alloc(struct conference_watchers **ret,
			      const struct conference_watchers_params *p);
void conference_watchers_counters_register(void);

struct conference_subscribe {
	struct sip_server_txn *st;
	const struct sip_msg *m;
	const struct sip_source *src;
	const struct sip_hop *hop; /**< of a device; may be NULL */
	struct str who;            /**< the subscriber, canonical; empty: nobody vouches for one */
	bool tells_own;            /**< the client knows yourown="true" (digest e7) */
};
/**
 * A SUBSCRIBE outside a dialog, of one who may see the state. Always answers `st`: 200; 489 another package; 406 an
 * Accept without our type; 404 the conference is over; 400, 423, 500, 503. Returns 0 when it was accepted, else
 * -EBADMSG, -ENOENT, -ENOBUFS or -ENOMEM.
 */
int conference_watchers_subscribe(struct conference_watchers *w,
				  const struct conference_subscribe *s);
/**
 * This subscriber may not see the state any more (was expelled): a last NOTIFY with `reason`, without more of the
 * state than they may have had before.
 */
void conference_watchers_drop(struct conference_watchers *w, struct str who,
			      enum sip_subreason reason);
/**
 * The conference is over: ends the roster, tells all, takes the reference. `reason` as roster_end. NULL is fine;
 * returns NULL.
 */
void *conference_watchers_end(struct conference_watchers *w, struct str reason);
size_t conference_watchers_count(const struct conference_watchers *w);

#endif
