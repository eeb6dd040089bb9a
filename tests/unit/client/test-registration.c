/* SPDX-License-Identifier: Apache-2.0 */
/* The registration: its headers, its refresh, what happens when it fails, and leaving. */
#include "client/registration.h"

#include "peer.h"

#include <stdio.h>

#include "base/addr.h"
#include "client/keepalive.h"
#include "sip/auth_header.h"
#include "sip/name_addr.h"
#include "sip/param.h"


static const struct peer_event *state(struct peer *s, enum parley_state expected)
{
	const struct peer_event *e = peer_event(s, EVENT_STATE);

	unit_must(e->state == (int)expected);
	return e;
}


static const struct sip_msg *take_register(struct peer *s)
{
	const struct sip_msg *m = peer_take(s);

	assert_true(m->request);
	assert_int_equal(m->method, SIP_REGISTER);
	return m;
}


static struct sip_name_addr contact_of(const struct sip_msg *m)
{
	struct sip_name_addr c;

	assert_int_equal(sip_name_addr_decode(&c, sip_msg_header(m, SIP_HDR_CONTACT)), 0);
	return c;
}


static void contact_is(const struct sip_msg *m, const char *name, const char *value)
{
	struct sip_name_addr c = contact_of(m);
	struct str got;

	if (!value) {
		assert_false(sip_param(c.params, str_of(name), &got));
		return;
	}
	assert_true(sip_param(c.params, str_of(name), &got));
	unit_str(got, value);
}


/* Answers the REGISTER taken last with 200 and its Contact. */
static void grant(struct peer *s, const char *headers)
{
	char lines[1024];

	snprintf(lines, sizeof(lines),
		 "Contact: <sip:other@192.0.2.77>;expires=5, <" STR_FMT ">%s\r\n",
		 STR_ARG(contact_of(&s->m).uri), headers);
	peer_answer(s, 200, lines);
}


/* ---- The REGISTER ---- */

static void test_headers(void)
{
	struct peer *s = peer_new(
		&(struct parley_params){.password = "secret", .display_name = "Alice"});
	const struct sip_msg *m;
	struct str instance;

	assert_int_equal(parley_registration_state(s->parley), PARLEY_IDLE);
	unit_ok(parley_register(s->parley));
	assert_int_equal(parley_registration_state(s->parley), PARLEY_REGISTERING);
	m = take_register(s);
	unit_str(m->uri, "sip:example.org");
	unit_str(m->from_uri, "sip:alice@example.org");
	unit_str(m->to_uri, "sip:alice@example.org");
	assert_int_equal(m->cseq.number, 1);
	assert_true(str_starts(peer_contact(s), STR("sip:alice.")));
	assert_true(str_ends(peer_contact(s), STR("@192.0.2.1:5060")));
	/* CLI-GEN-4; RFC 5626 4.1 and 4.2. */
	contact_is(m, "+g.oma.sip-im", "");
	contact_is(m, "+g.oma.sip-im.large-message", NULL);
	contact_is(m, "reg-id", "1");
	contact_is(m, "expires", "3600");
	assert_true(sip_param(contact_of(m).params, STR("+sip.instance"), &instance));
	assert_true(str_starts(instance, STR("\"<urn:uuid:")));
	peer_header_is(m, EXPIRES, "3600");
	peer_header_is(m, USER_AGENT, "IM-client/OMA1.0 Test/1.0");
	peer_header_is(m, SUPPORTED, "timer, path, outbound");
	assert_true(sip_msg_header(m, SIP_HDR_ALLOW).n > 0);
	peer_header_absent(m, ACCEPT_CONTACT);
	peer_header_absent(m, ROUTE);
	peer_header_absent(m, AUTHORIZATION);
}


/* Digest as challenged; credentials and Call-ID go on, CSeq grows (RFC 3261 10.2.4). */
static void test_register_and_refresh(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret", .expires_s = 600});
	struct auth_credentials c;
	const struct sip_msg *m;
	const struct peer_event *e;
	char call_id[64], contact[256];

	unit_ok(parley_register(s->parley));
	m = take_register(s);
	snprintf(call_id, sizeof(call_id), STR_FMT, STR_ARG(m->call_id));
	snprintf(contact, sizeof(contact), STR_FMT, STR_ARG(peer_contact(s)));
	peer_challenge(s, 401, "n1", false);
	m = take_register(s);
	unit_str(m->call_id, call_id);
	assert_int_equal(m->cseq.number, 2);
	unit_must(auth_credentials_find(&c, m, SIP_HDR_AUTHORIZATION, STR("example.org")) == 0);
	unit_str(c.username, "alice");
	unit_str(c.uri, "sip:example.org");
	assert_int_equal(c.nc, 1);
	grant(s, ";expires=400");
	e = state(s, PARLEY_REGISTERED);
	assert_int_equal(e->expires_s, 400);
	assert_int_equal(parley_registration_state(s->parley), PARLEY_REGISTERED);

	/* Half of what was granted. */
	peer_wait(s, 199999);
	assert_true(peer_quiet(s));
	peer_wait(s, 1);
	m = take_register(s);
	unit_str(m->call_id, call_id);
	unit_str(peer_contact(s), contact);
	assert_int_equal(m->cseq.number, 3);
	unit_must(auth_credentials_find(&c, m, SIP_HDR_AUTHORIZATION, STR("example.org")) == 0);
	assert_int_equal(c.nc, 2);
	assert_int_equal(parley_registration_state(s->parley), PARLEY_REGISTERED);
	grant(s, ";expires=3600");
	assert_int_equal(state(s, PARLEY_REGISTERED)->expires_s, 3600);

	/* Ten minutes before the end. */
	peer_wait(s, 2999999);
	assert_true(peer_quiet(s));
	peer_wait(s, 1);
	take_register(s);
}


static void test_granted(void)
{
	static const struct {
		const char *headers;
		uint32_t expires_s;
	} rows[] = {
		{"Expires: 1200\r\n", 1200},
		{"", 3600},
		{"Contact: <sip:someone@192.0.2.9>;expires=60\r\nExpires: 900\r\n", 900},
		{"Expires: nonsense\r\n", 3600},
		{"Expires: 0\r\n", REGISTRATION_EXPIRES_MIN_S},
		{"Expires: 4294967295\r\n", REGISTRATION_EXPIRES_MAX_S},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

		unit_case("row %zu", i);
		unit_ok(parley_register(s->parley));
		take_register(s);
		peer_answer(s, 200, rows[i].headers);
		assert_int_equal(state(s, PARLEY_REGISTERED)->expires_s, rows[i].expires_s);
	}
}


/* RFC 3261 10.2.8; RFC 5626 4.2.1. */
static void test_asks_again(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret", .expires_s = 60});
	const struct sip_msg *m;

	unit_ok(parley_register(s->parley));
	take_register(s);
	peer_answer(s, 423, "Min-Expires: 300\r\n");
	m = take_register(s);
	contact_is(m, "expires", "300");
	contact_is(m, "reg-id", "1");
	peer_answer(s, 439, "");
	m = take_register(s);
	contact_is(m, "expires", "300");
	contact_is(m, "reg-id", NULL);
	peer_header_is(m, SUPPORTED, "timer, path");
	/* A third time it is a failure like others. */
	peer_answer(s, 423, "Min-Expires: 400\r\n");
	state(s, PARLEY_WAITING);
}


/* ---- Failure ---- */

static void test_refused(void)
{
	static const unsigned statuses[] = {403, 404, 302, 606};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
		const struct peer_event *e;

		unit_case("%u", statuses[i]);
		unit_ok(parley_register(s->parley));
		take_register(s);
		peer_answer(s, statuses[i], "Warning: 399 example.org \"so it is\"\r\n");
		e = state(s, PARLEY_REFUSED);
		assert_int_equal(e->status, statuses[i]);
		peer_wait(s, 4000000);
		assert_true(peer_quiet(s));
		assert_int_equal(parley_unregister(s->parley), -EALREADY);
	}
}


static void test_wrong_password(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "wrong"});
	const struct peer_event *e;

	unit_ok(parley_register(s->parley));
	take_register(s);
	peer_challenge(s, 401, "n1", false);
	take_register(s);
	peer_challenge(s, 401, "n2", false);
	e = state(s, PARLEY_REFUSED);
	assert_int_equal(e->error, -EACCES);
	assert_int_equal(e->status, 401);
}


/* RFC 5626 4.5: half to all of min(1800, 30 * 2^failures) seconds. */
static void test_back_off(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	uint32_t upper_ms = 60000;

	unit_ok(parley_register(s->parley));
	for (int i = 0; i < 8; i++) {
		uint32_t retry_ms;
		const struct peer_event *e;

		unit_case("failure %d", i + 1);
		take_register(s);
		peer_answer(s, 500, "");
		e = state(s, PARLEY_WAITING);
		retry_ms = e->retry_ms;
		assert_in_range(retry_ms, upper_ms / 2, upper_ms);
		peer_wait(s, retry_ms - 1);
		assert_true(peer_quiet(s));
		peer_wait(s, 1);
		state(s, PARLEY_REGISTERING);
		upper_ms = upper_ms * 2 > 1800000 ? 1800000 : upper_ms * 2;
	}
	take_register(s);
	grant(s, "");
	state(s, PARLEY_REGISTERED);
}


static void test_retry_after(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	unit_ok(parley_register(s->parley));
	take_register(s);
	peer_answer(s, 503, "Retry-After: 120 (too much to do)\r\n");
	assert_int_equal(state(s, PARLEY_WAITING)->retry_ms, 60000 * 2);
}


static void test_silence(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	unit_ok(parley_register(s->parley));
	take_register(s);
	s->got_n = 0;
	peer_wait(s, 33000);
	assert_int_equal(state(s, PARLEY_WAITING)->error, -ETIMEDOUT);
}


/* ---- Connections ---- */

static void test_lost_connection(void)
{
	struct peer *s = peer_new(&(struct parley_params){.server = PEER_SERVER ";transport=tcp"});

	peer_register(s, "");
	assert_int_equal(s->connections, 1);
	assert_true(str_ends(peer_contact(s), STR("@192.0.2.1:5060;transport=tcp")));

	/* Lost at once after it was made: that is a failure, and waited upon. */
	peer_wait(s, 1000);
	s->stream = mem_unref(s->stream);
	assert_int_equal(state(s, PARLEY_WAITING)->error, -ECONNRESET);
	peer_wait(s, 60000);
	state(s, PARLEY_REGISTERING);
	take_register(s);
	assert_int_equal(s->connections, 2);
	grant(s, "");
	state(s, PARLEY_REGISTERED);

	/* It held for a while: a new one at once. */
	peer_wait(s, REGISTRATION_PROVEN_MS);
	s->stream = mem_unref(s->stream);
	state(s, PARLEY_REGISTERING);
	peer_wait(s, REGISTRATION_RECONNECT_MS);
	take_register(s);
	assert_int_equal(s->connections, 3);
	grant(s, "");
	state(s, PARLEY_REGISTERED);
}


static void ignore(struct stream *stream, const char *p, size_t n, void *arg)
{
	(void)stream;
	(void)p;
	(void)n;
	(void)arg;
}


static void forget(struct stream *stream, int error, void *arg)
{
	(void)stream;
	(void)error;
	(void)arg;
}


/* A stranger's connection that closes is no reason to register. */
static void test_other_connection(void)
{
	struct peer *s = peer_new(&(struct parley_params){.server = PEER_SERVER ";transport=tcp"});
	struct stream_handler h = {.recv = ignore, .closed = forget};
	struct stream *stranger;
	struct addr to;

	peer_register(s, "");
	assert_int_equal(addr_decode_hostport(&to, STR(PEER_LOCAL)), 0);
	unit_ok(stream_connect(&stranger, s->loop, &to, NULL, NULL, STR_NULL, &h, s));
	(void)stream_write(stranger, "\r\n\r\n", 4);
	peer_wait(s, 1);
	mem_unref(stranger);
	peer_wait(s, 5000);
	unit_must(s->events == 0);
	assert_true(peer_quiet(s));
}


/* ---- Keep-alives (RFC 5626 4.4) ---- */

static void test_keepalive_stream(void)
{
	struct peer *s = peer_new(&(struct parley_params){.server = PEER_SERVER ";transport=tcp"});

	peer_register(s, "");
	peer_wait(s, KEEPALIVE_STREAM_LOWER_MS - 1);
	assert_int_equal(s->pings, 0);
	peer_wait(s, KEEPALIVE_STREAM_MS - KEEPALIVE_STREAM_LOWER_MS + 1);
	unit_must(s->pings == 1);
	peer_wait(s, 10 * KEEPALIVE_STREAM_MS);
	unit_must(s->pings >= 11 && s->pings <= 14);
}


static void test_keepalive_flow_timer(void)
{
	struct peer *s = peer_new(&(struct parley_params){.server = PEER_SERVER ";transport=tcp"});

	peer_register(s, "Flow-Timer: 20\r\n");
	peer_wait(s, 200000);
	unit_must(s->pings >= 10 && s->pings <= 12);
}


static void test_keepalive_udp(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = NULL});

	/* No NAT between: the server sees the address that we send from. */
	peer_register(s, "");
	peer_wait(s, 100000);
	assert_int_equal(s->pings, 0);
}


static void test_keepalive_nat(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = NULL});
	struct buf *b = unit_buf(4096);
	const struct sip_msg *m;

	unit_ok(parley_register(s->parley));
	m = take_register(s);
	buf_printf(b,
		   "SIP/2.0 200 OK\r\nVia: " STR_FMT ";received=198.51.100.3\r\nFrom: " STR_FMT
		   "\r\nTo: " STR_FMT ";tag=x\r\nCall-ID: " STR_FMT
		   "\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n",
		   STR_ARG(m->via.value), STR_ARG(sip_msg_header(m, SIP_HDR_FROM)),
		   STR_ARG(sip_msg_header(m, SIP_HDR_TO)), STR_ARG(m->call_id));
	unit_must(!b->failed);
	unit_ok(datagram_send(s->udp, &s->client, b->p, b->n));
	state(s, PARLEY_REGISTERED);
	peer_wait(s, 100000);
	unit_must(s->pings >= 3 && s->pings <= 4);
}


/* ---- Leaving ---- */

static void test_unregister(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	const struct sip_msg *m;
	char contact[256];

	assert_int_equal(parley_unregister(s->parley), -EALREADY);
	peer_register(s, "");
	snprintf(contact, sizeof(contact), STR_FMT, STR_ARG(peer_contact(s)));
	unit_ok(parley_unregister(s->parley));
	assert_int_equal(parley_registration_state(s->parley), PARLEY_LEAVING);
	m = take_register(s);
	unit_str(peer_contact(s), contact);
	contact_is(m, "expires", "0");
	peer_header_is(m, EXPIRES, "0");
	peer_challenge(s, 401, "n1", false);
	m = take_register(s);
	contact_is(m, "expires", "0");
	peer_answer(s, 200, "");
	state(s, PARLEY_IDLE);
	peer_wait(s, 4000000);
	assert_true(peer_quiet(s));

	/* And back. */
	peer_register(s, "");
}


static void test_unregister_in_silence(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	peer_register(s, "");
	unit_ok(parley_unregister(s->parley));
	peer_wait(s, PARLEY_LEAVE_MS - 1);
	unit_must(s->events == 0);
	peer_wait(s, 1);
	state(s, PARLEY_IDLE);
}


/* What was promised is kept: a message under way ends before the account says it has left. */
static void test_unregister_waits(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	struct sip_msg *message = unit_storage(sizeof(*message));

	peer_register(s, "");
	unit_ok(parley_send(s->parley,
			    &(struct parley_outgoing){
				    .to = "sip:bob@example.org", .content = "x", .content_size = 1},
			    peer_on_sent, s));
	unit_ok(parley_unregister(s->parley));
	assert_int_equal(peer_take(s)->method, SIP_MESSAGE);
	/* The REGISTER is answered first. */
	*message = s->m;
	peer_take(s);
	peer_answer(s, 200, "");
	unit_must(s->events == 0);
	s->m = *message;
	peer_answer(s, 200, "");
	unit_must(peer_event(s, EVENT_SENT)->status == 200);
	state(s, PARLEY_IDLE);
}


static void test_unregister_while_waiting(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	unit_ok(parley_register(s->parley));
	take_register(s);
	peer_answer(s, 500, "");
	state(s, PARLEY_WAITING);
	assert_int_equal(parley_unregister(s->parley), -EALREADY);
	assert_int_equal(parley_registration_state(s->parley), PARLEY_IDLE);
	peer_wait(s, 4000000);
	assert_true(peer_quiet(s));
	assert_int_equal(s->events, 0);
}


static void test_close_inside_callback(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});

	unit_ok(parley_register(s->parley));
	take_register(s);
	s->close_inside = true;
	grant(s, "");
	state(s, PARLEY_REGISTERED);
	assert_null(s->parley);
	peer_wait(s, 4000000);
	assert_true(peer_quiet(s));
}


UNIT_MAIN(UNIT_TEST(test_headers), UNIT_TEST(test_register_and_refresh), UNIT_TEST(test_granted),
	  UNIT_TEST(test_asks_again), UNIT_TEST(test_refused), UNIT_TEST(test_wrong_password),
	  UNIT_TEST(test_back_off), UNIT_TEST(test_retry_after), UNIT_TEST(test_silence),
	  UNIT_TEST(test_lost_connection), UNIT_TEST(test_other_connection),
	  UNIT_TEST(test_keepalive_stream), UNIT_TEST(test_keepalive_flow_timer),
	  UNIT_TEST(test_keepalive_udp), UNIT_TEST(test_keepalive_nat), UNIT_TEST(test_unregister),
	  UNIT_TEST(test_unregister_in_silence), UNIT_TEST(test_unregister_waits),
	  UNIT_TEST(test_unregister_while_waiting), UNIT_TEST(test_close_inside_callback))
