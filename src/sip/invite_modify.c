/* SPDX-License-Identifier: Apache-2.0 */
/* Modifications of a call, ours and the peer's: re-INVITE, UPDATE, what crosses, and refreshes. */
#include "sip/invite.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/compose.h"
#include "sip/invite_state.h"


/* ---- Who owes whom an answer ---- */

/* Our re-INVITE is under way, or its 2xx waits for our ACK. One that waits for its next try is not. */
static bool invite_under_way(const struct sip_invite *inv)
{
	const struct invite_out *o = inv->change;

	return (o && o->method == SIP_INVITE && !sip_dialog_request_idle(&o->request)) ||
	       invite_unacked(inv);
}


static bool our_offer_open(const struct sip_invite *inv)
{
	const struct invite_out *o = inv->change;
	const struct invite_in *in = inv->in;

	if (o && !o->answered && !sip_dialog_request_idle(&o->request) &&
	    (o->offered || o->method == SIP_INVITE))
		return true;
	return in && ((in->answered && in->our_offer) ||
		      (in->waiting_prack && !in->offered && in->sent->body));
}


static bool their_offer_open(const struct sip_invite *inv)
{
	const struct invite_in *in = inv->in;

	return (inv->update && inv->update->offered) || invite_unacked(inv) ||
	       (in && !in->answered && in->offered && !in->settled);
}


/* ---- The peer's ---- */

static void reply_glare(struct sip_server_txn *st)
{
	counter_add(&sip_c_invite_glare, 1);
	(void)sip_reply(st, 491, STR_NULL);
}


/* 14.2: "MUST return a 500 (Server Internal Error) response to the second INVITE and MUST include a
 * Retry-After header field with a randomly chosen value of between 0 and 10 seconds." */
static void reply_later(struct sip_invite *inv, struct sip_server_txn *st)
{
	char text[32];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	sip_put_headeru(&b, SIP_HDR_RETRY_AFTER, loop_random_u64(inv->dialogs->loop) % 11);
	counter_add(&sip_c_invite_glare, 1);
	(void)sip_reply(st, 500, buf_str(&b));
}


static void offer_change(struct sip_invite *inv, const struct sip_msg *m)
{
	const struct sip_invite_handler *h = invite_owner(inv);

	if (h && h->modify)
		h->modify(inv, m, inv->arg);
	else
		(void)sip_invite_refreshed(inv, m->method);
}


void invite_take_invite(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct sip_session_offer session;
	int err;

	if (inv->in && !inv->in->answered) {
		reply_later(inv, st);
		return;
	}
	if (inv->state == SIP_INVITE_CALLING || invite_under_way(inv) || our_offer_open(inv)) {
		reply_glare(st);
		return;
	}
	if (their_offer_open(inv)) {
		reply_later(inv, st);
		return;
	}
	if (invite_refuse(inv, st, m, &session))
		return;
	/* Who sends another has our 2xx: its ACK was lost. */
	(void)invite_in_ack(inv, NULL);
	if (inv->told) {
		(void)sip_reply(st, 481, STR_NULL);
		return;
	}
	err = invite_in_alloc(inv, st, m, &session);
	if (err) {
		(void)sip_reply(st, err == -EBADMSG ? 400 : 500, STR_NULL);
		return;
	}
	invite_note(inv, m);
	offer_change(inv, m);
}


static void update_destroy(void *object)
{
	struct invite_update *u = object;

	timer_cancel(&u->timer);
	mem_unref(u->st);
}


void invite_update_free(struct sip_invite *inv)
{
	struct invite_update *u = inv->update;

	inv->update = NULL;
	if (u)
		u->inv = NULL;
	if (u)
		timer_cancel(&u->timer);
	mem_unref(u);
}


static void on_update_late(struct timer *t, void *arg)
{
	struct invite_update *u = arg;
	struct sip_invite *inv = u->inv;
	const struct sip_invite_handler *h = invite_owner(inv);

	(void)t;
	mem_ref(inv);
	(void)invite_update_respond(inv, &(struct sip_response){.status = 504});
	if (h && h->withdrawn)
		h->withdrawn(inv, SIP_UPDATE, inv->arg);
	mem_unref(inv);
}


static struct invite_update *update_alloc(struct sip_invite *inv, struct sip_server_txn *st,
					  const struct sip_msg *m,
					  const struct sip_session_offer *session)
{
	struct invite_update *u = mem_alloc_in(inv->dialogs->slab, sizeof(*u), update_destroy);

	if (!u)
		return NULL;
	u->inv = inv;
	u->st = mem_ref(st);
	u->offered = m->body.n > 0;
	u->session = *session;
	return u;
}


static void update_begin(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct sip_session_offer session;

	if (invite_refuse(inv, st, m, &session))
		return;
	inv->update = update_alloc(inv, st, m, &session);
	if (!inv->update) {
		(void)sip_reply(st, 500, STR_NULL);
		return;
	}
	invite_note(inv, m);
	offer_change(inv, m);
	if (inv->update && inv->update->st == st)
		timer_start(&inv->update->timer, invite_timers(inv), SIP_INVITE_UPDATE_MS,
			    on_update_late, inv->update);
}


/* RFC 3311 5.2. */
void invite_take_update(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m)
{
	bool calling = inv->state == SIP_INVITE_CALLING;

	if (inv->update)
		reply_later(inv, st);
	else if (m->body.n && (calling || our_offer_open(inv)))
		reply_glare(st);
	else if (m->body.n && their_offer_open(inv))
		reply_later(inv, st);
	else if (calling)
		(void)sip_dialog_reply(inv->usage.dialog, st,
				       &(struct sip_response){.status = 200});
	else
		update_begin(inv, st, m);
}


int invite_update_respond(struct sip_invite *inv, const struct sip_response *r)
{
	struct invite_update *u = inv->update;
	struct sip_response full = *r;
	struct buf *b = &inv->dialogs->message;
	int err;

	if (!u)
		return -EALREADY;
	buf_clear(b);
	if (r->status >= 200 && r->status < 300) {
		invite_put_abilities(b, inv);
		sip_session_timer_put_answer(&inv->timer, b, &u->session);
	}
	buf_puts(b, r->headers);
	if (b->failed)
		return -ENOBUFS;
	full.headers = buf_str(b);
	err = sip_dialog_reply(inv->usage.dialog, u->st, &full);
	if ((!err && r->status >= 200) || err == -EALREADY)
		invite_update_free(inv);
	return err;
}


/* ---- Ours ---- */

static int may_modify(const struct sip_invite *inv, enum sip_method method, bool offered)
{
	if (inv->told || inv->state == SIP_INVITE_CALLING || inv->state == SIP_INVITE_INCOMING)
		return -ENOTCONN;
	if (method == SIP_UPDATE && !sip_invite_allows(inv, SIP_UPDATE))
		return -ENOTSUP;
	/* 14.1: "a UAC MUST NOT initiate a new INVITE transaction within a dialog while another INVITE
	 * transaction is in progress in either direction." */
	if (inv->change || (method == SIP_INVITE && (inv->in || invite_unacked(inv))))
		return -EBUSY;
	if ((offered || method == SIP_INVITE) && (our_offer_open(inv) || their_offer_open(inv)))
		return -EBUSY;
	return 0;
}


static int change_start(struct sip_invite *inv, const struct invite_request *q)
{
	int err = may_modify(inv, q->method, q->body.n > 0);

	return err ? err : invite_out_start(&inv->change, inv, q);
}


int sip_invite_modify(struct sip_invite *inv, const struct sip_invite_change *c)
{
	return change_start(inv, &(struct invite_request){
					 .method = c->method,
					 .again = c->again,
					 .headers = c->headers,
					 .type = c->type,
					 .body = c->body,
				 });
}


void sip_invite_modify_cancel(struct sip_invite *inv)
{
	struct invite_out *o = inv->change;

	if (!o || o->refresh || o->silent || o->answered)
		return;
	o->withdrawn = true;
	o->again = false;
	/* It waits for its next try; or there is no CANCEL for it (9.1), and what it does is told. */
	if (sip_dialog_request_idle(&o->request) ||
	    (o->method == SIP_INVITE && !sip_dialog_request_abort(&o->request)))
		invite_out_free(o);
}


static void tell(struct invite_out *o, const struct sip_msg *m, int error)
{
	const struct sip_invite_handler *h = o->inv ? invite_owner(o->inv) : NULL;

	bool crossed = m && m->status < 300;

	if (h && h->modified && !o->refresh && !o->silent && (crossed || !o->withdrawn))
		h->modified(o->inv, m, error, o->inv->arg);
}


/* ---- 491 ---- */

/* 14.1: owner of the Call-ID: "a randomly chosen value between 2.1 and 4 seconds in units of 10 ms", else
 * "between 0 and 2 seconds in units of 10 ms". */
static uint32_t glare_ms(const struct sip_invite *inv)
{
	uint64_t chance = loop_random_u64(inv->dialogs->loop);

	return inv->uac ? 2100 + 10 * (uint32_t)(chance % 191) : 10 * (uint32_t)(chance % 201);
}


static void change_failed(struct invite_out *o, int error)
{
	struct sip_invite *inv = o->inv;

	mem_ref(o);
	inv->change = NULL;
	tell(o, NULL, error);
	invite_out_free(o);
	mem_unref(o);
}


static void on_glare_over(struct timer *t, void *arg)
{
	struct invite_out *o = arg;
	struct sip_invite *inv = o->inv;
	int err;

	mem_ref(inv);
	inv->change = NULL;
	err = may_modify(inv, o->method, o->offered);
	inv->change = o;
	if (err == -EBUSY)
		timer_start(t, invite_timers(inv), glare_ms(inv) + 10, on_glare_over, o);
	else if (err || (err = invite_out_send(o)))
		change_failed(o, err);
	mem_unref(inv);
}


static bool glare_waits(struct invite_out *o, const struct sip_msg *m)
{
	if (m->status != 491 || !o->again || o->glares == SIP_INVITE_GLARE_MAX)
		return false;
	counter_add(&sip_c_invite_glare, 1);
	o->glares++;
	timer_start(&o->timer, invite_timers(o->inv), glare_ms(o->inv), on_glare_over, o);
	return true;
}


/* ---- Answers to ours ---- */

static int refresh_send(struct sip_invite *inv);


static void accepted(struct invite_out *o, const struct sip_msg *m)
{
	struct sip_invite *inv = o->inv;
	bool invite = o->method == SIP_INVITE;
	bool ended = inv->state == SIP_INVITE_ENDING;

	if (invite) {
		o->answered = true;
		o->answered_ms = timers_now(invite_timers(inv));
	}
	if (!ended) {
		invite_note(inv, m);
		sip_session_timer_answered(&inv->timer, m);
	}
	if (invite && (o->settled || !m->body.n || o->silent || o->refresh || ended))
		(void)invite_out_ack(o, STR_NULL, STR_NULL);
	if (!invite || o->acked)
		inv->change = NULL;
	if (invite)
		invite_out_linger(o);
	tell(o, m, 0);
	if (!invite)
		invite_out_free(o);
}


/* RFC 4028 10: "the UAC SHOULD follow the rules specific to that response code and retry if possible". */
static void refresh_refused(struct invite_out *o, const struct sip_msg *m)
{
	struct sip_invite *inv = o->inv;
	bool update = o->method == SIP_UPDATE;

	invite_out_free(o);
	if (update && (m->status == 405 || m->status == 501)) {
		if (!inv->allow_known)
			inv->allow = 1u << SIP_INVITE | 1u << SIP_ACK | 1u << SIP_BYE |
				     1u << SIP_CANCEL | 1u << SIP_OPTIONS;
		inv->allow_known = true;
		inv->allow &= ~(1u << SIP_UPDATE);
		(void)refresh_send(inv);
	}
}


static void lost(struct invite_out *o, const struct sip_msg *m, int error)
{
	struct sip_invite *inv = o->inv;

	invite_out_free(o);
	invite_over(inv,
		    &(struct sip_invite_ended){.why = SIP_INVITE_LOST,
					       .status = m ? m->status : 0,
					       .error = error,
					       .m = m},
		    true);
}


static void refused(struct invite_out *o, const struct sip_msg *m)
{
	struct sip_invite *inv = o->inv;

	/* 14.1: "if the non-2xx final response is a 481 […], or a 408 […], or no response at all is received
	 * for the re-INVITE […], the UAC will terminate the dialog." */
	if (m->status == 408 || m->status == 481) {
		lost(o, m, 0);
		return;
	}
	if (glare_waits(o, m) || (!o->silent && invite_out_retry(o, m)))
		return;
	if (!o->inv)
		return;
	if (o->refresh) {
		refresh_refused(o, m);
		return;
	}
	inv->change = NULL;
	tell(o, m, 0);
	invite_out_free(o);
}


void invite_changed(struct invite_out *o, struct sip_dialog *d, const struct sip_msg *m, int error)
{
	struct sip_invite *inv = o->inv;
	struct invite_branch *b;

	if (m && m->status < 200) {
		if (!inv->told && invite_reliable(&b, o, d, m) && b && !b->owes)
			invite_branch_prack(b, STR_NULL, STR_NULL);
		return;
	}
	if (!o->answered)
		invite_branches_free(inv);
	if (m && m->status < 300 && o->answered) {
		if (o->acked)
			(void)sip_dialog_ack(d, o->request.cseq, o->ack_type, o->ack_body);
	} else if (m && m->status < 300) {
		accepted(o, m);
	} else if (inv->told) {
		invite_out_free(o);
	} else if (m) {
		refused(o, m);
	} else if (error == -ETIMEDOUT) {
		lost(o, NULL, error);
	} else {
		change_failed(o, error);
	}
}


/* ---- The session timer ---- */

/* RFC 4028 7.4: "If a UAC knows that its peer supports the UPDATE method, it is RECOMMENDED that UPDATE be
 * used instead of a re-INVITE. […] It is RECOMMENDED that the UPDATE request not contain an offer, but
 * a re-INVITE SHOULD contain one, even if the details of the session have not changed." */
static int refresh_send(struct sip_invite *inv)
{
	const struct sip_invite_handler *h = invite_owner(inv);
	struct invite_request q = {.method = SIP_UPDATE, .refresh = true, .again = true};

	if (!h)
		return -ENOTCONN;
	if (!sip_invite_allows(inv, SIP_UPDATE)) {
		q.method = SIP_INVITE;
		q.body = h->session ? h->session(inv, inv->arg) : STR_NULL;
		q.type = q.body.n ? STR("application/sdp") : STR_NULL;
	}
	return change_start(inv, &q);
}


/* When another modification is under way, its 2xx is as good; else this comes again. */
static void on_refresh(struct sip_session_timer *t, void *arg)
{
	struct sip_invite *inv = arg;

	(void)t;
	mem_ref(inv);
	(void)refresh_send(inv);
	mem_unref(inv);
}


static void on_expired(struct sip_session_timer *t, void *arg)
{
	struct sip_invite *inv = arg;

	(void)t;
	invite_over(inv, &(struct sip_invite_ended){.why = SIP_INVITE_EXPIRED}, true);
}


const struct sip_session_timer_handler invite_clock = {.refresh = on_refresh,
						       .expired = on_expired};
