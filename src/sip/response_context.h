/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the proxy: the response context of RFC 3261 16 (its branches and what became of them), and
 * the choice of the best response (16.7 step 6) and what is added to it (step 7).
 */
#ifndef SIP_RESPONSE_CONTEXT_H
#define SIP_RESPONSE_CONTEXT_H

#include "base/sm.h"
#include "base/timer.h"
#include "sip/forward.h"
#include "sip/proxy.h"

/**
 * One branch:
 *
 *   WAITING ---> RESOLVING ---> TRYING ---> DONE: `status` is set
 *      |  '----------------------^  ^         ^
 *      '------------ cancelled -----|---------'
 */
enum branch_state { BRANCH_WAITING, BRANCH_RESOLVING, BRANCH_TRYING, BRANCH_DONE };
extern const struct sm_table branch_machine;

struct branch {
	struct sip_proxy *proxy;
	struct sip_client_txn *ct;
	struct sip_lookup lookup;
	struct timer timer_c;
	struct sip_proxy_target target;
	uint8_t state;
	bool rang;        /**< a provisional response came (16.8) */
	uint16_t breadth; /**< Max-Breadth lent to it */
	uint16_t status;  /**< final; made up by us when `kept` is empty */
	struct str kept;  /**< its final response, copied while others are waited for */
};

struct sip_proxy {
	struct sip *sip;
	struct sip_server_txn *st;
	struct sip_route route;
	bool record_route;
	struct str record_route_user;
	void (*edit)(struct sip_edits *e, const struct sip_proxy_target *target, void *arg);
	const struct sip_proxy_handler *handler;
	void *arg;
	struct timer answer;
	uint32_t retry_after_s; /**< of the response that was chosen; 0: none */
	uint16_t breadth;       /**< incoming Max-Breadth not lent out */
	uint8_t n;
	bool invite, cancelled, declined, answered, done;
	struct branch *branch; /**< by falling q; behind the struct */
};

/** The branch whose final response is best; NULL when none has any. */
struct branch *context_best(struct sip_proxy *p);
/** Branches that may still answer. */
unsigned context_active(const struct sip_proxy *p);
/** The challenges of all 401 and 407 but `best`'s own, as header lines. */
void context_challenges(const struct sip_proxy *p, const struct branch *best, struct buf *lines);

/* proxy_response.c */
extern const struct sip_client_handler proxy_client_handler;
/** A branch has ended with `status`; `m` its response, or NULL. What follows from it is done. */
void proxy_branch_ended(struct branch *br, uint16_t status, const struct sip_msg *m);
/** Chooses and answers, when nothing is waited for any more. */
void proxy_conclude(struct sip_proxy *p);
void proxy_timer_c_start(struct branch *br);

/* proxy.c */
/** Starts what may be started now; the number of branches that were. `error`: of the last that could not. */
unsigned proxy_start_branches(struct sip_proxy *p, int *error);
/** Drops the branch's transaction, look-up and timer. */
void proxy_branch_release(struct branch *br);
/** Tells the user, once. */
void proxy_done(struct sip_proxy *p, uint16_t status);
/** No more is expected: the proxy lets go of itself. */
void proxy_release(struct sip_proxy *p);

#endif
