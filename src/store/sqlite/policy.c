/* SPDX-License-Identifier: Apache-2.0 */
/* Operator policy in SQLite. */
#include <errno.h>

#include "store/sqlite/connection.h"


static int write_policy(struct sqlite_connection *c, const struct store_policy *p)
{
	static const char SQL[] =
		"INSERT OR REPLACE INTO policy (scope, key, value) VALUES (?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, p->scope);
	sqlite_bind_str(&run, p->key);
	sqlite_bind_str(&run, p->value);
	return sqlite_finish(&run);
}


static int check_count(struct sqlite_connection *c, struct str scope)
{
	static const char SQL[] = "SELECT count(*) FROM policy WHERE scope = ?";
	struct sqlite_run run;
	int64_t n;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, scope);
	r = sqlite_finish_number(&run, &n);
	return r || n <= STORE_POLICIES_MAX ? r : -EDQUOT;
}


int sqlite_policy_put(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_put_policies *in = &j->in.policies;
	int r = sqlite_savepoint(c);

	if (r)
		return r;
	for (size_t i = 0; !r && i < in->n; i++)
		r = write_policy(c, &in->policy[i]);
	for (size_t i = 0; !r && i < in->n; i++)
		if (!i || !str_eq(in->policy[i].scope, in->policy[i - 1].scope))
			r = check_count(c, in->policy[i].scope);
	return sqlite_release(c, r);
}


int sqlite_policy_delete(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "DELETE FROM policy WHERE scope = ? AND key = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, j->in.policy.scope);
	sqlite_bind_str(&run, j->in.policy.key);
	return sqlite_finish_changed(&run);
}


int sqlite_policy_list(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"SELECT scope, key, value FROM policy WHERE scope = ? ORDER BY key";
	struct store_policy *to = arena_alloc(&j->arena, STORE_POLICIES_MAX * sizeof(*to));
	struct sqlite_run run;

	if (!to)
		return -ENOMEM;
	j->found = to;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, j->in.policy.scope);
	while (j->found_n < STORE_POLICIES_MAX && sqlite_next(&run)) {
		struct store_policy *p = &to[j->found_n++];

		p->scope = sqlite_column_str(&run, &j->arena);
		p->key = sqlite_column_str(&run, &j->arena);
		p->value = sqlite_column_str(&run, &j->arena);
	}
	return sqlite_finish(&run);
}
