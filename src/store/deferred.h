/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Deferred messages: what waits for people who are away, until it is delivered, expires or is
 * withdrawn.
 *
 *   hold --> HELD --finish--> DELIVERED | EXPIRED | WITHDRAWN (a tombstone) --purge--> gone
 *             '--delete----------------------------------------------------------------^
 *
 * A held message is all that is needed to send it again: its headers and its body (or, for a large
 * one, the name of the content that has it, store/content.h: from the hold on it is the message's, and goes
 * with it). A tombstone has neither; it tells the operator what became of a message, and keeps a request that
 * comes once more from being held once more. Tombstones live STORE_TOMBSTONE_MS, and no more than
 * STORE_TOMBSTONES_MAX of them.
 *
 * Each device of the user has a record beside the message: what was tried and how it ended. So a
 * message reaches each device once, also over a restart: ask store_deferred_due for a device, and
 * what it has had is not among the answers.
 *
 * hold: done(0) means on disk; only then the sender hears 202 (RFC 3428 7).
 */
#ifndef STORE_DEFERRED_H
#define STORE_DEFERRED_H

#include "store/store.h"

/** Bytes of headers, and of a body that is no file: no SIP message is larger. */
#define STORE_DEFERRED_HEADERS_MAX (64u << 10)
#define STORE_DEFERRED_BODY_MAX (256u << 10)
/** Bytes of each other text. */
#define STORE_DEFERRED_TEXT_MAX 2048
/** Bytes of what its session description said of it. */
#define STORE_DEFERRED_MEDIA_MAX 8192
/**
 * Devices noted with one message; beyond it the one whose last attempt is longest ago is forgotten,
 * one that has had it only when there is no other.
 */
#define STORE_DEFERRED_DEVICES_MAX 32
/** How long a tombstone is kept: 7 days. */
#define STORE_TOMBSTONE_MS (INT64_C(7) * 24 * 3600 * 1000)
#define STORE_TOMBSTONES_MAX 100000
/** Tombstones that one purge removes at most: bounds how long other writes wait for it. */
#define STORE_PURGE_MAX 1000
/** Messages that one find gives at most; they come with all their devices. */
#define STORE_DEFERRED_FIND_MAX 50

enum store_deferred_kind {
	STORE_DEFERRED_PAGER,
	STORE_DEFERRED_LARGE,
	STORE_DEFERRED_FILE, /**< a large one that was offered as a file (RFC 5547) */
};

enum store_deferred_state {
	STORE_DEFERRED_HELD,
	STORE_DEFERRED_DELIVERED,
	STORE_DEFERRED_EXPIRED,
	STORE_DEFERRED_WITHDRAWN,
};

/** How it stands with one device. */
enum store_device_state {
	STORE_DEVICE_WAITING, /**< tried without success: again at `next_try_ms` */
	STORE_DEVICE_DELIVERED,
	STORE_DEVICE_FAILED, /**< not tried again */
};

struct store_device {
	struct str key; /**< instance, or contact of one without */
	enum store_device_state state;
	uint32_t attempts;
	uint32_t status;     /**< of the last attempt: SIP status; 0: no answer */
	int64_t last_ms;     /**< of the last attempt, wall clock */
	int64_t next_try_ms; /**< while WAITING */
};

struct store_deferred {
	/** The store's own: ascending in the order in which messages were held; never used again. */
	uint64_t id;
	struct str user;    /**< AOR for whom it waits */
	struct str call_id; /**< with from_tag, cseq and user: the request, told from any other */
	struct str from_tag;
	uint32_t cseq;
	struct str message_id; /**< IMDN Message-ID; empty: none */
	struct str sender;     /**< AOR, or what the operator is to see */
	enum store_deferred_kind kind;
	uint32_t flags;      /**< im/deferred/ */
	uint64_t size;       /**< of the content; counts for the bytes of the user */
	int64_t received_ms; /**< wall clock, as all times here */
	int64_t expires_ms;  /**< 0: never */
	struct str headers;  /**< in get only */
	struct str body;     /**< in get only; empty when `file` is not */
	struct str file;     /**< name of the content (store/content.h); empty: `body` has it */
	/* Of a large one; empty of a pager message: */
	struct str content_type; /**< of the content */
	struct str name;         /**< the file's, as its sender calls it; plain text */
	struct str media; /**< lines of its session description: im/deferred/; not of a tombstone */
	/* Set by the store, ignored when written: */
	enum store_deferred_state state;
	int64_t finished_ms; /**< of a tombstone */
	/** In due for a device: how it stands with that one, or NULL: not tried. In get and find: all. */
	const struct store_device *device;
	size_t devices;
};

struct store_waiting_user {
	struct str user;
	uint64_t messages;
	uint64_t bytes; /**< sum of `size` */
};

struct store_deferred_count {
	uint64_t held;
	uint64_t bytes;         /**< sum of `size` of those held */
	uint64_t tombstones;    /**< of all users together; 0 in the count of one */
	int64_t next_expiry_ms; /**< the first that expires; 0: none does. Likewise of all only */
};

/** ---- Holding ---- */

/**
 * Holds `d` (without id). -EDQUOT: the user has `quota` messages or more (0: no quota). A request that
 * was held before, whatever became of it since, is not held again and answered 0; its content, if it is
 * another, is removed. On an error the content is still the caller's to remove.
 * done(0): store_deferred_result has the id and state; an id that was given before is that of the
 * first time. Returns -EMSGSIZE at once for what passes a ceiling above, -EINVAL for a NUL in a text
 * other than headers and body.
 */
int store_deferred_hold(struct store *s, struct store_request *r, const struct store_deferred *d,
			uint32_t quota, store_done_cb *done, void *arg);
/**
 * HELD to `state`, which is another: headers, body and content go; when there are too many
 * tombstones now, the oldest goes. -ENOENT: no such message is held (any more). done(0):
 * store_deferred_result has it, without headers and body, with the name that its content had.
 */
int store_deferred_finish(struct store *s, struct store_request *r, uint64_t id,
			  enum store_deferred_state state, int64_t now_ms, store_done_cb *done,
			  void *arg);
/** Without a trace, held or tombstone; result as for finish. -ENOENT. */
int store_deferred_delete(struct store *s, struct store_request *r, uint64_t id,
			  store_done_cb *done, void *arg);
/**
 * Removes up to STORE_PURGE_MAX tombstones that are STORE_TOMBSTONE_MS old at `now_ms`. done(0):
 * store_deferred_removed says how many; that many: ask again.
 */
int store_deferred_purge(struct store *s, struct store_request *r, int64_t now_ms,
			 store_done_cb *done, void *arg);

/** ---- Devices ---- */

/**
 * Notes an attempt: d's key, state, status, last_ms and, while WAITING, next_try_ms; attempts are
 * counted here. What is delivered stays so: a later mark of something else changes nothing, and is
 * answered 0. Tombstones take marks too. -ENOENT.
 */
int store_deferred_mark(struct store *s, struct store_request *r, uint64_t id,
			const struct store_device *d, store_done_cb *done, void *arg);

/** ---- Reading; bodies and headers in get only ---- */

/**
 * Up to `max` (1 … STORE_PAGE_MAX) held messages of the user that have not expired at `now_ms`, oldest
 * first, with an id greater than `after` (0: from the first). With a device's key, only those that it
 * has not had and has not failed for good, each with its record in `device` if there is one: whether
 * the time of `next_try_ms` has come is the caller's to see.
 */
int store_deferred_due(struct store *s, struct store_request *r, struct str user, struct str device,
		       uint64_t after, int64_t now_ms, size_t max, store_done_cb *done, void *arg);
/** Held or tombstone, with everything, devices too. -ENOENT. */
int store_deferred_get(struct store *s, struct store_request *r, uint64_t id, store_done_cb *done,
		       void *arg);
/** Up to `max` held messages of the user (empty: of all) with an id greater than `after`, by id. */
int store_deferred_list(struct store *s, struct store_request *r, struct str user, uint64_t after,
			size_t max, store_done_cb *done, void *arg);
/** Up to `max` held messages that expire at or before `now_ms`, those that expire first first. */
int store_deferred_expired(struct store *s, struct store_request *r, int64_t now_ms, size_t max,
			   store_done_cb *done, void *arg);
/**
 * Held and tombstones whose Message-ID or Call-ID is `text`, newest first, at most
 * STORE_DEFERRED_FIND_MAX, with their devices; none: 0 with no result.
 */
int store_deferred_find(struct store *s, struct store_request *r, struct str text,
			store_done_cb *done, void *arg);
/** Up to `max` users with held messages in order of AOR, the first after `after`. */
int store_deferred_users(struct store *s, struct store_request *r, struct str after, size_t max,
			 store_done_cb *done, void *arg);
/** What is held for the user, or (empty) for all. A user without any: zeros. */
int store_deferred_count(struct store *s, struct store_request *r, struct str user,
			 store_done_cb *done, void *arg);

/** ---- In `done` ---- */
const struct store_deferred *store_deferred_result(const struct store_request *r, size_t *count);
const struct store_waiting_user *store_deferred_users_result(const struct store_request *r,
							     size_t *count);
const struct store_deferred_count *store_deferred_count_result(const struct store_request *r);
size_t store_deferred_removed(const struct store_request *r);

#endif
