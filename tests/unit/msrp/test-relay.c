/* SPDX-License-Identifier: Apache-2.0 */
/* The relay: chunks that cross, their answers, limits. */
#include "msrp/relay.h"

#include <stdio.h>
#include <string.h>

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
	  UNIT_TEST(test_first_failure_of_two_chunks_wins), UNIT_TEST(test_limit_by_total),
	  UNIT_TEST(test_limit_by_count))
