/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the store: bytes gathered in memory that a disk can take as it is, past the page cache (O_DIRECT). */
#ifndef STORE_BLOCKS_H
#define STORE_BLOCKS_H

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/** The bytes begin at a multiple of this, and there is room behind them up to the next. */
#define BLOCK_N 4096
/** A power of two from which on they are huge pages, where the kernel has any: a disk takes one in one piece. */
#define BLOCKS_HUGE (2u << 20)

struct blocks {
	char *raw;
	char *p;
	size_t n, room;
};

/** Room for so many more; the first time for `first` (whole blocks), then it doubles. False: out of memory. */
bool blocks_reserve(struct blocks *b, size_t more, size_t first);
void blocks_done(struct blocks *b);


/** There is room. */
static inline void blocks_put(struct blocks *b, struct str s)
{
	mem_copy_away(b->p + b->n, s.p, s.n);
	b->n += s.n;
}


static inline uint64_t blocks_down(uint64_t n)
{
	return n & ~(uint64_t)(BLOCK_N - 1);
}


static inline uint64_t blocks_up(uint64_t n)
{
	return blocks_down(n + BLOCK_N - 1);
}

#endif
