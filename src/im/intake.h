/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A message that arrives over MSRP and ends here (im/media_end.h): which of its bytes are here, whether it is whole,
 * and what its chunks are answered. Where the bytes go is the owner's affair.
 *
 *   intake_begin_chunk           a chunk of it begins (`head`); the owner has asked whether it is wanted
 *   intake_add                   a piece was taken
 *   intake_end_chunk             it has ended, or its connection has
 *   intake_whole                 nothing is missing and no chunk is under way
 *   intake_defer                 "2xx means on disk": the answer to the chunk that made it whole waits
 *   intake_answer                it is on disk, or will not be
 */
#ifndef IM_INTAKE_H
#define IM_INTAKE_H

#include "im/byte_runs.h"
#include "msrp/session.h"

struct intake {
	struct byte_runs runs;
	uint64_t size;              /**< the end of the furthest piece */
	uint64_t total;             /**< MSRP_RANGE_UNKNOWN: its last chunk has not come */
	unsigned chunks;            /**< under way */
	uint16_t refused;           /**< what the rest of it is answered; 0: it is wanted */
	struct msrp_answer *answer; /**< of the chunk that made it whole, while it waits */
};

#define INTAKE_INIT                         \
	{                                   \
		.total = MSRP_RANGE_UNKNOWN \
	}

/** Nothing to keep: an empty SEND, or that somebody is writing (RFC 3994). */
bool intake_is_nothing(const struct msrp_frame *f);
/** RFC 4975 7.3.1, 10.5: it says itself that it is larger. */
bool intake_is_larger(const struct msrp_frame *f, uint64_t max_size);
/** What a chunk is answered whose bytes cannot be taken. RFC 4975 10.5: 413 stops the sender; 408: it may try again. */
uint16_t intake_status(int error);

void intake_begin_chunk(struct intake *in, struct msrp_receive *rc, void *user);
/** `flag` as in the handler's `end`; 0: it broke off. */
void intake_end_chunk(struct intake *in, struct msrp_receive *rc, char flag);
/** These bytes are here now. -ENOBUFS: too many gaps. */
int intake_add(struct intake *in, uint64_t at, size_t n);
bool intake_whole(const struct intake *in);

/** MSRP_LATER: intake_answer follows; 200: no answer is wanted; 0: out of memory. */
uint16_t intake_defer(struct intake *in, struct msrp_receive *rc);
/** None waits: nothing. */
void intake_answer(struct intake *in, uint16_t status);

#endif
