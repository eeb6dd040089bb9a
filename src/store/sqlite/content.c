/* SPDX-License-Identifier: Apache-2.0 */
/* Contents beside the database: they go when the record that names them has gone for good. */
#include <errno.h>
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


int sqlite_content_share(struct sqlite_connection *c, struct str name, struct str as)
{
	char directory[PATH_MAX];
	int err;

	if (!buf_reserve(&c->linked, STORE_CONTENT_NAME_N))
		return -ENOMEM;
	sqlite_content_directory(str_of(c->path), directory);
	err = content_link(directory, name, as);
	if (!err)
		buf_puts(&c->linked, as);
	return err;
}


void sqlite_content_settle(struct sqlite_connection *c, bool committed)
{
	struct str rest = buf_str(committed ? &c->doomed : &c->linked);
	char directory[PATH_MAX];

	if (rest.n)
		sqlite_content_directory(str_of(c->path), directory);
	for (; rest.n >= STORE_CONTENT_NAME_N; rest = str_from(rest, STORE_CONTENT_NAME_N))
		(void)content_unlink(directory, str_upto(rest, STORE_CONTENT_NAME_N), false);
	buf_clear(&c->doomed);
	buf_clear(&c->linked);
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
