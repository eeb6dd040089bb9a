/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any point of writing and settling mailings: what was acknowledged is there for each recipient who was not
 * settled, who was settled is gone, and nothing is half there.
 */
#include <stdlib.h>
#include <unistd.h>

#include "store/mailing.h"

#include "crash.h"

#define OUTSTANDING 8
#define ROUNDS 8
#define NUMBERS_MAX 100000
#define RECIPIENTS 5

/** What the worker has been told: added, or how many are settled. */
struct told {
	uint32_t number;
	uint32_t settled;
};

struct slot {
	struct store_request r;
	struct crash_worker *w;
	struct told told;
};

static void advance(struct slot *s);


/* Of every mailing so many are settled before the next one. */
static uint32_t goal(uint32_t number)
{
	return number % (RECIPIENTS + 1);
}


static void settled(struct store_request *r, int error, void *arg);


static void settle(struct slot *s)
{
	if (s->told.settled == goal(s->told.number))
		advance(s);
	else if (store_mailing_settle(s->w->store, &s->r, s->told.number, s->told.settled, settled,
				      s))
		_exit(13);
}


static void settled(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	(void)r;
	if (error)
		_exit(10);
	s->told.settled++;
	crash_tell(s->w, &s->told, sizeof(s->told));
	settle(s);
}


static void added(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	(void)r;
	if (error)
		_exit(12);
	crash_tell(s->w, &s->told, sizeof(s->told));
	settle(s);
}


static void advance(struct slot *s)
{
	struct store_mailing_recipient to[RECIPIENTS];

	for (uint32_t i = 0; i < RECIPIENTS; i++)
		to[i] = (struct store_mailing_recipient){.position = i,
							 .uri = STR("sip:b@x"),
							 .who = STR("sip:b@x"),
							 .headers = STR("")};
	s->told = (struct told){.number = s->w->next++};
	if (store_mailing_add(s->w->store, &s->r,
			      &(struct store_mailing){
				      .id = s->told.number,
				      .sender = STR("sip:a@x"),
				      .body = STR("hello"),
				      .recipient = to,
				      .recipients_n = RECIPIENTS,
			      },
			      added, s))
		_exit(14);
}


static void begin(struct crash_worker *w)
{
	static struct slot slot[OUTSTANDING];

	for (size_t i = 0; i < OUTSTANDING; i++) {
		slot[i].w = w;
		advance(&slot[i]);
	}
}


struct ledger {
	struct world *w;
	bool added[NUMBERS_MAX];
	uint32_t settled[NUMBERS_MAX];
	uint32_t waiting[NUMBERS_MAX]; /**< in the store: a set of positions */
	size_t n;
	uint64_t after;
};


static void listed(struct store_request *r, int error, void *arg)
{
	struct ledger *l = arg;
	const struct store_mailing *m = store_mailing_result(r, &l->n);

	for (size_t i = 0; !error && i < l->n; i++) {
		assert_true(m[i].id < NUMBERS_MAX);
		assert_true(m[i].recipients_n > 0);
		assert_int_equal(m[i].body.n, 5);
		for (size_t k = 0; k < m[i].recipients_n; k++)
			l->waiting[m[i].id] |= 1u << m[i].recipient[k].position;
		l->after = m[i].id;
	}
	world_done(r, error, l->w);
}


/* What was under way may have happened or not: one recipient more is settled, or a whole mailing more is there. */
static void check_one(const struct ledger *l, uint32_t i)
{
	uint32_t all = (1u << RECIPIENTS) - 1;
	uint32_t least = all & ~((1u << l->settled[i]) - 1);

	if (!l->added[i]) {
		assert_true(l->waiting[i] == 0 || l->waiting[i] == all);
		return;
	}
	if (l->settled[i] == goal(i))
		assert_int_equal(l->waiting[i], least);
	else
		assert_true(l->waiting[i] == least || l->waiting[i] == (least & (least - 1)));
}


static void check_all(struct ledger *l, uint32_t end)
{
	memset(l->waiting, 0, sizeof(l->waiting));
	l->after = 0;
	do
		assert_int_equal(
			ASK(l, store_mailing_list, l->after, STORE_MAILING_PAGE_MAX, listed, l), 0);
	while (l->n);
	for (uint32_t i = 1; i < end; i++)
		check_one(l, i);
}


/* What one round has left open is as it is now. */
static void take_over(struct ledger *l, uint32_t end)
{
	for (uint32_t i = 1; i < end; i++) {
		uint32_t n = 0;

		while (n < RECIPIENTS && !(l->waiting[i] & 1u << n))
			n++;
		if (!l->added[i] && l->waiting[i])
			l->added[i] = true;
		if (l->added[i])
			l->settled[i] = n;
	}
}


static void take(const void *told, void *arg)
{
	const struct told *t = told;
	struct ledger *l = arg;

	assert_true(t->number < NUMBERS_MAX);
	l->added[t->number] = true;
	l->settled[t->number] = t->settled;
}


static uint32_t round_of(struct ledger *l, uint32_t first)
{
	static const struct crash crash = {begin, take, sizeof(struct told), 100};
	uint32_t next = first;

	crash_round(&crash, l->w, first, l);
	for (uint32_t i = first; i < NUMBERS_MAX; i++)
		if (l->added[i])
			next = i + 1;
	return next + OUTSTANDING;
}


static void test_kill(void)
{
	struct ledger *l = unit_storage(sizeof(*l));
	uint32_t first = 1;

	l->w = world();
	srand((unsigned)getpid());
	for (unsigned round = 0; round < ROUNDS; round++) {
		first = round_of(l, first);
		check_all(l, first);
		take_over(l, first);
	}
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_kill))
