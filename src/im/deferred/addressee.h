/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Somebody for whom messages wait and who can be reached: the queues of their devices. It lives as long
 * as one of them does; for whom nothing can be done now there is nothing in memory.
 */
#ifndef IM_DEFERRED_ADDRESSEE_H
#define IM_DEFERRED_ADDRESSEE_H

#include "im/deferred/device_queue.h"

/** Messages whose delivery was told of lately: one message to two devices is told of once. */
#define ADDRESSEE_TOLD 8

struct addressee {
	struct hash_link link;
	struct deferred *d;
	struct list queues;
	struct list parked; /**< of them, those that wait for one of this user's slots */
	size_t active;
	uint64_t told[ADDRESSEE_TOLD];
	uint8_t told_at;
	size_t aor_n;
	char aor[];
};

static inline struct str addressee_aor(const struct addressee *a)
{
	return (struct str){a->aor, a->aor_n};
}

struct addressee *addressee_find(const struct deferred *d, struct str aor);
/** Without a queue left it goes. */
void addressee_release(struct addressee *a);
struct device_queue *addressee_queue(const struct addressee *a, struct str key);
/** First time for this message? Remembers it. */
bool addressee_tell(struct addressee *a, uint64_t id);

/** Can messages be brought to this user now? */
bool addressee_reachable(const struct deferred *d, struct str aor);
/**
 * Something waits for the user: every device that can be reached gets a queue, or its queue hears of it.
 * `rest_ms`: new ones rest first. Number of devices, or -errno of the first that failed.
 */
int addressee_wake(struct deferred *d, struct str aor, uint64_t rest_ms, enum queue_cause cause);
/** One device of the user registered: QUEUE_REGISTERED or QUEUE_REFRESHED. */
int addressee_wake_device(struct deferred *d, struct str aor, const struct registration_binding *b,
			  enum queue_cause cause);

#endif
