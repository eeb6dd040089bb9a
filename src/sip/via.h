/* SPDX-License-Identifier: Apache-2.0 */
/** Via (RFC 3261 20.42, RFC 3581 rport, RFC 5118 IPv6 with and without brackets in received). */
#ifndef SIP_VIA_H
#define SIP_VIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum sip_transport_kind { SIP_UDP, SIP_TCP, SIP_TLS, SIP_TRANSPORT_OTHER };

struct sip_via {
	enum sip_transport_kind transport;
	struct str value;     /**< the whole value, parameters included */
	struct str sent_by;   /**< "host" or "host:port" as written */
	struct str host;      /**< IPv6 without brackets */
	uint16_t port;        /**< 0: not given */
	struct str branch;    /**< STR_NULL: none */
	struct str received;  /**< IPv6 without brackets; STR_NULL: none */
	struct str maddr;     /**< the same */
	bool rport;           /**< the parameter is there */
	uint16_t rport_value; /**< 0: empty */
	uint8_t ttl;          /**< 0: absent */
};

#define SIP_BRANCH_COOKIE "z9hG4bK"

/** One value, as sip_values_next gives it; -EBADMSG. */
int sip_via_decode(struct sip_via *ret, struct str value);
/**
 * The first value of a header line that may hold several; `*used` bytes of it are taken, up to a
 * ',' or the end. -EBADMSG: no sent-by was found. -EPROTO: only the parameters are malformed:
 * `ret` holds what stands before the offence, enough to send a 400 to.
 */
int sip_via_decode_first(struct sip_via *ret, struct str line, size_t *used);
/**
 * The branch begins with the cookie of RFC 3261 and goes on, so it is unique by itself. The bare
 * cookie identifies nothing (RFC 4475 3.2.1) and is matched as in RFC 2543.
 */
bool sip_via_is_3261(const struct sip_via *v);
struct str sip_transport_name(enum sip_transport_kind k);  /**< "UDP" as in Via; "" for OTHER */
struct str sip_transport_param(enum sip_transport_kind k); /**< "udp" as in ;transport= */

#endif
