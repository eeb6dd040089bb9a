/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One call leg: the INVITE usage of dialogs (RFC 3261 13 to 15, RFC 5057), with UPDATE (RFC 3311),
 * PRACK (RFC 3262), session timers (RFC 4028) and the transactions of RFC 6026. A B2BUA has two of
 * them, a focus one for each participant, a client one for each conversation. What the bodies say is
 * the owner's affair; this knows only that there is an offer, and who owes an answer.
 *
 * Calling. sip_invite_send. `provisional` comes for each 1xx but 100. The first 2xx wins: its ACK is
 * sent here, then `answered`; where our INVITE had no body the 2xx brings the offer, and the ACK waits
 * for sip_invite_ack. Further 2xx of other forks get ACK and BYE. 422 is tried again once with a larger
 * interval; 401 and 407 when `authorize` says so. Any other end: `ended`, SIP_INVITE_REFUSED.
 *
 * Being called. sip_invite_accept makes the leg of a request, and the owner answers with
 * sip_invite_respond, now or later: provisional ones as often as it likes, then a final one. A 2xx is
 * repeated (T1, doubling to T2) until its ACK comes, which is given to `acked`; when none comes in
 * 64*T1 the leg is ended by BYE (13.3.1.4), SIP_INVITE_UNACKNOWLEDGED. CANCEL is answered, the INVITE
 * gets 487, SIP_INVITE_CANCELLED. A provisional response is sent reliably where the INVITE requires it.
 *
 * In the call. sip_invite_modify sends re-INVITE or UPDATE; those of the peer come by `modify` and are
 * answered by sip_invite_respond. What crosses is sorted out here: 491, 500 with Retry-After (14.2,
 * RFC 3311 5.2), 504 for an UPDATE nobody answers. Refreshes of the session timer are sent here,
 * with the owner's last SDP (`session`); the clock's end, and 408, 481 or silence to a request inside the
 * dialog, end the leg by BYE and are told: SIP_INVITE_EXPIRED, SIP_INVITE_LOST. Other requests go to
 * `request`.
 *
 * The end. The peer's BYE is answered 200 before `ended` is called. `ended` is called at most once and
 * is the last callback. The owner ends a leg by sip_invite_end in whatever state it is: CANCEL, a final
 * response, BYE, or nothing more; what has to be done on the wire afterwards (the ACK and BYE for a 2xx
 * that crossed the CANCEL, the BYE that waits for an ACK) is done without it. That function also gives
 * the owner's reference back, and is the only way to do so, after `ended` too.
 *
 * Callbacks: every function may be called from inside them, sip_invite_end included. Nothing is called
 * back before sip_invite_send or sip_invite_accept return.
 *
 * Memory: an idle confirmed leg holds only this object and its dialog (together < 2.5 kB); what a
 * transaction needs lives as long as that.
 */
#ifndef SIP_INVITE_H
#define SIP_INVITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sip/dialog.h"
#include "sip/session_timer.h"

struct sip_invite;

/** Reliable provisional responses that wait for the PRACK of the one before; more are refused. */
#define SIP_INVITE_RELIABLE_MAX 8
/** Transactions of INVITE kept for repeated 2xx after they were answered; a peer that has us relay
 *  modifications faster than that gets no ACK for a 2xx it repeats late. */
#define SIP_INVITE_LINGERING_MAX 8
/** Challenges answered for one request: one for each hop that asks, and one stale nonce. */
#define SIP_INVITE_CHALLENGES_MAX 4
/** How often a modification that met 491 is tried again (14.1: "once more", each time). */
#define SIP_INVITE_GLARE_MAX 4
/** Feature parameters of the peer's Contact that are kept. */
#define SIP_INVITE_CONTACT_PARAMS_MAX 1024
/** RFC 3311 5.2: an UPDATE "MUST be responded to promptly"; after this long it gets 504. */
#define SIP_INVITE_UPDATE_MS 20000

/**
 *   UAC:  CALLING -----------------.
 *                                   v
 *   UAS:  INCOMING --> ACCEPTED --> CONFIRMED --> ENDING --> TERMINATED
 *                      (no ACK yet)
 *
 * ENDING: the owner does not hear of it any more, but the wire still needs something. From each state
 * there are moves to ENDING and TERMINATED.
 */
enum sip_invite_state {
	SIP_INVITE_CALLING,
	SIP_INVITE_INCOMING,
	SIP_INVITE_ACCEPTED,
	SIP_INVITE_CONFIRMED,
	SIP_INVITE_ENDING,
	SIP_INVITE_TERMINATED,
};
extern const struct sm_table sip_invite_machine;

enum sip_invite_why {
	SIP_INVITE_REFUSED,     /**< UAC: final response >= 300 to the INVITE */
	SIP_INVITE_UNREACHABLE, /**< UAC: no response; see `error` (-ETIMEDOUT: take it for 408) */
	SIP_INVITE_CANCELLED,   /**< UAS: the caller's CANCEL, or its end before the answer */
	SIP_INVITE_BYE,         /**< the peer's BYE; in the early state too */
	SIP_INVITE_LOST,        /**< 408, 481, or no answer, to a request of ours inside */
	SIP_INVITE_UNACKNOWLEDGED, /**< no ACK for our 2xx, or no PRACK */
	SIP_INVITE_EXPIRED,        /**< the session timer */
	SIP_INVITE_SHUTDOWN,
};

struct sip_invite_ended {
	enum sip_invite_why why;
	uint16_t status; /**< REFUSED, LOST: of the response; else 0 */
	int error;       /**< -errno when there was none */
	const struct sip_msg
		*m; /**< the response, BYE or CANCEL that says so; NULL: none; valid until return */
};

struct sip_invite_handler {
	/**
	 * UAC: 1xx of the initial INVITE, but 100, repetitions of reliable ones excepted. Forks are told
	 * apart by m->to_tag. A reliable one is acknowledged after the return, unless it has the offer
	 * (our INVITE had none): then by sip_invite_prack. May be NULL.
	 */
	void (*provisional)(struct sip_invite *inv, const struct sip_msg *m, void *arg);
	/** UAC: the 2xx. Without a body in our INVITE: sip_invite_ack is to be called, now or soon. */
	void (*answered)(struct sip_invite *inv, const struct sip_msg *m, void *arg);
	/**
	 * UAC: 401 or 407 to a request of ours; true: `lines` (Authorization…) are added and it is sent
	 * again. `uri` is the Request-URI that was used. May be NULL: never.
	 */
	bool (*authorize)(struct sip_invite *inv, enum sip_method method, struct str uri,
			  const struct sip_msg *m, struct buf *lines, void *arg);
	/** The ACK for a 2xx of ours, once for each; the answer is in it where the 2xx had the offer. `m`
	 *  NULL: it was lost, but a later request shows that the 2xx arrived. May be NULL. */
	void (*acked)(struct sip_invite *inv, const struct sip_msg *m, void *arg);
	/** UAS: a PRACK; it is answered 200 after the return, unless sip_invite_respond(SIP_PRACK) was
	 *  called in here (with the answer, when `m` had an offer). May be NULL. */
	void (*pracked)(struct sip_invite *inv, const struct sip_msg *m, void *arg);
	/**
	 * re-INVITE or UPDATE of the peer, free of glare: answer with sip_invite_respond(m->method), now
	 * or later; 1xx for INVITE first if it takes long. One without a change (no body, or the same
	 * version in o=) can be answered at once by sip_invite_refreshed. NULL: all get that.
	 */
	void (*modify)(struct sip_invite *inv, const struct sip_msg *m, void *arg);
	/**
	 * The final answer to sip_invite_modify: 2xx, or a refusal that leaves everything as it was. `m`
	 * NULL: it could not be sent, see `error`. What ends the leg (408, 481, silence) comes by `ended`
	 * alone. After a 2xx to a re-INVITE without a body: sip_invite_ack. May be NULL.
	 */
	void (*modified)(struct sip_invite *inv, const struct sip_msg *m, int error, void *arg);
	/** Our last SDP, with o= unchanged, for a refresh by re-INVITE or its answer; empty: none. */
	struct str (*session)(struct sip_invite *inv, void *arg);
	/**
	 * What `modify` gave is not to be answered any more: the peer cancelled its re-INVITE, or an UPDATE
	 * waited too long and got 504. May be NULL.
	 */
	void (*withdrawn)(struct sip_invite *inv, enum sip_method method, void *arg);
	/**
	 * INFO, MESSAGE, REFER, NOTIFY… inside the dialog. True: taken, and answered through
	 * sip_dialog_reply(sip_invite_dialog(inv), st, …), now or later. False: NOTIFY, SUBSCRIBE and OPTIONS
	 * go to the next usage of the dialog, others get 405. May be NULL.
	 */
	bool (*request)(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
			void *arg);
	/** Last call. */
	void (*ended)(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg);
};

/** Common to many legs; borrowed for as long as they live. */
struct sip_invite_profile {
	struct str allow; /**< "INVITE, ACK, …": Allow of requests and of 1xx, 2xx; empty: none */
	struct str supported; /**< option tags beside timer ("100rel, replaces"); empty: none */
	const struct sip_invite_handler *handler;
};

struct sip_invite_params {
	struct sip_dialogs *dialogs; /**< borrowed */
	const struct sip_invite_profile *profile;
	struct sip_session_wish session;
	/** UAC: all of it. UAS: hop, contact_user, contact_params. */
	struct sip_dialog_params dialog;
	/* UAC only: */
	/** Further lines of the INVITE; not what the dialog, profile and timer add */
	struct str headers;
	struct str type, body; /**< the offer; empty: the other side makes it */
	void *arg;
};

/** Counters and gauges into the registry; once, at start. */
void sip_invite_counters_register(void);

/**
 * All is copied but the profile. *ret is the owner's reference. -errno: nothing was sent (-EBADMSG: a
 * URI is none; -ENOMEM, -ENOBUFS; -EHOSTUNREACH…: no hop). Unresolvable names come by `ended`.
 */
int sip_invite_send(struct sip_invite **ret, const struct sip_invite_params *p);
/**
 * An INVITE outside any dialog. 0: *ret is the owner's reference, `st` is the leg's, and is to be answered
 * by sip_invite_respond. -errno: `st` has been answered: -EBADMSG: 400, 420 (Require), 422; -ENOMEM,
 * -ENOBUFS: 500.
 */
int sip_invite_accept(struct sip_invite **ret, const struct sip_invite_params *p,
		      struct sip_server_txn *st, const struct sip_msg *m,
		      const struct sip_source *src);

/**
 * Answers the INVITE, UPDATE or PRACK that waits. `r` as of sip_respond; Contact, Record-Route,
 * Allow, Supported, the session timer's lines are added here, `to_tag` is not looked at. A final one
 * >= 300 to the initial INVITE ends the leg: no callback follows, sip_invite_end is still due.
 * -EALREADY: nothing waits (it was cancelled, or it ended); -ENOBUFS, -ENOMEM: not sent.
 */
int sip_invite_respond(struct sip_invite *inv, enum sip_method method,
		       const struct sip_response *r);
/**
 * The same for a provisional response that is to be reliable although it need not be: -ENOTSUP when
 * the caller does not support 100rel. One that has to wait for an earlier one's PRACK is queued, and so
 * is a 2xx behind one with a body (RFC 3262 5).
 */
int sip_invite_respond_reliably(struct sip_invite *inv, const struct sip_response *r);
/** 200 with our last SDP (to an UPDATE without body: none): nothing has changed. As sip_invite_respond. */
int sip_invite_refreshed(struct sip_invite *inv, enum sip_method method);
/** A 1xx or other INVITE or UPDATE of the peer waits for our final answer. */
bool sip_invite_waits(const struct sip_invite *inv, enum sip_method method);

/** The answer to the offer of a 2xx (or nothing, should there be none to give): -EALREADY: none waits. */
int sip_invite_ack(struct sip_invite *inv, struct str type, struct str body);
/** The answer to the offer of a reliable provisional response: -EALREADY: none waits. */
int sip_invite_prack(struct sip_invite *inv, struct str type, struct str body);

struct sip_invite_change {
	enum sip_method method; /**< SIP_INVITE or SIP_UPDATE */
	struct str headers;     /**< further lines */
	struct str type,
		body; /**< empty: INVITE: the peer makes the offer; UPDATE: a mere refresh */
	bool again;   /**< 491 is not told: after the time of 14.1 it is sent again */
};
/**
 * `modified` follows. -EBUSY: another modification, in either direction, is not over; -ENOTSUP: UPDATE, but
 * the peer's Allow does not name it; -ENOTCONN: not in a call; others as sip_invite_send.
 */
int sip_invite_modify(struct sip_invite *inv, const struct sip_invite_change *c);

/**
 * Takes a modification back; a re-INVITE is cancelled. Nothing is told of it, unless its 2xx has crossed: then
 * it holds, and `modified` comes. Until it is answered others meet -EBUSY.
 */
void sip_invite_modify_cancel(struct sip_invite *inv);

/** How the owner ends it; zeroed is fine, and so is NULL. */
struct sip_invite_farewell {
	/** Of the BYE or the final response: "Reason: …\r\n"; a CANCEL has none */
	struct str headers;
	uint16_t status; /**< of the INVITE, when it still waits for an answer; 0: 480 */
};
/** Ends it, takes the reference; no callback follows. NULL is fine; returns NULL. */
void *sip_invite_end(struct sip_invite *inv, const struct sip_invite_farewell *f);

enum sip_invite_state sip_invite_state(const struct sip_invite *inv);
/** The dialog: of the UAC before the answer the one that is asked for. NULL once the leg is over. */
struct sip_dialog *sip_invite_dialog(const struct sip_invite *inv);
/** The transaction of the INVITE that made the leg, while it waits for its final answer; else NULL. Borrowed. */
struct sip_server_txn *sip_invite_txn(const struct sip_invite *inv);
/** The leg changes hands: the owner's reference is the new one's, who hears what comes from now on. */
void sip_invite_hand_over(struct sip_invite *inv, const struct sip_invite_profile *profile,
			  void *arg);
/** The owner's `arg` if its profile is this one, else NULL: who owns several kinds of legs finds its own. */
void *sip_invite_arg_of(const struct sip_invite *inv, const struct sip_invite_profile *profile);
/** The leg that a dialog carries (of a Replaces header, see sip_replaces_find); NULL: none. */
struct sip_invite *sip_invite_of_dialog(struct sip_dialog *d);
/** The peer's last Allow names it; without any Allow: what RFC 3261 obliges to (INVITE, ACK, BYE, CANCEL, OPTIONS). */
bool sip_invite_allows(const struct sip_invite *inv, enum sip_method method);
/** The peer's last Supported (or Require) names it: "timer", "100rel", "replaces"; others are not kept. */
bool sip_invite_supports(const struct sip_invite *inv, struct str option);
/** Parameters of the peer's last Contact, for sip_feature_on (sip/accept_contact.h); valid until its next message. */
struct str sip_invite_contact_params(const struct sip_invite *inv);

#endif
