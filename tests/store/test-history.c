/* SPDX-License-Identifier: Apache-2.0 */
/* The history: conversations and entries, pages, searches, quota, and what is removed. */
#include "store/history.h"
#include "store/history_bundle.h"
#include "store/content.h"

#include <stdlib.h>

#include "world.h"

#define NOW INT64_C(1767225600000)

struct fixture {
	struct world *w;
	struct buf *out;
	uint64_t next, id;
	size_t n;
	struct store_history_count count;
	struct store_history_quota quota;
	char name[STORE_CONTENT_NAMES_MAX][STORE_CONTENT_NAME_N];
	int error;
	uint64_t at;
	struct str pattern;
};


static struct fixture *fixture(void)
{
	struct fixture *t = unit_storage(sizeof(*t));

	t->w = world();
	t->out = unit_buf(1 << 20);
	return t;
}


/* ---- Asking ---- */

static struct store_history_entry entry(const char *owner, const char *peer, const char *text)
{
	return (struct store_history_entry){
		.owner = str_of(owner),
		.peer = str_of(peer),
		.kind = STORE_HISTORY_SESSION,
		.outgoing = true,
		.message_id = STR("m1"),
		.from = STR("<sip:a@x>"),
		.to = STR("Bob <sip:b@x>"),
		.subject = STR("s"),
		.date_ms = 5,
		.content_type = STR("text/plain"),
		.size = strlen(text),
		.text = str_of(text),
		.body = str_of(text),
	};
}


static void added(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;
	size_t n;
	const struct store_history_entry *e = store_history_result(r, &n);

	if (n)
		t->id = e[n - 1].id;
	world_done(r, error, t->w);
}


static int add_at(struct fixture *t, struct store_history_entry e, int64_t now_ms)
{
	return ASK(t, store_history_add, &e, 1, &t->quota, now_ms, added, t);
}


static int add(struct fixture *t, const char *owner, const char *peer, const char *text,
	       int64_t now_ms)
{
	return add_at(t, entry(owner, peer, text), now_ms);
}


static void listed(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;
	const struct store_history_entry *e = store_history_result(r, &t->n);

	for (size_t i = 0; i < t->n; i++) {
		assert_int_equal(e[i].body.n, 0);
		buf_puts(t->out, e[i].text);
		buf_putc(t->out, ',');
	}
	t->next = store_history_next(r);
	world_done(r, error, t->w);
}


static int page(struct fixture *t, struct store_history_filter f)
{
	buf_clear(t->out);
	return ASK(t, store_history_list, &f, listed, t);
}


static void counted(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;

	if (!error)
		t->count = *store_history_count_result(r);
	world_done(r, error, t->w);
}


static void totals(struct fixture *t, const char *owner, uint64_t entries, uint64_t bytes)
{
	unit_ok(ASK(t, store_history_count, str_of(owner), counted, t));
	assert_true(t->count.entries == entries && t->count.bytes == bytes);
}


static void removed(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;

	t->n = store_history_removed(r);
	world_done(r, error, t->w);
}


static void talks(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;
	const struct store_conversation *v = store_history_conversations_result(r, &t->n);

	for (size_t i = 0; i < t->n; i++)
		buf_printf(t->out, STR_FMT "/" STR_FMT "/" STR_FMT "/%lld-%lld/%llu/%llu,",
			   STR_ARG(v[i].peer), STR_ARG(v[i].call_id), STR_ARG(v[i].reason),
			   (long long)v[i].begin_ms, (long long)v[i].end_ms,
			   (unsigned long long)v[i].entries, (unsigned long long)v[i].bytes);
	world_done(r, error, t->w);
}


static void conversations_are(struct fixture *t, const char *wanted)
{
	buf_clear(t->out);
	unit_ok(ASK(t, store_history_conversations, STR("sip:a@x"), 0, 10, talks, t));
	unit_buf_is(t->out, wanted);
}


/* ---- Tests ---- */

static void got(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;
	const struct store_history_entry *e = store_history_result(r, NULL);

	if (!error) {
		unit_str(e->owner, "sip:a@x");
		unit_str(e->peer, "sip:b@x");
		unit_str(e->message_id, "m1");
		unit_str(e->from, "<sip:a@x>");
		unit_str(e->to, "Bob <sip:b@x>");
		unit_str(e->subject, "s");
		unit_str(e->content_type, "text/plain");
		unit_str(e->body, "hello");
		unit_str(e->request, "call/1");
		assert_true(e->outgoing && e->aborted && e->cpim && e->date_ms == 5 &&
			    e->size == 5 && e->kind == STORE_HISTORY_PAGER);
		assert_true(STORE_HISTORY_MS(e->id) == NOW);
	}
	world_done(r, error, t->w);
}


static void test_round(void)
{
	struct fixture *t = fixture();
	struct store_history_entry e = entry("sip:a@x", "sip:b@x", "hello");

	e.kind = STORE_HISTORY_PAGER;
	e.aborted = e.cpim = true;
	e.request = STR("call/1");
	unit_ok(add_at(t, e, NOW));
	uint64_t id = t->id;
	unit_ok(ASK(t, store_history_get, STR("sip:a@x"), id, got, t));
	/* Nobody else's. */
	unit_must(ASK(t, store_history_get, STR("sip:b@x"), id, got, t) == -ENOENT);
	/* The same request is not there twice. */
	unit_ok(add_at(t, e, NOW + 1));
	unit_must(t->id == id);
	totals(t, "sip:a@x", 1, 5);
	if (world_keeps(t->w)) {
		world_reopen(t->w);
		unit_ok(ASK(t, store_history_get, STR("sip:a@x"), id, got, t));
	}
	unit_must(ASK(t, store_history_delete, STR("sip:b@x"), id, removed, t) == -ENOENT);
	unit_ok(ASK(t, store_history_delete, STR("sip:a@x"), id, removed, t));
	unit_must(ASK(t, store_history_get, STR("sip:a@x"), id, got, t) == -ENOENT);
	totals(t, "sip:a@x", 0, 0);
}


static void test_copies(void)
{
	struct fixture *t = fixture();
	struct store_history_entry e[2] = {entry("sip:a@x", "sip:b@x", "hi"),
					   entry("sip:b@x", "sip:a@x", "hi")};

	unit_ok(ASK(t, store_history_add, e, 2, &t->quota, NOW, added, t));
	totals(t, "sip:a@x", 1, 2);
	totals(t, "sip:b@x", 1, 2);
	/* To oneself. */
	e[1] = e[0];
	e[0].request = e[1].request = STR("r");
	unit_ok(ASK(t, store_history_add, e, 2, &t->quota, NOW, added, t));
	totals(t, "sip:a@x", 2, 4);
}


static void test_refused(void)
{
	struct fixture *t = fixture();
	char *large = unit_storage(STORE_HISTORY_BODY_MAX + 1);
	struct store_history_entry e = entry("sip:a@x", "sip:b@x", "hi");

	e.body = (struct str){large, STORE_HISTORY_BODY_MAX + 1};
	assert_int_equal(add_at(t, e, NOW), -EMSGSIZE);
	e = entry("sip:a@x", "sip:b@x", "hi");
	e.text = (struct str){large, STORE_HISTORY_SEARCH_MAX + 1};
	assert_int_equal(add_at(t, e, NOW), -EMSGSIZE);
	e = entry("sip:a@x", "sip:b@x", "hi");
	e.peer = (struct str){"a\0b", 3};
	assert_int_equal(add_at(t, e, NOW), -EINVAL);
	e = entry("sip:a@x", "sip:b@x", "hi");
	e.body = STR("");
	e.file = STR("../../etc/passwd");
	assert_int_equal(add_at(t, e, NOW), -EINVAL);
}


static void test_pages(void)
{
	struct fixture *t = fixture();
	struct store_history_filter f = {.owner = STR("sip:a@x"), .max = 2};

	unit_ok(add(t, "sip:a@x", "sip:b@x", "one", NOW));
	unit_ok(add(t, "sip:a@x", "sip:c@x", "Two", NOW + 10));
	unit_ok(add(t, "sip:b@x", "sip:a@x", "not mine", NOW + 10));
	unit_ok(add(t, "sip:a@x", "sip:b@x", "three", NOW + 20));
	/* The clock went back: the order of recording stays. */
	unit_ok(add(t, "sip:a@x", "sip:b@x", "four", NOW - 5000));
	unit_must(STORE_HISTORY_MS(t->id) == NOW + 20);

	unit_ok(page(t, f));
	unit_buf_is(t->out, "one,Two,");
	f.after = t->next;
	unit_ok(page(t, f));
	unit_buf_is(t->out, "three,four,");
	f.after = t->next;
	unit_ok(page(t, f));
	unit_must(t->n == 0 && t->next == 0);

	f = (struct store_history_filter){.owner = STR("sip:a@x"),
					  .peer = STR("sip:c@x"),
					  .max = 9};
	unit_ok(page(t, f));
	unit_buf_is(t->out, "Two,");
	f = (struct store_history_filter){.owner = STR("sip:a@x"), .since_ms = NOW + 10, .max = 9};
	unit_ok(page(t, f));
	unit_buf_is(t->out, "Two,three,four,");
	f.until_ms = NOW + 20;
	unit_ok(page(t, f));
	unit_buf_is(t->out, "Two,");
	f.since_ms = INT64_MAX;
	unit_ok(page(t, f));
	unit_must(t->n == 0);
	f = (struct store_history_filter){.owner = STR("sip:a@x"), .text = STR("tW"), .max = 9};
	unit_ok(page(t, f));
	unit_buf_is(t->out, "Two,");
	f.text = STR("mine");
	unit_ok(page(t, f));
	unit_must(t->n == 0 && t->next == 0);
}


/* A search looks at so many, then lets others go first. */
static void test_scan(void)
{
	struct fixture *t = fixture();
	struct store_history_filter f = {.owner = STR("sip:a@x"), .text = STR("needle"), .max = 9};
	struct store_history_entry e = entry("sip:a@x", "sip:b@x", "hay");

	for (unsigned i = 0; i < STORE_HISTORY_SCAN_MAX; i++) {
		assert_int_equal(store_history_add(t->w->store, &t->w->many[i % ANSWERS_MAX], &e, 1,
						   &t->quota, NOW, world_done, t->w),
				 0);
		if (i % ANSWERS_MAX == ANSWERS_MAX - 1 || i == STORE_HISTORY_SCAN_MAX - 1)
			assert_true(virtual_loop_run_until_idle(t->w->vl));
	}
	assert_int_equal(add(t, "sip:a@x", "sip:b@x", "a needle", NOW), 0);
	assert_int_equal(page(t, f), 0);
	assert_true(t->n == 0 && t->next);
	f.after = t->next;
	assert_int_equal(page(t, f), 0);
	unit_buf_is(t->out, "a needle,");
	assert_int_equal(t->next, 0);
}


static void test_quota(void)
{
	struct fixture *t = fixture();
	struct store_history_filter f = {.owner = STR("sip:a@x"), .max = 9};

	t->quota = (struct store_history_quota){.entries = 2, .bytes = 10};
	unit_ok(add(t, "sip:a@x", "sip:b@x", "1", NOW));
	unit_ok(add(t, "sip:a@x", "sip:b@x", "2", NOW));
	unit_ok(add(t, "sip:a@x", "sip:b@x", "3", NOW));
	unit_ok(page(t, f));
	unit_buf_is(t->out, "2,3,");
	unit_ok(add(t, "sip:a@x", "sip:b@x", "123456789", NOW));
	unit_ok(page(t, f));
	unit_buf_is(t->out, "3,123456789,");
	unit_must(add(t, "sip:a@x", "sip:b@x", "12345678901", NOW) == -EDQUOT);
	totals(t, "sip:a@x", 2, 10);
}


static uint64_t begin(struct fixture *t, const char *peer)
{
	struct store_conversation v = {
		.id = store_history_conversation_id(t->w->store, NOW),
		.owner = STR("sip:a@x"),
		.peer = str_of(peer),
		.call_id = STR("c1"),
		.kind = STORE_HISTORY_SESSION,
		.begin_ms = NOW,
	};

	unit_ok(ASK(t, store_history_begin, &v, world_done, t->w));
	unit_must(ASK(t, store_history_begin, &v, world_done, t->w) == -EEXIST);
	return v.id;
}


static void say(struct fixture *t, uint64_t conversation, const char *text, int64_t now_ms)
{
	struct store_history_entry e = entry("sip:a@x", "sip:b@x", text);

	e.conversation = conversation;
	unit_ok(add_at(t, e, now_ms));
}


static void test_conversations(void)
{
	struct fixture *t = fixture();
	uint64_t one = begin(t, "sip:b@x"), two = begin(t, "sip:c@x");
	struct store_history_filter f = {.owner = STR("sip:a@x"), .conversation = two, .max = 9};

	unit_must(two > one);
	say(t, one, "1", NOW + 1);
	say(t, two, "2", NOW + 2);
	say(t, one, "34", NOW + 3);
	unit_ok(page(t, f));
	unit_buf_is(t->out, "2,");
	unit_ok(ASK(t, store_history_end, one, NOW + 9, STR("caller"), world_done, t->w));
	/* What has ended stays so. */
	unit_ok(ASK(t, store_history_end, one, NOW + 10, STR("late"), world_done, t->w));
	unit_must(ASK(t, store_history_end, 7, NOW, STR("x"), world_done, t->w) == -ENOENT);
	conversations_are(t, "sip:b@x/c1/caller/1767225600000-1767225600009/2/3,"
			     "sip:c@x/c1//1767225600000-0/1/1,");
	unit_ok(ASK(t, store_history_end_all, STR("crash"), removed, t));
	unit_must(t->n == 1);
	conversations_are(t, "sip:b@x/c1/caller/1767225600000-1767225600009/2/3,"
			     "sip:c@x/c1/crash/1767225600000-1767225600002/1/1,");
	/* Nobody else may. */
	unit_ok(ASK(t, store_history_clear, STR("sip:b@x"), one, removed, t));
	unit_must(t->n == 0);
	unit_ok(ASK(t, store_history_clear, STR("sip:a@x"), one, removed, t));
	unit_must(t->n == 2);
	conversations_are(t, "sip:c@x/c1/crash/1767225600000-1767225600002/1/1,");
	unit_ok(ASK(t, store_history_clear, STR("sip:a@x"), 0, removed, t));
	unit_must(t->n == 1);
	conversations_are(t, "");
	totals(t, "sip:a@x", 0, 0);
}


static void test_purge(void)
{
	struct fixture *t = fixture();
	struct store_history_filter f = {.owner = STR("sip:a@x"), .max = 9};
	uint64_t one = begin(t, "sip:b@x");

	say(t, one, "1", NOW + 1);
	unit_ok(ASK(t, store_history_end, one, NOW + 9, STR("caller"), world_done, t->w));
	unit_ok(add(t, "sip:a@x", "sip:b@x", "2", NOW + 2));
	unit_ok(ASK(t, store_history_purge, NOW + 1, removed, t));
	unit_must(t->n == 0);
	unit_ok(ASK(t, store_history_purge, NOW + 2, removed, t));
	unit_must(t->n == 1);
	unit_ok(page(t, f));
	unit_buf_is(t->out, "2,");
	conversations_are(t, "");
}


static void test_user_goes(void)
{
	struct fixture *t = fixture();
	struct store_account a = world_account("sip:a@x");

	unit_ok(ASK(t, store_account_add, &a, world_done, t->w));
	say(t, begin(t, "sip:b@x"), "1", NOW + 1);
	unit_ok(add(t, "sip:b@x", "sip:a@x", "1", NOW + 2));
	unit_ok(ASK(t, store_account_delete, STR("sip:a@x"), world_done, t->w));
	totals(t, "sip:a@x", 0, 0);
	conversations_are(t, "");
	totals(t, "sip:b@x", 1, 1);
}


/* ---- Contents ---- */

static void content_done(struct store_content_writer *w, int error, const struct str *name,
			 void *arg)
{
	struct fixture *t = arg;

	(void)w;
	t->error = error;
	for (size_t i = 0; !error && i < 2; i++)
		memcpy(t->name[i], name[i].p, STORE_CONTENT_NAME_N);
}

static const struct store_content_handler handler = {.done = content_done};


static struct str name_of(struct fixture *t, size_t i)
{
	return (struct str){t->name[i], STORE_CONTENT_NAME_N};
}


/* A content of two names, its end written before its beginning. */
static void write_content(struct fixture *t)
{
	struct store_content_writer *w;

	t->error = 1;
	unit_ok(store_content_create(&w, t->w->store, &handler, t));
	int r = store_content_write(w, 5, STR(" world"));
	if (!r)
		r = store_content_write(w, 0, STR("hello"));
	if (r)
		store_content_abandon(w);
	else
		store_content_finish(w, 2);
	assert_true(virtual_loop_run_until_idle(t->w->vl));
	unit_ok(r ? r : t->error);
}


static void content_read(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct fixture *t = arg;

	(void)r;
	t->error = error;
	buf_clear(t->out);
	buf_puts(t->out, bytes);
}


static int read_content(struct fixture *t, size_t i, uint64_t at)
{
	struct store_content_reader *r;

	unit_ok(store_content_open(&r, t->w->store, name_of(t, i)));
	int err = store_content_read(r, at, 8, content_read, t);
	if (!err) {
		assert_true(virtual_loop_run_until_idle(t->w->vl));
		err = t->error;
	}
	store_content_close(r);
	return err;
}


static void test_content(void)
{
	struct fixture *t = fixture();
	struct store_history_entry e = entry("sip:a@x", "sip:b@x", "");

	write_content(t);
	unit_ok(read_content(t, 0, 0));
	unit_buf_is(t->out, "hello wo");
	unit_ok(read_content(t, 1, 8));
	unit_buf_is(t->out, "rld");
	unit_ok(read_content(t, 1, 11));
	unit_buf_is(t->out, "");

	/* An entry that goes takes its content along, and no other. */
	e.file = name_of(t, 0);
	e.size = 11;
	unit_ok(add_at(t, e, NOW));
	unit_ok(ASK(t, store_history_delete, STR("sip:a@x"), t->id, removed, t));
	unit_must(read_content(t, 0, 0) == -ENOENT);
	unit_ok(read_content(t, 1, 0));
	/* One that was added before leaves none behind. */
	e.request = STR("r");
	e.file = STR("");
	unit_ok(add_at(t, e, NOW));
	e.file = name_of(t, 1);
	unit_ok(add_at(t, e, NOW));
	unit_must(read_content(t, 1, 0) == -ENOENT);
}


static void test_content_remove(void)
{
	struct fixture *t = fixture();
	struct store_content_writer *w;

	write_content(t);
	store_content_remove(t->w->store, name_of(t, 0));
	assert_true(virtual_loop_run_until_idle(t->w->vl));
	unit_must(read_content(t, 0, 0) == -ENOENT);
	unit_ok(read_content(t, 1, 0));
	assert_int_equal(store_content_open(&(struct store_content_reader *){NULL}, t->w->store,
					    STR("../../etc/passwd")),
			 -EINVAL);
	/* Abandoned: nothing is called. */
	unit_ok(store_content_create(&w, t->w->store, &handler, t));
	t->error = 77;
	(void)store_content_write(w, 0, STR("x"));
	store_content_abandon(w);
	assert_true(virtual_loop_run_until_idle(t->w->vl));
	assert_int_equal(t->error, 77);
	unit_ok(store_content_create(&w, t->w->store, &handler, t));
	store_content_finish(w, 1);
	store_content_abandon(w);
	assert_true(virtual_loop_run_until_idle(t->w->vl));
	assert_int_equal(t->error, 77);
}


static void on_room(struct store_content_writer *w, void *arg)
{
	struct fixture *t = arg;

	(void)w;
	t->n++;
}


static void test_content_behind(void)
{
	static const struct store_content_handler rooms = {.room = on_room, .done = content_done};
	struct fixture *t = fixture();
	struct store_content_writer *w;
	char *piece = unit_storage(65536);
	unsigned n = 0;
	int r = 0;

	t->n = 0;
	unit_ok(store_content_create(&w, t->w->store, &rooms, t));
	/* The first are taken by the worker; the others wait for it, up to what is too much. */
	for (n = 0; !r && n < 64; n++) {
		r = store_content_write(w, n * 65536, (struct str){piece, 65536});
		if (!r && n == 1)
			assert_false(store_content_behind(w));
		if (!r && (n + 1) * 65536 >= 2 * STORE_CONTENT_HIGH)
			assert_true(store_content_behind(w));
	}
	assert_true(r == -ENOMEM || (r == -ENOBUFS && n * 65536 > STORE_CONTENT_QUEUE_MAX));
	r = r == -ENOBUFS ? 0 : r;
	n--;
	assert_int_equal(store_content_write(w, INT64_MAX, STR("x")) == 0, false);
	assert_true(virtual_loop_run_until_idle(t->w->vl));
	assert_false(store_content_behind(w));
	store_content_finish(w, 2);
	assert_true(virtual_loop_run_until_idle(t->w->vl));
	unit_ok(r);
	unit_ok(t->error);
	assert_int_equal(t->n, 1);
	unit_ok(read_content(t, 0, n * 65536));
	assert_int_equal(t->out->n, 0);
}


/* A piece says which it is. */
static int write_numbered(struct store_content_writer *w, unsigned writer, unsigned n,
			  char piece[65536])
{
	snprintf(piece, 9, "%04u%04u", writer, n);
	return store_content_write(w, n * 65536, (struct str){piece, 65536});
}


/* More of them at once than may be fast, each of more than three pieces of that kind: all have what was written. */
static void test_content_fast(void)
{
	enum { WRITERS = STORE_CONTENT_FAST_MAX / 2 + 1, PIECES = 100 };
	static const struct store_content_handler fast = {.done = content_done, .fast = true};
	struct fixture *t = fixture();
	struct store_content_writer *w[WRITERS] = {NULL};
	char *piece = unit_storage(65536), expected[9];
	int r = 0;

	for (unsigned i = 0; !r && i < WRITERS; i++)
		r = store_content_create(&w[i], t->w->store, &fast, t);
	for (unsigned n = 0; n < PIECES; n++) {
		for (unsigned i = 0; !r && i < WRITERS; i++)
			r = write_numbered(w[i], i, n, piece);
		/* Those that are fast are not behind yet, where others would be. */
		if (n % 5 == 4)
			assert_true(virtual_loop_run_until_idle(t->w->vl));
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		t->error = 1;
		if (!w[i])
			continue;
		if (r) {
			store_content_abandon(w[i]);
			continue;
		}
		store_content_finish(w[i], 2);
		assert_true(virtual_loop_run_until_idle(t->w->vl));
		r = t->error;
		for (unsigned n = 0; !r && n < PIECES; n += 9) {
			r = read_content(t, 1, n * 65536);
			snprintf(expected, sizeof(expected), "%04u%04u", i, n);
			if (!r)
				unit_buf_is(t->out, expected);
		}
	}
	assert_true(virtual_loop_run_until_idle(t->w->vl));
	unit_ok(r);
}


/* ---- Bundles ---- */

static void bundled(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;

	t->count = error ? (struct store_history_count){0} : *store_history_count_result(r);
	world_done(r, error, t->w);
}


/* Texts "t0", "t1", … of one conversation; with a body of `size` bytes, of which that is the beginning. */
static int add_bundle(struct fixture *t, const char *owner, const char *peer, unsigned n,
		      size_t size, int64_t now_ms)
{
	struct store_history_entry e = entry(owner, peer, "");
	struct store_history_bundle *b = NULL;
	char *body = unit_storage(size + 16);
	int r;

	e.conversation = 7;
	r = store_history_bundle_alloc(&b, &e);
	for (unsigned i = 0; !r && i < n; i++) {
		int text = snprintf(body, 16, "t%u", i);

		e.outgoing = i % 2;
		e.from = i % 3 ? STR("<sip:a@x>") : STR("A <sip:a@x>");
		e.date_ms = i;
		e.body = (struct str){body, size ? size : (size_t)text};
		e.text = (struct str){body, (size_t)text};
		e.size = e.body.n;
		r = store_history_bundle_put(b, &e);
		/* What was taken back was never there. */
		if (!r)
			r = store_history_bundle_put(b, &e);
		if (!r)
			store_history_bundle_take_back(b);
	}
	if (!r)
		r = ASK(t, store_history_add_bundle, &b, 1, &t->quota, now_ms, bundled, t);
	mem_unref(b);
	return r;
}


static void one(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;
	const struct store_history_entry *e = store_history_result(r, NULL);

	buf_clear(t->out);
	if (!error)
		buf_printf(t->out, STR_FMT " %zu %d " STR_FMT " " STR_FMT " %d", STR_ARG(e->text),
			   e->body.n, e->outgoing, STR_ARG(e->from), STR_ARG(e->content_type),
			   (int)e->date_ms);
	world_done(r, error, t->w);
}


static const struct store_history_filter of_a = {.owner = {"sip:a@x", 7}, .max = 100};
#define ID(n) (STORE_HISTORY_ID(NOW) + (n))


/* Seen as entries of their own, in the order of their ids, among those that are. */
static void test_bundle(void)
{
	struct fixture *t = fixture();
	struct store_history_filter f = of_a;

	unit_ok(add(t, "sip:a@x", "sip:c@x", "before", NOW - 1));
	unit_ok(add_bundle(t, "sip:a@x", "sip:b@x", 5, 0, NOW));
	assert_true(t->count.entries == 5 && t->count.bytes == 10);
	unit_ok(add(t, "sip:a@x", "sip:c@x", "behind", NOW));
	unit_ok(page(t, f));
	unit_buf_is(t->out, "before,t0,t1,t2,t3,t4,behind,");
	totals(t, "sip:a@x", 7, 22);
	f.after = ID(1);
	f.max = 2;
	unit_ok(page(t, f));
	unit_buf_is(t->out, "t2,t3,");
	assert_true(t->next == ID(3));
	f = of_a;
	f.peer = STR("sip:b@x");
	f.text = STR("T3");
	unit_ok(page(t, f));
	unit_buf_is(t->out, "t3,");
	f = of_a;
	f.conversation = 7;
	f.until_ms = NOW;
	unit_ok(page(t, f));
	unit_buf_is(t->out, "");
	f.until_ms = NOW + 1;
	unit_ok(page(t, f));
	unit_buf_is(t->out, "t0,t1,t2,t3,t4,");
	unit_ok(ASK(t, store_history_get, STR("sip:a@x"), ID(3), one, t));
	unit_buf_is(t->out, "t3 2 1 A <sip:a@x> text/plain 3");
	unit_must(ASK(t, store_history_get, STR("sip:b@x"), ID(3), one, t) == -ENOENT);
}


/* Small ones, and such as are too large for a row. */
static void bundle_goes(struct fixture *t, size_t size)
{
	size_t each = size ? size : 2;

	unit_ok(add_bundle(t, "sip:a@x", "sip:b@x", 6, size, NOW));
	unit_ok(ASK(t, store_history_delete, STR("sip:a@x"), ID(2), removed, t));
	unit_must(ASK(t, store_history_delete, STR("sip:a@x"), ID(2), removed, t) == -ENOENT);
	unit_must(ASK(t, store_history_get, STR("sip:a@x"), ID(2), one, t) == -ENOENT);
	unit_must(ASK(t, store_history_delete, STR("sip:b@x"), ID(3), removed, t) == -ENOENT);
	unit_ok(page(t, of_a));
	unit_buf_is(t->out, "t0,t1,t3,t4,t5,");
	totals(t, "sip:a@x", 5, 5 * each);
	unit_ok(ASK(t, store_history_delete, STR("sip:a@x"), ID(0), removed, t));
	unit_ok(ASK(t, store_history_delete, STR("sip:a@x"), ID(5), removed, t));
	unit_ok(page(t, of_a));
	unit_buf_is(t->out, "t1,t3,t4,");
	unit_ok(ASK(t, store_history_get, STR("sip:a@x"), ID(4), one, t));
	totals(t, "sip:a@x", 3, 3 * each);
	unit_ok(ASK(t, store_history_clear, STR("sip:a@x"), 7, removed, t));
	unit_ok(page(t, of_a));
	unit_buf_is(t->out, "");
	totals(t, "sip:a@x", 0, 0);
}


static void test_bundle_small(void)
{
	bundle_goes(fixture(), 0);
}


static void test_bundle_large(void)
{
	bundle_goes(fixture(), 5000);
}


static void test_bundle_quota(void)
{
	struct fixture *t = fixture();

	t->quota.entries = 4;
	unit_ok(add_bundle(t, "sip:a@x", "sip:b@x", 3, 0, NOW));
	unit_ok(add_bundle(t, "sip:a@x", "sip:b@x", 3, 0, NOW + 1));
	unit_ok(page(t, of_a));
	unit_buf_is(t->out, "t2,t0,t1,t2,");
	unit_ok(add(t, "sip:a@x", "sip:b@x", "x", NOW + 2));
	unit_ok(page(t, of_a));
	unit_buf_is(t->out, "t0,t1,t2,x,");
	unit_ok(add_bundle(t, "sip:a@x", "sip:b@x", 6, 0, NOW + 3));
	unit_ok(page(t, of_a));
	unit_buf_is(t->out, "t2,t3,t4,t5,");
	unit_ok(ASK(t, store_history_purge, NOW + 3, removed, t));
	unit_ok(page(t, of_a));
	unit_buf_is(t->out, "t2,t3,t4,t5,");
	unit_ok(ASK(t, store_history_purge, NOW + 4, removed, t));
	totals(t, "sip:a@x", 0, 0);
	/* All of them are larger than what there may be. */
	t->quota = (struct store_history_quota){.bytes = 9};
	unit_ok(add_bundle(t, "sip:a@x", "sip:b@x", 3, 10, NOW + 5));
	assert_true(t->count.entries == 0);
	totals(t, "sip:a@x", 0, 0);
}


/* What is but a little of the quota may go whole, and nothing besides. */
static void test_bundle_whole(void)
{
	struct fixture *t = fixture();

	t->quota.entries = 640;
	for (int i = 0; i < 64; i++)
		unit_ok(add_bundle(t, "sip:a@x", "sip:b@x", 10, 1000, NOW + i));
	totals(t, "sip:a@x", 640, 640 * 1000);
	unit_ok(add_bundle(t, "sip:a@x", "sip:b@x", 3, 1000, NOW + 64));
	unit_ok(ASK(t, store_history_count, STR("sip:a@x"), counted, t));
	assert_true(t->count.entries == 640 || t->count.entries == 633);
	assert_true(t->count.bytes == t->count.entries * 1000);
	unit_ok(page(t, of_a));
	assert_true(str_starts(buf_str(t->out),
			       t->count.entries == 640 ? STR("t3,t4,") : STR("t0,t1,")));
	/* It is too much of a smaller one: as few as must. */
	t->quota.entries = 15;
	unit_ok(add_bundle(t, "sip:c@x", "sip:b@x", 10, 1000, NOW + 65));
	unit_ok(add_bundle(t, "sip:c@x", "sip:b@x", 10, 1000, NOW + 66));
	totals(t, "sip:c@x", 15, 15 * 1000);
}


static void test_bundle_full(void)
{
	struct fixture *t = fixture();
	struct store_history_entry e = entry("sip:a@x", "sip:b@x", "x");
	struct store_history_bundle *b;
	size_t n = 0;

	(void)t;
	assert_int_equal(store_history_bundle_alloc(&b, &e), 0);
	e.request = STR("r");
	assert_int_equal(store_history_bundle_put(b, &e), -EINVAL);
	e.request = STR("");
	e.message_id = (struct str){"a\0b", 3};
	assert_int_equal(store_history_bundle_put(b, &e), -EINVAL);
	e.message_id = STR("m");
	while (n <= STORE_HISTORY_BUNDLE_ENTRIES && !store_history_bundle_put(b, &e))
		n++;
	assert_int_equal(n, STORE_HISTORY_BUNDLE_ENTRIES);
	assert_int_equal(store_history_bundle_entries(b), n);
	store_history_bundle_clear(b);
	assert_int_equal(store_history_bundle_put(b, &e), 0);
	/* Full of bytes as well. */
	e.body = (struct str){unit_storage(30000), 30000};
	e.text = STR("");
	while (!store_history_bundle_put(b, &e))
		assert_true(store_history_bundle_bytes(b) <= STORE_HISTORY_BUNDLE_FULL);
	assert_true(store_history_bundle_bytes(b) > STORE_HISTORY_BUNDLE_FULL - 31000);
	mem_unref(b);
}


UNIT_MAIN(UNIT_TEST(test_round), UNIT_TEST(test_copies), UNIT_TEST_PLAIN(test_refused),
	  UNIT_TEST(test_pages), UNIT_TEST_PLAIN(test_scan), UNIT_TEST(test_quota),
	  UNIT_TEST(test_conversations), UNIT_TEST(test_purge), UNIT_TEST(test_user_goes),
	  UNIT_TEST(test_content), UNIT_TEST(test_content_remove), UNIT_TEST(test_content_behind),
	  UNIT_TEST_PLAIN(test_content_fast), UNIT_TEST_PLAIN(test_bundle_whole),
	  UNIT_TEST(test_bundle), UNIT_TEST(test_bundle_small), UNIT_TEST(test_bundle_large),
	  UNIT_TEST(test_bundle_quota), UNIT_TEST_PLAIN(test_bundle_full))
