/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: a FIFO for each declared duration, a binary heap for all others. */
#include "base/timer.h"

#include <assert.h>

#include "base/mem.h"

/** The set's places for finding a FIFO by its duration: a power of two, sparse. */
#define PLACES 64
#define PLACE_BITS 6

/** One queue more than can be declared: where timers go, in order, when the heap cannot grow. */
#define SPILL TIMERS_FIFOS_MAX
/** The heap's number, where queues are counted. */
#define HEAP (SPILL + 1)

/** The heap's first size; it doubles. */
#define HEAP_FIRST 64

_Static_assert(TIMERS_FIFOS_MAX < PLACES, "looking for a duration ends at an empty place");

/** What decides the order, beside the pointer, so that sifting reads no timers. */
struct heap_entry {
	uint64_t deadline_ms;
	uint64_t seq;
	struct timer *timer;
};

struct timers {
	uint64_t now_ms;
	uint64_t seq;
	size_t count;
	bool running;

	unsigned fifos;
	uint64_t durations[TIMERS_FIFOS_MAX];
	struct list queues[TIMERS_FIFOS_MAX + 1];
	uint8_t places[PLACES]; /**< 1 + number of the FIFO; 0: empty */

	struct heap_entry *heap;
	size_t heap_n, heap_cap;
};


static inline struct timer *timer_of(struct list_link *l)
{
	return container_of(l, struct timer, link);
}


static inline bool before(uint64_t deadline_a, uint64_t seq_a, uint64_t deadline_b, uint64_t seq_b)
{
	return deadline_a < deadline_b || (deadline_a == deadline_b && seq_a < seq_b);
}


/* ---- The heap ---- */

static inline void heap_set(struct timers *ts, size_t i, struct heap_entry e)
{
	ts->heap[i] = e;
	e.timer->slot = (uint32_t)i;
}


static inline bool entry_before(const struct heap_entry *a, const struct heap_entry *b)
{
	return before(a->deadline_ms, a->seq, b->deadline_ms, b->seq);
}


static void sift_up(struct timers *ts, size_t i, struct heap_entry e)
{
	while (i > 0 && entry_before(&e, &ts->heap[(i - 1) / 2])) {
		heap_set(ts, i, ts->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_set(ts, i, e);
}


static void sift_down(struct timers *ts, size_t i, struct heap_entry e)
{
	for (size_t child = 2 * i + 1; child < ts->heap_n; child = 2 * i + 1) {
		if (child + 1 < ts->heap_n && entry_before(&ts->heap[child + 1], &ts->heap[child]))
			child++;
		if (entry_before(&e, &ts->heap[child]))
			break;
		heap_set(ts, i, ts->heap[child]);
		i = child;
	}
	heap_set(ts, i, e);
}


static bool heap_reserve(struct timers *ts)
{
	size_t cap = ts->heap_cap ? ts->heap_cap * 2 : HEAP_FIRST;
	struct heap_entry *heap;

	if (ts->heap_n < ts->heap_cap)
		return true;
	if (cap > UINT32_MAX)
		return false;
	heap = mem_resize(ts->heap, cap * sizeof(*heap));
	if (!heap)
		return false;
	ts->heap = heap;
	ts->heap_cap = cap;
	return true;
}


static void heap_remove(struct timers *ts, size_t i)
{
	struct heap_entry last = ts->heap[--ts->heap_n];

	if (i == ts->heap_n)
		return;
	if (i > 0 && entry_before(&last, &ts->heap[(i - 1) / 2]))
		sift_up(ts, i, last);
	else
		sift_down(ts, i, last);
}


/* ---- The FIFOs ---- */

static inline unsigned place_of(uint64_t ms)
{
	return (unsigned)(ms * 0x9e3779b97f4a7c15u >> (64 - PLACE_BITS));
}


/** Number of the FIFO for this duration, or -1. */
static inline int fifo_of(const struct timers *ts, uint64_t ms)
{
	unsigned place = place_of(ms);

	for (; ts->places[place]; place = (place + 1) % PLACES)
		if (ts->durations[ts->places[place] - 1] == ms)
			return ts->places[place] - 1;
	return -1;
}


/** In order from the back: no memory for the heap, so one list has to do. */
static void spill(struct timers *ts, struct timer *t)
{
	struct list *q = &ts->queues[SPILL];
	struct list_link *at = &q->head;

	while (at->prev != &q->head && timer_of(at->prev)->deadline_ms > t->deadline_ms)
		at = at->prev;
	list_insert_before(q, at, &t->link);
	t->slot = SPILL;
}


static void destroy(void *object)
{
	struct timers *ts = object;

	for (unsigned i = 0; i <= SPILL; i++)
		for (struct list_link *l; (l = list_first(&ts->queues[i])) != NULL;)
			timer_cancel(timer_of(l));
	while (ts->heap_n)
		timer_cancel(ts->heap[ts->heap_n - 1].timer);
	mem_free(ts->heap);
}


struct timers *timers_alloc(void)
{
	struct timers *ts = mem_alloc(sizeof(*ts), destroy);

	if (!ts)
		return NULL;
	for (unsigned i = 0; i <= SPILL; i++)
		list_init(&ts->queues[i]);
	return ts;
}


void timers_declare(struct timers *ts, uint64_t ms)
{
	unsigned place = place_of(ms);

	if (ts->fifos == TIMERS_FIFOS_MAX || fifo_of(ts, ms) >= 0)
		return;
	while (ts->places[place])
		place = (place + 1) % PLACES;
	ts->durations[ts->fifos++] = ms;
	ts->places[place] = (uint8_t)ts->fifos;
}


uint64_t timers_now(const struct timers *ts)
{
	return ts->now_ms;
}


void timers_advance(struct timers *ts, uint64_t now_ms)
{
	if (now_ms > ts->now_ms)
		ts->now_ms = now_ms;
}


/**
 * The queues by number: FIFOs, the spill, the heap. Only the declared FIFOs are looked at, so that
 * `i` counts to queue_count and queue_number skips the rest.
 */
static inline unsigned queue_count(const struct timers *ts)
{
	return ts->fifos + 2;
}


static inline unsigned queue_number(const struct timers *ts, unsigned i)
{
	return i < ts->fifos ? i : SPILL + i - ts->fifos;
}


static inline struct timer *front(const struct timers *ts, unsigned queue)
{
	struct list_link *l;

	if (queue == HEAP)
		return ts->heap_n ? ts->heap[0].timer : NULL;
	l = list_first(&ts->queues[queue]);
	return l ? timer_of(l) : NULL;
}


/** The queue whose front fires first (-1: none), and the front that fires after it. */
static int choose(const struct timers *ts, struct heap_entry *limit)
{
	struct heap_entry best = {UINT64_MAX, UINT64_MAX, NULL};
	int chosen = -1;

	*limit = best;
	for (unsigned i = 0; i < queue_count(ts); i++) {
		struct timer *t = front(ts, queue_number(ts, i));

		if (!t || !before(t->deadline_ms, t->seq, limit->deadline_ms, limit->seq))
			continue;
		if (before(t->deadline_ms, t->seq, best.deadline_ms, best.seq)) {
			*limit = best;
			best = (struct heap_entry){t->deadline_ms, t->seq, t};
			chosen = (int)queue_number(ts, i);
		} else {
			*limit = (struct heap_entry){t->deadline_ms, t->seq, t};
		}
	}
	return chosen;
}


/* A million timers that fire in their order lie in no order in memory: the one after the next is fetched now. */
static void fire_now(struct timer *t)
{
	timer_cb *cb = t->fire;
	void *arg = t->arg;

	if (t->link.next)
		__builtin_prefetch(t->link.next->next);
	timer_cancel(t);
	cb(t, arg);
}


/**
 * A timer started by a callback has `seq` beyond `until` and waits for the next run, even when it
 * is due at once; so a run ends. Cancelling and starting move the fronts of other queues only to
 * later, so `limit` holds while one queue is emptied down to it.
 */
void timers_run(struct timers *ts, uint64_t now_ms)
{
	struct heap_entry limit;
	uint64_t until;
	int chosen;

	assert(!ts->running);
	timers_advance(ts, now_ms);
	now_ms = ts->now_ms;
	until = ts->seq;

	mem_ref(ts);
	ts->running = true;
	while ((chosen = choose(ts, &limit)) >= 0) {
		bool any = false;
		struct timer *t;

		while ((t = front(ts, (unsigned)chosen)) != NULL && t->deadline_ms <= now_ms &&
		       t->seq < until &&
		       before(t->deadline_ms, t->seq, limit.deadline_ms, limit.seq)) {
			any = true;
			fire_now(t);
		}
		if (!any)
			break;
	}
	ts->running = false;
	mem_unref(ts);
}


static uint64_t next_deadline(const struct timers *ts, bool lazy)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < queue_count(ts); i++) {
		unsigned queue = queue_number(ts, i);
		struct timer *t = front(ts, queue);
		uint64_t slack = 0;

		if (!t)
			continue;
		if (lazy && queue < ts->fifos)
			slack = ts->durations[queue] / 64;
		slack = slack < TIMERS_SLACK_MS ? slack : TIMERS_SLACK_MS;
		if (t->deadline_ms + slack < next)
			next = t->deadline_ms + slack;
	}
	return next;
}


static uint64_t from_now(const struct timers *ts, uint64_t deadline)
{
	if (deadline == UINT64_MAX)
		return UINT64_MAX;
	return deadline > ts->now_ms ? deadline - ts->now_ms : 0;
}


uint64_t timers_next(const struct timers *ts)
{
	return from_now(ts, next_deadline(ts, false));
}


uint64_t timers_sleep(const struct timers *ts)
{
	return from_now(ts, next_deadline(ts, true));
}


size_t timers_count(const struct timers *ts)
{
	return ts->count;
}


void timer_start(struct timer *t, struct timers *ts, uint64_t ms, timer_cb *cb, void *arg)
{
	int fifo = fifo_of(ts, ms);

	timer_cancel(t);
	t->timers = ts;
	t->deadline_ms = ms < UINT64_MAX - 1 - ts->now_ms ? ts->now_ms + ms : UINT64_MAX - 1;
	t->seq = ts->seq++;
	t->fire = cb;
	t->arg = arg;
	ts->count++;

	if (fifo >= 0) {
		t->slot = (uint32_t)fifo;
		list_append(&ts->queues[fifo], &t->link);
	} else if (heap_reserve(ts)) {
		t->heaped = true;
		sift_up(ts, ts->heap_n++, (struct heap_entry){t->deadline_ms, t->seq, t});
	} else {
		spill(ts, t);
	}
}


void timer_cancel(struct timer *t)
{
	struct timers *ts = t->timers;

	if (!ts)
		return;
	if (t->heaped)
		heap_remove(ts, t->slot);
	else
		list_remove(&ts->queues[t->slot], &t->link);
	t->heaped = false;
	t->timers = NULL;
	ts->count--;
}
