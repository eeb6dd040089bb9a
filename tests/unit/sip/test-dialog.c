/* SPDX-License-Identifier: Apache-2.0 */
/* Dialogs against RFC 3261 12: both sides, route sets, CSeq, 481, forks. */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#include "sip/dialog.h"

static struct engine *e;
static struct peer *far;

/** One usage and what it was told; the dialog it is in. */
static struct user {
	struct sip_dialogs *dialogs;
	struct sip_dialog_usage usage, fork;
	struct sip_dialog_request request;
	unsigned requests, acks, ended, responses, failures;
	uint16_t status;
	int error;
	bool takes, confirms;
	uint16_t reply;
} user;


static bool on_request(struct sip_dialog_usage *u, struct sip_server_txn *st,
		       const struct sip_msg *m, const struct sip_source *src, void *arg)
{
	struct user *w = arg;

	(void)src;
	w->requests++;
	if (!w->takes)
		return false;
	if (w->confirms)
		(void)sip_dialog_confirm(u->dialog, m);
	(void)sip_dialog_reply(u->dialog, st, &(struct sip_response){.status = w->reply});
	return true;
}


static bool on_ack(struct sip_dialog_usage *u, const struct sip_msg *m, void *arg)
{
	(void)u;
	(void)m;
	((struct user *)arg)->acks++;
	return true;
}


static void on_ended(struct sip_dialog_usage *u, int error, void *arg)
{
	(void)u;
	((struct user *)arg)->ended++;
	((struct user *)arg)->error = error;
}


static const struct sip_dialog_usage_handler handler = {on_request, on_ack, on_ended};


static void on_answered(struct sip_dialog_request *r, struct sip_dialog *d, const struct sip_msg *m,
			int error, void *arg)
{
	struct user *w = arg;

	(void)r;
	if (!m) {
		w->failures++;
		w->error = error;
		return;
	}
	w->responses++;
	w->status = m->status;
	if (d != w->usage.dialog && !w->fork.dialog)
		sip_dialog_join(d, &w->fork, &handler, w);
}


static void dispatch(struct engine *en, struct sip_server_txn *st, const struct sip_msg *m)
{
	(void)en;
	if (!sip_dialogs_request(user.dialogs, st, m, sip_server_txn_source(st)))
		(void)sip_reply(st, 599, STR_NULL);
}


static void dispatch_ack(struct engine *en, const struct sip_msg *m, const struct sip_source *src)
{
	(void)en;
	(void)src;
	(void)sip_dialogs_ack(user.dialogs, m);
}


static void close_user(void *arg)
{
	(void)arg;
	sip_dialog_request_cancel(&user.request);
	sip_dialog_leave(&user.usage);
	sip_dialog_leave(&user.fork);
	user.dialogs = mem_unref(user.dialogs);
}


static void set_up(void)
{
	memset(&user, 0, sizeof(user));
	user.takes = true;
	user.reply = 200;
	e = engine_open();
	e->on_request = dispatch;
	e->on_ack = dispatch_ack;
	far = peer_open(e, "192.0.2.20:5060");
	unit_defer(close_user, NULL);
	unit_ok(sip_dialogs_alloc(&user.dialogs, e->sip));
}


static void call_with(const struct sip_dialog_params *p)
{
	struct sip_dialog *d;

	unit_ok(sip_dialog_alloc(&d, user.dialogs, p));
	sip_dialog_join(d, &user.usage, &handler, &user);
	mem_unref(d);
}


static void call(const char *route)
{
	call_with(&(struct sip_dialog_params){
		.local = STR("sip:parley@example.org"),
		.remote = STR("sip:bob@192.0.2.20"),
		.route = str_of(route),
	});
}


static int send_request(enum sip_method method, const char *headers)
{
	return sip_dialog_send(user.usage.dialog, &user.request,
			       &(struct sip_dialog_request_params){
				       .method = method,
				       .headers = str_of(headers),
				       .answered = on_answered,
				       .arg = &user,
			       });
}


/* A request of the far side inside the dialog that request 0 it got is of. */
static void far_asks(const char *method, unsigned cseq, const char *more)
{
	peer_send(far,
		  "%s sip:192.0.2.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-%s-%u;rport\n"
		  "Max-Forwards: 70\n"
		  "From: <sip:bob@192.0.2.20>;tag=uas\n"
		  "To: %s\n"
		  "Call-ID: %s\n"
		  "CSeq: %u %s\n"
		  "%s"
		  "Content-Length: 0\n\n",
		  method, method, cseq, peer_header(far, 0, "From: "),
		  peer_header(far, 0, "Call-ID: "), cseq, method, more);
	engine_run(e);
}


static bool starts(unsigned i, const char *text)
{
	return strncmp(peer_text(far, i), text, strlen(text)) == 0;
}


/* What the far side got last. */
static unsigned last(void)
{
	return peer_count(far) ? peer_count(far) - 1 : 0;
}

/* ---- As UAC ---- */

static void confirm(void)
{
	user.confirms = true;
	unit_ok(send_request(SIP_SUBSCRIBE, "Event: reg\r\n"));
	engine_run(e);
	far_asks("NOTIFY", 11,
		 "Contact: <sip:bob@192.0.2.20:5060;x=1>\n"
		 "Record-Route: <sip:192.0.2.20;lr>, <sip:p2.example.net;lr>\n");
	user.confirms = false;
	peer_answer(far, 0, 200, "");
	engine_run(e);
}


static void test_first_request(void)
{
	set_up();
	call("<sip:192.0.2.20:5060;lr>");
	unit_ok(send_request(SIP_SUBSCRIBE, "Event: reg\r\nExpires: 600\r\n"));
	engine_run(e);
	unit_must(peer_count(far) == 1);
	unit_must(starts(0, "SUBSCRIBE sip:bob@192.0.2.20 SIP/2.0\r\nVia: "));
	unit_must(peer_has(far, 0, "\r\nRoute: <sip:192.0.2.20:5060;lr>\r\n"));
	unit_must(peer_has(far, 0, "\r\nMax-Forwards: 70\r\n"));
	unit_must(peer_has(far, 0, "\r\nFrom: <sip:parley@example.org>;tag="));
	unit_must(peer_has(far, 0, "\r\nTo: <sip:bob@192.0.2.20>\r\n"));
	unit_must(peer_has(far, 0, "\r\nCSeq: 1 SUBSCRIBE\r\n"));
	unit_must(peer_has(far, 0, "\r\nContact: <sip:192.0.2.10:5060>\r\n"));
	unit_must(peer_has(far, 0, "\r\nExpires: 600\r\nContent-Length: 0\r\n"));
	unit_must(sip_dialog_state(user.usage.dialog) == SIP_DIALOG_INITIAL);
}


static void test_established_by_request(void)
{
	set_up();
	call("");
	confirm();
	unit_must(starts(1, "SIP/2.0 200 "));
	unit_must(peer_has(far, 1, "\r\nContact: <sip:192.0.2.10:5060>\r\n"));
	unit_must(sip_dialog_state(user.usage.dialog) == SIP_DIALOG_CONFIRMED);
	unit_must(str_eq(sip_dialog_remote_tag(user.usage.dialog), STR("uas")));
	unit_must(user.responses == 1 && user.status == 200);

	unit_ok(send_request(SIP_SUBSCRIBE, ""));
	engine_run(e);
	unit_must(starts(2, "SUBSCRIBE sip:bob@192.0.2.20:5060;x=1 SIP/2.0\r\n"));
	unit_must(peer_has(far, 2, "\r\nRoute: <sip:192.0.2.20;lr>, <sip:p2.example.net;lr>\r\n"));
	unit_must(peer_has(far, 2, "\r\nTo: <sip:bob@192.0.2.20>;tag=uas\r\n"));
	unit_must(peer_has(far, 2, "\r\nCSeq: 2 SUBSCRIBE\r\n"));
}


/* 12.2.1.1, the example. */
static void test_strict_router(void)
{
	set_up();
	call("");
	user.confirms = true;
	unit_ok(send_request(SIP_SUBSCRIBE, ""));
	engine_run(e);
	far_asks("NOTIFY", 1,
		 "Contact: <sip:user@remoteua>\n"
		 "Record-Route: <sip:192.0.2.20;method=INVITE;a=b?Subject=x>, <sip:proxy2>\n"
		 "Record-Route: <sip:proxy3;lr>, <sip:proxy4>\n");
	peer_answer(far, 0, 200, "");
	engine_run(e);
	unit_ok(send_request(SIP_SUBSCRIBE, ""));
	engine_run(e);
	unit_must(starts(2, "SUBSCRIBE sip:192.0.2.20;a=b SIP/2.0\r\n"));
	unit_must(peer_has(far, 2,
			   "\r\nRoute: <sip:proxy2>, <sip:proxy3;lr>, <sip:proxy4>\r\n"
			   "Route: <sip:user@remoteua>\r\n"));
}


static void test_order(void)
{
	set_up();
	call("");
	confirm();
	far_asks("NOTIFY", 10, "");
	unit_must(starts(2, "SIP/2.0 500 "));
	far_asks("INFO", 11, "");
	unit_must(starts(3, "SIP/2.0 500 "));
	unit_must(user.requests == 1);
	far_asks("NOTIFY", 50, "");
	unit_must(starts(4, "SIP/2.0 200 "));
	unit_must(user.requests == 2);
}


static void test_target_refresh(void)
{
	set_up();
	call("");
	confirm();
	/* Refused: nothing changes. */
	user.reply = 400;
	far_asks("NOTIFY", 12, "Contact: <sip:bob@192.0.2.20:5060;moved=1>\n");
	unit_must(str_eq(sip_dialog_target(user.usage.dialog), STR("sip:bob@192.0.2.20:5060;x=1")));
	user.reply = 200;
	/* No target refresh. */
	far_asks("INFO", 13, "Contact: <sip:bob@192.0.2.20:5060;moved=2>\n");
	unit_must(str_eq(sip_dialog_target(user.usage.dialog), STR("sip:bob@192.0.2.20:5060;x=1")));
	unit_must(!peer_has(far, last(), "\r\nContact: "));
	far_asks("NOTIFY", 14,
		 "Contact: <sip:bob@192.0.2.20:5060;moved=3>\nRecord-Route: <sip:nowhere;lr>\n");
	unit_must(str_eq(sip_dialog_target(user.usage.dialog),
			 STR("sip:bob@192.0.2.20:5060;moved=3")));
	unit_must(str_eq(sip_dialog_route(user.usage.dialog),
			 STR("<sip:192.0.2.20;lr>, <sip:p2.example.net;lr>")));
	/* By the answer to ours. */
	unit_ok(send_request(SIP_SUBSCRIBE, ""));
	engine_run(e);
	peer_answer(far, last(), 200, "Contact: <sip:bob@192.0.2.20:5060;moved=4>\n");
	engine_run(e);
	unit_must(str_eq(sip_dialog_target(user.usage.dialog),
			 STR("sip:bob@192.0.2.20:5060;moved=4")));
	/* One that cannot be used is left alone. */
	far_asks("NOTIFY", 15, "Contact: <mailto:bob@example.org>\n");
	unit_must(str_eq(sip_dialog_target(user.usage.dialog),
			 STR("sip:bob@192.0.2.20:5060;moved=4")));
}


static void test_nobodys(void)
{
	static const struct {
		const char *method;
		int status;
	} rows[] = {{"NOTIFY", 481},  {"BYE", 481},       {"INFO", 481},
		    {"OPTIONS", 200}, {"SUBSCRIBE", 403}, {"CANCEL", 481}};

	set_up();
	call("");
	confirm();
	user.takes = false;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];

		unit_case("%s", rows[i].method);
		far_asks(rows[i].method, 20 + i, "Event: other\n");
		snprintf(text, sizeof(text), "SIP/2.0 %d ", rows[i].status);
		unit_must(starts(last(), text));
	}
}


/* 12.2.2: no such dialog; and a second notifier of a forked SUBSCRIBE. */
static void test_481(void)
{
	set_up();
	call("");
	confirm();
	peer_send(far,
		  "NOTIFY sip:192.0.2.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-fork;rport\n"
		  "Max-Forwards: 70\n"
		  "From: <sip:bob@192.0.2.20>;tag=other\n"
		  "To: %s\n"
		  "Call-ID: %s\n"
		  "CSeq: 1 NOTIFY\n"
		  "Content-Length: 0\n\n",
		  peer_header(far, 0, "From: "), peer_header(far, 0, "Call-ID: "));
	engine_run(e);
	unit_must(starts(last(), "SIP/2.0 481 "));
	unit_must(user.requests == 1);
	sip_dialog_leave(&user.usage);
	unit_must(sip_dialogs_count(user.dialogs) == 0);
	far_asks("NOTIFY", 30, "");
	unit_must(starts(last(), "SIP/2.0 481 "));
	/* Not to us: the next in line decides. */
	peer_send(far, "INFO sip:carol@example.org SIP/2.0\n"
		       "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-alien;rport\n"
		       "From: <sip:bob@192.0.2.20>;tag=1\nTo: "
		       "<sip:carol@example.org>;tag=2\nCall-ID: zz\nCSeq: 1 INFO\n"
		       "Content-Length: 0\n\n");
	engine_run(e);
	unit_must(starts(last(), "SIP/2.0 599 "));
}


static void test_no_answer(void)
{
	set_up();
	call("");
	unit_ok(send_request(SIP_SUBSCRIBE, ""));
	engine_wait(e, 32000);
	unit_must(user.failures == 1 && user.error == -ETIMEDOUT);
	unit_must(sip_dialog_request_idle(&user.request));
}


static void test_name_is_resolved(void)
{
	set_up();
	call("<sip:scscf.example.net;lr>");
	unit_ok(send_request(SIP_SUBSCRIBE, ""));
	assert_int_equal(send_request(SIP_SUBSCRIBE, ""), -EINVAL);
	engine_run(e);
	unit_must(e->questions == 1 && peer_count(far) == 0);
	sip_dialog_request_cancel(&user.request);
	unit_must(sip_dialog_request_idle(&user.request));
	engine_wait(e, 60000);
	unit_must(user.failures == 0 && peer_count(far) == 0);
}


static void test_hop(void)
{
	struct sip_hop hop = {.kind = SIP_UDP, .socket = SIP_SOCKET_ANY};

	set_up();
	hop.addr = far->addr;
	call_with(&(struct sip_dialog_params){
		.local = STR("sip:conf@example.org"),
		.remote = STR("sip:bob@device.invalid"),
		.hop = &hop,
		.contact_user = STR("room 7"),
		.contact_params = STR(";isfocus"),
	});
	unit_ok(send_request(SIP_SUBSCRIBE, ""));
	engine_run(e);
	unit_must(starts(0, "SUBSCRIBE sip:bob@device.invalid SIP/2.0\r\n"));
	unit_must(peer_has(far, 0, "\r\nContact: <sip:room%207@192.0.2.10:5060>;isfocus\r\n"));
}


static void test_bad_uri(void)
{
	struct sip_dialog *d;

	set_up();
	assert_int_equal(sip_dialog_alloc(&d, user.dialogs,
					  &(struct sip_dialog_params){.local = STR("sip:a@b"),
								      .remote = STR("not one")}),
			 -EBADMSG);
	call("what is this");
	assert_int_not_equal(send_request(SIP_SUBSCRIBE, ""), 0);
}


static void test_shutdown(void)
{
	set_up();
	call("");
	confirm();
	sip_dialogs_close(user.dialogs);
	assert_int_equal(user.ended, 1);
	assert_int_equal(user.error, -ECANCELED);
	assert_null(user.usage.dialog);
	assert_int_equal(sip_dialogs_count(user.dialogs), 0);
}

/* ---- INVITE ---- */

static void answer_invite(unsigned status, const char *tag, const char *more)
{
	peer_send(far,
		  "SIP/2.0 %u Status\nVia: %s\nFrom: %s\nTo: <sip:bob@192.0.2.20>;tag=%s\nCall-ID: "
		  "%s\n"
		  "CSeq: 1 INVITE\n%sContent-Length: 0\n\n",
		  status, peer_header(far, 0, "Via: "), peer_header(far, 0, "From: "), tag,
		  peer_header(far, 0, "Call-ID: "), more);
	engine_run(e);
}


static void test_invite(void)
{
	set_up();
	call("");
	unit_ok(send_request(SIP_INVITE, ""));
	engine_run(e);
	answer_invite(180, "uas", "Contact: <sip:bob@192.0.2.20:5060>\n");
	unit_must(sip_dialog_state(user.usage.dialog) == SIP_DIALOG_EARLY);
	unit_must(user.status == 180);
	/* 13.2.2.4: the 2xx decides the route set, in reverse order (12.1.2). */
	answer_invite(200, "uas",
		      "Contact: <sip:bob@192.0.2.20:5060;y=2>\n"
		      "Record-Route: <sip:p1.example.net;lr>,<sip:192.0.2.20;lr>\n");
	unit_must(sip_dialog_state(user.usage.dialog) == SIP_DIALOG_CONFIRMED);
	unit_ok(sip_dialog_ack(user.usage.dialog, 1, STR_NULL, STR_NULL));
	engine_run(e);
	unit_must(starts(1, "ACK sip:bob@192.0.2.20:5060;y=2 SIP/2.0\r\n"));
	unit_must(peer_has(far, 1, "\r\nRoute: <sip:192.0.2.20;lr>, <sip:p1.example.net;lr>\r\n"));
	unit_must(peer_has(far, 1, "\r\nCSeq: 1 ACK\r\n"));
	unit_must(!sip_dialog_request_idle(&user.request));

	sip_dialog_request_cancel(&user.request);
	unit_ok(send_request(SIP_BYE, ""));
	engine_run(e);
	unit_must(starts(2, "BYE sip:bob@192.0.2.20:5060;y=2 SIP/2.0\r\n"));
	unit_must(peer_has(far, 2, "\r\nCSeq: 2 BYE\r\n"));
	unit_must(!peer_has(far, 2, "\r\nContact: "));
}


static void test_fork(void)
{
	set_up();
	call("");
	unit_ok(send_request(SIP_INVITE, ""));
	engine_run(e);
	answer_invite(183, "uas", "Contact: <sip:bob@192.0.2.20:5060>\n");
	answer_invite(200, "two", "Contact: <sip:bob@192.0.2.20:5060;two>\n");
	unit_must(user.fork.dialog && user.fork.dialog != user.usage.dialog);
	unit_must(user.fork.dialog && sip_dialog_state(user.fork.dialog) == SIP_DIALOG_CONFIRMED);
	unit_must(sip_dialog_state(user.usage.dialog) == SIP_DIALOG_EARLY);
	unit_must(sip_dialogs_count(user.dialogs) == 2);
	/* One that nobody joins is let go. */
	answer_invite(200, "three", "Contact: <sip:bob@192.0.2.20:5060>\n");
	unit_must(user.responses == 3);
	unit_must(sip_dialogs_count(user.dialogs) == 2);
}

/* ---- As UAS ---- */

static void accept_it(struct engine *en, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct sip_dialog *d;
	int err;

	if (m->to_tag.n) {
		dispatch(en, st, m);
		return;
	}
	err = sip_dialog_accept(&d, user.dialogs, st, m, sip_server_txn_source(st), NULL);
	if (err) {
		user.error = err;
		(void)sip_reply(st, err == -EBADMSG ? 400 : 500, STR_NULL);
		return;
	}
	sip_dialog_join(d, &user.usage, &handler, &user);
	if (m->method == SIP_INVITE)
		(void)sip_dialog_reply(d, st, &(struct sip_response){.status = 180});
	(void)sip_dialog_reply(
		d, st, &(struct sip_response){.status = 200, .headers = STR("Expires: 60\r\n")});
	mem_unref(d);
}


static void test_uas(void)
{
	set_up();
	e->on_request = accept_it;
	peer_request(far, "INVITE", "sip:192.0.2.10:5060", "z9hG4bK-1",
		     "Contact: <sip:alice@192.0.2.20:5060;line=1>\n"
		     "Record-Route: <sip:192.0.2.20;lr>\nRecord-Route: <sip:p.example.net;lr;x>\n");
	engine_run(e);
	unit_must(starts(0, "SIP/2.0 180 "));
	unit_must(starts(1, "SIP/2.0 200 "));
	unit_must(peer_has(far, 1,
			   "\r\nRecord-Route: <sip:192.0.2.20;lr>\r\n"
			   "Record-Route: <sip:p.example.net;lr;x>\r\n"));
	unit_must(peer_has(far, 1, "\r\nContact: <sip:192.0.2.10:5060>\r\n"));
	unit_must(peer_has(far, 1, "\r\nExpires: 60\r\n"));
	unit_must(user.usage.dialog && sip_dialog_state(user.usage.dialog) == SIP_DIALOG_CONFIRMED);
	unit_must(peer_has(far, 1, ";tag="));

	peer_send(far,
		  "ACK sip:192.0.2.10:5060 SIP/2.0\nVia: SIP/2.0/UDP "
		  "192.0.2.20:5060;branch=z9hG4bK-2\n"
		  "From: <sip:alice@example.org>;tag=a1\nTo: %s\nCall-ID: c1@example.org\n"
		  "CSeq: 1 ACK\nContent-Length: 0\n\n",
		  peer_header(far, 1, "To: "));
	engine_run(e);
	unit_must(user.acks == 1);

	unit_ok(send_request(SIP_BYE, ""));
	engine_run(e);
	unit_must(starts(2, "BYE sip:alice@192.0.2.20:5060;line=1 SIP/2.0\r\n"));
	unit_must(peer_has(far, 2, "\r\nRoute: <sip:192.0.2.20;lr>, <sip:p.example.net;lr;x>\r\n"));
	unit_must(peer_has(far, 2, "\r\nFrom: <sip:bob@example.com>;tag="));
	unit_must(peer_has(far, 2, "\r\nTo: <sip:alice@example.org>;tag=a1\r\n"));
	unit_must(peer_has(far, 2, "\r\nCSeq: 1 BYE\r\n"));
	peer_answer(far, 2, 200, "");
	engine_run(e);
	sip_dialog_leave(&user.usage);
	unit_must(sip_dialogs_count(user.dialogs) == 0);
}


static void test_uas_bad(void)
{
	static const char *const rows[] = {
		"",
		"Contact: *\n",
		"Contact: <tel:+4712345>\n",
		"Contact: <sip:a@192.0.2.20>\nRecord-Route: oops\n",
	};

	set_up();
	e->on_request = accept_it;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char branch[32];

		unit_case("%s", rows[i]);
		snprintf(branch, sizeof(branch), "z9hG4bK-bad%u", i);
		peer_request(far, "SUBSCRIBE", "sip:192.0.2.10:5060", branch, rows[i]);
		engine_run(e);
		unit_must(user.error == -EBADMSG);
		unit_must(starts(last(), "SIP/2.0 400 "));
	}
	assert_int_equal(sip_dialogs_count(user.dialogs), 0);
}


/* RFC 2543 knew no tags: the peer's is null, and stays away from To. */
static void test_uas_without_tag(void)
{
	set_up();
	e->on_request = accept_it;
	peer_send(far, "SUBSCRIBE sip:192.0.2.10:5060 SIP/2.0\nVia: SIP/2.0/UDP "
		       "192.0.2.20:5060;branch=z9hG4bK-3\n"
		       "From: <sip:alice@example.org>\nTo: <sip:bob@example.com>\nCall-ID: "
		       "old\nCSeq: 1 SUBSCRIBE\n"
		       "Contact: <sip:alice@192.0.2.20:5060>\nContent-Length: 0\n\n");
	engine_run(e);
	unit_must(starts(0, "SIP/2.0 200 "));
	peer_send(far,
		  "SUBSCRIBE sip:192.0.2.10:5060 SIP/2.0\nVia: SIP/2.0/UDP "
		  "192.0.2.20:5060;branch=z9hG4bK-4\n"
		  "From: <sip:alice@example.org>\nTo: %s\nCall-ID: old\nCSeq: 2 "
		  "SUBSCRIBE\nContent-Length: 0\n\n",
		  peer_header(far, 0, "To: "));
	engine_run(e);
	unit_must(user.requests == 1);
	unit_must(starts(1, "SIP/2.0 200 "));
	unit_ok(send_request(SIP_NOTIFY, ""));
	engine_run(e);
	unit_must(peer_has(far, 2, "\r\nTo: <sip:alice@example.org>\r\n"));
}

UNIT_MAIN(UNIT_TEST(test_first_request), UNIT_TEST(test_established_by_request),
	  UNIT_TEST(test_strict_router), UNIT_TEST(test_order), UNIT_TEST(test_target_refresh),
	  UNIT_TEST(test_nobodys), UNIT_TEST(test_481), UNIT_TEST(test_no_answer),
	  UNIT_TEST(test_name_is_resolved), UNIT_TEST(test_hop), UNIT_TEST(test_bad_uri),
	  UNIT_TEST(test_shutdown), UNIT_TEST(test_invite), UNIT_TEST(test_fork),
	  UNIT_TEST(test_uas), UNIT_TEST(test_uas_bad), UNIT_TEST(test_uas_without_tag))
