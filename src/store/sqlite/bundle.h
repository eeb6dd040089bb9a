/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the SQLite backend: entries of the history that are one row together (store/history_bundle.h). */
#ifndef STORE_SQLITE_BUNDLE_H
#define STORE_SQLITE_BUNDLE_H

#include "store/sqlite/history.h"
#include "store/sqlite/segment.h"

/** What a page, or a removal, is about. */
struct sqlite_history_scope {
	struct str owner, peer; /**< empty: any */
	uint64_t conversation;  /**< of the owner; 0: any */
	uint64_t before;        /**< ids less than this */
	/** A bundle that has no more than this goes whole when some of it must: to take a part of it it is read. */
	struct store_history_count whole;
};

/** A row. */
struct sqlite_bundle {
	uint64_t id, first_id, live;
	uint64_t conversation;
	int64_t bytes;
	enum store_history_kind kind;
	struct sqlite_place place;
	struct str owner, peer, data;
};

/** Writes it, as many entries as it has, from this id on. */
int sqlite_bundle_insert(struct sqlite_connection *c, const struct store_history_bundle *b,
			 uint64_t first_id, int64_t bytes);
/** The first of the scope (peers are not looked at) in `a`, without its entries; -ENOENT. */
int sqlite_bundle_first(struct sqlite_connection *c, const struct sqlite_history_scope *s,
			struct arena *a, struct sqlite_bundle *ret);
/** The one that has this id; -ENOENT. */
int sqlite_bundle_of(struct sqlite_connection *c, struct str owner, uint64_t id, struct arena *a,
		     struct sqlite_bundle *ret);
/** Up to `max` of its first entries, with ids less than `before`: how many, and their bytes. */
int sqlite_bundle_shorten(struct sqlite_connection *c, const struct sqlite_bundle *b, size_t max,
			  uint64_t before, struct store_history_count *removed);
/** This one of it; told how many bytes it had. */
int sqlite_bundle_remove(struct sqlite_connection *c, const struct sqlite_bundle *b, uint64_t id,
			 uint64_t *bytes);
int sqlite_bundle_delete_user(struct sqlite_connection *c, struct str aor);

/** One entry, in `a`. -ENOENT. */
int sqlite_bundle_get(struct sqlite_connection *c, struct str owner, uint64_t id, struct arena *a,
		      struct store_history_entry *ret);

/** The entries of a scope behind `after`, one by one. */
struct sqlite_bundle_cursor {
	struct sqlite_connection *c;
	struct sqlite_run run;
	struct sqlite_bundle bundle;
	struct store_history_bundle_walk walk;
	struct arena arena; /**< of the bundle */
	uint64_t after, before, id;
	bool inside;
};
void sqlite_bundle_begin(struct sqlite_bundle_cursor *k, struct sqlite_connection *c,
			 const struct sqlite_history_scope *s, uint64_t after);
/** Views, valid until the next call. */
bool sqlite_bundle_next(struct sqlite_bundle_cursor *k, struct store_history_entry *ret);
/** 0 or -errno. */
int sqlite_bundle_finish(struct sqlite_bundle_cursor *k);

#endif
