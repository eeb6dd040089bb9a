/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The store is a port: what must outlive the process, in the service's words.
 *
 * Each noun has a header of its own (store/account.h, store/deferred.h, …) with the requests that
 * can be made of it; this one has what they share. Behind it stand backends: `memory:` (the
 * reference and the tests' default; forgets at exit), `sqlite:PATH`.
 *
 * A request is asynchronous in form. The caller embeds a `struct store_request`, the function
 * returns 0 and `done(request, error, arg)` comes later from the loop, exactly once, never before
 * the function returns; or it returns -ENOMEM / -ENOBUFS and nothing comes. After store_cancel nothing
 * comes either (a write that was cancelled may still happen). What is passed in is copied; what was
 * read is valid until `done` returns.
 *
 * Writes are done in the order asked for. done(0) of a write means: on disk, fsync included. To make
 * that cheap, all writes that were asked for while the last transaction was being written go into
 * the next one, together. One that fails alone (-ENOENT, -EEXIST, -EDQUOT, -ESTALE) does not disturb
 * the others; a disk that is full fails them all. A read sees every write whose done(0) came before the read was
 * asked for.
 *
 * Errors: -ENOENT, -EEXIST as the noun says; -ENOSPC disk full, -EROFS read only, -EIO the disk or the
 * file is broken, -EBUSY another process holds it, -EACCES, -ENOMEM, -ECANCELED closed meanwhile.
 * store_trouble has the sentence for the operator.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/str.h"

struct store;
struct store_job;
struct store_request;

typedef void(store_done_cb)(struct store_request *r, int error, void *arg);

/** Embedded by the caller; zeroed or finished, it is idle and may be used (again). */
struct store_request {
	struct store_job *job; /**< all of it is private; NULL: idle, also in `done` already */
	store_done_cb *done;
	void *arg;
	const void *found; /**< in `done` of a read: see the noun's _result */
	size_t found_n;
};

/** Requests that wait: beyond it they are refused with -ENOBUFS, and the sender gets 503. */
#define STORE_QUEUE_MAX 100000
/** Bytes of all that waits: a store that is slow for seconds must not eat the process. Likewise. */
#define STORE_QUEUE_BYTES_MAX (256u << 20)
/** Most writes of one transaction: bounds how long its first must wait for the last. */
#define STORE_GROUP_MAX 1024
/** Records in one page of a list. */
#define STORE_PAGE_MAX 500
/** Another process may hold the database this long before -EBUSY. */
#define STORE_BUSY_MS 5000

/**
 * Opens `url`: "memory:" or "sqlite:PATH" (made when it is not there, brought up to this version's
 * schema when it is older). Blocks: for the start of the program. Counted: mem_unref of the last
 * reference closes; writes asked for before are still written, callbacks do not come. On failure
 * -errno, and `why` says what is wrong and what to do about it.
 */
int store_open(struct store **ret, struct loop *loop, struct str url, struct buf *why);
/** -EINVAL, with the words of store_open: this program has no such kind of store. Nothing is opened. */
int store_check(struct str url, struct buf *why);
/** "memory", "sqlite" */
const char *store_backend_name(const struct store *s);

/** No callback follows; an idle request is ignored. */
void store_cancel(struct store_request *r);


static inline bool store_pending(const struct store_request *r)
{
	return r->job != NULL;
}


/**
 * The last failure that an operator must know of (full, broken, busy…), as a sentence; empty when the
 * last transaction succeeded.
 */
struct str store_trouble(const struct store *s);
/** Told when trouble begins, changes or ends (`error` 0). One watcher; NULL: none. */
typedef void(store_trouble_cb)(struct store *s, int error, struct str text, void *arg);
void store_watch_trouble(struct store *s, store_trouble_cb *cb, void *arg);

/** Requests that wait or are being worked on. */
size_t store_waiting(const struct store *s);

#endif
