/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of counters. */
#include "base/counter.h"

#include "lib/unit.h"

static struct counter table[] = {
	COUNTER("sip.received", "SIP messages received"),
	COUNTER("im.pager", "messages in pager mode"),
	GAUGE("msrp.sessions", "MSRP sessions"),
};
static struct counter single = COUNTER("aaa.first", "stands first");


static void test_registry(void)
{
	static const char *const names[] = {"aaa.first", "im.pager", "msrp.sessions",
					    "sip.received"};
	struct counter *c = NULL;

	assert_null(counter_next(NULL));
	assert_null(counter_find(STR("im.pager")));
	counter_register(table, 3);
	counter_register(&single, 1);
	counter_register(table, 3);
	for (unsigned i = 0; i < 4; i++) {
		c = counter_next(c);
		assert_non_null(c);
		assert_string_equal(c->name, names[i]);
	}
	assert_null(counter_next(c));
}


static void test_values(void)
{
	counter_register(table, 3);
	counter_register(&single, 1);
	assert_ptr_equal(counter_find(STR("im.pager")), &table[1]);
	assert_null(counter_find(STR("im.page")));
	assert_null(counter_find(STR("im.pager2")));
	assert_null(counter_find(STR_NULL));

	counter_add(&table[1], 1);
	counter_add(&table[1], 2);
	counter_set(&table[2], 10);
	counter_add(&table[2], -4);
	assert_int_equal(table[1].value, 3);
	assert_int_equal(table[2].value, 6);
	assert_int_equal(table[2].kind, COUNTER_KIND_GAUGE);
	counter_reset_all();
	assert_int_equal(table[1].value, 0);
	assert_int_equal(table[2].value, 0);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_registry), UNIT_TEST(test_values))
