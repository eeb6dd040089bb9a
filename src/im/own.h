/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Requests of the service's own toward a user: the invitations of the focus, one message to many, what is sent
 * on to an absent member. They pass the terminating function of their recipient (its gates, barring, access
 * rules, history, deferral) as a request from another domain does.
 *
 * In the embedded setting that function is this very process: they travel by SIP to a listener of ours, with a
 * Route that only this process knows:
 *
 *     Route: <sip:own-TOKEN@192.0.2.1:5060;lr>
 *
 * The dispatcher (server/dispatch.c) knows it again and takes the originator from P-Asserted-Identity
 * (im_own_admit). Nobody is shown the token: it stands in Route alone, which is consumed before anything is
 * forwarded. In front of an IMS core they go to the core, as the setting sends everything (im/route.h), and
 * come back from it when it thinks so. Recipients elsewhere are found by RFC 3263.
 *
 *     struct sip_proxy_target t;
 *
 *     im_own_target(own, recipient, &t);
 *     im_send_start(…, {.target = &t, .headers = … "P-Asserted-Identity: <…>\r\n" …})
 * or  sip_invite_send(…, {.dialog = {.target = t.uri, .route = t.route, .hop = t.hop}, …})
 *
 * The request must carry P-Asserted-Identity: who is answerable for it (the group, the factory, or the user whose
 * message is sent on).
 *
 * What is for the controlling function itself may travel the same way: an INVITE of ours on behalf of a user
 * whose session is anchored here reaches the focus so (recipient: the group's identity).
 */
#ifndef IM_OWN_H
#define IM_OWN_H

#include "im/request.h"
#include "im/route.h"

struct im_own;

struct im_own_params {
	struct sip *sip;                  /**< borrowed */
	const struct im_setting *setting; /**< borrowed */
	struct im_addresses addresses;    /**< borrowed */
};

/** Counted. */
int im_own_alloc(struct im_own **ret, const struct im_own_params *p);
/**
 * A listener of this server is open: the best of them (TCP, then UDP, then TLS) is the one that own requests go to.
 * An any-address is reached by loopback.
 */
void im_own_listens(struct im_own *o, enum sip_transport_kind kind, const struct addr *local);

/**
 * Where an own request to this URI goes: Request-URI, Route, next hop. `ret` points into `recipient` and into `o`,
 * and is valid as long as both. -EHOSTUNREACH: there is no listener yet.
 */
int im_own_target(const struct im_own *o, struct str recipient, struct sip_proxy_target *ret);

/** The hop to our own listener: for the requests of a dialog that began with an own one. NULL: there is none. */
const struct sip_hop *im_own_hop(const struct im_own *o);
/** The Route that was taken off it proves that this process has sent the request. */
bool im_own_is(const struct im_own *o, const struct sip_route *route);
/**
 * For the dispatcher, of such a request, classified: trusted, and its originator is who P-Asserted-Identity
 * names. Its side is terminating.
 */
void im_own_admit(const struct im_own *o, struct im_request *r);

#endif
