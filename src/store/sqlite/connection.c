/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: prepared statements, errors as -errno and as sentences. */
#include "store/sqlite/connection.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"


static int errno_of(int code)
{
	if (code == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE)
		return -EEXIST;

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_CONSTRAINT:
		return -EINVAL;
	default:
		return -EIO;
	}
}


int sqlite_error(struct sqlite_connection *c, int code)
{
	int error = errno_of(code);

	if (!error)
		return 0;
	c->code = code;
	c->system_error = sqlite3_system_errno(c->db);
	log_debug("store", "sqlite error=%d text=\"%s\"", code, sqlite3_errmsg(c->db));
	return error;
}


static const char *advice(int error)
{
	switch (error) {
	case -ENOSPC:
		return "make room on that disk; nothing that was acknowledged is lost";
	case -EROFS:
		return "give the user that runs parleyd the right to write it, and mount the file "
		       "system writable";
	case -EBUSY:
		return "another program holds the database: end it";
	case -EACCES:
		return "see that the directory exists and that the user that runs parleyd may "
		       "write it";
	case -ENOMEM:
		return "give the process more memory";
	default:
		return "look for disk errors in the system's log; check the file with "
		       "\"sqlite3 FILE 'PRAGMA integrity_check'\" or put back a backup";
	}
}


void sqlite_explain(struct sqlite_connection *c, int error, struct buf *why)
{
	buf_printf(why, "%s: %s", c->path, c->code ? sqlite3_errstr(c->code) : strerror(-error));
	if (c->system_error)
		buf_printf(why, " (%s)", strerror(c->system_error));
	buf_printf(why, ": %s", advice(error));
}


int sqlite_exec(struct sqlite_connection *c, const char *sql)
{
	return sqlite_error(c, sqlite3_exec(c->db, sql, NULL, NULL, NULL));
}


void sqlite_connection_close(struct sqlite_connection *c)
{
	for (size_t i = 0; i < c->n; i++)
		sqlite3_finalize(c->statement[i].stmt);
	sqlite3_close(c->db);
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	buf_done(&c->doomed);
	buf_done(&c->linked);
	sqlite_segment_close(&c->segments);
	mem_unref(c->path);
	mem_unref(c);
}


/* ---- Running statements ---- */

static int prepare(struct sqlite_connection *c, const char *sql, sqlite3_stmt **ret)
{
	int code;

	for (size_t i = 0; i < c->n; i++) {
		if (c->statement[i].sql == sql) {
			*ret = c->statement[i].stmt;
			return 0;
		}
	}

	assert(c->n < SQLITE_STATEMENTS_MAX);
	code = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
	if (code)
		return sqlite_error(c, code);
	c->statement[c->n++] = (struct sqlite_statement){sql, *ret};
	return 0;
}


void sqlite_begin_run(struct sqlite_run *r, struct sqlite_connection *c, const char *sql)
{
	*r = (struct sqlite_run){.c = c};
	r->error = prepare(c, sql, &r->stmt);
	if (r->error)
		r->stmt = NULL;
}


static void check(struct sqlite_run *r, int code)
{
	if (code && !r->error)
		r->error = sqlite_error(r->c, code);
}


void sqlite_bind_str(struct sqlite_run *r, struct str s)
{
	if (!r->error)
		check(r, sqlite3_bind_text64(r->stmt, ++r->bound, s.n ? s.p : "", s.n,
					     SQLITE_STATIC, SQLITE_UTF8));
}


void sqlite_bind_int(struct sqlite_run *r, int64_t v)
{
	if (!r->error)
		check(r, sqlite3_bind_int64(r->stmt, ++r->bound, v));
}


void sqlite_bind_blob(struct sqlite_run *r, struct str s)
{
	if (!r->error)
		check(r,
		      sqlite3_bind_blob64(r->stmt, ++r->bound, s.n ? s.p : "", s.n, SQLITE_STATIC));
}


bool sqlite_next(struct sqlite_run *r)
{
	int code;

	if (r->error)
		return false;
	code = sqlite3_step(r->stmt);
	r->column = 0;
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		check(r, code);
	return false;
}


struct str sqlite_column_str(struct sqlite_run *r, struct arena *a)
{
	struct str s = {(const char *)sqlite3_column_text(r->stmt, r->column), 0};
	struct str copy = {"", 0};

	s.n = (size_t)sqlite3_column_bytes(r->stmt, r->column++);
	if (!s.p || !store_text_copy(a, &copy, s))
		r->error = r->error ? r->error : -ENOMEM;
	return copy;
}


struct str sqlite_column_blob(struct sqlite_run *r, struct arena *a)
{
	struct str s = {sqlite3_column_blob(r->stmt, r->column), 0};
	struct str copy = {"", 0};

	s.n = (size_t)sqlite3_column_bytes(r->stmt, r->column++);
	if (!store_text_copy(a, &copy, s))
		r->error = r->error ? r->error : -ENOMEM;
	return copy;
}


bool sqlite_column_null(const struct sqlite_run *r)
{
	return sqlite3_column_type(r->stmt, r->column) == SQLITE_NULL;
}


int64_t sqlite_column_int(struct sqlite_run *r)
{
	return sqlite3_column_int64(r->stmt, r->column++);
}


int sqlite_finish(struct sqlite_run *r)
{
	while (sqlite_next(r))
		;
	if (r->stmt) {
		sqlite3_reset(r->stmt);
		sqlite3_clear_bindings(r->stmt);
	}
	return r->error;
}


int sqlite_finish_changed(struct sqlite_run *r)
{
	int error = sqlite_finish(r);

	return error || sqlite3_changes(r->c->db) ? error : -ENOENT;
}


int sqlite_finish_number(struct sqlite_run *r, int64_t *ret)
{
	int64_t number = sqlite_next(r) ? sqlite_column_int(r) : 0;
	int error = sqlite_finish(r);

	if (!error)
		*ret = number;
	return error;
}


/* ---- Several as one ---- */

int sqlite_savepoint(struct sqlite_connection *c)
{
	return sqlite_exec(c, "SAVEPOINT several");
}


int sqlite_release(struct sqlite_connection *c, int error)
{
	int code = c->code, system_error = c->system_error;

	if (!error)
		return sqlite_exec(c, "RELEASE several");

	/* Without the transaction there is nothing left to undo. */
	if (!sqlite3_get_autocommit(c->db) &&
	    sqlite_exec(c, "ROLLBACK TO several; RELEASE several"))
		c->broken = true;
	c->code = code;
	c->system_error = system_error;
	return error;
}


int sqlite_spoil(struct sqlite_connection *c, int error)
{
	if (error)
		c->broken = true;
	return error;
}
