/* SPDX-License-Identifier: Apache-2.0 */
/* Counting failures by source. */
#include "core/failures.h"

#include "world.h"


static struct addr address(const char *host)
{
	struct addr a;

	assert_int_equal(addr_decode(&a, str_of(host), 1), 0);
	return a;
}


static void done(void *arg)
{
	failures_done(arg);
}


static struct failures *failures(void)
{
	struct failures *f = unit_storage(sizeof(*f));

	list_init(&f->order);
	unit_defer(done, f);
	unit_ok(failures_init(f));
	return f;
}


static void test_locks_and_opens(void)
{
	struct failures *f = failures();
	struct addr a = address("192.0.2.1"), b = address("192.0.2.2");

	for (unsigned i = 1; i < AUTHENTICATION_FAILURES_MAX; i++)
		failures_add(f, &a, 1000 + i);
	assert_true(failures_locked_ms(f, &a, 2000) == 0);
	failures_add(f, &a, 3000);
	unit_must(failures_locked_ms(f, &a, 3000) == AUTHENTICATION_WINDOW_MS);
	assert_true(failures_locked_ms(f, &b, 3000) == 0);
	a = address("192.0.2.1");
	addr_set_port(&a, 999);
	unit_must(failures_locked_ms(f, &a, 3001) == AUTHENTICATION_WINDOW_MS - 1);
	assert_true(failures_locked_ms(f, &a, 3000 + AUTHENTICATION_WINDOW_MS) == 0);
	/* Anew from nothing. */
	failures_add(f, &a, 3000 + AUTHENTICATION_WINDOW_MS);
	assert_true(failures_locked_ms(f, &a, 3000 + AUTHENTICATION_WINDOW_MS) == 0);
}


static void test_window_and_success(void)
{
	struct failures *f = failures();
	struct addr a = address("2001:db8::1"), neighbour = address("2001:db8::ffff:2");

	for (unsigned i = 0; i < 2 * AUTHENTICATION_FAILURES_MAX; i++)
		failures_add(f, &a, i * AUTHENTICATION_WINDOW_MS / 2);
	assert_true(failures_locked_ms(f, &a, 20 * AUTHENTICATION_WINDOW_MS) == 0);
	for (unsigned i = 0; i < AUTHENTICATION_FAILURES_MAX; i++)
		failures_add(f, i % 2 ? &a : &neighbour, 100 * AUTHENTICATION_WINDOW_MS);
	unit_must(failures_locked_ms(f, &neighbour, 100 * AUTHENTICATION_WINDOW_MS) > 0);
	failures_clear(f, &a);
	assert_true(failures_locked_ms(f, &neighbour, 100 * AUTHENTICATION_WINDOW_MS) == 0);
	failures_clear(f, &a);
}


static void test_bounded(void)
{
	struct failures *f = failures();
	struct addr a = address("10.0.0.0");

	for (uint32_t i = 0; i < AUTHENTICATION_SOURCES_MAX + 100; i++) {
		a.in.sin_addr.s_addr = htonl(0x0a000000 + i);
		failures_add(f, &a, i);
	}
	assert_int_equal(f->order.count, AUTHENTICATION_SOURCES_MAX);
	assert_int_equal(f->table.count, AUTHENTICATION_SOURCES_MAX);
}


UNIT_MAIN(UNIT_TEST(test_locks_and_opens), UNIT_TEST(test_window_and_success),
	  UNIT_TEST_PLAIN(test_bounded))
