/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in SQLite. */
#include <errno.h>

#include "store/sqlite/connection.h"

#define COLUMNS "aor, auid, name, type, etag, size, changed_ms"
#define KEY "aor = ? AND auid = ? AND name = ?"


static void bind_key(struct sqlite_run *run, const struct store_document *d)
{
	sqlite_bind_str(run, d->aor);
	sqlite_bind_str(run, d->auid);
	sqlite_bind_str(run, d->name);
}


/* The tag of what is there; empty: nothing. */
static int current_etag(struct sqlite_connection *c, struct store_job *j, struct str *ret)
{
	static const char SQL[] = "SELECT etag FROM document WHERE " KEY;
	struct sqlite_run run;

	*ret = STR("");
	sqlite_begin_run(&run, c, SQL);
	bind_key(&run, &j->in.document.document);
	if (sqlite_next(&run))
		*ret = sqlite_column_str(&run, &j->arena);
	return sqlite_finish(&run);
}


static int count(struct sqlite_connection *c, struct str aor, int64_t *ret)
{
	static const char SQL[] = "SELECT count(*) FROM document WHERE aor = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, aor);
	return sqlite_finish_number(&run, ret);
}


static int write_document(struct sqlite_connection *c, const struct store_document *d)
{
	static const char SQL[] = "INSERT OR REPLACE INTO document (" COLUMNS ", body) "
				  "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	bind_key(&run, d);
	sqlite_bind_str(&run, d->type);
	sqlite_bind_str(&run, d->etag);
	sqlite_bind_int(&run, d->size);
	sqlite_bind_int(&run, d->changed_ms);
	sqlite_bind_blob(&run, d->body);
	return sqlite_finish(&run);
}


int sqlite_document_put(struct sqlite_connection *c, struct store_job *j)
{
	struct store_document *d = &j->in.document.document;
	struct str etag;
	int64_t n = 0;
	int r = current_etag(c, j, &etag);

	if (!r && !store_document_allows(j->in.document.if_etag, etag))
		r = -ESTALE;
	if (!r && !etag.n)
		r = count(c, d->aor, &n);
	if (!r && n >= STORE_DOCUMENTS_MAX)
		r = -EDQUOT;
	if (r)
		return r;

	d->etag = store_document_etag(&j->arena, d);
	if (!d->etag.p)
		return -ENOMEM;
	r = write_document(c, d);
	d->body = STR("");
	j->found = d;
	j->found_n = 1;
	return r;
}


int sqlite_document_delete(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "DELETE FROM document WHERE " KEY;
	struct sqlite_run run;
	struct str etag;
	int r = current_etag(c, j, &etag);

	if (!r && !etag.n)
		r = -ENOENT;
	if (!r && !store_document_allows(j->in.document.if_etag, etag))
		r = -ESTALE;
	if (r)
		return r;
	sqlite_begin_run(&run, c, SQL);
	bind_key(&run, &j->in.document.document);
	return sqlite_finish_changed(&run);
}


static void take(struct sqlite_run *run, struct arena *a, struct store_document *d)
{
	d->aor = sqlite_column_str(run, a);
	d->auid = sqlite_column_str(run, a);
	d->name = sqlite_column_str(run, a);
	d->type = sqlite_column_str(run, a);
	d->etag = sqlite_column_str(run, a);
	d->size = (uint32_t)sqlite_column_int(run);
	d->changed_ms = sqlite_column_int(run);
	d->body = STR("");
}


int sqlite_document_get(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT " COLUMNS ", body FROM document WHERE " KEY;
	struct store_document *to = arena_alloc(&j->arena, sizeof(*to));
	struct sqlite_run run;
	int r;

	if (!to)
		return -ENOMEM;
	j->found = to;
	sqlite_begin_run(&run, c, SQL);
	bind_key(&run, &j->in.document.document);
	if (sqlite_next(&run)) {
		take(&run, &j->arena, to);
		to->body = sqlite_column_blob(&run, &j->arena);
		j->found_n = 1;
	}
	r = sqlite_finish(&run);
	return r || j->found_n ? r : -ENOENT;
}


int sqlite_document_list(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT " COLUMNS
				  " FROM document WHERE aor = ? ORDER BY auid, name";
	struct store_document *to = arena_alloc(&j->arena, STORE_DOCUMENTS_MAX * sizeof(*to));
	struct sqlite_run run;

	if (!to)
		return -ENOMEM;
	j->found = to;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, j->in.document.document.aor);
	while (j->found_n < STORE_DOCUMENTS_MAX && sqlite_next(&run))
		take(&run, &j->arena, &to[j->found_n++]);
	return sqlite_finish(&run);
}


int sqlite_document_find(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"SELECT " COLUMNS
		" FROM document WHERE aor > ? AND auid = ? ORDER BY aor, name LIMIT ?";
	const struct store_document_page *p = &j->in.document_page;
	struct store_document *to = arena_alloc(&j->arena, (p->max + 1) * sizeof(*to));
	struct sqlite_run run;

	if (!to)
		return -ENOMEM;
	j->found = to;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, p->after);
	sqlite_bind_str(&run, p->auid);
	sqlite_bind_int(&run, (int64_t)p->max);
	while (j->found_n < p->max && sqlite_next(&run))
		take(&run, &j->arena, &to[j->found_n++]);
	return sqlite_finish(&run);
}
