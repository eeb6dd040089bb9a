/* SPDX-License-Identifier: Apache-2.0 */
/* The harness of the unit tests: leak check, deferred releases, the out-of-memory run. */
#include "lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * The out-of-memory run tries each number of allocations up to this one; a test that makes more is
 * tried at steps of 1/16 from there, since its cost would grow with the square.
 */
#define OOM_DENSE 1000

/** One thing to release; the storage itself is libc's, so that it is never refused. */
struct deferred {
	struct deferred *below;
	void (*release)(void *arg);
	void *arg;
};

static struct {
	const struct unit_test *test;
	struct deferred *top;
	jmp_buf bail;
	unsigned pass;
	bool oom;       /**< this is the out-of-memory run */
	size_t allowed; /**< allocations allowed in this pass; SIZE_MAX: all */
	size_t refused; /**< in this pass */
	size_t live;    /**< blocks before it */
	bool done;      /**< the test has passed */
	char row[256];  /**< unit_case */
} unit;


bool unit_refused(void)
{
	unit.refused += mem_failed();
	return unit.oom && unit.refused > 0;
}


static void defer(void (*release)(void *arg), void *arg)
{
	struct deferred *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->release = release;
	d->arg = arg;
	d->below = unit.top;
	unit.top = d;
}


static void release_all(bool call)
{
	while (unit.top) {
		struct deferred *d = unit.top;

		unit.top = d->below;
		if (call || d->release == free)
			d->release(d->arg);
		free(d);
	}
}


unsigned unit_pass(void)
{
	return unit.pass;
}


/** Ends the pass from the middle of the test. */
__attribute__((noreturn)) static void bail(void)
{
	release_all(true);
	longjmp(unit.bail, 1);
}


__attribute__((noreturn, format(printf, 3, 4))) static void fail_at(const char *file, int line,
								    const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_error("%s\n", text);
	_fail(file, line);
	abort();
}


static void unref(void *object)
{
	mem_unref(object);
}


static void done_buf(void *arg)
{
	buf_done(arg);
}


static void done_arena(void *arg)
{
	arena_done(arg);
}


void unit_defer(void (*release)(void *arg), void *arg)
{
	defer(release, arg);
}


void *unit_storage(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		abort();
	defer(free, p);
	return p;
}


struct buf *unit_buf(size_t max)
{
	struct buf *b = unit_storage(sizeof(*b));

	buf_init(b, max);
	defer(done_buf, b);
	return b;
}


struct arena *unit_arena(size_t max)
{
	struct arena *a = unit_storage(sizeof(*a));

	a->max = max;
	defer(done_arena, a);
	return a;
}


void unit_case(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(unit.row, sizeof(unit.row), fmt, ap);
	va_end(ap);
}


void unit_ok_at(int err, const char *what, const char *file, int line)
{
	if (err == 0)
		return;
	if ((err == -ENOMEM || err == -ENOBUFS) && unit_refused())
		bail();
	fail_at(file, line, "%s is %d (%s)", what, err, err < 0 ? strerror(-err) : "not an errno");
}


void *unit_ptr_at(void *p, const char *what, const char *file, int line)
{
	if (p)
		return p;
	if (unit_refused())
		bail();
	fail_at(file, line, "%s is NULL", what);
}


void *unit_own_at(void *p, const char *what, const char *file, int line)
{
	defer(unref, unit_ptr_at(p, what, file, line));
	return p;
}


void unit_must_at(bool cond, const char *what, const char *file, int line)
{
	if (cond)
		return;
	if (unit_refused())
		bail();
	fail_at(file, line, "%s does not hold", what);
}


void unit_buf_is_at(const struct buf *b, const char *c_string, const char *file, int line)
{
	unit_must_at(!b->failed, "the buffer's success", file, line);
	unit_str_at(buf_str(b), c_string, file, line);
}


void unit_str_at(struct str s, const char *c_string, const char *file, int line)
{
	if (!str_eq(s, str_of(c_string)))
		fail_at(file, line, "\"" STR_FMT "\" != \"%s\"", STR_ARG(s), c_string);
}


/** One pass; returns whether the test came to its end without a refused allocation. */
static bool run_pass(size_t allowed)
{
	unit.pass++;
	unit.allowed = allowed;
	unit.live = mem_live_blocks();
	(void)mem_failed();
	unit.refused = 0;
	unit.row[0] = '\0';

	mem_fail_after(allowed);
	if (!setjmp(unit.bail)) {
		unit.test->run();
		release_all(true);
	}
	mem_fail_after(SIZE_MAX);
	unit.refused += mem_failed();

	if (mem_live_blocks() != unit.live)
		fail_at(__FILE__, __LINE__, "%s leaks: %zu blocks before, %zu after",
			unit.test->name, unit.live, mem_live_blocks());
	return unit.refused == 0;
}


static void run_one(void **state)
{
	unit.test = *state;
	unit.done = false;

	if (unit.oom && !unit.test->plain) {
		for (size_t n = 0; !run_pass(n);)
			n += n < OOM_DENSE ? 1 : n / 16;
	} else {
		run_pass(SIZE_MAX);
	}
	unit.done = true;
}


/** After each test, also when an assertion has jumped out of it. */
static int end_test(void **state)
{
	(void)state;

	mem_fail_after(SIZE_MAX);
	if (!unit.done) {
		fprintf(stderr, "%s failed", unit.test->name);
		if (unit.row[0])
			fprintf(stderr, " at: %s", unit.row);
		if (unit.allowed != SIZE_MAX)
			fprintf(stderr, " (allocations allowed: %zu)", unit.allowed);
		fputc('\n', stderr);
	}
	release_all(false);
	return 0;
}


int unit_main(int argc, char **argv, const struct unit_test *tests, size_t count)
{
	struct CMUnitTest *list = calloc(count, sizeof(*list));
	const char *oom = getenv("PARLEY_OOM");
	int failed;

	if (!list)
		abort();
	for (size_t i = 0; i < count; i++) {
		list[i].name = tests[i].name;
		list[i].test_func = run_one;
		list[i].teardown_func = end_test;
		list[i].initial_state = (void *)(uintptr_t)&tests[i];
	}

	unit.oom = oom && *oom && strcmp(oom, "0") != 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = _cmocka_run_group_tests(argv[0], list, count, NULL, NULL);
	free(list);
	return failed;
}
