/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A request of the service's own to one device of a user, or to the core in front of it: outside any
 * dialog, outside any received request. The target is one of registrations_targets or of a setting's
 * `onward`; the next hop is known, or found by its route or URI (RFC 3263).
 */
#ifndef IM_SEND_H
#define IM_SEND_H

#include "base/buf.h"
#include "base/mem.h"
#include "sip/proxy.h"
#include "sip/sip.h"

/** Headers and body of one such request. */
#define IM_SEND_MAX (512u << 10)

struct im_send;
/** The final response, `m` valid until return; or `m` NULL and `status` 408 or 503: none will come. */
typedef void(im_sent_cb)(struct im_send *s, uint16_t status, const struct sip_msg *m, void *arg);

/** Embedded; zeroed or finished, it is idle. */
struct im_send {
	struct sip *sip; /**< private, as all of it */
	struct sip_client_txn *ct;
	struct sip_lookup lookup;
	enum sip_method method;
	struct buf bytes; /**< request line and all that follows the Via, until it is sent */
	size_t head_n;
	im_sent_cb *done;
	void *arg;
};

struct im_send_params {
	struct sip *sip;
	enum sip_method method;
	const struct sip_proxy_target *target; /**< copied as far as it is needed */
	struct str uri;                        /**< Request-URI when the target names none */
	struct str
		headers; /**< whole lines: From, To, Call-ID, CSeq and others, but no Via, Route, Max-Forwards */
	struct str type; /**< of the body; empty: none */
	struct str body;
};

/** `done` comes once, never before the return. -errno: it will not. */
int im_send_start(struct im_send *s, const struct im_send_params *p, im_sent_cb *done, void *arg);
/** No callback follows; what was sent was sent. */
void im_send_cancel(struct im_send *s);

#endif
