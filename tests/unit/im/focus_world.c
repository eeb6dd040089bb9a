/* SPDX-License-Identifier: Apache-2.0 */
/* The focus whole, on the engine. */
#include "focus_world.h"

#include <stdio.h>
#include <string.h>

#include "body/group.h"
#include "store/document.h"

struct focus_world w;
uint32_t focus_rights;
bool focus_bob;


/* ---- The world ---- */

static enum im_reach reach(const struct im_request *r, struct im_targets *ret, void *arg)
{
	(void)r;
	(void)arg;
	ret->n = 0;
	return IM_REACH_OK;
}


static void onward(const struct im_request *r, struct im_targets *ret, void *arg)
{
	(void)r;
	(void)arg;
	ret->n = 0;
}


struct im_addresses focus_addresses(void)
{
	return (struct im_addresses){.domains = &w.domain,
				     .domains_n = 1,
				     .factory = STR(FACTORY),
				     .exploder = STR("sip:exploder@example.org"),
				     .deferred = STR("sip:deferred@example.org"),
				     .history = STR("sip:history@example.org"),
				     .system_message = STR("sip:system@example.org")};
}


/* Who is asserted is who sends: the gates are not here. */
static void on_request(struct engine *e, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct im_addresses ours = focus_addresses();
	char storage[1024];
	struct im_request r;
	struct buf why;

	(void)e;
	buf_fixed(&why, storage, sizeof(storage));
	if (sip_dialogs_request(w.dialogs, st, m, sip_server_txn_source(st)))
		return;
	memset(&r, 0, sizeof(r));
	if (!w.c || sip_proxy_check(w.e->sip, m, &r.route, &why)) {
		(void)sip_reply(st, 500, STR_NULL);
		return;
	}
	r.m = m;
	r.st = st;
	r.src = sip_server_txn_source(st);
	im_request_classify(&r, &ours);
	im_own_admit(w.own, &r);
	r.trusted = false;
	if (controlling_is_for(w.c, &r))
		controlling_receive(w.c, &r, NULL, NULL);
	else
		(void)sip_reply(st, 404, STR_NULL);
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


static void on_done(struct store_request *r, int error, void *arg)
{
	(void)r;
	(void)arg;
	w.error = error;
	w.done = true;
}


static void close_world(void *arg)
{
	(void)arg;
	if (w.pass != unit_pass())
		return;
	w.pass = 0;
	if (w.c)
		controlling_stop(w.c);
	if (w.dialogs)
		sip_dialogs_close(w.dialogs);
	w.c = mem_unref(w.c);
	w.own = mem_unref(w.own);
	w.groups = mem_unref(w.groups);
	w.registrations = mem_unref(w.registrations);
	w.subscribers = mem_unref(w.subscribers);
	w.dialogs = mem_unref(w.dialogs);
	w.msrp = mem_unref(w.msrp);
	w.store = mem_unref(w.store);
	/* What the disk has begun it ends. */
	(void)virtual_loop_run_until_idle(w.e->vl);
}


int make_focus(void)
{
	int err = controlling_alloc(&w.c, &(struct controlling_params){
						  .sip = w.e->sip,
						  .dialogs = w.dialogs,
						  .msrp = w.msrp,
						  .store = w.store,
						  .groups = w.groups,
						  .subscribers = w.subscribers,
						  .registrations = w.registrations,
						  .events = &w.events,
						  .setting = &w.setting,
						  .addresses = focus_addresses(),
						  .own = w.own,
					  });

	if (!err) {
		controlling_configure(w.c, &(struct controlling_config){.max_participants = 10});
		controlling_start(w.c);
		engine_run(w.e);
	}
	return err;
}


static void put_group(void)
{
	static struct group_member members[] = {{.uri = STR_INIT("sip:alice@example.org")},
						{.uri = STR_INIT(FAR_BOB)}};
	struct group g = {.uri = STR(FRIENDS), .members = members, .members_n = focus_bob ? 2 : 1};
	struct buf *out = unit_buf(65536);

	group_encode(out, &g,
		     &(struct group_grant){.whom = GROUP_FOR_MEMBERS,
					   .rights = focus_rights
							     ? focus_rights
							     : GROUP_BIT(GROUP_JOIN) |
								       GROUP_BIT(GROUP_INITIATE)},
		     1);
	unit_must(!out->failed);
	w.done = false;
	unit_ok(store_document_put(w.store, &w.r,
				   &(struct store_document){.aor = STR(FRIENDS),
							    .auid = STR(STORE_AUID_GROUPS),
							    .name = STR(STORE_NAME_GROUP),
							    .type = GROUP_TYPE,
							    .body = buf_str(out)},
				   STR_NULL, on_done, NULL));
	engine_run(w.e);
	unit_must(w.done && !w.error);
}


static void make_msrp(struct loop *l)
{
	struct addr local;

	unit_ok(msrp_endpoint_alloc(&w.msrp, l, NULL));
	assert_int_equal(addr_decode(&local, STR("192.0.2.10"), 2855), 0);
	unit_ok(msrp_endpoint_listen(w.msrp, &(struct msrp_listen_params){.local = local}));
}


void set_up(void)
{
	struct loop *l;

	close_world(NULL); /* of a row before */
	memset(&w, 0, sizeof(w));
	w.domain = STR("example.org");
	w.e = engine_open();
	w.e->on_request = on_request;
	w.e->on_ack = on_ack;
	w.why = unit_buf(256);
	unit_defer(close_world, NULL);
	w.pass = unit_pass();
	l = sip_loop(w.e->sip);
	w.alice = peer_open(w.e, "192.0.2.20:5060");
	w.bob = peer_open(w.e, "192.0.2.21:5060");
	im_events_init(&w.events);
	w.listener.event = on_event;
	im_events_listen(&w.events, &w.listener);
	w.setting = (struct im_setting){.terminates_here = true, .reach = reach, .onward = onward};
	unit_ok(store_open(&w.store, l, STR("memory:"), w.why));
	unit_ok(sip_dialogs_alloc(&w.dialogs, w.e->sip));
	make_msrp(l);
	unit_ok(subscribers_alloc(&w.subscribers, &(struct subscribers_params){.loop = l,
									       .store = w.store,
									       .domains = &w.domain,
									       .domains_n = 1}));
	unit_ok(registrations_alloc(&w.registrations,
				    &(struct registrations_params){.loop = l, .store = w.store}));
	put_group();
	unit_ok(groups_alloc(&w.groups, &(struct groups_params){
						.loop = l, .store = w.store, .domain = w.domain}));
	engine_run(w.e);
	unit_ok(im_own_alloc(&w.own, &(struct im_own_params){.sip = w.e->sip,
							     .setting = &w.setting,
							     .addresses = focus_addresses()}));
	unit_ok(make_focus());
}


/* ---- What alice does ---- */

void request(const char *method, const char *uri, const char *who, const char *to_tag,
	     const char *more, const char *type, const char *body)
{
	w.n++;
	peer_send(w.alice,
		  "%s %s SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-t%u;rport\n"
		  "Max-Forwards: 70\nFrom: \"Alice\" <%s>;tag=a1\nTo: <%s>%s%s\n"
		  "Call-ID: c1\nCSeq: %u %s\nContact: <sip:alice@192.0.2.20:5060>;+g.oma.sip-im\n"
		  "Accept-Contact: *;+g.oma.sip-im\nP-Asserted-Identity: <%s>\n%s"
		  "Content-Type: %s\nContent-Length: %zu\n\n%s",
		  method, uri, w.n, who, uri, *to_tag ? ";tag=" : "", to_tag, w.n, method, who,
		  more, type, strlen(body), body);
	engine_run(w.e);
}


void invite(const char *uri, const char *who, const char *more)
{
	request("INVITE", uri, who, "", more, "application/sdp", SDP);
}


const char *last(const struct peer *p)
{
	return peer_count(p) ? peer_text(p, peer_count(p) - 1) : "";
}


bool answered(unsigned status)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "SIP/2.0 %u ", status);
	return strncmp(last(w.alice), text, strlen(text)) == 0;
}


static void ack(const char *who)
{
	peer_send(w.alice,
		  "ACK %s SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-a%u;rport\n"
		  "Max-Forwards: 70\nFrom: \"Alice\" <%s>;tag=a1\nTo: <%s>;tag=%s\nCall-ID: c1\n"
		  "CSeq: %u ACK\nContent-Length: 0\n\n",
		  w.identity, w.n, who, FRIENDS, w.tag, w.n);
	engine_run(w.e);
}


void alice_is_in(uint32_t rights)
{
	const char *to;

	focus_rights = rights | GROUP_BIT(GROUP_JOIN) | GROUP_BIT(GROUP_INITIATE);
	set_up();
	invite(FRIENDS, "sip:alice@example.org", "");
	unit_must(answered(200) && list() == 1);
	to = unit_ptr(strstr(peer_header(w.alice, peer_count(w.alice) - 1, "To: "), ";tag="));
	(void)snprintf(w.tag, sizeof(w.tag), "%s", to + strlen(";tag="));
	(void)snprintf(w.identity, sizeof(w.identity), "sip:conf-%.*s@example.org",
		       CONTROLLING_ID_N, w.id);
	ack("sip:alice@example.org");
}


/* ---- What the operator sees ---- */

void on_row(const struct conference_info_row *row, void *arg)
{
	(void)arg;
	w.rows++;
	w.connected = row->connected;
	memcpy(w.id, row->id.p, CONTROLLING_ID_N);
}


void on_person(const struct conference_person_row *row, void *arg)
{
	(void)row;
	(void)arg;
	w.persons++;
}


size_t list(void)
{
	w.rows = w.connected = 0;
	controlling_list(w.c, 0, 100, on_row, NULL);
	return w.rows;
}
