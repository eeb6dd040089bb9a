/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of a few sizes out of large chunks. */
#include "base/slab.h"

#include <assert.h>

#include "base/mem.h"

#define CLASSES (SLAB_BLOCK_MAX / SLAB_STEP)

/** At the start of each chunk. */
struct chunk {
	struct chunk *next;
} __attribute__((aligned(SLAB_STEP)));

struct free_block {
	struct free_block *next;
};

struct slab_class {
	struct free_block *free;
	char *fresh; /**< never taken yet, of the newest chunk */
	char *fresh_end;
	size_t chunk_size; /**< of the next one */
};

struct slab {
	struct chunk *chunks;
	size_t taken;
	struct slab_class classes[CLASSES];
};


static void destroy(void *object)
{
	struct slab *s = object;

	assert(s->taken == 0);
	while (s->chunks) {
		struct chunk *c = s->chunks;

		s->chunks = c->next;
		mem_free(c);
	}
}


struct slab *slab_alloc(void)
{
	struct slab *s = mem_alloc(sizeof(*s), destroy);

	if (!s)
		return NULL;
	for (size_t i = 0; i < CLASSES; i++)
		s->classes[i].chunk_size = SLAB_CHUNK_MIN;
	return s;
}


static inline size_t class_of(size_t n)
{
	return n ? (n - 1) / SLAB_STEP : 0;
}


static void *fresh_block(struct slab *s, struct slab_class *c, size_t size)
{
	struct chunk *chunk;
	void *block;

	if ((size_t)(c->fresh_end - c->fresh) < size) {
		chunk = mem_raw_huge(c->chunk_size);
		if (!chunk)
			return NULL;
		chunk->next = s->chunks;
		s->chunks = chunk;
		c->fresh = (char *)(chunk + 1);
		c->fresh_end = (char *)chunk + c->chunk_size;
		if (c->chunk_size < SLAB_CHUNK_MAX)
			c->chunk_size *= 2;
	}
	block = c->fresh;
	c->fresh += size;
	return block;
}


/* Where the address sanitizer watches, it shall see each block by itself. */
#ifdef __SANITIZE_ADDRESS__
#define SLAB_PLAIN 1
#else
#define SLAB_PLAIN 0
#endif


void *slab_take(struct slab *s, size_t n)
{
	struct slab_class *c;
	struct free_block *b;
	void *block;

	if (SLAB_PLAIN || n > SLAB_BLOCK_MAX) {
		block = mem_raw(n);
	} else {
		c = &s->classes[class_of(n)];
		b = c->free;
		if (b) {
			c->free = b->next;
			/* Given back long ago, maybe: it is to be in the cache when it is taken. */
			__builtin_prefetch(b->next, 1);
		}
		block = b ? b : fresh_block(s, c, (class_of(n) + 1) * SLAB_STEP);
	}
	s->taken += block != NULL;
	return block;
}


void slab_give(struct slab *s, void *block, size_t n)
{
	struct free_block *b = block;

	if (!block)
		return;
	s->taken--;
	if (SLAB_PLAIN || n > SLAB_BLOCK_MAX) {
		mem_free(block);
		return;
	}
	b->next = s->classes[class_of(n)].free;
	s->classes[class_of(n)].free = b;
}
