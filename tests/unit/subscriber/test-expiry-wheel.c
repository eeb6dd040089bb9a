/* SPDX-License-Identifier: Apache-2.0 */
/* The expiry wheel: exact seconds, rounds, a clock that is set. */
#include "subscriber/expiry_wheel.h"

#include "lib/unit.h"
#include "lib/virtual_loop.h"

#define ITEMS 8

struct item {
	struct expiry e;
	unsigned fired;
	int64_t at_ms;
	struct expiry *removes;
};

struct world {
	struct virtual_loop *vl;
	struct loop *loop;
	struct expiry_wheel wheel;
	struct item item[ITEMS];
	int64_t t0;
	bool open;
};


static void due(struct expiry *e, void *arg)
{
	struct world *w = arg;
	struct item *i = container_of(e, struct item, e);

	i->fired++;
	i->at_ms = loop_wall_ms(w->loop) - w->t0;
	if (i->removes)
		expiry_remove(&w->wheel, i->removes);
}


static void close_world(void *arg)
{
	struct world *w = arg;

	if (w->open)
		expiry_wheel_done(&w->wheel);
	mem_unref(w->vl);
}


static struct world *world(void)
{
	struct world *w = unit_storage(sizeof(*w));

	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->loop = virtual_loop_base(w->vl);
	unit_ok(expiry_wheel_init(&w->wheel, w->loop, due, w));
	w->open = true;
	w->t0 = loop_wall_ms(w->loop);
	return w;
}


static void add(struct world *w, size_t i, int64_t in_ms)
{
	expiry_add(&w->wheel, &w->item[i].e, w->t0 + in_ms);
}


static void test_at_their_second(void)
{
	static const int64_t in_ms[] = {1000,    1001,    60000,     3600000,
					4096000, 4097000, 604800000, 500};
	static const int64_t at_ms[] = {1000,    2000,    60000,     3600000,
					4096000, 4097000, 604800000, 1000};
	struct world *w = world();

	for (size_t i = 0; i < ITEMS; i++)
		add(w, i, in_ms[i]);
	assert_true(virtual_loop_advance(w->vl, 700000000));
	for (size_t i = 0; i < ITEMS; i++) {
		unit_case("%zu", i);
		assert_int_equal(w->item[i].fired, 1);
		assert_true(w->item[i].at_ms == at_ms[i]);
	}
	assert_true(virtual_loop_next(w->vl) == UINT64_MAX);
}


static void test_removed(void)
{
	struct world *w = world();

	add(w, 0, 5000);
	add(w, 1, 5000);
	add(w, 2, 5000 + 4096000);
	add(w, 3, 5000);
	w->item[0].removes = &w->item[3].e;
	expiry_remove(&w->wheel, &w->item[1].e);
	expiry_remove(&w->wheel, &w->item[1].e);
	assert_true(virtual_loop_advance(w->vl, 5000));
	assert_int_equal(w->item[0].fired, 1);
	assert_int_equal(w->item[1].fired + w->item[2].fired + w->item[3].fired, 0);
	assert_true(virtual_loop_advance(w->vl, 4096000));
	assert_int_equal(w->item[2].fired, 1);
}


static void test_earlier_after_later(void)
{
	struct world *w = world();

	add(w, 0, 9000);
	assert_true(virtual_loop_advance(w->vl, 1500));
	add(w, 1, 3000);
	assert_true(virtual_loop_advance(w->vl, 1500));
	assert_int_equal(w->item[1].fired, 1);
	assert_int_equal(w->item[0].fired, 0);
}


static void test_in_the_past(void)
{
	struct world *w = world();

	assert_true(virtual_loop_advance(w->vl, 100000000));
	add(w, 0, 1000);
	assert_true(virtual_loop_advance(w->vl, 1));
	assert_int_equal(w->item[0].fired, 1);
	/* After days of nothing. */
	add(w, 1, 100000000 + 5 * 86400000 + 7000);
	assert_true(virtual_loop_advance(w->vl, 5 * 86400000 + 6000));
	assert_int_equal(w->item[1].fired, 0);
	assert_true(virtual_loop_advance(w->vl, 1000));
	assert_int_equal(w->item[1].fired, 1);
}


static void test_clock_is_set(void)
{
	struct world *w = world();

	add(w, 0, 3600000);
	add(w, 1, 90000000);
	virtual_loop_set_wall(w->vl, w->t0 + 80000000);
	assert_true(virtual_loop_advance(w->vl, 600000));
	assert_int_equal(w->item[0].fired, 1);
	assert_int_equal(w->item[1].fired, 0);
	/* Backwards: what is there lives longer, and does not fire before its time. */
	virtual_loop_set_wall(w->vl, w->t0);
	assert_true(virtual_loop_advance(w->vl, 80000000));
	assert_int_equal(w->item[1].fired, 0);
	assert_true(virtual_loop_advance(w->vl, 10000000));
	assert_int_equal(w->item[1].fired, 1);
}


UNIT_MAIN(UNIT_TEST(test_at_their_second), UNIT_TEST(test_removed),
	  UNIT_TEST(test_earlier_after_later), UNIT_TEST(test_in_the_past),
	  UNIT_TEST(test_clock_is_set))
