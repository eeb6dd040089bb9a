/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Hops that have fallen silent: nothing at all has come from them for a while, though many requests wait there for an
 * answer. What is repeated to such a hop costs it and us more than it can bring: each request is
 * still sent once, is not repeated (RFC 3261 17.1.2.2 has Timer E as a SHOULD), and times out when it would. The first
 * response of the hop, to whichever request, ends the silence, and the requests that wait are repeated at their
 * next turn, at most T2 later.
 *
 * A hop is looked at only once requests to it have had to be repeated: where all is well nothing is noted, and nothing
 * is looked up.
 */
#ifndef SIP_SILENT_HOP_H
#define SIP_SILENT_HOP_H

#include "base/hash.h"
#include "base/list.h"
#include "sip/resolver.h"

/** Requests repeated for the first time since anything was heard: one device alone never has as many. */
#define SIP_SILENT_REQUESTS 100
/** For so long: as T2, by which a hop that is merely slow has answered something. */
#define SIP_SILENT_MS 4000
/** Hops watched at once; the one whose last request is longest ago leaves. */
#define SIP_SILENT_HOPS_MAX 4096

struct silent_hops {
	struct hash_table table;
	struct list watched; /**< the one asked longest ago first */
};

/** -ENOMEM. */
int silent_hops_init(struct silent_hops *s);
void silent_hops_done(struct silent_hops *s);
/**
 * A request to the hop is due to be repeated, for the `first` time or again. True: not to be sent, the hop is silent.
 * Without memory it is not watched.
 */
bool silent_hops_repeat(struct silent_hops *s, const struct sip_hop *hop, bool first,
			uint64_t now_ms);
/** Something came from it. */
void silent_hops_heard(struct silent_hops *s, const struct sip_hop *hop);

#endif
