/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections: one shared read buffer, one write per turn, bounded queues. */
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/byte_queue.h"
#include "base/counter.h"
#include "base/loop_uv.h"
#include "base/mem.h"
#include "base/timer.h"

/* Reads of one connection in one turn: a fast sender does not keep the others waiting. */
#define READS_PER_TURN 4
/* From where one read puts its bytes to where the next does. */
#define READ_SHIFT 576
/* Connections accepted in one turn. */
#define ACCEPTS_PER_TURN 64
/* Silence is probed after a minute, then four times; a NAT in between stays open by the way. */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_COUNT 4

enum { C_OPEN, C_ACCEPTED, C_ACCEPT_FAILED, C_FAILED, C_SHUTDOWN_TIMEOUT, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_OPEN] = GAUGE("base.stream.open", "TCP connections open or being opened"),
	[C_ACCEPTED] = COUNTER("base.stream.accepted", "TCP connections accepted"),
	[C_ACCEPT_FAILED] = COUNTER("base.stream.accept_failed",
				    "times accepting stopped for want of descriptors or memory"),
	[C_FAILED] = COUNTER("base.stream.failed", "TCP connections that ended with an error"),
	[C_SHUTDOWN_TIMEOUT] = COUNTER("base.stream.shutdown_timeout",
				       "connections closed before the peer had taken all of it"),
};

struct stream_uv {
	struct stream base;
	struct loop_uv *lu;
	int fd; /* -1: closed */
	bool connecting;
	bool blocked;  /* the kernel takes no more; POLLOUT is awaited */
	bool finished; /* our side is shut: all is sent */
	bool torn;     /* a part of what was pushed is lost for want of memory: it must fail */
	struct loop_poll *poll;
	struct byte_queue out;
	struct list_link shutting; /* in lu->shutting, since stream_shutdown */
	uint64_t patience_ms;      /* until then */
};

struct listener_uv {
	struct stream_listener base;
	struct loop_uv *lu;
	int fd;
	struct loop_poll *poll;
	struct timer pause;
};


static int address_of(int fd, struct addr *a)
{
	socklen_t n = sizeof(*a);

	return getsockname(fd, &a->sa, &n) ? -errno : 0;
}


/* A listening socket hands all of these down to the connections it accepts: tcp(7). */
static void set_options(int fd)
{
	int on = 1, idle = KEEPALIVE_IDLE_S, interval = KEEPALIVE_INTERVAL_S;
	int count = KEEPALIVE_COUNT, dead_ms = STREAM_DEAD_MS;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
}


static int socket_open(const struct addr *a)
{
	int fd, on = 1, err;

	if (a->sa.sa_family != AF_INET && a->sa.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (a->sa.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) {
		err = -errno;
		close(fd);
		return err;
	}
	set_options(fd);
	return fd;
}


/* ---- One connection ---- */

static void leave_shutting(struct stream_uv *s)
{
	if (!list_linked(&s->shutting))
		return;
	list_remove(&s->lu->shutting, &s->shutting);
	if (list_empty(&s->lu->shutting))
		timer_cancel(&s->lu->patience);
}


static void release(struct stream_uv *s)
{
	leave_shutting(s);
	s->poll = loop_poll_stop(s->poll);
	if (s->fd >= 0) {
		close(s->fd);
		counter_add(&counters[C_OPEN], -1);
	}
	s->fd = -1;
	byte_queue_done(&s->out);
}


static void destroy(void *object)
{
	struct stream_uv *s = object;

	release(s);
	stream_done(&s->base);
}


static void finish(struct stream_uv *s, int error)
{
	release(s);
	if (error)
		counter_add(&counters[C_FAILED], 1);
	stream_end(&s->base, error);
}


static void update_watch(struct stream_uv *s)
{
	int events;

	if (s->connecting)
		events = POLLOUT;
	else
		events = (!s->base.paused || s->base.shut ? POLLIN : 0) |
			 (s->blocked ? POLLOUT : 0);
	if (s->poll)
		(void)loop_poll_change(s->poll, events);
}


static void on_connected(struct stream_uv *s)
{
	socklen_t n = sizeof(int);
	int error = 0;

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n))
		error = errno;
	if (error) {
		finish(s, -error);
		return;
	}
	s->connecting = false;
	(void)address_of(s->fd, &s->base.local);
	update_watch(s);
	if (s->out.n || s->base.shut)
		stream_mark_dirty(&s->base);
	if (!s->base.shut && s->base.handler->connected)
		s->base.handler->connected(&s->base, s->base.arg);
}


/*
 * Each time elsewhere. Some processors (AMD Zen 3, 4) copy at a fifteenth of their speed where the target lies 1 to 15
 * bytes behind the source, modulo a page; between the kernel's buffers and one that always begins at the same place a
 * stream may stay so for ever.
 */
static char *read_room(struct loop_uv *lu)
{
	lu->read_at = (lu->read_at + READ_SHIFT) % STREAM_READ_SHIFTS;
	return lu->read_buffer + lu->read_at;
}


/* The caller holds a reference. */
static void read_some(struct stream_uv *s)
{
	for (int i = 0; i < READS_PER_TURN && s->fd >= 0; i++) {
		char *to = read_room(s->lu);
		ssize_t n = recv(s->fd, to, STREAM_READ_MAX, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			finish(s, n == 0 || s->finished ? 0 : -errno);
			return;
		}
		if (s->base.shut)
			continue; /* discarded: the owner has said all it wants to say */
		s->base.handler->recv(&s->base, to, (size_t)n, s->base.arg);
		if (stream_abandoned(&s->base) || s->base.paused || n < STREAM_READ_MAX)
			return;
	}
}


static void flush(struct stream *base)
{
	struct stream_uv *s = container_of(base, struct stream_uv, base);

	if (s->fd < 0 || s->connecting || s->finished)
		return;
	if (s->torn) {
		finish(s, -ENOMEM);
		return;
	}
	while (s->out.n) {
		ssize_t n = send(s->fd, byte_queue_first(&s->out), s->out.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			finish(s, -errno);
			return;
		}
		byte_queue_take(&s->out, (size_t)n);
	}
	s->blocked = s->out.n > 0;
	if (base->shut && !s->blocked) {
		s->finished = true;
		(void)shutdown(s->fd, SHUT_WR);
	}
	update_watch(s);
	stream_check_drained(base);
}


static void on_ready(int fd, int events, void *arg)
{
	struct stream_uv *s = mem_ref(arg);

	(void)fd;
	if (s->connecting) {
		on_connected(s);
		mem_unref(s);
		return;
	}
	if (events & POLLOUT)
		flush(&s->base);
	if (events & POLLIN && !stream_abandoned(&s->base) && (!s->base.paused || s->base.shut))
		read_some(s);
	mem_unref(s);
}


static int put(struct stream *base, const void *p, size_t n)
{
	return byte_queue_put(&container_of(base, struct stream_uv, base)->out, p, n);
}


/* What the kernel has not taken: all but the first `sent` bytes. */
static int put_rest(struct stream_uv *s, const struct iovec *parts, unsigned count, size_t sent)
{
	bool some = sent > 0;

	for (unsigned i = 0; i < count; i++) {
		size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
		int err;

		sent -= skip;
		err = byte_queue_put(&s->out, (char *)parts[i].iov_base + skip,
				     parts[i].iov_len - skip);
		if (err && !some)
			return err;
		if (err) {
			s->torn = true;
			return 0;
		}
		some = some || parts[i].iov_len;
	}
	return 0;
}


static int push(struct stream *base, const struct iovec *parts, unsigned count)
{
	struct stream_uv *s = container_of(base, struct stream_uv, base);
	struct iovec all[STREAM_PARTS_MAX + 1];
	struct msghdr m = {.msg_iov = all, .msg_iovlen = count + 1};
	size_t queued = s->out.n, sent;
	ssize_t got;

	if (s->fd < 0 || s->connecting || s->blocked || s->finished)
		return put_rest(s, parts, count, 0);
	all[0] = (struct iovec){byte_queue_first(&s->out), queued};
	memcpy(all + 1, parts, count * sizeof(*parts));
	got = sendmsg(s->fd, &m, MSG_NOSIGNAL);
	sent = got > 0 ? (size_t)got : 0;
	if (sent < queued) {
		byte_queue_take(&s->out, sent);
		return put_rest(s, parts, count, 0);
	}
	if (queued)
		byte_queue_take(&s->out, queued);
	return put_rest(s, parts, count, sent - queued);
}


static size_t queued(const struct stream *base)
{
	return container_of(base, const struct stream_uv, base)->out.n;
}


static void flow(struct stream *base)
{
	update_watch(container_of(base, struct stream_uv, base));
}


/* All have the same patience, so that the first is the first to lose it. */
static void on_patience(struct timer *t, void *arg)
{
	struct loop_uv *lu = arg;
	uint64_t now_ms = loop_now_ms(&lu->base);
	struct list_link *k;

	while ((k = list_first(&lu->shutting))) {
		struct stream_uv *s = mem_ref(container_of(k, struct stream_uv, shutting));
		bool over = s->patience_ms <= now_ms;

		if (over) {
			if (!s->finished)
				counter_add(&counters[C_SHUTDOWN_TIMEOUT], 1);
			leave_shutting(s);
			finish(s, s->finished ? 0 : -ETIMEDOUT);
		} else if (!timer_running(t)) {
			timer_start(t, lu->base.timers, s->patience_ms - now_ms, on_patience, lu);
		}
		mem_unref(s);
		if (!over)
			return;
	}
}


static void shutdown_later(struct stream *base)
{
	struct stream_uv *s = container_of(base, struct stream_uv, base);

	s->patience_ms = loop_now_ms(base->loop) + STREAM_SHUTDOWN_MS;
	if (!list_linked(&s->shutting))
		list_append(&s->lu->shutting, &s->shutting);
	if (!timer_running(&s->lu->patience))
		timer_start(&s->lu->patience, base->loop->timers, STREAM_SHUTDOWN_MS, on_patience,
			    s->lu);
	update_watch(s);
}


static const struct stream_ops ops = {
	.write = put,
	.queued = queued,
	.flush = flush,
	.flow = flow,
	.shutdown = shutdown_later,
	.push = push,
};


/* Takes the descriptor, also when it fails. */
static int stream_alloc(struct stream_uv **ret, struct loop_uv *lu, int fd, bool connecting)
{
	struct stream_uv *s = mem_alloc(sizeof(*s), destroy);
	int err;

	if (!s) {
		close(fd);
		return -ENOMEM;
	}
	stream_init(&s->base, &ops, &lu->base);
	s->lu = lu;
	s->fd = fd;
	s->connecting = connecting;
	counter_add(&counters[C_OPEN], 1);
	err = loop_poll_start(&s->poll, &lu->base, fd, connecting ? POLLOUT : POLLIN, on_ready, s);
	if (err) {
		mem_unref(s);
		return err;
	}
	*ret = s;
	return 0;
}


static int bind_local(int fd, const struct addr *local)
{
	int on = 1;

	/* Lets one local port serve connections to several peers. */
	if (addr_port(local) == 0)
		(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, &local->sa, addr_len(local)) ? -errno : 0;
}


int stream_uv_connect(struct stream **ret, struct loop *l, const struct addr *peer,
		      const struct addr *local)
{
	struct stream_uv *s;
	int fd, err;

	counter_register(counters, C_COUNT);
	fd = socket_open(peer);
	if (fd < 0)
		return fd;
	err = local ? bind_local(fd, local) : 0;
	if (!err && connect(fd, &peer->sa, addr_len(peer)) && errno != EINPROGRESS)
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	err = stream_alloc(&s, container_of(l, struct loop_uv, base), fd, true);
	if (err)
		return err;
	s->base.peer = *peer;
	if (local)
		s->base.local = *local;
	*ret = &s->base;
	return 0;
}


/* ---- Listening ---- */

static void listener_destroy(void *object)
{
	struct listener_uv *ln = object;

	timer_cancel(&ln->pause);
	ln->poll = loop_poll_stop(ln->poll);
	if (ln->fd >= 0)
		close(ln->fd);
	ln->base.loop = mem_unref(ln->base.loop);
}


static void on_pause_over(struct timer *t, void *arg)
{
	struct listener_uv *ln = arg;

	(void)t;
	(void)loop_poll_change(ln->poll, POLLIN);
}


/*
 * Out of descriptors or memory: the connection that waits stays in the backlog and would make the
 * listener ready again at once, so it is left alone for a while.
 */
static void pause_accepting(struct listener_uv *ln)
{
	counter_add(&counters[C_ACCEPT_FAILED], 1);
	(void)loop_poll_change(ln->poll, 0);
	timer_start(&ln->pause, ln->base.loop->timers, STREAM_ACCEPT_PAUSE_MS, on_pause_over, ln);
}


static int accept_one(struct listener_uv *ln)
{
	struct addr peer = {0};
	socklen_t n = sizeof(peer);
	struct stream_uv *s;
	int fd, err;

	fd = accept4(ln->fd, &peer.sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = stream_alloc(&s, ln->lu, fd, false);
	if (err)
		return -ENOMEM;
	s->base.peer = peer;
	if (!addr_is_any(&ln->base.local))
		s->base.local = ln->base.local;
	else
		(void)address_of(fd, &s->base.local);
	counter_add(&counters[C_ACCEPTED], 1);
	ln->base.accepted(&ln->base, &s->base, ln->base.arg);
	return 0;
}


static void on_incoming(int fd, int events, void *arg)
{
	struct listener_uv *ln = mem_ref(arg);

	(void)fd;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN && mem_refs(ln) > 1; i++) {
		int err = accept_one(ln);

		if (err == -EAGAIN || err == -EWOULDBLOCK)
			break;
		if (err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -ENOBUFS) {
			pause_accepting(ln);
			break;
		}
		/* Any other error is of the one connection that was taken from the queue. */
	}
	mem_unref(ln);
}


static int listener_bind(struct listener_uv *ln, const struct addr *local)
{
	int on = 1;

	ln->fd = socket_open(local);
	if (ln->fd < 0)
		return ln->fd;
	(void)setsockopt(ln->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(ln->fd, &local->sa, addr_len(local)) || listen(ln->fd, STREAM_BACKLOG))
		return -errno;
	return address_of(ln->fd, &ln->base.local);
}


int stream_uv_listen(struct stream_listener **ret, struct loop *l, const struct addr *local)
{
	struct listener_uv *ln = mem_alloc(sizeof(*ln), listener_destroy);
	int err;

	counter_register(counters, C_COUNT);
	if (!ln)
		return -ENOMEM;
	ln->fd = -1;
	ln->lu = container_of(l, struct loop_uv, base);
	ln->base.loop = mem_ref(l);
	err = listener_bind(ln, local);
	if (!err)
		err = loop_poll_start(&ln->poll, l, ln->fd, POLLIN, on_incoming, ln);
	if (err) {
		mem_unref(ln);
		return err;
	}
	*ret = &ln->base;
	return 0;
}
