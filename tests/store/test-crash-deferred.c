/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any point of holding, delivering and finishing: what was acknowledged is as it was said to
 * be, nothing is there twice, and the counters say what the rows say. A quarter of the messages are large: the whole
 * of their content is there, and no file that belongs to nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/content.h"
#include "store/deferred.h"

#include "crash.h"

#define OUTSTANDING 16
#define ROUNDS 8
#define NUMBERS_MAX 100000
#define USERS 5
#define CONTENT_N 20000

/* Each message goes through these, one write each; the step reached is what the child tells. */
enum step { HELD = 1, MARKED, FINISHED };

struct told {
	uint32_t number;
	enum step step;
	uint64_t id;
};

struct slot {
	struct store_request r;
	struct store_content_writer *content;
	struct crash_worker *w;
	struct told told;
};

static void advance(struct slot *s);


static void name(struct store_deferred *d, uint32_t number, char user[32], char call_id[32])
{
	snprintf(user, 32, "sip:%u@x", number % USERS);
	snprintf(call_id, 32, "%u", number);
	*d = (struct store_deferred){
		.user = str_of(user),
		.call_id = str_of(call_id),
		.size = number % 10,
		.expires_ms = number % 2 ? 1000 + number : 0,
		.headers = STR("Subject: x\r\n"),
		.body = str_of(call_id),
	};
}


static void done(struct store_request *r, int error, void *arg)
{
	struct slot *s = arg;

	if (error)
		_exit(10);
	if (s->told.step == HELD) {
		const struct store_deferred *d = store_deferred_result(r, NULL);

		/* One from before the last kill may be over. */
		s->told.id = d->id;
		s->told.step = d->state == STORE_DEFERRED_HELD ? HELD : FINISHED;
	}
	crash_tell(s->w, &s->told, sizeof(s->told));
	advance(s);
}


static bool is_large(uint32_t number)
{
	return number % 4 == 2;
}


static void fill(char *bytes, uint32_t number)
{
	for (uint32_t i = 0; i < CONTENT_N; i++)
		bytes[i] = (char)(number * 31 + i * 7 + (i >> 8));
}


static void finished(struct store_content_writer *w, int error, const struct str *names, void *arg)
{
	struct slot *s = arg;
	char user[32], call_id[32];
	struct store_deferred d;

	(void)w;
	name(&d, s->told.number, user, call_id);
	d.kind = STORE_DEFERRED_LARGE;
	d.body = STR("");
	d.file = error ? STR("") : names[0];
	if (error || store_deferred_hold(s->w->store, &s->r, &d, 0, done, s))
		_exit(15);
}

static const struct store_content_handler handler = {.done = finished};


/* In two pieces, the second first. */
static int ask_large(struct slot *s)
{
	static char bytes[CONTENT_N];
	int err = store_content_create(&s->content, s->w->store, &handler, s);

	fill(bytes, s->told.number);
	if (!err)
		err = store_content_write(s->content, 5000,
					  (struct str){bytes + 5000, CONTENT_N - 5000});
	if (!err)
		err = store_content_write(s->content, 0, (struct str){bytes, 5000});
	if (!err)
		store_content_finish(s->content, 1);
	return err;
}


static int ask(struct slot *s)
{
	struct store_device device = {.key = STR("phone"),
				      .state = STORE_DEVICE_DELIVERED,
				      .status = 200};
	struct store *store = s->w->store;
	char user[32], call_id[32];
	struct store_deferred d;

	switch (s->told.step) {
	case MARKED:
		return store_deferred_mark(store, &s->r, s->told.id, &device, done, s);
	case FINISHED:
		return store_deferred_finish(store, &s->r, s->told.id, STORE_DEFERRED_DELIVERED, 1,
					     done, s);
	case HELD:
		break;
	}
	if (is_large(s->told.number))
		return ask_large(s);
	name(&d, s->told.number, user, call_id);
	return store_deferred_hold(store, &s->r, &d, 0, done, s);
}


/* A third stays held, a third marked, a third is finished. */
static void advance(struct slot *s)
{
	if (!s->told.step || s->told.step == FINISHED || s->told.number % 3 + 1 == s->told.step)
		s->told = (struct told){.number = s->w->next++, .step = HELD};
	else
		s->told.step++;
	if (ask(s))
		_exit(12);
}


static void begin(struct crash_worker *w)
{
	static struct slot slot[OUTSTANDING];

	for (size_t i = 0; i < OUTSTANDING; i++) {
		slot[i].w = w;
		advance(&slot[i]);
	}
}


struct ledger {
	struct world *w;
	struct told best[NUMBERS_MAX]; /**< the furthest step told of each */
	/* What the store says now. */
	bool seen[NUMBERS_MAX];
	uint64_t held, bytes, last, files;
	char file[STORE_CONTENT_NAME_N], content[CONTENT_N + 1];
	size_t file_n, content_n;
	int error;
	struct store_deferred_count count;
	int state;
	bool due;
};


static void listed(struct store_request *r, int error, void *arg)
{
	struct ledger *l = arg;
	size_t n;
	const struct store_deferred *d = store_deferred_result(r, &n);

	for (size_t i = 0; !error && i < n; i++) {
		unsigned long number = strtoul(d[i].call_id.p, NULL, 10);

		/* Never twice. */
		assert_false(l->seen[number]);
		l->seen[number] = true;
		l->held++;
		l->files += d[i].file.n > 0;
		l->bytes += d[i].size;
		l->last = d[i].id;
	}
	world_done(r, error, l->w);
}


static void counted(struct store_request *r, int error, void *arg)
{
	struct ledger *l = arg;

	l->count = *store_deferred_count_result(r);
	world_done(r, error, l->w);
}


static void state_seen(struct store_request *r, int error, void *arg)
{
	struct ledger *l = arg;
	const struct store_deferred *d = error ? NULL : store_deferred_result(r, NULL);

	l->state = error ? error : (int)d->state;
	l->due = d && d->devices == 0;
	l->file_n = 0;
	if (d && d->state == STORE_DEFERRED_HELD && d->file.n) {
		assert_int_equal(d->file.n, STORE_CONTENT_NAME_N);
		l->file_n = d->file.n;
		memcpy(l->file, d->file.p, d->file.n);
	} else if (d && d->state == STORE_DEFERRED_HELD) {
		assert_true(str_eq(d->body, d->call_id));
	}
	world_done(r, error, l->w);
}


static void check_totals(struct ledger *l)
{
	memset(l->seen, 0, sizeof(l->seen));
	l->held = l->bytes = l->last = l->files = 0;
	for (uint64_t before = 1; before != l->held;) {
		before = l->held;
		assert_int_equal(ASK(l, store_deferred_list, STR(""), l->last, STORE_PAGE_MAX,
				     listed, l),
				 0);
	}
	assert_int_equal(ASK(l, store_deferred_count, STR(""), counted, l), 0);
	assert_true(l->count.held == l->held && l->count.bytes == l->bytes);
	assert_int_equal(world_files(l->w), l->files);
}


static void got(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct ledger *l = arg;

	(void)r;
	l->error = error;
	l->content_n = bytes.n;
	memcpy(l->content, bytes.n ? bytes.p : "", bytes.n);
}


static void check_content(struct ledger *l, uint32_t number)
{
	static char wanted[CONTENT_N];
	struct store_content_reader *r;

	fill(wanted, number);
	assert_int_equal(store_content_open(&r, l->w->store,
					    (struct str){l->file, STORE_CONTENT_NAME_N}),
			 0);
	assert_int_equal(store_content_read(r, 0, CONTENT_N + 1, got, l), 0);
	assert_true(virtual_loop_run_until_idle(l->w->vl));
	store_content_close(r);
	assert_int_equal(l->error, 0);
	assert_int_equal(l->content_n, CONTENT_N);
	assert_memory_equal(l->content, wanted, CONTENT_N);
}


static void check_each(struct ledger *l)
{
	for (uint32_t i = 0; i < NUMBERS_MAX; i++) {
		const struct told *t = &l->best[i];

		if (!t->step)
			continue;
		assert_int_equal(ASK(l, store_deferred_get, t->id, state_seen, l), 0);
		if (t->step == FINISHED)
			assert_int_equal(l->state, STORE_DEFERRED_DELIVERED);
		if (t->step >= MARKED)
			assert_false(l->due);
		if (i % 3 == 0)
			assert_true(l->state == STORE_DEFERRED_HELD && l->seen[i]);
		if (l->state == STORE_DEFERRED_HELD)
			assert_true((l->file_n > 0) == is_large(i));
		if (l->file_n)
			check_content(l, i);
	}
}


static void take(const void *told, void *arg)
{
	const struct told *t = told;
	struct ledger *l = arg;

	assert_true(t->number < NUMBERS_MAX);
	if (t->step > l->best[t->number].step)
		l->best[t->number] = *t;
	assert_true(l->best[t->number].id == t->id);
}


static uint32_t round_of(struct ledger *l, uint32_t first)
{
	static const struct crash crash = {begin, take, sizeof(struct told), 400};
	uint32_t next = first;

	crash_round(&crash, l->w, first, l);
	for (uint32_t i = first; i < NUMBERS_MAX; i++)
		if (l->best[i].step)
			next = i + 1;
	/* From a little before the end: what was under way, or done, is asked for again. */
	return next > OUTSTANDING ? next - OUTSTANDING : 0;
}


static void test_kill(void)
{
	struct ledger *l = unit_storage(sizeof(*l));
	uint32_t first = 0;

	l->w = world();
	srand((unsigned)getpid());
	for (unsigned round = 0; round < ROUNDS; round++) {
		first = round_of(l, first);
		check_totals(l);
		check_each(l);
	}
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_kill))
