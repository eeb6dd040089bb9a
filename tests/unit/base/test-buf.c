/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers: growth, the ceiling, failure that sticks. */
#include "base/buf.h"

#include "lib/unit.h"


static void test_append(void)
{
	struct buf *b = unit_buf(1000);

	buf_puts(b, STR("SIP/2.0"));
	buf_putc(b, ' ');
	buf_putu(b, 200);
	buf_put(b, " OK", 3);
	buf_puts(b, STR_NULL);
	unit_buf_is(b, "SIP/2.0 200 OK");
	assert_string_equal(unit_ptr(buf_cstr(b)), "SIP/2.0 200 OK");
	assert_int_equal(b->n, 14);
	buf_clear(b);
	unit_buf_is(b, "");
}


static void test_growth(void)
{
	struct buf *b = unit_buf(100000);

	for (unsigned i = 0; i < 100000; i++)
		buf_putc(b, (char)('a' + i % 26));
	unit_must(!b->failed);
	assert_int_equal(b->n, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b->p[i], 'a' + i % 26);
	assert_int_equal(b->cap, 100000);

	/* Full: a NUL still fits, another byte does not. */
	assert_non_null(buf_cstr(b));
	buf_putc(b, 'x');
	assert_true(b->failed);
	assert_int_equal(b->n, 100000);
	assert_null(buf_cstr(b));
}


static void test_ceiling(void)
{
	struct buf *b = unit_buf(10);

	buf_puts(b, STR("12345678"));
	unit_buf_is(b, "12345678");
	buf_puts(b, STR("abc"));
	assert_true(b->failed);
	unit_str(buf_str(b), "12345678");
	buf_putc(b, 'x');
	buf_putu(b, 1);
	buf_printf(b, "%d", 1);
	unit_str(buf_str(b), "12345678");
	assert_false(buf_reserve(b, 0));

	buf_clear(b);
	assert_false(b->failed);
	assert_true(buf_reserve(b, 10));
	assert_false(buf_reserve(b, SIZE_MAX));
	assert_true(b->failed);
	buf_clear(b);
	buf_printf(b, "%s", "0123456789");
	unit_buf_is(b, "0123456789");
	buf_clear(b);
	buf_printf(b, "%s", "0123456789a");
	assert_true(b->failed);
	assert_int_equal(b->n, 0);
}


static void test_zero_ceiling(void)
{
	struct buf b = BUF_INIT(0);

	buf_puts(&b, STR(""));
	assert_false(b.failed);
	assert_string_equal(buf_cstr(&b), "");
	buf_printf(&b, "%s", "");
	assert_false(b.failed && !unit_refused());
	buf_putc(&b, 'x');
	assert_true(b.failed);
	buf_done(&b);
}


static void test_fixed(void)
{
	char storage[8];
	struct buf b;
	size_t before = mem_live_blocks();

	buf_fixed(&b, storage, sizeof(storage));
	buf_puts(&b, STR("1234567"));
	assert_string_equal(buf_cstr(&b), "1234567");
	assert_ptr_equal(b.p, storage);
	buf_putc(&b, '8');
	assert_false(b.failed);
	unit_str(buf_str(&b), "12345678");
	assert_null(buf_cstr(&b));
	assert_true(b.failed);

	buf_clear(&b);
	buf_printf(&b, "%s", "1234567");
	unit_buf_is(&b, "1234567");
	buf_clear(&b);
	buf_printf(&b, "%s", "12345678");
	assert_true(b.failed);
	assert_int_equal(b.n, 0);
	assert_int_equal(mem_live_blocks(), before);
	buf_done(&b);
	assert_null(b.p);
}


static void test_numbers(void)
{
	static const struct {
		uint64_t v;
		unsigned digits;
		const char *dec, *hex;
	} rows[] = {
		{0, 1, "0", "0"},
		{9, 2, "9", "09"},
		{10, 1, "10", "a"},
		{1234567890, 8, "1234567890", "499602d2"},
		{0x123, 2, "291", "23"},
		{UINT64_MAX, 16, "18446744073709551615", "ffffffffffffffff"},
	};
	struct buf *b = unit_buf(100);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].dec);
		buf_clear(b);
		buf_putu(b, rows[i].v);
		unit_buf_is(b, rows[i].dec);
		buf_clear(b);
		buf_puthex(b, rows[i].v, rows[i].digits);
		unit_buf_is(b, rows[i].hex);
	}
}


static void test_printf(void)
{
	struct buf *b = unit_buf(5000);
	struct buf *expected = unit_buf(5000);

	for (int i = 0; i < 300; i++) {
		buf_printf(b, "%d,", i);
		buf_putu(expected, (uint64_t)i);
		buf_putc(expected, ',');
	}
	unit_must(!b->failed);
	unit_must(!expected->failed);
	assert_true(str_eq(buf_str(b), buf_str(expected)));
	buf_clear(b);
	buf_printf(b, "%3000d", 1);
	unit_must(!b->failed);
	assert_int_equal(b->n, 3000);
}


static void test_take(void)
{
	struct buf *b = unit_buf(100);

	buf_puts(b, STR("abcdef"));
	unit_buf_is(b, "abcdef");
	buf_take(b, 0);
	unit_buf_is(b, "abcdef");
	buf_take(b, 2);
	unit_buf_is(b, "cdef");
	buf_take(b, 4);
	unit_buf_is(b, "");
	buf_take(b, 0);
}


UNIT_MAIN(UNIT_TEST(test_append), UNIT_TEST(test_growth), UNIT_TEST(test_ceiling),
	  UNIT_TEST(test_zero_ceiling), UNIT_TEST(test_fixed), UNIT_TEST(test_numbers),
	  UNIT_TEST(test_printf), UNIT_TEST(test_take))
