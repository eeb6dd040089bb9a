/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned memory that grows. */
#include "store/blocks.h"

#include "base/mem.h"


/* Huge pages begin where a block does. */
static char *take(size_t room)
{
	return room >= BLOCKS_HUGE ? mem_raw_huge(room) : mem_raw(room + 2 * BLOCK_N);
}


static bool grow(struct blocks *b, size_t room)
{
	char *raw = take(room), *p;

	if (!raw)
		return false;
	p = raw + (-(uintptr_t)raw & (BLOCK_N - 1));
	if (b->n)
		memcpy(p, b->p, b->n);
	mem_free(b->raw);
	b->raw = raw;
	b->p = p;
	b->room = room;
	return true;
}


bool blocks_reserve(struct blocks *b, size_t more, size_t first)
{
	size_t room = b->room ? b->room : first;

	while (room < b->n + more)
		room *= 2;
	return room == b->room || grow(b, room);
}


void blocks_done(struct blocks *b)
{
	mem_free(b->raw);
	*b = (struct blocks){0};
}
