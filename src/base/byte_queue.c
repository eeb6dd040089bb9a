/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes waiting to leave a connection. */
#include "base/byte_queue.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

/* One or two SIP messages. A burst is copied twice at most on the way to a whole read of a connection. */
#define BYTE_QUEUE_FIRST 4096
#define BYTE_QUEUE_SECOND 16384
#define BYTE_QUEUE_THIRD 131072


static size_t next_cap(size_t cap)
{
	if (cap < BYTE_QUEUE_FIRST)
		return BYTE_QUEUE_FIRST;
	if (cap < BYTE_QUEUE_SECOND)
		return BYTE_QUEUE_SECOND;
	return cap < BYTE_QUEUE_THIRD ? BYTE_QUEUE_THIRD : cap * 2;
}


static int grow(struct byte_queue *q, size_t need)
{
	size_t cap = q->cap;
	char *block;

	while (cap < need) {
		if (cap > SIZE_MAX / 2)
			return -ENOMEM;
		cap = next_cap(cap);
	}
	block = mem_raw(cap);
	if (!block)
		return -ENOMEM;
	if (q->n)
		memcpy(block, byte_queue_first(q), q->n);
	mem_free(q->block);
	q->block = block;
	q->cap = cap;
	q->from = 0;
	return 0;
}


int byte_queue_put(struct byte_queue *q, const void *p, size_t n)
{
	if (n == 0)
		return 0;
	if (n > SIZE_MAX - q->n)
		return -ENOMEM;
	if (q->cap - q->from - q->n < n) {
		/* Moving down pays only when at least half of the block has been taken. */
		if (q->from >= q->cap / 2 && q->n + n <= q->cap) {
			memmove(q->block, byte_queue_first(q), q->n);
			q->from = 0;
		} else {
			int err = grow(q, q->n + n);

			if (err)
				return err;
		}
	}
	memcpy(byte_queue_first(q) + q->n, p, n);
	q->n += n;
	return 0;
}


void byte_queue_take(struct byte_queue *q, size_t n)
{
	if (n >= q->n) {
		byte_queue_done(q);
		return;
	}
	q->from += n;
	q->n -= n;
}


void byte_queue_done(struct byte_queue *q)
{
	mem_free(q->block);
	*q = (struct byte_queue){0};
}
