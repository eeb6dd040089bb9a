/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Many things with the same patience: a list in the order of their beginning and one timer for it. Adding
 * and dropping are list operations; each falls due at its exact millisecond.
 */
#ifndef MSRP_DEADLINE_H
#define MSRP_DEADLINE_H

#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/timer.h"

struct deadline {
	struct list_link link;
	uint64_t since_ms;
};

struct deadline_queue {
	struct list list;
	struct timer timer;
	struct loop *loop;
	uint64_t ms;
	/** Out of the queue already; may do anything, also drop the last reference to `owner` but one. */
	void (*due)(struct deadline *d, void *owner);
	void *owner; /**< counted; held while `due` is called */
};

void deadline_queue_init(struct deadline_queue *q, struct loop *loop, uint64_t ms,
			 void (*due)(struct deadline *d, void *owner), void *owner);
/** What is in it stays linked: its owners drop it. */
void deadline_queue_done(struct deadline_queue *q);
/** From now. */
void deadline_add(struct deadline_queue *q, struct deadline *d);
/** One that is in no queue (zeroed) is ignored. */
void deadline_drop(struct deadline_queue *q, struct deadline *d);

#endif
