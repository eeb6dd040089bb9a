/* SPDX-License-Identifier: Apache-2.0 */
/* The Deferred Messaging Function whole, on the engine. */
#include "deferred_world.h"

#include <stdio.h>
#include <string.h>

struct deferred_world w;


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
	(void)snprintf(w.reason, sizeof(w.reason), STR_FMT, STR_ARG(e->reason));
}


static void close_world(void *arg)
{
	(void)arg;
	if (w.pass != unit_pass())
		return;
	w.pass = 0;
	if (w.d)
		deferred_stop(w.d);
	if (w.dialogs)
		sip_dialogs_close(w.dialogs);
	store_cancel(&w.r);
	w.st = mem_unref(w.st);
	w.voice.s = mem_unref(w.voice.s);
	w.d = mem_unref(w.d);
	w.registrations = mem_unref(w.registrations);
	w.subscribers = mem_unref(w.subscribers);
	w.dialogs = mem_unref(w.dialogs);
	w.msrp = mem_unref(w.msrp);
	w.store = mem_unref(w.store);
	(void)virtual_loop_run_until_idle(w.e->vl);
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


void set_up(void)
{
	struct addr local;
	struct loop *l;

	close_world(NULL); /* of a row before */
	memset(&w, 0, sizeof(w));
	w.domain = STR("example.org");
	w.allowance.max_size = UINT64_MAX;
	w.to = BOB;
	w.e = engine_open();
	w.e->on_request = on_request;
	w.e->on_ack = on_ack;
	w.why = unit_buf(256);
	unit_defer(close_world, NULL);
	w.pass = unit_pass();
	l = sip_loop(w.e->sip);
	w.alice = peer_open(w.e, "192.0.2.20:5060");
	msrp_peer_init(&w.voice, w.e, "msrp://192.0.2.20:2855/a1;tcp");
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


/* ---- alice ---- */

void request(const char *method, const char *call_id, const char *type, const char *body)
{
	w.n++;
	peer_send(w.alice,
		  "%s %s SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-t%u;rport\n"
		  "Max-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a1\nTo: <%s>\n"
		  "Call-ID: %s\nCSeq: 1 %s\nContact: <sip:alice@192.0.2.20:5060>\n"
		  "Accept-Contact: *;+g.oma.sip-im;+g.oma.sip-im.large-message\n"
		  "Content-Type: %s\nContent-Length: %zu\n\n%s",
		  method, w.to, w.n, w.to, call_id, method, type, strlen(body), body);
	engine_run(w.e);
}


bool answered(unsigned status)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "SIP/2.0 %u ", status);
	return peer_count(w.alice) &&
	       strncmp(peer_text(w.alice, peer_count(w.alice) - 1), text, strlen(text)) == 0;
}


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
void call(const char *call_id)
{
	const char *text;

	w.took = 0;
	w.answers = 0;
	request("INVITE", call_id, "application/sdp", OFFER("sendonly", "2855"));
	unit_must(!w.took && w.answers == 1 && !w.kept);
	unit_must(answered(200));
	text = peer_text(w.alice, peer_count(w.alice) - 1);
	assert_non_null(strstr(text, "a=recvonly"));
	assert_non_null(strstr(text, "+g.oma.sip-im.large-message"));
	ack(call_id);
	msrp_peer_connect(&w.voice, "192.0.2.20", text);
}


void say(const char *tid, const char *id, const char *range, const char *type, const char *body,
	 size_t n, char flag)
{
	msrp_peer_send(&w.voice, tid, id, range, "", type, (struct str){body, n}, flag);
}


void say_text(const char *tid, const char *id, const char *text)
{
	char range[64];

	(void)snprintf(range, sizeof(range), "1-%zu/%zu", strlen(text), strlen(text));
	say(tid, id, range, "text/plain", text, strlen(text), '$');
}


bool heard(const char *tid, unsigned status)
{
	return msrp_peer_heard(&w.voice, tid, status);
}


/* ---- What the store has ---- */

static void on_counted(struct store_request *r, int error, void *arg)
{
	(void)arg;
	if (!error)
		w.count = *store_deferred_count_result(r);
}


uint64_t held(void)
{
	w.count = (struct store_deferred_count){0};
	unit_ok(store_deferred_count(w.store, &w.r, str_of(w.to), on_counted, NULL));
	engine_run(w.e);
	return w.count.held;
}
