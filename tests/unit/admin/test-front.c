/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP front door of the admin API: real sockets on loopback; foreign web pages stay out. */
#include "admin/admin.h"

#include <stdio.h>
#include <string.h>

#include "base/counter.h"
#include "base/loop.h"
#include "http/http.h"
#include "lib/unit.h"

#define PATIENCE_MS 10000

struct fixture {
	struct loop *loop;
	struct admin *admin;
	struct admin_front *front;
	struct stream *client;
	struct buf *received;
	struct timer patience;
	admin_done_cb *done; /**< of a listing that is kept waiting */
	void *done_arg;
	bool hold, late;
};


static int list(struct str after, size_t limit, admin_user_cb *each, admin_done_cb *done,
		void *done_arg, struct buf *why, void *arg)
{
	struct fixture *f = arg;

	(void)after;
	(void)limit;
	(void)why;
	each(&(struct admin_user){STR("sip:alice@example.org"), true}, done_arg);
	if (f->hold) {
		f->done = done;
		f->done_arg = done_arg;
		loop_stop(f->loop);
	} else {
		done(0, done_arg);
	}
	return 0;
}


static void on_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	buf_put(f->received, p, n);
	if (str_find_str(buf_str(f->received), STR("}\n")) >= 0)
		loop_stop(f->loop);
}


static void on_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static void on_closed(struct stream *s, int error, void *arg)
{
	(void)s;
	(void)error;
	loop_stop(((struct fixture *)arg)->loop);
}


static const struct stream_handler client_handler = {
	.connected = on_connected,
	.recv = on_recv,
	.closed = on_closed,
};


static void on_patience(struct timer *t, void *arg)
{
	(void)t;
	((struct fixture *)arg)->late = true;
	loop_stop(((struct fixture *)arg)->loop);
}


static void done_fixture(void *arg)
{
	struct fixture *f = arg;

	timer_cancel(&f->patience);
	mem_unref(f->client);
	mem_unref(f->front);
	mem_unref(f->admin);
	if (f->done)
		f->done(0, f->done_arg);
	mem_unref(f->loop);
}


static struct fixture *fixture(void)
{
	struct fixture *f = unit_storage(sizeof(*f));
	struct addr local;

	f->received = unit_buf(1 << 20);
	unit_defer(done_fixture, f);
	f->loop = unit_ptr(loop_uv_alloc());
	unit_ok(addr_decode(&local, STR("127.0.0.1"), 0));
	unit_ok(admin_alloc(&f->admin, &(struct admin_services){.user_list = list, .arg = f}));
	unit_ok(admin_front_open(&f->front, f->admin, f->loop, &local));
	return f;
}


static void run(struct fixture *f)
{
	timer_start(&f->patience, loop_timers(f->loop), PATIENCE_MS, on_patience, f);
	loop_run(f->loop);
	timer_cancel(&f->patience);
	assert_false(f->late);
}


/** Sends one request over a new connection and waits for the answer. "PORT" is replaced. */
static void ask(struct fixture *f, const char *request)
{
	struct buf *text = unit_buf(65536);
	struct str rest = str_of(request);

	for (ptrdiff_t at; (at = str_find_str(rest, STR("PORT"))) >= 0;
	     rest = str_from(rest, (size_t)at + 4)) {
		buf_puts(text, str_upto(rest, (size_t)at));
		buf_putu(text, addr_port(admin_front_local(f->front)));
	}
	buf_puts(text, rest);
	buf_clear(f->received);
	mem_unref(f->client);
	f->client = NULL;
	unit_ok(stream_connect(&f->client, f->loop, admin_front_local(f->front), NULL, NULL,
			       STR(""), &client_handler, f));
	unit_ok(stream_write(f->client, text->p, text->n));
	run(f);
}


static bool has(struct fixture *f, const char *text)
{
	return str_find_str(buf_str(f->received), str_of(text)) >= 0;
}


static void test_answer(void)
{
	struct fixture *f = fixture();

	ask(f, "GET /v1/users HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n");
	assert_true(str_starts(buf_str(f->received), STR("HTTP/1.1 200 ")));
	assert_true(has(f, "Content-Type: application/json\r\n"));
	assert_true(has(f, "Cache-Control: no-store\r\n"));
	assert_true(has(f, "X-Content-Type-Options: nosniff\r\n"));
	assert_true(has(f, "\"user\": \"sip:alice@example.org\""));
	ask(f, "PATCH /v1/users HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_true(str_starts(buf_str(f->received), STR("HTTP/1.1 405 ")));
	assert_true(has(f, "Allow: GET, POST\r\n"));
}


static void test_foreign(void)
{
	static const struct {
		const char *headers;
		bool own;
	} rows[] = {
		{"Host: 127.0.0.1", true},
		{"Host: 127.0.0.1:PORT", true},
		{"Host: [::1]:PORT", true},
		{"Host: localhost", true},
		{"Host: LOCALHOST:PORT", true},
		{"Host: 127.0.0.1:PORT\r\nOrigin: http://127.0.0.1:PORT", true},
		{"Host: localhost:PORT\r\nOrigin: http://localhost:PORT", true},
		{"Host: evil.example", false},
		{"Host: evil.example:PORT", false},
		{"Host: localhost.evil.example", false},
		{"Host: 127.0.0.1.evil.example", false},
		{"Host: localhost:x", false},
		{"Host: evil.example\r\nOrigin: http://evil.example", false},
		{"Host: 127.0.0.1:PORT\r\nOrigin: http://evil.example", false},
		{"Host: 127.0.0.1:PORT\r\nOrigin: http://127.0.0.1:1", false},
		{"Host: 127.0.0.1:PORT\r\nOrigin: https://127.0.0.1:PORT", false},
		{"Host: 127.0.0.1:PORT\r\nOrigin: null", false},
		{"Host: 127.0.0.1:PORT\r\nOrigin: ", false},
	};
	struct fixture *f = fixture();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *request = unit_buf(4096);

		unit_case("%s", rows[i].headers);
		buf_printf(request, "GET /v1/users HTTP/1.1\r\n%s\r\n\r\n", rows[i].headers);
		ask(f, unit_ptr(buf_cstr(request)));
		assert_int_equal(str_starts(buf_str(f->received), STR("HTTP/1.1 200 ")),
				 rows[i].own);
		if (!rows[i].own) {
			assert_true(str_starts(buf_str(f->received), STR("HTTP/1.1 403 ")));
			assert_true(has(f, "\"remedy\": "));
			assert_false(has(f, "alice"));
		}
	}
	assert_int_equal(counter_find(STR("admin.foreign"))->value, 11);
}


/** The door closes while a request waits for the server. */
static void test_close(void)
{
	struct fixture *f = fixture();

	f->hold = true;
	ask(f, "GET /v1/users HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_non_null(f->done);
	f->front = mem_unref(f->front);
}


/** The API closes first: who waits is told. */
static void test_admin_close(void)
{
	struct fixture *f = fixture();

	f->hold = true;
	ask(f, "GET /v1/users HTTP/1.1\r\nHost: localhost\r\n\r\n");
	admin_close(f->admin);
	run(f);
	assert_true(str_starts(buf_str(f->received), STR("HTTP/1.1 503 ")));
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_answer), UNIT_TEST_PLAIN(test_foreign), UNIT_TEST_PLAIN(test_close),
	  UNIT_TEST_PLAIN(test_admin_close))
