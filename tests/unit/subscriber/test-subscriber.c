/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of subscribers: what is known, what is asked, what is dropped. */
#include "subscriber/subscriber.h"

#include <stdio.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "store/account.h"
#include "store/memory/memory.h"

#define ALICE STR("sip:alice@example.org")

struct world {
	struct virtual_loop *vl;
	struct loop *loop;
	struct store *store;
	struct subscribers *subs;
	struct store_request r;
	struct subscriber_query q[4];
	unsigned answers, stored;
	int error, store_error;
	struct subscriber *got;
	bool allowed;
	struct str again;
};


static void close_world(void *arg)
{
	struct world *w = arg;

	mem_unref(w->got);
	mem_unref(w->subs);
	mem_unref(w->store);
	mem_unref(w->vl);
}


static struct world *world(bool ims)
{
	static const struct str domains[] = {STR_INIT("example.org"), STR_INIT("Example.NET")};
	struct world *w = unit_storage(sizeof(*w));
	struct buf *why = unit_buf(256);

	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->loop = virtual_loop_base(w->vl);
	unit_ok(store_open(&w->store, w->loop, STR("memory:"), why));
	unit_ok(subscribers_alloc(&w->subs, &(struct subscribers_params){
						    .loop = w->loop,
						    .store = w->store,
						    .domains = domains,
						    .domains_n = 2,
						    .ims = ims,
					    }));
	return w;
}


static void stored(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;

	(void)r;
	w->stored++;
	w->store_error = error;
}


static void add(struct world *w, struct str aor, bool allowed)
{
	struct store_account a = {
		.aor = aor,
		.realm = STR("example.org"),
		.ha1_md5 = STR("00"),
		.ha1_sha256 = STR("11"),
		.allowed = allowed,
		.created_ms = 5,
	};

	w->store_error = 0;
	unit_ok(store_account_add(w->store, &w->r, &a, stored, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_ok(w->store_error);
}


static void loaded(struct subscriber_query *q, int error, struct subscriber *s, void *arg)
{
	struct world *w = arg;

	w->answers++;
	w->error = error;
	mem_unref(w->got);
	w->got = mem_ref(s);
	if (w->again.n) {
		struct str aor = w->again;

		w->again = STR("");
		(void)subscriber_load(w->subs, q, aor, loaded, w);
	}
}


static int load(struct world *w, struct str aor)
{
	int r = subscriber_load(w->subs, &w->q[0], aor, loaded, w);

	if (r)
		return r;
	assert_int_equal(w->answers, 0);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 1);
	w->answers = 0;
	return w->error;
}


static void test_loaded_once(void)
{
	struct world *w = world(false);
	struct subscriber *s = NULL;

	add(w, ALICE, true);
	assert_int_equal(subscribers_find(w->subs, ALICE, &s), -EAGAIN);
	unit_ok(load(w, ALICE));
	unit_str(w->got->aor, "sip:alice@example.org");
	unit_str(w->got->realm, "example.org");
	assert_true(w->got->allowed && w->got->account && w->got->created_ms == 5);
	assert_string_equal(w->got->secret.ha1[DIGEST_MD5], "00");
	assert_string_equal(w->got->secret.ha1[DIGEST_SHA256], "11");
	assert_int_equal(subscribers_find(w->subs, ALICE, &s), 0);
	assert_ptr_equal(s, w->got);
	/* From now on the store is not asked. */
	store_memory_fail_next(w->store, 100, -EIO);
	unit_ok(load(w, ALICE));
}


static void test_nobody(void)
{
	struct world *w = world(false);
	struct subscriber *s = NULL;

	unit_must(load(w, ALICE) == -ENOENT);
	unit_must(w->got == NULL);
	if (!unit_refused())
		assert_int_equal(subscribers_find(w->subs, ALICE, &s), -ENOENT);
	/* Not for ever, and not beyond a change. */
	assert_true(virtual_loop_advance(w->vl, SUBSCRIBERS_UNKNOWN_MS));
	assert_int_equal(subscribers_find(w->subs, ALICE, &s), -EAGAIN);
	unit_must(load(w, ALICE) == -ENOENT);
	add(w, ALICE, true);
	subscribers_drop(w->subs, ALICE);
	unit_ok(load(w, ALICE));
}


static void test_domains(void)
{
	struct world *w = world(true);
	struct subscriber *s = NULL;

	assert_true(subscribers_serve(w->subs, ALICE));
	assert_true(subscribers_serve(w->subs, STR("sip:bob@example.net")));
	assert_false(subscribers_serve(w->subs, STR("sip:bob@example.com")));
	assert_false(subscribers_serve(w->subs, STR("sip:example.org")));
	assert_true(subscribers_serve_domain(w->subs, STR("EXAMPLE.org")));
	assert_int_equal(subscribers_find(w->subs, STR("sip:bob@example.com"), &s), -ENOENT);
	unit_must(load(w, STR("sip:bob@example.com")) == -ENOENT);
}


static void test_ims(void)
{
	struct world *w = world(true);

	unit_ok(load(w, ALICE));
	assert_true(w->got->allowed);
	assert_false(w->got->account);
	add(w, STR("sip:bob@example.org"), false);
	unit_ok(load(w, STR("sip:bob@example.org")));
	assert_false(w->got->allowed);
}


static void test_store_fails(void)
{
	struct world *w = world(true);
	struct subscriber *s = NULL;

	store_memory_fail_next(w->store, 1, -EIO);
	unit_must(load(w, ALICE) == -EIO);
	assert_int_equal(subscribers_find(w->subs, ALICE, &s), -EAGAIN);
	unit_ok(load(w, ALICE));
}


static void test_several_queries(void)
{
	struct world *w = world(false);

	add(w, ALICE, true);
	/* One look-up: a second would fail. */
	for (unsigned i = 0; i < 3; i++)
		unit_ok(subscriber_load(w->subs, &w->q[i], ALICE, loaded, w));
	subscriber_load_cancel(&w->q[1]);
	subscriber_load_cancel(&w->q[1]);
	assert_int_equal(store_waiting(w->store), 1);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 2);
}


static void test_changed_while_loading(void)
{
	struct world *w = world(false);

	add(w, ALICE, true);
	store_memory_set_delay(w->store, 100);
	unit_ok(subscriber_load(w->subs, &w->q[0], ALICE, loaded, w));
	unit_ok(store_account_set_allowed(w->store, &w->r, ALICE, false, false, 0, stored, w));
	/* The answer on its way is older than the change. */
	subscribers_drop(w->subs, ALICE);
	assert_true(virtual_loop_advance(w->vl, 100));
	unit_must(w->answers == 0);
	assert_true(virtual_loop_advance(w->vl, 100));
	unit_must(w->answers == 1);
	unit_ok(w->error);
	assert_false(w->got->allowed);
}


static void test_asked_again_in_callback(void)
{
	struct world *w = world(true);

	w->again = ALICE;
	unit_ok(subscriber_load(w->subs, &w->q[0], ALICE, loaded, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_must(w->answers == 2);
}


static void test_closed_while_loading(void)
{
	struct world *w = world(false);

	unit_ok(subscriber_load(w->subs, &w->q[0], ALICE, loaded, w));
	unit_ok(subscriber_load(w->subs, &w->q[1], STR("sip:x@elsewhere"), loaded, w));
	w->subs = mem_unref(w->subs);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 0);
	subscriber_load_cancel(&w->q[0]);
}


static void test_bounded(void)
{
	struct world *w = world(false);
	struct subscriber *s;
	char aor[64];

	for (unsigned i = 0; i < SUBSCRIBERS_UNKNOWN_MAX + 10; i++) {
		snprintf(aor, sizeof(aor), "sip:%u@example.org", i);
		assert_int_equal(load(w, str_of(aor)), -ENOENT);
	}
	assert_int_equal(subscribers_find(w->subs, STR("sip:9@example.org"), &s), -EAGAIN);
	assert_int_equal(subscribers_find(w->subs, STR("sip:10@example.org"), &s), -ENOENT);
}


UNIT_MAIN(UNIT_TEST(test_loaded_once), UNIT_TEST(test_nobody), UNIT_TEST(test_domains), UNIT_TEST(test_ims),
	  UNIT_TEST(test_store_fails), UNIT_TEST(test_several_queries), UNIT_TEST(test_changed_while_loading),
	  UNIT_TEST(test_asked_again_in_callback), UNIT_TEST(test_closed_while_loading),
	  UNIT_TEST_PLAIN(test_bounded))
