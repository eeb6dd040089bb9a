/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any point of recording: what was acknowledged is there with the whole of its content, what was not
 * has left nothing, and no file belongs to nobody. A disk that is full keeps what there is.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/content.h"
#include "store/deferred.h"
#include "store/history.h"
#include "store/history_bundle.h"

#include "crash.h"

#define OUTSTANDING 8
#define ROUNDS 6
#define NUMBERS_MAX 100000
#define NOW INT64_C(1767225600000)
/* Larger than what one worker's piece of work takes, and not a multiple of anything. */
#define CONTENT_N 100003

/* Entries of a bundle, and bytes of each: all of them more than a row takes. */
#define BUNDLE_ENTRIES 20
#define BUNDLE_BODY 1000

struct told {
	uint32_t number;
	bool deleted, bundle, lent;
	uint64_t id;
};

struct slot {
	struct store_request r;
	struct store_content_writer *content;
	struct crash_worker *w;
	struct told told;
};

static const struct store_history_quota no_quota;

static void advance(struct slot *s);
static void advance_bundle(struct slot *s);
static void advance_lent(struct slot *s);


static void fill(char *p, size_t n, uint32_t number)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(number + i * 7 + (i >> 8));
}


static void deleted(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	(void)r;
	if (error)
		_exit(10);
	s->told.deleted = true;
	crash_tell(s->w, &s->told, sizeof(s->told));
	advance(s);
}


/* Every third goes again. */
static void added(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	if (error)
		_exit(12);
	s->told.id = store_history_result(r, NULL)->id;
	crash_tell(s->w, &s->told, sizeof(s->told));
	if (s->told.number % 3)
		advance(s);
	else if (store_history_delete(s->w->store, &s->r, STR("sip:a@x"), s->told.id, deleted, s))
		_exit(13);
}


static void bundle_added(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	if (error || store_history_count_result(r)->entries != BUNDLE_ENTRIES)
		_exit(18);
	crash_tell(s->w, &s->told, sizeof(s->told));
	advance_bundle(s);
}


static void advance_bundle(struct slot *s)
{
	char bytes[BUNDLE_BODY];
	struct store_history_entry e = {.owner = STR("sip:b@x"),
					.size = BUNDLE_BODY,
					.body = {bytes, BUNDLE_BODY}};
	struct store_history_bundle *b = NULL;

	s->told = (struct told){.number = s->w->next++, .bundle = true};
	e.date_ms = s->told.number;
	if (store_history_bundle_alloc(&b, &e))
		_exit(19);
	for (uint32_t i = 0; i < BUNDLE_ENTRIES; i++) {
		fill(bytes, sizeof(bytes), s->told.number + i);
		if (store_history_bundle_put(b, &e))
			_exit(20);
	}
	if (store_history_add_bundle(s->w->store, &s->r, &b, 1, &no_quota, NOW, bundle_added, s))
		_exit(21);
	mem_unref(b);
}


/* ---- A deferred message that is recorded when it is delivered: they share a content ---- */

static void lent_finished(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	(void)r;
	if (error)
		_exit(22);
	crash_tell(s->w, &s->told, sizeof(s->told));
	advance_lent(s);
}


static void lent_added(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	(void)r;
	if (error || store_deferred_finish(s->w->store, &s->r, s->told.id, STORE_DEFERRED_DELIVERED,
					   NOW, lent_finished, s))
		_exit(23);
}


static void lent_held(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;
	struct store_history_entry e = {.owner = STR("sip:c@x"),
					.size = CONTENT_N,
					.date_ms = s->told.number};

	if (error)
		_exit(24);
	e.held = s->told.id = store_deferred_result(r, NULL)->id;
	if (store_history_add(s->w->store, &s->r, &e, 1, &no_quota, NOW, lent_added, s))
		_exit(25);
}


static void lent_written(struct store_content_writer *w, int error, const struct str *name,
			 void *arg)
{
	struct slot *s = arg;
	char call[16];
	struct store_deferred d = {.user = STR("sip:c@x"),
				   .kind = STORE_DEFERRED_LARGE,
				   .size = CONTENT_N,
				   .file = error ? STR("") : name[0]};

	(void)w;
	snprintf(call, sizeof(call), "%u", s->told.number);
	d.call_id = str_of(call);
	if (error || store_deferred_hold(s->w->store, &s->r, &d, 0, lent_held, s))
		_exit(26);
}


static const struct store_content_handler lent_handler = {.done = lent_written};


static void write_content(struct slot *s, const struct store_content_handler *h)
{
	static char bytes[CONTENT_N];

	fill(bytes, sizeof(bytes), s->told.number);
	if (store_content_create(&s->content, s->w->store, h, s) ||
	    store_content_write(s->content, 0, (struct str){bytes, 50000}) ||
	    store_content_write(s->content, 50000, (struct str){bytes + 50000, CONTENT_N - 50000}))
		_exit(15);
	store_content_finish(s->content, 1);
}


static void advance_lent(struct slot *s)
{
	s->told = (struct told){.number = s->w->next++, .lent = true};
	write_content(s, &lent_handler);
}


static void finished(struct store_content_writer *w, int error, const struct str *name, void *arg)
{
	struct slot *s = arg;
	struct store_history_entry e = {
		.owner = STR("sip:a@x"),
		.size = CONTENT_N,
		.date_ms = s->told.number,
		.file = error ? STR("") : name[0],
	};

	(void)w;
	if (error || store_history_add(s->w->store, &s->r, &e, 1, &no_quota, NOW, added, s))
		_exit(14);
}

static const struct store_content_handler handler = {.done = finished};


static void advance(struct slot *s)
{
	s->told = (struct told){.number = s->w->next++};
	write_content(s, &handler);
}


static void begin(struct crash_worker *w)
{
	static struct slot slot[OUTSTANDING];

	for (size_t i = 0; i < OUTSTANDING; i++) {
		slot[i].w = w;
		if (i % 2)
			advance_bundle(&slot[i]);
		else if (i % 4)
			advance_lent(&slot[i]);
		else
			advance(&slot[i]);
	}
}


struct ledger {
	struct world *w;
	struct told best[NUMBERS_MAX];
	bool seen[NUMBERS_MAX];
	uint8_t bundled[NUMBERS_MAX]; /**< entries of the bundle */
	uint64_t first[NUMBERS_MAX];  /**< id of the first */
	size_t entries, n, held;
	uint64_t after, next;
	int error;
	char *bytes;
	size_t bytes_n;
	struct {
		char name[STORE_CONTENT_NAME_N];
		uint32_t number;
	} page[STORE_PAGE_MAX];
};


static void listed(struct store_request *r, int error, void *arg)
{
	struct ledger *l = arg;
	const struct store_history_entry *e = store_history_result(r, &l->n);

	for (size_t i = 0; i < l->n; i++) {
		memcpy(l->page[i].name, e[i].file.p, STORE_CONTENT_NAME_N);
		l->page[i].number = (uint32_t)e[i].date_ms;
		assert_false(l->seen[e[i].date_ms]);
		l->seen[e[i].date_ms] = true;
	}
	l->entries += l->n;
	l->after = store_history_next(r);
	world_done(r, error, l->w);
}


static void got(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct ledger *l = arg;

	(void)r;
	l->error = error;
	memcpy(l->bytes, bytes.n ? bytes.p : "", bytes.n);
	l->bytes_n = bytes.n;
}


static void check_content(struct ledger *l, struct str name, uint32_t number)
{
	static char wanted[CONTENT_N];
	struct store_content_reader *r;

	fill(wanted, sizeof(wanted), number);
	assert_int_equal(store_content_open(&r, l->w->store, name), 0);
	assert_int_equal(store_content_read(r, 0, STORE_CONTENT_READ_MAX, got, l), 0);
	assert_true(virtual_loop_run_until_idle(l->w->vl));
	store_content_close(r);
	assert_int_equal(l->error, 0);
	assert_int_equal(l->bytes_n, CONTENT_N);
	assert_memory_equal(l->bytes, wanted, CONTENT_N);
}


static void listed_bundles(struct store_request *r, int error, void *arg)
{
	struct ledger *l = arg;
	const struct store_history_entry *e = store_history_result(r, &l->n);

	for (size_t i = 0; i < l->n; i++)
		if (!l->bundled[e[i].date_ms]++)
			l->first[e[i].date_ms] = e[i].id;
	l->after = store_history_next(r);
	world_done(r, error, l->w);
}


static void got_entry(struct store_request *r, int error, void *arg)
{
	struct ledger *l = arg;
	const struct store_history_entry *e = store_history_result(r, NULL);

	l->bytes_n = error ? 0 : e->body.n;
	if (l->bytes_n)
		memcpy(l->bytes, e->body.p, l->bytes_n);
	world_done(r, error, l->w);
}


/* All of a bundle or nothing; of those that are there, all that was told, with what is in it. */
static void check_bundles(struct ledger *l)
{
	char wanted[BUNDLE_BODY];

	memset(l->bundled, 0, sizeof(l->bundled));
	l->after = 0;
	do {
		struct store_history_filter f = {.owner = STR("sip:b@x"),
						 .after = l->after,
						 .max = STORE_PAGE_MAX};

		assert_int_equal(ASK(l, store_history_list, &f, listed_bundles, l), 0);
	} while (l->after);
	for (uint32_t i = 0; i < NUMBERS_MAX; i++) {
		assert_true(!l->bundled[i] || l->bundled[i] == BUNDLE_ENTRIES);
		if (l->best[i].bundle)
			assert_int_equal(l->bundled[i], BUNDLE_ENTRIES);
		if (!l->bundled[i])
			continue;
		fill(wanted, sizeof(wanted), i + 7);
		assert_int_equal(ASK(l, store_history_get, STR("sip:b@x"), l->first[i] + 7,
				     got_entry, l),
				 0);
		assert_int_equal(l->bytes_n, BUNDLE_BODY);
		assert_memory_equal(l->bytes, wanted, BUNDLE_BODY);
	}
}


/* What the owner has, whole. */
static void check_owner(struct ledger *l, const char *owner)
{
	memset(l->seen, 0, sizeof(l->seen));
	l->after = 0;
	do {
		struct store_history_filter f = {.owner = str_of(owner),
						 .after = l->after,
						 .max = STORE_PAGE_MAX};

		assert_int_equal(ASK(l, store_history_list, &f, listed, l), 0);
		for (size_t i = 0; i < l->n; i++)
			check_content(l, (struct str){l->page[i].name, STORE_CONTENT_NAME_N},
				      l->page[i].number);
	} while (l->after);
}


static void counted_held(struct store_request *r, int error, void *arg)
{
	struct ledger *l = arg;

	l->held = error ? 0 : store_deferred_count_result(r)->held;
	world_done(r, error, l->w);
}


static void check_all(struct ledger *l)
{
	l->entries = 0;
	check_owner(l, "sip:c@x");
	for (uint32_t i = 0; i < NUMBERS_MAX; i++)
		assert_true(!l->best[i].lent || l->seen[i]);
	assert_int_equal(ASK(l, store_deferred_count, STR(""), counted_held, l), 0);
	check_owner(l, "sip:a@x");
	for (uint32_t i = 0; i < NUMBERS_MAX; i++) {
		if (l->best[i].lent)
			continue;
		if (l->best[i].id && l->best[i].deleted)
			assert_false(l->seen[i]);
		else if (l->best[i].id && i % 3)
			assert_true(l->seen[i]);
	}
	assert_int_equal(world_files(l->w), l->entries + l->held);
	check_bundles(l);
}


static void take(const void *told, void *arg)
{
	const struct told *t = told;
	struct ledger *l = arg;

	assert_true(t->number < NUMBERS_MAX);
	l->best[t->number] = *t;
}


static uint32_t round_of(struct ledger *l, uint32_t first)
{
	static const struct crash crash = {begin, take, sizeof(struct told), 60};
	uint32_t next = first;

	crash_round(&crash, l->w, first, l);
	for (uint32_t i = first; i < NUMBERS_MAX; i++)
		if (l->best[i].id || l->best[i].bundle)
			next = i + 1;
	return next + OUTSTANDING;
}


static void test_kill(void)
{
	struct ledger *l = unit_storage(sizeof(*l));
	size_t bundles = 0, lent = 0;
	uint32_t first = 1;

	l->w = world();
	l->bytes = unit_storage(STORE_CONTENT_READ_MAX);
	srand((unsigned)getpid());
	for (unsigned round = 0; round < ROUNDS; round++) {
		first = round_of(l, first);
		check_all(l);
		for (uint32_t i = 0; i < NUMBERS_MAX; i++) {
			bundles += l->bundled[i] != 0;
			lent += l->best[i].lent;
		}
	}
	/* A life may be too short for any of them, but not all. */
	assert_true(bundles > 0 && lent > 0);
}


/* ---- What lies there at a start ---- */

static void plant(struct world *w, const char *shard, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s-content", w->path);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s-content/%s", w->path, shard);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s-content/%s/%s", w->path, shard, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}


static void test_sweep(void)
{
	struct ledger *l = unit_storage(sizeof(*l));
	struct store_history_entry e = {.owner = STR("sip:a@x"), .file = STR("ab0123456789abcd")};

	l->w = world();
	plant(l->w, "ab", "0123456789abcd");
	plant(l->w, "ab", "0123456789abce");      /* an orphan */
	plant(l->w, "cd", "0123456789abcd.part"); /* not finished */
	plant(l->w, "ef", "README");              /* not ours */
	assert_int_equal(ASK(l, store_history_add, &e, 1, &no_quota, NOW, world_done, l->w), 0);
	assert_int_equal(world_files(l->w), 4);
	world_reopen(l->w);
	assert_int_equal(world_files(l->w), 2);
	world_reopen(l->w);
	assert_int_equal(world_files(l->w), 2);

	/* A group that fails takes no file along. */
	assert_int_equal(ASK(l, store_history_clear, STR("sip:b@x"), 0, world_done, l->w), 0);
	assert_int_equal(world_files(l->w), 2);
	assert_int_equal(ASK(l, store_history_clear, STR("sip:a@x"), 0, world_done, l->w), 0);
	assert_int_equal(world_files(l->w), 1);
}


/* The directory of contents cannot be written: told, nothing is left, and later all is well. */
static void noted(struct store_content_writer *w, int error, const struct str *name, void *arg)
{
	(void)w;
	(void)name;
	*(int *)arg = error;
}


static void test_no_directory(void)
{
	static const struct store_content_handler note = {.done = noted};
	struct world *w = world();
	struct store_content_writer *c;
	char path[256];
	int error = 1;

	/* A file stands in the way of the directory. */
	snprintf(path, sizeof(path), "%s-content", w->path);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(store_content_create(&c, w->store, &note, &error), 0);
	(void)store_content_write(c, 0, STR("x"));
	store_content_finish(c, 1);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(error, -ENOTDIR);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_content_create(&c, w->store, &note, &error), 0);
	store_content_finish(c, 1);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(error, 0);
	assert_int_equal(world_files(w), 1);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_kill), UNIT_TEST_PLAIN(test_sweep),
	  UNIT_TEST_PLAIN(test_no_directory))
