/* SPDX-License-Identifier: Apache-2.0 */
/* A large message that waited, on its way to a device: bob's, in another domain, where nobody registers here. */
#include "im/deferred/handover.h"

#include <stdio.h>
#include <string.h>

#include "deferred_world.h"

/** Whose host is where bob's peer is. */
#define FAR_BOB "sip:bob@192.0.2.21"
/** More than fits into a record: it is read from the disk. */
#define LARGE 40000

static struct peer *bob;
static struct msrp_peer *device;


/* ---- bob ---- */

/* alice has left a message for him. */
static void left(const char *body, size_t n)
{
	char range[64];

	set_up();
	w.to = FAR_BOB;
	bob = peer_open(w.e, "192.0.2.21:5060");
	device = unit_storage(sizeof(*device));
	msrp_peer_init(device, w.e, "msrp://192.0.2.21:2855/b1;tcp");
	call("c1");
	(void)snprintf(range, sizeof(range), "1-%zu/%zu", n, n);
	say("t001", "m1", range, "text/plain;charset=utf-8", body, n, '$');
	unit_must(heard("t001", 200) && held() == 1);
}


static const char *last(void)
{
	return peer_count(bob) ? peer_text(bob, peer_count(bob) - 1) : "";
}


static bool rings(void)
{
	return strncmp(last(), "INVITE " FAR_BOB, strlen("INVITE " FAR_BOB)) == 0;
}


/* The first try comes after a rest: there is no knowing of him, so it may just have failed. */
static void comes(void)
{
	engine_wait(w.e, DEFERRED_REST_MS);
	unit_must(rings());
}


static void answers(unsigned status, const char *more)
{
	peer_answer(bob, peer_count(bob) - 1, status, more);
	engine_run(w.e);
}


static bool hung_up(void)
{
	return strncmp(last(), "BYE ", 4) == 0;
}


/* ---- It arrives ---- */

static void test_offer(void)
{
	const char *invite;

	left("hello, bob", 10);
	comes();
	invite = last();
	assert_non_null(strstr(invite, "a=sendonly\r\n"));
	assert_non_null(strstr(invite, "a=max-size:10\r\n"));
	assert_non_null(strstr(invite, "a=accept-types:*\r\n"));
	assert_non_null(strstr(invite, "a=setup:actpass\r\n"));
	assert_non_null(strstr(invite, "From: <sip:alice@example.org>;tag="));
	assert_non_null(strstr(invite, "+g.oma.sip-im.large-message"));
	/* Each device's session is one of its own. */
	assert_null(strstr(invite, "Call-ID: c1\r\n"));
}


static void test_small(void)
{
	left("hello, bob", 10);
	comes();
	assert_int_equal(w.d ? deferred_under_way(w.d) : 0, 1);
	msrp_peer_take(device, bob, "192.0.2.21");
	/* He takes his time from here on: others have the slot. */
	unit_must(deferred_under_way(w.d) == 0);
	unit_must(msrp_peer_has(device,
				"Content-Type: text/plain;charset=utf-8\r\n\r\nhello, bob\r\n"));
	unit_must(held() == 1);
	unit_must(msrp_peer_answer(device, 200) == 1);
	unit_must(hung_up());
	unit_must(held() == 0 && w.told[IM_DELIVERED] == 1);
}


static void test_large(void)
{
	char *body = unit_storage(LARGE + 1);

	memset(body, 'x', LARGE);
	memcpy(body + LARGE - 8, "the end.", 8);
	left(body, LARGE);
	comes();
	msrp_peer_take(device, bob, "192.0.2.21");
	while (msrp_peer_answer(device, 200))
		;
	unit_must(msrp_peer_has(device, "the end.\r\n-------"));
	unit_must(hung_up());
	unit_must(held() == 0 && w.told[IM_DELIVERED] == 1);
}


/* ---- It does not ---- */

/* What the device says of itself is tried again; what it says of the message is not. */
static void test_refused(void)
{
	static const struct {
		unsigned status;
		const char *more;
		uint64_t rest_ms; /**< 0: never */
	} rows[] = {
		{480, "", DEFERRED_REST_MS},
		{486, "", DEFERRED_REST_MS},
		{480, "Retry-After: 300\n", 300 * 1000},
		{603, "", 0},
		{415, "", 0},
		{488, "", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned before;

		unit_case("%u %s", rows[i].status, rows[i].more);
		left("hello", 5);
		comes();
		answers(rows[i].status, rows[i].more);
		unit_must(!w.told[IM_DELIVERED]);
		before = peer_count(bob);
		if (!rows[i].rest_ms) {
			engine_wait(w.e, 2 * DEFERRED_REST_MAX_MS);
			unit_must(peer_count(bob) == before);
			continue;
		}
		unit_must(held() == 1);
		engine_wait(w.e, rows[i].rest_ms - 1);
		unit_must(peer_count(bob) == before);
		engine_wait(w.e, 1);
		unit_must(rings());
	}
}


/* The same in MSRP: 413 is for good. */
static void test_refused_content(void)
{
	static const struct {
		unsigned status;
		bool again;
	} rows[] = {{413, false}, {415, false}, {408, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%u", rows[i].status);
		left("hello", 5);
		comes();
		msrp_peer_take(device, bob, "192.0.2.21");
		unit_must(msrp_peer_answer(device, rows[i].status) == 1);
		unit_must(hung_up());
		unit_must(!w.told[IM_DELIVERED]);
		answers(200, "");
		engine_wait(w.e, DEFERRED_REST_MS);
		unit_must(rings() == rows[i].again);
	}
}


/* He hangs up before he has it all: he does not want it. */
static void test_hangs_up(void)
{
	left("hello", 5);
	comes();
	unsigned i = peer_count(bob) - 1;

	msrp_peer_take(device, bob, "192.0.2.21");
	peer_send(bob,
		  "BYE sip:192.0.2.10:5060 SIP/2.0\nVia: SIP/2.0/UDP "
		  "192.0.2.21:5060;branch=z9hG4bK-b2\n"
		  "Max-Forwards: 70\nFrom: %s;tag=b1\nTo: %s\nCall-ID: %s\nCSeq: 1 BYE\n"
		  "Content-Length: 0\n\n",
		  peer_header(bob, i, "To: "), peer_header(bob, i, "From: "),
		  peer_header(bob, i, "Call-ID: "));
	engine_run(w.e);
	unit_must(strncmp(last(), "SIP/2.0 200 ", 12) == 0);
	unit_must(held() == 1 && !w.told[IM_DELIVERED]);
	engine_wait(w.e, DEFERRED_REST_MS);
	unit_must(rings());
}


/* His connection goes, and with it what was sent: it comes again. */
static void test_lost(void)
{
	left("hello", 5);
	comes();
	msrp_peer_take(device, bob, "192.0.2.21");
	msrp_peer_leave(device);
	unit_must(hung_up());
	answers(200, "");
	unit_must(held() == 1 && !w.told[IM_DELIVERED]);
	engine_wait(w.e, DEFERRED_REST_MS);
	unit_must(rings());
}


/* He answers nothing more: what does not move is given up. */
static void test_silent(void)
{
	left("hello", 5);
	comes();
	msrp_peer_take(device, bob, "192.0.2.21");
	engine_wait(w.e, MSRP_TRANSACTION_MS - 1);
	unit_must(!hung_up());
	engine_wait(w.e, 1);
	unit_must(hung_up());
	unit_must(held() == 1 && !w.told[IM_DELIVERED]);
}


/* The engine ends: bob is hung up on, and the message is where it was. */
static void test_stopped(void)
{
	left("hello", 5);
	comes();
	msrp_peer_take(device, bob, "192.0.2.21");
	deferred_stop(w.d);
	w.d = mem_unref(w.d);
	engine_run(w.e);
	unit_must(hung_up());
	unit_must(held() == 1);
}


UNIT_MAIN(UNIT_TEST(test_offer), UNIT_TEST(test_small), UNIT_TEST(test_large),
	  UNIT_TEST_PLAIN(test_refused), UNIT_TEST_PLAIN(test_refused_content),
	  UNIT_TEST(test_hangs_up), UNIT_TEST_PLAIN(test_silent), UNIT_TEST_PLAIN(test_lost),
	  UNIT_TEST(test_stopped))
