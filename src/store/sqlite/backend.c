/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite backend: one connection that writes, one that reads, a transaction for each group. */
#include <errno.h>

#include "store/sqlite/history.h"


static int backend_open(void **ret, struct str where, bool reader, struct buf *why)
{
	struct sqlite_connection *c;
	int r = sqlite_connection_open(&c, where, reader, why);

	if (!r)
		*ret = c;
	return r;
}


static void backend_close(void *connection)
{
	sqlite_connection_close(connection);
}


static void backend_rollback(void *connection)
{
	struct sqlite_connection *c = connection;

	if (!sqlite3_get_autocommit(c->db))
		(void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
	sqlite_content_settle(c, false);
	sqlite_segment_settle(c, false);
}


/* IMMEDIATE: the lock is had before the first write, so that none fails in the middle for want of it. */
static int backend_begin(void *connection)
{
	struct sqlite_connection *c = connection;

	c->broken = false;
	sqlite_segment_begin(c);
	return sqlite_exec(c, "BEGIN IMMEDIATE");
}


static int backend_commit(void *connection)
{
	int r = sqlite_segment_sync(connection);

	if (!r)
		r = sqlite_exec(connection, "COMMIT");
	if (r) {
		backend_rollback(connection);
		return r;
	}
	sqlite_content_settle(connection, true);
	sqlite_segment_settle(connection, true);
	return 0;
}


/* A full disk or an I/O error may have rolled back all of it. */
static bool backend_lost(void *connection)
{
	struct sqlite_connection *c = connection;

	return c->broken || sqlite3_get_autocommit(c->db);
}


static void backend_explain(void *connection, int error, struct buf *why)
{
	sqlite_explain(connection, error, why);
}


static bool backend_content(struct str where, char path[PATH_MAX])
{
	sqlite_content_directory(where, path);
	return true;
}


#define OPERATION(NAME, name, reads)                                \
	static int op_##name(void *connection, struct store_job *j) \
	{                                                           \
		return sqlite_##name(connection, j);                \
	}
STORE_OPERATIONS(OPERATION)
#undef OPERATION


const struct store_backend store_sqlite_backend = {
	.name = "sqlite",
	.threads = true,
	.open = backend_open,
	.close = backend_close,
	.begin = backend_begin,
	.commit = backend_commit,
	.rollback = backend_rollback,
	.lost = backend_lost,
	.explain = backend_explain,
	.content = backend_content,
	.op =
		{
#define OPERATION(NAME, name, reads) [STORE_OP_##NAME] = op_##name,
			STORE_OPERATIONS(OPERATION)
#undef OPERATION
		},
};
