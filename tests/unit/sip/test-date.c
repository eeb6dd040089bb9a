/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/compose.h"

#include "lib/unit.h"

static const struct {
	int64_t ms;
	const char *text;
} dates[] = {
	{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
	{784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
	{1289690940000, "Sat, 13 Nov 2010 23:29:00 GMT"},
	{951782400000, "Tue, 29 Feb 2000 00:00:00 GMT"},
	{4107542399000, "Sun, 28 Feb 2100 23:59:59 GMT"},
	{253402300799000, "Fri, 31 Dec 9999 23:59:59 GMT"},
};


static void test_both_ways(void)
{
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		struct buf *b = unit_buf(64);
		int64_t ms;

		unit_case("%s", dates[i].text);
		sip_put_date(b, dates[i].ms + 999);
		unit_buf_is(b, dates[i].text);
		assert_int_equal(sip_date_decode(&ms, str_of(dates[i].text)), 0);
		assert_true(ms == dates[i].ms);
	}
}


static void test_before_1970(void)
{
	struct buf *b = unit_buf(64);

	sip_put_date(b, -1);
	unit_buf_is(b, "Wed, 31 Dec 1969 23:59:59 GMT");
}


static void test_other_forms(void)
{
	static const char *const same[] = {
		"Sun, 06 Nov 1994 08:49:37 GMT",   "Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",        "sun, 06 nov 1994 08:49:37 GMT",
		" Sun, 06 Nov 1994 08:49:37 GMT ", "Mon, 06 Nov 1994 08:49:37 GMT",
	};
	int64_t ms;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		unit_case("%s", same[i]);
		assert_int_equal(sip_date_decode(&ms, str_of(same[i])), 0);
		assert_true(ms == 784111777000);
	}
	assert_int_equal(sip_date_decode(&ms, STR("Sun Nov 16 08:49:37 1994")), 0);
	assert_true(ms == 784975777000);
	assert_int_equal(sip_date_decode(&ms, STR("Friday, 06-Nov-15 08:49:37 GMT")), 0);
	assert_true(ms == 1446799777000);
}


static void test_bad(void)
{
	static const char *const bad[] = {
		"",
		"Sun",
		"Sun,",
		"Sun, ",
		"06 Nov 1994 08:49:37 GMT",
		"Fri, 01 Jan 2010 16:00:00 EST",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 GMTx",
		"Sun, 06 Nov 1994 08:49:37 gmt",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 32 Jan 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 1995 08:49:37 GMT",
		"Sun, 29 Feb 2100 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nox 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun, 06-Nov-1994 08:49:37 GMT",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:37 94",
		"Sun Nov  6 08:49:37",
		"Sun, 06 Nov 1994",
		"3600",
	};
	int64_t ms = 5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unit_case("%s", bad[i]);
		assert_int_equal(sip_date_decode(&ms, str_of(bad[i])), -EBADMSG);
		assert_true(ms == 5);
	}
}


UNIT_MAIN(UNIT_TEST(test_both_ways), UNIT_TEST(test_before_1970), UNIT_TEST(test_other_forms),
	  UNIT_TEST(test_bad))
