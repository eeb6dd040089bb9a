/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large message being taken for somebody who is away: what is taken, what is refused, and what is in the store
 * afterwards. alice speaks SIP over the engine's peer, and MSRP over a connection of hers.
 */
#include "im/deferred/reception.h"

#include <stdio.h>
#include <string.h>

#include "msrp/endpoint.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"
#include "unit/sip/engine.h"

#define BOB "sip:bob@example.org"
#define HEARD_MAX 65536
/** More than fits into a record. */
#define LARGE 40000

static struct world {
	struct engine *e;
	struct peer *alice;
	struct str domain;
	struct buf *why;
	struct store *store;
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp;
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct im_setting setting;
	struct im_events events;
	struct im_listener listener;
	unsigned told[IM_OUTCOMES];
	struct deferred *d;
	struct im_allowance allowance;
	struct im_keep keep;
	int took; /**< what `take` returned */
	int kept; /**< what it told */
	unsigned answers;
	struct sip_server_txn *st;
	struct stream *s; /**< alice's, to our MSRP */
	struct buf heard;
	char path[256]; /**< ours, from the answer */
	struct store_request r;
	struct store_deferred_count count;
	unsigned n;
} w;


/* ---- The world ---- */

static enum im_reach reach(const struct im_request *r, struct im_targets *ret, void *arg)
{
	(void)r;
	(void)arg;
	ret->n = 0;
	return IM_REACH_UNREGISTERED;
}


static void onward(const struct im_request *r, struct im_targets *ret, void *arg)
{
	(void)r;
	(void)arg;
	ret->n = 0;
}


static struct im_addresses addresses(void)
{
	return (struct im_addresses){.domains = &w.domain,
				     .domains_n = 1,
				     .factory = STR("sip:factory@example.org"),
				     .exploder = STR("sip:exploder@example.org"),
				     .deferred = STR("sip:deferred@example.org"),
				     .history = STR("sip:history@example.org"),
				     .system_message = STR("sip:system@example.org")};
}


static void on_kept(struct im_keep *k, int error, void *arg)
{
	(void)k;
	(void)arg;
	w.kept = error;
	w.answers++;
	if (error)
		(void)sip_reply(w.st, 500, STR_NULL);
}


/* The gates have let it pass; bob is away. */
static void on_request(struct engine *e, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct im_addresses ours = addresses();
	struct im_request r;

	(void)e;
	if (sip_dialogs_request(w.dialogs, st, m, sip_server_txn_source(st)))
		return;
	memset(&r, 0, sizeof(r));
	r.m = m;
	r.st = st;
	r.src = sip_server_txn_source(st);
	im_request_classify(&r, &ours);
	r.originator = STR("sip:alice@example.org");
	mem_unref(w.st);
	w.st = mem_ref(st);
	const struct im_keeper *k = deferred_keeper(w.d);
	w.took = k->take(&r, &w.allowance, &w.keep, on_kept, NULL, k->arg);
	if (w.took)
		(void)sip_reply(st, 500, STR_NULL);
}


static void on_ack(struct engine *e, const struct sip_msg *m, const struct sip_source *src)
{
	(void)e;
	(void)src;
	(void)sip_dialogs_ack(w.dialogs, m);
}


static void on_event(const struct im_event *e, void *arg)
{
	(void)arg;
	w.told[e->outcome]++;
}


static void close_world(void *arg)
{
	(void)arg;
	if (w.d)
		deferred_stop(w.d);
	if (w.dialogs)
		sip_dialogs_close(w.dialogs);
	store_cancel(&w.r);
	w.st = mem_unref(w.st);
	w.s = mem_unref(w.s);
	w.d = mem_unref(w.d);
	w.registrations = mem_unref(w.registrations);
	w.subscribers = mem_unref(w.subscribers);
	w.dialogs = mem_unref(w.dialogs);
	w.msrp = mem_unref(w.msrp);
	w.store = mem_unref(w.store);
	if (w.e)
		(void)virtual_loop_run_until_idle(w.e->vl);
	w.e = NULL;
}


static void open_deferred(void)
{
	unit_ok(deferred_alloc(&w.d, &(struct deferred_params){.sip = w.e->sip,
							       .store = w.store,
							       .registrations = w.registrations,
							       .subscribers = w.subscribers,
							       .setting = &w.setting,
							       .addresses = addresses(),
							       .dialogs = w.dialogs,
							       .msrp = w.msrp}));
	deferred_configure(w.d, &(struct deferred_config){.expiry_s = 3600, .push = true});
	deferred_start(w.d, &w.events);
	engine_run(w.e);
}


static void set_up(void)
{
	struct addr local;
	struct loop *l;

	memset(&w, 0, sizeof(w));
	buf_fixed(&w.heard, unit_storage(HEARD_MAX), HEARD_MAX);
	w.domain = STR("example.org");
	w.allowance.max_size = UINT64_MAX;
	w.e = engine_open();
	w.e->on_request = on_request;
	w.e->on_ack = on_ack;
	w.why = unit_buf(256);
	unit_defer(close_world, NULL);
	l = sip_loop(w.e->sip);
	w.alice = peer_open(w.e, "192.0.2.20:5060");
	im_events_init(&w.events);
	w.listener.event = on_event;
	im_events_listen(&w.events, &w.listener);
	w.setting = (struct im_setting){.terminates_here = true, .reach = reach, .onward = onward};
	unit_ok(store_open(&w.store, l, STR("memory:"), w.why));
	unit_ok(sip_dialogs_alloc(&w.dialogs, w.e->sip));
	unit_ok(msrp_endpoint_alloc(&w.msrp, l, NULL));
	assert_int_equal(addr_decode(&local, STR("192.0.2.10"), 2855), 0);
	unit_ok(msrp_endpoint_listen(w.msrp, &(struct msrp_listen_params){.local = local}));
	unit_ok(subscribers_alloc(&w.subscribers, &(struct subscribers_params){.loop = l,
									       .store = w.store,
									       .domains = &w.domain,
									       .domains_n = 1}));
	unit_ok(registrations_alloc(&w.registrations,
				    &(struct registrations_params){.loop = l, .store = w.store}));
	engine_run(w.e);
	open_deferred();
}


/* ---- alice: SIP ---- */

#define OFFER(direction, port)                                                        \
	"v=0\r\no=a 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n" \
	"m=message " port " TCP/MSRP *\r\na=accept-types:*\r\na=" direction           \
	"\r\na=setup:active\r\na=path:msrp://192.0.2.20:2855/a1;tcp\r\n"


static void request(const char *method, const char *call_id, const char *type, const char *body)
{
	w.n++;
	peer_send(w.alice,
		  "%s " BOB " SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-t%u;rport\n"
		  "Max-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a1\nTo: <" BOB ">\n"
		  "Call-ID: %s\nCSeq: 1 %s\nContact: <sip:alice@192.0.2.20:5060>\n"
		  "Accept-Contact: *;+g.oma.sip-im;+g.oma.sip-im.large-message\n"
		  "Content-Type: %s\nContent-Length: %zu\n\n%s",
		  method, w.n, call_id, method, type, strlen(body), body);
	engine_run(w.e);
}


static bool answered(unsigned status)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "SIP/2.0 %u ", status);
	return peer_count(w.alice) &&
	       strncmp(peer_text(w.alice, peer_count(w.alice) - 1), text, strlen(text)) == 0;
}


static void on_recv(struct stream *s, const char *bytes, size_t n, void *arg)
{
	(void)s;
	(void)arg;
	buf_put(&w.heard, bytes, n);
}


static void on_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static void on_closed(struct stream *s, int error, void *arg)
{
	(void)s;
	(void)error;
	(void)arg;
	w.s = mem_unref(w.s);
}


static const struct stream_handler stream_handler = {
	.connected = on_connected,
	.recv = on_recv,
	.closed = on_closed,
};


static void ack(const char *call_id)
{
	const char *to = peer_header(w.alice, peer_count(w.alice) - 1, "To: ");

	w.n++;
	peer_send(w.alice,
		  "ACK sip:192.0.2.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-t%u;rport\n"
		  "Max-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a1\nTo: %s\n"
		  "Call-ID: %s\nCSeq: 1 ACK\nContent-Length: 0\n\n",
		  w.n, to, call_id);
	engine_run(w.e);
}


/* Her session is there: INVITE, 200, ACK, her connection. */
static void call(const char *call_id)
{
	struct addr from, to;
	const char *text, *path;

	w.took = 0;
	w.answers = 0;
	request("INVITE", call_id, "application/sdp", OFFER("sendonly", "2855"));
	unit_must(!w.took && w.answers == 1 && !w.kept);
	unit_must(answered(200));
	text = peer_text(w.alice, peer_count(w.alice) - 1);
	assert_non_null(strstr(text, "a=recvonly"));
	assert_non_null(strstr(text, "+g.oma.sip-im.large-message"));
	path = strstr(text, "a=path:");
	assert_non_null(path);
	(void)sscanf(path, "a=path:%255[^\r\n]", w.path);
	ack(call_id);
	assert_int_equal(addr_decode_hostport(&from, STR("192.0.2.20:0")), 0);
	assert_int_equal(addr_decode_hostport(&to, STR("192.0.2.10:2855")), 0);
	w.s = mem_unref(w.s);
	unit_ok(stream_connect(&w.s, sip_loop(w.e->sip), &to, &from, NULL, STR_NULL,
			       &stream_handler, NULL));
	engine_run(w.e);
	buf_clear(&w.heard);
}


/* ---- alice: MSRP ---- */

static void say(const char *tid, const char *id, const char *range, const char *type,
		const char *body, size_t n, char flag)
{
	char head[1024];
	int k = snprintf(
		head, sizeof(head),
		"MSRP %s SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://192.0.2.20:2855/a1;tcp\r\n"
		"Message-ID: %s\r\nByte-Range: %s\r\nContent-Type: %s\r\n\r\n",
		tid, w.path, id, range, type);

	if (!w.s)
		return;
	(void)stream_write(w.s, head, (size_t)k);
	(void)stream_write(w.s, body, n);
	k = snprintf(head, sizeof(head), "\r\n-------%s%c\r\n", tid, flag);
	(void)stream_write(w.s, head, (size_t)k);
	engine_run(w.e);
}


static void say_text(const char *tid, const char *id, const char *text)
{
	char range[64];

	(void)snprintf(range, sizeof(range), "1-%zu/%zu", strlen(text), strlen(text));
	say(tid, id, range, "text/plain", text, strlen(text), '$');
}


/* She has heard this status to this transaction. */
static bool heard(const char *tid, unsigned status)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "MSRP %s %u", tid, status);
	return str_find_str(buf_str(&w.heard), str_of(text)) >= 0;
}


/* ---- What the store has ---- */

static void on_counted(struct store_request *r, int error, void *arg)
{
	(void)arg;
	if (!error)
		w.count = *store_deferred_count_result(r);
}


static uint64_t held(void)
{
	w.count = (struct store_deferred_count){0};
	unit_ok(store_deferred_count(w.store, &w.r, STR(BOB), on_counted, NULL));
	engine_run(w.e);
	return w.count.held;
}


/* ---- Tests: taken ---- */

static void test_small(void)
{
	set_up();
	call("c1");
	assert_int_equal(w.told[IM_DEFERRED], 0);
	say_text("t001", "m1", "hello");
	unit_must(heard("t001", 200));
	unit_must(held() == 1);
	assert_int_equal(w.count.bytes, 5);
	unit_must(w.told[IM_DEFERRED] == 1);
	/* One session, another message. */
	say_text("t002", "m2", "and more");
	unit_must(heard("t002", 200));
	unit_must(held() == 2);
	assert_int_equal(w.count.bytes, 13);
}


static void test_large(void)
{
	char *body = unit_storage(LARGE + 1);

	memset(body, 'x', LARGE);
	set_up();
	call("c1");
	say("t001", "m1", "1-*/40000", "text/plain", body, LARGE / 2, '+');
	unit_must(heard("t001", 200));
	unit_must(held() == 0);
	say("t002", "m1", "20001-40000/40000", "text/plain", body, LARGE / 2, '$');
	unit_must(heard("t002", 200));
	unit_must(held() == 1);
	assert_int_equal(w.count.bytes, LARGE);
}


/* What comes again after its sender's crash is the same (mailer_large.h): it is held once, and answered 200. */
static void test_again(void)
{
	char *body = unit_storage(LARGE + 1);

	memset(body, 'x', LARGE);
	set_up();
	for (int i = 0; i < 2; i++) {
		call("mailing-1-0@example.org");
		say(i ? "t002" : "t001", "m1", "1-40000/40000", "text/plain", body, LARGE, '$');
		unit_must(heard(i ? "t002" : "t001", 200));
		unit_must(held() == 1);
		assert_int_equal(w.count.bytes, LARGE);
	}
	call("mailing-1-1@example.org");
	say("t003", "m1", "1-40000/40000", "text/plain", body, LARGE, '$');
	unit_must(held() == 2);
}


/* ---- Not taken ---- */

static void test_offers(void)
{
	static const struct {
		const char *method, *type, *body;
		int took, kept;
	} rows[] = {
		{"INVITE", "application/sdp", OFFER("recvonly", "2855"), 0, -EPROTONOSUPPORT},
		{"INVITE", "application/sdp", OFFER("inactive", "2855"), 0, -EPROTONOSUPPORT},
		{"INVITE", "application/sdp", OFFER("sendonly", "0"), 0, -EPROTONOSUPPORT},
		{"INVITE", "text/plain", "hello", 0, -EPROTONOSUPPORT},
		{"INVITE", "application/sdp", "this is none", 0, -EBADMSG},
		{"MESSAGE", "text/plain", "hello", -EOPNOTSUPP, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%zu", i);
		set_up();
		request(rows[i].method, "c1", rows[i].type, rows[i].body);
		unit_must(w.took == rows[i].took);
		unit_must(w.kept == rows[i].kept && w.answers == !rows[i].took);
		unit_must(answered(500));
		unit_must(held() == 0);
		unit_must(!w.told[IM_DEFERRED]);
		close_world(NULL);
	}
}


static void test_quota(void)
{
	set_up();
	deferred_configure(w.d, &(struct deferred_config){.expiry_s = 3600, .quota = 1});
	call("c1");
	/* What is coming counts, too. */
	w.answers = 0;
	request("INVITE", "c2", "application/sdp", OFFER("sendonly", "2855"));
	unit_must(w.answers == 1 && w.kept == -EDQUOT);
	say_text("t001", "m1", "hello");
	unit_must(held() == 1);
	request("INVITE", "c3", "application/sdp", OFFER("sendonly", "2855"));
	unit_must(w.answers == 2 && w.kept == -EDQUOT);
}


/* One session brings many messages, and several may be open: there is one room for all. */
static void test_room(void)
{
	static char body[40000];

	memset(body, 'x', sizeof(body));
	set_up();
	deferred_configure(w.d, &(struct deferred_config){.expiry_s = 3600, .size = 100000});
	call("c1");
	say("t001", "m1", "1-40000/40000", "text/plain", body, sizeof(body), '$');
	unit_must(heard("t001", 200));
	say("t002", "m2", "1-40000/40000", "text/plain", body, sizeof(body), '$');
	unit_must(heard("t002", 200));
	say("t003", "m3", "1-40000/40000", "text/plain", body, sizeof(body), '$');
	unit_must(heard("t003", 413));
	unit_must(held() == 2);
	say("t004", "m4", "1-5/5", "text/plain", body, 5, '$');
	unit_must(heard("t004", 200));
	unit_must(held() == 3);
}


static void test_sender(void)
{
	char id[16];

	set_up();
	for (int i = 0; i < RECEPTIONS_SENDER_MAX; i++) {
		(void)snprintf(id, sizeof(id), "c%d", i);
		request("INVITE", id, "application/sdp", OFFER("sendonly", "2855"));
		unit_must(w.took == 0 && answered(200));
	}
	request("INVITE", "more", "application/sdp", OFFER("sendonly", "2855"));
	unit_must(w.took == -EUSERS);
}


static void test_too_large(void)
{
	set_up();
	w.allowance.max_size = 10;
	call("c1");
	assert_non_null(strstr(peer_text(w.alice, peer_count(w.alice) - 1), "a=max-size:10"));
	say_text("t001", "m1", "hello, world");
	unit_must(heard("t001", 413));
	/* It says that it is small, and is not. */
	say("t002", "m2", "1-*/*", "text/plain", "hello, world", 12, '$');
	unit_must(heard("t002", 413));
	say_text("t003", "m3", "hello");
	unit_must(heard("t003", 200));
	unit_must(held() == 1);
	assert_int_equal(w.count.bytes, 5);
}


static void test_types(void)
{
	set_up();
	w.allowance.types = STR("text/plain");
	call("c1");
	say("t001", "m1", "1-3/3", "image/png", "png", 3, '$');
	unit_must(heard("t001", 415));
	say("t002", "m2", "1-3/3", "text/plain;charset=utf-8", "yes", 3, '$');
	unit_must(heard("t002", 200));
	/* That somebody writes is nothing to keep. */
	say("t003", "m3", "1-3/3", "application/im-iscomposing+xml", "<a>", 3, '$');
	unit_must(heard("t003", 200));
	unit_must(held() == 1);
}


/* ---- The session ends ---- */

static void test_gives_up(void)
{
	set_up();
	call("c1");
	say("t001", "m1", "1-*/100", "text/plain", "half of", 7, '+');
	unit_must(heard("t001", 200));
	say("t002", "m1", "8-*/100", "text/plain", "it", 2, '#');
	unit_must(held() == 0);
	say("t003", "m2", "1-*/100", "text/plain", "half of", 7, '+');
	deferred_stop(w.d);
	engine_run(w.e);
	unit_must(held() == 0);
	unit_must(!w.told[IM_DEFERRED] && w.told[IM_FAILED] == 1);
}


static void test_idle(void)
{
	unsigned before;

	set_up();
	call("c1");
	before = peer_count(w.alice);
	engine_wait(w.e, RECEPTION_IDLE_S * 1000 - 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 1);
	engine_wait(w.e, 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 0);
	unit_must(peer_count(w.alice) > before);
	unit_must(w.told[IM_FAILED] == 1 && held() == 0);
}


/* A connection that is lost may come back; one that does not ends it. */
static void test_lost(void)
{
	set_up();
	call("c1");
	say("t001", "m1", "1-*/100", "text/plain", "half of", 7, '+');
	unit_must(heard("t001", 200));
	w.s = mem_unref(w.s);
	engine_wait(w.e, RECEPTION_LOST_MS - 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 1);
	engine_wait(w.e, 1);
	unit_must(msrp_endpoint_sessions(w.msrp) == 0);
	unit_must(held() == 0);
}


UNIT_MAIN(UNIT_TEST(test_small), UNIT_TEST(test_large), UNIT_TEST(test_again),
	  UNIT_TEST(test_offers), UNIT_TEST(test_quota), UNIT_TEST(test_room),
	  UNIT_TEST_PLAIN(test_sender), UNIT_TEST(test_too_large), UNIT_TEST(test_types),
	  UNIT_TEST(test_gives_up), UNIT_TEST_PLAIN(test_idle), UNIT_TEST_PLAIN(test_lost))
