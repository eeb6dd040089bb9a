/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a database: its file and directory, how it is written, its schema's version. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/content.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/deferred.h"
#include "store/sqlite/history.h"
#include "store/sqlite/schema.h"

/** "PRLY": says in the file whose it is. */
#define APPLICATION_ID 0x50524c59

/**
 * KiB of pages kept in memory, and pages of the log before it is folded into the database (16 MiB): a
 * page that is written again and again is then written to the database once.
 */
#define WRITER_TUNING                                                                        \
	"PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4096; PRAGMA temp_store = " \
	"MEMORY;"

/** Files hold secrets: nobody else reads them. */
#define FILE_MODE 0600
#define DIRECTORY_MODE 0750


/* Every directory that leads to `path` and is not there yet. */
static int make_directories(const char *path, struct buf *why)
{
	char part[PATH_MAX];

	for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
		size_t n = (size_t)(slash - path);

		memcpy(part, path, n);
		part[n] = '\0';
		if (mkdir(part, DIRECTORY_MODE) == 0 || errno == EEXIST)
			continue;
		int error = -errno;
		struct stat st;

		if (stat(part, &st) == 0 && S_ISDIR(st.st_mode))
			continue;
		buf_printf(why,
			   "%s: cannot make the directory %s: %s: make it, and give it to the user "
			   "that "
			   "runs parleyd, or choose another place with \"store: sqlite:PATH\"",
			   path, part, strerror(-error));
		return error;
	}
	return 0;
}


/* SQLite would make the file readable for all. */
static int make_file(const char *path, struct buf *why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE), error;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	error = -errno;
	buf_printf(why,
		   "%s: cannot open: %s: give the file and its directory to the user that runs "
		   "parleyd, "
		   "or choose another place with \"store: sqlite:PATH\"",
		   path, strerror(-error));
	return error;
}


/*
 * One process writes at a time: what it has in memory (sqlite/deferred_orders.c) must be true. A file of
 * its own, since closing any descriptor of the database would drop SQLite's locks on it.
 */
static int lock(struct sqlite_connection *c, struct buf *why)
{
	char name[PATH_MAX];
	int error;

	snprintf(name, sizeof(name), "%s-lock", c->path);
	c->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	if (c->lock_fd >= 0 && flock(c->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	error = -errno;
	if (error == -EWOULDBLOCK)
		buf_printf(why,
			   "%s: another parleyd uses it: end that one, or choose another file with "
			   "\"store: sqlite:PATH\"",
			   c->path);
	else
		buf_printf(why,
			   "%s: cannot lock: %s: give its directory to the user that runs parleyd, "
			   "or choose "
			   "another place with \"store: sqlite:PATH\"",
			   name, strerror(-error));
	return error == -EWOULDBLOCK ? -EBUSY : error;
}


static int query_int(struct sqlite_connection *c, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(c->db, sql, -1, &stmt, NULL);

	if (code)
		return sqlite_error(c, code);
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW ? 0 : sqlite_error(c, code == SQLITE_DONE ? SQLITE_ERROR : code);
}


/* Write-ahead log: readers do not wait for the writer, and a commit is one fsync (FULL). */
static int set_durable(struct sqlite_connection *c, struct buf *why)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(c->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
	bool wal = false;

	if (!code) {
		code = sqlite3_step(stmt);
		wal = code == SQLITE_ROW &&
		      strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
		sqlite3_finalize(stmt);
		if (code == SQLITE_ROW || code == SQLITE_DONE)
			code = 0;
	}
	if (code)
		return sqlite_error(c, code);
	if (!wal) {
		buf_printf(
			why,
			"%s: this file system cannot carry a write-ahead log: choose a local disk",
			c->path);
		return -ENOTSUP;
	}
	return sqlite_exec(
		c, "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; " WRITER_TUNING);
}


static int apply(struct sqlite_connection *c, const struct sqlite_schema *step, struct buf *why)
{
	char version[96];
	int r;

	snprintf(version, sizeof(version),
		 "PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT", step->version,
		 APPLICATION_ID);
	r = sqlite_exec(c, "BEGIN EXCLUSIVE");
	if (r)
		return r;
	r = sqlite_exec(c, step->sql);
	if (!r)
		r = sqlite_exec(c, version);
	if (r) {
		buf_printf(why, "%s: schema step %d (%s) failed: %s", c->path, step->version,
			   step->name, sqlite3_errmsg(c->db));
		(void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
	}
	return r;
}


/* The file is ours, and no newer than we are. */
static int check_owner(struct sqlite_connection *c, int64_t *version, struct buf *why)
{
	int64_t id = 0, tables = 0;
	int r;

	if ((r = query_int(c, "PRAGMA application_id", &id)) ||
	    (r = query_int(c, "PRAGMA user_version", version)) ||
	    (r = query_int(c, "SELECT count(*) FROM sqlite_schema", &tables)))
		return r;
	if (id != APPLICATION_ID && (id || *version || tables)) {
		buf_printf(why, "%s: this is some other program's database: choose another file",
			   c->path);
		return -EINVAL;
	}
	if (*version > sqlite_schemas_n) {
		buf_printf(
			why,
			"%s: written by a newer parleyd (schema %d, this one knows %u): use that "
			"version, or put back the backup from before the upgrade",
			c->path, (int)*version, sqlite_schemas_n);
		return -ENOTSUP;
	}
	return 0;
}


static int migrate(struct sqlite_connection *c, struct buf *why)
{
	int64_t version = 0;
	int r = check_owner(c, &version, why);

	for (unsigned i = (unsigned)version; !r && i < sqlite_schemas_n; i++)
		r = apply(c, &sqlite_schemas[i], why);
	return r;
}


static int open_db(struct sqlite_connection *c, bool reader, struct buf *why)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int code = sqlite3_open_v2(c->path, &c->db, flags, NULL), r;

	if (code)
		return sqlite_error(c, code);
	sqlite3_busy_timeout(c->db, STORE_BUSY_MS);
	/* The reader only reads, but a log left by a crash must be taken up by whoever comes first. */
	if (reader)
		return sqlite_exec(c, "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;");

	r = set_durable(c, why);
	if (!r)
		r = migrate(c, why);
	if (!r)
		r = sqlite_deferred_load(c);
	if (!r)
		r = sqlite_segment_sweep(c);
	return r ? r : sqlite_content_sweep(c);
}


int sqlite_connection_open(struct sqlite_connection **ret, struct str path, bool reader,
			   struct buf *why)
{
	struct sqlite_connection *c;
	int r;

	if (!path.n || path.n >= PATH_MAX - 64 || memchr(path.p, 0, path.n)) {
		buf_puts(why, STR("sqlite: needs the path of a file behind the colon"));
		return -EINVAL;
	}
	c = mem_alloc(sizeof(*c), NULL);
	if (!c)
		return -ENOMEM;
	c->lock_fd = -1;
	sqlite_segment_open(&c->segments);
	buf_init(&c->doomed, STORE_GROUP_MAX * STORE_HISTORY_REMOVE_MAX * STORE_CONTENT_NAME_N);
	buf_init(&c->linked, STORE_GROUP_MAX * STORE_HISTORY_COPIES_MAX * STORE_CONTENT_NAME_N);
	c->path = str_dup(path);
	r = c->path ? 0 : -ENOMEM;
	if (!r && !reader)
		r = make_directories(c->path, why);
	if (!r && !reader)
		r = make_file(c->path, why);
	if (!r && !reader)
		r = lock(c, why);
	if (!r) {
		r = open_db(c, reader, why);
		if (r && !why->n)
			sqlite_explain(c, r, why);
	}
	if (r) {
		sqlite_connection_close(c);
		return r;
	}

	*ret = c;
	return 0;
}
