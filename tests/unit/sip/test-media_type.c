/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/media_type.h"

#include <stdio.h>

#include "lib/unit.h"


static void test_good(void)
{
	static const struct {
		const char *text, *type, *subtype, *params;
	} rows[] = {
		{"text/plain", "text", "plain", ""},
		{"text/plain;charset=utf-8", "text", "plain", "charset=utf-8"},
		{" Message / CPIM ; charset = \"utf-8\" ", "Message", "CPIM",
		 " charset = \"utf-8\""},
		{"*/*", "*", "*", ""},
		{"text/*;q=0.3", "text", "*", "q=0.3"},
		{"application/vnd.oma.im.search+xml", "application", "vnd.oma.im.search+xml", ""},
		{"multipart/mixed;boundary=\"a;b,c\"", "multipart", "mixed", "boundary=\"a;b,c\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_media_type t;

		unit_case("%s", rows[i].text);
		assert_int_equal(sip_media_type_decode(&t, str_of(rows[i].text)), 0);
		unit_str(t.type, rows[i].type);
		unit_str(t.subtype, rows[i].subtype);
		unit_str(t.params, rows[i].params);
	}
}


static void test_bad(void)
{
	static const char *const bad[] = {"",
					  " ",
					  "text",
					  "text/",
					  "/plain",
					  "text plain",
					  "text/plain;",
					  "text/plain x",
					  "text/plain, text/html",
					  "text/plain;=x",
					  "te(xt/plain",
					  "text/plain;x=\"",
					  "text//plain"};
	struct sip_media_type t = {.type = STR_INIT("kept")};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unit_case("%s", bad[i]);
		assert_int_equal(sip_media_type_decode(&t, str_of(bad[i])), -EBADMSG);
		unit_str(t.type, "kept");
	}
	assert_int_equal(sip_media_type_decode(&t, STR_NULL), -EBADMSG);
}


static void test_matches(void)
{
	static const struct {
		const char *range, *type;
		bool match;
	} rows[] = {
		{"text/plain", "TEXT/Plain", true},
		{"text/*", "text/plain", true},
		{"*/*", "text/plain", true},
		{"text/plain", "text/html", false},
		{"text/*", "image/png", false},
		{"text/plain", "text/*", false},
		{"text/plain;charset=x", "text/plain;charset=y", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_media_type range, type;

		unit_case("%s %s", rows[i].range, rows[i].type);
		assert_int_equal(sip_media_type_decode(&range, str_of(rows[i].range)), 0);
		assert_int_equal(sip_media_type_decode(&type, str_of(rows[i].type)), 0);
		assert_int_equal(sip_media_type_matches(&range, &type), rows[i].match);
	}
	struct sip_media_type t = {STR_INIT("Message"), STR_INIT("CPIM"), STR_INIT("")};

	assert_true(sip_media_type_is(&t, STR("message"), STR("cpim")));
	assert_false(sip_media_type_is(&t, STR("message"), STR("*")));
}


static void test_accept(void)
{
	static const struct {
		const char *accept;
		int q;
	} rows[] = {
		{"", SIP_ACCEPT_ABSENT},
		{"Accept: text/plain\r\n", 1000},
		{"Accept:\r\n", 0},
		{"Accept: image/png\r\n", 0},
		{"Accept: text/*;q=0.5\r\n", 500},
		{"Accept: */*;q=0.1, text/plain;q=0.7\r\nAccept: text/*;q=0.9\r\n", 700},
		{"Accept: text/*;q=0.9, text/plain;q=0\r\n", 0},
		{"Accept: nonsense, */*\r\n", 1000},
		{"Accept: text/plain;q=7\r\n", 1000},
	};
	struct sip_media_type plain = {STR_INIT("text"), STR_INIT("plain"), STR_INIT("")};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct sip_msg m;

		unit_case("%s", rows[i].accept);
		snprintf(text, sizeof(text),
			 "OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>\r\nTo: "
			 "<sip:b>\r\n"
			 "Call-ID: c\r\nCSeq: 1 OPTIONS\r\n%s\r\n",
			 rows[i].accept);
		assert_int_equal(sip_msg_decode(&m, str_of(text), false), SIP_DECODE_OK);
		assert_int_equal(sip_accept_q(&m, &plain), rows[i].q);
	}
}


UNIT_MAIN(UNIT_TEST(test_good), UNIT_TEST(test_bad), UNIT_TEST(test_matches),
	  UNIT_TEST(test_accept))
