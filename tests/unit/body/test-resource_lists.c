/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of URIs. */
#include "body/resource_lists.h"

#include "lib/unit.h"

static struct resource_lists decode(const char *text)
{
	struct resource_lists r;

	unit_ok(resource_lists_decode(&r, str_of(text), unit_arena(65536)));
	return r;
}


/* RFC 5364 section 6, figures 3 and 4. */
static const char recipients[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\""
	" xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\">\n<list>\n"
	"<entry uri=\"sip:bill@example.com\" cp:copyControl=\"to\"/>\n"
	"<entry uri=\"sip:randy@example.net\" cp:copyControl=\"to\" cp:anonymize=\"true\"/>\n"
	"<entry uri=\"sip:eddy@example.com\" cp:copyControl=\"to\" cp:anonymize=\"true\"/>\n"
	"<entry uri=\"sip:joe@example.org\" cp:copyControl=\"cc\"/>\n"
	"<entry uri=\"sip:carol@example.net\" cp:copyControl=\"cc\" cp:anonymize=\"true\"/>\n"
	"<entry uri=\"sip:ted@example.net\" cp:copyControl=\"bcc\"/>\n"
	"<entry uri=\"sip:andy@example.com\" cp:copyControl=\"bcc\"/>\n"
	"</list>\n</resource-lists>\n";

static const char history[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\""
	" xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\">\n<list>\n"
	"<entry uri=\"sip:bill@example.com\" cp:copyControl=\"to\"/>\n"
	"<entry uri=\"sip:anonymous@anonymous.invalid\" cp:copyControl=\"to\" cp:count=\"2\"/>\n"
	"<entry uri=\"sip:joe@example.org\" cp:copyControl=\"cc\"/>\n"
	"<entry uri=\"sip:anonymous@anonymous.invalid\" cp:copyControl=\"cc\" cp:count=\"1\"/>\n"
	"</list>\n</resource-lists>\n";


static void test_recipients(void)
{
	struct resource_lists r = decode(recipients);
	struct buf *out = unit_buf(4096), *told = unit_buf(4096);

	assert_int_equal(r.items_n, 7);
	unit_str(r.items[1].uri, "sip:randy@example.net");
	assert_int_equal(r.items[1].copy, RESOURCE_TO);
	assert_true(r.items[1].anonymize);
	assert_false(r.items[3].anonymize);
	assert_int_equal(r.items[3].copy, RESOURCE_CC);
	assert_int_equal(r.items[6].copy, RESOURCE_BCC);
	resource_lists_encode(r.items, r.items_n, out);
	unit_buf_is(out, recipients);
	resource_lists_encode_history(r.items, r.items_n, told);
	unit_buf_is(told, history);
}


/* RFC 4826 3.3 in short. */
static void test_nested(void)
{
	struct resource_lists r = decode(
		"<rl:resource-lists xmlns:rl='urn:ietf:params:xml:ns:resource-lists'>"
		"<rl:list name='friends'>"
		"<rl:entry uri='sip:bill@example.com'><rl:display-name> Bill Doe "
		"</rl:display-name></rl:entry>"
		"<rl:entry-ref ref='resource-lists/users/sip:bill@example.com/index/~~/x'/>"
		"<rl:list name='close-friends'><rl:display-name>Close</rl:display-name>"
		"<rl:entry uri='sip:joe@example.com'/><rl:entry uri='sip:nancy@example.com'/>"
		"<rl:external anchor='http://xcap.example.org/a'/></rl:list>"
		"<rl:entry uri='sip:last@example.com'/></rl:list>"
		"<rl:list name='oma_blockedcontacts'><rl:entry "
		"uri='sip:m@example.com'/><rl:list/></rl:list>"
		"</rl:resource-lists>");
	const struct resource_list *l;

	assert_int_equal(r.items_n, 7);
	assert_int_equal(r.lists_n, 4);
	l = resource_lists_find(&r, STR("friends"));
	assert_int_equal(l->first, 0);
	assert_int_equal(l->n, 6);
	assert_int_equal(l->parent, -1);
	l = resource_lists_find(&r, STR("close-friends"));
	assert_int_equal(l->first, 2);
	assert_int_equal(l->n, 3);
	assert_int_equal(l->parent, 0);
	unit_str(l->display_name, "Close");
	l = resource_lists_find(&r, STR("oma_blockedcontacts"));
	assert_int_equal(l->n, 1);
	unit_str(r.items[l->first].uri, "sip:m@example.com");
	assert_null(resource_lists_find(&r, STR("none")));

	unit_str(r.items[0].display_name, "Bill Doe");
	assert_int_equal(r.items[0].copy, RESOURCE_COPY_ABSENT);
	assert_int_equal(r.items[0].count, 1);
	assert_int_equal(r.items[1].kind, RESOURCE_ENTRY_REF);
	assert_int_equal(r.items[4].kind, RESOURCE_EXTERNAL);
	unit_str(r.items[4].uri, "http://xcap.example.org/a");
	assert_int_equal(r.items[4].list, 1);
	assert_int_equal(r.items[5].list, 0);
	assert_int_equal(r.items[6].list, 2);
}


static void test_forms(void)
{
	struct resource_lists r = decode(
		"<resource-lists xmlns:w='urn:wrong'><list>"
		"<entry uri='sip:a@example.com;method=INVITE?Session-Replaces=ab&amp;x=1' "
		"w:copyControl='TO'/>"
		"<entry/><entry uri='  '/><entry uri=' tel:+1 ' copyControl='to' anonymize='1' "
		"count='x'/>"
		"<entry uri='sip:b@example.com' w:copyControl='later' "
		"w:count='3'/><foreign/></list></resource-lists>");
	struct buf *out = unit_buf(4096);

	assert_int_equal(r.items_n, 3);
	unit_str(r.items[0].uri, "sip:a@example.com;method=INVITE?Session-Replaces=ab&x=1");
	assert_int_equal(r.items[0].copy, RESOURCE_TO);
	unit_str(r.items[1].uri, "tel:+1");
	assert_true(r.items[1].anonymize);
	assert_int_equal(r.items[1].count, 1);
	assert_int_equal(r.items[2].copy, RESOURCE_COPY_ABSENT);
	assert_int_equal(r.items[2].count, 3);

	r.items[2].display_name = STR("B & C");
	resource_lists_encode(r.items + 2, 1, out);
	unit_must(!out->failed);
	assert_true(str_find_str(buf_str(out),
				 STR("<entry uri=\"sip:b@example.com\" cp:count=\"3\">"
				     "<display-name>B &amp; C</display-name></entry>")) > 0);
	/* RFC 5364 section 4: without copyControl an entry is bcc, which nobody is told of. */
	buf_clear(out);
	resource_lists_encode_history(r.items + 2, 1, out);
	assert_int_equal(str_find_str(buf_str(out), STR("<entry")), -1);
}


static void test_refused(void)
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{"<ruleset/>", -EBADMSG},
		{"<resource-lists>", -EBADMSG},
		{"<!DOCTYPE x [<!ENTITY e 'x'>]><resource-lists/>", -EBADMSG},
	};
	struct resource_lists r;
	struct buf *b = unit_buf(300000);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		unit_must(resource_lists_decode(&r, str_of(rows[i].text), unit_arena(4096)) ==
			  rows[i].error);
	r = decode("<resource-lists/>");
	assert_int_equal(r.items_n, 0);
	assert_int_equal(r.lists_n, 0);

	buf_puts(b, STR("<resource-lists><list>"));
	for (int i = 0; i <= RESOURCE_ITEMS_MAX; i++)
		buf_puts(b, STR("<entry uri='sip:a'/>"));
	buf_puts(b, STR("</list></resource-lists>"));
	unit_must(resource_lists_decode(&r, buf_str(b), unit_arena(1 << 20)) == -ENOBUFS);
	buf_clear(b);
	buf_puts(b, STR("<resource-lists>"));
	for (int i = 0; i <= RESOURCE_LISTS_MAX; i++)
		buf_puts(b, STR("<list/>"));
	buf_puts(b, STR("</resource-lists>"));
	unit_must(resource_lists_decode(&r, buf_str(b), unit_arena(1 << 20)) == -ENOBUFS);
	unit_must(resource_lists_decode(&r, str_of(recipients), unit_arena(200)) == -ENOBUFS);
}


/* RFC 5364 section 4: one copy for each, with the highest copy level; the first stays in its place. */
static void test_merge(void)
{
	struct resource_item items[] = {
		{.uri = STR("sip:c@h;x"), .copy = RESOURCE_BCC, .count = 1},
		{.uri = STR("sip:a@h"), .copy = RESOURCE_CC, .count = 1},
		{.uri = STR("http://x"), .kind = RESOURCE_EXTERNAL, .count = 1},
		{.uri = STR("sip:C@h"),
		 .copy = RESOURCE_COPY_ABSENT,
		 .anonymize = true,
		 .count = 1},
		{.uri = STR("tel:+1"), .copy = RESOURCE_TO, .count = 1},
		{.uri = STR("http://x"), .kind = RESOURCE_EXTERNAL, .count = 1},
		{.uri = STR("tel:+1"), .copy = RESOURCE_TO, .count = 1},
		{.uri = STR("sip:c@h"), .copy = RESOURCE_TO, .display_name = STR("C"), .count = 1},
	};
	struct str keys[] = {STR("c"), STR("a"), STR("x"), STR("c"),
			     STR(""),  STR("x"), STR(""),  STR("c")};
	size_t n = 8;

	unit_must(resource_items_merge(items, keys, &n, unit_arena(8)) == -ENOBUFS);
	assert_int_equal(n, 8);
	unit_ok(resource_items_merge(items, keys, &n, unit_arena(4096)));
	assert_int_equal(n, 6);
	unit_str(items[0].uri, "sip:c@h;x");
	assert_int_equal(items[0].copy, RESOURCE_TO);
	assert_true(items[0].anonymize);
	unit_str(items[0].display_name, "C");
	unit_str(items[1].uri, "sip:a@h");
	assert_int_equal(items[1].copy, RESOURCE_CC);
	assert_false(items[1].anonymize);
	unit_str(items[2].uri, "http://x");
	unit_str(items[3].uri, "tel:+1");
	unit_str(items[4].uri, "http://x");
	unit_str(items[5].uri, "tel:+1");
	unit_str(keys[1], "a");
	unit_str(keys[3], "");
	n = 0;
	unit_ok(resource_items_merge(items, keys, &n, unit_arena(8)));
	assert_int_equal(n, 0);
}


UNIT_MAIN(UNIT_TEST(test_merge), UNIT_TEST(test_recipients), UNIT_TEST(test_nested),
	  UNIT_TEST(test_forms), UNIT_TEST(test_refused))
