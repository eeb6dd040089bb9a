/* SPDX-License-Identifier: Apache-2.0 */
/**
 * History: the conversations that a user has asked to be kept, each user's own copy (digest c3).
 *
 *   begin --add, add, …--> end          a session, a large message, a file
 *   add                                 a pager message: an entry without a conversation
 *   delete, purge --> gone, with their contents
 *
 * An entry is one message: who, when, of what type, and its content as it passed, so that it can be sent
 * again with its original From, To and DateTime; small content in the record, larger in a file
 * (store/content.h) that goes when the entry goes. Of a text the beginning is kept apart, to be looked
 * through.
 *
 * Order. Ids ascend with the time of recording, STORE_HISTORY_ID of it being the least; so an id is the
 * cursor of a list, and a range of time one of ids. Should the clock go back, the time of what is recorded then
 * is that of the entry before it.
 *
 * Quota. An owner has so many entries and bytes; the oldest go for the new. What is alone larger is refused.
 *
 * Lists come page by page, and a page looks at STORE_HISTORY_SCAN_MAX entries at the most: one that looks for a
 * text may be empty and yet not the last (store_history_next).
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/store.h"

/** Bytes of each text of a record: addresses, types, Message-IDs. */
#define STORE_HISTORY_TEXT_MAX 2048
/** Bytes of content in the record: no SIP message is larger. What is larger is a file; so may be what is smaller. */
#define STORE_HISTORY_BODY_MAX (256u << 10)
/** Bytes of a text that can be searched for. */
#define STORE_HISTORY_SEARCH_MAX 4096
/** Entries that one page looks at for a text: some 5 ms. */
#define STORE_HISTORY_SCAN_MAX 1000
/** Entries that one delete, purge or add removes: bounds how long other writes wait for it. */
#define STORE_HISTORY_REMOVE_MAX 500
/** Copies that are added as one: of the sender and of the recipient. */
#define STORE_HISTORY_COPIES_MAX 2

/** The least id of this millisecond; the 2^51 of our time can be told exactly by JSON and JavaScript. */
#define STORE_HISTORY_ID(at_ms) ((uint64_t)(at_ms) << 10)
#define STORE_HISTORY_MS(id) ((int64_t)((id) >> 10))

enum store_history_kind {
	STORE_HISTORY_PAGER,
	STORE_HISTORY_LARGE,
	STORE_HISTORY_SESSION,
	STORE_HISTORY_FILE,
};

struct store_conversation {
	uint64_t id; /**< store_history_conversation_id */
	struct str owner, peer, call_id;
	enum store_history_kind kind;
	bool outgoing; /**< the owner began it */
	int64_t begin_ms;
	int64_t end_ms;    /**< wall clock, as all times here; 0: not yet */
	struct str reason; /**< of the end: "caller", "media-lost", … */
	/* Set by the store: */
	uint64_t entries, bytes;
};

struct store_history_entry {
	uint64_t id;           /**< the store's */
	uint64_t conversation; /**< 0: none */
	struct str owner;
	struct str peer; /**< AOR of the other party, as the owner was shown it */
	enum store_history_kind kind;
	bool outgoing;
	bool aborted; /**< not all of it came, or not all of it arrived */
	bool cpim;    /**< the content is a message/cpim, whole */
	/** Tells the SIP request from any other; one that is there for this owner is not added again. Empty: none. */
	struct str request;
	struct str message_id; /**< IMDN Message-ID, else that of MSRP */
	struct str from, to;   /**< as CPIM has them: [name] <URI>; else URIs */
	struct str subject;
	int64_t date_ms; /**< DateTime of the message; 0: none. When it was recorded: STORE_HISTORY_MS(id) */
	struct str content_type; /**< of the message: inside of a CPIM */
	uint64_t size;           /**< bytes of the content as it is kept */
	struct str text;         /**< the beginning of a text; empty: not one */
	struct str body;         /**< in get only; empty when `file` is not */
	struct str file;         /**< name of the content (store/content.h); empty: `body` has it */
	/**
	 * Of an add, in the place of `file` and `body`: id of a deferred message that is held, whose file is this one's
	 * content, too. It is not copied: the entry has a name of its own for it, from the commit on.
	 */
	uint64_t held;
};

struct store_history_quota {
	uint64_t entries, bytes; /**< of one owner; 0: no limit */
};

struct store_history_filter {
	struct str owner;
	struct str peer;       /**< empty: any */
	struct str text;       /**< found in the text, ASCII letters in either case; empty: any */
	uint64_t conversation; /**< 0: any */
	int64_t since_ms;      /**< recorded then or later */
	int64_t until_ms;      /**< recorded before; 0: no end */
	uint64_t after;        /**< id; 0: from the first */
	size_t max;            /**< 1 … STORE_PAGE_MAX */
};

struct store_history_count {
	uint64_t entries, bytes;
};

/** ---- Writing ---- */

/** An id that was not given before by this store. */
uint64_t store_history_conversation_id(struct store *s, int64_t now_ms);
/** -EEXIST. Returns -EMSGSIZE, -EINVAL (a NUL) at once, as all that take texts. */
int store_history_begin(struct store *s, struct store_request *r,
			const struct store_conversation *c, store_done_cb *done, void *arg);
/** -ENOENT: there is none (any more). One that has ended stays as it is: 0. */
int store_history_end(struct store *s, struct store_request *r, uint64_t conversation,
		      int64_t end_ms, struct str reason, store_done_cb *done, void *arg);
/**
 * After a start: those that have not ended did so with the process: their end is that of their last entry. Up to
 * STORE_HISTORY_REMOVE_MAX; store_history_removed says how many: that many: ask again.
 */
int store_history_end_all(struct store *s, struct store_request *r, struct str reason,
			  store_done_cb *done, void *arg);
/**
 * One entry (1 … STORE_HISTORY_COPIES_MAX: the owners' copies, all or none), recorded at `now_ms`. -EDQUOT: one is
 * larger than the quota. An entry whose conversation is gone meanwhile is added all the same. -ENOENT: there is no
 * such deferred message (any more), or it is no file.
 */
int store_history_add(struct store *s, struct store_request *r, const struct store_history_entry *e,
		      size_t n, const struct store_history_quota *quota, int64_t now_ms,
		      store_done_cb *done, void *arg);
/** One entry of this owner. -ENOENT. */
int store_history_delete(struct store *s, struct store_request *r, struct str owner, uint64_t id,
			 store_done_cb *done, void *arg);
/**
 * Up to STORE_HISTORY_REMOVE_MAX entries of the owner, of this conversation or (0) of all, oldest first, and
 * conversations that have none any more and are over; store_history_removed says how many entries.
 */
int store_history_clear(struct store *s, struct store_request *r, struct str owner,
			uint64_t conversation, store_done_cb *done, void *arg);
/** The same of everybody's that were recorded before this time. */
int store_history_purge(struct store *s, struct store_request *r, int64_t before_ms,
			store_done_cb *done, void *arg);

/** ---- Reading ---- */

/** With the body. -ENOENT: there is none, or it is not this owner's. */
int store_history_get(struct store *s, struct store_request *r, struct str owner, uint64_t id,
		      store_done_cb *done, void *arg);
int store_history_list(struct store *s, struct store_request *r,
		       const struct store_history_filter *f, store_done_cb *done, void *arg);
/** By id, behind `after`. */
int store_history_conversations(struct store *s, struct store_request *r, struct str owner,
				uint64_t after, size_t max, store_done_cb *done, void *arg);
int store_history_count(struct store *s, struct store_request *r, struct str owner,
			store_done_cb *done, void *arg);

/** ---- In `done` ---- */
const struct store_history_entry *store_history_result(const struct store_request *r,
						       size_t *count);
/** Of a list: the `after` of the next page; 0: that was the last. */
uint64_t store_history_next(const struct store_request *r);
const struct store_conversation *store_history_conversations_result(const struct store_request *r,
								    size_t *count);
const struct store_history_count *store_history_count_result(const struct store_request *r);
size_t store_history_removed(const struct store_request *r);

#endif
