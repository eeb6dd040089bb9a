/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/name_addr.h"

#include "lib/unit.h"

static const struct {
	const char *text;
	const char *display, *uri, *params, *tag;
} good[] = {
	{"sip:a@b", NULL, "sip:a@b", "", NULL},
	{"<sip:a@b>", NULL, "sip:a@b", "", NULL},
	{" <sip:a@b> ", NULL, "sip:a@b", "", NULL},
	{"sip:a@b;tag=1", NULL, "sip:a@b", "tag=1", "1"},
	{"sip:a@b ; tag = 1", NULL, "sip:a@b", " tag = 1", "1"},
	{"<sip:a@b;lr?x=y>;tag=1;tag=2", NULL, "sip:a@b;lr?x=y", "tag=1;tag=2", "1"},
	{"Bob <sip:a@b>;TAG=x", "Bob", "sip:a@b", "TAG=x", "x"},
	{"caller<sip:a@b>", "caller", "sip:a@b", "", NULL},
	{"A. G. Bell  <sip:a@b>", "A. G. Bell", "sip:a@b", "", NULL},
	{"\"Bell, A\\\"x\\\" ; <y>\" <sip:a@b>;q=0.1", "Bell, A\\\"x\\\" ; <y>", "sip:a@b", "q=0.1",
	 NULL},
	{"\"\"<sip:a@b>", "", "sip:a@b", "", NULL},
	{"token1~` token2'+_ token3*%!.- <sip:m@e>", "token1~` token2'+_ token3*%!.-", "sip:m@e",
	 "", NULL},
	{"J\xc3\xb6rg <sip:a@b>", "J\xc3\xb6rg", "sip:a@b", "", NULL},
	{"\xc3\x96rn <sip:a@b>", "\xc3\x96rn", "sip:a@b", "", NULL},
	{"isbn:2983792873", NULL, "isbn:2983792873", "", NULL},
	{"tel:+1-201-555-0123;tag=9", NULL, "tel:+1-201-555-0123", "tag=9", "9"},
	{"<urn:service:sos>", NULL, "urn:service:sos", "", NULL},
	{"Bob\r\n <sip:a@b>\r\n ;tag=1", "Bob", "sip:a@b", "tag=1", "1"},
	{"sip:a@b;tag", NULL, "sip:a@b", "tag", ""},
};

static const char *const bad[] = {
	"",
	"  ",
	"<>",
	"<sip:a@b",
	"sip:a@b>",
	"Bob",
	"Bob sip:a@b",
	"\"Bob <sip:a@b>",
	"\"Bob\" sip:a@b",
	"\"Bob\"",
	"Bell, A <sip:a@b>",
	"Bo@b <sip:a@b>",
	"< sip:a@b>",
	"<sip:a@b >",
	"<sip:a b>",
	"<sip:a@b>x",
	"<sip:a@b> x",
	"<sip:a@b>;",
	"<sip:a@b>;;x",
	"<sip:a@b>;x=",
	"<sip:a@b>, <sip:c@d>",
	"sip:a@b, sip:c@d",
	"sip:a@b?Route=x",
	"sip:a@b x",
	"<sip:a@b>;x=\"y",
	"**",
	"* x",
	"<sip:a\x01@b>",
	"<<sip:a@b>>",
	"Bob;x <sip:a@b>",
	"sip",
	"<sip:a\"b@c>",
};


static void is(struct str s, const char *want)
{
	if (want)
		unit_str(s, want);
	else
		assert_null(s.p);
}


static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sip_name_addr a;
		struct str tag;

		unit_case("%s", good[i].text);
		assert_int_equal(sip_name_addr_decode_tag(&a, &tag, str_of(good[i].text)), 0);
		is(a.display, good[i].display);
		is(a.uri, good[i].uri);
		is(a.params, good[i].params);
		is(tag, good[i].tag);
		assert_false(a.star);
		assert_int_equal(sip_name_addr_decode(&a, str_of(good[i].text)), 0);
	}
}


static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_name_addr a = {.star = true};

		unit_case("%s", bad[i]);
		assert_int_equal(sip_name_addr_decode(&a, str_of(bad[i])), -EBADMSG);
		assert_true(a.star);
	}
	assert_int_equal(sip_name_addr_decode(&(struct sip_name_addr){0}, STR_NULL), -EBADMSG);
}


static void test_star(void)
{
	struct sip_name_addr a;

	assert_int_equal(sip_name_addr_decode(&a, STR("*")), 0);
	assert_true(a.star);
	assert_null(a.uri.p);
	assert_int_equal(sip_name_addr_decode(&a, STR(" * ")), 0);
	assert_true(a.star);
	/* A display name may begin so. */
	assert_int_equal(sip_name_addr_decode(&a, STR("* <sip:a@b>")), 0);
	assert_false(a.star);
	unit_str(a.display, "*");
}


static void test_q(void)
{
	static const struct {
		const char *text;
		uint32_t q;
	} rows[] = {
		{"q=0", 0},        {"q=0.", 0},         {"q=0.3", 300},  {"q=0.33", 330},
		{"q=0.333", 333},  {"Q=0.001", 1},      {"q=1", 1000},   {"q=1.0", 1000},
		{"q=1.000", 1000}, {"x", 1000},         {"q", 1000},     {"q=1.1", 1000},
		{"q=2", 1000},     {"q=0.3333", 1000},  {"q=-1", 1000},  {"q=.5", 1000},
		{"q=0.5x", 1000},  {"q=\"0.5\"", 1000}, {"q=0,5", 1000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_name_addr c = {.params = str_of(rows[i].text)};

		unit_case("%s", rows[i].text);
		assert_int_equal(sip_contact_q(&c), rows[i].q);
	}
	assert_int_equal(sip_contact_q(&(struct sip_name_addr){0}), 1000);
}


static void test_expires(void)
{
	static const struct {
		const char *text;
		uint32_t s;
	} rows[] = {
		{"expires=60", 60},
		{"EXPIRES = 0", 0},
		{"expires=4294967295", UINT32_MAX},
		{"x=1", 3600},
		{"expires", 3600},
		{"expires=4294967296", 3600},
		{"expires=280297596632815", 3600},
		{"expires=-1", 3600},
		{"expires=\"60\"", 3600},
		{"expires=6x", 3600},
		{"expires=007", 7},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_name_addr c = {.params = str_of(rows[i].text)};

		unit_case("%s", rows[i].text);
		assert_int_equal(sip_contact_expires(&c, 3600), rows[i].s);
	}
}


UNIT_MAIN(UNIT_TEST(test_good), UNIT_TEST(test_bad), UNIT_TEST(test_star), UNIT_TEST(test_q),
	  UNIT_TEST(test_expires))
