/* SPDX-License-Identifier: Apache-2.0 */
/* Server transactions: RFC 3261 17.2 with RFC 6026 and RFC 4320. */
#include "sip/txn.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/source_note.h"

/**
 * INVITE: RFC 3261 17.2.1, figure 7, as RFC 6026 7.1 and figure 5 change it.
 *
 *             INVITE: `request`, 100 after 200 ms
 *               v
 *          PROCEEDING --- 1xx of the user, kept; repeated to a repeated INVITE
 *           |      |
 *       2xx |      | 300-699, kept; repeated to a repeated INVITE and by Timer G (T1, doubling to T2)
 *           v      v
 *     ACCEPTED   COMPLETED --- ACK ---> CONFIRMED   absorbs further ACKs
 *        |          |                       |
 *        | Timer L  | Timer H: `ended`      | Timer I (T4; 0 over TCP)
 *        v          v                       v
 *                      TERMINATED
 *
 * ACCEPTED absorbs repeated INVITEs, passes ACKs to the user and further 2xx from it.
 */
static const struct sm_state invite_states[] = {
	[SERVER_TRYING] = {"trying", 0},
	[SERVER_PROCEEDING] = {"proceeding", SM_TO(SERVER_PROCEEDING) | SM_TO(SERVER_ACCEPTED) |
						     SM_TO(SERVER_COMPLETED) |
						     SM_TO(SERVER_TERMINATED)},
	[SERVER_ACCEPTED] = {"accepted", SM_TO(SERVER_ACCEPTED) | SM_TO(SERVER_TERMINATED)},
	[SERVER_COMPLETED] = {"completed", SM_TO(SERVER_CONFIRMED) | SM_TO(SERVER_TERMINATED)},
	[SERVER_CONFIRMED] = {"confirmed", SM_TO(SERVER_TERMINATED)},
	[SERVER_TERMINATED] = {"terminated", 0},
};
const struct sm_table server_invite_machine = SM_TABLE("server-invite", invite_states);

/**
 * Other methods: RFC 3261 17.2.2, figure 8, with RFC 4320 4.1 and 4.2.
 *
 *           request: `request`
 *             v
 *          TRYING ------- final -------.
 *             |                        |
 *             | 100, when Timer E of   |
 *             | the client is at T2    |
 *             v                        v
 *         PROCEEDING --- final ---> COMPLETED    the response is repeated to a repeated request
 *             |                        |
 *             | 64*T1, and 408:        | Timer J (64*T1; 0 over TCP)
 *             | silence                |
 *             v                        v
 *                     TERMINATED
 *
 * COMPLETED over UDP is a struct server_record in the transaction's place. Over TCP there is no such
 * state to speak of: Timer J is 0.
 */
static const struct sm_state other_states[] = {
	[SERVER_TRYING] = {"trying", SM_TO(SERVER_PROCEEDING) | SM_TO(SERVER_COMPLETED) |
					     SM_TO(SERVER_TERMINATED)},
	[SERVER_PROCEEDING] = {"proceeding", SM_TO(SERVER_PROCEEDING) | SM_TO(SERVER_COMPLETED) |
						     SM_TO(SERVER_TERMINATED)},
	[SERVER_ACCEPTED] = {"accepted", 0},
	[SERVER_COMPLETED] = {"completed", SM_TO(SERVER_TERMINATED)},
	[SERVER_CONFIRMED] = {"confirmed", 0},
	[SERVER_TERMINATED] = {"terminated", 0},
};
const struct sm_table server_other_machine = SM_TABLE("server-other", other_states);


void server_move(struct sip_server_txn *st, enum server_state to)
{
	sm_move(st->method == SIP_INVITE ? &server_invite_machine : &server_other_machine,
		&st->state, to);
}


bool server_reliable(const struct sip_server_txn *st)
{
	return st->src.kind != SIP_UDP;
}


bool server_accepted(const struct sip_server_txn *st)
{
	return st->e.sip && st->state == SERVER_ACCEPTED;
}


static struct sip_server_txn *txn_of(struct server_entry *e)
{
	return container_of(e, struct sip_server_txn, e);
}


static struct server_record *record_of(struct server_entry *e)
{
	return container_of(e, struct server_record, e);
}


static void destroy(void *object)
{
	struct sip_server_txn *st = object;

	timer_cancel(&st->e.timer);
	timer_cancel(&st->resend);
	block_give(&st->request, st->slab);
	block_give(&st->response, st->slab);
}


/* The bytes of the request stay as long as the user is inside `request`, who was given views of them. */
static void drop_request(struct sip_server_txn *st)
{
	if (st->live)
		return;
	block_give(&st->request, st->slab);
}


/* ---- The end ---- */

void server_end(struct sip_server_txn *st)
{
	struct sip *s = st->e.sip;

	if (st->state == SERVER_TRYING || st->state == SERVER_PROCEEDING)
		sip_pending_add(s, -1);
	else
		sip_lingering_add(s, -1);

	server_move(st, SERVER_TERMINATED);
	timer_cancel(&st->e.timer);
	timer_cancel(&st->resend);
	hash_remove(&s->servers, &st->e.link);
	st->e.sip = NULL;
	st->answered = true;
	st->watch = NULL;
	drop_request(st);
	mem_unref(st);
}


static void end_with(struct sip_server_txn *st, int error)
{
	const struct sip_server_watch *w = st->watch;
	void *arg = st->watch_arg;

	mem_ref(st);
	server_end(st);
	if (w && w->ended)
		w->ended(st, error, arg);
	mem_unref(st);
}


void server_entry_end(struct server_entry *e)
{
	if (e->record)
		server_record_end(record_of(e));
	else
		end_with(txn_of(e), -ECANCELED);
}


void server_lingers(struct sip_server_txn *st)
{
	sip_pending_add(st->e.sip, -1);
	sip_lingering_add(st->e.sip, 1);
	st->answered = true;
	drop_request(st);
}


/* ---- Timers ---- */

static void on_timer_g(struct timer *t, void *arg)
{
	struct sip_server_txn *st = arg;
	struct sip *s = st->e.sip;

	(void)t;
	counter_add(&sip_c_retransmitted, 1);
	server_send(s, &st->hop, block_str(&st->response));
	st->resend_ms = 2 * st->resend_ms < s->t.t2_ms ? 2 * st->resend_ms : s->t.t2_ms;
	timer_start(&st->resend, s->timers, st->resend_ms, on_timer_g, st);
}


/* Timers H, I and L. */
static void on_linger_end(struct timer *t, void *arg)
{
	struct sip_server_txn *st = arg;

	(void)t;
	if (st->state == SERVER_CONFIRMED)
		server_end(st);
	else
		end_with(st, st->state == SERVER_COMPLETED ? -ETIMEDOUT : 0);
}


/* RFC 3261 17.2.1: the user did not answer within 200 ms. */
static void on_trying(struct timer *t, void *arg)
{
	(void)t;
	(void)sip_reply(arg, 100, STR_NULL);
}


/* RFC 4320 4.2: "an element that cannot respond before the transaction expires will not send a
 * final response at all." */
static void on_unanswered(struct timer *t, void *arg)
{
	struct sip_server_txn *st = arg;

	(void)t;
	if (st->answered) {
		server_end(st);
		return;
	}
	counter_add(&sip_c_unanswered, 1);
	end_with(st, -ETIMEDOUT);
}


/* RFC 4320 4.1: "Without regard to transport, an SIP element MUST respond to a non-INVITE request with
 * a Status-Code of 100 if it has not otherwise responded after the amount of time it takes a client
 * transaction's Timer E to be reset to T2." */
static void on_t2_reached(struct timer *t, void *arg)
{
	struct sip_server_txn *st = arg;
	struct sip *s = st->e.sip;

	(void)t;
	timer_start(&st->e.timer, s->timers, s->t.linger_ms - s->t100_ms, on_unanswered, st);
	if (st->answered)
		return;
	if (st->state == SERVER_TRYING)
		server_move(st, SERVER_PROCEEDING);
	(void)sip_reply(st, 100, STR_NULL);
}


void server_timers_start(struct sip_server_txn *st)
{
	struct sip *s = st->e.sip;

	switch (st->state) {
	case SERVER_TRYING:
		timer_start(&st->e.timer, s->timers, s->t100_ms, on_t2_reached, st);
		break;
	case SERVER_PROCEEDING:
		timer_start(&st->resend, s->timers, SIP_TRYING_MS, on_trying, st);
		break;
	case SERVER_ACCEPTED:
		timer_start(&st->e.timer, s->timers, s->t.linger_ms, on_linger_end, st);
		break;
	case SERVER_COMPLETED:
		timer_start(&st->e.timer, s->timers, s->t.linger_ms, on_linger_end, st);
		if (server_reliable(st))
			break;
		st->resend_ms = s->t.t1_ms;
		timer_start(&st->resend, s->timers, st->resend_ms, on_timer_g, st);
		break;
	case SERVER_CONFIRMED:
		timer_cancel(&st->resend);
		timer_start(&st->e.timer, s->timers, s->t.t4_ms, on_linger_end, st);
		break;
	default:
		break;
	}
}


/* ---- What arrives ---- */

struct server_entry *server_find(struct sip *s, const struct txn_key *key, bool ack)
{
	for (struct hash_link *l = hash_first(&s->servers, key->hash); l; l = hash_next(l)) {
		struct server_entry *e = container_of(l, struct server_entry, link);

		if (txn_key_eq(key, e->key, e->key_n, e->to_tag_n, ack))
			return e;
	}
	return NULL;
}


void server_retransmitted(struct server_entry *e)
{
	struct sip_server_txn *st;

	counter_add(&sip_c_retransmissions, 1);
	if (e->record) {
		server_record_resend(record_of(e), e->sip);
		return;
	}
	st = txn_of(e);
	if (st->response.n && (st->state == SERVER_PROCEEDING || st->state == SERVER_COMPLETED))
		server_send(e->sip, &st->hop, block_str(&st->response));
}


/* RFC 3261 17.2.3 asks of an RFC 2543 ACK that its To tag be the response's. */
static bool tag_is_of_response(const struct sip_server_txn *st, const struct sip_msg *ack)
{
	struct sip_msg m;

	if (!st->response.n || sip_msg_decode(&m, block_str(&st->response), false))
		return false;
	return str_eq(m.to_tag, ack->to_tag);
}


bool server_acked(struct server_entry *e, const struct sip_msg *m)
{
	struct sip_server_txn *st;

	if (e->record)
		return true;
	st = txn_of(e);
	if (st->state == SERVER_ACCEPTED)
		return false;
	if (st->state != SERVER_COMPLETED)
		return true;
	if (!sip_via_is_3261(&m->via) && !tag_is_of_response(st, m))
		return true;

	/* 17.2.1: "Timer I: set to T4 seconds for unreliable transports, and zero seconds for
	 * reliable transports." */
	server_move(st, SERVER_CONFIRMED);
	if (server_reliable(st))
		server_end(st);
	else
		server_timers_start(st);
	return true;
}


void server_cancelled(struct server_entry *e, const struct sip_msg *m)
{
	struct sip_server_txn *st;

	if (e->record)
		return;
	/* 9.2: "If the UAS has issued a final response for the original request, the CANCEL request
	 * has no effect on the processing of the original request". */
	st = txn_of(e);
	if (st->state != SERVER_PROCEEDING || st->cancelled)
		return;

	st->cancelled = true;
	if (st->watch && st->watch->cancelled)
		st->watch->cancelled(st, m, st->watch_arg);
	else
		(void)sip_reply(st, 487, STR_NULL);
}


static struct sip_server_txn *txn_alloc(struct sip *s, const struct txn_key *key,
					const struct sip_source *src)
{
	struct sip_server_txn *st = mem_alloc_in(s->slab, sizeof(*st) + key->n, destroy);

	if (!st)
		return NULL;

	memcpy(st->key, key->bytes, key->n);
	st->e.key = st->key;
	st->e.key_n = key->n;
	st->e.to_tag_n = key->to_tag_n;
	st->e.sip = s;
	st->src = *src;
	st->slab = s->slab;
	return st;
}


int server_txn_start(struct sip *s, const struct txn_key *key, struct sip_msg *m,
		     const struct sip_source *src)
{
	struct sip_server_txn *st = txn_alloc(s, key, src);
	size_t size;

	if (!st)
		return -ENOMEM;

	server_hop(&st->hop, m, src);
	if (sip_source_note(&st->request.p, &size, s->slab, m, src)) {
		mem_unref(st);
		return -ENOMEM;
	}
	st->request.size = (uint32_t)size;
	st->request.n = (uint32_t)m->n;
	st->method = m->method;
	st->state = m->method == SIP_INVITE ? SERVER_PROCEEDING : SERVER_TRYING;
	hash_insert(&s->servers, &st->e.link, key->hash);
	sip_pending_add(s, 1);
	server_timers_start(st);

	mem_ref(st);
	st->live = m;
	s->handler->request(st, m, &st->src, s->arg);
	st->live = NULL;
	if (st->answered)
		drop_request(st);
	mem_unref(st);
	return 0;
}


/* ---- What the user may ask ---- */

struct sip *sip_server_txn_sip(struct sip_server_txn *st)
{
	return st->e.sip;
}


const struct sip_msg *sip_server_txn_message(struct sip_server_txn *st, struct sip_msg *storage)
{
	if (!st->request.n || st->answered)
		return NULL;
	if (st->live)
		return st->live;
	(void)sip_msg_decode(storage, block_str(&st->request), server_reliable(st));
	return storage;
}


int sip_server_txn_request(struct sip_server_txn *st, struct sip_msg *m)
{
	const struct sip_msg *found = sip_server_txn_message(st, m);

	if (!found)
		return -ENOENT;
	if (found != m)
		*m = *found;
	return 0;
}


const struct sip_source *sip_server_txn_source(const struct sip_server_txn *st)
{
	return &st->src;
}


enum sip_method sip_server_txn_method(const struct sip_server_txn *st)
{
	return st->method;
}


bool sip_server_txn_answered(const struct sip_server_txn *st)
{
	return st->answered;
}


struct str sip_server_txn_to_tag(struct sip_server_txn *st)
{
	if (!st->to_tag[0] && st->e.sip)
		response_tag(st->e.sip, st->e.link.hash, st->to_tag);
	return (struct str){st->to_tag, st->to_tag[0] ? sizeof(st->to_tag) : 0};
}


void sip_server_txn_watch(struct sip_server_txn *st, const struct sip_server_watch *w, void *arg)
{
	if (!st->e.sip)
		return;
	st->watch = w;
	st->watch_arg = arg;
}
