/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of ours in a call leg: INVITE with its forks, ACKs and PRACKs, and what all of them share. */
#include "sip/invite.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/compose.h"
#include "sip/invite_state.h"

/** What `authorize` may add. */
#define CREDENTIALS_MAX 8192

static void on_answered(struct sip_dialog_request *r, struct sip_dialog *d, const struct sip_msg *m,
			int error, void *arg);


/* ---- One request ---- */

static void out_destroy(void *object)
{
	struct invite_out *o = object;

	timer_cancel(&o->timer);
	sip_dialog_request_cancel(&o->request);
	mem_free(o->text);
	mem_free(o->ack);
	mem_free((char *)o->credentials.p);
}


void invite_out_free(struct invite_out *o)
{
	struct sip_invite *inv = o->inv;

	if (!inv)
		return;
	o->inv = NULL;
	timer_cancel(&o->timer);
	sip_dialog_request_cancel(&o->request);
	list_remove(&inv->outs, &o->link);
	if (inv->change == o)
		inv->change = NULL;
	mem_unref(o);
}


/* Kept for another try. */
static int copy(struct invite_out *o, const struct invite_request *q)
{
	size_t n = q->headers.n + q->type.n + q->body.n;
	struct buf b;

	o->text = mem_raw(n + 1);
	if (!o->text)
		return -ENOMEM;
	buf_fixed(&b, o->text, n);
	buf_puts(&b, q->headers);
	buf_puts(&b, q->type);
	buf_puts(&b, q->body);
	o->head = str_upto(buf_str(&b), q->headers.n);
	o->type = str_upto(str_from(buf_str(&b), q->headers.n), q->type.n);
	o->body = str_from(buf_str(&b), q->headers.n + q->type.n);
	return 0;
}


static void text_drop(struct invite_out *o)
{
	mem_free(o->text);
	o->text = NULL;
	o->head = o->type = o->body = STR_NULL;
}


static void put_lines(struct buf *b, const struct invite_out *o)
{
	if (o->method == SIP_BYE) {
		invite_put_supported(b, o->inv);
	} else {
		invite_put_abilities(b, o->inv);
		sip_session_timer_put_request(&o->inv->timer, b);
	}
	buf_puts(b, o->head);
	buf_puts(b, o->credentials);
}


int invite_out_send(struct invite_out *o)
{
	struct buf *lines = &o->inv->dialogs->lines;

	buf_clear(lines);
	put_lines(lines, o);
	if (lines->failed)
		return -ENOBUFS;
	return sip_dialog_send(o->inv->usage.dialog, &o->request,
			       &(struct sip_dialog_request_params){
				       .method = o->method,
				       .headers = buf_str(lines),
				       .type = o->type,
				       .body = o->body,
				       .answered = on_answered,
				       .arg = o,
			       });
}


int invite_out_start(struct invite_out **ret, struct sip_invite *inv,
		     const struct invite_request *q)
{
	struct invite_out *o = mem_alloc_in(inv->dialogs->slab, sizeof(*o), out_destroy);
	int err;

	if (!o)
		return -ENOMEM;
	o->inv = inv;
	o->method = q->method;
	o->initial = q->initial;
	o->refresh = q->refresh;
	o->again = q->again;
	o->offered = q->body.n > 0;
	o->settled = o->offered;
	list_append(&inv->outs, &o->link);
	err = copy(o, q);
	if (!err)
		err = invite_out_send(o);
	if (err)
		invite_out_free(o);
	else if (ret)
		*ret = o;
	return err;
}


/* ---- Another try ---- */

static bool authorize(struct invite_out *o, const struct sip_msg *m)
{
	const struct sip_invite_handler *h = invite_owner(o->inv);
	struct buf lines = BUF_INIT(CREDENTIALS_MAX);
	bool good;

	if ((m->status != 401 && m->status != 407) || !h || !h->authorize ||
	    o->challenges == SIP_INVITE_CHALLENGES_MAX)
		return false;
	o->challenges++;
	good = h->authorize(o->inv, o->method, sip_dialog_target(o->inv->usage.dialog), m, &lines,
			    o->inv->arg) &&
	       o->inv && !lines.failed && invite_keep(&o->credentials, buf_str(&lines));
	buf_done(&lines);
	return good;
}


bool invite_out_retry(struct invite_out *o, const struct sip_msg *m)
{
	struct sip_dialog *d = o->inv->usage.dialog;

	/* One that has been answered by someone, if only provisionally, cannot begin anew. */
	if (!o->text || (o->initial && sip_dialog_state(d) != SIP_DIALOG_INITIAL))
		return false;
	if (m->status == 422) {
		if (o->smalls || !sip_session_timer_too_small(&o->inv->timer, m))
			return false;
		o->smalls++;
	} else if (!authorize(o, m)) {
		return false;
	}
	return invite_out_send(o) == 0;
}


/* ---- ACK ---- */

/* 13.2.2.4: "The ACK MUST be passed to the client transport every time a retransmission of the 2xx final
 * response that triggered the ACK arrives." */
static void ack_send(struct invite_out *o)
{
	(void)sip_dialog_ack(o->inv->usage.dialog, o->request.cseq, o->ack_type, o->ack_body);
}


int invite_out_ack(struct invite_out *o, struct str type, struct str body)
{
	struct buf b;

	if (body.n) {
		o->ack = mem_raw(type.n + body.n);
		if (!o->ack)
			return -ENOMEM;
		buf_fixed(&b, o->ack, type.n + body.n);
		buf_puts(&b, type);
		buf_puts(&b, body);
		o->ack_type = str_upto(buf_str(&b), type.n);
		o->ack_body = str_from(buf_str(&b), type.n);
	}
	o->acked = true;
	ack_send(o);
	return 0;
}


struct invite_out *invite_unacked(const struct sip_invite *inv)
{
	for (struct list_link *l = list_first(&inv->outs); l; l = list_next(&inv->outs, l)) {
		struct invite_out *o = container_of(l, struct invite_out, link);

		if (o->answered && !o->acked)
			return o;
	}
	return NULL;
}


int sip_invite_ack(struct sip_invite *inv, struct str type, struct str body)
{
	struct invite_out *o = inv->told ? NULL : invite_unacked(inv);
	int err;

	if (!o)
		return -EALREADY;
	err = invite_out_ack(o, type, body);
	if (!err && inv->change == o)
		inv->change = NULL;
	return err;
}


/* ---- How long an answered INVITE is kept ---- */

static void on_linger_end(struct timer *t, void *arg)
{
	struct invite_out *o = arg;
	struct sip_invite *inv = o->inv;

	(void)t;
	mem_ref(inv);
	/* Its 2xx is not repeated any more, so there is nobody to give an answer to. */
	if (!o->acked)
		(void)invite_out_ack(o, STR_NULL, STR_NULL);
	invite_out_free(o);
	invite_settle(inv);
	mem_unref(inv);
}


/* 13.2.2.4: "The UAC core considers the INVITE transaction completed 64*T1 seconds after the reception
 * of the first 2xx response." When the call is over before, and only one callee was ever seen, T1 is enough:
 * others, whom the proxy cancels when the first answers, have crossed by then, and the peer that got our
 * BYE repeats nothing. */
static uint64_t linger_ms(const struct invite_out *o)
{
	const struct sip_timers *t = invite_times(o->inv);

	if (o->inv->state != SIP_INVITE_ENDING)
		return t->linger_ms;
	if (!o->initial)
		return 0;
	return o->inv->forked ? t->linger_ms : t->t1_ms;
}


void invite_out_linger(struct invite_out *o)
{
	uint64_t gone = timers_now(invite_timers(o->inv)) - o->answered_ms, all = linger_ms(o);

	text_drop(o);
	if (gone >= all && o->inv->state == SIP_INVITE_ENDING)
		invite_out_free(o);
	else
		timer_start(&o->timer, invite_timers(o->inv), all - gone, on_linger_end, o);
}


static void oldest_drop(struct sip_invite *inv)
{
	size_t n = 0;

	for (struct list_link *l = list_first(&inv->outs); l; l = list_next(&inv->outs, l))
		n += container_of(l, struct invite_out, link)->answered;
	for (struct list_link *l = list_first(&inv->outs); l && n > SIP_INVITE_LINGERING_MAX;
	     l = list_next(&inv->outs, l)) {
		struct invite_out *o = container_of(l, struct invite_out, link);

		if (o->answered && o->acked) {
			invite_out_free(o);
			return;
		}
	}
}


/* ---- Branches ---- */

static void branch_ended(struct sip_dialog_usage *u, int error, void *arg)
{
	(void)u;
	(void)error;
	invite_branch_free(arg);
}


/* Inside the early dialog of a fork, or one that gets its BYE. */
static bool branch_request(struct sip_dialog_usage *u, struct sip_server_txn *st,
			   const struct sip_msg *m, const struct sip_source *src, void *arg)
{
	struct invite_branch *b = arg;

	(void)src;
	if (b->usage.dialog == b->inv->usage.dialog || m->method == SIP_NOTIFY ||
	    (m->method != SIP_BYE && b->stray))
		return false;
	/* RFC 3311 5.2: our offer is not answered. */
	uint16_t status = m->method == SIP_BYE || (m->method == SIP_UPDATE && !m->body.n) ? 200
			  : m->method == SIP_UPDATE                                       ? 491
											  : 405;
	(void)sip_dialog_reply(u->dialog, st, &(struct sip_response){.status = status});
	return true;
}


static const struct sip_dialog_usage_handler branch_usage = {.request = branch_request,
							     .ended = branch_ended};


static void branch_destroy(void *object)
{
	struct invite_branch *b = object;

	sip_dialog_request_cancel(&b->request);
	sip_dialog_leave(&b->usage);
}


void invite_branch_free(struct invite_branch *b)
{
	if (!b->inv)
		return;
	list_remove(&b->inv->branches, &b->link);
	b->inv = NULL;
	sip_dialog_request_cancel(&b->request);
	sip_dialog_leave(&b->usage);
	mem_unref(b);
}


void invite_branches_free(struct sip_invite *inv)
{
	struct list_link *l;

	while ((l = list_first(&inv->branches)))
		invite_branch_free(container_of(l, struct invite_branch, link));
}


struct invite_branch *invite_branch_of(struct sip_invite *inv, struct sip_dialog *d, bool make)
{
	struct invite_branch *b;

	for (struct list_link *l = list_first(&inv->branches); l;
	     l = list_next(&inv->branches, l)) {
		b = container_of(l, struct invite_branch, link);
		if (b->usage.dialog == d)
			return b;
	}
	b = make ? mem_alloc_in(inv->dialogs->slab, sizeof(*b), branch_destroy) : NULL;
	if (!b)
		return NULL;
	b->inv = inv;
	list_append(&inv->branches, &b->link);
	sip_dialog_join(d, &b->usage, &branch_usage, b);
	return b;
}


static void on_stray_ended(struct sip_dialog_request *r, struct sip_dialog *d,
			   const struct sip_msg *m, int error, void *arg)
{
	struct invite_branch *b = arg;
	struct sip_invite *inv = b->inv;

	(void)r;
	(void)d;
	(void)error;
	if (m && m->status < 200)
		return;
	mem_ref(inv);
	invite_branch_free(b);
	invite_settle(inv);
	mem_unref(inv);
}


static int stray_bye(struct invite_branch *b)
{
	struct buf *lines = &b->inv->dialogs->lines;

	b->stray = true;
	sip_dialog_request_cancel(&b->request);
	buf_clear(lines);
	invite_put_supported(lines, b->inv);
	return sip_dialog_send(b->usage.dialog, &b->request,
			       &(struct sip_dialog_request_params){
				       .method = SIP_BYE,
				       .headers = buf_str(lines),
				       .answered = on_stray_ended,
				       .arg = b,
			       });
}


/* 13.2.2.4: "If, after acknowledging any 2xx response to an INVITE, the UAC does not want to continue
 * with that dialog, then the UAC MUST terminate the dialog by sending a BYE". */
static void stray(struct invite_out *o, struct sip_dialog *d)
{
	struct invite_branch *b = invite_branch_of(o->inv, d, true);

	(void)sip_dialog_ack(d, o->request.cseq, STR_NULL, STR_NULL);
	if (!b || b->stray)
		return;
	counter_add(&sip_c_invite_strays, 1);
	if (stray_bye(b))
		invite_branch_free(b);
}


/* ---- Reliable provisional responses: RFC 3262 4 ---- */

bool invite_reliable(struct invite_branch **ret, struct invite_out *o, struct sip_dialog *d,
		     const struct sip_msg *m)
{
	struct invite_branch *b;
	uint32_t rseq;

	*ret = NULL;
	if (!sip_msg_has_token(m, SIP_HDR_REQUIRE, STR("100rel")) ||
	    !str_u32(sip_msg_header(m, SIP_HDR_RSEQ), &rseq) || !rseq || !m->to_tag.n)
		return true;
	b = invite_branch_of(o->inv, d, true);
	if (!b)
		return false;
	/* "if […] its RSeq value is not one higher than the value of the sequence number, that response
	 * MUST NOT be acknowledged with a PRACK, and MUST NOT be processed further". */
	if (b->has_rseq && b->cseq == o->request.cseq && rseq != b->rseq + 1)
		return false;
	b->has_rseq = true;
	b->cseq = o->request.cseq;
	b->rseq = rseq;
	b->owes = !o->settled && m->body.n;
	*ret = b;
	return true;
}


/* Only the peer's repetitions would tell that a PRACK failed. */
static void on_prack_answered(struct sip_dialog_request *r, struct sip_dialog *d,
			      const struct sip_msg *m, int error, void *arg)
{
	(void)r;
	(void)d;
	(void)m;
	(void)error;
	(void)arg;
}


void invite_branch_prack(struct invite_branch *b, struct str type, struct str body)
{
	struct buf *lines = &b->inv->dialogs->lines;

	b->owes = false;
	/* The one before runs on by itself. */
	sip_dialog_request_cancel(&b->request);
	buf_clear(lines);
	buf_printf(lines, "RAck: %u %u INVITE\r\n", b->rseq, b->cseq);
	invite_put_supported(lines, b->inv);
	(void)sip_dialog_send(b->usage.dialog, &b->request,
			      &(struct sip_dialog_request_params){
				      .method = SIP_PRACK,
				      .headers = buf_str(lines),
				      .type = type,
				      .body = body,
				      .answered = on_prack_answered,
				      .arg = b,
			      });
}


int sip_invite_prack(struct sip_invite *inv, struct str type, struct str body)
{
	for (struct list_link *l = list_first(&inv->branches); l;
	     l = list_next(&inv->branches, l)) {
		struct invite_branch *b = container_of(l, struct invite_branch, link);

		if (!b->owes || inv->told)
			continue;
		b->settled = body.n > 0;
		invite_branch_prack(b, type, body);
		return 0;
	}
	return -EALREADY;
}


/* ---- Answers to the initial INVITE ---- */

static void provisional(struct invite_out *o, struct sip_dialog *d, const struct sip_msg *m)
{
	struct sip_invite *inv = o->inv;
	const struct sip_invite_handler *h = invite_owner(inv);
	struct invite_branch *b;

	if (!h || o->answered)
		return;
	if (!invite_reliable(&b, o, d, m))
		return;
	if (d != inv->usage.dialog) {
		inv->forked = true;
		if (!invite_branch_of(inv, d, true))
			return;
	}
	bool answer_comes = b && b->owes;
	invite_note(inv, m);
	mem_ref(b);
	if (h->provisional)
		h->provisional(inv, m, inv->arg);
	if (b && b->inv && !answer_comes)
		invite_branch_prack(b, STR_NULL, STR_NULL);
	mem_unref(b);
}


static void dialog_change(struct sip_invite *inv, struct sip_dialog *d)
{
	if (inv->usage.dialog == d)
		return;
	inv->forked = true;
	sip_dialog_leave(&inv->usage);
	sip_dialog_join(d, &inv->usage, &invite_usage, inv);
}


/* The answer to its offer may have been given in a PRACK, of the fork that has won. */
static void winner(struct invite_out *o, struct sip_dialog *d, const struct sip_msg *m)
{
	struct sip_invite *inv = o->inv;
	const struct sip_invite_handler *h = invite_owner(inv);
	struct invite_branch *b = invite_branch_of(inv, d, false);

	o->settled |= b && b->settled;
	invite_move(inv, SIP_INVITE_CONFIRMED);
	dialog_change(inv, d);
	inv->forked |= inv->branches.count > 1;
	invite_branches_free(inv);
	invite_note(inv, m);
	sip_session_timer_answered(&inv->timer, m);
	if (o->settled || !m->body.n)
		(void)invite_out_ack(o, STR_NULL, STR_NULL);
	if (h)
		h->answered(inv, m, inv->arg);
}


static void success(struct invite_out *o, struct sip_dialog *d, const struct sip_msg *m)
{
	struct sip_invite *inv = o->inv;
	bool first = !o->answered;

	if (first) {
		o->answered = true;
		o->answered_ms = timers_now(invite_timers(inv));
		if (inv->state != SIP_INVITE_CALLING)
			o->acked = true;
		invite_out_linger(o);
	}
	if (first && inv->state == SIP_INVITE_CALLING) {
		winner(o, d, m);
	} else if (d != inv->usage.dialog || inv->state == SIP_INVITE_CALLING ||
		   (inv->state == SIP_INVITE_ENDING && first) || invite_branch_of(inv, d, false)) {
		inv->forked |= d != inv->usage.dialog;
		stray(o, d);
	} else if (o->acked) {
		ack_send(o);
	}
}


static void refused(struct invite_out *o, const struct sip_msg *m)
{
	struct sip_invite *inv = o->inv;

	if (!inv->told && invite_out_retry(o, m))
		return;
	if (!o->inv)
		return;
	invite_out_free(o);
	invite_branches_free(inv);
	invite_over(
		inv,
		&(struct sip_invite_ended){.why = SIP_INVITE_REFUSED, .status = m->status, .m = m},
		false);
}


static void initial(struct invite_out *o, struct sip_dialog *d, const struct sip_msg *m, int error)
{
	struct sip_invite *inv = o->inv;

	if (m && m->status < 200) {
		provisional(o, d, m);
	} else if (m && m->status < 300) {
		success(o, d, m);
	} else if (m && !o->answered) {
		refused(o, m);
	} else if (o->answered) {
		invite_out_linger(o);
	} else {
		invite_out_free(o);
		invite_branches_free(inv);
		invite_over(inv,
			    &(struct sip_invite_ended){.why = SIP_INVITE_UNREACHABLE,
						       .error = error},
			    false);
	}
}


/* ---- All answers ---- */

static void on_answered(struct sip_dialog_request *r, struct sip_dialog *d, const struct sip_msg *m,
			int error, void *arg)
{
	struct invite_out *o = arg;
	struct sip_invite *inv = o->inv;

	(void)r;
	mem_ref(inv);
	mem_ref(o);
	if (o->initial)
		initial(o, d, m, error);
	else if (o->method != SIP_BYE)
		invite_changed(o, d, m, error);
	else if (!m || m->status >= 200)
		invite_out_free(o);
	if (m && m->status >= 200 && m->status < 300)
		oldest_drop(inv);
	invite_settle(inv);
	mem_unref(o);
	mem_unref(inv);
}
