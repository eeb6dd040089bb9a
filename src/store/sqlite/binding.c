/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings in SQLite. */
#include <errno.h>

#include "store/sqlite/connection.h"

#define COLUMNS                                                                                 \
	"aor, position, contact, params, instance, call_id, path, source, user_agent, reg_id, " \
	"cseq, "                                                                                \
	"socket, flags, q, registered_ms, expires_ms"


static int insert(struct sqlite_connection *c, const struct store_binding *b)
{
	static const char SQL[] = "INSERT INTO binding (" COLUMNS ") "
				  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, b->aor);
	sqlite_bind_int(&run, b->position);
	sqlite_bind_str(&run, b->contact);
	sqlite_bind_str(&run, b->params);
	sqlite_bind_str(&run, b->instance);
	sqlite_bind_str(&run, b->call_id);
	sqlite_bind_str(&run, b->path);
	sqlite_bind_str(&run, b->source);
	sqlite_bind_str(&run, b->user_agent);
	sqlite_bind_int(&run, b->reg_id);
	sqlite_bind_int(&run, b->cseq);
	sqlite_bind_int(&run, b->socket);
	sqlite_bind_int(&run, b->flags);
	sqlite_bind_int(&run, b->q);
	sqlite_bind_int(&run, b->registered_ms);
	sqlite_bind_int(&run, b->expires_ms);
	return sqlite_finish(&run);
}


static int delete_set(struct sqlite_connection *c, struct str aor)
{
	static const char SQL[] = "DELETE FROM binding WHERE aor = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, aor);
	return sqlite_finish(&run);
}


int sqlite_binding_replace(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_set *set = &j->in.set;
	int r = sqlite_savepoint(c);

	if (r)
		return r;
	r = delete_set(c, set->aor);
	for (size_t i = 0; !r && i < set->n; i++)
		r = insert(c, &set->binding[i]);
	return sqlite_release(c, r);
}


int sqlite_binding_expire(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "DELETE FROM binding WHERE expires_ms <= ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, j->in.now_ms);
	return sqlite_finish(&run);
}


static void take(struct sqlite_run *run, struct arena *a, struct store_binding *b)
{
	b->aor = sqlite_column_str(run, a);
	b->position = (uint32_t)sqlite_column_int(run);
	b->contact = sqlite_column_str(run, a);
	b->params = sqlite_column_str(run, a);
	b->instance = sqlite_column_str(run, a);
	b->call_id = sqlite_column_str(run, a);
	b->path = sqlite_column_str(run, a);
	b->source = sqlite_column_str(run, a);
	b->user_agent = sqlite_column_str(run, a);
	b->reg_id = (uint32_t)sqlite_column_int(run);
	b->cseq = (uint32_t)sqlite_column_int(run);
	b->socket = (uint32_t)sqlite_column_int(run);
	b->flags = (uint32_t)sqlite_column_int(run);
	b->q = (uint16_t)sqlite_column_int(run);
	b->registered_ms = sqlite_column_int(run);
	b->expires_ms = sqlite_column_int(run);
}


int sqlite_binding_list(struct sqlite_connection *c, struct store_job *j)
{
	/* Empty is before every AOR, and -1 before every position. */
	static const char SQL[] = "SELECT " COLUMNS " FROM binding "
				  "WHERE (aor, position) > (?, ?) AND expires_ms > ? "
				  "ORDER BY aor, position LIMIT ?";
	const struct store_page *page = &j->in.page;
	struct store_binding *to = arena_alloc(&j->arena, page->max * sizeof(*to));
	struct sqlite_run run;

	if (!to)
		return -ENOMEM;
	j->found = to;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, page->after);
	sqlite_bind_int(&run, page->after.n ? (int64_t)page->position : -1);
	sqlite_bind_int(&run, page->now_ms);
	sqlite_bind_int(&run, (int64_t)page->max);
	while (j->found_n < page->max && sqlite_next(&run))
		take(&run, &j->arena, &to[j->found_n++]);
	return sqlite_finish(&run);
}
