/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes of a message are here. */
#include "im/byte_runs.h"

#include "lib/unit.h"


static void test_in_order(void)
{
	struct byte_runs r = {.n = 0};

	assert_true(byte_runs_whole(&r) == 0);
	for (uint64_t i = 0; i < 1000; i++)
		assert_true(byte_runs_add(&r, i * 7, i * 7 + 7));
	assert_int_equal(r.n, 1);
	assert_true(byte_runs_whole(&r) == 7000);
}


static void test_joined(void)
{
	static const struct {
		uint64_t start, end, whole;
		size_t n;
	} steps[] = {
		{10, 20, 0, 1},  {30, 40, 0, 2},  {0, 5, 5, 3},     {5, 10, 20, 2},
		{12, 18, 20, 2}, {19, 31, 40, 1}, {0, 100, 100, 1}, {100, 100, 100, 1},
	};
	struct byte_runs r = {.n = 0};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_true(byte_runs_add(&r, steps[i].start, steps[i].end));
		assert_true(byte_runs_whole(&r) == steps[i].whole);
		assert_int_equal(r.n, steps[i].n);
	}
}


/* Backwards it is one run, too; with gaps there is an end. */
static void test_bounds(void)
{
	struct byte_runs r = {.n = 0};

	for (uint64_t i = 1000; i-- > 0;)
		assert_true(byte_runs_add(&r, i * 7, i * 7 + 7));
	assert_int_equal(r.n, 1);
	r.n = 0;
	for (uint64_t i = 0; i < BYTE_RUNS_MAX; i++)
		assert_true(byte_runs_add(&r, i * 10, i * 10 + 5));
	assert_false(byte_runs_add(&r, 1000, 1001));
	assert_true(byte_runs_add(&r, 0, UINT64_MAX));
	assert_true(byte_runs_whole(&r) == UINT64_MAX);
}


UNIT_MAIN(UNIT_TEST(test_in_order), UNIT_TEST(test_joined), UNIT_TEST(test_bounds))
