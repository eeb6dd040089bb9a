/* SPDX-License-Identifier: Apache-2.0 */
/* How peers read MSRP frames, and the pattern that large bodies are made of. */
#include "scenario/runner/msrp.h"

#include "lib/unit.h"

#define HEAD "MSRP a1 SEND\r\nTo-Path: msrp://b:1/x;tcp\r\nFrom-Path: msrp://a:1/y;tcp\r\n"


static void test_frame(void)
{
	static const struct {
		const char *bytes;
		size_t whole; /**< SIZE_MAX: all of them */
	} rows[] = {
		{"MSRP a1 SEND", 0},
		{HEAD, 0},
		{HEAD "-------a1$", 0},
		{HEAD "-------a1$\r", 0},
		{HEAD "-------a1$\r\n", SIZE_MAX},
		{HEAD "\r\nhi\r\n-------a1+\r\n", SIZE_MAX},
		{HEAD "\r\nhi\r\n-------a1#\r\n", SIZE_MAX},
		/* No end-lines: another transaction's, another flag, in the midst of a line. */
		{HEAD "\r\nhi\r\n-------a2$\r\n", 0},
		{HEAD "\r\nhi\r\n-------a1!\r\n", 0},
		{HEAD "\r\nhi-------a1$\r\n", 0},
		{HEAD "\r\nhi\r\n-------a1!\r\n-------a1$\r\n", SIZE_MAX},
		{"MSRP a1 200 OK\r\n-------a1$\r\nMSRP", 28},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t want = rows[i].whole == SIZE_MAX ? strlen(rows[i].bytes) : rows[i].whole;

		unit_case("%s", rows[i].bytes);
		assert_int_equal(scn_msrp_frame(str_of(rows[i].bytes)), want);
	}
}


static void test_read(void)
{
	struct arena *a = unit_arena(SCN_ARENA_MAX);
	struct scn_msg *m = scn_alloc(a, sizeof(*m));

	assert_true(scn_msrp_read(a, m,
				  STR(HEAD "Byte-Range: 1-2/*\r\nContent-Type: "
					   "text/plain\r\n\r\nh\r\n\r\n-------a1+\r\n")));
	assert_true(m->msrp && m->request && m->has_body);
	unit_str(m->method, "SEND");
	unit_str(m->tid, "a1");
	unit_str(m->flag, "+");
	unit_str(m->body, "h\r\n");
	unit_str(scn_header_value(m, STR("To-Path")), "msrp://b:1/x;tcp");
	assert_int_equal(m->headers, 4);

	assert_true(scn_msrp_read(a, m, STR(HEAD "-------a1$\r\n")));
	assert_false(m->has_body);
	assert_int_equal(m->body.n, 0);
	assert_true(scn_msrp_read(a, m, STR(HEAD "\r\n\r\n-------a1$\r\n")));
	assert_true(m->has_body);
	assert_int_equal(m->body.n, 0);

	assert_true(scn_msrp_read(a, m, STR("MSRP a1 413\r\n-------a1$\r\n")));
	assert_false(m->request);
	assert_int_equal(m->status, 413);
	assert_int_equal(m->reason.n, 0);

	assert_false(scn_msrp_read(a, m, STR("MSRP a1 SEND\r\nno colon\r\n-------a1$\r\n")));
	assert_false(scn_msrp_read(a, m, STR(HEAD "-------a1$\r\nmore")));
	assert_false(scn_msrp_read(a, m, STR("MESSAGE sip:a SIP/2.0\r\n\r\n")));
}


static void test_range(void)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t start, end, total;
	} rows[] = {
		{"1-5/10", true, 1, 5, 10},
		{"6-*/10", true, 6, UINT64_MAX, 10},
		{"1-*/*", true, 1, UINT64_MAX, UINT64_MAX},
		{"1-0/0", true, 1, 0, 0},
		{"1-5", false, 0, 0, 0},
		{"5/10", false, 0, 0, 0},
		{"a-5/10", false, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t start, end, total;

		unit_case("%s", rows[i].text);
		assert_int_equal(scn_msrp_range(str_of(rows[i].text), &start, &end, &total),
				 rows[i].good);
		if (!rows[i].good)
			continue;
		assert_true(start == rows[i].start && end == rows[i].end && total == rows[i].total);
	}
}


/** No 16 bytes of it stand in it twice, so that a piece in the wrong place shows. */
static void test_pattern(void)
{
	struct arena *a = unit_arena(SCN_ARENA_MAX);
	struct str p, again;

	assert_true(scn_pattern_text(a, STR("64KB"), &p));
	assert_int_equal(p.n, 65536);
	for (size_t at = 0; at + 16 < p.n; at += 97)
		assert_true(str_find_str(str_from(p, at + 1), (struct str){p.p + at, 16}) < 0);
	for (size_t i = 0; i < p.n; i++)
		assert_true(p.p[i] >= 32 && p.p[i] < 127);
	assert_true(scn_pattern_text(a, STR("3B"), &again));
	unit_str(again, "000");
	assert_false(scn_pattern_text(a, STR("64"), &p));
	assert_false(scn_pattern_text(a, STR("xKB"), &p));
	assert_false(scn_pattern_text(a, STR("4000MB"), &p));
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_frame), UNIT_TEST_PLAIN(test_read), UNIT_TEST_PLAIN(test_range),
	  UNIT_TEST_PLAIN(test_pattern))
