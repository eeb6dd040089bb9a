/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The registrar: RFC 3261 10.3, with Path (RFC 3327), Service-Route (RFC 3608) and outbound
 * (RFC 5626). GRUUs (RFC 5627) are not offered.
 *
 * In order, for a REGISTER: is its domain ours (404: it is no proxy's business here); Require; who
 * sends (core/authentication.h); To must be that user (403); then, when it is its turn among the
 * requests of this user, each Contact: expiry (423 with Min-Expires), Call-ID and CSeq against the
 * binding it means (by URI, or by instance and reg-id), ceilings. All or nothing. 200 with every
 * binding leaves when the change is on disk; when it cannot be, 503 with Retry-After and nothing
 * has changed.
 */
#ifndef CORE_REGISTRAR_H
#define CORE_REGISTRAR_H

#include "core/core.h"
#include "sip/msg.h"
#include "sip/sip.h"

/** Flow-Timer of RFC 5626 10: how often a client of a direct flow should send a keep-alive. */
#define REGISTRAR_FLOW_TIMER_S 120
/** Retry-After when the store or a ceiling stands in the way. */
#define REGISTRAR_RETRY_AFTER_S 10

/** Takes a REGISTER whose Request-URI is for us, and answers it. */
void core_register(struct core *c, struct sip_server_txn *st, const struct sip_msg *m,
		   const struct sip_source *src);

#endif
