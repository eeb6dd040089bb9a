/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of msrp/ see of the endpoint.
 */
#ifndef MSRP_ENDPOINT_STATE_H
#define MSRP_ENDPOINT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/slab.h"
#include "msrp/deadline.h"
#include "msrp/endpoint.h"

struct msrp_connection;

struct msrp_listener {
	struct msrp_endpoint *ep;
	struct stream_listener *stream;
	bool secure;
	bool host_v6;
	char *host;
	uint16_t port;
};

/** How many connections come from, or lead to, an address. */
struct msrp_host_count {
	struct hash_link hash;
	struct addr addr;
	size_t n;
};

struct msrp_endpoint {
	struct loop *loop;
	struct slab *slab; /**< transactions, answers, chunks that cross */
	struct msrp_limits limits;
	struct hash_table sessions;     /**< by session-id */
	struct hash_table transactions; /**< by the number that is their tid */
	struct hash_table peers;        /**< connections that we opened, by where they lead */
	struct hash_table hosts;
	struct msrp_listener listeners[MSRP_LISTENERS_MAX];
	unsigned listeners_n;
	struct tls_config *tls;
	size_t connections; /**< all of them */
	/** Each connection is in one of the four, which has its reference. */
	struct deadline_queue opening, unbound;
	struct list bound, closing;
	struct deadline_queue unanswered; /**< transactions */
	bool shut;
};

/** -ENOBUFS beyond a ceiling. */
int msrp_host_take(struct msrp_endpoint *ep, const struct addr *a, struct msrp_host_count **ret);
void msrp_host_drop(struct msrp_endpoint *ep, struct msrp_host_count *h);
/** One of our listeners is there. */
bool msrp_endpoint_is_own(const struct msrp_endpoint *ep, const struct addr *a);
/** Where a connection may be opened from: the host of the first listener of that family. */
bool msrp_endpoint_source(const struct msrp_endpoint *ep, const struct addr *peer,
			  struct addr *ret);
uint64_t msrp_addr_hash(const struct hash_key *key, const struct addr *a, bool with_port,
			bool secure);

#endif
