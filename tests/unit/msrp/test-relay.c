/* SPDX-License-Identifier: Apache-2.0 */
/* The relay: chunks that cross, their answers, reports, limits, back-pressure. */
#include "msrp/relay.h"

#include <stdio.h>
#include <string.h>

#include "base/counter.h"
#include "msrp/connection.h"
#include "world.h"

#define alice (&w->peers[0])
#define bob (&w->peers[1])


/* ---- One message ---- */

static void test_short_message(void)
{
	struct world *w = world_relay();

	peer_send(alice, "t001", "m1", "1-5/5", "X-New: thing\r\nContent-Disposition: render\r\n",
		  "hello", '$');
	run(w);
	peer_heard(bob, "SEND m1 1-5/5 5 $");
	unit_buf_is(&bob->body, "hello");
	unit_buf_is(&bob->others, "Message-ID: m1\r\nByte-Range: 1-5/5\r\nX-New: "
				  "thing\r\nContent-Disposition: render\r\n"
				  "Content-Type: text/plain\r\n");
	peer_heard(alice, "200 t001");
	assert_int_equal(msrp_relay_counts(w->relay, MSRP_SIDE_A)->messages, 1);
	assert_int_equal(msrp_relay_counts(w->relay, MSRP_SIDE_A)->bytes, 5);
	buf_clear(&bob->body);
	peer_send(bob, "t002", "m2", "1-2/2", "", "hi", '$');
	run(w);
	peer_heard(alice, "SEND m2 1-2/2 2 $");
	peer_heard(bob, "200 t002");
	assert_int_equal(msrp_session_outstanding(w->a), 0);
	assert_int_equal(msrp_session_outstanding(w->b), 0);
}


/* The far side's answer is the answer, whatever it is. */
static void test_far_status_is_the_answer(void)
{
	static const uint16_t statuses[] = {200, 400, 403, 408, 413, 415, 423, 481, 501, 506};
	struct world *w = world_relay();

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		char expected[32];

		bob->status = statuses[i];
		peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
		run(w);
		snprintf(expected, sizeof(expected), "%u t001", statuses[i]);
		peer_heard(alice, expected);
		peer_heard(bob, "SEND m1 1-5/5 5 $");
	}
	assert_int_equal(msrp_relay_counts(w->relay, MSRP_SIDE_A)->failed, 9);
}


/* A body of nothing, and one without a length told. */
static void test_ranges(void)
{
	static const struct {
		const char *range, *body, *heard;
	} rows[] = {
		{"1-5/5", "hello", "SEND m1 1-5/5 5 $"},
		{"1-*/5", "hello", "SEND m1 1-*/5 5 $"},
		{"1-*/*", "hello", "SEND m1 1-*/* 5 $"},
		{"1-0/0", "", "SEND m1 1-0/0 0 $"},
		{"6-10/10", "hello", "SEND m1 6-10/10 5 $"},
		/* shorter than it says: RFC 4975 7.3.1, the body counts */
		{"1-9/9", "hello", "SEND m1 1-*/9 5 $"},
	};
	struct world *w = world_relay();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].range);
		peer_send(alice, "t001", "m1", rows[i].range, "", rows[i].body, '$');
		run(w);
		peer_heard(bob, rows[i].heard);
		peer_heard(alice, "200 t001");
	}
}


static void test_any_split(void)
{
	const char *bodies[] = {"hello", "a\r\n-------t00", "\r\n-------t001",
				"-------t001$-------t001x"};
	struct world *w = world_relay();

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		char text[1024], range[64], heard[96];
		size_t n, len = strlen(bodies[i]);

		snprintf(range, sizeof(range), "1-%zu/%zu", len, len);
		n = (size_t)snprintf(
			text, sizeof(text),
			"MSRP t001 SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: m1\r\n"
			"Byte-Range: %s\r\nContent-Type: text/plain\r\n\r\n%s\r\n-------t001$\r\n",
			alice->to, alice->path, range, bodies[i]);
		for (size_t at = 1; at < n; at++) {
			unit_case("body %zu split at %zu", i, at);
			peer_write(alice, text, at);
			run(w);
			peer_write(alice, text + at, n - at);
			run(w);
			peer_heard(alice, "200 t001");
			unit_buf_is(&bob->body, bodies[i]);
			buf_clear(&bob->body);
			snprintf(heard, sizeof(heard), "SEND m1 1-*/%zu", len);
			if (memmem(bob->log.p, bob->log.n, heard, strlen(heard)))
				buf_clear(&bob->log);
			else {
				snprintf(heard, sizeof(heard), "SEND m1 1-%zu/%zu %zu $", len, len,
					 len);
				peer_heard(bob, heard);
			}
		}
	}
}


/* ---- Legal traffic on which the open relays fail (field.md 3b) ---- */

struct traffic {
	size_t n, write;
	uint64_t gap_ms;
};


static void carry(const struct traffic *t)
{
	struct world *w = world_relay();
	char range[64], *body = unit_storage(t->n);

	fill(body, t->n, 0);
	snprintf(range, sizeof(range), "1-*/%zu", t->n);
	peer_head(alice, "t001", "m1", range, "");
	bob->quiet = true;
	for (size_t at = 0; at < t->n; at += t->write) {
		size_t left = t->n - at;

		peer_write(alice, body + at, left < t->write ? left : t->write);
		if (t->gap_ms)
			advance(w, t->gap_ms);
		run(w);
	}
	peer_tail(alice, "t001", '$');
	run(w);
	body_is_filled(bob, t->n);
	peer_heard(alice, "200 t001");
}


#define CARRIES(name, ...)                                   \
	static void test_carries_##name(void)                \
	{                                                    \
		carry(&(const struct traffic){__VA_ARGS__}); \
	}

CARRIES(5_bytes, 5, 5, 0)
CARRIES(8_kB_in_one_write, 8000, 8000, 0)
CARRIES(3000_bytes_in_two_segments, 3000, 1500, 2)
CARRIES(3000_bytes_in_three_slow_segments, 3000, 1000, 50)
CARRIES(1000_bytes_in_200_byte_writes, 1000, 200, 30)
CARRIES(2000_bytes_in_1000_byte_writes, 2000, 1000, 20)
CARRIES(11000_bytes_in_one_write, 11000, 11000, 0)
CARRIES(11500_bytes, 11500, 11500, 0)
CARRIES(12000_bytes, 12000, 12000, 0)
CARRIES(16000_bytes, 16000, 16000, 0)
CARRIES(20000_bytes, 20000, 20000, 0)
CARRIES(60000_bytes, 60000, 60000, 0)
CARRIES(100000_bytes, 100000, 100000, 0)
CARRIES(300000_bytes, 300000, 300000, 0)
CARRIES(300000_bytes_in_700_byte_writes, 300000, 700, 1)


/* ---- Chunks ---- */

static void test_message_in_chunks(void)
{
	struct world *w = world_relay();

	peer_send(alice, "t001", "m1", "1-5/10", "", "hello", '+');
	peer_send(alice, "t002", "m2", "1-2/2", "", "hi", '$');
	peer_send(alice, "t003", "m1", "6-10/10", "", "world", '$');
	run(w);
	peer_heard(bob, "SEND m1 1-5/10 5 +, SEND m2 1-2/2 2 $, SEND m1 6-10/10 5 $");
	peer_heard(alice, "200 t001, 200 t002, 200 t003");
	assert_int_equal(msrp_relay_counts(w->relay, MSRP_SIDE_A)->messages, 2);
}


static void test_abort_passes(void)
{
	struct world *w = world_relay();

	peer_send(alice, "t001", "m1", "1-*/10", "", "hello", '#');
	run(w);
	peer_heard(bob, "SEND m1 1-*/10 5 #");
	peer_send(alice, "t002", "m2", "1-5/10", "", "hello", '+');
	peer_send(alice, "t003", "m2", "6-*/10", "", NULL, '#');
	run(w);
	peer_heard(bob, "SEND m2 1-5/10 5 +, SEND m2 6-*/10 0 bodiless #");
	peer_heard(alice, "200 t001, 200 t002, 200 t003");
	assert_int_equal(msrp_relay_counts(w->relay, MSRP_SIDE_A)->aborted, 2);
}


/* Bob asks something while a large message goes to him: the answer has to get through. */
static void test_interrupted_for_an_answer(void)
{
	struct world *w = world_relay();
	char *body = unit_storage(9000);

	fill(body, 9000, 0);
	peer_head(alice, "t001", "m1", "1-*/9000", "");
	peer_write(alice, body, 5000);
	run(w);
	peer_heard(bob, "");
	peer_bind(bob, "t777");
	run(w);
	peer_heard(bob, "SEND m1 1-*/9000 5000 +, 200 t777");
	peer_write(alice, body + 5000, 4000);
	peer_tail(alice, "t001", '$');
	run(w);
	peer_heard(bob, "SEND m1 5001-*/9000 4000 $");
	body_is_filled(bob, 9000);
	/* one answer for two chunks of ours, and only when both are there */
	peer_heard(alice, "200 t001");
}


/* RFC 4975 7.1.1: "interrupting chunks (at least 2048 octets long)": a small one is given some time. */
static void test_small_chunk_is_interrupted_late(void)
{
	struct world *w = world_relay();
	char *body = unit_storage(5000);

	fill(body, 5000, 0);
	peer_head(alice, "t001", "m1", "1-*/5000", "");
	peer_write(alice, body, 1000);
	run(w);
	peer_bind(bob, "t777");
	run(w);
	peer_heard(bob, "");
	advance(w, MSRP_INTERRUPT_MS - 1);
	peer_heard(bob, "");
	advance(w, 1);
	peer_heard(bob, "SEND m1 1-*/5000 1000 +, 200 t777");
	peer_write(alice, body + 1000, 1000);
	run(w);
	peer_bind(bob, "t778");
	run(w);
	peer_heard(bob, "");
	peer_write(alice, body + 2000, 1500);
	run(w);
	/* it has grown to 2048 meanwhile */
	peer_heard(bob, "SEND m1 1001-*/5000 2500 +, 200 t778");
	peer_write(alice, body + 3500, 500);
	run(w);
	peer_bind(bob, "t779");
	run(w);
	peer_heard(bob, "");
	peer_write(alice, body + 4000, 1000);
	peer_tail(alice, "t001", '$');
	run(w);
	/* or it ends first */
	peer_heard(bob, "SEND m1 3501-*/5000 1500 $, 200 t779");
	body_is_filled(bob, 5000);
	peer_heard(alice, "200 t001");
}


static void test_first_failure_of_two_chunks_wins(void)
{
	struct world *w = world_relay();
	char *body = unit_storage(9000);

	fill(body, 9000, 0);
	peer_head(alice, "t001", "m1", "1-*/9000", "");
	peer_write(alice, body, 5000);
	run(w);
	bob->status = 413;
	peer_bind(bob, "t777");
	run(w);
	/* refused while it was on its way: alice hears of it at once, the rest goes nowhere */
	peer_heard(alice, "413 t001");
	peer_heard(bob, "SEND m1 1-*/9000 5000 +, 200 t777");
	bob->status = 200;
	peer_write(alice, body + 5000, 4000);
	peer_tail(alice, "t001", '$');
	run(w);
	peer_heard(alice, "");
	peer_heard(bob, "");
	peer_send(alice, "t002", "m2", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(alice, "200 t002");
}


/* ---- Reports and answers wanted ---- */

static void test_failure_report_matrix(void)
{
	static const struct {
		const char *lines;
		uint16_t status;
		const char *heard;
	} rows[] = {
		{"", 200, "200 t001"},
		{"", 413, "413 t001"},
		{"", 0, "408 t001"},
		{"Failure-Report: yes\r\n", 200, "200 t001"},
		{"Failure-Report: yes\r\n", 0, "408 t001"},
		{"Failure-Report: partial\r\n", 200, ""},
		{"Failure-Report: partial\r\n", 413, "413 t001"},
		{"Failure-Report: partial\r\n", 0, ""},
		{"Failure-Report: no\r\n", 200, ""},
		{"Failure-Report: no\r\n", 413, ""},
		{"Failure-Report: no\r\n", 0, ""},
		{"Success-Report: yes\r\n", 200, "200 t001"},
		{"Success-Report: yes\r\nFailure-Report: no\r\n", 200, ""},
		{"Success-Report: yes\r\nFailure-Report: partial\r\n", 481, "481 t001"},
		{"Success-Report: no\r\nFailure-Report: yes\r\n", 0, "408 t001"},
	};
	struct world *w = world_relay();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s %u", rows[i].lines, rows[i].status);
		bob->status = rows[i].status;
		peer_send(alice, "t001", "m1", "1-5/5", rows[i].lines, "hello", '$');
		run(w);
		advance(w, MSRP_TRANSACTION_MS);
		peer_heard(bob, "SEND m1 1-5/5 5 $");
		peer_heard(alice, rows[i].heard);
		assert_int_equal(msrp_session_outstanding(w->b), 0);
	}
}


static void test_timeout_at_30_s(void)
{
	struct world *w = world_relay();

	bob->status = 0;
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	advance(w, MSRP_TRANSACTION_MS - 1);
	peer_heard(alice, "");
	assert_int_equal(msrp_session_outstanding(w->b), 1);
	advance(w, 1);
	peer_heard(alice, "408 t001");
	/* the answer that comes later is nobody's */
	peer_answer(bob, 200);
	run(w);
	peer_heard(alice, "");
}


static void test_reports_cross(void)
{
	struct world *w = world_relay();

	peer_send(alice, "t001", "m1", "1-5/5", "Success-Report: yes\r\n", "hello", '$');
	run(w);
	peer_heard(bob, "SEND m1 1-5/5 5 $");
	peer_printf(bob,
		    "MSRP r001 REPORT\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: "
		    "m1\r\nByte-Range: 1-5/5\r\n"
		    "Status: 000 200 OK\r\n-------r001$\r\n",
		    bob->to, bob->path);
	peer_printf(
		bob,
		"MSRP r002 REPORT\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: m1\r\nByte-Range: "
		"1-5/5\r\n"
		"Status: 000 403 No\r\nContent-Type: text/plain\r\n\r\nbecause\r\n-------r002$\r\n",
		bob->to, bob->path);
	run(w);
	peer_heard(alice, "200 t001, REPORT m1 1-5/5 200, REPORT m1 1-5/5 403");
	peer_heard(bob, "");
	assert_int_equal(msrp_relay_counts(w->relay, MSRP_SIDE_B)->reports, 2);
}


static void test_other_methods_cross(void)
{
	struct world *w = world_relay();

	peer_printf(alice,
		    "MSRP n001 NICKNAME\r\nTo-Path: %s\r\nFrom-Path: %s\r\nUse-Nickname: "
		    "\"Al\"\r\n-------n001$\r\n",
		    alice->to, alice->path);
	peer_printf(alice,
		    "MSRP n002 DANCE\r\nTo-Path: %s\r\nFrom-Path: %s\r\nContent-Type: "
		    "text/plain\r\n\r\nwaltz\r\n"
		    "-------n002$\r\n",
		    alice->to, alice->path);
	bob->status = 425;
	run(w);
	peer_heard(bob, "NICKNAME 0, DANCE 5");
	unit_buf_is(&bob->body, "waltz");
	peer_heard(alice, "425 n001, 425 n002");
}


static void test_empty_sends_stay(void)
{
	struct world *w = world_relay();

	peer_bind(alice, "k001");
	peer_send(alice, "k002", "k2", "1-0/0", "Failure-Report: no\r\n", NULL, '$');
	peer_send(alice, "k003", "k3", "1-0/0", "Success-Report: yes\r\n", NULL, '$');
	run(w);
	peer_heard(alice, "200 k001, 200 k003, REPORT k3 1-0/0 200");
	peer_heard(bob, "");
}


/* ---- Limits ---- */

static void test_limit_by_total(void)
{
	struct world *w = world_relay_with(&(struct msrp_relay_params){.message_max = {10, 0}});

	peer_send(alice, "t001", "m1", "1-10/10", "", "0123456789", '$');
	peer_send(alice, "t002", "m2", "1-11/11", "", "0123456789x", '$');
	run(w);
	peer_heard(bob, "SEND m1 1-10/10 10 $");
	peer_heard(alice, "413 t002, 200 t001");
	events_are(w, "refused a 11");
	/* the other direction has none */
	peer_send(bob, "t003", "m3", "1-11/11", "", "0123456789x", '$');
	run(w);
	peer_heard(alice, "SEND m3 1-11/11 11 $");
}


static void test_limit_by_count(void)
{
	struct world *w = world_relay_with(&(struct msrp_relay_params){.message_max = {10, 0}});

	peer_head(alice, "t001", "m1", "1-*/*", "");
	peer_write(alice, "012345", 6);
	run(w);
	peer_write(alice, "6789x", 5);
	run(w);
	/* refused at once, what went before is taken back */
	peer_heard(alice, "413 t001");
	peer_heard(bob, "SEND m1 1-*/* 6 #");
	peer_write(alice, "more", 4);
	peer_tail(alice, "t001", '+');
	peer_send(alice, "t002", "m1", "16-*/*", "", "and more", '$');
	run(w);
	peer_heard(alice, "413 t002");
	peer_heard(bob, "");
	/* who says the same range again and again, too */
	for (int i = 0; i < 3; i++)
		peer_send(alice, "t003", "m4", "1-4/*", "", "0123", '+');
	run(w);
	peer_heard(bob, "SEND m4 1-4/* 4 +, SEND m4 1-4/* 4 +");
	peer_heard(alice, "413 t003, 200 t003, 200 t003");
	events_are(w, "refused a 11, refused a 12");
}


/* ---- Back-pressure ---- */

/* Memory stays where it is, whatever a slow reader is sent. */
static void test_slow_reader(void)
{
	enum { SIZE = 3 << 20, STEP = 1 << 16 };
	struct world *w = world_relay();
	struct virtual_fault slow = {.kind = VIRTUAL_SLOW,
				     .from = address("192.0.2.9:0"),
				     .n = 4000};
	char *body = unit_storage(STEP), range[64];
	size_t most = 0;

	slow.to = address("192.0.2.2:0");
	virtual_fault_add(w->vl, &slow);
	bob->quiet = true;
	snprintf(range, sizeof(range), "1-*/%d", SIZE);
	peer_head(alice, "t001", "m1", range, "");
	for (size_t at = 0; at < SIZE; at += STEP) {
		fill(body, STEP, at);
		peer_write(alice, body, STEP);
	}
	peer_tail(alice, "t001", '$');
	for (int i = 0; i < 2000 && bob->bytes < SIZE; i++) {
		size_t queued = msrp_session_queued(w->b);

		advance(w, 1);
		most = queued > most ? queued : most;
	}
	unit_must(most > MSRP_QUEUE_LOW);
	/* one read of the virtual network is a quarter of a megabyte at most */
	unit_must(most <= MSRP_QUEUE_HIGH + VIRTUAL_WINDOW_BYTES + 1024);
	run(w);
	body_is_filled(bob, SIZE);
	peer_heard(alice, "200 t001");
	unit_must(counter_find(STR("msrp.paused"))->value > 0);
}


/* Bob takes nothing at all any more: alice is not read from, then told. */
static void test_stalled_reader(void)
{
	struct world *w = world_relay();
	struct virtual_fault stall = {.kind = VIRTUAL_WINDOW,
				      .from = address("192.0.2.9:0"),
				      .n = 0};
	char *body = unit_storage(1 << 20);

	stall.to = address("192.0.2.2:0");
	virtual_fault_add(w->vl, &stall);
	peer_head(alice, "t001", "m1", "1-*/*", "");
	fill(body, 1 << 20, 0);
	peer_write(alice, body, 1 << 20);
	run(w);
	unit_must(msrp_session_queued(w->b) <= MSRP_QUEUE_HIGH + VIRTUAL_WINDOW_BYTES + 1024);
	advance(w, 60000);
	peer_heard(alice, "");
	/* he goes away */
	bob->s = mem_unref(bob->s);
	virtual_fault_clear(w->vl);
	run(w);
	peer_heard(alice, "408 t001");
	unit_must(memmem(w->events.p, w->events.n, "lost b", 6) != NULL);
}


/* Requests without end, and no answer from the far side: so many are let through, no more. */
static void test_flood(void)
{
	struct world *w = world_relay();

	bob->status = 0;
	bob->quiet = true;
	for (int i = 0; i < 4 * MSRP_OUTSTANDING_MAX; i++)
		peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	unit_must(bob->sends >= MSRP_OUTSTANDING_MAX && bob->sends <= MSRP_OUTSTANDING_MAX + 1);
	unit_must(msrp_session_outstanding(w->b) == bob->sends);
	advance(w, 4 * MSRP_TRANSACTION_MS + 10);
	unit_must(bob->sends == 4 * MSRP_OUTSTANDING_MAX);
	assert_int_equal(msrp_session_outstanding(w->b), 0);
}


/* Alice asks without end and reads no answer: she is not read from any more. */
static void test_flood_by_one_who_does_not_read(void)
{
	struct world *w = world_relay();
	struct virtual_fault deaf = {.kind = VIRTUAL_WINDOW,
				     .from = address("192.0.2.9:0"),
				     .n = 0};
	char block[4096];
	int n = 0;

	deaf.to = address("192.0.2.1:0");
	virtual_fault_add(w->vl, &deaf);
	while (n < 3500)
		n += snprintf(block + n, sizeof(block) - (size_t)n,
			      "MSRP k001 SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: "
			      "k\r\n-------k001$\r\n",
			      alice->to, alice->path);
	for (int i = 0; i < 2000; i++)
		peer_write(alice, block, (size_t)n);
	run(w);
	unit_must(msrp_session_queued(w->a) > MSRP_QUEUE_SELF);
	unit_must(msrp_session_queued(w->a) < MSRP_QUEUE_SELF + VIRTUAL_WINDOW_BYTES + 65536);
	unit_must(msrp_session_bound(w->a));
	virtual_fault_clear(w->vl);
	alice->quiet = true;
	alice->log.max = 0;
	run(w);
	unit_must(msrp_session_queued(w->a) == 0);
	alice->log.failed = false;
	buf_clear(&alice->log);
}


/* ---- Connections that come late, and go ---- */

/* A message for a side that is not connected yet waits with its sender. */
static void test_far_side_not_bound_yet(void)
{
	struct msrp_remote passive = {.path = STR(BOB_PATH), .role = MSRP_PASSIVE};
	struct msrp_session_params sp = {0};
	struct msrp_session *s;
	struct world *w = world_relay();

	unit_ok(msrp_session_alloc(&s, w->ep, &sp));
	msrp_session_stop(w->b);
	unit_ok(msrp_relay_replace(w->relay, MSRP_SIDE_B, s));
	mem_unref(w->b);
	w->b = s;
	unit_ok(msrp_session_start(s, &passive));
	run(w);
	peer_heard(bob, "closed");
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	advance(w, 20000);
	peer_heard(alice, "");
	bob->to = strncpy(unit_storage(128), msrp_session_local(s).p, msrp_session_local(s).n);
	peer_connect(bob, "192.0.2.2:0");
	peer_bind(bob, "b001");
	run(w);
	peer_heard(bob, "200 b001, SEND m1 1-5/5 5 $");
	peer_heard(alice, "200 t001");
	events_are(w, "bound b");
}


static void test_far_side_never_bound(void)
{
	struct world *w = world_relay();

	bob->s = mem_unref(bob->s);
	run(w);
	events_are(w, "lost b 0");
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	advance(w, MSRP_TRANSACTION_MS - 1);
	peer_heard(alice, "");
	advance(w, 1);
	peer_heard(alice, "408 t001");
}


static void test_far_side_lost_with_answers_due(void)
{
	struct world *w = world_relay();

	bob->status = 0;
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	peer_send(alice, "t002", "m2", "1-5/5", "Failure-Report: no\r\n", "hello", '$');
	peer_head(alice, "t003", "m3", "1-*/*", "");
	peer_write(alice, "begin", 5);
	run(w);
	bob->s = mem_unref(bob->s);
	run(w);
	peer_heard(alice, "408 t001, 408 t003");
	events_are(w, "lost b 0");
	peer_tail(alice, "t003", '$');
	run(w);
	peer_heard(alice, "");
}


/* Alice's connection breaks within a chunk: bob is told that no more comes of it. */
static void test_near_side_lost_within_a_chunk(void)
{
	struct world *w = world_relay();

	peer_head(alice, "t001", "m1", "1-*/*", "");
	peer_write(alice, "begin", 5);
	run(w);
	alice->s = mem_unref(alice->s);
	run(w);
	peer_heard(bob, "SEND m1 1-*/* 5 #");
	events_are(w, "lost a 0");
	/* she comes back on a new connection, to the same session */
	peer_connect(alice, "192.0.2.1:0");
	peer_send(alice, "t002", "m2", "1-5/5", "", "hello", '$');
	run(w);
	events_are(w, "bound a");
	peer_heard(bob, "SEND m2 1-5/5 5 $");
	peer_heard(alice, "200 t002");
}


static void test_stop_within_a_chunk(void)
{
	struct world *w = world_relay();

	peer_head(alice, "t001", "m1", "1-*/*", "");
	peer_write(alice, "begin", 5);
	run(w);
	msrp_session_stop(w->a);
	msrp_session_stop(w->b);
	run(w);
	/* what is written leaves; then both close */
	peer_heard(bob, "SEND m1 1-*/* 5 #, closed");
	peer_heard(alice, "closed");
	assert_int_equal(msrp_endpoint_connections(w->ep), 0);
	assert_int_equal(msrp_endpoint_sessions(w->ep), 0);
}


/* ---- Re-pointed ---- */

/* Bob moves to another address while a message is under way, and answers to it are due. */
static void test_repointed_within_a_chunk(void)
{
	struct world *w = world_relay();
	struct msrp_remote moved = {.path = STR("msrp://192.0.2.3:9000/bob2;tcp"),
				    .role = MSRP_PASSIVE};
	struct peer *again = &w->peers[2];
	char *body = unit_storage(6000);

	fill(body, 6000, 0);
	peer_head(alice, "t001", "m1", "1-*/6000", "");
	peer_write(alice, body, 3000);
	run(w);
	unit_ok(msrp_session_start(w->b, &moved));
	again->path = "msrp://192.0.2.3:9000/bob2;tcp";
	again->to = bob->to;
	peer_connect(again, "192.0.2.3:0");
	peer_bind(again, "b001");
	run(w);
	peer_heard(again, "200 b001");
	peer_write(alice, body + 3000, 3000);
	peer_tail(alice, "t001", '$');
	peer_send(alice, "t002", "m2", "1-5/5", "", "hello", '$');
	run(w);
	/* the chunk ended where it began; the old connection has nothing more to do */
	peer_heard(bob, "SEND m1 1-*/6000 6000 $, closed");
	body_is_filled(bob, 6000);
	peer_heard(again, "SEND m2 1-5/5 5 $");
	peer_heard(alice, "200 t001, 200 t002");
	events_are(w, "bound b");
}


/* The same path again, as a session refresh brings it: nothing happens. */
static void test_restart_with_the_same_path(void)
{
	struct world *w = world_relay();
	struct msrp_remote same = {.path = STR(BOB_PATH),
				   .role = MSRP_ACTIVE,
				   .addr = address("192.0.2.2:9000")};

	unit_ok(msrp_session_start(w->b, &same));
	run(w);
	assert_int_equal(bob->accepted, 1);
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(bob, "SEND m1 1-5/5 5 $");
	peer_heard(alice, "200 t001");
	events_are(w, "");
}


/* ---- Two conversations on one connection to bob ---- */

static void test_shared_far_connection(void)
{
	struct msrp_remote from = {.path = STR("msrp://192.0.2.3:7777/carol;tcp"),
				   .role = MSRP_PASSIVE};
	struct msrp_remote to = {
		.path = STR("msrp://192.0.2.2:9000/bob2;tcp"),
		.role = MSRP_ACTIVE,
		.addr = address("192.0.2.2:9000"),
	};
	struct world *w = world_relay();
	struct peer *carol = &w->peers[2];
	struct msrp_session_params sp = {0};
	struct msrp_relay_params p = {0};
	struct msrp_relay *relay;
	char *body = unit_storage(9000);

	unit_ok(msrp_session_alloc(&p.a, w->ep, &sp));
	unit_own(p.a);
	unit_ok(msrp_session_alloc(&p.b, w->ep, &sp));
	unit_own(p.b);
	unit_ok(msrp_relay_alloc(&relay, &p));
	unit_own(relay);
	unit_ok(msrp_session_start(p.a, &from));
	unit_ok(msrp_session_start(p.b, &to));
	carol->path = from.path.p;
	carol->to = memcpy(unit_storage(200), msrp_session_local(p.a).p, msrp_session_local(p.a).n);
	peer_connect(carol, "192.0.2.3:0");
	peer_bind(carol, "b001");
	run(w);
	assert_int_equal(bob->accepted, 1);
	buf_clear(&bob->log);
	buf_clear(&carol->log);
	/* both in the midst of a message: they take turns, nothing is mixed up */
	fill(body, 9000, 0);
	peer_head(alice, "t001", "mmm1", "1-*/9000", "");
	peer_write(alice, body, 3000);
	run(w);
	peer_head(carol, "t002", "mmm2", "1-*/9000", "");
	peer_write(carol, body, 4000);
	run(w);
	peer_heard(bob, "SEND mmm1 1-*/9000 3000 +");
	peer_write(alice, body + 3000, 6000);
	peer_tail(alice, "t001", '$');
	run(w);
	peer_heard(bob, "SEND mmm2 1-*/9000 4000 +, SEND mmm1 3001-*/9000 6000 $");
	peer_heard(alice, "200 t001");
	peer_write(carol, body + 4000, 5000);
	peer_tail(carol, "t002", '$');
	run(w);
	peer_heard(bob, "SEND mmm2 4001-*/9000 5000 $");
	peer_heard(carol, "200 t002");
	/* one goes, the other stays */
	msrp_session_stop(p.b);
	peer_send(alice, "t003", "mmm3", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(bob, "SEND mmm3 1-5/5 5 $");
	peer_heard(alice, "200 t003");
}


/* ---- The tap ---- */

struct tape {
	struct world *w;
	struct buf text;
	unsigned pause_at;
	uint16_t refuse;
};


static uint16_t tap_head(enum msrp_side from, const struct msrp_receive *r, void **cookie,
			 void *arg)
{
	struct tape *t = arg;

	if (t->refuse)
		return t->refuse;
	*cookie = t;
	note(t->w, "head %c " STR_FMT " %llu", "ab"[from], STR_ARG(r->frame->message_id),
	     (unsigned long long)r -> offset);
	return 0;
}


static void tap_piece(enum msrp_side from, const struct msrp_receive *r, struct str piece,
		      void *cookie, void *arg)
{
	struct tape *t = arg;

	(void)from;
	(void)r;
	assert_ptr_equal(cookie, t);
	buf_puts(&t->text, piece);
	if (t->pause_at && t->text.n >= t->pause_at) {
		t->pause_at = 0;
		msrp_session_pause(msrp_relay_session(t->w->relay, MSRP_SIDE_A));
	}
}


static void tap_end(enum msrp_side from, const struct msrp_receive *r, char flag, void *cookie,
		    void *arg)
{
	struct tape *t = arg;

	(void)r;
	if (cookie)
		note(t->w, "end %c %c", "ab"[from], flag ? flag : '0');
}


static void tap_answered(enum msrp_side from, uint16_t status, void *cookie, void *arg)
{
	struct tape *t = arg;

	(void)cookie;
	note(t->w, "answered %c %u", "ab"[from], status);
}


static const struct msrp_tap tap = {
	.head = tap_head,
	.piece = tap_piece,
	.end = tap_end,
	.answered = tap_answered,
};


static void test_tap(void)
{
	struct tape *t = unit_storage(sizeof(*t));
	struct world *w = world_relay_with(&(struct msrp_relay_params){.tap = &tap, .tap_arg = t});

	t->w = w;
	buf_fixed(&t->text, unit_storage(1000), 1000);
	peer_send(alice, "t001", "m1", "1-5/10", "", "hello", '+');
	peer_send(alice, "t002", "m1", "6-10/10", "Failure-Report: no\r\n", "world", '$');
	run(w);
	events_are(w, "head a m1 0, end a +, head a m1 5, end a $, answered a 0, answered a 200");
	unit_buf_is(&t->text, "helloworld");
	t->refuse = 415;
	peer_heard(bob, "SEND m1 1-5/10 5 +, SEND m1 6-10/10 5 $");
	peer_send(alice, "t003", "m2", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(alice, "200 t001, 415 t003");
	peer_heard(bob, "");
	events_are(w, "");
}


/* A disk that is slow: nothing passes while the tap has the side paused. */
static void test_tap_pauses(void)
{
	struct tape *t = unit_storage(sizeof(*t));
	struct world *w = world_relay_with(&(struct msrp_relay_params){.tap = &tap, .tap_arg = t});

	t->w = w;
	t->pause_at = 5;
	buf_fixed(&t->text, unit_storage(1000), 1000);
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	peer_send(alice, "t002", "m2", "1-5/5", "", "world", '$');
	run(w);
	peer_heard(alice, "");
	unit_buf_is(&t->text, "hello");
	events_are(w, "head a m1 0");
	msrp_session_resume(w->a);
	run(w);
	peer_heard(alice, "200 t001, 200 t002");
	unit_buf_is(&t->text, "helloworld");
	peer_heard(bob, "SEND m1 1-5/5 5 $, SEND m2 1-5/5 5 $");
}


/* ---- Life ---- */

static void test_dropped_in_the_midst(void)
{
	struct world *w = world_relay();

	bob->status = 0;
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	peer_head(alice, "t002", "m2", "1-*/*", "");
	peer_write(alice, "begin", 5);
	run(w);
	w->relay = mem_unref(w->relay);
	run(w);
	peer_heard(bob, "SEND m1 1-5/5 5 $, SEND m2 1-*/* 5 #");
	peer_heard(alice, "408 t001, 408 t002");
	peer_tail(alice, "t002", '$');
	peer_send(alice, "t003", "m3", "1-5/5", "", "hello", '$');
	run(w);
}


static void test_last_activity(void)
{
	struct world *w = world_relay();
	uint64_t since = msrp_relay_active_ms(w->relay);

	advance(w, 1000);
	peer_bind(alice, "k001");
	run(w);
	assert_int_equal(msrp_relay_active_ms(w->relay), since);
	peer_send(bob, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	unit_must(msrp_relay_active_ms(w->relay) == since + 1000);
}


UNIT_MAIN(UNIT_TEST(test_short_message), UNIT_TEST_PLAIN(test_far_status_is_the_answer),
	  UNIT_TEST_PLAIN(test_ranges), UNIT_TEST_PLAIN(test_any_split),
	  UNIT_TEST_PLAIN(test_carries_5_bytes), UNIT_TEST_PLAIN(test_carries_8_kB_in_one_write),
	  UNIT_TEST_PLAIN(test_carries_3000_bytes_in_two_segments),
	  UNIT_TEST_PLAIN(test_carries_3000_bytes_in_three_slow_segments),
	  UNIT_TEST_PLAIN(test_carries_1000_bytes_in_200_byte_writes),
	  UNIT_TEST_PLAIN(test_carries_2000_bytes_in_1000_byte_writes),
	  UNIT_TEST_PLAIN(test_carries_11000_bytes_in_one_write),
	  UNIT_TEST_PLAIN(test_carries_11500_bytes), UNIT_TEST_PLAIN(test_carries_12000_bytes),
	  UNIT_TEST_PLAIN(test_carries_16000_bytes), UNIT_TEST_PLAIN(test_carries_20000_bytes),
	  UNIT_TEST_PLAIN(test_carries_60000_bytes), UNIT_TEST_PLAIN(test_carries_100000_bytes),
	  UNIT_TEST_PLAIN(test_carries_300000_bytes),
	  UNIT_TEST_PLAIN(test_carries_300000_bytes_in_700_byte_writes),
	  UNIT_TEST(test_message_in_chunks), UNIT_TEST(test_abort_passes),
	  UNIT_TEST(test_interrupted_for_an_answer),
	  UNIT_TEST_PLAIN(test_small_chunk_is_interrupted_late),
	  UNIT_TEST(test_first_failure_of_two_chunks_wins),
	  UNIT_TEST_PLAIN(test_failure_report_matrix), UNIT_TEST(test_timeout_at_30_s),
	  UNIT_TEST(test_reports_cross), UNIT_TEST(test_other_methods_cross),
	  UNIT_TEST(test_empty_sends_stay), UNIT_TEST(test_limit_by_total),
	  UNIT_TEST(test_limit_by_count), UNIT_TEST_PLAIN(test_slow_reader),
	  UNIT_TEST_PLAIN(test_stalled_reader), UNIT_TEST_PLAIN(test_flood),
	  UNIT_TEST_PLAIN(test_flood_by_one_who_does_not_read),
	  UNIT_TEST(test_far_side_not_bound_yet), UNIT_TEST(test_far_side_never_bound),
	  UNIT_TEST(test_far_side_lost_with_answers_due),
	  UNIT_TEST(test_near_side_lost_within_a_chunk), UNIT_TEST(test_stop_within_a_chunk),
	  UNIT_TEST(test_repointed_within_a_chunk), UNIT_TEST(test_restart_with_the_same_path),
	  UNIT_TEST_PLAIN(test_shared_far_connection), UNIT_TEST(test_tap),
	  UNIT_TEST(test_tap_pauses), UNIT_TEST(test_dropped_in_the_midst),
	  UNIT_TEST(test_last_activity))
