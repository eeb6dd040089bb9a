/* SPDX-License-Identifier: Apache-2.0 */
/* The harness itself: what it must let pass. What it must catch is in test-unit-catches.c. */
#include <stdlib.h>
#include <string.h>

#include "lib/unit.h"

static unsigned passes, releases;
static char order[8];
static char first[] = "1", second[] = "2", nothing[] = "";


static void note(void *arg)
{
	strncat(order, arg, 1);
	releases++;
}


static void test_deferred_order(void)
{
	order[0] = '\0';
	unit_defer(note, first);
	unit_defer(note, second);
}


static void test_was_released(void)
{
	assert_string_equal(order, "21");
}


/** Three allocations, each of which may be refused: four passes. */
static void test_passes(void)
{
	void *p;

	passes++;
	unit_defer(note, nothing);
	unit_own(mem_alloc(1, NULL));
	p = mem_raw(1);
	if (p) {
		mem_free(p);
		unit_buf_is(unit_buf(10), "");
		unit_own(mem_alloc(1, NULL));
	} else {
		assert_true(unit_refused());
		unit_ok(-ENOMEM);
		fail();
	}
}


static void test_counted_passes(void)
{
	assert_int_equal(passes, getenv("PARLEY_OOM") ? 4 : 1);
	assert_int_equal(releases, 2 + passes);
}


static void test_excuses(void)
{
	void *p = mem_raw(1);
	bool got = p != NULL;

	mem_free(p);
	unit_ok(got ? 0 : -ENOBUFS);
	unit_ptr(got ? order : NULL);
	unit_must(got);
	assert_true(got);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_deferred_order), UNIT_TEST_PLAIN(test_was_released),
	  UNIT_TEST(test_passes), UNIT_TEST_PLAIN(test_counted_passes), UNIT_TEST(test_excuses))
