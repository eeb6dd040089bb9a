/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/edit.h"

#include <stdio.h>

#include "lib/unit.h"

#define START "MESSAGE sip:b@h SIP/2.0\r\n"
#define VIA "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
#define REST "From: <sip:a@h>;tag=f\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n"
#define TAIL "\r\nbody"
#define PLAIN START VIA REST TAIL


static void open_edits(struct sip_edits *e, struct sip_msg *m, const char *text)
{
	assert_int_equal(sip_msg_decode(m, str_of(text), false), SIP_DECODE_OK);
	sip_edits_init(e, m);
}


static void becomes(struct sip_edits *e, const char *want)
{
	struct buf *b = unit_buf(SIP_MESSAGE_MAX);

	unit_ok(sip_edits_apply(e, b));
	unit_buf_is(b, want);
}


static void test_none(void)
{
	struct sip_edits e;
	struct sip_msg m;

	open_edits(&e, &m, PLAIN);
	becomes(&e, PLAIN);
	open_edits(&e, &m, "\r\n\r\n" PLAIN);
	becomes(&e, PLAIN);
}


/* What a proxy does, in an order that is not that of the message. */
static void test_forwarding(void)
{
	struct sip_edits e;
	struct sip_msg m;

	open_edits(&e, &m,
		   START VIA "Route: <sip:us;lr>,<sip:next;lr>\r\nMax-Forwards: 70\r\n" REST TAIL);
	sip_edit_append(&e, STR("P-One: 1\r\n"));
	sip_edit_header(&e, SIP_HDR_MAX_FORWARDS, STR("Max-Forwards: 69\r\n"));
	sip_edit_insert_before(&e, SIP_HDR_VIA, STR("Via: SIP/2.0/TCP us;branch=z9hG4bK2\r\n"));
	sip_edit_remove_first_value(&e, SIP_HDR_ROUTE);
	sip_edit_uri(&e, STR("sip:b@192.0.2.9"));
	sip_edit_insert_before(&e, SIP_HDR_RECORD_ROUTE, STR("Record-Route: <sip:us;lr>\r\n"));
	sip_edit_header(&e, SIP_HDR_EXPIRES, STR("Expires: 5\r\n"));
	becomes(&e, "MESSAGE sip:b@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/TCP us;branch=z9hG4bK2\r\n" VIA
		    "Route: <sip:next;lr>\r\nMax-Forwards: 69\r\n" REST
		    "P-One: 1\r\nRecord-Route: <sip:us;lr>\r\nExpires: 5\r\n" TAIL);
}


static void test_order_at_one_place(void)
{
	struct sip_edits e;
	struct sip_msg m;

	open_edits(&e, &m, PLAIN);
	sip_edit_insert_before(&e, SIP_HDR_VIA, STR("A: 1\r\n"));
	sip_edit_header(&e, SIP_HDR_VIA, STR("Via: new\r\n"));
	sip_edit_insert_before(&e, SIP_HDR_VIA, STR("B: 2\r\n"));
	becomes(&e, START "A: 1\r\nB: 2\r\nVia: new\r\n" REST TAIL);
}


static void test_remove(void)
{
	struct sip_edits e;
	struct sip_msg m;

	open_edits(&e, &m,
		   START "Privacy: id\r\n" VIA "privacy:\r\n header\r\n" REST
			 "Privacy: x\r\n" TAIL);
	sip_edit_remove(&e, SIP_HDR_PRIVACY);
	sip_edit_remove(&e, SIP_HDR_ROUTE);
	becomes(&e, PLAIN);
}


static const struct {
	const char *before, *after;
} first_values[] = {
	{"Route: <sip:a>,<sip:b>\r\n", "Route: <sip:b>\r\n"},
	{"Route: <sip:a> , <sip:b>, <sip:c>\r\n", "Route: <sip:b>, <sip:c>\r\n"},
	{"Route:\t<sip:a>;x=\"1,2\"\r\n ,\r\n <sip:b>\r\n", "Route:\t<sip:b>\r\n"},
	{"Route: , ,<sip:a>,,<sip:b>\r\n", "Route: <sip:b>\r\n"},
	{"Route: <sip:a>\r\n", ""},
	{"Route: <sip:a>\r\nRoute: <sip:b>\r\n", "Route: <sip:b>\r\n"},
	{"Route: <sip:a>,\r\nRoute: <sip:b>\r\n", "Route: <sip:b>\r\n"},
	{"Route:\r\nRoute: <sip:a>\r\nRoute: <sip:b>\r\n", "Route:\r\nRoute: <sip:b>\r\n"},
	{"Route: <sip:a,b>\r\n", ""},
	{"Route:\r\n <sip:a>\r\n\t\r\n", ""},
	{"Route:\r\n", "Route:\r\n"},
	{"", ""},
};


static void test_remove_first_value(void)
{
	for (size_t i = 0; i < sizeof(first_values) / sizeof(first_values[0]); i++) {
		char before[512], after[512];
		struct sip_edits e;
		struct sip_msg m;

		unit_case("%s", first_values[i].before);
		snprintf(before, sizeof(before), START VIA "%s" REST TAIL, first_values[i].before);
		snprintf(after, sizeof(after), START VIA "%s" REST TAIL, first_values[i].after);
		open_edits(&e, &m, before);
		sip_edit_remove_first_value(&e, SIP_HDR_ROUTE);
		becomes(&e, after);

		/* Asking twice drops one value. */
		open_edits(&e, &m, before);
		sip_edit_remove_first_value(&e, SIP_HDR_ROUTE);
		sip_edit_remove_first_value(&e, SIP_HDR_ROUTE);
		becomes(&e, after);
	}
}


static void test_topmost_via(void)
{
	struct sip_edits e;
	struct sip_msg m;

	open_edits(&e, &m,
		   "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us;branch=z9hG4bK2, SIP/2.0/UDP "
		   "them;branch=z9hG4bK1\r\n" REST TAIL);
	sip_edit_remove_first_value(&e, SIP_HDR_VIA);
	becomes(&e, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP them;branch=z9hG4bK1\r\n" REST TAIL);
	/* There is no Request-URI to replace. */
	sip_edit_uri(&e, STR("sip:x"));
	assert_true(e.failed);
}


static void test_bare_lf_leaves_as_crlf(void)
{
	struct sip_edits e;
	struct sip_msg m;

	open_edits(&e, &m,
		   "MESSAGE sip:b@h SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: "
		   "<sip:a@h>;tag=f\r\n"
		   "To: <sip:b@h>\nCall-ID: c\nCSeq: 1\n MESSAGE\n\nbo\ndy");
	sip_edit_append(&e, STR("X: y\r\n"));
	becomes(&e, START VIA
		"From: <sip:a@h>;tag=f\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1\r\n MESSAGE\r\n"
		"X: y\r\n\r\nbo\ndy");
}


static void test_what_does_not_fit(void)
{
	struct sip_edits e;
	struct sip_msg m;
	struct buf *b = unit_buf(64);
	uint32_t n = sizeof(PLAIN) - 1;

	open_edits(&e, &m, PLAIN);
	sip_edit_span(&e, 10, 10, STR("x"));
	sip_edit_span(&e, 20, 5, STR("y"));
	sip_edit_span(&e, 5, 5, STR("z"));
	sip_edit_span(&e, n, 0, STR("end"));
	assert_false(e.failed);
	sip_edit_span(&e, 19, 1, STR("over"));
	assert_true(e.failed);
	assert_int_equal(sip_edits_apply(&e, b), -ENOBUFS);

	sip_edits_init(&e, &m);
	sip_edit_span(&e, 10, 10, STR("x"));
	sip_edit_span(&e, 15, 0, STR("inside"));
	assert_true(e.failed);

	sip_edits_init(&e, &m);
	sip_edit_span(&e, 10, 10, STR("x"));
	sip_edit_span(&e, 5, 6, STR("overlap"));
	assert_true(e.failed);

	sip_edits_init(&e, &m);
	sip_edit_span(&e, n, 1, STR("behind"));
	assert_true(e.failed);
	sip_edits_init(&e, &m);
	sip_edit_span(&e, n + 1, 0, STR("behind"));
	assert_true(e.failed);
	sip_edits_init(&e, &m);
	sip_edit_span(&e, 4, UINT32_MAX, STR("wraps"));
	assert_true(e.failed);

	sip_edits_init(&e, &m);
	for (int i = 0; i < SIP_EDITS_MAX; i++)
		sip_edit_append(&e, STR("X: y\r\n"));
	assert_false(e.failed);
	sip_edit_append(&e, STR("X: y\r\n"));
	assert_true(e.failed);

	sip_edits_init(&e, &m);
	assert_int_equal(sip_edits_apply(&e, b), -ENOBUFS);
	assert_int_equal(b->n, 0);
}


UNIT_MAIN(UNIT_TEST(test_none), UNIT_TEST(test_forwarding), UNIT_TEST(test_order_at_one_place),
	  UNIT_TEST(test_remove), UNIT_TEST(test_remove_first_value), UNIT_TEST(test_topmost_via),
	  UNIT_TEST(test_bare_lf_leaves_as_crlf), UNIT_TEST(test_what_does_not_fit))
