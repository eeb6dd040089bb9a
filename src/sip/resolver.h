/* SPDX-License-Identifier: Apache-2.0 */
/**
 * From a SIP URI to the addresses to try, in order: RFC 3263, with RFC 2782 weights.
 *
 * A numeric host needs no DNS and is answered at once. Otherwise NAPTR chooses the transport, SRV
 * the host and port, A and AAAA the address; the caller tries the hops in order and goes on at a
 * timeout, a transport failure or a 503 (4.3). A hop that failed is reported and avoided for
 * SIP_HOP_AVOID_MS, unless no other is left. Answers are cached for their TTL, within bounds.
 *
 * Of the transports only those are chosen that sip_transports_has. A transport that this program does
 * not speak, or sips over UDP, is -EPROTONOSUPPORT; a name too long, or not a SIP URI, -EINVAL.
 *
 * hop.host, which a TLS certificate must bear, is the name in the URI, not what DNS made of it
 * (RFC 5922 4: what DNS says is not to be trusted for identity).
 *
 * The questions go through a port, struct dns (sip/dns.h): c-ares in the server, a zone written in
 * the scenario in tests.
 */
#ifndef SIP_RESOLVER_H
#define SIP_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "sip/dns.h"
#include "sip/host.h"
#include "sip/transport.h"
#include "sip/uri.h"

/** Hops kept of one answer; more are cut (a hostile zone must not make us try forever). */
#define SIP_HOPS_MAX 8
#define SIP_HOP_AVOID_MS 32000
/** Longer is no server's own word to us: a Retry-After may be anything (RFC 3261 20.33). */
#define SIP_HOP_AVOID_MAX_S 3600
#define SIP_RESOLVER_CACHE_MAX 4096
/** Failed hops remembered; beyond, the one noted first is forgotten. */
#define SIP_AVOID_MAX 1024

struct sip_resolver;

struct sip_hops {
	uint8_t n;
	struct sip_hop hop[SIP_HOPS_MAX]; /**< hop.host points into `host` */
	char host[SIP_HOST_MAX + 1];
};

struct sip_lookup;
/** `error` 0 or -ENOENT (no such host), -ETIMEDOUT, -ENOMEM… `hops` valid until return. */
typedef void(sip_lookup_cb)(struct sip_lookup *q, int error, const struct sip_hops *hops,
			    void *arg);

/** Embedded by the caller; zeroed before first use. */
struct sip_lookup {
	struct list_link link;
	struct sip_resolver *resolver;
	sip_lookup_cb *done;
	void *arg;
	void *impl;
};

/** Counted; `t` and `dns` are borrowed. Lookups still open at the end are dropped without a call. */
int sip_resolver_alloc(struct sip_resolver **ret, struct loop *loop, struct sip_transports *t,
		       struct dns *dns);

/**
 * 1: answered at once, `now` is filled and `done` will not be called.
 * 0: `done` will be called, unless cancelled.  -errno: failed at once.
 * `kind` forces a transport (the 18.1.1 size rule: SIP_TCP), or SIP_TRANSPORT_OTHER to choose.
 */
int sip_resolve(struct sip_resolver *r, struct sip_lookup *q, const struct sip_uri *uri,
		enum sip_transport_kind kind, struct sip_hops *now, sip_lookup_cb *done, void *arg);
/** The same for a host and port that are no SIP server's: its A and AAAA records alone. -EINVAL: it is no name. */
int sip_resolve_host(struct sip_resolver *r, struct sip_lookup *q, struct str host, uint16_t port,
		     struct sip_hops *now, sip_lookup_cb *done, void *arg);
/**
 * RFC 5626 5.3: over the connection that the device registered on. Its kind is what the URI says; NULL: there is none
 * that could be read.
 */
void sip_hop_of_flow(struct sip_hop *ret, uint64_t flow, const struct sip_uri *uri);
/** After it `done` will not be called; a lookup that is not open is ignored. */
void sip_lookup_cancel(struct sip_lookup *q);
/** A hop did not answer (or said 503 with Retry-After: `avoid_ms`). 0: SIP_HOP_AVOID_MS. */
void sip_resolver_avoid(struct sip_resolver *r, const struct sip_hop *hop, uint32_t avoid_ms);

#endif
