/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of the history in SQLite: a small row, and its entries in the row or in a segment. */
#include "store/sqlite/bundle.h"

#include <errno.h>

/** Bytes that are kept in the row: to sync a segment costs more. */
#define INLINE_MAX 8192
/** A bundle, and its texts. */
#define ARENA_MAX (2 * STORE_HISTORY_BUNDLE_BYTES)

#define COLUMNS                                                                             \
	"id, first_id, live, bytes, conversation, kind, segment, position, length, owner, " \
	"peer"
#define SELECT "SELECT " COLUMNS " FROM history_bundle WHERE "


static void take(struct sqlite_run *run, struct arena *a, struct sqlite_bundle *b)
{
	b->id = (uint64_t)sqlite_column_int(run);
	b->first_id = (uint64_t)sqlite_column_int(run);
	b->live = (uint64_t)sqlite_column_int(run);
	b->bytes = sqlite_column_int(run);
	b->conversation = (uint64_t)sqlite_column_int(run);
	b->kind = (enum store_history_kind)sqlite_column_int(run);
	b->place.segment = (uint64_t)sqlite_column_int(run);
	b->place.position = (uint64_t)sqlite_column_int(run);
	b->place.length = (uint64_t)sqlite_column_int(run);
	b->owner = sqlite_column_str(run, a);
	b->peer = sqlite_column_str(run, a);
	b->data = STR("");
}


static int load_row(struct sqlite_connection *c, struct arena *a, struct sqlite_bundle *b)
{
	static const char SQL[] = "SELECT data FROM history_bundle WHERE id = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)b->id);
	if (sqlite_next(&run))
		b->data = sqlite_column_blob(&run, a);
	return sqlite_finish(&run);
}


/* -ENOENT: it has been removed since the row was read. */
static int load(struct sqlite_connection *c, struct arena *a, struct sqlite_bundle *b)
{
	char *p;
	int r;

	if (!b->place.segment)
		return load_row(c, a, b);
	if (b->place.length > STORE_HISTORY_BUNDLE_BYTES)
		return -EIO;
	p = arena_alloc(a, (size_t)b->place.length + 1);
	if (!p)
		return -ENOMEM;
	r = sqlite_segment_read(c, &b->place, p);
	if (!r && !p[0])
		r = -ENOENT; /* a hole */
	if (!r)
		b->data = (struct str){p, (size_t)b->place.length};
	return r;
}


static void walk_begin(struct store_history_bundle_walk *w, const struct sqlite_bundle *b)
{
	*w = (struct store_history_bundle_walk){
		.shared = {.owner = b->owner,
			   .peer = b->peer,
			   .conversation = b->conversation,
			   .kind = b->kind},
		.rest = b->data,
	};
}


/* ---- Writing ---- */

static int insert_row(struct sqlite_connection *c, const struct sqlite_bundle *b)
{
	static const char SQL[] = "INSERT INTO history_bundle (" COLUMNS
				  ", data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)b->id);
	sqlite_bind_int(&run, (int64_t)b->first_id);
	sqlite_bind_int(&run, (int64_t)b->live);
	sqlite_bind_int(&run, b->bytes);
	sqlite_bind_int(&run, (int64_t)b->conversation);
	sqlite_bind_int(&run, b->kind);
	sqlite_bind_int(&run, (int64_t)b->place.segment);
	sqlite_bind_int(&run, (int64_t)b->place.position);
	sqlite_bind_int(&run, (int64_t)b->place.length);
	sqlite_bind_str(&run, b->owner);
	sqlite_bind_str(&run, b->peer);
	sqlite_bind_blob(&run, b->data);
	return sqlite_finish(&run);
}


int sqlite_bundle_insert(struct sqlite_connection *c, const struct store_history_bundle *b,
			 uint64_t first_id, int64_t bytes)
{
	struct str data = store_history_bundle_data(b);
	struct store_history_bundle_walk w;
	struct sqlite_bundle row;
	int r = 0;

	store_history_bundle_begin(&w, b);
	row = (struct sqlite_bundle){
		.id = first_id + store_history_bundle_entries(b) - 1,
		.first_id = first_id,
		.live = first_id,
		.bytes = bytes,
		.conversation = w.shared.conversation,
		.kind = w.shared.kind,
		.place.length = data.n,
		.owner = w.shared.owner,
		.peer = w.shared.peer,
		.data = data,
	};
	if (data.n > INLINE_MAX) {
		r = sqlite_segment_append(c, data, &row.place);
		row.data = STR("");
	}
	return r ? r : insert_row(c, &row);
}


/* ---- Finding ---- */

static int found(struct sqlite_run *run, struct arena *a, struct sqlite_bundle *ret)
{
	bool there = sqlite_next(run);
	int r;

	if (there)
		take(run, a, ret);
	r = sqlite_finish(run);
	return r || there ? r : -ENOENT;
}


int sqlite_bundle_first(struct sqlite_connection *c, const struct sqlite_history_scope *s,
			struct arena *a, struct sqlite_bundle *ret)
{
	static const char OWNER[] = SELECT "owner = ?1 ORDER BY id LIMIT 1";
	static const char TALK[] = SELECT "conversation = ?2 AND conversation > 0 AND owner = ?1 "
					  "ORDER BY id LIMIT 1";
	static const char ALL[] = SELECT "id > 0 ORDER BY id LIMIT 1";
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, s->conversation ? TALK : s->owner.n ? OWNER : ALL);
	if (s->owner.n)
		sqlite_bind_str(&run, s->owner);
	if (s->conversation)
		sqlite_bind_int(&run, (int64_t)s->conversation);
	r = found(&run, a, ret);
	return r || ret->live < s->before ? r : -ENOENT;
}


int sqlite_bundle_of(struct sqlite_connection *c, struct str owner, uint64_t id, struct arena *a,
		     struct sqlite_bundle *ret)
{
	static const char SQL[] = SELECT "id >= ? ORDER BY id LIMIT 1";
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)id);
	r = found(&run, a, ret);
	return r || (ret->live <= id && str_eq(ret->owner, owner)) ? r : -ENOENT;
}


/* ---- Removing ---- */

/* Bytes of the entries with these ids; what cannot be read any more has none. */
static int sizes(struct sqlite_connection *c, struct sqlite_bundle b, uint64_t from,
		 uint64_t before, uint64_t *ret)
{
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct store_history_bundle_walk w;
	struct store_history_entry e;
	int r = load(c, &a, &b);

	*ret = 0;
	walk_begin(&w, &b);
	for (uint64_t id = b.first_id; !r && id < before && store_history_bundle_next(&w, &e); id++)
		if (id >= from)
			*ret += e.size;
	arena_done(&a);
	return r == -ENOENT ? 0 : r;
}


static int delete_row(struct sqlite_connection *c, const struct sqlite_bundle *b)
{
	static const char SQL[] = "DELETE FROM history_bundle WHERE id = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)b->id);
	sqlite_segment_doom(c, &b->place);
	return sqlite_finish(&run);
}


static int set_live(struct sqlite_connection *c, const struct sqlite_bundle *b, uint64_t live,
		    uint64_t bytes)
{
	static const char SQL[] = "UPDATE history_bundle SET live = ?, bytes = ? WHERE id = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)live);
	sqlite_bind_int(&run, (int64_t)bytes);
	sqlite_bind_int(&run, (int64_t)b->id);
	return sqlite_finish(&run);
}


int sqlite_bundle_shorten(struct sqlite_connection *c, const struct sqlite_bundle *b, size_t max,
			  uint64_t before, struct store_history_count *removed)
{
	uint64_t live = b->live + max < before ? b->live + max : before;
	int r;

	if (live > b->id) {
		*removed = (struct store_history_count){b->id + 1 - b->live, (uint64_t)b->bytes};
		return delete_row(c, b);
	}
	removed->entries = live - b->live;
	r = sizes(c, *b, b->live, live, &removed->bytes);
	return r ? r : set_live(c, b, live, (uint64_t)b->bytes - removed->bytes);
}


/* Two remain of it: what was before, and what is behind; they share its bytes. */
static int split(struct sqlite_connection *c, const struct sqlite_bundle *b, uint64_t id,
		 uint64_t bytes)
{
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct sqlite_bundle front = *b;
	uint64_t before;
	int r = sizes(c, *b, b->live, id, &before);

	front.id = id - 1;
	front.bytes = (int64_t)before;
	if (!r && !b->place.segment) {
		struct sqlite_bundle whole = *b;

		r = load_row(c, &a, &whole);
		front.data = whole.data;
	}
	if (!r)
		r = insert_row(c, &front);
	if (!r && id < b->id)
		r = set_live(c, b, id + 1, (uint64_t)b->bytes - bytes - before);
	else if (!r)
		r = delete_row(c, b);
	arena_done(&a);
	return r;
}


int sqlite_bundle_remove(struct sqlite_connection *c, const struct sqlite_bundle *b, uint64_t id,
			 uint64_t *bytes)
{
	struct store_history_count removed = {0};
	int r;

	if (id == b->live) {
		r = sqlite_bundle_shorten(c, b, 1, INT64_MAX, &removed);
		*bytes = removed.bytes;
		return r;
	}
	r = sizes(c, *b, id, id + 1, bytes);
	return r ? r : split(c, b, id, *bytes);
}


int sqlite_bundle_delete_user(struct sqlite_connection *c, struct str aor)
{
	static const char FIND[] = SELECT "owner = ? AND segment > 0";
	static const char SQL[] = "DELETE FROM history_bundle WHERE owner = ?";
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, FIND);
	sqlite_bind_str(&run, aor);
	while (sqlite_next(&run)) {
		struct arena a = ARENA_INIT(ARENA_MAX);
		struct sqlite_bundle b;

		take(&run, &a, &b);
		sqlite_segment_doom(c, &b.place);
		arena_done(&a);
	}
	r = sqlite_finish(&run);
	if (r)
		return r;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, aor);
	return sqlite_finish(&run);
}


/* ---- Reading ---- */

int sqlite_bundle_get(struct sqlite_connection *c, struct str owner, uint64_t id, struct arena *a,
		      struct store_history_entry *ret)
{
	struct arena own = ARENA_INIT(ARENA_MAX);
	struct store_history_bundle_walk w;
	struct sqlite_bundle b;
	int r = sqlite_bundle_of(c, owner, id, &own, &b);

	if (!r)
		r = load(c, &own, &b);
	if (!r)
		walk_begin(&w, &b);
	for (uint64_t at = b.first_id; !r && at <= id; at++)
		r = store_history_bundle_next(&w, ret) ? 0 : -EIO;
	if (!r) {
		ret->id = id;
		r = store_record_copy(a, ret, ret, &store_history_shape) ? 0 : -ENOMEM;
	}
	arena_done(&own);
	return r;
}


void sqlite_bundle_begin(struct sqlite_bundle_cursor *k, struct sqlite_connection *c,
			 const struct sqlite_history_scope *s, uint64_t after)
{
	static const char OWNER[] = SELECT "owner = ?1 AND id > ?2 AND (?3 = '' OR peer = ?3) "
					   "ORDER BY id";
	static const char TALK[] = SELECT "conversation = ?4 AND conversation > 0 AND owner = ?1 "
					  "AND id > ?2 AND (?3 = '' OR peer = ?3) ORDER BY id";

	*k = (struct sqlite_bundle_cursor){
		.c = c,
		.arena = ARENA_INIT(ARENA_MAX),
		.after = after,
		.before = s->before,
	};
	sqlite_begin_run(&k->run, c, s->conversation ? TALK : OWNER);
	sqlite_bind_str(&k->run, s->owner);
	sqlite_bind_int(&k->run, (int64_t)after);
	sqlite_bind_str(&k->run, s->peer);
	if (s->conversation)
		sqlite_bind_int(&k->run, (int64_t)s->conversation);
}


/* The next row that can still be read. */
static bool next_row(struct sqlite_bundle_cursor *k)
{
	int r;

	do {
		arena_done(&k->arena);
		if (!sqlite_next(&k->run))
			return false;
		take(&k->run, &k->arena, &k->bundle);
		r = k->run.error ? k->run.error : load(k->c, &k->arena, &k->bundle);
	} while (r == -ENOENT);
	k->run.error = k->run.error ? k->run.error : r;
	walk_begin(&k->walk, &k->bundle);
	k->id = k->bundle.first_id;
	return !r;
}


bool sqlite_bundle_next(struct sqlite_bundle_cursor *k, struct store_history_entry *ret)
{
	while (!k->run.error) {
		if (!k->inside && !next_row(k))
			return false;
		k->inside = k->id <= k->bundle.id;
		if (!k->inside)
			continue;
		if (k->id >= k->before)
			return false;
		if (!store_history_bundle_next(&k->walk, ret)) {
			k->run.error = -EIO;
			return false;
		}
		ret->id = k->id++;
		if (ret->id > k->after && ret->id >= k->bundle.live)
			return true;
	}
	return false;
}


/* It is left where it is: rows behind it are nobody's business. */
int sqlite_bundle_finish(struct sqlite_bundle_cursor *k)
{
	if (k->run.stmt) {
		sqlite3_reset(k->run.stmt);
		sqlite3_clear_bindings(k->run.stmt);
	}
	arena_done(&k->arena);
	return k->run.error;
}
