/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Overload: what to do when more comes than can be served.
 *
 * The measure is how long a message waits before it is looked at. Before each batch of datagrams the
 * transport says how many bytes the kernel still holds; divided by the rate at which they have been
 * worked off lately, that is the delay of the last of them; to it is added how long the present batch
 * has been worked on, and what the service says that work waits elsewhere. While the delay is above
 * OVERLOAD_TARGET_US, new requests are shed before they are decoded: what belongs to a transaction we
 * have, ACK, BYE, CANCEL and every response is served, since that finishes work already begun.
 *
 * Shedding is a 503 with Retry-After (RFC 3261 21.5.4) while its budget lasts: a hundredth of the time, so
 * that refusing cannot become the work. Beyond it requests are served, in their turn: what is too much the
 * kernel drops at the full queue, which costs us nothing, and the client's retransmission comes later. Only
 * what has waited longer than OVERLOAD_LATE_US is dropped unread: its sender is about to send it again.
 * Shedding begins when the delay has stayed above the target for OVERLOAD_PATIENCE_US and stops below half of
 * the target. Responses do not wait in this queue where the system can keep them apart
 * (datagram_set_urgent).
 */
#ifndef SIP_OVERLOAD_H
#define SIP_OVERLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

#define OVERLOAD_TARGET_US 5000
/** The delay must have been above the target for so long: a pause of the machine is not overload. */
#define OVERLOAD_PATIENCE_US 20000
/** A request that has waited for longer is worth nothing: T1 is 500 ms (RFC 3261 17.1.1.1). */
#define OVERLOAD_LATE_US 300000
/** Part of the time that 503s may take: 1/100. */
#define OVERLOAD_BUDGET_SHARE 100
/** What one 503 costs, with its decoding and sending; and the most that is saved up. */
#define OVERLOAD_REFUSAL_US 5
#define OVERLOAD_BUDGET_MAX_US 2000
/** Retry-After: from 1 to 8 s, so that the refused do not all come back together. */
#define OVERLOAD_RETRY_MIN_S 1
#define OVERLOAD_RETRY_MAX_S 8
/** The clock is read again after so many messages of a batch: one may have cost much. */
#define OVERLOAD_CLOCK_EVERY 8
/** Rate before anything was measured: bytes in a millisecond; 45,000 messages of 1 kB a second. */
#define OVERLOAD_RATE_FIRST 100000

struct overload {
	struct loop *loop;
	uint64_t batch_us; /**< when the present batch began; 0: between batches */
	/** End of the last batch that left a backlog: the rate is measured from here */
	uint64_t busy_us;
	uint64_t refilled_us;
	uint64_t above_us;     /**< since when the delay is above the target; 0: it is not */
	uint64_t bytes_per_ms; /**< drain rate, a running mean; bytes as the kernel counts them */
	uint64_t batch_bytes;
	uint32_t backlog_us;  /**< delay by the kernel's backlog, as of the start of the batch */
	uint32_t reported_us; /**< delay elsewhere: overload_report */
	uint32_t delay_us;    /**< with the age of the batch */
	uint32_t budget_us;
	uint32_t seen; /**< messages of this batch */
	bool shedding;
};

enum overload_verdict { OVERLOAD_SERVE, OVERLOAD_REFUSE, OVERLOAD_DROP };

void overload_init(struct overload *o, struct loop *loop);
/** Transports: a batch of `messages` begins (0: it is over), `queued` bytes wait behind it. */
void overload_batch(struct overload *o, size_t messages, size_t queued);
/** How long work waits elsewhere (the store's queue); added to the delay until it is reported anew. */
void overload_report(struct overload *o, uint32_t delay_us);
/** Each message: its size. True while shedding: ask overload_judge about new requests. */
bool overload_message(struct overload *o, size_t bytes);
/** What a new request would get now; OVERLOAD_SERVE needs no look at it. */
enum overload_verdict overload_judge(const struct overload *o);
/** That was done: OVERLOAD_REFUSE is paid for, and both are counted. */
void overload_shed(struct overload *o, enum overload_verdict verdict);
/** Seconds for Retry-After. */
unsigned overload_retry_s(struct overload *o);
void overload_counters_register(void);

#endif
