/* SPDX-License-Identifier: Apache-2.0 */
/* To whom a large message to many goes, and in whose name. */
#include <string.h>

#include "im/controlling/large_group_state.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"

static struct world {
	struct virtual_loop *vl;
	struct controlling c;
	struct str domain;
	struct large_group g;
	struct sip_msg m;
	struct im_request r;
} w;


static void close_world(void *arg)
{
	(void)arg;
	arena_done(&w.g.arena);
	w.vl = mem_unref(w.vl);
}


static void open_world(const char *more)
{
	struct buf *b = unit_buf(4096);

	memset(&w, 0, sizeof(w));
	unit_defer(close_world, NULL);
	w.vl = unit_ptr(virtual_loop_alloc(1));
	w.domain = STR("example.org");
	w.c.loop = virtual_loop_base(w.vl);
	w.c.addresses = (struct im_addresses){.domains = &w.domain, .domains_n = 1};
	w.g.c = &w.c;
	w.g.arena = (struct arena)ARENA_INIT(1 << 20);
	buf_printf(b,
		   "INVITE sip:g@example.org SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n"
		   "Max-Forwards: 70\r\nFrom: \"Alice \\\"A\\\"\" <sip:alice@example.org>;tag=1\r\n"
		   "To: <sip:g@example.org>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n%s"
		   "Content-Length: 0\r\n\r\n",
		   more);
	unit_must(!b->failed);
	unit_must(sip_msg_decode(&w.m, buf_str(b), true) == SIP_DECODE_OK);
	w.r = (struct im_request){.m = &w.m, .originator = STR("sip:alice@example.org")};
}


static bool headers_have(const char *text)
{
	return str_find_str(w.g.what.headers, str_of(text)) >= 0;
}


/* ---- To whom ---- */

static const struct group_member members[] = {
	{.uri = STR_INIT("sip:alice@example.org"), .canonical = STR_INIT("sip:alice@example.org")},
	{.uri = STR_INIT("tel:+1555"), .canonical = STR_INIT("sip:+1555@example.org")},
	{.uri = STR_INIT("http://nobody/")},
	{.uri = STR_INIT("sip:g@example.org"), .canonical = STR_INIT("sip:g@example.org")},
	{.uri = STR_INIT("sip:bob@example.org"), .canonical = STR_INIT("sip:bob@example.org")},
};


static void test_group(void)
{
	struct group g = {.canonical = STR("sip:g@example.org"),
			  .members = members,
			  .members_n = 5};

	open_world("Subject: news\r\nPriority: urgent\r\nX-Other: no\r\n");
	unit_ok(large_group_address(&w.g, &(struct large_group_params){.r = &w.r, .group = &g}));
	assert_int_equal(w.g.what.kind, MAILING_GROUP);
	assert_int_equal(w.g.what.flags, MAILING_LARGE);
	unit_str(w.g.what.sender, "sip:alice@example.org");
	unit_str(w.g.what.group, "sip:g@example.org");
	unit_str(w.g.what.call_id, "c1");
	unit_str(w.g.what.from, "\"Alice \\\"A\\\"\" <sip:alice@example.org>");
	/* Neither the sender, nor who cannot be sent anything, nor the group itself. */
	assert_int_equal(w.g.what.recipients_n, 2);
	unit_str(w.g.what.recipient[0].uri, "tel:+1555");
	unit_str(w.g.what.recipient[0].who, "sip:+1555@example.org");
	unit_str(w.g.what.recipient[1].uri, "sip:bob@example.org");
	assert_int_equal(w.g.what.recipient[1].position, 1);
	assert_true(headers_have("Subject: news\r\n"));
	assert_true(headers_have("Priority: urgent\r\n"));
	assert_true(headers_have("Referred-By: <sip:alice@example.org>\r\n"));
	assert_true(headers_have("+g.oma.sip-im.large-message\r\n"));
	assert_false(headers_have("X-Other"));
}


static void test_hides(void)
{
	struct group g = {.canonical = STR("sip:g@example.org"),
			  .members = members,
			  .members_n = 5};

	open_world("Privacy: id\r\n");
	w.r.anonymous = true;
	unit_ok(large_group_address(&w.g, &(struct large_group_params){.r = &w.r, .group = &g}));
	assert_int_equal(w.g.what.flags, MAILING_LARGE | MAILING_ANONYMOUS);
	assert_true(headers_have("Privacy: id\r\n"));
	assert_false(headers_have("Referred-By"));
}


static void test_list(void)
{
	struct adhoc_invitee invitees[] = {
		{.who = STR("sip:bob@example.org"), .uri = STR("sip:bob@example.org;x=1")}};
	struct adhoc list = {.invitees = invitees, .n = 1};

	open_world("");
	unit_ok(large_group_address(&w.g, &(struct large_group_params){.r = &w.r, .list = &list}));
	assert_int_equal(w.g.what.kind, MAILING_LIST);
	assert_int_equal(w.g.what.group.n, 0);
	unit_str(w.g.what.recipient[0].uri, "sip:bob@example.org;x=1");
	assert_false(headers_have("Referred-By"));
}


static void test_nobody(void)
{
	struct group g = {.canonical = STR("sip:g@example.org"),
			  .members = members,
			  .members_n = 1};

	open_world("");
	unit_must(large_group_address(&w.g, &(struct large_group_params){.r = &w.r, .group = &g}) ==
		  -ENOENT);
}


static void test_too_many(void)
{
	static struct group_member many[STORE_MAILING_RECIPIENTS_MAX + 1];
	struct group g = {.canonical = STR("sip:g@example.org"),
			  .members = many,
			  .members_n = STORE_MAILING_RECIPIENTS_MAX + 1};

	for (size_t i = 0; i < g.members_n; i++)
		many[i] = members[4];
	open_world("");
	unit_must(large_group_address(&w.g, &(struct large_group_params){.r = &w.r, .group = &g}) ==
		  -ENOBUFS);
}


/* ---- What it says of itself ---- */

static void test_judge(void)
{
	static const struct {
		const char *head;
		bool hides;
		uint16_t status;
		const char *id;
	} rows[] = {
		{"From: <sip:alice@example.org>\r\nTo: <sip:g@example.org>\r\n"
		 "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m1\r\n\r\n"
		 "Content-type: text/plain\r\n\r\n",
		 false, 0, "m1"},
		{"From: Alice <sip:ALICE%40x@example.org>\r\n\r\nContent-type: text/plain\r\n\r\n",
		 false, 403, ""},
		{"From: <sip:alice@Example.ORG;transport=tcp>\r\n\r\nContent-type: "
		 "text/plain\r\n\r\n",
		 false, 0, ""},
		{"From: <sip:bob@example.org>\r\n\r\nContent-type: text/plain\r\n\r\n", false, 403,
		 ""},
		{"From: <sip:anonymous@anonymous.invalid>\r\n\r\nContent-type: text/plain\r\n\r\n",
		 true, 0, ""},
		/* Who hides must not give themself away. */
		{"From: <sip:alice@example.org>\r\n\r\nContent-type: text/plain\r\n\r\n", true, 403,
		 ""},
		{"To: <sip:g@example.org>\r\n\r\nContent-type: text/plain\r\n\r\n", false, 0, ""},
		{"no header at all\r\n\r\n\r\n", false, 400, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint16_t status;

		open_world("");
		w.g.what.sender = STR("sip:alice@example.org");
		w.g.what.flags = rows[i].hides ? MAILING_ANONYMOUS : 0;
		status = large_group_judge(&w.g, str_of(rows[i].head));
		if (status != rows[i].status)
			unit_must(0);
		unit_must(!rows[i].id[0] || str_eq(w.g.what.message_id, str_of(rows[i].id)));
		close_world(NULL);
	}
}


/* RFC 5438 8.2: of who wants to hear of failures the head is at hand, as long as the mailing is. */
static void test_negative(void)
{
	static const struct {
		const char *imdn;
		bool wanted;
	} rows[] = {
		{"imdn.Message-ID: m1\r\nimdn.Disposition-Notification: negative-delivery\r\n",
		 true},
		{"imdn.Message-ID: m1\r\nimdn.Disposition-Notification: positive-delivery, "
		 "negative-delivery\r\n",
		 true},
		{"imdn.Message-ID: m1\r\nimdn.Disposition-Notification: positive-delivery\r\n",
		 false},
		{"imdn.Message-ID: m1\r\n", false},
		{"imdn.Disposition-Notification: negative-delivery\r\n", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *head = unit_buf(1024);

		buf_printf(head,
			   "From: <sip:alice@example.org>\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
			   "%s\r\nContent-type: text/plain\r\n\r\n",
			   rows[i].imdn);
		unit_must(!head->failed);
		open_world("");
		w.g.what.sender = STR("sip:alice@example.org");
		w.g.what.flags = MAILING_LARGE;
		unit_must(large_group_judge(&w.g, buf_str(head)) == 0);
		assert_int_equal(w.g.what.flags,
				 MAILING_LARGE | (rows[i].wanted ? MAILING_NEGATIVE : 0));
		unit_must(str_eq(w.g.what.body, rows[i].wanted ? buf_str(head) : STR("")));
		close_world(NULL);
	}
}


UNIT_MAIN(UNIT_TEST(test_group), UNIT_TEST(test_hides), UNIT_TEST(test_list),
	  UNIT_TEST(test_nobody), UNIT_TEST(test_too_many), UNIT_TEST(test_judge),
	  UNIT_TEST(test_negative))
