/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Keyed hashing (SipHash-1-3) and hash tables through a link inside the object.
 *
 * Whatever a peer can choose (branch, Call-ID, user name) is hashed with a key drawn at random when
 * the table is made, so that nobody can aim for one bucket. A table grows by doubling, moving a few
 * buckets at each insertion, so that no single insertion is slow.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct hash_key {
	uint64_t k0, k1;
};

/** Draws a key from the system's random source. */
void hash_key_init(struct hash_key *key);
uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n);
/** ASCII letters folded to lower case first; for names that compare so. */
uint64_t hash_nocase(const struct hash_key *key, struct str s);

struct hash_link {
	struct hash_link *next;
	uint64_t hash;
};

struct hash_table {
	struct hash_link **buckets;
	struct hash_link **old; /**< being emptied while the table grows */
	size_t mask, old_mask, moved;
	size_t count;
	bool sparse;
	struct hash_key key;
};

/** -ENOMEM, or 0. `expected` is a first guess of the number of entries. */
int hash_init(struct hash_table *t, size_t expected);
/**
 * Two to four buckets for each entry instead of one or two: for a large table whose entries lie cold in memory, so
 * that looking for what is not there seldom touches one.
 */
void hash_set_sparse(struct hash_table *t);
/** Frees the buckets; what is linked is the owner's affair. */
void hash_done(struct hash_table *t);

/** Links `l` under `hash` (made with t->key). Never fails: without memory the chains grow. */
void hash_insert(struct hash_table *t, struct hash_link *l, uint64_t hash);
/** Unlinks; a link that is not in the table (zeroed) is ignored. */
void hash_remove(struct hash_table *t, struct hash_link *l);
/** First link with this hash, or NULL; compare the object, then go on with hash_next. */
struct hash_link *hash_first(const struct hash_table *t, uint64_t hash);
struct hash_link *hash_next(const struct hash_link *l);

/**
 * All entries, in no order: start with *cursor = 0 and `after` = NULL, then hand back what was
 * returned; NULL ends it. The table must not be inserted into meanwhile; removing the link just
 * returned, and freeing its object, is allowed (`after` is compared, not followed):
 *     for (l = NULL; (l = hash_walk(&t, &cursor, l)) != NULL;) { … }
 */
struct hash_link *hash_walk(struct hash_table *t, size_t *cursor, struct hash_link *after);

#endif
