/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred messages in SQLite: what changes them. All that can be refused is looked at before the first
 * write of an operation, so that none needs a savepoint.
 */
#include "store/sqlite/deferred.h"

#include <errno.h>

#include "store/content.h"
#include "store/sqlite/history.h"


static int total_add(struct sqlite_connection *c, int held, int64_t bytes, int tombstones)
{
	static const char SQL[] = "UPDATE deferred_total SET held = held + ?, bytes = bytes + ?, "
				  "tombstones = tombstones + ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, held);
	sqlite_bind_int(&run, bytes);
	sqlite_bind_int(&run, tombstones);
	return sqlite_finish(&run);
}


static int read_number(struct sqlite_connection *c, const char *sql, int64_t *ret)
{
	struct sqlite_run run;

	sqlite_begin_run(&run, c, sql);
	return sqlite_finish_number(&run, ret);
}


static int total_take_id(struct sqlite_connection *c, uint64_t size, int64_t *ret)
{
	static const char READ[] = "SELECT last_id + 1 FROM deferred_total";
	static const char WRITE[] = "UPDATE deferred_total SET last_id = ?, held = held + 1, "
				    "bytes = bytes + ?";
	struct sqlite_run run;
	int r = read_number(c, READ, ret);

	if (r)
		return r;
	sqlite_begin_run(&run, c, WRITE);
	sqlite_bind_int(&run, *ret);
	sqlite_bind_int(&run, (int64_t)size);
	return sqlite_finish(&run);
}


/* ---- Holding ---- */

static int insert(struct sqlite_connection *c, const struct store_deferred *d)
{
	static const char SQL[] =
		"INSERT INTO deferred (id, user, cseq, kind, flags, state, size, "
		"received_ms, expires_ms, finished_ms, call_id, from_tag, message_id, "
		"sender, file, headers, body, content_type, name, media) "
		"VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)d->id);
	sqlite_bind_str(&run, d->user);
	sqlite_bind_int(&run, d->cseq);
	sqlite_bind_int(&run, d->kind);
	sqlite_bind_int(&run, d->flags);
	sqlite_bind_int(&run, (int64_t)d->size);
	sqlite_bind_int(&run, d->received_ms);
	sqlite_bind_int(&run, d->expires_ms);
	sqlite_bind_str(&run, d->call_id);
	sqlite_bind_str(&run, d->from_tag);
	sqlite_bind_str(&run, d->message_id);
	sqlite_bind_str(&run, d->sender);
	sqlite_bind_str(&run, d->file);
	sqlite_bind_blob(&run, d->headers);
	sqlite_bind_blob(&run, d->body);
	sqlite_bind_str(&run, d->content_type);
	sqlite_bind_str(&run, d->name);
	sqlite_bind_str(&run, d->media);
	return sqlite_finish(&run);
}


static int insert_key(struct sqlite_connection *c, const struct store_deferred *d)
{
	static const char SQL[] =
		"INSERT INTO deferred_key (id, request_hash, call_hash, message_hash, "
		"size, expires_ms, user) VALUES (?, ?, ?, ?, ?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)d->id);
	sqlite_bind_int(&run, sqlite_deferred_request_hash(d));
	sqlite_bind_int(&run, sqlite_deferred_hash(d->call_id));
	sqlite_bind_int(&run, d->message_id.n ? sqlite_deferred_hash(d->message_id) : 0);
	sqlite_bind_int(&run, (int64_t)d->size);
	sqlite_bind_int(&run, d->expires_ms);
	sqlite_bind_str(&run, d->user);
	return sqlite_finish(&run);
}


/* The content goes when this is on disk. */
static void doom(struct sqlite_connection *c, struct str file)
{
	if (file.n == STORE_CONTENT_NAME_N)
		sqlite_content_doom(c, file);
}


/* It is held already: with the same content when it was asked for twice, else with one of its own. */
static int doom_again(struct sqlite_connection *c, const struct store_deferred *d)
{
	static const char SQL[] = "SELECT count(*) FROM deferred WHERE id = ? AND file = ?";
	struct sqlite_run run;
	int64_t same = 0;
	int r;

	if (!d->file.n)
		return 0;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)d->id);
	sqlite_bind_str(&run, d->file);
	r = sqlite_finish_number(&run, &same);
	if (!r && !same)
		doom(c, d->file);
	return r;
}


int sqlite_deferred_hold(struct sqlite_connection *c, struct store_job *j)
{
	struct store_deferred *d = &j->in.hold.message;
	int64_t id = 0, user = 0;
	int r = sqlite_deferred_find_request(c, d);

	j->found = d;
	j->found_n = 1;
	if (r || d->id)
		return r ? r : doom_again(c, d);
	r = sqlite_deferred_enter_user(c, d, j->in.hold.quota, &user);
	if (r)
		return r == -EDQUOT ? r : sqlite_spoil(c, r);
	r = total_take_id(c, d->size, &id);
	d->id = (uint64_t)id;
	if (!r)
		r = insert(c, d);
	if (!r)
		r = insert_key(c, d);
	if (!r)
		r = sqlite_deferred_enter(c, d, user);
	return sqlite_spoil(c, r);
}


/* ---- The end ---- */

static int run_by_id(struct sqlite_connection *c, const char *sql, int64_t id)
{
	struct sqlite_run run;

	sqlite_begin_run(&run, c, sql);
	sqlite_bind_int(&run, id);
	return sqlite_finish(&run);
}


static int remove_row(struct sqlite_connection *c, int64_t id)
{
	static const char *const SQL[] = {
		"DELETE FROM temp.deferred_request WHERE id = ?1 "
		"AND hash = (SELECT request_hash FROM deferred_key WHERE id = ?1)",
		"DELETE FROM deferred_key WHERE id = ?",
		"DELETE FROM deferred_device WHERE id = ?",
		"DELETE FROM deferred WHERE id = ?",
	};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(SQL) / sizeof(SQL[0]); i++)
		r = run_by_id(c, SQL[i], id);
	return r;
}


static int bury(struct sqlite_connection *c, const struct store_finish *in)
{
	static const char SQL[] = "UPDATE deferred SET state = ?, finished_ms = ?, file = '', "
				  "headers = x'', body = x'', media = '' WHERE id = ?";
	static const char KEY_SQL[] = "UPDATE deferred_key SET user = NULL WHERE id = ?";
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, in->state);
	sqlite_bind_int(&run, in->now_ms);
	sqlite_bind_int(&run, (int64_t)in->id);
	r = sqlite_finish_changed(&run);
	return r ? r : run_by_id(c, KEY_SQL, (int64_t)in->id);
}


/* One more tombstone: when they are too many, the oldest goes. */
static int trim(struct sqlite_connection *c)
{
	static const char COUNT[] = "SELECT tombstones FROM deferred_total";
	static const char OLDEST[] = "SELECT id FROM deferred INDEXED BY deferred_tombstone "
				     "WHERE state > 0 ORDER BY finished_ms LIMIT 1";
	int64_t n = 0, id = 0;
	int r = read_number(c, COUNT, &n);

	if (r || n <= STORE_TOMBSTONES_MAX)
		return r;
	r = read_number(c, OLDEST, &id);
	if (!r)
		r = remove_row(c, id);
	return r ? r : total_add(c, 0, 0, -1);
}


int sqlite_deferred_finish(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_finish in = j->in.finish;
	struct store_deferred *d = arena_alloc(&j->arena, sizeof(*d));
	int r = d ? sqlite_deferred_find_id(c, &j->arena, in.id, d) : -ENOMEM;

	if (!r && d->state != STORE_DEFERRED_HELD)
		r = -ENOENT;
	if (r)
		return r;

	r = bury(c, &in);
	if (!r)
		r = sqlite_deferred_leave(c, d);
	if (!r)
		r = total_add(c, -1, -(int64_t)d->size, 1);
	if (!r)
		r = trim(c);
	if (!r)
		doom(c, d->file);
	d->state = in.state;
	d->finished_ms = in.now_ms;
	j->found = d;
	j->found_n = 1;
	return sqlite_spoil(c, r);
}


int sqlite_deferred_delete(struct sqlite_connection *c, struct store_job *j)
{
	uint64_t id = j->in.id;
	struct store_deferred *d = arena_alloc(&j->arena, sizeof(*d));
	int r = d ? sqlite_deferred_find_id(c, &j->arena, id, d) : -ENOMEM;

	if (r)
		return r;
	r = remove_row(c, (int64_t)id);
	if (!r && d->state == STORE_DEFERRED_HELD)
		r = sqlite_deferred_leave(c, d);
	if (!r)
		r = d->state == STORE_DEFERRED_HELD ? total_add(c, -1, -(int64_t)d->size, 0)
						    : total_add(c, 0, 0, -1);
	if (!r)
		doom(c, d->file);
	j->found = d;
	j->found_n = 1;
	return sqlite_spoil(c, r);
}


/* Up to STORE_PURGE_MAX ids of those that are old enough. */
static int find_old(struct sqlite_connection *c, int64_t before_ms, int64_t *id, size_t *n)
{
	static const char SQL[] =
		"SELECT id FROM deferred INDEXED BY deferred_tombstone "
		"WHERE state > 0 AND finished_ms <= ? ORDER BY finished_ms LIMIT ?";
	struct sqlite_run run;

	*n = 0;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, before_ms);
	sqlite_bind_int(&run, STORE_PURGE_MAX);
	while (*n < STORE_PURGE_MAX && sqlite_next(&run))
		id[(*n)++] = sqlite_column_int(&run);
	return sqlite_finish(&run);
}


int sqlite_deferred_purge(struct sqlite_connection *c, struct store_job *j)
{
	int64_t *id = arena_alloc(&j->arena, STORE_PURGE_MAX * sizeof(*id));
	size_t n = 0;
	int r = id ? find_old(c, j->in.now_ms - STORE_TOMBSTONE_MS, id, &n) : -ENOMEM;

	if (r || !n)
		return r;
	for (size_t i = 0; !r && i < n; i++)
		r = remove_row(c, id[i]);
	if (!r)
		r = total_add(c, 0, 0, -(int)n);
	j->found_n = n;
	return sqlite_spoil(c, r);
}


/* ---- Devices ---- */

static int device_write(struct sqlite_connection *c, uint64_t id, const struct store_device *d)
{
	static const char SQL[] =
		"INSERT INTO deferred_device "
		"(id, key, state, attempts, status, last_ms, next_try_ms) "
		"VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT (id, key) DO UPDATE SET "
		"state = excluded.state, attempts = attempts + 1, status = excluded.status, "
		"last_ms = excluded.last_ms, next_try_ms = excluded.next_try_ms "
		"WHERE state <> 1";
	struct sqlite_run run;

	_Static_assert(STORE_DEVICE_DELIVERED == 1, "the number stands in the statement");
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)id);
	sqlite_bind_str(&run, d->key);
	sqlite_bind_int(&run, d->state);
	sqlite_bind_int(&run, d->status);
	sqlite_bind_int(&run, d->last_ms);
	sqlite_bind_int(&run, d->next_try_ms);
	return sqlite_finish(&run);
}


/* When there are too many: the one least missed goes, but not the one just written. */
static int device_trim(struct sqlite_connection *c, uint64_t id, struct str key)
{
	static const char COUNT[] = "SELECT count(*) FROM deferred_device WHERE id = ?";
	static const char SQL[] = "DELETE FROM deferred_device WHERE id = ?1 AND key = "
				  "(SELECT key FROM deferred_device WHERE id = ?1 AND key <> ?2 "
				  "ORDER BY state = 1, last_ms, key LIMIT 1)";
	struct sqlite_run run;
	int64_t n = 0;
	int r;

	sqlite_begin_run(&run, c, COUNT);
	sqlite_bind_int(&run, (int64_t)id);
	r = sqlite_finish_number(&run, &n);
	if (r || n <= STORE_DEFERRED_DEVICES_MAX)
		return r;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)id);
	sqlite_bind_str(&run, key);
	return sqlite_finish(&run);
}


int sqlite_deferred_mark(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT count(*) FROM deferred WHERE id = ?";
	const struct store_mark *in = &j->in.mark;
	struct sqlite_run run;
	int64_t n = 0;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)in->id);
	r = sqlite_finish_number(&run, &n);
	if (r || !n)
		return r ? r : -ENOENT;
	r = device_write(c, in->id, &in->device);
	if (!r)
		r = device_trim(c, in->id, in->device.key);
	return sqlite_spoil(c, r);
}
