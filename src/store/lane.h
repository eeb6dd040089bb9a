/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the store: a lane carries jobs over one connection, in order, in groups.
 *
 * While one group is being worked on, what arrives gathers in the queue; when the group is done, all
 * that has gathered is the next group. For writes a group is one transaction.
 *
 *   IDLE --job--> BUSY --group done, queue empty--> IDLE
 *                  '--group done, more in queue--> BUSY
 *
 * A lane whose store is gone finishes its queue, answers nobody, closes its connection and frees
 * itself.
 */
#ifndef STORE_LANE_H
#define STORE_LANE_H

#include "store/job.h"

struct store_lane {
	struct work work;
	struct deferred_call turn; /**< does a group without threads, or refuses one */
	struct timer late;
	struct loop *loop; /**< borrowed from the store; unused once that is gone */
	const struct store_backend *backend;
	void *connection;
	struct store *store; /**< NULL: gone */
	bool writes;
	bool busy; /**< a group is being worked on or answered */
	bool held;
	uint32_t delay_ms;
	struct list queue; /**< the loop's */
	struct list group; /**< whoever works on it */
	int trouble;       /**< of the last group */
	struct buf why;
};

/** Opens the connection. */
int store_lane_open(struct store_lane **ret, struct store *s, struct loop *loop,
		    const struct store_backend *backend, struct str where, bool writes,
		    struct buf *why);
/** The store goes away. */
void store_lane_close(struct store_lane *l);
void store_lane_add(struct store_lane *l, struct store_job *j);
void store_lane_kick(struct store_lane *l);

/** In store.c: a group came back; jobs are answered, then this. */
void store_lane_report(struct store *s, int trouble, struct str why);

#endif
