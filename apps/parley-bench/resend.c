/* SPDX-License-Identifier: Apache-2.0 */
/* When each of many transactions is sent again: a queue for each time of sending. */
#include "resend.h"

#include "bench.h"

#include <stdlib.h>

#define T1_NS 500000000ull
#define T2_NS (8 * T1_NS)
#define ROOM_FIRST 65536


/* After the first sending. Timer E: 500 ms, 1 s, 2 s, 4 s, 4 s… */
static uint64_t due_after_ns(unsigned times)
{
	uint64_t at = 0, step = T1_NS;

	if (times == RESEND_TIMES)
		return RESEND_GIVE_UP_NS;
	for (unsigned i = 0; i <= times; i++) {
		at += step;
		step = step * 2 > T2_NS ? T2_NS : step * 2;
	}
	return at;
}


static void grow(struct resend_queue *q)
{
	uint32_t room = q->room ? 2 * q->room : ROOM_FIRST;
	struct resend_entry *e = malloc(room * sizeof(*e));

	if (!e)
		die("out of memory: too many transactions wait for an answer");
	for (uint32_t i = 0; i < q->n; i++)
		e[i] = q->entry[(q->first + i) & (q->room - 1)];
	free(q->entry);
	*q = (struct resend_queue){.entry = e, .room = room, .n = q->n};
}


void resend_add(struct resend *r, const struct resend_entry *e, unsigned times, bool again)
{
	struct resend_queue *q = &r->queue[again && times < RESEND_TIMES ? times : RESEND_TIMES];

	if (q->n == q->room)
		grow(q);
	q->entry[(q->first + q->n++) & (q->room - 1)] = *e;
}


bool resend_take(struct resend *r, uint64_t now, struct resend_entry *ret, unsigned *times)
{
	for (unsigned i = 0; i <= RESEND_TIMES; i++) {
		struct resend_queue *q = &r->queue[i];

		if (!q->n || now - q->entry[q->first].sent_ns < due_after_ns(i))
			continue;
		*ret = q->entry[q->first];
		*times = i;
		q->first = (q->first + 1) & (q->room - 1);
		q->n--;
		return true;
	}
	return false;
}


void resend_done(struct resend *r)
{
	for (unsigned i = 0; i <= RESEND_TIMES; i++)
		free(r->queue[i].entry);
	*r = (struct resend){0};
}
