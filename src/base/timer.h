/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Timers, a member of the object they serve; cancelling them is its destructor's business.
 *
 * Protocol timers come in few durations (500 ms, 1 s, 2 s, 4 s, 5 s, 32 s…) and in great numbers,
 * so there is one FIFO for each duration that was declared (timers_declare): starting and cancelling
 * are O(1), the next to fire is at the front of one of a few queues. Any other duration goes into a
 * heap. Timers that fall due in the same millisecond fire in the order in which they were started.
 *
 * After timer_cancel returns, the callback will not run. A callback may start its own timer again,
 * cancel others and free the object it lives in.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct timers;
struct timer;

typedef void(timer_cb)(struct timer *t, void *arg);

struct timer {
	struct list_link link; /**< in a queue, unless `heaped` */
	struct timers *timers; /**< where it runs; NULL: not running */
	uint64_t deadline_ms;
	uint64_t seq;  /**< order of starting */
	uint32_t slot; /**< index in the heap, or the queue's number */
	bool heaped;
	timer_cb *fire;
	void *arg;
};

/** Declared durations per set; more go to the heap, which is slower and just as right. */
#define TIMERS_FIFOS_MAX 24

/** Counted object (mem_unref). Timers that run when the last reference goes are cancelled. */
struct timers *timers_alloc(void);
/** `ms` gets a FIFO of its own; declaring one twice is harmless. */
void timers_declare(struct timers *ts, uint64_t ms);
/** The time of this turn, on the loop's monotonic clock; set by timers_run. */
uint64_t timers_now(const struct timers *ts);
/**
 * Fires all that is due at `now_ms`, in order; now never goes back. What a callback starts, even
 * with 0 ms, fires in a later run.
 */
void timers_run(struct timers *ts, uint64_t now_ms);
/** Sets the time without firing (the loop woke up for something else). */
void timers_advance(struct timers *ts, uint64_t now_ms);
/** Milliseconds from now to the next deadline; UINT64_MAX when there is none. */
uint64_t timers_next(const struct timers *ts);
/**
 * How long a loop may sleep: a timer of a declared duration may fire late by a sixty-fourth of it, TIMERS_SLACK_MS
 * at most, so that those due in the same milliseconds fire in one turn. A thousand retransmissions a second
 * are then a hundred turns with ten datagrams each.
 */
uint64_t timers_sleep(const struct timers *ts);
#define TIMERS_SLACK_MS 10
size_t timers_count(const struct timers *ts);

/**
 * (Re)starts: a running timer is cancelled first. Fires once, `ms` from now. Never fails: without
 * memory for the heap, timers of undeclared durations queue in a list.
 */
void timer_start(struct timer *t, struct timers *ts, uint64_t ms, timer_cb *fire, void *arg);
/** A timer that is not running (or zeroed) is ignored. */
void timer_cancel(struct timer *t);


static inline bool timer_running(const struct timer *t)
{
	return t->timers != NULL;
}

#endif
