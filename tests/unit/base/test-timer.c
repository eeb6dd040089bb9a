/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: order, the FIFOs and the heap, starting and cancelling from callbacks. */
#include "base/timer.h"

#include <string.h>

#include "base/mem.h"
#include "lib/unit.h"

#define FIRED_MAX 64
#define MODEL 400

/** Names of the timers that fired, in order. */
struct log {
	struct timers *ts;
	unsigned n;
	int fired[FIRED_MAX];
};

struct named {
	struct timer timer;
	int name;
	struct log *log;
};


static void on_fire(struct timer *t, void *arg)
{
	struct named *a = arg;

	assert_ptr_equal(t, &a->timer);
	assert_false(timer_running(t));
	assert_true(a->log->n < FIRED_MAX);
	a->log->fired[a->log->n++] = a->name;
}


static struct named *named(struct log *log, int name)
{
	struct named *a = unit_storage(sizeof(*a));

	a->name = name;
	a->log = log;
	return a;
}


static struct timer *start(struct log *log, int name, uint64_t ms)
{
	struct named *a = named(log, name);

	timer_start(&a->timer, log->ts, ms, on_fire, a);
	return &a->timer;
}


static struct log *set(void)
{
	struct log *log = unit_storage(sizeof(*log));

	log->ts = unit_own(timers_alloc());
	timers_declare(log->ts, 500);
	timers_declare(log->ts, 1000);
	timers_declare(log->ts, 500);
	return log;
}


static void assert_fired(struct log *log, unsigned n, const int *names)
{
	assert_int_equal(log->n, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(log->fired[i], names[i]);
	log->n = 0;
}

#define assert_fires(log, at, ...)                                               \
	do {                                                                     \
		const int names_[] = {__VA_ARGS__};                              \
		timers_run((log)->ts, (at));                                     \
		assert_fired((log), sizeof(names_) / sizeof(names_[0]), names_); \
	} while (0)

#define assert_quiet(log, at)                  \
	do {                                   \
		timers_run((log)->ts, (at));   \
		assert_int_equal((log)->n, 0); \
	} while (0)


static void test_order(void)
{
	struct log *log = set();

	timers_advance(log->ts, 1000);
	assert_true(timers_next(log->ts) == UINT64_MAX);
	start(log, 1, 1000);
	start(log, 2, 500);
	start(log, 3, 700);
	start(log, 4, 500);
	start(log, 5, 1000);
	start(log, 6, 3);
	assert_int_equal(timers_count(log->ts), 6);
	assert_int_equal(timers_next(log->ts), 3);
	assert_quiet(log, 1002);
	assert_int_equal(timers_next(log->ts), 1);
	assert_fires(log, 1003, 6);
	assert_int_equal(timers_next(log->ts), 497);
	assert_quiet(log, 1499);
	assert_fires(log, 1500, 2, 4);
	assert_fires(log, 1999, 3);
	assert_fires(log, 2000, 1, 5);
	assert_int_equal(timers_count(log->ts), 0);
	assert_true(timers_next(log->ts) == UINT64_MAX);
	assert_int_equal(timers_now(log->ts), 2000);
}


/* A sixty-fourth of a declared duration late, 10 ms at most; a duration of its own: exact. */
static void test_sleep(void)
{
	struct log *log = set();

	assert_true(timers_sleep(log->ts) == UINT64_MAX);
	start(log, 1, 1000);
	assert_int_equal(timers_sleep(log->ts), 1000 + TIMERS_SLACK_MS);
	start(log, 2, 500);
	assert_int_equal(timers_sleep(log->ts), 507);
	assert_int_equal(timers_next(log->ts), 500);
	start(log, 3, 505);
	assert_int_equal(timers_sleep(log->ts), 505);
	assert_fires(log, 505, 2, 3);
	assert_int_equal(timers_sleep(log->ts), 495 + TIMERS_SLACK_MS);
	assert_fires(log, 1000, 1);
}


/** Due in the same millisecond, from FIFOs and heap: in the order they were started. */
static void test_ties(void)
{
	struct log *log = set();

	start(log, 1, 1000);
	start(log, 2, 1001);
	timers_advance(log->ts, 1);
	start(log, 3, 1000);
	start(log, 4, 999);
	timers_advance(log->ts, 501);
	start(log, 5, 500);
	start(log, 6, 500);
	start(log, 7, 499);
	start(log, 8, 500);
	assert_fires(log, 5000, 1, 4, 7, 2, 3, 5, 6, 8);
}


static void test_zero(void)
{
	struct log *log = set();

	start(log, 1, 0);
	assert_int_equal(timers_next(log->ts), 0);
	assert_fires(log, 0, 1);
	timers_declare(log->ts, 0);
	start(log, 2, 0);
	start(log, 3, 0);
	assert_int_equal(timers_next(log->ts), 0);
	assert_fires(log, 0, 2, 3);
}


static void test_time_never_goes_back(void)
{
	struct log *log = set();

	timers_advance(log->ts, 100);
	timers_advance(log->ts, 50);
	assert_int_equal(timers_now(log->ts), 100);
	start(log, 1, 10);
	assert_quiet(log, 60);
	assert_int_equal(timers_now(log->ts), 100);
	assert_fires(log, 110, 1);

	/* Overdue, but not fired by advance. */
	start(log, 2, 10);
	timers_advance(log->ts, 500);
	assert_int_equal(log->n, 0);
	assert_int_equal(timers_next(log->ts), 0);
	assert_fires(log, 500, 2);
}


static void test_never(void)
{
	struct log *log = set();
	struct timer *t;

	timers_advance(log->ts, 100);
	t = start(log, 1, UINT64_MAX);
	assert_true(timers_next(log->ts) > UINT64_MAX / 2);
	assert_true(timers_next(log->ts) < UINT64_MAX);
	assert_quiet(log, 1000);
	timer_cancel(t);
}


static void test_cancel_and_restart(void)
{
	struct log *log = set();
	struct timer none = {0};
	struct timer *fifo = start(log, 1, 500), *heaped = start(log, 2, 501);

	timer_cancel(&none);
	assert_true(timer_running(fifo) && timer_running(heaped));
	timer_cancel(fifo);
	timer_cancel(heaped);
	timer_cancel(fifo);
	assert_false(timer_running(fifo) || timer_running(heaped));
	assert_int_equal(timers_count(log->ts), 0);
	assert_quiet(log, 600);

	timer_start(fifo, log->ts, 500, fifo->fire, fifo->arg);
	timer_start(heaped, log->ts, 100, heaped->fire, heaped->arg);
	timer_start(fifo, log->ts, 7, fifo->fire, fifo->arg);
	timer_start(heaped, log->ts, 1000, heaped->fire, heaped->arg);
	assert_int_equal(timers_count(log->ts), 2);
	assert_fires(log, 607, 1);
	assert_quiet(log, 1599);
	assert_fires(log, 1600, 2);
}


struct chain {
	struct timer timer, other, third;
	struct timers *ts;
	unsigned fired, other_fired;
	uint64_t ms;
};


static void on_again(struct timer *t, void *arg)
{
	struct chain *c = arg;

	c->fired++;
	timer_start(t, c->ts, c->ms, on_again, c);
}


/** A timer that starts itself with 0 fires once in each run. */
static void test_again(void)
{
	struct chain *c = unit_storage(sizeof(*c));

	c->ts = unit_own(timers_alloc());
	for (unsigned declared = 0; declared < 2; declared++) {
		if (declared)
			timers_declare(c->ts, 0);
		c->ms = 0;
		c->fired = 0;
		timer_start(&c->timer, c->ts, 0, on_again, c);
		for (unsigned i = 1; i <= 5; i++) {
			timers_run(c->ts, 10);
			assert_int_equal(c->fired, i);
			assert_int_equal(timers_next(c->ts), 0);
		}
	}

	/* From the time of the run, not from the deadline that was missed. */
	c->ms = 100;
	timers_run(c->ts, 1000);
	assert_int_equal(c->fired, 6);
	assert_int_equal(timers_next(c->ts), 100);
}


static void on_other(struct timer *t, void *arg)
{
	struct chain *c = arg;

	(void)t;
	c->other_fired++;
}


static void on_cancel_others(struct timer *t, void *arg)
{
	struct chain *c = arg;

	(void)t;
	c->fired++;
	timer_cancel(&c->other);
	timer_cancel(&c->third);
}


/** Due in the same run, cancelled by the first to fire: silent. */
static void test_cancel_in_callback(void)
{
	struct chain *c = unit_storage(sizeof(*c));

	c->ts = unit_own(timers_alloc());
	timers_declare(c->ts, 10);
	timer_start(&c->timer, c->ts, 10, on_cancel_others, c);
	timer_start(&c->other, c->ts, 10, on_other, c);
	timer_start(&c->third, c->ts, 11, on_other, c);
	timers_run(c->ts, 100);
	assert_int_equal(c->fired, 1);
	assert_int_equal(c->other_fired, 0);
	assert_int_equal(timers_count(c->ts), 0);
}


static void destroy_chain(void *object)
{
	struct chain *c = object;

	timer_cancel(&c->timer);
	timer_cancel(&c->other);
	timer_cancel(&c->third);
}


static void on_free(struct timer *t, void *arg)
{
	(void)t;
	mem_unref(arg);
}


static void test_free_in_callback(void)
{
	struct timers *ts = unit_own(timers_alloc());
	struct chain *c = unit_ptr(mem_alloc(sizeof(*c), destroy_chain));

	c->ts = ts;
	timers_declare(ts, 10);
	timer_start(&c->timer, ts, 10, on_free, c);
	timer_start(&c->other, ts, 10, on_other, c);
	timer_start(&c->third, ts, 20, on_other, c);
	timers_run(ts, 100);
	assert_int_equal(timers_count(ts), 0);
}


static void on_drop_set(struct timer *t, void *arg)
{
	struct chain *c = arg;

	(void)t;
	c->fired++;
	c->ts = mem_unref(c->ts);
}


static void test_set_dropped(void)
{
	struct chain *c = unit_storage(sizeof(*c));

	c->ts = unit_ptr(timers_alloc());
	timers_declare(c->ts, 10);
	timer_start(&c->timer, c->ts, 10, on_drop_set, c);
	timer_start(&c->other, c->ts, 200, on_other, c);
	timer_start(&c->third, c->ts, 10000, on_other, c);
	timers_run(c->ts, 100);
	assert_int_equal(c->fired, 1);
	assert_null(c->ts);
	assert_false(timer_running(&c->other));
	assert_false(timer_running(&c->third));
	timer_cancel(&c->third);
}


static void test_many_durations(void)
{
	struct log *log = set();

	for (uint64_t ms = 1; ms <= 40; ms++)
		timers_declare(log->ts, ms);
	for (int i = 40; i > 0; i--)
		start(log, i, (uint64_t)i);
	for (int i = 1; i <= 40; i++) {
		assert_int_equal(timers_next(log->ts), 1);
		assert_fires(log, (uint64_t)i, i);
	}
}


/* ---- Against a model: an array in which the next is searched for ---- */

struct model {
	struct timers *ts;
	struct timer timers[MODEL];
	uint64_t deadline[MODEL], seq[MODEL];
	bool on[MODEL];
	uint64_t now, next_seq, random;
	unsigned fired;
};


static uint64_t chance(struct model *m, uint64_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random % below;
}


static void on_model(struct timer *t, void *arg);


static void model_step(struct model *m)
{
	static const uint64_t declared[] = {0, 5, 10, 50};
	size_t i = chance(m, MODEL);

	if (chance(m, 3) == 0) {
		timer_cancel(&m->timers[i]);
		m->on[i] = false;
	} else {
		uint64_t ms = chance(m, 2) ? declared[chance(m, 4)] : chance(m, 60);

		timer_start(&m->timers[i], m->ts, ms, on_model, m);
		m->on[i] = true;
		m->deadline[i] = m->now + ms;
		m->seq[i] = m->next_seq++;
	}
}


static bool sooner(const struct model *m, size_t a, size_t b)
{
	return m->deadline[a] < m->deadline[b] ||
	       (m->deadline[a] == m->deadline[b] && m->seq[a] < m->seq[b]);
}


static size_t model_first(const struct model *m)
{
	size_t first = MODEL;

	for (size_t i = 0; i < MODEL; i++)
		if (m->on[i] && (first == MODEL || sooner(m, i, first)))
			first = i;
	return first;
}


static void on_model(struct timer *t, void *arg)
{
	struct model *m = arg;
	size_t i = (size_t)(t - m->timers);

	assert_int_equal(i, model_first(m));
	assert_true(m->deadline[i] <= m->now);
	m->on[i] = false;
	m->fired++;
	for (uint64_t n = chance(m, 3); n > 0; n--)
		model_step(m);
}


static void run_model(struct model *m)
{
	m->random = 88172645463325252u;
	timers_declare(m->ts, 0);
	timers_declare(m->ts, 5);
	timers_declare(m->ts, 10);
	timers_declare(m->ts, 50);
	for (unsigned n = 0; n < 2 * MODEL; n++)
		model_step(m);
	for (unsigned turn = 0; turn < 1500; turn++) {
		uint64_t until;
		size_t first, running = 0;

		for (uint64_t n = chance(m, 20); n > 0; n--)
			model_step(m);
		m->now += chance(m, 12);
		until = m->next_seq;
		timers_run(m->ts, m->now);

		first = model_first(m);
		if (first < MODEL) {
			uint64_t due = m->deadline[first];
			uint64_t wait = due > m->now ? due - m->now : 0;

			assert_true(wait > 0 || m->seq[first] >= until);
			assert_int_equal(timers_next(m->ts), wait);
		}
		for (size_t i = 0; i < MODEL; i++) {
			assert_int_equal(timer_running(&m->timers[i]), m->on[i]);
			running += m->on[i];
		}
		assert_int_equal(timers_count(m->ts), running);
	}
	assert_true(m->fired > 5000);
}


static void test_model(void)
{
	struct model *m = unit_storage(sizeof(*m));

	m->ts = unit_own(timers_alloc());
	run_model(m);
}


/** Without memory for the heap, at first and then for some of them, all is the same. */
static void test_model_without_memory(void)
{
	for (size_t n = 0; n < 3; n++) {
		struct model *m = unit_storage(sizeof(*m));

		m->ts = timers_alloc();
		assert_non_null(m->ts);
		mem_fail_after(n);
		run_model(m);
		mem_fail_after(SIZE_MAX);
		assert_true(mem_failed() > 0 || n == 2);
		mem_unref(m->ts);
	}
}


UNIT_MAIN(UNIT_TEST(test_order), UNIT_TEST(test_sleep), UNIT_TEST(test_ties), UNIT_TEST(test_zero),
	  UNIT_TEST(test_time_never_goes_back), UNIT_TEST(test_never),
	  UNIT_TEST(test_cancel_and_restart), UNIT_TEST(test_again),
	  UNIT_TEST(test_cancel_in_callback), UNIT_TEST(test_free_in_callback),
	  UNIT_TEST(test_set_dropped), UNIT_TEST(test_many_durations), UNIT_TEST(test_model),
	  UNIT_TEST_PLAIN(test_model_without_memory))
