/* SPDX-License-Identifier: Apache-2.0 */
/** Inside a session: what the files session_*.c know of each other. */
#ifndef IM_PARTICIPATING_SESSION_STATE_H
#define IM_PARTICIPATING_SESSION_STATE_H

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/sm.h"
#include "im/message.h"
#include "im/participating/session.h"
#include "im/recorder.h"
#include "sip/invite.h"

/** What we answer ourselves or carry from leg to leg (OPF-SES-1e: never a copy of the client's). */
#define SESSION_ALLOW \
	"INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS, MESSAGE, INFO, REFER, SUBSCRIBE, NOTIFY"
/** Feature tags that one kind of session asks for. */
#define SESSION_TAGS_MAX 2
/** Requests inside one dialog that wait for the other leg: a client sends one at a time, as a rule. */
#define SESSION_CARRIED_MAX 16
/** Header lines of one message, without its body. */
#define SESSION_LINES_MAX 32768
/** Feature parameters of a Contact of ours. */
#define SESSION_CONTACT_MAX 128
/** "imp-", the id, the leg. */
#define SESSION_TOKEN_N (4 + IM_SESSION_ID_N + 1)

enum session_leg_id { LEG_A, LEG_B };
enum session_function { SESSION_OPF, SESSION_TPF, SESSION_FUNCTIONS };
enum session_kind { SESSION_KIND_SESSION, SESSION_KIND_LARGE, SESSION_KINDS };

/** session_header.c has the table. */
struct session_rules {
	struct str contact; /**< feature parameters of our Contact */
	struct str tags[SESSION_TAGS_MAX];
	bool invite_to_address; /**< the Request-URI is the IM Address; else as received */
	enum sip_refresher invite_refresher, answer_refresher;
};

struct msrp_frame;
struct session_media;
struct session_user;

struct im_sessions {
	struct sip *sip;
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp;
	struct im_events *events;
	const struct im_recorder *recorder; /**< NULL: none */
	const struct im_keeper *keeper;     /**< likewise */
	struct im_addresses addresses;
	const struct im_rules *rules;
	bool trust, stopping;
	im_session_judge_cb *judge;
	void *judge_arg;
	struct loop *loop;
	struct hash_table by_id, users;
	struct list all; /**< in the order of beginning */
	uint64_t begun;
};

/** One dialog with one side. */
struct session_leg {
	struct im_session *session;
	struct sip_invite *inv; /**< a reference; NULL: none yet, or over */
	struct list carried;    /**< requests that came in here and wait for the other leg */
};

/** What an INVITE of ours says. */
struct session_offer {
	struct str lines, type, body;
};

enum session_branch_state {
	BRANCH_WAITING, /**< others with a higher q are asked first */
	BRANCH_ASKED,
	BRANCH_REFUSED,
	BRANCH_WON,
};

/** One device that is asked; the one that answers 2xx is leg B. */
struct session_branch {
	struct session_leg leg;
	enum session_branch_state state;
	uint16_t q;
	bool has_hop;
	struct sip_hop hop;
	struct str uri, route; /**< in `text`, as is the name of the hop */
	char *text;
};

/** Why a session ends, for the log and the accounts. */
enum session_end {
	SESSION_END_CALLER,    /**< BYE */
	SESSION_END_CALLEE,    /**< BYE */
	SESSION_END_CANCELLED, /**< before the answer */
	SESSION_END_EXPIRED,   /**< a session timer */
	SESSION_END_LOST,      /**< 408, 481, no answer, no ACK */
	SESSION_END_MEDIA,     /**< the MSRP connection */
	SESSION_END_IDLE,      /**< a large message whose sender forgot it */
	SESSION_END_OPERATOR,
	SESSION_END_SHUTDOWN,
	SESSION_END_REFUSED, /**< by the callee */
	SESSION_END_SDP,     /**< an answer that cannot be */
	SESSION_ENDS
};

/** What the best refusal so far said, for the caller. */
struct session_best {
	struct str reason, headers, type, body;
	char *text; /**< what they point into */
};

struct im_session {
	struct im_sessions *table; /**< NULL: not in it any more */
	struct hash_link by_id;
	struct list_link in_all;
	uint64_t number;
	char id[IM_SESSION_ID_N];
	uint8_t state; /**< enum im_session_state */
	uint8_t kind;  /**< enum im_kind */
	bool originating, terminating, to_devices, to_focus;
	bool keeps, keeping, handed_over;
	bool caller_hides, callee_hides;
	bool delayed;   /**< the INVITE had no offer: the 2xx brings it, the ACK the answer */
	bool modifying; /**< a modification of leg `modifier` waits for the other leg */
	bool ack_due; /**< the ACK on `ack_leg` brings the answer that the other leg's ACK waits for */
	bool modifier_offers; /**< it had the offer; else the other leg's 2xx makes it */
	uint8_t lost;         /**< bits 1 << leg: no MSRP connection any more */
	uint16_t best_status; /**< of the best refusal; 0: none yet */
	enum session_leg_id modifier, ack_leg;
	enum sip_method modifier_method;
	struct timer guard; /**< Timer C; a large message's sender; a lost connection */
	struct session_leg a;
	struct session_branch *branch;
	uint8_t branches_n;
	struct session_branch *won; /**< one of them; NULL: nobody has answered yet */
	struct im_keep keep;
	struct session_best *best;  /**< what it said; NULL: nothing, or none yet */
	struct session_offer offer; /**< for the devices that are still to be asked */
	char *text;                 /**< what it points into; NULL when all have been asked */
	struct session_media *media;
	struct operator_policy *service, *user[2]; /**< of the originator, of the recipient */
	struct session_user *served[2];
	struct im_recording *recording; /**< NULL: nobody wants it */
	struct im_report report;
	uint64_t established_ms; /**< monotonic; 0: not yet */
	int64_t since_wall_ms, established_wall_ms;
};

/* ---- session.c ---- */
extern const struct sip_invite_profile session_profile_a, session_profile_focus, session_profile_b;
/** Into the table, with an id and a number; and out of it. */
void session_enter(struct im_sessions *ss, struct im_session *s);
void session_leave(struct im_session *s);
struct im_session *session_find(const struct im_sessions *ss, struct str id);
struct session_leg *session_leg(struct im_session *s, enum session_leg_id id);
enum session_leg_id session_leg_id(const struct session_leg *l);
/** The leg's dialog; NULL: it has none. */
struct sip_dialog *session_dialog(struct im_session *s, enum session_leg_id id);
/** Whose rows a leg follows. */
enum session_function session_function(const struct im_session *s, enum session_leg_id id);
void session_move(struct im_session *s, enum im_session_state to);
struct session_branch *session_branch_of(struct session_leg *l);

/* ---- session_user.c ---- */
/** -EDQUOT, -ENOMEM. */
int session_user_enter(struct session_user **ret, struct im_sessions *ss, struct str aor);
/** NULL is fine. */
void session_user_leave(struct im_sessions *ss, struct session_user *u);

/* ---- session_header.c ---- */
const struct session_rules *session_rules(enum session_function f, enum im_kind kind);
/** The header lines that are end to end; `body`: with those that describe it. */
void session_put_carried(struct buf *b, const struct im_session *s, const struct sip_msg *m,
			 bool body);
bool session_asks_privacy(const struct sip_msg *m);
/** Of the INVITE on leg B, besides those that dialog, profile and timer add. */
void session_put_invite_lines(struct buf *b, const struct im_session *s,
			      const struct im_request *r);
/** Of a response to leg A's INVITE, made of one of leg B; `body`: the response will have one. */
void session_put_answer_lines(struct buf *b, const struct im_session *s, const struct sip_msg *m,
			      bool body);
/** The callee's Contact has come: what it says of itself is said in ours on leg A from now on. */
void session_contact_learn(struct im_session *s, struct str contact);
/** Feature parameters of our Contact on this leg, made of the other side's. */
void session_put_contact_params(struct buf *b, const struct im_session *s, enum session_leg_id leg,
				struct str received);

/* ---- session_contact.c ---- */

/** The user part of a Session Identity of ours, in a Contact with these parameters; empty: it is none. */
struct str session_identity_user(const struct im_session *s, struct str uri, struct str params);
void session_put_token(struct buf *b, const struct im_session *s, enum session_leg_id leg);

/* ---- session_replaces.c ---- */
/** The Refer-To of a REFER, with the dialog that it is to replace as the other side of it knows it. */
void session_put_refer_to(struct buf *b, const struct im_session *s, struct str value);

/* ---- session_invite.c ---- */
/** Asks the devices with the highest q that were not asked yet. -ENOENT: none is left; or why none could be. */
int session_ask(struct im_session *s, const struct session_offer *o);

/* ---- session_answer.c: what the callee says to the INVITE ---- */
void session_on_provisional(struct sip_invite *inv, const struct sip_msg *m, void *arg);
void session_on_answered(struct sip_invite *inv, const struct sip_msg *m, void *arg);
void session_on_acked(struct sip_invite *inv, const struct sip_msg *m, void *arg);
/** A branch will not be: `e` says why. */
void session_branch_refused(struct session_branch *b, const struct sip_invite_ended *e);

/** The caller gets the best refusal, and it is over. */
void session_best_free(struct im_session *s);
void session_refuse(struct im_session *s);

/* ---- session_keep.c ---- */
/** No device could be reached: true: it is being asked to be kept, and it goes on when that is known. */
bool session_keep_unreached(struct im_session *s);
void session_keep_cancel(struct im_session *s);

/* ---- session_guard.c: what must not last for ever ---- */
void session_guard_start(struct im_session *s, uint64_t ms);
void session_guard_stop(struct im_session *s);
/** An established session: of a large message its sender is watched. */
void session_guard_idle(struct im_session *s);
/** The MSRP connection of one side is there, or is gone. */
void session_on_media(struct im_session *s, enum session_leg_id leg, bool bound);

/* ---- session_modify.c ---- */
void session_on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg);
void session_on_modified(struct sip_invite *inv, const struct sip_msg *m, int error, void *arg);

/** The other leg ended over it: what it said, or 408, is told to who asked. */
void session_modify_lost(struct im_session *s, const struct sip_msg *m, uint16_t status);

/* ---- session_carry.c: MESSAGE, INFO, REFER… inside the dialogs ---- */
bool session_on_request(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
			void *arg);
/** What waits on this leg is answered with this. */
void session_carried_end(struct session_leg *l, uint16_t status);

/* ---- session_record.c: OPF-OK-7, TPF-OK-10, TPF-BYE-5 ---- */
/** At the 200 OK. */
void session_record_begin(struct im_session *s);
/** No stream calls the tap any more. */
void session_record_end(struct im_session *s, const char *why);
/** OPF-DR-4: so many have the message that this REPORT is about. */
void session_tell_reported(struct im_session *s, const struct msrp_frame *f, uint32_t recipients);

/* ---- session_end.c ---- */
void session_on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg);
/**
 * Ends what is left of it on both legs, announces it, and releases it. `status`: for an INVITE or
 * modification of the caller that still waits; 0: 480.
 */
void session_end(struct im_session *s, enum session_end why, uint16_t status);
/** The same when a message of one leg says so: its Reason (RFC 3326) is passed on. */
void session_end_by(struct im_session *s, enum session_end why, uint16_t status,
		    const struct sip_msg *m);

/* ---- session_media.c: SDP and the user plane ---- */
/** The INVITE's offer (empty body: a delayed one) is read: -EBADMSG, -E2BIG, -EPROTONOSUPPORT, -ENOMEM, -ENOBUFS. */
int session_media_alloc(struct session_media **ret, struct im_session *s, struct str type,
			struct str body);
void session_media_free(struct session_media *md);
/**
 * An offer that came in on `from`, as it is to go out on the other leg: appended to `body`, `type` is its
 * Content-Type. -EBADMSG, -EPROTONOSUPPORT, -ENOMEM, -ENOBUFS.
 */
int session_media_offer(struct session_media *md, enum session_leg_id from, struct str type,
			struct str body, struct buf *ret);
/** The answer to it that came in on `from`, as it is to go out on the other leg. */
int session_media_answer(struct session_media *md, enum session_leg_id from, struct str type,
			 struct str body, struct buf *ret);
/** The answer has been given: from now on it holds (TPF-MOD-O4, PFC-MOD-O2). */
void session_media_commit(struct session_media *md);
/** It was refused: what held before still holds. */
void session_media_rollback(struct session_media *md);
/** What we last said on this leg; empty: nothing. */
struct str session_media_said(const struct session_media *md, enum session_leg_id leg);
/** The body of `m` is what this leg said last (RFC 3264 8: the same version in o=). */
bool session_media_unchanged(const struct session_media *md, enum session_leg_id leg,
			     const struct sip_msg *m);
/** The SDP in a message, out of a multipart if need be; empty: none. */
struct str session_media_sdp(const struct session_media *md, const struct sip_msg *m);
/** What we said on this leg before the offer that was rolled back, as a new offer. */
int session_media_restore(struct session_media *md, enum session_leg_id leg, struct buf *ret);
/** loop_now_ms of the last content. */
uint64_t session_media_active_ms(const struct session_media *md);
/** Messages and bytes that have passed. */
void session_media_count(const struct session_media *md, uint64_t *messages, uint64_t *bytes);
/** Closes the user plane with one side, what is on its way to it being sent first. */
void session_media_release(struct session_media *md, enum session_leg_id leg);

#endif
