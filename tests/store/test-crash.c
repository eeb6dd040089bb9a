/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 at any point: nothing that was acknowledged is lost, and sets of bindings are whole. */
#include <stdlib.h>
#include <unistd.h>

#include "crash.h"

/** Writes outstanding at a time: groups form. */
#define OUTSTANDING 8
#define ROUNDS 6
#define ACKNOWLEDGED_MAX 20000

struct slot {
	struct store_request r;
	struct crash_worker *w;
	uint32_t number;
};

static void write_next(struct slot *s);


static void written(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	(void)r;
	if (error)
		_exit(10);
	crash_tell(s->w, &s->number, sizeof(s->number));
	write_next(s);
}


/* Accounts and sets in turn; a set of three for each number, replaced three times over. */
static void write_next(struct slot *s)
{
	uint32_t number = s->w->next++;
	char aor[32], contact[32];
	int r;

	s->number = number;
	snprintf(aor, sizeof(aor), "sip:%u@x", number % 2 ? number : number % 50);
	if (number % 2) {
		struct store_account a = world_account(aor);

		r = store_account_add(s->w->store, &s->r, &a, written, s);
	} else {
		struct store_binding set[3];

		snprintf(contact, sizeof(contact), "sip:%u@h", number);
		for (size_t k = 0; k < 3; k++)
			set[k] = (struct store_binding){.contact = str_of(contact),
							.expires_ms = INT64_MAX};
		r = store_binding_replace(s->w->store, &s->r, str_of(aor), set, 3, written, s);
	}
	if (r)
		_exit(11);
}


static void begin(struct crash_worker *w)
{
	static struct slot slot[OUTSTANDING];

	for (size_t i = 0; i < OUTSTANDING; i++) {
		slot[i].w = w;
		write_next(&slot[i]);
	}
}


struct seen {
	struct world *w;
	uint32_t acknowledged[ACKNOWLEDGED_MAX];
	size_t n;
	uint32_t set[50]; /**< the highest number acknowledged for this set */
	uint32_t found[50];
	unsigned members;
	size_t bindings;
};


static void sets_seen(struct store_request *r, int error, void *arg)
{
	struct seen *s = arg;
	const struct store_binding *b = store_binding_result(r, &s->bindings);

	for (size_t i = 0; i < s->bindings; i++) {
		unsigned long set = strtoul(b[i].aor.p + 4, NULL, 10);
		uint32_t number = (uint32_t)strtoul(b[i].contact.p + 4, NULL, 10);

		assert_true(set < 50);
		/* A set is whole: three members, all of the same write. */
		if (b[i].position == 0) {
			assert_int_equal(s->members % 3, 0);
			s->found[set] = number;
		}
		assert_int_equal(s->found[set], number);
		s->members++;
	}
	world_done(r, error, s->w);
}


static void look(struct seen *s)
{
	struct world *w = s->w;
	char aor[32];

	for (size_t i = 0; i < s->n; i++) {
		uint32_t number = s->acknowledged[i];

		snprintf(aor, sizeof(aor), "sip:%u@x", number);
		if (number % 2)
			assert_int_equal(world_get(w, aor), 0);
		else if (number > s->set[number % 50])
			s->set[number % 50] = number;
	}
	s->members = 0;
	w->answers = 0;
	assert_int_equal(world_wait(w, store_binding_list(w->store, &w->r, STR(""), 0, 0,
							  STORE_PAGE_MAX, sets_seen, s)),
			 0);
	assert_int_equal(s->members % 3, 0);
	for (size_t i = 0; i < 50; i++)
		assert_true(s->found[i] >= s->set[i]);
}


static void take(const void *told, void *arg)
{
	struct seen *s = arg;

	assert_true(s->n < ACKNOWLEDGED_MAX);
	s->acknowledged[s->n++] = *(const uint32_t *)told;
}


static void test_kill(void)
{
	static const struct crash crash = {begin, take, sizeof(uint32_t), 200};
	struct seen *s = unit_storage(sizeof(*s));
	uint32_t first = 2;

	s->w = world();
	srand((unsigned)getpid());
	for (unsigned round = 0; round < ROUNDS; round++) {
		crash_round(&crash, s->w, first, s);
		first = (first / 10000 + 1) * 10000 + 2;
		look(s);
	}
}


/* The real loop with its threads: order of writes, and reads that see them. */
struct threaded {
	struct loop *loop;
	struct store *store;
	struct store_request r[200];
	unsigned done, last_error;
	bool in_order;
};


static void threaded_done(struct store_request *r, int error, void *arg)
{
	struct threaded *t = arg;

	if (error)
		t->last_error = (unsigned)-error;
	if (r != &t->r[t->done])
		t->in_order = false;
	if (++t->done == 200)
		loop_stop(t->loop);
}


static void test_threads(void)
{
	struct world *w = world();
	struct threaded *t = unit_storage(sizeof(*t));

	w->store = mem_unref(w->store);
	assert_true(virtual_loop_run_until_idle(w->vl));
	t->in_order = true;
	t->loop = loop_uv_alloc();
	assert_non_null(t->loop);
	assert_int_equal(store_open(&t->store, t->loop, str_of(w->url), w->why), 0);
	for (unsigned i = 0; i < 200; i++) {
		char aor[32];
		struct store_account a = world_account(aor);

		snprintf(aor, sizeof(aor), "sip:%u@x", i);
		a.aor = str_of(aor);
		assert_int_equal(store_account_add(t->store, &t->r[i], &a, threaded_done, t), 0);
	}
	loop_run(t->loop);
	assert_int_equal(t->done, 200);
	assert_int_equal(t->last_error, 0);
	assert_true(t->in_order);

	/* Closed with a write under way: it is written, and nobody is told. */
	t->done = 0;
	assert_int_equal(store_account_delete(t->store, &t->r[0], STR("sip:7@x"), threaded_done, t),
			 0);
	t->store = mem_unref(t->store);
	t->loop = mem_unref(t->loop);
	assert_int_equal(t->done, 0);
	world_reopen(w);
	assert_int_equal(world_get(w, "sip:7@x"), -ENOENT);
	assert_int_equal(world_get(w, "sip:199@x"), 0);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_threads), UNIT_TEST_PLAIN(test_kill))
