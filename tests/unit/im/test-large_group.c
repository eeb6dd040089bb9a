/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large message to many: what its sender may bring, what is kept of it, and what the sender hears. To whom it goes is
 * test-large_group_mailing's; that bob has it, the scenarios'.
 */
#include "im/controlling/large_group.h"

#include <stdio.h>
#include <string.h>

#include "focus_world.h"
#include "im/media_source.h"
#include "msrp_peer.h"

#define ALICE "sip:alice@example.org"
#define LARGE_TAGS "Accept-Contact: *;+g.oma.sip-im;+g.oma.sip-im.large-message\n"
#define OFFER(medium, direction)                                                      \
	"v=0\r\no=a 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n" \
	"m=" medium "\r\na=accept-types:*\r\na=" direction                            \
	"\r\na=setup:active\r\na=path:msrp://192.0.2.20:2855/a1;tcp\r\n"
#define MSRP_MEDIUM "message 2855 TCP/MSRP *"
#define CPIM(from) \
	"From: <" from ">\r\nTo: <" FRIENDS ">\r\n\r\nContent-type: text/plain\r\n\r\nhello"

static struct msrp_peer *voice;
static char dialog[512]; /**< To and CSeq of what alice sends in it */


/* ---- alice ---- */

static void asks(const char *sdp)
{
	request("INVITE", FRIENDS, ALICE, "", LARGE_TAGS, "application/sdp", sdp);
}


static void in_dialog(const char *method, unsigned cseq)
{
	w.n++;
	peer_send(w.alice,
		  "%s sip:192.0.2.10 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-d%u\n"
		  "Max-Forwards: 70\nFrom: \"Alice\" <" ALICE ">;tag=a1\nTo: %s\nCall-ID: c1\n"
		  "CSeq: %u %s\nContent-Length: 0\n\n",
		  method, w.n, dialog, cseq, method);
	engine_run(w.e);
}


static bool heard(const char *tid, unsigned status)
{
	return msrp_peer_heard(voice, tid, status);
}


/* Her session is there: INVITE, 200, ACK, her connection. */
static void call(void)
{
	unsigned cseq, at;

	focus_bob = true;
	set_up();
	voice = unit_storage(sizeof(*voice));
	msrp_peer_init(voice, w.e, "msrp://192.0.2.20:2855/a1;tcp");
	asks(OFFER(MSRP_MEDIUM, "sendonly"));
	unit_must(answered(200));
	at = peer_count(w.alice) - 1;
	cseq = w.n;
	assert_non_null(strstr(last(w.alice), "a=recvonly\r\n"));
	assert_non_null(
		strstr(last(w.alice), ";isfocus;+g.oma.sip-im;+g.oma.sip-im.large-message"));
	assert_non_null(strstr(last(w.alice), "P-Asserted-Identity: <" FRIENDS ">"));
	(void)snprintf(dialog, sizeof(dialog), "%s", peer_header(w.alice, at, "To: "));
	in_dialog("ACK", cseq);
	msrp_peer_connect(voice, "192.0.2.20", peer_text(w.alice, at));
	msrp_peer_bind(voice, "t000");
	unit_must(heard("t000", 200));
}


static void say(const char *tid, const char *range, const char *type, const char *text, char flag)
{
	msrp_peer_send(voice, tid, "m1", range, "", type, str_of(text), flag);
}


/* A mailing is made of it, or nothing is left. */
static bool accepted(void)
{
	return w.told[IM_RELAYED] == 1;
}


/* ---- Taken ---- */

static void test_taken(void)
{
	call();
	say("t001", "1-5/5", "text/plain", "hello", '$');
	unit_must(heard("t001", 200) && accepted());
	/* What was there already is no news, nor is that somebody writes. */
	say("t002", "1-5/5", "text/plain", "hello", '$');
	unit_must(heard("t002", 200) && accepted());
	unit_must(large_groups_count(w.c) == 1);
	in_dialog("BYE", 100);
	unit_must(answered(200) && large_groups_count(w.c) == 0);
	unit_must(accepted() && !w.told[IM_REFUSED]);
}


static void test_pieces(void)
{
	call();
	say("t001", "7-11/*", "text/plain", "world", '$');
	unit_must(heard("t001", 200) && !accepted());
	say("t002", "1-3/11", "text/plain", "hel", '+');
	unit_must(heard("t002", 200) && !accepted());
	msrp_peer_send(voice, "t003", "m2", "1-9/9", "", "application/im-iscomposing+xml",
		       STR("<a>...</a>"), '$');
	unit_must(heard("t003", 200) && !accepted());
	say("t004", "4-6/11", "text/plain", "lo ", '+');
	unit_must(heard("t004", 200) && accepted());
}


/* She leaves when all is on its way to the disk: it goes on. */
static void test_reported(void)
{
	call();
	msrp_peer_send(voice, "t001", "m1", "1-5/5", "Success-Report: yes\r\n", "text/plain",
		       STR("hello"), '$');
	unit_must(accepted());
	unit_must(msrp_peer_has(voice, "REPORT\r\n") && msrp_peer_has(voice, "Status: 000 200"));
	unit_must(!msrp_peer_has(voice, "Distribution-Count"));
}


/* Who has it is known when bob has it, or will not; and what is known is told in time. */
static void test_counted(void)
{
	static const struct {
		bool takes, declines;
		uint64_t wait_ms;
		const char *count;
	} rows[] = {
		{true, false, 0, "Distribution-Count: 1\r\n"},
		{false, true, 0, "Distribution-Count: 0\r\n"},
		{false, false, LARGE_GROUP_COUNT_MS, "Distribution-Count: 0\r\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msrp_peer *device;

		unit_case("%s %d", rows[i].count, rows[i].takes);
		call();
		device = unit_storage(sizeof(*device));
		msrp_peer_init(device, w.e, "msrp://192.0.2.21:2855/b1;tcp");
		msrp_peer_send(voice, "t001", "m1", "1-5/5",
			       "Success-Report: yes\r\nInclude-Sent-Count: yes\r\n", "text/plain",
			       STR("hello"), '$');
		unit_must(heard("t001", 200) && accepted());
		if (rows[i].takes) {
			msrp_peer_take(device, w.bob, "192.0.2.21");
			unit_must(msrp_peer_has(device, "\r\n\r\nhello\r\n"));
			unit_must(!msrp_peer_has(voice, "Distribution-Count"));
			unit_must(msrp_peer_answer(device, 200) == 1);
		}
		if (rows[i].declines)
			peer_answer(w.bob, peer_count(w.bob) - 1, 603, "");
		if (rows[i].wait_ms)
			engine_wait(w.e, rows[i].wait_ms - 1);
		engine_run(w.e);
		unit_must(!rows[i].wait_ms || !msrp_peer_has(voice, "Distribution-Count"));
		engine_wait(w.e, 1);
		unit_must(msrp_peer_has(voice, rows[i].count));
	}
}


static void test_cpim(void)
{
	static const struct {
		const char *text;
		unsigned status;
	} rows[] = {
		{CPIM(ALICE), 200},
		{CPIM("sip:bob@example.org"), 403},
		{"no header at all\r\n\r\n\r\n", 400},
		{"From: <" ALICE ">", 400},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char range[64];

		unit_case("%s", rows[i].text);
		call();
		(void)snprintf(range, sizeof(range), "1-%zu/%zu", strlen(rows[i].text),
			       strlen(rows[i].text));
		say("t001", range, "message/cpim", rows[i].text, '$');
		unit_must(heard("t001", rows[i].status));
		unit_must(accepted() == (rows[i].status == 200));
	}
}


/* ---- Not taken ---- */

static void test_offers(void)
{
	static const struct {
		const char *type, *sdp;
		unsigned status;
	} rows[] = {
		{"application/sdp", OFFER(MSRP_MEDIUM, "sendonly"), 200},
		{"application/sdp", OFFER(MSRP_MEDIUM, "sendrecv"), 200},
		{"application/sdp", OFFER(MSRP_MEDIUM, "recvonly"), 488},
		{"application/sdp", OFFER(MSRP_MEDIUM, "inactive"), 488},
		{"application/sdp", OFFER("message 0 TCP/MSRP *", "sendonly"), 488},
		{"application/sdp", OFFER("audio 4000 RTP/AVP 0", "sendonly"), 488},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%zu", i);
		focus_bob = true;
		set_up();
		request("INVITE", FRIENDS, ALICE, "", LARGE_TAGS, rows[i].type, rows[i].sdp);
		unit_must(answered(rows[i].status));
		unit_must(large_groups_count(w.c) == (rows[i].status == 200));
		unit_must(w.told[IM_REFUSED] == (rows[i].status != 200));
	}
}


static void test_nobody(void)
{
	focus_bob = false;
	set_up();
	asks(OFFER(MSRP_MEDIUM, "sendonly"));
	unit_must(answered(480) && large_groups_count(w.c) == 0);
	unit_must(w.told[IM_REFUSED] == 1);
}


static void test_sender(void)
{
	focus_bob = true;
	set_up();
	for (int i = 0; i < LARGE_GROUPS_SENDER_MAX; i++) {
		asks(OFFER(MSRP_MEDIUM, "sendonly"));
		unit_must(answered(200));
	}
	asks(OFFER(MSRP_MEDIUM, "sendonly"));
	unit_must(answered(486));
	unit_must(large_groups_count(w.c) == LARGE_GROUPS_SENDER_MAX);
}


/* It says itself that it is larger than a content may be; and one message for each session. */
static void test_too_much(void)
{
	call();
	say("t001", "1-5/9223372036854775807", "text/plain", "hello", '+');
	unit_must(heard("t001", 413));
	say("t002", "1-5/10", "text/plain", "hello", '+');
	unit_must(heard("t002", 200));
	msrp_peer_send(voice, "t003", "m2", "1-5/5", "", "text/plain", STR("other"), '$');
	unit_must(heard("t003", 413));
	say("t004", "6-10/10", "text/plain", "world", '$');
	unit_must(heard("t004", 200) && accepted());
}


/* ---- The session ends ---- */

static void test_gives_up(void)
{
	call();
	say("t001", "1-*/100", "text/plain", "half of", '+');
	unit_must(heard("t001", 200));
	say("t002", "8-*/100", "text/plain", "it", '#');
	/* What another connection still brings of it is not wanted. */
	say("t003", "10-*/100", "text/plain", "more", '+');
	unit_must(heard("t003", 408));
	in_dialog("BYE", 100);
	unit_must(answered(200) && large_groups_count(w.c) == 0);
	unit_must(!accepted() && w.told[IM_FAILED] == 1);
}


static void test_stopped(void)
{
	call();
	say("t001", "1-*/100", "text/plain", "half of", '+');
	controlling_stop(w.c);
	engine_run(w.e);
	unit_must(large_groups_count(w.c) == 0);
	unit_must(strncmp(last(w.alice), "BYE ", 4) == 0);
	unit_must(!accepted() && w.told[IM_FAILED] == 1);
}


/* From the last byte on. */
static void test_idle(void)
{
	call();
	engine_wait(w.e, LARGE_GROUP_IDLE_MS - 1000);
	say("t001", "1-*/100", "text/plain", "half of", '+');
	engine_wait(w.e, LARGE_GROUP_IDLE_MS - 1);
	unit_must(large_groups_count(w.c) == 1);
	engine_wait(w.e, 1);
	unit_must(large_groups_count(w.c) == 0);
	unit_must(strncmp(last(w.alice), "BYE ", 4) == 0);
	unit_must(!accepted() && w.told[IM_FAILED] == 1);
}


/* A connection that is lost may come back; one that does not ends it. */
static void test_lost(void)
{
	call();
	say("t001", "1-*/100", "text/plain", "half of", '+');
	unit_must(heard("t001", 200));
	msrp_peer_leave(voice);
	engine_wait(w.e, MEDIA_SOURCE_LOST_MS - 1);
	unit_must(large_groups_count(w.c) == 1);
	engine_wait(w.e, 1);
	unit_must(large_groups_count(w.c) == 0);
	unit_must(!accepted() && w.told[IM_FAILED] == 1);
}


UNIT_MAIN(UNIT_TEST(test_taken), UNIT_TEST(test_pieces), UNIT_TEST(test_reported),
	  UNIT_TEST(test_counted), UNIT_TEST(test_cpim), UNIT_TEST(test_offers),
	  UNIT_TEST(test_nobody), UNIT_TEST_PLAIN(test_sender), UNIT_TEST(test_too_much),
	  UNIT_TEST(test_gives_up), UNIT_TEST(test_stopped), UNIT_TEST_PLAIN(test_idle),
	  UNIT_TEST_PLAIN(test_lost))
