/* SPDX-License-Identifier: Apache-2.0 */
/* Session timers against RFC 4028: values, table 2, 7.2 to 7.4, the clock. */
#include "sip/session_timer.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "sip/compose.h"

static struct clock {
	struct timers *timers;
	struct sip_session_timer t;
	unsigned refreshes, expirations;
	uint64_t refreshed_at[16], expired_at;
} c;


static void on_refresh(struct sip_session_timer *t, void *arg)
{
	(void)arg;
	if (c.refreshes < 16)
		c.refreshed_at[c.refreshes] = timers_now(t->timers);
	c.refreshes++;
}


static void on_expired(struct sip_session_timer *t, void *arg)
{
	(void)arg;
	c.expirations++;
	c.expired_at = timers_now(t->timers);
}


static const struct sip_session_timer_handler handler = {on_refresh, on_expired};


static void done(void *arg)
{
	(void)arg;
	sip_session_timer_stop(&c.t);
	c.timers = mem_unref(c.timers);
}


static void begin(uint32_t interval_s, uint32_t min_s, enum sip_refresher refresher)
{
	struct sip_session_wish wish = {interval_s, min_s, refresher};

	memset(&c, 0, sizeof(c));
	c.timers = unit_ptr(timers_alloc());
	unit_defer(done, NULL);
	sip_session_timer_init(&c.t, c.timers, &wish, &handler, NULL);
}


/* Time passes in steps that hit every deadline exactly. */
static void pass_until(uint64_t ms)
{
	uint64_t next;

	while ((next = timers_next(c.timers)) <= ms - timers_now(c.timers))
		timers_run(c.timers, timers_now(c.timers) + next);
	timers_advance(c.timers, ms);
}


static void message(struct sip_msg *m, bool request, const char *lines)
{
	char *text = unit_storage(1000);

	snprintf(
		text, 1000,
		"%sVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"
		"From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>;tag=2\r\nCall-ID: x\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.1>\r\n%sContent-Length: 0\r\n\r\n",
		request ? "INVITE sip:b@example.org SIP/2.0\r\n" : "SIP/2.0 200 OK\r\n", lines);
	assert_int_equal(sip_msg_decode(m, str_of(text), false), SIP_DECODE_OK);
}


static const char *request_lines(void)
{
	struct buf b = BUF_INIT(1000);
	char *text = unit_storage(1000);

	sip_session_timer_put_request(&c.t, &b);
	unit_must(!b.failed);
	if (b.n)
		memcpy(text, b.p, b.n);
	buf_done(&b);
	return text;
}


static void answered(const char *lines)
{
	struct sip_msg m;

	message(&m, false, lines);
	sip_session_timer_answered(&c.t, &m);
}


static uint16_t offered(const char *lines, const char **answer)
{
	struct buf b = BUF_INIT(1000);
	char *text = unit_storage(1000);
	struct sip_session_offer o;
	struct sip_msg m;
	uint16_t status;

	message(&m, true, lines);
	status = sip_session_timer_offered(&c.t, &o, &m);
	if (status == 0)
		sip_session_timer_put_answer(&c.t, &b, &o);
	else if (status == 422)
		sip_session_timer_put_min(&c.t, &b);
	unit_must(!b.failed);
	if (b.n)
		memcpy(text, b.p, b.n);
	buf_done(&b);
	*answer = text;
	return status;
}


static void test_values(void)
{
	static const struct {
		const char *text;
		int err;
		uint32_t s;
		enum sip_refresher refresher;
	} table[] = {
		{"1800", 0, 1800, SIP_REFRESHER_OPEN},
		{"1800;refresher=uac", 0, 1800, SIP_REFRESHER_UAC},
		{"1800 ; Refresher=UAS", 0, 1800, SIP_REFRESHER_UAS},
		{"90;x=y;refresher=uas;z", 0, 90, SIP_REFRESHER_UAS},
		{"90;refresher=me", 0, 90, SIP_REFRESHER_OPEN},
		{"90;refresher", 0, 90, SIP_REFRESHER_OPEN},
		{"", -EBADMSG, 0, 0},
		{";refresher=uac", -EBADMSG, 0, 0},
		{"x", -EBADMSG, 0, 0},
		{"-5", -EBADMSG, 0, 0},
		{"99999999999", -EBADMSG, 0, 0},
	};
	struct sip_session_expires e;
	uint32_t s = 7;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(sip_session_expires_decode(&e, str_of(table[i].text)),
				 table[i].err);
		if (table[i].err)
			continue;
		assert_int_equal(e.interval_s, table[i].s);
		assert_int_equal(e.refresher, table[i].refresher);
	}
	assert_int_equal(sip_min_se_decode(&s, STR("120;a=b")), 0);
	assert_int_equal(s, 120);
	assert_int_equal(sip_min_se_decode(&s, STR("a")), -EBADMSG);
}


/* 9, table 2, and the values that go with it; the wish is 1800, `refresher` as given. */
static void test_answers(void)
{
	static const struct {
		enum sip_refresher wish;
		const char *request, *answer;
		bool we;
	} table[] = {
#define SUP "Supported: timer\r\n"
#define REQ "Require: timer\r\n"
		/* N: uas, and no Require. */
		{SIP_REFRESHER_UAC, "", "Session-Expires: 1800;refresher=uas\r\n", true},
		{SIP_REFRESHER_UAC, "Session-Expires: 600\r\n",
		 "Session-Expires: 600;refresher=uas\r\n", true},
		{SIP_REFRESHER_UAC, "Session-Expires: 600;refresher=uac\r\n",
		 "Session-Expires: 600;refresher=uas\r\n", true},
		/* Y, none: as we like. */
		{SIP_REFRESHER_UAC, SUP "Session-Expires: 600\r\n",
		 "Session-Expires: 600;refresher=uac\r\n" REQ, false},
		{SIP_REFRESHER_UAS, SUP "Session-Expires: 600\r\n",
		 "Session-Expires: 600;refresher=uas\r\n" REQ, true},
		{SIP_REFRESHER_OPEN, SUP "Session-Expires: 600\r\n",
		 "Session-Expires: 600;refresher=uas\r\n" REQ, true},
		/* Y, chosen. */
		{SIP_REFRESHER_UAS, SUP "Session-Expires: 600;refresher=uac\r\n",
		 "Session-Expires: 600;refresher=uac\r\n" REQ, false},
		{SIP_REFRESHER_UAC, SUP "Session-Expires: 600;refresher=uas\r\n",
		 "Session-Expires: 600;refresher=uas\r\n" REQ, true},
		/* Never more than was asked for, less when we wish, but not less than Min-SE. */
		{SIP_REFRESHER_UAS, SUP "Session-Expires: 3600\r\n",
		 "Session-Expires: 1800;refresher=uas\r\n" REQ, true},
		{SIP_REFRESHER_UAS, SUP "Session-Expires: 3600\r\nMin-SE: 2000\r\n",
		 "Session-Expires: 2000;refresher=uas\r\n" REQ, true},
		{SIP_REFRESHER_UAS, SUP "Session-Expires: 90\r\n",
		 "Session-Expires: 90;refresher=uas\r\n" REQ, true},
		/* Not asked for: we do, above Min-SE. */
		{SIP_REFRESHER_UAC, SUP, "Session-Expires: 1800;refresher=uac\r\n" REQ, false},
		{SIP_REFRESHER_UAS, SUP "Min-SE: 4000\r\n",
		 "Session-Expires: 4000;refresher=uas\r\n" REQ, true},
		/* The compact form; Require says it too. */
		{SIP_REFRESHER_UAS, "k: timer\r\nx: 700;refresher=uac\r\n",
		 "Session-Expires: 700;refresher=uac\r\n" REQ, false},
		{SIP_REFRESHER_UAS, REQ "Session-Expires: 700;refresher=uac\r\n",
		 "Session-Expires: 700;refresher=uac\r\n" REQ, false},
	};
	const char *answer;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(1800, 90, table[i].wish);
		assert_int_equal(offered(table[i].request, &answer), 0);
		assert_string_equal(answer, table[i].answer);
		assert_int_equal(sip_session_timer_we_refresh(&c.t), table[i].we);
		done(NULL);
	}
}


static void test_no_wish_of_ours(void)
{
	const char *answer;

	begin(0, 0, SIP_REFRESHER_OPEN);
	assert_string_equal(request_lines(), "");
	assert_int_equal(offered("Supported: timer\r\n", &answer), 0);
	assert_string_equal(answer, "");
	assert_int_equal(timers_count(c.timers), 0);
	assert_int_equal(offered("Supported: timer\r\nSession-Expires: 500\r\n", &answer), 0);
	assert_string_equal(answer, "Session-Expires: 500;refresher=uas\r\nRequire: timer\r\n");
}


static void test_refused(void)
{
	static const struct {
		const char *request;
		uint16_t status;
	} table[] = {
		{"Supported: timer\r\nSession-Expires: 299\r\n", 422},
		{"Supported: timer\r\nSession-Expires: 0\r\n", 422},
		{"Supported: timer\r\nSession-Expires: 300\r\n", 0},
		/* It could not make anything of a 422. */
		{"Session-Expires: 299\r\n", 0},
		{"Session-Expires: soon\r\n", 400},
		{"Min-SE: x\r\n", 400},
	};
	const char *answer;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(1800, 300, SIP_REFRESHER_OPEN);
		assert_int_equal(offered(table[i].request, &answer), table[i].status);
		if (table[i].status == 422)
			assert_string_equal(answer, "Min-SE: 300\r\n");
		done(NULL);
	}
}


static void test_requests(void)
{
	begin(1800, 90, SIP_REFRESHER_OPEN);
	assert_string_equal(request_lines(), "Session-Expires: 1800\r\n");
	done(NULL);
	begin(1800, 90, SIP_REFRESHER_UAS);
	assert_string_equal(request_lines(), "Session-Expires: 1800;refresher=uas\r\n");
	answered("Session-Expires: 1200;refresher=uas\r\nRequire: timer\r\n");
	assert_int_equal(sip_session_timer_interval_s(&c.t), 1200);
	assert_false(sip_session_timer_we_refresh(&c.t));
	/* 7.4: the roles stay. */
	assert_string_equal(request_lines(), "Session-Expires: 1200;refresher=uas\r\n");
	done(NULL);
	begin(60, 200, SIP_REFRESHER_UAC);
	assert_string_equal(request_lines(),
			    "Session-Expires: 200;refresher=uac\r\nMin-SE: 200\r\n");
}


/* 7.2: what a 2xx without Session-Expires means. */
static void test_turned_off(void)
{
	begin(1800, 90, SIP_REFRESHER_OPEN);
	answered("");
	assert_true(sip_session_timer_we_refresh(&c.t));
	assert_int_equal(sip_session_timer_left_s(&c.t), 1800);
	answered("");
	assert_int_equal(sip_session_timer_interval_s(&c.t), 1800);
	/* One who takes part may leave. */
	answered("Session-Expires: 600;refresher=uac\r\n");
	answered("");
	assert_int_equal(sip_session_timer_interval_s(&c.t), 0);
	assert_int_equal(timers_count(c.timers), 0);
	assert_string_equal(request_lines(), "");
}


/* A peer cannot make us refresh in a loop, or never. */
static void test_absurd_answers(void)
{
	begin(1800, 90, SIP_REFRESHER_OPEN);
	answered("Session-Expires: 0;refresher=uac\r\n");
	assert_int_equal(sip_session_timer_interval_s(&c.t), 90);
	answered("Session-Expires: 4294967295;refresher=uac\r\n");
	assert_int_equal(sip_session_timer_interval_s(&c.t), SIP_SESSION_MAX_S);
	answered("Session-Expires: whenever\r\n");
	assert_int_equal(sip_session_timer_interval_s(&c.t), 0);
}


static void test_min_se_is_remembered(void)
{
	struct sip_msg m;
	const char *answer;

	begin(100, 90, SIP_REFRESHER_OPEN);
	message(&m, false, "Min-SE: 300\r\n");
	m.status = 422;
	assert_true(sip_session_timer_too_small(&c.t, &m));
	assert_false(sip_session_timer_too_small(&c.t, &m));
	assert_string_equal(request_lines(), "Session-Expires: 300\r\nMin-SE: 300\r\n");
	answered("Session-Expires: 300;refresher=uac\r\n");
	/* "effectively 'cleared' once the dialog is established". */
	assert_string_equal(request_lines(), "Session-Expires: 300;refresher=uac\r\n");
	assert_int_equal(
		offered("Supported: timer\r\nSession-Expires: 900\r\nMin-SE: 700\r\n", &answer), 0);
	assert_string_equal(request_lines(),
			    "Session-Expires: 700;refresher=uac\r\nMin-SE: 700\r\n");
}


static void test_clock_of_refresher(void)
{
	begin(1800, 90, SIP_REFRESHER_OPEN);
	answered("Session-Expires: 1800;refresher=uac\r\n");
	pass_until(899999);
	assert_int_equal(c.refreshes, 0);
	pass_until(900000);
	assert_int_equal(c.refreshes, 1);
	answered("Session-Expires: 1800;refresher=uac\r\n");
	pass_until(900000 + 1767999);
	assert_int_equal(c.expirations, 0);
	assert_int_equal(c.refreshed_at[1], 1800000);
	assert_int_equal(c.refreshed_at[2], 1800000 + 434000);
	pass_until(900000 + 1768000);
	assert_int_equal(c.expirations, 1);
	assert_in_range(c.refreshes, 5, 12);
	assert_int_equal(timers_count(c.timers), 0);
}


static void test_clock_of_other(void)
{
	static const struct {
		uint32_t s;
		uint64_t end_ms;
	} table[] = {{90, 60000}, {91, 60667}, {96, 64000}, {97, 65000}, {1800, 1768000}};
	char line[80];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(1800, 90, SIP_REFRESHER_OPEN);
		snprintf(line, sizeof(line), "Session-Expires: %u;refresher=uas\r\n", table[i].s);
		answered(line);
		pass_until(table[i].end_ms - 1);
		assert_int_equal(c.expirations, 0);
		pass_until(table[i].end_ms);
		assert_int_equal(c.expirations, 1);
		assert_int_equal(c.expired_at, table[i].end_ms);
		assert_int_equal(c.refreshes, 0);
		done(NULL);
	}
}


static void test_stop(void)
{
	begin(1800, 90, SIP_REFRESHER_OPEN);
	sip_session_timer_declare(c.timers, 1800);
	answered("");
	assert_int_equal(timers_count(c.timers), 1);
	sip_session_timer_stop(&c.t);
	assert_int_equal(timers_count(c.timers), 0);
	assert_int_equal(sip_session_timer_left_s(&c.t), 0);
}


UNIT_MAIN(UNIT_TEST(test_values), UNIT_TEST(test_answers), UNIT_TEST(test_no_wish_of_ours),
	  UNIT_TEST(test_refused), UNIT_TEST(test_requests), UNIT_TEST(test_turned_off),
	  UNIT_TEST(test_absurd_answers), UNIT_TEST(test_min_se_is_remembered),
	  UNIT_TEST(test_clock_of_refresher), UNIT_TEST(test_clock_of_other), UNIT_TEST(test_stop))
