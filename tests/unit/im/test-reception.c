/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large message being taken for somebody who is away: what is taken, what is refused, and what is in the store
 * afterwards.
 */
#include "im/deferred/reception.h"

#include <stdio.h>
#include <string.h>

#include "deferred_world.h"

/** More than fits into a record. */
#define LARGE 40000


/* ---- Tests: taken ---- */

static void test_small(void)
{
	set_up();
	call("c1");
	assert_int_equal(w.told[IM_DEFERRED], 0);
	say_text("t001", "m1", "hello");
	unit_must(heard("t001", 200));
	unit_must(held() == 1);
	assert_int_equal(w.count.bytes, 5);
	unit_must(w.told[IM_DEFERRED] == 1);
	/* One session, another message. */
	say_text("t002", "m2", "and more");
	unit_must(heard("t002", 200));
	unit_must(held() == 2);
	assert_int_equal(w.count.bytes, 13);
}


static void test_large(void)
{
	char *body = unit_storage(LARGE + 1);

	memset(body, 'x', LARGE);
	set_up();
	call("c1");
	say("t001", "m1", "1-*/40000", "text/plain", body, LARGE / 2, '+');
	unit_must(heard("t001", 200));
	unit_must(held() == 0);
	say("t002", "m1", "20001-40000/40000", "text/plain", body, LARGE / 2, '$');
	unit_must(heard("t002", 200));
	unit_must(held() == 1);
	assert_int_equal(w.count.bytes, LARGE);
}


/* What comes again after its sender's crash is the same (mailer_large.h): it is held once, and answered 200. */
static void test_again(void)
{
	char *body = unit_storage(LARGE + 1);

	memset(body, 'x', LARGE);
	set_up();
	for (int i = 0; i < 2; i++) {
		call("mailing-1-0@example.org");
		say(i ? "t002" : "t001", "m1", "1-40000/40000", "text/plain", body, LARGE, '$');
		unit_must(heard(i ? "t002" : "t001", 200));
		unit_must(held() == 1);
		assert_int_equal(w.count.bytes, LARGE);
	}
	call("mailing-1-1@example.org");
	say("t003", "m1", "1-40000/40000", "text/plain", body, LARGE, '$');
	unit_must(held() == 2);
}


/* ---- Not taken ---- */

static void test_offers(void)
{
	static const struct {
		const char *method, *type, *body;
		int took, kept;
	} rows[] = {
		{"INVITE", "application/sdp", OFFER("recvonly", "2855"), 0, -EPROTONOSUPPORT},
		{"INVITE", "application/sdp", OFFER("inactive", "2855"), 0, -EPROTONOSUPPORT},
		{"INVITE", "application/sdp", OFFER("sendonly", "0"), 0, -EPROTONOSUPPORT},
		{"INVITE", "text/plain", "hello", 0, -EPROTONOSUPPORT},
		{"INVITE", "application/sdp", "this is none", 0, -EBADMSG},
		{"MESSAGE", "text/plain", "hello", -EOPNOTSUPP, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%zu", i);
		set_up();
		request(rows[i].method, "c1", rows[i].type, rows[i].body);
		unit_must(w.took == rows[i].took);
		unit_must(w.kept == rows[i].kept && w.answers == !rows[i].took);
		unit_must(answered(500));
		unit_must(held() == 0);
		unit_must(!w.told[IM_DEFERRED]);
	}
}


static void test_quota(void)
{
	set_up();
	deferred_configure(w.d, &(struct deferred_config){.expiry_s = 3600, .quota = 1});
	call("c1");
	/* What is coming counts, too. */
	w.answers = 0;
	request("INVITE", "c2", "application/sdp", OFFER("sendonly", "2855"));
	unit_must(w.answers == 1 && w.kept == -EDQUOT);
	say_text("t001", "m1", "hello");
	unit_must(held() == 1);
	request("INVITE", "c3", "application/sdp", OFFER("sendonly", "2855"));
	unit_must(w.answers == 2 && w.kept == -EDQUOT);
}


/* One session brings many messages, and several may be open: there is one room for all. */
static void test_room(void)
{
	static char body[40000];

	memset(body, 'x', sizeof(body));
	set_up();
	deferred_configure(w.d, &(struct deferred_config){.expiry_s = 3600, .size = 100000});
	call("c1");
	say("t001", "m1", "1-40000/40000", "text/plain", body, sizeof(body), '$');
	unit_must(heard("t001", 200));
	say("t002", "m2", "1-40000/40000", "text/plain", body, sizeof(body), '$');
	unit_must(heard("t002", 200));
	say("t003", "m3", "1-40000/40000", "text/plain", body, sizeof(body), '$');
	unit_must(heard("t003", 413));
	unit_must(held() == 2);
	say("t004", "m4", "1-5/5", "text/plain", body, 5, '$');
	unit_must(heard("t004", 200));
	unit_must(held() == 3);
}


static void test_sender(void)
{
	char id[16];

	set_up();
	for (int i = 0; i < RECEPTIONS_SENDER_MAX; i++) {
		(void)snprintf(id, sizeof(id), "c%d", i);
		request("INVITE", id, "application/sdp", OFFER("sendonly", "2855"));
		unit_must(w.took == 0 && answered(200));
	}
	request("INVITE", "more", "application/sdp", OFFER("sendonly", "2855"));
	unit_must(w.took == -EUSERS);
}


static void test_too_large(void)
{
	set_up();
	w.allowance.max_size = 10;
	call("c1");
	assert_non_null(strstr(peer_text(w.alice, peer_count(w.alice) - 1), "a=max-size:10"));
	say_text("t001", "m1", "hello, world");
	unit_must(heard("t001", 413));
	/* It says that it is small, and is not. */
	say("t002", "m2", "1-*/*", "text/plain", "hello, world", 12, '$');
	unit_must(heard("t002", 413));
	say_text("t003", "m3", "hello");
	unit_must(heard("t003", 200));
	unit_must(held() == 1);
	assert_int_equal(w.count.bytes, 5);
}


static void test_types(void)
{
	set_up();
	w.allowance.types = STR("text/plain");
	call("c1");
	say("t001", "m1", "1-3/3", "image/png", "png", 3, '$');
	unit_must(heard("t001", 415));
	say("t002", "m2", "1-3/3", "text/plain;charset=utf-8", "yes", 3, '$');
	unit_must(heard("t002", 200));
	/* That somebody writes is nothing to keep. */
	say("t003", "m3", "1-3/3", "application/im-iscomposing+xml", "<a>", 3, '$');
	unit_must(heard("t003", 200));
	unit_must(held() == 1);
}


/* ---- The session ends ---- */

static void test_gives_up(void)
{
	set_up();
	call("c1");
	say("t001", "m1", "1-*/100", "text/plain", "half of", 7, '+');
	unit_must(heard("t001", 200));
	say("t002", "m1", "8-*/100", "text/plain", "it", 2, '#');
	unit_must(held() == 0);
	say("t003", "m2", "1-*/100", "text/plain", "half of", 7, '+');
	deferred_stop(w.d);
	engine_run(w.e);
	unit_must(held() == 0);
	unit_must(!w.told[IM_DEFERRED] && w.told[IM_FAILED] == 1);
}


static void test_idle(void)
{
	unsigned before;

	set_up();
	call("c1");
	before = peer_count(w.alice);
	engine_wait(w.e, RECEPTION_IDLE_S * 1000 - 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 1);
	engine_wait(w.e, 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 0);
	unit_must(peer_count(w.alice) > before);
	unit_must(w.told[IM_FAILED] == 1 && held() == 0);
	unit_must(strcmp(w.reason, "idle") == 0);
}


/* A connection that is lost may come back; one that does not ends it. */
static void test_lost(void)
{
	set_up();
	call("c1");
	say("t001", "m1", "1-*/100", "text/plain", "half of", 7, '+');
	unit_must(heard("t001", 200));
	msrp_peer_leave(&w.voice);
	engine_wait(w.e, MEDIA_SOURCE_LOST_MS - 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 1);
	engine_wait(w.e, 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 0);
	unit_must(held() == 0);
	unit_must(strcmp(w.reason, "msrp") == 0);
}


static void test_back(void)
{
	const char *description;

	set_up();
	call("c1");
	description = peer_text(w.alice, peer_count(w.alice) - 1);
	say("t001", "m1", "1-*/10", "text/plain", "hello", 5, '+');
	unit_must(heard("t001", 200));
	msrp_peer_leave(&w.voice);
	engine_wait(w.e, MEDIA_SOURCE_LOST_MS - 1);
	msrp_peer_connect(&w.voice, "192.0.2.20", description);
	say("t002", "m1", "6-*/10", "text/plain", ", bo", 4, '+');
	unit_must(heard("t002", 200));
	engine_wait(w.e, RECEPTION_IDLE_S * 1000 - 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 1);
	say("t003", "m1", "10-10/10", "text/plain", "b", 1, '$');
	unit_must(heard("t003", 200));
	unit_must(held() == 1 && w.count.bytes == 10);
}


UNIT_MAIN(UNIT_TEST(test_small), UNIT_TEST(test_large), UNIT_TEST(test_again),
	  UNIT_TEST(test_offers), UNIT_TEST(test_quota), UNIT_TEST(test_room),
	  UNIT_TEST_PLAIN(test_sender), UNIT_TEST(test_too_large), UNIT_TEST(test_types),
	  UNIT_TEST(test_gives_up), UNIT_TEST_PLAIN(test_idle), UNIT_TEST_PLAIN(test_lost),
	  UNIT_TEST_PLAIN(test_back))
