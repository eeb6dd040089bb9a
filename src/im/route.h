/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where a request goes next: the one thing, with where it came from, that differs between the two
 * settings. The embedded core knows every device of its users and hands a request over from the
 * originating to the terminating function inside the process; in front of an IMS core the request
 * goes back to where its Route set says (3GPP TS 24.229 5.7.3), and the core finds the device.
 *
 * Implemented in server/ (setting_embedded.c, setting_ims.c), used by the functions of the service.
 */
#ifndef IM_ROUTE_H
#define IM_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "im/request.h"
#include "sip/proxy.h"

/** The targets of one request, with room for what they point into. */
struct im_targets {
	struct sip_proxy_target target[SIP_PROXY_BRANCHES_MAX];
	size_t n;
	struct sip_hop hop[SIP_PROXY_BRANCHES_MAX];
};

/** Why there is no target; NULL-ended answers of the gates depend on it. */
enum im_reach {
	IM_REACH_OK,           /**< targets are filled, or the Route set leads on (n == 0) */
	IM_REACH_UNREGISTERED, /**< the user is not registered */
	IM_REACH_INCAPABLE,    /**< registered, but no device takes this kind of request */
};

struct im_setting {
	/** A request for a served user passes from the originating to the terminating function in this process. */
	bool terminates_here;
	/** The devices (or the core) a request for r->recipient goes to. Valid until the next call. */
	enum im_reach (*reach)(const struct im_request *r, struct im_targets *ret, void *arg);
	/** Where a request leaves this domain, or goes back to the core: usually nothing to add (n = 0). */
	void (*onward)(const struct im_request *r, struct im_targets *ret, void *arg);
	void *arg;
};

#endif
