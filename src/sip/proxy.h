/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The stateful proxy of RFC 3261 16: one request in, one or several out, the best response back.
 *
 * sip_proxy_check does 16.3 and 16.4 (Max-Forwards, loop by RFC 5393, Proxy-Require, Route
 * pre-processing) and tells where the request wants to go. sip_proxy_forward forwards: the received
 * bytes with edits (Via added, own Route dropped, Max-Forwards, Record-Route, Request-URI; received
 * and rport noted in the sender's Via), to one target or to several, those of the same q in
 * parallel, lower q after higher ones have failed. It absorbs 100, passes provisional and 2xx
 * responses at once, waits for all branches otherwise and sends the best (16.7 6), adds up
 * challenges of 401/407, cancels what is still open, starts Timer C on INVITE.
 *
 * Before the best final response leaves, the user may look at it (`final`) and take over: answer
 * with something else, or store the message (202). `done` is called exactly once, at the end.
 */
#ifndef SIP_PROXY_H
#define SIP_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "sip/sip.h"
#include "sip/edit.h"

/** Branches of one request: a user's devices. */
#define SIP_PROXY_BRANCHES_MAX 16
/** RFC 5393 5.3.3: value of Max-Breadth that is added, and the most that is let through. */
#define SIP_MAX_BREADTH 60
/** RFC 3261 16.6 step 3: Max-Forwards of a request that came without. */
#define SIP_MAX_FORWARDS 70

struct sip_proxy;

/** What the request's Route and Request-URI say, after 16.4; views into the request. */
struct sip_route {
	struct str uri; /**< the Request-URI after 16.4: as received, or the last Route (below) */
	bool uri_from_route; /**< a strict router put ours into the Request-URI: the last Route is the real one */
	uint8_t drop;          /**< Route values to drop from the top: 0, 1 or 2 */
	uint64_t loop;         /**< RFC 5393 4.2.1, second part: all that routing depends on */
	bool ours_popped;      /**< the topmost Route was ours and will be dropped */
	struct str our_params; /**< URI parameters of that Route entry ("lr;orig") */
	struct str our_user;   /**< and its user part */
	struct str
		next; /**< URI of the Route to follow next; STR_NULL: none left, the Request-URI decides */
	struct sip_uri next_uri; /**< the same decoded, when there is one */
	bool next_strict;        /**< it has no lr (16.6 step 6) */
	bool uri_ours; /**< the Request-URI is a URI of ours (strict router's doing, or for us) */
	bool second_ours; /**< double Record-Route: the entry below was ours too and is dropped as well */
	uint16_t routes; /**< Route values as received */
};

/**
 * 0, or the status to answer (483, 482, 420, 416, 400) when it may not be forwarded; header lines of
 * that answer (Unsupported) go to `why`. `ret` is filled in any case but 400.
 */
uint16_t sip_proxy_check(struct sip *s, const struct sip_msg *m, struct sip_route *ret,
			 struct buf *why);

struct sip_proxy_target {
	struct str uri; /**< new Request-URI; STR_NULL: keep */
	struct str
		route; /**< Route values to put on top (a Path, RFC 3327), comma list; empty: none */
	uint64_t flow; /**< the connection to use (RFC 5626), its kind by the URI; 0: resolve */
	const struct sip_hop *hop; /**< known next hop, no resolving; NULL: by Route, else by URI */
	uint16_t q;                /**< thousandths */
	void *user;                /**< the caller's: which device this is */
};

struct sip_proxy_handler {
	/**
	 * The best final response, `m` NULL when the proxy makes it itself (408, 500, 487…); for other
	 * methods than INVITE the 408 is not sent (RFC 4320 4.2), so this is where to learn of it.
	 * `target` is the user pointer of its branch. True: the user has answered `st` itself, or takes
	 * a reference and will; nothing is forwarded.
	 */
	bool (*final)(struct sip_proxy *p, struct sip_server_txn *st, uint16_t status,
		      const struct sip_msg *m, void *target, void *arg);
	/** Last call: `status` is what the sender was told (0: nobody could be told). */
	void (*done)(struct sip_proxy *p, uint16_t status, void *arg);
};

struct sip_proxy_params {
	const struct sip_route *route;          /**< of sip_proxy_check */
	const struct sip_proxy_target *targets; /**< copied; none: by Route or Request-URI */
	size_t n;
	bool record_route;
	struct str record_route_user; /**< user part of our Record-Route URI; empty: none */
	/**
	 * Methods other than INVITE: after so long without a final response the branches are given up,
	 * and `final` gets the best so far, or 408, while the sender still waits. 0: 64*T1.
	 */
	uint32_t answer_ms;
	/**
	 * Further edits to each forwarded copy (headers removed for untrusted hops, identity
	 * asserted…). May be NULL. Called for a later branch too, hence until `done`. Texts must live
	 * until the next call.
	 */
	void (*edit)(struct sip_edits *e, const struct sip_proxy_target *target, void *arg);
	const struct sip_proxy_handler *handler; /**< may be NULL: plain proxying */
	void *arg;
};

/**
 * `m` is the transaction's request (as given to `request`, or by sip_server_txn_request), of which
 * `route` holds views. The proxy holds itself until done; *ret (may be NULL) is a borrowed pointer
 * valid until `done`. -errno when nothing was sent: the caller answers.
 */
int sip_proxy_forward(struct sip_proxy **ret, struct sip_server_txn *st, const struct sip_msg *m,
		      const struct sip_proxy_params *p);
/** Within `final`: Retry-After of the best response, also when the proxy makes another of it (503); 0: none. */
uint32_t sip_proxy_retry_after_s(const struct sip_proxy *p);
/** Cancels every branch; the best response so far, or 487, is what the sender gets. */
void sip_proxy_cancel(struct sip_proxy *p);
/** Statelessly: an ACK for a 2xx (16.11 with 16.6 for routing). `hop`: where to, NULL: resolve. */
int sip_proxy_forward_ack(struct sip *s, const struct sip_msg *m, const struct sip_source *src,
			  const struct sip_route *route, const struct sip_hop *hop);

#endif
