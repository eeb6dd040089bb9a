/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of buckets, one for each second, and one timer. */
#include "subscriber/expiry_wheel.h"

#include <errno.h>

#include "base/mem.h"

/** The timer is started anew at least this often, so that a clock that was set is noticed. */
#define LOOK_MS (10 * 60 * 1000)


static void timer_fire(struct timer *t, void *arg);


static size_t place(int64_t second)
{
	return (size_t)((uint64_t)second % EXPIRY_WHEEL_SECONDS);
}


static void run_to(struct expiry_wheel *w, int64_t second)
{
	int64_t wait = second * 1000 - loop_wall_ms(w->loop);

	if (wait < 0)
		wait = 0;
	w->next = second;
	timer_start(&w->timer, loop_timers(w->loop), (uint64_t)(wait < LOOK_MS ? wait : LOOK_MS),
		    timer_fire, w);
}


/* The first second after `after` whose bucket is not empty, within one round; 0: none is. */
static int64_t next_used(const struct expiry_wheel *w, int64_t after)
{
	for (int64_t s = after + 1; s <= after + EXPIRY_WHEEL_SECONDS;) {
		size_t at = place(s);
		uint64_t word = w->used[at / 64] >> (at % 64);

		if (word)
			return s + __builtin_ctzll(word);
		s += 64 - (int64_t)(at % 64);
	}
	return 0;
}


static void empty(struct expiry_wheel *w, size_t at)
{
	if (list_empty(&w->bucket[at]))
		w->used[at / 64] &= ~(UINT64_C(1) << (at % 64));
}


/* Callbacks may add and remove others: each is taken from the front, those of later rounds go to the end. */
static void look(struct expiry_wheel *w, size_t at, int64_t now)
{
	struct list *bucket = &w->bucket[at];
	struct list_link *k;

	for (size_t n = bucket->count; n && (k = list_first(bucket)); n--) {
		struct expiry *e = container_of(k, struct expiry, link);

		list_remove(bucket, k);
		if (e->second > now)
			list_append(bucket, k);
		else
			w->due(e, w->arg);
	}
	empty(w, at);
}


static void timer_fire(struct timer *t, void *arg)
{
	struct expiry_wheel *w = arg;
	int64_t now = loop_wall_ms(w->loop) / 1000, s = w->done,
		rounds = now - EXPIRY_WHEEL_SECONDS;

	(void)t;
	if (s < rounds)
		s = rounds;
	while ((s = next_used(w, s)) && s <= now)
		look(w, place(s), now);

	w->done = now;
	s = next_used(w, now);
	if (s)
		run_to(w, s);
}


int expiry_wheel_init(struct expiry_wheel *w, struct loop *loop, expiry_cb *due, void *arg)
{
	*w = (struct expiry_wheel){.loop = loop, .due = due, .arg = arg};
	w->bucket = mem_raw(EXPIRY_WHEEL_SECONDS * sizeof(*w->bucket));
	if (!w->bucket)
		return -ENOMEM;
	for (size_t i = 0; i < EXPIRY_WHEEL_SECONDS; i++)
		list_init(&w->bucket[i]);
	w->done = loop_wall_ms(loop) / 1000;
	return 0;
}


void expiry_wheel_done(struct expiry_wheel *w)
{
	timer_cancel(&w->timer);
	mem_free(w->bucket);
	w->bucket = NULL;
}


void expiry_add(struct expiry_wheel *w, struct expiry *e, int64_t expires_ms)
{
	int64_t second = (expires_ms + 999) / 1000;

	/* What has expired already is found in the next second that will be looked at. */
	e->second = second > w->done ? second : w->done + 1;
	list_append(&w->bucket[place(e->second)], &e->link);
	w->used[place(e->second) / 64] |= UINT64_C(1) << (place(e->second) % 64);
	if (!timer_running(&w->timer) || e->second < w->next)
		run_to(w, e->second);
}


void expiry_remove(struct expiry_wheel *w, struct expiry *e)
{
	if (!list_linked(&e->link))
		return;
	list_remove(&w->bucket[place(e->second)], &e->link);
	empty(w, place(e->second));
}
