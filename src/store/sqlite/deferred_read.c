/* SPDX-License-Identifier: Apache-2.0 */
/* Deferred messages in SQLite: what only reads them. */
#include <errno.h>

#include "store/sqlite/deferred.h"

#define SELECT "SELECT " DEFERRED_COLUMNS " FROM deferred AS m "


void sqlite_deferred_take(struct sqlite_run *run, struct arena *a, struct store_deferred *d)
{
	d->id = (uint64_t)sqlite_column_int(run);
	d->user = sqlite_column_str(run, a);
	d->cseq = (uint32_t)sqlite_column_int(run);
	d->kind = (enum store_deferred_kind)sqlite_column_int(run);
	d->flags = (uint32_t)sqlite_column_int(run);
	d->state = (enum store_deferred_state)sqlite_column_int(run);
	d->size = (uint64_t)sqlite_column_int(run);
	d->received_ms = sqlite_column_int(run);
	d->expires_ms = sqlite_column_int(run);
	d->finished_ms = sqlite_column_int(run);
	d->call_id = sqlite_column_str(run, a);
	d->from_tag = sqlite_column_str(run, a);
	d->message_id = sqlite_column_str(run, a);
	d->sender = sqlite_column_str(run, a);
	d->file = sqlite_column_str(run, a);
	d->content_type = sqlite_column_str(run, a);
	d->name = sqlite_column_str(run, a);
	d->media = sqlite_column_str(run, a);
	d->headers = d->body = STR("");
}


static void take_device(struct sqlite_run *run, struct arena *a, struct store_device *d)
{
	d->key = sqlite_column_str(run, a);
	d->state = (enum store_device_state)sqlite_column_int(run);
	d->attempts = (uint32_t)sqlite_column_int(run);
	d->status = (uint32_t)sqlite_column_int(run);
	d->last_ms = sqlite_column_int(run);
	d->next_try_ms = sqlite_column_int(run);
}


int sqlite_deferred_find_id(struct sqlite_connection *c, struct arena *a, uint64_t id,
			    struct store_deferred *ret)
{
	static const char SQL[] = SELECT "WHERE m.id = ?";
	struct sqlite_run run;
	bool found;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)id);
	found = sqlite_next(&run);
	if (found)
		sqlite_deferred_take(&run, a, ret);
	r = sqlite_finish(&run);
	return r || found ? r : -ENOENT;
}


/* Room for a page; NULL sticks to the run. */
static struct store_deferred *page_alloc(struct sqlite_run *run, struct store_job *j, size_t max)
{
	struct store_deferred *to = arena_alloc(&j->arena, max * sizeof(*to));

	if (!to && !run->error)
		run->error = -ENOMEM;
	j->found = to;
	return to;
}


static int take_page(struct sqlite_run *run, struct store_job *j, size_t max)
{
	struct store_deferred *to = page_alloc(run, j, max);

	while (j->found_n < max && sqlite_next(run))
		sqlite_deferred_take(run, &j->arena, &to[j->found_n++]);
	return sqlite_finish(run);
}


/* A row of due: behind the message the device's record, or NULLs. */
static void take_due(struct sqlite_run *run, struct arena *a, struct store_deferred *d)
{
	struct store_device *v;

	sqlite_deferred_take(run, a, d);
	if (sqlite_column_null(run))
		return;
	v = arena_alloc(a, sizeof(*v));
	if (!v) {
		run->error = -ENOMEM;
		return;
	}
	take_device(run, a, v);
	d->device = v;
	d->devices = 1;
}


int sqlite_deferred_due(struct sqlite_connection *c, struct store_job *j)
{
	/* No device's key is empty: with an empty one nothing is joined. */
	static const char SQL[] =
		"SELECT " DEFERRED_COLUMNS ", " DEVICE_COLUMNS " "
		"FROM temp.deferred_user AS u CROSS JOIN temp.deferred_held AS h ON h.user = "
		"u.number "
		"CROSS JOIN deferred AS m ON m.id = h.id "
		"LEFT JOIN deferred_device AS v ON v.id = h.id AND v.key = ? "
		"WHERE u.user = ? AND h.id > ? AND (m.expires_ms = 0 OR m.expires_ms > ?) "
		"AND (v.state IS NULL OR v.state = 0) ORDER BY h.id LIMIT ?";
	const struct store_deferred_page page = j->in.deferred_page;
	struct store_deferred *to;
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, page.device);
	sqlite_bind_str(&run, page.user);
	sqlite_bind_int(&run, (int64_t)page.after);
	sqlite_bind_int(&run, page.now_ms);
	sqlite_bind_int(&run, (int64_t)page.max);
	to = page_alloc(&run, j, page.max);
	while (j->found_n < page.max && sqlite_next(&run))
		take_due(&run, &j->arena, &to[j->found_n++]);
	return sqlite_finish(&run);
}


int sqlite_deferred_list(struct sqlite_connection *c, struct store_job *j)
{
	static const char ONE[] = "SELECT " DEFERRED_COLUMNS " FROM temp.deferred_user AS u "
				  "CROSS JOIN temp.deferred_held AS h ON h.user = u.number CROSS "
				  "JOIN deferred AS m ON m.id = h.id "
				  "WHERE u.user = ? AND h.id > ? ORDER BY h.id LIMIT ?";
	static const char ALL[] = "SELECT " DEFERRED_COLUMNS
				  " FROM deferred_key AS k CROSS JOIN deferred AS m ON m.id = k.id "
				  "WHERE k.user IS NOT NULL AND k.id > ? ORDER BY k.id LIMIT ?";
	const struct store_deferred_page page = j->in.deferred_page;
	struct sqlite_run run;

	sqlite_begin_run(&run, c, page.user.n ? ONE : ALL);
	if (page.user.n)
		sqlite_bind_str(&run, page.user);
	sqlite_bind_int(&run, (int64_t)page.after);
	sqlite_bind_int(&run, (int64_t)page.max);
	return take_page(&run, j, page.max);
}


int sqlite_deferred_expired(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT " DEFERRED_COLUMNS " FROM temp.deferred_expiry AS e "
				  "CROSS JOIN deferred AS m ON m.id = e.id WHERE e.expires_ms <= ? "
				  "ORDER BY e.expires_ms, e.id LIMIT ?";
	const struct store_deferred_page page = j->in.deferred_page;
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, page.now_ms);
	sqlite_bind_int(&run, (int64_t)page.max);
	return take_page(&run, j, page.max);
}


/* All devices of the message into it. */
static int read_devices(struct sqlite_connection *c, struct arena *a, struct store_deferred *d)
{
	static const char SQL[] = "SELECT " DEVICE_COLUMNS
				  " FROM deferred_device AS v WHERE v.id = ? "
				  "ORDER BY v.key LIMIT ?";
	struct store_device *to = arena_alloc(a, STORE_DEFERRED_DEVICES_MAX * sizeof(*to));
	struct sqlite_run run;

	if (!to)
		return -ENOMEM;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)d->id);
	sqlite_bind_int(&run, STORE_DEFERRED_DEVICES_MAX);
	d->device = to;
	while (d->devices < STORE_DEFERRED_DEVICES_MAX && sqlite_next(&run))
		take_device(&run, a, &to[d->devices++]);
	return sqlite_finish(&run);
}


int sqlite_deferred_get(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT " DEFERRED_COLUMNS ", m.headers, m.body "
				  "FROM deferred AS m WHERE m.id = ?";
	uint64_t id = j->in.id;
	struct sqlite_run run;
	struct store_deferred *to;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)id);
	to = page_alloc(&run, j, 1);
	if (sqlite_next(&run)) {
		sqlite_deferred_take(&run, &j->arena, to);
		to->headers = sqlite_column_blob(&run, &j->arena);
		to->body = sqlite_column_blob(&run, &j->arena);
		j->found_n = 1;
	}
	r = sqlite_finish(&run);
	if (!r)
		r = j->found_n ? read_devices(c, &j->arena, to) : -ENOENT;
	return r;
}


int sqlite_deferred_find(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = SELECT "WHERE m.id IN (SELECT id FROM deferred_key WHERE "
					 "call_hash = ?1 OR message_hash = ?1) "
					 "AND (m.call_id = ?2 OR (m.message_id = ?2 AND ?2 <> '')) "
					 "ORDER BY m.id DESC LIMIT ?3";
	struct str text = j->in.text;
	struct store_deferred *to;
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, sqlite_deferred_hash(text));
	sqlite_bind_str(&run, text);
	sqlite_bind_int(&run, STORE_DEFERRED_FIND_MAX);
	r = take_page(&run, j, STORE_DEFERRED_FIND_MAX);
	to = j->found;
	for (size_t i = 0; !r && i < j->found_n; i++)
		r = read_devices(c, &j->arena, &to[i]);
	return r;
}


int sqlite_deferred_users(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"SELECT user, messages, bytes FROM temp.deferred_user WHERE user > ? "
		"ORDER BY user LIMIT ?";
	const struct store_deferred_page page = j->in.deferred_page;
	struct store_waiting_user *to = arena_alloc(&j->arena, page.max * sizeof(*to));
	struct sqlite_run run;

	if (!to)
		return -ENOMEM;
	j->found = to;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, page.user);
	sqlite_bind_int(&run, (int64_t)page.max);
	while (j->found_n < page.max && sqlite_next(&run)) {
		struct store_waiting_user *u = &to[j->found_n++];

		u->user = sqlite_column_str(&run, &j->arena);
		u->messages = (uint64_t)sqlite_column_int(&run);
		u->bytes = (uint64_t)sqlite_column_int(&run);
	}
	return sqlite_finish(&run);
}


static int count_one(struct sqlite_connection *c, struct str user, struct store_deferred_count *to)
{
	static const char SQL[] = "SELECT messages, bytes FROM temp.deferred_user WHERE user = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, user);
	if (sqlite_next(&run)) {
		to->held = (uint64_t)sqlite_column_int(&run);
		to->bytes = (uint64_t)sqlite_column_int(&run);
	}
	return sqlite_finish(&run);
}


static int count_all(struct sqlite_connection *c, struct store_deferred_count *to)
{
	static const char SQL[] =
		"SELECT held, bytes, tombstones, "
		"(SELECT min(expires_ms) FROM temp.deferred_expiry) FROM deferred_total";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	if (sqlite_next(&run)) {
		to->held = (uint64_t)sqlite_column_int(&run);
		to->bytes = (uint64_t)sqlite_column_int(&run);
		to->tombstones = (uint64_t)sqlite_column_int(&run);
		to->next_expiry_ms = sqlite_column_int(&run);
	}
	return sqlite_finish(&run);
}


int sqlite_deferred_count(struct sqlite_connection *c, struct store_job *j)
{
	struct store_deferred_count *to = arena_alloc(&j->arena, sizeof(*to));

	if (!to)
		return -ENOMEM;
	j->found = to;
	j->found_n = 1;
	return j->in.text.n ? count_one(c, j->in.text, to) : count_all(c, to);
}
