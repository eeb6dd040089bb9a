/* SPDX-License-Identifier: Apache-2.0 */
/* A message that arrives over MSRP: what is here of it, and what its chunks are answered. */
#include "im/intake.h"

#include <errno.h>


bool intake_is_nothing(const struct msrp_frame *f)
{
	struct str type = f->content_type;

	return !f->body ||
	       str_eq_nocase(str_trim(str_cut(&type, ';')), STR("application/im-iscomposing+xml"));
}


bool intake_is_larger(const struct msrp_frame *f, uint64_t max_size)
{
	return f->has_range && f->range.total != MSRP_RANGE_UNKNOWN && f->range.total > max_size;
}


uint16_t intake_status(int error)
{
	switch (error) {
	case -EFBIG:
	case -EDQUOT:
	case -ENOSPC:
	case -ENOBUFS:
	case -EMSGSIZE:
		return 413;
	default:
		return 408;
	}
}


/* ---- Its chunks ---- */

void intake_begin_chunk(struct intake *in, struct msrp_receive *rc, void *user)
{
	in->chunks++;
	rc->user = user;
}


void intake_end_chunk(struct intake *in, struct msrp_receive *rc, char flag)
{
	in->chunks--;
	rc->user = NULL;
	if (flag == '$')
		in->total = rc->offset;
}


int intake_add(struct intake *in, uint64_t at, size_t n)
{
	if (!byte_runs_add(&in->runs, at, at + n))
		return -ENOBUFS;
	if (at + n > in->size)
		in->size = at + n;
	return 0;
}


bool intake_whole(const struct intake *in)
{
	return !in->refused && !in->chunks && in->size && in->total != MSRP_RANGE_UNKNOWN &&
	       byte_runs_whole(&in->runs) >= in->total;
}


/* ---- The answer that waits ---- */

uint16_t intake_defer(struct intake *in, struct msrp_receive *rc)
{
	in->answer = msrp_receive_defer(rc);
	if (in->answer)
		return MSRP_LATER;
	return msrp_response_wanted(rc->frame, 200) ? 0 : 200;
}


void intake_answer(struct intake *in, uint16_t status)
{
	struct msrp_answer *answer = in->answer;

	in->answer = NULL;
	if (answer)
		msrp_answer_give(answer, status);
}
