/* SPDX-License-Identifier: Apache-2.0 */
/* The relay: slow readers, floods, connections that come late, go, or are others. */
#include "msrp/relay.h"

#include <stdio.h>
#include <string.h>

#include "base/counter.h"
#include "msrp/connection.h"
#include "world.h"

#define alice (&w->peers[0])
#define bob (&w->peers[1])


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


UNIT_MAIN(UNIT_TEST_PLAIN(test_slow_reader), UNIT_TEST_PLAIN(test_stalled_reader),
	  UNIT_TEST_PLAIN(test_flood), UNIT_TEST_PLAIN(test_flood_by_one_who_does_not_read),
	  UNIT_TEST(test_far_side_not_bound_yet), UNIT_TEST(test_far_side_never_bound),
	  UNIT_TEST(test_far_side_lost_with_answers_due),
	  UNIT_TEST(test_near_side_lost_within_a_chunk), UNIT_TEST(test_stop_within_a_chunk),
	  UNIT_TEST(test_repointed_within_a_chunk), UNIT_TEST(test_restart_with_the_same_path),
	  UNIT_TEST_PLAIN(test_shared_far_connection))
