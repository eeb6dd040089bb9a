/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Segments: files of what is written in large blocks and would cost a database twice its price (the log, then the
 * pages): it goes past the page cache, from memory that is aligned, one block behind the other.
 *
 * A place in a segment is named by a row. Append, then the row, then the commit, before which the segment is
 * synced: a row that is there has its bytes. What is appended and not committed is written over, or cut off at
 * the next start. A place that no row names any more is given back to the file system by a hole; a segment with
 * none goes.
 *
 * The writing connection has one segment open; each start begins a new one.
 */
#ifndef STORE_SQLITE_SEGMENT_H
#define STORE_SQLITE_SEGMENT_H

#include "base/buf.h"

/** Bytes of a segment, after which there is a new one. */
#define SQLITE_SEGMENT_MAX (64u << 20)

struct sqlite_connection;

struct sqlite_place {
	uint64_t segment; /**< 0: none */
	uint64_t position, length;
};

/** Of the writing connection. */
struct sqlite_segments {
	int fd; /**< of the last; -1: none is open */
	uint64_t number;
	uint64_t at;                             /**< its end */
	uint64_t committed_number, committed_at; /**< when the transaction began */
	bool unsynced;                           /**< bytes have been written */
	bool named;                              /**< the directory does not know it for certain */
	bool indirect;                           /**< the file system has no direct writes */
	struct buf doomed;                       /**< struct sqlite_place: freed with the commit */
};

/** `data`: aligned, with zeros behind it up to the end of its last block (store/blocks.h). */
int sqlite_segment_append(struct sqlite_connection *c, struct str data, struct sqlite_place *ret);
/** -ENOENT: it has gone meanwhile. */
int sqlite_segment_read(struct sqlite_connection *c, const struct sqlite_place *p, char *to);
/** It is freed when what is being written is committed and no row has it. */
void sqlite_segment_doom(struct sqlite_connection *c, const struct sqlite_place *p);

/* ---- Around a transaction ---- */
void sqlite_segment_begin(struct sqlite_connection *c);
/** What was appended is on disk. */
int sqlite_segment_sync(struct sqlite_connection *c);
void sqlite_segment_settle(struct sqlite_connection *c, bool committed);

/** At start: what no row names goes. */
int sqlite_segment_sweep(struct sqlite_connection *c);
void sqlite_segment_open(struct sqlite_segments *s);
void sqlite_segment_close(struct sqlite_segments *s);

#endif
