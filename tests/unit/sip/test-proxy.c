/* SPDX-License-Identifier: Apache-2.0 */
/* The stateful proxy against RFC 3261 16, RFC 5393, RFC 4320. */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#define OURS "<sip:" ENGINE_HOST ";lr>"

static struct engine *e;
static struct peer *uac, *uas, *uas2, *uas3;

/** What the proxy's user asks for, and what it was told. */
static struct user {
	struct sip_proxy_target targets[4];
	size_t n;
	bool record_route;
	const char *record_route_user;
	uint32_t answer_ms;
	bool take_over;

	struct sip_proxy *proxy;
	int error;
	unsigned finals, dones;
	uint16_t final_status, done_status;
	bool final_had_message;
	void *final_target;
	uint16_t check;
} user;


static bool on_final(struct sip_proxy *p, struct sip_server_txn *st, uint16_t status,
		     const struct sip_msg *m, void *target, void *arg)
{
	(void)p;
	(void)arg;
	user.finals++;
	user.final_status = status;
	user.final_had_message = m != NULL;
	user.final_target = target;
	if (user.take_over)
		(void)sip_reply(st, 202, STR_NULL);
	return user.take_over;
}


static void on_done(struct sip_proxy *p, uint16_t status, void *arg)
{
	(void)p;
	(void)arg;
	user.dones++;
	user.done_status = status;
}


static const struct sip_proxy_handler handler = {on_final, on_done};


static void relay(struct engine *en, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct buf why = BUF_INIT(1000);
	struct sip_route route;

	user.check = sip_proxy_check(en->sip, m, &route, &why);
	if (user.check)
		(void)sip_reply(st, user.check, buf_str(&why));
	else
		user.error = sip_proxy_forward(&user.proxy, st, m,
					       &(struct sip_proxy_params){
						       .route = &route,
						       .targets = user.targets,
						       .n = user.n,
						       .record_route = user.record_route,
						       .record_route_user = str_of(
							       user.record_route_user),
						       .answer_ms = user.answer_ms,
						       .handler = &handler,
					       });
	if (user.error)
		(void)sip_reply(st, 500, STR_NULL);
	buf_done(&why);
}


static void relay_ack(struct engine *en, const struct sip_msg *m, const struct sip_source *src)
{
	struct buf why = BUF_INIT(1000);
	struct sip_route route;

	if (!sip_proxy_check(en->sip, m, &route, &why))
		(void)sip_proxy_forward_ack(en->sip, m, src, &route, NULL);
	buf_done(&why);
}


static void open_all(void)
{
	user = (struct user){0};
	e = engine_open();
	e->on_request = relay;
	e->on_ack = relay_ack;
	uac = peer_open(e, "192.0.2.1:5060");
	uas = peer_open(e, "192.0.2.2:5060");
	uas2 = peer_open(e, "192.0.2.3:5060");
	uas3 = peer_open(e, "192.0.2.4:5060");
}


static void request(const char *method, const char *uri, const char *more)
{
	peer_request(uac, method, uri, "z9hG4bKuac1", more);
	engine_run(e);
}


static void target(const char *uri, uint16_t q)
{
	user.targets[user.n] = (struct sip_proxy_target){.uri = str_of(uri),
							 .q = q,
							 .user = &user.targets[user.n]};
	user.n++;
}


static void answer(struct peer *p, unsigned i, unsigned status, const char *more)
{
	peer_answer(p, i, status, more);
	engine_run(e);
}


static void done(uint16_t status)
{
	unit_must(user.dones == 1);
	unit_must(user.done_status == status);
}


/* ---- One target ---- */

static void test_message(void)
{
	open_all();
	request("MESSAGE", "sip:bob@192.0.2.2", "X-Odd:   kept ;as, it is\nRoute: " OURS "\n");
	unit_must(peer_count(uas) == 1);
	unit_must(str_starts(str_of(peer_text(uas, 0)),
			     STR("MESSAGE sip:bob@192.0.2.2 SIP/2.0\r\n"
				 "Via: SIP/2.0/UDP " ENGINE_ADDR ";branch=z9hG4bK")));
	unit_must(peer_has(uas, 0,
			   ";rport\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKuac1;"
			   "rport=5060;received=192.0.2.1\r\nMax-Forwards: 69\r\n"
			   "From: <sip:alice@example.org>;tag=a1\r\nTo: <sip:bob@example.com>\r\n"
			   "Call-ID: c1@example.org\r\nCSeq: 1 MESSAGE\r\n"
			   "X-Odd:   kept ;as, it is\r\n"
			   "Content-Length: 0\r\nMax-Breadth: 60\r\n\r\n"));
	answer(uas, 0, 200, "X-Answer:  also ;kept\n");
	unit_must(str_eq(
		str_of(peer_text(uac, 0)),
		STR("SIP/2.0 200 Status\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKuac1;"
		    "rport=5060;received=192.0.2.1\r\nFrom: <sip:alice@example.org>;tag=a1\r\n"
		    "To: <sip:bob@example.com>;tag=uas\r\nCall-ID: c1@example.org\r\n"
		    "CSeq: 1 MESSAGE\r\nX-Answer:  also ;kept\r\nContent-Length: 0\r\n\r\n")));
	done(200);
	unit_must(user.finals == 1 && user.final_had_message);
	/* A repetition is answered from the record. */
	engine_wait(e, 1000);
	request("MESSAGE", "sip:bob@192.0.2.2", "");
	unit_must(peer_count(uas) == 1 && peer_count(uac) == 2);
	unit_must(sip_pending(e->sip) == 0 && sip_lingering(e->sip) == 1);
}


static void test_provisional_of_message_stays(void)
{
	open_all();
	request("MESSAGE", "sip:bob@192.0.2.2", "");
	answer(uas, 0, 100, "");
	answer(uas, 0, 183, "");
	unit_must(peer_count(uac) == 0);
	answer(uas, 0, 404, "");
	unit_must(peer_has(uac, 0, "SIP/2.0 404 "));
	done(404);
}


static void test_response_without_second_via(void)
{
	open_all();
	request("MESSAGE", "sip:bob@192.0.2.2", "");
	peer_send(uas,
		  "SIP/2.0 200 OK\nVia: %s\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>;tag=2\n"
		  "Call-ID: c1@example.org\nCSeq: 1 MESSAGE\nContent-Length: 0\n\n",
		  peer_header(uas, 0, "Via: "));
	engine_run(e);
	unit_must(peer_has(uac, 0, "SIP/2.0 500 "));
}


/* RFC 4320 4.2: silence; the user learns of it. */
static void test_message_silence(void)
{
	open_all();
	request("MESSAGE", "sip:bob@192.0.2.2", "");
	engine_wait(e, 31999);
	unit_must(user.finals == 0);
	engine_wait(e, 1);
	unit_must(user.finals == 1 && user.final_status == 408 && !user.final_had_message);
	done(0);
	/* The 100 of RFC 4320 4.1, no more. */
	peer_times(uac, (const int[]){3500, -1});
	unit_must(peer_has(uac, 0, "SIP/2.0 100 "));
	unit_must(sip_pending(e->sip) == 0);
	answer(uas, 0, 200, "");
	unit_must(peer_count(uac) == 1);
}


static void test_message_answer_due(void)
{
	open_all();
	user.answer_ms = 10000;
	user.take_over = true;
	request("MESSAGE", "sip:bob@192.0.2.2", "");
	engine_wait(e, 10000);
	unit_must(user.finals == 1 && user.final_status == 408);
	done(202);
	unit_must(peer_has(uac, 1, "SIP/2.0 202 "));
	answer(uas, 0, 200, "");
	unit_must(peer_count(uac) == 2);
}


static void test_503_becomes_500(void)
{
	open_all();
	request("MESSAGE", "sip:bob@192.0.2.2", "");
	answer(uas, 0, 503, "");
	unit_must(peer_has(uac, 0, "SIP/2.0 500 "));
	done(500);
}


static void test_refused_hop(void)
{
	open_all();
	request("MESSAGE", "sip:bob@192.0.2.77", "");
	unit_must(peer_has(uac, 0, "SIP/2.0 500 "));
	done(500);
}


static void test_looked_up(void)
{
	static const struct dns_record a = {.type = DNS_A, .ttl_s = 60};
	struct dns_record r = a;

	open_all();
	request("MESSAGE", "sip:bob@as.example.net:5060", "");
	unit_must(e->questions == 1 && peer_count(uas) == 0);
	assert_int_equal(addr_decode(&r.addr, STR("192.0.2.2"), 0), 0);
	for (int i = 0; i < 4 && e->answer && !peer_count(uas); i++) {
		dns_answer_cb *cb = e->answer;

		e->answer = NULL;
		cb(0, &r, 1, e->answer_arg);
		engine_run(e);
	}
	unit_must(peer_count(uas) == 1);
	answer(uas, 0, 200, "");
	unit_must(peer_has(uac, 0, "SIP/2.0 200 "));
	done(200);
}


static void test_lookup_fails(void)
{
	open_all();
	request("MESSAGE", "sip:bob@as.example.net:5060", "");
	for (int i = 0; i < 4 && e->answer; i++) {
		dns_answer_cb *cb = e->answer;

		e->answer = NULL;
		cb(-ENOENT, NULL, 0, e->answer_arg);
		engine_run(e);
	}
	unit_must(peer_has(uac, 0, "SIP/2.0 500 "));
	done(500);
}


/* ---- Checks ---- */

static void test_checks(void)
{
	static const struct {
		const char *uri, *more;
		uint16_t status;
		const char *text;
	} rows[] = {
		{"sip:bob@192.0.2.2", "Proxy-Require: foo, bar\n", 420,
		 "Unsupported: foo, bar\r\n"},
		{"mailto:bob@192.0.2.2", "", 416, ""},
	};

	open_all();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char branch[32];

		unit_case("row %u", i);
		sprintf(branch, "z9hG4bKcheck%u", i);
		peer_request(uac, "MESSAGE", rows[i].uri, branch, rows[i].more);
		engine_run(e);
		unit_must(user.check == rows[i].status);
		unit_must(peer_has(uac, i, rows[i].text));
	}
}


static void send_with(const char *method, const char *branch, const char *headers)
{
	peer_send(uac,
		  "%s sip:bob@192.0.2.2 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=%s\n"
		  "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: c\nCSeq: 1 %s\n%sContent-Length: "
		  "0\n\n",
		  method, branch, method, headers);
	engine_run(e);
}


static void test_max_forwards(void)
{
	open_all();
	send_with("OPTIONS", "z9hG4bK1", "Max-Forwards: 0\n");
	unit_must(peer_has(uac, 0, "SIP/2.0 483 "));
	send_with("MESSAGE", "z9hG4bK2", "Max-Forwards: 1\n");
	unit_must(peer_has(uas, 0, "Max-Forwards: 0\r\n"));
	send_with("MESSAGE", "z9hG4bK3", "");
	unit_must(peer_has(uas, 1, "Max-Forwards: 70\r\n"));
}


/* RFC 5393: what was forwarded comes back the same: a loop. With another Request-URI: a spiral. */
static void test_loop(void)
{
	const char *sent;

	open_all();
	request("MESSAGE", "sip:bob@192.0.2.2", "");
	sent = peer_text(uas, 0);
	unit_must(*sent);
	peer_send(uas, "%s", sent);
	engine_run(e);
	unit_must(user.check == 482);
	unit_must(peer_has(uas, 1, "SIP/2.0 482 "));
	peer_send(uas,
		  "MESSAGE sip:carol@192.0.2.3 SIP/2.0\nVia: SIP/2.0/UDP "
		  "192.0.2.2;branch=z9hG4bKsp%s",
		  strstr(sent, "\r\n"));
	engine_run(e);
	unit_must(user.check == 0);
	unit_must(peer_count(uas2) == 1);
}


static void test_max_breadth(void)
{
	open_all();
	request("MESSAGE", "sip:bob@192.0.2.2", "Max-Breadth: 0\n");
	unit_must(peer_has(uac, 0, "SIP/2.0 440 "));
	done(440);

	open_all();
	target("sip:b@192.0.2.2", 500);
	target("sip:b@192.0.2.3", 500);
	target("sip:b@192.0.2.4", 500);
	request("MESSAGE", "sip:bob@192.0.2.2", "Max-Breadth: 2\n");
	unit_must(peer_count(uas) == 1 && peer_count(uas2) == 1 && peer_count(uas3) == 0);
	unit_must(peer_has(uas, 0, "Max-Breadth: 1\r\n") &&
		  peer_has(uas2, 0, "Max-Breadth: 1\r\n"));
	answer(uas, 0, 404, "");
	unit_must(peer_count(uas3) == 1 && peer_has(uas3, 0, "Max-Breadth: 1\r\n"));
	answer(uas2, 0, 404, "");
	answer(uas3, 0, 480, "");
	unit_must(peer_has(uac, 0, "SIP/2.0 404 "));
}


/* ---- Route ---- */

static void test_routes(void)
{
	static const struct {
		const char *uri, *routes, *sent_uri, *sent_routes;
	} rows[] = {
		{"sip:bob@example.com", "Route: " OURS ", <sip:192.0.2.2;lr>\n",
		 "sip:bob@example.com", "Route: <sip:192.0.2.2;lr>\r\n"},
		{"sip:bob@example.com", "Route: " OURS "\nRoute: <sip:192.0.2.2;lr>\n",
		 "sip:bob@example.com", "Route: <sip:192.0.2.2;lr>\r\n"},
		{"sip:bob@example.com", "Route: <sip:192.0.2.2;lr>,<sip:x.example.net;lr>\n",
		 "sip:bob@example.com", "Route: <sip:192.0.2.2;lr>,<sip:x.example.net;lr>\r\n"},
		/* Our pair, put in where the transport changed. */
		{"sip:bob@example.com",
		 "Route: <sip:" ENGINE_HOST ";transport=tcp;lr;dr>,<sip:" ENGINE_HOST ";lr;dr>\n"
		 "Route: <sip:192.0.2.2;lr>\n",
		 "sip:bob@example.com", "Route: <sip:192.0.2.2;lr>\r\n"},
		/* The next hop is a strict router (16.6 step 6). */
		{"sip:bob@example.com",
		 "Route: " OURS ", <sip:192.0.2.2>, <sip:y.example.net;lr>\n", "sip:192.0.2.2",
		 "Route: <sip:y.example.net;lr>, <sip:bob@example.com>\r\n"},
		/* The hop before us was one (16.4). */
		{"sip:" ENGINE_HOST ";lr", "Route: <sip:192.0.2.2;lr>, <sip:bob@example.com>\n",
		 "sip:bob@example.com", "Route: <sip:192.0.2.2;lr>\r\n"},
		{"sip:" ENGINE_HOST ";lr", "Route: <sip:bob@192.0.2.2>\n", "sip:bob@192.0.2.2", ""},
	};

	open_all();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char branch[32], start[200];

		unit_case("row %u", i);
		sprintf(branch, "z9hG4bKroute%u", i);
		peer_request(uac, "MESSAGE", rows[i].uri, branch, rows[i].routes);
		engine_run(e);
		unit_must(peer_count(uas) == i + 1);
		sprintf(start, "MESSAGE %s SIP/2.0\r\n", rows[i].sent_uri);
		unit_must(str_starts(str_of(peer_text(uas, i)), str_of(start)));
		unit_must(peer_has(uas, i, rows[i].sent_routes));
		unit_must(!peer_has(uas, i, ENGINE_HOST ";lr"));
		if (!*rows[i].sent_routes)
			unit_must(!peer_has(uas, i, "Route:"));
	}
}


static void test_record_route(void)
{
	open_all();
	user.record_route = true;
	user.record_route_user = "orig";
	request("INVITE", "sip:bob@192.0.2.2", "Record-Route: <sip:p1.example.net;lr>\n");
	unit_must(peer_has(uas, 0, "\r\nRecord-Route: <sip:orig@" ENGINE_HOST));
	unit_must(peer_has(uas, 0, ";lr>\r\nRecord-Route: <sip:p1.example.net;lr>\r\n"));
	unit_must(!peer_has(uas, 0, ";dr>"));
}


/* In by UDP, out by TCP: both are shown, the later on top. */
static void test_double_record_route(void)
{
	const char *first;

	open_all();
	user.record_route = true;
	peer_listen(uas);
	request("INVITE", "sip:bob@192.0.2.2;transport=tcp", "");
	unit_must(peer_has(uas, 0, "Via: SIP/2.0/TCP "));
	first = peer_header(uas, 0, "Record-Route: ");
	unit_must(strstr(first, "transport=tcp") && strstr(first, ";lr;dr>"));
	unit_must(strstr(peer_text(uas, 0), "Record-Route: ") !=
		  strstr(peer_text(uas, 0), "dr>\r\nRecord-Route: "));
	unit_must(peer_has(uas, 0, ";dr>\r\nRecord-Route: <sip:" ENGINE_HOST));
}


static void test_path(void)
{
	open_all();
	target("sip:bob@10.1.1.1", 1000);
	user.targets[0].route = STR("<sip:192.0.2.3;lr>, <sip:edge.example.net;lr>");
	request("MESSAGE", "sip:bob@example.com", "Route: " OURS "\n");
	unit_must(str_starts(str_of(peer_text(uas2, 0)),
			     STR("MESSAGE sip:bob@10.1.1.1 SIP/2.0\r\n")));
	unit_must(
		peer_has(uas2, 0, "\r\nRoute: <sip:192.0.2.3;lr>, <sip:edge.example.net;lr>\r\n"));
	unit_must(!peer_has(uas2, 0, ENGINE_HOST ";lr"));
}


/* RFC 5626: to a device over the connection it came by; the connection breaks. */
static void test_flow(void)
{
	open_all();
	peer_connect(uas);
	engine_run(e);
	peer_request(uas, "OPTIONS", "sip:bob@192.0.2.2", "z9hG4bKreg", "Max-Breadth: 0\n");
	engine_run(e);
	unit_must(e->requests == 1 && peer_count(uas) == 1);
	target("sip:bob@10.0.0.9:7777;transport=tcp", 1000);
	user.targets[0].flow = sip_server_txn_source(e->st[0])->flow;
	user.dones = 0;
	request("MESSAGE", "sip:bob@example.com", "");
	unit_must(peer_count(uas) == 2);
	unit_must(str_starts(str_of(peer_text(uas, 1)),
			     STR("MESSAGE sip:bob@10.0.0.9:7777;transport=tcp SIP/2.0\r\n"
				 "Via: SIP/2.0/TCP " ENGINE_ADDR ";branch=")));
	uas->stream = mem_unref(uas->stream);
	engine_run(e);
	unit_must(peer_has(uac, 0, "SIP/2.0 500 "));
	done(500);
}


static void test_ipv6(void)
{
	struct addr local;
	struct peer *a, *b;

	open_all();
	assert_int_equal(addr_decode_hostport(&local, STR("[2001:db8::10]:5060")), 0);
	unit_ok(sip_transports_listen(sip_transports(e->sip), SIP_UDP, &local, STR_NULL, NULL));
	a = peer_open(e, "[2001:db8::1]:5060");
	b = peer_open(e, "[2001:db8::2]:5060");
	peer_send_to(a, "[2001:db8::10]:5060",
		     "MESSAGE sip:bob@[2001:db8::2] SIP/2.0\n"
		     "Via: SIP/2.0/UDP [2001:db8::9]:5060;rport;branch=z9hG4bKv6\n"
		     "Route: <sip:[2001:db8:0::10];lr>\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>\n"
		     "Call-ID: c\nCSeq: 1 MESSAGE\nContent-Length: 0\n\n");
	engine_run(e);
	unit_must(peer_count(b) == 1);
	unit_must(peer_has(b, 0, "\r\nVia: SIP/2.0/UDP [2001:db8::10]:5060;branch=z9hG4bK"));
	unit_must(peer_has(b, 0,
			   "Via: SIP/2.0/UDP [2001:db8::9]:5060;rport=5060;received=2001:db8::1;"
			   "branch=z9hG4bKv6\r\n"));
	unit_must(!peer_has(b, 0, "Route:"));
	peer_answer_to(b, "[2001:db8::10]:5060", 0, 200, "");
	engine_run(e);
	unit_must(peer_has(a, 0, "SIP/2.0 200 "));
	done(200);
}


/* ---- Forking ---- */

static void fork_three(const char *method, uint16_t q1, uint16_t q2, uint16_t q3)
{
	open_all();
	target("sip:b@192.0.2.2", q1);
	target("sip:b@192.0.2.3", q2);
	target("sip:b@192.0.2.4", q3);
	request(method, "sip:bob@example.com", "");
}


static void test_parallel(void)
{
	fork_three("MESSAGE", 500, 500, 500);
	unit_must(peer_count(uas) == 1 && peer_count(uas2) == 1 && peer_count(uas3) == 1);
	unit_must(strcmp(peer_header(uas, 0, "Via: "), peer_header(uas2, 0, "Via: ")) != 0);
	unit_must(peer_has(uas, 0, "Max-Breadth: 20\r\n"));
	answer(uas, 0, 404, "");
	answer(uas3, 0, 480, "");
	unit_must(peer_count(uac) == 0);
	answer(uas2, 0, 200, "");
	unit_must(peer_count(uac) == 1 && peer_has(uac, 0, "SIP/2.0 200 "));
	unit_must(user.final_target == &user.targets[1]);
	done(200);
}


static void test_serial(void)
{
	fork_three("MESSAGE", 300, 1000, 700);
	unit_must(peer_count(uas2) == 1 && peer_count(uas) == 0 && peer_count(uas3) == 0);
	answer(uas2, 0, 480, "");
	unit_must(peer_count(uas3) == 1 && peer_count(uas) == 0);
	answer(uas3, 0, 500, "");
	unit_must(peer_count(uas) == 1);
	answer(uas, 0, 302, "");
	unit_must(peer_has(uac, 0, "SIP/2.0 302 "));
	done(302);
}


static void test_best(void)
{
	static const struct {
		unsigned status[3], best;
	} rows[] = {
		{{404, 500, 302}, 302}, {{404, 401, 500}, 401}, {{480, 420, 404}, 420},
		{{503, 500, 503}, 500}, {{503, 503, 503}, 500}, {{486, 404, 603}, 603},
		{{404, 480, 486}, 404}, {{503, 408, 503}, 0},   {{484, 415, 604}, 604},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char status[32];

		unit_case("row %zu", i);
		fork_three("MESSAGE", 1, 1, 1);
		answer(uas, 0, rows[i].status[0], "");
		answer(uas2, 0, rows[i].status[1], "");
		answer(uas3, 0, rows[i].status[2], "");
		sprintf(status, "SIP/2.0 %u ", rows[i].best);
		unit_must(peer_count(uac) == (rows[i].best ? 1 : 0));
		unit_must(!rows[i].best || peer_has(uac, 0, status));
		done((uint16_t)rows[i].best);
	}
}


static void test_challenges_are_added_up(void)
{
	fork_three("MESSAGE", 1, 1, 1);
	answer(uas, 0, 407, "Proxy-Authenticate: Digest realm=\"one\", nonce=\"1\"\n");
	answer(uas2, 0, 401,
	       "WWW-Authenticate: Digest realm=\"two\", nonce=\"2\"\n"
	       "WWW-Authenticate: Digest realm=\"three\", nonce=\"3\"\n");
	answer(uas3, 0, 404, "");
	unit_must(peer_has(uac, 0, "SIP/2.0 407 "));
	unit_must(peer_has(uac, 0, "Proxy-Authenticate: Digest realm=\"one\", nonce=\"1\"\r\n"));
	unit_must(peer_has(uac, 0, "WWW-Authenticate: Digest realm=\"two\", nonce=\"2\"\r\n"));
	unit_must(peer_has(uac, 0, "WWW-Authenticate: Digest realm=\"three\", nonce=\"3\"\r\n"));
}


/* ---- INVITE ---- */

static void test_invite(void)
{
	open_all();
	request("INVITE", "sip:bob@192.0.2.2", "");
	unit_must(peer_has(uac, 0, "SIP/2.0 100 "));
	answer(uas, 0, 100, "");
	answer(uas, 0, 180, "");
	unit_must(peer_count(uac) == 2 && peer_has(uac, 1, "SIP/2.0 180 "));
	answer(uas, 0, 200, "");
	unit_must(peer_has(uac, 2, "SIP/2.0 200 "));
	done(200);
	/* The callee repeats its 2xx until the ACK, and each goes through. */
	engine_wait(e, 500);
	answer(uas, 0, 200, "");
	unit_must(peer_count(uac) == 4);
	peer_request(uac, "ACK", "sip:bob@192.0.2.2", "z9hG4bKack", "");
	engine_run(e);
	unit_must(
		peer_has(uas, 1, "ACK sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP " ENGINE_ADDR));
	unit_must(peer_has(uas, 1, "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKack"));
	unit_must(peer_has(uas, 1, "Max-Forwards: 69\r\n"));
	engine_wait(e, 40000);
	answer(uas, 0, 200, "");
	unit_must(peer_count(uac) == 4);
	unit_must(sip_pending(e->sip) == 0 && sip_lingering(e->sip) == 0);
}


static void test_invite_fork_success(void)
{
	fork_three("INVITE", 1, 1, 1);
	answer(uas, 0, 180, "");
	answer(uas2, 0, 180, "");
	answer(uas2, 0, 200, "");
	unit_must(peer_has(uac, 3, "SIP/2.0 200 "));
	done(200);
	/* The one that rings is cancelled; the silent one as soon as it rings. */
	unit_must(peer_count(uas) == 2 && peer_has(uas, 1, "CANCEL "));
	unit_must(peer_count(uas3) == 1);
	answer(uas3, 0, 180, "");
	unit_must(peer_count(uas3) == 2 && peer_has(uas3, 1, "CANCEL "));
	unit_must(peer_count(uac) == 4);
	/* Crossing 2xx: forwarded too. */
	answer(uas, 0, 200, "");
	unit_must(peer_count(uac) == 5 && peer_has(uac, 4, "SIP/2.0 200 "));
	answer(uas3, 0, 487, "");
	unit_must(peer_count(uac) == 5);
	unit_must(peer_has(uas3, 2, "ACK "));
	unit_must(user.finals == 1 && user.dones == 1);
}


static void test_invite_6xx(void)
{
	fork_three("INVITE", 1, 1, 0);
	answer(uas2, 0, 180, "");
	answer(uas, 0, 603, "");
	unit_must(peer_has(uas, 1, "ACK "));
	unit_must(peer_has(uas2, 1, "CANCEL "));
	unit_must(peer_count(uac) == 2);
	answer(uas2, 0, 487, "");
	unit_must(peer_has(uac, 2, "SIP/2.0 603 "));
	unit_must(peer_count(uas3) == 0);
	done(603);
}


static void test_cancel(void)
{
	open_all();
	request("INVITE", "sip:bob@192.0.2.2", "");
	request("CANCEL", "sip:bob@192.0.2.2", "");
	unit_must(peer_has(uac, 1, "SIP/2.0 200 ") && peer_has(uac, 1, "CSeq: 1 CANCEL\r\n"));
	unit_must(peer_count(uas) == 1);
	answer(uas, 0, 180, "");
	unit_must(peer_has(uas, 1, "CANCEL sip:bob@192.0.2.2 SIP/2.0\r\n"));
	answer(uas, 1, 200, "");
	answer(uas, 0, 487, "");
	unit_must(peer_has(uac, 3, "SIP/2.0 487 "));
	done(487);
}


static void test_cancel_while_looked_up(void)
{
	open_all();
	request("INVITE", "sip:bob@as.example.net:5060", "");
	unit_must(e->questions == 1);
	request("CANCEL", "sip:bob@as.example.net:5060", "");
	unit_must(peer_has(uac, 2, "SIP/2.0 487 "));
	done(487);
}


/* 16.8 */
static void test_timer_c(void)
{
	open_all();
	request("INVITE", "sip:bob@192.0.2.2", "");
	answer(uas, 0, 180, "");
	engine_wait(e, 100000);
	answer(uas, 0, 183, "");
	engine_wait(e, 180999);
	unit_must(peer_count(uas) == 1);
	engine_wait(e, 1);
	unit_must(peer_count(uas) == 2 && peer_has(uas, 1, "CANCEL "));
	answer(uas, 0, 487, "");
	unit_must(peer_has(uac, 3, "SIP/2.0 487 "));
}


static void test_invite_silence(void)
{
	open_all();
	request("INVITE", "sip:bob@192.0.2.2", "");
	engine_wait(e, 32000);
	peer_times(uac, (const int[]){0, 32000, -1});
	unit_must(peer_has(uac, 1, "SIP/2.0 408 "));
	done(408);
}


/* ---- The user ---- */

static void test_taken_over(void)
{
	open_all();
	user.take_over = true;
	request("MESSAGE", "sip:bob@192.0.2.2", "");
	answer(uas, 0, 480, "");
	unit_must(peer_count(uac) == 1 && peer_has(uac, 0, "SIP/2.0 202 "));
	unit_must(user.final_status == 480 && user.final_had_message);
	done(202);
}


static void test_shutdown(void)
{
	fork_three("INVITE", 1, 1, 0);
	answer(uas, 0, 200, "");
	e->sip = mem_unref(e->sip);
	done(200);

	fork_three("MESSAGE", 1, 1, 0);
	e->sip = mem_unref(e->sip);
	done(0);
}


UNIT_MAIN(UNIT_TEST(test_message), UNIT_TEST(test_provisional_of_message_stays),
	  UNIT_TEST(test_response_without_second_via), UNIT_TEST(test_message_silence),
	  UNIT_TEST(test_message_answer_due), UNIT_TEST(test_503_becomes_500),
	  UNIT_TEST(test_refused_hop), UNIT_TEST(test_looked_up), UNIT_TEST(test_lookup_fails),
	  UNIT_TEST(test_checks), UNIT_TEST(test_max_forwards), UNIT_TEST(test_loop),
	  UNIT_TEST(test_max_breadth), UNIT_TEST(test_routes), UNIT_TEST(test_record_route),
	  UNIT_TEST(test_double_record_route), UNIT_TEST(test_path), UNIT_TEST(test_flow),
	  UNIT_TEST(test_ipv6), UNIT_TEST(test_parallel), UNIT_TEST(test_serial),
	  UNIT_TEST(test_best), UNIT_TEST(test_challenges_are_added_up), UNIT_TEST(test_invite),
	  UNIT_TEST(test_invite_fork_success), UNIT_TEST(test_invite_6xx), UNIT_TEST(test_cancel),
	  UNIT_TEST(test_cancel_while_looked_up), UNIT_TEST(test_timer_c),
	  UNIT_TEST(test_invite_silence), UNIT_TEST(test_taken_over), UNIT_TEST(test_shutdown))
