/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of our own: whole, as a stream, several in turn; what their sender hears. */
#include "msrp/send.h"

#include <stdio.h>
#include <string.h>

#include "msrp/connection.h"
#include "world.h"

#define alice (&w->peers[0])

/* One who sends `size` bytes as there is room. */
struct source {
	struct world *w;
	struct msrp_send *m;
	const char *name;
	size_t size, at;
	bool unknown; /* the total is not told */
};


static void on_lost(struct msrp_session *s, int error, void *arg)
{
	(void)s;
	note(arg, "lost %d", error);
}


static void on_report(struct msrp_session *s, const struct msrp_frame *f, void *arg)
{
	(void)s;
	note(arg, "report " STR_FMT " %u", STR_ARG(f->message_id), f->report_status);
}


static void on_session_room(struct msrp_session *s, void *arg)
{
	(void)s;
	note(arg, "room");
}


static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return 403;
}


static const struct msrp_session_handler handler = {
	.head = on_head,
	.report = on_report,
	.lost = on_lost,
	.room = on_session_room,
};


static struct world *world(void)
{
	struct msrp_session_params sp = {.handler = &handler};
	struct msrp_remote r = {.path = STR(ALICE_PATH), .role = MSRP_PASSIVE};
	struct world *w = world_open();
	struct str local;

	sp.arg = w;
	unit_ok(msrp_session_alloc(&w->a, w->ep, &sp));
	unit_ok(msrp_session_start(w->a, &r));
	local = msrp_session_local(w->a);
	alice->to = memcpy(unit_storage(local.n + 1), local.p, local.n);
	peer_connect(alice, "192.0.2.1:0");
	peer_bind(alice, "b000");
	run(w);
	peer_heard(alice, "200 b000");
	return w;
}


static void on_status(struct msrp_session *s, uint16_t status, void *arg)
{
	(void)s;
	note(arg, "status %u", status);
}


static const struct msrp_send_params plain = {
	.message_id = STR_INIT("m001"),
	.content_type = STR_INIT("text/plain"),
	.total = MSRP_RANGE_UNKNOWN,
};


/* ---- Whole ---- */

static void test_whole(void)
{
	struct world *w = world();
	struct msrp_send_params p = plain;
	char id[MSRP_TID_MADE + 1] = "";

	p.lines = STR("X-Thing: 1\r\n");
	p.success_report = p.include_sent_count = true;
	p.failure_report = MSRP_FAILURE_PARTIAL;
	unit_ok(msrp_send_whole(w->a, &p, STR("hello"), NULL, NULL, NULL));
	run(w);
	peer_heard(alice, "SEND m001 1-5/5 5 $");
	unit_buf_is(&alice->body, "hello");
	unit_buf_is(&alice->others,
		    "Message-ID: m001\r\nByte-Range: 1-5/5\r\nSuccess-Report: yes\r\n"
		    "Failure-Report: partial\r\nInclude-Sent-Count: yes\r\nX-Thing: 1\r\n"
		    "Content-Type: text/plain\r\n");
	p = plain;
	p.message_id = STR_NULL;
	unit_ok(msrp_send_whole(w->a, &p, STR(""), on_status, w, id));
	run(w);
	unit_must(strcmp(alice->last_id, id) == 0);
	events_are(w, "status 200");
}


static void test_whole_outcomes(void)
{
	struct world *w = world();

	alice->status = 415;
	unit_ok(msrp_send_whole(w->a, &plain, STR("hello"), on_status, w, NULL));
	run(w);
	events_are(w, "status 415");
	alice->status = 0;
	unit_ok(msrp_send_whole(w->a, &plain, STR("hello"), on_status, w, NULL));
	run(w);
	advance(w, MSRP_TRANSACTION_MS - 1);
	events_are(w, "");
	advance(w, 1);
	events_are(w, "status 408");
	unit_ok(msrp_send_whole(w->a, &plain, STR("hello"), on_status, w, NULL));
	run(w);
	peer_close(alice);
	run(w);
	events_are(w, "status 0, lost 0");
	assert_int_equal(msrp_send_whole(w->a, &plain, STR("hello"), on_status, w, NULL),
			 -ENOTCONN);
}


static void test_whole_is_checked(void)
{
	struct world *w = world();
	struct msrp_send_params p = plain;

	p.content_type = STR_NULL;
	assert_int_equal(msrp_send_whole(w->a, &p, STR("x"), NULL, NULL, NULL), -EINVAL);
	p = plain;
	p.lines = STR("X-Thing: 1");
	assert_int_equal(msrp_send_whole(w->a, &p, STR("x"), NULL, NULL, NULL), -EINVAL);
	run(w);
	peer_heard(alice, "");
}


static void test_whole_meets_a_full_queue(void)
{
	struct world *w = world();
	struct virtual_fault deaf = {.kind = VIRTUAL_WINDOW,
				     .from = address("192.0.2.9:0"),
				     .n = 0};
	char *body = unit_storage(60000);

	fill(body, 60000, 0);
	deaf.to = address("192.0.2.1:0");
	virtual_fault_add(w->vl, &deaf);
	unit_ok(msrp_send_whole(w->a, &plain, (struct str){body, 60000}, NULL, NULL, NULL));
	assert_int_equal(msrp_send_whole(w->a, &plain, STR("x"), NULL, NULL, NULL), -ENOBUFS);
	msrp_session_wait_room(w->a);
	run(w);
	events_are(w, "");
	virtual_fault_clear(w->vl);
	run(w);
	events_are(w, "room");
	peer_heard(alice, "SEND m001 1-*/60000 60000 $");
	/* at once when there is room now */
	msrp_session_wait_room(w->a);
	events_are(w, "");
	run(w);
	events_are(w, "room");
}


/* ---- A stream ---- */

static void source_go(struct source *s)
{
	char piece[5000];

	while (s->at < s->size) {
		size_t n = s->size - s->at < sizeof(piece) ? s->size - s->at : sizeof(piece);
		ssize_t got;

		fill(piece, n, s->at);
		got = msrp_send_write(s->m, piece, n);
		if (got < 0)
			return;
		s->at += (size_t)got;
		if ((size_t)got < n)
			return;
	}
	unit_must(msrp_send_end(s->m) == 0);
}


static void on_room(struct msrp_send *m, void *arg)
{
	(void)m;
	source_go(arg);
}


static void on_done(struct msrp_send *m, uint16_t status, void *arg)
{
	struct source *s = arg;

	(void)m;
	note(s->w, "%s %u", s->name, status);
}


static const struct msrp_send_handler send_handler = {
	.room = on_room,
	.done = on_done,
};


static void drop_send(void *arg)
{
	struct source *s = arg;

	s->m = mem_unref(s->m);
}


static struct source *source(struct world *w, const char *name, size_t size,
			     const struct msrp_send_params *params)
{
	struct source *s = unit_storage(sizeof(*s));
	struct msrp_send_params p = *params;

	*s = (struct source){.w = w, .name = name, .size = size};
	p.message_id = str_of(name);
	unit_ok(msrp_send_open(&s->m, w->a, &p, &send_handler, s));
	unit_defer(drop_send, s);
	return s;
}


static void test_stream(void)
{
	static const struct {
		size_t size;
		bool unknown;
		const char *heard;
	} rows[] = {
		{0, false, "SEND mm01 1-0/0 0 $"},
		{5, false, "SEND mm01 1-5/5 5 $"},
		{5, true, "SEND mm01 1-*/* 5 $"},
		{2048, false, "SEND mm01 1-2048/2048 2048 $"},
		{2049, false, "SEND mm01 1-*/2049 2049 $"},
		{300000, false, "SEND mm01 1-*/300000 300000 $"},
		{300000, true, "SEND mm01 1-*/* 300000 $"},
	};
	struct world *w = world();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msrp_send_params p = plain;
		struct source *s;

		unit_case("row %zu", i);
		p.total = rows[i].unknown ? MSRP_RANGE_UNKNOWN : rows[i].size;
		s = source(w, "mm01", rows[i].size, &p);
		source_go(s);
		run(w);
		peer_heard(alice, rows[i].heard);
		body_is_filled(alice, rows[i].size);
		events_are(w, "mm01 200");
		assert_int_equal(msrp_send_sent(s->m), rows[i].size);
	}
}


static void test_stream_is_checked(void)
{
	struct world *w = world();
	struct msrp_send_params p = plain;
	struct source *s;

	p.total = 5;
	s = source(w, "mm01", 5, &p);
	assert_int_equal(msrp_send_write(s->m, "123456", 6), -EMSGSIZE);
	assert_int_equal(msrp_send_end(s->m), -EINVAL);
	assert_int_equal(msrp_send_write(s->m, "12345", 5), 5);
	unit_ok(msrp_send_end(s->m));
	assert_int_equal(msrp_send_write(s->m, "", 0), -EPIPE);
	assert_int_equal(msrp_send_end(s->m), -EPIPE);
	run(w);
	peer_heard(alice, "SEND mm01 1-5/5 5 $");
}


/* Several messages on one connection: each gets on, none waits for the whole of another. */
static void test_messages_take_turns(void)
{
	struct world *w = world();
	struct source *s[3];
	static const char *const names[] = {"mm01", "mm02", "mm03"};

	alice->quiet = true;
	for (int i = 0; i < 3; i++) {
		struct msrp_send_params p = plain;

		p.total = 200000;
		s[i] = source(w, names[i], 200000, &p);
		source_go(s[i]);
	}
	for (int step = 0; step < 3; step++)
		(void)virtual_loop_step(w->vl);
	for (int i = 0; i < 3; i++) {
		unit_must(s[i]->at > 0);
		unit_must(s[i]->at < 200000);
	}
	run(w);
	/* they end in turn, one soon after the other */
	events_are(w, "mm01 200, mm02 200, mm03 200");
	assert_int_equal(alice->bytes, 600000);
	/* RFC 4975 7.1.1: no chunks of less than 2048 */
	unit_must(alice->chunk_min >= MSRP_CHUNK_PLAIN_MAX);
	unit_must(alice->sends > 10);
	buf_clear(&alice->body);
}


static void test_stream_refused_under_way(void)
{
	struct world *w = world();
	struct source *s = source(w, "mm01", 1 << 20, &plain);

	alice->status = 413;
	assert_int_equal(msrp_send_write(s->m, "hello", 5), 5);
	run(w);
	/* its first chunk is closed by our silence, and then refused */
	advance(w, MSRP_SEND_LINGER_MS - 1);
	peer_heard(alice, "");
	advance(w, 1);
	peer_heard(alice, "SEND mm01 1-*/* 5 +");
	events_are(w, "mm01 413");
	assert_int_equal(msrp_send_write(s->m, "more", 4), -EPIPE);
	run(w);
	peer_heard(alice, "");
}


static void test_stream_goes_on_after_a_pause(void)
{
	struct world *w = world();
	struct msrp_send_params p = plain;
	struct source *s;

	p.total = 10;
	s = source(w, "mm01", 10, &p);
	assert_int_equal(msrp_send_write(s->m, "hello", 5), 5);
	advance(w, MSRP_SEND_LINGER_MS);
	peer_heard(alice, "SEND mm01 1-*/10 5 +");
	assert_int_equal(msrp_send_write(s->m, "world", 5), 5);
	unit_ok(msrp_send_end(s->m));
	run(w);
	peer_heard(alice, "SEND mm01 6-*/10 5 $");
	unit_buf_is(&alice->body, "helloworld");
	events_are(w, "mm01 200");
}


static void test_stream_aborted(void)
{
	struct world *w = world();
	struct source *s = source(w, "mm01", 10, &plain);

	assert_int_equal(msrp_send_write(s->m, "hello", 5), 5);
	msrp_send_abort(s->m);
	run(w);
	peer_heard(alice, "SEND mm01 1-*/* 5 #");
	events_are(w, "");
	s = source(w, "mm02", 10, &plain);
	assert_int_equal(msrp_send_write(s->m, "hello", 5), 5);
	drop_send(s);
	run(w);
	peer_heard(alice, "SEND mm02 1-*/* 5 #");
	assert_int_equal(msrp_session_outstanding(w->a), 0);
}


static void test_stream_outcomes(void)
{
	struct world *w = world();
	struct msrp_send_params p = plain;
	struct source *s;

	alice->status = 0;
	source_go(source(w, "mm01", 10, &p));
	run(w);
	advance(w, MSRP_TRANSACTION_MS);
	events_are(w, "mm01 408");
	p.failure_report = MSRP_FAILURE_NO;
	source_go(source(w, "mm02", 10, &p));
	run(w);
	events_are(w, "mm02 200");
	p.failure_report = MSRP_FAILURE_YES;
	source_go(source(w, "mm03", 10, &p));
	s = source(w, "mm04", 10, &p);
	assert_int_equal(msrp_send_write(s->m, "hello", 5), 5);
	run(w);
	peer_close(alice);
	run(w);
	events_are(w, "lost 0, mm03 0, mm04 0");
	assert_int_equal(msrp_send_open(&s->m, w->a, &p, &send_handler, s), -ENOTCONN);
}


static void test_no_outcome_after_stop(void)
{
	struct world *w = world();
	struct source *s = source(w, "mm01", 10, &plain);

	alice->status = 0;
	assert_int_equal(msrp_send_write(s->m, "hello", 5), 5);
	unit_ok(msrp_send_whole(w->a, &plain, STR("hello"), on_status, w, NULL));
	run(w);
	msrp_session_stop(w->a);
	run(w);
	events_are(w, "");
	/* the whole one came between: the stream's chunk was interrupted, nothing of it is open */
	peer_heard(alice, "SEND mm01 1-*/* 5 +, SEND m001 1-5/5 5 $, closed");
	assert_int_equal(msrp_send_write(s->m, "more", 4), -EPIPE);
}


UNIT_MAIN(UNIT_TEST(test_whole), UNIT_TEST_PLAIN(test_whole_outcomes),
	  UNIT_TEST_PLAIN(test_whole_is_checked), UNIT_TEST_PLAIN(test_whole_meets_a_full_queue),
	  UNIT_TEST_PLAIN(test_stream), UNIT_TEST_PLAIN(test_stream_is_checked),
	  UNIT_TEST(test_messages_take_turns), UNIT_TEST_PLAIN(test_stream_refused_under_way),
	  UNIT_TEST_PLAIN(test_stream_goes_on_after_a_pause), UNIT_TEST_PLAIN(test_stream_aborted),
	  UNIT_TEST_PLAIN(test_stream_outcomes), UNIT_TEST_PLAIN(test_no_outcome_after_stop))
