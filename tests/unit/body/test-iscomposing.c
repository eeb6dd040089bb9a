/* SPDX-License-Identifier: Apache-2.0 */
/* Is composing. */
#include "body/iscomposing.h"

#include "lib/unit.h"

#define NS " xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\""


/* RFC 3994 5, both examples. */
static void test_examples(void)
{
	struct arena *a = unit_arena(4096);
	struct iscomposing i;

	unit_ok(iscomposing_decode(
		&i,
		STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<isComposing" NS "\nxmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
		    "xsi:schemaLocation=\"urn:ietf:params:xml:ns:im-composing\niscomposing.xsd\">\n"
		    "<state>active</state>\n<contenttype>text/plain</contenttype>\n"
		    "<refresh>90</refresh>\n</isComposing>"),
		a));
	assert_true(i.active);
	unit_str(i.content_type, "text/plain");
	assert_int_equal(i.refresh_s, 90);
	assert_int_equal(i.last_active_ms, -1);
	assert_int_equal(iscomposing_lasts_s(&i), 90);

	unit_ok(iscomposing_decode(&i,
				   STR("<isComposing" NS "><state>idle</state>"
				       "<lastactive>2003-01-27T10:43:00Z</lastactive>"
				       "<contenttype>audio</contenttype></isComposing>"),
				   a));
	assert_false(i.active);
	unit_str(i.content_type, "audio");
	assert_true(i.last_active_ms == 1043664180000);
	assert_int_equal(i.refresh_s, 0);
	assert_int_equal(iscomposing_lasts_s(&i), 0);
}


static void test_forms(void)
{
	static const struct {
		const char *inner;
		bool active;
		uint32_t refresh_s, lasts_s;
	} rows[] = {
		{"<state>active</state>", true, 0, 120},
		{"<state> active\n</state>", true, 0, 120},
		{"<state>pausing</state><refresh>60</refresh>", false, 60, 0},
		{"<state/>", false, 0, 0},
		{"<state>active</state><refresh>0</refresh>", true, 0, 120},
		{"<state>active</state><refresh>-5</refresh>", true, 0, 120},
		{"<state>active</state><refresh>soon</refresh>", true, 0, 120},
		{"<state>active</state><refresh>1</refresh>", true, 1, 1},
		{"<state>active</state><refresh>3600</refresh>", true, 3600, 3600},
		{"<state>active</state><refresh>3601</refresh>", true, 3600, 3600},
		{"<state>active</state><refresh>99999999999999999999999</refresh>", true, 3600,
		 3600},
		{"<x:state xmlns:x='urn:x'>idle</x:state><state>active</state>", true, 0, 120},
		{"<state>active</state><lastactive>yesterday</lastactive>", true, 0, 120},
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct buf *b = unit_buf(1024);
		struct iscomposing i;

		unit_case("%s", rows[k].inner);
		buf_printf(b, "<isComposing" NS ">%s</isComposing>", rows[k].inner);
		unit_must(!b->failed);
		unit_ok(iscomposing_decode(&i, buf_str(b), unit_arena(4096)));
		assert_int_equal(i.active, rows[k].active);
		assert_int_equal(i.refresh_s, rows[k].refresh_s);
		assert_int_equal(iscomposing_lasts_s(&i), rows[k].lasts_s);
		assert_int_equal(i.last_active_ms, -1);
	}
}


static void test_refused(void)
{
	static const char *const rows[] = {
		"",
		"<isComposing" NS "/>",
		"<isComposing" NS "><refresh>60</refresh></isComposing>",
		"<composing" NS "><state>active</state></composing>",
		"<isComposing" NS "><state>active</isComposing>",
		"<!DOCTYPE isComposing><isComposing" NS "><state>active</state></isComposing>",
	};
	struct iscomposing i;
	struct buf *b = unit_buf(2 * ISCOMPOSING_SIZE_MAX);

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		unit_case("%s", rows[k]);
		unit_must(iscomposing_decode(&i, str_of(rows[k]), unit_arena(4096)) == -EBADMSG);
	}
	buf_puts(b, STR("<isComposing" NS "><state>active</state>"));
	while (b->n <= ISCOMPOSING_SIZE_MAX && !b->failed)
		buf_puts(b, STR("                    "));
	buf_puts(b, STR("</isComposing>"));
	unit_must(iscomposing_decode(&i, buf_str(b), unit_arena(4096)) == -ENOBUFS);
	unit_must(iscomposing_decode(&i,
				     STR("<isComposing" NS "><state>active</state></isComposing>"),
				     unit_arena(1)) == -ENOBUFS);
}


static void test_encode(void)
{
	struct iscomposing i = {.active = true,
				.content_type = STR("text/<x>"),
				.last_active_ms = 1043664180000,
				.refresh_s = 60};
	struct buf *out = unit_buf(1024);
	struct iscomposing back;

	iscomposing_encode(&i, out);
	unit_buf_is(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><isComposing" NS ">"
			 "<state>active</state><lastactive>2003-01-27T10:43:00Z</lastactive>"
			 "<contenttype>text/&lt;x&gt;</contenttype><refresh>60</refresh>"
			 "</isComposing>");
	unit_ok(iscomposing_decode(&back, buf_str(out), unit_arena(4096)));
	assert_true(back.active && back.last_active_ms == i.last_active_ms);
	unit_str(back.content_type, "text/<x>");
	assert_int_equal(back.refresh_s, 60);

	buf_clear(out);
	i = (struct iscomposing){.last_active_ms = -1};
	iscomposing_encode(&i, out);
	unit_buf_is(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><isComposing" NS ">"
			 "<state>idle</state></isComposing>");
}


UNIT_MAIN(UNIT_TEST(test_examples), UNIT_TEST(test_forms), UNIT_TEST(test_refused),
	  UNIT_TEST(test_encode))
