/* SPDX-License-Identifier: Apache-2.0 */
/* A message that came in many frames, as one. */
#include "scenario/runner/msrp.h"
#include "scenario/runner/play.h"
#include "scenario/runner/react.h"

/** A message put together: more than any scenario sends. */
#define MESSAGE_MAX ((size_t)64 << 20)


static bool is_send(const struct scn_arrival *a)
{
	return a->kind == SCN_MESSAGE && a->msg->msrp && str_eq(a->msg->method, STR("SEND"));
}


/** Those of one message: they came over one session under one Message-ID. */
static bool belongs(const struct scn_arrival *a, const struct scn_msg *first)
{
	return !a->taken && is_send(a) && !a->excused &&
	       str_eq(scn_header_value(a->msg, STR("Message-ID")),
		      scn_header_value(first, STR("Message-ID"))) &&
	       str_eq(scn_header_value(a->msg, STR("To-Path")),
		      scn_header_value(first, STR("To-Path")));
}


/** Its bytes where its range says; without a range at the end. False: it does not fit. */
static bool put(struct buf *b, const struct scn_msg *m)
{
	struct str range = scn_header_value(m, STR("Byte-Range"));
	uint64_t start, end, total;

	if (!scn_msrp_range(range, &start, &end, &total) || !start || start > MESSAGE_MAX)
		return false;
	if (!range.p)
		start = b->n + 1;
	while (b->n < start - 1)
		buf_putc(b, '\0');
	if (start - 1 + m->body.n > b->n)
		b->n = start - 1;
	else
		return true; /* it came before */
	buf_puts(b, m->body);
	return !b->failed;
}


struct scn_arrival *scn_msrp_gather(struct scn_peer *peer, bool *whole)
{
	struct scn_arrival *first = scn_peer_waiting(peer), *ret;
	struct arena *arena = peer->play->arena;
	struct buf b = BUF_INIT(MESSAGE_MAX);

	*whole = false;
	if (!first || !is_send(first))
		return NULL;
	ret = scn_alloc(arena, sizeof(*ret));
	*ret = *first;
	ret->msg = scn_alloc(arena, sizeof(*ret->msg));
	*ret->msg = *first->msg;
	ret->chunks = 0;
	for (struct scn_arrival *a = first; a && !*whole; a = a->next) {
		if (!belongs(a, first->msg))
			continue;
		if (!put(&b, a->msg))
			break;
		ret->chunks++;
		ret->msg->flag = a->msg->flag;
		*whole = !str_eq(a->msg->flag, STR("+"));
	}
	for (struct scn_arrival *a = first; *whole && a; a = a->next) {
		if (!belongs(a, first->msg))
			continue;
		a->taken = true;
		if (!str_eq(a->msg->flag, STR("+")))
			break;
	}
	ret->msg->body = *whole ? scn_copy(arena, buf_str(&b)) : STR("");
	buf_done(&b);
	return ret;
}
