/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/param.h"

#include "lib/unit.h"

/** What the loop finds, as "name=value|name|…", and how it ends. */
static const struct {
	const char *text;
	const char *found;
	int end;
} rows[] = {
	{"a=b", "a=b|", 0},
	{"a", "a|", 0},
	{"a=b;c;d=\"x\"", "a=b|c|d=\"x\"|", 0},
	{" a = b ; c ; d = \"x;y\" ", "a=b|c|d=\"x;y\"|", 0},
	{"a\r\n =\r\n b\r\n ;c", "a=b|c|", 0},
	{"received=[2001:db8::1];x", "received=[2001:db8::1]|x|", 0},
	{"q=\"a\\\"b\";c", "q=\"a\\\"b\"|c|", 0},
	{"+g.3gpp.icsi-ref=\"urn%3Aurn-7\"", "+g.3gpp.icsi-ref=\"urn%3Aurn-7\"|", 0},
	{"a=\"\"", "a=\"\"|", 0},
	{"a=b=c", "a=b=c|", 0},
	{"", "", -EBADMSG},
	{";a", "", -EBADMSG},
	{"a;", "a|", -EBADMSG},
	{"a;;b", "a|", -EBADMSG},
	{"a=", "", -EBADMSG},
	{"a=;b", "", -EBADMSG},
	{"=b", "", -EBADMSG},
	{"a=\"b", "", -EBADMSG},
	{"a=\"b\\", "", -EBADMSG},
	{"a=\"b\\\"", "", -EBADMSG},
	{"a b", "", -EBADMSG},
	{"a=b c", "", -EBADMSG},
	{"a=b,c=d", "", -EBADMSG},
	{"a,b", "", -EBADMSG},
	{"a=b<c", "", -EBADMSG},
	{"a=\"b\"c", "", -EBADMSG},
	{"a@=b", "", -EBADMSG},
};


static void test_next(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(1024);
		struct str rest = str_of(rows[i].text), name, value;
		int r;

		unit_case("%s", rows[i].text);
		while ((r = sip_param_next(&rest, &name, &value)) > 0) {
			buf_puts(b, name);
			if (value.p) {
				buf_putc(b, '=');
				buf_puts(b, value);
			}
			buf_putc(b, '|');
		}
		assert_int_equal(r, rows[i].end);
		unit_buf_is(b, rows[i].found);
	}
}


static void test_find(void)
{
	struct str params = STR("transport=tcp;LR;tag=\"a;tag=b\";q=0.5"), v;

	assert_true(sip_param(params, STR("Transport"), &v));
	unit_str(v, "tcp");
	assert_true(sip_param(params, STR("lr"), &v));
	assert_non_null(v.p);
	unit_str(v, "");
	assert_true(sip_param(params, STR("tag"), &v));
	unit_str(v, "\"a;tag=b\"");
	assert_true(sip_param(params, STR("q"), &v));
	unit_str(v, "0.5");
	assert_false(sip_param(params, STR("a"), &v));
	assert_false(sip_param(params, STR(""), &v));
	assert_false(sip_param(STR(""), STR("a"), &v));
	assert_false(sip_param(STR_NULL, STR("a"), &v));
	unit_str(v, "0.5");
}


static void test_quotes(void)
{
	struct buf *b = unit_buf(1024);

	sip_quote(STR("say \"hi\" \\ \r\nall"), b);
	unit_buf_is(b, "\"say \\\"hi\\\" \\\\   all\"");
	buf_clear(b);
	sip_unquote(STR("\"say \\\"hi\\\" \\\\\""), b);
	unit_buf_is(b, "say \"hi\" \\");
	buf_clear(b);
	sip_unquote(STR("bare"), b);
	sip_unquote(STR("\""), b);
	sip_unquote(STR("\"\""), b);
	sip_unquote(STR("\"open"), b);
	unit_buf_is(b, "bare\"\"open");
}


static void test_quoted_end(void)
{
	static const char text[] = "\"a\\\"b\" tail";

	assert_ptr_equal(sip_quoted_end(text, text + 11), text + 6);
	for (size_t n = 1; n < 6; n++)
		assert_null(sip_quoted_end(text, text + n));
}


UNIT_MAIN(UNIT_TEST(test_next), UNIT_TEST(test_find), UNIT_TEST(test_quotes),
	  UNIT_TEST(test_quoted_end))
