/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot messages: their headers (CLI-GEN), their size, their authentication, their outcome. */
#include "peer.h"

#include <stdio.h>

#include "base/addr.h"
#include "body/cpim.h"
#include "sip/auth_header.h"
#include "sip/name_addr.h"
#include "sip/param.h"


static void send_text(struct peer *s, const struct parley_outgoing *m)
{
	struct parley_outgoing full = *m;

	full.to = full.to ? full.to : "sip:bob@example.org";
	full.content = full.content ? full.content : "hello";
	full.content_size = full.content_size ? full.content_size : strlen(full.content);
	unit_ok(parley_send(s->parley, &full, peer_on_sent, s));
}


/* ---- The headers ---- */

/* CLI-GEN-1, 2, 3, 5, 6, 7; digest f-A 6 and 7. */
static void test_headers(void)
{
	struct peer *s = peer_new(
		&(struct parley_params){.password = "secret", .display_name = "Alice \"A\" Doe"});
	const struct sip_msg *m;
	struct sip_name_addr from;

	send_text(s, &(struct parley_outgoing){.to = NULL});
	m = peer_take(s);
	assert_int_equal(m->method, SIP_MESSAGE);
	unit_str(m->uri, "sip:bob@example.org");
	peer_header_is(m, TO, "<sip:bob@example.org>");
	assert_int_equal(sip_name_addr_decode(&from, sip_msg_header(m, SIP_HDR_FROM)), 0);
	unit_str(from.uri, "sip:alice@example.org");
	unit_str(from.display, "Alice \\\"A\\\" Doe");
	assert_true(m->from_tag.n >= 8);
	assert_null(m->to_tag.p);
	assert_int_equal(m->max_forwards, 70);
	peer_header_is(m, ACCEPT_CONTACT, "*;+g.oma.sip-im");
	peer_header_is(m, USER_AGENT, "IM-client/OMA1.0 Test/1.0");
	peer_header_is(m, ALLOW,
		       "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, UPDATE, PRACK, NOTIFY");
	peer_header_is(m, SUPPORTED, "timer");
	peer_header_is(m, CONTENT_TYPE, "text/plain;charset=UTF-8");
	unit_str(m->body, "hello");
	peer_header_absent(m, CONTACT);
	peer_header_absent(m, PRIVACY);
	peer_header_absent(m, SESSION_EXPIRES);
	peer_header_absent(m, ROUTE);
	peer_header_absent(m, P_PREFERRED_IDENTITY);
	peer_header_absent(m, P_ACCESS_NETWORK_INFO);
	peer_header_absent(m, AUTHORIZATION);
	peer_header_absent(m, PROXY_AUTHORIZATION);
	assert_true(m->via.rport);

	peer_answer(s, 200, "");
	assert_int_equal(peer_event(s, EVENT_SENT)->status, 200);
}


/* CLI-GEN-5: RFC 3325 9.3. */
static void test_anonymous(void)
{
	struct peer *s = peer_new(&(struct parley_params){.display_name = "Alice"});
	const struct sip_msg *m;

	send_text(s, &(struct parley_outgoing){.anonymous = true});
	m = peer_take(s);
	peer_header_is(m, PRIVACY, "id");
	/* `id` withholds what a server asserts: From is ours to keep silent, in any setting. */
	unit_str(m->from_uri, "sip:anonymous@anonymous.invalid");
	peer_header_is(m, P_PREFERRED_IDENTITY, "<sip:alice@example.org>");
	assert_int_equal(str_find_str(sip_msg_header(m, SIP_HDR_FROM), STR("Alice")), -1);
}


/* CLI-IMS: RFC 3608, RFC 3325; the first hop, then the Service-Route. */
static void test_ims(void)
{
	struct peer *s = peer_new(&(
		struct parley_params){.password = "secret",
				      .ims = true,
				      .access_network = "3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=1"});
	struct sip_values routes;
	const struct sip_msg *m;
	struct str value;

	peer_register(s,
		      "Service-Route: <sip:scscf.example.org;lr>\r\n"
		      "Service-Route: <sip:second.example.org;lr>, <sip:third.example.org;lr>\r\n");
	send_text(s, &(struct parley_outgoing){.anonymous = true});
	m = peer_take(s);
	peer_header_is(m, P_PREFERRED_IDENTITY, "<sip:alice@example.org>");
	peer_header_is(m, P_ACCESS_NETWORK_INFO, "3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=1");
	unit_str(m->from_uri, "sip:anonymous@anonymous.invalid");

	routes = sip_values_first(m, SIP_HDR_ROUTE);
	assert_true(sip_values_next(&routes, &value));
	unit_str(value, "<sip:192.0.2.10:5060;lr>");
	unit_must(sip_values_next(&routes, &value));
	unit_str(value, "<sip:scscf.example.org;lr>");
	assert_true(sip_values_next(&routes, &value));
	unit_str(value, "<sip:second.example.org;lr>");
	assert_true(sip_values_next(&routes, &value));
	unit_str(value, "<sip:third.example.org;lr>");
	assert_false(sip_values_next(&routes, &value));
}


/* A Service-Route is used without an IMS too, since the registrar asked for it; nothing is invented. */
static void test_service_route(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	const struct sip_msg *m;

	peer_register(s, "Service-Route: <sip:edge.example.org;lr>\r\n");
	send_text(s, &(struct parley_outgoing){.to = NULL});
	m = peer_take(s);
	unit_must(sip_msg_header(m, SIP_HDR_ROUTE).p != NULL);
	peer_header_is(m, ROUTE, "<sip:edge.example.org;lr>");
	peer_header_absent(m, P_PREFERRED_IDENTITY);
}


/* ---- The size ---- */

static size_t chosen_for;


static void on_chosen(struct parley *p, enum parley_mode mode, size_t request_bytes, void *arg)
{
	(void)p;
	(void)arg;
	assert_int_equal(mode, PARLEY_LARGE);
	chosen_for = request_bytes;
}


/* A large message's INVITE is on its way: declined, so that this is the end of it. */
static const struct peer_event *decline(struct peer *s)
{
	const struct sip_msg *m = peer_take(s);

	assert_int_equal(m->method, SIP_INVITE);
	peer_header_is(m, ACCEPT_CONTACT, "*;+g.oma.sip-im;+g.oma.sip-im.large-message");
	peer_answer(s, 486, "");
	m = peer_take(s);
	assert_int_equal(m->method, SIP_ACK);
	return peer_event(s, EVENT_SENT);
}


/* How long the request is with a body of `n` bytes. */
static size_t size_with(struct peer *s, size_t n, bool reliable, unsigned *mode, bool *on_wire)
{
	char body[4096];
	const struct peer_event *e;

	memset(body, 'x', sizeof(body));
	chosen_for = 0;
	unit_ok(parley_send(s->parley,
			    &(struct parley_outgoing){
				    .to = "sip:bob@example.org",
				    .content = body,
				    .content_size = n,
				    .reliable_path = reliable,
				    .chosen = on_chosen,
			    },
			    peer_on_sent, s));
	peer_wait(s, 1);
	*on_wire = !chosen_for;
	if (*on_wire) {
		peer_take(s);
		peer_answer(s, 200, "");
		e = peer_event(s, EVENT_SENT);
		unit_must(e->error == 0 && e->status == 200);
		assert_int_equal(e->bytes, s->text_n);
	} else {
		e = decline(s);
		unit_must(e->error == 0 && e->status == 486);
	}
	*mode = e->mode;
	return *on_wire ? e->bytes : chosen_for;
}


/* CLI-LMM-1 to 4 and CLI-TCP, with requests of exactly these sizes on the wire. */
static void test_size(void)
{
	static const struct {
		size_t bytes;
		bool reliable, sent;
	} rows[] = {
		{1299, false, true},  {1300, false, false}, {1301, false, false},
		{5000, false, false}, {1299, true, true},   {1300, true, true},
		{1301, true, true},
	};
	struct peer *s = peer_new(&(struct parley_params){.server = PEER_SERVER ";transport=tcp"});
	unsigned mode;
	bool on_wire;
	/* Content-Length has three digits in both. */
	size_t frame = size_with(s, 500, false, &mode, &on_wire) - 500;

	assert_int_equal(mode, PARLEY_PAGER);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t body = rows[i].bytes > 4000 ? 4000 : rows[i].bytes - frame, size;

		unit_case("%zu bytes, path %s", rows[i].bytes,
			  rows[i].reliable ? "reliable" : "unknown");
		size = size_with(s, body, rows[i].reliable, &mode, &on_wire);
		if (rows[i].bytes < 4000)
			assert_int_equal(size, rows[i].bytes);
		assert_int_equal(on_wire, rows[i].sent);
		assert_int_equal(mode, rows[i].sent ? PARLEY_PAGER : PARLEY_LARGE);
	}
}


/* Credentials make a request larger: the choice is made again for what would really leave. */
static void test_size_with_credentials(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	char body[700];
	const struct peer_event *e;

	memset(body, 'x', sizeof(body));
	chosen_for = 0;
	send_text(s, &(struct parley_outgoing){
			     .content = body, .content_size = sizeof(body), .chosen = on_chosen});
	peer_take(s);
	assert_true(s->text_n < PARLEY_PAGER_LIMIT);
	peer_challenge(s, 407, "abc", false);
	peer_wait(s, 1);
	e = decline(s);
	unit_must(e->error == 0 && e->status == 486);
	assert_int_equal(e->mode, PARLEY_LARGE);
	assert_true(chosen_for >= PARLEY_PAGER_LIMIT);
	unit_must(peer_quiet(s));
}


static void test_large(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	const struct peer_event *e;

	send_text(s, &(struct parley_outgoing){.large = true});
	assert_int_equal(s->events, 0);
	peer_wait(s, 1);
	e = decline(s);
	unit_must(e->error == 0 && e->status == 486);
	assert_int_equal(e->mode, PARLEY_LARGE);
	assert_int_equal(e->bytes, 0);
	unit_must(peer_quiet(s));
}


/* ---- Authentication ---- */

static struct auth_credentials credentials(const struct sip_msg *m, enum sip_header_id id)
{
	struct auth_credentials c = {.scheme = STR_NULL};
	int err = auth_credentials_find(&c, m, id, STR("example.org"));

	unit_must(err == 0);
	unit_str(c.username, "alice");
	unit_str(c.uri, "sip:bob@example.org");
	assert_int_equal(c.qop, AUTH_QOP_AUTH);
	assert_int_equal(c.algorithm, AUTH_SHA256);
	return c;
}


static void test_challenge(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	const struct sip_msg *m;
	struct auth_credentials c;
	char call_id[64], tag[64];

	send_text(s, &(struct parley_outgoing){.to = NULL});
	m = peer_take(s);
	snprintf(call_id, sizeof(call_id), STR_FMT, STR_ARG(m->call_id));
	snprintf(tag, sizeof(tag), STR_FMT, STR_ARG(m->from_tag));
	assert_int_equal(m->cseq.number, 1);
	peer_challenge(s, 407, "n1", false);

	/* RFC 3261 22.2: the same Call-ID and tag, the next CSeq. */
	m = peer_take(s);
	unit_str(m->call_id, call_id);
	unit_str(m->from_tag, tag);
	assert_int_equal(m->cseq.number, 2);
	c = credentials(m, SIP_HDR_PROXY_AUTHORIZATION);
	unit_str(c.nonce, "n1");
	assert_int_equal(c.nc, 1);
	peer_answer(s, 200, "");
	unit_must(peer_event(s, EVENT_SENT)->status == 200);

	/* The next one brings its credentials at once, and counts. */
	send_text(s, &(struct parley_outgoing){.to = NULL});
	m = peer_take(s);
	assert_int_equal(m->cseq.number, 1);
	c = credentials(m, SIP_HDR_PROXY_AUTHORIZATION);
	unit_str(c.nonce, "n1");
	assert_int_equal(c.nc, 2);

	/* The nonce has aged: once more with the new one. */
	peer_challenge(s, 407, "n2", true);
	m = peer_take(s);
	c = credentials(m, SIP_HDR_PROXY_AUTHORIZATION);
	unit_str(c.nonce, "n2");
	assert_int_equal(c.nc, 1);
	peer_challenge(s, 407, "n3", true);
	m = peer_take(s);
	c = credentials(m, SIP_HDR_PROXY_AUTHORIZATION);
	unit_str(c.nonce, "n3");
	peer_answer(s, 202, "");
	assert_int_equal(peer_event(s, EVENT_SENT)->status, 202);
}


/* RFC 3261 22.1: the same credentials are not tried again. */
static void test_wrong_password(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "wrong"});
	const struct peer_event *e;

	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_take(s);
	peer_challenge(s, 407, "n1", false);
	peer_take(s);
	peer_challenge(s, 407, "n2", false);
	e = peer_event(s, EVENT_SENT);
	unit_must(e->error == -EACCES);
	assert_int_equal(e->status, 407);
	assert_true(peer_quiet(s));

	/* Nor are they brought unasked by the next one. */
	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_header_absent(peer_take(s), PROXY_AUTHORIZATION);
}


/* A peer that calls every nonce stale does not keep us busy for ever. */
static void test_stale_for_ever(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	const struct peer_event *e;
	int rounds = 0;

	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_take(s);
	do {
		char nonce[16];

		snprintf(nonce, sizeof(nonce), "n%d", rounds++);
		peer_challenge(s, 407, nonce, true);
		if (peer_quiet(s))
			break;
		peer_take(s);
	} while (rounds < 20);
	e = peer_event(s, EVENT_SENT);
	unit_must(e->error == -EACCES);
	assert_int_equal(rounds, 4);
}


/* Credentials for whoever sits at the far end are not shown to the next one who is written to. */
static void test_challenge_of_recipient(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	const struct sip_msg *m;

	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_take(s);
	peer_challenge(s, 401, "n1", false);
	m = peer_take(s);
	(void)credentials(m, SIP_HDR_AUTHORIZATION);
	peer_header_absent(m, PROXY_AUTHORIZATION);
	peer_answer(s, 200, "");
	assert_int_equal(peer_event(s, EVENT_SENT)->status, 200);
	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_header_absent(peer_take(s), AUTHORIZATION);
}


static void test_no_password(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = NULL});
	const struct peer_event *e;

	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_take(s);
	peer_challenge(s, 407, "n1", false);
	e = peer_event(s, EVENT_SENT);
	unit_must(e->error == -ENOKEY);
	assert_int_equal(e->status, 407);
}


static void test_unknown_scheme(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	const struct peer_event *e;

	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_take(s);
	peer_answer(s, 407, "Proxy-Authenticate: Basic realm=\"example.org\"\r\n");
	e = peer_event(s, EVENT_SENT);
	unit_must(e->error == -ENOTSUP);
	assert_int_equal(e->status, 407);
}


/* ---- The outcome ---- */

static void test_outcomes(void)
{
	static const struct {
		unsigned status;
		const char *headers, *detail;
	} rows[] = {
		{200, "", ""},
		{202, "", ""},
		{404, "Warning: 399 example.org \"no \\\"such\\\" user\"\r\n", "no \"such\" user"},
		{480, "Error-Info: <sip:why@example.org>\r\n", "<sip:why@example.org>"},
		{403, "Warning: nonsense\r\n", ""},
		{503, "Retry-After: 10\r\n", ""},
		{603, "", ""},
	};
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct peer_event *e;

		unit_case("%u", rows[i].status);
		send_text(s, &(struct parley_outgoing){.to = NULL});
		peer_take(s);
		peer_answer(s, 100, "");
		assert_int_equal(s->events, 0);
		peer_answer(s, rows[i].status, rows[i].headers);
		e = peer_event(s, EVENT_SENT);
		assert_int_equal(e->error, 0);
		assert_int_equal(e->status, rows[i].status);
		unit_must(!strcmp(e->detail, rows[i].detail));
		assert_int_equal(e->mode, PARLEY_PAGER);
	}
}


static void test_silence(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	const struct peer_event *e;

	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_take(s);
	peer_wait(s, 31000);
	assert_int_equal(s->events, 0);
	peer_wait(s, 2000);
	e = peer_event(s, EVENT_SENT);
	assert_int_equal(e->error, -ETIMEDOUT);
	assert_int_equal(e->status, 0);
	assert_true(e->bytes > 0);
}


static void test_refused(void)
{
	struct peer *s = peer_new(
		&(struct parley_params){.server = "192.0.2.99:5060;transport=tcp"});

	send_text(s, &(struct parley_outgoing){.to = NULL});
	unit_must(peer_event(s, EVENT_SENT)->error == -ECONNREFUSED);
}


static void test_wrong_parameters(void)
{
	static const struct {
		struct parley_outgoing m;
		int error;
	} rows[] = {
		{{.to = NULL}, -EINVAL},
		{{.to = ""}, -EINVAL},
		{{.to = "bob"}, -EINVAL},
		{{.to = "sip:bob@example.org?Subject=x"}, -EINVAL},
		{{.to = "sip:bob@example.org>\r\nX: y"}, -EINVAL},
		{{.to = "sip:bob@example.org", .type = "text"}, -EINVAL},
		{{.to = "sip:bob@example.org",
		  .anonymous = true,
		  .reports = PARLEY_REPORT_DELIVERY},
		 -EINVAL},
		{{.to = "sip:bob@example.org", .reports = PARLEY_REPORT_PROCESSING}, -EINVAL},
		{{.to = "sip:bob@example.org",
		  .content = "x",
		  .content_size = PARLEY_CONTENT_MAX + 1},
		 -ENOBUFS},
	};
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %zu", i);
		assert_int_equal(parley_send(s->parley, &rows[i].m, peer_on_sent, s),
				 rows[i].error);
	}
	assert_true(peer_quiet(s));
	assert_int_equal(s->events, 0);
}


/* ---- Reports (RFC 5438 7.1.1) ---- */

static void test_reports_asked_for(void)
{
	struct peer *s = peer_new(&(struct parley_params){.display_name = "Alice"});
	struct cpim *c = unit_storage(sizeof(*c));
	const struct sip_msg *m;
	const struct peer_event *e;
	int64_t sent_ms;
	char id[64];

	send_text(s, &(struct parley_outgoing){.reports = PARLEY_REPORT_DELIVERY |
							  PARLEY_REPORT_DISPLAY});
	m = peer_take(s);
	peer_header_is(m, CONTENT_TYPE, "message/cpim");
	assert_int_equal(cpim_decode(c, m->body), 0);
	unit_str(c->from, "\"Alice\" <sip:alice@example.org>");
	unit_str(c->to, "<sip:bob@example.org>");
	assert_int_equal(c->notify, CPIM_NOTIFY_POSITIVE_DELIVERY | CPIM_NOTIFY_NEGATIVE_DELIVERY |
					    CPIM_NOTIFY_DISPLAY);
	assert_int_equal(cpim_date_decode(&sent_ms, c->date_time), 0);
	assert_int_equal(sent_ms, VIRTUAL_WALL_START_MS);
	/* 6.3: "at least 64 bits of randomness" */
	assert_int_equal(c->message_id.n, 16);
	snprintf(id, sizeof(id), STR_FMT, STR_ARG(c->message_id));
	unit_str(c->content_type, "text/plain;charset=UTF-8");
	unit_str(c->content, "hello");
	peer_answer(s, 200, "");
	e = peer_event(s, EVENT_SENT);
	assert_string_equal(e->id, id);
}


/* ---- Leaving in the middle ---- */

static void test_close_while_waiting(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	send_text(s, &(struct parley_outgoing){.to = NULL});
	send_text(s, &(struct parley_outgoing){.large = true});
	peer_take(s);
	s->events = 0;
	parley_close(s->parley);
	s->parley = NULL;
	peer_answer(s, 200, "");
	peer_wait(s, 60000);
	assert_int_equal(s->events, 0);
}


static void test_close_inside_callback(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	send_text(s, &(struct parley_outgoing){.to = NULL});
	send_text(s, &(struct parley_outgoing){.to = NULL});
	peer_take(s);
	s->close_inside = true;
	peer_answer(s, 200, "");
	assert_int_equal(peer_event(s, EVENT_SENT)->status, 200);
	assert_null(s->parley);
	peer_wait(s, 60000);
	assert_int_equal(s->events, 0);
}


UNIT_MAIN(UNIT_TEST(test_headers), UNIT_TEST(test_anonymous), UNIT_TEST(test_ims),
	  UNIT_TEST(test_service_route), UNIT_TEST(test_size),
	  UNIT_TEST(test_size_with_credentials), UNIT_TEST(test_large), UNIT_TEST(test_challenge),
	  UNIT_TEST(test_wrong_password), UNIT_TEST(test_stale_for_ever),
	  UNIT_TEST(test_challenge_of_recipient), UNIT_TEST(test_no_password),
	  UNIT_TEST(test_unknown_scheme), UNIT_TEST(test_outcomes), UNIT_TEST(test_silence),
	  UNIT_TEST(test_refused), UNIT_TEST(test_wrong_parameters),
	  UNIT_TEST(test_reports_asked_for), UNIT_TEST(test_close_while_waiting),
	  UNIT_TEST(test_close_inside_callback))
