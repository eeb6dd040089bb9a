/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in: answers, what the user is told, reports sent back. */
#include "peer.h"

#include <stdio.h>

#include "body/cpim.h"
#include "body/imdn.h"
#include "sip/name_addr.h"


static struct peer *registered(const struct parley_params *params)
{
	struct peer *s = peer_new(params);

	peer_register(s, "");
	return s;
}


/* A request; `rest` is headers beyond the usual ones, an empty line and the body. */
static void request(struct peer *s, const char *method, const char *id, const char *rest)
{
	char text[8192];

	snprintf(text, sizeof(text),
		 "%s %%U SIP/2.0\n"
		 "Via: SIP/2.0/UDP " PEER_SERVER ";branch=z9hG4bK%s%s;rport\n"
		 "Max-Forwards: 69\n"
		 "From: \"Bob\" <sip:bob@example.org>;tag=b1\n"
		 "To: <sip:alice@example.org>\n"
		 "Call-ID: %s\n"
		 "CSeq: 7 %s\n"
		 "%s",
		 method, id, method, id, method, rest);
	peer_request(s, text);
}


static void message(struct peer *s, const char *id, const char *rest)
{
	request(s, "MESSAGE", id, rest);
}


/* The client's response; the message taken last stays the REGISTER, whose Contact requests go to. */
static const struct sip_msg *response(struct peer *s, unsigned status)
{
	struct sip_msg *before = unit_storage(sizeof(*before)), *m = unit_storage(sizeof(*m));

	*before = s->m;
	*m = *peer_take(s);
	s->m = *before;
	unit_must(!m->request && m->status == status);
	return m;
}


/* The same with message/cpim, whose lines end in LF here too. */
static void asking(struct peer *s, const char *id, const char *headers, const char *body)
{
	char rest[4096];
	size_t lines = 0;

	for (const char *c = body; *c; c++)
		lines += *c == '\n';
	snprintf(rest, sizeof(rest), "%sContent-Type: message/cpim\nContent-Length: %zu\n\n%s",
		 headers, strlen(body) + lines, body);
	message(s, id, rest);
}


/* ---- Messages ---- */

static void test_text(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});
	const struct peer_event *e;
	const struct sip_msg *m;

	message(s, "m1",
		"Content-Type: text/plain\nDate: Thu, 01 Jan 2026 00:00:00 GMT\nContent-Length: "
		"5\n\nhello");
	m = response(s, 200);
	/* RFC 3428 7. */
	peer_header_absent(m, CONTACT);
	assert_int_equal(m->body.n, 0);
	peer_header_is(m, SERVER, "IM-client/OMA1.0 Test/1.0");
	e = peer_event(s, EVENT_MESSAGE);
	assert_string_equal(e->from, "sip:bob@example.org");
	assert_string_equal(e->name, "Bob");
	assert_string_equal(e->text, "hello");
	assert_string_equal(e->type, "text/plain");
	assert_string_equal(e->id, "");
	assert_int_equal(e->reports, 0);
	assert_int_equal(e->sent_ms, VIRTUAL_WALL_START_MS);
	assert_true(peer_quiet(s));
}


static void test_sender(void)
{
	static const struct {
		const char *headers, *from, *name;
	} rows[] = {
		{"P-Asserted-Identity: \"Robert \\\"B\\\"\" <sip:robert@example.org>\n",
		 "sip:robert@example.org", "Robert \"B\""},
		{"P-Asserted-Identity: <sip:robert@example.org>, <tel:+15550100>\n",
		 "sip:robert@example.org", ""},
		{"P-Asserted-Identity: <tel:+15550100>\n", "tel:+15550100", ""},
		{"P-Asserted-Identity: \"Anonymous\" <sip:anonymous@anonymous.invalid>\n", "",
		 "Anonymous"},
		{"", "sip:bob@example.org", "Bob"},
	};
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rest[512], id[16];
		const struct peer_event *e;

		unit_case("row %zu", i);
		snprintf(id, sizeof(id), "a%zu", i);
		snprintf(rest, sizeof(rest), "%sContent-Type: text/plain\nContent-Length: 1\n\nx",
			 rows[i].headers);
		message(s, id, rest);
		response(s, 200);
		e = peer_event(s, EVENT_MESSAGE);
		assert_string_equal(e->from, rows[i].from);
		unit_must(!strcmp(e->name, rows[i].name));
	}
}


/* RFC 3261 21.4.13. */
static void test_types(void)
{
	static const struct {
		const char *rest;
		unsigned status;
		bool shown;
	} rows[] = {
		{"Content-Type: text/html\nContent-Length: 4\n\n<b/>", 200, true},
		{"Content-Type: TEXT/Plain;charset=iso-8859-1\nContent-Length: 1\n\nx", 200, true},
		{"Content-Length: 0\n\n", 200, true},
		{"Content-Type: application/im-iscomposing+xml\nContent-Length: 4\n\n<a/>", 200,
		 false},
		{"Content-Type: image/png\nContent-Length: 3\n\nPNG", 415, false},
		{"Content-Type: multipart/mixed;boundary=x\nContent-Length: 3\n\n--x", 415, false},
		{"Content-Type: nonsense\nContent-Length: 1\n\nx", 415, false},
		{"Content-Type: text/plain\nContent-Encoding: gzip\nContent-Length: 1\n\nx", 415,
		 false},
		{"Content-Type: text/plain\nContent-Encoding: identity\nContent-Length: 1\n\nx",
		 200, true},
		{"Content-Type: message/cpim\nContent-Length: 5\n\nhello", 400, false},
		{"Content-Type: message/imdn+xml\nContent-Length: 7\n\n<imdn/>", 400, false},
	};
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sip_msg *m;
		char id[16];

		unit_case("row %zu", i);
		snprintf(id, sizeof(id), "t%zu", i);
		message(s, id, rows[i].rest);
		m = response(s, rows[i].status);
		if (rows[i].status == 415)
			peer_header_is(m, ACCEPT,
				       "text/*, message/cpim, message/imdn+xml, "
				       "application/im-iscomposing+xml");
		unit_must((s->events > 0) == rows[i].shown);
		s->events = 0;
	}
}


static void test_types_inside(void)
{
	static const struct {
		const char *body;
		unsigned status;
		bool shown;
	} rows[] = {
		{"From: <sip:b@example.org>\n\nContent-Type: text/plain\n\nabcd", 200, true},
		{"From: <sip:b@example.org>\n\nContent-Type: image/png\n\nabcd", 415, false},
		{"From: <sip:b@example.org>\n\nabcd", 400, false},
		{"From: <sip:b@example.org>\nNS: x <urn:x>\nRequire: x.Vital\n\nContent-Type: "
		 "text/plain\n\nabcd",
		 415, false},
		{"From: <sip:b@example.org>\n\nContent-Type: "
		 "text/plain\nContent-Transfer-Encoding: base64\n\nabcd",
		 415, false},
		{"From: <sip:b@example.org>\n\nContent-Type: message/imdn+xml\n\n<imdn/>", 400,
		 false},
	};
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char id[16];

		unit_case("row %zu", i);
		snprintf(id, sizeof(id), "c%zu", i);
		asking(s, id, "", rows[i].body);
		response(s, rows[i].status);
		unit_must((s->events > 0) == rows[i].shown);
		s->events = 0;
	}
}


/* Sent again because the answer was lost, or out of a store: shown once. */
static void test_duplicates(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});
	static const char body[] = "Content-Type: text/plain\nContent-Length: 1\n\nx";

	message(s, "d1", body);
	response(s, 200);
	peer_event(s, EVENT_MESSAGE);
	/* The same transaction: the engine's affair. */
	message(s, "d1", body);
	response(s, 200);
	assert_int_equal(s->events, 0);
	/* A new transaction with the same Call-ID, tag and CSeq. */
	peer_request(
		s,
		"MESSAGE %U SIP/2.0\n"
		"Via: SIP/2.0/UDP " PEER_SERVER ";branch=z9hG4bKagain;rport\n"
		"Max-Forwards: 69\nFrom: <sip:bob@example.org>;tag=b1\nTo: "
		"<sip:alice@example.org>\n"
		"Call-ID: d1\nCSeq: 7 MESSAGE\nContent-Type: text/plain\nContent-Length: 1\n\nx");
	response(s, 200);
	unit_must(s->events == 0);
	/* The next one of a sender who keeps his Call-ID. */
	peer_request(
		s,
		"MESSAGE %U SIP/2.0\n"
		"Via: SIP/2.0/UDP " PEER_SERVER ";branch=z9hG4bKnext;rport\n"
		"Max-Forwards: 69\nFrom: <sip:bob@example.org>;tag=b1\nTo: "
		"<sip:alice@example.org>\n"
		"Call-ID: d1\nCSeq: 8 MESSAGE\nContent-Type: text/plain\nContent-Length: 1\n\ny");
	response(s, 200);
	assert_string_equal(peer_event(s, EVENT_MESSAGE)->text, "y");
}


static void test_reports_only(void)
{
	struct peer *s = registered(&(struct parley_params){.reports_only = true});

	message(s, "r1", "Content-Type: text/plain\nContent-Length: 5\n\nhello");
	response(s, 480);
	assert_int_equal(s->events, 0);
}


/* ---- Other requests ---- */

static void test_methods(void)
{
	static const struct {
		const char *method, *rest;
		unsigned status;
		bool allow;
	} rows[] = {
		{"OPTIONS", "Content-Length: 0\n\n", 200, true},
		{"SUBSCRIBE", "Event: presence\nContent-Length: 0\n\n", 405, true},
		{"NOTIFY", "Event: presence\nContent-Length: 0\n\n", 481, false},
		{"REGISTER", "Content-Length: 0\n\n", 405, true},
		{"FROBNICATE", "Content-Length: 0\n\n", 405, true},
		{"BYE", "Content-Length: 0\n\n", 481, false},
		{"CANCEL", "Content-Length: 0\n\n", 481, false},
		{"OPTIONS", "Require: 100rel, timer, frob\nContent-Length: 0\n\n", 420, false},
	};
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sip_msg *m;
		char id[16];

		unit_case("%s", rows[i].method);
		snprintf(id, sizeof(id), "o%zu", i);
		request(s, rows[i].method, id, rows[i].rest);
		m = response(s, rows[i].status);
		if (rows[i].allow)
			peer_header_is(m, ALLOW,
				       "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, UPDATE, PRACK, "
				       "NOTIFY");
		if (rows[i].status == 420)
			peer_header_is(m, UNSUPPORTED, "100rel, frob");
		assert_int_equal(s->events, 0);
	}
}


static void test_not_for_us(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	peer_request(
		s,
		"MESSAGE sip:alice@192.0.2.1:5060 SIP/2.0\n"
		"Via: SIP/2.0/UDP " PEER_SERVER ";branch=z9hG4bKn1;rport\n"
		"Max-Forwards: 69\nFrom: <sip:mallory@example.org>;tag=b1\nTo: "
		"<sip:alice@example.org>\n"
		"Call-ID: n1\nCSeq: 7 MESSAGE\nContent-Type: text/plain\nContent-Length: 1\n\nx");
	response(s, 404);
	assert_int_equal(s->events, 0);
}


static void test_in_no_dialog(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	peer_request(
		s,
		"MESSAGE %U SIP/2.0\n"
		"Via: SIP/2.0/UDP " PEER_SERVER ";branch=z9hG4bKn2;rport\n"
		"Max-Forwards: 69\nFrom: <sip:bob@example.org>;tag=b1\nTo: "
		"<sip:alice@example.org>;tag=none\n"
		"Call-ID: n2\nCSeq: 7 MESSAGE\nContent-Type: text/plain\nContent-Length: 1\n\nx");
	response(s, 481);
	assert_int_equal(s->events, 0);
}


#define SDP                                                                 \
	"v=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\n" \
	"m=message 7000 TCP/MSRP *\na=accept-types:*\na=path:msrp://192.0.2.10:7000/a1;tcp\n"


static void invite(struct peer *s, const char *call, const char *tag, const char *sdp)
{
	char text[2048];
	size_t n = strlen(sdp);

	for (const char *c = sdp; *c; c++)
		n += *c == '\n';
	snprintf(text, sizeof(text),
		 "Accept-Contact: *;+g.oma.sip-im%s\nContact: <sip:bob@192.0.2.2>\n"
		 "Content-Type: application/sdp\nContent-Length: %zu\n\n%s",
		 tag, n, sdp);
	request(s, "INVITE", call, text);
}


static void test_invitations(void)
{
	static const struct {
		const char *tag, *more;
		unsigned mode;
	} rows[] = {
		{"", "", PARLEY_CHAT},
		{";+g.oma.sip-im.large-message", "", PARLEY_LARGE},
		{"", "a=file-selector:name:\"a b.png\" type:image/png size:9\n", PARLEY_FILE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct peer *s = registered(&(struct parley_params){.password = NULL});
		const struct peer_event *e;
		char sdp[1024];

		unit_case("%s%s", rows[i].tag, rows[i].more);
		snprintf(sdp, sizeof(sdp), "%s%s", SDP, rows[i].more);
		s->answers = 486;
		invite(s, "i1", rows[i].tag, sdp);
		response(s, 486);
		e = peer_event(s, EVENT_INVITATION);
		assert_string_equal(e->from, "sip:bob@example.org");
		assert_string_equal(e->name, "Bob");
		assert_int_equal(e->mode, rows[i].mode);
		request(s, "ACK", "i1", "Content-Length: 0\n\n");
		unit_must(peer_quiet(s));
	}
}


/* What the user is not asked about. */
static void test_invitations_refused(void)
{
	static const struct {
		const char *sdp;
		unsigned status;
	} rows[] = {
		{"v=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nt=0 0\nm=audio 7000 RTP/AVP 0\n", 488},
		{"v=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\n"
		 "m=message 0 TCP/MSRP *\na=accept-types:*\n",
		 488},
		{"v=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\n"
		 "m=message 7000 TCP/MSRP *\na=accept-types:image/png\n"
		 "a=path:msrp://192.0.2.10:7000/a1;tcp\n",
		 488},
		{"v=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\n"
		 "m=message 7000 TCP/MSRP *\na=accept-types:*\n",
		 400},
		{"nonsense\n", 400},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct peer *s = registered(&(struct parley_params){.password = NULL});

		unit_case("%s", rows[i].sdp);
		invite(s, "i1", "", rows[i].sdp);
		response(s, rows[i].status);
		request(s, "ACK", "i1", "Content-Length: 0\n\n");
		assert_int_equal(s->events, 0);
	}
}


/* It rings; the caller takes it back. */
static void test_invitation_cancelled(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	s->answers = 180;
	invite(s, "i1", "", SDP);
	response(s, 180);
	assert_int_equal(peer_event(s, EVENT_INVITATION)->mode, PARLEY_CHAT);
	peer_request(s, "CANCEL %U SIP/2.0\n"
			"Via: SIP/2.0/UDP " PEER_SERVER ";branch=z9hG4bKi1INVITE;rport\n"
			"Max-Forwards: 69\nFrom: \"Bob\" <sip:bob@example.org>;tag=b1\n"
			"To: <sip:alice@example.org>\nCall-ID: i1\nCSeq: 7 CANCEL\n"
			"Content-Length: 0\n\n");
	for (int i = 0; i < 2; i++) {
		const struct sip_msg *m = peer_take(s);

		unit_must(m->status == (m->cseq.method == SIP_CANCEL ? 200 : 487));
	}
	assert_int_equal(peer_event(s, EVENT_ENDED)->state, PARLEY_ENDED_THEM);
}


/* ---- Reports back (RFC 5438 7.2, 12.1.3) ---- */

#define ASKING(more, wants)                                                       \
	"From: <sip:bob@example.org>\n"                                           \
	"To: <sip:alice@example.org>\n"                                           \
	"DateTime: 2026-01-01T01:00:00+02:00\n"                                   \
	"NS: im <urn:ietf:params:imdn>\n"                                         \
	"im.Message-ID: Abc123\n" more "im.Disposition-Notification: " wants "\n" \
	"\n"                                                                      \
	"Content-Type: text/plain\n"                                              \
	"\n"                                                                      \
	"hello"

/* Takes an IMDN off and answers it; it was one about Abc123. */
static struct imdn *take_imdn(struct peer *s, struct cpim *c)
{
	struct imdn *i = unit_storage(sizeof(*i));
	const struct sip_msg *m = peer_take(s);

	assert_true(m->request);
	assert_int_equal(m->method, SIP_MESSAGE);
	peer_header_is(m, CONTENT_TYPE, "message/cpim");
	peer_header_is(m, ACCEPT_CONTACT, "*;+g.oma.sip-im");
	peer_header_absent(m, CONTACT);
	assert_int_equal(cpim_decode(c, m->body), 0);
	unit_str(c->content_type, "message/imdn+xml");
	unit_str(c->content_disposition, "notification");
	assert_int_equal(c->notify, 0);
	assert_true(c->message_id.n >= 16);
	unit_str(c->from, "<sip:alice@example.org>");
	unit_str(c->to, "<sip:bob@example.org>");
	unit_ok(imdn_decode(i, c->content, unit_arena(4096)));
	unit_str(i->message_id, "Abc123");
	unit_str(i->date_time, "2026-01-01T01:00:00+02:00");
	assert_true(s->text_n < PARLEY_PAGER_LIMIT);
	return i;
}


static void test_reports_back(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});
	struct cpim *c = unit_storage(sizeof(*c));
	const struct peer_event *e;
	struct imdn *i;

	asking(s, "p1", "", ASKING("", "positive-delivery, display"));
	response(s, 200);
	e = peer_event(s, EVENT_MESSAGE);
	assert_string_equal(e->id, "Abc123");
	assert_int_equal(e->reports, PARLEY_REPORT_DELIVERY | PARLEY_REPORT_DISPLAY);
	assert_int_equal(e->sent_ms, VIRTUAL_WALL_START_MS - 3600 * 1000);
	i = take_imdn(s, c);
	unit_str(s->m.uri, "sip:bob@example.org");
	assert_int_equal(i->kind, IMDN_DELIVERY);
	assert_int_equal(i->status, IMDN_DELIVERED);
	unit_str(i->recipient, "sip:alice@example.org");
	peer_answer(s, 200, "");
	i = take_imdn(s, c);
	assert_int_equal(i->kind, IMDN_DISPLAY);
	assert_int_equal(i->status, IMDN_DISPLAYED);
	peer_answer(s, 200, "");
	assert_true(peer_quiet(s));
}


static void test_not_shown(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});
	struct cpim *c = unit_storage(sizeof(*c));

	s->shown = false;
	asking(s, "p2", "", ASKING("", "positive-delivery,display"));
	response(s, 200);
	peer_event(s, EVENT_MESSAGE);
	assert_int_equal(take_imdn(s, c)->kind, IMDN_DELIVERY);
	peer_answer(s, 200, "");
	assert_true(peer_quiet(s));
}


static void test_no_report(void)
{
	static const struct {
		const char *headers, *body;
	} rows[] = {
		{"", ASKING("", "negative-delivery")},
		{"", ASKING("", "processing")},
		{"", ASKING("", "")},
		{"", ASKING("", "frob;x=y")},
		{"P-Asserted-Identity: <sip:anonymous@anonymous.invalid>\n",
		 ASKING("", "positive-delivery")},
	};
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char body[1024], id[16];

		unit_case("row %zu", i);
		snprintf(id, sizeof(id), "q%zu", i);
		/* Each its own Message-ID. */
		snprintf(body, sizeof(body), "%s", rows[i].body);
		strstr(body, "Abc123")[0] = (char)('B' + i);
		asking(s, id, rows[i].headers, body);
		response(s, 200);
		peer_event(s, EVENT_MESSAGE);
		assert_true(peer_quiet(s));
	}
}


/* RFC 5438 7.2.1: back along the way that was recorded; Original-To is told. */
static void test_route_back(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});
	struct cpim *c = unit_storage(sizeof(*c));
	struct str value;
	struct imdn *i;
	uint8_t at = 0;

	asking(s, "p3", "",
	       ASKING("im.IMDN-Record-Route: <sip:list@example.org>\n"
		      "im.IMDN-Record-Route: \"Other\" <sip:other@example.org>\n"
		      "im.Original-To: <sip:crew@example.org>\n",
		      "positive-delivery"));
	response(s, 200);
	peer_event(s, EVENT_MESSAGE);
	i = take_imdn(s, c);
	unit_str(s->m.uri, "sip:list@example.org");
	unit_str(i->original_recipient, "sip:crew@example.org");
	assert_true(cpim_header_next(c, CPIM_NS_IMDN, STR("IMDN-Route"), &at, &value));
	unit_str(value, "<sip:list@example.org>");
	assert_true(cpim_header_next(c, CPIM_NS_IMDN, STR("IMDN-Route"), &at, &value));
	unit_str(value, "\"Other\" <sip:other@example.org>");
	assert_false(cpim_header_next(c, CPIM_NS_IMDN, STR("IMDN-Route"), &at, &value));
	assert_null(cpim_header(c, CPIM_NS_IMDN, STR("IMDN-Record-Route")).p);
}


/* With credentials the document gets shorter before it gets too large. */
static void test_report_with_credentials(void)
{
	struct peer *s = registered(&(struct parley_params){.password = "secret"});
	struct cpim *c = unit_storage(sizeof(*c));
	struct imdn *i;

	asking(s, "p4", "", ASKING("", "positive-delivery"));
	response(s, 200);
	peer_event(s, EVENT_MESSAGE);
	i = take_imdn(s, c);
	assert_true(i->recipient.n > 0);
	peer_challenge(s, 407,
		       "dcd98b7102dd2f0e8b11d0f600bfb0c093dcd98b7102dd2f0e8b11d0f600bfb0c093",
		       false);
	i = take_imdn(s, c);
	assert_null(i->recipient.p);
	assert_true(sip_msg_header(&s->m, SIP_HDR_PROXY_AUTHORIZATION).n > 0);
	peer_answer(s, 200, "");
	assert_true(peer_quiet(s));
}


/* Reports received. RFC 5438 9. */
static void test_report(void)
{
	struct peer *s = registered(&(struct parley_params){.reports_only = true});
	const struct peer_event *e;

	asking(s, "p5", "",
	       "From: <sip:bob@example.org>\nTo: <sip:alice@example.org>\nNS: imdn "
	       "<urn:ietf:params:imdn>\n"
	       "imdn.Message-ID: Other\nimdn.Disposition-Notification: display\n\n"
	       "Content-Type: message/imdn+xml\nContent-Disposition: notification\n\n"
	       "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>Mine</message-id>"
	       "<datetime>2026-01-01T00:00:00Z</datetime><recipient-uri>sip:bob@example.org</"
	       "recipient-uri>"
	       "<display-notification><status><displayed/></status></display-notification></imdn>");
	response(s, 200);
	e = peer_event(s, EVENT_REPORT);
	assert_string_equal(e->from, "sip:bob@example.org");
	assert_string_equal(e->name, "sip:bob@example.org");
	assert_string_equal(e->id, "Mine");
	assert_string_equal(e->word, "displayed");
	assert_int_equal(e->reports, PARLEY_REPORT_DISPLAY);
	/* "The IM Sender MUST NOT send an IMDN for an IMDN." */
	assert_true(peer_quiet(s));
}


static void test_close_inside_callback(void)
{
	struct peer *s = registered(&(struct parley_params){.password = NULL});

	s->close_inside = true;
	asking(s, "p6", "", ASKING("", "positive-delivery"));
	response(s, 200);
	peer_event(s, EVENT_MESSAGE);
	assert_null(s->parley);
	assert_true(peer_quiet(s));
}


UNIT_MAIN(UNIT_TEST(test_text), UNIT_TEST(test_sender), UNIT_TEST(test_types),
	  UNIT_TEST(test_types_inside), UNIT_TEST(test_duplicates), UNIT_TEST(test_reports_only),
	  UNIT_TEST(test_methods), UNIT_TEST(test_not_for_us), UNIT_TEST(test_in_no_dialog),
	  UNIT_TEST(test_invitations), UNIT_TEST(test_invitations_refused),
	  UNIT_TEST(test_invitation_cancelled), UNIT_TEST(test_reports_back),
	  UNIT_TEST(test_not_shown), UNIT_TEST(test_no_report), UNIT_TEST(test_route_back),
	  UNIT_TEST(test_report_with_credentials), UNIT_TEST(test_report),
	  UNIT_TEST(test_close_inside_callback))
