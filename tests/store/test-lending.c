/* SPDX-License-Identifier: Apache-2.0 */
/* What waits lends its content to the history: one file, and whoever goes first leaves it to the other. */
#include "store/content.h"
#include "store/deferred.h"
#include "store/history.h"

#include "world.h"

#define NOW INT64_C(1767225600000)

struct fixture {
	struct world *w;
	struct buf *out;
	uint64_t id, held; /**< of the last entry; of what waits */
	struct store_history_count count;
	struct store_history_quota quota;
	char name[STORE_CONTENT_NAME_N]; /**< of what waits */
	char own[STORE_CONTENT_NAME_N];  /**< of the entry */
	int error;
};


static struct fixture *fixture(void)
{
	struct fixture *t = unit_storage(sizeof(*t));

	t->w = world();
	t->out = unit_buf(1 << 20);
	return t;
}


/* ---- Asking ---- */

static void content_done(struct store_content_writer *w, int error, const struct str *name,
			 void *arg)
{
	struct fixture *t = arg;

	(void)w;
	t->error = error;
	if (!error)
		memcpy(t->name, name[0].p, STORE_CONTENT_NAME_N);
}

static const struct store_content_handler handler = {.done = content_done};


static void write_content(struct fixture *t)
{
	struct store_content_writer *w;

	t->error = 1;
	unit_ok(store_content_create(&w, t->w->store, &handler, t));
	int r = store_content_write(w, 0, STR("hello world"));
	if (r)
		store_content_abandon(w);
	else
		store_content_finish(w, 1);
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


static int read_content(struct fixture *t, const char *name)
{
	struct store_content_reader *r;

	unit_ok(store_content_open(&r, t->w->store, (struct str){name, STORE_CONTENT_NAME_N}));
	int err = store_content_read(r, 6, 8, content_read, t);
	if (!err) {
		assert_true(virtual_loop_run_until_idle(t->w->vl));
		err = t->error;
	}
	store_content_close(r);
	return err;
}


static void reads(struct fixture *t, const char *name)
{
	unit_ok(read_content(t, name));
	unit_buf_is(t->out, "world");
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


static int add(struct fixture *t, struct store_history_entry e)
{
	return ASK(t, store_history_add, &e, 1, &t->quota, NOW, added, t);
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


static int clear(struct fixture *t, const char *owner)
{
	return ASK(t, store_history_clear, str_of(owner), 0, world_done, t->w);
}


static void got_file(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;
	const struct store_history_entry *e = store_history_result(r, NULL);

	if (!error) {
		assert_true(e->body.n == 0 && e->held == 0);
		assert_int_equal(e->file.n, STORE_CONTENT_NAME_N);
		memcpy(t->own, e->file.p, STORE_CONTENT_NAME_N);
	}
	world_done(r, error, t->w);
}


static void held(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;

	if (!error)
		t->held = store_deferred_result(r, NULL)->id;
	world_done(r, error, t->w);
}


/* "hello world", on disk, waits for a. */
static void hold(struct fixture *t)
{
	struct store_deferred d = {.user = STR("sip:a@x"),
				   .call_id = STR("c"),
				   .kind = STORE_DEFERRED_LARGE,
				   .size = 11};

	write_content(t);
	d.file = (struct str){t->name, STORE_CONTENT_NAME_N};
	unit_ok(ASK(t, store_deferred_hold, &d, 0, held, t));
}


static struct store_history_entry lent(struct fixture *t, const char *owner, const char *request)
{
	return (struct store_history_entry){.owner = str_of(owner),
					    .peer = STR("sip:b@x"),
					    .kind = STORE_HISTORY_LARGE,
					    .request = str_of(request),
					    .content_type = STR("text/plain"),
					    .size = 11,
					    .held = t->held};
}


static void files(struct fixture *t, size_t n)
{
	if (world_keeps(t->w))
		assert_int_equal(world_files(t->w), n);
}


static int finish_held(struct fixture *t)
{
	return ASK(t, store_deferred_finish, t->held, STORE_DEFERRED_DELIVERED, 5, world_done,
		   t->w);
}


static void test_lent(void)
{
	struct fixture *t = fixture();

	hold(t);
	files(t, 1);
	unit_ok(add(t, lent(t, "sip:a@x", "r")));
	files(t, 2);
	unit_ok(ASK(t, store_history_get, STR("sip:a@x"), t->id, got_file, t));
	reads(t, t->own);
	totals(t, "sip:a@x", 1, 11);
	/* The same again is there already. */
	unit_ok(add(t, lent(t, "sip:a@x", "r")));
	totals(t, "sip:a@x", 1, 11);
	files(t, 2);
	/* It was delivered: the entry has it still, over a restart as well. */
	unit_ok(finish_held(t));
	unit_must(read_content(t, t->name) == -ENOENT);
	files(t, 1);
	if (world_keeps(t->w))
		world_reopen(t->w);
	reads(t, t->own);
	/* A tombstone has nothing to lend. */
	unit_must(add(t, lent(t, "sip:a@x", "s")) == -ENOENT);
	totals(t, "sip:a@x", 1, 11);
	unit_ok(clear(t, "sip:a@x"));
	unit_must(read_content(t, t->own) == -ENOENT);
	files(t, 0);
}


/* The entry goes first, by the quota; what waits has its content still. */
static void test_entry_goes_first(void)
{
	struct fixture *t = fixture();

	hold(t);
	t->quota = (struct store_history_quota){.bytes = 15};
	unit_ok(add(t, lent(t, "sip:a@x", "r")));
	unit_ok(add(t, (struct store_history_entry){
			       .owner = STR("sip:a@x"), .size = 5, .body = STR("12345")}));
	totals(t, "sip:a@x", 1, 5);
	files(t, 1);
	reads(t, t->name);
	t->quota.bytes = 10;
	unit_must(add(t, lent(t, "sip:a@x", "s")) == -EDQUOT);
	files(t, 1);
	unit_ok(finish_held(t));
	files(t, 0);
}


/* Copies: each has a name of its own, and all are there or none. */
static void test_copies(void)
{
	struct fixture *t = fixture();
	struct store_history_entry e[2];

	hold(t);
	e[0] = lent(t, "sip:a@x", "r");
	e[1] = lent(t, "sip:b@x", "r");
	e[1].held = 99;
	unit_must(ASK(t, store_history_add, e, 2, &t->quota, NOW, added, t) == -ENOENT);
	totals(t, "sip:a@x", 0, 0);
	files(t, 1);
	e[1].held = t->held;
	unit_ok(ASK(t, store_history_add, e, 2, &t->quota, NOW, added, t));
	files(t, 3);
	unit_ok(clear(t, "sip:a@x"));
	unit_ok(finish_held(t));
	files(t, 1);
	unit_ok(ASK(t, store_history_get, STR("sip:b@x"), t->id, got_file, t));
	reads(t, t->own);
}


/* What is in the record has no file to lend; an entry has one content. */
static void test_refused(void)
{
	struct store_deferred d = {.user = STR("sip:a@x"), .call_id = STR("d"), .body = STR("x")};
	struct fixture *t = fixture();
	struct store_history_entry e;

	unit_ok(ASK(t, store_deferred_hold, &d, 0, held, t));
	unit_must(add(t, lent(t, "sip:a@x", "r")) == -ENOENT);
	e = lent(t, "sip:a@x", "r");
	e.body = STR("x");
	assert_int_equal(add(t, e), -EINVAL);
	e = lent(t, "sip:a@x", "r");
	e.file = STR("ab0123456789abcd");
	assert_int_equal(add(t, e), -EINVAL);
	e = lent(t, "sip:a@x", "r");
	e.held = UINT64_MAX;
	assert_int_equal(add(t, e), -EINVAL);
	totals(t, "sip:a@x", 0, 0);
}


UNIT_MAIN(UNIT_TEST(test_lent), UNIT_TEST(test_entry_goes_first), UNIT_TEST(test_copies),
	  UNIT_TEST(test_refused))
