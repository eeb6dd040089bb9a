/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What msrp/ counts, in one table: the names stand in counters.c.
 */
#ifndef MSRP_COUNTERS_H
#define MSRP_COUNTERS_H

#include <stdint.h>

#include "base/counter.h"

enum msrp_counter {
	MSRP_G_SESSIONS,
	MSRP_G_CONNECTIONS,
	MSRP_G_TRANSACTIONS,
	MSRP_C_ACCEPTED,
	MSRP_C_OPENED,
	MSRP_C_OPEN_FAILED,
	MSRP_C_CLOSED,
	MSRP_C_FAILED,
	MSRP_C_UNBOUND,
	MSRP_C_REFUSED,
	MSRP_C_REFUSED_HOST,
	MSRP_C_REFUSED_SESSION,
	MSRP_C_BROKEN,
	MSRP_C_FRAMES,
	MSRP_C_FRAMES_SENT,
	MSRP_C_FAULTS,
	MSRP_C_STRANGERS,
	MSRP_C_IN_USE,
	MSRP_C_UNKNOWN_ANSWER,
	MSRP_C_TIMEOUT,
	MSRP_C_INTERRUPTED,
	MSRP_C_PAUSED,
	MSRP_C_TOO_LARGE,
	MSRP_C_REPORTS,
	MSRP_C_COUNT,
};

extern struct counter msrp_counters[MSRP_C_COUNT];


static inline void msrp_count(enum msrp_counter which, int64_t by)
{
	counter_add(&msrp_counters[which], by);
}

#endif
