/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Memory: counted objects, plain blocks, and the arena of one request.
 *
 * Everything the server allocates comes from here (a style check sees to it), so that the
 * out-of-memory run of the tests can make the n-th allocation fail.
 *
 * Counted objects. mem_alloc gives one reference; mem_ref adds one; mem_unref drops one and, with
 * the last, runs the destructor and frees. mem_unref takes NULL and returns NULL, hence
 *     o->peer = mem_unref(o->peer);
 * A destructor is an inventory: unlink, cancel timers, cancel requests, drop members. It copes with
 * half-built objects. The memory is zeroed. There are no locks: a counted object belongs to the
 * thread that runs the loop.
 *
 * Arenas. What one request needs is allocated in its arena and dies with it: no single frees.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct slab;

typedef void(mem_destroy_cb)(void *object);

/** A zeroed counted object; NULL when out of memory. `destroy` may be NULL. */
void *mem_alloc(size_t size, mem_destroy_cb *destroy) __attribute__((malloc, warn_unused_result));
/** The same, in a slab (base/slab.h): for objects that come and go in great numbers. */
void *mem_alloc_in(struct slab *slab, size_t size, mem_destroy_cb *destroy)
	__attribute__((malloc, warn_unused_result));
void *mem_ref(void *object);
void *mem_unref(void *object);
uint32_t mem_refs(const void *object);

/**
 * Plain blocks, for buffers and tables, in any thread; mem_free takes NULL. mem_resize(NULL, n)
 * allocates; a resize that fails leaves the block as it was.
 */
void *mem_raw(size_t size) __attribute__((malloc, warn_unused_result));
void *mem_resize(void *block, size_t size) __attribute__((warn_unused_result));
void mem_free(void *block);

/**
 * As mem_raw, beginning at a huge page where it is as large as one, and made of such where the kernel has any:
 * for memory that is touched in no order. Released with mem_free.
 */
void *mem_raw_huge(size_t size) __attribute__((malloc, warn_unused_result));
/** Asks the kernel for huge pages under a large block that is touched in no order; a hint, no more. */
void mem_advise_huge(void *block, size_t size);

/**
 * memcpy to where this processor will not look again, for a device reads it next: past the caches, where the processor
 * can. The lines need not be fetched from who read them last, and what is in the cache stays there.
 */
void mem_copy_away(void *to, const void *from, size_t n);

/** Blocks allocated now and not yet freed, by all threads; for the tests and the metrics page. */
size_t mem_live_blocks(void);

/**
 * Test hook: let `n` more allocations succeed, then fail every one; SIZE_MAX switches it off.
 * mem_failed() counts those refused since the last call.
 */
void mem_fail_after(size_t n);
size_t mem_failed(void);

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/** ---- Arenas ---- */
struct arena_block;

struct arena {
	struct arena_block *blocks;
	char *p;
	size_t left;
	size_t used; /**< bytes given out */
	size_t max;  /**< ceiling of `used` */
};

#define ARENA_INIT(ceiling)      \
	{                        \
		.max = (ceiling) \
	}

/** Zeroed, aligned for any object; NULL past the ceiling or out of memory. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((warn_unused_result));
/** A copy inside the arena, followed by a NUL; STR_NULL when it did not fit. */
struct str arena_str(struct arena *a, struct str s);
/** Frees all of it; the arena can be used again. */
void arena_done(struct arena *a);

#endif
