/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the SQLite backend: one connection with its prepared statements, and running them.
 *
 * A statement is named by its SQL text, a constant, and prepared once. Its use reads like a sentence:
 *
 *     static const char SQL[] = "DELETE FROM account WHERE aor = ?";
 *     struct sqlite_run run;
 *
 *     sqlite_begin_run(&run, c, SQL);
 *     sqlite_bind_str(&run, aor);
 *     return sqlite_finish(&run);
 *
 * The first failure sticks to the run; what follows it does nothing.
 */
#ifndef STORE_SQLITE_CONNECTION_H
#define STORE_SQLITE_CONNECTION_H

#include <sqlite3.h>

#include "store/job.h"
#include "store/sqlite/segment.h"

/** Different statements of one connection; our own number. */
#define SQLITE_STATEMENTS_MAX 192

struct sqlite_statement {
	const char *sql;
	sqlite3_stmt *stmt;
};

struct sqlite_connection {
	sqlite3 *db;
	char *path;
	int lock_fd; /**< the writer's; -1: none */
	int code;    /**< of the last failure, for the sentence */
	int system_error;
	bool broken;       /**< a savepoint could not be undone: the transaction must go */
	struct buf doomed; /**< names of contents that go with the commit (sqlite/history.h) */
	struct buf linked; /**< names that go without it */
	struct sqlite_segments segments;
	size_t n;
	struct sqlite_statement statement[SQLITE_STATEMENTS_MAX];
};

struct sqlite_run {
	struct sqlite_connection *c;
	sqlite3_stmt *stmt;
	int bound, column;
	int error; /**< 0 or -errno */
};

/** -errno for a result code of SQLite; notes the failure in the connection. */
int sqlite_error(struct sqlite_connection *c, int code);
/** Runs SQL that gives no rows and has no parameters. */
int sqlite_exec(struct sqlite_connection *c, const char *sql);
/** The sentence for the operator about the last failure, with what to do. */
void sqlite_explain(struct sqlite_connection *c, int error, struct buf *why);

/** Opens the file and, for the writer, makes it what this version needs. */
int sqlite_connection_open(struct sqlite_connection **ret, struct str path, bool reader,
			   struct buf *why);
void sqlite_connection_close(struct sqlite_connection *c);

void sqlite_begin_run(struct sqlite_run *r, struct sqlite_connection *c, const char *sql);
/** Parameters, in order. Texts are borrowed until the run is finished. */
void sqlite_bind_str(struct sqlite_run *r, struct str s);
void sqlite_bind_int(struct sqlite_run *r, int64_t v);
void sqlite_bind_blob(struct sqlite_run *r, struct str s);
/** The next row; false: no more, or failed. Columns are then read in order. */
bool sqlite_next(struct sqlite_run *r);
/** A copy in `a`; a failure to copy sticks as -ENOMEM. */
struct str sqlite_column_str(struct sqlite_run *r, struct arena *a);
/** The same of a blob, or NULL: empty. */
struct str sqlite_column_blob(struct sqlite_run *r, struct arena *a);
int64_t sqlite_column_int(struct sqlite_run *r);
bool sqlite_column_null(const struct sqlite_run *r); /**< is the next one NULL? */
/** Runs to the end when sqlite_next was not used, and lets go of the statement. 0 or -errno. */
int sqlite_finish(struct sqlite_run *r);
/** sqlite_finish, and -ENOENT when no row was changed. */
int sqlite_finish_changed(struct sqlite_run *r);
/** One row of one number; 0 when there is none, or NULL. */
int sqlite_finish_number(struct sqlite_run *r, int64_t *ret);

/** Several statements as one, all of them or none: an `error` undoes them and is returned. */
int sqlite_savepoint(struct sqlite_connection *c);
int sqlite_release(struct sqlite_connection *c, int error);
/**
 * For writes that are many and cheap, in the place of a savepoint: an error in the middle of several
 * statements takes the whole transaction with it. Returns `error`.
 */
int sqlite_spoil(struct sqlite_connection *c, int error);

#define OPERATION(NAME, name, reads) \
	int sqlite_##name(struct sqlite_connection *c, struct store_job *j);
STORE_OPERATIONS(OPERATION)
#undef OPERATION

#endif
