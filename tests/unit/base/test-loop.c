/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over libuv: turns, timers, work, descriptors, signals, datagrams on loopback. */
#include "base/loop.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/counter.h"
#include "lib/unit.h"

/* Nothing here takes as long; it ends a test that would never end. */
#define GUARD_MS 5000

struct fixture {
	struct loop *l;
	struct timer guard;
	bool guarded;
	char order[64];
	struct timer timers[4];
	struct deferred_call calls[3];
	unsigned turns;
	int fds[2];
	struct loop_poll *poll;
	int events;
	struct datagram_socket *a, *b;
	size_t received, batches, largest, total, echoed;
	struct addr from;
	char text[32];
	int error;
	struct addr refused;
};


static void note(struct fixture *f, char c)
{
	size_t n = strlen(f->order);

	if (n < sizeof(f->order) - 1)
		f->order[n] = c;
}


static void on_guard(struct timer *t, void *arg)
{
	struct fixture *f = arg;

	(void)t;
	f->guarded = true;
	loop_stop(f->l);
}


static void close_all(void *arg)
{
	struct fixture *f = arg;

	timer_cancel(&f->guard);
	for (size_t i = 0; i < 4; i++)
		timer_cancel(&f->timers[i]);
	f->poll = loop_poll_stop(f->poll);
	f->a = mem_unref(f->a);
	f->b = mem_unref(f->b);
	f->l = mem_unref(f->l);
	for (size_t i = 0; i < 2; i++)
		if (f->fds[i] > 0)
			close(f->fds[i]);
}


static struct fixture *fixture(void)
{
	struct fixture *f = unit_storage(sizeof(*f));

	unit_defer(close_all, f);
	f->l = unit_ptr(loop_uv_alloc());
	timer_start(&f->guard, loop_timers(f->l), GUARD_MS, on_guard, f);
	return f;
}


static void run(struct fixture *f)
{
	loop_run(f->l);
	assert_false(f->guarded);
}


/* ---- Turns ---- */

static void on_timer_a(struct timer *t, void *arg)
{
	(void)t;
	note(arg, 'a');
}


static void on_timer_b(struct timer *t, void *arg)
{
	(void)t;
	note(arg, 'b');
}


static void on_timer_stop(struct timer *t, void *arg)
{
	struct fixture *f = arg;

	(void)t;
	note(f, 's');
	loop_stop(f->l);
}


static void test_timers(void)
{
	struct fixture *f = fixture();
	uint64_t start = loop_now_ms(f->l), clock = loop_clock_us(f->l);
	int64_t wall = loop_wall_ms(f->l);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	assert_true(llabs(wall - (int64_t)now.tv_sec * 1000) < 10000);
	timer_start(&f->timers[0], loop_timers(f->l), 20, on_timer_stop, f);
	timer_start(&f->timers[1], loop_timers(f->l), 5, on_timer_b, f);
	timer_start(&f->timers[2], loop_timers(f->l), 0, on_timer_a, f);
	run(f);
	assert_string_equal(f->order, "abs");
	assert_true(loop_now_ms(f->l) >= start + 20);
	assert_true(loop_now_ms(f->l) < start + GUARD_MS);
	assert_true(loop_clock_us(f->l) >= clock + 19000);
	assert_true(loop_wall_ms(f->l) >= wall);
}


static void deferred_stop(void *arg)
{
	struct fixture *f = arg;

	note(f, '3');
	loop_stop(f->l);
}


/* Asked for in a deferred call: the next turn's end, without sleep (the guard would tell). */
static void deferred_again(void *arg)
{
	struct fixture *f = arg;

	note(f, '2');
	loop_defer(f->l, &f->calls[2], deferred_stop, f);
	loop_defer(f->l, &f->calls[2], deferred_stop, f);
}


static void deferred_first(void *arg)
{
	struct fixture *f = arg;

	note(f, '1');
	if (f->turns++ == 0)
		loop_defer(f->l, &f->calls[1], deferred_again, f);
}


static void deferred_never(void *arg)
{
	note(arg, 'x');
}


static void test_defer(void)
{
	struct deferred_call *never = unit_storage(sizeof(*never));
	struct fixture *f = fixture();

	loop_defer(f->l, &f->calls[0], deferred_first, f);
	loop_defer(f->l, never, deferred_never, f);
	loop_defer(f->l, &f->calls[0], deferred_first, f);
	loop_defer_cancel(f->l, never);
	loop_defer_cancel(f->l, never);
	run(f);
	assert_string_equal(f->order, "123");
}


static void test_random(void)
{
	struct fixture *f = fixture();
	uint8_t large[4096], zero[64] = {0};
	uint64_t seen[200];

	for (size_t i = 0; i < 200; i++) {
		seen[i] = loop_random_u64(f->l);
		for (size_t j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
	}
	memset(large, 0, sizeof(large));
	loop_random(f->l, large, sizeof(large));
	for (size_t i = 0; i + 64 <= sizeof(large); i += 64)
		assert_memory_not_equal(large + i, zero, 64);
}


/* ---- Work ---- */

struct sum {
	struct work work;
	struct fixture *f;
	int n, result;
	bool done;
};


static void sum_run(struct work *w)
{
	struct sum *s = container_of(w, struct sum, work);

	for (int i = 1; i <= s->n; i++)
		s->result += i;
}


static void sum_done(struct work *w)
{
	struct sum *s = container_of(w, struct sum, work);

	s->done = true;
	if (++s->f->received == 3)
		loop_stop(s->f->l);
}


static void test_work(void)
{
	struct sum *sums = unit_storage(3 * sizeof(*sums)); /* outlives the loop */
	struct fixture *f = fixture();

	for (int i = 0; i < 3; i++) {
		sums[i] = (struct sum){.work = {sum_run, sum_done}, .f = f, .n = 10 * (i + 1)};
		unit_ok(loop_work(f->l, &sums[i].work));
	}
	run(f);
	assert_int_equal(sums[0].result, 55);
	assert_int_equal(sums[1].result, 210);
	assert_int_equal(sums[2].result, 465);
}


static void test_work_outlasts_the_loop(void)
{
	struct sum *sum = unit_storage(sizeof(*sum));
	struct fixture *f = fixture();

	*sum = (struct sum){.work = {sum_run, sum_done}, .f = f, .n = 4};
	unit_ok(loop_work(f->l, &sum->work));
	timer_cancel(&f->guard);
	f->l = mem_unref(f->l);
	assert_true(sum->done);
	assert_int_equal(sum->result, 10);
}


/* ---- Descriptors and signals ---- */

static void on_pipe(int fd, int events, void *arg)
{
	struct fixture *f = arg;
	char c;

	f->events = events;
	if (read(fd, &c, 1) == 1) {
		note(f, c);
		return;
	}
	note(f, '.');
	f->poll = loop_poll_stop(f->poll);
	loop_stop(f->l);
}


static void close_writer(struct timer *t, void *arg)
{
	struct fixture *f = arg;

	(void)t;
	assert_int_equal(write(f->fds[1], "xyz", 3), 3);
	close(f->fds[1]);
	f->fds[1] = -1;
}


static void watch_again(struct timer *t, void *arg)
{
	struct fixture *f = arg;

	(void)t;
	note(f, '|');
	assert_int_equal(loop_poll_change(f->poll, POLLIN), 0);
}


static void test_poll(void)
{
	struct fixture *f = fixture();

	assert_int_equal(pipe(f->fds), 0);
	unit_ok(loop_poll_start(&f->poll, f->l, f->fds[0], POLLIN, on_pipe, f));
	assert_int_equal(loop_poll_change(f->poll, 0), 0);
	timer_start(&f->timers[0], loop_timers(f->l), 0, close_writer, f);
	timer_start(&f->timers[1], loop_timers(f->l), 5, watch_again, f);
	run(f);
	assert_string_equal(f->order, "|xyz.");
	assert_null(loop_poll_stop(NULL));
}


static void on_signal(int signum, void *arg)
{
	struct fixture *f = arg;

	f->error = signum;
	loop_stop(f->l);
}


static void raise_signal(struct timer *t, void *arg)
{
	(void)t;
	(void)arg;
	raise(SIGUSR1);
}


static void test_signal(void)
{
	struct fixture *f = fixture();

	unit_ok(loop_on_signal(f->l, SIGUSR1, on_signal, f));
	timer_start(&f->timers[0], loop_timers(f->l), 0, raise_signal, f);
	run(f);
	assert_int_equal(f->error, SIGUSR1);
}


/* ---- Datagrams ---- */

static struct addr loopback(const char *host)
{
	struct addr a;

	assert_int_equal(addr_decode(&a, str_of(host), 0), 0);
	return a;
}


static void on_echo(struct datagram_socket *s, const struct datagram *batch, size_t n, void *arg)
{
	struct fixture *f = arg;

	for (size_t i = 0; i < n; i++) {
		f->echoed++;
		assert_int_equal(datagram_send(s, &batch[i].peer, batch[i].p, batch[i].n), 0);
	}
}


static void on_recv(struct datagram_socket *s, const struct datagram *batch, size_t n, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	f->batches++;
	f->received += n;
	if (n > f->largest)
		f->largest = n;
	for (size_t i = 0; i < n; i++) {
		f->total += batch[i].n;
		f->from = batch[i].peer;
		((char *)batch[i].p)[batch[i].n] = '\0'; /* the contract lets us */
		if (batch[i].n < sizeof(f->text))
			memcpy(f->text, batch[i].p, batch[i].n + 1);
	}
	if (f->received >= 300)
		loop_stop(f->l);
}


/* The order of arrival: 'u' for an urgent datagram, 'p' for another. */
static void on_note(struct datagram_socket *s, const struct datagram *batch, size_t n, void *arg)
{
	struct fixture *f = arg;

	(void)batch;
	f->received += n;
	for (size_t i = 0; i < n; i++)
		note(f, datagram_is_urgent(s) ? 'u' : 'p');
}


static void on_error(struct datagram_socket *s, const struct addr *peer, int error, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	f->refused = *peer;
	f->error = error;
	loop_stop(f->l);
}


static void test_datagrams_on(const char *host)
{
	struct fixture *f = fixture();
	struct addr local = loopback(host);
	char text[16];

	unit_ok(datagram_open(&f->a, f->l, &local, on_recv, NULL, f));
	unit_ok(datagram_open(&f->b, f->l, &local, on_echo, NULL, f));
	assert_true(addr_port(datagram_local(f->a)) != 0);
	/* Several batches leave before the end of the turn. */
	for (int i = 0; i < 300; i++) {
		int n = snprintf(text, sizeof(text), "%d", i);

		assert_int_equal(datagram_send(f->a, datagram_local(f->b), text, (size_t)n), 0);
	}
	run(f);
	assert_int_equal(f->echoed, 300);
	assert_int_equal(f->received, 300);
	assert_true(f->largest > 1 && f->largest <= DATAGRAM_BATCH);
	assert_int_equal(f->total, 10 + 90 * 2 + 200 * 3);
	assert_string_equal(f->text, "299");
	assert_true(addr_eq(&f->from, datagram_local(f->b)));
}


static void test_datagrams(void)
{
	test_datagrams_on("127.0.0.1");
}


static void test_datagrams_v6(void)
{
	test_datagrams_on("::1");
}


static void on_large(struct datagram_socket *s, const struct datagram *batch, size_t n, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	for (size_t i = 0; i < n; i++) {
		f->total += batch[i].n;
		f->received++;
		if (batch[i].n)
			assert_int_equal(batch[i].p[batch[i].n - 1], 'z');
	}
	if (f->received == 4)
		loop_stop(f->l);
}


/* Empty, small, and the largest; four large ones do not fit the batch together. */
static void test_datagram_sizes(void)
{
	struct fixture *f = fixture();
	struct addr local = loopback("127.0.0.1");
	char *large = unit_storage(65536);

	memset(large, 'z', 65536);
	unit_ok(datagram_open(&f->a, f->l, &local, on_large, NULL, f));
	unit_ok(datagram_open(&f->b, f->l, &local, on_echo, NULL, f));
	assert_int_equal(datagram_send(f->b, datagram_local(f->a), "", 0), 0);
	assert_int_equal(datagram_send(f->b, datagram_local(f->a), "z", 1), 0);
	assert_int_equal(datagram_send(f->b, datagram_local(f->a), large, 65507), 0);
	assert_int_equal(datagram_send(f->b, datagram_local(f->a), large, 65507), 0);
	assert_int_equal(datagram_send(f->b, datagram_local(f->a), large, 65536), -EMSGSIZE);
	local = loopback("::1");
	assert_int_equal(datagram_send(f->b, &local, "x", 1), -EAFNOSUPPORT);
	run(f);
	assert_int_equal(f->total, 2 * 65507 + 1);
}


/* One byte too long for IPv4: only the kernel knows; the error callback hears of it. */
static void test_datagram_refused_by_kernel(void)
{
	struct fixture *f = fixture();
	struct addr local = loopback("127.0.0.1");
	char *large = unit_storage(65536);

	unit_ok(datagram_open(&f->a, f->l, &local, on_recv, on_error, f));
	unit_ok(datagram_open(&f->b, f->l, &local, on_echo, NULL, f));
	assert_int_equal(datagram_send(f->a, datagram_local(f->b), large, 65510), 0);
	run(f);
	assert_int_equal(f->error, -EMSGSIZE);
	assert_true(addr_eq(&f->refused, datagram_local(f->b)));
}


static void test_icmp(void)
{
	struct fixture *f = fixture();
	struct addr local = loopback("127.0.0.1"), gone;

	unit_ok(datagram_open(&f->b, f->l, &local, on_echo, NULL, f));
	gone = *datagram_local(f->b);
	f->b = mem_unref(f->b);
	unit_ok(datagram_open(&f->a, f->l, &local, on_recv, on_error, f));
	unit_ok(datagram_open(&f->b, f->l, &local, on_echo, NULL, f));
	assert_int_equal(datagram_send(f->a, &gone, "x", 1), 0);
	run(f);
	assert_int_equal(f->error, -ECONNREFUSED);
	assert_true(addr_eq(&f->refused, &gone));

	/* The socket goes on, although refusals come in between. */
	f->received = 299;
	assert_int_equal(datagram_send(f->a, &gone, "x", 1), 0);
	assert_int_equal(datagram_send(f->a, datagram_local(f->b), "y", 1), 0);
	f->error = 0;
	run(f);
	if (f->received < 300)
		run(f);
	assert_int_equal(f->received, 300);
}


static void send_n(struct fixture *f, const char *text, int n)
{
	for (int i = 0; i < n; i++)
		unit_ok(datagram_send(f->b, datagram_local(f->a), text, strlen(text)));
}


static void urgent_pair(struct fixture *f, const char *host)
{
	struct addr local = loopback(host);

	unit_ok(datagram_open(&f->a, f->l, &local, on_note, NULL, f));
	unit_ok(datagram_set_urgent(f->a, "SIP/"));
	unit_ok(datagram_open(&f->b, f->l, &local, on_echo, NULL, f));
}


static void on_stop(struct timer *t, void *arg)
{
	struct fixture *f = arg;

	(void)t;
	loop_stop(f->l);
}


static void test_urgent_on(const char *host)
{
	struct fixture *f = fixture();

	urgent_pair(f, host);
	send_n(f, "MESSAGE", 2);
	send_n(f, "SIP", 1); /* shorter than the prefix */
	send_n(f, "SIP/2.0 200", 3);
	send_n(f, "SIP/", 1);
	timer_start(&f->timers[0], loop_timers(f->l), 20, on_stop, f);
	run(f);
	assert_string_equal(f->order, "uuuuppp");
}


static void test_urgent(void)
{
	test_urgent_on("127.0.0.1");
	test_urgent_on("::1");
}


/* More than the kernel keeps for a socket, and the urgent one behind it arrives. */
static void test_urgent_survives_a_flood(void)
{
	struct fixture *f = fixture();

	urgent_pair(f, "127.0.0.1");
	send_n(f, "MESSAGE", 40000);
	send_n(f, "SIP/2.0", 1);
	timer_start(&f->timers[0], loop_timers(f->l), 20, on_stop, f);
	run(f);
	assert_int_equal(f->order[0], 'u');
	assert_true(f->received > 100 && f->received < 40001);
}


static void test_address_in_use_by_two(void)
{
	struct fixture *f = fixture();
	struct datagram_socket *second = NULL;

	urgent_pair(f, "127.0.0.1");
	unit_must(datagram_open(&second, f->l, datagram_local(f->a), on_recv, NULL, f) ==
		  -EADDRINUSE);
	assert_null(second);
}


static void test_address_in_use(void)
{
	struct fixture *f = fixture();
	struct addr local = loopback("127.0.0.1");
	struct datagram_socket *second = NULL;
	int err;

	unit_ok(datagram_open(&f->a, f->l, &local, on_recv, NULL, f));
	err = datagram_open(&second, f->l, datagram_local(f->a), on_recv, NULL, f);
	unit_must(err == -EADDRINUSE);
	assert_null(second);
}


static void on_recv_close(struct datagram_socket *s, const struct datagram *batch, size_t n,
			  void *arg)
{
	struct fixture *f = arg;

	(void)s;
	f->received += n;
	for (size_t i = 0; i < n; i++)
		f->total += (size_t)batch[i].p[0]; /* still there */
	f->a = mem_unref(f->a);
	for (size_t i = 0; i < n; i++)
		f->total += (size_t)batch[i].p[0];
	loop_stop(f->l);
}


/* Closing a socket inside its callback, with more to read, and with something batched to send. */
static void test_close_inside(void)
{
	struct fixture *f = fixture();
	struct addr local = loopback("127.0.0.1");

	unit_ok(datagram_open(&f->a, f->l, &local, on_recv_close, NULL, f));
	unit_ok(datagram_open(&f->b, f->l, &local, on_echo, NULL, f));
	for (int i = 0; i < 200; i++)
		assert_int_equal(datagram_send(f->b, datagram_local(f->a), "x", 1), 0);
	assert_int_equal(datagram_send(f->a, datagram_local(f->b), "y", 1), 0);
	run(f);
	assert_int_equal(f->received, DATAGRAM_BATCH);
	assert_null(f->a);
}


UNIT_MAIN(UNIT_TEST(test_timers), UNIT_TEST(test_defer), UNIT_TEST(test_random),
	  UNIT_TEST(test_work), UNIT_TEST(test_work_outlasts_the_loop), UNIT_TEST(test_poll),
	  UNIT_TEST(test_signal), UNIT_TEST(test_datagrams), UNIT_TEST(test_datagrams_v6),
	  UNIT_TEST(test_datagram_sizes), UNIT_TEST(test_datagram_refused_by_kernel),
	  UNIT_TEST(test_icmp), UNIT_TEST(test_urgent), UNIT_TEST(test_urgent_survives_a_flood),
	  UNIT_TEST(test_address_in_use_by_two), UNIT_TEST(test_address_in_use),
	  UNIT_TEST(test_close_inside))
