/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a conference. */
#include "body/conference_info.h"

#include "lib/unit.h"

#define ROOT "<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\""


static struct conference_info decode(const char *text)
{
	struct conference_info i;

	unit_ok(conference_info_decode(&i, str_of(text), unit_arena(1 << 20)));
	return i;
}


static const char full[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" ROOT
	" entity=\"sip:Session_7f3a@im.example.net\" state=\"full\" version=\"1\">\n"
	"<conference-description><subject>Sunday tour</subject>"
	"<maximum-user-count>20</maximum-user-count></conference-description>\n"
	"<conference-state><user-count>2</user-count><active>true</active></conference-state>\n"
	"<users state=\"full\">\n"
	"<user entity=\"sip:alice@example.net\" state=\"full\" yourown=\"true\">"
	"<display-text>Alice</display-text><roles><entry>organizer</entry></roles>"
	"<endpoint entity=\"sip:alice@192.0.2.1\" state=\"full\"><status>connected</status>"
	"<joining-method>dialed-in</joining-method>"
	"<joining-info><when>2005-03-04T20:00:00Z</when></joining-info>"
	"<media id=\"1\"><type>message</type><status>sendrecv</status></media></endpoint></user>\n"
	"<user entity=\"sip:bob@example.net\" state=\"full\"><display-text>Bob</display-text>"
	"<endpoint entity=\"sip:bob@192.0.2.2\" state=\"full\"><status>pending</status>"
	"<joining-method>dialed-out</joining-method></endpoint></user>\n"
	"</users>\n</conference-info>\n";


/* Digest e7, the first document: read, and written again byte for byte. */
static void test_full(void)
{
	struct conference_info i = decode(full);
	struct buf *out = unit_buf(8192);
	const struct conference_endpoint *p;

	unit_str(i.head.entity, "sip:Session_7f3a@im.example.net");
	assert_int_equal(i.head.change, CONFERENCE_FULL);
	assert_int_equal(i.head.version, 1);
	assert_true(i.described);
	unit_str(i.description.subject, "Sunday tour");
	assert_int_equal(i.description.maximum_user_count, 20);
	assert_true(i.state.user_count_said);
	assert_int_equal(i.state.user_count, 2);
	assert_int_equal(i.state.active, CONFERENCE_TRUE);
	assert_int_equal(i.state.locked, CONFERENCE_UNSAID);
	assert_true(i.listed);
	assert_int_equal(i.users_n, 2);
	assert_true(i.users[0].own);
	assert_false(i.users[1].own);
	unit_str(i.users[0].display_text, "Alice");
	assert_int_equal(i.users[0].roles_n, 1);
	unit_str(i.users[0].roles[0], "organizer");
	assert_int_equal(i.users[0].endpoints_n, 1);
	p = &i.users[0].endpoints[0];
	unit_str(p->entity, "sip:alice@192.0.2.1");
	assert_int_equal(p->status, CONFERENCE_CONNECTED);
	assert_int_equal(p->joining, CONFERENCE_DIALED_IN);
	assert_int_equal(p->leaving, CONFERENCE_LEAVING_UNSAID);
	assert_true(p->joined.when_ms == 1109966400000);
	assert_int_equal(p->media_n, 1);
	unit_str(p->media[0].id, "1");
	unit_str(p->media[0].type, "message");
	assert_true(p->media[0].direction_said);
	assert_int_equal(p->media[0].direction, SDP_SENDRECV);
	assert_int_equal(i.users[1].endpoints[0].status, CONFERENCE_PENDING);
	assert_int_equal(i.users[1].endpoints[0].media_n, 0);

	conference_info_encode(out, &i);
	unit_buf_is(out, full);
}


/* Digest e7, the second: Bob leaves; the way a focus writes it. */
static void test_partial(void)
{
	const struct conference_head head = {.entity = STR("sip:a&b@h"),
					     .change = CONFERENCE_PARTIAL,
					     .version = 4294967295u};
	const struct conference_endpoint gone = {
		.entity = STR("sip:bob@192.0.2.2"),
		.status = CONFERENCE_DISCONNECTED,
		.leaving = CONFERENCE_FAILED,
		.left = {.reason = STR("SIP;cause=603;text=\"Decline\""),
			 .by = STR("sip:bob@example.net")},
	};
	const struct conference_user bob = {.entity = STR("sip:bob@example.net"),
					    .change = CONFERENCE_PARTIAL,
					    .endpoints = &gone,
					    .endpoints_n = 1};
	const struct conference_user eve = {.entity = STR("sip:eve@example.net"),
					    .change = CONFERENCE_DELETED};
	struct buf *out = unit_buf(4096);
	struct conference_info i;

	conference_info_begin(out, &head);
	conference_info_users_begin(out, CONFERENCE_PARTIAL);
	conference_info_put_user(out, &bob);
	conference_info_put_user(out, &eve);
	conference_info_users_end(out);
	conference_info_end(out);
	unit_buf_is(out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" ROOT
		    " entity=\"sip:a&amp;b@h\" state=\"partial\" version=\"4294967295\">\n"
		    "<users state=\"partial\">\n"
		    "<user entity=\"sip:bob@example.net\" state=\"partial\">"
		    "<endpoint entity=\"sip:bob@192.0.2.2\" state=\"full\">"
		    "<status>disconnected</status>"
		    "<disconnection-method>failed</disconnection-method>"
		    "<disconnection-info><reason>SIP;cause=603;text=&quot;Decline&quot;</reason>"
		    "<by>sip:bob@example.net</by></disconnection-info></endpoint></user>\n"
		    "<user entity=\"sip:eve@example.net\" state=\"deleted\"></user>\n"
		    "</users>\n</conference-info>\n");
	unit_ok(conference_info_decode(&i, buf_str(out), unit_arena(65536)));
	unit_str(i.head.entity, "sip:a&b@h");
	assert_false(i.described);
	assert_int_equal(i.users_change, CONFERENCE_PARTIAL);
	assert_int_equal(i.users[0].change, CONFERENCE_PARTIAL);
	assert_int_equal(i.users[0].endpoints[0].leaving, CONFERENCE_FAILED);
	unit_str(i.users[0].endpoints[0].left.reason, "SIP;cause=603;text=\"Decline\"");
	assert_int_equal(i.users[1].change, CONFERENCE_DELETED);
	assert_int_equal(i.users[1].endpoints_n, 0);
}


/* Any prefix; unknown elements and values; users without a key; the end. */
static void test_forms(void)
{
	struct conference_info i = decode(
		"<c:conference-info xmlns:c='urn:ietf:params:xml:ns:conference-info'"
		" xmlns:x='urn:x' entity='sip:c@h' version='7'>"
		"<c:host-info><c:display-text>no</c:display-text></c:host-info>"
		"<c:conference-state><c:locked>1</c:locked><c:active>0</c:active>"
		"</c:conference-state>"
		"<c:users><c:user><c:display-text>nobody</c:display-text></c:user>"
		"<c:user entity='sip:a@h' x:yourown='1'><c:endpoint entity='e'>"
		"<c:status>dreaming</c:status><c:media id='1'/></c:endpoint>"
		"<c:endpoint entity='f' state='deleted'><c:status>muted-via-focus</c:status>"
		"<c:joining-method>focus-owner</c:joining-method></c:endpoint></c:user></c:users>"
		"<x:new/></c:conference-info>");

	assert_int_equal(i.head.change, CONFERENCE_FULL);
	assert_false(i.described);
	assert_int_equal(i.state.locked, CONFERENCE_TRUE);
	assert_int_equal(i.state.active, CONFERENCE_FALSE);
	assert_false(i.state.user_count_said);
	assert_int_equal(i.users_n, 1);
	assert_true(i.users[0].own);
	assert_int_equal(i.users[0].endpoints_n, 2);
	assert_int_equal(i.users[0].endpoints[0].status, CONFERENCE_STATUS_UNSAID);
	assert_false(i.users[0].endpoints[0].media[0].direction_said);
	assert_int_equal(i.users[0].endpoints[1].status, CONFERENCE_MUTED_VIA_FOCUS);
	assert_int_equal(i.users[0].endpoints[1].joining, CONFERENCE_FOCUS_OWNER);
	assert_int_equal(i.users[0].endpoints[1].change, CONFERENCE_DELETED);

	i = decode(ROOT " entity='sip:c@h' state='deleted' version='8'/>");
	assert_int_equal(i.head.change, CONFERENCE_DELETED);
	assert_false(i.listed);
}


static void test_refused(void)
{
	static const char *const rows[] = {
		"<x/>",
		ROOT " entity='sip:c@h'/>",
		ROOT " entity='sip:c@h' version='x'/>",
		ROOT " entity='sip:c@h' version='4294967296'/>",
		ROOT " entity='sip:c@h' version='1' state='perhaps'/>",
		ROOT " version='1'><users state='some'/></conference-info>",
		ROOT " version='1'><users><user entity='a' state=''/></users></conference-info>",
		ROOT " version='1'><conference-state><user-count>many</user-count>"
		     "</conference-state></conference-info>",
		ROOT " version='1'><users></conference-info>",
		"<!DOCTYPE x><conference-info version='1'/>",
	};
	struct conference_info i;

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		unit_case("%s", rows[k]);
		unit_must(conference_info_decode(&i, str_of(rows[k]), unit_arena(65536)) ==
			  -EBADMSG);
	}
}


static void repeat(struct buf *b, const char *before, const char *what, size_t n, const char *after)
{
	buf_clear(b);
	buf_puts(b, STR(ROOT " version='1'><users>"));
	buf_puts(b, str_of(before));
	while (n--)
		buf_puts(b, str_of(what));
	buf_puts(b, str_of(after));
	buf_puts(b, STR("</users></conference-info>"));
}


static void test_ceilings(void)
{
	static const struct {
		const char *before, *what, *after;
		size_t max;
	} rows[] = {
		{"", "<user entity='a'/>", "", CONFERENCE_USERS_MAX},
		{"<user entity='a'>", "<endpoint/>", "</user>", CONFERENCE_ENDPOINTS_MAX},
		{"<user entity='a'><endpoint>", "<media/>", "</endpoint></user>",
		 CONFERENCE_MEDIA_MAX},
		{"<user entity='a'><roles>", "<entry/>", "</roles></user>", CONFERENCE_ROLES_MAX},
	};
	struct buf *b = unit_buf(1 << 20);
	struct conference_info i;

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		unit_case("%s", rows[k].what);
		repeat(b, rows[k].before, rows[k].what, rows[k].max, rows[k].after);
		unit_ok(conference_info_decode(&i, buf_str(b), unit_arena(4 << 20)));
		repeat(b, rows[k].before, rows[k].what, rows[k].max + 1, rows[k].after);
		unit_must(conference_info_decode(&i, buf_str(b), unit_arena(4 << 20)) == -ENOBUFS);
	}
	unit_must(conference_info_decode(&i, str_of(full), unit_arena(300)) == -ENOBUFS);
}


/* RFC 4575 4.6 */
static void test_next(void)
{
	static const struct {
		enum conference_change change;
		uint32_t version, last;
		bool known;
		enum conference_step step;
	} rows[] = {
		{CONFERENCE_FULL, 5, 0, false, CONFERENCE_REPLACE},
		{CONFERENCE_FULL, 0, 0, false, CONFERENCE_REPLACE},
		{CONFERENCE_FULL, 0, 0, true, CONFERENCE_DISCARD},
		{CONFERENCE_FULL, 5, 5, true, CONFERENCE_DISCARD},
		{CONFERENCE_FULL, 4, 5, true, CONFERENCE_DISCARD},
		{CONFERENCE_FULL, 9, 5, true, CONFERENCE_REPLACE},
		{CONFERENCE_PARTIAL, 1, 0, false, CONFERENCE_REFRESH},
		{CONFERENCE_PARTIAL, 6, 5, true, CONFERENCE_UPDATE},
		{CONFERENCE_PARTIAL, 7, 5, true, CONFERENCE_REFRESH},
		{CONFERENCE_PARTIAL, 5, 5, true, CONFERENCE_DISCARD},
		{CONFERENCE_PARTIAL, 0, 4294967295u, true, CONFERENCE_DISCARD},
		{CONFERENCE_DELETED, 7, 5, true, CONFERENCE_ENDED},
		{CONFERENCE_DELETED, 1, 0, false, CONFERENCE_ENDED},
		{CONFERENCE_DELETED, 5, 5, true, CONFERENCE_DISCARD},
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		const struct conference_head h = {.change = rows[k].change,
						  .version = rows[k].version};

		unit_case("row %zu", k);
		assert_int_equal(conference_info_next(&h, rows[k].known, rows[k].last),
				 rows[k].step);
	}
}


static void test_names(void)
{
	unit_str(conference_status_name(CONFERENCE_DIALING_OUT), "dialing-out");
	unit_str(conference_status_name(CONFERENCE_STATUS_UNSAID), "");
	unit_str(conference_joining_name(CONFERENCE_DIALED_OUT), "dialed-out");
	unit_str(conference_leaving_name(CONFERENCE_BOOTED), "booted");
}


UNIT_MAIN(UNIT_TEST(test_full), UNIT_TEST(test_partial), UNIT_TEST(test_forms),
	  UNIT_TEST(test_refused), UNIT_TEST_PLAIN(test_ceilings), UNIT_TEST(test_next),
	  UNIT_TEST(test_names))
