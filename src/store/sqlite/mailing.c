/* SPDX-License-Identifier: Apache-2.0 */
/* Mailings in SQLite. */
#include <errno.h>

#include "store/sqlite/history.h"


static int add_recipient(struct sqlite_connection *c, uint64_t id,
			 const struct store_mailing_recipient *r)
{
	static const char SQL[] = "INSERT INTO mailing_recipient (mailing, position, uri, who, "
				  "headers) VALUES (?, ?, ?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)id);
	sqlite_bind_int(&run, r->position);
	sqlite_bind_str(&run, r->uri);
	sqlite_bind_str(&run, r->who);
	sqlite_bind_str(&run, r->headers);
	return sqlite_finish(&run);
}


int sqlite_mailing_add(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"INSERT INTO mailing (id, kind, flags, size, received_ms, expires_ms, sender, "
		"group_, call_id, message_id, from_, type, file, headers, body) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	const struct store_mailing *m = &j->in.mailing;
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)m->id);
	sqlite_bind_int(&run, m->kind);
	sqlite_bind_int(&run, m->flags);
	sqlite_bind_int(&run, (int64_t)m->size);
	sqlite_bind_int(&run, m->received_ms);
	sqlite_bind_int(&run, m->expires_ms);
	sqlite_bind_str(&run, m->sender);
	sqlite_bind_str(&run, m->group);
	sqlite_bind_str(&run, m->call_id);
	sqlite_bind_str(&run, m->message_id);
	sqlite_bind_str(&run, m->from);
	sqlite_bind_str(&run, m->type);
	sqlite_bind_str(&run, m->file);
	sqlite_bind_str(&run, m->headers);
	sqlite_bind_blob(&run, m->body);
	r = sqlite_finish(&run);
	if (r)
		return r;
	for (size_t i = 0; !r && i < m->recipients_n; i++)
		r = add_recipient(c, m->id, &m->recipient[i]);
	return r ? sqlite_spoil(c, r) : 0;
}


static int waiting(struct sqlite_connection *c, uint64_t id, int64_t *ret)
{
	static const char SQL[] =
		"SELECT EXISTS (SELECT 1 FROM mailing_recipient WHERE mailing = ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)id);
	return sqlite_finish_number(&run, ret);
}


static int drop(struct sqlite_connection *c, struct store_job *j, uint64_t id)
{
	static const char FILE_OF[] = "SELECT file FROM mailing WHERE id = ?";
	static const char SQL[] = "DELETE FROM mailing WHERE id = ?";
	struct sqlite_run run;
	struct str file = STR("");
	int r;

	sqlite_begin_run(&run, c, FILE_OF);
	sqlite_bind_int(&run, (int64_t)id);
	if (sqlite_next(&run))
		file = sqlite_column_str(&run, &j->arena);
	r = sqlite_finish(&run);
	if (r)
		return r;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)id);
	r = sqlite_finish(&run);
	if (!r)
		sqlite_content_doom(c, file);
	return r;
}


int sqlite_mailing_settle(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"DELETE FROM mailing_recipient WHERE mailing = ? AND position = ?";
	const struct store_mailing_key k = j->in.mailing_key;
	struct sqlite_run run;
	int64_t left = 0;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)k.id);
	sqlite_bind_int(&run, k.position);
	r = sqlite_finish_changed(&run);
	if (r)
		return r;
	r = waiting(c, k.id, &left);
	if (!r && !left)
		r = drop(c, j, k.id);
	return r ? sqlite_spoil(c, r) : 0;
}


/* ---- Reading ---- */

static int read_recipients(struct sqlite_connection *c, struct store_job *j,
			   struct store_mailing *m)
{
	static const char N[] = "SELECT count(*) FROM mailing_recipient WHERE mailing = ?";
	static const char SQL[] = "SELECT position, uri, who, headers FROM mailing_recipient "
				  "WHERE mailing = ? ORDER BY position LIMIT ?";
	struct store_mailing_recipient *to;
	struct sqlite_run run;
	int64_t n = 0;
	int r;

	sqlite_begin_run(&run, c, N);
	sqlite_bind_int(&run, (int64_t)m->id);
	r = sqlite_finish_number(&run, &n);
	if (r)
		return r;
	to = arena_alloc(&j->arena, (size_t)(n + 1) * sizeof(*to));
	if (!to)
		return -ENOMEM;
	m->recipient = to;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)m->id);
	sqlite_bind_int(&run, n);
	while (m->recipients_n < (size_t)n && sqlite_next(&run)) {
		struct store_mailing_recipient *one = &to[m->recipients_n++];

		one->position = (uint32_t)sqlite_column_int(&run);
		one->uri = sqlite_column_str(&run, &j->arena);
		one->who = sqlite_column_str(&run, &j->arena);
		one->headers = sqlite_column_str(&run, &j->arena);
	}
	return sqlite_finish(&run);
}


static void read_row(struct sqlite_run *run, struct arena *a, struct store_mailing *m)
{
	*m = (struct store_mailing){.id = (uint64_t)sqlite_column_int(run)};
	m->kind = (uint32_t)sqlite_column_int(run);
	m->flags = (uint32_t)sqlite_column_int(run);
	m->size = (uint64_t)sqlite_column_int(run);
	m->received_ms = sqlite_column_int(run);
	m->expires_ms = sqlite_column_int(run);
	m->sender = sqlite_column_str(run, a);
	m->group = sqlite_column_str(run, a);
	m->call_id = sqlite_column_str(run, a);
	m->message_id = sqlite_column_str(run, a);
	m->from = sqlite_column_str(run, a);
	m->type = sqlite_column_str(run, a);
	m->file = sqlite_column_str(run, a);
	m->headers = sqlite_column_str(run, a);
	m->body = sqlite_column_blob(run, a);
}


int sqlite_mailing_list(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"SELECT id, kind, flags, size, received_ms, expires_ms, sender, group_, call_id, "
		"message_id, from_, type, file, headers, body FROM mailing WHERE id > ? "
		"ORDER BY id LIMIT ?";
	const struct store_mailing_key k = j->in.mailing_key;
	struct store_mailing *to = arena_alloc(&j->arena, k.max * sizeof(*to));
	struct sqlite_run run;
	int r;

	if (!to)
		return -ENOMEM;
	j->found = to;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)k.id);
	sqlite_bind_int(&run, (int64_t)k.max);
	while (j->found_n < k.max && j->arena.used < STORE_MAILING_PAGE_BYTES && sqlite_next(&run))
		read_row(&run, &j->arena, &to[j->found_n++]);
	r = sqlite_finish(&run);
	for (size_t i = 0; !r && i < j->found_n; i++)
		r = read_recipients(c, j, &to[i]);
	return r;
}
