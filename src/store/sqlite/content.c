/* SPDX-License-Identifier: Apache-2.0 */
/* Contents beside the database: they go when the record that names them has gone for good. */
#include <stdio.h>

#include "store/content_area.h"
#include "store/sqlite/history.h"


void sqlite_content_directory(struct str path, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%.*s-content", (int)path.n, path.p);
}


/* Without memory to remember it the file is an orphan, and goes at the next start. */
void sqlite_content_doom(struct sqlite_connection *c, struct str name)
{
	if (name.n)
		buf_puts(&c->doomed, name);
}


void sqlite_content_settle(struct sqlite_connection *c, bool committed)
{
	struct str rest = buf_str(&c->doomed);
	char directory[PATH_MAX];

	if (committed && rest.n)
		sqlite_content_directory(str_of(c->path), directory);
	for (; committed && rest.n >= STORE_CONTENT_NAME_N;
	     rest = str_from(rest, STORE_CONTENT_NAME_N))
		(void)content_unlink(directory, str_upto(rest, STORE_CONTENT_NAME_N), false);
	buf_clear(&c->doomed);
}


static int is_named(struct str name, bool *ret, void *arg)
{
	static const char SQL[] = "SELECT 1 FROM history WHERE file = ?1 AND file <> '' UNION ALL "
				  "SELECT 1 FROM deferred WHERE file = ?1 AND file <> '' UNION ALL "
				  "SELECT 1 FROM mailing WHERE file = ?1 AND file <> '' LIMIT 1";
	struct sqlite_run run;
	int64_t found = 0;
	int r;

	sqlite_begin_run(&run, arg, SQL);
	sqlite_bind_str(&run, name);
	r = sqlite_finish_number(&run, &found);
	*ret = found != 0;
	return r;
}


int sqlite_content_sweep(struct sqlite_connection *c)
{
	char directory[PATH_MAX];

	sqlite_content_directory(str_of(c->path), directory);
	return content_sweep(directory, is_named, c);
}
