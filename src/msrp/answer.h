/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is needed to answer a request after its frame is gone, and the success reports that follow.
 */
#ifndef MSRP_ANSWER_H
#define MSRP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "msrp/connection.h"
#include "msrp/session.h"

/** Answers the frame in hand at once, if an answer is wanted. */
void msrp_answer_now(struct msrp_connection *c, const struct msrp_frame *f, uint16_t status);
/** The chunk is over: what a success report will say. */
void msrp_answer_ended(struct msrp_answer *a, const struct msrp_receive *r, char flag);
/** A chunk of a message was taken (answered 200): reports what is due. */
void msrp_report_chunk(struct msrp_session *s, struct str to_path, struct str message_id,
		       const struct msrp_range *range, uint64_t bytes, char flag);
void msrp_partials_free(struct msrp_session *s);

#endif
