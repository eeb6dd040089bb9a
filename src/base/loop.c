/* SPDX-License-Identifier: Apache-2.0 */
/* The loop port: what is the same for every loop, and the way to the one that implements it. */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>

#include "base/counter.h"
#include "base/loop_ops.h"
#include "base/mem.h"

enum { C_WRITE_REFUSED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_WRITE_REFUSED] = COUNTER("base.stream.write_refused",
				    "writes refused because the peer does not read: queue full"),
};


int loop_init(struct loop *l, const struct loop_ops *ops)
{
	l->ops = ops;
	list_init(&l->deferred);
	list_init(&l->dirty);
	counter_register(counters, C_COUNT);
	l->timers = timers_alloc();
	return l->timers ? 0 : -ENOMEM;
}


void loop_done(struct loop *l)
{
	for (struct list_link *k; (k = list_first(&l->deferred));)
		list_remove(&l->deferred, k);
	l->timers = mem_unref(l->timers);
}


uint64_t loop_now_ms(const struct loop *l)
{
	return l->now_ms;
}


int64_t loop_wall_ms(const struct loop *l)
{
	return l->wall_ms;
}


uint64_t loop_clock_us(const struct loop *l)
{
	return l->ops->clock_us(l);
}


struct timers *loop_timers(struct loop *l)
{
	return l->timers;
}


void loop_random(struct loop *l, void *p, size_t n)
{
	l->ops->random(l, p, n);
}


uint64_t loop_random_u64(struct loop *l)
{
	uint64_t v;

	l->ops->random(l, &v, sizeof(v));
	return v;
}


void loop_defer(struct loop *l, struct deferred_call *d, void (*call)(void *arg), void *arg)
{
	d->call = call;
	d->arg = arg;
	if (!list_linked(&d->link))
		list_append(&l->deferred, &d->link);
}


void loop_defer_cancel(struct loop *l, struct deferred_call *d)
{
	list_remove(&l->deferred, &d->link);
}


/* The marker stands behind the last call asked for before now. */
static void run_deferred(struct loop *l)
{
	struct list_link marker = {0}, *k;

	if (list_empty(&l->deferred))
		return;
	list_append(&l->deferred, &marker);
	while ((k = list_first(&l->deferred)) != &marker) {
		struct deferred_call *d = container_of(k, struct deferred_call, link);

		list_remove(&l->deferred, k);
		d->call(d->arg);
	}
	list_remove(&l->deferred, &marker);
}


static void flush_streams(struct loop *l)
{
	struct list_link marker = {0}, *k;

	list_append(&l->dirty, &marker);
	while ((k = list_first(&l->dirty)) != &marker) {
		struct stream *s = mem_ref(container_of(k, struct stream, dirty));

		list_remove(&l->dirty, k);
		s->ops->flush(s);
		mem_unref(s);
	}
	list_remove(&l->dirty, &marker);
}


/* Twice, because flushing a TLS stream writes to the stream under it. */
void loop_end_turn(struct loop *l)
{
	run_deferred(l);
	for (int pass = 0; pass < 2 && !list_empty(&l->dirty); pass++)
		flush_streams(l);
}


bool loop_unfinished(const struct loop *l)
{
	return !list_empty(&l->deferred) || !list_empty(&l->dirty);
}


int loop_work(struct loop *l, struct work *w)
{
	return l->ops->work(l, w);
}


void loop_run(struct loop *l)
{
	mem_ref(l);
	l->ops->run(l);
	mem_unref(l);
}


void loop_stop(struct loop *l)
{
	l->ops->stop(l);
}


int loop_on_signal(struct loop *l, int signum, loop_signal_cb *cb, void *arg)
{
	return l->ops->on_signal ? l->ops->on_signal(l, signum, cb, arg) : -ENOTSUP;
}


int loop_poll_start(struct loop_poll **ret, struct loop *l, int fd, int events, loop_poll_cb *cb,
		    void *arg)
{
	return l->ops->poll_start ? l->ops->poll_start(ret, l, fd, events, cb, arg) : -ENOTSUP;
}


int loop_poll_change(struct loop_poll *p, int events)
{
	return p->ops->change(p, events);
}


struct loop_poll *loop_poll_stop(struct loop_poll *p)
{
	if (p)
		p->ops->stop(p);
	return NULL;
}


/* ---- Datagrams ---- */

int datagram_open(struct datagram_socket **ret, struct loop *l, const struct addr *local,
		  datagram_recv_cb *recv, datagram_error_cb *error, void *arg)
{
	struct datagram_socket *s;
	int err;

	err = l->ops->datagram_open(&s, l, local);
	if (err)
		return err;
	s->recv = recv;
	s->error = error;
	s->arg = arg;
	*ret = s;
	return 0;
}


const struct addr *datagram_local(const struct datagram_socket *s)
{
	return &s->local;
}


int datagram_send(struct datagram_socket *s, const struct addr *peer, const void *p, size_t n)
{
	return s->ops->send(s, peer, p, n);
}


int datagram_set_urgent(struct datagram_socket *s, const char prefix[DATAGRAM_URGENT_N])
{
	return s->ops->set_urgent ? s->ops->set_urgent(s, prefix) : -ENOTSUP;
}


bool datagram_is_urgent(const struct datagram_socket *s)
{
	return s->urgent;
}


size_t datagram_backlog(const struct datagram_socket *s)
{
	return s->ops->backlog ? s->ops->backlog(s) : 0;
}


/* ---- Streams ---- */

void stream_init(struct stream *s, const struct stream_ops *ops, struct loop *l)
{
	s->ops = ops;
	s->loop = mem_ref(l);
	s->queue_max = STREAM_QUEUE_MAX;
	s->queue_low = STREAM_QUEUE_MAX / 4;
}


void stream_done(struct stream *s)
{
	if (!s->loop)
		return;
	list_remove(&s->loop->dirty, &s->dirty);
	s->loop = mem_unref(s->loop);
}


void stream_mark_dirty(struct stream *s)
{
	if (!list_linked(&s->dirty))
		list_append(&s->loop->dirty, &s->dirty);
}


void stream_check_drained(struct stream *s)
{
	if (!s->above || s->ended || s->ops->queued(s) > s->queue_low)
		return;
	s->above = false;
	if (!s->shut && s->handler && s->handler->drained && !stream_abandoned(s))
		s->handler->drained(s, s->arg);
}


void stream_end(struct stream *s, int error)
{
	if (s->ended)
		return;
	s->ended = true;
	list_remove(&s->loop->dirty, &s->dirty);
	if (s->handler && !stream_abandoned(s))
		s->handler->closed(s, error, s->arg);
}


bool stream_abandoned(const struct stream *s)
{
	return mem_refs(s) == 1;
}


int stream_listen(struct stream_listener **ret, struct loop *l, const struct addr *local,
		  struct tls_config *tls, stream_accept_cb *accepted, void *arg)
{
	struct stream_listener *ln;
	int err;

	err = tls ? tls_listen(&ln, l, local, tls) : l->ops->listen(&ln, l, local);
	if (err)
		return err;
	ln->accepted = accepted;
	ln->arg = arg;
	*ret = ln;
	return 0;
}


const struct addr *stream_listener_local(const struct stream_listener *ln)
{
	return &ln->local;
}


int stream_connect(struct stream **ret, struct loop *l, const struct addr *peer,
		   const struct addr *local, struct tls_config *tls, struct str server_name,
		   const struct stream_handler *h, void *arg)
{
	struct stream *s;
	int err;

	if (tls)
		err = tls_connect(&s, l, peer, local, tls, server_name);
	else
		err = l->ops->connect(&s, l, peer, local);
	if (err)
		return err;
	stream_set_handler(s, h, arg);
	*ret = s;
	return 0;
}


void stream_set_handler(struct stream *s, const struct stream_handler *h, void *arg)
{
	s->handler = h;
	s->arg = arg;
}


static int may_write(struct stream *s, size_t n)
{
	size_t queued;

	if (s->ended || s->shut)
		return -EPIPE;
	queued = s->ops->queued(s);
	if (queued > s->queue_max || n > s->queue_max - queued) {
		s->above = true;
		counter_add(&counters[C_WRITE_REFUSED], 1);
		return -ENOBUFS;
	}
	if (queued + n > s->queue_low)
		s->above = true;
	return 0;
}


static int after_write(struct stream *s, int err)
{
	if (!err)
		stream_mark_dirty(s);
	return err;
}


int stream_write(struct stream *s, const void *p, size_t n)
{
	int err = may_write(s, n);

	return err ? err : after_write(s, s->ops->write(s, p, n));
}


int stream_write_through(struct stream *s, const void *p, size_t n)
{
	struct iovec part = {(void *)(uintptr_t)p, n};

	return stream_write_parts(s, &part, 1);
}


int stream_write_parts(struct stream *s, const struct iovec *parts, unsigned count)
{
	size_t n = 0;
	int err;

	assert(count <= STREAM_PARTS_MAX);
	for (unsigned i = 0; i < count; i++)
		n += parts[i].iov_len;
	err = may_write(s, n);
	if (err)
		return err;
	if (s->ops->push)
		return after_write(s, s->ops->push(s, parts, count));
	for (unsigned i = 0; i < count && !err; i++)
		err = s->ops->write(s, parts[i].iov_base, parts[i].iov_len);
	return after_write(s, err);
}


size_t stream_queued(const struct stream *s)
{
	return s->ended ? 0 : s->ops->queued(s);
}


void stream_set_queue(struct stream *s, size_t max, size_t low)
{
	assert(low <= max);
	s->queue_max = max;
	s->queue_low = low;
	if (s->ops->queue_changed)
		s->ops->queue_changed(s);
}


void stream_pause(struct stream *s)
{
	if (s->paused || s->ended)
		return;
	s->paused = true;
	s->ops->flow(s);
}


void stream_resume(struct stream *s)
{
	if (!s->paused || s->ended)
		return;
	s->paused = false;
	s->ops->flow(s);
}


void stream_shutdown(struct stream *s)
{
	if (s->shut || s->ended)
		return;
	s->shut = true;
	s->ops->shutdown(s);
	stream_mark_dirty(s);
}


const struct addr *stream_local(const struct stream *s)
{
	return &s->local;
}


const struct addr *stream_peer(const struct stream *s)
{
	return &s->peer;
}


bool stream_peer_is(const struct stream *s, struct str host)
{
	return s->ops->peer_is && s->ops->peer_is(s, host);
}
