/* SPDX-License-Identifier: Apache-2.0 */
/* The proxy, on the way back: RFC 3261 16.7 to 16.10. */
#include "sip/response_context.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/compose.h"
#include "sip/txn.h"

/** "Content-Length: " and a number. */
#define CONTENT_LENGTH_LINE_MAX 40
/** All challenges of one response context. */
#define CHALLENGES_MAX 16384


/* ---- Sending upstream ---- */

/* 16.7 step 3: "The proxy removes the topmost Via header field value from the response. If no Via header
 * field values remain in the response, the response was meant for this element and MUST NOT be
 * forwarded." */
static bool is_for_us(const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_VIA);
	struct str value;

	return !sip_values_next(&v, &value) || !sip_values_next(&v, &value);
}


static int forward_response(struct sip_proxy *p, const struct sip_msg *m, struct str lines)
{
	char text[CONTENT_LENGTH_LINE_MAX];
	struct sip_edits e;
	struct buf length;

	if (is_for_us(m))
		return -EBADMSG;
	sip_edits_init(&e, m);
	sip_edit_remove_first_value(&e, SIP_HDR_VIA);
	if (lines.n)
		sip_edit_append(&e, lines);
	/* It came in a datagram, which needs none; a stream does (RFC 3261 20.14). */
	if (m->first[SIP_HDR_CONTENT_LENGTH] == SIP_LINE_NONE &&
	    sip_server_txn_source(p->st)->kind != SIP_UDP) {
		buf_fixed(&length, text, sizeof(text));
		sip_put_headeru(&length, SIP_HDR_CONTENT_LENGTH, m->body.n);
		sip_edit_append(&e, buf_str(&length));
	}
	return sip_server_txn_send_edits(p->st, m->status, &e);
}


/* 16.7 step 6: "if the only response that was received is a 503, the proxy SHOULD generate a 500 response
 * and forward that upstream." So when it is the best. */
static uint16_t status_upstream(uint16_t status)
{
	return status == 503 ? 500 : status;
}


/* What the sender is told: the response, or one of our own in its place. Returns its status, 0 when
 * nothing was sent (a 408 to another method than INVITE: RFC 4320 4.2). */
static uint16_t answer(struct sip_proxy *p, struct branch *br, uint16_t status,
		       const struct sip_msg *m)
{
	struct buf lines = BUF_INIT(CHALLENGES_MAX);
	int err = 0;

	if (m) {
		context_challenges(p, br, &lines);
		err = forward_response(p, m, lines.failed ? STR_NULL : buf_str(&lines));
		buf_done(&lines);
		status = err ? 500 : status;
	}
	if (!m || (err && err != -EALREADY))
		err = sip_reply(p->st, status, STR_NULL);
	if (err == -EALREADY)
		counter_add(&sip_c_late, 1);
	return err || (status == 408 && !p->invite) ? 0 : status;
}


/* ---- The end of it ---- */

static void finish(struct sip_proxy *p, struct branch *br, uint16_t status, const struct sip_msg *m)
{
	void *user = br ? br->target.user : NULL;
	uint16_t told = status_upstream(status);

	p->retry_after_s = m ? sip_msg_retry_after_s(m) : 0;
	if (told != status || (status == 408 && !p->invite))
		m = NULL;
	p->answered = true;
	if (p->handler && p->handler->final && p->handler->final(p, p->st, told, m, user, p->arg))
		told = sip_server_txn_answered(p->st) ? p->st->status : 0;
	else
		told = answer(p, br, told, m);

	/* More 2xx may come, from this branch and from others: the proxy stays for them until the
	 * server transaction leaves Accepted (RFC 6026 7.1). */
	mem_ref(p);
	proxy_done(p, told);
	if (!server_accepted(p->st))
		proxy_release(p);
	mem_unref(p);
}


void proxy_conclude(struct sip_proxy *p)
{
	struct branch *best = context_best(p);
	uint16_t status = best ? best->status : p->cancelled ? 487 : 408;
	struct sip_msg m;

	if (p->answered)
		return;
	if (best && best->kept.n && sip_msg_decode(&m, best->kept, false) == SIP_DECODE_OK)
		finish(p, best, status, &m);
	else
		finish(p, best, status, NULL);
}


uint32_t sip_proxy_retry_after_s(const struct sip_proxy *p)
{
	return p->retry_after_s;
}


static void cancel_others(struct sip_proxy *p, const struct branch *but)
{
	for (uint8_t i = 0; i < p->n; i++) {
		struct branch *br = &p->branch[i];

		if (br == but || br->state == BRANCH_DONE)
			continue;
		if (br->state == BRANCH_TRYING && p->invite) {
			sip_client_cancel(br->ct);
			continue;
		}
		proxy_branch_release(br);
		sm_move(&branch_machine, &br->state, BRANCH_DONE);
	}
}


static void keep(struct branch *br, const struct sip_msg *m)
{
	char *copy = m ? mem_raw(m->n) : NULL;

	if (!copy)
		return;
	memcpy(copy, m->p, m->n);
	br->kept = (struct str){copy, m->n};
}


static bool anything_left(const struct sip_proxy *p)
{
	if (p->cancelled || p->declined)
		return false;
	for (uint8_t i = 0; i < p->n; i++)
		if (p->branch[i].state == BRANCH_WAITING)
			return true;
	return false;
}


/* 16.7 step 5 and the steps after it, for a final response that is not 2xx. */
static void weigh(struct branch *br, const struct sip_msg *m)
{
	struct sip_proxy *p = br->proxy;
	int error;

	/* "If a 6xx response is received, it is not immediately forwarded, but the stateful proxy SHOULD
	 * cancel all client pending transactions as described in Section 10, and it MUST NOT create any
	 * new branches in this context." */
	if (br->status >= 600 && !p->declined) {
		p->declined = true;
		cancel_others(p, br);
	}
	if (!context_active(p) && !anything_left(p) && context_best(p) == br) {
		finish(p, br, br->status, m);
		return;
	}
	keep(br, m);
	if (anything_left(p))
		(void)proxy_start_branches(p, &error);
	if (!context_active(p))
		proxy_conclude(p);
}


void proxy_branch_ended(struct branch *br, uint16_t status, const struct sip_msg *m)
{
	struct sip_proxy *p = br->proxy;

	mem_ref(p);
	proxy_branch_release(br);
	sm_move(&branch_machine, &br->state, BRANCH_DONE);
	br->status = status;
	p->breadth = (uint16_t)(p->breadth + br->breadth);
	if (!p->answered)
		weigh(br, m);
	mem_unref(p);
}


/* ---- What the client transactions tell ---- */

static void on_provisional(struct branch *br, const struct sip_msg *m)
{
	struct sip_proxy *p = br->proxy;

	br->rang = true;
	/* RFC 4320 4.1: only 100 is ever sent to another method than INVITE, and not forwarded. */
	if (!p->invite || p->answered)
		return;
	/* 16.7 step 2: "For an INVITE transaction, if the response is a provisional response with
	 * status codes 101 to 199 inclusive (i.e., anything but 100), the proxy MUST reset timer C". */
	proxy_timer_c_start(br);
	(void)forward_response(p, m, STR_NULL);
}


/* 16.7 step 5: 2xx are forwarded at once; for INVITE every one. Then step 10: the others are cancelled. */
static void on_success(struct branch *br, const struct sip_msg *m)
{
	struct sip_proxy *p = br->proxy;
	bool first = !p->answered;

	timer_cancel(&br->timer_c);
	if (!first) {
		if (p->invite)
			(void)forward_response(p, m, STR_NULL);
		return;
	}
	if (br->state != BRANCH_DONE)
		sm_move(&branch_machine, &br->state, BRANCH_DONE);
	br->status = m->status;
	mem_ref(p);
	cancel_others(p, br);
	finish(p, br, m->status, m);
	mem_unref(p);
}


static void on_response(struct sip_client_txn *ct, const struct sip_msg *m, void *arg)
{
	struct branch *br = arg;

	(void)ct;
	if (m->status < 200)
		on_provisional(br, m);
	else if (m->status < 300)
		on_success(br, m);
	else if (br->state != BRANCH_DONE)
		proxy_branch_ended(br, m->status, m);
}


/* 16.9: "If the transport layer notifies a proxy of an error when it tries to forward a request […], the
 * proxy MUST behave as if the forwarded request received a 503". Timer B, F: as if 408 (16.7). */
static void on_failed(struct sip_client_txn *ct, int error, void *arg)
{
	struct branch *br = arg;
	uint16_t status = 503;

	(void)ct;
	if (error == -ETIMEDOUT)
		status = 408;
	else if (error == -ECANCELED)
		status = br->proxy->cancelled ? 487 : 408;
	if (br->state != BRANCH_DONE)
		proxy_branch_ended(br, status, NULL);
}


const struct sip_client_handler proxy_client_handler = {
	.response = on_response,
	.failed = on_failed,
};


/* ---- Timer C ---- */

/* 16.8: "If the client transaction has received a provisional response, the proxy MUST generate a CANCEL
 * request matching that transaction. If the client transaction has not received a provisional response,
 * the proxy MUST behave as if the transaction received a 408". */
static void on_timer_c(struct timer *t, void *arg)
{
	struct branch *br = arg;

	(void)t;
	if (br->rang)
		sip_client_cancel(br->ct);
	else
		proxy_branch_ended(br, 408, NULL);
}


void proxy_timer_c_start(struct branch *br)
{
	struct sip *s = br->proxy->sip;

	timer_start(&br->timer_c, s->timers, s->t.c_ms, on_timer_c, br);
}
