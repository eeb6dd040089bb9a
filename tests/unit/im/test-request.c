/* SPDX-License-Identifier: Apache-2.0 */
/* Classification: one table of requests and what they are. */

#include "im/request.h"

#include "lib/unit.h"

static const struct str domains[] = {STR_INIT("example.org"), STR_INIT("second.example")};
static const struct im_addresses ours = {
	.domains = domains,
	.domains_n = 2,
	.exploder = STR_INIT("sip:exploder@example.org"),
	.deferred = STR_INIT("sip:deferred@example.org"),
	.history = STR_INIT("sip:history@example.org"),
	.system_message = STR_INIT("sip:system@example.org"),
	.factory = STR_INIT("sip:conference-factory@example.org"),
};

#define SDP(more)                                                                   \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n" \
	"m=message 2855 TCP/MSRP "                                                  \
	"*\r\na=accept-types:text/plain\r\na=path:msrp://192.0.2.7:2855/x;tcp\r\n" more

struct row {
	const char *what, *method, *uri, *headers, *body;
	enum im_kind kind;
};

static const struct row rows[] = {
	{"a pager message", "MESSAGE", "sip:bob@example.org", "Content-Type: text/plain\r\n", "hi",
	 IM_PAGER},
	{"without any body", "MESSAGE", "sip:bob@example.org", "", "", IM_PAGER},
	{"in CPIM", "MESSAGE", "sip:bob@example.org", "Content-Type: message/cpim\r\n", "x",
	 IM_PAGER},
	{"to the exploder", "MESSAGE", "sip:exploder@example.org",
	 "Content-Type: multipart/mixed;boundary=b\r\n", "x", IM_PAGER_LIST},
	{"with a recipient list", "MESSAGE", "sip:bob@example.org",
	 "Require: recipient-list-message\r\n", "x", IM_PAGER_LIST},
	{"isComposing", "MESSAGE", "sip:bob@example.org",
	 "Content-Type: application/im-iscomposing+xml\r\n", "x", IM_COMPOSING},
	{"a notification", "MESSAGE", "sip:bob@example.org", "Content-Type: message/IMDN+xml\r\n",
	 "x", IM_NOTIFICATION},
	{"a group advertisement", "MESSAGE", "sip:bob@example.org",
	 "Content-Type: application/vnd.poc.group-advertisement+xml\r\n", "x", IM_ADVERTISEMENT},
	{"a system message by its tag", "MESSAGE", "sip:bob@example.org",
	 "Accept-Contact: *;+g.oma.sip-im.system-message\r\n", "x", IM_SYSTEM},
	{"an answer to one, by its address", "MESSAGE", "sip:system@example.org", "", "x",
	 IM_SYSTEM},

	/* 6.1.1.2.1 step 1: the tag, in Accept-Contact or Contact, any case, any form; no longer or shorter name */
	{"large, in Accept-Contact", "INVITE", "sip:bob@example.org",
	 "Accept-Contact: *;+g.oma.sip-im;+g.oma.sip-im.large-message\r\n", SDP(""), IM_LARGE},
	{"large, its second value", "INVITE", "sip:bob@example.org",
	 "Accept-Contact: *;+g.oma.sip-im\r\na: *;+g.oma.sip-im.large-message;require\r\n", SDP(""),
	 IM_LARGE},
	{"large, in Contact alone", "INVITE", "sip:bob@example.org",
	 "Contact: <sip:alice@192.0.2.7>;+g.oma.sip-im.large-message\r\n", SDP(""), IM_LARGE},
	{"large, in capitals", "INVITE", "sip:bob@example.org",
	 "Accept-Contact: *;+G.OMA.SIP-IM.LARGE-MESSAGE\r\n", SDP(""), IM_LARGE},
	{"large, with a value", "INVITE", "sip:bob@example.org",
	 "Accept-Contact: *;+g.oma.sip-im.large-message=\"TRUE\"\r\n", SDP(""), IM_LARGE},
	{"a longer tag is another", "INVITE", "sip:bob@example.org",
	 "Accept-Contact: *;+g.oma.sip-im.large-messagex\r\n", SDP(""), IM_SESSION},
	{"the IM tag alone", "INVITE", "sip:bob@example.org", "Accept-Contact: *;+g.oma.sip-im\r\n",
	 SDP(""), IM_SESSION},
	{"the tag inside the URI is no tag", "INVITE", "sip:bob@example.org",
	 "Contact: <sip:alice@192.0.2.7;+g.oma.sip-im.large-message>\r\n", SDP(""), IM_SESSION},

	{"a session by its media", "INVITE", "sip:bob@example.org", "", SDP(""), IM_SESSION},
	{"a file", "INVITE", "sip:bob@example.org", "Accept-Contact: *;+g.oma.sip-im\r\n",
	 SDP("a=file-selector:name:\"a.png\" type:image/png size:10\r\n"), IM_FILE},
	{"large before file", "INVITE", "sip:bob@example.org",
	 "Accept-Contact: *;+g.oma.sip-im.large-message\r\n", SDP("a=file-selector:size:10\r\n"),
	 IM_LARGE},
	{"a call is not ours", "INVITE", "sip:bob@example.org", "",
	 "v=0\r\nm=audio 4000 RTP/AVP 0\r\n", IM_OTHER},
	{"a call of a client that can chat", "INVITE", "sip:bob@example.org",
	 "Contact: <sip:alice@192.0.2.7>;+g.oma.sip-im\r\n", "v=0\r\nm=audio 4000 RTP/AVP 0\r\n",
	 IM_OTHER},
	{"what it offers comes later", "INVITE", "sip:bob@example.org",
	 "Accept-Contact: *;+g.oma.sip-im\r\n", "", IM_SESSION},
	{"retrieval of history", "INVITE", "sip:history@example.org", "", SDP(""), IM_RETRIEVAL},
	{"retrieval of deferred messages", "INVITE", "sip:deferred@example.org", "", SDP(""),
	 IM_RETRIEVAL},
	{"a subscription", "SUBSCRIBE", "sip:bob@example.org", "Event: conference\r\n", "",
	 IM_SUBSCRIPTION},
	{"a referral", "REFER", "sip:bob@example.org", "Refer-To: <sip:c@example.org>\r\n", "",
	 IM_REFERRAL},
	{"anything else", "OPTIONS", "sip:bob@example.org", "", "", IM_OTHER},
};

struct made {
	struct buf text;
	struct sip_msg m;
	struct im_request r;
};


static struct im_request *classified(struct made *k, const struct row *row)
{
	buf_fixed(&k->text, unit_storage(8192), 8192);
	buf_printf(&k->text,
		   "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nFrom: "
		   "<sip:alice@example.org>;tag=1\r\n"
		   "To: <%s>\r\nCall-ID: 1\r\nCSeq: 1 %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		   row->method, row->uri, row->uri, row->method, row->headers, strlen(row->body),
		   row->body);
	assert_false(k->text.failed);
	assert_int_equal(sip_msg_decode(&k->m, buf_str(&k->text), false), SIP_DECODE_OK);
	memset(&k->r, 0, sizeof(k->r));
	k->r.m = &k->m;
	im_request_classify(&k->r, &ours);
	return &k->r;
}


static void test_kinds(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct made k;
		const struct im_request *r = classified(&k, &rows[i]);

		if (r->kind != rows[i].kind)
			fail_msg("%s: " STR_FMT " instead of " STR_FMT, rows[i].what,
				 STR_ARG(im_kind_name(r->kind)),
				 STR_ARG(im_kind_name(rows[i].kind)));
	}
}


static void test_recipient(void)
{
	static const struct {
		const char *uri, *aor;
		bool uri_ours, served;
	} people[] = {
		{"sip:bob@example.org", "sip:bob@example.org", false, true},
		{"sip:bob@EXAMPLE.org:5060;transport=tcp", "sip:bob@example.org", false, true},
		{"sip:bob@second.example", "sip:bob@second.example", false, true},
		{"sips:bob@example.org", "sip:bob@example.org", false, true},
		{"tel:+1-555-000-2222", "sip:+15550002222@example.org", false, true},
		{"sip:bob@elsewhere.example", "sip:bob@elsewhere.example", false, false},
		{"sip:bob@192.0.2.1", "sip:bob@example.org", true, true},
		{"sip:bob@192.0.2.9", "sip:bob@192.0.2.9", false, false},
	};

	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
		struct row row = {"", "MESSAGE", people[i].uri, "", "", IM_PAGER};
		struct made k;

		(void)classified(&k, &row);
		k.r.route.uri_ours = people[i].uri_ours;
		im_request_classify(&k.r, &ours);
		if (!str_eq(k.r.recipient, str_of(people[i].aor)) ||
		    k.r.recipient_served != people[i].served)
			fail_msg("%s: " STR_FMT ", %sserved", people[i].uri, STR_ARG(k.r.recipient),
				 k.r.recipient_served ? "" : "not ");
	}
}


static void test_facts(void)
{
	struct row row = {
		"",
		"MESSAGE",
		"sip:bob@example.org",
		"Privacy: header;id\r\nExpires: 60\r\nContent-Type: Text/HTML;charset=utf-8\r\n",
		"x",
		IM_PAGER};
	struct made k;
	const struct im_request *r = classified(&k, &row);

	assert_true(r->anonymous);
	assert_true(r->expires_given);
	assert_int_equal(r->expires_s, 60);
	assert_true(sip_media_type_is(&r->content, STR("text"), STR("html")));

	row.headers = "Privacy: none\r\nExpires: soon\r\n";
	r = classified(&k, &row);
	assert_false(r->anonymous);
	assert_false(r->expires_given);
}


static void test_originator(void)
{
	struct row row = {"", "MESSAGE", "sip:bob@example.org", "", "", IM_PAGER};
	struct made k;

	(void)classified(&k, &row);
	assert_int_equal(k.r.originator.n, 0);
	im_request_set_originator(&k.r, &ours, STR("sip:alice@example.org"));
	assert_true(str_eq(k.r.originator, STR("sip:alice@example.org")));
	assert_true(k.r.originator_served);
	im_request_set_originator(&k.r, &ours, STR("sip:carol@elsewhere.example"));
	assert_false(k.r.originator_served);
}

UNIT_MAIN(UNIT_TEST(test_kinds), UNIT_TEST(test_recipient), UNIT_TEST(test_facts),
	  UNIT_TEST(test_originator))
