/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The Controlling Function: the conference focus (seed 004; RFC 4579; digest b rows 7 to 19, c7, c9, f-D).
 *
 * What comes in is told apart by its Request-URI (CTL-DET-1):
 *
 *     the conference factory        a new session of those in the recipient list (RFC 5366): of one
 *                                   other person 1-1, of several an ad-hoc group
 *     an IM Group Identity          the group's session: joined when it runs, else begun
 *     an IM Session Identity        a session that exists: somebody comes back, subscribes, refers
 *     the exploder, or a group      MESSAGE: one message to many, without a session (exploder.h)
 *
 * An ordinary group. alice's INVITE has passed the gates of her originating function and is handed over
 * (controlling_receive). Her leg is made (participant.c), the rules are asked (membership.h), the
 * conference begins (conference.h), the members are invited, each by an INVITE of the focus's own that passes
 * the terminating function of that member (invitation.c, im/own.h). Who answers is connected to the
 * fan-out (fanout.h), which copies what each says to all others; the roster (roster.h) knows who is
 * there and tells those who have subscribed (conference_state.h). Somebody leaves by BYE, is sent away by
 * REFER with method=BYE (referral.c), or is lost; when too few are left the conference ends, and each gets BYE with
 * the reason.
 *
 * A conference's identity and members stand in the store, so that after a restart its participants come
 * back to the same address (registry.h).
 */
#ifndef IM_CONTROLLING_CONTROLLING_H
#define IM_CONTROLLING_CONTROLLING_H

#include "im/event.h"
#include "im/request.h"
#include "im/route.h"
#include "im/rules.h"

struct controlling;
struct group;
struct groups;
struct im_own;
struct msrp_endpoint;
struct registrations;
struct sip_dialogs;
struct store;
struct subscribers;

/** Conferences at once; a small one costs some 4 kB beside its participants. Beyond it 503. */
#define CONTROLLING_CONFERENCES_MAX 20000
/** Of those that one user has made by the factory: one user does not take all of them. Beyond it 486. */
#define CONTROLLING_CONFERENCES_EACH_MAX 200
/** Participants of all conferences at once, 8 kB each. Beyond it 503. */
#define CONTROLLING_PARTICIPANTS_MAX 100000
/** Letters and digits of the user part of an IM Session Identity behind "conf-": a capability of 80 bits. */
#define CONTROLLING_ID_N 16

struct controlling_params {
	struct sip *sip;
	struct sip_dialogs *dialogs; /**< borrowed */
	struct msrp_endpoint *msrp;  /**< borrowed */
	struct store *store;         /**< a reference is taken, as of the following three */
	struct groups *groups;
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct im_events *events;         /**< borrowed */
	const struct im_setting *setting; /**< borrowed */
	struct im_addresses addresses;    /**< borrowed */
	struct im_own *own;               /**< a reference is taken: requests of ours (im/own.h) */
	bool trust;                       /**< peers are a trust domain (RFC 3325) */
};

/** What the operator may change at any time. */
struct controlling_config {
	uint32_t
		max_participants; /**< `conference.max-participants`: of a session without a group */
	uint32_t max_duration_s;  /**< 0: none */
	uint32_t idle_s;          /**< without a message; 0: none */
	uint32_t session_expires_s, min_se_s;
};

/** Counted. Nothing is served before controlling_start. */
int controlling_alloc(struct controlling **ret, const struct controlling_params *p);
void controlling_configure(struct controlling *c, const struct controlling_config *cfg);
void controlling_counters_register(void);
/** The store is open: sessions that stood at the last end are known again by their identity. */
void controlling_start(struct controlling *c);
/** Every participant gets BYE; none is let in any more. Before sip_dialogs_close; again is harmless. */
void controlling_stop(struct controlling *c);
/** Conferences and exploded messages under way. */
size_t controlling_under_way(const struct controlling *c);

/**
 * Whether a request outside any dialog is for this function, by its Request-URI. 1: it is, hand it to
 * controlling_receive once its sender is known. 0: it is not. -EAGAIN: the store has to be asked whether there is
 * such a group: controlling_receive does so, and gives what is none to `otherwise`.
 */
int controlling_is_for(struct controlling *c, const struct im_request *r);
/**
 * Takes a request whose originator is known and whose originating gates, if it had any here, are passed. It will be
 * answered. `otherwise` (may be NULL: 404) gets it back when -EAGAIN turns out to be no group.
 */
typedef void(controlling_otherwise_cb)(struct im_request *r, void *arg);
void controlling_receive(struct controlling *c, struct im_request *r,
			 controlling_otherwise_cb *otherwise, void *arg);

/* ---- For the operator ---- */

/** Views are valid until return. */
struct conference_info_row {
	struct str id;       /**< CONTROLLING_ID_N */
	uint64_t number;     /**< in the order of beginning, from 1 */
	struct str identity; /**< the IM Session Identity */
	struct str group;    /**< empty: made by a list */
	const char *kind;    /**< "1-1", "ad-hoc", "group" */
	struct str founder, subject;
	int64_t since_ms;
	size_t participants, connected, watchers;
	uint64_t messages, copies;
};
typedef void(conference_row_cb)(const struct conference_info_row *row, void *arg);
/** One participant, or one who is on the way in. */
struct conference_person_row {
	struct str who;
	bool anonymous;
	const char *status; /**< as in conference-info */
	int64_t since_ms;
	uint64_t messages, bytes;
};
typedef void(conference_person_cb)(const struct conference_person_row *row, void *arg);

void controlling_list(const struct controlling *c, uint64_t after, size_t limit,
		      conference_row_cb *cb, void *arg);
/** -ENOENT. */
int controlling_show(const struct controlling *c, struct str id, conference_row_cb *cb,
		     conference_person_cb *person, void *arg);
int controlling_end(struct controlling *c, struct str id);
/** A group's document was written (advertise.h): `before` NULL: there was none. Borrowed. */
void controlling_advertise(struct controlling *c, const struct group *before,
			   const struct group *after);

#endif
