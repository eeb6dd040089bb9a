/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server over a real socket on loopback, driven by the real loop. */
#include "http/http.h"

#include <stdio.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "lib/unit.h"

/** What the client may receive in one test. */
#define RECEIVED_MAX (4u << 20)
/** Nothing here takes longer; then the test has failed. */
#define PATIENCE_MS 10000

/** One server and one client. */
struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct stream *client;
	struct buf *received;
	struct buf *seen;          /**< what the handler was shown */
	struct http_request *held; /**< to be answered later */
	struct timer timer, patience;
	const char *until; /**< stop when this has arrived */
	unsigned requests;
	bool hold, closed, connected, late;
};

static struct fixture *fx;


static void reply_ok(struct http_request *r, struct str body)
{
	struct http_header headers[] = {{"X-One", STR("1")}, {"X-Bad", STR("a\r\nX-Injected: 1")}};

	http_reply(r, &(struct http_reply){.status = 200,
					   .type = STR("text/plain"),
					   .body = body,
					   .headers = headers,
					   .headers_n = 2});
}


static void on_request(struct http_request *r, void *arg)
{
	struct fixture *f = arg;

	f->requests++;
	buf_clear(f->seen);
	buf_printf(f->seen, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|%zu",
		   STR_ARG(http_request_method(r)), STR_ARG(http_request_path(r)),
		   STR_ARG(http_request_query(r)), STR_ARG(http_request_header(r, "x-test")),
		   http_request_body(r).n);
	if (f->hold) {
		f->held = r;
		if (f->until && !strcmp(f->until, "held"))
			loop_stop(f->loop);
		return;
	}
	reply_ok(r, http_request_body(r));
}


static void on_connected(struct stream *s, void *arg)
{
	(void)s;
	((struct fixture *)arg)->connected = true;
}


static void on_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	buf_put(f->received, p, n);
	if (f->until && f->received->n && str_find_str(buf_str(f->received), str_of(f->until)) >= 0)
		loop_stop(f->loop);
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	(void)error;
	f->closed = true;
	loop_stop(f->loop);
}


static const struct stream_handler client_handler = {
	.connected = on_connected,
	.recv = on_recv,
	.closed = on_closed,
};


static void on_patience(struct timer *t, void *arg)
{
	struct fixture *f = arg;

	(void)t;
	f->late = true;
	loop_stop(f->loop);
}


static void done_fixture(void *arg)
{
	struct fixture *f = arg;

	timer_cancel(&f->timer);
	timer_cancel(&f->patience);
	f->client = mem_unref(f->client);
	f->server = mem_unref(f->server);
	if (f->held)
		reply_ok(f->held, STR("too late"));
	f->held = NULL;
	mem_unref(f->loop);
}


static void connect_client(struct fixture *f)
{
	f->client = mem_unref(f->client);
	f->closed = false;
	unit_ok(stream_connect(&f->client, f->loop, http_server_local(f->server), NULL, NULL,
			       STR(""), &client_handler, f));
}


static struct fixture *fixture(struct http_params p, const char *address)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->received = unit_buf(RECEIVED_MAX);
	f->seen = unit_buf(65536);
	unit_defer(done_fixture, f);
	f->loop = unit_ptr(loop_uv_alloc());
	http_counters();
	p.loop = f->loop;
	p.request = on_request;
	p.arg = f;
	unit_ok(addr_decode(&p.local, str_of(address), 0));
	unit_ok(http_listen(&f->server, &p));
	assert_int_not_equal(addr_port(http_server_local(f->server)), 0);
	connect_client(f);
	fx = f;
	return f;
}


/** Runs until `until` has arrived, or the connection is closed. */
static void run(struct fixture *f, const char *until)
{
	f->until = until;
	f->late = false;
	timer_start(&f->patience, loop_timers(f->loop), PATIENCE_MS, on_patience, f);
	loop_run(f->loop);
	timer_cancel(&f->patience);
	if (f->late)
		fprintf(stderr, "nothing came of <%s>; received: " STR_FMT "\n",
			until ? until : "closing", STR_ARG(buf_str(f->received)));
	assert_false(f->late);
}


static void send_text(struct fixture *f, const char *text)
{
	unit_ok(stream_write(f->client, text, strlen(text)));
}


static bool has(struct fixture *f, const char *text)
{
	return str_find_str(buf_str(f->received), str_of(text)) >= 0;
}


static void test_get(void)
{
	struct fixture *f = fixture((struct http_params){0}, "127.0.0.1");

	send_text(f,
		  "GET /a%20b/%22c?x=1&y=%20 HTTP/1.1\r\nHost: localhost\r\nX-Test: yes\r\n\r\n");
	run(f, "\r\n\r\n");
	unit_str(buf_str(f->seen), "GET|/a%20b/%22c|x=1&y=%20|yes|0");
	assert_true(str_starts(buf_str(f->received), STR("HTTP/1.1 200 OK\r\n")));
	assert_true(has(f, "Content-Type: text/plain\r\n"));
	assert_true(has(f, "Content-Length: 0\r\n"));
	assert_true(has(f, "X-One: 1\r\n"));
	assert_false(has(f, "Injected"));

	/* The same connection again, and without a query. */
	buf_clear(f->received);
	send_text(f, "DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n");
	run(f, "\r\n\r\n");
	unit_str(buf_str(f->seen), "DELETE|/|||0");
	assert_int_equal(f->requests, 2);
	assert_int_equal(counter_find(STR("http.connections"))->value, 1);
}


static void test_ipv6(void)
{
	struct fixture *f = fixture((struct http_params){0}, "::1");

	send_text(f, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
	run(f, "\r\n\r\n");
	assert_int_equal(f->requests, 1);
}


static void test_body(void)
{
	struct fixture *f = fixture((struct http_params){0}, "127.0.0.1");
	struct buf *body = unit_buf(1 << 20);

	send_text(f, "PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
	run(f, "hello");
	unit_str(buf_str(f->seen), "PUT|/x|||5");

	buf_clear(f->received);
	send_text(f, "PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
	run(f, "abcdefg");

	buf_clear(f->received);
	for (int i = 0; i < 100000; i++)
		buf_putc(body, 'x');
	buf_puts(body, STR("END"));
	unit_must(!body->failed);
	send_text(f, "PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100003\r\n\r\n");
	unit_ok(stream_write(f->client, body->p, body->n));
	run(f, "xEND");
	unit_str(buf_str(f->seen), "PUT|/x|||100003");
}


static void test_body_too_large(void)
{
	struct fixture *f = fixture((struct http_params){.body_max = 10}, "127.0.0.1");

	send_text(f, "PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789");
	run(f, "0123456789");
	assert_int_equal(f->requests, 1);

	buf_clear(f->received);
	send_text(f, "PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n"
		     "Expect: 100-continue\r\n\r\n");
	run(f, "too long");
	assert_true(str_starts(buf_str(f->received), STR("HTTP/1.1 413 ")));

	/* Of unknown length: read away, within reason. */
	buf_clear(f->received);
	connect_client(f);
	send_text(f, "PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "b\r\n0123456789a\r\n0\r\n\r\n");
	run(f, "too long");
	assert_true(str_starts(buf_str(f->received), STR("HTTP/1.1 413 ")));

	/* … and not beyond. */
	buf_clear(f->received);
	connect_client(f);
	send_text(f, "PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "64\r\n0123456789012345678901234567890123456789012345678901234567890123456789"
		     "012345678901234567890123456789\r\n");
	run(f, NULL);
	assert_true(f->closed);
	assert_int_equal(f->requests, 1);
	assert_int_equal(counter_find(STR("http.too_large"))->value, 2);
}


static void test_head_too_large(void)
{
	struct fixture *f = fixture((struct http_params){0}, "127.0.0.1");

	send_text(f, "GET /x HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
	for (int i = 0; i < 400; i++)
		send_text(f, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			     "xxxxxxxxxxx");
	send_text(f, "\r\n\r\n");
	run(f, NULL);
	assert_int_equal(f->requests, 0);
	assert_false(has(f, "200 OK"));
}


static void test_malformed(void)
{
	static const char *const rows[] = {
		"GARBAGE\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"\x16\x03\x01\x02\x01\xfc\x03\x03 \xff\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"AVERYLONGMETHODTHATNOBODYHASEVERHEARDOF / HTTP/1.1\r\nHost: a\r\n\r\n",
	};
	struct fixture *f = fixture((struct http_params){0}, "127.0.0.1");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%zu", i);
		buf_clear(f->received);
		connect_client(f);
		send_text(f, rows[i]);
		run(f, NULL);
		assert_true(f->closed);
		assert_false(has(f, "200 OK"));
	}
	assert_int_equal(f->requests, 0);
}


static void answer_held(struct timer *t, void *arg)
{
	struct fixture *f = arg;
	struct http_request *r = f->held;

	(void)t;
	f->held = NULL;
	/* Still all there. */
	unit_str(http_request_header(r, "X-Test"), "held");
	reply_ok(r, http_request_body(r));
}


/** The answer comes in a later turn. */
static void test_late_reply(void)
{
	struct fixture *f = fixture((struct http_params){0}, "127.0.0.1");

	f->hold = true;
	send_text(f, "PUT /x HTTP/1.1\r\nHost: localhost\r\nX-Test: held\r\nContent-Length: "
		     "5\r\n\r\nhello");
	run(f, "held");
	assert_non_null(f->held);
	assert_int_equal(f->received->n, 0);
	timer_start(&f->timer, loop_timers(f->loop), 5, answer_held, f);
	run(f, "hello");
	assert_true(str_starts(buf_str(f->received), STR("HTTP/1.1 200 ")));
}


/** The client has given up before the answer comes. */
static void test_reply_to_nobody(void)
{
	struct fixture *f = fixture((struct http_params){0}, "127.0.0.1");
	struct http_request *r;

	f->hold = true;
	send_text(f, "GET /x HTTP/1.1\r\nHost: localhost\r\nX-Test: held\r\n\r\n");
	run(f, "held");
	r = f->held;
	f->held = NULL;
	connect_client(f);
	reply_ok(r, STR("hello"));
	f->hold = false;
	send_text(f, "GET /y HTTP/1.1\r\nHost: localhost\r\n\r\n");
	run(f, "\r\n\r\n");
	unit_str(buf_str(f->seen), "GET|/y|||0");
}


/** The server is closed before the answer comes (done_fixture answers). */
static void test_reply_after_close(void)
{
	struct fixture *f = fixture((struct http_params){0}, "127.0.0.1");

	f->hold = true;
	send_text(f, "GET /x HTTP/1.1\r\nHost: localhost\r\nX-Test: held\r\n\r\n");
	run(f, "held");
	assert_non_null(f->held);
	f->server = mem_unref(f->server);
	unit_str(http_request_path(f->held), "/x");
	assert_null(http_request_header(f->held, "X-Test").p);
}


static void test_idle(void)
{
	struct fixture *f = fixture((struct http_params){.idle_s = 1}, "127.0.0.1");

	send_text(f, "GET /x HTTP/1.1\r\nHost:");
	run(f, NULL);
	assert_true(f->closed);
	assert_int_equal(f->requests, 0);
}


static void test_busy_port(void)
{
	struct fixture *f = fixture((struct http_params){0}, "127.0.0.1");
	struct http_server *second = NULL;
	int err = http_listen(&second,
			      &(struct http_params){.loop = f->loop,
						    .request = on_request,
						    .local = *http_server_local(f->server)});

	assert_true(err == -EADDRINUSE || (err == -ENOMEM && unit_refused()));
	assert_null(second);
}


static void test_unescape(void)
{
	static const struct {
		const char *text, *result;
		bool form;
	} rows[] = {
		{"", "", false},         {"abc", "abc", false},
		{"a%20b", "a b", false}, {"a+b", "a+b", false},
		{"a+b", "a b", true},    {"%41%e2%82%ac", "A\xe2\x82\xac", false},
		{"%", NULL, false},      {"%4", NULL, false},
		{"%4g", NULL, false},    {"a%00", NULL, false},
		{"%2525", "%25", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *out = unit_buf(100);
		int err = http_unescape(str_of(rows[i].text), rows[i].form, out);

		unit_case("%s", rows[i].text);
		if (rows[i].result) {
			assert_int_equal(err, 0);
			unit_buf_is(out, rows[i].result);
		} else {
			assert_int_equal(err, -EBADMSG);
		}
	}
}


static void test_escape(void)
{
	struct buf *out = unit_buf(1000), *back = unit_buf(1000);
	struct str text = STR("sip:al ice/%@x~-._+\xc3\xa9");

	http_escape(text, out);
	unit_buf_is(out, "sip%3Aal%20ice%2F%25%40x~-._%2B%C3%A9");
	assert_int_equal(http_unescape(buf_str(out), true, back), 0);
	unit_must(!back->failed);
	assert_true(str_eq(buf_str(back), text));
}


static void test_query(void)
{
	struct str query = STR("a=1&bb=x%20y&a=2&c&d=&=z");
	struct buf *out = unit_buf(100);

	assert_int_equal(http_query_get(query, "a", out), 0);
	unit_buf_is(out, "1");
	buf_clear(out);
	assert_int_equal(http_query_get(query, "bb", out), 0);
	unit_buf_is(out, "x y");
	buf_clear(out);
	assert_int_equal(http_query_get(query, "c", out), 0);
	assert_int_equal(http_query_get(query, "d", out), 0);
	unit_buf_is(out, "");
	assert_int_equal(http_query_get(query, "b", out), -ENOENT);
	assert_int_equal(http_query_get(STR(""), "b", out), -ENOENT);
	assert_int_equal(http_query_get(STR("b=%"), "b", out), -EBADMSG);
}


/*
 * Those that run the loop are left out of the out-of-memory run: a connection refused for lack of
 * memory there ends in silence, for which they would wait.
 */
UNIT_MAIN(UNIT_TEST_PLAIN(test_get), UNIT_TEST_PLAIN(test_ipv6), UNIT_TEST_PLAIN(test_body),
	  UNIT_TEST_PLAIN(test_body_too_large), UNIT_TEST_PLAIN(test_head_too_large),
	  UNIT_TEST_PLAIN(test_malformed), UNIT_TEST_PLAIN(test_late_reply),
	  UNIT_TEST_PLAIN(test_reply_to_nobody), UNIT_TEST_PLAIN(test_reply_after_close),
	  UNIT_TEST_PLAIN(test_idle), UNIT_TEST(test_busy_port), UNIT_TEST(test_unescape),
	  UNIT_TEST(test_escape), UNIT_TEST(test_query))
