/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The harness of the unit tests: thin, over cmocka.
 *
 * A test is a function without parameters; cmocka's assertions work in it as usual (this header
 * includes cmocka.h and what it needs). UNIT_MAIN lists the tests and is the whole of main():
 *
 *     #include "sip/uri.h"
 *
 *     #include "lib/unit.h"
 *
 *     static void test_decode(void)
 *     {
 *             struct arena *a = unit_arena(4096);
 *             struct sip_uri uri;
 *
 *             unit_ok(sip_uri_decode(&uri, a, STR("sip:alice@example.com")));
 *             unit_str(uri.host, "example.com");
 *             assert_int_equal(uri.port, 0);
 *     }
 *
 *
 *     static void test_dialog(void)
 *     {
 *             struct dialog *d = unit_own(dialog_alloc());
 *
 *             assert_int_equal(dialog_state(d), DIALOG_EARLY);
 *     }
 *
 *     UNIT_MAIN(UNIT_TEST(test_decode), UNIT_TEST(test_dialog))
 *
 * Each test must leave as many live blocks (base/mem.h) as it found, or it fails as a leak.
 *
 * The out-of-memory run (environment PARLEY_OOM=1; `meson test --setup oom`) runs each test again
 * and again: first no allocation succeeds, then one, then two … until the test comes to its end
 * without a refused allocation. Nothing may crash, leak, or go wrong in any other way than by
 * reporting that there is no memory. Hence the one rule for writing tests:
 *
 *   where the outcome depends on memory, say unit_ok(), unit_ptr(), unit_own() or unit_must()
 *   instead of cmocka's assertions. When they find what they ask for they do nothing; when not, and
 *   an allocation has been refused in this pass, they end the pass quietly; otherwise they fail.
 *   cmocka's own assertions are strict always, also in the out-of-memory run.
 *
 * Because a pass may end in the middle of the test, what the test owns at that time must be known
 * to the harness: unit_own, unit_buf, unit_arena, unit_defer. It is released in reverse order at
 * the end, however the test ends. What is deferred must live longer than the test function's own
 * variables: take a fixture from unit_storage, not from the stack. Do not end a pass from within a
 * callback of the code under test: note there what happened, and judge it after.
 *
 * PARLEY_OOM is no use to a test that counts allocations itself: list it with UNIT_TEST_PLAIN.
 * Standard output belongs to TAP; print to standard error. A test executable takes an optional
 * pattern of test names: `test-uri 'test_dec*'`; CMOCKA_MESSAGE_OUTPUT=STDOUT reads better by eye.
 */
#ifndef LIB_UNIT_H
#define LIB_UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

struct unit_test {
	const char *name;
	void (*run)(void);
	bool plain; /**< not in the out-of-memory run */
};

#define UNIT_TEST(f)                   \
	{                              \
		.name = #f, .run = (f) \
	}
#define UNIT_TEST_PLAIN(f)                            \
	{                                             \
		.name = #f, .run = (f), .plain = true \
	}

#define UNIT_MAIN(...)                                                          \
	int main(int argc, char **argv)                                         \
	{                                                                       \
		static const struct unit_test unit_tests_[] = {__VA_ARGS__};    \
		return unit_main(argc, argv, unit_tests_,                       \
				 sizeof(unit_tests_) / sizeof(unit_tests_[0])); \
	}

/** Runs the tests as cmocka does; returns the number that failed. */
int unit_main(int argc, char **argv, const struct unit_test *tests, size_t count);

/** `err` is 0; -ENOMEM and -ENOBUFS are excused by a refused allocation. */
#define unit_ok(err) unit_ok_at((err), #err, __FILE__, __LINE__)
/** `p` is not NULL (excused by a refused allocation); returns it. */
#define unit_ptr(p) unit_ptr_at((void *)(p), #p, __FILE__, __LINE__)
/** unit_ptr of a counted object that the test owns: mem_unref follows at the end. */
#define unit_own(p) unit_own_at((p), #p, __FILE__, __LINE__)
/** `cond` holds, or an allocation was refused: for what only shows that a thing did not happen. */
#define unit_must(cond) unit_must_at(!!(cond), #cond, __FILE__, __LINE__)
/** `b` has not failed (excused by a refused allocation) and holds this literal or C string. */
#define unit_buf_is(b, c_string) unit_buf_is_at((b), (c_string), __FILE__, __LINE__)
/** Strict: `s` is this literal or C string; failing, it shows both. */
#define unit_str(s, c_string) unit_str_at((s), (c_string), __FILE__, __LINE__)

/** An allocation has been refused in this pass. Always false in an ordinary run. */
bool unit_refused(void);
/**
 * Which pass this is, from 1 on. What a test leaves that has failed is gone without being released: a world that is
 * made anew for each row of a table knows by it whether the one before is of this test.
 */
unsigned unit_pass(void);
/** Call `release(arg)` at the end of the test, last deferred first. */
void unit_defer(void (*release)(void *arg), void *arg);
/** Zeroed memory until the end of the test; never refused, not counted as a block. */
void *unit_storage(size_t size);
/** An empty buffer, resp. arena, with this ceiling, released at the end. */
struct buf *unit_buf(size_t max);
struct arena *unit_arena(size_t max);
/** Names the row of a table that is being tried; shown when the test fails. */
void unit_case(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void unit_ok_at(int err, const char *what, const char *file, int line);
void *unit_ptr_at(void *p, const char *what, const char *file, int line);
void *unit_own_at(void *p, const char *what, const char *file, int line);
void unit_must_at(bool cond, const char *what, const char *file, int line);
void unit_buf_is_at(const struct buf *b, const char *c_string, const char *file, int line);
void unit_str_at(struct str s, const char *c_string, const char *file, int line);

#endif
