/* SPDX-License-Identifier: Apache-2.0 */
/* Slabs: blocks keep apart, come back, and counted objects live in them. */
#include "base/slab.h"

#include <stdlib.h>
#include <string.h>

#include "lib/unit.h"

static unsigned destroyed;


static void test_blocks_keep_apart(void)
{
	static const size_t sizes[] = {0, 1, 63, 64, 65, 500, 640, 641, 4096, 4097, 70000};
	struct slab *s = unit_own(slab_alloc());
	struct {
		unsigned char *p;
		size_t n;
	} b[2000] = {0};
	bool got = true;

	for (size_t i = 0; i < 2000 && got; i++) {
		b[i].n = sizes[i % 11];
		b[i].p = slab_take(s, b[i].n);
		got = b[i].p != NULL;
		if (!got)
			break;
		assert_int_equal((uintptr_t)b[i].p % 16, 0);
		memset(b[i].p, (int)i & 0xff, b[i].n);
		/* Every third goes back at once and is used again. */
		if (i % 3 == 0) {
			slab_give(s, b[i].p, b[i].n);
			b[i].p = NULL;
		}
	}
	for (size_t i = 0; i < 2000; i++) {
		for (size_t k = 0; b[i].p && k < b[i].n; k++)
			assert_int_equal(b[i].p[k], i & 0xff);
		slab_give(s, b[i].p, b[i].n);
	}
	unit_must(got);
}


static void count(void *object)
{
	(void)object;
	destroyed++;
}


/* The slab lives as long as an object in it. */
static void test_counted(void)
{
	struct slab *s = unit_ptr(slab_alloc());
	uint64_t *o = mem_alloc_in(s, 100 * sizeof(*o), count);

	destroyed = 0;
	mem_unref(s);
	unit_ptr(o);
	for (int i = 0; i < 100; i++)
		assert_int_equal(o[i], 0);
	o[0] = o[99] = 1;
	assert_int_equal(mem_refs(o), 1);
	assert_ptr_equal(mem_ref(o), o);
	assert_null(mem_unref(o));
	assert_int_equal(destroyed, 0);
	mem_unref(o);
	assert_int_equal(destroyed, 1);
}


UNIT_MAIN(UNIT_TEST(test_blocks_keep_apart), UNIT_TEST(test_counted))
