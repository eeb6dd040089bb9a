/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What waits for a user: application/vnd.oma.im.deferred-list+xml, to bytes.
 *
 * One <history> for each message, with the reference by which it is asked for later. The schema is lost;
 * the elements are those of the period's clients (digest e4), in the history list's namespace as they
 * have it. The addresses of <from> and <to> stand in an attribute: that form is ours.
 *
 *     deferred_list_begin(&xml);
 *     for (each message)
 *             deferred_list_put(&xml, &item);
 *     deferred_list_end(&xml);
 */
#ifndef BODY_DEFERRED_LIST_H
#define BODY_DEFERRED_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define DEFERRED_LIST_TYPE STR("application/vnd.oma.im.deferred-list+xml")
#define DEFERRED_LIST_NS STR("urn:oma:xml:im:history-list")
/** Stands for a sender who wants to be nobody (RFC 3323 4.1.1.3). */
#define DEFERRED_LIST_ANONYMOUS STR("sip:anonymous@anonymous.invalid")

struct deferred_item {
	struct str service; /**< URI of the function that keeps it */
	uint64_t id;        /**< by which that function knows it */
	struct str from;    /**< empty: anonymous */
	struct str to;
	uint64_t size;
	int64_t date_ms;   /**< when it was sent; all times since 1970 */
	int64_t expiry_ms; /**< 0: never */
	bool large;        /**< Large Message Mode, else Pager Mode */
	bool file;         /**< a file that was offered: <offline-file> */
	struct str name;   /**< of the file; empty: not said */
};

/** Each appends; `out` says whether it failed. */
void deferred_list_begin(struct buf *out);
void deferred_list_put(struct buf *out, const struct deferred_item *i);
void deferred_list_end(struct buf *out);

#endif
