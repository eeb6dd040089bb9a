/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the store: where contents are, a directory or the process's memory, and its files.
 *
 * DIRECTORY/3f/9a7c21… : the first two digits of a name are a directory, so that none grows large; ".part"
 * behind it: not finished. Functions with `directory` may be called in any thread; those with an area on the
 * loop only.
 */
#ifndef STORE_CONTENT_AREA_H
#define STORE_CONTENT_AREA_H

#include <limits.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/timer.h"
#include "store/blocks.h"
#include "store/content.h"

struct content_area {
	struct loop *loop;
	char *directory;         /**< NULL: in memory */
	struct hash_table files; /**< in memory */
	size_t bytes;
	/** Memory of fast writers that are done, for the next ones; gone when none has come for a while. */
	struct blocks spare[STORE_CONTENT_FAST_MAX];
	size_t spares, lent;
	struct timer rest;
};

/** Bytes in memory; names share them. */
struct content_bytes {
	struct content_area *area; /**< NULL: gone */
	struct buf data;
};

/** Counted. `directory` NULL: in memory. */
int content_area_alloc(struct content_area **ret, struct loop *loop, const char *directory);
/** The area of a store. */
struct content_area *store_content_area(struct store *s);

/** Empty, with room for STORE_CONTENT_FAST_QUEUE_MAX; false: enough are lent, or there is no memory. */
bool content_fast_take(struct content_area *a, struct blocks *ret);
void content_fast_give(struct content_area *a, struct blocks *b);

/** A counted block; NULL: no such name. */
struct content_bytes *content_memory_find(const struct content_area *a, struct str name);
/** Takes a reference of `b` under this name. -ENOMEM. */
int content_memory_add(struct content_area *a, struct str name, struct content_bytes *b);
void content_memory_remove(struct content_area *a, struct str name);

/** A name that no content had. On the loop. */
void content_name_make(struct content_area *a, char ret[STORE_CONTENT_NAME_N]);
/** A name as it is made here: nothing else may become a path. */
bool content_name_ok(struct str name);
/** The path, NUL-terminated. */
void content_path(char path[PATH_MAX], const char *directory, struct str name, bool part);
/** The directory of a name, made when it is not there. 0 or -errno. */
int content_make_directory(const char *directory, struct str name);
/** 0 when it is gone, also when it was not there. */
int content_unlink(const char *directory, struct str name, bool part);
/** One more name of a content, on disk when this returns. 0 or -errno: there is none. */
int content_link(const char *directory, struct str name, struct str other);
/** fsync of the directory that has this name. */
int content_sync_directory(const char *directory, struct str name);
/**
 * Every file of the directory: unfinished ones go, of the others those that `is_named` says false of. 0 or
 * -errno; a directory that is not there has none.
 */
int content_sweep(const char *directory, int (*is_named)(struct str name, bool *ret, void *arg),
		  void *arg);

#endif
