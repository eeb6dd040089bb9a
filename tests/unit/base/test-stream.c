/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: the same tests on the real loop (loopback) and on the virtual one. */
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/counter.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"

/* Nothing here takes as long; it ends a test that would never end. */
#define GUARD_MS 20000
/* Where a refused allocation costs the connection the test waits for. */
#define GUARD_OOM_MS 500

struct end {
	struct world *w;
	struct stream *s;
	const char *name;
	unsigned connected, closed, drained, pieces;
	int error, echo_error;
	size_t received, stop_at; /* stops the loop when so much has come */
	size_t wrong;             /* bytes that are not those of the pattern */
	bool echo, unref_on_recv, unref_on_connected, shutdown_on_recv, pause_on_recv, fill;
	bool through; /* every other piece is written through */
	size_t sent, to_send, largest_queue;
	char text[64];
};

struct world {
	struct loop *l;
	struct virtual_loop *vl; /* NULL: real */
	struct timer guard, later;
	bool guarded, refuse;
	struct stream_listener *ln;
	struct addr to;
	unsigned accepted, stop_when_closed;
	struct end a, b; /* a connects, b is accepted */
	int fds[8];
	rlim_t old_limit;
};


static void on_guard(struct timer *t, void *arg)
{
	struct world *w = arg;

	(void)t;
	w->guarded = true;
	loop_stop(w->l);
}


static void close_world(void *arg)
{
	struct world *w = arg;

	timer_cancel(&w->guard);
	timer_cancel(&w->later);
	w->a.s = mem_unref(w->a.s);
	w->b.s = mem_unref(w->b.s);
	w->ln = mem_unref(w->ln);
	w->l = mem_unref(w->l);
	for (size_t i = 0; i < 8; i++)
		if (w->fds[i] > 0)
			close(w->fds[i]);
}


static struct world *world(bool virtual)
{
	struct world *w = unit_storage(sizeof(*w));

	unit_defer(close_world, w);
	w->a.w = w->b.w = w;
	w->a.name = "a";
	w->b.name = "b";
	if (virtual) {
		w->vl = unit_ptr(virtual_loop_alloc(7));
		w->l = virtual_loop_base(w->vl);
	} else {
		w->l = unit_ptr(loop_uv_alloc());
	}
	timer_start(&w->guard, loop_timers(w->l), getenv("PARLEY_OOM") ? GUARD_OOM_MS : GUARD_MS,
		    on_guard, w);
	return w;
}


static void run(struct world *w)
{
	loop_run(w->l);
	if (unit_refused())
		unit_ok(-ENOMEM); /* a connection may be missing: there is nothing to judge */
	assert_false(w->guarded);
	assert_int_equal(w->a.echo_error, 0);
	assert_int_equal(w->b.echo_error, 0);
}


/* ---- What the two ends do ---- */

static char pattern(size_t at)
{
	return (char)(at % 251);
}


/* In one piece, or cut anywhere; an empty part is none. */
static int write_through(struct end *e, const char *p, size_t n)
{
	size_t a = e->sent % 7 * n / 7, b = a + (n - a) / 3;
	struct iovec parts[] = {{(char *)(uintptr_t)p, a},
				{(char *)(uintptr_t)p + a, b - a},
				{(char *)(uintptr_t)p + b, n - b}};

	return e->sent % 4 ? stream_write_parts(e->s, parts, 3) : stream_write_through(e->s, p, n);
}


static void fill_up(struct end *e)
{
	char chunk[5001];

	while (e->sent < e->to_send) {
		size_t n = e->to_send - e->sent < sizeof(chunk) ? e->to_send - e->sent
								: sizeof(chunk);
		int err;

		for (size_t i = 0; i < n; i++)
			chunk[i] = pattern(e->sent + i);
		err = e->through && e->sent % 3 ? write_through(e, chunk, n)
						: stream_write(e->s, chunk, n);
		if (stream_queued(e->s) > e->largest_queue)
			e->largest_queue = stream_queued(e->s);
		if (err)
			return;
		e->sent += n;
	}
}


static void on_connected(struct stream *s, void *arg)
{
	struct end *e = arg;

	e->connected++;
	assert_true(!e->s || s == e->s);
	if (e->unref_on_connected) {
		e->s = mem_unref(e->s);
		loop_stop(e->w->l);
		return;
	}
	if (e->fill)
		fill_up(e);
}


static void on_resume(struct timer *t, void *arg)
{
	struct end *e = arg;

	(void)t;
	stream_resume(e->s);
}


static void on_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct end *e = arg;

	e->pieces++;
	for (size_t i = 0; i < n; i++) {
		if (p[i] != pattern(e->received + i))
			e->wrong++;
		if (e->received + i < sizeof(e->text) - 1)
			e->text[e->received + i] = p[i];
	}
	e->received += n;
	if (e->echo)
		e->echo_error = stream_write(s, p, n);
	if (e->unref_on_recv)
		e->s = mem_unref(e->s);
	else if (e->shutdown_on_recv)
		stream_shutdown(s);
	else if (e->pause_on_recv) {
		e->pause_on_recv = false;
		stream_pause(s);
		timer_start(&e->w->later, loop_timers(e->w->l), 20, on_resume, e);
	}
	if (e->stop_at && e->received >= e->stop_at)
		loop_stop(e->w->l);
}


static void on_drained(struct stream *s, void *arg)
{
	struct end *e = arg;

	(void)s;
	e->drained++;
	if (e->fill)
		fill_up(e);
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct end *e = arg;
	struct world *w = e->w;

	e->closed++;
	e->error = error;
	assert_int_equal(stream_write(s, "x", 1), -EPIPE);
	assert_int_equal(stream_queued(s), 0);
	e->s = mem_unref(e->s);
	if (w->stop_when_closed && w->a.closed + w->b.closed >= w->stop_when_closed)
		loop_stop(w->l);
}


static const struct stream_handler handler = {on_connected, on_recv, on_drained, on_closed};


static void on_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct world *w = arg;

	(void)ln;
	w->accepted++;
	if (w->refuse || w->b.s) {
		mem_unref(s);
		return;
	}
	w->b.s = s;
	stream_set_handler(s, &handler, &w->b);
}


static void listen_on(struct world *w, const char *host)
{
	struct addr local;

	assert_int_equal(addr_decode(&local, str_of(host), 0), 0);
	unit_ok(stream_listen(&w->ln, w->l, &local, NULL, on_accepted, w));
	w->to = *stream_listener_local(w->ln);
	assert_true(addr_port(&w->to) != 0);
}


static void connect_to(struct world *w, const struct addr *local)
{
	unit_ok(stream_connect(&w->a.s, w->l, &w->to, local, NULL, STR_NULL, &handler, &w->a));
}


/* ---- Tests, on either loop ---- */

static void echo_on(bool virtual, const char *host)
{
	struct world *w = world(virtual);

	listen_on(w, host);
	connect_to(w, NULL);
	w->b.echo = true;
	w->a.stop_at = 10;
	unit_ok(stream_write(w->a.s, "hello", 5));
	unit_ok(stream_write(w->a.s, "", 0));
	unit_ok(stream_write(w->a.s, "again", 5));
	assert_int_equal(stream_queued(w->a.s), 10);
	run(w);
	assert_int_equal(w->a.connected, 1);
	assert_int_equal(w->b.connected, 0);
	assert_string_equal(w->a.text, "helloagain");
	assert_int_equal(w->b.pieces, 1); /* one write for the turn */
	assert_int_equal(stream_queued(w->a.s), 0);
	assert_true(addr_eq(stream_peer(w->a.s), &w->to));
	assert_true(addr_eq(stream_local(w->b.s), &w->to));
	assert_true(addr_eq(stream_local(w->a.s), stream_peer(w->b.s)));
	assert_false(stream_peer_is(w->a.s, STR("localhost")));

	w->stop_when_closed = 2;
	stream_shutdown(w->a.s);
	assert_int_equal(stream_write(w->a.s, "x", 1), -EPIPE);
	run(w);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->b.closed, 1);
	assert_int_equal(w->a.error, 0);
	assert_int_equal(w->b.error, 0);
	assert_int_equal(w->a.drained + w->b.drained, 0);
}


/* Far more than the queue and the kernel hold; the reader pauses in between. */
static void flow_with(bool virtual, bool through)
{
	struct world *w = world(virtual);

	w->a.through = through;
	listen_on(w, "127.0.0.1");
	connect_to(w, NULL);
	stream_set_queue(w->a.s, 100000, 20000);
	w->a.fill = true;
	w->a.to_send = 20 << 20;
	w->b.stop_at = w->a.to_send;
	w->b.pause_on_recv = true;
	run(w);
	assert_int_equal(w->b.received, w->a.to_send);
	assert_int_equal(w->b.wrong, 0);
	assert_true(w->a.drained > 1);
	assert_true(w->a.largest_queue <= 100000);
	assert_true(w->a.largest_queue > 90000);
}


static void flow_on(bool virtual)
{
	flow_with(virtual, false);
}


static void flow_through_on(bool virtual)
{
	flow_with(virtual, true);
}


static void ceiling_on(bool virtual)
{
	struct world *w = world(virtual);
	char *large = unit_storage(2000);

	listen_on(w, "127.0.0.1");
	connect_to(w, NULL);
	stream_set_queue(w->a.s, 1000, 100);
	assert_int_equal(stream_write(w->a.s, large, 1001), -ENOBUFS);
	assert_int_equal(stream_queued(w->a.s), 0);
	unit_ok(stream_write(w->a.s, large, 1000));
	assert_int_equal(stream_write(w->a.s, large, 1), -ENOBUFS);
	assert_int_equal(stream_queued(w->a.s), 1000);
	w->b.stop_at = 1000;
	run(w);
	assert_int_equal(w->a.drained, 1);
	unit_ok(stream_write(w->a.s, large, 1));
}


static void refused_on(bool virtual)
{
	struct world *w = world(virtual);

	listen_on(w, "127.0.0.1");
	w->ln = mem_unref(w->ln);
	w->stop_when_closed = 1;
	connect_to(w, NULL);
	unit_ok(stream_write(w->a.s, "x", 1));
	run(w);
	assert_int_equal(w->a.connected, 0);
	assert_int_equal(w->a.error, -ECONNREFUSED);
}


static void unref_inside_on(bool virtual)
{
	struct world *w = world(virtual);

	/* In recv: the other end sees it close. */
	listen_on(w, "127.0.0.1");
	connect_to(w, NULL);
	w->b.unref_on_recv = true;
	w->stop_when_closed = 1;
	unit_ok(stream_write(w->a.s, "x", 1));
	run(w);
	assert_int_equal(w->a.closed, 1);
	assert_null(w->b.s);
	assert_int_equal(w->b.closed, 0);

	/* In connected. */
	w->a.unref_on_connected = true;
	connect_to(w, NULL);
	run(w);
	assert_null(w->a.s);
	assert_int_equal(w->a.closed, 1);
	w->a.unref_on_connected = false;
	w->b.s = mem_unref(w->b.s);

	/* In accepted. */
	w->refuse = true;
	w->stop_when_closed = 2;
	connect_to(w, NULL);
	run(w);
	assert_int_equal(w->a.closed, 2);

	/* Before anything happened. */
	connect_to(w, NULL);
	w->a.s = mem_unref(w->a.s);
}


/* The answer and the goodbye leave together; the peer gets both. */
static void shutdown_on(bool virtual)
{
	struct world *w = world(virtual);
	char *last = unit_storage(200000);

	memset(last, 'x', 200000);
	listen_on(w, "127.0.0.1");
	connect_to(w, NULL);
	w->b.shutdown_on_recv = true;
	w->b.echo = true;
	w->stop_when_closed = 2;
	unit_ok(stream_write(w->a.s, "bye", 3));
	run(w);
	assert_string_equal(w->a.text, "bye");
	assert_int_equal(w->a.error, 0);
	assert_int_equal(w->b.error, 0);

	/* Before the connection is there: it is made, used, and closed. */
	w->b = (struct end){.w = w, .name = "b"};
	w->stop_when_closed = 3;
	connect_to(w, NULL);
	unit_ok(stream_write(w->a.s, last, 200000));
	stream_shutdown(w->a.s);
	run(w);
	assert_int_equal(w->b.received, 200000);
	assert_int_equal(w->a.connected, 1); /* the first time only: its owner was gone */
}


static void listener_unref_on(bool virtual)
{
	struct world *w = world(virtual);
	struct addr local;

	assert_int_equal(addr_decode(&local, STR("127.0.0.1"), 0), 0);
	listen_on(w, "127.0.0.1");
	connect_to(w, &local);
	w->b.stop_at = 1;
	unit_ok(stream_write(w->a.s, "1", 1));
	run(w);
	w->ln = mem_unref(w->ln);
	w->b.stop_at = 2;
	unit_ok(stream_write(w->a.s, "2", 1));
	run(w);
	assert_string_equal(w->b.text, "12");
	assert_true(addr_eq_host(stream_local(w->a.s), &local));
}


static void address_in_use_on(bool virtual)
{
	struct world *w = world(virtual);
	struct stream_listener *second = NULL;
	int err;

	listen_on(w, "127.0.0.1");
	err = stream_listen(&second, w->l, &w->to, NULL, on_accepted, w);
	unit_must(err == -EADDRINUSE);
	assert_null(second);
}


#define ON_BOTH(test)                           \
	static void test_##test(void)           \
	{                                       \
		test##_on(false);               \
	}                                       \
	static void test_##test##_virtual(void) \
	{                                       \
		test##_on(true);                \
	}

ON_BOTH(flow)
ON_BOTH(flow_through)
ON_BOTH(ceiling)
ON_BOTH(refused)
ON_BOTH(unref_inside)
ON_BOTH(shutdown)
ON_BOTH(listener_unref)
ON_BOTH(address_in_use)


static void test_echo(void)
{
	echo_on(false, "127.0.0.1");
}


static void test_echo_v6(void)
{
	echo_on(false, "::1");
}


static void test_echo_virtual(void)
{
	echo_on(true, "192.0.2.1");
}


static void test_echo_virtual_v6(void)
{
	echo_on(true, "2001:db8::1");
}


/* ---- Only with a kernel ---- */

static int raw_connect(struct world *w, int i)
{
	w->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(w->fds[i] > 0);
	assert_int_equal(connect(w->fds[i], &w->to.sa, addr_len(&w->to)), 0);
	return w->fds[i];
}


static void test_reset(void)
{
	struct world *w = world(false);
	struct linger at_once = {1, 0};
	int fd;

	listen_on(w, "127.0.0.1");
	fd = raw_connect(w, 0);
	w->b.stop_at = 1;
	assert_int_equal(write(fd, "x", 1), 1);
	run(w);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	close(fd);
	w->fds[0] = 0;
	w->stop_when_closed = 1;
	run(w);
	assert_int_equal(w->b.error, -ECONNRESET);
}


/* The end is seen when reading goes on. */
static void test_pause_hides_the_end(void)
{
	struct world *w = world(false);
	int fd;

	listen_on(w, "127.0.0.1");
	fd = raw_connect(w, 0);
	w->b.pause_on_recv = true;
	w->stop_when_closed = 1;
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	run(w);
	assert_int_equal(w->b.received, 1);
	assert_int_equal(w->b.error, 0);
}


static void restore_limit(struct timer *t, void *arg)
{
	struct world *w = arg;
	struct rlimit r;

	(void)t;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = w->old_limit;
	setrlimit(RLIMIT_NOFILE, &r);
}


/* Out of descriptors: accepting pauses instead of spinning, and goes on when there are some again. */
static void test_no_descriptors(void)
{
	struct world *w = world(false);
	struct counter *failed;
	struct rlimit r;
	int64_t before;
	int next;

	listen_on(w, "127.0.0.1");
	failed = counter_find(STR("base.stream.accept_failed"));
	assert_non_null(failed);
	before = failed->value;
	w->b.stop_at = 1;
	assert_int_equal(write(raw_connect(w, 0), "x", 1), 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	w->old_limit = r.rlim_cur;
	next = dup(w->fds[0]);
	close(next);
	r.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
	timer_start(&w->later, loop_timers(w->l), STREAM_ACCEPT_PAUSE_MS * 3 / 2, restore_limit, w);
	run(w);
	assert_int_equal(w->accepted, 1);
	assert_int_equal(failed->value - before, 2);
}


UNIT_MAIN(UNIT_TEST(test_echo), UNIT_TEST(test_echo_v6), UNIT_TEST(test_echo_virtual),
	  UNIT_TEST(test_echo_virtual_v6), UNIT_TEST_PLAIN(test_flow),
	  UNIT_TEST_PLAIN(test_flow_virtual), UNIT_TEST_PLAIN(test_flow_through),
	  UNIT_TEST_PLAIN(test_flow_through_virtual), UNIT_TEST(test_ceiling),
	  UNIT_TEST(test_ceiling_virtual), UNIT_TEST(test_refused), UNIT_TEST(test_refused_virtual),
	  UNIT_TEST_PLAIN(test_unref_inside), UNIT_TEST(test_unref_inside_virtual),
	  UNIT_TEST_PLAIN(test_shutdown), UNIT_TEST(test_shutdown_virtual),
	  UNIT_TEST_PLAIN(test_listener_unref), UNIT_TEST(test_listener_unref_virtual),
	  UNIT_TEST(test_address_in_use), UNIT_TEST(test_address_in_use_virtual),
	  UNIT_TEST_PLAIN(test_reset), UNIT_TEST_PLAIN(test_pause_hides_the_end),
	  UNIT_TEST_PLAIN(test_no_descriptors))
