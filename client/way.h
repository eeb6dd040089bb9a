/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The way of every request: where the account's server is (RFC 3263), what stands in Route.
 */
#ifndef CLIENT_WAY_H
#define CLIENT_WAY_H

#include "client/account.h"
#include "sip/resolver.h"

/** As sip_resolve, of the account's server. */
int way_find(struct parley *p, struct sip_lookup *q, struct sip_hops *now, sip_lookup_cb *done,
	     void *arg);
/** A copy with the names that certificates must bear. -ENOENT: none is in it. */
int way_take(const struct parley *p, struct sip_hops *ret, const struct sip_hops *from);
/** Route values of an initial request, a comma list; nothing: none. */
void way_put_route(const struct parley *p, struct buf *b);
/** A 401 or 407 whose nonce was only stale. */
bool way_is_stale(const struct sip_msg *m);

#endif
