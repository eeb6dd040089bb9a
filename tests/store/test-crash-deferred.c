/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any point of holding, delivering and finishing: what was acknowledged is as it was said to
 * be, nothing is there twice, and the counters say what the rows say.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/deferred.h"

#include "world.h"

#define OUTSTANDING 16
#define ROUNDS 8
#define NUMBERS_MAX 100000
#define USERS 5

/* Each message goes through these, one write each; the step reached is what the child tells. */
enum step { HELD = 1, MARKED, FINISHED };

struct told {
	uint32_t number;
	enum step step;
	uint64_t id;
};

struct worker {
	struct loop *loop;
	struct store *store;
	int pipe;
	uint32_t next;
	struct slot {
		struct store_request r;
		struct worker *w;
		struct told told;
	} slot[OUTSTANDING];
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
	if (write(s->w->pipe, &s->told, sizeof(s->told)) != sizeof(s->told))
		_exit(11);
	advance(s);
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


static void child(const char *url, int pipe, uint32_t first)
{
	static struct worker w;
	struct buf why = BUF_INIT(1024);

	w.pipe = pipe;
	w.next = first;
	w.loop = loop_uv_alloc();
	if (!w.loop || store_open(&w.store, w.loop, str_of(url), &why))
		_exit(13);
	for (size_t i = 0; i < OUTSTANDING; i++) {
		w.slot[i].w = &w;
		advance(&w.slot[i]);
	}
	loop_run(w.loop);
	_exit(14);
}


struct ledger {
	struct world *w;
	struct told best[NUMBERS_MAX]; /**< the furthest step told of each */
	size_t told;
	/* What the store says now. */
	bool seen[NUMBERS_MAX];
	uint64_t held, bytes, last;
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
	if (d && d->state == STORE_DEFERRED_HELD)
		assert_true(str_eq(d->body, d->call_id));
	world_done(r, error, l->w);
}


static void check_totals(struct ledger *l)
{
	memset(l->seen, 0, sizeof(l->seen));
	l->held = l->bytes = l->last = 0;
	for (uint64_t before = 1; before != l->held;) {
		before = l->held;
		assert_int_equal(ASK(l, store_deferred_list, STR(""), l->last, STORE_PAGE_MAX,
				     listed, l),
				 0);
	}
	assert_int_equal(ASK(l, store_deferred_count, STR(""), counted, l), 0);
	assert_true(l->count.held == l->held && l->count.bytes == l->bytes);
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
	}
}


static bool take(struct ledger *l, int fd)
{
	struct told t;

	if (read(fd, &t, sizeof(t)) != sizeof(t))
		return false;
	assert_true(t.number < NUMBERS_MAX);
	if (t.step > l->best[t.number].step)
		l->best[t.number] = t;
	assert_true(l->best[t.number].id == t.id);
	l->told++;
	return true;
}


static uint32_t round_of(struct ledger *l, uint32_t first)
{
	size_t target = l->told + 1 + (size_t)rand() % 400;
	uint32_t next = first;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(l->w->url, ends[1], first);
	close(ends[1]);
	while (l->told < target && take(l, ends[0]))
		;
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (take(l, ends[0]))
		;
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(l->told >= target);
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
		l->w->store = mem_unref(l->w->store);
		assert_true(virtual_loop_run_until_idle(l->w->vl));
		first = round_of(l, first);
		world_reopen(l->w);
		check_totals(l);
		check_each(l);
	}
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_kill))
