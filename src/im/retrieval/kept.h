/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is kept for a user, with one face for both stores: history (kept_history.c) and deferred messages
 * (kept_deferred.c).
 */
#ifndef IM_RETRIEVAL_KEPT_H
#define IM_RETRIEVAL_KEPT_H

#include "body/history_list.h"
#include "body/history_reference.h"
#include "store/store.h"

struct kept;
struct retrievals;

/** Entries read at a time. */
#define KEPT_PAGE 50

/** A message to be sent again; in `entry` of kept_get only. */
struct kept_content {
	bool cpim;              /**< it is a whole message/cpim already */
	struct str type;        /**< else: of the content */
	struct str from, to;    /**< "[name] <URI>" or a URI */
	struct str disposition; /**< empty: none */
	struct str body;
	struct str file; /**< name of the content, of `size` bytes; empty: `body` is all of it */
	uint64_t size;
};

struct kept_entry {
	uint64_t id;
	struct history_item item;
	const struct kept_content *content; /**< NULL: of a list */
};

struct kept_source {
	struct str list_type;
	/** As kept_page and kept_get. */
	int (*page)(struct kept *k);
	int (*get)(struct kept *k, uint64_t id);
	bool searches_text;
	bool has_sessions;
};
extern const struct kept_source kept_history, kept_deferred;

/** Embedded; one question at a time. */
struct kept {
	const struct kept_source *source;
	struct retrievals *rs;
	struct str user;
	struct store_request r;
	const struct history_reference *ref; /**< of the page */
	uint64_t after;
	size_t max;
	/** For each, before `done`; its texts are valid until return. */
	void (*entry)(struct kept *k, const struct kept_entry *e);
	/** `next`: behind which the next page begins; 0: that was the last. -ENOENT of kept_get: there is none. */
	void (*done)(struct kept *k, int error, uint64_t next);
};

/** Up to `max` (≤ KEPT_PAGE) that `ref` wants, behind `after`. */
int kept_page(struct kept *k, const struct history_reference *ref, uint64_t after, size_t max);
int kept_get(struct kept *k, uint64_t id);
/** No callback follows. */
void kept_cancel(struct kept *k);

/** A file's name in Content-Disposition. */
#define KEPT_DISPOSITION_MAX 512
/** Of a file with this name; empty: it has none, or one that would need escapes. */
struct str kept_disposition(struct buf *b, struct str name);

#endif
