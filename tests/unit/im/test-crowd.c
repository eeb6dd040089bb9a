/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a focus does for too many: two who come back to one session at the same time, a focus within a focus, and one
 * user who makes sessions without end.
 */
#include "im/controlling/controlling.h"

#include <stdio.h>
#include <string.h>

#include "focus_world.h"


/* As invite(), but nothing happens yet. */
static void send_invite(const char *uri)
{
	w.n++;
	peer_send(w.alice,
		  "INVITE %s SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-t%u;rport\n"
		  "Max-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a%u\nTo: <%s>\n"
		  "Call-ID: c%u\nCSeq: 1 INVITE\n"
		  "Contact: <sip:alice@192.0.2.20:5060>;+g.oma.sip-im\n"
		  "P-Asserted-Identity: <sip:alice@example.org>\n"
		  "Content-Type: application/sdp\nContent-Length: %zu\n\n%s",
		  uri, w.n, w.n, uri, w.n, strlen(SDP), SDP);
}


/* The store is asked for both: it is one session all the same, and one participant. */
static void test_together(void)
{
	char uri[64];

	set_up();
	invite(FACTORY, "sip:alice@example.org", "");
	unit_must(answered(200) && list() == 1);
	(void)snprintf(uri, sizeof(uri), "sip:conf-%.*s@example.org", CONTROLLING_ID_N, w.id);
	controlling_stop(w.c);
	engine_run(w.e);
	w.c = mem_unref(w.c);
	unit_ok(make_focus());
	send_invite(uri);
	send_invite(uri);
	engine_run(w.e);
	unit_must(list() == 1);
	assert_int_equal(w.connected, 1);
}


/* What is said would go round between them. */
static void test_nested(void)
{
	set_up();
	invite(FRIENDS, "sip:alice@example.org", "Contact: <sip:alice@192.0.2.20:5060>;isfocus\n");
	unit_must(answered(403));
	assert_int_equal(list(), 0);
}


/* Others, and the group's session, do not suffer by it. */
static void test_too_many(void)
{
	set_up();
	for (int i = 0; i < CONTROLLING_CONFERENCES_EACH_MAX; i++)
		invite(FACTORY, "sip:alice@example.org", "");
	unit_must(answered(200));
	invite(FACTORY, "sip:alice@example.org", "");
	unit_must(answered(486));
	invite(FACTORY, "sip:bob@example.org", "");
	unit_must(answered(200));
	invite(FRIENDS, "sip:alice@example.org", "");
	unit_must(answered(200));
}


UNIT_MAIN(UNIT_TEST(test_together), UNIT_TEST(test_nested), UNIT_TEST_PLAIN(test_too_many))
