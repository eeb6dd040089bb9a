/* SPDX-License-Identifier: Apache-2.0 */
/* XML from strangers: what is read, and what is refused. */
#include "body/xml.h"

#include "lib/unit.h"


static void test_tree(void)
{
	static const char text[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!-- nothing --><?target data?>\n"
		"<a:root xmlns:a=\"urn:a\" xmlns=\"urn:b\" key=\"v &amp; w\" a:key=\"other\""
		" empty=\"\">\n"
		"  <one>  first &lt;1&gt; &#233; <!-- c --><two/>&quot; </one>\n"
		"  <one><![CDATA[<raw>]]></one>\n"
		"  <a:one/>\n"
		"</a:root>\n";
	struct arena *a = unit_arena(4096);
	const struct xml_node *root, *e;
	struct xml_doc *d;
	struct str s;

	unit_ok(xml_decode(&d, str_of(text)));
	unit_own(d);
	root = xml_root(d);
	assert_true(xml_is(root, STR("urn:a"), STR("root")));
	assert_false(xml_is(root, STR("urn:b"), STR("root")));
	assert_false(xml_is(root, STR(""), STR("root")));
	unit_str(xml_name(root), "root");
	unit_must(xml_attribute(root, STR("key"), a, &s));
	unit_str(s, "v & w");
	unit_must(xml_attribute(root, STR("empty"), a, &s));
	unit_str(s, "");
	assert_false(xml_attribute(root, STR("absent"), a, &s));

	e = xml_child(root, STR("urn:b"), STR("one"));
	assert_non_null(e);
	unit_ok(xml_text(e, a, &s));
	unit_str(s, "first <1> \xc3\xa9 \"");
	e = xml_next(e);
	unit_ok(xml_text(e, a, &s));
	unit_str(s, "<raw>");
	e = xml_next(e);
	assert_true(xml_is(e, STR("urn:a"), STR("one")));
	assert_null(xml_first(e));
	unit_ok(xml_text(e, a, &s));
	unit_str(s, "");
	assert_null(xml_next(e));
	assert_null(xml_child(root, STR("urn:a"), STR("two")));
}


static void test_malformed(void)
{
	static const char *const texts[] = {
		"",
		" ",
		"text",
		"<a>",
		"<a></b>",
		"<a/><b/>",
		"<a b=c/>",
		"<a b='1' b='2'/>",
		"<a>&unknown;</a>",
		"<p:a/>",
		"<a>\x01</a>",
		"<a>\xff</a>",
		"<a>\xc0\x80</a>",
		"<?xml version='1.0'?>",
		/* Nothing of a DTD, not even an empty one. */
		"<!DOCTYPE a><a/>",
		"<!DOCTYPE a []><a/>",
		"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
		"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
		"<!DOCTYPE a [<!ENTITY l \"ha\"><!ENTITY m \"&l;&l;&l;&l;\"><!ENTITY n "
		"\"&m;&m;&m;&m;\">]><a>&n;</a>",
		"<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://192.0.2.1/\"> %x;]><a/>",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct xml_doc *d = NULL;
		int err;

		unit_case("%s", texts[i]);
		err = xml_decode(&d, str_of(texts[i]));
		mem_unref(d);
		unit_must(err == -EBADMSG);
	}
	{
		struct xml_doc *d = NULL;

		assert_int_equal(xml_decode(&d, (struct str){"<a>\0</a>", 8}), -EBADMSG);
	}
}


/* `before` n times, then `middle`, then `after` n times. */
static int nested(const char *before, const char *middle, const char *after, unsigned n)
{
	struct buf *b = unit_buf(4 * XML_SIZE_MAX);
	struct xml_doc *d = NULL;
	int err;

	for (unsigned i = 0; i < n; i++)
		buf_puts(b, str_of(before));
	buf_puts(b, str_of(middle));
	for (unsigned i = 0; i < n; i++)
		buf_puts(b, str_of(after));
	unit_must(!b->failed);
	err = xml_decode(&d, buf_str(b));
	mem_unref(d);
	return err;
}


static void test_ceilings(void)
{
	struct buf *b = unit_buf(2 * XML_SIZE_MAX);
	struct xml_doc *d = NULL;
	int err;

	unit_ok(nested("<a>", "", "</a>", XML_DEPTH_MAX));
	err = nested("<a>", "", "</a>", XML_DEPTH_MAX + 1);
	unit_must(err == -ENOBUFS);
	err = nested("<a>", "", "</a>", 5000);
	unit_must(err == -ENOBUFS);

	buf_puts(b, STR("<r>"));
	for (unsigned i = 0; i < XML_NODES_MAX - 1; i++)
		buf_puts(b, STR("<a/>"));
	buf_puts(b, STR("</r>"));
	unit_must(!b->failed);
	unit_ok(xml_decode(&d, buf_str(b)));
	d = mem_unref(d);
	b->n -= 4;
	buf_puts(b, STR("<a/></r>"));
	err = xml_decode(&d, buf_str(b));
	unit_must(err == -ENOBUFS);

	buf_clear(b);
	buf_puts(b, STR("<a>"));
	while (!b->failed && b->n < XML_SIZE_MAX - 4)
		buf_putc(b, 'x');
	buf_puts(b, STR("</a>"));
	unit_must(!b->failed);
	unit_ok(xml_decode(&d, buf_str(b)));
	d = mem_unref(d);
	buf_putc(b, '\n');
	unit_must(!b->failed);
	assert_int_equal(xml_decode(&d, buf_str(b)), -ENOBUFS);
}


static void test_no_room(void)
{
	struct arena small = ARENA_INIT(8);
	struct xml_doc *d;
	struct str s;
	int err;

	unit_ok(xml_decode(&d, STR("<a>0123456789</a>")));
	unit_own(d);
	err = xml_text(xml_root(d), &small, &s);
	arena_done(&small);
	assert_int_equal(err, -ENOBUFS);
}


static void test_hostile(void)
{
	static const char text[] = "<a x=\"1\"><b>t&amp;<![CDATA[c]]></b><!-- c --></a>";
	size_t n = sizeof(text) - 1;

	for (size_t cut = 0; cut < n; cut++) {
		struct xml_doc *d = NULL;
		char *copy = unit_storage(cut ? cut : 1);

		memcpy(copy, text, cut);
		unit_must(xml_decode(&d, (struct str){copy, cut}) == -EBADMSG);
	}
}


static void test_escape(void)
{
	struct buf *b = unit_buf(256);
	struct arena *a = unit_arena(1024);
	struct xml_doc *d;
	struct str s;

	buf_puts(b, STR("<a>"));
	xml_escape(STR("<a b=\"c\">&amp;\x01 \xc3\xa9"), b);
	buf_puts(b, STR("</a>"));
	unit_buf_is(b, "<a>&lt;a b=&quot;c&quot;&gt;&amp;amp;? \xc3\xa9</a>");
	unit_ok(xml_decode(&d, buf_str(b)));
	unit_own(d);
	unit_ok(xml_text(xml_root(d), a, &s));
	unit_str(s, "<a b=\"c\">&amp;? \xc3\xa9");
}


UNIT_MAIN(UNIT_TEST(test_tree), UNIT_TEST(test_malformed), UNIT_TEST(test_ceilings),
	  UNIT_TEST(test_no_room), UNIT_TEST(test_hostile), UNIT_TEST(test_escape))
