/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual loop: exact times, order, and each fault. */
#include "lib/virtual_loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "lib/unit.h"

struct world {
	struct virtual_loop *vl;
	struct loop *l;
	struct buf *log;
	struct timer timers[4];
	struct datagram_socket *s[3];
	struct stream_listener *ln;
	struct stream *a, *b; /* connects, is accepted */
	struct deferred_call call;
	struct work work;
	bool working;
	unsigned restarts;
};


static void close_world(void *arg)
{
	struct world *w = arg;

	for (size_t i = 0; i < 4; i++)
		timer_cancel(&w->timers[i]);
	for (size_t i = 0; i < 3; i++)
		w->s[i] = mem_unref(w->s[i]);
	w->a = mem_unref(w->a);
	w->b = mem_unref(w->b);
	w->ln = mem_unref(w->ln);
	w->vl = mem_unref(w->vl);
}


static struct world *world(void)
{
	struct world *w = unit_storage(sizeof(*w));
	static char text[4096];

	w->log = unit_storage(sizeof(*w->log));
	buf_fixed(w->log, text, sizeof(text));
	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->l = virtual_loop_base(w->vl);
	return w;
}


static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, str_of(text)), 0);
	return a;
}


static void note(struct world *w, const char *what, struct str text)
{
	buf_printf(w->log, "%s%llu %s%s", w->log->n ? ", " : "",
		   (unsigned long long)(loop_now_ms(w->l) - VIRTUAL_START_MS), what,
		   text.n ? " " : "");
	buf_puts(w->log, text);
}


/* What happened since the last time: "TIME EVENT, TIME EVENT…". */
static void log_is(struct world *w, const char *expected)
{
	if (unit_refused())
		unit_ok(-ENOMEM);
	unit_str(buf_str(w->log), expected);
	buf_clear(w->log);
}


/* ---- Time ---- */

static void on_timer(struct timer *t, void *arg)
{
	struct world *w = arg;
	char name[2] = {(char)('a' + (t - w->timers)), 0};

	note(w, name, STR_NULL);
}


static void on_timer_start(struct timer *t, void *arg)
{
	struct world *w = arg;

	note(w, "start", STR_NULL);
	timer_start(&w->timers[0], loop_timers(w->l), 10, on_timer, w);
	if (++w->restarts < 3)
		timer_start(t, loop_timers(w->l), 0, on_timer_start, w);
}


static void test_time(void)
{
	struct world *w = world();

	assert_int_equal(loop_now_ms(w->l), VIRTUAL_START_MS);
	assert_true(loop_wall_ms(w->l) == VIRTUAL_WALL_START_MS);
	timer_start(&w->timers[0], loop_timers(w->l), 500, on_timer, w);
	timer_start(&w->timers[1], loop_timers(w->l), 499, on_timer, w);
	timer_start(&w->timers[2], loop_timers(w->l), 500, on_timer, w);
	timer_start(&w->timers[3], loop_timers(w->l), 3600000, on_timer, w);
	assert_int_equal(virtual_loop_next(w->vl), 499);
	assert_false(virtual_loop_step(w->vl));
	assert_true(virtual_loop_advance(w->vl, 498));
	log_is(w, "");
	assert_true(virtual_loop_advance(w->vl, 1));
	log_is(w, "499 b");
	assert_true(virtual_loop_advance(w->vl, 3599501));
	log_is(w, "500 a, 500 c, 3600000 d");
	assert_int_equal(virtual_loop_next(w->vl), UINT64_MAX);
	assert_true(loop_wall_ms(w->l) == VIRTUAL_WALL_START_MS + 3600000);
	assert_true(loop_clock_us(w->l) == (VIRTUAL_START_MS + UINT64_C(3600000)) * 1000);
	virtual_loop_set_wall(w->vl, 5);
	assert_true(loop_wall_ms(w->l) == 5);
	assert_true(virtual_loop_advance(w->vl, 2));
	assert_true(loop_wall_ms(w->l) == 7);
}


static void test_timers_that_start_timers(void)
{
	struct world *w = world();

	timer_start(&w->timers[1], loop_timers(w->l), 5, on_timer_start, w);
	assert_true(virtual_loop_advance(w->vl, 15));
	log_is(w, "5 start, 5 start, 5 start, 15 a");
}


static void for_ever(struct timer *t, void *arg)
{
	timer_start(t, loop_timers(arg), 0, for_ever, arg);
}


static void test_never_idle(void)
{
	struct world *w = world();

	timer_start(&w->timers[0], loop_timers(w->l), 0, for_ever, w->l);
	assert_false(virtual_loop_run_until_idle(w->vl));
	assert_false(virtual_loop_advance(w->vl, 1));
}


static void test_random_is_repeated(void)
{
	struct virtual_loop *one = unit_own(virtual_loop_alloc(42));
	struct virtual_loop *two = unit_own(virtual_loop_alloc(42));
	struct virtual_loop *other = unit_own(virtual_loop_alloc(43));
	uint8_t bytes[3][21];
	struct virtual_loop *loops[] = {one, two, other};

	for (int i = 0; i < 3; i++)
		loop_random(virtual_loop_base(loops[i]), bytes[i], sizeof(bytes[i]));
	assert_memory_equal(bytes[0], bytes[1], sizeof(bytes[0]));
	assert_memory_not_equal(bytes[0], bytes[2], sizeof(bytes[0]));
	assert_true(loop_random_u64(virtual_loop_base(one)) ==
		    loop_random_u64(virtual_loop_base(two)));
}


static void on_run(struct work *w)
{
	container_of(w, struct world, work)->working = true;
}


static void on_done(struct work *w)
{
	note(container_of(w, struct world, work), "done", STR_NULL);
}


static void on_call(void *arg)
{
	note(arg, "deferred", STR_NULL);
}


static void test_work_and_defer(void)
{
	struct world *w = world();

	w->work = (struct work){on_run, on_done, NULL};
	unit_ok(loop_work(w->l, &w->work));
	assert_true(w->working);
	loop_defer(w->l, &w->call, on_call, w);
	timer_start(&w->timers[0], loop_timers(w->l), 0, on_timer, w);
	log_is(w, "");
	assert_int_equal(virtual_loop_next(w->vl), 0);
	assert_true(virtual_loop_step(w->vl));
	log_is(w, "0 done, 0 a, 0 deferred");
	assert_false(virtual_loop_step(w->vl));
	assert_false(virtual_loop_stopped(w->vl));
	loop_stop(w->l);
	assert_true(virtual_loop_stopped(w->vl));
}


static void test_not_supported(void)
{
	struct world *w = world();
	struct loop_poll *p = NULL;

	assert_int_equal(loop_poll_start(&p, w->l, 0, POLLIN, NULL, NULL), -ENOTSUP);
	assert_int_equal(loop_on_signal(w->l, 1, NULL, NULL), -ENOTSUP);
	assert_null(p);
}


/* ---- Datagrams ---- */

static void on_datagrams(struct datagram_socket *s, const struct datagram *batch, size_t n,
			 void *arg)
{
	struct world *w = arg;
	char text[64];

	for (size_t i = 0; i < n; i++) {
		char peer[ADDR_TEXT_MAX];

		snprintf(text, sizeof(text), "%d/%d %s %.*s",
			 s == w->s[0]   ? 0
			 : s == w->s[1] ? 1
					: 2,
			 (int)n, addr_text(&batch[i].peer, peer), (int)batch[i].n, batch[i].p);
		((char *)batch[i].p)[batch[i].n] = '\0';
		note(w, "got", str_of(text));
	}
}


static void on_error(struct datagram_socket *s, const struct addr *peer, int error, void *arg)
{
	char text[ADDR_TEXT_MAX];

	(void)s;
	assert_int_equal(error, -ECONNREFUSED);
	note(arg, "refused", str_of(addr_text(peer, text)));
}


static void open_socket(struct world *w, int i, const char *at)
{
	struct addr local = address(at);

	unit_ok(datagram_open(&w->s[i], w->l, &local, on_datagrams, on_error, w));
}


static void send_text(struct world *w, int i, const char *to, const char *text)
{
	struct addr peer = address(to);

	assert_int_equal(datagram_send(w->s[i], &peer, text, strlen(text)), 0);
}


static void test_datagrams(void)
{
	struct world *w = world();

	open_socket(w, 0, "192.0.2.1:5060");
	open_socket(w, 1, "0.0.0.0:5061");
	send_text(w, 0, "192.0.2.9:5061", "one");
	send_text(w, 0, "192.0.2.8:5061", "two");
	send_text(w, 1, "192.0.2.1:5060", "three");
	send_text(w, 0, "192.0.2.1:9", "nobody");
	send_text(w, 0, "192.0.2.9:5061", "");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 got 1/2 192.0.2.1:5060 one, 0 got 1/2 192.0.2.1:5060 two, "
		  "0 got 0/1 127.0.0.1:5061 three, 0 got 1/1 192.0.2.1:5060 , "
		  "0 refused 192.0.2.1:9");
	assert_int_equal(virtual_loop_counts(w->vl)->datagrams, 4);
	assert_int_equal(virtual_loop_counts(w->vl)->refused, 1);

	/* The exact address comes first; the host is ours to choose. */
	open_socket(w, 2, "192.0.2.8:5061");
	virtual_loop_set_host(w->vl, &(struct addr){.in = address("192.0.2.77:0").in});
	send_text(w, 0, "192.0.2.8:5061", "exact");
	send_text(w, 1, "192.0.2.1:5060", "host");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 got 2/1 192.0.2.1:5060 exact, 0 got 0/1 192.0.2.77:5061 host");

	/* Who has gone gets nothing. */
	send_text(w, 0, "192.0.2.8:5061", "late");
	w->s[2] = mem_unref(w->s[2]);
	w->s[1] = mem_unref(w->s[1]);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 refused 192.0.2.8:5061");
}


static void test_datagram_errors(void)
{
	struct world *w = world();
	struct addr to = address("[2001:db8::1]:5060"), same = address("192.0.2.1:5060");
	char *large = unit_storage(65536);
	struct datagram_socket *second = NULL;

	open_socket(w, 0, "192.0.2.1:5060");
	assert_int_equal(datagram_send(w->s[0], &to, "x", 1), -EAFNOSUPPORT);
	assert_int_equal(datagram_send(w->s[0], &same, large, 65508), -EMSGSIZE);
	assert_int_equal(datagram_send(w->s[0], &same, large, 65507), 0);
	assert_int_equal(datagram_open(&second, w->l, &same, on_datagrams, NULL, w), -EADDRINUSE);
	assert_null(second);
}


static struct virtual_fault fault(enum virtual_fault_kind kind, const char *from, const char *to,
				  uint64_t n, unsigned times)
{
	struct virtual_fault f = {.kind = kind, .n = n, .times = times};

	if (from)
		f.from = address(from);
	if (to)
		f.to = address(to);
	return f;
}


static void test_datagram_faults(void)
{
	struct world *w = world();
	struct virtual_fault f;
	uint32_t id;

	open_socket(w, 0, "192.0.2.1:5060");
	open_socket(w, 1, "192.0.2.2:5060");

	f = fault(VIRTUAL_DROP, NULL, "192.0.2.2:0", 0, 2);
	id = virtual_fault_add(w->vl, &f);
	for (char c[] = "a"; c[0] < 'd'; c[0]++)
		send_text(w, 0, "192.0.2.2:5060", c);
	send_text(w, 1, "192.0.2.1:5060", "back");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 got 1/1 192.0.2.1:5060 c, 0 got 0/1 192.0.2.2:5060 back");
	assert_int_equal(virtual_loop_counts(w->vl)->dropped, 2);
	virtual_fault_remove(w->vl, id);

	f = fault(VIRTUAL_REFUSE, "192.0.2.1:5060", "0.0.0.0:5060", 0, 0);
	id = virtual_fault_add(w->vl, &f);
	send_text(w, 0, "192.0.2.2:5060", "x");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 refused 192.0.2.2:5060");
	virtual_fault_remove(w->vl, id);
	send_text(w, 0, "192.0.2.2:5060", "y");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 got 1/1 192.0.2.1:5060 y");

	f = fault(VIRTUAL_DUPLICATE, NULL, NULL, 2, 1);
	(void)virtual_fault_add(w->vl, &f);
	f = fault(VIRTUAL_DELAY, NULL, "192.0.2.2:5060", 30, 0);
	(void)virtual_fault_add(w->vl, &f);
	send_text(w, 0, "192.0.2.2:5060", "d");
	timer_start(&w->timers[0], loop_timers(w->l), 30, on_timer, w);
	timer_start(&w->timers[1], loop_timers(w->l), 29, on_timer, w);
	assert_int_equal(virtual_loop_next(w->vl), 29);
	assert_true(virtual_loop_advance(w->vl, 31));
	log_is(w, "29 b, 30 got 1/3 192.0.2.1:5060 d, 30 got 1/3 192.0.2.1:5060 d, "
		  "30 got 1/3 192.0.2.1:5060 d, 30 a");
	virtual_fault_clear(w->vl);
	send_text(w, 0, "192.0.2.2:5060", "e");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "31 got 1/1 192.0.2.1:5060 e");
}


/* ---- Streams ---- */

static const char *who(struct world *w, struct stream *s)
{
	return s == w->a ? "a" : "b";
}


static void on_connected(struct stream *s, void *arg)
{
	note(arg, who(arg, s), STR("connected"));
}


static void on_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	note(arg, who(arg, s), (struct str){p, n < 12 ? n : 12});
}


static void on_drained(struct stream *s, void *arg)
{
	note(arg, who(arg, s), STR("drained"));
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct world *w = arg;
	char text[32];

	snprintf(text, sizeof(text), "closed%s%s", error ? " " : "",
		 error == -ECONNRESET     ? "reset"
		 : error == -ECONNREFUSED ? "refused"
		 : error == -ETIMEDOUT    ? "timeout"
		 : error                  ? "?"
					  : "");
	note(w, who(w, s), str_of(text));
	if (s == w->a)
		w->a = mem_unref(w->a);
	else
		w->b = mem_unref(w->b);
}


static const struct stream_handler handler = {on_connected, on_recv, on_drained, on_closed};


static void on_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct world *w = arg;

	(void)ln;
	if (w->b) {
		mem_unref(s);
		return;
	}
	w->b = s;
	stream_set_handler(s, &handler, w);
	note(w, "accepted", STR_NULL);
}


#define SERVER "192.0.2.9:5060"
#define CLIENT "192.0.2.1:40000"

static struct world *stream_world(void)
{
	struct world *w = world();
	struct addr local = address(SERVER);

	unit_ok(stream_listen(&w->ln, w->l, &local, NULL, on_accepted, w));
	return w;
}


static void connect_there(struct world *w)
{
	struct addr peer = address(SERVER), local = address(CLIENT);

	unit_ok(stream_connect(&w->a, w->l, &peer, &local, NULL, STR_NULL, &handler, w));
}


static struct world *connected_world(void)
{
	struct world *w = stream_world();

	connect_there(w);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 accepted, 0 a connected");
	return w;
}


static uint32_t add(struct world *w, enum virtual_fault_kind kind, const char *to, uint64_t n,
		    unsigned times)
{
	struct virtual_fault f = fault(kind, NULL, to, n, times);

	return virtual_fault_add(w->vl, &f);
}


static void say(struct stream *s, const char *text)
{
	unit_ok(stream_write(s, text, strlen(text)));
}


static void test_pieces(void)
{
	struct world *w = connected_world();

	add(w, VIRTUAL_PIECES, SERVER, 1, 0);
	add(w, VIRTUAL_PIECES, CLIENT, 3, 0);
	say(w->a, "abcd");
	say(w->b, "efghijk");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 b a, 0 a efg, 0 b b, 0 a hij, 0 b c, 0 a k, 0 b d");
	assert_int_equal(virtual_loop_counts(w->vl)->bytes, 11);
	assert_int_equal(virtual_loop_streams(w->vl), 2);
	w->a = mem_unref(w->a);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 b closed");
	assert_int_equal(virtual_loop_streams(w->vl), 0);
}


static void test_cut(void)
{
	struct world *w = connected_world();

	add(w, VIRTUAL_CUT, SERVER, 5, 1);
	say(w->a, "abc");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 b abc");
	say(w->a, "defgh");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 b de, 0 a closed reset, 0 b closed reset");

	connect_there(w);
	say(w->a, "whole again");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 accepted, 0 a connected, 0 b whole again");

	add(w, VIRTUAL_CLOSE, CLIENT, 2, 0);
	say(w->b, "xyz");
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 a xy, 0 a closed, 0 b closed");
}


static void test_refuse_and_silence(void)
{
	struct world *w = stream_world();
	uint32_t id;

	add(w, VIRTUAL_REFUSE, SERVER, 0, 1);
	connect_there(w);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "0 a closed refused");

	id = add(w, VIRTUAL_DROP, SERVER, 0, 0);
	connect_there(w);
	assert_true(virtual_loop_advance(w->vl, 1000000));
	log_is(w, "");
	w->a = mem_unref(w->a);
	virtual_fault_remove(w->vl, id);

	add(w, VIRTUAL_NEVER_ACCEPT, SERVER, 0, 1);
	connect_there(w);
	stream_set_queue(w->a, 1000000, 1000);
	for (int i = 0; i < 300; i++) {
		char kilobyte[1000] = {0};

		unit_ok(stream_write(w->a, kilobyte, sizeof(kilobyte)));
	}
	assert_true(virtual_loop_advance(w->vl, 1000));
	log_is(w, "1000000 a connected");
	assert_int_equal(stream_queued(w->a), 300000 - VIRTUAL_WINDOW_BYTES);
	/* Nobody takes the rest: the patience of stream_shutdown ends it. */
	stream_shutdown(w->a);
	assert_true(virtual_loop_advance(w->vl, STREAM_SHUTDOWN_MS));
	log_is(w, "1006000 a closed timeout");

	w->ln = mem_unref(w->ln);
	connect_there(w);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "1006000 a closed refused");
}


static void test_slow_reader(void)
{
	struct world *w = connected_world();
	uint32_t id;

	add(w, VIRTUAL_WINDOW, SERVER, 4, 0);
	id = add(w, VIRTUAL_SLOW, SERVER, 2, 0);
	stream_set_queue(w->a, 10, 2);
	say(w->a, "abcdefghij");
	assert_int_equal(stream_write(w->a, "k", 1), -ENOBUFS);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(stream_queued(w->a), 4);
	log_is(w, "0 b ab");
	assert_true(virtual_loop_advance(w->vl, 1));
	assert_int_equal(stream_queued(w->a), 2);
	log_is(w, "1 b cd, 1 a drained");
	assert_true(virtual_loop_advance(w->vl, 1));
	log_is(w, "2 b ef");
	assert_int_equal(stream_queued(w->a), 0);
	virtual_fault_remove(w->vl, id);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "2 b ghij");
}


static void test_stall(void)
{
	struct world *w = connected_world();
	uint32_t id = add(w, VIRTUAL_STALL, SERVER, 3, 0);

	say(w->a, "abcdef");
	assert_true(virtual_loop_advance(w->vl, 60000));
	log_is(w, "0 b abc");
	virtual_fault_remove(w->vl, id);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "60000 b def");
}


/* The network goes away for a while; then one end for ever. */
static void test_black_hole(void)
{
	struct world *w = connected_world();
	uint32_t id = add(w, VIRTUAL_DROP, SERVER, 0, 0);

	say(w->a, "abc");
	say(w->b, "def");
	assert_true(virtual_loop_advance(w->vl, 1000));
	log_is(w, "0 a def");
	assert_int_equal(stream_queued(w->a), 3);
	virtual_fault_remove(w->vl, id);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "1000 b abc");

	add(w, VIRTUAL_DROP, NULL, 0, 0);
	w->a = mem_unref(w->a);
	assert_true(virtual_loop_advance(w->vl, 1000));
	log_is(w, "");
	assert_non_null(w->b);
}


static void test_delay(void)
{
	struct world *w = stream_world();

	add(w, VIRTUAL_DELAY, SERVER, 10, 0);
	add(w, VIRTUAL_DELAY, CLIENT, 7, 0);
	connect_there(w);
	say(w->a, "abc");
	assert_true(virtual_loop_advance(w->vl, 100));
	log_is(w, "10 accepted, 17 a connected, 27 b abc");
	say(w->b, "late");
	w->b = mem_unref(w->b); /* not sent yet: lost */
	assert_true(virtual_loop_advance(w->vl, 100));
	log_is(w, "107 a closed");
}


static void test_pause(void)
{
	struct world *w = connected_world();

	stream_pause(w->b);
	say(w->a, "abc");
	stream_shutdown(w->a);
	assert_true(virtual_loop_advance(w->vl, 1000));
	log_is(w, "");
	stream_resume(w->b);
	assert_true(virtual_loop_run_until_idle(w->vl));
	log_is(w, "1000 b abc, 1000 b closed, 1000 a closed");
}


/* A peer that does not close after our goodbye: we do, and all had been taken. */
static void test_shutdown_patience(void)
{
	struct world *w = connected_world();

	stream_pause(w->b);
	say(w->a, "abc");
	stream_shutdown(w->a);
	assert_true(virtual_loop_advance(w->vl, STREAM_SHUTDOWN_MS - 1));
	log_is(w, "");
	assert_true(virtual_loop_advance(w->vl, 1));
	log_is(w, "5000 a closed");
}


UNIT_MAIN(UNIT_TEST(test_time), UNIT_TEST(test_timers_that_start_timers),
	  UNIT_TEST_PLAIN(test_never_idle), UNIT_TEST(test_random_is_repeated),
	  UNIT_TEST(test_work_and_defer), UNIT_TEST(test_not_supported), UNIT_TEST(test_datagrams),
	  UNIT_TEST(test_datagram_errors), UNIT_TEST(test_datagram_faults), UNIT_TEST(test_pieces),
	  UNIT_TEST(test_cut), UNIT_TEST(test_refuse_and_silence), UNIT_TEST(test_slow_reader),
	  UNIT_TEST(test_stall), UNIT_TEST(test_black_hole), UNIT_TEST(test_delay),
	  UNIT_TEST(test_pause), UNIT_TEST(test_shutdown_patience))
