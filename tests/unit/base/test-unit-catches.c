/* SPDX-License-Identifier: Apache-2.0 */
/* The harness itself: each of these tests must fail, and is run alone and expected to. */
#include <stdlib.h>

#include "lib/unit.h"


static void catches_leak(void)
{
	(void)!mem_raw(1);
}


static void catches_leak_when_refused(void)
{
	void *p = mem_raw(1), *q = mem_raw(1);

	/* Right but for one thing: without `q`, `p` is forgotten. */
	if (q) {
		mem_free(p);
		mem_free(q);
	} else if (p && !unit_refused()) {
		mem_free(p);
	}
	if (!getenv("PARLEY_OOM"))
		fail();
}


static void catches_wrong_result_when_refused(void)
{
	void *p = mem_raw(1);
	bool got = p != NULL;

	mem_free(p);
	assert_true(got && getenv("PARLEY_OOM"));
}


static void catches_error(void)
{
	unit_ok(-ENOMEM);
}


static void catches_other_error_when_refused(void)
{
	void *p = mem_raw(1);
	bool got = p != NULL;

	mem_free(p);
	unit_ok(got && getenv("PARLEY_OOM") ? 0 : -EINVAL);
}


static void catches_null(void)
{
	unit_ptr(NULL);
}


static void catches_text(void)
{
	unit_str(STR("a"), "b");
}


UNIT_MAIN(UNIT_TEST(catches_leak), UNIT_TEST(catches_leak_when_refused),
	  UNIT_TEST(catches_wrong_result_when_refused), UNIT_TEST(catches_error),
	  UNIT_TEST(catches_other_error_when_refused), UNIT_TEST(catches_null),
	  UNIT_TEST(catches_text))
