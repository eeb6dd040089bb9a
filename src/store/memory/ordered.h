/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Records in the order of their keys, through a node inside the record: a treap. Its priorities are
 * keyed hashes of the keys, so that nobody who chooses keys can make it deep.
 */
#ifndef STORE_MEMORY_ORDERED_H
#define STORE_MEMORY_ORDERED_H

#include "base/hash.h"
#include "base/str.h"

struct ordered_node {
	struct ordered_node *left, *right;
	uint64_t priority;
	struct str key; /**< into the record */
};

struct ordered {
	struct ordered_node *root;
	struct hash_key hash;
};

void ordered_init(struct ordered *o);
/** The node with this key, or NULL. */
struct ordered_node *ordered_find(const struct ordered *o, struct str key);
/** The first node whose key is greater (or, with `equal`, not less), or NULL. */
struct ordered_node *ordered_after(const struct ordered *o, struct str key, bool equal);
/** Links `n`, whose key is set and not in there yet. */
void ordered_insert(struct ordered *o, struct ordered_node *n);
/** Unlinks `n`, which is in there. */
void ordered_remove(struct ordered *o, struct ordered_node *n);

#endif
