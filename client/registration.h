/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The registration of an account (RFC 3261 10.2, RFC 5626 4.2 with one flow, RFC 3608):
 *
 *   IDLE ---> REGISTERING ---> REGISTERED ---.   refresh in time: still REGISTERED
 *    ^          |  ^  ^   lost connection |   |
 *    |          |  |  '-------------------'   |
 *    |          v  |                          v
 *    |        WAITING <-----------------------'   it failed, the next try comes by itself
 *    |          |
 *    |        REFUSED                             it failed for good
 *    |
 *    '------ LEAVING <--- any of them that may have a binding
 */
#ifndef CLIENT_REGISTRATION_H
#define CLIENT_REGISTRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timer.h"
#include "client/keepalive.h"

struct parley;
struct exchange;

/** RFC 5626 4.5: base-time "with a default of 30 seconds", max-time "a default of 1800 seconds". */
#define REGISTRATION_BASE_MS 30000
#define REGISTRATION_WAIT_MAX_MS 1800000
/** A connection lost so soon after it registered counts as a failure: no racing with who closes it. */
#define REGISTRATION_PROVEN_MS 30000
/** After a lost connection; spread, since a server that restarts loses all of them at once. */
#define REGISTRATION_RECONNECT_MS 2000
/** A shorter registration would be refreshed faster than it is answered; a longer one is a typing error. */
#define REGISTRATION_EXPIRES_MIN_S 10
#define REGISTRATION_EXPIRES_MAX_S (7 * 24 * 3600)
/** While calls end: how often it is looked whether they have. */
#define REGISTRATION_QUIET_MS 20
/** Service-Route of one registration, all values. */
#define REGISTRATION_ROUTE_MAX 2048

struct registration {
	uint8_t state;      /**< enum parley_state */
	struct exchange *x; /**< the REGISTER under way */
	struct timer next;  /**< refresh, or the next try */
	struct timer leave; /**< end of patience with the deregistration */
	struct keepalive keepalive;
	char call_id[33]; /**< the same for all of them (RFC 3261 10.2.4) */
	uint32_t cseq;
	uint32_t asked_s;   /**< raised by a 423 */
	uint32_t expires_s; /**< as granted */
	uint32_t failures;  /**< in a row */
	uint64_t since_ms;  /**< when it last succeeded */
	uint64_t flow;      /**< connection it was made over; 0: none */
	uint8_t rounds;     /**< 423 and 439 answered in this attempt */
	bool bound;         /**< a binding may stand at the server */
	bool answered; /**< LEAVING: the REGISTER was; what else is under way goes on until `leave` */
	bool no_outbound;    /**< the first hop does not know RFC 5626 */
	char *service_route; /**< values, comma separated; NULL: none */
};

void registration_init(struct parley *p);
void registration_done(struct parley *p);
/** A request of ours has ended: leaving may have waited for it. */
void registration_exchange_ended(struct parley *p);
/** A connection closed. */
void registration_flow_closed(struct parley *p, uint64_t flow);

#endif
