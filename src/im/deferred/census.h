/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Walking through all users with messages, page by page, and serving those who can be reached: at the
 * start, and when some could not get a queue. The next page is read when few are in line, so that a
 * hundred thousand waiting users cost no more memory than a thousand.
 */
#ifndef IM_DEFERRED_CENSUS_H
#define IM_DEFERRED_CENSUS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/timer.h"
#include "store/deferred.h"

struct deferred;

/** Queues in line above which the census waits, and for how long. */
#define CENSUS_LINE_MAX 1000
#define CENSUS_WAIT_MS 50
/** After trouble, and before the walk is done anew for those left out. */
#define CENSUS_AGAIN_MS 30000

struct census {
	struct deferred *d;
	struct store_request read;
	struct timer timer;
	struct buf after; /**< the last user seen */
	bool walking;
	bool wanted; /**< somebody was left out */
};

void census_start(struct census *c, struct deferred *d);
void census_stop(struct census *c);
/** Somebody could not be given a queue: walk again later. */
void census_want(struct census *c);

#endif
