/* SPDX-License-Identifier: Apache-2.0 */
/* A message of a session, put together as it passes, and written when it is complete. */
#include <errno.h>

#include "base/mem.h"
#include "body/mime.h"
#include "im/history/recording.h"


static void move(struct recorded *m, struct list *to)
{
	if (m->in)
		list_remove(m->in, &m->link);
	if (m->in == &m->rec->open)
		hash_remove(&m->rec->h->open, &m->by_id);
	m->in = to;
	if (to)
		list_append(to, &m->link);
}


/* What it has in memory while it is open. */
static void count(struct recorded *m, size_t bytes)
{
	m->rec->held_bytes += bytes - m->held_bytes;
	m->held_bytes = bytes;
}


static void content_drop(struct recorded *m)
{
	m->rec->contents -= m->content != NULL;
	store_content_abandon(m->content);
	m->content = NULL;
}


/* To give such memory back to the kernel, and have it anew, costs more than all else. */
static void begin_done(struct recorded *m)
{
	struct history *h = m->rec->h;

	if (m->begin.cap < HISTORY_SPARE_MIN || h->spares == HISTORY_SPARE_MAX || m->begin.failed) {
		buf_done(&m->begin);
		return;
	}
	h->spare[h->spares++] = m->begin;
	buf_init(&m->begin, HISTORY_INLINE_MAX);
}


static void begin_reserve(struct recorded *m, size_t n)
{
	struct history *h = m->rec->h;

	if (m->begin.p || n < HISTORY_SPARE_MIN || !h->spares)
		return;
	m->begin = h->spare[--h->spares];
	buf_clear(&m->begin);
}


static void recorded_destroy(void *object)
{
	struct recorded *m = object;

	store_cancel(&m->r);
	content_drop(m);
	move(m, NULL);
	count(m, 0);
	recording_unqueue(m->rec, m->queued);
	begin_done(m);
	mem_unref(m->rec);
}


/* ---- A message begins ---- */

struct recorded *recorded_find(const struct im_recording *rec, enum msrp_side from, struct str id)
{
	const struct hash_table *open = &rec->h->open;
	struct hash_link *l = hash_first(open, hash_bytes(&open->key, id.p, id.n));

	for (; l; l = hash_next(l)) {
		struct recorded *m = container_of(l, struct recorded, by_id);

		if (m->rec == rec && m->from == from && str_eq(m->message_id, id))
			return m;
	}
	return NULL;
}


/* A file says its name there (RFC 2183 2.3). */
static struct str name_of(const struct msrp_frame *f)
{
	struct str v = msrp_frame_header(f, STR("Content-Disposition")), name = STR_NULL;

	(void)str_cut(&v, ';');
	if (!v.n || !mime_param(v, STR("filename"), &name))
		return STR("");
	if (name.n >= 2 && name.p[0] == '"')
		name = (struct str){name.p + 1, name.n - 2};
	return str_upto(name, STORE_HISTORY_TEXT_MAX);
}


static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


static struct recorded *make(struct im_recording *rec, enum msrp_side from,
			     const struct msrp_frame *f)
{
	struct str type = str_upto(f->content_type, STORE_HISTORY_TEXT_MAX), name = name_of(f);
	size_t texts = f->message_id.n + type.n + name.n;
	struct recorded *m = mem_alloc_in(rec->h->slab, sizeof(*m) + texts, recorded_destroy);
	struct hash_table *open = &rec->h->open;
	char *at;

	if (!m)
		return NULL;
	at = m->text;
	m->rec = mem_ref(rec);
	m->from = from;
	m->message_id = put(&at, f->message_id);
	m->content_type = put(&at, type);
	m->name = put(&at, name);
	m->total = MSRP_RANGE_UNKNOWN;
	m->since_ms = loop_wall_ms(rec->h->loop);
	buf_init(&m->begin, HISTORY_INLINE_MAX);
	move(m, &rec->open);
	hash_insert(open, &m->by_id, hash_bytes(&open->key, m->message_id.p, m->message_id.n));
	return m;
}


struct recorded *recorded_of(struct im_recording *rec, enum msrp_side from,
			     const struct msrp_frame *f)
{
	struct recorded *m = recorded_find(rec, from, f->message_id);

	if (m)
		return m;
	if (rec->open.count < HISTORY_PARTIALS_MAX)
		m = make(rec, from, f);
	if (!m)
		history_lost(rec->copy[0].owner,
			     rec->open.count < HISTORY_PARTIALS_MAX ? -ENOMEM : -ENOBUFS);
	return m;
}


/* ---- Its pieces ---- */

static void run_remove(struct recorded *m, size_t i)
{
	memmove(&m->run[i], &m->run[i + 1], (m->runs - i - 1) * sizeof(m->run[0]));
	m->runs--;
}


/* Those it touches become one with it. False: too many that do not touch. */
static bool run_add(struct recorded *m, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < m->runs;) {
		struct recorded_run *r = &m->run[i];

		if (r->end < start || r->start > end) {
			i++;
			continue;
		}
		start = r->start < start ? r->start : start;
		end = r->end > end ? r->end : end;
		run_remove(m, i);
	}
	if (m->runs == HISTORY_PIECES_MAX)
		return false;
	m->run[m->runs++] = (struct recorded_run){start, end};
	return true;
}


/* Bytes from the first on that are here without a hole. */
static uint64_t whole(const struct recorded *m)
{
	for (size_t i = 0; i < m->runs; i++)
		if (m->run[i].start == 0)
			return m->run[i].end;
	return 0;
}


static bool is_complete(const struct recorded *m)
{
	return m->total != MSRP_RANGE_UNKNOWN && whole(m) >= m->total;
}


/* What of the piece belongs to the beginning. */
static bool keep_begin(struct recorded *m, uint64_t at, struct str piece)
{
	struct buf *b = &m->begin;
	size_t end, from = (size_t)at;

	if (at >= HISTORY_INLINE_MAX)
		return true;
	piece = str_upto(piece, HISTORY_INLINE_MAX - from);
	end = from + piece.n;
	if (end > b->n) {
		begin_reserve(m, end);
		if (!buf_reserve(b, end - b->n))
			return false;
		if (from > b->n)
			memset(b->p + b->n, 0, from - b->n);
		b->n = end;
	}
	memcpy(b->p + from, piece.p, piece.n);
	return true;
}


static void on_room(struct store_content_writer *w, void *arg)
{
	struct recorded *m = arg;

	(void)w;
	recording_let_go(m->rec);
}


static void on_content(struct store_content_writer *w, int error, const struct str *name,
		       void *arg);

static const struct store_content_handler content_handler = {.room = on_room,
							     .done = on_content,
							     .fast = true};


/* It becomes too large for a record: what is here of it goes to the disk, and all that comes. */
static int spill(struct recorded *m)
{
	int err = store_content_create(&m->content, m->rec->h->store, &content_handler, m);

	m->rec->contents += !err;
	for (size_t i = 0; !err && i < m->runs; i++) {
		struct recorded_run r = m->run[i];

		err = store_content_write(m->content, r.start,
					  (struct str){m->begin.p + r.start,
						       (size_t)(r.end - r.start)});
	}
	return err;
}


static int take(struct recorded *m, uint64_t at, struct str piece)
{
	int err = 0;

	if (!m->content && at + piece.n > HISTORY_INLINE_MAX)
		err = spill(m);
	if (!err && m->content)
		err = store_content_write(m->content, at, piece);
	if (!err && !keep_begin(m, at, piece))
		err = -ENOMEM;
	count(m, m->begin.n);
	if (!err && m->rec->held_bytes > HISTORY_PARTIAL_BYTES)
		err = -ENOBUFS;
	if (!err && !run_add(m, at, at + piece.n))
		err = -ENOBUFS;
	return err;
}


void recorded_piece(struct recorded *m, uint64_t at, struct str piece)
{
	if (m->error || !piece.n)
		return;
	m->error = at > STORE_CONTENT_SIZE_MAX ? -EFBIG : take(m, at, piece);
	if (m->error) {
		content_drop(m);
		buf_done(&m->begin);
		count(m, 0);
		recording_let_go(m->rec);
		return;
	}
	m->size = at + piece.n > m->size ? at + piece.n : m->size;
}


/* ---- Written ---- */

static void lost(struct recorded *m, int error)
{
	const struct im_recording *rec = m->rec;

	for (size_t i = 0; i < rec->copies; i++)
		if (rec->copy[i].wanted)
			history_lost(rec->copy[i].owner, error);
	for (size_t i = 0; i < m->names; i++)
		store_content_remove(rec->h->store,
				     (struct str){m->content_name[i], STORE_CONTENT_NAME_N});
	mem_unref(m);
}


static void on_added(struct store_request *r, int error, void *arg)
{
	struct recorded *m = arg;
	size_t n;
	const struct store_history_entry *e = store_history_result(r, &n);

	for (size_t i = 0; i < n; i++) {
		history_tally(HISTORY_RECORDED, 1);
		history_tally(HISTORY_RECORDED_BYTES, e[i].size);
	}
	if (error)
		lost(m, error);
	else
		mem_unref(m);
}


static struct store_history_entry entry_of(const struct recorded *m, const struct recording_copy *c)
{
	const struct im_recording *rec = m->rec;
	bool from_originator = m->from == MSRP_SIDE_A;
	struct str originator = !c->outgoing && rec->hidden ? HISTORY_ANONYMOUS : rec->originator;

	return (struct store_history_entry){
		.conversation = c->conversation,
		.owner = c->owner,
		.peer = c->peer,
		.kind = history_kind_of(rec->kind),
		.outgoing = c->outgoing == from_originator,
		.aborted = m->aborted,
		.message_id = m->message_id,
		.from = from_originator ? originator : rec->recipient,
		.to = from_originator ? rec->recipient : originator,
		.subject = m->name,
		.date_ms = m->since_ms,
		.size = m->size,
		.body = m->names ? STR("") : buf_str(&m->begin),
	};
}


static size_t entries_of(const struct recorded *m,
			 struct store_history_entry e[STORE_HISTORY_COPIES_MAX])
{
	const struct im_recording *rec = m->rec;
	size_t n = 0;

	for (size_t i = 0; i < rec->copies; i++) {
		if (!rec->copy[i].wanted)
			continue;
		e[n] = entry_of(m, &rec->copy[i]);
		history_facts_put(&m->facts, &e[n]);
		if (m->names)
			e[n].file = (struct str){m->content_name[n], STORE_CONTENT_NAME_N};
		n++;
	}
	return n;
}


/* One that is a file is written alone; others with those that come with them. */
static void add(struct recorded *m)
{
	struct im_recording *rec = m->rec;
	struct store_history_entry e[STORE_HISTORY_COPIES_MAX];
	size_t n = entries_of(m, e);
	int err;

	if (m->names) {
		gathering_write(rec);
		err = store_history_add(rec->h->store, &m->r, e, n, &rec->h->config.quota,
					loop_wall_ms(rec->h->loop), on_added, m);
	} else {
		err = gathering_put(rec, e, n, m->queued);
		if (!err) {
			m->queued = 0;
			mem_unref(m);
		}
	}
	if (err)
		lost(m, err);
}


static void on_content(struct store_content_writer *w, int error, const struct str *name, void *arg)
{
	struct recorded *m = arg;
	size_t names = m->names;

	(void)w;
	m->content = NULL;
	m->rec->contents--;
	if (error) {
		m->names = 0;
		lost(m, error);
		return;
	}
	for (size_t i = 0; i < names; i++)
		memcpy(m->content_name[i], name[i].p, STORE_CONTENT_NAME_N);
	add(m);
}


/* ---- Over ---- */

static size_t wanted_copies(const struct im_recording *rec)
{
	size_t n = 0;

	for (size_t i = 0; i < rec->copies; i++)
		n += rec->copy[i].wanted;
	return n;
}


static void write_it(struct recorded *m)
{
	size_t copies = wanted_copies(m->rec);

	move(m, &m->rec->storing);
	if (!copies) {
		mem_unref(m);
	} else if (m->content) {
		m->names = copies;
		store_content_finish(m->content, copies);
	} else {
		add(m);
	}
}


void recorded_flush(struct im_recording *rec)
{
	for (struct list_link *l; (l = list_first(&rec->ready));)
		write_it(container_of(l, struct recorded, link));
}


/* What it is, by all of its beginning; what it says, by what of that has no hole. */
static bool is_nothing(struct recorded *m)
{
	struct str begin = buf_str(&m->begin);
	uint64_t n = whole(m);
	bool nothing;

	if (!m->size)
		return true;
	history_facts_read(&m->facts, m->content_type, begin);
	nothing = m->facts.nothing;
	if (n < begin.n)
		history_facts_read(&m->facts, m->content_type, str_upto(begin, (size_t)n));
	return nothing;
}


static void close_it(struct recorded *m)
{
	m->aborted = m->over || !is_complete(m);
	if (m->error) {
		lost(m, m->error);
		return;
	}
	if (is_nothing(m)) {
		mem_unref(m);
		return;
	}
	count(m, 0);
	m->queued = m->begin.n;
	m->rec->queued += m->queued;
	m->rec->h->queued += m->queued;
	move(m, &m->rec->ready);
	if (!m->rec->asking)
		recorded_flush(m->rec);
}


static void settle(struct recorded *m)
{
	if (m->in == &m->rec->open && !m->chunks && (m->over || is_complete(m)))
		close_it(m);
}


void recorded_end(struct recorded *m, uint64_t at, char flag)
{
	if (flag == '$')
		m->total = at > m->size ? at : m->size;
	else if (flag == '#')
		m->over = true;
	settle(m);
}


void recorded_answered(struct recorded *m, uint16_t status)
{
	if (m->chunks)
		m->chunks--;
	/* Refused, or given up: what the far side has of it nobody knows. */
	if (status && status != 200)
		m->over = true;
	settle(m);
}


void recorded_end_all(struct im_recording *rec)
{
	for (struct list_link *l; (l = list_first(&rec->open));)
		close_it(container_of(l, struct recorded, link));
}


void recorded_drop_all(struct im_recording *rec)
{
	struct list *all[] = {&rec->open, &rec->ready, &rec->storing};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (struct list_link *l; (l = list_first(all[i]));)
			mem_unref(container_of(l, struct recorded, link));
}
