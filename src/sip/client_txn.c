/* SPDX-License-Identifier: Apache-2.0 */
/* Client transactions: RFC 3261 17.1 with RFC 6026. */
#include "sip/txn.h"

#include <errno.h>

#include "base/mem.h"

/**
 * INVITE: RFC 3261 17.1.1, figure 5, as RFC 6026 7.2 and figure 6 change it.
 *
 *             sent; Timer A repeats it (T1, doubling), unless over TCP
 *               v
 *            CALLING --- Timer B (64*T1), transport error: the next hop, else `failed`
 *           |   |   |
 *           |   |   '---- 1xx --.
 *       2xx |   | 300-699       v
 *           |   | ACK      PROCEEDING --- 1xx: `response`; a CANCEL that was asked for leaves
 *           v   v           |      |
 *     ACCEPTED <---- 2xx ---'      | 300-699: ACK, `response`
 *        |     COMPLETED <---------'
 *        |          |      a repeated response: ACK again
 *        | Timer M  | Timer D (32 s; 0 over TCP)
 *        v          v
 *         TERMINATED
 *
 * ACCEPTED passes every 2xx to the user, who acknowledges it.
 */
static const struct sm_state invite_states[] = {
	[CLIENT_CALLING] = {"calling", SM_TO(CLIENT_CALLING) | SM_TO(CLIENT_PROCEEDING) |
					       SM_TO(CLIENT_ACCEPTED) | SM_TO(CLIENT_COMPLETED) |
					       SM_TO(CLIENT_TERMINATED)},
	[CLIENT_PROCEEDING] = {"proceeding", SM_TO(CLIENT_CALLING) | SM_TO(CLIENT_ACCEPTED) |
						     SM_TO(CLIENT_COMPLETED) |
						     SM_TO(CLIENT_TERMINATED)},
	[CLIENT_ACCEPTED] = {"accepted", SM_TO(CLIENT_TERMINATED)},
	[CLIENT_COMPLETED] = {"completed", SM_TO(CLIENT_TERMINATED)},
	[CLIENT_TERMINATED] = {"terminated", 0},
};
static const struct sm_table invite_machine = SM_TABLE("client-invite", invite_states);

/**
 * Other methods: RFC 3261 17.1.2, figure 6.
 *
 *             sent; Timer E repeats it (T1, doubling to T2), unless over TCP
 *               v
 *            TRYING --- Timer F (64*T1), transport error: the next hop, else `failed`
 *           |      |
 *           |      '--- 1xx ---> PROCEEDING --- Timer E is T2; Timer F: `failed`
 *     final |                        | final
 *           v                        v
 *         COMPLETED: `response`
 *           v
 *         TERMINATED
 *
 * COMPLETED takes no time. Timer K (T4 over UDP) exists to absorb repetitions of the final response;
 * one that finds no transaction is dropped all the same (RFC 6026 8.9 forbids to forward it), so that
 * nothing need be kept for it.
 *
 * Going back to CALLING or TRYING is another transaction at the next hop (RFC 3263 4.3): new branch,
 * new timers, the same object.
 */
static const struct sm_state other_states[] = {
	[CLIENT_TRYING] = {"trying", SM_TO(CLIENT_TRYING) | SM_TO(CLIENT_PROCEEDING) |
					     SM_TO(CLIENT_COMPLETED) | SM_TO(CLIENT_TERMINATED)},
	[CLIENT_PROCEEDING] = {"proceeding", SM_TO(CLIENT_TRYING) | SM_TO(CLIENT_COMPLETED) |
						     SM_TO(CLIENT_TERMINATED)},
	[CLIENT_ACCEPTED] = {"accepted", 0},
	[CLIENT_COMPLETED] = {"completed", SM_TO(CLIENT_TERMINATED)},
	[CLIENT_TERMINATED] = {"terminated", 0},
};
static const struct sm_table other_machine = SM_TABLE("client-other", other_states);


static void move(struct sip_client_txn *ct, enum client_state to)
{
	sm_move(ct->method == SIP_INVITE ? &invite_machine : &other_machine, &ct->state, to);
}


static bool reliable(const struct sip_client_txn *ct)
{
	return ct->hop.kind != SIP_UDP;
}


/* Does anybody but the engine hold it? */
static bool has_user(const struct sip_client_txn *ct)
{
	return ct->handler && mem_refs(ct) > 1;
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct sip_client_txn *ct = object;

	timer_cancel(&ct->timer);
	block_give(&ct->msg, ct->slab);
	mem_free(ct->hops);
}


struct sip_client_txn *client_alloc(struct sip *s, enum sip_method method)
{
	struct sip_client_txn *ct = mem_alloc_in(s->slab, sizeof(*ct), destroy);

	if (!ct)
		return NULL;
	ct->sip = s;
	ct->slab = s->slab;
	ct->method = method;
	ct->slot = TXN_SLOT_NONE;
	return ct;
}


static void drop_message(struct sip_client_txn *ct)
{
	block_give(&ct->msg, ct->slab);
	mem_free(ct->hops);
	ct->via_n = 0;
	ct->method_name = STR_NULL;
	ct->hops = ct->hops_next = NULL;
	ct->hops_left = 0;
	ct->hop.host = STR_NULL;
}


static void unwatch_hop(struct sip_client_txn *ct);


void client_end(struct sip_client_txn *ct)
{
	struct sip *s = ct->sip;

	move(ct, CLIENT_TERMINATED);
	timer_cancel(&ct->timer);
	unwatch_hop(ct);
	client_slot_drop(s, ct->slot);
	ct->slot = TXN_SLOT_NONE;
	if (ct->cancel)
		client_end(ct->cancel);
	if (ct->cancelled)
		ct->cancelled->cancel = NULL;
	drop_message(ct);
	ct->sip = NULL;
	mem_unref(ct);
}


static void fail(struct sip_client_txn *ct, int error)
{
	bool tell = has_user(ct);

	mem_ref(ct);
	client_end(ct);
	if (tell)
		ct->handler->failed(ct, error, ct->arg);
	mem_unref(ct);
}


void client_abort(struct sip_client_txn *ct)
{
	fail(ct, -ECANCELED);
}


/* ---- Transport errors find the transactions they concern ---- */

static struct list *flow_list(struct sip *s, uint64_t flow)
{
	return &s->by_hop[flow % TXN_HOP_LISTS];
}


static struct list *addr_list(struct sip *s, const struct addr *a)
{
	uint64_t h = addr_port(a);
	const uint32_t *w = a->sa.sa_family == AF_INET6 ? a->in6.sin6_addr.s6_addr32
							: &a->in.sin_addr.s_addr;

	for (int i = 0; i < (a->sa.sa_family == AF_INET6 ? 4 : 1); i++)
		h = (h ^ w[i]) * 0x9e3779b97f4a7c15u;
	return &s->by_hop[(h >> 40) % TXN_HOP_LISTS];
}


static void unwatch_hop(struct sip_client_txn *ct)
{
	if (ct->watched)
		list_remove(ct->watched, &ct->by_hop);
	ct->watched = NULL;
}


void client_watch_hop(struct sip_client_txn *ct)
{
	unwatch_hop(ct);
	ct->watched = ct->hop.flow ? flow_list(ct->sip, ct->hop.flow)
				   : addr_list(ct->sip, &ct->hop.addr);
	list_append(ct->watched, &ct->by_hop);
}


/* ---- The next hop ---- */

/* True: the request is on its way again. `avoid_ms`: see sip_resolver_avoid. */
static bool try_next(struct sip_client_txn *ct, int error, uint32_t avoid_ms)
{
	/* TCP was tried because of the size; that says nothing about the hop. */
	if (!ct->udp_after || error == -ETIMEDOUT)
		sip_resolver_avoid(ct->sip->resolver, &ct->hop, avoid_ms);
	if (ct->cancel_wanted || !client_next_hop(ct, error))
		return false;
	move(ct, CLIENT_CALLING);
	return client_try_hops(ct) == 0;
}


static void transport_failed(struct sip_client_txn *ct, int error)
{
	unwatch_hop(ct);
	/* With a provisional response in hand the final one can still come, over another connection. */
	if (ct->state != CLIENT_CALLING)
		return;
	if (!try_next(ct, error, 0))
		fail(ct, error);
}


static bool concerns(const struct sip_client_txn *ct, enum sip_transport_kind kind,
		     const struct addr *peer, uint64_t flow)
{
	if (ct->hop.flow)
		return ct->hop.flow == flow;
	return ct->hop.kind == kind && addr_eq(&ct->hop.addr, peer);
}


/* They are taken off the lists first: what their users do, and the next hop, may put others onto them. */
static void gather_failing(struct sip *s, struct list *all, enum sip_transport_kind kind,
			   const struct addr *peer, uint64_t flow)
{
	struct list_link *l, *next;

	for (l = list_first(all); l; l = next) {
		struct sip_client_txn *ct = container_of(l, struct sip_client_txn, by_hop);

		next = list_next(all, l);
		if (!concerns(ct, kind, peer, flow))
			continue;
		list_remove(all, l);
		list_append(&s->failing, l);
		ct->watched = &s->failing;
	}
}


void client_transport_failed(struct sip *s, enum sip_transport_kind kind, const struct addr *peer,
			     uint64_t flow, int error)
{
	struct list_link *l;

	gather_failing(s, addr_list(s, peer), kind, peer, flow);
	if (flow)
		gather_failing(s, flow_list(s, flow), kind, peer, flow);
	while ((l = list_first(&s->failing)))
		transport_failed(container_of(l, struct sip_client_txn, by_hop), error);
}


/* ---- Timers ---- */

static void on_timer(struct timer *t, void *arg);


static void timer_for(struct sip_client_txn *ct, uint32_t ms)
{
	timer_start(&ct->timer, ct->sip->timers, ms, on_timer, ct);
}


/* Until the next repetition, or until it is given up, whichever comes first. */
static void timer_repeat(struct sip_client_txn *ct)
{
	uint64_t left = ct->deadline_ms - timers_now(ct->sip->timers);

	timer_for(ct, left < ct->interval_ms ? (uint32_t)left : ct->interval_ms);
}


void client_timers_start(struct sip_client_txn *ct)
{
	const struct sip_timers *t = &ct->sip->t;

	ct->deadline_ms = timers_now(ct->sip->timers) + t->linger_ms;
	ct->interval_ms = reliable(ct) ? t->linger_ms : t->t1_ms;
	timer_repeat(ct);
}


/* RFC 3261 17.1.1.2: Timer A doubles without end. 17.1.2.2: Timer E is MIN(2*E, T2), "If Timer E fires
 * while in the "Proceeding" state […] Timer E MUST be reset with a value of T2 seconds". */
static uint32_t next_interval(const struct sip_client_txn *ct)
{
	uint32_t t2 = ct->sip->t.t2_ms, twice = 2 * ct->interval_ms;

	if (ct->method == SIP_INVITE)
		return twice;
	return ct->state == CLIENT_PROCEEDING || twice > t2 ? t2 : twice;
}


/* An INVITE is repeated whatever the hop is like: its interval doubles without end, so that it would miss the hop's
 * return for long. */
static bool spared(struct sip_client_txn *ct)
{
	return ct->method != SIP_INVITE && ct->state == CLIENT_TRYING &&
	       silent_hops_repeat(&ct->sip->silent, &ct->hop, ct->interval_ms == ct->sip->t.t1_ms,
				  timers_now(ct->sip->timers));
}


static void repeat(struct sip_client_txn *ct)
{
	int err = 0;

	if (!spared(ct)) {
		err = sip_transport_send(ct->sip->transports, &ct->hop, ct->msg.p, ct->msg.n);
		counter_add(&sip_c_retransmitted, 1);
	}
	if (err)
		counter_add(&sip_c_transport_errors, 1);
	ct->interval_ms = next_interval(ct);
	timer_repeat(ct);
}


/* Timers B and F. RFC 3263 4.3: another hop when "the transaction layer times out without ever having
 * received any response, provisional or final". */
static void timed_out(struct sip_client_txn *ct)
{
	bool silent = ct->state == CLIENT_CALLING;

	counter_add(&sip_c_client_timeouts, 1);
	if (ct->cancelled) {
		client_end(ct);
		return;
	}
	if (!silent || !try_next(ct, -ETIMEDOUT, 0))
		fail(ct, -ETIMEDOUT);
}


/* INVITE that rings. After a CANCEL, 9.1: "If there is no final response for the original request in
 * 64*T1 seconds […] the client SHOULD then consider the original transaction cancelled and SHOULD
 * destroy the client transaction". Otherwise how long it rings is the user's affair; one that nobody
 * waits for any more is cancelled. */
static void ringing_end(struct sip_client_txn *ct)
{
	if (ct->cancel_sent) {
		fail(ct, -ECANCELED);
		return;
	}
	timer_for(ct, ct->sip->t.c_ms);
	if (!has_user(ct))
		sip_client_cancel(ct);
}


static void on_timer(struct timer *t, void *arg)
{
	struct sip_client_txn *ct = arg;

	(void)t;
	if (ct->state == CLIENT_ACCEPTED || ct->state == CLIENT_COMPLETED)
		client_end(ct);
	else if (ct->method == SIP_INVITE && ct->state == CLIENT_PROCEEDING)
		ringing_end(ct);
	else if (timers_now(ct->sip->timers) >= ct->deadline_ms)
		timed_out(ct);
	else
		repeat(ct);
}


/* ---- CANCEL ---- */

/* A transaction of its own (9.1) that shares the INVITE's branch, and therefore its slot. */
static void send_cancel(struct sip_client_txn *ct)
{
	struct sip_client_txn *c;

	ct->cancel_sent = true;
	timer_for(ct, ct->sip->t.linger_ms);
	c = client_alloc(ct->sip, SIP_CANCEL);
	if (!c)
		return;
	if (client_derive(ct, NULL, &c->msg)) {
		client_end(c);
		return;
	}
	c->hop = ct->hop;
	c->cancelled = ct;
	ct->cancel = c;
	(void)sip_transport_send(c->sip->transports, &c->hop, c->msg.p, c->msg.n);
	client_timers_start(c);
}


void sip_client_cancel(struct sip_client_txn *ct)
{
	if (!ct->sip || ct->method != SIP_INVITE || ct->cancel_sent)
		return;
	ct->cancel_wanted = true;
	/* 9.1: "If no provisional response has been received, the CANCEL request MUST NOT be sent;
	 * rather, the client MUST wait for the arrival of a provisional response before sending". */
	if (ct->state == CLIENT_PROCEEDING)
		send_cancel(ct);
}


/* ---- Responses ---- */

/* The user is told last, when the machine has made its move. */
static void tell(struct sip_client_txn *ct, const struct sip_msg *m, bool end)
{
	bool user = has_user(ct) && m->status > 100;

	if (!user) {
		if (end)
			client_end(ct);
		return;
	}
	mem_ref(ct);
	if (end)
		client_end(ct);
	ct->handler->response(ct, m, ct->arg);
	mem_unref(ct);
}


/* RFC 3261 21.5.4: 503 may say for how long; RFC 3263 4.3 makes it a reason to try the next hop. */
static bool unavailable(struct sip_client_txn *ct, const struct sip_msg *m)
{
	uint32_t after_s = sip_msg_retry_after_s(m);

	if (m->status != 503 || ct->cancelled)
		return false;
	if (after_s > SIP_HOP_AVOID_MAX_S)
		after_s = SIP_HOP_AVOID_MAX_S;
	if (!client_has_hops(ct)) {
		if (after_s)
			sip_resolver_avoid(ct->sip->resolver, &ct->hop, after_s * 1000);
		return false;
	}
	ct->udp_after = false;
	return try_next(ct, -EAGAIN, after_s * 1000);
}


static void other_response(struct sip_client_txn *ct, const struct sip_msg *m)
{
	if (m->status < 200) {
		if (ct->state == CLIENT_TRYING)
			move(ct, CLIENT_PROCEEDING);
		tell(ct, m, false);
		return;
	}
	if (unavailable(ct, m))
		return;
	move(ct, CLIENT_COMPLETED);
	tell(ct, m, true);
}


static void invite_provisional(struct sip_client_txn *ct, const struct sip_msg *m)
{
	if (ct->state == CLIENT_CALLING) {
		move(ct, CLIENT_PROCEEDING);
		unwatch_hop(ct);
		timer_for(ct, ct->sip->t.c_ms);
	}
	if (ct->state != CLIENT_PROCEEDING)
		return;
	if (ct->cancel_wanted && !ct->cancel_sent)
		send_cancel(ct);
	tell(ct, m, false);
}


static void invite_success(struct sip_client_txn *ct, const struct sip_msg *m)
{
	if (ct->state == CLIENT_COMPLETED)
		return;
	if (ct->state != CLIENT_ACCEPTED) {
		move(ct, CLIENT_ACCEPTED);
		unwatch_hop(ct);
		drop_message(ct);
		timer_for(ct, ct->sip->t.linger_ms);
	}
	tell(ct, m, false);
}


static void send_ack(struct sip_client_txn *ct)
{
	if (sip_transport_send(ct->sip->transports, &ct->hop, ct->msg.p, ct->msg.n))
		counter_add(&sip_c_transport_errors, 1);
}


/* The ACK takes the INVITE's place as the message kept. Without memory for it the INVITE's transaction
 * ends: the other side repeats its response for a while. */
static bool ack_in_place(struct sip_client_txn *ct, const struct sip_msg *m)
{
	struct block ack;

	if (client_derive(ct, m, &ack))
		return false;
	block_give(&ct->msg, ct->slab);
	ct->msg = ack;
	send_ack(ct);
	return true;
}


/* The hop that said 503 gets its ACK, then the INVITE goes to the next. */
static bool invite_unavailable(struct sip_client_txn *ct, const struct sip_msg *m)
{
	struct block ack;

	if (m->status != 503 || !client_has_hops(ct) || ct->cancel_wanted)
		return false;
	if (client_derive(ct, m, &ack) == 0) {
		(void)sip_transport_send(ct->sip->transports, &ct->hop, ack.p, ack.n);
		block_give(&ack, ct->slab);
	}
	return unavailable(ct, m);
}


static void invite_failure(struct sip_client_txn *ct, const struct sip_msg *m)
{
	bool acked;

	if (ct->state == CLIENT_ACCEPTED)
		return;
	if (ct->state == CLIENT_COMPLETED) {
		send_ack(ct);
		return;
	}
	if (invite_unavailable(ct, m))
		return;

	acked = ack_in_place(ct, m);
	move(ct, CLIENT_COMPLETED);
	unwatch_hop(ct);
	/* 17.1.1.2: Timer D, "at least 32 seconds for unreliable transports, and […] zero seconds
	 * for reliable transports". */
	if (acked && !reliable(ct)) {
		timer_for(ct, ct->sip->t.linger_ms);
		tell(ct, m, false);
	} else {
		tell(ct, m, true);
	}
}


static void invite_response(struct sip_client_txn *ct, const struct sip_msg *m)
{
	if (m->status < 200)
		invite_provisional(ct, m);
	else if (m->status < 300)
		invite_success(ct, m);
	else
		invite_failure(ct, m);
}


bool client_response(struct sip *s, const struct sip_msg *m)
{
	struct sip_client_txn *ct = client_find(s, m->via.branch);

	if (!ct)
		return false;
	if (m->method == SIP_CANCEL && ct->method == SIP_INVITE) {
		ct = ct->cancel;
		if (!ct)
			return false;
	}
	/* RFC 3261 17.1.3: "the method parameter in the CSeq header field matches the method of the
	 * request that created the transaction. The method is needed since a CANCEL request
	 * constitutes a different transaction, but shares the same value of the branch parameter." */
	if (ct->method != m->method ||
	    (ct->method == SIP_METHOD_OTHER && !str_eq(ct->method_name, m->method_name)))
		return false;

	silent_hops_heard(&s->silent, &ct->hop);
	if (ct->method == SIP_INVITE)
		invite_response(ct, m);
	else
		other_response(ct, m);
	return true;
}


const struct sip_hop *sip_client_hop(const struct sip_client_txn *ct)
{
	return &ct->hop;
}
