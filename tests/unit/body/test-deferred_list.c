/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what waits for a user. */
#include "body/deferred_list.h"

#include <errno.h>

#include "body/xml.h"
#include "lib/unit.h"

static const struct deferred_item pager = {
	.service = STR_INIT("sip:deferred@im.example.net"),
	.id = 7,
	.from = STR_INIT("sip:alice@example.net"),
	.to = STR_INIT("sip:bob@example.net"),
	.size = 812,
	.date_ms = INT64_C(1172829600000),
	.expiry_ms = INT64_C(1173434400999),
};


static void test_example(void)
{
	struct buf *b = unit_buf(4096);

	deferred_list_begin(b);
	deferred_list_put(b, &pager);
	deferred_list_end(b);
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_str(buf_str(b),
		 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<history-list xmlns=\"urn:oma:xml:im:history-list\">"
		 "<history history-reference=\"sip:deferred@im.example.net;id=7\">"
		 "<size>812</size><expiry>2007-03-09T10:00:00Z</expiry>"
		 "<date>2007-03-02T10:00:00Z</date>"
		 "<pager><time-stamp>2007-03-02T10:00:00Z</time-stamp>"
		 "<from uri=\"sip:alice@example.net\"/><to uri=\"sip:bob@example.net\"/>"
		 "<auth-id>sip:alice@example.net</auth-id></pager></history>"
		 "</history-list>\n");
}


static void test_empty(void)
{
	struct buf *b = unit_buf(4096);

	deferred_list_begin(b);
	deferred_list_end(b);
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_str(buf_str(b),
		 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<history-list xmlns=\"urn:oma:xml:im:history-list\"></history-list>\n");
}


/* Nobody in two places; a large one; one that never expires. */
static void test_variants(void)
{
	struct deferred_item i = pager;
	struct buf *b = unit_buf(4096);

	i.from = STR("");
	i.large = true;
	i.expiry_ms = 0;
	deferred_list_put(b, &i);
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_str(buf_str(b), "<history history-reference=\"sip:deferred@im.example.net;id=7\">"
			     "<size>812</size><date>2007-03-02T10:00:00Z</date>"
			     "<large><time-stamp>2007-03-02T10:00:00Z</time-stamp>"
			     "<from uri=\"sip:anonymous@anonymous.invalid\"/>"
			     "<to uri=\"sip:bob@example.net\"/></large></history>");
	buf_clear(b);
	i = pager;
	i.file = true;
	i.name = STR("a<b>.jpg");
	i.expiry_ms = 0;
	deferred_list_put(b, &i);
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_str(buf_str(b), "<history history-reference=\"sip:deferred@im.example.net;id=7\">"
			     "<size>812</size><date>2007-03-02T10:00:00Z</date>"
			     "<offline-file><time-stamp>2007-03-02T10:00:00Z</time-stamp>"
			     "<from uri=\"sip:alice@example.net\"/>"
			     "<to uri=\"sip:bob@example.net\"/>"
			     "<file-name>a&lt;b&gt;.jpg</file-name></offline-file></history>");
}


/* What a peer chose stays text: the document can be read back, and says the same. */
static void test_hostile(void)
{
	struct deferred_item i = pager;
	struct buf *b = unit_buf(4096);
	struct xml_doc *doc = NULL;
	const struct xml_node *from;
	struct str uri;

	i.from = STR("sip:\"/><from uri='x'&@example.net");
	i.service = STR("sip:a\"<b>&@example.net");
	deferred_list_begin(b);
	deferred_list_put(b, &i);
	deferred_list_end(b);
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_ok(xml_decode(&doc, buf_str(b)));
	unit_own(doc);
	from = xml_find(xml_find(xml_find(xml_root(doc), STR("history")), STR("pager")),
			STR("from"));
	assert_non_null(from);
	unit_ok(xml_value(from, STR("uri"), unit_arena(1024), &uri));
	unit_str(uri, "sip:\"/><from uri='x'&@example.net");
}


UNIT_MAIN(UNIT_TEST(test_example), UNIT_TEST(test_empty), UNIT_TEST(test_variants),
	  UNIT_TEST(test_hostile))
