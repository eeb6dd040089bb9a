/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Memory for very many small blocks that come and go all the time: transactions, their messages.
 *
 * There is one free list for each size, in steps of SLAB_STEP; taking and giving back is a few
 * instructions, and nothing is ever merged or split. Blocks are cut from chunks that double in size up to
 * SLAB_CHUNK_MAX, for which the kernel is asked for huge pages: a million transactions that each wait for
 * a timer are touched in no order, and every one would cost a TLB miss. Chunks are released with the
 * slab, not before. What is larger than SLAB_BLOCK_MAX comes from mem_raw.
 *
 * Blocks are not zeroed. A slab is a counted object and belongs to one thread. Counted objects that live
 * in one (mem_alloc_in) hold a reference to it; whoever takes plain blocks gives them back before the
 * last reference goes.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define SLAB_STEP 32
#define SLAB_BLOCK_MAX 4096
/** The first chunk, and the largest: 2 MB huge pages need room to lie in. */
#define SLAB_CHUNK_MIN 16384
#define SLAB_CHUNK_MAX (8u << 20)

struct slab;

struct slab *slab_alloc(void);
/** `n` bytes, aligned for any object; NULL when out of memory. */
void *slab_take(struct slab *s, size_t n) __attribute__((malloc, warn_unused_result));
/** `n`: what it was taken with. NULL is ignored. */
void slab_give(struct slab *s, void *block, size_t n);

#endif
