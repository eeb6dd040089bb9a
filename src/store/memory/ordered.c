/* SPDX-License-Identifier: Apache-2.0 */
/* A treap: a search tree by key that is a heap by priority. */
#include "store/memory/ordered.h"


void ordered_init(struct ordered *o)
{
	o->root = NULL;
	hash_key_init(&o->hash);
}


/* As SQLite compares texts: bytes first, then length. */
static int compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}


struct ordered_node *ordered_find(const struct ordered *o, struct str key)
{
	struct ordered_node *n = ordered_after(o, key, true);

	return n && str_eq(n->key, key) ? n : NULL;
}


struct ordered_node *ordered_after(const struct ordered *o, struct str key, bool equal)
{
	struct ordered_node *best = NULL;

	for (struct ordered_node *n = o->root; n;) {
		int c = compare(key, n->key);

		if (c < 0 || (c == 0 && equal)) {
			best = n;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}


/* Everything below `t` that is less than `key` to *left, the rest to *right. */
static void split(struct ordered_node *t, struct str key, struct ordered_node **left,
		  struct ordered_node **right)
{
	while (t) {
		if (compare(t->key, key) < 0) {
			*left = t;
			left = &t->right;
			t = t->right;
		} else {
			*right = t;
			right = &t->left;
			t = t->left;
		}
	}
	*left = *right = NULL;
}


void ordered_insert(struct ordered *o, struct ordered_node *n)
{
	struct ordered_node **at = &o->root;

	n->priority = hash_bytes(&o->hash, n->key.p, n->key.n);
	while (*at && (*at)->priority >= n->priority)
		at = compare(n->key, (*at)->key) < 0 ? &(*at)->left : &(*at)->right;
	split(*at, n->key, &n->left, &n->right);
	*at = n;
}


/* Two trees, all of `left` before all of `right`, into one. */
static void merge(struct ordered_node **at, struct ordered_node *left, struct ordered_node *right)
{
	while (left && right) {
		if (left->priority >= right->priority) {
			*at = left;
			at = &left->right;
			left = left->right;
		} else {
			*at = right;
			at = &right->left;
			right = right->left;
		}
	}
	*at = left ? left : right;
}


void ordered_remove(struct ordered *o, struct ordered_node *n)
{
	struct ordered_node **at = &o->root;

	while (*at != n)
		at = compare(n->key, (*at)->key) < 0 ? &(*at)->left : &(*at)->right;
	merge(at, n->left, n->right);
}
