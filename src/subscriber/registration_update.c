/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the table: updates of one user take turns; each is prepared, written, then visible. */
#include <assert.h>
#include <errno.h>

#include "subscriber/registration.h"
#include "subscriber/registration_table.h"


static void change_destroy(void *object)
{
	struct registration_change *c = object;

	store_cancel(&c->request);
	if (c->user->table)
		loop_defer_cancel(c->user->table->loop, &c->finish);
	for (size_t i = 0; i < c->n; i++) {
		mem_unref(c->device[i]);
		mem_unref(c->replaces[i]);
	}
	mem_unref(c->set);
	mem_unref(c->user);
}


static struct registration_change *change_make(struct registration *r)
{
	struct registration_change *c = mem_alloc(sizeof(*c), change_destroy);

	if (!c)
		return NULL;
	c->user = mem_ref(r);
	c->unchanged = true;
	return c;
}


/* ---- Becoming visible ---- */

static bool in_set(const struct registration_set *set, const struct registration_device *d)
{
	for (size_t i = 0; set && i < set->n; i++)
		if (set->device[i] == d)
			return true;
	return false;
}


static bool replaced(const struct registration_change *c, const struct registration_device *d)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->replaces[i] == d)
			return true;
	return false;
}


/* One that comes in takes the place, and the id, of the one it replaces. */
static void enter(struct registration_change *c, struct registration_device *d)
{
	bool had_flow;

	for (size_t i = 0; i < c->n; i++)
		if (c->device[i] == d && c->replaces[i] && !c->replaces[i]->gone)
			d->b.id = c->replaces[i]->b.id;
	had_flow = d->b.flow != 0;
	registration_device_enter(c->user, d);
	/* Its connection closed while the change was being written. */
	if ((d->b.flags & REGISTRATION_OUTBOUND) && had_flow && !d->b.flow)
		d->gone = true;
}


static void leave_out_gone(struct registration_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct registration_device *d = set->device[i];

		if (!d->gone) {
			set->device[kept++] = d;
			continue;
		}
		if (d->user)
			registration_device_leave(d);
		mem_unref(d);
	}
	set->n = kept;
}


/* The old set, which the caller drops when listeners have been told. */
static struct registration_set *make_visible(struct registration_change *c)
{
	struct registration_set *old = c->user->set, *fresh = c->set;

	c->set = NULL;
	for (size_t i = 0; old && i < old->n; i++)
		if (!in_set(fresh, old->device[i]))
			registration_device_leave(old->device[i]);
	for (size_t i = 0; i < fresh->n; i++)
		if (!fresh->device[i]->user && !fresh->device[i]->gone) {
			if (c->erase)
				fresh->device[i]->gone = true;
			else
				enter(c, fresh->device[i]);
		}
	leave_out_gone(fresh);
	registration_put_set(c->user, fresh);
	return old;
}


static void tell_left(struct registration_change *c, const struct registration_set *old)
{
	for (size_t i = 0; old && i < old->n; i++) {
		struct registration_device *d = old->device[i];

		if (!in_set(c->user->set, d) && !replaced(c, d) && !d->gone)
			registration_tell(c->user, REGISTRATION_DEREGISTERED, &d->b);
	}
}


static void tell_came(struct registration_change *c, const struct registration_set *old)
{
	for (size_t i = 0; i < c->n; i++) {
		struct registration_device *d = c->device[i], *before = c->replaces[i];

		if (d->gone && before && in_set(old, before))
			registration_tell(c->user, REGISTRATION_UNREACHABLE, &before->b);
		if (d->gone || !in_set(c->user->set, d) || in_set(old, d))
			continue;
		registration_tell(c->user,
				  before && in_set(old, before) ? REGISTRATION_REFRESHED
								: REGISTRATION_REGISTERED,
				  &d->b);
	}
}


/* The update is idle before its `done` is called, which may free it or use it anew. */
static void answer(struct registration_change *c, int error)
{
	struct registration_update *u = c->update;

	if (!u)
		return;
	c->update = NULL;
	u->change = NULL;
	u->handler->done(u, error, u->arg);
}


static void change_finish(struct registration_change *c, int error)
{
	struct registration *r = mem_ref(c->user);
	struct registrations *rs = mem_ref(r->table);
	struct registration_set *old = NULL;
	bool visible = !error && c->set;

	if (visible)
		old = make_visible(c);
	answer(c, error);
	if (visible) {
		tell_left(c, old);
		tell_came(c, old);
		mem_unref(old);
	}
	r->change = NULL;
	if (visible && c->erase)
		registration_rewrite(r);
	mem_unref(c);
	registration_run(r);
	registration_tidy(r);
	mem_unref(r);
	mem_unref(rs);
}


/* ---- Writing ---- */

static void written(struct store_request *q, int error, void *arg)
{
	(void)q;
	change_finish(arg, error);
}


static void finish_later(void *arg)
{
	struct registration_change *c = arg;

	change_finish(c, c->error);
}


static int prepare_set(struct registration_change *c)
{
	c->set = registration_set_alloc(c->n);
	if (!c->set)
		return -ENOMEM;
	for (; c->set->n < c->n; c->set->n++)
		c->set->device[c->set->n] = mem_ref(c->device[c->set->n]);
	return 0;
}


static int change_write(struct registration_change *c)
{
	struct store_binding set[REGISTRATION_DEVICES_MAX];
	char source[REGISTRATION_DEVICES_MAX][REGISTRATION_SOURCE_MAX];
	int r = prepare_set(c);

	if (r)
		return r;
	for (size_t i = 0; i < c->n; i++)
		registration_binding_store(&c->device[i]->b, c->user->aor, source[i], &set[i]);
	return store_binding_replace(c->user->table->store, &c->request, c->user->aor, set, c->n,
				     written, c);
}


/* ---- Taking turns ---- */

static void take_present(struct registration_change *c)
{
	struct registration_set *set = c->user->set;

	for (; set && c->n < set->n; c->n++)
		c->device[c->n] = mem_ref(set->device[c->n]);
}


/* What the owner of the update wants; our own changes want the present set written. */
static int prepare(struct registration_change *c)
{
	struct registration_update *u = c->update;
	int r;

	if (!u) {
		c->unchanged = false;
		return 0;
	}
	r = u->handler->prepare(u, c->user->set ? c->user : NULL, u->arg);
	if (!c->update)
		return -ECANCELED;
	return r ? r : c->error;
}


static void change_start(struct registration_change *c)
{
	take_present(c);
	c->error = prepare(c);
	if (!c->error && !c->unchanged) {
		c->error = change_write(c);
		if (!c->error)
			return;
	}
	c->set = mem_unref(c->set);
	loop_defer(c->user->table->loop, &c->finish, finish_later, c);
}


void registration_run(struct registration *r)
{
	struct list_link *k = list_first(&r->waiting);

	if (r->change || !k || r->table->restoring)
		return;
	list_remove(&r->waiting, k);
	r->change = container_of(k, struct registration_change, link);
	change_start(r->change);
}


void registration_rewrite(struct registration *r)
{
	struct registration_change *c = change_make(r);

	/* Without memory the store's copy stays until it expires; nobody is routed by it. */
	if (c)
		list_prepend(&r->waiting, &c->link);
}


static void forget_update(struct registration_change *c)
{
	if (c->update)
		c->update->change = NULL;
	c->update = NULL;
}


static void unqueue(struct registration_change *c)
{
	list_remove(&c->user->waiting, &c->link);
	list_remove(&c->user->table->held, &c->held);
	mem_unref(c);
}


void registration_abandon(struct registration *r)
{
	struct registration_change *c = r->change;

	for (struct list_link *k; (k = list_first(&r->waiting));) {
		struct registration_change *w = container_of(k, struct registration_change, link);

		forget_update(w);
		unqueue(w);
	}
	if (!c)
		return;
	forget_update(c);
	r->change = NULL;
	mem_unref(c);
}


int registrations_update(struct registrations *rs, struct registration_update *u, struct str aor,
			 const struct registration_update_handler *h, void *arg)
{
	struct registration_change *c = NULL;
	struct registration *r;
	int error;

	assert(!u->change);
	r = registration_get(rs, aor, &error);
	if (!r)
		return error;
	error = -ENOBUFS;
	if (r->waiting.count < REGISTRATION_UPDATES_MAX) {
		error = -ENOMEM;
		c = change_make(r);
	}
	if (!c) {
		registration_tidy(r);
		return error;
	}

	*u = (struct registration_update){.change = c, .handler = h, .arg = arg};
	c->update = u;
	list_append(&r->waiting, &c->link);
	if (rs->restoring)
		list_append(&rs->held, &c->held);
	registration_run(r);
	return 0;
}


void registration_update_cancel(struct registration_update *u)
{
	struct registration_change *c = u->change;
	struct registration *r;

	if (!c)
		return;
	forget_update(c);
	if (!list_linked(&c->link))
		return;
	r = mem_ref(c->user);
	unqueue(c);
	registration_tidy(r);
	mem_unref(r);
}


/* ---- Saying what is to be different ---- */

static struct registration_device *device_of(const struct registration_binding *b)
{
	return b ? container_of(b, struct registration_device, b) : NULL;
}


/* Where `old` stands, or stood; c->n when it is not there. */
static size_t place_of(const struct registration_change *c, const struct registration_device *old)
{
	size_t i = 0;

	while (i < c->n && (!old || (c->device[i] != old && c->replaces[i] != old)))
		i++;
	return i;
}


int registration_update_set(struct registration_update *u, const struct registration_binding *old,
			    const struct registration_binding *b)
{
	struct registration_change *c = u->change;
	struct registration_device *before = device_of(old), *d;
	size_t i = place_of(c, before);

	c->unchanged = false;
	if (i == REGISTRATION_DEVICES_MAX || registration_text_size(b) > REGISTRATION_BINDING_MAX)
		return c->error = -ENOBUFS;
	d = registration_device_make(b);
	if (!d)
		return c->error = -ENOMEM;

	d->b.id = 0;
	if (i == c->n)
		c->n++;
	else if (c->replaces[i])
		mem_unref(c->device[i]);
	else
		c->replaces[i] = c->device[i];
	c->device[i] = d;
	return 0;
}


void registration_update_remove(struct registration_update *u,
				const struct registration_binding *old)
{
	struct registration_change *c = u->change;
	size_t i = place_of(c, device_of(old)), after = i + 1;

	if (i == c->n)
		return;
	c->unchanged = false;
	mem_unref(c->device[i]);
	mem_unref(c->replaces[i]);
	memmove(&c->device[i], &c->device[after], (c->n - after) * sizeof(c->device[0]));
	memmove(&c->replaces[i], &c->replaces[after], (c->n - after) * sizeof(c->replaces[0]));
	c->n--;
	c->replaces[c->n] = NULL;
}
