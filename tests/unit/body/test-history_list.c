/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what is kept. */
#include "body/history_list.h"

#include "lib/unit.h"

#define HEAD                                                   \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"         \
	"<history-list xmlns=\"urn:oma:xml:im:history-list\" " \
	"xmlns:p=\"urn:parley:im:history\">"

static const struct history_item message = {
	.form = HISTORY_ITEM_MESSAGE,
	.reference = STR_INIT("sip:history@example.net;id=9"),
	.size = 240,
	.subject = STR_INIT("lunch & more"),
	.date_ms = INT64_C(1172829600000),
	.expiry_ms = INT64_C(1173434400000),
	.from = STR_INIT("sip:alice@example.net"),
	.from_name = STR_INIT("Alice"),
	.to = STR_INIT("sip:bob@example.net"),
	.kind = STR_INIT("pager"),
	.content_type = STR_INIT("text/plain"),
	.text = STR_INIT("shall we <meet>?"),
	.has_direction = true,
	.outgoing = true,
};


static void test_message(void)
{
	struct arena *a = unit_arena(65536);
	struct buf *b = unit_buf(8192);
	struct history_list l;

	history_list_begin(b);
	history_list_put(b, &message);
	history_list_end(b, STR("sip:history@example.net;after=9"));
	unit_buf_is(b, HEAD
		    "<history history-reference=\"sip:history@example.net;id=9\" p:kind=\"pager\" "
		    "p:direction=\"sent\" p:type=\"text/plain\"><size>240</size>"
		    "<expiry>2007-03-09T10:00:00Z</expiry><subject>lunch &amp; more</subject>"
		    "<date>2007-03-02T10:00:00Z</date><pager>"
		    "<time-stamp>2007-03-02T10:00:00Z</time-stamp>"
		    "<from uri=\"sip:alice@example.net\" display-name=\"Alice\"/>"
		    "<to uri=\"sip:bob@example.net\"/><auth-id>sip:alice@example.net</auth-id>"
		    "</pager><p:text>shall we &lt;meet&gt;?</p:text></history>"
		    "<p:next>sip:history@example.net;after=9</p:next></history-list>\n");
	unit_ok(history_list_decode(&l, buf_str(b), a));
	assert_int_equal(l.n, 1);
	unit_str(l.next, "sip:history@example.net;after=9");
	unit_str(l.item[0].reference, "sip:history@example.net;id=9");
	unit_str(l.item[0].subject, "lunch & more");
	unit_str(l.item[0].from, "sip:alice@example.net");
	unit_str(l.item[0].from_name, "Alice");
	unit_str(l.item[0].to, "sip:bob@example.net");
	unit_str(l.item[0].kind, "pager");
	unit_str(l.item[0].content_type, "text/plain");
	unit_str(l.item[0].text, "shall we <meet>?");
	assert_true(l.item[0].has_direction && l.item[0].outgoing && !l.item[0].incomplete);
	assert_true(l.item[0].date_ms == message.date_ms);
	assert_true(l.item[0].expiry_ms == message.expiry_ms);
	assert_int_equal(l.item[0].size, 240);
}


static void test_session_and_file(void)
{
	struct arena *a = unit_arena(65536);
	struct buf *b = unit_buf(8192);
	struct history_list l;

	history_list_begin(b);
	history_list_put(b, &(struct history_item){.form = HISTORY_ITEM_SESSION,
						   .reference = STR("sip:h@x;conversation=4"),
						   .start_ms = INT64_C(1172829600000),
						   .end_ms = INT64_C(1172830800000),
						   .date_ms = INT64_C(1172830800000),
						   .from = STR("sip:a@x"),
						   .to = STR("sip:b@x"),
						   .messages = 12});
	history_list_put(b, &(struct history_item){.form = HISTORY_ITEM_FILE,
						   .reference = STR("sip:d@x;id=5"),
						   .name = STR("map.jpg"),
						   .from = STR("sip:a@x"),
						   .incomplete = true});
	history_list_end(b, STR(""));
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_ok(history_list_decode(&l, buf_str(b), a));
	assert_int_equal(l.n, 2);
	unit_str(l.next, "");
	assert_int_equal(l.item[0].form, HISTORY_ITEM_SESSION);
	assert_true(l.item[0].start_ms == INT64_C(1172829600000));
	assert_true(l.item[0].end_ms == INT64_C(1172830800000));
	assert_int_equal(l.item[0].messages, 12);
	unit_str(l.item[0].from, "sip:a@x");
	unit_str(l.item[0].to, "sip:b@x");
	assert_int_equal(l.item[1].form, HISTORY_ITEM_FILE);
	unit_str(l.item[1].name, "map.jpg");
	assert_true(l.item[1].incomplete);
}


/* The examples of the digest, e4 and e5, and a URI as text. */
static void test_of_others(void)
{
	static const char text[] =
		"<?xml version=\"1.0\"?><history-list xmlns=\"urn:oma:xml:im:deferred-list\">"
		"<history history-reference=\"sip:deferred@im.example.net;id=9c41d3\">"
		"<size>0</size><date>2007-03-02T11:30:00Z</date>"
		"<pre-defined-group-invitation><time-stamp>2007-03-02T11:30:00Z</time-stamp>"
		"<from>sip:alice@example.net</from><to uri=\"sip:bob@example.net\"/>"
		"<group-id>sip:hikers@groups.example.net</group-id>"
		"</pre-defined-group-invitation></history>"
		"<history history-reference=\"sip:history@im.example.net;id=51aa01\">"
		"<size>4096</size><conference><time-start>2007-03-02T10:00:00Z</time-start>"
		"<conf-list><entry uri=\"sip:alice@example.net\" display-name=\"Alice\"/>"
		"<entry uri=\"sip:bob@example.net\"/></conf-list></conference></history>"
		"<history history-reference=\"sip:d@x;id=1\"><large>"
		"<time-stamp>2007-03-02T10:00:00Z</time-stamp></large></history></history-list>";
	struct arena *a = unit_arena(65536);
	struct history_list l;

	unit_ok(history_list_decode(&l, str_of(text), a));
	assert_int_equal(l.n, 3);
	assert_int_equal(l.item[0].form, HISTORY_ITEM_INVITED);
	unit_str(l.item[0].from, "sip:alice@example.net");
	unit_str(l.item[0].name, "sip:hikers@groups.example.net");
	assert_false(l.item[0].has_direction);
	assert_int_equal(l.item[1].form, HISTORY_ITEM_SESSION);
	unit_str(l.item[1].from_name, "Alice");
	assert_true(l.item[2].date_ms == INT64_C(1172829600000));
}


static void test_refused(void)
{
	static const char *const rows[] = {
		"",
		"<history-list",
		"<other/>",
		"<history-list><history/></history-list>",
		"<history-list><history history-reference=\"sip:a@b\"/></history-list>",
		"<history-list><history><pager/></history></history-list>",
		"<history-list><history history-reference=\"a\"><size>x</size><pager/></history>"
		"</history-list>",
		"<history-list><history history-reference=\"a\"><date>soon</date><pager/></history>"
		"</history-list>",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = unit_arena(65536);
		struct history_list l;
		int err = history_list_decode(&l, str_of(rows[i]), a);

		unit_case("%s", rows[i]);
		unit_must(err == -EBADMSG);
	}
}


static void test_ceiling(void)
{
	struct arena *a = unit_arena(1 << 20);
	struct buf *b = unit_buf(1 << 20);
	struct history_list l;

	buf_puts(b, STR("<history-list>"));
	for (size_t i = 0; i <= HISTORY_LIST_MAX; i++)
		buf_puts(b, STR("<history history-reference=\"a\"><pager/></history>"));
	buf_puts(b, STR("</history-list>"));
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_must(history_list_decode(&l, buf_str(b), a) != 0);
}


/* Of a long text the beginning, whole characters of it. */
static void test_text_is_cut(void)
{
	struct history_item i = message;
	struct arena *a = unit_arena(65536);
	struct buf *b = unit_buf(65536), *long_text = unit_buf(4096);
	struct history_list l;

	buf_putc(long_text, 'x');
	while (long_text->n < 2 * HISTORY_LIST_TEXT_MAX && !long_text->failed)
		buf_puts(long_text, STR("é"));
	unit_ok(long_text->failed ? -ENOMEM : 0);
	i.text = buf_str(long_text);
	history_list_begin(b);
	history_list_put(b, &i);
	history_list_end(b, STR(""));
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_ok(history_list_decode(&l, buf_str(b), a));
	assert_int_equal(l.item[0].text.n, HISTORY_LIST_TEXT_MAX - 1);
}


UNIT_MAIN(UNIT_TEST(test_message), UNIT_TEST(test_session_and_file), UNIT_TEST(test_of_others),
	  UNIT_TEST(test_refused), UNIT_TEST(test_ceiling), UNIT_TEST(test_text_is_cut))
