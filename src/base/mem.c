/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: counted objects, plain blocks, arenas, and the hook that refuses allocations. */
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/slab.h"

/** All that malloc gives is aligned so, and so is what we hand on. */
#define MEM_ALIGN 16
/** In the header of a live object; anything else was freed, or never came from mem_alloc. */
#define MEM_MARK 0x50726c79u
/** The same of one that lives in a slab. */
#define MEM_MARK_SLABBED 0x50726c7au

#define MEM_HUGE_PAGE (2u << 20)
/** Two huge pages: one of them at least lies in it whole. */
#define MEM_HUGE_MIN (4u << 20)
/** Of the cache; and what is less than a few of them is not worth it. */
#define LINE 64
#define COPY_AWAY_MIN 512

/** Before each counted object. */
struct mem_header {
	mem_destroy_cb *destroy;
	uint32_t refs; /**< 0 while the destructor runs */
	uint32_t mark;
} __attribute__((aligned(MEM_ALIGN)));

_Static_assert(sizeof(struct mem_header) == MEM_ALIGN, "objects stay aligned behind their header");

/** Before each counted object in a slab. */
struct mem_slabbed {
	struct slab *slab;
	size_t size; /**< of the block */
	struct mem_header header;
};

/**
 * Live blocks. The thread that allocates first (the loop's) counts without a locked instruction,
 * all others together in the second number. A block may be freed by another thread than made it,
 * so that only the sum means something; hence it wraps rather than goes negative.
 */
static _Thread_local char self;
static char *_Atomic owner;
static atomic_size_t live_owner;
static atomic_size_t live_others;

/** The out-of-memory hook: allocations still to succeed; not looked at until armed. */
static atomic_bool hook_armed;
static atomic_size_t hook_left;
static atomic_size_t hook_refused;


static void live_add(size_t by)
{
	char *me = atomic_load_explicit(&owner, memory_order_relaxed);

	if (!me && atomic_compare_exchange_strong(&owner, &me, &self))
		me = &self;
	if (me == &self) {
		size_t n = atomic_load_explicit(&live_owner, memory_order_relaxed);

		atomic_store_explicit(&live_owner, n + by, memory_order_relaxed);
	} else {
		atomic_fetch_add_explicit(&live_others, by, memory_order_relaxed);
	}
}


static bool hook_refuses(void)
{
	size_t left = atomic_load(&hook_left);

	while (left > 0)
		if (atomic_compare_exchange_weak(&hook_left, &left, left - 1))
			return false;

	atomic_fetch_add(&hook_refused, 1);
	return true;
}


static inline bool refused(size_t size)
{
	if (size > PTRDIFF_MAX - sizeof(struct mem_header))
		return true;
	return __builtin_expect(atomic_load_explicit(&hook_armed, memory_order_relaxed), 0) &&
	       hook_refuses();
}


static inline struct mem_header *header_of(const void *object)
{
	struct mem_header *h = (struct mem_header *)(uintptr_t)object - 1;

	assert(h->mark == MEM_MARK || h->mark == MEM_MARK_SLABBED);
	return h;
}


void *mem_alloc(size_t size, mem_destroy_cb *destroy)
{
	struct mem_header *h;

	if (refused(size))
		return NULL;
	h = calloc(1, sizeof(*h) + size);
	if (!h)
		return NULL;

	h->destroy = destroy;
	h->refs = 1;
	h->mark = MEM_MARK;
	live_add(1);
	return h + 1;
}


void *mem_alloc_in(struct slab *slab, size_t size, mem_destroy_cb *destroy)
{
	struct mem_slabbed *b = slab_take(slab, sizeof(*b) + size);

	if (!b)
		return NULL;

	b->slab = mem_ref(slab);
	b->size = sizeof(*b) + size;
	b->header = (struct mem_header){.destroy = destroy, .refs = 1, .mark = MEM_MARK_SLABBED};
	memset(b + 1, 0, size);
	live_add(1);
	return b + 1;
}


static void release(struct mem_header *h)
{
	struct mem_slabbed *b;
	struct slab *slab;

	if (h->mark == MEM_MARK) {
		h->mark = 0;
		free(h);
		return;
	}
	b = container_of(h, struct mem_slabbed, header);
	h->mark = 0;
	slab = b->slab;
	slab_give(slab, b, b->size);
	mem_unref(slab);
}


void *mem_ref(void *object)
{
	struct mem_header *h;

	if (!object)
		return NULL;
	h = header_of(object);
	assert(h->refs > 0 && h->refs < UINT32_MAX);
	h->refs++;
	return object;
}


void *mem_unref(void *object)
{
	struct mem_header *h;

	if (!object)
		return NULL;
	h = header_of(object);
	assert(h->refs > 0);
	if (--h->refs > 0)
		return NULL;

	if (h->destroy)
		h->destroy(object);
	assert(h->refs == 0);
	live_add((size_t)-1);
	release(h);
	return NULL;
}


uint32_t mem_refs(const void *object)
{
	return object ? header_of(object)->refs : 0;
}


void *mem_raw(size_t size)
{
	void *p;

	if (refused(size))
		return NULL;
	p = malloc(size ? size : 1);
	if (p)
		live_add(1);
	return p;
}


void *mem_raw_huge(size_t size)
{
	void *p = NULL;

	if (size < MEM_HUGE_PAGE)
		return mem_raw(size);
	if (refused(size) || posix_memalign(&p, MEM_HUGE_PAGE, size))
		return NULL;
	live_add(1);
	(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}


void *mem_resize(void *block, size_t size)
{
	void *p;

	if (!block)
		return mem_raw(size);
	if (refused(size))
		return NULL;
	p = realloc(block, size ? size : 1);
	return p;
}


void mem_free(void *block)
{
	if (!block)
		return;
	live_add((size_t)-1);
	free(block);
}


void mem_advise_huge(void *block, size_t size)
{
	uintptr_t page = 4096, from = ((uintptr_t)block + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)block + size) & ~(page - 1);

	if (size >= MEM_HUGE_MIN && from < to)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}


#ifdef __SSE2__
/* Whole lines; says how many bytes. */
static size_t copy_lines(char *to, const char *from, size_t n)
{
	size_t i = 0;

	for (; i + LINE <= n; i += LINE) {
		const __m128i *f = (const void *)(from + i);
		__m128i *t = (void *)(to + i), v[LINE / 16];

		for (int k = 0; k < LINE / 16; k++)
			v[k] = _mm_loadu_si128(f + k);
		for (int k = 0; k < LINE / 16; k++)
			_mm_stream_si128(t + k, v[k]);
	}
	_mm_sfence();
	return i;
}
#else
static size_t copy_lines(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	return n;
}
#endif


void mem_copy_away(void *to, const void *from, size_t n)
{
	size_t done = -(uintptr_t)to & (LINE - 1);

	if (n < COPY_AWAY_MIN) {
		if (n)
			memcpy(to, from, n);
		return;
	}
	memcpy(to, from, done);
	done += copy_lines((char *)to + done, (const char *)from + done, n - done);
	memcpy((char *)to + done, (const char *)from + done, n - done);
}


size_t mem_live_blocks(void)
{
	return atomic_load_explicit(&live_owner, memory_order_relaxed) + atomic_load(&live_others);
}


void mem_fail_after(size_t n)
{
	atomic_store(&hook_left, n);
	atomic_store(&hook_armed, n != SIZE_MAX);
}


size_t mem_failed(void)
{
	return atomic_exchange(&hook_refused, 0);
}


/* ---- Arenas ---- */

/** The first block fits an ordinary request; each next one doubles, up to the last size. */
#define ARENA_BLOCK_FIRST 2048
#define ARENA_BLOCK_LAST 65536

struct arena_block {
	struct arena_block *next;
	size_t size;
} __attribute__((aligned(MEM_ALIGN)));


/** Size of the block to come: doubling, but no more than the ceiling still allows. */
static size_t arena_block_size(const struct arena *a, size_t need)
{
	size_t size = a->blocks ? a->blocks->size * 2 : ARENA_BLOCK_FIRST;

	if (size > ARENA_BLOCK_LAST)
		size = ARENA_BLOCK_LAST;
	if (size > a->max - a->used + MEM_ALIGN)
		size = a->max - a->used + MEM_ALIGN;
	return size < need ? need : size;
}


/** A block of its own for a large piece, behind the current one, which goes on being filled. */
static void *arena_large(struct arena *a, size_t need)
{
	struct arena_block *b = mem_raw(sizeof(*b) + need);

	if (!b)
		return NULL;
	b->size = need;
	b->next = a->blocks->next;
	a->blocks->next = b;
	return b + 1;
}


/** `need` bytes from a new block. */
static void *arena_grow(struct arena *a, size_t need)
{
	struct arena_block *b;
	size_t size;

	if (a->blocks && need > ARENA_BLOCK_FIRST / 2)
		return arena_large(a, need);

	size = arena_block_size(a, need);
	b = mem_raw(sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	a->p = (char *)(b + 1) + need;
	a->left = size - need;
	return b + 1;
}


/** `size` bytes, not zeroed, at a multiple of `align` (a power of two). */
static void *arena_take(struct arena *a, size_t size, size_t align)
{
	size_t pad = -(uintptr_t)a->p & (align - 1);
	void *p;

	if (size > a->max || a->used > a->max - size)
		return NULL;
	if (a->left >= pad && a->left - pad >= size) {
		p = a->p + pad;
		a->p += pad + size;
		a->left -= pad + size;
	} else {
		p = arena_grow(a, size);
		if (!p)
			return NULL;
	}
	a->used += size;
	return p;
}


void *arena_alloc(struct arena *a, size_t size)
{
	void *p = arena_take(a, size ? size : 1, MEM_ALIGN);

	if (p)
		memset(p, 0, size);
	return p;
}


struct str arena_str(struct arena *a, struct str s)
{
	char *p;

	if (s.n == SIZE_MAX)
		return STR_NULL;
	p = arena_take(a, s.n + 1, 1);
	if (!p)
		return STR_NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (struct str){p, s.n};
}


void arena_done(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;

		a->blocks = b->next;
		mem_free(b);
	}
	*a = (struct arena){.max = a->max};
}
