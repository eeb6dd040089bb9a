/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions that stand, over a store in memory. */
#include "im/controlling/registry.h"

#include <stdio.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "store/memory/memory.h"

#define ID STR("abcdefghij234567")

struct fixture {
	struct virtual_loop *vl;
	struct loop *loop; /**< the virtual loop's */
	struct store *store;
	struct registry *r;
	struct registry_query q;
	struct buf *out;
	int answers;
	int error;
};


static void end(void *arg)
{
	struct fixture *f = arg;

	registry_find_cancel(&f->q);
	f->r = mem_unref(f->r);
	f->store = mem_unref(f->store);
	if (f->vl)
		(void)virtual_loop_run_until_idle(f->vl);
	mem_unref(f->vl);
}


static struct fixture *fixture(void)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->out = unit_buf(8192);
	unit_defer(end, f);
	f->vl = virtual_loop_alloc(1);
	unit_ptr(f->vl);
	f->loop = virtual_loop_base(f->vl);
	unit_ok(store_open(&f->store, f->loop, STR("memory:"), f->out));
	unit_ok(registry_alloc(&f->r, f->loop, f->store));
	return f;
}


static void found(struct registry_query *q, int error, const struct registry_session *s, void *arg)
{
	struct fixture *f = arg;

	(void)q;
	f->answers++;
	f->error = error;
	buf_clear(f->out);
	if (!s)
		return;
	buf_printf(f->out, STR_FMT " %d " STR_FMT " " STR_FMT " " STR_FMT " %d:", STR_ARG(s->id),
		   s->kind, STR_ARG(s->group), STR_ARG(s->founder), STR_ARG(s->subject),
		   (int)s->since_ms);
	for (size_t i = 0; i < s->invited_n; i++)
		buf_printf(f->out, " " STR_FMT, STR_ARG(s->invited[i]));
}


static int find(struct fixture *f, struct str id)
{
	int err = registry_find(f->r, &f->q, id, found, f);

	if (err)
		return err;
	f->answers = 0;
	virtual_loop_advance(f->vl, 1000);
	assert_int_equal(f->answers, 1);
	return f->error;
}


static void note(struct fixture *f)
{
	struct str who = STR("sip:bob@x");

	registry_note(f->r, &(struct registry_session){
				    .id = ID,
				    .kind = 2,
				    .group = STR("sip:g@x"),
				    .founder = STR("sip:a@x"),
				    .subject = STR("s"),
				    .since_ms = 5,
				    .invited = &who,
				    .invited_n = 1,
			    });
}


static void test_known_again(void)
{
	struct fixture *f = fixture();

	registry_start(f->r);
	unit_must(find(f, ID) == -ENOENT);
	note(f);
	registry_invite(f->r, ID, STR("sip:carol@x"));
	/* Another process, the same store. */
	f->r = mem_unref(f->r);
	virtual_loop_advance(f->vl, 100);
	unit_ok(registry_alloc(&f->r, f->loop, f->store));
	registry_start(f->r);
	unit_ok(find(f, ID));
	unit_buf_is(f->out, "abcdefghij234567 2 sip:g@x sip:a@x s 5: sip:bob@x sip:carol@x");
	registry_forget(f->r, ID);
	unit_must(find(f, ID) == -ENOENT);
	unit_must(find(f, STR("")) == -ENOENT);
}


static void test_lapses(void)
{
	struct fixture *f = fixture();

	registry_start(f->r);
	note(f);
	virtual_loop_advance(f->vl, (REGISTRY_KEPT_S + 7200) * 1000ull);
	/* It runs: nothing lapses. */
	unit_ok(find(f, ID));
	f->r = mem_unref(f->r);
	unit_ok(registry_alloc(&f->r, f->loop, f->store));
	registry_start(f->r);
	virtual_loop_advance(f->vl, (REGISTRY_KEPT_S - 60) * 1000ull);
	unit_ok(find(f, ID));
	virtual_loop_advance(f->vl, 7200 * 1000ull);
	unit_must(find(f, ID) == -ENOENT);
}


/* The store takes nothing: the session goes on, and nothing is leaked. */
static void test_trouble(void)
{
	struct fixture *f = fixture();

	registry_start(f->r);
	virtual_loop_advance(f->vl, 100);
	store_memory_fail_next(f->store, 2, -EIO);
	note(f);
	registry_invite(f->r, ID, STR("sip:carol@x"));
	virtual_loop_advance(f->vl, 100);
	unit_must(find(f, ID) == -ENOENT);
	store_memory_fail_next(f->store, 1, -EIO);
	unit_must(find(f, ID) == -EIO);
}


UNIT_MAIN(UNIT_TEST(test_known_again), UNIT_TEST_PLAIN(test_lapses), UNIT_TEST_PLAIN(test_trouble))
