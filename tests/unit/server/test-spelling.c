/* SPDX-License-Identifier: Apache-2.0 */
/* What a mistyped name may have meant. */
#include "server/spelling.h"

#include "lib/unit.h"


static void test_distance(void)
{
	static const struct {
		const char *a, *b;
		size_t d;
	} rows[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "abd", 1},
		{"abc", "bc", 1},
		{"kitten", "sitting", 3},
		{"pager.maxsize", "pager.max-size", 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s %s", rows[i].a, rows[i].b);
		assert_int_equal(spelling_distance(str_of(rows[i].a), str_of(rows[i].b)),
				 rows[i].d);
		assert_int_equal(spelling_distance(str_of(rows[i].b), str_of(rows[i].a)),
				 rows[i].d);
	}
}


/** Only so much is looked at. */
static void test_long(void)
{
	char *a = unit_storage(5000);

	memset(a, 'a', 5000);
	assert_int_equal(spelling_distance((struct str){a, 5000}, (struct str){a, 4000}), 0);
	assert_int_equal(spelling_distance((struct str){a, 5000}, STR("")), SPELLING_MAX);
}


static void test_nearest(void)
{
	static const struct str known[] = {STR_INIT("barring.session"), STR_INIT("barring.pager"),
					   STR_INIT("push")};
	static const struct {
		const char *name, *nearest;
	} rows[] = {
		{"baring.pager", "barring.pager"},
		{"barring.pagers", "barring.pager"},
		{"pusch", "push"},
		{"push", "push"},
		{"x", ""},
		{"", ""},
		{"deferred", ""},
		{"session", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].name);
		unit_str(spelling_nearest(str_of(rows[i].name), known, 3), rows[i].nearest);
	}
}


UNIT_MAIN(UNIT_TEST(test_distance), UNIT_TEST(test_long), UNIT_TEST(test_nearest))
