/* SPDX-License-Identifier: Apache-2.0 */
/* TLS streams over the virtual network (and once over loopback). */
#include "base/tls.h"

#include <stdio.h>
#include <string.h>

#include "tls_world.h"


/* ---- Streams ---- */

static void echo_in_pieces(uint64_t piece)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));

	if (piece)
		tls_world_fault(w, VIRTUAL_PIECES, piece);
	tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
	w->b.echo = true;
	unit_ok(stream_write(w->a.s, "hello ", 6)); /* waits for the handshake */
	unit_ok(stream_write(w->a.s, "world", 5));
	assert_int_equal(stream_queued(w->a.s), 11);
	tls_world_settle(w);
	assert_int_equal(w->a.connected, 1);
	assert_string_equal(w->b.text, "hello world");
	assert_string_equal(w->a.text, "hello world");
	assert_int_equal(stream_queued(w->a.s), 0);
	assert_true(addr_eq(stream_local(w->b.s), stream_peer(w->a.s)));
	assert_true(addr_eq(stream_local(w->a.s), stream_peer(w->b.s)));
	assert_true(stream_peer_is(w->a.s, STR("SIP.Example.ORG")));
	/* RFC 5922 7.1: the DNS name does not count beside a SIP URI, nor does the common name. */
	assert_false(stream_peer_is(w->a.s, STR("other.example.org")));
	assert_false(stream_peer_is(w->a.s, STR("ignored.example.org")));
	assert_false(stream_peer_is(w->b.s, STR(HOST)));

	stream_shutdown(w->a.s);
	tls_world_settle(w);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->b.closed, 1);
	assert_int_equal(w->a.error, 0);
	assert_int_equal(w->b.error, 0);
	assert_int_equal(virtual_loop_streams(w->vl), 0);
}


static void test_echo(void)
{
	echo_in_pieces(0);
}


static void test_echo_split_everywhere(void)
{
	echo_in_pieces(1);
	echo_in_pieces(2);
	echo_in_pieces(7);
}


static void test_flow(void)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));

	tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
	stream_set_queue(w->a.s, 50000, 10000);
	tls_world_fault(w, VIRTUAL_WINDOW, 20000);
	w->a.to_send = 3000 * 1000;
	w->b.pause_on_recv = true;
	tls_world_pass(w, 100000);
	assert_int_equal(w->b.received, w->a.to_send);
	assert_int_equal(w->b.wrong, 0);
	assert_true(w->a.drained > 1);
	assert_true(w->a.largest_queue <= 50000 && w->a.largest_queue > 40000);
	assert_int_equal(stream_queued(w->a.s), 0);
}


static void test_shutdown_sends_the_rest(void)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));
	char *large = unit_storage(500000);

	tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
	unit_ok(stream_write(w->a.s, large, 500000));
	stream_shutdown(w->a.s); /* before there is a connection */
	assert_int_equal(stream_write(w->a.s, "x", 1), -EPIPE);
	tls_world_settle(w);
	assert_int_equal(w->b.received, 500000);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->a.error, 0);
	assert_int_equal(w->b.error, 0);

	/* The network goes away before the handshake: patience ends. */
	tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
	tls_world_fault(w, VIRTUAL_DROP, 0);
	unit_ok(stream_write(w->a.s, "x", 1));
	stream_shutdown(w->a.s);
	tls_world_pass(w, STREAM_SHUTDOWN_MS);
	assert_int_equal(w->a.closed, 2);
	assert_int_equal(w->a.error, -ETIMEDOUT);
}


static void test_unref_inside(void)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));
	struct tls_config *client = tls_world_config(NULL, "ca", 0);

	tls_world_connect(w, client, HOST);
	w->b.unref_on_recv = true;
	unit_ok(stream_write(w->a.s, "x", 1));
	tls_world_settle(w);
	assert_null(w->b.s);
	assert_int_equal(w->b.closed, 0);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->a.error, 0); /* close_notify was said */

	w->a.unref_on_connected = true;
	tls_world_connect(w, client, HOST);
	tls_world_settle(w);
	assert_null(w->a.s);
	assert_int_equal(w->b.closed, 1);
	assert_int_equal(virtual_loop_streams(w->vl), 0);

	tls_world_connect(w, client, HOST);
	w->a.s = mem_unref(w->a.s);
	tls_world_settle(w);
	assert_int_equal(virtual_loop_streams(w->vl), 0);
}


static void test_truncated(void)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));
	int64_t before;

	tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
	tls_world_settle(w);
	before = tls_world_count("base.tls.truncated");
	tls_world_fault(w, VIRTUAL_CLOSE, 0);
	unit_ok(stream_write(w->a.s, "x", 1));
	tls_world_settle(w);
	assert_int_equal(w->b.closed, 1);
	assert_int_equal(w->b.error, 0);
	assert_int_equal(tls_world_count("base.tls.truncated") - before, 2);
}


/* ---- Bad days ---- */

static const struct stream_handler raw_handler = {tls_end_connected, tls_end_recv, NULL,
						  tls_end_closed};


static void connect_raw(struct tls_world *w)
{
	struct addr peer = tls_world_address();

	unit_ok(stream_connect(&w->a.s, w->l, &peer, NULL, NULL, STR_NULL, &raw_handler, &w->a));
}


static void test_half_open(void)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));
	int64_t before;

	connect_raw(w);
	tls_world_settle(w);
	before = tls_world_count("base.tls.handshake_timeout");
	unit_ok(stream_write(w->a.s, "\x16\x03\x01", 3)); /* the start of a record */
	tls_world_pass(w, TLS_HANDSHAKE_MS - 1);
	assert_int_equal(w->a.closed, 0);
	tls_world_pass(w, 1);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->accepted, 0);
	assert_int_equal(tls_world_count("base.tls.handshake_timeout") - before, 1);

	/* Who connects has no more patience either. */
	tls_world_fault(w, VIRTUAL_NEVER_ACCEPT, 0);
	tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
	tls_world_pass(w, TLS_HANDSHAKE_MS);
	assert_int_equal(w->a.connected, 1); /* the raw one */
	assert_int_equal(w->a.closed, 2);
	assert_int_equal(w->a.error, -ETIMEDOUT);
}


static void test_not_tls(void)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));
	struct addr other;
	struct stream_listener *plain = NULL;

	connect_raw(w);
	unit_ok(stream_write(w->a.s, "OPTIONS sip:x SIP/2.0\r\n\r\n", 25));
	tls_world_settle(w);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->accepted, 0);

	/* A server that speaks in plain text. */
	assert_int_equal(addr_decode_hostport(&other, STR("192.0.2.10:5060")), 0);
	unit_ok(stream_listen(&plain, w->l, &other, NULL, tls_world_accepted, w));
	unit_own(plain);
	unit_ok(stream_connect(&w->a.s, w->l, &other, NULL, tls_world_config(NULL, "ca", 0),
			       STR(HOST), &tls_end_handler, &w->a));
	w->b.echo = true;
	tls_world_settle(w);
	assert_int_equal(w->accepted, 1);
	assert_int_equal(w->a.error, -EPROTO);
	w->b.s = mem_unref(w->b.s);
}


static void test_cut_in_handshake(void)
{
	for (uint64_t n = 0; n < 600; n += 37) {
		struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));

		unit_case("after %llu bytes", (unsigned long long)n);
		tls_world_fault(w, VIRTUAL_CUT, n);
		tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
		tls_world_settle(w);
		assert_int_equal(w->a.closed, 1);
		assert_int_equal(w->a.error, -ECONNRESET);
		assert_int_equal(w->accepted, 0);
		assert_int_equal(virtual_loop_streams(w->vl), 0);
		tls_world_close(w);
	}
}


/* Closing the listener closes the handshakes that wait; what was accepted lives on. */
static void test_listener_unref(void)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));

	tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
	tls_world_settle(w);
	unit_own(w->a.s);
	w->a.s = NULL; /* the first lives on */
	connect_raw(w);
	tls_world_settle(w);
	assert_int_equal(virtual_loop_streams(w->vl), 4);
	w->ln = mem_unref(w->ln);
	tls_world_settle(w);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(virtual_loop_streams(w->vl), 2);
	assert_non_null(w->b.s);
}


static void test_refused(void)
{
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));

	w->ln = mem_unref(w->ln);
	tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
	tls_world_settle(w);
	assert_int_equal(w->a.error, -ECONNREFUSED);
}


/* ---- Once over real sockets ---- */

struct real {
	struct loop *l;
	struct stream_listener *ln;
	struct stream *a, *b;
	struct timer guard;
	size_t received;
	bool guarded;
};


static void real_close(void *arg)
{
	struct real *r = arg;

	timer_cancel(&r->guard);
	mem_unref(r->a);
	mem_unref(r->b);
	mem_unref(r->ln);
	mem_unref(r->l);
}


static void real_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct real *r = arg;

	if (s == r->b) {
		assert_int_equal(stream_write(s, p, n), 0);
		return;
	}
	r->received += n;
	if (r->received == 1000000)
		loop_stop(r->l);
}


static void real_closed(struct stream *s, int error, void *arg)
{
	(void)s;
	(void)arg;
	fail_msg("closed: %d", error);
}


static const struct stream_handler real_handler = {NULL, real_recv, NULL, real_closed};


static void real_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct real *r = arg;

	(void)ln;
	r->b = s;
	stream_set_handler(s, &real_handler, r);
}


static void real_guard(struct timer *t, void *arg)
{
	struct real *r = arg;

	(void)t;
	r->guarded = true;
	loop_stop(r->l);
}


static void test_over_tcp(void)
{
	struct tls_config *server = tls_world_config("server", "ca", 0),
			  *client = tls_world_config(NULL, "ca", 0);
	struct real *r = unit_storage(sizeof(*r));
	char *million = unit_storage(1000000);
	struct addr local;

	unit_defer(real_close, r);
	r->l = unit_ptr(loop_uv_alloc());
	assert_int_equal(addr_decode(&local, STR("127.0.0.1"), 0), 0);
	unit_ok(stream_listen(&r->ln, r->l, &local, server, real_accepted, r));
	unit_ok(stream_connect(&r->a, r->l, stream_listener_local(r->ln), NULL, client, STR(HOST),
			       &real_handler, r));
	unit_ok(stream_write(r->a, million, 1000000));
	timer_start(&r->guard, loop_timers(r->l), 20000, real_guard, r);
	loop_run(r->l);
	assert_false(r->guarded);
	assert_int_equal(r->received, 1000000);
	assert_true(stream_peer_is(r->a, STR(HOST)));
}


UNIT_MAIN(UNIT_TEST(test_echo), UNIT_TEST_PLAIN(test_echo_split_everywhere),
	  UNIT_TEST_PLAIN(test_flow), UNIT_TEST(test_shutdown_sends_the_rest),
	  UNIT_TEST(test_unref_inside), UNIT_TEST(test_truncated), UNIT_TEST(test_half_open),
	  UNIT_TEST(test_not_tls), UNIT_TEST_PLAIN(test_cut_in_handshake),
	  UNIT_TEST(test_listener_unref), UNIT_TEST(test_refused), UNIT_TEST_PLAIN(test_over_tcp))
