/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up by local name, and writing. */
#include "body/xml.h"

#include "lib/unit.h"

static void release(void *arg)
{
	struct xml_doc **d = arg;

	mem_unref(*d);
}


static const struct xml_node *root_of(const char *text)
{
	struct xml_doc **d = unit_storage(sizeof(*d));

	unit_defer(release, d);
	unit_ok(xml_decode(d, str_of(text)));
	return xml_root(*d);
}


static void test_names(void)
{
	const struct xml_node *root = root_of(
		"<a:r xmlns:a='urn:a'><b:x xmlns:b='urn:b'/>text<y/><x/><a:x/></a:r>");
	const struct xml_node *x = xml_find(root, STR("x"));

	assert_true(xml_named(root, STR("r")));
	assert_false(xml_named(root, STR("a:r")));
	assert_true(xml_is(x, STR("urn:b"), STR("x")));
	x = xml_find_next(x, STR("x"));
	assert_true(xml_is(x, STR(""), STR("x")));
	x = xml_find_next(x, STR("x"));
	assert_true(xml_is(x, STR("urn:a"), STR("x")));
	assert_null(xml_find_next(x, STR("x")));
	assert_null(xml_find(root, STR("z")));
	assert_null(xml_find(NULL, STR("z")));
	assert_null(xml_find_next(NULL, STR("z")));
}


static void test_values(void)
{
	const struct xml_node *root = root_of(
		"<r xmlns:a='urn:a' a:id='1' id=' 2 ' a:only='3&amp;&lt;&#65;&#x20AC;'"
		" empty='' xml:lang='en'/>");
	struct arena *a = unit_arena(256);
	struct str s;

	unit_ok(xml_value(root, STR("id"), a, &s));
	unit_str(s, "2");
	unit_ok(xml_value(root, STR("only"), a, &s));
	unit_str(s, "3&<A\xe2\x82\xac");
	unit_ok(xml_value(root, STR("empty"), a, &s));
	unit_str(s, "");
	unit_ok(xml_value(root, STR("lang"), a, &s));
	unit_str(s, "en");
	assert_int_equal(xml_value(root, STR("absent"), a, &s), -ENOENT);
	assert_int_equal(xml_value(root, STR("id"), unit_arena(0), &s), -ENOBUFS);
}


static void test_writing(void)
{
	struct buf *b = unit_buf(256);

	buf_puts(b, STR("<e"));
	xml_put_attribute(b, STR("n"), STR("a\"<&>\t\r\n."));
	buf_puts(b, STR("/>"));
	xml_put_element(b, STR("t"), STR("x & y"));
	unit_buf_is(b, "<e n=\"a&quot;&lt;&amp;&gt;&#9;&#13;&#10;.\"/><t>x &amp; y</t>");
}


UNIT_MAIN(UNIT_TEST(test_names), UNIT_TEST(test_values), UNIT_TEST(test_writing))
