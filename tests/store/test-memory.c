/* SPDX-License-Identifier: Apache-2.0 */
/* What a test can tell the memory store to do, and how the port tells of trouble. */
#include "store/memory/memory.h"

#include "world.h"

struct trouble {
	unsigned told;
	int error;
	char text[128];
};


static void troubled(struct store *s, int error, struct str text, void *arg)
{
	struct trouble *t = arg;

	(void)s;
	t->told++;
	t->error = error;
	snprintf(t->text, sizeof(t->text), STR_FMT, STR_ARG(text));
}


static void test_fails_when_told(void)
{
	struct world *w = world();
	struct trouble *t = unit_storage(sizeof(*t));
	struct buf *out = unit_buf(64);

	store_watch_trouble(w->store, troubled, t);
	store_memory_fail_next(w->store, 2, -ENOSPC);
	unit_must(world_add(w, "sip:a@x") == -ENOSPC);
	unit_must(t->told == 1 && t->error == -ENOSPC && t->text[0]);
	unit_must(store_trouble(w->store).n > 0);
	unit_must(world_bind(w, "sip:a@x", "sip:1@h", 5) == -ENOSPC);
	unit_must(t->told == 1);
	unit_ok(world_accounts(w, "", 10, out));
	unit_buf_is(out, "");
	unit_ok(world_add(w, "sip:a@x"));
	assert_true(t->told == 2 && t->error == 0);
	assert_int_equal(store_trouble(w->store).n, 0);
}


static void test_no_trouble_for_one_request(void)
{
	struct world *w = world();
	struct trouble *t = unit_storage(sizeof(*t));

	store_watch_trouble(w->store, troubled, t);
	unit_must(world_get(w, "sip:a@x") == -ENOENT);
	unit_ok(world_add(w, "sip:a@x"));
	unit_must(world_add(w, "sip:a@x") == -EEXIST);
	unit_must(t->told == 0);
}


static void test_answers_late(void)
{
	struct world *w = world();
	struct store_account a = world_account("sip:a@x");

	store_memory_set_delay(w->store, 200);
	unit_ok(store_account_add(w->store, &w->r, &a, world_done, w));
	assert_true(virtual_loop_advance(w->vl, 199));
	assert_int_equal(w->answers, 0);
	assert_true(virtual_loop_advance(w->vl, 1));
	assert_int_equal(w->answers, 1);
	unit_ok(w->error[0]);
}


static void test_held(void)
{
	struct world *w = world();
	struct store_account a = world_account("sip:a@x");

	unit_ok(store_account_add(w->store, &w->r, &a, world_done, w));
	store_memory_hold(w->store, true);
	assert_true(virtual_loop_advance(w->vl, 100000));
	assert_int_equal(w->answers, 0);
	store_memory_hold(w->store, false);
	assert_int_equal(w->answers, 0);
	unit_ok(world_wait(w, 0));
	unit_ok(world_get(w, "sip:a@x"));
}


static void test_closed_while_late(void)
{
	struct world *w = world();
	struct store_account a = world_account("sip:a@x");

	store_memory_set_delay(w->store, 200);
	unit_ok(store_account_add(w->store, &w->r, &a, world_done, w));
	w->store = mem_unref(w->store);
	assert_true(virtual_loop_advance(w->vl, 1000));
	assert_int_equal(w->answers, 0);
	assert_false(store_pending(&w->r));
}


static void test_ceiling(void)
{
	struct world *w = world();
	struct store_request *r = unit_storage(STORE_QUEUE_MAX * sizeof(*r));

	store_memory_hold(w->store, true);
	for (size_t i = 0; i < STORE_QUEUE_MAX; i++)
		assert_int_equal(store_account_get(w->store, &r[i], STR("sip:a@x"), world_done, w),
				 0);
	assert_int_equal(store_account_get(w->store, &w->r, STR("sip:a@x"), world_done, w),
			 -ENOBUFS);
	store_cancel(&r[0]);
	store_memory_hold(w->store, false);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, STORE_QUEUE_MAX - 1);
}


UNIT_MAIN(UNIT_TEST(test_fails_when_told), UNIT_TEST(test_no_trouble_for_one_request),
	  UNIT_TEST(test_answers_late), UNIT_TEST(test_held), UNIT_TEST(test_closed_while_late),
	  UNIT_TEST_PLAIN(test_ceiling))
