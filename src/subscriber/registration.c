/* SPDX-License-Identifier: Apache-2.0 */
/* The registration table: users, devices, looking them up, and devices that leave by themselves. */
#include "subscriber/registration.h"

#include <errno.h>

#include "subscriber/registration_table.h"

#define EXPECTED_USERS 64


/* ---- Devices ---- */

static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


size_t registration_text_size(const struct registration_binding *b)
{
	return b->contact.n + b->params.n + b->instance.n + b->call_id.n + b->path.n +
	       b->user_agent.n;
}


struct registration_device *registration_device_make(const struct registration_binding *b)
{
	struct registration_device *d = mem_alloc(sizeof(*d) + registration_text_size(b), NULL);
	char *at;

	if (!d)
		return NULL;
	at = d->text;
	d->b = *b;
	d->b.contact = put(&at, b->contact);
	d->b.params = put(&at, b->params);
	d->b.instance = put(&at, b->instance);
	d->b.call_id = put(&at, b->call_id);
	d->b.path = put(&at, b->path);
	d->b.user_agent = put(&at, b->user_agent);
	return d;
}


static uint64_t flow_hash(const struct registrations *rs, uint64_t flow)
{
	return hash_bytes(&rs->flows.key, &flow, sizeof(flow));
}


static void hold_flow(struct registrations *rs, struct registration_device *d)
{
	if (!d->b.flow)
		return;
	if (rs->params.flow_hold && !rs->params.flow_hold(d->b.flow, rs->params.flow_arg)) {
		d->b.flow = 0;
		return;
	}
	d->held = true;
	hash_insert(&rs->flows, &d->flow, flow_hash(rs, d->b.flow));
}


static void release_flow(struct registrations *rs, struct registration_device *d)
{
	if (!d->held)
		return;
	d->held = false;
	hash_remove(&rs->flows, &d->flow);
	if (rs->params.flow_release)
		rs->params.flow_release(d->b.flow, rs->params.flow_arg);
}


void registration_device_enter(struct registration *user, struct registration_device *d)
{
	struct registrations *rs = user->table;

	d->user = user;
	if (!d->b.id)
		d->b.id = ++rs->last_id;
	rs->devices++;
	hold_flow(rs, d);
	expiry_add(&rs->wheel, &d->expiry, d->b.expires_ms);
}


void registration_device_leave(struct registration_device *d)
{
	struct registrations *rs = d->user->table;

	expiry_remove(&rs->wheel, &d->expiry);
	release_flow(rs, d);
	rs->devices--;
	d->user = NULL;
}


static void set_destroy(void *object)
{
	struct registration_set *set = object;

	for (size_t i = 0; i < set->n; i++)
		mem_unref(set->device[i]);
}


struct registration_set *registration_set_alloc(size_t n)
{
	return mem_alloc(sizeof(struct registration_set) + n * sizeof(struct registration_device *),
			 set_destroy);
}


/* ---- Users ---- */

struct str registration_aor(const struct registration *r)
{
	return r->aor;
}


size_t registration_count(const struct registration *r)
{
	return r->set ? r->set->n : 0;
}


const struct registration_binding *registration_binding(const struct registration *r, size_t i)
{
	return &r->set->device[i]->b;
}


static void user_destroy(void *object)
{
	struct registration *r = object;

	mem_unref(r->set);
}


static struct registration *find(const struct registrations *rs, struct str aor)
{
	uint64_t hash = hash_bytes(&rs->users.key, aor.p, aor.n);

	for (struct hash_link *l = hash_first(&rs->users, hash); l; l = hash_next(l)) {
		struct registration *r = container_of(l, struct registration, link);

		if (str_eq(r->aor, aor))
			return r;
	}
	return NULL;
}


struct registration *registration_get(struct registrations *rs, struct str aor, int *error)
{
	struct registration *r = find(rs, aor);
	char *at;

	if (r)
		return r;
	*error = -ENOBUFS;
	if (rs->all >= REGISTRATIONS_MAX)
		return NULL;
	*error = -ENOMEM;
	r = mem_alloc(sizeof(*r) + aor.n, user_destroy);
	if (!r)
		return NULL;

	at = r->text;
	r->aor = put(&at, aor);
	r->table = rs;
	list_init(&r->waiting);
	hash_insert(&rs->users, &r->link, hash_bytes(&rs->users.key, aor.p, aor.n));
	rs->all++;
	return r;
}


void registration_tidy(struct registration *r)
{
	struct registrations *rs = r->table;

	if (!rs || r->set || r->change || !list_empty(&r->waiting))
		return;
	hash_remove(&rs->users, &r->link);
	rs->all--;
	r->table = NULL;
	mem_unref(r);
}


void registration_put_set(struct registration *r, struct registration_set *set)
{
	if (set && !set->n)
		set = mem_unref(set);
	if (set && !r->set)
		list_append(&r->table->order, &r->order);
	if (!set && r->set)
		list_remove(&r->table->order, &r->order);
	r->set = set;
}


void registration_tell(struct registration *r, enum registration_event e,
		       const struct registration_binding *b)
{
	struct list *listeners = &r->table->listeners;

	for (struct list_link *k = list_first(listeners); k; k = list_next(listeners, k)) {
		struct registration_listener *l = container_of(k, struct registration_listener,
							       link);

		l->changed(l, e, r, b);
	}
}


/* ---- Leaving by itself ---- */

static void take_out(struct registration *r, struct registration_device *d)
{
	struct registration_set *set = r->set;
	size_t i = 0;

	while (set->device[i] != d)
		i++;
	memmove(&set->device[i], &set->device[i + 1], (set->n - i - 1) * sizeof(set->device[0]));
	set->n--;
	registration_device_leave(d);
	d->gone = true;
	if (!set->n) {
		registration_put_set(r, NULL);
		mem_unref(set);
	}
}


/* The listener may be the last to hold the user. */
static void lose(struct registration_device *d, enum registration_event e)
{
	struct registration *r = mem_ref(d->user);

	take_out(r, d);
	registration_purge_later(r->table);
	registration_tell(r, e, &d->b);
	mem_unref(d);
	registration_tidy(r);
	mem_unref(r);
}


static void expired(struct expiry *e, void *arg)
{
	(void)arg;
	lose(container_of(e, struct registration_device, expiry), REGISTRATION_EXPIRED);
}


static struct registration_device *on_flow(const struct registrations *rs, uint64_t flow)
{
	for (struct hash_link *l = hash_first(&rs->flows, flow_hash(rs, flow)); l;
	     l = hash_next(l)) {
		struct registration_device *d = container_of(l, struct registration_device, flow);

		if (d->b.flow == flow)
			return d;
	}
	return NULL;
}


void registrations_flow_closed(struct registrations *rs, uint64_t flow)
{
	struct registration_device *d;

	mem_ref(rs);
	while ((d = on_flow(rs, flow))) {
		release_flow(rs, d);
		d->b.flow = 0;
		/* RFC 5626 6: "the handle would become invalid if the TCP session was closed". */
		if (d->b.flags & REGISTRATION_OUTBOUND)
			lose(d, REGISTRATION_UNREACHABLE);
	}
	mem_unref(rs);
}


void registrations_drop(struct registrations *rs, struct str aor, uint64_t id)
{
	struct registration *r = find(rs, aor);

	for (size_t i = 0; r && r->set && i < r->set->n; i++) {
		if (r->set->device[i]->b.id == id) {
			lose(r->set->device[i], REGISTRATION_UNREACHABLE);
			return;
		}
	}
}


void registrations_forget(struct registrations *rs, struct str aor)
{
	struct registration *r = find(rs, aor);

	if (!r)
		return;
	mem_ref(r);
	if (r->change)
		r->change->erase = true;
	while (r->set)
		lose(r->set->device[0], REGISTRATION_DEREGISTERED);
	mem_unref(r);
}


/* ---- The table ---- */

static void purge_fire(struct timer *t, void *arg);


static void purged(struct store_request *q, int error, void *arg)
{
	(void)q;
	if (error)
		registration_purge_later(arg);
}


static void purge_fire(struct timer *t, void *arg)
{
	struct registrations *rs = arg;

	(void)t;
	if (store_pending(&rs->purging))
		return;
	if (store_binding_expire(rs->store, &rs->purging, loop_wall_ms(rs->loop), purged, rs))
		registration_purge_later(rs);
}


void registration_purge_later(struct registrations *rs)
{
	if (!timer_running(&rs->purge))
		timer_start(&rs->purge, loop_timers(rs->loop), REGISTRATION_PURGE_MS, purge_fire,
			    rs);
}


static void drop_user(struct registration *r)
{
	registration_abandon(r);
	for (size_t i = 0; r->set && i < r->set->n; i++)
		registration_device_leave(r->set->device[i]);
	hash_remove(&r->table->users, &r->link);
	r->table = NULL;
	mem_unref(r);
}


static void destroy(void *object)
{
	struct registrations *rs = object;
	size_t cursor = 0;

	for (struct hash_link *l = NULL;
	     rs->users.buckets && (l = hash_walk(&rs->users, &cursor, l));)
		drop_user(container_of(l, struct registration, link));
	store_cancel(&rs->page);
	store_cancel(&rs->purging);
	timer_cancel(&rs->purge);
	expiry_wheel_done(&rs->wheel);
	hash_done(&rs->users);
	hash_done(&rs->flows);
	mem_unref(rs->store);
	mem_unref(rs->loop);
}


int registrations_alloc(struct registrations **ret, const struct registrations_params *p)
{
	struct registrations *rs = mem_alloc(sizeof(*rs), destroy);

	if (!rs)
		return -ENOMEM;
	rs->params = *p;
	rs->loop = mem_ref(p->loop);
	rs->store = mem_ref(p->store);
	list_init(&rs->order);
	list_init(&rs->listeners);
	list_init(&rs->held);
	if (hash_init(&rs->users, EXPECTED_USERS) || hash_init(&rs->flows, EXPECTED_USERS) ||
	    expiry_wheel_init(&rs->wheel, p->loop, expired, rs)) {
		mem_unref(rs);
		return -ENOMEM;
	}

	*ret = rs;
	return 0;
}


void registrations_listen(struct registrations *rs, struct registration_listener *l)
{
	list_append(&rs->listeners, &l->link);
}


void registrations_unlisten(struct registrations *rs, struct registration_listener *l)
{
	list_remove(&rs->listeners, &l->link);
}


const struct registration *registrations_find(const struct registrations *rs, struct str aor)
{
	const struct registration *r = find(rs, aor);

	return r && r->set ? r : NULL;
}


const struct registration *registrations_next(const struct registrations *rs,
					      const struct registration *after)
{
	struct list_link *k = after ? list_next(&rs->order, &after->order) : list_first(&rs->order);

	return k ? container_of(k, struct registration, order) : NULL;
}


size_t registrations_users(const struct registrations *rs)
{
	return rs->order.count;
}


size_t registrations_devices(const struct registrations *rs)
{
	return rs->devices;
}


const char *registration_event_name(enum registration_event e)
{
	static const char *const names[] = {
		[REGISTRATION_REGISTERED] = "registered",
		[REGISTRATION_REFRESHED] = "refreshed",
		[REGISTRATION_DEREGISTERED] = "unregistered",
		[REGISTRATION_EXPIRED] = "expired",
		[REGISTRATION_UNREACHABLE] = "unreachable",
	};

	return names[e];
}
