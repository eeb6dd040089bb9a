/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of DNS answers. */
#include "sip/dns_cache.h"

#include <errno.h>
#include <string.h>

#include "base/counter.h"
#include "base/hash.h"
#include "base/mem.h"

enum { C_ASKED, C_CACHED, C_FAILED, C_REFUSED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_ASKED] = COUNTER("sip.dns.asked", "questions to the DNS servers"),
	[C_CACHED] = COUNTER("sip.dns.cached", "questions answered from the cache"),
	[C_FAILED] = COUNTER("sip.dns.failed", "questions the DNS servers did not answer"),
	[C_REFUSED] = COUNTER("sip.dns.refused", "questions not asked: too many were waiting"),
};

struct dns_cache {
	struct loop *loop;
	struct dns *dns;
	size_t max;
	struct hash_table table;
	struct list asked; /* entries without an answer yet */
	struct list known; /* the oldest first */
};

struct dns_cache_entry {
	struct hash_link hash;
	struct list_link link;
	struct dns_cache *cache; /* NULL: out of the cache */
	enum dns_type type;
	void *query;
	uint64_t expires_ms;
	struct dns_answer *answer; /* NULL: asked */
	struct list waiting;
	size_t name_n;
	char name[];
};


static uint64_t key_of(struct dns_cache *c, struct str name, enum dns_type type)
{
	return hash_nocase(&c->table.key, name) + (uint64_t)type * UINT64_C(0x9e3779b97f4a7c15);
}


static void entry_destroy(void *object)
{
	struct dns_cache_entry *e = object;

	mem_unref(e->answer);
}


static void entry_drop(struct dns_cache_entry *e)
{
	struct dns_cache *c = e->cache;

	hash_remove(&c->table, &e->hash);
	list_remove(e->answer ? &c->known : &c->asked, &e->link);
	e->cache = NULL;
	mem_unref(e);
}


static void forget_waiting(struct dns_cache_entry *e)
{
	for (struct list_link *k; (k = list_first(&e->waiting));) {
		container_of(k, struct dns_wait, link)->entry = NULL;
		list_remove(&e->waiting, k);
	}
}


static void cache_destroy(void *object)
{
	struct dns_cache *c = object;

	for (struct list_link *k; (k = list_first(&c->asked));) {
		struct dns_cache_entry *e = container_of(k, struct dns_cache_entry, link);

		if (e->query)
			c->dns->cancel(c->dns, e->query);
		forget_waiting(e);
		entry_drop(e);
	}
	for (struct list_link *k; (k = list_first(&c->known));)
		entry_drop(container_of(k, struct dns_cache_entry, link));
	hash_done(&c->table);
	mem_unref(c->loop);
}


int dns_cache_alloc(struct dns_cache **ret, struct loop *loop, struct dns *dns, size_t max)
{
	struct dns_cache *c = mem_alloc(sizeof(*c), cache_destroy);

	if (!c)
		return -ENOMEM;
	counter_register(counters, C_COUNT);
	list_init(&c->asked);
	list_init(&c->known);
	c->loop = mem_ref(loop);
	c->dns = dns;
	c->max = max;
	if (hash_init(&c->table, 64)) {
		mem_unref(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}


static void copy_text(struct str *s, char **room)
{
	if (!s->n)
		return;
	memcpy(*room, s->p, s->n);
	s->p = *room;
	*room += s->n;
}


static struct dns_answer *answer_alloc(int error, const struct dns_record *records, size_t n)
{
	struct dns_answer *a;
	size_t text = 0;
	char *room;

	if (error)
		n = 0;
	if (n > DNS_RECORDS_MAX)
		n = DNS_RECORDS_MAX;
	for (size_t i = 0; i < n; i++)
		text += records[i].target.n + records[i].service.n + records[i].flags.n;
	a = mem_alloc(sizeof(*a) + n * sizeof(a->record[0]) + text, NULL);
	if (!a)
		return NULL;
	a->error = error;
	a->n = n;
	room = (char *)&a->record[n];
	for (size_t i = 0; i < n; i++) {
		a->record[i] = records[i];
		copy_text(&a->record[i].target, &room);
		copy_text(&a->record[i].service, &room);
		copy_text(&a->record[i].flags, &room);
	}
	return a;
}


static uint64_t ttl_of(const struct dns_answer *a)
{
	uint32_t ttl = DNS_TTL_MAX_S;

	if (a->error)
		return a->error == -ENOENT ? DNS_TTL_MISSING_S : DNS_TTL_FAILED_S;
	if (!a->n)
		return DNS_TTL_MISSING_S;
	for (size_t i = 0; i < a->n; i++) {
		if (a->record[i].ttl_s < ttl)
			ttl = a->record[i].ttl_s;
	}
	return ttl < DNS_TTL_MIN_S ? DNS_TTL_MIN_S : ttl;
}


/* Each who waits may ask again at once, cancel others, or drop the cache. */
static void tell_all(struct dns_cache_entry *e, struct dns_answer *a)
{
	for (struct list_link *k; (k = list_first(&e->waiting));) {
		struct dns_wait *w = container_of(k, struct dns_wait, link);

		list_remove(&e->waiting, k);
		w->entry = NULL;
		w->call(w, a, w->arg);
	}
}


static void on_answer(int error, const struct dns_record *records, size_t n, void *arg)
{
	struct dns_cache_entry *e = mem_ref(arg);
	struct dns_cache *c = e->cache;
	struct dns_answer *a = answer_alloc(error, records, n);

	e->query = NULL;
	if (error && error != -ENOENT)
		counter_add(&counters[C_FAILED], 1);
	if (a) {
		e->answer = mem_ref(a);
		e->expires_ms = loop_now_ms(c->loop) + ttl_of(a) * 1000;
		list_remove(&c->asked, &e->link);
		list_append(&c->known, &e->link);
	} else {
		entry_drop(e);
	}
	tell_all(e, a);
	mem_unref(a);
	mem_unref(e);
}


static struct dns_cache_entry *find(struct dns_cache *c, struct str name, enum dns_type type,
				    uint64_t key)
{
	for (struct hash_link *l = hash_first(&c->table, key); l; l = hash_next(l)) {
		struct dns_cache_entry *e = container_of(l, struct dns_cache_entry, hash);

		if (e->type == type && str_eq_nocase((struct str){e->name, e->name_n}, name))
			return e;
	}
	return NULL;
}


static bool make_room(struct dns_cache *c)
{
	if (c->table.count < c->max)
		return true;
	if (list_empty(&c->known))
		return false;
	entry_drop(container_of(list_first(&c->known), struct dns_cache_entry, link));
	return true;
}


static struct dns_cache_entry *entry_ask(struct dns_cache *c, struct str name, enum dns_type type,
					 uint64_t key)
{
	struct dns_cache_entry *e = mem_alloc(sizeof(*e) + name.n, entry_destroy);

	if (!e)
		return NULL;
	list_init(&e->waiting);
	e->type = type;
	e->name_n = name.n;
	memcpy(e->name, name.p, name.n);
	e->query = c->dns->ask(c->dns, name, type, on_answer, e);
	if (!e->query)
		return mem_unref(e);
	e->cache = c;
	hash_insert(&c->table, &e->hash, key);
	list_append(&c->asked, &e->link);
	counter_add(&counters[C_ASKED], 1);
	return e;
}


int dns_cache_ask(struct dns_cache *c, struct dns_wait *w, struct str name, enum dns_type type,
		  struct dns_answer **now, dns_wait_cb *call, void *arg)
{
	uint64_t key = key_of(c, name, type);
	struct dns_cache_entry *e = find(c, name, type, key);

	if (e && e->answer && loop_now_ms(c->loop) >= e->expires_ms) {
		entry_drop(e);
		e = NULL;
	}
	if (e && e->answer) {
		counter_add(&counters[C_CACHED], 1);
		*now = mem_ref(e->answer);
		return 1;
	}
	if (!e) {
		if (!make_room(c)) {
			counter_add(&counters[C_REFUSED], 1);
			return -ENOBUFS;
		}
		e = entry_ask(c, name, type, key);
		if (!e)
			return -ENOMEM;
	}
	w->entry = e;
	w->call = call;
	w->arg = arg;
	list_append(&e->waiting, &w->link);
	return 0;
}


void dns_wait_cancel(struct dns_wait *w)
{
	if (!w->entry)
		return;
	list_remove(&w->entry->waiting, &w->link);
	w->entry = NULL;
}
