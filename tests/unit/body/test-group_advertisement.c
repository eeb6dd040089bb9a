/* SPDX-License-Identifier: Apache-2.0 */
/* Group advertisements. */
#include "body/group_advertisement.h"

#include "lib/unit.h"

/* Digest e11. */
static const char example[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<group-advertisement xmlns=\"urn:oma:params:xml:ns:poc:group-advertisement\">\n"
	"<note>Join us for the Sunday tour</note>"
	"<group type=\"dialed-in\"><display-name>Hikers</display-name>"
	"<uri>sip:hikers@groups.example.net</uri></group>\n"
	"</group-advertisement>\n";


static void test_example(void)
{
	struct group_advertisement g;
	struct buf *out = unit_buf(4096);

	unit_ok(group_advertisement_decode(&g, str_of(example), unit_arena(4096)));
	unit_str(g.note, "Join us for the Sunday tour");
	assert_int_equal(g.n, 1);
	assert_int_equal(g.group[0].type, GROUP_DIALED_IN);
	unit_str(g.group[0].display_name, "Hikers");
	unit_str(g.group[0].uri, "sip:hikers@groups.example.net");
	group_advertisement_encode(out, &g);
	unit_buf_is(out, example);
}


static void test_forms(void)
{
	struct group_advertisement g;
	struct buf *out = unit_buf(4096);

	unit_ok(group_advertisement_decode(
		&g,
		STR("<a:group-advertisement xmlns:a='urn:a'><a:group><a:uri/></a:group>"
		    "<a:group type='DIALED-OUT'><a:uri> sip:x@h </a:uri></a:group>"
		    "<a:group type='later'><a:uri>sip:y&amp;z@h</a:uri></a:group>"
		    "</a:group-advertisement>"),
		unit_arena(4096)));
	assert_int_equal(g.note.n, 0);
	assert_int_equal(g.n, 2);
	unit_str(g.group[0].uri, "sip:x@h");
	assert_int_equal(g.group[0].type, GROUP_DIALED_OUT);
	assert_int_equal(g.group[1].type, GROUP_ADVERTISED_UNSAID);
	group_advertisement_encode(out, &g);
	unit_must(!out->failed);
	assert_true(str_find_str(buf_str(out), STR("\n<group><uri>sip:y&amp;z@h</uri></group>\n")) >
		    0);
}


static void test_refused(void)
{
	static const char *const rows[] = {
		"<x><group><uri>sip:x@h</uri></group></x>",
		"<group-advertisement/>",
		"<group-advertisement><group><uri/></group></group-advertisement>",
		"<!DOCTYPE x><group-advertisement><group><uri>sip:x@h</uri></group>"
		"</group-advertisement>",
		"<group-advertisement><group><uri>sip:x@h</uri></group>",
	};
	struct buf *b = unit_buf(1 << 20);
	struct group_advertisement g;

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		unit_case("%s", rows[k]);
		unit_must(group_advertisement_decode(&g, str_of(rows[k]), unit_arena(4096)) ==
			  -EBADMSG);
	}
	buf_puts(b, STR("<group-advertisement>"));
	for (int k = 0; k < GROUP_ADVERTISEMENT_MAX; k++)
		buf_puts(b, STR("<group><uri>sip:x@h</uri></group>"));
	buf_puts(b, STR("<group><uri>sip:x@h</uri></group></group-advertisement>"));
	unit_must(group_advertisement_decode(&g, buf_str(b), unit_arena(65536)) == -ENOBUFS);
	unit_must(group_advertisement_decode(&g, str_of(example), unit_arena(8)) == -ENOBUFS);
	buf_clear(b);
	while (b->n <= GROUP_ADVERTISEMENT_SIZE_MAX && !b->failed)
		buf_puts(b, STR("                "));
	unit_must(group_advertisement_decode(&g, buf_str(b), unit_arena(64)) == -ENOBUFS);
}


UNIT_MAIN(UNIT_TEST(test_example), UNIT_TEST(test_forms), UNIT_TEST(test_refused))
