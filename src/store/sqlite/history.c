/* SPDX-License-Identifier: Apache-2.0 */
/* The history in SQLite: what changes it. */
#include <errno.h>

#include "store/sqlite/bundle.h"

#define COLUMNS                                                                                  \
	"id, owner, peer, conversation, kind, outgoing, aborted, cpim, date_ms, size, request, " \
	"message_id, from_, to_, subject, content_type, file, text"

/** For a new message the oldest go; a bundle that is no more than such a part of the quota goes whole. */
#define WHOLE_PART 64

/** What is needed of an entry to remove it. */
struct removed {
	uint64_t id, conversation;
	int64_t size;
	struct str owner, file;
};


/* ---- Conversations ---- */

int sqlite_history_begin(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"INSERT INTO conversation VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', 0, 0)";
	const struct store_conversation *v = &j->in.conversation;
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)v->id);
	sqlite_bind_str(&run, v->owner);
	sqlite_bind_str(&run, v->peer);
	sqlite_bind_str(&run, v->call_id);
	sqlite_bind_int(&run, v->kind);
	sqlite_bind_int(&run, v->outgoing);
	sqlite_bind_int(&run, v->begin_ms);
	return sqlite_finish(&run);
}


int sqlite_history_end(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"UPDATE conversation SET end_ms = CASE end_ms WHEN 0 THEN ?1 ELSE end_ms END, "
		"reason = CASE end_ms WHEN 0 THEN ?2 ELSE reason END WHERE id = ?3";
	const struct store_history_one *in = &j->in.history_one;
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, in->at_ms);
	sqlite_bind_str(&run, in->reason);
	sqlite_bind_int(&run, (int64_t)in->id);
	return sqlite_finish_changed(&run);
}


int sqlite_history_end_all(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"UPDATE conversation AS v SET reason = ?1, end_ms = max(v.begin_ms, "
		"coalesce((SELECT max(h.id) FROM history AS h WHERE h.conversation = v.id AND "
		"h.conversation > 0), 0) >> 10, "
		"coalesce((SELECT max(b.id) FROM history_bundle AS b WHERE b.conversation = v.id "
		"AND b.conversation > 0), 0) >> 10) "
		"WHERE v.id IN (SELECT id FROM conversation WHERE end_ms = 0 LIMIT ?2)";
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, j->in.history_one.reason);
	sqlite_bind_int(&run, STORE_HISTORY_REMOVE_MAX);
	r = sqlite_finish(&run);
	j->found_n = r ? 0 : (size_t)sqlite3_changes(c->db);
	return r;
}


/* Those that are over and have nothing in them any more: of the owner, or (empty) begun before that id. */
static int drop_conversations(struct sqlite_connection *c, struct str owner, uint64_t before)
{
	static const char ONE[] =
		"DELETE FROM conversation WHERE owner = ? AND entries = 0 AND end_ms > 0";
	static const char ALL[] =
		"DELETE FROM conversation WHERE id IN (SELECT id FROM conversation "
		"WHERE id < ? AND entries = 0 AND end_ms > 0 ORDER BY id LIMIT ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, owner.n ? ONE : ALL);
	if (owner.n) {
		sqlite_bind_str(&run, owner);
	} else {
		sqlite_bind_int(&run, (int64_t)before);
		sqlite_bind_int(&run, STORE_HISTORY_REMOVE_MAX);
	}
	return sqlite_finish(&run);
}


/* ---- Totals ---- */

static int count_owner(struct sqlite_connection *c, struct str owner, int64_t entries,
		       int64_t bytes)
{
	static const char SQL[] =
		"INSERT INTO history_owner VALUES (?1, ?2, ?3) ON CONFLICT (owner) DO UPDATE SET "
		"entries = entries + ?2, bytes = bytes + ?3";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, owner);
	sqlite_bind_int(&run, entries);
	sqlite_bind_int(&run, bytes);
	return sqlite_finish(&run);
}


static int count_conversation(struct sqlite_connection *c, uint64_t id, int64_t entries,
			      int64_t bytes)
{
	static const char SQL[] =
		"UPDATE conversation SET entries = entries + ?, bytes = bytes + ? WHERE id = ?";
	struct sqlite_run run;

	if (!id)
		return 0;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, entries);
	sqlite_bind_int(&run, bytes);
	sqlite_bind_int(&run, (int64_t)id);
	return sqlite_finish(&run);
}


static int read_owner(struct sqlite_connection *c, struct str owner,
		      struct store_history_count *ret)
{
	static const char SQL[] = "SELECT entries, bytes FROM history_owner WHERE owner = ?";
	struct sqlite_run run;

	ret->entries = ret->bytes = 0;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, owner);
	if (sqlite_next(&run)) {
		ret->entries = (uint64_t)sqlite_column_int(&run);
		ret->bytes = (uint64_t)sqlite_column_int(&run);
	}
	return sqlite_finish(&run);
}


int sqlite_history_count(struct sqlite_connection *c, struct store_job *j)
{
	struct store_history_count *to = arena_alloc(&j->arena, sizeof(*to));

	if (!to)
		return -ENOMEM;
	j->found = to;
	j->found_n = 1;
	return read_owner(c, j->in.history_one.owner, to);
}


/* ---- Removing ---- */

#define REMOVED "SELECT id, conversation, size, owner, file FROM history WHERE "


static int delete_row(struct sqlite_connection *c, const char *sql, uint64_t id)
{
	struct sqlite_run run;

	sqlite_begin_run(&run, c, sql);
	sqlite_bind_int(&run, (int64_t)id);
	return sqlite_finish(&run);
}


static int remove_one(struct sqlite_connection *c, const struct removed *e)
{
	static const char ROW[] = "DELETE FROM history WHERE id = ?";
	static const char BODY[] = "DELETE FROM history_body WHERE id = ?";
	int r = delete_row(c, ROW, e->id);

	if (!r)
		r = delete_row(c, BODY, e->id);
	if (!r)
		r = count_owner(c, e->owner, -1, -e->size);
	if (!r)
		r = count_conversation(c, e->conversation, -1, -e->size);
	if (!r)
		sqlite_content_doom(c, e->file);
	return r;
}


/* What the query finds is read first: rows must not go while they are walked over. */
static int read_removed(struct sqlite_run *run, struct arena *a, struct removed *to, size_t max,
			size_t *n)
{
	while (*n < max && sqlite_next(run)) {
		struct removed *e = &to[(*n)++];

		e->id = (uint64_t)sqlite_column_int(run);
		e->conversation = (uint64_t)sqlite_column_int(run);
		e->size = sqlite_column_int(run);
		e->owner = sqlite_column_str(run, a);
		e->file = sqlite_column_str(run, a);
	}
	return sqlite_finish(run);
}


/* The first ones that are rows of their own. */
static int remove_single(struct sqlite_connection *c, const struct sqlite_history_scope *s,
			 size_t max, size_t *removed)
{
	static const char OWNER[] = REMOVED "owner = ?3 AND id < ?1 ORDER BY id LIMIT ?2";
	static const char TALK[] = REMOVED
		"conversation = ?4 AND conversation > 0 AND owner = ?3 AND id < ?1 "
		"ORDER BY id LIMIT ?2";
	static const char ALL[] = REMOVED "id < ?1 ORDER BY id LIMIT ?2";
	struct arena a = ARENA_INIT(STORE_JOB_MAX);
	struct removed *e = arena_alloc(&a, max * sizeof(*e));
	struct sqlite_run run;
	size_t n = 0;
	int r;

	sqlite_begin_run(&run, c, s->conversation ? TALK : s->owner.n ? OWNER : ALL);
	sqlite_bind_int(&run, (int64_t)(s->before < INT64_MAX ? s->before : INT64_MAX));
	sqlite_bind_int(&run, (int64_t)max);
	if (s->owner.n)
		sqlite_bind_str(&run, s->owner);
	if (s->conversation)
		sqlite_bind_int(&run, (int64_t)s->conversation);
	if (!e)
		run.error = run.error ? run.error : -ENOMEM;
	r = read_removed(&run, &a, e, max, &n);
	for (size_t i = 0; !r && i < n; i++)
		r = remove_one(c, &e[i]);
	arena_done(&a);
	*removed = r ? 0 : n;
	return r;
}


static int remove_bundled(struct sqlite_connection *c, const struct sqlite_history_scope *s,
			  const struct sqlite_bundle *b, size_t max, size_t *removed)
{
	uint64_t has = b->id + 1 - b->live;
	struct store_history_count gone = {0};
	int r;

	if (has > max && has <= s->whole.entries && (uint64_t)b->bytes <= s->whole.bytes)
		max = (size_t)has;
	r = sqlite_bundle_shorten(c, b, max, s->before, &gone);
	if (!r)
		r = count_owner(c, b->owner, -(int64_t)gone.entries, -(int64_t)gone.bytes);
	if (!r)
		r = count_conversation(c, b->conversation, -(int64_t)gone.entries,
				       -(int64_t)gone.bytes);
	*removed += r ? 0 : (size_t)gone.entries;
	return r;
}


/* Entries before those of the first bundle, then of it: so many, or less. */
static int remove_some(struct sqlite_connection *c, const struct sqlite_history_scope *s,
		       size_t max, size_t *removed)
{
	struct arena a = ARENA_INIT(STORE_JOB_MAX);
	struct sqlite_history_scope singles = *s;
	struct sqlite_bundle b;
	int r = sqlite_bundle_first(c, s, &a, &b), q;

	*removed = 0;
	if (!r)
		singles.before = b.live;
	if (r && r != -ENOENT) {
		arena_done(&a);
		return r;
	}
	q = remove_single(c, &singles, max, removed);
	if (!q && !r && *removed < max)
		q = remove_bundled(c, s, &b, max - *removed, removed);
	arena_done(&a);
	return q;
}


/* The oldest of the scope, up to `max`, or more: the whole of the last bundle. */
static int remove_oldest(struct sqlite_connection *c, const struct sqlite_history_scope *s,
			 size_t max, size_t *removed)
{
	size_t n = 1;
	int r = 0;

	for (*removed = 0; !r && n && *removed < max; *removed += n)
		r = remove_some(c, s, max - *removed, &n);
	return r;
}


static int delete_bundled(struct sqlite_connection *c, const struct store_history_one *in)
{
	struct arena a = ARENA_INIT(STORE_JOB_MAX);
	struct sqlite_bundle b;
	uint64_t bytes = 0;
	int r = sqlite_bundle_of(c, in->owner, in->id, &a, &b);

	if (!r)
		r = sqlite_bundle_remove(c, &b, in->id, &bytes);
	if (!r)
		r = count_owner(c, b.owner, -1, -(int64_t)bytes);
	if (!r)
		r = count_conversation(c, b.conversation, -1, -(int64_t)bytes);
	arena_done(&a);
	return r;
}


static int delete_single(struct sqlite_connection *c, const struct store_history_one *in, size_t *n)
{
	static const char SQL[] = REMOVED "id = ? AND owner = ?";
	struct arena a = ARENA_INIT(STORE_JOB_MAX);
	struct sqlite_run run;
	struct removed e;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)in->id);
	sqlite_bind_str(&run, in->owner);
	r = read_removed(&run, &a, &e, 1, n);
	if (!r && *n)
		r = remove_one(c, &e);
	arena_done(&a);
	return r;
}


int sqlite_history_delete(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_history_one in = j->in.history_one;
	size_t n = 0;
	int r = delete_single(c, &in, &n);

	if (!r && !n) {
		r = delete_bundled(c, &in);
		if (r == -ENOENT)
			return r;
	}
	if (!r)
		r = drop_conversations(c, in.owner, 0);
	j->found_n = r ? 0 : 1;
	return sqlite_spoil(c, r);
}


int sqlite_history_clear(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_history_one in = j->in.history_one;
	struct sqlite_history_scope s = {.owner = in.owner,
					 .conversation = in.id,
					 .before = INT64_MAX};
	int r = remove_oldest(c, &s, STORE_HISTORY_REMOVE_MAX, &j->found_n);

	if (!r)
		r = drop_conversations(c, in.owner, 0);
	return sqlite_spoil(c, r);
}


int sqlite_history_purge(struct sqlite_connection *c, struct store_job *j)
{
	struct sqlite_history_scope s = {.before = STORE_HISTORY_ID(j->in.history_one.at_ms)};
	int r = remove_oldest(c, &s, STORE_HISTORY_REMOVE_MAX, &j->found_n);

	if (!r)
		r = drop_conversations(c, STR(""), s.before);
	return sqlite_spoil(c, r);
}


/* ---- Adding ---- */

static int find_request(struct sqlite_connection *c, const struct store_history_entry *e,
			int64_t *ret)
{
	static const char SQL[] =
		"SELECT id FROM history WHERE owner = ? AND request = ? AND request <> ''";
	struct sqlite_run run;

	*ret = 0;
	if (!e->request.n)
		return 0;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, e->owner);
	sqlite_bind_str(&run, e->request);
	return sqlite_finish_number(&run, ret);
}


static int next_id(struct sqlite_connection *c, int64_t now_ms, uint64_t *ret)
{
	static const char SQL[] = "SELECT max(coalesce((SELECT max(id) FROM history), 0), "
				  "coalesce((SELECT max(id) FROM history_bundle), 0))";
	struct sqlite_run run;
	int64_t last = 0;
	int r;

	sqlite_begin_run(&run, c, SQL);
	r = sqlite_finish_number(&run, &last);
	*ret = STORE_HISTORY_ID(now_ms);
	if (*ret <= (uint64_t)last)
		*ret = (uint64_t)last + 1;
	return r;
}


static bool fits(const struct store_history_count *have, const struct store_history_quota *q,
		 uint64_t size)
{
	return (!q->entries || have->entries < q->entries) &&
	       (!q->bytes || have->bytes + size <= q->bytes);
}


static uint64_t whole_part(uint64_t quota)
{
	return quota ? quota / WHOLE_PART : UINT64_MAX;
}


static struct sqlite_history_scope oldest_of(struct str owner, const struct store_history_quota *q)
{
	return (struct sqlite_history_scope){
		.owner = owner,
		.before = INT64_MAX,
		.whole = {whole_part(q->entries), whole_part(q->bytes)},
	};
}


/* The oldest go one by one: as few as must, and no more than one write may remove. */
static int make_room(struct sqlite_connection *c, const struct store_history_entry *e,
		     const struct store_history_quota *q)
{
	struct sqlite_history_scope s = oldest_of(e->owner, q);
	struct store_history_count have;
	size_t removed = 1;
	int r = 0;

	for (size_t i = 0; !r && removed && i < STORE_HISTORY_REMOVE_MAX; i++) {
		r = read_owner(c, e->owner, &have);
		if (!r && fits(&have, q, e->size))
			break;
		if (!r)
			r = remove_oldest(c, &s, 1, &removed);
	}
	return r;
}


static int insert(struct sqlite_connection *c, const struct store_history_entry *e)
{
	static const char SQL[] = "INSERT INTO history (" COLUMNS
				  ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)e->id);
	sqlite_bind_str(&run, e->owner);
	sqlite_bind_str(&run, e->peer);
	sqlite_bind_int(&run, (int64_t)e->conversation);
	sqlite_bind_int(&run, e->kind);
	sqlite_bind_int(&run, e->outgoing);
	sqlite_bind_int(&run, e->aborted);
	sqlite_bind_int(&run, e->cpim);
	sqlite_bind_int(&run, e->date_ms);
	sqlite_bind_int(&run, (int64_t)e->size);
	sqlite_bind_str(&run, e->request);
	sqlite_bind_str(&run, e->message_id);
	sqlite_bind_str(&run, e->from);
	sqlite_bind_str(&run, e->to);
	sqlite_bind_str(&run, e->subject);
	sqlite_bind_str(&run, e->content_type);
	sqlite_bind_str(&run, e->file);
	sqlite_bind_str(&run, e->text);
	return sqlite_finish(&run);
}


static int insert_body(struct sqlite_connection *c, const struct store_history_entry *e)
{
	static const char SQL[] = "INSERT INTO history_body VALUES (?, ?)";
	struct sqlite_run run;

	if (!e->body.n)
		return 0;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)e->id);
	sqlite_bind_blob(&run, e->body);
	return sqlite_finish(&run);
}


static int add(struct sqlite_connection *c, struct store_history_entry *e,
	       const struct store_history_quota *q, int64_t now_ms)
{
	int64_t there = 0;
	int r = find_request(c, e, &there);

	if (r)
		return r;
	if (there) {
		e->id = (uint64_t)there;
		sqlite_content_doom(c, e->file);
		return 0;
	}
	r = make_room(c, e, q);
	if (!r)
		r = next_id(c, now_ms, &e->id);
	if (!r)
		r = insert(c, e);
	if (!r)
		r = insert_body(c, e);
	if (!r)
		r = count_owner(c, e->owner, 1, (int64_t)e->size);
	if (!r)
		r = count_conversation(c, e->conversation, 1, (int64_t)e->size);
	return r;
}


static int share_one(struct sqlite_connection *c, struct arena *a, struct store_history_entry *e)
{
	static const char SQL[] = "SELECT file FROM deferred WHERE id = ? AND file <> ''";
	struct str file = STR("");
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)e->held);
	if (sqlite_next(&run))
		file = sqlite_column_str(&run, a);
	r = sqlite_finish(&run);
	if (!r)
		r = file.n ? sqlite_content_share(c, file, e->file) : -ENOENT;
	return r;
}


/* What waits lends its content: a tombstone has none. Before anything is written: an error is this job's alone. */
static int share(struct sqlite_connection *c, struct store_job *j)
{
	struct store_history_add *in = &j->in.history_add;
	size_t n = 0;
	int r = 0;

	for (; !r && n < in->n; n += !r)
		if (in->entry[n].held)
			r = share_one(c, &j->arena, &in->entry[n]);
	for (size_t i = 0; r && i < n; i++)
		if (in->entry[i].held)
			sqlite_content_doom(c, in->entry[i].file);
	return r;
}


int sqlite_history_add(struct sqlite_connection *c, struct store_job *j)
{
	struct store_history_add *in = &j->in.history_add;
	struct store_history_found *found = arena_alloc(&j->arena, sizeof(*found));
	int r = found ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < in->n; i++)
		if (in->quota.bytes && in->entry[i].size > in->quota.bytes)
			r = -EDQUOT;
	if (!r)
		r = share(c, j);
	if (r)
		return r;
	for (size_t i = 0; !r && i < in->n; i++)
		r = add(c, &in->entry[i], &in->quota, in->now_ms);
	found->entry = in->entry;
	found->n = in->n;
	j->found = found;
	return sqlite_spoil(c, r);
}


/* ---- Bundles ---- */

/* As many as are too many, by what one is on the average; the newest are among them, where they alone are. */
static int trim(struct sqlite_connection *c, struct str owner, const struct store_history_quota *q)
{
	struct sqlite_history_scope s = oldest_of(owner, q);
	struct store_history_count have;
	size_t removed = 1, all = 0;
	int r = 0;

	for (; !r && removed && all < 2 * STORE_HISTORY_BUNDLE_ENTRIES; all += removed) {
		uint64_t more = 1;

		r = read_owner(c, owner, &have);
		if (r || (!(q->entries && have.entries > q->entries) &&
			  !(q->bytes && have.bytes > q->bytes)))
			break;
		if (q->entries && have.entries > q->entries)
			more = have.entries - q->entries;
		else if (have.entries && have.bytes / have.entries)
			more = (have.bytes - q->bytes) / (have.bytes / have.entries);
		more = more < STORE_HISTORY_REMOVE_MAX ? more : STORE_HISTORY_REMOVE_MAX;
		r = remove_oldest(c, &s, more ? (size_t)more : 1, &removed);
	}
	return r;
}


static int add_whole(struct sqlite_connection *c, const struct store_history_bundles *in,
		     const struct store_history_bundle *b, const struct store_history_count *sum)
{
	struct store_history_bundle_walk w;
	uint64_t id;
	int r = next_id(c, in->now_ms, &id);

	store_history_bundle_begin(&w, b);
	if (!r)
		r = sqlite_bundle_insert(c, b, id, (int64_t)sum->bytes);
	if (!r)
		r = count_owner(c, w.shared.owner, (int64_t)sum->entries, (int64_t)sum->bytes);
	if (!r)
		r = count_conversation(c, w.shared.conversation, (int64_t)sum->entries,
				       (int64_t)sum->bytes);
	return r ? r : trim(c, w.shared.owner, &in->quota);
}


/* One alone, or with such among them as are left out. */
static int add_singly(struct sqlite_connection *c, const struct store_history_bundles *in,
		      const struct store_history_bundle *b)
{
	struct store_history_bundle_walk w;
	struct store_history_entry e;
	int r = 0;

	store_history_bundle_begin(&w, b);
	while (!r && store_history_bundle_next(&w, &e))
		if (!in->quota.bytes || e.size <= in->quota.bytes)
			r = add(c, &e, &in->quota, in->now_ms);
	return r;
}


int sqlite_history_add_bundle(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_history_bundles *in = &j->in.history_bundles;
	struct store_history_count *added = arena_alloc(&j->arena, sizeof(*added));
	int r = added ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < in->n; i++) {
		struct store_history_count sum = {0};
		struct store_history_bundle_walk w;
		struct store_history_entry e;

		store_history_bundle_begin(&w, in->bundle[i]);
		while (store_history_bundle_next(&w, &e)) {
			if (in->quota.bytes && e.size > in->quota.bytes)
				continue;
			sum.entries++;
			sum.bytes += e.size;
		}
		if (sum.entries > 1 && sum.entries == store_history_bundle_entries(in->bundle[i]))
			r = add_whole(c, in, in->bundle[i], &sum);
		else
			r = add_singly(c, in, in->bundle[i]);
		added->entries += sum.entries;
		added->bytes += sum.bytes;
	}
	j->found = added;
	j->found_n = 1;
	return sqlite_spoil(c, r);
}


/* ---- A user goes ---- */

static int take_files(struct sqlite_connection *c, struct str aor, struct buf *files)
{
	static const char SQL[] = "SELECT file FROM history WHERE owner = ? AND file <> ''";
	struct arena a = ARENA_INIT(STORE_JOB_MAX);
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, aor);
	while (sqlite_next(&run))
		buf_puts(files, sqlite_column_str(&run, &a));
	r = sqlite_finish(&run);
	arena_done(&a);
	return r;
}


int sqlite_history_delete_user(struct sqlite_connection *c, struct str aor, struct buf *files)
{
	static const char *const SQL[] = {
		"DELETE FROM history_body WHERE id IN (SELECT id FROM history WHERE owner = ?)",
		"DELETE FROM history WHERE owner = ?",
		"DELETE FROM conversation WHERE owner = ?",
		"DELETE FROM history_owner WHERE owner = ?",
	};
	int r = take_files(c, aor, files);

	if (!r)
		r = sqlite_bundle_delete_user(c, aor);
	for (size_t i = 0; !r && i < sizeof(SQL) / sizeof(SQL[0]); i++) {
		struct sqlite_run run;

		sqlite_begin_run(&run, c, SQL[i]);
		sqlite_bind_str(&run, aor);
		r = sqlite_finish(&run);
	}
	return r;
}
