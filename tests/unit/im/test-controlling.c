/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The focus whole, on the engine: an INVITE to a group, to the factory, to a session's identity; their ends; what is
 * known after a restart. Scenarios (tests/scenario/controlling) say more of what is on the wire.
 */
#include "im/controlling/controlling.h"

#include <stdio.h>
#include <string.h>

#include "focus_world.h"


/* ---- Tests ---- */

static void test_group(void)
{
	set_up();
	invite(FRIENDS, "sip:alice@example.org", "Supported: timer\n");
	unit_must(answered(200));
	assert_non_null(strstr(last(w.alice), ";isfocus;+g.oma.sip-im"));
	assert_non_null(strstr(last(w.alice), "P-Asserted-Identity: <" FRIENDS ">"));
	assert_non_null(strstr(last(w.alice), "Session-Expires: 1800;refresher=uac"));
	assert_non_null(strstr(last(w.alice), "Require: timer"));
	unit_must(list() == 1);
	unit_must(w.connected == 1);
	w.persons = 0;
	assert_int_equal(controlling_show(w.c, (struct str){w.id, CONTROLLING_ID_N}, on_row,
					  on_person, NULL),
			 0);
	unit_must(w.persons == 1);
	unit_must(w.told[IM_DELIVERED] == 1);
	unit_must(w.told[IM_JOINED] == 1);
	assert_int_equal(controlling_end(w.c, (struct str){w.id, CONTROLLING_ID_N}), 0);
	assert_int_equal(controlling_end(w.c, (struct str){w.id, CONTROLLING_ID_N}), -ENOENT);
	assert_int_equal(list(), 0);
	assert_int_equal(controlling_under_way(w.c), 0);
	unit_must(w.told[IM_LEFT] == 1);
	unit_must(w.told[IM_ENDED] == 1);
}


static void test_refused(void)
{
	static const struct {
		const char *uri, *who, *more;
		unsigned status;
	} rows[] = {
		{FRIENDS, "sip:mallory@example.org", "", 403},
		{FRIENDS, "sip:alice@example.org", "Privacy: id\n", 403},
		{"sip:nobody@example.org", "sip:alice@example.org", "", 404},
		{"sip:conf-aaaaaaaaaaaaaaaa@example.org", "sip:alice@example.org", "", 404},
	};

	set_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		invite(rows[i].uri, rows[i].who, rows[i].more);
		unit_must(answered(rows[i].status));
		peer_request(w.alice, "ACK", rows[i].uri, "z9hG4bK-ack", "");
	}
	request("INVITE", FRIENDS, "sip:alice@example.org", "", "", "text/plain", "hello");
	unit_must(answered(415));
	request("OPTIONS", FRIENDS, "sip:alice@example.org", "", "", "text/plain", "");
	unit_must(answered(200));
	request("PUBLISH", FRIENDS, "sip:alice@example.org", "", "", "text/plain", "");
	unit_must(answered(405));
	assert_int_equal(list(), 0);
	assert_int_equal(w.told[IM_JOINED], 0);
}


/* bob is somewhere else: he is invited directly. */
static void test_factory(void)
{
	static const char body[] =
		"--b\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n--b\r\n"
		"Content-Type: application/resource-lists+xml\r\n"
		"Content-Disposition: recipient-list\r\n\r\n"
		"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>"
		"<entry uri=\"sip:bob@192.0.2.21:5060\"/></list></resource-lists>\r\n--b--\r\n";

	set_up();
	request("INVITE", FACTORY, "sip:alice@example.org", "", "", "multipart/mixed;boundary=b",
		body);
	unit_must(peer_count(w.bob) == 1);
	assert_int_equal(list(), 1);
	assert_int_equal(w.connected, 0);
	peer_answer(w.bob, 0, 180, "Contact: <sip:bob@192.0.2.21:5060>\n");
	engine_run(w.e);
	unit_must(answered(180));
	peer_answer(w.bob, 0, 486, "");
	engine_run(w.e);
	unit_must(answered(486));
	assert_int_equal(list(), 0);
	unit_must(w.told[IM_REFUSED] == 1);
}


/* It is known again by its identity; the store was asked. */
static void test_restart(void)
{
	char uri[64];

	set_up();
	invite(FRIENDS, "sip:alice@example.org", "");
	unit_must(answered(200) && list() == 1);
	(void)snprintf(uri, sizeof(uri), "sip:conf-%.*s@example.org", CONTROLLING_ID_N, w.id);
	controlling_stop(w.c);
	engine_run(w.e);
	w.c = mem_unref(w.c);
	unit_ok(make_focus());
	assert_int_equal(list(), 0);
	invite(uri, "sip:mallory@example.org", "");
	unit_must(answered(403));
	invite(uri, "sip:alice@example.org", "");
	unit_must(answered(200));
	unit_must(list() == 1);
	assert_memory_equal(w.id, uri + strlen("sip:conf-"), CONTROLLING_ID_N);
	controlling_stop(w.c);
	invite(FRIENDS, "sip:alice@example.org", "");
	unit_must(answered(503));
}


static void test_for(void)
{
	struct im_addresses ours = focus_addresses();
	struct im_request r;

	set_up();
	memset(&r, 0, sizeof(r));
	r.recipient_served = true;
	r.recipient = ours.factory;
	assert_int_equal(controlling_is_for(w.c, &r), 1);
	r.recipient = ours.exploder;
	assert_int_equal(controlling_is_for(w.c, &r), 1);
	r.recipient = STR(FRIENDS);
	/* It is known to be one, and not decoded yet. */
	unit_must(controlling_is_for(w.c, &r) == -EAGAIN);
	r.recipient = STR("sip:conf-abcdefghij234567@example.org");
	assert_int_equal(controlling_is_for(w.c, &r), 1);
	r.recipient = STR("sip:conf-abcdefghij23456@example.org");
	unit_must(controlling_is_for(w.c, &r) == 0);
	r.recipient = STR("sip:conf-abcdefghij2345678@example.org");
	assert_int_equal(controlling_is_for(w.c, &r), 0);
	r.recipient = STR(FRIENDS);
	r.recipient_served = false;
	assert_int_equal(controlling_is_for(w.c, &r), 0);
}


UNIT_MAIN(UNIT_TEST(test_group), UNIT_TEST(test_refused), UNIT_TEST(test_factory),
	  UNIT_TEST(test_restart), UNIT_TEST(test_for))
