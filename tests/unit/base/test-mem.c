/* SPDX-License-Identifier: Apache-2.0 */
/* Counted objects, plain blocks, arenas. */
#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/unit.h"

struct thing {
	int *destroyed;
	struct thing *member;
	char bytes[40];
};


static void destroy_thing(void *object)
{
	struct thing *t = object;

	if (t->destroyed)
		++*t->destroyed;
	t->member = mem_unref(t->member);
}


static void test_counting(void)
{
	int *destroyed = unit_storage(sizeof(*destroyed));
	struct thing *t = unit_ptr(mem_alloc(sizeof(*t), destroy_thing));

	for (size_t i = 0; i < sizeof(t->bytes); i++)
		assert_int_equal(t->bytes[i], 0);
	assert_int_equal((uintptr_t)t % 16, 0);
	t->destroyed = destroyed;
	assert_int_equal(mem_refs(t), 1);
	assert_ptr_equal(mem_ref(t), t);
	assert_int_equal(mem_refs(t), 2);
	assert_null(mem_unref(t));
	assert_int_equal(*destroyed, 0);
	assert_null(mem_unref(t));
	assert_int_equal(*destroyed, 1);

	assert_null(mem_ref(NULL));
	assert_null(mem_unref(NULL));
	assert_int_equal(mem_refs(NULL), 0);
}


static void test_members(void)
{
	int *destroyed = unit_storage(sizeof(*destroyed));
	struct thing *t = unit_own(mem_alloc(sizeof(*t), destroy_thing));

	t->destroyed = destroyed;
	t->member = unit_ptr(mem_alloc(sizeof(*t), destroy_thing));
	t->member->destroyed = destroyed;
	mem_ref(t);
	mem_unref(t);
	assert_int_equal(*destroyed, 0);
	t->member = mem_unref(t->member);
	assert_int_equal(*destroyed, 1);
}


static void test_blocks(void)
{
	size_t before = mem_live_blocks();
	char *p, *q;

	mem_free(NULL);
	p = unit_ptr(mem_raw(0));
	assert_int_equal(mem_live_blocks(), before + 1);
	mem_free(p);
	p = unit_ptr(mem_resize(NULL, 10));
	memcpy(p, "123456789", 10);
	q = mem_resize(p, 100000);
	if (q)
		p = q;
	assert_string_equal(p, "123456789");
	assert_int_equal(mem_live_blocks(), before + 1);
	q = mem_resize(p, 0);
	if (q)
		p = q;
	mem_free(p);
	assert_int_equal(mem_live_blocks(), before);
	assert_true(q || unit_refused());
}


static void test_absurd_sizes(void)
{
	assert_null(mem_alloc(SIZE_MAX, NULL));
	assert_null(mem_alloc(SIZE_MAX - 8, NULL));
	assert_null(mem_raw(SIZE_MAX));
}


static void test_hook(void)
{
	void *a, *b;

	mem_fail_after(1);
	a = mem_alloc(1, NULL);
	assert_non_null(a);
	assert_null(mem_alloc(1, NULL));
	assert_null(mem_raw(1));
	assert_null(mem_resize(NULL, 1));
	assert_int_equal(mem_failed(), 3);
	assert_int_equal(mem_failed(), 0);
	mem_fail_after(SIZE_MAX);
	b = mem_raw(1);
	assert_non_null(b);
	mem_unref(a);
	mem_free(b);
	assert_int_equal(mem_failed(), 0);
}


static void unref_twice(void)
{
	char *p = mem_alloc(16, NULL);
	char *q = mem_ref(p);

	mem_unref(q);
	mem_unref(p);
	mem_unref(p);
}


static void destroy_reviving(void *object)
{
	mem_ref(object);
}


static void revive(void)
{
	mem_unref(mem_alloc(16, destroy_reviving));
}


static void ref_plain(void)
{
	char *p = mem_raw(64);

	memset(p, 0, 64);
	mem_ref(p + 32);
}


/** Runs in a child, which must die. */
static void assert_dies(void (*misuse)(void))
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		close(STDERR_FILENO);
		close(STDOUT_FILENO);
		signal(SIGABRT, SIG_DFL);
		misuse();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}


static void test_misuse(void)
{
	assert_dies(unref_twice);
	assert_dies(revive);
	assert_dies(ref_plain);
}


static void *churn(void *arg)
{
	void **given = arg;

	for (int i = 0; i < 10000; i++)
		mem_free(mem_raw(10));
	mem_free(given[0]);
	given[1] = mem_raw(10);
	return NULL;
}


/** Blocks are counted right whichever thread makes and frees them. */
static void test_threads(void)
{
	size_t before = mem_live_blocks();
	void *given[2] = {mem_raw(1), NULL};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, churn, given), 0);
	for (int i = 0; i < 10000; i++)
		mem_free(mem_raw(10));
	pthread_join(thread, NULL);
	assert_int_equal(mem_live_blocks(), before + 1);
	mem_free(given[1]);
	assert_int_equal(mem_live_blocks(), before);
}


static void test_copy_away(void)
{
	static const size_t sizes[] = {0, 1, 511, 512, 513, 1024, 1087, 5000};
	char *from = unit_storage(8192), *to = unit_storage(8192);

	for (size_t i = 0; i < 8192; i++)
		from[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(to, 'x', 8192);
		mem_copy_away(to + 3, from + 1, sizes[i]);
		assert_memory_equal(to + 3, from + 1, sizes[i]);
		assert_true(to[2] == 'x' && to[3 + sizes[i]] == 'x');
	}
	mem_copy_away(NULL, NULL, 0);
}


static void test_arena(void)
{
	struct arena *a = unit_arena(1 << 20);
	struct str kept = arena_str(a, STR("kept"));
	unsigned char *p, *last = NULL;

	unit_must(kept.p);
	assert_int_equal(kept.p[4], '\0');
	for (size_t n = 0; n < 3000; n += 7) {
		p = unit_ptr(arena_alloc(a, n));
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_ptr_not_equal(p, last);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
		unit_must(arena_str(a, STR("x")).p);
		last = p;
	}
	unit_str(kept, "kept");

	arena_done(a);
	assert_int_equal(a->used, 0);
	assert_int_equal(a->max, 1 << 20);
	p = unit_ptr(arena_alloc(a, 16));
	assert_int_equal(p[15], 0);
}


static void test_arena_ceiling(void)
{
	struct arena *a = unit_arena(5000);
	size_t got = 0;

	while (arena_alloc(a, 100))
		got++;
	unit_must(got == 50);
	assert_null(arena_alloc(a, 1));
	assert_null(arena_str(a, STR("")).p);

	arena_done(a);
	assert_null(arena_alloc(a, 5001));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_str(a, (struct str){"", SIZE_MAX}).p);
	unit_ptr(arena_alloc(a, 5000));
	assert_null(arena_alloc(a, 1));

	arena_done(a);
	unit_must(arena_str(a, STR("1234")).p);
	assert_null(arena_alloc(a, 5000));
	unit_ptr(arena_alloc(a, 4995));
	assert_int_equal(a->used, 5000);
}


static void test_arena_text(void)
{
	struct arena *a = unit_arena(100);
	struct str empty = arena_str(a, STR_NULL);

	unit_must(empty.p);
	assert_int_equal(empty.n, 0);
	unit_ptr(arena_alloc(a, 0));
}


UNIT_MAIN(UNIT_TEST(test_counting), UNIT_TEST(test_members), UNIT_TEST(test_blocks),
	  UNIT_TEST(test_absurd_sizes), UNIT_TEST_PLAIN(test_hook), UNIT_TEST_PLAIN(test_misuse),
	  UNIT_TEST_PLAIN(test_threads), UNIT_TEST(test_copy_away), UNIT_TEST(test_arena),
	  UNIT_TEST(test_arena_ceiling), UNIT_TEST(test_arena_text))
