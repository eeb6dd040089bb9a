/* SPDX-License-Identifier: Apache-2.0 */
/* The notifier's side against RFC 6665 4.2. */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#include "sip/notifier.h"

static struct engine *e;
static struct peer *far;
static unsigned cseq;

static struct user {
	struct sip_dialogs *dialogs;
	struct sip_notifier *n;
	unsigned states, fulls, ended;
	bool pending;
	int error;
} user;


static struct str on_state(struct sip_notifier *n, bool full, struct buf *body, void *arg)
{
	(void)n;
	(void)arg;
	user.states++;
	user.fulls += full;
	buf_puts(body, full ? STR("<full/>") : STR("<partial/>"));
	return STR("application/reginfo+xml");
}


static void on_ended(struct sip_notifier *n, void *arg)
{
	(void)n;
	(void)arg;
	user.ended++;
	user.n = mem_unref(user.n);
}


static const struct sip_notifier_handler handler = {on_state, on_ended};


static void dispatch(struct engine *en, struct sip_server_txn *st, const struct sip_msg *m)
{
	(void)en;
	if (m->to_tag.n) {
		if (!sip_dialogs_request(user.dialogs, st, m, sip_server_txn_source(st)))
			(void)sip_reply(st, 599, STR_NULL);
		return;
	}
	user.error = sip_notifier_accept(&user.n, &(struct sip_notifier_params){
							  .dialogs = user.dialogs,
							  .st = st,
							  .m = m,
							  .src = sip_server_txn_source(st),
							  .min_s = 60,
							  .default_s = 600,
							  .max_s = 7200,
							  .pending = user.pending,
							  .refer = m->method == SIP_REFER,
							  .headers = STR("Allow-Events: reg\r\n"),
							  .handler = &handler,
						  });
}


static void close_user(void *arg)
{
	(void)arg;
	user.n = mem_unref(user.n);
	if (user.dialogs)
		sip_dialogs_close(user.dialogs);
	user.dialogs = mem_unref(user.dialogs);
}


static void set_up(void)
{
	close_user(NULL);
	memset(&user, 0, sizeof(user));
	cseq = 0;
	e = engine_open();
	e->on_request = dispatch;
	far = peer_open(e, "192.0.2.20:5060");
	unit_defer(close_user, NULL);
	unit_ok(sip_dialogs_alloc(&user.dialogs, e->sip));
}


static void subscribe(const char *to, const char *more)
{
	cseq++;
	peer_send(far,
		  "SUBSCRIBE sip:192.0.2.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-s%u;rport\n"
		  "Max-Forwards: 70\n"
		  "From: <sip:alice@example.org>;tag=a1\n"
		  "To: %s\nCall-ID: c1\nCSeq: %u SUBSCRIBE\n"
		  "Contact: <sip:alice@192.0.2.20:5060>\n"
		  "%sContent-Length: 0\n\n",
		  cseq, to, cseq, more);
	engine_run(e);
}


static bool starts(unsigned i, const char *text)
{
	return strncmp(peer_text(far, i), text, strlen(text)) == 0;
}


static unsigned last(void)
{
	return peer_count(far) ? peer_count(far) - 1 : 0;
}


static void answer(unsigned i, unsigned status)
{
	peer_answer(far, i, status, "");
	engine_run(e);
}


static void become_active(void)
{
	set_up();
	subscribe("<sip:bob@example.org>", "Event: reg;id=9\nExpires: 3600\n");
	answer(1, 200);
}


static void test_accept(void)
{
	set_up();
	subscribe("<sip:bob@example.org>", "Event: reg;id=9\nExpires: 100000\n");
	unit_must(peer_count(far) == 2);
	unit_must(starts(0, "SIP/2.0 200 "));
	unit_must(peer_has(far, 0, "\r\nExpires: 7200\r\nAllow-Events: reg\r\n"));
	unit_must(peer_has(far, 0, "\r\nContact: <sip:192.0.2.10:5060>\r\n"));
	unit_must(starts(1, "NOTIFY sip:alice@192.0.2.20:5060 SIP/2.0\r\n"));
	unit_must(peer_has(far, 1,
			   "\r\nEvent: reg;id=9\r\nSubscription-State: active;expires=7200\r\n"));
	unit_must(peer_has(
		far, 1,
		"\r\nContent-Type: application/reginfo+xml\r\nContent-Length: 7\r\n\r\n<full/>"));
	unit_must(user.fulls == 1);
}


static void test_changes(void)
{
	become_active();
	/* Two at once are one. */
	if (user.n)
		sip_notifier_changed(user.n);
	if (user.n)
		sip_notifier_changed(user.n);
	engine_run(e);
	unit_must(peer_count(far) == 3);
	unit_must(peer_has(far, 2, "\r\n\r\n<partial/>"));
	unit_must(peer_has(far, 2, "\r\nCSeq: 2 NOTIFY\r\n"));
	/* While one is under way the next waits. */
	if (user.n)
		sip_notifier_changed(user.n);
	engine_run(e);
	unit_must(peer_count(far) == 3);
	answer(2, 200);
	unit_must(peer_count(far) == 4);
	/* After a failure that does not end it, all of it. */
	answer(3, 500);
	if (user.n)
		sip_notifier_changed(user.n);
	engine_run(e);
	unit_must(peer_has(far, 4, "\r\n\r\n<full/>"));
}


static void test_refresh(void)
{
	become_active();
	engine_wait(e, 3000000);
	subscribe(peer_header(far, 0, "To: "), "Event: reg;id=9\nExpires: 1800\n");
	unit_must(starts(2, "SIP/2.0 200 ") && peer_has(far, 2, "\r\nExpires: 1800\r\n"));
	unit_must(starts(3, "NOTIFY ") && peer_has(far, 3, "<full/>"));
	answer(3, 200);
	/* 423; another package in the dialog; a malformed one. */
	subscribe(peer_header(far, 0, "To: "), "Event: reg;id=9\nExpires: 5\n");
	unit_must(starts(4, "SIP/2.0 423 ") && peer_has(far, 4, "\r\nMin-Expires: 60\r\n"));
	subscribe(peer_header(far, 0, "To: "), "Event: reg;id=10\nExpires: 500\n");
	unit_must(starts(5, "SIP/2.0 403 "));
	subscribe(peer_header(far, 0, "To: "), "Expires: 500\n");
	unit_must(starts(6, "SIP/2.0 489 "));
	engine_wait(e, 1799000);
	unit_must(peer_count(far) == 7);
	engine_wait(e, 1000);
	unit_must(starts(7, "NOTIFY ") &&
		  peer_has(far, 7, "\r\nSubscription-State: terminated;reason=timeout\r\n"));
	answer(7, 200);
	unit_must(user.ended == 1 && sip_dialogs_count(user.dialogs) == 0);
}


static void test_unsubscribe(void)
{
	become_active();
	subscribe(peer_header(far, 0, "To: "), "Event: reg;id=9\nExpires: 0\n");
	unit_must(starts(2, "SIP/2.0 200 ") && peer_has(far, 2, "\r\nExpires: 0\r\n"));
	unit_must(peer_has(far, 3, "\r\nSubscription-State: terminated;reason=timeout\r\n"));
	unit_must(user.ended == 0);
	/* While the last one is under way there is nothing left to refresh. */
	subscribe(peer_header(far, 0, "To: "), "Event: reg;id=9\nExpires: 600\n");
	unit_must(starts(4, "SIP/2.0 481 "));
	answer(3, 200);
	unit_must(user.ended == 1);
}


static void test_fetch(void)
{
	set_up();
	subscribe("<sip:bob@example.org>", "Event: reg\nExpires: 0\n");
	unit_must(starts(0, "SIP/2.0 200 "));
	unit_must(peer_has(far, 1, "\r\nSubscription-State: terminated;reason=timeout\r\n"));
	unit_must(peer_has(far, 1, "<full/>"));
	answer(1, 200);
	unit_must(user.ended == 1 && sip_dialogs_count(user.dialogs) == 0);
}


static void test_refused(void)
{
	static const struct {
		const char *more;
		const char *answer;
	} rows[] = {
		{"Event: reg\nExpires: 59\n", "SIP/2.0 423 "},
		{"Event: reg\nExpires: x\n", "SIP/2.0 400 "},
		{"Event: re g\n", "SIP/2.0 400 "},
		{"Event: reg\nContact: *\n", "SIP/2.0 200 "}, /* the first Contact counts */
	};

	set_up();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].more);
		subscribe("<sip:bob@example.org>", rows[i].more);
		unit_must(starts(i, rows[i].answer));
	}
}


static void test_pending(void)
{
	set_up();
	user.pending = true;
	subscribe("<sip:bob@example.org>", "Event: reg\n");
	unit_must(peer_has(far, 0, "\r\nExpires: 600\r\n"));
	unit_must(peer_has(far, 1, "\r\nSubscription-State: pending;expires=600\r\n"));
	unit_must(peer_has(far, 1, "\r\nContent-Length: 0\r\n"));
	/* Not told of changes, and allowed while the first NOTIFY is still under way. */
	if (user.n)
		sip_notifier_changed(user.n);
	if (user.n)
		sip_notifier_allow(user.n);
	engine_run(e);
	unit_must(peer_count(far) == 2);
	answer(1, 200);
	unit_must(peer_has(far, 2, "\r\nSubscription-State: active;expires=600\r\n"));
	unit_must(peer_has(far, 2, "<full/>"));
}


static void test_reject(void)
{
	set_up();
	user.pending = true;
	subscribe("<sip:bob@example.org>", "Event: reg\n");
	answer(1, 200);
	if (user.n)
		sip_notifier_terminate(user.n, SIP_SUBREASON_REJECTED, 0);
	engine_run(e);
	unit_must(peer_has(far, 2, "\r\nSubscription-State: terminated;reason=rejected\r\n"));
	unit_must(peer_has(far, 2, "\r\nContent-Length: 0\r\n"));
	unit_must(user.states == 0);
}


static void test_terminate_while_busy(void)
{
	set_up();
	subscribe("<sip:bob@example.org>", "Event: reg\n");
	if (user.n)
		sip_notifier_terminate(user.n, SIP_SUBREASON_PROBATION, 30);
	engine_run(e);
	unit_must(peer_count(far) == 2);
	answer(1, 200);
	unit_must(peer_has(
		far, 2, "\r\nSubscription-State: terminated;reason=probation;retry-after=30\r\n"));
	unit_must(user.ended == 0);
	answer(2, 200);
	unit_must(user.ended == 1);
}


static void test_notify_fails(void)
{
	become_active();
	if (user.n)
		sip_notifier_changed(user.n);
	engine_run(e);
	answer(2, 481);
	unit_must(user.ended == 1 && sip_dialogs_count(user.dialogs) == 0);

	become_active();
	if (user.n)
		sip_notifier_changed(user.n);
	engine_wait(e, 32000);
	unit_must(user.ended == 1);
}


static void test_end(void)
{
	become_active();
	user.n = sip_notifier_end(user.n);
	engine_run(e);
	unit_must(peer_has(far, 2, "\r\nSubscription-State: terminated;reason=noresource\r\n"));
	answer(2, 200);
	unit_must(user.ended == 0 && sip_dialogs_count(user.dialogs) == 0);
}


static void test_shutdown(void)
{
	become_active();
	sip_dialogs_close(user.dialogs);
	unit_must(user.ended == 1);
	unit_must(last() == 1);
}


/* RFC 3515 2.4.4: 202 without Expires; the subscription is refreshed and ended like any other. */
static void test_refer(void)
{
	set_up();
	peer_send(far, "REFER sip:192.0.2.10:5060 SIP/2.0\n"
		       "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-r1;rport\n"
		       "Max-Forwards: 70\n"
		       "From: <sip:alice@example.org>;tag=a1\n"
		       "To: <sip:bob@example.org>\nCall-ID: c1\nCSeq: 7 REFER\n"
		       "Contact: <sip:alice@192.0.2.20:5060>\n"
		       "Refer-To: <sip:carol@example.org>\nExpires: 5\nContent-Length: 0\n\n");
	engine_run(e);
	unit_must(peer_count(far) == 2);
	unit_must(starts(0, "SIP/2.0 202 ") && !peer_has(far, 0, "\r\nExpires:"));
	unit_must(peer_has(far, 0, "\r\nContact: <sip:192.0.2.10:5060>\r\n"));
	unit_must(
		peer_has(far, 1, "\r\nEvent: refer\r\nSubscription-State: active;expires=600\r\n"));
	answer(1, 200);
	cseq = 7;
	subscribe(peer_header(far, 0, "To: "), "Event: refer\nExpires: 100\n");
	unit_must(starts(2, "SIP/2.0 200 ") && peer_has(far, 2, "\r\nExpires: 100\r\n"));
	answer(3, 200);
	if (user.n)
		sip_notifier_terminate(user.n, SIP_SUBREASON_NORESOURCE, 0);
	engine_run(e);
	unit_must(peer_has(far, 4, "\r\nSubscription-State: terminated;reason=noresource\r\n"));
	answer(4, 200);
	unit_must(user.ended == 1);
}


UNIT_MAIN(UNIT_TEST(test_accept), UNIT_TEST(test_changes), UNIT_TEST(test_refresh),
	  UNIT_TEST(test_unsubscribe), UNIT_TEST(test_fetch), UNIT_TEST(test_refused),
	  UNIT_TEST(test_pending), UNIT_TEST(test_reject), UNIT_TEST(test_terminate_while_busy),
	  UNIT_TEST(test_notify_fails), UNIT_TEST(test_end), UNIT_TEST(test_shutdown),
	  UNIT_TEST(test_refer))
