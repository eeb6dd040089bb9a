/* SPDX-License-Identifier: Apache-2.0 */
/** What is counted while a generator runs, and the figures made of it in the window after the warm-up. */
#ifndef PARLEY_BENCH_MEASURE_H
#define PARLEY_BENCH_MEASURE_H

#include "bench.h"

/** Latency histogram: 10 µs steps up to 1 s. */
#define MEASURE_STEP_US 10
#define MEASURE_STEPS 100000

struct measure_mark {
	uint64_t at_ns, done, refused, sent, resent, bytes, self_ns;
	struct subject_usage usage;
};

struct measure {
	uint64_t sent, resent, done, refused, lost;
	uint64_t bytes; /**< of bodies that arrived */
	uint32_t histogram[MEASURE_STEPS];
	struct measure_mark begin;
	uint64_t begin_ns, end_ns; /**< when the window opens and closes */
};

/** All zero; the warm-up begins now. */
void measure_init(struct measure *m, const struct traffic *t);
/** To be called in every turn: false when the window has closed. Opens it when it is time. */
bool measure_goes_on(struct measure *m, const struct subject *s);
/** One more is answered with 2xx, this long after it was sent. */
void measure_done(struct measure *m, uint64_t latency_ns);
/** `by_sent`: cost and rate are for each one sent, not for each one answered. */
void measure_conclude(struct result *ret, const struct measure *m, const struct subject *s,
		      bool by_sent);

#endif
