/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of section 9 (CLI-LMM-1 to CLI-LMM-4, CLI-TCP). */
#include "parley.h"

#include "lib/unit.h"


static void test_choose(void)
{
	static const struct {
		size_t bytes;
		bool reliable_path;
		enum parley_mode mode;
	} rows[] = {
		{0, false, PARLEY_PAGER},        {1, false, PARLEY_PAGER},
		{1299, false, PARLEY_PAGER},     {1300, false, PARLEY_LARGE},
		{1301, false, PARLEY_LARGE},     {65535, false, PARLEY_LARGE},
		{SIZE_MAX, false, PARLEY_LARGE}, {0, true, PARLEY_PAGER},
		{1299, true, PARLEY_PAGER},      {1300, true, PARLEY_PAGER},
		{1301, true, PARLEY_PAGER},      {65535, true, PARLEY_PAGER},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%zu bytes, path %s", rows[i].bytes,
			  rows[i].reliable_path ? "reliable" : "unknown");
		assert_int_equal(parley_choose(rows[i].bytes, rows[i].reliable_path), rows[i].mode);
	}
}


UNIT_MAIN(UNIT_TEST(test_choose))
