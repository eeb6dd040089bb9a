/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is kept for a user: application/vnd.oma.im.history-list+xml, and the deferred list, which has the same
 * elements (digest e4, e5), to bytes and from them.
 *
 *     history_list_begin(&xml);
 *     for (each message or session)
 *             history_list_put(&xml, &item);
 *     history_list_end(&xml, next);
 *
 * One <history> for each, with the reference by which it is asked for. The schema is lost; what is of the period
 * stands as the digest has it, what its clients never showed (which way a message went, its type, how it begins) in
 * attributes and elements of a namespace of ours, so that they may be passed over; so does the reference of the next
 * page.
 *
 * Reading takes lists of others, too: elements by their local names, a party in an attribute or as text.
 */
#ifndef BODY_HISTORY_LIST_H
#define BODY_HISTORY_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"

#define HISTORY_LIST_TYPE STR("application/vnd.oma.im.history-list+xml")
#define HISTORY_LIST_NS STR("urn:oma:xml:im:history-list")
/** Of what is ours. */
#define HISTORY_LIST_OWN_NS STR("urn:parley:im:history")
/** Bytes of the text that an item begins with. */
#define HISTORY_LIST_TEXT_MAX 256
/** Items of a list that is read. */
#define HISTORY_LIST_MAX 1000

enum history_item_form {
	HISTORY_ITEM_MESSAGE, /**< <pager>, and what others write for one message */
	HISTORY_ITEM_SESSION, /**< <conference> */
	HISTORY_ITEM_FILE,    /**< <offline-file> */
	HISTORY_ITEM_INVITED, /**< <pre-defined-group-invitation> */
};

/** Texts are empty, times 0, where nothing is said. */
struct history_item {
	enum history_item_form form;
	struct str reference;
	uint64_t size;
	struct str subject;
	int64_t date_ms, expiry_ms;
	struct str from, to; /**< URIs; of a session: its two parties */
	struct str from_name, to_name;
	int64_t start_ms, end_ms; /**< of a session */
	struct str name;          /**< of a file, of a recording, of a group */
	/* In the namespace of ours: */
	struct str kind; /**< "pager", "large", "session", "file" */
	struct str content_type, message_id, text;
	struct str session; /**< the reference of the session that it was said in */
	uint64_t messages;  /**< in a session */
	bool has_direction, outgoing, incomplete;
};

void history_list_begin(struct buf *out);
void history_list_put(struct buf *out, const struct history_item *i);
/** `next`: the reference of the next page; empty: this is the last. */
void history_list_end(struct buf *out, struct str next);

struct history_list {
	struct history_item *item;
	size_t n;
	struct str next; /**< empty: none */
};

/** All texts are in the arena. -EBADMSG: no such list; -ENOBUFS: a ceiling; -ENOMEM. */
int history_list_decode(struct history_list *ret, struct str text, struct arena *a);

#endif
