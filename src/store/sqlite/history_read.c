/* SPDX-License-Identifier: Apache-2.0 */
/* The history in SQLite: what only reads it. */
#include <errno.h>

#include "store/sqlite/bundle.h"

#define COLUMNS                                                                                  \
	"id, owner, peer, conversation, kind, outgoing, aborted, cpim, date_ms, size, request, " \
	"message_id, from_, to_, subject, content_type, file, text"
/** Number of `text` among them. */
#define TEXT_COLUMN 17


static void take(struct sqlite_run *run, struct arena *a, struct store_history_entry *e)
{
	e->id = (uint64_t)sqlite_column_int(run);
	e->owner = sqlite_column_str(run, a);
	e->peer = sqlite_column_str(run, a);
	e->conversation = (uint64_t)sqlite_column_int(run);
	e->kind = (enum store_history_kind)sqlite_column_int(run);
	e->outgoing = sqlite_column_int(run) != 0;
	e->aborted = sqlite_column_int(run) != 0;
	e->cpim = sqlite_column_int(run) != 0;
	e->date_ms = sqlite_column_int(run);
	e->size = (uint64_t)sqlite_column_int(run);
	e->request = sqlite_column_str(run, a);
	e->message_id = sqlite_column_str(run, a);
	e->from = sqlite_column_str(run, a);
	e->to = sqlite_column_str(run, a);
	e->subject = sqlite_column_str(run, a);
	e->content_type = sqlite_column_str(run, a);
	e->file = sqlite_column_str(run, a);
	e->text = sqlite_column_str(run, a);
}


static struct store_history_found *found_alloc(struct store_job *j, size_t max)
{
	struct store_history_found *f = arena_alloc(&j->arena, sizeof(*f));

	if (f)
		f->entry = arena_alloc(&j->arena, max * sizeof(*f->entry));
	j->found = f;
	j->found_n = 1;
	return f && f->entry ? f : NULL;
}


int sqlite_history_get(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT " COLUMNS
				  ", (SELECT body FROM history_body AS b WHERE b.id = h.id) "
				  "FROM history AS h WHERE h.id = ? AND h.owner = ?";
	const struct store_history_one in = j->in.history_one;
	struct store_history_found *f = found_alloc(j, 1);
	struct sqlite_run run;
	int r;

	if (!f)
		return -ENOMEM;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)in.id);
	sqlite_bind_str(&run, in.owner);
	if (sqlite_next(&run)) {
		take(&run, &j->arena, f->entry);
		f->entry->body = sqlite_column_blob(&run, &j->arena);
		f->n = 1;
	}
	r = sqlite_finish(&run);
	if (r || f->n)
		return r;
	r = sqlite_bundle_get(c, in.owner, in.id, &j->arena, f->entry);
	f->n = r ? 0 : 1;
	return r;
}


/* ---- A page ---- */

static void bind_filter(struct sqlite_run *run, struct sqlite_connection *c,
			const struct store_history_page *page)
{
	static const char ALL[] = "SELECT " COLUMNS
				  " FROM history WHERE owner = ?1 AND id > ?2 AND id < ?3 "
				  "ORDER BY id LIMIT ?4";
	static const char PEER[] = "SELECT " COLUMNS
				   " FROM history WHERE owner = ?1 AND peer = ?5 AND id > ?2 AND "
				   "id < ?3 ORDER BY id LIMIT ?4";
	static const char TALK[] = "SELECT " COLUMNS
				   " FROM history WHERE conversation = ?5 AND conversation > 0 AND "
				   "owner = ?1 AND id > ?2 AND id < ?3 ORDER BY id LIMIT ?4";
	static const char BOTH[] =
		"SELECT " COLUMNS " FROM history WHERE conversation = ?5 AND conversation > 0 AND "
		"owner = ?1 AND id > ?2 AND id < ?3 AND peer = ?6 ORDER BY id LIMIT ?4";
	const struct store_history_filter *f = &page->filter;
	bool talk = f->conversation, peer = f->peer.n;

	sqlite_begin_run(run, c, talk ? peer ? BOTH : TALK : peer ? PEER : ALL);
	sqlite_bind_str(run, f->owner);
	sqlite_bind_int(run, (int64_t)f->after);
	sqlite_bind_int(run, (int64_t)page->before);
	sqlite_bind_int(run, f->text.n ? STORE_HISTORY_SCAN_MAX : (int64_t)f->max);
	if (talk)
		sqlite_bind_int(run, (int64_t)f->conversation);
	if (peer)
		sqlite_bind_str(run, f->peer);
}


static bool matches(const struct sqlite_run *run, struct str wanted)
{
	struct str text = {(const char *)sqlite3_column_text(run->stmt, TEXT_COLUMN), 0};

	text.n = (size_t)sqlite3_column_bytes(run->stmt, TEXT_COLUMN);
	return !wanted.n || store_history_text_holds(text, wanted);
}


/** What a page is made of: entries that are rows of their own, and those of bundles, in the order of their ids. */
struct page {
	struct sqlite_run run;
	struct sqlite_bundle_cursor cursor;
	struct store_history_entry bundled;
	bool single, many; /**< there is a next one of each */
};


static void page_begin(struct page *p, struct sqlite_connection *c,
		       const struct store_history_page *in)
{
	struct sqlite_history_scope s = {
		.owner = in->filter.owner,
		.peer = in->filter.peer,
		.conversation = in->filter.conversation,
		.before = in->before,
	};

	bind_filter(&p->run, c, in);
	sqlite_bundle_begin(&p->cursor, c, &s, in->filter.after);
	p->single = sqlite_next(&p->run);
	p->many = sqlite_bundle_next(&p->cursor, &p->bundled);
}


static int page_finish(struct page *p)
{
	int r = sqlite_bundle_finish(&p->cursor), q = sqlite_finish(&p->run);

	return q ? q : r;
}


/* The next one is looked at, and kept when it matches. Its id. */
static uint64_t page_step(struct page *p, struct store_job *j, struct str wanted,
			  struct store_history_found *f)
{
	uint64_t single = p->single ? (uint64_t)sqlite3_column_int64(p->run.stmt, 0) : INT64_MAX;
	struct store_history_entry e = p->bundled;

	if (!p->many || single < e.id) {
		if (matches(&p->run, wanted))
			take(&p->run, &j->arena, &f->entry[f->n++]);
		p->single = sqlite_next(&p->run);
		return single;
	}
	if (!wanted.n || store_history_text_holds(e.text, wanted)) {
		e.body = STR("");
		if (!store_record_copy(&j->arena, &f->entry[f->n++], &e, &store_history_shape))
			p->run.error = p->run.error ? p->run.error : -ENOMEM;
	}
	p->many = sqlite_bundle_next(&p->cursor, &p->bundled);
	return e.id;
}


int sqlite_history_list(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_history_page in = j->in.history_page;
	const struct store_history_filter *filter = &in.filter;
	struct store_history_found *f = found_alloc(j, filter->max);
	size_t looked = 0;
	uint64_t last = 0;
	struct page page;

	if (!f)
		return -ENOMEM;
	page_begin(&page, c, &in);
	while (f->n < filter->max && looked < STORE_HISTORY_SCAN_MAX &&
	       j->arena.used < STORE_HISTORY_PAGE_BYTES && (page.single || page.many) &&
	       !page.run.error) {
		last = page_step(&page, j, filter->text, f);
		looked++;
	}
	if (f->n == filter->max || looked == STORE_HISTORY_SCAN_MAX ||
	    j->arena.used >= STORE_HISTORY_PAGE_BYTES)
		f->next = last;
	return page_finish(&page);
}


/* ---- Conversations ---- */

static void take_conversation(struct sqlite_run *run, struct arena *a, struct store_conversation *v)
{
	v->id = (uint64_t)sqlite_column_int(run);
	v->owner = sqlite_column_str(run, a);
	v->peer = sqlite_column_str(run, a);
	v->call_id = sqlite_column_str(run, a);
	v->kind = (enum store_history_kind)sqlite_column_int(run);
	v->outgoing = sqlite_column_int(run) != 0;
	v->begin_ms = sqlite_column_int(run);
	v->end_ms = sqlite_column_int(run);
	v->reason = sqlite_column_str(run, a);
	v->entries = (uint64_t)sqlite_column_int(run);
	v->bytes = (uint64_t)sqlite_column_int(run);
}


int sqlite_history_conversations(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"SELECT id, owner, peer, call_id, kind, outgoing, begin_ms, end_ms, reason, "
		"entries, bytes FROM conversation WHERE owner = ? AND id > ? ORDER BY id LIMIT ?";
	const struct store_history_filter filter = j->in.history_page.filter;
	struct store_conversation *to = arena_alloc(&j->arena, filter.max * sizeof(*to));
	struct sqlite_run run;

	if (!to)
		return -ENOMEM;
	j->found = to;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, filter.owner);
	sqlite_bind_int(&run, (int64_t)filter.after);
	sqlite_bind_int(&run, (int64_t)filter.max);
	while (j->found_n < filter.max && sqlite_next(&run))
		take_conversation(&run, &j->arena, &to[j->found_n++]);
	return sqlite_finish(&run);
}
