/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions that stand, noted in the store. */
#include "im/controlling/registry.h"

#include <errno.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/conference.h"

static struct counter lost = COUNTER("conference.not_noted",
				     "changes of conferences that the store did not take");

struct registry {
	struct loop *loop;
	struct store *store;
	struct list notes;
	struct store_request sweep; /**< lapse, then purge */
	struct timer again;
};

/** One change on its way to the store. */
struct note {
	struct list_link link;
	struct registry *registry;
	struct store_request r;
};


static void note_destroy(void *object)
{
	struct note *n = object;

	store_cancel(&n->r);
	list_remove(&n->registry->notes, &n->link);
}


static void not_noted(int error)
{
	counter_add(&lost, 1);
	log_error("conference", "a change cannot be written, it is not known after a restart: %s",
		  strerror(-error));
}


/* What is not there (any more) was forgotten meanwhile. */
static void on_noted(struct store_request *r, int error, void *arg)
{
	(void)r;
	if (error && error != -ENOENT)
		not_noted(error);
	mem_unref(arg);
}


static struct note *note_alloc(struct registry *r)
{
	struct note *n = NULL;

	if (r->notes.count < REGISTRY_NOTES_MAX)
		n = mem_alloc(sizeof(*n), note_destroy);
	if (!n) {
		not_noted(r->notes.count < REGISTRY_NOTES_MAX ? -ENOMEM : -ENOBUFS);
		return NULL;
	}
	n->registry = r;
	list_append(&r->notes, &n->link);
	return n;
}


static void started(struct note *n, int error)
{
	if (!error)
		return;
	not_noted(error);
	mem_unref(n);
}


void registry_note(struct registry *r, const struct registry_session *s)
{
	struct note *n = note_alloc(r);
	struct store_conference c = {
		.id = s->id,
		.kind = (uint32_t)s->kind,
		.group = s->group,
		.founder = s->founder,
		.subject = s->subject,
		.since_ms = s->since_ms,
		.invited = s->invited,
		.invited_n = s->invited_n < STORE_CONFERENCE_INVITED_MAX
				     ? s->invited_n
				     : STORE_CONFERENCE_INVITED_MAX,
	};

	if (n)
		started(n, store_conference_put(r->store, &n->r, &c, on_noted, n));
}


void registry_invite(struct registry *r, struct str id, struct str who)
{
	struct note *n = note_alloc(r);

	if (n)
		started(n, store_conference_invite(r->store, &n->r, id, who, on_noted, n));
}


void registry_forget(struct registry *r, struct str id)
{
	struct note *n = note_alloc(r);

	if (n)
		started(n, store_conference_delete(r->store, &n->r, id, on_noted, n));
}


/* ---- Looking one up ---- */

static void on_found(struct store_request *r, int error, void *arg)
{
	struct registry_query *q = arg;
	const struct store_conference *c = error ? NULL : store_conference_result(r);
	struct registry_session s;

	if (!c) {
		q->found(q, error, NULL, q->arg);
		return;
	}
	s = (struct registry_session){
		.id = c->id,
		.kind = (int)c->kind,
		.group = c->group,
		.founder = c->founder,
		.subject = c->subject,
		.since_ms = c->since_ms,
		.invited = c->invited,
		.invited_n = c->invited_n,
	};
	q->found(q, 0, &s, q->arg);
}


int registry_find(struct registry *r, struct registry_query *q, struct str id,
		  registry_found_cb *found, void *arg)
{
	int err;

	q->found = found;
	q->arg = arg;
	err = store_conference_get(r->store, &q->store, id, on_found, q);
	return err == -EINVAL || err == -EMSGSIZE ? -ENOENT : err;
}


void registry_find_cancel(struct registry_query *q)
{
	store_cancel(&q->store);
}


/* ---- What has lapsed ---- */

static void sweep(struct registry *r);


static void on_again(struct timer *t, void *arg)
{
	(void)t;
	sweep(arg);
}


static void on_swept(struct store_request *q, int error, void *arg)
{
	struct registry *r = arg;

	if (!error && store_conference_removed(q) == STORE_CONFERENCE_PURGE_MAX)
		sweep(r);
	else
		timer_start(&r->again, loop_timers(r->loop), REGISTRY_SWEEP_MS, on_again, r);
}


static void sweep(struct registry *r)
{
	if (store_conference_purge(r->store, &r->sweep, loop_wall_ms(r->loop), on_swept, r))
		timer_start(&r->again, loop_timers(r->loop), REGISTRY_SWEEP_MS, on_again, r);
}


static void on_lapsing(struct store_request *q, int error, void *arg)
{
	struct registry *r = arg;

	(void)q;
	if (error)
		log_error("conference", "sessions of before the start cannot be marked: %s",
			  strerror(-error));
	sweep(r);
}


void registry_start(struct registry *r)
{
	int64_t at = loop_wall_ms(r->loop) + INT64_C(1000) * REGISTRY_KEPT_S;

	if (store_conference_lapse(r->store, &r->sweep, at, on_lapsing, r))
		sweep(r);
}


static void registry_destroy(void *object)
{
	struct registry *r = object;

	timer_cancel(&r->again);
	store_cancel(&r->sweep);
	for (struct list_link *l; (l = list_first(&r->notes));)
		mem_unref(container_of(l, struct note, link));
	mem_unref(r->store);
	mem_unref(r->loop);
}


int registry_alloc(struct registry **ret, struct loop *loop, struct store *store)
{
	struct registry *r = mem_alloc(sizeof(*r), registry_destroy);

	if (!r)
		return -ENOMEM;
	r->loop = mem_ref(loop);
	r->store = mem_ref(store);
	list_init(&r->notes);
	counter_register(&lost, 1);
	*ret = r;
	return 0;
}
