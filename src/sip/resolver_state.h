/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the resolver: what resolver.c and resolver_lookup.c know of each other. */
#ifndef SIP_RESOLVER_STATE_H
#define SIP_RESOLVER_STATE_H

#include "base/list.h"
#include "sip/hop_avoid.h"
#include "sip/resolver.h"

struct dns_cache;

#define RESOLVER_KIND(kind) (1u << (kind))
/** How many kinds of transport there are. */
#define RESOLVER_KINDS 3

struct sip_resolver {
	struct loop *loop;
	struct sip_transports *transports;
	struct dns_cache *cache;
	struct hop_avoid avoid;
	struct list lookups;
};

/** Bits of enum sip_transport_kind: which may be chosen, and which where DNS says nothing of it. */
struct resolver_choice {
	unsigned kinds, defaults;
	bool naptr; /**< nothing but DNS chooses among them */
};

/** In the order of preference where nothing else decides. */
extern const enum sip_transport_kind resolver_kinds[RESOLVER_KINDS];


static inline uint16_t resolver_default_port(enum sip_transport_kind kind)
{
	return kind == SIP_TLS ? 5061 : 5060;
}


/** The name that all hops are for; then each. */
void resolver_put_host(struct sip_hops *h, struct str host);
void resolver_put_hop(struct sip_hops *h, enum sip_transport_kind kind, const struct addr *a,
		      size_t host_n);

/* ---- resolver_lookup.c: a name, by DNS ---- */
void resolver_lookup_counters_register(void);
/** As sip_resolve. */
int resolver_lookup_start(struct sip_resolver *r, struct sip_lookup *q, struct str host,
			  const struct resolver_choice *choice, uint16_t port,
			  struct sip_hops *now);
/** One that is under way ends without `done`. */
void resolver_lookup_end(struct sip_lookup *q);

#endif
