/* SPDX-License-Identifier: Apache-2.0 */
/* The registration of an account. */
#include "client/registration.h"

#include <errno.h>

#include "base/mem.h"
#include "base/sm.h"
#include "client/account.h"
#include "client/exchange.h"
#include "client/session.h"
#include "sip/compose.h"
#include "sip/name_addr.h"
#include "sip/param.h"
#include "sip/via.h"

static const struct sm_state states[] = {
	[PARLEY_IDLE] = {"idle", SM_TO(PARLEY_REGISTERING) | SM_TO(PARLEY_LEAVING)},
	[PARLEY_REGISTERING] = {"registering", SM_TO(PARLEY_REGISTERED) | SM_TO(PARLEY_WAITING) |
						       SM_TO(PARLEY_REFUSED) |
						       SM_TO(PARLEY_LEAVING)},
	[PARLEY_REGISTERED] = {"registered", SM_TO(PARLEY_REGISTERED) | SM_TO(PARLEY_REGISTERING) |
						     SM_TO(PARLEY_WAITING) | SM_TO(PARLEY_REFUSED) |
						     SM_TO(PARLEY_LEAVING)},
	[PARLEY_WAITING] = {"waiting",
			    SM_TO(PARLEY_REGISTERING) | SM_TO(PARLEY_IDLE) | SM_TO(PARLEY_LEAVING)},
	[PARLEY_REFUSED] = {"refused", SM_TO(PARLEY_REGISTERING) | SM_TO(PARLEY_LEAVING)},
	[PARLEY_LEAVING] = {"leaving", SM_TO(PARLEY_IDLE) | SM_TO(PARLEY_REGISTERING)},
};
static const struct sm_table machine = SM_TABLE("registration", states);


const char *parley_state_name(enum parley_state s)
{
	return sm_name(&machine, (uint8_t)s);
}


enum parley_state parley_registration_state(const struct parley *p)
{
	return (enum parley_state)p->registration.state;
}


static void move(struct parley *p, enum parley_state to, const struct exchange_end *e,
		 uint32_t retry_ms)
{
	struct registration *r = &p->registration;
	struct parley_registration told = {to, NULL, r->expires_s, retry_ms};
	struct parley_outcome outcome;
	struct exchange_text text;

	sm_move(&machine, &r->state, (uint8_t)to);
	if (to != PARLEY_REGISTERED)
		told.expires_s = 0;
	if (e) {
		exchange_outcome(&outcome, &text, e);
		told.outcome = &outcome;
	}
	if (!p->closed && p->handler && p->handler->registration)
		p->handler->registration(p, &told, p->arg);
}


static void forget_route(struct registration *r)
{
	r->service_route = mem_unref(r->service_route);
}


/* ---- The REGISTER ---- */

static void put_headers(struct buf *b, const struct sip_hop *hop, void *arg)
{
	struct parley *p = arg;
	struct registration *r = &p->registration;
	bool leaving = r->state == PARLEY_LEAVING;

	/* RFC 3841 10 has no Accept-Contact in REGISTER; all else is that of an initial request. */
	buf_puts(b, STR("Contact: "));
	account_put_contact(p, hop, b);
	/* Seed 002 5.2.1.1 4: "SHALL include the IM feature-tag '+g.oma.sip-im' in the Contact header" */
	buf_printf(b, ";+g.oma.sip-im;+sip.instance=\"<%s>\"", p->instance);
	/* RFC 5626 4.2: reg-id only with a first hop that knows what it is for. */
	if (!r->no_outbound)
		buf_puts(b, STR(";reg-id=1"));
	buf_printf(b, ";expires=%u\r\n", leaving ? 0 : r->asked_s);
	sip_put_headeru(b, SIP_HDR_EXPIRES, leaving ? 0 : r->asked_s);
	if (p->ims && p->access_network)
		sip_put_header(b, SIP_HDR_P_ACCESS_NETWORK_INFO, str_of(p->access_network));
	buf_puts(b, STR("User-Agent: "));
	account_put_product(p, b);
	buf_puts(b, STR("\r\n"));
	account_put_allow(b);
	sip_put_header(b, SIP_HDR_SUPPORTED,
		       r->no_outbound ? STR("timer, path") : STR("timer, path, outbound"));
}


static exchange_done_cb on_done;


static int start(struct parley *p)
{
	struct registration *r = &p->registration;
	struct buf from = BUF_INIT(4 * ACCOUNT_TEXT_MAX), to = BUF_INIT(2 * ACCOUNT_TEXT_MAX);
	char tag[17];
	int err = -ENOMEM;

	r->x = exchange_cancel(r->x);
	account_put_random(p, tag, 16);
	account_put_from(p, &from, false, STR_NULL);
	buf_puts(&from, str_of(tag));
	buf_printf(&to, "<%s>", p->aor);
	if (!from.failed && !to.failed)
		err = exchange_start(&r->x, p,
				     &(struct exchange_params){
					     .method = SIP_REGISTER,
					     .uri = str_of(p->registrar),
					     .from = buf_str(&from),
					     .to = buf_str(&to),
					     .call_id = str_of(r->call_id),
					     .cseq = r->cseq + 1,
					     .registers = true,
					     .headers = put_headers,
					     .done = on_done,
					     .arg = p,
				     });
	buf_done(&from);
	buf_done(&to);
	if (!err)
		r->cseq++;
	return err;
}


/* ---- Trying again ---- */

static void on_next(struct timer *t, void *arg);


/* RFC 5626 4.5: "W = min (max-time, (base-time * (2 ^ consecutive-failures)))"; waited is "a uniform random
 * time between 50 and 100%" of it. */
static uint32_t wait_ms(struct parley *p)
{
	uint64_t w = REGISTRATION_WAIT_MAX_MS;
	uint32_t failures = p->registration.failures;

	if (failures < 6)
		w = (uint64_t)REGISTRATION_BASE_MS << failures;
	if (w > REGISTRATION_WAIT_MAX_MS)
		w = REGISTRATION_WAIT_MAX_MS;
	return (uint32_t)(w / 2 + loop_random_u64(p->loop) % (w / 2 + 1));
}


static void wait(struct parley *p, const struct exchange_end *e)
{
	struct registration *r = &p->registration;
	struct parley_outcome o = {.retry_after_s = 0};
	struct exchange_text text;
	uint32_t ms;

	if (r->state == PARLEY_REGISTERED &&
	    loop_now_ms(p->loop) - r->since_ms >= REGISTRATION_PROVEN_MS)
		r->failures = 0;
	r->failures++;
	ms = wait_ms(p);
	if (e)
		exchange_outcome(&o, &text, e);
	/* "a 503 response to an earlier failed registration attempt with a Retry-After header field value may
	 * cause the UA to wait longer" */
	if (o.retry_after_s && o.retry_after_s < REGISTRATION_WAIT_MAX_MS / 1000 &&
	    o.retry_after_s * 1000 > ms)
		ms = o.retry_after_s * 1000;
	keepalive_stop(p);
	forget_route(r);
	timer_start(&r->next, loop_timers(p->loop), ms, on_next, p);
	move(p, PARLEY_WAITING, e, ms);
}


static void try(struct parley *p)
{
	struct registration *r = &p->registration;

	if (start(p)) {
		r->x = exchange_cancel(r->x);
		wait(p, NULL);
	}
}


/* Refresh, or the next attempt. */
static void on_next(struct timer *t, void *arg)
{
	struct parley *p = arg;

	(void)t;
	account_enter(p);
	p->registration.rounds = 0;
	if (p->registration.state == PARLEY_WAITING)
		move(p, PARLEY_REGISTERING, NULL, 0);
	/* Whoever was told may have taken leave, or closed. */
	if (!p->closed && (p->registration.state == PARLEY_REGISTERING ||
			   p->registration.state == PARLEY_REGISTERED))
		try(p);
	account_leave(p);
}


/* ---- The answer ---- */

/* What the registrar made of our Contact (10.2.4: "the expires parameter" of it); else Expires; else what was
 * asked for. */
static uint32_t granted_s(struct parley *p, const struct sip_msg *m)
{
	struct registration *r = &p->registration;
	struct sip_values values = sip_values_first(m, SIP_HDR_CONTACT);
	uint32_t fallback = r->asked_s;

	(void)str_u32(sip_msg_header(m, SIP_HDR_EXPIRES), &fallback);
	for (struct str value; sip_values_next(&values, &value);) {
		struct sip_name_addr c;

		if (!sip_name_addr_decode(&c, value) && str_find_str(c.uri, str_of(p->token)) >= 0)
			return sip_contact_expires(&c, fallback);
	}
	return fallback;
}


static void keep_route(struct registration *r, const struct sip_msg *m)
{
	struct sip_values values = sip_values_first(m, SIP_HDR_SERVICE_ROUTE);
	struct buf b = BUF_INIT(REGISTRATION_ROUTE_MAX);

	for (struct str value; sip_values_next(&values, &value);) {
		if (b.n)
			buf_puts(&b, STR(", "));
		buf_puts(&b, value);
	}
	forget_route(r);
	if (b.n && !b.failed)
		r->service_route = str_dup(buf_str(&b));
	buf_done(&b);
}


/* In good time: half of it, and not more than ten minutes before the end (24.229 5.1.1.4.1 has both). */
static uint64_t refresh_ms(uint32_t expires_s)
{
	return 1000 * (uint64_t)(expires_s > 1200 ? expires_s - 600 : (expires_s + 1) / 2);
}


/* RFC 3261 18.2.1: `received` is there where the address in Via is not the one that the packet came from. */
static bool is_translated(const struct sip_msg *m)
{
	struct sip_values values = sip_values_first(m, SIP_HDR_VIA);
	struct str value;
	struct sip_via via;

	return sip_values_next(&values, &value) && !sip_via_decode(&via, value) && via.received.n &&
	       !str_eq_nocase(via.received, via.host);
}


static void registered(struct parley *p, const struct exchange_end *e)
{
	struct registration *r = &p->registration;
	uint32_t expires_s = granted_s(p, e->m);

	if (expires_s < REGISTRATION_EXPIRES_MIN_S)
		expires_s = REGISTRATION_EXPIRES_MIN_S;
	if (expires_s > REGISTRATION_EXPIRES_MAX_S)
		expires_s = REGISTRATION_EXPIRES_MAX_S;
	r->expires_s = expires_s;
	r->since_ms = loop_now_ms(p->loop);
	r->bound = true;
	p->behind_nat = is_translated(e->m);
	r->flow = e->hop ? sip_transports_flow(sip_transports(p->sip), e->hop) : 0;
	keep_route(r, e->m);
	keepalive_start(p, e->hop, e->m);
	timer_start(&r->next, loop_timers(p->loop), refresh_ms(expires_s), on_next, p);
	move(p, PARLEY_REGISTERED, e, 0);
}


/* Answers that ask for another REGISTER at once; each of them once in an attempt. */
static bool asks_again(struct parley *p, const struct sip_msg *m)
{
	struct registration *r = &p->registration;
	uint32_t least_s;

	if (r->rounds >= 2)
		return false;
	/* RFC 3261 10.2.8: "the UAC MAY retry the registration after making the expiration interval of all
	 * contact addresses in the REGISTER request equal to or greater than the expiration interval within
	 * the Min-Expires header field". */
	if (m->status == 423 && str_u32(sip_msg_header(m, SIP_HDR_MIN_EXPIRES), &least_s) &&
	    least_s > r->asked_s && least_s <= REGISTRATION_EXPIRES_MAX_S) {
		r->asked_s = least_s;
	} else if (m->status == 439 && !r->no_outbound) {
		/* RFC 5626 4.2.1: 439 (First Hop Lacks Outbound Support): "it MAY re-attempt registration without
		 * using the outbound mechanism". */
		r->no_outbound = true;
	} else {
		return false;
	}
	r->rounds++;
	return true;
}


/* It would end in the same way again. */
static bool is_final(const struct exchange_end *e)
{
	if (!e->m)
		return false;
	switch (e->m->status) {
	case 408:
	case 423:
	case 430: /* Flow Failed */
	case 480:
		return false;
	default:
		return e->m->status < 500 || e->m->status >= 600;
	}
}


static void left(struct parley *p, const struct exchange_end *e)
{
	struct registration *r = &p->registration;

	timer_cancel(&r->leave);
	timer_cancel(&p->quiet);
	r->bound = false;
	r->answered = false;
	move(p, PARLEY_IDLE, e, 0);
}


/* A report on the last message received may still be on its way, and so may a BYE. */
static bool is_quiet(const struct parley *p)
{
	return list_empty(&p->exchanges) && list_empty(&p->sessions) &&
	       !sip_dialogs_count(p->dialogs);
}


static void on_done(struct exchange *x, const struct exchange_end *e, void *arg)
{
	struct parley *p = arg;
	struct registration *r = &p->registration;

	mem_ref(x);
	r->x = exchange_cancel(r->x);
	r->cseq = e->cseq;
	if (r->state == PARLEY_LEAVING) {
		r->answered = !is_quiet(p);
		if (!r->answered)
			left(p, e);
	} else if (e->m && e->m->status < 300) {
		registered(p, e);
	} else if (e->m && !e->error && asks_again(p, e->m)) {
		try(p);
	} else if (is_final(e)) {
		keepalive_stop(p);
		forget_route(r);
		r->bound = false;
		move(p, PARLEY_REFUSED, e, 0);
	} else {
		wait(p, e);
	}
	mem_unref(x);
}


/* ---- From outside ---- */

void registration_exchange_ended(struct parley *p)
{
	if (p->registration.state == PARLEY_LEAVING && p->registration.answered && is_quiet(p))
		left(p, NULL);
}


void registration_flow_closed(struct parley *p, uint64_t flow)
{
	struct registration *r = &p->registration;
	uint64_t now = loop_now_ms(p->loop);

	if (!flow || flow != r->flow || r->state != PARLEY_REGISTERED)
		return;
	r->flow = 0;
	keepalive_stop(p);
	/* RFC 5626 4.5: "the UA needs to form a new flow to replace the old flow"; only "if there is a failure
	 * in forming this flow, the UA needs to wait". A flow that never proved itself is such a failure. */
	if (now - r->since_ms < REGISTRATION_PROVEN_MS) {
		r->x = exchange_cancel(r->x);
		wait(p, &(struct exchange_end){.error = -ECONNRESET});
		return;
	}
	r->failures = 0;
	r->rounds = 0;
	if (!r->x)
		timer_start(&r->next, loop_timers(p->loop),
			    loop_random_u64(p->loop) % REGISTRATION_RECONNECT_MS, on_next, p);
	move(p, PARLEY_REGISTERING, &(struct exchange_end){.error = -ECONNRESET}, 0);
}


int parley_register(struct parley *p)
{
	struct registration *r = &p->registration;
	int err;

	if (r->x && r->state != PARLEY_LEAVING)
		return 0;
	r->rounds = 0;
	r->answered = false;
	timer_cancel(&r->leave);
	timer_cancel(&p->quiet);
	err = start(p);
	if (err)
		return err;
	timer_cancel(&r->next);
	if (r->state != PARLEY_REGISTERED)
		sm_move(&machine, &r->state, PARLEY_REGISTERING);
	return 0;
}


static void on_leave(struct timer *t, void *arg)
{
	struct parley *p = arg;
	struct registration *r = &p->registration;

	(void)t;
	account_enter(p);
	r->x = exchange_cancel(r->x);
	left(p, &(struct exchange_end){.error = -ETIMEDOUT});
	account_leave(p);
}


/* Calls end, and what their end needs of the wire is waited for. */
static void on_quiet(struct timer *t, void *arg)
{
	struct parley *p = arg;

	account_enter(p);
	sessions_leave(p);
	if (!p->closed && p->registration.state == PARLEY_LEAVING) {
		timer_start(t, loop_timers(p->loop), REGISTRATION_QUIET_MS, on_quiet, p);
		registration_exchange_ended(p);
	}
	account_leave(p);
}


static bool has_calls(const struct parley *p)
{
	return !list_empty(&p->sessions) || sip_dialogs_count(p->dialogs);
}


/* `leave` runs, and with it patience. */
static void wait_quiet(struct parley *p)
{
	timer_start(&p->registration.leave, loop_timers(p->loop), PARLEY_LEAVE_MS, on_leave, p);
	if (has_calls(p))
		timer_start(&p->quiet, loop_timers(p->loop), 0, on_quiet, p);
}


/* Without a registration: only calls are to be ended. */
static int hang_up(struct parley *p)
{
	if (!has_calls(p))
		return -EALREADY;
	sm_move(&machine, &p->registration.state, PARLEY_LEAVING);
	p->registration.answered = true;
	wait_quiet(p);
	return 0;
}


int parley_unregister(struct parley *p)
{
	struct registration *r = &p->registration;
	uint8_t before = r->state;
	int err;

	if (before == PARLEY_LEAVING)
		return 0;
	if (before == PARLEY_IDLE || before == PARLEY_REFUSED)
		return hang_up(p);
	timer_cancel(&r->next);
	keepalive_stop(p);
	forget_route(r);
	if (before == PARLEY_WAITING && !r->bound) {
		sm_move(&machine, &r->state, PARLEY_IDLE);
		return hang_up(p);
	}
	sm_move(&machine, &r->state, PARLEY_LEAVING);
	err = start(p);
	if (err) {
		r->x = exchange_cancel(r->x);
		r->bound = false;
		sm_move(&machine, &r->state, PARLEY_IDLE);
		return err;
	}
	wait_quiet(p);
	return 0;
}


void registration_init(struct parley *p)
{
	struct registration *r = &p->registration;

	r->state = PARLEY_IDLE;
	r->asked_s = p->expires_s;
	account_put_random(p, r->call_id, 32);
}


void registration_done(struct parley *p)
{
	struct registration *r = &p->registration;

	timer_cancel(&r->next);
	timer_cancel(&r->leave);
	keepalive_stop(p);
	r->x = exchange_cancel(r->x);
	forget_route(r);
}
