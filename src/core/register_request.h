/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the registrar: what a REGISTER asks for, and what that means for the bindings there are
 * (RFC 3261 10.3 steps 6 and 7, RFC 3327 5.3, RFC 5626 6). No answering and no waiting here.
 */
#ifndef CORE_REGISTER_REQUEST_H
#define CORE_REGISTER_REQUEST_H

#include "core/core.h"
#include "sip/msg.h"
#include "sip/uri.h"

struct register_contact {
	struct sip_uri uri;
	struct str params;   /**< as received, line ends perhaps in it */
	struct str instance; /**< empty: none */
	uint32_t expires_s;
	uint32_t reg_id; /**< 0: none, or not to be looked at */
	uint16_t q;
};

struct register_request {
	bool star; /**< Contact: * with Expires: 0 */
	size_t n;
	struct register_contact contact[REGISTRATION_DEVICES_MAX];
	bool direct; /**< it came here without a proxy between: one Via, no Path */
	bool supports_outbound;
	bool outbound; /**< a reg-id counts: RFC 5626 applies */
};

/** 0, or the status to answer with (400, 403, 420, 439) and header lines for it. Views into `m`. */
uint16_t register_request_decode(struct register_request *ret, const struct sip_msg *m,
				 const struct core_params *p, struct buf *headers);
/**
 * In `prepare` of an update: changes the bindings `now` as the request asks. 0, or the status to
 * answer with (423, 403, 500, 503) and header lines for it.
 */
uint16_t register_request_apply(const struct register_request *r, const struct sip_msg *m,
				const struct sip_source *src, const struct core_params *p,
				int64_t now_ms, struct registration_update *u,
				const struct registration *now, struct buf *headers);
/** Appends a Warning line with this text. */
void register_warn(struct buf *headers, const struct core_params *p, const char *text);

#endif
