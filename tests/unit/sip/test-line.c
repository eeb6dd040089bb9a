/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/line.h"

#include <stdio.h>

#include "lib/unit.h"

/** Long enough that the quick look-up of names is used on what comes before it. */
#define REST "Next: line that goes on and on for more than 32\r\n"

static const struct {
	const char *text;
	enum sip_line_read result;
	int end; /**< offset of the next line */
	enum sip_header_id id;
	const char *name, *value; /**< NULL: no name was read */
	int folded;
} rows[] = {
	{"Subject: hi\r\n", SIP_LINE_OK, 13, SIP_HDR_SUBJECT, "Subject", "hi", 0},
	{"s:hi\r\n", SIP_LINE_OK, 6, SIP_HDR_SUBJECT, "s", "hi", 0},
	{"SUBJECT \t :  hi  \t\r\n", SIP_LINE_OK, 20, SIP_HDR_SUBJECT, "SUBJECT", "hi", 0},
	{"Subject:\r\n", SIP_LINE_OK, 10, SIP_HDR_SUBJECT, "Subject", "", 0},
	{"Subject: a:b\n", SIP_LINE_OK, 13, SIP_HDR_SUBJECT, "Subject", "a:b", 0},
	{"Subject:\r\n hi\r\n\tyou \r\n", SIP_LINE_OK, 22, SIP_HDR_SUBJECT, "Subject",
	 "hi\r\n\tyou", 1},
	{"Subject: hi\r\n \r\n", SIP_LINE_OK, 16, SIP_HDR_SUBJECT, "Subject", "hi", 1},
	{"Subject:\n\n", SIP_LINE_OK, 9, SIP_HDR_SUBJECT, "Subject", "", 0},
	{"X-%!.*_+`'~: y\r\n", SIP_LINE_OK, 16, SIP_HDR_OTHER, "X-%!.*_+`'~", "y", 0},
	{"Nobody-Knows-This-Very-Long-Header-Name: y\r\n", SIP_LINE_OK, 44, SIP_HDR_OTHER,
	 "Nobody-Knows-This-Very-Long-Header-Name", "y", 0},
	{"P-Charging-Function-Addresses: y\r\n", SIP_LINE_OK, 34,
	 SIP_HDR_P_CHARGING_FUNCTION_ADDRESSES, "P-Charging-Function-Addresses", "y", 0},
	{"\r\n", SIP_LINE_EMPTY, 2, SIP_HDR_OTHER, NULL, NULL, 0},
	{"\n", SIP_LINE_EMPTY, 1, SIP_HDR_OTHER, NULL, NULL, 0},
	{"Subject hi\r\n", SIP_LINE_BAD, 12, SIP_HDR_OTHER, NULL, NULL, 0},
	{"Sub ject: hi\r\n", SIP_LINE_BAD, 14, SIP_HDR_OTHER, NULL, NULL, 0},
	{": hi\r\n", SIP_LINE_BAD, 6, SIP_HDR_OTHER, NULL, NULL, 0},
	{" hi: x\r\n", SIP_LINE_BAD, 8, SIP_HDR_OTHER, NULL, NULL, 0},
	{"Subject\r\n : hi\r\n", SIP_LINE_BAD, 16, SIP_HDR_OTHER, NULL, NULL, 1},
	{"Subject: h\ri\r\n", SIP_LINE_BAD, 14, SIP_HDR_SUBJECT, "Subject", "h\ri", 0},
	{"\rSubject: hi\r\n", SIP_LINE_BAD, 14, SIP_HDR_OTHER, NULL, NULL, 0},
	{"\r\r\n", SIP_LINE_BAD, 3, SIP_HDR_OTHER, NULL, NULL, 0},
};


static void check(size_t i, struct str text)
{
	struct sip_line l;

	unit_case("%s", rows[i].text);
	assert_int_equal(sip_line_read(&l, text.p, text.p, text.p + text.n), rows[i].result);
	assert_int_equal(l.start, 0);
	assert_int_equal(l.end, rows[i].end);
	assert_int_equal(l.id, rows[i].id);
	assert_int_equal(l.name_n, rows[i].name ? strlen(rows[i].name) : 0);
	if (!rows[i].name)
		return;
	assert_int_equal(l.folded, rows[i].folded);
	unit_str(str_range(text.p + l.value, text.p + l.vend), rows[i].value);
	assert_memory_equal(text.p, rows[i].name, l.name_n);
}


static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%s%s", rows[i].text, REST);
		check(i, str_of(text));
		check(i, str_of(rows[i].text));
	}
}


static void test_cut(void)
{
	static const char *const texts[] = {"S",
					    "Subject",
					    "Subject:",
					    "Subject: hi",
					    "Subject: hi\r",
					    "\r",
					    "Subject: hi\r\n more",
					    "Subject: hi\r\n "};
	struct sip_line l;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str s = str_of(texts[i]);

		unit_case("%s", texts[i]);
		assert_int_equal(sip_line_read(&l, s.p, s.p, s.p + s.n), SIP_LINE_CUT);
		assert_int_equal(l.end, s.n);
	}
}


/* An offset into a larger text. */
static void test_base(void)
{
	static const char text[] = "xxxxTo: <sip:a>\r\n";
	struct sip_line l;

	assert_int_equal(sip_line_read(&l, text, text + 4, text + 17), SIP_LINE_OK);
	assert_int_equal(l.start, 4);
	assert_int_equal(l.value, 8);
	assert_int_equal(l.vend, 15);
	assert_int_equal(l.end, 17);
}


UNIT_MAIN(UNIT_TEST(test_rows), UNIT_TEST(test_cut), UNIT_TEST(test_base))
