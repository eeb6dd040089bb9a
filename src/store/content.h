/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Content that is too large for a record: a file beside the database, written piece by piece as it
 * arrives, read piece by piece as it leaves, never whole in memory.
 *
 *   open --write, write, …--> finish --> `done` with its name --(a record names it)--> kept
 *     '--abandon--> gone
 *
 * The bytes are written by worker threads, STORE_CONTENT_HIGH or more at a time, past the page cache where the file
 * system can do that and they come in order. What waits for them is bounded: with as many more the
 * writer should hold its source back (store_content_behind) until `room` is called; above
 * STORE_CONTENT_QUEUE_MAX a write is refused.
 *
 * done(0): the content is on disk under its name, directory entry included. It lives from then on until
 * the record that names it is deleted (in the same step; the file after the commit), or
 * store_content_remove. What no record names when the store is opened is an orphan of a crash, and is
 * removed then; so is what was not finished. A name is never used twice.
 *
 * Several records may have the same content: finish makes as many names as are asked for, each with a
 * life of its own, of one file on disk. So does an entry of the history of a deferred message (store/history.h).
 *
 * With "memory:" contents are in memory, STORE_CONTENT_MEMORY_MAX together.
 */
#ifndef STORE_CONTENT_H
#define STORE_CONTENT_H

#include "store/store.h"

/**
 * Bytes that are written as one, and that wait while others are being written: a source is held back when there are
 * as many, and let go on below the second. Twice this is what a content has in memory.
 */
#define STORE_CONTENT_HIGH (384u << 10)
#define STORE_CONTENT_LOW (128u << 10)
/** And what is taken at the most, for a source that stops only at its next piece. */
#define STORE_CONTENT_QUEUE_MAX (1u << 20)
/**
 * The same of a fast source, when the first of it has been written and few others are fast: a disk that takes much at
 * once costs less. So many of their pieces there are in memory, of all contents together, and for so long after.
 */
#define STORE_CONTENT_FAST_HIGH (1920u << 10)
#define STORE_CONTENT_FAST_QUEUE_MAX (2u << 20)
#define STORE_CONTENT_FAST_MAX 8
#define STORE_CONTENT_FAST_REST_MS 1000
/** So much is on disk for certain while more comes: who waits for the end does not wait for all of it then. */
#define STORE_CONTENT_SYNC_EVERY (16u << 20)
/** Pieces that do not follow each other, among what waits. */
#define STORE_CONTENT_EXTENTS_MAX 4096
/** Largest content, whatever is configured: a sparse write at the end of it must be possible on any file system. */
#define STORE_CONTENT_SIZE_MAX (INT64_C(1) << 40)
/** Names of one content. */
#define STORE_CONTENT_NAMES_MAX 4
/** Digits of a name. */
#define STORE_CONTENT_NAME_N 16
/** Bytes of one read. */
#define STORE_CONTENT_READ_MAX (256u << 10)
/** All contents of a "memory:" store: it is for trials. */
#define STORE_CONTENT_MEMORY_MAX (256u << 20)

/* ---- Writing ---- */

struct store_content_writer;

struct store_content_handler {
	/** Less than STORE_CONTENT_LOW bytes wait, after it was STORE_CONTENT_HIGH. May be NULL. */
	void (*room)(struct store_content_writer *w, void *arg);
	/**
	 * Of finish, once; the writer is gone then. 0, or -ENOSPC, -EIO…: nothing is left of it. `name`: as many
	 * as were asked for, valid until return.
	 */
	void (*done)(struct store_content_writer *w, int error, const struct str *name, void *arg);
	bool fast; /**< its pieces may be larger: STORE_CONTENT_FAST_HIGH */
};

/** Nothing is on disk yet. -ENOMEM. The handler is borrowed. */
int store_content_create(struct store_content_writer **ret, struct store *s,
			 const struct store_content_handler *handler, void *arg);
/**
 * The bytes of the content from `at` on; copied. Pieces come in any order; what is never written reads as
 * zeros. 0; -ENOBUFS too much waits; -EFBIG; -ENOMEM; or what the disk said of an earlier piece: abandon it.
 */
int store_content_write(struct store_content_writer *w, uint64_t at, struct str piece);
/** STORE_CONTENT_HIGH (STORE_CONTENT_FAST_HIGH) bytes wait: stop the source until `room`. */
bool store_content_behind(const struct store_content_writer *w);
/** No more comes; `done` will be called. 1 … STORE_CONTENT_NAMES_MAX names. */
void store_content_finish(struct store_content_writer *w, size_t names);
/** In the place of finish, or after it before `done`: nothing is left, no callback follows. NULL is fine. */
void store_content_abandon(struct store_content_writer *w);

/* ---- Reading ---- */

struct store_content_reader;
/** `bytes` are valid until return; none: the end. -ENOENT: there is no such content (any more); -EIO. */
typedef void(store_content_read_cb)(struct store_content_reader *r, int error, struct str bytes,
				    void *arg);

/** Whether it is there shows with the first read; a content that was opened can be read to its end. */
int store_content_open(struct store_content_reader **ret, struct store *s, struct str name);
/**
 * Up to `max` (≤ STORE_CONTENT_READ_MAX) bytes from `at`, one read at a time: the next is the reader's to ask for,
 * when it has room. -EALREADY, -ENOMEM.
 */
int store_content_read(struct store_content_reader *r, uint64_t at, size_t max,
		       store_content_read_cb *done, void *arg);
/** No callback follows; NULL is fine. Inside of `done`, too. */
void store_content_close(struct store_content_reader *r);

/** Removes a content that no record names. No news of it: what goes wrong is an orphan of the next start. */
void store_content_remove(struct store *s, struct str name);

#endif
