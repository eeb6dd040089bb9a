/* SPDX-License-Identifier: Apache-2.0 */
/* When a message has reached everybody it must (docs/decisions/0009). */
#include <errno.h>

#include "base/mem.h"
#include "im/deferred/deferred_state.h"
#include "im/deferred/push.h"

/** Users looked through at one time, and messages of each: beyond it their expiry ends them. */
#define SETTLE_USERS_MAX 1000
#define SETTLE_PAGE 50


static const struct store_device *device_of(const struct store_deferred *m, struct str key)
{
	for (size_t i = 0; i < m->devices; i++) {
		if (str_eq(m->device[i].key, key))
			return &m->device[i];
	}
	return NULL;
}


static bool is_target(struct deferred *d, const struct store_deferred *m,
		      const struct im_targets *targets, struct str key)
{
	for (size_t i = 0; i < targets->n; i++) {
		if (str_eq(push_key(d, m->user, &targets->target[i]), key))
			return true;
	}
	return false;
}


/* A contact is not one that comes back: the next registration has another, as a rule. */
static bool may_come_back(struct str key)
{
	return !str_starts_nocase(key, STR("sip:")) && !str_starts_nocase(key, STR("sips:"));
}


static bool nobody_waits(struct deferred *d, const struct store_deferred *m,
			 const struct im_targets *targets)
{
	bool had = false;

	for (size_t i = 0; i < targets->n; i++) {
		const struct store_device *v = device_of(m,
							 push_key(d, m->user, &targets->target[i]));

		if (!v || v->state == STORE_DEVICE_WAITING)
			return false;
	}
	for (size_t i = 0; i < m->devices; i++) {
		const struct store_device *v = &m->device[i];

		had |= v->state == STORE_DEVICE_DELIVERED;
		if (v->state == STORE_DEVICE_WAITING && may_come_back(v->key) &&
		    !is_target(d, m, targets, v->key))
			return false;
	}
	return had;
}


bool settle_complete(struct deferred *d, const struct store_deferred *m)
{
	struct stored_request sr;
	struct im_targets targets;
	bool complete;

	if (stored_request_open(&sr, m, &d->addresses))
		return false;
	if (!push_targets(d, &sr.r, &targets))
		targets.n = 0;
	complete = nobody_waits(d, m, &targets);
	stored_request_close(&sr);
	return complete;
}


/* ---- All messages of one user ---- */

struct settling {
	struct list_link link;
	struct deferred *d;
	struct store_request r, finish;
	uint64_t id[SETTLE_PAGE];
	size_t n, at;
};

static void look_at_next(struct settling *s);


static void settling_destroy(void *object)
{
	struct settling *s = object;

	store_cancel(&s->r);
	store_cancel(&s->finish);
	list_remove(&s->d->settlings, &s->link);
}


static void on_finished(struct store_request *r, int error, void *arg)
{
	(void)r;
	(void)error;
	look_at_next(arg);
}


static void on_got(struct store_request *r, int error, void *arg)
{
	struct settling *s = arg;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, NULL);

	if (m && m->state == STORE_DEFERRED_HELD && settle_complete(s->d, m) &&
	    !store_deferred_finish(s->d->store, &s->finish, m->id, STORE_DEFERRED_DELIVERED,
				   deferred_now(s->d), on_finished, s))
		return;
	look_at_next(s);
}


static void look_at_next(struct settling *s)
{
	if (s->at == s->n || store_deferred_get(s->d->store, &s->r, s->id[s->at++], on_got, s))
		mem_unref(s);
}


static void on_listed(struct store_request *r, int error, void *arg)
{
	struct settling *s = arg;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, &s->n);

	if (error)
		s->n = 0;
	for (size_t i = 0; i < s->n; i++)
		s->id[i] = m[i].id;
	look_at_next(s);
}


void settle_user(struct deferred *d, struct str user)
{
	struct settling *s;

	if (d->settlings.count >= SETTLE_USERS_MAX)
		return;
	s = mem_alloc(sizeof(*s), settling_destroy);
	if (!s)
		return;
	s->d = d;
	list_append(&d->settlings, &s->link);
	if (store_deferred_list(d->store, &s->r, user, 0, SETTLE_PAGE, on_listed, s))
		mem_unref(s);
}


void settle_done(struct deferred *d)
{
	for (struct list_link *l; (l = list_first(&d->settlings));)
		mem_unref(container_of(l, struct settling, link));
}
