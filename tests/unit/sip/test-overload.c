/* SPDX-License-Identifier: Apache-2.0 */
/* Overload: the judgement alone, by a clock of the test's, and the engine under it. */
#include "engine.h"

#include <string.h>

#include "base/counter.h"
#include "sip/overload.h"
#include "sip/txn.h"

static struct engine *e;
static struct peer *uac;


static int64_t counted(const char *name)
{
	const struct counter *c = counter_find(str_of(name));

	return c ? c->value : -1;
}


static void open_both(void)
{
	e = engine_open();
	uac = peer_open(e, "192.0.2.1:5070");
	sip_counters_register();
	counter_reset_all();
}


/* ---- The judgement ---- */

static struct overload *judge(void)
{
	struct overload *o = unit_storage(sizeof(*o));

	open_both();
	overload_init(o, e->params.loop);
	return o;
}


static void batch(struct overload *o, size_t messages, size_t queued)
{
	overload_batch(o, messages, queued);
}


/* So much is queued for longer than the patience lasts. */
static void above(struct overload *o, size_t queued)
{
	batch(o, 1, queued);
	engine_wait(e, OVERLOAD_PATIENCE_US / 1000 + 1);
}


static void test_idle_serves(void)
{
	struct overload *o = judge();

	assert_false(overload_message(o, 1000));
	batch(o, 64, 0);
	for (int i = 0; i < 64; i++)
		assert_false(overload_message(o, 1000));
	batch(o, 0, 0);
	assert_int_equal(overload_judge(o), OVERLOAD_SERVE);
}


/* The first rate is 100 bytes a microsecond: 500 kB are 5 ms. Shedding ends at half of that. */
static void test_hysteresis(void)
{
	static const struct {
		size_t queued;
		bool sheds;
	} rows[] = {
		{480000, false}, {500000, false}, {520000, true}, {480000, true}, {260000, true},
		{240000, false}, {400000, false}, {600000, true}, {0, false},
	};
	struct overload *o = judge();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %zu", i);
		above(o, rows[i].queued);
		batch(o, 1, rows[i].queued);
		assert_int_equal(overload_message(o, 1000), rows[i].sheds);
	}
	assert_int_equal(counted("sip.shed.episodes"), 2);
}


/* A third of the rate, three times the delay. A datagram of 25 kB is 33,024 bytes to the kernel. */
static void test_rate_is_measured(void)
{
	struct overload *o = judge();
	uint64_t rate;

	for (int i = 0; i < 100; i++) {
		batch(o, 64, 100000);
		assert_false(overload_message(o, 25000));
		engine_wait(e, 1);
		batch(o, 0, 100000);
	}
	assert_in_range(o->bytes_per_ms, 32900, 33100);
	above(o, 180000);
	batch(o, 1, 180000);
	assert_true(overload_message(o, 1000));
	batch(o, 0, 0);
	/* Time in which nothing waited says nothing about the rate. */
	rate = o->bytes_per_ms;
	engine_wait(e, 10000);
	batch(o, 1, 0);
	assert_false(overload_message(o, 1000));
	batch(o, 0, 0);
	assert_int_equal(o->bytes_per_ms, rate);
}


/* A batch whose messages cost much is old before it is at its end; but only one that goes on being so is
 * overload, not a pause. */
static void test_age_of_batch(void)
{
	struct overload *o = judge();

	batch(o, 64, 0);
	for (int i = 1; i < OVERLOAD_CLOCK_EVERY; i++)
		assert_false(overload_message(o, 1000));
	engine_wait(e, 6);
	for (int i = 0; i < OVERLOAD_CLOCK_EVERY; i++)
		assert_false(overload_message(o, 1000));
	engine_wait(e, OVERLOAD_PATIENCE_US / 1000 + 1);
	for (int i = 1; i < OVERLOAD_CLOCK_EVERY; i++)
		(void)overload_message(o, 1000);
	assert_true(overload_message(o, 1000));
	batch(o, 0, 0);

	batch(o, 64, 0);
	assert_false(overload_message(o, 1000));
}


/* Asks for so many new requests, and sheds them as it is told. */
static void shed(struct overload *o, int n, int counts[static 3])
{
	memset(counts, 0, 3 * sizeof(counts[0]));
	for (int i = 0; i < n; i++) {
		enum overload_verdict v = overload_judge(o);

		counts[v]++;
		if (v != OVERLOAD_SERVE)
			overload_shed(o, v);
	}
}


/* 2 ms are saved up: 400 refusals; then a hundredth of the time: 20 in ten milliseconds. The others wait. */
static void test_budget(void)
{
	struct overload *o = judge();
	int counts[3];

	above(o, 1000000);
	batch(o, 1, 1000000);
	assert_true(overload_message(o, 1000));
	shed(o, 500, counts);
	assert_int_equal(counts[OVERLOAD_REFUSE], OVERLOAD_BUDGET_MAX_US / OVERLOAD_REFUSAL_US);
	assert_int_equal(counts[OVERLOAD_SERVE], 100);
	batch(o, 0, 1000000);

	engine_wait(e, 10);
	batch(o, 1, 1000000);
	shed(o, 100, counts);
	assert_int_equal(counts[OVERLOAD_REFUSE],
			 10000 / OVERLOAD_BUDGET_SHARE / OVERLOAD_REFUSAL_US);
	assert_int_equal(counts[OVERLOAD_DROP], 0);
}


/* What has waited so long that it is about to come again is not even looked at. */
static void test_late_is_dropped(void)
{
	struct overload *o = judge();
	int counts[3];

	overload_report(o, OVERLOAD_LATE_US + 1000);
	above(o, 1000);
	batch(o, 1, 1000);
	assert_true(overload_message(o, 1000));
	shed(o, 500, counts);
	assert_int_equal(counts[OVERLOAD_SERVE], 0);
	assert_int_equal(counts[OVERLOAD_DROP], 500 - counts[OVERLOAD_REFUSE]);
}


/* ---- The engine ---- */

static void request(const char *method, const char *branch)
{
	peer_request(uac, method, "sip:bob@example.com", branch, "");
	engine_run(e);
}


/* The service says that work waits; it has to go on for a while. */
static void slow_down(void)
{
	sip_report_delay(e->sip, 20000);
	request("BYE", "z9hG4bKfirst");
	engine_wait(e, OVERLOAD_PATIENCE_US / 1000 + 1);
}


/* What belongs to begun work is served: a repetition, ACK, CANCEL, BYE, responses. */
static void test_begun_work_is_finished(void)
{
	open_both();
	request("INVITE", "z9hG4bKinvite");
	request("MESSAGE", "z9hG4bKmessage");
	unit_ok(engine_reply(e, 1, 200));
	engine_run(e);
	unit_must(e->requests == 2 && peer_count(uac) == 1);
	engine_watch(e, 0);

	slow_down();
	request("MESSAGE", "z9hG4bKmessage");
	unit_must(peer_count(uac) == 2 && peer_has(uac, 1, "SIP/2.0 200 "));
	request("CANCEL", "z9hG4bKinvite");
	unit_must(e->cancels == 1);
	request("ACK", "z9hG4bKack");
	unit_must(e->acks == 1);
	request("BYE", "z9hG4bKbye");
	unit_must(e->requests == 4);
	unit_must(counted("sip.shed.refused") + counted("sip.shed.dropped") == 0);
}


static void test_new_work_is_shed(void)
{
	open_both();
	slow_down();
	request("MESSAGE", "z9hG4bKnew");
	unit_must(e->requests == 1);
	unit_must(peer_count(uac) == 1 && peer_has(uac, 0, "SIP/2.0 503 "));
	unit_must(strlen(peer_header(uac, 0, "Retry-After: ")) == 1);
	unit_must(counted("sip.shed.refused") == 1);

	/* Beyond the budget it is served, unless it is too late for it: silence. */
	while (overload_judge(&e->sip->overload) == OVERLOAD_REFUSE)
		overload_shed(&e->sip->overload, OVERLOAD_REFUSE);
	request("MESSAGE", "z9hG4bKnew2");
	unit_must(e->requests == 2 && peer_count(uac) == 1);
	sip_report_delay(e->sip, OVERLOAD_LATE_US + 1);
	request("MESSAGE", "z9hG4bKnew3");
	request("MESSAGE", "z9hG4bKnew3");
	unit_must(e->requests == 2 && peer_count(uac) == 1);

	sip_report_delay(e->sip, 0);
	request("MESSAGE", "z9hG4bKnew3");
	unit_must(e->requests == 3);
	unit_must(counted("sip.shed.episodes") == 1);
}


UNIT_MAIN(UNIT_TEST(test_idle_serves), UNIT_TEST(test_hysteresis), UNIT_TEST(test_rate_is_measured),
	  UNIT_TEST(test_age_of_batch), UNIT_TEST(test_budget), UNIT_TEST(test_late_is_dropped),
	  UNIT_TEST(test_begun_work_is_finished), UNIT_TEST(test_new_work_is_shed))
