/* SPDX-License-Identifier: Apache-2.0 */
/** Inside a call leg: what invite.c, invite_call.c, invite_answer.c and invite_modify.c know of each other. */
#ifndef SIP_INVITE_STATE_H
#define SIP_INVITE_STATE_H

#include "base/counter.h"
#include "base/list.h"
#include "base/sm.h"
#include "base/timer.h"
#include "sip/dialog_state.h"
#include "sip/invite.h"

struct sip_invite {
	struct sip_dialogs *dialogs;
	const struct sip_invite_profile *profile;
	void *arg;
	struct sip_dialog_usage usage;
	struct sip_session_timer timer;
	struct list outs;             /**< struct invite_out: under way, or kept for repeated 2xx */
	struct list branches;         /**< struct invite_branch */
	struct invite_out *change;    /**< the one in `outs` that modifies */
	struct invite_in *in;         /**< INVITE of the peer, until its ACK */
	struct invite_update *update; /**< UPDATE of the peer */
	struct sip_server_txn *prack; /**< during `pracked` */
	struct str contact_params;    /**< of the peer; owned */
	struct str farewell;          /**< header lines of the BYE that waits for an ACK; owned */
	uint32_t allow;               /**< bits by enum sip_method */
	uint8_t state;
	uint8_t options; /**< bits by enum invite_option */
	bool uac, allow_known;
	bool told;   /**< the owner hears nothing any more */
	bool held;   /**< our own reference */
	bool forked; /**< more than one callee was seen */
};

enum invite_option { INVITE_TIMER, INVITE_100REL, INVITE_REPLACES };

/** A request of ours: the INVITE, re-INVITE, UPDATE, BYE. */
struct invite_out {
	struct list_link link;
	struct sip_invite *inv;
	struct sip_dialog_request request;
	struct timer timer; /**< until it is tried again (491), or for how long it lingers */
	enum sip_method method;
	bool initial;
	bool refresh; /**< of ours, for the session timer */
	bool offered; /**< it has a body */
	bool settled; /**< no answer is owed in the ACK */
	bool answered, acked;
	bool again;     /**< after 491 */
	bool silent;    /**< nobody wants to know any more */
	bool withdrawn; /**< only a 2xx is told, which has crossed */
	uint8_t smalls, challenges, glares;
	uint64_t answered_ms;
	char *text;
	struct str head, type, body; /**< in `text`, until it was answered */
	struct str credentials;      /**< owned */
	char *ack;                   /**< what the ACK had, for repeated 2xx */
	struct str ack_type, ack_body;
};

struct invite_request {
	enum sip_method method;
	bool initial, refresh, again;
	struct str headers, type, body;
};

/** An early dialog of a fork, or one of a second 2xx that gets its BYE; or the PRACKs of ours. */
struct invite_branch {
	struct list_link link;
	struct sip_invite *inv;
	struct sip_dialog_usage usage;
	struct sip_dialog_request request; /**< PRACK, BYE */
	uint32_t rseq, cseq;
	bool has_rseq;
	bool owes;    /**< the PRACK waits for the owner's answer */
	bool settled; /**< the answer was in a PRACK */
	bool stray;
};

/** A response, composed. */
struct invite_reply {
	struct list_link link;
	uint16_t status;
	bool body;
	uint32_t rseq; /**< 0: not reliable */
	uint32_t n;
	char bytes[];
};

/** An INVITE of the peer. */
struct invite_in {
	struct sip_invite *inv;
	struct sip_server_txn *st;
	struct timer resend, deadline;
	uint32_t interval_ms;
	uint32_t cseq;
	uint32_t rseq;      /**< last one given */
	uint32_t open_rseq; /**< the one that has no PRACK; 0: none */
	bool initial;
	bool offered; /**< it has a body */
	bool must_rel, may_rel;
	bool settled; /**< offer and answer were exchanged in a reliable provisional response */
	bool waiting_prack; /**< `sent` is reliable, and there was no PRACK */
	bool answered;      /**< 2xx sent, no ACK */
	bool our_offer;     /**< in that 2xx */
	struct sip_session_offer session;
	struct str prefix; /**< what all responses begin with, after the status line; owned */
	struct str target; /**< the peer's new remote target, if it changes; owned */
	struct invite_reply *sent; /**< what is repeated */
	struct list queue;         /**< struct invite_reply that wait for a PRACK */
};

/** An UPDATE of the peer. */
struct invite_update {
	struct sip_invite *inv;
	struct sip_server_txn *st;
	struct timer timer;
	bool offered;
	struct sip_session_offer session;
};

extern struct counter sip_c_invite_glare, sip_c_invite_strays;

/* invite.c */
static inline struct timers *invite_timers(const struct sip_invite *inv)
{
	return loop_timers(inv->dialogs->loop);
}


static inline const struct sip_timers *invite_times(const struct sip_invite *inv)
{
	return sip_timers(inv->dialogs->sip);
}


/** NULL: the owner hears nothing any more. */
static inline const struct sip_invite_handler *invite_owner(const struct sip_invite *inv)
{
	return inv->told ? NULL : inv->profile->handler;
}


void invite_move(struct sip_invite *inv, enum sip_invite_state to);
/** An owned copy in place of another; false: no memory. */
bool invite_keep(struct str *slot, struct str value);
/** Allow, Supported, Contact of a message of the peer. */
void invite_note(struct sip_invite *inv, const struct sip_msg *m);
/** Allow and Supported of ours. */
void invite_put_abilities(struct buf *b, const struct sip_invite *inv);
void invite_put_supported(struct buf *b, const struct sip_invite *inv);
/** Require of a request: 0, or 420, and `why` has Unsupported. */
uint16_t invite_check_require(const struct sip_invite_profile *p, const struct sip_msg *m,
			      struct buf *why);
/** What may stand in the way of a request of the peer: Require and session timer. True: it was answered. */
bool invite_refuse(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
		   struct sip_session_offer *session);
/** It is over, and the owner is told, after everything that waits was answered; `bye`: and by BYE. */
void invite_over(struct sip_invite *inv, const struct sip_invite_ended *e, bool bye);
/** BYE with the farewell's lines; when that cannot be, it is over all the same. */
void invite_bye(struct sip_invite *inv);
/** Leaves when ENDING has nothing more to do. */
void invite_settle(struct sip_invite *inv);
void invite_finish(struct sip_invite *inv);
extern const struct sip_dialog_usage_handler invite_usage;

/* invite_call.c */
int invite_out_start(struct invite_out **ret, struct sip_invite *inv,
		     const struct invite_request *q);
int invite_out_send(struct invite_out *o);
void invite_out_free(struct invite_out *o);
/** A 2xx to an INVITE is kept for as long as it may come again. */
void invite_out_linger(struct invite_out *o);
/** ACK for its 2xx, and the same for each repeated one. */
int invite_out_ack(struct invite_out *o, struct str type, struct str body);
/** True: it is on its way again, with credentials, or with a larger interval. */
bool invite_out_retry(struct invite_out *o, const struct sip_msg *m);
/** A reliable 1xx: false: it is not to be looked at. `*ret`: its PRACK is due; NULL: none is. */
bool invite_reliable(struct invite_branch **ret, struct invite_out *o, struct sip_dialog *d,
		     const struct sip_msg *m);
void invite_branch_prack(struct invite_branch *b, struct str type, struct str body);
struct invite_branch *invite_branch_of(struct sip_invite *inv, struct sip_dialog *d, bool make);
void invite_branch_free(struct invite_branch *b);
void invite_branches_free(struct sip_invite *inv);

/* invite_answer.c */
/** -ENOMEM. */
int invite_in_alloc(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
		    const struct sip_session_offer *session);
void invite_in_free(struct sip_invite *inv);
/** A final refusal of the INVITE that waits, if one does. */
void invite_in_refuse(struct sip_invite *inv, uint16_t status, struct str headers);
bool invite_in_ack(struct sip_invite *inv, const struct sip_msg *m);
void invite_in_prack(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m);
int invite_in_respond(struct sip_invite *inv, const struct sip_response *r, bool reliable);

/* invite_modify.c */
extern const struct sip_session_timer_handler invite_clock;
void invite_take_invite(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m);
void invite_take_update(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m);
int invite_update_respond(struct sip_invite *inv, const struct sip_response *r);
void invite_update_free(struct sip_invite *inv);
/** Response to a re-INVITE or UPDATE of ours. */
void invite_changed(struct invite_out *o, struct sip_dialog *d, const struct sip_msg *m, int error);
/** An INVITE of ours whose 2xx has an offer that waits for its answer; NULL. */
struct invite_out *invite_unacked(const struct sip_invite *inv);

#endif
