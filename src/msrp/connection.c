/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: opened, accepted, shared and closed; read with back-pressure; written in order. */
#include "msrp/connection.h"

#include <errno.h>

#include "base/mem.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/receive.h"
#include "msrp/session_state.h"
#include "msrp/transaction.h"
#include "msrp/writer.h"


/* ---- Life ---- */

static void destroy_backlog(void *object)
{
	struct msrp_backlog *b = object;

	timer_cancel(&b->interrupt);
	byte_queue_done(&b->q);
}


static void drop_backlog(struct msrp_connection *c)
{
	c->waiting = mem_unref(c->waiting);
}


static void destroy(void *object)
{
	struct msrp_connection *c = object;

	loop_defer_cancel(c->ep->loop, &c->resume);
	loop_defer_cancel(c->ep->loop, &c->fail);
	loop_defer_cancel(c->ep->loop, &c->rooms_call);
	drop_backlog(c);
	msrp_parser_done(&c->parser);
	msrp_gathered_drop(c);
	byte_queue_done(&c->held);
	mem_unref(c->stream);
	mem_unref(c->name);
}


/* Out of the list it is in. */
static void unlink_all(struct msrp_connection *c)
{
	struct msrp_endpoint *ep = c->ep;

	switch (c->state) {
	case MSRP_OPENING:
		deadline_drop(&ep->opening, &c->wait);
		break;
	case MSRP_UNBOUND:
		deadline_drop(&ep->unbound, &c->wait);
		break;
	case MSRP_BOUND:
		list_remove(&ep->bound, &c->link);
		break;
	default:
		list_remove(&ep->closing, &c->link);
		break;
	}
}


/* Without a word to anybody; its reference goes. */
static void forget(struct msrp_connection *c)
{
	if (c->state == MSRP_GONE)
		return;
	unlink_all(c);
	hash_remove(&c->ep->peers, &c->by_peer);
	c->state = MSRP_GONE;
	msrp_host_drop(c->ep, c->host);
	c->host = NULL;
	c->ep->connections--;
	msrp_count(MSRP_G_CONNECTIONS, -1);
	c->stream = mem_unref(c->stream);
	drop_backlog(c);
	loop_defer_cancel(c->ep->loop, &c->resume);
	loop_defer_cancel(c->ep->loop, &c->fail);
	loop_defer_cancel(c->ep->loop, &c->rooms_call);
	mem_unref(c);
}


void msrp_connection_drop(struct msrp_connection *c)
{
	forget(c);
}


static void enter(struct msrp_connection *c, enum msrp_connection_state state)
{
	unlink_all(c);
	c->state = state;
	if (state == MSRP_CLOSING)
		hash_remove(&c->ep->peers, &c->by_peer);
	if (state == MSRP_UNBOUND)
		deadline_add(&c->ep->unbound, &c->wait);
	else
		list_append(state == MSRP_BOUND ? &c->ep->bound : &c->ep->closing, &c->link);
}


static void on_connected(struct stream *s, void *arg);
static void on_recv(struct stream *s, const char *p, size_t n, void *arg);
static void on_drained(struct stream *s, void *arg);
static void on_closed(struct stream *s, int error, void *arg);

static const struct stream_handler stream_handler = {
	.connected = on_connected,
	.recv = on_recv,
	.drained = on_drained,
	.closed = on_closed,
};


/* The one that has waited longest for a session makes room for another. */
static bool give_up_one(struct msrp_endpoint *ep)
{
	struct list_link *k = list_first(&ep->unbound.list);
	struct msrp_connection *c;

	if (!k)
		return false;
	c = container_of(container_of(k, struct deadline, link), struct msrp_connection, wait);
	msrp_count(MSRP_C_REFUSED, 1);
	forget(c);
	return true;
}


static int admit(struct msrp_endpoint *ep, const struct addr *peer, bool accepted,
		 struct msrp_host_count **ret)
{
	int err;

	if (accepted && ep->unbound.list.count >= ep->limits.unbound)
		(void)give_up_one(ep);
	if (ep->connections >= ep->limits.connections && !give_up_one(ep)) {
		msrp_count(MSRP_C_REFUSED, 1);
		return -ENOBUFS;
	}
	err = msrp_host_take(ep, peer, ret);
	if (err == -ENOBUFS)
		msrp_count(MSRP_C_REFUSED_HOST, 1);
	return err;
}


static int connection_alloc(struct msrp_connection **ret, struct msrp_endpoint *ep,
			    const struct addr *peer, bool accepted)
{
	struct msrp_host_count *host;
	struct msrp_connection *c;
	int err;

	err = admit(ep, peer, accepted, &host);
	if (err)
		return err;
	c = mem_alloc(sizeof(*c), destroy);
	if (!c) {
		msrp_host_drop(ep, host);
		return -ENOMEM;
	}
	c->ep = ep;
	c->peer = *peer;
	c->host = host;
	list_init(&c->sessions);
	list_init(&c->transactions);
	list_init(&c->rooms);
	msrp_parser_init(&c->parser, &msrp_receive_ops, c);
	ep->connections++;
	msrp_count(MSRP_G_CONNECTIONS, 1);
	c->state = accepted ? MSRP_UNBOUND : MSRP_OPENING;
	deadline_add(accepted ? &ep->unbound : &ep->opening, &c->wait);
	*ret = c;
	return 0;
}


static void use_stream(struct msrp_connection *c, struct stream *s)
{
	c->stream = s;
	stream_set_queue(s, MSRP_QUEUE_MAX, MSRP_QUEUE_LOW);
}


void msrp_connection_accept(struct msrp_endpoint *ep, struct stream *s, bool secure)
{
	struct msrp_connection *c;

	if (connection_alloc(&c, ep, stream_peer(s), true)) {
		mem_unref(s);
		return;
	}
	c->secure = secure;
	c->connected = true;
	msrp_count(MSRP_C_ACCEPTED, 1);
	use_stream(c, s);
	stream_set_handler(s, &stream_handler, c);
}


/* ---- Opening ---- */

bool msrp_connection_leads(const struct msrp_connection *c, const struct msrp_connect *to)
{
	return c->ours && c->secure == to->secure && addr_eq(&c->peer, &to->peer) &&
	       (!to->secure || str_eq_nocase(str_of(c->name), to->name));
}


static struct msrp_connection *find_shared(struct msrp_endpoint *ep, uint64_t key,
					   const struct msrp_connect *to)
{
	for (struct hash_link *l = hash_first(&ep->peers, key); l; l = hash_next(l)) {
		struct msrp_connection *c = container_of(l, struct msrp_connection, by_peer);

		if (msrp_connection_usable(c) && msrp_connection_leads(c, to))
			return c;
	}
	return NULL;
}


static int open_stream(struct msrp_connection *c, const struct msrp_connect *to)
{
	struct msrp_endpoint *ep = c->ep;
	struct addr from;
	bool bound = msrp_endpoint_source(ep, &to->peer, &from);
	struct stream *s;
	int err;

	c->ours = true;
	c->secure = to->secure;
	c->name = to->secure ? str_dup(to->name) : NULL;
	if (to->secure && !c->name)
		return -ENOMEM;
	err = stream_connect(&s, ep->loop, &to->peer, bound ? &from : NULL,
			     to->secure ? ep->tls : NULL, to->name, &stream_handler, c);
	if (err)
		return err;
	use_stream(c, s);
	return 0;
}


int msrp_connection_to(struct msrp_connection **ret, struct msrp_endpoint *ep,
		       const struct msrp_connect *to)
{
	uint64_t key = msrp_addr_hash(&ep->peers.key, &to->peer, true, to->secure);
	struct msrp_connection *c;
	int err;

	if (to->secure && !ep->tls)
		return -ENOTSUP;
	/* To ourselves, too: a relay of ours that is not read would hold up every other that leads there. */
	bool alone = to->fresh || msrp_endpoint_is_own(ep, &to->peer);
	c = alone ? NULL : find_shared(ep, key, to);
	if (c) {
		*ret = c;
		return 0;
	}
	err = connection_alloc(&c, ep, &to->peer, false);
	if (err)
		return err;
	err = open_stream(c, to);
	if (err) {
		msrp_count(MSRP_C_OPEN_FAILED, 1);
		forget(c);
		return err;
	}
	if (!alone)
		hash_insert(&ep->peers, &c->by_peer, key);
	msrp_count(MSRP_C_OPENED, 1);
	*ret = c;
	return 0;
}


static void on_connected(struct stream *s, void *arg)
{
	struct msrp_connection *c = mem_ref(arg);
	struct msrp_endpoint *ep = mem_ref(c->ep);

	(void)s;
	c->connected = true;
	if (c->state == MSRP_OPENING)
		enter(c, c->sessions.count ? MSRP_BOUND : MSRP_UNBOUND);
	for (struct list_link *k = list_first(&c->sessions), *next; k; k = next) {
		next = list_next(&c->sessions, k);
		msrp_session_connected(container_of(k, struct msrp_binding, link)->session);
	}
	mem_unref(c);
	mem_unref(ep);
}


/* ---- Ending ---- */

static void tell_rooms(struct msrp_connection *c)
{
	for (struct list_link *k; (k = list_first(&c->rooms));) {
		struct msrp_room *room = container_of(k, struct msrp_room, link);

		msrp_room_cancel(room);
		room->call(room);
	}
}


void msrp_connection_end(struct msrp_connection *c, int error, bool flush)
{
	if (c->state >= MSRP_CLOSING)
		return;
	enter(c, MSRP_CLOSING);
	msrp_parser_stop(&c->parser);
	if (c->waiting)
		timer_cancel(&c->waiting->interrupt);
	msrp_receive_break(c);
	if (c->open)
		msrp_writer_lost(c->open);
	for (struct list_link *k; (k = list_first(&c->transactions));)
		msrp_transaction_finish(container_of(k, struct msrp_transaction, of_connection), 0);
	for (struct list_link *k; (k = list_first(&c->sessions));)
		msrp_session_lose(container_of(k, struct msrp_binding, link)->session, c, error);
	tell_rooms(c);
	if (c->state == MSRP_GONE)
		return;
	if (flush && c->stream)
		stream_shutdown(c->stream);
	else
		forget(c);
}


static void on_fail(void *arg)
{
	struct msrp_connection *c = mem_ref(arg);
	struct msrp_endpoint *ep = mem_ref(c->ep);

	if (c->error != -EPERM)
		msrp_count(MSRP_C_FAILED, 1);
	/* Who was told that there is nothing for him here shall hear it. */
	msrp_connection_end(c, c->error, c->error == -EPERM);
	mem_unref(c);
	mem_unref(ep);
}


void msrp_connection_fail(struct msrp_connection *c, int error)
{
	if (c->state >= MSRP_CLOSING || c->error)
		return;
	c->error = error;
	if (c->feeding)
		msrp_parser_stop(&c->parser);
	loop_defer(c->ep->loop, &c->fail, on_fail, c);
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct msrp_connection *c = mem_ref(arg);
	struct msrp_endpoint *ep = mem_ref(c->ep);

	(void)s;
	if (c->state == MSRP_OPENING)
		msrp_count(MSRP_C_OPEN_FAILED, 1);
	else if (c->state != MSRP_CLOSING)
		msrp_count(error ? MSRP_C_FAILED : MSRP_C_CLOSED, 1);
	msrp_connection_end(c, error, false);
	if (c->state == MSRP_CLOSING)
		forget(c);
	mem_unref(c);
	mem_unref(ep);
}


void msrp_connection_overdue(struct deadline *d, void *owner)
{
	struct msrp_connection *c = mem_ref(container_of(d, struct msrp_connection, wait));

	(void)owner;
	msrp_count(c->state == MSRP_OPENING ? MSRP_C_OPEN_FAILED : MSRP_C_UNBOUND, 1);
	msrp_connection_end(c, -ETIMEDOUT, false);
	mem_unref(c);
}


void msrp_connection_count_sessions(struct msrp_connection *c)
{
	if (c->sessions.count) {
		c->was_bound = true;
		if (c->state == MSRP_UNBOUND)
			enter(c, MSRP_BOUND);
		return;
	}
	c->last = NULL;
	if (c->state == MSRP_OPENING) {
		forget(c);
	} else if (c->state == MSRP_BOUND) {
		/* Nobody is left to be told. What was written leaves. */
		if (!c->open)
			msrp_connection_yield(c);
		enter(c, MSRP_CLOSING);
		if (c->feeding)
			msrp_parser_stop(&c->parser);
		stream_shutdown(c->stream);
	}
}


/* ---- Reading ---- */

static bool alive(const struct msrp_connection *c)
{
	return c->state < MSRP_CLOSING && !c->error;
}


/* Who asks much and reads nothing of what we answer. */
static void check_self(struct msrp_connection *c)
{
	if (c->self_paused || !alive(c) || msrp_connection_queued(c) <= MSRP_QUEUE_SELF)
		return;
	c->self_paused = true;
	msrp_connection_pause(c);
}


/* Returns the bytes taken. The caller holds a reference. */
static size_t feed(struct msrp_connection *c, const char *p, size_t n)
{
	ssize_t used;

	c->feeding = true;
	used = msrp_parser_feed(&c->parser, p, n);
	c->feeding = false;
	c->rx.frame = NULL; /* it may lie elsewhere at the next feed */
	if (used >= 0) {
		check_self(c);
		return (size_t)used;
	}
	if (alive(c)) {
		msrp_count(MSRP_C_BROKEN, 1);
		msrp_connection_end(c, (int)used, true);
	}
	return n;
}


static void keep(struct msrp_connection *c, const char *p, size_t n)
{
	if (alive(c) && byte_queue_put(&c->held, p, n))
		msrp_connection_fail(c, -ENOMEM);
}


static void on_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct msrp_connection *c = mem_ref(arg);
	struct msrp_endpoint *ep = mem_ref(c->ep);
	size_t used = 0;

	(void)s;
	if (alive(c) && !c->pauses && !c->held.n)
		used = feed(c, p, n);
	if (used < n)
		keep(c, p + used, n - used);
	mem_unref(c);
	mem_unref(ep);
}


void msrp_connection_pause(struct msrp_connection *c)
{
	if (c->pauses++ || !alive(c))
		return;
	msrp_count(MSRP_C_PAUSED, 1);
	stream_pause(c->stream);
	if (c->feeding)
		msrp_parser_stop(&c->parser);
}


static void on_resume(void *arg)
{
	struct msrp_connection *c = mem_ref(arg);
	struct msrp_endpoint *ep = mem_ref(c->ep);

	while (alive(c) && !c->pauses && c->held.n) {
		size_t n = c->held.n, used = feed(c, byte_queue_first(&c->held), n);

		byte_queue_take(&c->held, used);
		if (used < n)
			break;
	}
	if (alive(c) && !c->pauses) {
		if (c->held.n)
			loop_defer(ep->loop, &c->resume, on_resume, c);
		else
			stream_resume(c->stream);
	}
	mem_unref(c);
	mem_unref(ep);
}


void msrp_connection_resume_n(struct msrp_connection *c, unsigned n)
{
	if (!n)
		return;
	c->pauses -= n;
	if (!c->pauses && alive(c))
		loop_defer(c->ep->loop, &c->resume, on_resume, c);
}


void msrp_connection_resume(struct msrp_connection *c)
{
	msrp_connection_resume_n(c, 1);
}


/* ---- Writing ---- */

size_t msrp_connection_queued(const struct msrp_connection *c)
{
	return (c->waiting ? c->waiting->q.n : 0) + (c->stream ? stream_queued(c->stream) : 0);
}


void msrp_connection_write(struct msrp_connection *c, const void *p, size_t n)
{
	int err;

	if (!alive(c))
		return;
	if (c->connected &&
	    (n >= MSRP_THROUGH_MIN || stream_queued(c->stream) + n > MSRP_QUEUE_HIGH))
		err = stream_write_through(c->stream, p, n);
	else
		err = stream_write(c->stream, p, n);
	if (err)
		msrp_connection_fail(c, err);
	c->written += n;
}


void msrp_connection_write_parts(struct msrp_connection *c, const struct iovec *parts,
				 unsigned count, size_t n)
{
	int err;

	if (!alive(c))
		return;
	err = stream_write_parts(c->stream, parts, count);
	if (err)
		msrp_connection_fail(c, err);
	c->written += n;
}


static void flush_waiting(struct msrp_connection *c)
{
	struct msrp_backlog *b = c->waiting;

	if (!b)
		return;
	c->waiting = NULL;
	msrp_connection_write(c, byte_queue_first(&b->q), b->q.n);
	mem_unref(b);
}


void msrp_connection_clear(struct msrp_connection *c)
{
	if (c->open) {
		msrp_count(MSRP_C_INTERRUPTED, 1);
		msrp_writer_interrupt(c->open);
	}
	flush_waiting(c);
}


void msrp_connection_yield(struct msrp_connection *c)
{
	if (!c->waiting)
		return;
	if (!c->open || msrp_writer_interruptible(c->open))
		msrp_connection_clear(c);
}


static void on_interrupt(struct timer *t, void *arg)
{
	(void)t;
	msrp_connection_clear(arg);
}


/* The first of them is not kept waiting for longer than MSRP_INTERRUPT_MS. */
static int add_waiting(struct msrp_connection *c, const struct buf *frame)
{
	if (!c->waiting) {
		c->waiting = mem_alloc(sizeof(*c->waiting), destroy_backlog);
		if (!c->waiting)
			return -ENOMEM;
		timer_start(&c->waiting->interrupt, loop_timers(c->ep->loop), MSRP_INTERRUPT_MS,
			    on_interrupt, c);
	}
	return byte_queue_put(&c->waiting->q, frame->p, frame->n);
}


void msrp_connection_frame(struct msrp_connection *c, const struct buf *frame)
{
	if (!alive(c))
		return;
	if (frame->failed) {
		msrp_connection_fail(c, -ENOMEM);
		return;
	}
	msrp_count(MSRP_C_FRAMES_SENT, 1);
	if (c->open && msrp_writer_interruptible(c->open))
		msrp_connection_clear(c);
	if (!c->open) {
		msrp_connection_write(c, frame->p, frame->n);
		return;
	}
	if (add_waiting(c, frame) || c->waiting->q.n > MSRP_QUEUE_MAX)
		msrp_connection_fail(c, -ENOBUFS);
}


/* ---- Room ---- */

/* Each once: who waits again during this has its turn later. */
static void call_rooms(void *arg)
{
	struct msrp_connection *c = mem_ref(arg);
	struct msrp_endpoint *ep = mem_ref(c->ep);

	for (size_t n = c->rooms.count;
	     n && alive(c) && msrp_connection_queued(c) <= MSRP_QUEUE_HIGH; n--) {
		struct list_link *k = list_first(&c->rooms);
		struct msrp_room *room;

		if (!k)
			break;
		room = container_of(k, struct msrp_room, link);
		msrp_room_cancel(room);
		room->call(room);
	}
	mem_unref(c);
	mem_unref(ep);
}


static void on_drained(struct stream *s, void *arg)
{
	struct msrp_connection *c = arg;

	(void)s;
	if (!alive(c))
		return;
	if (c->self_paused) {
		c->self_paused = false;
		msrp_connection_resume(c);
	}
	call_rooms(c);
}


void msrp_room_wait(struct msrp_room *room, struct msrp_connection *c)
{
	if (room->c)
		return;
	room->c = c;
	list_append(&c->rooms, &room->link);
	/* Otherwise `drained` comes: the queue is above its low mark. */
	if (msrp_connection_queued(c) <= MSRP_QUEUE_LOW)
		loop_defer(c->ep->loop, &c->rooms_call, call_rooms, c);
}


void msrp_room_cancel(struct msrp_room *room)
{
	if (!room->c)
		return;
	list_remove(&room->c->rooms, &room->link);
	room->c = NULL;
}
