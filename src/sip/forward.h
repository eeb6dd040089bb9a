/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the proxy: the edits that make a forwarded request of a received one (RFC 3261 16.6), all but
 * the Via, which the client transaction adds.
 */
#ifndef SIP_FORWARD_H
#define SIP_FORWARD_H

#include "sip/proxy.h"

struct forward {
	const struct sip_route *route;
	struct str uri;               /**< new Request-URI; STR_NULL: route->uri */
	struct str path;              /**< Route values to put on top; empty: none */
	uint16_t breadth;             /**< Max-Breadth of this copy */
	const struct sip_source *src; /**< where it came from, and */
	const struct sip_hop *hop;    /**< where it goes: what Record-Route shows to either side */
	bool record_route;
	struct str record_route_user;
};

/** What the inserted texts are written into; they live as long as it does. */
struct forward_texts {
	char numbers[128];
	char record_route[1200];
	struct buf route;
	struct buf fixed;  /**< over record_route */
	struct buf digits; /**< over numbers */
};

/** -ENOBUFS, -EBADMSG. `e` is initialised with the message. forward_texts_done in any case. */
int forward_edits(struct sip_edits *e, struct forward_texts *t, struct sip *s,
		  const struct forward *f);
void forward_texts_done(struct forward_texts *t);

/** The URI that decides the next hop (16.6 step 7), of the topmost Route or the Request-URI. -EBADMSG. */
int forward_next(struct sip_uri *ret, const struct forward *f);

#endif
