/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The MSRP endpoint: what all sessions of the process share.
 *
 * It owns the listeners (tcp:, tls:), finds the session a request is for by the session-id of its
 * To-Path (whatever an ALG did to host and port: digest c13), keeps the connections so that sessions
 * with the same peer share one (RFC 4975 5.4), times the transactions (30 s, RFC 4975 7.1.1), and
 * holds the ceilings. Sessions (msrp/session.h) hold a reference to it; it does not hold them.
 *
 * Nothing in msrp/ calls back before the function it was called by returns, but for what stands at
 * the function. Every callback comes from the loop: a read, a timer, the end of the turn.
 */
#ifndef MSRP_ENDPOINT_H
#define MSRP_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "base/str.h"

/** A request without an answer fails with 408 so long after its last byte left us: RFC 4975 7.1.1. */
#define MSRP_TRANSACTION_MS 30000
/** A connection that nothing is bound to: the SEND that binds comes at once (RFC 4975 5.4). */
#define MSRP_UNBOUND_MS 10000
/** A connection being opened: as SIP's, well within a caller's patience. */
#define MSRP_CONNECT_MS 10000
/** Requests for unknown sessions on a connection before it is closed: nobody guesses ids here. */
#define MSRP_STRANGERS_MAX 4

/** Default ceilings; the configuration may set others. */
#define MSRP_SESSIONS_MAX 100000
#define MSRP_CONNECTIONS_MAX 100000
/** From one address: a relay or a NAT has many people behind it. */
#define MSRP_CONNECTIONS_PER_HOST_MAX 10000
/** Listeners of an endpoint. */
#define MSRP_LISTENERS_MAX 8

struct msrp_endpoint;

struct msrp_limits {
	size_t sessions;
	size_t connections;
	size_t connections_per_host;
	size_t unbound; /**< accepted connections without a session, all peers together */
};

/** Counted. `limits` may be NULL, and 0 in it is the default. -ENOMEM. */
int msrp_endpoint_alloc(struct msrp_endpoint **ret, struct loop *loop,
			const struct msrp_limits *limits);
void msrp_endpoint_set_limits(struct msrp_endpoint *ep, const struct msrp_limits *limits);

struct msrp_listen_params {
	struct addr local;      /**< bound to; port 0: any */
	struct tls_config *tls; /**< NULL: tcp, URIs with msrp:; otherwise msrps: */
	struct str host;        /**< written into our URIs; empty: the address bound to */
	uint16_t port;          /**< likewise; 0: the port bound to */
	bool outgoing_only; /**< nobody can connect (TLS without a certificate): our URIs name port 9 */
};

/** -errno of the system; -EINVAL: bound to the any-address and no host; -ENOBUFS. */
int msrp_endpoint_listen(struct msrp_endpoint *ep, const struct msrp_listen_params *p);
/** What outgoing TLS connections use; NULL: msrps: peers cannot be connected to (-ENOTSUP). */
void msrp_endpoint_set_tls(struct msrp_endpoint *ep, struct tls_config *tls);

/** What our URIs, and the c= and m= lines with them, say of the listener. */
struct msrp_advertised {
	struct str host; /**< IPv6 without brackets; valid as long as the endpoint listens */
	bool host_v6;
	uint16_t port;
	bool secure;
};

/** The first listener of that kind; false: there is none. */
bool msrp_endpoint_advertised(const struct msrp_endpoint *ep, bool secure,
			      struct msrp_advertised *ret);
/** Where listener `i` (in the order of msrp_endpoint_listen) is bound; NULL: no such. */
const struct addr *msrp_endpoint_local(const struct msrp_endpoint *ep, unsigned i);

/** Stops listening and makes no new sessions (-EPIPE); those that are go on until their owners end them. */
void msrp_endpoint_shutdown(struct msrp_endpoint *ep);

size_t msrp_endpoint_sessions(const struct msrp_endpoint *ep);
size_t msrp_endpoint_connections(const struct msrp_endpoint *ep);
struct loop *msrp_endpoint_loop(const struct msrp_endpoint *ep);

/** Registers the counters msrp.*; msrp_endpoint_alloc does, too. */
void msrp_counters_register(void);

#endif
