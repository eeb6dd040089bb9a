/* SPDX-License-Identifier: Apache-2.0 */
/**
 * kill -9, at any point: a worker process writes to the world's store as fast as it goes and tells by a pipe what was
 * acknowledged; the test kills it, takes what it was told, and looks whether the store says the same.
 */
#ifndef TEST_STORE_CRASH_H
#define TEST_STORE_CRASH_H

#include <stddef.h>
#include <stdint.h>

#include "world.h"

/** The worker, in its own process. A mistake there ends in _exit. */
struct crash_worker {
	struct loop *loop;
	struct store *store;
	uint32_t next; /**< the number of what is written next */
	int pipe;
};

struct crash {
	/** In the worker: begins as many writes as are to be outstanding; each answer begins another. */
	void (*begin)(struct crash_worker *w);
	/** In the test: what the worker told, in order. */
	void (*take)(const void *told, void *arg);
	size_t told_n; /**< bytes of it */
	unsigned most; /**< it is killed after 1 … so many */
};

/** Of the worker's: this was acknowledged. */
void crash_tell(const struct crash_worker *w, const void *told, size_t n);
/** One life of a worker whose numbers begin with `first`. The world's store is closed meanwhile, and open after. */
void crash_round(const struct crash *c, struct world *w, uint32_t first, void *arg);

#endif
