/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What went over the virtual network, in order: printed after a failure (the recent part, as one peer saw
 * it) and with -v (all).
 */
#ifndef RUNNER_LADDER_H
#define RUNNER_LADDER_H

#include "scenario/runner/text.h"

struct scn_rung {
	struct scn_rung *next;
	uint64_t at_ms;
	struct str from, to;
	struct str over; /**< udp, tcp, tls; empty: an event, not a message */
	struct str what;
	bool fault; /**< it did not get through */
};

struct scn_ladder {
	struct arena *arena;
	struct scn_rung *first, *last;
	size_t n;
};

/** All texts must live as long as the arena. */
void scn_ladder_add(struct scn_ladder *l, const struct scn_rung *r);
/** The last `max` rungs that have `peer` at an end (all when empty), each line after `prefix`. */
void scn_ladder_print(const struct scn_ladder *l, struct str peer, size_t max, const char *prefix,
		      struct buf *out);
/** "MESSAGE sip:bob@example.org (2 MESSAGE)", "200 OK (2 MESSAGE)", or bytes escaped. */
struct str scn_ladder_summary(struct arena *a, struct str bytes);

#endif
