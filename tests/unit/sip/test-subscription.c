/* SPDX-License-Identifier: Apache-2.0 */
/* The subscriber's side against RFC 6665 4.1, with exact times. */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#include "sip/subscription.h"

static struct engine *e;
static struct peer *far;
static unsigned notify_cseq;

static struct user {
	struct sip_dialogs *dialogs;
	struct sip_subscription *s;
	unsigned notified, renewed, ended;
	uint16_t status, reply;
	char reason[64], body[64];
	int error;
	bool end_in_notify, authorizes;
	unsigned challenged;
	char uri[64];
} user;


static uint16_t on_notified(struct sip_subscription *s, const struct sip_msg *m,
			    const struct sip_source *src, void *arg)
{
	(void)src;
	(void)s;
	(void)arg;
	user.notified++;
	snprintf(user.body, sizeof(user.body), STR_FMT, STR_ARG(m->body));
	if (user.end_in_notify)
		user.s = sip_subscription_end(user.s);
	return user.reply;
}


static void on_renewed(struct sip_subscription *s, void *arg)
{
	(void)s;
	(void)arg;
	user.renewed++;
}


static void on_ended(struct sip_subscription *s, uint16_t status, struct str reason, int error,
		     void *arg)
{
	(void)s;
	(void)arg;
	user.ended++;
	user.status = status;
	user.error = error;
	snprintf(user.reason, sizeof(user.reason), STR_FMT, STR_ARG(reason));
	user.s = mem_unref(user.s);
}


static bool on_authorize(struct sip_subscription *s, struct str uri, const struct sip_msg *m,
			 struct buf *lines, void *arg)
{
	(void)s;
	(void)m;
	(void)arg;
	user.challenged++;
	snprintf(user.uri, sizeof(user.uri), STR_FMT, STR_ARG(uri));
	buf_puts(lines, STR("Proxy-Authorization: Digest mine\r\n"));
	return user.authorizes;
}


static const struct sip_subscription_handler handler = {.notified = on_notified,
							.renewed = on_renewed,
							.authorize = on_authorize,
							.ended = on_ended};


static void dispatch(struct engine *en, struct sip_server_txn *st, const struct sip_msg *m)
{
	(void)en;
	if (!sip_dialogs_request(user.dialogs, st, m, sip_server_txn_source(st)))
		(void)sip_reply(st, 599, STR_NULL);
}


static void close_user(void *arg)
{
	(void)arg;
	user.s = mem_unref(user.s);
	if (user.dialogs)
		sip_dialogs_close(user.dialogs);
	user.dialogs = mem_unref(user.dialogs);
}


static void start_with(uint32_t expires_s, const char *event)
{
	close_user(NULL);
	memset(&user, 0, sizeof(user));
	user.reply = 200;
	notify_cseq = 0;
	e = engine_open();
	e->on_request = dispatch;
	far = peer_open(e, "192.0.2.20:5060");
	unit_defer(close_user, NULL);
	unit_ok(sip_dialogs_alloc(&user.dialogs, e->sip));
	unit_ok(sip_subscription_start(&user.s,
				       &(struct sip_subscription_params){
					       .dialogs = user.dialogs,
					       .target = STR("sip:bob@example.org"),
					       .from = STR("sip:parley@example.org"),
					       .route = STR("<sip:192.0.2.20:5060;lr>"),
					       .event = str_of(event),
					       .accept = STR("application/reginfo+xml"),
					       .headers = STR("P-Asserted-Identity: <sip:parley@"
							      "example.org>\r\n"),
					       .expires_s = expires_s,
					       .handler = &handler,
				       }));
	engine_run(e);
}


static void start(void)
{
	start_with(3600, "reg");
}


/* The last SUBSCRIBE that came. */
static unsigned subscribe(void)
{
	unsigned i = peer_count(far);

	while (i-- > 0)
		if (strncmp(peer_text(far, i), "SUBSCRIBE ", 10) == 0)
			return i;
	return 0;
}


static unsigned subscribes(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < peer_count(far); i++)
		n += strncmp(peer_text(far, i), "SUBSCRIBE ", 10) == 0;
	return n;
}


static void notify_of(const char *event, const char *state, const char *tag)
{
	unsigned i = subscribe();

	notify_cseq++;
	peer_send(far,
		  "NOTIFY sip:192.0.2.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-n%u;rport\n"
		  "Max-Forwards: 70\n"
		  "From: <sip:bob@example.org>;tag=%s\n"
		  "To: %s\n"
		  "Call-ID: %s\n"
		  "CSeq: %u NOTIFY\n"
		  "Contact: <sip:scscf@192.0.2.20:5060>\n"
		  "%s%s"
		  "Content-Length: 4\n\nbody",
		  notify_cseq, tag, peer_header(far, i, "From: "), peer_header(far, i, "Call-ID: "),
		  notify_cseq, event, state);
	engine_run(e);
}


static void notify(const char *state)
{
	char line[128];

	snprintf(line, sizeof(line), "Subscription-State: %s\n", state);
	notify_of("Event: reg\n", line, "uas");
}


static bool last_is(const char *text)
{
	unsigned n = peer_count(far);

	return n && strncmp(peer_text(far, n - 1), text, strlen(text)) == 0;
}


static enum sip_subscription_state state(void)
{
	return user.s ? sip_subscription_state(user.s) : SIP_SUBSCRIPTION_TERMINATED;
}


static void answer(unsigned status, const char *more)
{
	peer_answer(far, subscribe(), status, more);
	engine_run(e);
}


static void become_active(void)
{
	start();
	answer(200, "Expires: 3600\nContact: <sip:scscf@192.0.2.20:5060>\n");
	notify("active;expires=3600");
}


static void test_subscribe(void)
{
	start();
	unit_must(peer_count(far) == 1);
	unit_must(peer_has(far, 0, "SUBSCRIBE sip:bob@example.org SIP/2.0\r\n"));
	unit_must(peer_has(far, 0, "\r\nRoute: <sip:192.0.2.20:5060;lr>\r\n"));
	unit_must(peer_has(far, 0,
			   "\r\nEvent: reg\r\nAccept: application/reginfo+xml\r\nExpires: 3600\r\n"
			   "P-Asserted-Identity: <sip:parley@example.org>\r\n"));
	unit_must(state() == SIP_SUBSCRIPTION_SUBSCRIBING);
	answer(200, "Expires: 1800\n");
	notify("active;expires=1800");
	unit_must(last_is("SIP/2.0 200 "));
	unit_must(user.notified == 1 && strcmp(user.body, "body") == 0);
	unit_must(state() == SIP_SUBSCRIPTION_ACTIVE);
	unit_must(user.s && sip_subscription_left_s(user.s) == 1800);
}


/* 4.1.2.4: "the subscriber MUST be prepared to receive NOTIFY requests before the SUBSCRIBE transaction has
 * completed". */
static void test_notify_first(void)
{
	start();
	notify("active;expires=100");
	unit_must(last_is("SIP/2.0 200 ") && user.notified == 1);
	answer(200, "Expires: 100\n");
	unit_must(state() == SIP_SUBSCRIPTION_ACTIVE);
	/* Without expires in a NOTIFY it stays as it is. */
	notify("active");
	unit_must(user.s && sip_subscription_left_s(user.s) == 100);
	unit_must(subscribes() == 1);
}


static void test_refresh(void)
{
	become_active();
	engine_wait(e, 2999000);
	unit_must(subscribes() == 1);
	engine_wait(e, 1000);
	unit_must(subscribes() == 2);
	unit_must(peer_has(far, subscribe(), "SUBSCRIBE sip:scscf@192.0.2.20:5060 SIP/2.0\r\n"));
	unit_must(peer_has(far, subscribe(), "\r\nCSeq: 2 SUBSCRIBE\r\n"));
	unit_must(peer_has(far, subscribe(), ";tag=uas\r\n"));
	unit_must(strcmp(peer_header(far, 0, "Call-ID: "),
			 peer_header(far, subscribe(), "Call-ID: ")) == 0);
	answer(200, "Expires: 60\n");
	notify("active;expires=60");
	/* Half of a short one. */
	engine_wait(e, 30000);
	unit_must(subscribes() == 3);
	unit_must(user.renewed == 0);
}


/* Timer N of a refresh: 4.1.2.2. */
static void test_refresh_without_notify(void)
{
	become_active();
	engine_wait(e, 3000000);
	answer(200, "Expires: 3600\n");
	engine_wait(e, 31999);
	unit_must(user.renewed == 0);
	engine_wait(e, 1);
	unit_must(user.renewed == 1);
	unit_must(subscribes() == 3);
	unit_must(peer_has(far, subscribe(), "\r\nCSeq: 1 SUBSCRIBE\r\n"));
	unit_must(strcmp(peer_header(far, 0, "Call-ID: "),
			 peer_header(far, subscribe(), "Call-ID: ")) != 0);
}


/* RFC 5839: 204 says that no NOTIFY comes. */
static void test_204(void)
{
	become_active();
	engine_wait(e, 3000000);
	answer(204, "Expires: 3600\n");
	engine_wait(e, 40000);
	unit_must(user.renewed == 0 && state() == SIP_SUBSCRIPTION_ACTIVE);
}


static void test_first_without_notify(void)
{
	start();
	answer(200, "Expires: 3600\n");
	engine_wait(e, 32000);
	unit_must(state() == SIP_SUBSCRIPTION_WAITING);
	/* One that comes too late: 4.1.2.4, 481. */
	notify("active;expires=3600");
	unit_must(last_is("SIP/2.0 481 "));
	engine_wait(e, 29999);
	unit_must(user.renewed == 0);
	engine_wait(e, 1);
	unit_must(user.renewed == 1 && subscribes() == 2);
}


static void test_no_answer(void)
{
	start();
	engine_wait(e, 32000);
	unit_must(state() == SIP_SUBSCRIPTION_WAITING);
	unsigned before = subscribes();
	engine_wait(e, 30000);
	unit_must(subscribes() == before + 1 && user.renewed == 1);
	engine_wait(e, 32000);
	/* Twice as long. */
	before = subscribes();
	engine_wait(e, 59999);
	unit_must(subscribes() == before);
	engine_wait(e, 1);
	unit_must(subscribes() == before + 1 && user.renewed == 2);
}


static void test_423(void)
{
	start();
	answer(423, "Min-Expires: 7200\n");
	unit_must(subscribes() == 2);
	unit_must(peer_has(far, subscribe(), "\r\nExpires: 7200\r\n"));
	unit_must(peer_has(far, subscribe(), "\r\nCSeq: 2 SUBSCRIBE\r\n"));
	/* One that makes no sense is a refusal. */
	answer(423, "Min-Expires: 7200\n");
	unit_must(user.ended == 1 && user.status == 423);
}


static void test_refusals(void)
{
	static const struct {
		unsigned status;
		const char *more;
		bool ends;
		unsigned again_s;
	} rows[] = {
		{403, "", true, 0},
		{404, "", true, 0},
		{489, "", true, 0},
		{603, "", true, 0},
		{302, "", true, 0},
		{480, "", false, 30},
		{500, "", false, 30},
		{481, "", false, 30},
		{503, "Retry-After: 100 (busy);duration=5\n", false, 100},
		{503, "Retry-After: 99999999999\n", false, SIP_SUBSCRIPTION_WAIT_MAX_S},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%u %s", rows[i].status, rows[i].more);
		start();
		answer(rows[i].status, rows[i].more);
		if (rows[i].ends) {
			unit_must(user.ended == 1 && user.status == rows[i].status);
			continue;
		}
		unit_must(state() == SIP_SUBSCRIPTION_WAITING);
		engine_wait(e, rows[i].again_s * 1000ull - 1);
		unit_must(subscribes() == 1);
		engine_wait(e, 1);
		unit_must(subscribes() == 2);
	}
}


/* 4.1.2.2: which answers to a refresh end the subscription. */
static void test_refresh_refused(void)
{
	become_active();
	engine_wait(e, 3000000);
	answer(500, "");
	/* Still valid, and tried again at half time. */
	unit_must(state() == SIP_SUBSCRIPTION_ACTIVE);
	engine_wait(e, 299000);
	unit_must(subscribes() == 2);
	engine_wait(e, 1000);
	unit_must(subscribes() == 3 && user.renewed == 0);
	notify("active");
	unit_must(user.notified == 2);
	answer(481, "");
	unit_must(user.renewed == 1 && subscribes() == 4 &&
		  state() == SIP_SUBSCRIPTION_SUBSCRIBING);
	unit_must(peer_has(far, subscribe(), "\r\nRoute: <sip:192.0.2.20:5060;lr>\r\n"));
}


static void test_lapses(void)
{
	become_active();
	notify("active;expires=2");
	unit_must(subscribes() == 1);
	engine_wait(e, 5000);
	/* Over before it could be refreshed, and too young for another at once. */
	unit_must(state() == SIP_SUBSCRIPTION_WAITING);
	engine_wait(e, 30000);
	unit_must(user.renewed == 1);
}


static void test_terminated(void)
{
	static const struct {
		const char *state;
		bool ends;
		int again_s; /* 0: at once */
	} rows[] = {
		{"terminated;reason=rejected", true, 0},
		{"terminated;reason=noresource", true, 0},
		{"terminated;reason=invariant;retry-after=5", true, 0},
		{"terminated;reason=deactivated", false, 0},
		{"terminated;reason=deactivated;retry-after=99", false, 0},
		{"terminated;reason=timeout", false, 0},
		{"terminated;reason=probation;retry-after=77", false, 77},
		{"terminated;reason=giveup", false, 30},
		{"terminated;expires=100", false, 30},
		{"terminated;reason=whatever;retry-after=5", false, 5},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].state);
		become_active();
		engine_wait(e, 40000);
		notify(rows[i].state);
		unit_must(last_is(rows[i].ends || rows[i].again_s ? "SIP/2.0 200 " : "SUBSCRIBE "));
		if (rows[i].ends) {
			unit_must(user.ended == 1 && user.status == 0 && user.reason[0]);
			continue;
		}
		unit_must(subscribes() == (rows[i].again_s ? 1 : 2));
		if (!rows[i].again_s)
			continue;
		engine_wait(e, (uint64_t)rows[i].again_s * 1000 - 1);
		unit_must(subscribes() == 1);
		engine_wait(e, 1);
		unit_must(subscribes() == 2);
	}
}


/* A notifier that lets go at once is not asked in a loop. */
static void test_no_storm(void)
{
	static const uint64_t waits_s[] = {30, 60, 120, 240, 480, 960, 1920, 3600, 3600};

	start();
	for (unsigned i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
		unit_case("round %u", i);
		answer(200, "Expires: 3600\n");
		notify("terminated;reason=deactivated");
		unit_must(state() == SIP_SUBSCRIPTION_WAITING);
		engine_wait(e, waits_s[i] * 1000 - 1);
		unit_must(user.renewed == i);
		engine_wait(e, 1);
		unit_must(user.renewed == i + 1);
	}
}


static void test_bad_notify(void)
{
	start();
	notify_of("Event: reg\n", "", "uas");
	unit_must(last_is("SIP/2.0 400 "));
	notify_of("", "Subscription-State: active\n", "uas");
	unit_must(last_is("SIP/2.0 400 "));
	notify_of("Event: presence\n", "Subscription-State: active\n", "uas");
	unit_must(last_is("SIP/2.0 489 "));
	notify_of("Event: reg;id=3\n", "Subscription-State: active\n", "uas");
	unit_must(last_is("SIP/2.0 481 "));
	unit_must(user.notified == 0 && state() == SIP_SUBSCRIPTION_SUBSCRIBING);
	user.reply = 415;
	notify("active;expires=3600");
	unit_must(last_is("SIP/2.0 415 ") && user.notified == 1);
}


/* RFC 3680 4.9: only one dialog of a forked SUBSCRIBE. */
static void test_fork(void)
{
	become_active();
	notify_of("Event: reg\n", "Subscription-State: active\n", "another");
	unit_must(last_is("SIP/2.0 481 "));
	unit_must(user.notified == 1);
}


static void test_end(void)
{
	become_active();
	user.s = sip_subscription_end(user.s);
	engine_run(e);
	unit_must(subscribes() == 2);
	unit_must(peer_has(far, subscribe(), "\r\nExpires: 0\r\n"));
	answer(200, "Expires: 0\n");
	notify("terminated;reason=timeout");
	unit_must(last_is("SIP/2.0 200 "));
	unit_must(sip_dialogs_count(user.dialogs) == 0);
	unit_must(user.notified == 1 && user.ended == 0);
}


static void test_end_without_notify(void)
{
	become_active();
	user.s = sip_subscription_end(user.s);
	engine_run(e);
	answer(481, "");
	unit_must(sip_dialogs_count(user.dialogs) == 0);

	become_active();
	user.s = sip_subscription_end(user.s);
	engine_wait(e, 32000);
	unit_must(sip_dialogs_count(user.dialogs) == 0);
}


static void test_end_before_notify(void)
{
	start();
	user.s = sip_subscription_end(user.s);
	notify("active;expires=3600");
	unit_must(last_is("SIP/2.0 481 "));
	unit_must(user.notified == 0);
}


static void test_end_in_notify(void)
{
	start();
	answer(200, "Expires: 3600\n");
	user.end_in_notify = true;
	notify("active;expires=3600");
	unit_must(user.notified == 1);
	/* It was not yet established, so it is simply let go. */
	unit_must(last_is("SIP/2.0 200 "));
	unit_must(sip_dialogs_count(user.dialogs) == 0);
}


static void test_fetch(void)
{
	start_with(0, "reg");
	unit_must(peer_has(far, 0, "\r\nExpires: 0\r\n"));
	answer(200, "Expires: 0\n");
	notify("terminated;reason=timeout");
	unit_must(user.notified == 1 && user.ended == 1 && user.status == 0);

	start_with(0, "reg");
	engine_wait(e, 32000);
	unit_must(user.ended == 1);
}


static void test_ask_again(void)
{
	become_active();
	if (user.s)
		sip_subscription_refresh(user.s);
	if (user.s)
		sip_subscription_refresh(user.s);
	engine_run(e);
	unit_must(subscribes() == 2);
	answer(200, "Expires: 3600\n");
	unit_must(subscribes() == 3);
}


static void test_shutdown(void)
{
	become_active();
	sip_dialogs_close(user.dialogs);
	unit_must(user.ended == 1);
	unit_must(user.error == -ECANCELED);
}


/* RFC 3261 22.2: the same again with credentials, in the same dialog. */
static void test_challenged(void)
{
	start();
	user.authorizes = true;
	answer(407, "");
	unit_must(user.challenged == 1);
	assert_string_equal(user.uri, "sip:bob@example.org");
	unit_must(subscribes() == 2);
	unit_must(peer_has(far, subscribe(), "\r\nProxy-Authorization: Digest mine\r\n"));
	unit_must(peer_has(far, subscribe(), "\r\nExpires: 3600\r\n"));
	assert_string_equal(peer_header(far, 0, "Call-ID: "),
			    peer_header(far, subscribe(), "Call-ID: "));
	answer(200, "Expires: 3600\nContact: <sip:scscf@192.0.2.20:5060>\n");
	notify("active;expires=3600");
	unit_must(state() == SIP_SUBSCRIPTION_ACTIVE);
	/* A refresh may be challenged, too, and counts its own. */
	sip_subscription_refresh(user.s);
	engine_run(e);
	answer(401, "");
	unit_must(user.challenged == 2);
	unit_must(peer_has(far, subscribe(), "\r\nProxy-Authorization: Digest mine\r\n"));
	answer(200, "Expires: 3600\n");
	unit_must(state() == SIP_SUBSCRIPTION_ACTIVE);
}


/* Not for ever, and not when there is nothing to answer with. */
static void test_challenged_in_vain(void)
{
	start();
	user.authorizes = true;
	for (unsigned i = 0; i <= SIP_SUBSCRIPTION_CHALLENGES_MAX; i++)
		answer(401, "");
	unit_must(user.challenged == SIP_SUBSCRIPTION_CHALLENGES_MAX);
	unit_must(user.ended == 1 && user.status == 401);
	start();
	answer(407, "");
	unit_must(user.challenged == 1 && user.ended == 1 && user.status == 407);
	unit_must(subscribes() == 1);
}


static void test_bad_event(void)
{
	struct sip_subscription *s;

	start();
	assert_int_not_equal(sip_subscription_start(&s,
						    &(struct sip_subscription_params){
							    .dialogs = user.dialogs,
							    .target = STR("sip:bob@example.org"),
							    .from = STR("sip:parley@example.org"),
							    .event = STR("not a token"),
							    .expires_s = 1,
							    .handler = &handler,
						    }),
			     0);
}

UNIT_MAIN(UNIT_TEST(test_subscribe), UNIT_TEST(test_notify_first), UNIT_TEST(test_refresh),
	  UNIT_TEST(test_refresh_without_notify), UNIT_TEST(test_204),
	  UNIT_TEST(test_first_without_notify), UNIT_TEST(test_no_answer), UNIT_TEST(test_423),
	  UNIT_TEST(test_refusals), UNIT_TEST(test_refresh_refused), UNIT_TEST(test_lapses),
	  UNIT_TEST(test_terminated), UNIT_TEST(test_no_storm), UNIT_TEST(test_bad_notify),
	  UNIT_TEST(test_fork), UNIT_TEST(test_end), UNIT_TEST(test_end_without_notify),
	  UNIT_TEST(test_end_before_notify), UNIT_TEST(test_end_in_notify), UNIT_TEST(test_fetch),
	  UNIT_TEST(test_ask_again), UNIT_TEST(test_shutdown), UNIT_TEST(test_challenged),
	  UNIT_TEST(test_challenged_in_vain), UNIT_TEST(test_bad_event))
