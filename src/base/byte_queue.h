/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bytes waiting to leave: put at the end, taken from the front, no storage while empty.
 *
 * Taking moves nothing: a reader that takes a megabyte in small bites costs no copying of the rest.
 * The ceiling is the caller's affair.
 */
#ifndef BASE_BYTE_QUEUE_H
#define BASE_BYTE_QUEUE_H

#include <stddef.h>

struct byte_queue {
	char *block;
	size_t from; /**< first byte in use */
	size_t n;    /**< bytes in use */
	size_t cap;
};

/** -ENOMEM, and nothing is taken. */
int byte_queue_put(struct byte_queue *q, const void *p, size_t n);
/** Drop the first `n`; the storage goes with the last byte. */
void byte_queue_take(struct byte_queue *q, size_t n);
/** Empty; may be used again. */
void byte_queue_done(struct byte_queue *q);


static inline char *byte_queue_first(const struct byte_queue *q)
{
	return q->block + q->from;
}

#endif
