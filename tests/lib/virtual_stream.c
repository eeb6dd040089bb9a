/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the virtual network: pipes with two ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_queue.h"
#include "base/mem.h"
#include "base/timer.h"
#include "lib/virtual_net.h"

struct virtual_stream;

/*
 * One end of a pipe. It belongs to the network: it is there before the stream is accepted, and stays
 * while something is on its way to it.
 */
struct virtual_end {
	struct virtual_stream *stream; /* NULL: not accepted yet, or closed */
	struct addr addr;
	char *inbox; /* arrived, not read; malloc'ed */
	size_t inbox_n;
	size_t on_way;  /* sent to here, not read; the inbox is part of it */
	uint64_t taken; /* bytes read in all */
	bool reading;   /* an event to go on reading is posted */
	bool ended;     /* nothing more comes */
	int error;
};

struct virtual_pipe {
	unsigned refs;
	struct virtual_end ends[2]; /* 0 connects, 1 accepts */
};

struct virtual_stream {
	struct stream base;
	struct virtual_loop *vl;
	struct list_link link;
	struct virtual_pipe *pipe;
	int side;
	bool connecting;
	bool finished; /* our END is sent */
	struct byte_queue out;
	struct timer patience;
};

struct virtual_listener {
	struct stream_listener base;
	struct virtual_loop *vl;
	struct list_link link;
};


static struct virtual_pipe *pipe_ref(struct virtual_pipe *pipe)
{
	pipe->refs++;
	return pipe;
}


void virtual_pipe_unref(struct virtual_pipe *pipe)
{
	if (--pipe->refs)
		return;
	free(pipe->ends[0].inbox);
	free(pipe->ends[1].inbox);
	free(pipe);
}


/* To the end `side`. */
static struct virtual_event *post(struct virtual_loop *vl, struct virtual_pipe *pipe, int side,
				  enum virtual_event_kind kind, uint64_t delay_ms)
{
	struct virtual_event *e = virtual_post(vl, kind, delay_ms);

	e->pipe = pipe_ref(pipe);
	e->side = side;
	return e;
}


static uint64_t delay_to(struct virtual_loop *vl, const struct virtual_pipe *pipe, int side)
{
	return virtual_delay(vl, &pipe->ends[!side].addr, &pipe->ends[side].addr);
}


static const struct virtual_fault *fault_to(struct virtual_loop *vl, enum virtual_fault_kind kind,
					    const struct virtual_pipe *pipe, int side)
{
	return virtual_fault_find(vl, kind, &pipe->ends[!side].addr, &pipe->ends[side].addr);
}


/* ---- The end ---- */

static void release(struct virtual_stream *s)
{
	struct virtual_end *end;

	timer_cancel(&s->patience);
	byte_queue_done(&s->out);
	if (!s->pipe)
		return;
	end = &s->pipe->ends[s->side];
	list_remove(&s->vl->streams, &s->link);
	end->stream = NULL;
	end->on_way = 0;
	end->inbox_n = 0;
	if (!s->finished && !fault_to(s->vl, VIRTUAL_DROP, s->pipe, !s->side))
		post(s->vl, s->pipe, !s->side, VIRTUAL_EVENT_END,
		     delay_to(s->vl, s->pipe, !s->side));
	virtual_pipe_unref(s->pipe);
	s->pipe = NULL;
}


static void destroy(void *object)
{
	struct virtual_stream *s = object;

	release(s);
	stream_done(&s->base);
}


/* The caller holds a reference. */
static void finish(struct virtual_stream *s, int error)
{
	release(s);
	stream_end(&s->base, error);
}


/* ---- Reading ---- */

static void go_on_reading(struct virtual_loop *vl, struct virtual_pipe *pipe, int side,
			  uint64_t delay_ms)
{
	struct virtual_end *end = &pipe->ends[side];

	if (end->reading)
		return;
	end->reading = true;
	post(vl, pipe, side, VIRTUAL_EVENT_READ, delay_ms);
}


/* How much the reader may take now; SIZE_MAX for no limit. */
static size_t read_limit(struct virtual_loop *vl, struct virtual_pipe *pipe, int side)
{
	static const enum virtual_fault_kind totals[] = {VIRTUAL_CUT, VIRTUAL_CLOSE, VIRTUAL_STALL};
	static const enum virtual_fault_kind pieces[] = {VIRTUAL_SLOW, VIRTUAL_PIECES};
	uint64_t taken = pipe->ends[side].taken;
	uint64_t limit = SIZE_MAX;

	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		const struct virtual_fault *f = fault_to(vl, totals[i], pipe, side);
		uint64_t left = !f ? limit : f->n > taken ? f->n - taken : 0;

		limit = left < limit ? left : limit;
	}
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		const struct virtual_fault *f = fault_to(vl, pieces[i], pipe, side);

		if (f && f->n < limit)
			limit = f->n;
	}
	return limit;
}


/* True: the connection was cut here. */
static bool cut(struct virtual_loop *vl, struct virtual_pipe *pipe, int side)
{
	static const enum virtual_fault_kind kinds[] = {VIRTUAL_CUT, VIRTUAL_CLOSE};
	const struct virtual_end *end = &pipe->ends[side], *other = &pipe->ends[!side];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct virtual_fault *f = fault_to(vl, kinds[i], pipe, side);
		int error = kinds[i] == VIRTUAL_CUT ? -ECONNRESET : 0;

		if (!f || end->taken < f->n)
			continue;
		(void)virtual_fault_apply(vl, kinds[i], &other->addr, &end->addr, NULL);
		for (int to = 0; to < 2; to++) {
			struct virtual_stream *s = pipe->ends[to].stream;

			pipe->ends[to].inbox_n = 0;
			if (!s)
				continue;
			s->finished = true; /* the other end hears of it from here */
			post(vl, pipe, to, VIRTUAL_EVENT_END, 0)->error = error;
		}
		return true;
	}
	return false;
}


/* Gives the reader an allocation of exactly n bytes, so that the sanitizer sees a byte too many. */
static void give(struct virtual_stream *s, struct virtual_end *end, size_t n)
{
	char *bytes = malloc(n);

	if (!bytes)
		abort();
	memcpy(bytes, end->inbox, n);
	memmove(end->inbox, end->inbox + n, end->inbox_n - n);
	end->inbox_n -= n;
	end->on_way -= n;
	end->taken += n;
	s->vl->counts.bytes += n;
	if (!s->base.shut)
		s->base.handler->recv(&s->base, bytes, n, s->base.arg);
	free(bytes);
}


/* One piece in a step; the caller holds a reference to the pipe. */
static void read_end(struct virtual_loop *vl, struct virtual_pipe *pipe, int side)
{
	struct virtual_end *end = &pipe->ends[side], *other = &pipe->ends[!side];
	struct virtual_stream *s = end->stream;
	size_t n = end->inbox_n, limit;

	if (!s || s->connecting || (s->base.paused && !s->base.shut))
		return;
	if (end->error || (end->ended && n == 0)) {
		mem_ref(s);
		finish(s, s->base.shut ? 0 : end->error);
		mem_unref(s);
		return;
	}
	if (cut(vl, pipe, side))
		return;
	limit = read_limit(vl, pipe, side);
	n = n < limit ? n : limit;
	if (n == 0)
		return;
	mem_ref(s);
	give(s, end, n);
	mem_unref(s);
	if (other->stream && other->stream->out.n)
		stream_mark_dirty(&other->stream->base);
	if (!end->stream || cut(vl, pipe, side))
		return;
	if (fault_to(vl, VIRTUAL_SLOW, pipe, side))
		go_on_reading(vl, pipe, side, 1);
	else if (end->inbox_n || end->ended)
		go_on_reading(vl, pipe, side, 0);
}


static void segment_arrives(struct virtual_loop *vl, struct virtual_event *e)
{
	struct virtual_end *end = &e->pipe->ends[e->side];
	char *inbox;

	if (!end->stream)
		return;
	inbox = realloc(end->inbox, end->inbox_n + e->n);
	if (!inbox)
		abort();
	memcpy(inbox + end->inbox_n, e->p, e->n);
	end->inbox = inbox;
	end->inbox_n += e->n;
	if (!end->reading)
		read_end(vl, e->pipe, e->side);
}


static void end_arrives(struct virtual_loop *vl, struct virtual_event *e)
{
	struct virtual_end *end = &e->pipe->ends[e->side];

	if (end->ended)
		return;
	end->ended = true;
	end->error = e->error;
	if (!end->reading || e->error)
		read_end(vl, e->pipe, e->side);
}


/* ---- Writing ---- */

static void flush(struct stream *base)
{
	struct virtual_stream *s = container_of(base, struct virtual_stream, base);
	const struct virtual_fault *window;
	struct virtual_end *to;
	uint64_t delay_ms;
	size_t n, room;

	if (!s->pipe || s->connecting || s->finished ||
	    fault_to(s->vl, VIRTUAL_DROP, s->pipe, !s->side))
		return;
	to = &s->pipe->ends[!s->side];
	delay_ms = delay_to(s->vl, s->pipe, !s->side);
	window = fault_to(s->vl, VIRTUAL_WINDOW, s->pipe, !s->side);
	room = window ? window->n : VIRTUAL_WINDOW_BYTES;
	room = room > to->on_way ? room - to->on_way : 0;
	n = s->out.n < room ? s->out.n : room;
	if (n) {
		struct virtual_event *e = post(s->vl, s->pipe, !s->side, VIRTUAL_EVENT_SEGMENT,
					       delay_ms);

		e->p = virtual_storage(n + 1);
		memcpy(e->p, byte_queue_first(&s->out), n);
		e->n = n;
		to->on_way += n;
		byte_queue_take(&s->out, n);
	}
	if (base->shut && s->out.n == 0) {
		s->finished = true;
		post(s->vl, s->pipe, !s->side, VIRTUAL_EVENT_END, delay_ms);
	}
	stream_check_drained(base);
}


static int put(struct stream *base, const void *p, size_t n)
{
	return byte_queue_put(&container_of(base, struct virtual_stream, base)->out, p, n);
}


static size_t queued(const struct stream *base)
{
	return container_of(base, const struct virtual_stream, base)->out.n;
}


static void flow(struct stream *base)
{
	struct virtual_stream *s = container_of(base, struct virtual_stream, base);

	if (!base->paused && s->pipe)
		go_on_reading(s->vl, s->pipe, s->side, 0);
}


static void on_patience(struct timer *t, void *arg)
{
	struct virtual_stream *s = mem_ref(arg);

	(void)t;
	finish(s, s->finished ? 0 : -ETIMEDOUT);
	mem_unref(s);
}


static void shutdown_later(struct stream *base)
{
	struct virtual_stream *s = container_of(base, struct virtual_stream, base);

	timer_start(&s->patience, base->loop->timers, STREAM_SHUTDOWN_MS, on_patience, s);
	if (s->pipe)
		go_on_reading(s->vl, s->pipe, s->side, 0);
}


static const struct stream_ops ops = {
	.write = put,
	.queued = queued,
	.flush = flush,
	.flow = flow,
	.shutdown = shutdown_later,
};


void virtual_stream_retry_all(struct virtual_loop *vl)
{
	for (struct list_link *k = list_first(&vl->streams); k; k = list_next(&vl->streams, k)) {
		struct virtual_stream *s = container_of(k, struct virtual_stream, link);

		if (s->out.n || s->base.shut)
			stream_mark_dirty(&s->base);
		s->pipe->ends[s->side].reading = false; /* one posted for later does no harm */
		go_on_reading(vl, s->pipe, s->side, 0);
	}
}


/* ---- Connecting ---- */

static struct virtual_stream *stream_alloc(struct virtual_loop *vl, struct virtual_pipe *pipe,
					   int side)
{
	struct virtual_stream *s = mem_alloc(sizeof(*s), destroy);

	if (!s)
		return NULL;
	stream_init(&s->base, &ops, &vl->base);
	s->vl = vl;
	s->pipe = pipe_ref(pipe);
	s->side = side;
	s->connecting = side == 0;
	s->base.local = pipe->ends[side].addr;
	s->base.peer = pipe->ends[!side].addr;
	pipe->ends[side].stream = s;
	list_append(&vl->streams, &s->link);
	return s;
}


int virtual_stream_connect(struct stream **ret, struct loop *l, const struct addr *peer,
			   const struct addr *local)
{
	struct virtual_loop *vl = container_of(l, struct virtual_loop, base);
	struct virtual_pipe *pipe;
	struct virtual_stream *s;
	struct addr from;

	if ((peer->sa.sa_family != AF_INET && peer->sa.sa_family != AF_INET6) ||
	    (local && local->sa.sa_family != peer->sa.sa_family))
		return -EAFNOSUPPORT;
	if (local)
		from = virtual_source(vl, local);
	else
		from = peer->sa.sa_family == AF_INET6 ? vl->host6 : vl->host4;
	if (!local || addr_port(local) == 0)
		addr_set_port(&from, virtual_free_port(vl));

	pipe = virtual_storage(sizeof(*pipe));
	pipe->refs = 1;
	pipe->ends[0].addr = from;
	pipe->ends[1].addr = *peer;
	s = stream_alloc(vl, pipe, 0);
	if (s)
		post(vl, pipe, 1, VIRTUAL_EVENT_CONNECT, delay_to(vl, pipe, 1));
	virtual_pipe_unref(pipe);
	if (!s)
		return -ENOMEM;
	*ret = &s->base;
	return 0;
}


static struct virtual_listener *find_listener(struct virtual_loop *vl, const struct addr *to)
{
	struct virtual_listener *any = NULL;

	for (struct list_link *k = list_first(&vl->listeners); k;
	     k = list_next(&vl->listeners, k)) {
		struct virtual_listener *ln = container_of(k, struct virtual_listener, link);

		if (virtual_bound_exactly(&ln->base.local, to))
			return ln;
		if (!any && virtual_bound_any(&ln->base.local, to))
			any = ln;
	}
	return any;
}


static void answer(struct virtual_loop *vl, struct virtual_pipe *pipe, int error)
{
	post(vl, pipe, 0, VIRTUAL_EVENT_CONNECTED, delay_to(vl, pipe, 0))->error = error;
	if (error)
		vl->counts.refused++;
}


static void connect_arrives(struct virtual_loop *vl, struct virtual_pipe *pipe)
{
	const struct addr *from = &pipe->ends[0].addr, *to = &pipe->ends[1].addr;
	struct virtual_listener *ln = find_listener(vl, to);
	struct virtual_stream *s;

	if (!pipe->ends[0].stream || virtual_fault_apply(vl, VIRTUAL_DROP, from, to, NULL))
		return;
	if (virtual_fault_apply(vl, VIRTUAL_REFUSE, from, to, NULL) || !ln) {
		answer(vl, pipe, -ECONNREFUSED);
		return;
	}
	answer(vl, pipe, 0);
	if (virtual_fault_apply(vl, VIRTUAL_NEVER_ACCEPT, from, to, NULL))
		return;
	s = stream_alloc(vl, pipe, 1);
	if (!s) {
		post(vl, pipe, 0, VIRTUAL_EVENT_END, 0)->error = -ECONNRESET;
		return;
	}
	vl->counts.connections++;
	mem_ref(ln);
	ln->base.accepted(&ln->base, &s->base, ln->base.arg);
	mem_unref(ln);
}


static void connected(struct virtual_loop *vl, struct virtual_event *e)
{
	struct virtual_stream *s = e->pipe->ends[0].stream;

	if (!s || !s->connecting)
		return;
	mem_ref(s);
	s->connecting = false;
	if (e->error) {
		s->finished = true; /* there is nobody to tell */
		finish(s, e->error);
		mem_unref(s);
		return;
	}
	if (s->out.n || s->base.shut)
		stream_mark_dirty(&s->base);
	if (e->pipe->ends[0].inbox_n || e->pipe->ends[0].ended)
		go_on_reading(vl, e->pipe, 0, 0);
	if (!s->base.shut && s->base.handler->connected)
		s->base.handler->connected(&s->base, s->base.arg);
	mem_unref(s);
}


void virtual_stream_event(struct virtual_loop *vl, struct virtual_event *e)
{
	switch (e->kind) {
	case VIRTUAL_EVENT_CONNECT:
		connect_arrives(vl, e->pipe);
		break;
	case VIRTUAL_EVENT_CONNECTED:
		connected(vl, e);
		break;
	case VIRTUAL_EVENT_SEGMENT:
		segment_arrives(vl, e);
		break;
	case VIRTUAL_EVENT_END:
		end_arrives(vl, e);
		break;
	case VIRTUAL_EVENT_READ:
		e->pipe->ends[e->side].reading = false;
		read_end(vl, e->pipe, e->side);
		break;
	default:
		break;
	}
}


/* ---- Listening ---- */

static void listener_destroy(void *object)
{
	struct virtual_listener *ln = object;

	list_remove(&ln->vl->listeners, &ln->link);
	ln->base.loop = mem_unref(ln->base.loop);
}


int virtual_stream_listen(struct stream_listener **ret, struct loop *l, const struct addr *local)
{
	struct virtual_loop *vl = container_of(l, struct virtual_loop, base);
	struct virtual_listener *ln;

	if (local->sa.sa_family != AF_INET && local->sa.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	for (struct list_link *k = list_first(&vl->listeners); k; k = list_next(&vl->listeners, k))
		if (addr_eq(&container_of(k, struct virtual_listener, link)->base.local, local))
			return -EADDRINUSE;
	ln = mem_alloc(sizeof(*ln), listener_destroy);
	if (!ln)
		return -ENOMEM;
	ln->base.loop = mem_ref(l);
	ln->base.local = *local;
	ln->vl = vl;
	if (addr_port(local) == 0)
		addr_set_port(&ln->base.local, virtual_free_port(vl));
	list_append(&vl->listeners, &ln->link);
	*ret = &ln->base;
	return 0;
}
