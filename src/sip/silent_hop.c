/* SPDX-License-Identifier: Apache-2.0 */
/* Hops that have fallen silent, by transport and address. */
#include "sip/silent_hop.h"

#include "base/counter.h"
#include "base/mem.h"
#include "sip/addr_hash.h"

enum { C_SILENT, C_SPARED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_SILENT] = COUNTER("sip.hop.silent", "next hops found silent"),
	[C_SPARED] = COUNTER("sip.hop.spared", "repetitions not sent to silent hops"),
};

struct watched {
	struct hash_link hash;
	struct list_link link;
	enum sip_transport_kind kind;
	struct addr addr;
	uint32_t requests;
	uint64_t since_ms;
	bool silent;
};


int silent_hops_init(struct silent_hops *s)
{
	counter_register(counters, C_COUNT);
	list_init(&s->watched);
	return hash_init(&s->table, 16);
}


static void drop(struct silent_hops *s, struct watched *w)
{
	hash_remove(&s->table, &w->hash);
	list_remove(&s->watched, &w->link);
	mem_unref(w);
}


void silent_hops_done(struct silent_hops *s)
{
	for (struct list_link *l; (l = list_first(&s->watched));)
		drop(s, container_of(l, struct watched, link));
	hash_done(&s->table);
}


static struct watched *find(struct silent_hops *s, const struct sip_hop *hop)
{
	for (struct hash_link *l =
		     hash_first(&s->table, addr_hash(&s->table.key, hop->kind, &hop->addr));
	     l; l = hash_next(l)) {
		struct watched *w = container_of(l, struct watched, hash);

		if (w->kind == hop->kind && addr_eq(&w->addr, &hop->addr))
			return w;
	}
	return NULL;
}


static struct watched *watch(struct silent_hops *s, const struct sip_hop *hop, uint64_t now_ms)
{
	struct watched *w;

	if (s->watched.count >= SIP_SILENT_HOPS_MAX)
		drop(s, container_of(list_first(&s->watched), struct watched, link));
	w = mem_alloc(sizeof(*w), NULL);
	if (!w)
		return NULL;
	w->kind = hop->kind;
	w->addr = hop->addr;
	w->since_ms = now_ms;
	hash_insert(&s->table, &w->hash, addr_hash(&s->table.key, hop->kind, &hop->addr));
	list_append(&s->watched, &w->link);
	return w;
}


static void judge(struct watched *w, uint64_t now_ms)
{
	if (w->silent || w->requests < SIP_SILENT_REQUESTS || now_ms - w->since_ms < SIP_SILENT_MS)
		return;
	w->silent = true;
	counter_add(&counters[C_SILENT], 1);
}


bool silent_hops_repeat(struct silent_hops *s, const struct sip_hop *hop, bool first,
			uint64_t now_ms)
{
	struct watched *w = find(s, hop);

	if (!w && first)
		w = watch(s, hop, now_ms);
	if (!w)
		return false;
	if (first) {
		w->requests++;
		list_remove(&s->watched, &w->link);
		list_append(&s->watched, &w->link);
	}
	judge(w, now_ms);
	if (w->silent)
		counter_add(&counters[C_SPARED], 1);
	return w->silent;
}


void silent_hops_heard(struct silent_hops *s, const struct sip_hop *hop)
{
	if (list_empty(&s->watched))
		return;
	struct watched *w = find(s, hop);
	if (w)
		drop(s, w);
}
