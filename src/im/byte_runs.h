/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which bytes of a message are here: its chunks come in any order (RFC 4975 7.3.1). In order, which is nearly
 * always, that is one run.
 */
#ifndef IM_BYTE_RUNS_H
#define IM_BYTE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Runs that do not touch each other: who interrupts a message leaves one or two gaps, not tens. */
#define BYTE_RUNS_MAX 16

/** From `start` to before `end`. */
struct byte_run {
	uint64_t start, end;
};

/** Zeroed, there are none. */
struct byte_runs {
	struct byte_run run[BYTE_RUNS_MAX];
	size_t n;
};

/** These are here now; what they touch becomes one run. False: too many that do not touch. */
bool byte_runs_add(struct byte_runs *r, uint64_t start, uint64_t end);
/** Bytes that are here from the first on, without a gap. */
uint64_t byte_runs_whole(const struct byte_runs *r);

#endif
