/* SPDX-License-Identifier: Apache-2.0 */
/* Those for whom messages wait and who can be reached. */
#include "im/deferred/addressee.h"

#include <errno.h>

#include "base/mem.h"
#include "im/deferred/push.h"


static uint64_t hash_of(const struct deferred *d, struct str aor)
{
	return hash_bytes(&d->addressees.key, aor.p, aor.n);
}


struct addressee *addressee_find(const struct deferred *d, struct str aor)
{
	for (struct hash_link *l = hash_first(&d->addressees, hash_of(d, aor)); l;
	     l = hash_next(l)) {
		struct addressee *a = container_of(l, struct addressee, link);

		if (str_eq(addressee_aor(a), aor))
			return a;
	}
	return NULL;
}


static struct addressee *addressee_get(struct deferred *d, struct str aor)
{
	struct addressee *a = addressee_find(d, aor);

	if (a)
		return a;
	a = mem_alloc(sizeof(*a) + aor.n, NULL);
	if (!a)
		return NULL;
	a->d = d;
	list_init(&a->queues);
	list_init(&a->parked);
	a->aor_n = aor.n;
	memcpy(a->aor, aor.p, aor.n);
	hash_insert(&d->addressees, &a->link, hash_of(d, aor));
	return a;
}


void addressee_release(struct addressee *a)
{
	if (!list_empty(&a->queues))
		return;
	hash_remove(&a->d->addressees, &a->link);
	mem_unref(a);
}


struct device_queue *addressee_queue(const struct addressee *a, struct str key)
{
	for (struct list_link *l = list_first(&a->queues); l; l = list_next(&a->queues, l)) {
		struct device_queue *q = container_of(l, struct device_queue, link);

		if (str_eq(queue_key(q), key))
			return q;
	}
	return NULL;
}


bool addressee_tell(struct addressee *a, uint64_t id)
{
	for (unsigned i = 0; i < ADDRESSEE_TOLD; i++) {
		if (a->told[i] == id)
			return false;
	}
	a->told[a->told_at++ % ADDRESSEE_TOLD] = id;
	return true;
}


bool addressee_reachable(const struct deferred *d, struct str aor)
{
	if (!im_addresses_serve(&d->addresses, aor))
		return true; /* another domain: there is no knowing but by trying */
	return registrations_reachable(d->registrations, aor,
				       d->setting->terminates_here ? PUSH_TAKES : 0);
}


static int wake_key(struct deferred *d, struct str aor, struct str key, uint64_t rest_ms,
		    enum queue_cause cause)
{
	struct addressee *a = addressee_get(d, aor);
	struct device_queue *q;
	int err;

	if (!a)
		return -ENOMEM;
	q = addressee_queue(a, key);
	if (q) {
		queue_wake(q, cause);
		return 0;
	}
	err = queue_open(a, key, rest_ms, cause);
	addressee_release(a);
	if (err)
		census_want(&d->census);
	return err;
}


static int wake_devices(struct deferred *d, struct str aor, uint64_t rest_ms,
			enum queue_cause cause)
{
	struct registration_targets found;
	size_t n = registrations_targets(d->registrations, aor, PUSH_TAKES, &found);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = wake_key(d, aor, push_binding_key(found.binding[i]), rest_ms, cause);
	return err ? err : (int)n;
}


int addressee_wake(struct deferred *d, struct str aor, uint64_t rest_ms, enum queue_cause cause)
{
	int err;

	if (!d->events || d->stopped || !addressee_reachable(d, aor))
		return 0;
	if (!im_addresses_serve(&d->addresses, aor))
		err = wake_key(d, aor, QUEUE_KEY_ONWARD, rest_ms, cause);
	else if (d->setting->terminates_here)
		return wake_devices(d, aor, rest_ms, cause);
	else
		err = wake_key(d, aor, QUEUE_KEY_CORE, rest_ms, cause);
	return err ? err : 1;
}


int addressee_wake_device(struct deferred *d, struct str aor, const struct registration_binding *b,
			  enum queue_cause cause)
{
	if (!d->events || d->stopped)
		return 0;
	/* A refresh brings nothing by itself then, but may end the rest of a queue. */
	if (cause == QUEUE_REFRESHED && !d->config.push && !addressee_find(d, aor))
		return 0;
	if (!d->setting->terminates_here)
		return wake_key(d, aor, QUEUE_KEY_CORE, 0, cause);
	if (!(b->flags & PUSH_TAKES))
		return 0;
	return wake_key(d, aor, push_binding_key(b), 0, cause);
}
