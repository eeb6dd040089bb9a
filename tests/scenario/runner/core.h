/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The IMS core that the runner plays, so that one scenario holds in both settings (`settings: embedded ims`).
 *
 * In the setting ims the peers are user equipment of a core, and the server is its application server. The
 * core is a peer that no statement names, at 198.51.100.1: peers send to it instead of the server. It does
 * of an S-CSCF (TS 24.229 5.4) what an application server can tell:
 *
 * - REGISTER is answered 200 (who is there is known by address: nobody is challenged), and the server gets
 *   a third-party REGISTER of that user;
 * - an initial request of a user of ours gets P-Asserted-Identity and P-Served-User and goes to the server
 *   with Route: <server;orig>, <core;odi=…>; what comes back along that Route, and what comes from
 *   elsewhere, goes to the server for the user it is to, with <server;term>; what comes back from there
 *   goes to the devices registered, all at once, or is answered 480 when there are none;
 * - what the server sends of its own (invitations, messages to many, what had waited) is led through the
 *   server with <server;term> like what comes from elsewhere, when it is to a user of ours;
 * - what has a To tag follows its Route.
 *
 * It keeps transactions as far as a proxy that forks has to, acknowledges negative answers to INVITE, and
 * repeats nothing by itself: what is sent again goes on again.
 */
#ifndef RUNNER_CORE_H
#define RUNNER_CORE_H

#include "scenario/runner/draft.h"
#include "scenario/runner/play.h"

/** Devices of one user that a request forks to. */
#define SCN_LEGS_MAX 8

struct scn_core;

/** False: reported. */
bool scn_core_open(struct scn_play *p);
/** Where peers send to; false: there is no core in this case. */
bool scn_core_addr(const struct scn_play *p, struct addr *ret);

/** ---- Between its files ---- */

struct scn_core_binding {
	struct scn_core_binding *next;
	struct str aor, contact; /**< contact: URI */
	struct scn_over_hop hop; /**< where it registered from */
	uint64_t until_ms;
};

/** What the Route that was given to the server stands for. */
struct scn_core_case {
	struct scn_core_case *next;
	struct str odi;
	bool originating;
};

/** One way on of a request. */
struct scn_core_leg {
	struct str uri; /**< Request-URI; STR_NULL: as it came */
	struct scn_over_hop hop;
	struct str branch;
	struct str bytes;
	unsigned final;
	bool rang; /**< something has come of it */
};

struct scn_core_txn {
	struct scn_core_txn *next;
	struct str branch, method;
	struct scn_over_hop back;
	const struct scn_msg *m;
	struct scn_core_leg leg[SCN_LEGS_MAX];
	size_t legs;
	struct str best; /**< the answer to be given when all have failed */
	unsigned best_status;
	struct str given; /**< the final answer that was given */
	bool tried;       /**< 100 was given */
	bool silent;      /**< it is the core's own request: nobody waits for the answer */
};

struct scn_core {
	struct scn_play *play;
	struct scn_peer *peer;
	struct scn_core_binding *bindings;
	struct scn_core_case *cases;
	struct scn_core_txn *txns;
	unsigned counter;
};

/** core_route.c: where a request goes. `d` is changed for the way on; the legs are filled in. */
void scn_core_route(struct scn_core *core, const struct scn_arrival *a, struct scn_draft *d,
		    struct scn_core_txn *t);
/** Answers by itself. */
void scn_core_answer(struct scn_core *core, struct scn_core_txn *t, unsigned status,
		     const char *reason, const struct scn_header *extra);
void scn_core_send_own(struct scn_core *core, struct scn_draft *d, const struct scn_over_hop *hop);
/** To the server: over a connection when it is too large for a datagram. False: it does not listen. */
bool scn_core_to_server(const struct scn_core *core, const struct scn_msg *m,
			struct scn_over_hop *ret);
void scn_core_draft(struct scn_core *core, const struct scn_msg *m, struct scn_draft *d);

#endif
