/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Things that expire at a second of the wall clock, many of them: a ring of buckets, one a second,
 * and one timer that runs to the next bucket that is not empty. Adding, removing and expiring are
 * O(1); what expires more than a round ahead is passed by once in each round.
 */
#ifndef SUBSCRIBER_EXPIRY_WHEEL_H
#define SUBSCRIBER_EXPIRY_WHEEL_H

#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"

/** A little more than the hour that registrations mostly last; a multiple of 64. */
#define EXPIRY_WHEEL_SECONDS 4096

struct expiry {
	struct list_link link;
	int64_t second; /**< since 1970: the first at which it has expired */
};

/** Called for each that is due; it is no longer in the wheel. */
typedef void(expiry_cb)(struct expiry *e, void *arg);

struct expiry_wheel {
	struct loop *loop; /**< borrowed */
	struct timer timer;
	int64_t next; /**< the second the timer runs to */
	int64_t done; /**< all up to this second have been looked at */
	expiry_cb *due;
	void *arg;
	struct list *bucket;
	uint64_t used[EXPIRY_WHEEL_SECONDS / 64]; /**< buckets that are not empty */
};

/** -ENOMEM. */
int expiry_wheel_init(struct expiry_wheel *w, struct loop *loop, expiry_cb *due, void *arg);
/** What is still in it is forgotten. */
void expiry_wheel_done(struct expiry_wheel *w);
void expiry_add(struct expiry_wheel *w, struct expiry *e, int64_t expires_ms);
/** One that is not in the wheel is ignored. */
void expiry_remove(struct expiry_wheel *w, struct expiry *e);

#endif
