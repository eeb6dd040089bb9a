/* SPDX-License-Identifier: Apache-2.0 */
/* Failed attempts by source host, in windows of a minute. */
#include "core/failures.h"

#include <errno.h>

#include "base/mem.h"
#include "core/authentication.h"

/** Whoever has an IPv6 address has the /64. */
#define KEY_MAX 8

struct failure {
	struct hash_link link;
	struct list_link order;
	uint8_t key[KEY_MAX];
	uint64_t since_ms;
	uint32_t count;
};


static void key_of(const struct addr *host, uint8_t key[static KEY_MAX])
{
	memset(key, 0, KEY_MAX);
	if (host->sa.sa_family == AF_INET6)
		memcpy(key, &host->in6.sin6_addr, KEY_MAX);
	else
		memcpy(key, &host->in.sin_addr, sizeof(host->in.sin_addr));
}


static struct failure *find(const struct failures *f, const uint8_t key[static KEY_MAX])
{
	uint64_t hash = hash_bytes(&f->table.key, key, KEY_MAX);

	for (struct hash_link *l = hash_first(&f->table, hash); l; l = hash_next(l)) {
		struct failure *x = container_of(l, struct failure, link);

		if (memcmp(x->key, key, KEY_MAX) == 0)
			return x;
	}
	return NULL;
}


static void drop(struct failures *f, struct failure *x)
{
	hash_remove(&f->table, &x->link);
	list_remove(&f->order, &x->order);
	mem_unref(x);
}


int failures_init(struct failures *f)
{
	list_init(&f->order);
	return hash_init(&f->table, 64);
}


void failures_done(struct failures *f)
{
	for (struct list_link *k; (k = list_first(&f->order));)
		drop(f, container_of(k, struct failure, order));
	hash_done(&f->table);
}


uint64_t failures_locked_ms(const struct failures *f, const struct addr *host, uint64_t now_ms)
{
	uint8_t key[KEY_MAX];
	const struct failure *x;

	key_of(host, key);
	x = find(f, key);
	if (!x || x->count < AUTHENTICATION_FAILURES_MAX ||
	    now_ms >= x->since_ms + AUTHENTICATION_WINDOW_MS)
		return 0;
	return x->since_ms + AUTHENTICATION_WINDOW_MS - now_ms;
}


static struct failure *make(struct failures *f, const uint8_t key[static KEY_MAX])
{
	struct failure *x = mem_alloc(sizeof(*x), NULL);

	if (!x)
		return NULL;
	if (f->order.count >= AUTHENTICATION_SOURCES_MAX)
		drop(f, container_of(list_first(&f->order), struct failure, order));
	memcpy(x->key, key, KEY_MAX);
	hash_insert(&f->table, &x->link, hash_bytes(&f->table.key, key, KEY_MAX));
	list_append(&f->order, &x->order);
	return x;
}


/* The window begins with the first failure, and again with the one that locks. */
void failures_add(struct failures *f, const struct addr *host, uint64_t now_ms)
{
	uint8_t key[KEY_MAX];
	struct failure *x;

	key_of(host, key);
	x = find(f, key);
	if (!x)
		x = make(f, key);
	if (!x)
		return;

	if (!x->count || now_ms >= x->since_ms + AUTHENTICATION_WINDOW_MS) {
		x->count = 0;
		x->since_ms = now_ms;
	}
	if (++x->count == AUTHENTICATION_FAILURES_MAX)
		x->since_ms = now_ms;
	list_remove(&f->order, &x->order);
	list_append(&f->order, &x->order);
}


void failures_clear(struct failures *f, const struct addr *host)
{
	uint8_t key[KEY_MAX];
	struct failure *x;

	if (list_empty(&f->order))
		return;
	key_of(host, key);
	x = find(f, key);
	if (x)
		drop(f, x);
}
