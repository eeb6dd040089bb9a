/* SPDX-License-Identifier: Apache-2.0 */
/* Server transactions against RFC 3261 17.2, RFC 6026, RFC 4320, with exact times. */
#include "engine.h"

#include <string.h>

#define BRANCH "z9hG4bKserver1"


static struct engine *e;
static struct peer *uac;


static void open_both(void)
{
	e = engine_open();
	uac = peer_open(e, "192.0.2.1:5070");
}


static void request(const char *method, const char *branch)
{
	peer_request(uac, method, "sip:bob@example.com", branch, "");
	engine_run(e);
}


static void times(const int *at_ms)
{
	peer_times(uac, at_ms);
}


/* ---- Other methods than INVITE ---- */

static void test_answer(void)
{
	open_both();
	request("MESSAGE", BRANCH);
	unit_must(e->requests == 1);
	unit_must(sip_pending(e->sip) == 1);
	unit_ok(engine_reply(e, 0, 200));
	engine_run(e);
	times((const int[]){0, -1});
	unit_must(peer_has(uac, 0, "SIP/2.0 200 OK\r\n"));
	unit_must(peer_has(uac, 0,
			   "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=" BRANCH
			   ";rport=5070;received=192.0.2.1\r\n"));
	unit_must(peer_has(uac, 0, "Call-ID: c1@example.org\r\n"));
	unit_must(peer_has(uac, 0, "CSeq: 1 MESSAGE\r\n"));
	unit_must(peer_has(uac, 0, "Server: Parley\r\n"));
	unit_must(strstr(peer_header(uac, 0, "To: "), ";tag=") != NULL);
	unit_must(sip_pending(e->sip) == 0);
	unit_must(sip_lingering(e->sip) == 1);
}


/* RFC 3261 17.2.2: the response is repeated until Timer J. */
static void test_retransmission_answered_until_timer_j(void)
{
	open_both();
	request("MESSAGE", BRANCH);
	unit_ok(engine_reply(e, 0, 202));
	engine_wait(e, 500);
	request("MESSAGE", BRANCH);
	engine_wait(e, 31499);
	unit_must(sip_lingering(e->sip) == 1);
	request("MESSAGE", BRANCH);
	unit_must(e->requests == 1);
	unit_must(peer_count(uac) == 3);
	unit_must(strcmp(peer_text(uac, 0), peer_text(uac, 2)) == 0);
	engine_wait(e, 1);
	unit_must(sip_lingering(e->sip) == 0);
	request("MESSAGE", BRANCH);
	unit_must(e->requests == 2);
}


static void test_absorbed_while_pending(void)
{
	open_both();
	request("MESSAGE", BRANCH);
	engine_wait(e, 500);
	request("MESSAGE", BRANCH);
	engine_wait(e, 1000);
	request("MESSAGE", BRANCH);
	unit_must(e->requests == 1);
	times((const int[]){-1});
	unit_ok(engine_reply(e, 0, 200));
	engine_run(e);
	times((const int[]){1500, -1});
}


/* RFC 4320 4.1: 100 when the client's Timer E has come to T2: at 500 + 1000 + 2000 ms. */
static void test_100_at_t2(void)
{
	open_both();
	request("MESSAGE", BRANCH);
	unit_ok(engine_reply(e, 0, 100));
	unit_ok(engine_reply(e, 0, 180));
	engine_wait(e, 3499);
	times((const int[]){-1});
	engine_wait(e, 1);
	times((const int[]){3500, -1});
	unit_must(peer_has(uac, 0, "SIP/2.0 100 Trying\r\n"));
	unit_must(!strstr(peer_header(uac, 0, "To: "), ";tag="));

	/* From now on the 100 is what a repetition gets. */
	engine_wait(e, 4000);
	request("MESSAGE", BRANCH);
	times((const int[]){3500, 7500, -1});
	unit_must(engine_reply(e, 0, 183) == 0);
	unit_ok(engine_reply(e, 0, 200));
	engine_run(e);
	times((const int[]){3500, 7500, 7500, -1});
	unit_must(peer_has(uac, 2, "SIP/2.0 200 "));
}


/* RFC 4320 4.2: nothing is sent when the time is over. */
static void test_unanswered(void)
{
	open_both();
	request("MESSAGE", BRANCH);
	engine_watch(e, 0);
	engine_wait(e, 31999);
	unit_must(e->ended == 0);
	unit_must(sip_pending(e->sip) == 1);
	engine_wait(e, 1);
	unit_must(e->ended == 1);
	unit_must(e->ended_error == -ETIMEDOUT);
	unit_must(sip_pending(e->sip) == 0);
	unit_must(engine_reply(e, 0, 200) < 0);
	engine_run(e);
	times((const int[]){3500, -1});
}


static void test_no_408(void)
{
	open_both();
	request("MESSAGE", BRANCH);
	unit_ok(engine_reply(e, 0, 408));
	unit_must(engine_reply(e, 0, 200) == -EALREADY);
	request("MESSAGE", BRANCH);
	engine_wait(e, 40000);
	times((const int[]){-1});
	unit_must(e->requests == 1);
	unit_must(sip_pending(e->sip) + sip_lingering(e->sip) == 0);
}


static void test_answered_twice(void)
{
	open_both();
	request("MESSAGE", BRANCH);
	unit_ok(engine_reply(e, 0, 200));
	unit_must(engine_reply(e, 0, 500) == -EALREADY);
	engine_run(e);
	times((const int[]){0, -1});
}


/* RFC 3261 17.2.2: Timer J is zero over reliable transports. */
static void test_tcp_keeps_nothing(void)
{
	open_both();
	peer_connect(uac);
	engine_run(e);
	request("MESSAGE", BRANCH);
	unit_ok(engine_reply(e, 0, 200));
	engine_run(e);
	unit_must(peer_has(uac, 0, "SIP/2.0 200 OK\r\n"));
	unit_must(sip_pending(e->sip) + sip_lingering(e->sip) == 0);
}


/* Another method, sent-by or branch is another transaction; another Call-ID is not (17.2.3). */
static void test_matching(void)
{
	struct peer *other;

	open_both();
	other = peer_open(e, "192.0.2.2:5070");
	request("MESSAGE", BRANCH);
	request("OPTIONS", BRANCH);
	request("MESSAGE", BRANCH "x");
	peer_request(other, "MESSAGE", "sip:bob@example.com", BRANCH, "");
	engine_run(e);
	unit_must(e->requests == 4);
	unit_must(sip_pending(e->sip) == 4);
	request("MESSAGE", BRANCH);
	unit_must(e->requests == 4);
}


/* RFC 3261 17.2.3 without the cookie: Request-URI, tags, Call-ID, CSeq and Via. */
static void test_rfc2543(void)
{
	open_both();
	request("MESSAGE", "1");
	request("MESSAGE", "1");
	unit_must(e->requests == 1);
	peer_request(uac, "MESSAGE", "sip:carol@example.com", "1", "");
	engine_run(e);
	unit_must(e->requests == 2);

	request("INVITE", "2");
	unit_ok(engine_reply(e, 2, 486));
	engine_run(e);
	unit_must(peer_count(uac) == 1);
	peer_send(
		uac,
		"ACK sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5070;branch=2;rport\n"
		"Max-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a1\nTo: %s\n"
		"Call-ID: c1@example.org\nCSeq: 1 ACK\nContent-Length: 0\n\n",
		peer_header(uac, 0, "To: "));
	engine_wait(e, 3000);
	unit_must(peer_count(uac) == 1);
	unit_must(e->acks == 0);
}


/* ---- INVITE ---- */

static void ack(const char *branch, unsigned response)
{
	peer_send(uac,
		  "ACK sip:bob@example.com SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=%s;rport\n"
		  "Max-Forwards: 70\n"
		  "From: <sip:alice@example.org>;tag=a1\n"
		  "To: %s\n"
		  "Call-ID: c1@example.org\n"
		  "CSeq: 1 ACK\n"
		  "Content-Length: 0\n\n",
		  branch, peer_header(uac, response, "To: "));
	engine_run(e);
}


/* 17.2.1: 100 after 200 ms when the user is silent; a repetition gets the last provisional one. */
static void test_invite_trying(void)
{
	open_both();
	request("INVITE", BRANCH);
	engine_wait(e, 199);
	times((const int[]){-1});
	engine_wait(e, 1);
	times((const int[]){200, -1});
	unit_must(peer_has(uac, 0, "SIP/2.0 100 Trying\r\n"));
	engine_wait(e, 300);
	request("INVITE", BRANCH);
	unit_must(peer_has(uac, 1, "SIP/2.0 100 "));
	unit_ok(engine_reply(e, 0, 180));
	engine_wait(e, 500);
	request("INVITE", BRANCH);
	times((const int[]){200, 500, 500, 1000, -1});
	unit_must(peer_has(uac, 3, "SIP/2.0 180 Ringing\r\n"));
	unit_must(e->requests == 1);
}


/* Timer G: T1, doubling to T2; Timer H: 64*T1, and the user is told. */
static void test_invite_failure_unacknowledged(void)
{
	open_both();
	request("INVITE", BRANCH);
	engine_watch(e, 0);
	unit_ok(engine_reply(e, 0, 486));
	engine_wait(e, 40000);
	times((const int[]){0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
			    -1});
	unit_must(e->ended == 1);
	unit_must(e->ended_error == -ETIMEDOUT);
	unit_must(sip_lingering(e->sip) == 0);
}


/* Confirmed: further ACKs and INVITEs are absorbed until Timer I, T4. */
static void test_invite_failure_acknowledged(void)
{
	open_both();
	request("INVITE", BRANCH);
	engine_watch(e, 0);
	unit_ok(engine_reply(e, 0, 486));
	engine_wait(e, 600);
	times((const int[]){0, 500, -1});
	ack(BRANCH, 0);
	engine_wait(e, 4999);
	ack(BRANCH, 0);
	request("INVITE", BRANCH);
	times((const int[]){0, 500, -1});
	unit_must(sip_lingering(e->sip) == 1);
	engine_wait(e, 1);
	unit_must(sip_lingering(e->sip) == 0);
	unit_must(e->acks == 0);
	unit_must(e->ended == 0);
	unit_must(e->requests == 1);
}


/* RFC 6026 7.1: INVITEs are absorbed, ACKs and more 2xx pass, for 64*T1. */
static void test_invite_accepted(void)
{
	open_both();
	request("INVITE", BRANCH);
	engine_watch(e, 0);
	unit_ok(engine_reply(e, 0, 200));
	unit_must(sip_lingering(e->sip) == 1);
	engine_run(e);
	request("INVITE", BRANCH);
	times((const int[]){0, -1});
	unit_must(e->requests == 1);
	unit_ok(e->st[0] ? sip_server_txn_send(e->st[0], 200, str_of(peer_text(uac, 0))) : -ENOMEM);
	engine_run(e);
	unit_must(peer_count(uac) == 2);
	unit_must(engine_reply(e, 0, 486) < 0);
	ack("z9hG4bKother", 0);
	ack(BRANCH, 0);
	unit_must(e->acks == 2);
	engine_wait(e, 31999);
	unit_must(sip_lingering(e->sip) == 1);
	unit_must(e->ended == 0);
	engine_wait(e, 1);
	unit_must(sip_lingering(e->sip) == 0);
	unit_must((e->ended == 1 && e->ended_error == 0));
}


static void test_invite_tcp(void)
{
	open_both();
	peer_connect(uac);
	engine_run(e);
	request("INVITE", BRANCH);
	unit_ok(engine_reply(e, 0, 404));
	engine_wait(e, 20000);
	times((const int[]){0, -1});
	unit_must(sip_lingering(e->sip) == 1);
	ack(BRANCH, 0);
	unit_must(sip_lingering(e->sip) == 0);
}


/* ---- CANCEL ---- */

static void test_cancel(void)
{
	open_both();
	request("INVITE", BRANCH);
	engine_watch(e, 0);
	unit_ok(engine_reply(e, 0, 180));
	request("CANCEL", BRANCH);
	unit_must(e->cancels == 1);
	unit_must(peer_has(uac, 1, "SIP/2.0 200 OK\r\n"));
	unit_must(peer_has(uac, 1, "CSeq: 1 CANCEL\r\n"));
	/* 9.2: "The To tag of the response to the CANCEL and the To tag in the response to the original
	 * request SHOULD be the same." */
	unit_must(strcmp(peer_header(uac, 0, "To: "), peer_header(uac, 1, "To: ")) == 0);
	request("CANCEL", BRANCH);
	unit_must(e->cancels == 1);
	unit_must(peer_has(uac, 2, "SIP/2.0 200 OK\r\n"));
	unit_ok(engine_reply(e, 0, 487));
	engine_run(e);
	unit_must(peer_has(uac, 3, "SIP/2.0 487 "));
	unit_must(e->requests == 1);
}


static void test_cancel_unwatched(void)
{
	open_both();
	request("INVITE", BRANCH);
	request("CANCEL", BRANCH);
	unit_must(peer_has(uac, 0, "CSeq: 1 CANCEL\r\n"));
	unit_must(peer_has(uac, 1, "SIP/2.0 487 "));
}


static void test_cancel_too_late(void)
{
	open_both();
	request("INVITE", BRANCH);
	engine_watch(e, 0);
	unit_ok(engine_reply(e, 0, 200));
	request("CANCEL", BRANCH);
	unit_must(e->cancels == 0);
	unit_must(peer_has(uac, 1, "SIP/2.0 200 OK\r\n"));
	unit_must(peer_has(uac, 1, "CSeq: 1 CANCEL\r\n"));
}


static void test_cancel_of_nothing(void)
{
	open_both();
	request("CANCEL", BRANCH);
	unit_must(e->requests == 1);
	unit_ok(engine_reply(e, 0, 481));
	request("CANCEL", BRANCH);
	unit_must(e->requests == 1);
	unit_must(peer_has(uac, 1, "SIP/2.0 481 "));
}


/* ---- What is malformed ---- */

static void test_malformed(void)
{
	static const struct {
		const char *text, *status;
	} rows[] = {
		{"MESSAGE sip:b@example.com SIP/3.0\nVia: SIP/2.0/UDP "
		 "192.0.2.1:5070;branch=z9hG4bKm\n"
		 "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: c\nCSeq: 1 MESSAGE\n\n",
		 "SIP/2.0 505 "},
		{"MESSAGE sip:b@example.com SIP/2.0\nVia: SIP/2.0/UDP "
		 "192.0.2.1:5070;branch=z9hG4bKm\n"
		 "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: c\nCSeq: 1 OPTIONS\n\n",
		 "SIP/2.0 400 "},
		{"MESSAGE sip:b@example.com SIP/2.0\nVia: SIP/2.0/UDP "
		 "192.0.2.1:5070;branch=z9hG4bKm\n"
		 "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCSeq: 1 MESSAGE\n\n",
		 "SIP/2.0 400 "},
		/* No answer: not SIP, no Via, ACK, a response. */
		{"hello\n\n", NULL},
		{"MESSAGE sip:b@example.com SIP/2.0\nFrom: <sip:a@x>;tag=1\n\n", NULL},
		{"ACK sip:b@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKm\n"
		 "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: c\nCSeq: 1 OPTIONS\n\n",
		 NULL},
		{"SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKm\n"
		 "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCSeq: 1 MESSAGE\n\n",
		 NULL},
		{"SIP/2.0 200 OK\nVia: SIP/2.0/UDP "
		 "192.0.2.10:5060;branch=z9hG4bK000000000123456789abcdef\n"
		 "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: c\nCSeq: 1 MESSAGE\n\n",
		 NULL},
	};
	unsigned answered = 0;

	open_both();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %zu", i);
		peer_send(uac, "%s", rows[i].text);
		engine_run(e);
		if (rows[i].status)
			unit_must(peer_has(uac, answered++, rows[i].status));
		unit_must(peer_count(uac) == answered);
	}
	unit_must(e->requests == 0);
	unit_must(e->acks == 0);
}


/* 8.2.7: the ACK for a response sent without a transaction is not the user's. */
static void test_ack_for_stateless_answer(void)
{
	open_both();
	peer_request(uac, "INVITE", "sip:bob@example.com", BRANCH,
		     "Content-Type: a/b\nContent-Type: c/d\n");
	engine_run(e);
	unit_must(peer_has(uac, 0, "SIP/2.0 400 "));
	ack(BRANCH, 0);
	unit_must(e->acks == 0);
}


/* ---- Via of the peer (RFC 3261 18.2.1, RFC 3581) ---- */

static void test_via(void)
{
	static const struct {
		const char *via, *noted;
	} rows[] = {
		{"SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKv0",
		 "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKv0"},
		{"SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKv1;rport",
		 "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKv1;rport=5070;received=192.0.2.1"},
		{"SIP/2.0/UDP client.example.org:5070;branch=z9hG4bKv2",
		 "SIP/2.0/UDP client.example.org:5070;received=192.0.2.1;branch=z9hG4bKv2"},
		{"SIP/2.0/UDP "
		 "10.0.0.1:5070;received=203.0.113.9;rport=9;x=\"y;z\";branch=z9hG4bKv3",
		 "SIP/2.0/UDP "
		 "10.0.0.1:5070;x=\"y;z\";branch=z9hG4bKv3;rport=5070;received=192.0.2.1"},
		{"SIP/2.0/UDP 10.0.0.1:5070 ;rport;branch=z9hG4bKv4, SIP/2.0/UDP "
		 "10.9.9.9;branch=z9hG4bKq",
		 "SIP/2.0/UDP 10.0.0.1:5070 ;rport=5070;received=192.0.2.1;branch=z9hG4bKv4, "
		 "SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKq"},
	};

	open_both();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %u", i);
		peer_send(uac,
			  "OPTIONS sip:bob@example.com SIP/2.0\nVia: %s\nFrom: <sip:a@x>;tag=1\n"
			  "To: <sip:b@x>\nCall-ID: c\nCSeq: 1 OPTIONS\nContent-Length: 0\n\n",
			  rows[i].via);
		engine_run(e);
		unit_must(e->requests == i + 1);
		unit_ok(engine_reply(e, i, 200));
		engine_run(e);
		unit_must(strcmp(peer_header(uac, i, "Via: "), rows[i].noted) == 0);
		unit_must(peer_has(uac, i, "Call-ID: c\r\nCSeq: 1 OPTIONS\r\n"));
	}
}


/* ---- Memory and the end ---- */

static void test_request_is_given_back(void)
{
	struct sip_msg m;

	open_both();
	peer_request(uac, "MESSAGE", "sip:bob@example.com", BRANCH, "Subject: hello\n");
	engine_run(e);
	unit_must(e->requests == 1);
	unit_ok(sip_server_txn_request(e->st[0], &m));
	unit_str(sip_msg_header(&m, SIP_HDR_SUBJECT), "hello");
	unit_str(m.via.received, "192.0.2.1");
	unit_ok(engine_reply(e, 0, 200));
	assert_int_equal(sip_server_txn_request(e->st[0], &m), -ENOENT);
	assert_true(sip_server_txn_answered(e->st[0]));
}


static void answer_inside(struct engine *en, struct sip_server_txn *st, const struct sip_msg *m)
{
	(void)en;
	(void)sip_reply(st, 200, STR("X-Test: 1\r\n"));
	/* The views stay good until the return, answered or not. */
	assert_true(str_eq(m->call_id, STR("c1@example.org")));
}


static void test_answered_inside(void)
{
	open_both();
	e->on_request = answer_inside;
	request("MESSAGE", BRANCH);
	times((const int[]){0, -1});
	unit_must(peer_has(uac, 0, "X-Test: 1\r\n"));
}


static void test_shutdown(void)
{
	open_both();
	request("MESSAGE", BRANCH);
	request("INVITE", BRANCH);
	request("OPTIONS", BRANCH);
	engine_watch(e, 0);
	engine_watch(e, 1);
	unit_ok(engine_reply(e, 2, 200));
	e->sip = mem_unref(e->sip);
	unit_must(e->ended == 2);
	unit_must(e->ended_error == -ECANCELED);
	unit_must(engine_reply(e, 0, 200) == -EALREADY);
	assert_true(sip_server_txn_answered(e->st[0]));
}


UNIT_MAIN(UNIT_TEST(test_answer), UNIT_TEST(test_retransmission_answered_until_timer_j),
	  UNIT_TEST(test_absorbed_while_pending), UNIT_TEST(test_100_at_t2),
	  UNIT_TEST(test_unanswered), UNIT_TEST(test_no_408), UNIT_TEST(test_answered_twice),
	  UNIT_TEST(test_tcp_keeps_nothing), UNIT_TEST(test_matching), UNIT_TEST(test_rfc2543),
	  UNIT_TEST(test_invite_trying), UNIT_TEST(test_invite_failure_unacknowledged),
	  UNIT_TEST(test_invite_failure_acknowledged), UNIT_TEST(test_invite_accepted),
	  UNIT_TEST(test_invite_tcp), UNIT_TEST(test_cancel), UNIT_TEST(test_cancel_unwatched),
	  UNIT_TEST(test_cancel_too_late), UNIT_TEST(test_cancel_of_nothing),
	  UNIT_TEST(test_malformed), UNIT_TEST(test_ack_for_stateless_answer), UNIT_TEST(test_via),
	  UNIT_TEST(test_request_is_given_back), UNIT_TEST(test_answered_inside),
	  UNIT_TEST(test_shutdown))
