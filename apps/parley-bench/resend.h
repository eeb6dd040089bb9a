/* SPDX-License-Identifier: Apache-2.0 */
/**
 * When a client of many transactions sends each of them again: Timers E and F of RFC 3261 17.1.2.2 over UDP. What has
 * been sent equally often is due in the order in which it was sent, so that a queue for each time of sending is enough:
 * what is not due is not looked at, however many are open. A generator that walks through all of them in every turn
 * would take the cache from the server it measures.
 */
#ifndef PARLEY_BENCH_RESEND_H
#define PARLEY_BENCH_RESEND_H

#include <stdbool.h>
#include <stdint.h>

/** Sent after 0.5, 1.5, 3.5, 7.5 … 31.5 s again, and given up after 32 s. */
#define RESEND_TIMES 10
#define RESEND_GIVE_UP_NS 32000000000ull

struct resend_entry {
	uint64_t sent_ns; /**< for the first time */
	uint32_t slot, generation;
};

struct resend_queue {
	struct resend_entry *entry;
	uint32_t room, first, n; /**< a ring; `room` is a power of two */
};

struct resend {
	struct resend_queue queue[RESEND_TIMES + 1];
};

/** Sent `times` times again so far; `again` false: it only waits to be given up. */
void resend_add(struct resend *r, const struct resend_entry *e, unsigned times, bool again);
/**
 * One that is due, out of its queue: `times` it was sent again, RESEND_TIMES: give it up. It may have been answered
 * meanwhile. False: none.
 */
bool resend_take(struct resend *r, uint64_t now, struct resend_entry *ret, unsigned *times);
void resend_done(struct resend *r);

#endif
