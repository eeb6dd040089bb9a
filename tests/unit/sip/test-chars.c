/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/chars.h"

#include "lib/unit.h"

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


/* The classes against the productions of RFC 3261 25.1. */
static void class_is(unsigned class, const char *members)
{
	for (int c = 1; c < 256; c++) {
		unit_case("class %u char %d", class, c);
		assert_int_equal(sip_char_is((char)c, class), strchr(members, c) != NULL);
	}
	assert_false(sip_char_is(0, class));
}


static void test_classes(void)
{
	class_is(SIP_CHAR_TOKEN, ALNUM "-.!%*_+`'~");
	class_is(SIP_CHAR_WORD, ALNUM "-.!%*_+`'~()<>:\\\"/[]?{}");
	class_is(SIP_CHAR_UNRESERVED, ALNUM "-_.!~*'()");
	class_is(SIP_CHAR_USER, ALNUM "-_.!~*'()&=+$,;?/");
	class_is(SIP_CHAR_HOST, ALNUM "-._");
	class_is(SIP_CHAR_URI, ALNUM "-_.!~*'()&=+$,;?/:@[]%#");
	class_is(SIP_CHAR_BLANK, " \t\r\n");
	for (int c = 0; c < 256; c++)
		assert_int_equal(sip_char_is((char)c, SIP_CHAR_PARAM),
				 c > ' ' && c != 0x7f && !strchr(";,\"<>", c));
}


static void test_span(void)
{
	static const char text[] = "abcdefghij;klm";

	for (size_t from = 0; from < 10; from++)
		assert_ptr_equal(sip_span(text + from, text + 14, SIP_CHAR_TOKEN), text + 10);
	for (size_t end = 0; end < 10; end++)
		assert_ptr_equal(sip_span(text, text + end, SIP_CHAR_TOKEN), text + end);
	assert_true(sip_all_chars(STR("abc"), SIP_CHAR_TOKEN));
	assert_false(sip_all_chars(STR("abc;"), SIP_CHAR_TOKEN));
	assert_false(sip_all_chars(STR(""), SIP_CHAR_TOKEN));
	assert_true(SIP_IS(STR("Digest"), "Digest"));
	assert_true(SIP_IS(STR("dIGEST"), "Digest"));
	assert_false(SIP_IS(STR("Digest "), "Digest"));
}


/* Each character at each place of a text that is otherwise of the class: the wide steps say what the table says. */
static void test_span_wide(void)
{
	char text[40];

	for (unsigned classes = 1; classes < 256; classes++) {
		char member = 0;

		while (!sip_char_is(++member, classes))
			;
		for (int c = 0; c < 256; c++) {
			for (size_t at = 0; at < sizeof(text); at += 3) {
				memset(text, member, sizeof(text));
				text[at] = (char)c;
				assert_ptr_equal(
					sip_span(text, text + sizeof(text), classes),
					text + (sip_char_is((char)c, classes) ? sizeof(text) : at));
			}
		}
	}
}


/* At every length and offset, so that each of the wide steps and the tail is taken. */
static void test_line_end(void)
{
	char text[200];

	for (size_t n = 0; n < sizeof(text); n++) {
		memset(text, 'x', sizeof(text));
		assert_ptr_equal(sip_line_end(text, text + n), text + n);
		for (size_t at = 0; at < n; at++) {
			text[at] = at % 2 ? '\r' : '\n';
			assert_ptr_equal(sip_line_end(text, text + n), text + at);
			assert_ptr_equal(sip_line_end(text + at, text + n), text + at);
			if (at + 1 < n)
				assert_ptr_equal(sip_line_end(text + at + 1, text + n), text + n);
			text[at] = 'x';
		}
	}
}


static void test_colon_near(void)
{
	char text[80];

	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n < sizeof(text); n++) {
		assert_null(sip_colon_near(text, text + n));
		for (size_t at = 0; at < n; at++) {
			text[at] = ':';
			assert_ptr_equal(sip_colon_near(text, text + n),
					 at < 32 ? text + at : NULL);
			text[at] = 'x';
		}
	}
}


static void test_hex(void)
{
	assert_int_equal(sip_hex_digit('0'), 0);
	assert_int_equal(sip_hex_digit('9'), 9);
	assert_int_equal(sip_hex_digit('a'), 10);
	assert_int_equal(sip_hex_digit('F'), 15);
	assert_int_equal(sip_hex_digit('g'), -1);
	assert_int_equal(sip_hex_digit('/'), -1);
	assert_int_equal(sip_hex_digit(0), -1);
}


UNIT_MAIN(UNIT_TEST(test_classes), UNIT_TEST(test_span), UNIT_TEST(test_span_wide),
	  UNIT_TEST(test_line_end), UNIT_TEST(test_colon_near), UNIT_TEST(test_hex))
