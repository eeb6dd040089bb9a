/* SPDX-License-Identifier: Apache-2.0 */
/** Hops that failed a while ago: tried after the others (RFC 3263 4.3). */
#ifndef SIP_HOP_AVOID_H
#define SIP_HOP_AVOID_H

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "sip/resolver.h"

struct hop_avoid {
	struct loop *loop;
	struct hash_table table;
	struct list noted; /**< the oldest first */
};

/** -ENOMEM. The loop is borrowed. */
int hop_avoid_init(struct hop_avoid *a, struct loop *loop);
void hop_avoid_done(struct hop_avoid *a);
/** Without memory it is not noted. */
void hop_avoid_add(struct hop_avoid *a, const struct sip_hop *hop, uint32_t ms);
/** Moves those avoided behind the others; the order is kept otherwise. */
void hop_avoid_order(struct hop_avoid *a, struct sip_hops *h);

#endif
