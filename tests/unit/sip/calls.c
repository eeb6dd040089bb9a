/* SPDX-License-Identifier: Apache-2.0 */
/* The owner of a call leg and its far side. */
#include "calls.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/counter.h"

struct engine *e;
struct peer *far;
struct owner own;

/* The dialog as far sees it. */
static char call_id[128], far_party[256], our_party[256];


static void note_body(const struct sip_msg *m)
{
	size_t n = m ? m->body.n : 0;

	if (n >= sizeof(own.body))
		n = sizeof(own.body) - 1;
	if (n)
		memcpy(own.body, m->body.p, n);
	own.body[n] = 0;
}


void end_leg(void)
{
	own.inv = sip_invite_end(own.inv, NULL);
}


static void perhaps_end(void)
{
	if (own.ends_in_callback)
		end_leg();
}


static void on_provisional(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	(void)inv;
	(void)arg;
	own.provisional++;
	own.status = m->status;
	note_body(m);
}


static void on_answered(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	(void)inv;
	(void)arg;
	own.answered++;
	own.status = m->status;
	note_body(m);
	perhaps_end();
}


static bool on_authorize(struct sip_invite *inv, enum sip_method method, struct str uri,
			 const struct sip_msg *m, struct buf *lines, void *arg)
{
	(void)inv;
	(void)method;
	(void)uri;
	(void)arg;
	own.authorized++;
	if (!own.authorizes)
		return false;
	buf_puts(lines, m->status == 401 ? STR("Authorization: Digest x=1\r\n")
					 : STR("Proxy-Authorization: Digest x=1\r\n"));
	return true;
}


static void on_acked(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	(void)inv;
	(void)arg;
	own.acked++;
	own.acked_null = !m;
	note_body(m);
}


static void on_pracked(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	(void)arg;
	own.pracked++;
	note_body(m);
	if (own.prack_answer)
		(void)sip_invite_respond(inv, SIP_PRACK,
					 &(struct sip_response){.status = 200,
								.type = STR("application/sdp"),
								.body = str_of(own.prack_answer)});
}


static void on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	(void)arg;
	own.modify++;
	own.method = m->method;
	note_body(m);
	if (own.refreshes)
		(void)sip_invite_refreshed(inv, m->method);
	perhaps_end();
}


static void on_modified(struct sip_invite *inv, const struct sip_msg *m, int error, void *arg)
{
	(void)inv;
	(void)arg;
	own.modified++;
	own.status = m ? m->status : 0;
	own.error = error;
	note_body(m);
	perhaps_end();
}


static struct str on_session(struct sip_invite *inv, void *arg)
{
	(void)inv;
	(void)arg;
	return STR("our last sdp");
}


static void on_withdrawn(struct sip_invite *inv, enum sip_method method, void *arg)
{
	(void)inv;
	(void)arg;
	own.withdrawn++;
	own.method = method;
}


static bool on_request(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
		       void *arg)
{
	(void)arg;
	own.requests++;
	own.method = m->method;
	if (!own.takes_requests)
		return false;
	(void)sip_dialog_reply(sip_invite_dialog(inv), st, &(struct sip_response){.status = 200});
	return true;
}


static void on_ended(struct sip_invite *inv, const struct sip_invite_ended *end, void *arg)
{
	(void)inv;
	(void)arg;
	own.ended++;
	own.why = end->why;
	own.status = end->status;
	own.error = end->error;
	perhaps_end();
}


static const struct sip_invite_handler handler = {
	.provisional = on_provisional,
	.answered = on_answered,
	.authorize = on_authorize,
	.acked = on_acked,
	.pracked = on_pracked,
	.modify = on_modify,
	.modified = on_modified,
	.session = on_session,
	.withdrawn = on_withdrawn,
	.request = on_request,
	.ended = on_ended,
};


static struct sip_invite_params params(void)
{
	return (struct sip_invite_params){
		.dialogs = own.dialogs,
		.profile = &own.profile,
		.session = own.wish,
		.dialog = {.local = STR("sip:parley@example.org"),
			   .remote = str_of(own.remote ? own.remote : "sip:bob@192.0.2.20"),
			   .contact_user = STR("leg1"),
			   .contact_params = STR(";+g.oma.sip-im")},
		.arg = &own,
	};
}


static void dispatch(struct engine *en, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct sip_invite_params p = params();

	(void)en;
	if (sip_dialogs_request(own.dialogs, st, m, sip_server_txn_source(st)))
		return;
	if (m->method == SIP_INVITE && !own.inv)
		(void)sip_invite_accept(&own.inv, &p, st, m, sip_server_txn_source(st));
	else
		(void)sip_reply(st, 599, STR_NULL);
}


static void dispatch_ack(struct engine *en, const struct sip_msg *m, const struct sip_source *src)
{
	(void)en;
	(void)src;
	(void)sip_dialogs_ack(own.dialogs, m);
}


static void calls_close(void *arg)
{
	(void)arg;
	if (own.dialogs)
		sip_dialogs_close(own.dialogs);
	end_leg();
	own.dialogs = mem_unref(own.dialogs);
}


void calls_open(void)
{
	/* What the test before had is gone. */
	sip_invite_counters_register();
	assert_int_equal(counter_find(STR("sip.invite.open"))->value, 0);
	assert_int_equal(counter_find(STR("sip.invite.setting_up"))->value, 0);
	memset(&own, 0, sizeof(own));
	own.profile = (struct sip_invite_profile){
		.allow = STR("INVITE, ACK, CANCEL, BYE, UPDATE, PRACK, INFO"),
		.supported = STR("100rel, replaces"),
		.handler = &handler,
	};
	e = engine_open();
	e->on_request = dispatch;
	e->on_ack = dispatch_ack;
	far = peer_open(e, "192.0.2.20:5060");
	unit_defer(calls_close, NULL);
	unit_ok(sip_dialogs_alloc(&own.dialogs, e->sip));
}


static const char *type_line(const char *body)
{
	return *body ? "Content-Type: application/sdp\n" : "";
}


void call_far(const char *body)
{
	struct sip_invite_params p = params();

	p.headers = STR("Accept-Contact: *;+g.oma.sip-im\r\n");
	p.type = *body ? STR("application/sdp") : STR_NULL;
	p.body = str_of(body);
	unit_ok(sip_invite_send(&own.inv, &p));
	engine_run(e);
	snprintf(call_id, sizeof(call_id), "%s", peer_header(far, 0, "Call-ID: "));
	snprintf(our_party, sizeof(our_party), "%s", peer_header(far, 0, "From: "));
	snprintf(far_party, sizeof(far_party), "<sip:bob@192.0.2.20>;tag=far");
}


void far_calls(const char *more, const char *body)
{
	peer_send(far,
		  "INVITE sip:parley@192.0.2.10 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-call;rport\n"
		  "Max-Forwards: 70\n"
		  "From: <sip:bob@192.0.2.20>;tag=far\n"
		  "To: <sip:parley@example.org>\n"
		  "Call-ID: far-calls\n"
		  "CSeq: 100 INVITE\n"
		  "Contact: <sip:bob@192.0.2.20:5060>;+g.oma.sip-im;isfocus\n"
		  "%s%sContent-Length: %zu\n\n%s",
		  more, type_line(body), strlen(body), body);
	engine_run(e);
	snprintf(call_id, sizeof(call_id), "far-calls");
	snprintf(far_party, sizeof(far_party), "<sip:bob@192.0.2.20>;tag=far");
	our_party[0] = 0;
}


static const char *our_name(void)
{
	for (unsigned i = 0; !our_party[0] && i < far->count; i++) {
		const char *to = peer_header(far, i, "To: ");

		if (strstr(to, ";tag=") && strstr(peer_header(far, i, "CSeq: "), "100 INVITE"))
			snprintf(our_party, sizeof(our_party), "%s", to);
	}
	return our_party;
}


void far_answers_from(struct peer *p, unsigned i, unsigned status, const char *tag,
		      const char *more, const char *body)
{
	const char *to = peer_header(far, i, "To: ");
	char to_tag[80] = "";

	if (!strstr(to, ";tag=") && *tag)
		snprintf(to_tag, sizeof(to_tag), ";tag=%s", tag);
	peer_send(p,
		  "SIP/2.0 %u Status\nVia: %s\nFrom: %s\nTo: %s%s\nCall-ID: %s\nCSeq: %s\n"
		  "Contact: <sip:bob-%s@192.0.2.20:5060>;isfocus\n"
		  "%s%sContent-Length: %zu\n\n%s",
		  status, peer_header(far, i, "Via: "), peer_header(far, i, "From: "), to, to_tag,
		  peer_header(far, i, "Call-ID: "), peer_header(far, i, "CSeq: "), tag, more,
		  type_line(body), strlen(body), body);
	engine_run(e);
}


void far_answers(unsigned i, unsigned status, const char *tag, const char *more, const char *body)
{
	far_answers_from(far, i, status, tag, more, body);
}


void far_sends(const char *method, unsigned cseq, const char *more, const char *body)
{
	static unsigned branches;
	bool cancel = !strcmp(method, "CANCEL");

	branches += !cancel;
	if (cancel && cseq == 100)
		peer_send(far,
			  "CANCEL sip:parley@192.0.2.10 SIP/2.0\n"
			  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-call;rport\n"
			  "Max-Forwards: 70\nFrom: <sip:bob@192.0.2.20>;tag=far\n"
			  "To: <sip:parley@example.org>\nCall-ID: far-calls\nCSeq: 100 CANCEL\n"
			  "Content-Length: 0\n\n");
	else
		peer_send(far,
			  "%s sip:leg1@192.0.2.10:5060 SIP/2.0\n"
			  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-in%u;rport\n"
			  "Max-Forwards: 70\nFrom: %s\nTo: %s\nCall-ID: %s\nCSeq: %u %s\n"
			  "Contact: <sip:bob@192.0.2.20:5060>;isfocus\n"
			  "%s%sContent-Length: %zu\n\n%s",
			  method, branches, far_party, our_name(), call_id, cseq, method, more,
			  type_line(body), strlen(body), body);
	engine_run(e);
}


unsigned far_n(void)
{
	return peer_count(far);
}


const char *far_last(void)
{
	return far_n() ? peer_text(far, far_n() - 1) : "";
}


bool far_last_is(const char *start)
{
	return strncmp(far_last(), start, strlen(start)) == 0;
}


unsigned far_count(const char *start)
{
	unsigned n = 0;

	for (unsigned i = 0; i < far_n(); i++)
		n += strncmp(peer_text(far, i), start, strlen(start)) == 0;
	return n;
}


unsigned far_find(const char *start)
{
	unsigned at = UINT_MAX;

	for (unsigned i = 0; i < far_n(); i++) {
		if (strncmp(peer_text(far, i), start, strlen(start)) == 0)
			at = i;
	}
	return at;
}


void far_times(const char *start, const int *at_ms)
{
	unsigned n = 0;

	for (unsigned i = 0; i < far_n(); i++) {
		if (strncmp(peer_text(far, i), start, strlen(start)))
			continue;
		if (at_ms[n] < 0 || peer_at(far, i) != (uint64_t)at_ms[n])
			fprintf(stderr, "%s no. %u at %lld ms, expected at %d\n", start, n,
				(long long)peer_at(far, i), at_ms[n]);
		unit_must(at_ms[n] >= 0 && peer_at(far, i) == (uint64_t)at_ms[n]);
		n++;
	}
	if (at_ms[n] >= 0)
		fprintf(stderr, "%s: only %u came\n", start, n);
	unit_must(at_ms[n] < 0);
}


int respond(enum sip_method method, unsigned status, const char *body)
{
	int err = own.inv ? sip_invite_respond(own.inv, method,
					       &(struct sip_response){
						       .status = (uint16_t)status,
						       .type = *body ? STR("application/sdp")
								     : STR_NULL,
						       .body = str_of(body),
					       })
			  : -ENOMEM;

	engine_run(e);
	return err;
}


int modify(enum sip_method method, const char *body, bool again)
{
	int err = own.inv ? sip_invite_modify(own.inv,
					      &(struct sip_invite_change){
						      .method = method,
						      .type = *body ? STR("application/sdp")
								    : STR_NULL,
						      .body = str_of(body),
						      .again = again,
					      })
			  : -ENOMEM;

	engine_run(e);
	return err;
}


void talk_as_uac(const char *more)
{
	call_far("offer");
	far_answers(0, 200, "far", more, "answer");
	engine_wait(e, 40000);
	unit_must(own.answered == 1 && own.ended == 0 && far_n() == 2);
}


void talk_as_uas(const char *more)
{
	far_calls(more, "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	far_sends("ACK", 100, "", "");
	engine_wait(e, 40000);
	unit_must(own.acked == 1 && own.ended == 0);
	our_name();
}


bool all_quiet(void)
{
	return sip_dialogs_count(own.dialogs) == 0;
}
