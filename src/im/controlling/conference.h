/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One conference and its participants: what the files of the focus know of each other. See controlling.h
 * for what happens in order.
 *
 *     controlling.c   the table; which conference a request is for
 *     conference.c    a conference's life: begin, who is in, too few, too long, the end
 *     participant.c   one leg: its INVITE usage; comes, is in, goes
 *     participant_media.c  its SDP, its seat in the fan-out, its MSRP connection
 *     admission.c     an INVITE that comes in: factory, group, session identity (CTL-DET, CTL-INV)
 *     answer.c        its provisional and final responses (CTL-PRV, CTL-OK)
 *     invitation.c    an INVITE of ours to somebody who is to come
 *     referral.c      REFER: invite others, send somebody away
 *     subscription.c  SUBSCRIBE to the conference's state
 */
#ifndef IM_CONTROLLING_CONFERENCE_H
#define IM_CONTROLLING_CONFERENCE_H

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/sm.h"
#include "im/controlling/conference_state.h"
#include "im/controlling/controlling.h"
#include "im/controlling/fanout.h"
#include "im/controlling/membership.h"
#include "im/controlling/roster.h"
#include "im/report.h"
#include "sip/invite.h"
#include "subscriber/group.h"

enum conference_kind {
	CONFERENCE_ONE_TO_ONE, /**< by the factory, one other person: the focus is invisible to them */
	CONFERENCE_AD_HOC,     /**< by the factory and a list */
	CONFERENCE_GROUP,      /**< of an IM Group Identity */
};

/** Invitations under way at one time for one conference; the others wait for their turn. */
#define CONFERENCE_INVITING_MAX 20
/** How long an invitation may ring: less than timer C of the proxies on the way (RFC 3261 16.6 step 11: 3 min). */
#define CONFERENCE_RING_MS (170 * 1000)
/** Their MSRP connection is gone: so long they may take to come back with another, by re-INVITE or a new INVITE. */
#define CONFERENCE_LOST_MS (60 * 1000)
/** RFC 3261 13.3.1.1: who waits for an answer hears something "at every minute", so that no proxy gives them up. */
#define CONFERENCE_WAIT_MS (60 * 1000)
/** It never came after the answer. */
#define CONFERENCE_UNBOUND_MS (120 * 1000)
/** Persons of a conference who may come back, or be invited, beyond those who are in. */
#define CONFERENCE_INVITED_MAX ROSTER_MAX
/** Of a Subject header. */
#define CONFERENCE_SUBJECT_MAX 256

/** The table: controlling.c's, and read by all files of the focus. */
struct controlling {
	struct sip *sip;
	struct loop *loop;
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp; /**< NULL: MSRP is spoken nowhere, and no session can be */
	struct store *store;
	struct groups *groups;
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct im_events *events;
	const struct im_setting *setting;
	struct im_addresses addresses;
	struct im_own *own;
	struct registry *registry;
	struct controlling_config config;
	bool trust;
	bool stopping;
	struct hash_table by_id, by_group; /**< of conferences */
	struct hash_table by_founder;      /**< of those without a group */
	struct list all;
	uint64_t begun;
	size_t participants;
	struct list arrivals;     /**< requests that wait for group or registry */
	struct list large_groups; /**< large_group.c */
	struct mailer *mailer;    /**< one message to many (mailer.h) */
	struct exploder *exploder;
	/** Conferences and participants that are over, until the end of the turn: who called may still look at them. */
	struct list over_conferences, over_participants;
	struct deferred_call reap;
};

struct conference {
	struct controlling *table; /**< NULL: not in it any more */
	struct hash_link by_id, by_group, by_founder;
	struct list_link in_all;
	uint64_t number;
	char id[CONTROLLING_ID_N];
	enum conference_kind kind;
	bool large; /**< Large Message Mode: ends when its one message is through */
	bool ending;
	bool running; /**< somebody has been in */
	bool founder_left;
	struct str identity; /**< sip:conf-<id>@<domain>: the IM Session Identity */
	struct str
		asserted; /**< P-Asserted-Identity: the group's identity, or the factory's URI (CTL-PRV-4a, 4b) */
	struct str subject, founder;
	struct group *group; /**< a reference; NULL: none */
	struct roster *roster;
	struct conference_watchers *watchers; /**< NULL: 1-1 that nobody asked about */
	struct fanout *fanout;
	struct absent
		*absent; /**< of a group that keeps what is said for who is away; NULL: not kept */
	struct list participants;
	struct list waiting; /**< invitations for which there is no turn yet */
	size_t inviting;     /**< under way */
	/** What invitees are told of each other (adhoc.h), and lines of the first INVITE that go on to them. */
	struct str history, carried;
	struct deferred_call
		invite_soon; /**< whose turn it is, at the end of the loop's turn: invitation.c's */
	struct hash_table invited; /**< canonical identities that may come back */
	size_t most;
	bool key_came, required_came;
	int64_t since_ms;   /**< wall clock */
	uint64_t active_ms; /**< loop clock of the last message */
	struct timer over;  /**< the next time at which it may have to end */
	/** The first to come waits for the first invitee (f-D 61); NULL: nobody waits. */
	struct participant *waits_for_first;
};

enum participant_state {
	PARTICIPANT_ASKING,  /**< their INVITE waits for our final answer */
	PARTICIPANT_INVITED, /**< our INVITE waits for theirs */
	PARTICIPANT_CONNECTED,
	PARTICIPANT_GONE,
};
extern const struct sm_table participant_machine;

struct participant {
	struct conference *conference; /**< NULL: gone */
	struct list_link link;
	uint8_t state; /**< enum participant_state */
	bool anonymous, founder;
	bool told_ringing; /**< they have had our 180 */
	bool on_hold;   /**< their last description said so: sendonly towards nobody, or inactive */
	bool delayed;   /**< the offer was ours, in a 2xx: their answer comes with the ACK */
	struct str who; /**< canonical identity, one block with the next two */
	struct str uri, display_name;
	struct sip_invite *inv;   /**< the leg; NULL: over */
	struct fanout_seat *seat; /**< NULL: no media yet */
	struct invitation_wait
		*wait; /**< invitation.c: while they are PARTICIPANT_INVITED; else NULL */
	struct participant_media
		*media;          /**< participant_media.c; NULL: nothing was described yet */
	struct im_report report; /**< of their INVITE; its text NULL: told, or there was none */
	struct timer grace;      /**< their connection is gone, or never came */
	struct timer
		patience; /**< the next provisional response, as long as they wait for the first */
	int64_t since_ms; /**< wall clock: in */
};

/* ---- controlling.c ---- */

/** `sip:conf-<id>@…`: the id in an AOR of ours that has the form of an IM Session Identity; empty: it has not. */
struct str controlling_id_of(struct str aor);
/** Frees what is over at the end of the turn. */
void controlling_reap_later(struct controlling *c);
/** Session-Expires of the legs that we answer or ask for (f-B). */
struct sip_session_wish controlling_session_wish(const struct controlling *c,
						 enum sip_refresher refresher);

/* ---- conference.c ---- */

struct conference_start {
	enum conference_kind kind;
	bool large;
	struct group *group; /**< NULL: none */
	struct str founder, subject;
	struct str id; /**< of one that stood before a restart; empty: a new one */
};
/** In the table from now on. -ENOBUFS, -EUSERS: of one founder CONTROLLING_CONFERENCES_EACH_MAX, -ENOMEM. */
int conference_begin(struct conference **ret, struct controlling *c,
		     const struct conference_start *s);
/** NULL: none that runs. */
struct conference *conference_by_id(struct controlling *c, struct str id);
struct conference *conference_by_group(struct controlling *c, struct str group);
/** May come back to it from now on. */
int conference_invite_note(struct conference *f, struct str who);
/** Somebody is in for the first time: from now on it is known after a restart, too. Again is harmless. */
void conference_note(struct conference *f);
bool conference_was_invited(const struct conference *f, struct str who);
struct participant *conference_find(struct conference *f, struct str who);
/** Fills in what membership_judge asks of the conference; `who` lives as long as `v`. */
void conference_view(struct conference *f, struct membership_view *v, const struct str *who);
/** Somebody came or went, or time has passed: ends it if its rules say so, else arms the timer. */
void conference_review(struct conference *f);
/**
 * BYE to all with this Reason header's value. It is out of the table, and nothing happens to it any more; the object
 * itself stays until the end of the loop's turn.
 */
void conference_end(struct conference *f, struct str reason, const char *why);
void conference_counters_register(void);

/* ---- admission.c, subscription.c ---- */

struct admission {
	struct im_request *r; /**< INVITE, originator set */
	struct conference *f; /**< to the identity of this one; NULL: see next */
	struct group *group;  /**< to this group; NULL: to the factory, unless `f` */
	struct str
		id; /**< of a session that stood before a restart, of `group` or of `stood`; empty: none */
	const struct registry_session *stood;
};
/** Always answered. */
void admission_receive(struct controlling *c, const struct admission *a);
/** Always answered. */
void subscription_receive(struct conference *f, struct im_request *r);
/** The leg of who came by this request is reached again by this hop; NULL: by its route set and target. */
const struct sip_hop *admission_hop(const struct controlling *c, const struct im_request *r,
				    struct sip_hop *hop);

/* ---- participant.c ---- */

void participant_counters_register(void);
/** A leg for somebody; in the conference's list, not yet in its roster. -ENOBUFS, -ENOMEM. */
int participant_alloc(struct participant **ret, struct conference *f, struct str who,
		      struct str uri, struct str display_name, bool anonymous);
/** Their answer or offer: their seat is started with this SDP. -EBADMSG, -EPROTONOSUPPORT (488). */
int participant_media(struct participant *p, struct str sdp, bool offer);
/** Our SDP, an offer or the answer to what participant_media took, appended to `out`. */
int participant_sdp(struct participant *p, bool offer, struct buf *out);
/** The exchange holds: their seat has what it says, and the MSRP connection is looked for. */
void participant_media_start(struct participant *p);
/** Our last description, for refreshes; empty: none. */
struct str participant_media_said(const struct participant *p);
/** Theirs is the same as their last. */
bool participant_media_unchanged(const struct participant *p, struct str sdp);
/** Their connection was lost: where we are the active side another is tried (RFC 4975 5.4). */
void participant_media_again(struct participant *p);
/** It stands. */
void participant_media_bound(struct participant *p);
void participant_media_done(struct participant *p);
/** Back to participant.c: there is no connection any more; one is waited for. */
void participant_media_lost(struct participant *p);
void participant_media_awaited(struct participant *p);
/** Others are told what has changed: hold, name. */
void participant_show(const struct participant *p);
/** What the fan-out tells about a seat or the whole; `arg` of a seat is its participant, else the conference. */
extern const struct fanout_handler participant_fanout_handler;
/** They are in: seat, roster, log, event. */
void participant_connected(struct participant *p, enum conference_joining joining);
/**
 * They go: by BYE, or as `farewell` says. `how`, `reason`, `by` as roster_leave. They are PARTICIPANT_GONE and in no
 * conference afterwards, the object itself stays until the end of the loop's turn; conference_review is the
 * caller's to call.
 */
void participant_leave(struct participant *p, enum conference_leaving how, struct str reason,
		       struct str by, const struct sip_invite_farewell *farewell);
/** Common header lines of what the focus says to a participant: P-Asserted-Identity, Server or User-Agent … */
void participant_headers(const struct participant *p, bool request, struct buf *out);
/** One handler for legs of both kinds; what concerns the INVITE still unanswered goes to answer.c and invitation.c. */
extern const struct sip_invite_profile participant_profile;

/* ---- answer.c ---- */

/** 200 with our SDP, and they are in. */
void answer_accept(struct participant *p);
/** A final refusal; they are gone. `headers`: whole lines. */
void answer_refuse(struct participant *p, uint16_t status, struct str headers, struct str why);
/** They wait for the first invitee (f-D 61), and hear of it while they do. */
void answer_wait(struct participant *p);
/** An invitee rings, or has answered: who waits for them is told (f-D 61). */
void answer_ringing(struct conference *f);
void answer_first(struct conference *f, struct participant *invitee);
/** No invitee is left who could come: 480 or the last refusal's status to who waits. */
void answer_nobody(struct conference *f, uint16_t status);

/* ---- invitation.c ---- */

struct invitation {
	struct str uri; /**< as written in the list, document or Refer-To */
	struct str display_name;
	struct str
		headers; /**< of a Refer-To URI or list entry: Session-Replaces, Replaces; whole lines */
	struct str by; /**< canonical identity of who wants them; empty: the group */
	bool bcc;      /**< others are not told of them before they are in (RFC 5364) */
	bool referred; /**< by REFER, of `by`; else by the list or the group's document */
	/** Told once how it ended: 200, or the final status. May be NULL. */
	void (*done)(uint16_t status, void *arg);
	void *arg;
};
/**
 * Invites them, at the end of the loop's turn or when it is theirs; all is copied. Who is in already: `done` is
 * told 200, before the return. -EALREADY: they are on the way in; -EBADMSG: no address; -ECANCELED: it ends; -ENOBUFS,
 * -ENOMEM: `done` will not come.
 */
int invitation_send(struct conference *f, const struct invitation *i);
/**
 * For all invitations from now on: the list that goes with them (RFC 5366 5; empty: none), and what of the INVITE that
 * began it (NULL: none) is carried on: Contribution-ID and its like. Copied. -ENOMEM: none of it.
 */
int invitation_keep(struct conference *f, const struct sip_msg *m, struct str history);
/** Gives free what it kept: the conference is destroyed. */
void invitation_done(struct conference *f);
/** They have come by themselves: their invitation is over, `done` is told 200; its leg is the caller's. */
void invitation_came(struct conference *f, struct str who);
/** Those under way and waiting are taken back; each `done` is told 487. */
void invitation_cancel_all(struct conference *f);
/** All who are in, on the way in, or wait for their turn to be invited. */
size_t invitation_count(const struct conference *f);
/** `p` goes while it is invited: by participant_leave, before its leg is ended. */
void invitation_forget(struct participant *p);
/** Callbacks of the leg, from participant_profile. */
void invitation_provisional(struct participant *p, const struct sip_msg *m);
void invitation_answered(struct participant *p, const struct sip_msg *m);
void invitation_ended(struct participant *p, const struct sip_invite_ended *e);

/* ---- referral.c ---- */

/** A REFER by `who`, in the dialog of a participant, or to the IM Session Identity (`d` NULL). Always answered. */
void referral_receive(struct conference *f, struct sip_dialog *d, struct sip_server_txn *st,
		      const struct sip_msg *m, const struct sip_source *src, struct str who);

#endif
