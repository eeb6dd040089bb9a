/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A bundle: entries of one owner's history that come close after each other in one conversation, gathered to be
 * written as one.
 *
 *   alloc --put, put, …--> add_bundle --done--> clear, put, … or unref
 *
 * What it is for: a stream of small messages costs the disk, and the processor, once for each bundle instead of
 * once for each message. Whoever reads the history sees entries, each with an id of its own; they are listed, found,
 * fetched and deleted one by one as others are (store/history.h).
 *
 * Entries in a bundle have no `request` and no `file`: such are added alone. Put copies; it may be encoded at once
 * into what will be on disk. While a bundle is being added it is the store's: nothing is put.
 */
#ifndef STORE_HISTORY_BUNDLE_H
#define STORE_HISTORY_BUNDLE_H

#include "store/history.h"

/** Entries of one bundle: they have the ids of four milliseconds, and who looks for one walks over them. */
#define STORE_HISTORY_BUNDLE_ENTRIES 4096
/** Bytes of one bundle: what the reader of one entry reads. */
#define STORE_HISTORY_BUNDLE_BYTES (4u << 20)
/** And of one that is put together here and now: a huge page (store/blocks.h). */
#define STORE_HISTORY_BUNDLE_FULL (2u << 20)

struct store_history_bundle;

/** Counted. Of `e` its owner, peer, conversation and kind: those of all that is put. -EINVAL, -EMSGSIZE, -ENOMEM. */
int store_history_bundle_alloc(struct store_history_bundle **ret,
			       const struct store_history_entry *e);
/** -ENOBUFS: it is full. -EINVAL, -EMSGSIZE as store_history_add; -ENOMEM. What fails leaves it as it was. */
int store_history_bundle_put(struct store_history_bundle *b, const struct store_history_entry *e);
/** Takes back the last put, once. */
void store_history_bundle_take_back(struct store_history_bundle *b);
/** None is in it; its memory stays. */
void store_history_bundle_clear(struct store_history_bundle *b);
size_t store_history_bundle_entries(const struct store_history_bundle *b);
/** Bytes it has in memory, used. */
size_t store_history_bundle_bytes(const struct store_history_bundle *b);

/**
 * Adds what is in `n` bundles (1 … STORE_HISTORY_COPIES_MAX: the owners' copies, none empty), all or nothing;
 * references are taken until `done`. An entry that alone is larger than the quota is left out:
 * store_history_count_result says how many were added, and their bytes.
 */
int store_history_add_bundle(struct store *s, struct store_request *r,
			     struct store_history_bundle *const *b, size_t n,
			     const struct store_history_quota *quota, int64_t now_ms,
			     store_done_cb *done, void *arg);

/* ---- For backends ---- */

/** The bytes, aligned and with zeros behind them up to the end of a block (store/blocks.h). */
struct str store_history_bundle_data(const struct store_history_bundle *b);

/** Entries in the order they were put. */
struct store_history_bundle_walk {
	struct store_history_entry shared; /**< owner, peer, conversation, kind: to be set */
	struct str rest;                   /**< to be set: the data */
	struct str from, to, subject, content_type; /**< of the last, for one that has the same */
};
void store_history_bundle_begin(struct store_history_bundle_walk *w,
				const struct store_history_bundle *b);
/** True: `ret` (without an id) has views into the data. False: that was the last; `rest` is not empty: it is broken. */
bool store_history_bundle_next(struct store_history_bundle_walk *w,
			       struct store_history_entry *ret);

#endif
