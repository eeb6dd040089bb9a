/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: their flow numbers, their ceilings, their time, and the messages on them. */
#include "sip/connection.h"

#include <errno.h>
#include <string.h>

#include "base/counter.h"
#include "base/mem.h"
#include "sip/addr_hash.h"
#include "sip/refuse_stream.h"

/* A flow number: 44 bits of generation, 20 of slot. */
#define SLOT_BITS 20
#define SLOT_MASK ((1u << SLOT_BITS) - 1)
#define SLOT_NONE UINT32_MAX
#define SLOTS_STEP 64

_Static_assert(SIP_CONNECTIONS_MAX <= SLOT_MASK, "a flow number has no room for the slot");

enum {
	C_ACCEPTED,
	C_OPENED,
	C_OPEN_FAILED,
	C_CLOSED,
	C_FAILED,
	C_IDLE,
	C_PARTIAL,
	C_REFUSED,
	C_REFUSED_HOST,
	C_PINGS,
	C_TOO_LARGE,
	C_BAD,
	C_QUEUE_FULL,
	G_CONNECTIONS,
	C_COUNT
};

static struct counter counters[C_COUNT] = {
	[C_ACCEPTED] = COUNTER("sip.connection.accepted", "connections accepted"),
	[C_OPENED] = COUNTER("sip.connection.opened", "connections we opened"),
	[C_OPEN_FAILED] = COUNTER("sip.connection.open_failed",
				  "connections that could not be opened"),
	[C_CLOSED] = COUNTER("sip.connection.closed_by_peer", "connections the peer closed"),
	[C_FAILED] = COUNTER("sip.connection.failed", "connections that broke"),
	[C_IDLE] = COUNTER("sip.connection.idle_closed",
			   "connections closed because nothing was said"),
	[C_PARTIAL] = COUNTER("sip.connection.partial_closed",
			      "connections closed because a message did not come whole in time"),
	[C_REFUSED] = COUNTER("sip.connection.refused", "connections refused: too many"),
	[C_REFUSED_HOST] = COUNTER("sip.connection.refused_host",
				   "connections refused: too many of one address"),
	[C_PINGS] = COUNTER("sip.connection.pings", "keep-alives answered"),
	[C_TOO_LARGE] = COUNTER("sip.connection.too_large", "messages too large: 513"),
	[C_BAD] = COUNTER("sip.connection.bad_framing",
			  "connections closed for a wrong Content-Length"),
	[C_QUEUE_FULL] = COUNTER("sip.connection.queue_full",
				 "messages not sent because the connection's queue is full"),
	[G_CONNECTIONS] = GAUGE("sip.connections", "connections"),
};

struct connection_slot {
	struct connection *c;
	uint32_t next_free;
};

struct host_count {
	struct hash_link hash;
	struct addr addr;
	uint32_t n;
};

struct connection {
	struct connections *cs; /* NULL: closed */
	enum sip_transport_kind kind;
	struct stream *stream;
	uint64_t flow;
	struct addr peer, local;
	struct hash_link by_peer;
	struct host_count *host_count;
	struct list *list; /* the one of the three it stands in, or NULL */
	struct list_link link;
	uint64_t since_ms; /* when it got there */
	struct sip_stream_frame frame;
	char *host; /* TLS that we opened: whose name was asked for */
	uint32_t holds;
	uint32_t waiting; /* messages written while it is being opened */
	uint16_t listener;
	bool open;
	bool refusing; /* a last answer leaves, then it closes */
};


void connections_counters_register(void)
{
	counter_register(counters, C_COUNT);
}


/* ---- Slots ---- */

static int slots_grow(struct connections *cs)
{
	uint32_t n = cs->slots_n + SLOTS_STEP;
	struct connection_slot *slots = mem_resize(cs->slots, n * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = cs->slots_n; i < n; i++)
		slots[i] = (struct connection_slot){NULL, i + 1 < n ? i + 1 : SLOT_NONE};
	cs->slot_free = cs->slots_n;
	cs->slots = slots;
	cs->slots_n = n;
	return 0;
}


static int slot_take(struct connections *cs, struct connection *c)
{
	uint32_t i;

	if (cs->slot_free == SLOT_NONE && slots_grow(cs))
		return -ENOMEM;
	i = cs->slot_free;
	cs->slot_free = cs->slots[i].next_free;
	cs->slots[i].c = c;
	c->flow = ++cs->generation << SLOT_BITS | i;
	return 0;
}


static void slot_drop(struct connections *cs, struct connection *c)
{
	uint32_t i = (uint32_t)c->flow & SLOT_MASK;

	cs->slots[i] = (struct connection_slot){NULL, cs->slot_free};
	cs->slot_free = i;
}


struct connection *connection_by_flow(const struct connections *cs, uint64_t flow)
{
	uint32_t i = (uint32_t)flow & SLOT_MASK;
	struct connection *c = i < cs->slots_n ? cs->slots[i].c : NULL;

	return c && c->flow == flow && !c->refusing ? c : NULL;
}


/* ---- How many from one address ---- */

static uint64_t host_key(const struct connections *cs, const struct addr *a)
{
	uint8_t bytes[16];

	return hash_bytes(&cs->hosts.key, bytes, addr_hash_host(bytes, a));
}


static int host_take(struct connections *cs, const struct addr *a, struct host_count **ret)
{
	uint64_t key = host_key(cs, a);
	struct host_count *h;

	for (struct hash_link *l = hash_first(&cs->hosts, key); l; l = hash_next(l)) {
		h = container_of(l, struct host_count, hash);
		if (!addr_eq_host(&h->addr, a))
			continue;
		if (h->n >= SIP_CONNECTIONS_PER_HOST_MAX) {
			counter_add(&counters[C_REFUSED_HOST], 1);
			return -ENOBUFS;
		}
		h->n++;
		*ret = h;
		return 0;
	}
	h = mem_raw(sizeof(*h));
	if (!h)
		return -ENOMEM;
	*h = (struct host_count){.addr = *a, .n = 1};
	hash_insert(&cs->hosts, &h->hash, key);
	*ret = h;
	return 0;
}


static void host_drop(struct connections *cs, struct host_count *h)
{
	if (!h || --h->n)
		return;
	hash_remove(&cs->hosts, &h->hash);
	mem_free(h);
}


/* ---- Time ---- */

static void on_timer(struct timer *t, void *arg);


static uint64_t patience(const struct connections *cs, const struct list *l)
{
	if (l == &cs->opening)
		return SIP_CONNECT_MS;
	return l == &cs->partial ? SIP_PARTIAL_MS : SIP_IDLE_MS;
}


static void wait_in(struct connection *c, struct list *l)
{
	struct connections *cs = c->cs;
	uint64_t ms;

	if (c->list)
		list_remove(c->list, &c->link);
	c->list = l;
	if (!l)
		return;
	list_append(l, &c->link);
	c->since_ms = loop_now_ms(cs->loop);
	ms = patience(cs, l);
	if (!timer_running(&cs->timer) || cs->timer.deadline_ms > c->since_ms + ms)
		timer_start(&cs->timer, loop_timers(cs->loop), ms, on_timer, cs);
}


/* Where it belongs when nothing is missing. */
static void wait_idle(struct connection *c)
{
	wait_in(c, c->holds ? NULL : &c->cs->idle);
}


/* ---- The owner ---- */

void connections_enter(struct connections *cs)
{
	mem_ref(cs->owner);
	cs->held++;
}


bool connections_wanted(const struct connections *cs)
{
	return mem_refs(cs->owner) > cs->held;
}


void connections_leave(struct connections *cs)
{
	cs->held--;
	mem_unref(cs->owner);
}


/* ---- Ending ---- */

static void unlink_all(struct connection *c)
{
	struct connections *cs = c->cs;

	if (!cs)
		return;
	c->cs = NULL;
	if (c->list)
		list_remove(c->list, &c->link);
	c->list = NULL;
	hash_remove(&cs->by_peer, &c->by_peer);
	host_drop(cs, c->host_count);
	if (c->flow)
		slot_drop(cs, c);
	cs->count--;
	counter_add(&counters[G_CONNECTIONS], -1);
}


static void destroy(void *object)
{
	struct connection *c = object;

	unlink_all(c);
	c->stream = mem_unref(c->stream);
	sip_stream_frame_done(&c->frame);
	mem_unref(c->host);
}


/* Tells of it, and drops the reference that `cs` has; `error` 0: not a failure of the peer's. */
static void end(struct connection *c, int error)
{
	struct connections *cs = c->cs;

	connections_enter(cs);
	unlink_all(c);
	c->stream = mem_unref(c->stream);
	if (error)
		cs->handler->failed(c->kind, &c->peer, c->flow, error, cs->arg);
	if (connections_wanted(cs) && cs->handler->flow_closed)
		cs->handler->flow_closed(c->flow, cs->arg);
	mem_unref(c);
	connections_leave(cs);
}


static bool front_due(struct connections *cs, struct list *l, struct connection **ret)
{
	struct list_link *k = list_first(l);

	if (!k)
		return false;
	*ret = container_of(k, struct connection, link);
	return loop_now_ms(cs->loop) >= (*ret)->since_ms + patience(cs, l);
}


static void end_overdue(struct connections *cs, struct list *l, int counter, int error)
{
	for (struct connection *c; connections_wanted(cs) && front_due(cs, l, &c);) {
		counter_add(&counters[counter], 1);
		end(c, error);
	}
}


static uint64_t next_due(struct connections *cs, struct list *l, uint64_t best)
{
	struct list_link *k = list_first(l);
	uint64_t due;

	if (!k)
		return best;
	due = container_of(k, struct connection, link)->since_ms + patience(cs, l);
	return due < best ? due : best;
}


static void on_timer(struct timer *t, void *arg)
{
	struct connections *cs = arg;
	uint64_t due;

	(void)t;
	connections_enter(cs);
	end_overdue(cs, &cs->opening, C_OPEN_FAILED, -ETIMEDOUT);
	end_overdue(cs, &cs->partial, C_PARTIAL, -ETIMEDOUT);
	end_overdue(cs, &cs->idle, C_IDLE, 0);
	due = next_due(cs, &cs->idle,
		       next_due(cs, &cs->partial, next_due(cs, &cs->opening, UINT64_MAX)));
	if (due != UINT64_MAX && connections_wanted(cs))
		timer_start(&cs->timer, loop_timers(cs->loop), due - loop_now_ms(cs->loop),
			    on_timer, cs);
	connections_leave(cs);
}


/* ---- Bytes ---- */

/* The stream cannot be cut any more: answered, if it can be, and closed. */
static void refuse(struct connection *c, struct str part, uint16_t status)
{
	struct buf b = BUF_INIT(SIP_MESSAGE_MAX + 1024);

	counter_add(&counters[status == 513 ? C_TOO_LARGE : C_BAD], 1);
	c->refusing = true;
	hash_remove(&c->cs->by_peer, &c->by_peer);
	/* The stream itself sees to it that this does not take for ever. */
	wait_in(c, NULL);
	if (sip_refuse_stream(part, status, c->cs->loop, &b))
		(void)stream_write(c->stream, b.p, b.n);
	buf_done(&b);
	stream_shutdown(c->stream);
}


/* False: it was closed meanwhile, or is going to be. */
static bool take_frame(struct connection *c, enum sip_frame_kind kind, struct str text, bool *whole)
{
	struct connections *cs = c->cs;
	struct sip_source src = {
		.kind = c->kind,
		.peer = c->peer,
		.local = c->local,
		.flow = c->flow,
	};

	switch (kind) {
	case SIP_FRAME_MESSAGE:
		*whole = true;
		cs->handler->received(&src, text, cs->arg);
		return c->cs && connections_wanted(cs);
	case SIP_FRAME_PING:
		/* RFC 5626 4.4.1: "the server MUST immediately respond with a single CRLF" */
		*whole = true;
		counter_add(&counters[C_PINGS], 1);
		(void)stream_write(c->stream, "\r\n", 2);
		return true;
	case SIP_FRAME_TOO_LARGE:
		refuse(c, text, 513);
		return false;
	case SIP_FRAME_BAD:
		refuse(c, text, 400);
		return false;
	case SIP_FRAME_NO_MEMORY:
		counter_add(&counters[C_FAILED], 1);
		end(c, -ENOMEM);
		return false;
	default:
		return true;
	}
}


/*
 * A part of a message has SIP_PARTIAL_MS from its beginning, however slowly more of it comes; so has
 * who connects and says nothing.
 */
static void note_activity(struct connection *c, bool whole)
{
	if (!sip_stream_frame_partial(&c->frame)) {
		if (whole || c->list != &c->cs->partial)
			wait_idle(c);
	} else if (whole || c->list != &c->cs->partial) {
		wait_in(c, &c->cs->partial);
	}
}


static void on_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct connection *c = mem_ref(arg);
	struct connections *cs = c->cs;
	enum sip_frame_kind kind;
	struct str text = STR_NULL;
	bool whole = false, more = !c->refusing;

	(void)s;
	connections_enter(cs);
	if (more)
		sip_stream_frame_push(&c->frame, p, n);
	while (more && (kind = sip_stream_frame_next(&c->frame, &text)) != SIP_FRAME_MORE)
		more = take_frame(c, kind, text, &whole);
	if (more)
		note_activity(c, whole);
	mem_unref(c);
	connections_leave(cs);
}


static void on_connected(struct stream *s, void *arg)
{
	struct connection *c = arg;

	c->open = true;
	c->local = *stream_local(s);
	c->waiting = 0;
	counter_add(&counters[C_OPENED], 1);
	wait_idle(c);
}


/*
 * A peer that closes will not answer there what it was asked: that is told as a failure too, since a
 * process that dies closes just so.
 */
static void on_closed(struct stream *s, int error, void *arg)
{
	struct connection *c = arg;

	(void)s;
	if (c->refusing) {
		end(c, 0);
		return;
	}
	counter_add(&counters[!c->open ? C_OPEN_FAILED : error ? C_FAILED : C_CLOSED], 1);
	end(c, error ? error : -ECONNRESET);
}


static const struct stream_handler stream_handler = {on_connected, on_recv, NULL, on_closed};


/* ---- Beginning ---- */

static int connection_alloc(struct connection **ret, struct connections *cs,
			    enum sip_transport_kind kind, const struct addr *peer,
			    uint16_t listener)
{
	struct connection *c;
	int err;

	if (cs->count >= SIP_CONNECTIONS_MAX) {
		counter_add(&counters[C_REFUSED], 1);
		return -ENOBUFS;
	}
	c = mem_alloc(sizeof(*c), destroy);
	if (!c)
		return -ENOMEM;
	c->cs = cs;
	cs->count++;
	counter_add(&counters[G_CONNECTIONS], 1);
	c->kind = kind;
	c->peer = *peer;
	c->listener = listener;
	sip_stream_frame_init(&c->frame);
	err = host_take(cs, peer, &c->host_count);
	if (!err)
		err = slot_take(cs, c);
	if (err) {
		mem_unref(c);
		return err;
	}
	hash_insert(&cs->by_peer, &c->by_peer, addr_hash(&cs->by_peer.key, kind, peer));
	*ret = c;
	return 0;
}


void connection_accept(struct connections *cs, enum sip_transport_kind kind, uint16_t listener,
		       struct stream *s)
{
	struct connection *c;

	if (connection_alloc(&c, cs, kind, stream_peer(s), listener)) {
		mem_unref(s);
		return;
	}
	c->stream = s;
	c->local = *stream_local(s);
	c->open = true;
	stream_set_handler(s, &stream_handler, c);
	counter_add(&counters[C_ACCEPTED], 1);
	wait_in(c, &cs->partial);
}


int connection_open(struct connection **ret, struct connections *cs,
		    const struct connection_params *p)
{
	struct connection *c;
	int err = connection_alloc(&c, cs, p->kind, &p->peer, p->listener);

	if (err)
		return err;
	if (p->tls) {
		c->host = str_dup(p->host);
		err = c->host ? 0 : -ENOMEM;
	}
	if (!err)
		err = stream_connect(&c->stream, cs->loop, &p->peer, p->local, p->tls, p->host,
				     &stream_handler, c);
	if (err) {
		counter_add(&counters[C_OPEN_FAILED], 1);
		mem_unref(c);
		return err;
	}
	wait_in(c, &cs->opening);
	*ret = c;
	return 0;
}


/* ---- The public rest ---- */

int connections_init(struct connections *cs, struct loop *loop, void *owner,
		     const struct sip_transport_handler *handler, void *arg)
{
	connections_counters_register();
	cs->loop = loop;
	cs->owner = owner;
	cs->handler = handler;
	cs->arg = arg;
	cs->slot_free = SLOT_NONE;
	cs->generation = (uint64_t)loop_wall_ms(loop);
	list_init(&cs->opening);
	list_init(&cs->partial);
	list_init(&cs->idle);
	if (hash_init(&cs->by_peer, 64))
		return -ENOMEM;
	return hash_init(&cs->hosts, 64);
}


void connections_done(struct connections *cs)
{
	timer_cancel(&cs->timer);
	for (uint32_t i = 0; i < cs->slots_n; i++) {
		if (cs->slots[i].c)
			mem_unref(cs->slots[i].c);
	}
	hash_done(&cs->by_peer);
	hash_done(&cs->hosts);
	mem_free(cs->slots);
}


bool connection_peer_is(const struct connection *c, struct str host)
{
	return c->kind == SIP_TLS && c->stream && stream_peer_is(c->stream, host);
}


/*
 * RFC 5923 5: a TLS connection serves only whom its certificate names. One that we opened was opened
 * to that name, and is refused by us when the name proves wrong.
 */
static bool serves(const struct connection *c, struct str host)
{
	if (c->kind != SIP_TLS)
		return true;
	if (c->host && str_eq_nocase(str_of(c->host), host))
		return true;
	return host.n && c->open && connection_peer_is(c, host);
}


struct connection *connection_to(const struct connections *cs, enum sip_transport_kind kind,
				 const struct addr *peer, struct str host)
{
	uint64_t key = addr_hash(&cs->by_peer.key, kind, peer);

	for (struct hash_link *l = hash_first(&cs->by_peer, key); l; l = hash_next(l)) {
		struct connection *c = container_of(l, struct connection, by_peer);

		if (c->kind == kind && addr_eq(&c->peer, peer) && serves(c, host))
			return c;
	}
	return NULL;
}


int connection_send(struct connection *c, const void *p, size_t n)
{
	int err;

	if (!c->open && c->waiting >= CONNECTION_WAITING_MAX)
		err = -ENOBUFS;
	else
		err = stream_write(c->stream, p, n);
	if (err == -ENOBUFS)
		counter_add(&counters[C_QUEUE_FULL], 1);
	if (err)
		return err;
	if (!c->open)
		c->waiting++;
	else if (c->list == &c->cs->idle)
		wait_in(c, &c->cs->idle);
	return 0;
}


uint64_t connection_flow(const struct connection *c)
{
	return c->flow;
}


uint16_t connection_listener(const struct connection *c)
{
	return c->listener;
}


void connection_hold(struct connection *c)
{
	c->holds++;
	if (c->list == &c->cs->idle)
		wait_in(c, NULL);
}


void connection_release(struct connection *c)
{
	if (c->holds && !--c->holds && !c->list)
		wait_in(c, &c->cs->idle);
}
