/* SPDX-License-Identifier: Apache-2.0 */
/* Text by value. */
#include "base/str.h"

#include "lib/unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))


static void test_compare(void)
{
	static const struct {
		const char *a, *b;
		bool eq, nocase, starts, starts_nocase, ends;
		int cmp;
	} rows[] = {
		{"", "", true, true, true, true, true, 0},
		{"a", "", false, false, true, true, true, 1},
		{"", "a", false, false, false, false, false, -1},
		{"Call-ID", "call-id", false, true, false, true, false, -1},
		{"Content-Type", "content-type", false, true, false, true, false, -1},
		{"Content-Length", "CONTENT-LENGTH", false, true, false, true, false, 1},
		{"Content-Type", "Content-", false, false, true, true, false, 1},
		{"Content-Type", "-Type", false, false, false, false, true, 1},
		{"abcdefgh12345678", "abcdefgh12345678", true, true, true, true, true, 0},
		{"abcdefgh12345678", "ABCDEFGH12345679", false, false, false, false, false, 1},
		/* 0x40 and 0x60, 0x5b and 0x7b differ by the same bit as letters do. */
		{"@[\\]^_12",
		 "`{|}~\x7f"
		 "12",
		 false, false, false, false, false, -1},
		{"@", "`", false, false, false, false, false, -1},
		{"\xc4", "\xe4", false, false, false, false, false, -1},
		{"ab", "abc", false, false, false, false, false, -1},
		{"b", "abc", false, false, false, false, false, 1},
		{"\x80", "a", false, false, false, false, false, 1},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str a = str_of(rows[i].a), b = str_of(rows[i].b);

		unit_case("row %zu", i);
		assert_int_equal(str_eq(a, b), rows[i].eq);
		assert_int_equal(str_eq_nocase(a, b), rows[i].nocase);
		assert_int_equal(str_eq_nocase(b, a), rows[i].nocase);
		assert_int_equal(str_starts(a, b), rows[i].starts);
		assert_int_equal(str_starts_nocase(a, b), rows[i].starts_nocase);
		assert_int_equal(str_ends(a, b), rows[i].ends);
		assert_int_equal(str_cmp(a, b), rows[i].cmp);
		assert_int_equal(str_cmp(b, a), -rows[i].cmp);
	}
	assert_true(str_eq(STR_NULL, STR("")));
	assert_true(str_eq_nocase(STR_NULL, STR("")));
	assert_int_equal(str_cmp(STR_NULL, STR("")), 0);
}


/** All pairs of bytes: only A-Z and a-z fold, at each place of a word and behind it. */
static void test_fold(void)
{
	for (int at = 0; at < 11; at++) {
		for (int x = 0; x < 256; x++) {
			char a[] = "###########", b[] = "###########";
			int low = x >= 'A' && x <= 'Z' ? x + 32 : x;
			int up = x >= 'a' && x <= 'z' ? x - 32 : x;

			a[at] = (char)x;
			for (int y = 0; y < 256; y++) {
				bool same = y == x || y == low || y == up;

				b[at] = (char)y;
				if (str_eq_nocase((struct str){a, 11}, (struct str){b, 11}) != same)
					fail_msg("%02x %02x at %d", x, y, at);
			}
		}
	}
}


static void test_find(void)
{
	struct str s = STR("sip:a@b;c@d");

	assert_int_equal(str_find(s, 's'), 0);
	assert_int_equal(str_find(s, '@'), 5);
	assert_int_equal(str_rfind(s, '@'), 9);
	assert_int_equal(str_rfind(s, 'd'), 10);
	assert_int_equal(str_find(s, 'x'), -1);
	assert_int_equal(str_rfind(s, 'x'), -1);
	assert_int_equal(str_find(STR_NULL, 'x'), -1);
	assert_int_equal(str_rfind(STR_NULL, 'x'), -1);
	assert_int_equal(str_find(str_upto(s, 5), '@'), -1);

	assert_int_equal(str_find_str(s, STR("@b")), 5);
	assert_int_equal(str_find_str(s, STR("@d")), 9);
	assert_int_equal(str_find_str(s, STR("@d ")), -1);
	assert_int_equal(str_find_str(s, s), 0);
	assert_int_equal(str_find_str(str_upto(s, 10), STR("@d")), -1);
	assert_int_equal(str_find_str(s, STR("")), 0);
	assert_int_equal(str_find_str(STR_NULL, STR("x")), -1);
	assert_int_equal(str_find_str(STR_NULL, STR_NULL), 0);
}


static void test_part(void)
{
	struct str s = STR("abcdef");

	unit_str(str_from(s, 0), "abcdef");
	unit_str(str_from(s, 2), "cdef");
	unit_str(str_from(s, 6), "");
	unit_str(str_from(s, SIZE_MAX), "");
	assert_null(str_from(STR_NULL, 3).p);
	unit_str(str_upto(s, 0), "");
	unit_str(str_upto(s, 2), "ab");
	unit_str(str_upto(s, 7), "abcdef");
	unit_str(str_range(s.p + 1, s.p + 3), "bc");

	unit_str(str_trim(STR(" \t\r\n a b \r\n\t ")), "a b");
	unit_str(str_trim(STR("ab")), "ab");
	unit_str(str_trim(STR(" \t ")), "");
	unit_str(str_trim(STR("")), "");
	unit_str(str_trim(STR_NULL), "");
	unit_str(str_trim(STR("\va\f")), "\va\f");
}


static void test_cut(void)
{
	struct str rest = STR("a,,b,"), item;

	item = str_cut(&rest, ',');
	unit_str(item, "a");
	item = str_cut(&rest, ',');
	unit_str(item, "");
	item = str_cut(&rest, ',');
	unit_str(item, "b");
	assert_non_null(rest.p);
	item = str_cut(&rest, ',');
	unit_str(item, "");
	assert_null(rest.p);
	assert_int_equal(rest.n, 0);
	item = str_cut(&rest, ',');
	assert_int_equal(item.n, 0);
	assert_null(rest.p);
}


static void test_numbers(void)
{
	static const struct {
		const char *text;
		bool u32, u64, hex;
		uint64_t dec_value, hex_value;
	} rows[] = {
		{"0", true, true, true, 0, 0},
		{"007", true, true, true, 7, 7},
		{"4294967295", true, true, true, 4294967295u, 0x4294967295},
		{"4294967296", false, true, true, 4294967296u, 0x4294967296},
		{"18446744073709551615", false, true, false, UINT64_MAX, 0},
		{"18446744073709551616", false, false, false, 0, 0},
		{"18446744073709551620", false, false, false, 0, 0},
		{"99999999999999999999", false, false, false, 0, 0},
		{"000000000000000000000000000000001", true, true, true, 1, 1},
		{"ffffFFFFffffFFFF", false, false, true, 0, UINT64_MAX},
		{"10000000000000000", false, true, false, 10000000000000000u, 0},
		{"aB9", false, false, true, 0, 0xab9},
		{"g", false, false, false, 0, 0},
		{"", false, false, false, 0, 0},
		{"+1", false, false, false, 0, 0},
		{"-1", false, false, false, 0, 0},
		{" 1", false, false, false, 0, 0},
		{"1 ", false, false, false, 0, 0},
		{"0x1", false, false, false, 0, 0},
		{"1:", false, false, false, 0, 0},
		{"1/", false, false, false, 0, 0},
		{"\x11", false, false, false, 0, 0},
		{"@", false, false, false, 0, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str s = str_of(rows[i].text);
		uint32_t u32 = 77;
		uint64_t u64 = 77, hex = 77;

		unit_case("%s", rows[i].text);
		assert_int_equal(str_u32(s, &u32), rows[i].u32);
		assert_int_equal(u32, rows[i].u32 ? rows[i].dec_value : 77);
		assert_int_equal(str_u64(s, &u64), rows[i].u64);
		assert_true(u64 == (rows[i].u64 ? rows[i].dec_value : 77));
		assert_int_equal(str_hex_u64(s, &hex), rows[i].hex);
		assert_true(hex == (rows[i].hex ? rows[i].hex_value : 77));
	}
}


static void test_dup(void)
{
	char *copy = unit_own(str_dup(str_upto(STR("alice@x"), 5)));
	char *empty = unit_own(str_dup(STR_NULL));

	assert_string_equal(copy, "alice");
	assert_string_equal(empty, "");
}


UNIT_MAIN(UNIT_TEST(test_compare), UNIT_TEST(test_fold), UNIT_TEST(test_find), UNIT_TEST(test_part),
	  UNIT_TEST(test_cut), UNIT_TEST(test_numbers), UNIT_TEST(test_dup))
