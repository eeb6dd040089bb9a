/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside libparley: one session, a call (sip/invite.h) with one MSRP session (msrp/session.h) in it.
 *
 *   CALLING ---> ANSWERED ---> UP        we call:    INVITE is out, 2xx came, MSRP is bound
 *                  ^   ^       |
 *   INVITED -------'   '-------'         we are called; UP to ANSWERED: the connection was lost, or moved
 *
 *   AWAY ---> CALLING                       a group's that was lost: its owner has it called again, from any but
 *                                           INVITED and OVER (session_again)
 *
 * and from each of them to OVER. It knows nothing of what is said in it: that is its owner's affair
 * (large.c, taking.c, chat.c).
 *
 * Ours to offer: session_call composes the offer from `terms`. Theirs: session_invited has taken it,
 * session_accept answers. An INVITE without SDP is answered with an offer of ours. Later offers of
 * either kind re-point the MSRP session and leave what is under way alone.
 *
 * Counted; the account's list holds one reference until OVER.
 */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "body/sdp.h"
#include "client/account.h"
#include "client/exchange.h"
#include "msrp/session.h"
#include "sip/resolver.h"

/** From the 2xx until MSRP is bound: connecting, and the peer's patience with that. */
#define SESSION_BIND_MS 30000
/** A connection that went: the BYE that explains it is on its way. */
#define SESSION_GRACE_MS 2000
/** Parameters, SDP and texts of one session of ours. */
#define SESSION_TEXT_MAX 4096
/** Body of an INVITE of ours: an SDP and a list of PARLEY_GROUP_MAX members. */
#define SESSION_BODY_MAX 65536

enum session_state {
	SESSION_CALLING,
	SESSION_INVITED,
	SESSION_ANSWERED,
	SESSION_UP,
	SESSION_AWAY,
	SESSION_OVER,
};

/** What is done in a session. Each may be NULL. */
struct session_owner {
	void (*ringing)(struct parley_session *s);
	/** The peer's SDP is there, for the first time: 0, or why nothing can be said in such a session. */
	int (*judge)(struct parley_session *s);
	/** MSRP is bound: again after a loss. */
	void (*up)(struct parley_session *s);
	uint16_t (*head)(struct parley_session *s, struct msrp_receive *r);
	uint16_t (*body)(struct parley_session *s, struct msrp_receive *r, struct str piece);
	uint16_t (*end)(struct parley_session *s, struct msrp_receive *r, char flag);
	void (*broken)(struct parley_session *s, struct msrp_receive *r);
	void (*report)(struct parley_session *s, const struct msrp_frame *f);
	/** Of our INVITE: further header lines; and the body, where more than the SDP has to go. -errno. */
	int (*invite)(struct parley_session *s, struct buf *headers, struct buf *type,
		      struct buf *body);
	/** It would be over: true when the owner has had it called again. */
	bool (*again)(struct parley_session *s, enum parley_why why, const struct exchange_end *e);
	/** All is done, and the other side's BYE is on its way: leaving waits for it. */
	bool (*ending)(const struct parley_session *s);
	/** Last call; not after parley_close. `e` as of an exchange: the refusal, or the error. */
	void (*over)(struct parley_session *s, enum parley_why why, const struct exchange_end *e);
	/** Its state goes; after parley_close too. */
	void (*done)(struct parley_session *s);
};

/** Our side of the SDP. */
struct session_terms {
	enum sdp_direction direction;
	struct str accept, accept_wrapped, lines; /**< the texts are the session's: session_keep */
	uint64_t max_size;
};

struct parley_session {
	struct list_link link; /**< of parley.sessions */
	struct parley *p;
	const struct session_owner *owner;
	void *of; /**< the owner's */
	enum parley_mode mode;
	uint8_t state;
	bool ours;       /**< we called */
	bool we_offered; /**< the last offer was ours */
	bool anonymous, secure;
	bool judged;
	struct arena texts;
	struct str to, subject;
	const char *peer, *peer_name, *called; /**< URI of the other side; our own as called */
	const char *contribution;              /**< Contribution-ID, ours or theirs; "" for none */

	struct sip_invite *leg;
	struct sip_lookup lookup;
	struct sip_hops hops;
	uint8_t hop_at;
	struct credentials own;
	uint8_t challenges[2];
	uint16_t bye_cause; /**< of a Reason in the other side's BYE (RFC 3326); 0: none */
	int auth_error;

	struct session_terms terms;
	uint64_t sdp_id, sdp_version;
	enum sdp_setup setup; /**< as in our last SDP */
	struct buf sdp;       /**< our last one */
	char *peer_text;      /**< theirs */
	struct sdp peer_sdp;
	struct sdp_msrp peer_msrp;
	char *identity;

	struct msrp_session *msrp;
	struct sip_lookup media_lookup;
	char *media_name; /**< TLS: whom the certificate must be for */
	struct timer patience;

	const struct parley_session_handler *handler; /**< the program's */
	void *arg;
};

/* ---- session.c ---- */

/** In the account's list; *ret is borrowed from it. -ENOBUFS, -ENOMEM. */
int session_alloc(struct parley_session **ret, struct parley *p, enum parley_mode mode,
		  const struct session_owner *owner, void *of);
/** To another of the states above; only where the drawing has an arrow. */
void session_go(struct parley_session *s, enum session_state to);
/** A copy that lives as long as the session; STR_NULL: no room. */
struct str session_keep(struct parley_session *s, struct str text);
/** The leg of an INVITE with its SDP taken; s->leg is there. 200 goes out. -EALREADY: it was cancelled. */
int session_accept(struct parley_session *s);
/** A final response to the INVITE, with our abilities where it is 488; then it is over, ended by us. */
void session_decline(struct parley_session *s, uint16_t status, struct str sentence);
/** CANCEL, BYE, or whatever is due; `over` is called with this. Nothing happens twice. */
void session_over(struct parley_session *s, enum parley_why why, const struct exchange_end *e);
void session_fail(struct parley_session *s, int error);
/**
 * Around whatever the engine calls: the session outlives it, and parley_close takes effect behind it. False: nothing
 * is to be done any more, but turn_end is due all the same.
 */
bool session_turn_begin(struct parley_session *s);
void session_turn_end(struct parley_session *s);
/** The chat that has this Contribution-ID; NULL: none. */
struct parley_session *session_by_contribution(const struct parley *p, struct str contribution);
/** Session Identity of a message whose Contact is a focus's. */
void session_note_identity(struct parley_session *s, const struct sip_msg *m);
/** From session_sdp.c and media.c. */
void session_bound(struct parley_session *s);
void session_unbound(struct parley_session *s, int error);
/** All end without a call. */
void sessions_done(struct parley *p);
/** All end with BYE, but those that end by themselves. */
void sessions_leave(struct parley *p);
extern const struct sip_invite_handler session_leg_handler;

/* ---- session_call.c ---- */

/** INVITE goes to s->to; what fails comes by `over`. */
void session_call(struct parley_session *s);
/** To the hop it is at now: there is a next one when it could not be reached. */
void session_call_next(struct parley_session *s);
/** The call ends, the session does not: another INVITE goes out after so long. -ENOMEM. */
int session_again(struct parley_session *s, struct str to, uint32_t after_ms);

/* ---- session_sdp.c ---- */

/** The description in a message: its body, or a part of it. STR_NULL: none. */
struct str session_sdp_find(const struct sip_msg *m);
/** Takes the peer's. -EBADMSG; -ENOENT: no MSRP in it; -ENOMEM. */
int session_sdp_take(struct parley_session *s, struct str text);
/** Ours into s->sdp. -ENOMEM. */
int session_sdp_offer(struct parley_session *s);
int session_sdp_answer(struct parley_session *s);
/** How a content of this type can be sent: -EMEDIUMTYPE; 0 as it is; 1 in CPIM. `wrap`: in CPIM if possible. */
int session_sdp_way(const struct parley_session *s, struct str type, bool wrap);

/* ---- media.c ---- */

/** The endpoint is there, seen from `peer`, and s->msrp. -errno. */
int media_open(struct parley_session *s, const struct addr *peer, bool secure);
/** Both sides' SDP is known: connect, or wait. */
void media_start(struct parley_session *s);
void media_stop(struct parley_session *s);
/** What the SDP says of our end. */
void media_end(struct parley_session *s, struct sdp_end *ret, enum sdp_setup setup);
void media_done(struct parley *p);

#endif
