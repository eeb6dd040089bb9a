/* SPDX-License-Identifier: Apache-2.0 */
/* REFER to the focus: who may, what it is about, what is answered, what its sender hears of it. */
#include <stdio.h>
#include <string.h>

#include "focus_world.h"

#define ALICE "sip:alice@example.org"
#define BOB "sip:bob@192.0.2.21:5060"
#define SILENT "Refer-Sub: false\n"

static void refer(const char *who, bool inside, const char *more)
{
	request("REFER", w.identity, who, inside ? w.tag : "", more, "text/plain", "");
}


/* How many requests of this method have reached a peer. */
static unsigned got(const struct peer *p, const char *method)
{
	unsigned n = 0;

	for (unsigned i = 0; i < peer_count(p); i++)
		n += strncmp(peer_text(p, i), method, strlen(method)) == 0;
	return n;
}


static unsigned at_of(const struct peer *p, const char *method, unsigned nth)
{
	for (unsigned i = 0; i < peer_count(p); i++)
		if (strncmp(peer_text(p, i), method, strlen(method)) == 0 && nth-- == 0)
			return i;
	return peer_count(p);
}


/* alice has been answered so, whatever came behind it. */
static bool was_answered(const char *start)
{
	return got(w.alice, start) > 0;
}


/* ---- What is refused ---- */

static void test_refused(void)
{
	static const struct {
		const char *who, *more, *start;
		uint32_t rights;
	} rows[] = {
		/* RFC 3515 2.4.2 */
		{ALICE, "", "SIP/2.0 400 ", GROUP_BIT(GROUP_INVITE)},
		{ALICE, "Refer-To: <" BOB ">, <" BOB ">\n", "SIP/2.0 400 ",
		 GROUP_BIT(GROUP_INVITE)},
		{ALICE, "Refer-To: <" BOB ">\nRefer-To: <" BOB ">\n", "SIP/2.0 400 ",
		 GROUP_BIT(GROUP_INVITE)},
		{ALICE, "Refer-To: *\n", "SIP/2.0 400 ", GROUP_BIT(GROUP_INVITE)},
		{ALICE, "Refer-To: <http://bob.example.org/>\n", "SIP/2.0 416 ",
		 GROUP_BIT(GROUP_INVITE)},
		{ALICE, "Refer-To: <sip:bob@example.org?Session-Replaces=a%0d%0aRoute:x>\n",
		 "SIP/2.0 400 ", GROUP_BIT(GROUP_INVITE)},
		{ALICE, "Refer-To: <cid:nothing>\n", "SIP/2.0 400 ", GROUP_BIT(GROUP_INVITE)},
		/* Another method than INVITE and BYE */
		{ALICE, "Refer-To: <" BOB ";method=SUBSCRIBE>\n", "SIP/2.0 403 ",
		 GROUP_BIT(GROUP_INVITE)},
		{ALICE, "Refer-To: <" BOB ">\nRequire: teleport\n", "SIP/2.0 420 ",
		 GROUP_BIT(GROUP_INVITE)},
		/* Who has no right to */
		{ALICE, "Refer-To: <" BOB ">\n", "SIP/2.0 403 ", 0},
		{ALICE, "Refer-To: <" ALICE ";method=BYE>\n", "SIP/2.0 403 ",
		 GROUP_BIT(GROUP_INVITE)},
	};

	for (int inside = 0; inside < 2; inside++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			unit_case("%zu %d", i, inside);
			alice_is_in(rows[i].rights);
			refer(rows[i].who, inside, rows[i].more);
			unit_must(was_answered(rows[i].start));
			assert_false(was_answered("SIP/2.0 202 "));
			assert_int_equal(peer_count(w.bob), 0);
			if (strstr(rows[i].start, "420"))
				assert_non_null(strstr(last(w.alice), "Unsupported: teleport"));
		}
	}
}


/* ---- What is done ---- */

static void test_invites(void)
{
	alice_is_in(GROUP_BIT(GROUP_INVITE));
	refer(ALICE, true, SILENT "Refer-To: <" BOB ";method=INVITE>\n");
	unit_must(was_answered("SIP/2.0 202 "));
	/* RFC 4488 4 */
	assert_non_null(strstr(last(w.alice), "Refer-Sub: false"));
	unit_must(got(w.bob, "INVITE ") == 1);
	assert_null(strstr(peer_text(w.bob, 0), "method=INVITE"));
	/* RFC 3892: who wanted it is said. */
	assert_non_null(strstr(peer_text(w.bob, 0), "Referred-By: <" ALICE ">"));
	assert_int_equal(got(w.alice, "NOTIFY "), 0);
	/* Who is on the way in is not asked again. */
	refer(ALICE, true, SILENT "Refer-To: <" BOB ">\n");
	assert_int_equal(got(w.bob, "INVITE "), 1);
	peer_answer(w.bob, 0, 603, "");
	engine_run(w.e);
	unit_must(list() == 1 && w.connected == 1);
}


/* RFC 3515 2.4.4: who asked is told what became of it. */
static void test_reports(void)
{
	unsigned first, second;

	alice_is_in(GROUP_BIT(GROUP_INVITE));
	refer(ALICE, true, "Refer-To: <" BOB ">\n");
	unit_must(was_answered("SIP/2.0 202 "));
	unit_must(got(w.alice, "NOTIFY ") == 1 && got(w.bob, "INVITE ") == 1);
	first = at_of(w.alice, "NOTIFY ", 0);
	unit_must(peer_has(w.alice, first, "SIP/2.0 100 Trying\r\n"));
	unit_must(peer_has(w.alice, first, "Event: refer"));
	peer_answer(w.alice, first, 200, "");
	peer_answer(w.bob, 0, 486, "");
	engine_run(w.e);
	unit_must(got(w.alice, "NOTIFY ") == 2);
	second = at_of(w.alice, "NOTIFY ", 1);
	unit_must(peer_has(w.alice, second, "SIP/2.0 486 Busy Here\r\n"));
	unit_must(peer_has(w.alice, second, "Subscription-State: terminated;reason=noresource"));
	peer_answer(w.alice, second, 200, "");
	engine_run(w.e);
	/* Her session stands. */
	unit_must(list() == 1 && w.connected == 1);
}


/* The conference ends while somebody waits for the outcome. */
static void test_reports_the_end(void)
{
	unsigned first;

	alice_is_in(GROUP_BIT(GROUP_INVITE));
	refer(ALICE, false, "Refer-To: <" BOB ">\n");
	unit_must(was_answered("SIP/2.0 202 ") && got(w.bob, "INVITE ") == 1);
	unit_must(got(w.alice, "NOTIFY ") == 1);
	first = at_of(w.alice, "NOTIFY ", 0);
	peer_answer(w.alice, first, 200, "");
	unit_must(controlling_end(w.c, (struct str){w.id, CONTROLLING_ID_N}) == 0);
	engine_run(w.e);
	unit_must(got(w.alice, "NOTIFY ") == 2);
	unit_must(peer_has(w.alice, at_of(w.alice, "NOTIFY ", 1), "SIP/2.0 487 "));
	unit_must(list() == 0);
}


/* Of several at once nobody is told (RFC 5368 8); each is asked. */
static void test_list(void)
{
	static const char body[] =
		"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>"
		"<entry uri=\"" BOB "\"/><entry uri=\"sip:bob2@192.0.2.21:5060\"/>"
		"</list></resource-lists>";

	alice_is_in(GROUP_BIT(GROUP_INVITE));
	request("REFER", w.identity, ALICE, w.tag,
		"Refer-To: <cid:list@a>\nRequire: multiple-refer, norefersub\nRefer-Sub: false\n"
		"Content-Disposition: recipient-list\nContent-ID: <list@a>\n",
		"application/resource-lists+xml", body);
	unit_must(was_answered("SIP/2.0 202 "));
	unit_must(got(w.bob, "INVITE ") == 2);
	assert_int_equal(got(w.alice, "NOTIFY "), 0);
}


/* ---- Sent away ---- */

static void test_expels(void)
{
	alice_is_in(GROUP_BIT(GROUP_EXPEL));
	refer(ALICE, true, SILENT "Refer-To: <" ALICE ";method=BYE>\n");
	unit_must(was_answered("SIP/2.0 202 "));
	unit_must(got(w.alice, "BYE ") == 1);
	unit_must(peer_has(w.alice, at_of(w.alice, "BYE ", 0), "text=\"Booted\""));
	unit_must(list() == 0 || w.connected == 0);
}


/* Who is not in cannot be sent away. */
static void test_expels_nobody(void)
{
	alice_is_in(GROUP_BIT(GROUP_EXPEL));
	refer(ALICE, true, SILENT "Refer-To: <" BOB ";method=BYE>\n");
	assert_false(was_answered("SIP/2.0 202 "));
	assert_int_equal(got(w.alice, "BYE "), 0);
	unit_must(list() == 1 && w.connected == 1);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_refused), UNIT_TEST(test_invites), UNIT_TEST(test_reports),
	  UNIT_TEST(test_reports_the_end), UNIT_TEST(test_list), UNIT_TEST(test_expels),
	  UNIT_TEST(test_expels_nobody))
