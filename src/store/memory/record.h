/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the memory backend: a noun's record with its texts in one block, and keys of several parts.
 *
 * The record is the last member of the block's struct; what stands before it (nodes) is zeroed:
 *
 *     struct item {
 *             struct ordered_node node;
 *             struct store_document document;
 *     };
 *
 *     i = memory_record_make(offsetof(struct item, document), d, &store_document_shape, key, &i->node.key)
 */
#ifndef STORE_MEMORY_RECORD_H
#define STORE_MEMORY_RECORD_H

#include "base/buf.h"
#include "store/job.h"

/** Bytes of the longest key: the texts of one request of a deferred message. */
#define MEMORY_KEY_MAX (64u << 10)

/**
 * A block of `front` zero bytes, a copy of the record, its texts and a copy of `key`, told in *key_copy
 * (NULL: not wanted). NULL: out of memory. To be released with mem_unref.
 */
void *memory_record_make(size_t front, const void *record, const struct store_shape *shape,
			 struct str key, struct str *key_copy);

/** Appends a part of a key and its end. Parts have no NUL, so that keys sort part by part. */
void memory_key_text(struct buf *b, struct str part);
/** Appends a number of fixed length that sorts as itself. */
void memory_key_number(struct buf *b, uint64_t number);

#endif
