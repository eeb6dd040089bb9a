/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Lists of URIs: application/resource-lists+xml (RFC 4826), with the attributes that a list of
 * recipients has (RFC 5364).
 *
 * One decoder for the three uses: buddy and block lists that a user keeps, the recipients of a message
 * or invitation (`Content-Disposition: recipient-list`), and what they are told of each other
 * (`recipient-list-history`).
 *
 * Decoded, a document is two flat tables. `items` are the entries and references in the order of the
 * document; `lists` are the lists in that order. The items of a list, those of lists nested in it
 * included, are one run of the table. Hence all that a list contains is a loop over its run, and all
 * that a message is to be sent to is a loop over all items.
 *
 * References (<external>, <entry-ref>) are not resolved: who has the store does that.
 */
#ifndef BODY_RESOURCE_LISTS_H
#define BODY_RESOURCE_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define RESOURCE_LISTS_TYPE STR("application/resource-lists+xml")
#define RESOURCE_LISTS_AUID STR("resource-lists")
/** Entries and references; address books have some hundreds. */
#define RESOURCE_ITEMS_MAX 4096
#define RESOURCE_LISTS_MAX 256

enum resource_kind { RESOURCE_ENTRY, RESOURCE_EXTERNAL, RESOURCE_ENTRY_REF };

/** copyControl of RFC 5364, in order of precedence. */
enum resource_copy {
	RESOURCE_TO,
	RESOURCE_CC,
	RESOURCE_BCC,
	RESOURCE_COPY_ABSENT, /**< section 4: "MUST be treated as if the 'copyControl' was set to "bcc"" */
};

struct resource_item {
	enum resource_kind kind;
	struct str uri;          /**< uri, anchor or ref; never empty */
	struct str display_name; /**< empty: none */
	uint16_t list;           /**< the list it stands in directly */
	enum resource_copy copy;
	bool anonymize;
	uint32_t count; /**< 1 when absent */
};

struct resource_list {
	struct str name; /**< empty: none */
	struct str display_name;
	int32_t parent;    /**< -1: stands in the root */
	uint32_t first, n; /**< run of items */
};

struct resource_lists {
	struct resource_item *items;
	size_t items_n;
	struct resource_list *lists;
	size_t lists_n;
};

/**
 * Tables and texts go into `a`. Entries without a URI are left out. -EBADMSG: not such a document;
 * -ENOBUFS: a ceiling, or the arena's; -ENOMEM.
 */
int resource_lists_decode(struct resource_lists *ret, struct str text, struct arena *a);
/** The first list with this name, at any depth; NULL: none. */
const struct resource_list *resource_lists_find(const struct resource_lists *r, struct str name);

/**
 * Leaves one entry of those with the same key, the first, in its place; `keys` are the canonical forms of the URIs,
 * one for each item, and are moved with them. An empty key is equal to none. Items that are no entries stay.
 *
 * RFC 5364 section 4: "For each set of duplicated URI entries, the URI-list server MUST select the
 * highest precedence value of the 'copyControl' attribute"; who asked once not to be named is not named.
 * `scratch` is needed during the call, a pointer's size for each item. `*n` becomes the number left. -ENOBUFS: no room.
 */
int resource_items_merge(struct resource_item *items, struct str *keys, size_t *n,
			 struct arena *scratch);

/** Appends a document with one list without a name; `list`, and kinds but entries, are not looked at. */
void resource_lists_encode(const struct resource_item *items, size_t n, struct buf *out);
/**
 * The same as recipients may see it (RFC 5364 section 4): without bcc entries, and with one
 * anonymous entry and a count for those of each copy level that are to be anonymised.
 */
void resource_lists_encode_history(const struct resource_item *items, size_t n, struct buf *out);

#endif
