/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the store: one request on its way, what a backend is, and what a noun must bring.
 *
 * A job holds copies of what was asked and room for what is found, so that a worker thread may have
 * it while the request's owner is free to go away. Nouns (account.c, binding.c) make jobs and hand
 * them to store_job_start; lanes (lane.c) carry them in groups; a backend has one function for each
 * operation. A new noun is: its header, its source file beside this one, its operations and
 * arguments below, a file in each backend, a numbered schema file.
 */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include <limits.h>

#include "base/mem.h"
#include "store/account.h"
#include "store/binding.h"
#include "store/conference.h"
#include "store/deferred.h"
#include "store/document.h"
#include "store/history.h"
#include "store/history_bundle.h"
#include "store/mailing.h"
#include "store/policy.h"
#include "store/profile.h"
#include "store/system_message.h"

/**
 * Every operation: X(NAME, name, reads). The name makes STORE_OP_NAME of enum store_op and the function of
 * each backend, memory_name and sqlite_name. What `reads` goes to the reading connection; some that
 * change nothing go to the writing one, which has the orders of deferred messages in its memory.
 */
#define STORE_OPERATIONS(X)                                                    \
	X(ACCOUNT_ADD, account_add, false)                                     \
	X(ACCOUNT_SET_SECRET, account_set_secret, false)                       \
	X(ACCOUNT_SET_ALLOWED, account_set_allowed, false)                     \
	X(ACCOUNT_DELETE, account_delete, false)                               \
	X(ACCOUNT_GET, account_get, true)                                      \
	X(ACCOUNT_LIST, account_list, true)                                    \
	X(BINDING_REPLACE, binding_replace, false)                             \
	X(BINDING_EXPIRE, binding_expire, false)                               \
	X(BINDING_LIST, binding_list, true)                                    \
	X(DOCUMENT_PUT, document_put, false)                                   \
	X(DOCUMENT_DELETE, document_delete, false)                             \
	X(DOCUMENT_GET, document_get, true)                                    \
	X(DOCUMENT_LIST, document_list, true)                                  \
	X(DOCUMENT_FIND, document_find, true)                                  \
	X(POLICY_PUT, policy_put, false)                                       \
	X(POLICY_DELETE, policy_delete, false)                                 \
	X(POLICY_LIST, policy_list, true)                                      \
	X(SYSTEM_MESSAGE_ADD, system_message_add, false)                       \
	X(SYSTEM_MESSAGE_MARK_DELIVERED, system_message_mark_delivered, false) \
	X(SYSTEM_MESSAGE_MARK_ANSWERED, system_message_mark_answered, false)   \
	X(SYSTEM_MESSAGE_CLEAR, system_message_clear, false)                   \
	X(SYSTEM_MESSAGE_DELETE, system_message_delete, false)                 \
	X(SYSTEM_MESSAGE_LIST, system_message_list, true)                      \
	X(SYSTEM_MESSAGE_UNDELIVERED, system_message_undelivered, true)        \
	X(SYSTEM_MESSAGE_UNANSWERED, system_message_unanswered, true)          \
	X(PROFILE_GET, profile_get, true)                                      \
	X(DEFERRED_HOLD, deferred_hold, false)                                 \
	X(DEFERRED_FINISH, deferred_finish, false)                             \
	X(DEFERRED_DELETE, deferred_delete, false)                             \
	X(DEFERRED_PURGE, deferred_purge, false)                               \
	X(DEFERRED_MARK, deferred_mark, false)                                 \
	X(DEFERRED_DUE, deferred_due, false)                                   \
	X(DEFERRED_GET, deferred_get, true)                                    \
	X(DEFERRED_LIST, deferred_list, false)                                 \
	X(DEFERRED_EXPIRED, deferred_expired, false)                           \
	X(DEFERRED_FIND, deferred_find, true)                                  \
	X(DEFERRED_USERS, deferred_users, false)                               \
	X(DEFERRED_COUNT, deferred_count, false)                               \
	X(HISTORY_BEGIN, history_begin, false)                                 \
	X(HISTORY_END, history_end, false)                                     \
	X(HISTORY_END_ALL, history_end_all, false)                             \
	X(HISTORY_ADD, history_add, false)                                     \
	X(HISTORY_ADD_BUNDLE, history_add_bundle, false)                       \
	X(HISTORY_DELETE, history_delete, false)                               \
	X(HISTORY_CLEAR, history_clear, false)                                 \
	X(HISTORY_PURGE, history_purge, false)                                 \
	X(HISTORY_GET, history_get, true)                                      \
	X(HISTORY_LIST, history_list, true)                                    \
	X(HISTORY_CONVERSATIONS, history_conversations, true)                  \
	X(HISTORY_COUNT, history_count, true)                                  \
	X(CONFERENCE_PUT, conference_put, false)                               \
	X(CONFERENCE_INVITE, conference_invite, false)                         \
	X(CONFERENCE_DELETE, conference_delete, false)                         \
	X(CONFERENCE_LAPSE, conference_lapse, false)                           \
	X(CONFERENCE_PURGE, conference_purge, false)                           \
	X(CONFERENCE_GET, conference_get, true)                                \
	X(MAILING_ADD, mailing_add, false)                                     \
	X(MAILING_SETTLE, mailing_settle, false)                               \
	X(MAILING_LIST, mailing_list, true)

enum store_op {
#define STORE_OPERATION_ENUM(NAME, name, reads) STORE_OP_##NAME,
	STORE_OPERATIONS(STORE_OPERATION_ENUM)
#undef STORE_OPERATION_ENUM
		STORE_OPS
};

struct content_area;

struct store_allow {
	struct str aor;
	bool allowed, create;
	int64_t created_ms;
};

struct store_page {
	struct str after;
	uint32_t position;
	int64_t now_ms;
	size_t max;
};

struct store_set {
	struct str aor;
	struct store_binding *binding;
	size_t n;
};

struct store_put_document {
	struct store_document document; /**< of a delete and get: the key */
	struct str if_etag;
};

struct store_document_page {
	struct str auid, after;
	size_t max;
};

struct store_put_policies {
	struct store_policy *policy;
	size_t n;
};

struct store_system_mark {
	struct str aor, id, answer;
	int64_t now_ms;
};

struct store_system_page {
	struct str aor, after_aor, after_id;
	size_t max;
};

struct store_hold {
	struct store_deferred message;
	uint32_t quota;
};

struct store_finish {
	uint64_t id;
	enum store_deferred_state state;
	int64_t now_ms;
};

struct store_mark {
	uint64_t id;
	struct store_device device;
};

struct store_deferred_page {
	struct str user, device;
	uint64_t after;
	int64_t now_ms;
	size_t max;
};

struct store_history_one {
	struct str owner, reason;
	uint64_t id; /**< of an entry or conversation */
	int64_t at_ms;
};

struct store_history_add {
	struct store_history_entry entry[STORE_HISTORY_COPIES_MAX];
	size_t n;
	struct store_history_quota quota;
	int64_t now_ms;
};

/** References, given back by the loop with the job. */
struct store_history_bundles {
	struct store_history_bundle *bundle[STORE_HISTORY_COPIES_MAX];
	size_t n;
	struct store_history_quota quota;
	int64_t now_ms;
};
void store_history_bundles_done(struct store_history_bundles *in);

struct store_history_page {
	struct store_history_filter filter; /**< `after` counts since_ms in */
	uint64_t before;                    /**< until_ms as an id */
};

/** A page of the history ends here, in bytes: the largest entries would not fit in a job by the hundred. */
#define STORE_HISTORY_PAGE_BYTES (4u << 20)

/** What `found` of a get and of a list points to. */
struct store_history_found {
	struct store_history_entry *entry;
	size_t n;
	uint64_t next;
};

/** One recipient; or a page of mailings behind this id. */
struct store_mailing_key {
	uint64_t id;
	uint32_t position;
	size_t max;
};

/** What is asked; the operation says which member. Texts are in the job's arena. */
union store_args {
	struct str aor;
	struct store_account account;
	struct store_allow allow;
	struct store_page page;
	struct store_set set;
	struct store_put_document document;
	struct store_document_page document_page;
	struct store_put_policies policies;
	struct store_policy policy;
	struct store_system_message system_message;
	struct store_system_mark system_mark;
	struct store_system_page system_page;
	struct store_hold hold;
	struct store_finish finish;
	struct store_mark mark;
	struct store_deferred_page deferred_page;
	struct store_conversation conversation;
	struct store_history_one history_one;
	struct store_history_add history_add;
	struct store_history_bundles history_bundles;
	struct store_history_page history_page;
	struct store_conference conference;
	struct store_mailing mailing;
	struct store_mailing_key mailing_key;
	struct str text;
	uint64_t id;
	int64_t now_ms;
};

struct store_job {
	struct list_link link;
	struct store_lane *lane;
	struct store_request *request; /**< NULL: cancelled. Looked at on the loop only */
	enum store_op op;
	int error;
	union store_args in;
	void *found; /**< array of the noun's records, in the arena */
	size_t found_n;
	size_t bytes; /**< of what was asked; counted against STORE_QUEUE_BYTES_MAX */
	struct arena arena;
};

/** Arguments and results of one job: a page of the largest records there are fits. */
#define STORE_JOB_MAX (8u << 20)

typedef int(store_op_cb)(void *connection, struct store_job *j);

/**
 * What stands behind the port. All functions but `open` and `close` are called by one lane, that is
 * by one thread at a time, with the connection opened for it.
 */
struct store_backend {
	const char *name;
	/** Work is done in worker threads, reads on a connection of their own; else on the loop. */
	bool threads;
	/** `where`: what follows the "name:" of the URL. */
	int (*open)(void **ret, struct str where, bool reader, struct buf *why);
	void (*close)(void *connection);
	/** Around each group of writes. A begin or commit that failed has rolled back. */
	int (*begin)(void *connection);
	int (*commit)(void *connection);
	void (*rollback)(void *connection);
	/** After an operation failed: the whole transaction went with it. */
	bool (*lost)(void *connection);
	/** The sentence for the operator about the last failure. */
	void (*explain)(void *connection, int error, struct buf *why);
	/** The directory of contents into `path`; false: they are in memory. */
	bool (*content)(struct str where, char path[PATH_MAX]);
	/** On the loop, before the first job. May be NULL. */
	void (*attach)(void *connection, struct content_area *area);
	store_op_cb *op[STORE_OPS];
};

extern const struct store_backend store_memory_backend;
extern const struct store_backend store_sqlite_backend;

/** NULL: out of memory. */
struct store_job *store_job_alloc(enum store_op op);
void store_job_free(struct store_job *j);
/** Takes the job. 0, or -ENOBUFS, -ENOMEM (a copy in the job's arena did not fit: `copied` false). */
int store_job_start(struct store *s, struct store_job *j, bool copied, struct store_request *r,
		    store_done_cb *done, void *arg);

/**
 * The shape of a noun's record: where in it the texts are. By it a record is copied whole, into an
 * arena or (store/memory/record.h) into a block of its own.
 */
struct store_shape {
	size_t size;
	size_t n;
	const uint16_t *text; /**< offsets of `n` struct str */
};

extern const struct store_shape store_document_shape;
extern const struct store_shape store_policy_shape;
extern const struct store_shape store_system_message_shape;
extern const struct store_shape store_deferred_shape; /**< devices are not in it */
extern const struct store_shape store_device_shape;
extern const struct store_shape store_history_shape;
extern const struct store_shape store_conversation_shape;
extern const struct store_shape store_conference_shape; /**< persons are not in it */
extern const struct store_shape store_mailing_shape;    /**< recipients are not in it */
extern const struct store_shape store_mailing_recipient_shape;

/** Copies into the arena; false: out of memory. `dst` may be `src`. */
bool store_record_copy(struct arena *a, void *dst, const void *src,
		       const struct store_shape *shape);
/** Of each of `n` keys: -EMSGSIZE longer than `max`, -EINVAL with a NUL in it (backends join by it). */
int store_keys_check(const struct str *key, size_t n, size_t max);
bool store_text_copy(struct arena *a, struct str *dst, struct str src);
bool store_account_copy(struct arena *a, struct store_account *dst,
			const struct store_account *src);
bool store_binding_copy(struct arena *a, struct store_binding *dst,
			const struct store_binding *src);

/** Reads a profile with the other operations of the same connection; the backend sees to one moment. */
int store_profile_collect(void *connection, struct store_job *j, store_op_cb *const *op);
/** The entity tag of a document, in the arena; STR_NULL: out of memory. */
struct str store_document_etag(struct arena *a, const struct store_document *d);
/** Does `if_etag` allow what is about to be done to a document with this tag (empty: no document)? */
bool store_document_allows(struct str if_etag, struct str etag);
/** Is it over: cleared, answered, or delivered without wanting an answer? */
bool store_system_message_settled(const struct store_system_message *m);
/** 0: this answer may be written; 1: it stands there already; or the errno of mark_answered. */
int store_system_message_check_answer(const struct store_system_message *m, struct str answer);

/** As a search of the history finds it: any case of ASCII letters. */
bool store_history_text_holds(struct str text, struct str wanted);

/** The memory backend's connection, for store/memory/memory.h; asserts that it is one. */
void *store_memory_of(struct store *s);
/** How lanes of backends without threads work: see store/memory/memory.h. */
void store_lanes_set_delay(struct store *s, uint32_t ms);
void store_lanes_hold(struct store *s, bool held);

#endif
