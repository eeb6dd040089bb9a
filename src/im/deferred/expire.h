/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The end of a message's time: it leaves the store, and its sender is told if they asked. One after the
 * other, by one timer that is set to the first that expires; tombstones are purged by another look.
 */
#ifndef IM_DEFERRED_EXPIRE_H
#define IM_DEFERRED_EXPIRE_H

#include "base/buf.h"
#include "base/timer.h"
#include "im/request.h"
#include "store/deferred.h"

struct deferred;

/** The timer looks at least so often: the wall clock may be set. */
#define EXPIRE_LOOK_MS 3600000
/** After trouble with the store, and for a message that is on its way to a device. */
#define EXPIRE_AGAIN_MS 1000
/** How often tombstones are purged. */
#define EXPIRE_PURGE_MS 600000
/** Messages asked for at a time. */
#define EXPIRE_PAGE 50

struct expire {
	struct deferred *d;
	struct timer timer, purge_timer;
	struct store_request read, notice, finish, purge;
	int64_t due_ms; /**< what the timer is set to, wall clock; 0: nothing */
	uint64_t page[EXPIRE_PAGE];
	size_t page_n, page_at;
	bool busy;
	bool on_its_way; /**< one was left alone in this pass */
	bool trouble;
	/** The one at hand. */
	bool expired;    /**< nobody has it: that is told */
	struct buf text; /**< what follows points into it */
	struct str user, sender, call_id, icid, notice_to;
	enum im_kind kind;
	uint64_t size;
};

void expire_start(struct expire *x, struct deferred *d);
void expire_stop(struct expire *x);
/** A message with this expiry was held. */
void expire_note(struct expire *x, int64_t expires_ms);

#endif
