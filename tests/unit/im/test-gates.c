/* SPDX-License-Identifier: Apache-2.0 */
/* The gate tables: each row's answer, and that the first refusal is the one that counts. */

#include "im/participating/gates.h"

#include <stdio.h>

#include "lib/unit.h"
#include "store/policy.h"
#include "subscriber/subscriber.h"

#define NOW_MS INT64_C(1767225600000) /* Thu, 01 Jan 2026 00:00:00 GMT */

static const struct str domains[] = {STR_INIT("example.org")};
static const struct im_addresses ours = {
	.domains = domains,
	.domains_n = 1,
	.exploder = STR_INIT("sip:exploder@example.org"),
	.deferred = STR_INIT("sip:deferred@example.org"),
	.history = STR_INIT("sip:history@example.org"),
	.system_message = STR_INIT("sip:system@example.org"),
	.factory = STR_INIT("sip:factory@example.org"),
};

/** One request and all that it is judged by. */
struct asked {
	struct sip_msg m;
	struct im_request r;
	struct subscriber served;
	struct im_rules rules;
	struct gate_view view;
	struct gate_answer answer;
	struct buf headers, sdp;
	char text[2048], description[2048];
	const struct gate *by;
	enum gate_verdict verdict;
};


static struct asked *asking(const char *text)
{
	struct asked *a = unit_storage(sizeof(*a));

	assert_int_equal(sip_msg_decode(&a->m, str_of(text), false), SIP_DECODE_OK);
	a->r.m = &a->m;
	im_request_classify(&a->r, &ours);
	im_request_set_originator(&a->r, &ours, STR("sip:alice@example.org"));
	a->served = (struct subscriber){.allowed = true,
					.account = true,
					.answer_due_ms = SUBSCRIBER_NEVER};
	a->view = (struct gate_view){
		.r = &a->r,
		.ours = &ours,
		.rules = &a->rules,
		.served = &a->served,
		.reach = IM_REACH_OK,
		.now_ms = NOW_MS,
		.host = domains[0],
	};
	return a;
}


#define HEAD(method, uri, rest)                                                   \
	method " " uri " SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: " \
	       "<sip:alice@example.org>;tag=1\r\n"                                \
	       "To: <" uri ">\r\nCall-ID: 1\r\nCSeq: 1 " method "\r\n" rest
#define MESSAGE(rest) HEAD("MESSAGE", "sip:bob@example.org", rest)
#define TEXT(rest) MESSAGE(rest "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi")
#define CPIM(type) MESSAGE("Content-Type: message/cpim\r\n\r\n\r\nContent-Type: " type "\r\n\r\nx")
#define INVITE(rest, sdp) \
	HEAD("INVITE", "sip:bob@example.org", rest "Content-Type: application/sdp\r\n\r\n" sdp)


/* "gate status": or "pass". */
static void ask(struct asked *a, const struct gate_table *t, const char *gate, unsigned status)
{
	buf_fixed(&a->headers, a->text, sizeof(a->text));
	buf_fixed(&a->sdp, a->description, sizeof(a->description));
	a->answer = (struct gate_answer){.headers = &a->headers, .sdp = &a->sdp};
	a->verdict = GATE_PASS;
	a->by = gates_run(t, &a->view, &a->answer, &a->verdict);
	if (!gate) {
		if (a->by)
			fail_msg("refused by %s", a->by->name);
		return;
	}
	assert_non_null(a->by);
	assert_string_equal(a->by->name, gate);
	assert_int_equal(a->answer.status, status);
}


static void out(struct asked *a, const char *gate, unsigned status)
{
	ask(a, &gates_originating, gate, status);
}


static void in(struct asked *a, const char *gate, unsigned status)
{
	ask(a, &gates_terminating, gate, status);
}


static void headers(struct asked *a, const char *expected)
{
	unit_str(buf_str(&a->headers), expected);
}


/* ---- Originating ---- */

static void test_allowed(void)
{
	struct asked *a = asking(TEXT(""));

	out(a, NULL, 0);
	a->served.allowed = false;
	out(a, "originator-allowed", 403);
	headers(a, "Warning: 399 example.org \"127 Service not authorised\"\r\n");
	/* Nobody vouches for the sender. */
	a->view.served = NULL;
	out(a, "originator-allowed", 403);
}


static void test_system_message(void)
{
	struct asked *a = asking(TEXT(""));

	a->served.answer_due_ms = NOW_MS;
	out(a, NULL, 0);
	a->served.answer_due_ms = NOW_MS - 1;
	out(a, "system-message-pending", 403);
	headers(a,
		"Error-Info: "
		"<https://example.org/err/system-message-pending>;reason=system-message-pending\r\n"
		"Warning: 399 example.org \"122 Function not allowed: answer to system message "
		"pending\"\r\n");

	static const struct {
		const char *text;
		bool passes;
	} rows[] = {
		{INVITE("", ""), false},
		{HEAD("SUBSCRIBE", "sip:bob@example.org", "Event: presence\r\n\r\n"), false},
		{HEAD("REFER", "sip:bob@example.org", "Refer-To: <sip:x@example.org>\r\n\r\n"),
		 false},
		{HEAD("PUBLISH", "sip:alice@example.org", "Event: presence\r\n\r\n"), false},
		{HEAD("PUBLISH", "sip:alice@example.org", "Event: im-settings\r\n\r\n"), true},
		{MESSAGE("Content-Type: message/imdn+xml\r\n\r\n<imdn/>"), true},
		{HEAD("MESSAGE", "sip:system@example.org", "Content-Type: text/plain\r\n\r\nx"),
		 true},
		{HEAD("INVITE", "sip:system@example.org", "\r\n"), false},
		{TEXT("Accept-Contact: *;+g.oma.sip-im.system-message\r\n"), false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = asking(rows[i].text);
		a->served.answer_due_ms = NOW_MS - 1;
		out(a, rows[i].passes ? NULL : "system-message-pending", 403);
	}
}


static void test_user_agent(void)
{
	struct asked *a = asking(TEXT("User-Agent: IM-client/OMA1.0\r\n"));

	assert_int_equal(
		user_agent_rule_init(&a->rules.user_agent, STR("IM-client"), STR("OMA1.0")), 0);
	out(a, NULL, 0);
	assert_int_equal(
		user_agent_rule_init(&a->rules.user_agent, STR("IM-client"), STR("OMA1.1")), 0);
	out(a, "user-agent", 403);
	headers(a, "Error-Info: <https://example.org/err/client-version>;reason=client-version\r\n"
		   "Warning: 399 example.org \"132 Version not supported\"\r\n");
	a = asking(TEXT(""));
	assert_int_equal(user_agent_rule_init(&a->rules.user_agent, STR("IM-client"), STR("")), 0);
	out(a, "user-agent", 403);
}


static struct operator_policy *policy(const char *types, const char *size)
{
	const struct store_policy set[] = {
		{.key = STR("pager.types"), .value = str_of(types)},
		{.key = STR("pager.max-size"), .value = str_of(size)},
	};
	struct operator_policy *p = NULL;

	unit_ok(operator_policy_alloc(&p, NULL, set, 2));
	return unit_own(p);
}


static void test_content(void)
{
	static const struct {
		const char *text;
		bool passes;
	} rows[] = {
		{TEXT(""), true},
		{MESSAGE("\r\n"), true},
		{MESSAGE("Content-Length: 1\r\n\r\nx"), false},
		{MESSAGE("Content-Type: text/html\r\n\r\nx"), false},
		{MESSAGE("Content-Type: TEXT/plain ; charset=x\r\n\r\nx"), true},
		{MESSAGE("Content-Type: image/png\r\n\r\nx"), true},
		{MESSAGE("Content-Type: message/imdn+xml\r\n\r\nx"), true},
		{MESSAGE("Content-Type: message/cpim\r\n\r\n\r\nContent-Type: text/plain\r\n\r\nx"),
		 true},
		{MESSAGE("Content-Type: message/cpim\r\n\r\n\r\nContent-Type: text/html\r\n\r\nx"),
		 false},
		{MESSAGE("Content-Type: message/cpim\r\n\r\nno"), false},
		{MESSAGE("Content-Type: "
			 "multipart/mixed;boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"),
		 true},
		{MESSAGE("Content-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\nContent-Type: "
			 "text/html\r\n\r\nx\r\n"
			 "--b--\r\n"),
		 false},
		{MESSAGE("Content-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\nContent-Type: "
			 "message/cpim\r\n\r\n"
			 "\r\nContent-Type: text/html\r\n\r\nx\r\n--b--\r\n"),
		 false},
		{TEXT("Content-Encoding: identity\r\n"), true},
		/* An answer to the operator is the service's own. */
		{HEAD("MESSAGE", "sip:system@example.org", "Content-Type: a/b\r\n\r\nx"), true},
		{TEXT("Accept-Contact: *;+g.oma.sip-im.system-message\r\n"), true},
		{MESSAGE("Accept-Contact: *;+g.oma.sip-im.system-message\r\nContent-Type: "
			 "a/b\r\n\r\nx"),
		 false},
	};
	struct operator_policy *p = policy("text/plain, image/*", "1000");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = asking(rows[i].text);

		a->view.service = p;
		out(a, rows[i].passes ? NULL : "operator-policy", 415);
		if (!rows[i].passes)
			headers(a, "Warning: 399 example.org \"this type of content is not "
				   "allowed\"\r\n"
				   "Accept: text/plain, image/*\r\n");
		in(a, rows[i].passes ? NULL : "operator-policy", 415);
		/* The same for the user's own. */
		a->view.service = NULL;
		a->served.policy = p;
		out(a, rows[i].passes ? NULL : "operator-policy", 415);
	}
}


static void test_size_and_coding(void)
{
	struct asked *a = asking(TEXT(""));

	a->view.service = policy("text/plain", "2");
	out(a, NULL, 0);
	a->served.policy = policy("text/plain", "1");
	out(a, "operator-policy", 415);
	headers(a, "Warning: 399 example.org \"133 Size exceeded: at most 1 bytes\"\r\nAccept: "
		   "text/plain\r\n");

	a = asking(TEXT("Content-Encoding: gzip\r\n"));
	a->view.service = policy("text/plain", "1000");
	out(a, "operator-policy", 415);
	headers(a, "Warning: 399 example.org \"content codings are not allowed\"\r\n"
		   "Accept-Encoding: identity\r\n");
	a->view.service = policy("*", "1000");
	out(a, NULL, 0);
}


static void test_content_identity(void)
{
	static const struct {
		const char *from;
		bool passes;
	} rows[] = {
		{"<sip:alice@example.org>", true},
		{"Alice <sip:alice@Example.Org;x=y>", true},
		{"<im:alice@example.org>", true},
		{"<sip:anonymous@anonymous.invalid>", true},
		{"<sip:bob@example.org>", false},
		{"<tel:+4912345>", false},
		{"alice", false},
		{"<:>", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(2000);

		buf_puts(
			b,
			STR(MESSAGE(
				"P-Asserted-Identity: <sip:alice@example.org>, <tel:+49-123-45>\r\n"
				"Content-Type: message/cpim\r\n\r\n")));
		buf_printf(b, "From: %s\r\n\r\nContent-Type: text/plain\r\n\r\nx", rows[i].from);
		const char *text = unit_ptr((void *)(uintptr_t)buf_cstr(b));
		struct asked *a = asking(text);
		out(a, rows[i].passes ? NULL : "content-identity", 403);
		/* Of the recipient's side it is no affair. */
		in(a, NULL, 0);
		if (i == 5) {
			/* The second identity counts, when the core asserts it. */
			a->r.trusted = true;
			out(a, NULL, 0);
		}
	}
}


static void test_order_originating(void)
{
	struct asked *a = asking(MESSAGE("User-Agent: Foo\r\nContent-Type: text/html\r\n\r\nx"));

	a->served.allowed = false;
	a->served.answer_due_ms = NOW_MS - 1;
	assert_int_equal(user_agent_rule_init(&a->rules.user_agent, STR("IM-client"), STR("")), 0);
	a->view.service = policy("text/plain", "1000");
	out(a, "originator-allowed", 403);
	a->served.allowed = true;
	out(a, "system-message-pending", 403);
	a->served.answer_due_ms = SUBSCRIBER_NEVER;
	out(a, "user-agent", 403);
	a->rules.user_agent.name_n = 0;
	out(a, "operator-policy", 415);
	a->view.service = NULL;
	out(a, NULL, 0);
}


/* ---- Terminating ---- */

#define SDP_MSRP "m=message 9 TCP/MSRP *\r\n"
#define SDP_FILE SDP_MSRP "a=file-selector:size:1\r\n"
#define LARGE "Accept-Contact: *;+g.oma.sip-im.large-message\r\n"


static void test_barring(void)
{
	static const struct {
		const char *text;
		bool by_session, by_pager;
	} rows[] = {
		{TEXT(""), false, true},
		{INVITE("", SDP_MSRP), true, false},
		{INVITE("", SDP_FILE), true, false},
		{INVITE(LARGE, SDP_MSRP), false, true},
		{INVITE("", "m=audio 9 RTP/AVP 0\r\n"), false, false},
		{MESSAGE("Content-Type: message/imdn+xml\r\n\r\nx"), false, false},
		{CPIM("message/imdn+xml"), false, false},
		{MESSAGE("Content-Type: application/im-iscomposing+xml\r\n\r\nx"), false, true},
		{TEXT("Accept-Contact: *;+g.oma.sip-im.system-message\r\n"), false, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = asking(rows[i].text);

		in(a, NULL, 0);
		a->served.settings.is[IM_BARRING_SESSION] = IM_ON;
		in(a, rows[i].by_session ? "barred" : NULL, 403);
		headers(a, "");
		a->served.settings.is[IM_BARRING_SESSION] = IM_OFF;
		a->served.settings.is[IM_BARRING_PAGER] = IM_ON;
		in(a, rows[i].by_pager ? "barred" : NULL, 403);
		headers(a, "");
	}

	/* The operator's own, by the identity that the core asserts. */
	struct asked *a = asking(TEXT("Accept-Contact: *;+g.oma.sip-im.system-message\r\n"));
	a->served.settings.is[IM_BARRING_PAGER] = IM_ON;
	im_request_set_originator(&a->r, &ours, STR("sip:system@example.org"));
	in(a, "barred", 403);
	a->r.trusted = true;
	in(a, NULL, 0);
}


static struct access_policy *rules(const char *media, const char *who)
{
	struct buf *b = unit_buf(4000);
	struct access_policy *p = NULL;

	buf_printf(b,
		   "<ruleset xmlns='urn:ietf:params:xml:ns:common-policy'><rule "
		   "id='a'><conditions><identity>"
		   "<one id='%s'/></identity><media-list "
		   "xmlns='urn:oma:xml:xdm:extensions'><%s/></media-list>"
		   "</conditions><actions><allow-invite "
		   "xmlns='urn:oma:xml:poc:poc-rules'>reject</allow-invite>"
		   "</actions></rule></ruleset>",
		   who, media);
	unit_must(!b->failed);
	unit_ok(access_policy_alloc(&p, STR("sip:bob@example.org"), STR("example.org"),
				    buf_str(b)));
	return unit_own(p);
}


static void test_access(void)
{
	static const struct {
		const char *text;
		bool by_session, by_pager, by_file;
	} rows[] = {
		{TEXT(""), false, true, false},
		{INVITE("", SDP_MSRP), true, false, false},
		{INVITE(LARGE, SDP_MSRP), true, false, false},
		{INVITE("", SDP_FILE), false, false, true},
		{MESSAGE("Content-Type: message/imdn+xml\r\n\r\nx"), false, false, false},
		{INVITE("", "m=audio 9 RTP/AVP 0\r\n"), false, false, false},
	};
	struct access_policy *session = rules("message-session", "sip:alice@example.org");
	struct access_policy *pager = rules("pager-mode-message", "sip:alice@EXAMPLE.org");
	struct access_policy *file = rules("file-transfer", "sip:alice@example.org");
	struct access_policy *other = rules("pager-mode-message", "sip:carol@example.org");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = asking(rows[i].text);

		a->served.access = session;
		in(a, rows[i].by_session ? "access-policy" : NULL, 403);
		a->served.access = pager;
		in(a, rows[i].by_pager ? "access-policy" : NULL, 403);
		if (rows[i].by_pager)
			headers(a, "Warning: 399 example.org \"127 Service not authorised\"\r\n");
		a->served.access = file;
		in(a, rows[i].by_file ? "access-policy" : NULL, 403);
		a->served.access = other;
		in(a, NULL, 0);
	}

	/* The identity that counts is the asserted one; a number beside it counts as well. */
	struct asked *a = asking(TEXT("P-Asserted-Identity: <sip:alice@example.org>\r\n"
				      "P-Asserted-Identity: <tel:+491>\r\n"));
	a->served.access = rules("pager-mode-message", "tel:+491");
	in(a, NULL, 0);
	a->r.trusted = true;
	in(a, "access-policy", 403);
	/* Nobody vouches: no rule about a person matches. */
	a = asking(TEXT(""));
	a->served.access = pager;
	im_request_set_originator(&a->r, &ours, STR(""));
	in(a, NULL, 0);
}


static void test_expiry(void)
{
	static const struct {
		const char *text;
		bool expired;
	} rows[] = {
		{TEXT(""), false},
		{TEXT("Expires: 60\r\n"), false},
		{TEXT("Expires: 0\r\n"), false},
		{TEXT("Expires: 60\r\nDate: Wed, 31 Dec 2025 23:59:30 GMT\r\n"), false},
		{TEXT("Expires: 30\r\nDate: Wed, 31 Dec 2025 23:59:30 GMT\r\n"), false},
		{TEXT("Expires: 29\r\nDate: Wed, 31 Dec 2025 23:59:30 GMT\r\n"), true},
		{TEXT("Expires: 0\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"), false},
		{TEXT("Expires: 0\r\nDate: Wed, 31 Dec 2025 23:59:59 GMT\r\n"), true},
		{TEXT("Expires: 4294967295\r\nDate: Wed, 31 Dec 2025 23:59:30 GMT\r\n"), false},
		{TEXT("Expires: 5\r\nDate: yesterday\r\n"), false},
		{TEXT("Date: Wed, 31 Dec 2003 23:59:30 GMT\r\n"), false},
		{INVITE("Expires: 5\r\nDate: Wed, 31 Dec 2003 23:59:30 GMT\r\n", SDP_MSRP), false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = asking(rows[i].text);

		if (request_expired(&a->r, NOW_MS) != rows[i].expired)
			fail_msg("row %zu", i);
		in(a, rows[i].expired ? "expired" : NULL, 480);
		if (rows[i].expired)
			headers(a, "Warning: 399 example.org \"the message has expired\"\r\n");
		a->rules.expired = IM_EXPIRED_DISCARD;
		in(a, rows[i].expired ? "expired" : NULL, 202);
		assert_true(!rows[i].expired || a->verdict == GATE_REFUSE);
		a->rules.expired = IM_EXPIRED_DELIVER;
		in(a, NULL, 0);
		/* Delivered now or never: what has expired is not kept. */
		a->view.reach = IM_REACH_UNREGISTERED;
		in(a, "recipient-reachable", 480);
		assert_true(!rows[i].expired || a->verdict == GATE_REFUSE);
	}
}


static void test_reachable(void)
{
	static const struct {
		const char *text;
		enum gate_verdict verdict;
	} rows[] = {
		{TEXT(""), GATE_DEFER},
		{TEXT("Expires: 60\r\n"), GATE_DEFER},
		{TEXT("Expires: 0\r\n"), GATE_REFUSE},
		{MESSAGE("Content-Type: message/imdn+xml\r\n\r\nx"), GATE_DEFER},
		{MESSAGE("Content-Type: application/im-iscomposing+xml\r\n\r\nx"), GATE_REFUSE},
		{CPIM("application/im-iscomposing+xml"), GATE_REFUSE},
		{INVITE(LARGE, SDP_MSRP), GATE_DEFER},
		{INVITE("", SDP_MSRP), GATE_REFUSE},
		{INVITE("", SDP_FILE), GATE_REFUSE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = asking(rows[i].text);

		in(a, NULL, 0);
		a->view.reach = i % 2 ? IM_REACH_UNREGISTERED : IM_REACH_INCAPABLE;
		in(a, "recipient-reachable", 480);
		if (a->verdict != rows[i].verdict)
			fail_msg("row %zu", i);
	}
	struct asked *a = asking(TEXT(""));
	a->view.served = NULL;
	in(a, "recipient-known", 404);
	/* What the recipient may send says nothing about what they may receive. */
	a = asking(TEXT(""));
	a->served.allowed = false;
	a->served.answer_due_ms = NOW_MS - 1;
	in(a, NULL, 0);
}


static void test_order_terminating(void)
{
	struct asked *a = asking(MESSAGE("Expires: 1\r\nDate: Wed, 31 Dec 2003 23:59:30 GMT\r\n"
					 "Content-Type: text/html\r\n\r\nx"));

	a->view.served = NULL;
	a->view.reach = IM_REACH_UNREGISTERED;
	a->view.service = policy("text/plain", "1000");
	in(a, "recipient-known", 404);
	a->view.served = &a->served;
	a->served.settings.is[IM_BARRING_PAGER] = IM_ON;
	a->served.access = rules("pager-mode-message", "sip:alice@example.org");
	in(a, "barred", 403);
	a->served.settings.is[IM_BARRING_PAGER] = IM_OFF;
	in(a, "access-policy", 403);
	a->served.access = NULL;
	in(a, "operator-policy", 415);
	a->view.service = NULL;
	in(a, "expired", 480);
	a->rules.expired = IM_EXPIRED_DELIVER;
	in(a, "recipient-reachable", 480);
	a->view.reach = IM_REACH_OK;
	in(a, NULL, 0);
}

/* ---- INVITE, on both sides ---- */

#define SDP(rest) "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 h\r\nt=0 0\r\n" SDP_MSRP rest
#define HTML SDP("a=accept-types:text/html\r\n")
#define BIG SDP("a=accept-types:text/plain\r\na=max-size:1001\r\n")
#define BIG_FILE SDP("a=file-selector:name:\"a\" type:text/plain size:1001\r\n")
#define GOOD SDP("a=accept-types:text/plain\r\na=max-size:1000\r\n")
#define WITH(type, rest, body) \
	HEAD("INVITE", "sip:bob@example.org", rest "Content-Type: " type "\r\n\r\n" body)
#define PARTS(sdp)                                                                 \
	WITH("multipart/mixed;boundary=b", "",                                     \
	     "--b\r\nContent-Type: application/resource-lists+xml\r\n\r\n<x/>\r\n" \
	     "--b\r\nContent-Type: application/sdp\r\n\r\n" sdp "\r\n--b--\r\n")
#define IM_TAG "Accept-Contact: *;+g.oma.sip-im\r\n"


static struct operator_policy *policy_of_invites(void)
{
	static const char *const kinds[] = {"session", "large", "file"};
	char key[6][32];
	struct store_policy set[6];
	struct operator_policy *p = NULL;

	for (size_t i = 0; i < 3; i++) {
		snprintf(key[2 * i], 32, "%s.types", kinds[i]);
		snprintf(key[2 * i + 1], 32, "%s.max-size", kinds[i]);
		set[2 * i] = (struct store_policy){.key = str_of(key[2 * i]),
						   .value = STR("text/plain")};
		set[2 * i + 1] = (struct store_policy){.key = str_of(key[2 * i + 1]),
						       .value = STR("1000")};
	}
	unit_ok(operator_policy_alloc(&p, NULL, set, 6));
	return unit_own(p);
}


static void test_offer(void)
{
	static const struct {
		const char *text;
		unsigned status; /* 0: passes */
		const char *headers;
	} rows[] = {
#define TYPE_WARNING                                                                         \
	"Warning: 305 example.org \"Incompatible media format: this type of content is not " \
	"allowed\"\r\n"
#define SIZE_WARNING "Warning: 399 example.org \"133 Size exceeded: at most 1000 bytes\"\r\n"
		{INVITE("", GOOD), 0, ""},
		{INVITE(LARGE, GOOD), 0, ""},
		{INVITE("", HTML), 488, TYPE_WARNING},
		{INVITE(LARGE, HTML), 488, TYPE_WARNING},
		{INVITE("", HTML "a=file-selector:size:1\r\n"), 488, TYPE_WARNING},
		{INVITE("", BIG), 488, SIZE_WARNING},
		{INVITE(LARGE, BIG), 488, SIZE_WARNING},
		{INVITE(LARGE, BIG_FILE), 488, SIZE_WARNING},
		{INVITE("", BIG_FILE), 488, SIZE_WARNING},
		/* A description among other parts. */
		{PARTS(GOOD), 0, ""},
		{PARTS(HTML), 488, TYPE_WARNING},
		/* No offer yet: notes A-13. */
		{HEAD("INVITE", "sip:bob@example.org", IM_TAG "\r\n"), 0, ""},
		/* A call is not ours to judge. */
		{INVITE("", "v=0\r\nm=audio 9 RTP/AVP 0\r\na=max-size:5000\r\n"), 0, ""},
		/* DRV-8: the header that fits the problem. */
		{WITH("application/sdp", IM_TAG "Content-Encoding: gzip\r\n", "x"), 415,
		 "Accept-Encoding: identity\r\n"},
		{WITH("application/sdp", "Content-Encoding: identity\r\n", GOOD), 0, ""},
		{WITH("text/plain", IM_TAG, "x"), 415,
		 "Accept: application/sdp, multipart/mixed\r\n"},
		{WITH("multipart/mixed;boundary=b", IM_TAG, "--b\r\n\r\nx\r\n--b--\r\n"), 415,
		 "Accept: application/sdp, multipart/mixed\r\n"},
		{HEAD("INVITE", "sip:bob@example.org", IM_TAG "\r\nx"), 415,
		 "Accept: application/sdp, multipart/mixed\r\n"},
		{INVITE("", SDP("nonsense\r\n")), 400,
		 "Warning: 399 example.org \"the session description cannot be read\"\r\n"},
	};
	struct operator_policy *p = policy_of_invites();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = asking(rows[i].text);
		const char *gate = rows[i].status ? "offer-policy" : NULL;

		unit_case("%zu", i);
		a->view.service = p;
		out(a, gate, rows[i].status);
		headers(a, rows[i].headers);
		in(a, gate, rows[i].status);
		headers(a, rows[i].headers);
		/* Refused, also when the recipient is away: nothing is kept. */
		a->view.reach = IM_REACH_UNREGISTERED;
		if (gate)
			in(a, gate, rows[i].status);
		/* The user's own policy alone. */
		a->view.reach = IM_REACH_OK;
		a->view.service = NULL;
		a->served.policy = p;
		out(a, gate, rows[i].status);
		in(a, gate, rows[i].status);
		assert_true((rows[i].status == 488) == (a->sdp.n > 0));
		if (rows[i].status == 488)
			unit_str(buf_str(&a->sdp),
				 "v=0\r\no=- 0 0 IN IP4 example.org\r\ns=-\r\nc=IN IP4 "
				 "example.org\r\nt=0 0\r\n"
				 "m=message 0 TCP/MSRP *\r\na=accept-types:text/plain\r\n"
				 "a=max-size:1000\r\n");
	}
}


static void test_session_interval(void)
{
	static const struct {
		const char *text;
		uint32_t min_s;
		const char *headers; /* NULL: passes */
	} rows[] = {
		{INVITE("", GOOD), 0, NULL},
		{INVITE("Supported: timer\r\nSession-Expires: 90\r\n", GOOD), 0, NULL},
		{INVITE("Supported: timer\r\nSession-Expires: 89\r\n", GOOD), 0, "Min-SE: 90\r\n"},
		{INVITE("k: 100rel, timer\r\nx: 119;refresher=uac\r\n", GOOD), 120,
		 "Min-SE: 120\r\n"},
		{INVITE("Supported: timer\r\nSession-Expires: 120\r\n", GOOD), 120, NULL},
		/* RFC 4028 8.1: whoever does not know 422 cannot do better. */
		{INVITE("Session-Expires: 10\r\n", GOOD), 0, NULL},
		{INVITE("Supported: timer\r\nSession-Expires: soon\r\n", GOOD), 0, NULL},
		{INVITE("Supported: timer\r\nSession-Expires: 10\r\n",
			"v=0\r\nm=audio 9 RTP/AVP 0\r\n"),
		 0, NULL},
		{TEXT("Supported: timer\r\nSession-Expires: 10\r\n"), 0, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct asked *a = asking(rows[i].text);

		unit_case("%zu", i);
		a->rules.session.min_expires_s = rows[i].min_s;
		out(a, rows[i].headers ? "session-interval" : NULL, 422);
		headers(a, rows[i].headers ? rows[i].headers : "");
		in(a, rows[i].headers ? "session-interval" : NULL, 422);
		headers(a, rows[i].headers ? rows[i].headers : "");
	}
}


static void test_order_invite(void)
{
	struct asked *a = asking(
		INVITE("User-Agent: Foo\r\nSupported: timer\r\nSession-Expires: 1\r\n", HTML));

	a->served.allowed = false;
	a->served.answer_due_ms = NOW_MS - 1;
	assert_int_equal(user_agent_rule_init(&a->rules.user_agent, STR("IM-client"), STR("")), 0);
	a->view.service = policy_of_invites();
	a->view.reach = IM_REACH_UNREGISTERED;
	a->served.settings.is[IM_BARRING_SESSION] = IM_ON;
	a->served.access = rules("message-session", "sip:alice@example.org");
	out(a, "originator-allowed", 403);
	a->served.allowed = true;
	out(a, "system-message-pending", 403);
	a->served.answer_due_ms = SUBSCRIBER_NEVER;
	out(a, "user-agent", 403);
	a->rules.user_agent.name_n = 0;
	out(a, "offer-policy", 488);
	in(a, "barred", 403);
	a->served.settings.is[IM_BARRING_SESSION] = IM_OFF;
	in(a, "access-policy", 403);
	a->served.access = NULL;
	in(a, "offer-policy", 488);
	a->view.service = NULL;
	out(a, "session-interval", 422);
	in(a, "recipient-reachable", 480);
	a->view.reach = IM_REACH_OK;
	in(a, "session-interval", 422);
}

UNIT_MAIN(UNIT_TEST(test_allowed), UNIT_TEST(test_system_message), UNIT_TEST(test_user_agent),
	  UNIT_TEST(test_content), UNIT_TEST(test_size_and_coding),
	  UNIT_TEST(test_content_identity), UNIT_TEST(test_order_originating),
	  UNIT_TEST(test_barring), UNIT_TEST(test_access), UNIT_TEST(test_expiry),
	  UNIT_TEST(test_reachable), UNIT_TEST(test_order_terminating), UNIT_TEST(test_offer),
	  UNIT_TEST(test_session_interval), UNIT_TEST(test_order_invite))
