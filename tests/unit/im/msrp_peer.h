/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Somebody who speaks MSRP with the engine by hand: what they send is written out, what they hear is text. Nothing here
 * ends the test but what is asked with unit_*.
 */
#ifndef UNIT_IM_MSRP_PEER_H
#define UNIT_IM_MSRP_PEER_H

#include "base/loop.h"
#include "lib/unit.h"
#include "unit/sip/engine.h"

#define MSRP_PEER_HEARD_MAX (256 * 1024)
/** Where the engine listens for MSRP. */
#define MSRP_PEER_ENGINE ENGINE_HOST ":2855"

struct msrp_peer {
	struct engine *e;
	const char *uri; /**< their own, in From-Path */
	struct stream *s;
	struct buf heard;
	size_t answered; /**< of `heard`: requests before it have their answer */
	char path[256];  /**< the engine's, by its description */
};

/** Idle until msrp_peer_connect; `p` lives as long as the test. */
void msrp_peer_init(struct msrp_peer *p, struct engine *e, const char *uri);
/** From `host` to the engine, whose a=path stands in `description`. */
void msrp_peer_connect(struct msrp_peer *p, const char *host, const char *description);
/** INVITE is the last message of `sip`: 200, ACK, their connection. */
void msrp_peer_take(struct msrp_peer *p, struct peer *sip, const char *host);
/** The connection goes. */
void msrp_peer_leave(struct msrp_peer *p);
/** A SEND; `more`: whole header lines. */
void msrp_peer_send(struct msrp_peer *p, const char *tid, const char *id, const char *range,
		    const char *more, const char *type, struct str body, char flag);
/** The empty SEND that binds the connection. */
void msrp_peer_bind(struct msrp_peer *p, const char *tid);
/** Answers all SENDs that have come whole, and those that come for it; how many. */
unsigned msrp_peer_answer(struct msrp_peer *p, unsigned status);
/** They have heard this status to this transaction. */
bool msrp_peer_heard(const struct msrp_peer *p, const char *tid, unsigned status);
bool msrp_peer_has(const struct msrp_peer *p, const char *text);

#endif
