/* SPDX-License-Identifier: Apache-2.0 */
/* Client transactions against RFC 3261 17.1, RFC 6026, RFC 3263 4.3, with exact times. */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#include "sip/silent_hop.h"

static struct engine *e;
static struct peer *uas;

/** What the user of one transaction was told. */
static struct told {
	unsigned responses, failures;
	uint16_t status;
	int error;
	uint64_t at_ms;
} told;


static void on_response(struct sip_client_txn *ct, const struct sip_msg *m, void *arg)
{
	(void)ct;
	(void)arg;
	told.responses++;
	told.status = m->status;
	told.at_ms = engine_now(e);
}


static void on_failed(struct sip_client_txn *ct, int error, void *arg)
{
	(void)ct;
	(void)arg;
	told.failures++;
	told.error = error;
	told.at_ms = engine_now(e);
}


static const struct sip_client_handler handler = {on_response, on_failed};


static void open_both(void)
{
	told = (struct told){0};
	e = engine_open();
	uas = peer_open(e, "192.0.2.2:5060");
}


static struct sip_hops hops(enum sip_transport_kind kind, const char *const *addrs)
{
	struct sip_hops h = {0};

	for (; addrs[h.n]; h.n++) {
		h.hop[h.n] = (struct sip_hop){.kind = kind, .socket = SIP_SOCKET_ANY};
		assert_int_equal(addr_decode_hostport(&h.hop[h.n].addr, str_of(addrs[h.n])), 0);
	}
	return h;
}


static void drop(void *arg)
{
	mem_unref(arg);
}


/* Starts one with a body of `body` bytes; the reference is the test's. */
static struct sip_client_txn *start_sized(const char *method, const struct sip_hops *h, size_t body)
{
	struct sip_client_txn *ct = NULL;
	struct buf *head = unit_buf(1024), *rest = unit_buf(8192);

	buf_printf(head, "%s sip:bob@example.com SIP/2.0\r\n", method);
	buf_printf(rest,
		   "Max-Forwards: 70\r\n"
		   "Route: <sip:192.0.2.2;lr>\r\n"
		   "From: <sip:alice@example.org>;tag=a1\r\n"
		   "To: <sip:bob@example.com>\r\n"
		   "Call-ID: c1\r\n"
		   "CSeq: 7 %s\r\n"
		   "Content-Length: %zu\r\n\r\n",
		   method, body);
	for (size_t i = 0; i < body; i++)
		buf_putc(rest, 'x');
	unit_must(!head->failed && !rest->failed);
	unit_ok(sip_client_start(&ct, e->sip,
				 &(struct sip_client_params){
					 .method = sip_method_decode(str_of(method)),
					 .method_name = str_of(method),
					 .head = buf_str(head),
					 .rest = buf_str(rest),
					 .hops = h,
					 .handler = &handler,
				 }));
	unit_defer(drop, ct);
	engine_run(e);
	return ct;
}


static struct sip_client_txn *start(const char *method)
{
	struct sip_hops h = hops(SIP_UDP, (const char *const[]){"192.0.2.2:5060", NULL});

	return start_sized(method, &h, 0);
}


static void was_told(unsigned responses, uint16_t status, unsigned failures, int error)
{
	unit_must(told.responses == responses);
	unit_must(told.status == status);
	unit_must(told.failures == failures);
	unit_must(told.error == error);
}


/* ---- Other methods ---- */

static void test_message(void)
{
	open_both();
	start("MESSAGE");
	unit_must(str_starts(str_of(peer_text(uas, 0)),
			     STR("MESSAGE sip:bob@example.com SIP/2.0\r\n"
				 "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK")));
	unit_must(strstr(peer_header(uas, 0, "Via: "), ";rport") != NULL);
	engine_wait(e, 100);
	peer_answer(uas, 0, 200, "");
	engine_run(e);
	was_told(1, 200, 0, 0);
	/* Once only; and nothing is repeated. */
	peer_answer(uas, 0, 200, "");
	engine_wait(e, 40000);
	was_told(1, 200, 0, 0);
	peer_times(uas, (const int[]){0, -1});
}


/* 17.1.2.2: Timer E T1, doubling to T2; Timer F 64*T1. */
static void test_message_silence(void)
{
	open_both();
	start("MESSAGE");
	engine_wait(e, 31999);
	was_told(0, 0, 0, 0);
	engine_wait(e, 1);
	was_told(0, 0, 1, -ETIMEDOUT);
	unit_must(told.at_ms == 32000);
	engine_wait(e, 40000);
	peer_times(uas, (const int[]){0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
				      31500, -1});
}


/* In Proceeding Timer E is T2 from its next time on. 100 is not told, others are. */
static void test_message_proceeding(void)
{
	open_both();
	start("MESSAGE");
	engine_wait(e, 600);
	peer_answer(uas, 0, 100, "");
	engine_run(e);
	was_told(0, 0, 0, 0);
	peer_answer(uas, 0, 183, "");
	engine_run(e);
	was_told(1, 183, 0, 0);
	engine_wait(e, 10000);
	peer_times(uas, (const int[]){0, 500, 1500, 5500, 9500, -1});
	engine_wait(e, 21399);
	was_told(1, 183, 0, 0);
	engine_wait(e, 1);
	was_told(1, 183, 1, -ETIMEDOUT);
}


/* A hop that answers nobody gets each request once; when it is heard again, what waits is repeated. */
static void test_silent_hop(void)
{
	const unsigned n = SIP_SILENT_REQUESTS;

	open_both();
	for (unsigned i = 0; i < n; i++)
		start("MESSAGE");
	engine_wait(e, 7499);
	unit_must(peer_count(uas) == 4 * n);
	engine_wait(e, 501);
	unit_must(peer_count(uas) == 4 * n);
	start("MESSAGE");
	unit_must(peer_count(uas) == 4 * n + 1);
	engine_wait(e, 3000);
	unit_must(peer_count(uas) == 4 * n + 1);
	peer_answer(uas, 4 * n, 200, "");
	engine_run(e);
	was_told(1, 200, 0, 0);
	engine_wait(e, 1000);
	unit_must(peer_count(uas) == 5 * n + 1);
}


/* Fewer may be one device that is off: they are repeated to the end; and INVITE always is. */
static void test_silent_hop_not(void)
{
	open_both();
	for (unsigned i = 1; i < SIP_SILENT_REQUESTS; i++)
		start("MESSAGE");
	start("INVITE");
	engine_wait(e, 7500);
	unit_must(peer_count(uas) == 5 * SIP_SILENT_REQUESTS);
}


static void test_message_tcp(void)
{
	struct sip_hops h;

	open_both();
	peer_listen(uas);
	h = hops(SIP_TCP, (const char *const[]){"192.0.2.2:5060", NULL});
	start_sized("MESSAGE", &h, 0);
	unit_must(peer_has(uas, 0, "Via: SIP/2.0/TCP 192.0.2.10:5060;branch="));
	engine_wait(e, 31999);
	was_told(0, 0, 0, 0);
	engine_wait(e, 1);
	was_told(0, 0, 1, -ETIMEDOUT);
	peer_times(uas, (const int[]){0, -1});
}


/* 17.1.3: branch and CSeq method; whoever invents a branch is not heard. */
static void test_stray(void)
{
	static const char *const branches[] = {
		"z9hG4bK00000000ffffffffffffffff",
		"z9hG4bK00000001ffffffffffffffff",
		"z9hG4bKffffffff0000000000000000",
		"z9hG4bK0000",
		"z9hG4bK",
		"z9hG4bKzzzzzzzz0000000000000000",
	};

	open_both();
	start("MESSAGE");
	for (size_t i = 0; i < sizeof(branches) / sizeof(branches[0]); i++) {
		peer_send(
			uas,
			"SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=%s\n"
			"From: <sip:a@x>;tag=1\nTo: <sip:b@x>;tag=2\nCall-ID: c\nCSeq: 7 MESSAGE\n"
			"Content-Length: 0\n\n",
			branches[i]);
		engine_run(e);
		was_told(0, 0, 0, 0);
	}
	peer_send(
		uas,
		"SIP/2.0 200 OK\nVia: %s\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>;tag=2\nCall-ID: c\n"
		"CSeq: 7 OPTIONS\nContent-Length: 0\n\n",
		peer_header(uas, 0, "Via: "));
	engine_run(e);
	was_told(0, 0, 0, 0);
	peer_answer(uas, 0, 200, "");
	engine_run(e);
	was_told(1, 200, 0, 0);
}


static void test_extension_method(void)
{
	open_both();
	start("FROB");
	unit_must(peer_has(uas, 0, "FROB sip:bob@example.com SIP/2.0\r\n"));
	peer_answer(uas, 0, 200, "");
	engine_run(e);
	was_told(1, 200, 0, 0);
}


/* After mem_unref nobody is told, and the machine goes on. */
static void test_unref(void)
{
	struct sip_hops h = hops(SIP_UDP, (const char *const[]){"192.0.2.2:5060", NULL});
	struct sip_client_params p = {
		.method = SIP_OPTIONS,
		.method_name = STR("OPTIONS"),
		.head = STR("OPTIONS sip:bob@example.com SIP/2.0\r\n"),
		.rest = STR("From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 "
			    "OPTIONS\r\n"
			    "Content-Length: 0\r\n\r\n"),
		.hops = &h,
		.handler = &handler,
	};
	struct sip_client_txn *ct = NULL;

	open_both();
	unit_ok(sip_client_start(&ct, e->sip, &p));
	mem_unref(ct);
	unit_ok(sip_client_start(NULL, e->sip, &p));
	engine_wait(e, 600);
	unit_must(peer_count(uas) == 4);
	peer_answer(uas, 0, 200, "");
	engine_wait(e, 40000);
	was_told(0, 0, 0, 0);
	unit_must(peer_count(uas) == 2 + 1 + 10);
}


/* ---- INVITE ---- */

/* 17.1.1.2: Timer A doubles without end, Timer B is 64*T1. */
static void test_invite_silence(void)
{
	open_both();
	start("INVITE");
	engine_wait(e, 40000);
	was_told(0, 0, 1, -ETIMEDOUT);
	unit_must(told.at_ms == 32000);
	peer_times(uas, (const int[]){0, 500, 1500, 3500, 7500, 15500, 31500, -1});
}


static void test_invite_ringing(void)
{
	open_both();
	start("INVITE");
	engine_wait(e, 100);
	peer_answer(uas, 0, 100, "");
	peer_answer(uas, 0, 180, "");
	engine_wait(e, 170000);
	was_told(1, 180, 0, 0);
	peer_times(uas, (const int[]){0, -1});
}


/* RFC 6026 7.2: every 2xx to the user, for 64*T1; no ACK by the transaction. */
static void test_invite_accepted(void)
{
	open_both();
	start("INVITE");
	peer_answer(uas, 0, 200, "");
	engine_wait(e, 31999);
	peer_answer(uas, 0, 200, "");
	engine_wait(e, 0);
	was_told(2, 200, 0, 0);
	engine_wait(e, 2);
	peer_answer(uas, 0, 200, "");
	engine_run(e);
	was_told(2, 200, 0, 0);
	peer_times(uas, (const int[]){0, -1});
}


/* 17.1.1.3: the ACK; repeated for a repeated response, until Timer D. */
static void test_invite_failure(void)
{
	open_both();
	start("INVITE");
	engine_wait(e, 100);
	peer_answer(uas, 0, 486, "");
	engine_run(e);
	was_told(1, 486, 0, 0);
	unit_must(peer_has(uas, 1, "ACK sip:bob@example.com SIP/2.0\r\n"));
	unit_must(strcmp(peer_header(uas, 1, "Via: "), peer_header(uas, 0, "Via: ")) == 0);
	unit_must(strcmp(peer_header(uas, 1, "To: "), "<sip:bob@example.com>;tag=uas") == 0);
	unit_must(strcmp(peer_header(uas, 1, "From: "), peer_header(uas, 0, "From: ")) == 0);
	unit_must(strcmp(peer_header(uas, 1, "Route: "), "<sip:192.0.2.2;lr>") == 0);
	unit_must(strcmp(peer_header(uas, 1, "CSeq: "), "7 ACK") == 0);
	engine_wait(e, 500);
	peer_answer(uas, 0, 486, "");
	engine_wait(e, 31499);
	peer_answer(uas, 0, 486, "");
	engine_run(e);
	peer_times(uas, (const int[]){0, 100, 600, 32099, -1});
	engine_wait(e, 1);
	peer_answer(uas, 0, 486, "");
	engine_run(e);
	peer_times(uas, (const int[]){0, 100, 600, 32099, -1});
	was_told(1, 486, 0, 0);
}


/* ---- CANCEL ---- */

/* 9.1: not before a provisional response. */
static void test_cancel(void)
{
	struct sip_client_txn *ct;

	open_both();
	ct = start("INVITE");
	sip_client_cancel(ct);
	engine_wait(e, 100);
	peer_times(uas, (const int[]){0, -1});
	peer_answer(uas, 0, 180, "");
	engine_run(e);
	peer_times(uas, (const int[]){0, 100, -1});
	unit_must(peer_has(uas, 1, "CANCEL sip:bob@example.com SIP/2.0\r\n"));
	unit_must(strcmp(peer_header(uas, 1, "Via: "), peer_header(uas, 0, "Via: ")) == 0);
	unit_must(strcmp(peer_header(uas, 1, "To: "), peer_header(uas, 0, "To: ")) == 0);
	unit_must(strcmp(peer_header(uas, 1, "CSeq: "), "7 CANCEL") == 0);
	unit_must(strcmp(peer_header(uas, 1, "Route: "), "<sip:192.0.2.2;lr>") == 0);
	/* It is repeated until it is answered, and asking again changes nothing. */
	sip_client_cancel(ct);
	engine_wait(e, 500);
	peer_times(uas, (const int[]){0, 100, 600, -1});
	peer_answer(uas, 1, 200, "");
	peer_answer(uas, 0, 487, "");
	engine_wait(e, 5000);
	peer_times(uas, (const int[]){0, 100, 600, 600, -1});
	unit_must(peer_has(uas, 3, "ACK sip:"));
	was_told(2, 487, 0, 0);
}


/* 9.1: 64*T1 after the CANCEL the INVITE counts as cancelled. */
static void test_cancel_unheard(void)
{
	struct sip_client_txn *ct;

	open_both();
	ct = start("INVITE");
	peer_answer(uas, 0, 180, "");
	engine_wait(e, 1000);
	sip_client_cancel(ct);
	engine_wait(e, 31999);
	was_told(1, 180, 0, 0);
	engine_wait(e, 1);
	was_told(1, 180, 1, -ECANCELED);
}


/* One that nobody waits for does not ring for ever. */
static void test_abandoned(void)
{
	struct sip_hops h = hops(SIP_UDP, (const char *const[]){"192.0.2.2:5060", NULL});

	open_both();
	unit_ok(sip_client_start(NULL, e->sip,
				 &(struct sip_client_params){
					 .method = SIP_INVITE,
					 .method_name = STR("INVITE"),
					 .head = STR("INVITE sip:bob@example.com SIP/2.0\r\n"),
					 .rest = STR("From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n"
						     "Call-ID: c\r\nCSeq: 1 INVITE\r\n"
						     "Content-Length: 0\r\n\r\n"),
					 .hops = &h,
				 }));
	engine_run(e);
	peer_answer(uas, 0, 180, "");
	engine_wait(e, 180999);
	peer_times(uas, (const int[]){0, -1});
	engine_wait(e, 1);
	peer_times(uas, (const int[]){0, 181000, -1});
	unit_must(peer_has(uas, 1, "CANCEL sip:"));
}


/* ---- The next hop ---- */

static void test_next_hop_after_silence(void)
{
	struct peer *second;
	struct sip_hops h;

	open_both();
	second = peer_open(e, "192.0.2.3:5060");
	h = hops(SIP_UDP, (const char *const[]){"192.0.2.2:5060", "192.0.2.3:5060", NULL});
	start_sized("MESSAGE", &h, 0);
	engine_wait(e, 32000);
	was_told(0, 0, 0, 0);
	peer_times(second, (const int[]){32000, -1});
	unit_must(strcmp(peer_header(second, 0, "Via: "), peer_header(uas, 0, "Via: ")) != 0);
	unit_must(peer_has(second, 0, "Call-ID: c1\r\n"));
	/* An answer from the first comes too late. */
	peer_answer(uas, 0, 200, "");
	engine_run(e);
	was_told(0, 0, 0, 0);
	peer_answer(second, 0, 200, "");
	engine_run(e);
	was_told(1, 200, 0, 0);
}


static void test_next_hop_after_503(void)
{
	struct peer *second;
	struct sip_hops h;

	open_both();
	second = peer_open(e, "192.0.2.3:5060");
	h = hops(SIP_UDP, (const char *const[]){"192.0.2.2:5060", "192.0.2.3:5060", NULL});
	start_sized("INVITE", &h, 0);
	peer_answer(uas, 0, 503, "Retry-After: 10\n");
	engine_run(e);
	peer_times(uas, (const int[]){0, 0, -1});
	unit_must(peer_has(uas, 1, "ACK sip:"));
	peer_times(second, (const int[]){0, -1});
	was_told(0, 0, 0, 0);
	peer_answer(second, 0, 503, "");
	engine_run(e);
	was_told(1, 503, 0, 0);
}


/* A refused datagram (ICMP), a refused connection. */
static void test_next_hop_after_refusal(void)
{
	struct peer *second;
	struct sip_hops h;

	open_both();
	second = peer_open(e, "192.0.2.3:5060");
	h = hops(SIP_UDP, (const char *const[]){"192.0.2.99:5060", "192.0.2.3:5060", NULL});
	start_sized("MESSAGE", &h, 0);
	peer_times(second, (const int[]){0, -1});
	was_told(0, 0, 0, 0);

	h = hops(SIP_TCP, (const char *const[]){"192.0.2.99:5060", "192.0.2.98:5060", NULL});
	start_sized("MESSAGE", &h, 0);
	was_told(0, 0, 1, -ECONNREFUSED);
}


/* ---- RFC 3261 18.1.1: size ---- */

static void test_large_goes_over_tcp(void)
{
	struct sip_hops h;

	open_both();
	peer_listen(uas);
	h = hops(SIP_UDP, (const char *const[]){"192.0.2.2:5060", NULL});
	start_sized("MESSAGE", &h, 1000);
	unit_must(peer_count(uas) == 1);
	unit_must(peer_has(uas, 0, "Via: SIP/2.0/TCP "));
	unit_must(uas->count && uas->got[0].tcp);
}


static void test_large_falls_back_to_udp(void)
{
	struct sip_hops h;

	open_both();
	h = hops(SIP_UDP, (const char *const[]){"192.0.2.2:5060", NULL});
	start_sized("MESSAGE", &h, 2000);
	unit_must(peer_count(uas) == 1);
	unit_must(peer_has(uas, 0, "Via: SIP/2.0/UDP "));
	unit_must(uas->count && !uas->got[0].tcp);
	peer_answer(uas, 0, 200, "");
	engine_run(e);
	was_told(1, 200, 0, 0);
}


/* ---- The end ---- */

static void test_shutdown(void)
{
	struct sip_client_txn *ct;

	open_both();
	ct = start("INVITE");
	start("MESSAGE");
	peer_answer(uas, 0, 180, "");
	engine_run(e);
	sip_client_cancel(ct);
	e->sip = mem_unref(e->sip);
	was_told(1, 180, 2, -ECANCELED);
	sip_client_cancel(ct);
}


static void test_ack_outside(void)
{
	struct sip_hops h;

	open_both();
	h = hops(SIP_UDP, (const char *const[]){"192.0.2.2:5060", NULL});
	unit_ok(sip_send_ack(e->sip, STR("ACK sip:bob@192.0.2.2 SIP/2.0\r\n"),
			     STR("From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: c\r\n"
				 "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"),
			     &h.hop[0]));
	engine_wait(e, 40000);
	peer_times(uas, (const int[]){0, -1});
	unit_must(peer_has(uas, 0, "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKffffffff"));
}


UNIT_MAIN(UNIT_TEST(test_message), UNIT_TEST(test_message_silence),
	  UNIT_TEST(test_message_proceeding), UNIT_TEST(test_silent_hop),
	  UNIT_TEST(test_silent_hop_not), UNIT_TEST(test_message_tcp), UNIT_TEST(test_stray),
	  UNIT_TEST(test_extension_method), UNIT_TEST(test_unref), UNIT_TEST(test_invite_silence),
	  UNIT_TEST(test_invite_ringing), UNIT_TEST(test_invite_accepted),
	  UNIT_TEST(test_invite_failure), UNIT_TEST(test_cancel), UNIT_TEST(test_cancel_unheard),
	  UNIT_TEST(test_abandoned), UNIT_TEST(test_next_hop_after_silence),
	  UNIT_TEST(test_next_hop_after_503), UNIT_TEST(test_next_hop_after_refusal),
	  UNIT_TEST(test_large_goes_over_tcp), UNIT_TEST(test_large_falls_back_to_udp),
	  UNIT_TEST(test_shutdown), UNIT_TEST(test_ack_outside))
