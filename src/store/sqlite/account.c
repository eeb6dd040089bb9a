/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts in SQLite. */
#include <errno.h>

#include "store/sqlite/history.h"

#define COLUMNS "aor, realm, ha1_md5, ha1_sha256, allowed, created_ms"


static int insert(struct sqlite_connection *c, const struct store_account *a)
{
	static const char SQL[] = "INSERT INTO account (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, a->aor);
	sqlite_bind_str(&run, a->realm);
	sqlite_bind_str(&run, a->ha1_md5);
	sqlite_bind_str(&run, a->ha1_sha256);
	sqlite_bind_int(&run, a->allowed);
	sqlite_bind_int(&run, a->created_ms);
	return sqlite_finish(&run);
}


int sqlite_account_add(struct sqlite_connection *c, struct store_job *j)
{
	return insert(c, &j->in.account);
}


int sqlite_account_set_secret(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"UPDATE account SET realm = ?, ha1_md5 = ?, ha1_sha256 = ? WHERE aor = ?";
	const struct store_account *a = &j->in.account;
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, a->realm);
	sqlite_bind_str(&run, a->ha1_md5);
	sqlite_bind_str(&run, a->ha1_sha256);
	sqlite_bind_str(&run, a->aor);
	return sqlite_finish_changed(&run);
}


int sqlite_account_set_allowed(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "UPDATE account SET allowed = ? WHERE aor = ?";
	const struct store_allow *in = &j->in.allow;
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, in->allowed);
	sqlite_bind_str(&run, in->aor);
	r = sqlite_finish_changed(&run);
	if (r != -ENOENT || !in->create)
		return r;
	return insert(c, &(struct store_account){
				 .aor = in->aor,
				 .allowed = in->allowed,
				 .created_ms = in->created_ms,
			 });
}


static int delete_account(struct sqlite_connection *c, struct str aor)
{
	static const char SQL[] = "DELETE FROM account WHERE aor = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, aor);
	return sqlite_finish_changed(&run);
}


/* What is the user's own goes along. */
static int delete_of_user(struct sqlite_connection *c, const char *sql, struct str aor)
{
	struct sqlite_run run;

	sqlite_begin_run(&run, c, sql);
	sqlite_bind_str(&run, aor);
	return sqlite_finish(&run);
}


int sqlite_account_delete(struct sqlite_connection *c, struct store_job *j)
{
	static const char *const SQL[] = {
		"DELETE FROM binding WHERE aor = ?",
		"DELETE FROM document WHERE aor = ?",
		"DELETE FROM policy WHERE scope = ?",
		"DELETE FROM system_message WHERE aor = ?",
	};
	struct buf files = BUF_INIT(c->doomed.max);
	int r = sqlite_savepoint(c);

	if (r)
		return r;
	r = delete_account(c, j->in.aor);
	for (size_t i = 0; !r && i < sizeof(SQL) / sizeof(SQL[0]); i++)
		r = delete_of_user(c, SQL[i], j->in.aor);
	if (!r)
		r = sqlite_history_delete_user(c, j->in.aor, &files);
	r = sqlite_release(c, r);
	if (!r)
		sqlite_content_doom(c, buf_str(&files));
	buf_done(&files);
	return r;
}


/* The rows of `run` into the job. */
static int take(struct sqlite_run *run, struct store_job *j, size_t max)
{
	struct store_account *to = arena_alloc(&j->arena, max * sizeof(*to));

	if (!to && !run->error)
		run->error = -ENOMEM;
	j->found = to;
	while (j->found_n < max && sqlite_next(run)) {
		struct store_account *a = &to[j->found_n++];

		a->aor = sqlite_column_str(run, &j->arena);
		a->realm = sqlite_column_str(run, &j->arena);
		a->ha1_md5 = sqlite_column_str(run, &j->arena);
		a->ha1_sha256 = sqlite_column_str(run, &j->arena);
		a->allowed = sqlite_column_int(run) != 0;
		a->created_ms = sqlite_column_int(run);
	}
	return sqlite_finish(run);
}


int sqlite_account_get(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT " COLUMNS " FROM account WHERE aor = ?";
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, j->in.aor);
	r = take(&run, j, 1);
	return r || j->found_n ? r : -ENOENT;
}


int sqlite_account_list(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT " COLUMNS
				  " FROM account WHERE aor > ? ORDER BY aor LIMIT ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, j->in.page.after);
	sqlite_bind_int(&run, (int64_t)j->in.page.max);
	return take(&run, j, j->in.page.max);
}
