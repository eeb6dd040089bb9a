/* SPDX-License-Identifier: Apache-2.0 */
/* The hops to avoid, by transport and address. */
#include "sip/hop_avoid.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "sip/addr_hash.h"

enum { C_AVOIDED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_AVOIDED] = COUNTER("sip.resolver.avoided", "next hops noted as failing"),
};

struct avoided {
	struct hash_link hash;
	struct list_link link;
	enum sip_transport_kind kind;
	struct addr addr;
	uint64_t until_ms;
};


int hop_avoid_init(struct hop_avoid *a, struct loop *loop)
{
	counter_register(counters, C_COUNT);
	list_init(&a->noted);
	a->loop = loop;
	return hash_init(&a->table, 16);
}


static void drop(struct hop_avoid *a, struct avoided *v)
{
	hash_remove(&a->table, &v->hash);
	list_remove(&a->noted, &v->link);
	mem_unref(v);
}


void hop_avoid_done(struct hop_avoid *a)
{
	for (struct list_link *k; (k = list_first(&a->noted));)
		drop(a, container_of(k, struct avoided, link));
	hash_done(&a->table);
}


static struct avoided *find(struct hop_avoid *a, enum sip_transport_kind kind,
			    const struct addr *addr)
{
	for (struct hash_link *l = hash_first(&a->table, addr_hash(&a->table.key, kind, addr)); l;
	     l = hash_next(l)) {
		struct avoided *v = container_of(l, struct avoided, hash);

		if (v->kind == kind && addr_eq(&v->addr, addr))
			return v;
	}
	return NULL;
}


void hop_avoid_add(struct hop_avoid *a, const struct sip_hop *hop, uint32_t ms)
{
	struct avoided *v = find(a, hop->kind, &hop->addr);

	if (v) {
		list_remove(&a->noted, &v->link);
	} else {
		if (a->noted.count >= SIP_AVOID_MAX)
			drop(a, container_of(list_first(&a->noted), struct avoided, link));
		v = mem_alloc(sizeof(*v), NULL);
		if (!v)
			return;
		v->kind = hop->kind;
		v->addr = hop->addr;
		hash_insert(&a->table, &v->hash, addr_hash(&a->table.key, hop->kind, &hop->addr));
	}
	v->until_ms = loop_now_ms(a->loop) + ms;
	list_append(&a->noted, &v->link);
	counter_add(&counters[C_AVOIDED], 1);
}


static bool avoided(struct hop_avoid *a, const struct sip_hop *hop)
{
	struct avoided *v = find(a, hop->kind, &hop->addr);

	if (!v)
		return false;
	if (v->until_ms > loop_now_ms(a->loop))
		return true;
	drop(a, v);
	return false;
}


void hop_avoid_order(struct hop_avoid *a, struct sip_hops *h)
{
	struct sip_hop later[SIP_HOPS_MAX];
	uint8_t good = 0, bad = 0;

	if (list_empty(&a->noted))
		return;
	for (uint8_t i = 0; i < h->n; i++) {
		if (avoided(a, &h->hop[i]))
			later[bad++] = h->hop[i];
		else
			h->hop[good++] = h->hop[i];
	}
	for (uint8_t i = 0; i < bad; i++)
		h->hop[good + i] = later[i];
}
