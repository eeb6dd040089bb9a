/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: its life, and where each message that arrives goes. */
#include "sip/sip.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/txn.h"

/** First guess of the table of server transactions; it grows by itself. */
#define SERVERS_EXPECTED 1024
#define RETRY_AFTER_MAX 32

struct counter sip_c_requests = COUNTER("sip.requests", "SIP requests received");
struct counter sip_c_responses = COUNTER("sip.responses", "SIP responses received");
struct counter sip_c_retransmissions = COUNTER(
	"sip.retransmissions", "SIP requests received again and absorbed or answered from state");
struct counter sip_c_retransmitted = COUNTER("sip.retransmitted",
					     "SIP messages sent again by a timer");
struct counter sip_c_stray_responses =
	COUNTER("sip.stray_responses", "SIP responses that belong to no transaction, dropped");
struct counter sip_c_stray_acks =
	COUNTER("sip.stray_acks", "ACKs for responses that were sent without a transaction");
struct counter sip_c_malformed = COUNTER("sip.malformed",
					 "SIP requests answered 4xx or 5xx because of their form");
struct counter sip_c_malformed_responses = COUNTER("sip.malformed.response",
						   "SIP responses dropped because of their form");
struct counter sip_c_broken = COUNTER("sip.malformed.broken",
				      "SIP messages that cannot even be answered, dropped");
struct counter sip_c_refused = COUNTER("sip.refused.ceiling",
				       "SIP requests answered 503 at the ceiling of transactions");
struct counter sip_c_client_timeouts = COUNTER("sip.client_timeouts",
					       "SIP requests sent to a hop that never answered");
struct counter sip_c_transport_errors = COUNTER("sip.transport_errors",
						"SIP messages that could not be sent");
struct counter sip_c_late = COUNTER("sip.late",
				    "Final responses that came after the sender had given up");
struct counter sip_c_unanswered = COUNTER("sip.unanswered",
					  "SIP requests that were not answered within 64*T1");
struct counter sip_c_no_memory = COUNTER("sip.no_memory",
					 "SIP messages dropped for want of memory");
struct counter sip_g_pending = GAUGE("sip.txn.pending",
				     "Server transactions that wait for an answer");
struct counter sip_g_lingering = GAUGE("sip.txn.lingering",
				       "Server transactions that only repeat their answer");
struct counter sip_g_clients = GAUGE("sip.txn.client", "Client transactions");


void sip_counters_register(void)
{
	struct counter *const all[] = {
		&sip_c_requests,      &sip_c_responses,           &sip_c_retransmissions,
		&sip_c_retransmitted, &sip_c_stray_responses,     &sip_c_stray_acks,
		&sip_c_malformed,     &sip_c_malformed_responses, &sip_c_broken,
		&sip_c_refused,       &sip_c_client_timeouts,     &sip_c_transport_errors,
		&sip_c_late,          &sip_c_unanswered,          &sip_c_no_memory,
		&sip_g_pending,       &sip_g_lingering,           &sip_g_clients,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		counter_register(all[i], 1);
	overload_counters_register();
}


void sip_pending_add(struct sip *s, int by)
{
	s->pending += (size_t)by;
	counter_add(&sip_g_pending, by);
}


void sip_lingering_add(struct sip *s, int by)
{
	s->lingering += (size_t)by;
	counter_add(&sip_g_lingering, by);
}


/* ---- Requests ---- */

static void refuse(struct sip *s, struct sip_msg *m, const struct sip_source *src, uint16_t status,
		   struct str reason, struct str headers)
{
	struct txn_key key;

	if (m->method == SIP_ACK)
		return;
	txn_key_of_msg(&key, &s->key, m->method, m);
	respond_stateless(
		s, m, src, key.hash,
		&(struct sip_response){.status = status, .reason = reason, .headers = headers});
}


static void refuse_for_load(struct sip *s, struct sip_msg *m, const struct sip_source *src)
{
	char text[RETRY_AFTER_MAX];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	buf_puts(&b, STR("Retry-After: "));
	buf_putu(&b, overload_retry_s(&s->overload));
	buf_puts(&b, STR("\r\n"));
	refuse(s, m, src, 503, STR_NULL, buf_str(&b));
}


/* An ACK is the user's when it is for a 2xx. One for a response that was sent without a transaction
 * bears the To tag that this response had, which only we can compute (8.2.7: "A stateless UAS MUST
 * ignore ACK requests"). */
static void ack(struct sip *s, struct server_entry *e, const struct txn_key *key,
		const struct sip_msg *m, const struct sip_source *src)
{
	char tag[16];

	if (e && server_acked(e, m))
		return;
	response_tag(s, key->hash, tag);
	if (!e && str_eq(m->to_tag, (struct str){tag, sizeof(tag)})) {
		counter_add(&sip_c_stray_acks, 1);
		return;
	}
	s->handler->ack(m, src, s->arg);
}


/* RFC 3261 9.2: a CANCEL is answered with 200 whatever becomes of the INVITE, with its To tag. */
static void cancel(struct sip *s, struct server_entry *e, const struct txn_key *key,
		   struct sip_msg *m, const struct sip_source *src)
{
	respond_stateless(s, m, src, key->hash, &(struct sip_response){.status = 200});
	server_cancelled(e, m);
}


static void request_new(struct sip *s, const struct txn_key *key, struct sip_msg *m,
			const struct sip_source *src)
{
	if (s->pending + s->lingering >= SIP_TXNS_MAX) {
		counter_add(&sip_c_refused, 1);
		refuse_for_load(s, m, src);
		return;
	}
	if (server_txn_start(s, key, m, src))
		counter_add(&sip_c_no_memory, 1);
}


static void request(struct sip *s, struct sip_msg *m, const struct sip_source *src)
{
	bool of_invite = m->method == SIP_ACK || m->method == SIP_CANCEL;
	struct server_entry *e;
	struct txn_key key;

	counter_add(&sip_c_requests, 1);
	txn_key_of_msg(&key, &s->key, of_invite ? SIP_INVITE : m->method, m);
	e = server_find(s, &key, m->method == SIP_ACK);

	if (m->method == SIP_ACK) {
		ack(s, e, &key, m, src);
		return;
	}
	if (m->method == SIP_CANCEL) {
		if (e) {
			cancel(s, e, &key, m, src);
			return;
		}
		txn_key_of_msg(&key, &s->key, SIP_CANCEL, m);
		e = server_find(s, &key, false);
	}
	if (e)
		server_retransmitted(e);
	else
		request_new(s, &key, m, src);
}


/* ---- Overload ---- */

/* Work that was begun is finished; what would begin new work is seen by a glance. */
static bool is_new_work(struct sip *s, const struct sip_peek *k)
{
	struct txn_key key;

	if (!k->request || k->method == SIP_ACK || k->method == SIP_BYE || k->method == SIP_CANCEL)
		return false;
	txn_key_of_branch(&key, &s->key, k->method, k->method_name, k->sent_by, k->branch);
	return !server_find(s, &key, false);
}


/* True: the message was dealt with. */
static bool shed(struct sip *s, const struct sip_source *src, struct str bytes)
{
	enum overload_verdict verdict = overload_judge(&s->overload);
	struct sip_peek k;
	struct sip_msg m;

	if (verdict == OVERLOAD_SERVE || !sip_msg_peek(&k, bytes) || !is_new_work(s, &k))
		return false;

	overload_shed(&s->overload, verdict);
	counter_add(&sip_c_requests, 1);
	if (verdict == OVERLOAD_REFUSE &&
	    sip_msg_decode(&m, bytes, src->kind != SIP_UDP) == SIP_DECODE_OK)
		refuse_for_load(s, &m, src);
	return true;
}


/* ---- From the transports ---- */

static void response(struct sip *s, const struct sip_msg *m)
{
	counter_add(&sip_c_responses, 1);
	if (!client_response(s, m))
		counter_add(&sip_c_stray_responses, 1);
}


/* The lines beyond the ceiling are not indexed; when what a response must copy (8.2.6.2) is among them,
 * no response can be made. */
static bool unanswerable(const struct sip_msg *m)
{
	static const enum sip_header_id copied[] = {SIP_HDR_FROM, SIP_HDR_TO, SIP_HDR_CALL_ID,
						    SIP_HDR_CSEQ};

	if (m->lines < SIP_HEADERS_MAX)
		return false;
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		if (m->first[copied[i]] == SIP_LINE_NONE)
			return true;
	}
	return false;
}


static void malformed(struct sip *s, struct sip_msg *m, const struct sip_source *src)
{
	if (!m->request) {
		counter_add(&sip_c_malformed_responses, 1);
		return;
	}
	counter_add(&sip_c_malformed, 1);
	refuse(s, m, src, m->status, m->reason, STR_NULL);
}


static void on_received(const struct sip_source *src, struct str bytes, void *arg)
{
	struct sip *s = arg;
	struct sip_msg m;

	if (s->tap)
		s->tap(false, src->kind, &src->peer, bytes, s->tap_arg);
	if (overload_message(&s->overload, bytes.n) && shed(s, src, bytes))
		return;

	switch (sip_msg_decode(&m, bytes, src->kind != SIP_UDP)) {
	case SIP_DECODE_OK:
		if (m.request)
			request(s, &m, src);
		else
			response(s, &m);
		break;
	case SIP_DECODE_BAD:
		if (unanswerable(&m))
			counter_add(&sip_c_broken, 1);
		else
			malformed(s, &m, src);
		break;
	case SIP_DECODE_BROKEN:
		counter_add(&sip_c_broken, 1);
		break;
	}
}


static void on_batch(size_t messages, size_t queued, void *arg)
{
	struct sip *s = arg;

	overload_batch(&s->overload, messages, queued);
}


static void on_failed(enum sip_transport_kind kind, const struct addr *peer, uint64_t flow,
		      int error, void *arg)
{
	client_transport_failed(arg, kind, peer, flow, error);
}


static void on_flow_closed(uint64_t flow, void *arg)
{
	struct sip *s = arg;

	if (!s->closing && s->handler->flow_closed)
		s->handler->flow_closed(flow, s->arg);
}


/* ---- Life ---- */

/* Clients first would let a proxy's branches fail and its user begin new ones: servers end first. */
static void end_transactions(struct sip *s)
{
	struct hash_link *l;
	size_t cursor = 0;

	while ((l = hash_walk(&s->servers, &cursor, NULL)))
		server_entry_end(container_of(l, struct server_entry, link));
	for (uint32_t i = 0; i < s->slots_n; i++)
		if (!(s->slots[i].next_free & 1))
			client_abort(s->slots[i].ct);
}


static void destroy(void *object)
{
	struct sip *s = object;

	s->closing = true;
	if (s->servers.buckets)
		end_transactions(s);
	hash_done(&s->servers);
	if (s->silent.table.buckets)
		silent_hops_done(&s->silent);
	forward_acks_end(s);
	mem_unref(s->resolver);
	mem_unref(s->transports);
	mem_free(s->slots);
	mem_unref(s->server);
	mem_unref(s->slab);
	buf_done(&s->scratch);
	mem_unref(s->loop);
}


/* RFC 3261 17.1.2.2: Timer E is T1, then MIN(2*T1, T2)… The time until it is reset to T2. */
static uint32_t time_to_t2(const struct sip_timers *t)
{
	uint32_t sum = 0, e = t->t1_ms;

	while (e < t->t2_ms && sum + e < t->linger_ms) {
		sum += e;
		e *= 2;
	}
	return sum;
}


static void declare_timers(struct sip *s)
{
	const uint32_t ms[] = {
		s->t.t1_ms,      2 * s->t.t1_ms, 4 * s->t.t1_ms, 8 * s->t.t1_ms,
		16 * s->t.t1_ms, s->t.t2_ms,     s->t.t4_ms,     s->t.linger_ms,
		s->t.c_ms,       SIP_TRYING_MS,  s->t100_ms,     s->t.linger_ms - s->t100_ms,
	};

	for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++)
		timers_declare(s->timers, ms[i]);
}


static int start(struct sip *s, const struct sip_params *p)
{
	static const struct sip_transport_handler from_transports = {
		.received = on_received,
		.batch = on_batch,
		.failed = on_failed,
		.flow_closed = on_flow_closed,
	};
	int err;

	s->server = str_dup(p->server);
	if (!s->server)
		return -ENOMEM;
	s->slab = slab_alloc();
	if (!s->slab)
		return -ENOMEM;
	err = hash_init(&s->servers, SERVERS_EXPECTED);
	if (err)
		return err;
	hash_set_sparse(&s->servers); /* answered ones linger by the hundred thousand */
	err = silent_hops_init(&s->silent);
	if (err)
		return err;
	err = sip_transports_alloc(&s->transports, s->loop, &from_transports, s);
	if (err)
		return err;
	return sip_resolver_alloc(&s->resolver, s->loop, s->transports, p->dns);
}


int sip_alloc(struct sip **ret, const struct sip_params *p)
{
	struct sip *s = mem_alloc(sizeof(*s), destroy);
	int err;

	if (!s)
		return -ENOMEM;

	s->loop = mem_ref(p->loop);
	s->timers = loop_timers(p->loop);
	s->t = p->timers;
	s->t100_ms = time_to_t2(&s->t);
	s->handler = p->handler;
	s->arg = p->arg;
	s->slot_free = TXN_SLOT_NONE;
	buf_init(&s->scratch, SIP_MESSAGE_MAX);
	loop_random(s->loop, &s->key, sizeof(s->key));
	for (size_t i = 0; i < TXN_HOP_LISTS; i++)
		list_init(&s->by_hop[i]);
	list_init(&s->failing);
	list_init(&s->acks);
	overload_init(&s->overload, s->loop);
	declare_timers(s);

	err = start(s, p);
	if (err) {
		mem_unref(s);
		return err;
	}
	*ret = s;
	return 0;
}


struct sip_transports *sip_transports(struct sip *s)
{
	return s->transports;
}


struct sip_resolver *sip_resolver(struct sip *s)
{
	return s->resolver;
}


struct slab *sip_slab(struct sip *s)
{
	return s->slab;
}


struct loop *sip_loop(struct sip *s)
{
	return s->loop;
}


const struct sip_timers *sip_timers(const struct sip *s)
{
	return &s->t;
}


struct str sip_server_value(const struct sip *s)
{
	return str_of(s->server);
}


void sip_set_tap(struct sip *s, sip_tap_cb *tap, void *arg)
{
	s->tap = tap;
	s->tap_arg = arg;
	sip_transports_set_tap(s->transports, tap, arg);
}


void sip_report_delay(struct sip *s, uint32_t delay_us)
{
	overload_report(&s->overload, delay_us);
}


size_t sip_pending(const struct sip *s)
{
	return s->pending;
}


size_t sip_lingering(const struct sip *s)
{
	return s->lingering;
}


uint32_t sip_queue_delay_us(const struct sip *s)
{
	return s->overload.delay_us;
}


bool sip_shedding(const struct sip *s)
{
	return s->overload.shedding;
}
