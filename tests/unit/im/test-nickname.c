/* SPDX-License-Identifier: Apache-2.0 */
/* Nicknames: what is one, and which are the same (RFC 7701 7, RFC 7700). */
#include "im/controlling/nickname.h"

#include <string.h>

#include "lib/unit.h"

static struct buf *prepared(const char *name, bool key)
{
	struct buf *b = unit_buf(4096);

	assert_int_equal(nickname_prepare(str_of(name), key ? NULL : b, key ? b : NULL), 0);
	return b;
}


static void test_shown(void)
{
	static const char *const rows[][2] = {
		{"Alice", "Alice"},
		{"  The   Boss ", "The Boss"},
		{"The\u00a0\u3000Boss\u2003", "The Boss"},
		{"\u4e2d\u6587", "\u4e2d\u6587"},
		{"J\u00fcrgen \U0001f600", "J\u00fcrgen \U0001f600"},
		{"a\"b\\c", "a\"b\\c"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i][0]);
		unit_buf_is(prepared(rows[i][0], false), rows[i][1]);
	}
}


static void test_same(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"Alice", "aLICE", true},
		{"The Boss", " the\u00a0 boss", true},
		{"\u00c4RGER", "\u00e4rger", true},
		{"\u0178", "\u00ff", true},
		{"\u0391\u03a3", "\u03b1\u03c2", true},
		{"\u0410\u042f\u0401", "\u0430\u044f\u0451", true},
		{"\u0132\u0139\u017d", "\u0133\u013a\u017e", true},
		{"\u1e9e", "\u1e9e", true},
		{"\uff22\uff4f\uff42", "bob", true},
		{"\u0531", "\u0561", true},
		{"\u24b6", "\u24d0", true},
		{"Alice", "Alise", false},
		{"\u0430lice", "alice", false}, /* a Cyrillic letter: another name, if a like one */
		{"\u00d7", "\u00f7", false},    /* signs among the letters have no case */
		{"\u0130", "\u0131", false},
		{"\u0138", "\u0139", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *a = prepared(rows[i].a, true), *b = prepared(rows[i].b, true);

		unit_case("%s and %s", rows[i].a, rows[i].b);
		unit_must(a->failed || b->failed || str_eq(buf_str(a), buf_str(b)) == rows[i].same);
	}
}


static void test_none(void)
{
	static const char *const rows[] = {
		"",
		" ",
		"\u00a0",
		"a\x01",
		"a\tb",
		"\x7f",
		"a\xc2\x85"
		"b",
		"a\u200bb",
		"\u202ea",
		"\ufeff",
		"a\u00ad",
		"\ue000",
		"a\u2066",
		"\U000e0041",
		"\xff",
		"a\xc3",
		"\xc0\xaf",
		"\xe0\x80\xaf",
		"\xed\xa0\x80",
		"\xf4\x90\x80\x80",
		"\xf0\x80\x80\xaf",
		"a\xc3(",
		"\x80",
		"\xf8\x88\x80\x80\x80",
		"\ufffe",
		"\U0001fffe",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %zu", i);
		assert_int_equal(nickname_prepare(str_of(rows[i]), NULL, NULL), -EBADMSG);
	}
}


static void test_length(void)
{
	char *name = unit_storage(NICKNAME_MAX + 2);

	memset(name, 'x', NICKNAME_MAX);
	assert_int_equal(nickname_prepare(str_of(name), NULL, NULL), 0);
	name[NICKNAME_MAX] = 'x';
	assert_int_equal(nickname_prepare(str_of(name), NULL, NULL), -EBADMSG);
}


UNIT_MAIN(UNIT_TEST(test_shown), UNIT_TEST(test_same), UNIT_TEST(test_none), UNIT_TEST(test_length))
