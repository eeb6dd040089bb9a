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

#include "base/mem.h"
#include "store/account.h"
#include "store/binding.h"

enum store_op {
	STORE_ACCOUNT_ADD,
	STORE_ACCOUNT_SET_SECRET,
	STORE_ACCOUNT_SET_ALLOWED,
	STORE_ACCOUNT_DELETE,
	STORE_ACCOUNT_GET,
	STORE_ACCOUNT_LIST,
	STORE_BINDING_REPLACE,
	STORE_BINDING_EXPIRE,
	STORE_BINDING_LIST,
	STORE_OPS
};

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

/** What is asked; the operation says which member. Texts are in the job's arena. */
union store_args {
	struct str aor;
	struct store_account account;
	struct store_allow allow;
	struct store_page page;
	struct store_set set;
	int64_t now_ms;
};

struct store_job {
	struct list_link link;
	struct store_lane *lane;
	struct store_request *request; /**< NULL: cancelled. Looked at on the loop only */
	enum store_op op;
	int error;
	union store_args in;
	void *found;    /**< array of the noun's records, in the arena */
	size_t found_n;
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

/** Copies into the arena; false: out of memory. `dst` may be `src`. */
bool store_text_copy(struct arena *a, struct str *dst, struct str src);
bool store_account_copy(struct arena *a, struct store_account *dst, const struct store_account *src);
bool store_binding_copy(struct arena *a, struct store_binding *dst, const struct store_binding *src);

/** The memory backend's connection, for store/memory/memory.h; asserts that it is one. */
void *store_memory_of(struct store *s);
/** How lanes of backends without threads work: see store/memory/memory.h. */
void store_lanes_set_delay(struct store *s, uint32_t ms);
void store_lanes_hold(struct store *s, bool held);

#endif
