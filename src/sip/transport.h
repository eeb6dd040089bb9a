/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Transports: messages in, messages out, over UDP, TCP and TLS (RFC 3261 18, RFC 5626, RFC 5923).
 *
 * In order, for a message that arrives: bytes are read (UDP in batches; TCP and TLS framed at any
 * split by sip/stream_frame.h); keep-alives are answered; a whole message goes to `received` with
 * its source. For a message that leaves: sip_transport_send looks at the hop. UDP goes into the
 * batch that leaves at the end of the turn. TCP and TLS go to the connection the hop names, or to one
 * that stands to that address (any of them, incoming ones too where the peer's identity allows:
 * RFC 5923), or to a new one; what is written while it is being set up waits in a bounded queue.
 *
 * A connection has a flow number, never used twice, by which the registrar reaches a device behind
 * NAT on the connection it registered over. Idle connections are closed after SIP_IDLE_MS unless a
 * flow is in use (sip_flow_hold). Ceilings stand below; reaching one is counted, and closes or
 * refuses.
 *
 * Errors: a failed connect, a reset, an ICMP refusal reach `failed` once for the address, so that
 * client transactions waiting on it may try the next hop (RFC 3263 4.3).
 */
#ifndef SIP_TRANSPORT_H
#define SIP_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "base/str.h"
#include "sip/msg.h"
#include "sip/uri.h"

struct sip_transports;
struct tls_config;

/** A connection with nothing to say for this long is closed: longer than any RFC 5626 keep-alive. */
#define SIP_IDLE_MS (10 * 60 * 1000)
/** A peer that sends part of a message gets this long for the rest: half-open and slow peers. */
#define SIP_PARTIAL_MS (32 * 1000)
#define SIP_CONNECT_MS (10 * 1000)
/** Connections in all, and from one address: descriptors are finite, and one peer must not take all. */
#define SIP_CONNECTIONS_MAX 20000
#define SIP_CONNECTIONS_PER_HOST_MAX 4000
/** Listening sockets: addresses times transports of one host. */
#define SIP_LISTENERS_MAX 64
/** RFC 3261 18.1.1: a request larger than this goes over a congestion-controlled transport. */
#define SIP_UDP_REQUEST_MAX 1300

/** Where a message came from: enough to answer it, and to know whom to trust. */
struct sip_source {
	enum sip_transport_kind kind;
	struct addr peer;
	struct addr local;
	uint64_t flow;   /**< TCP, TLS: the connection; UDP: 0 */
	uint16_t socket; /**< UDP: index of the listening socket it came to */
};

/**
 * Sees whole messages as they arrive and as they leave, for traces; `bytes` are valid until it returns,
 * and it must not call back into the engine. Costs nothing while there is none.
 */
typedef void(sip_tap_cb)(bool out, enum sip_transport_kind kind, const struct addr *peer,
			 struct str bytes, void *arg);

/** Where a message goes. */
struct sip_hop {
	enum sip_transport_kind kind;
	struct addr addr;
	uint64_t flow; /**< use this connection and no other; 0: any that fits, or a new one */
	uint16_t
		socket; /**< UDP: send from this listening socket; SIP_SOCKET_ANY: by address family */
	struct str
		host; /**< TLS: the name the certificate must bear (RFC 5922); borrowed for the call */
};
#define SIP_SOCKET_ANY 0xffff

struct sip_transport_handler {
	/** A whole message, valid until return. */
	void (*received)(const struct sip_source *src, struct str bytes, void *arg);
	/**
	 * Before a batch of datagrams, and after it (`messages` 0): overload is judged there. `queued`:
	 * bytes the kernel still holds, its overhead included, which doubles small ones. May be NULL.
	 */
	void (*batch)(size_t messages, size_t queued, void *arg);
	/**
	 * Nothing can be sent to this address now, or what was asked there will not be answered there:
	 * the peer has closed (-ECONNRESET). `error` is -errno.
	 */
	void (*failed)(enum sip_transport_kind kind, const struct addr *peer, uint64_t flow,
		       int error, void *arg);
	/** A connection is gone; bindings that named its flow are dead (RFC 5626). May be NULL. */
	void (*flow_closed)(uint64_t flow, void *arg);
};

/** Counted. The handler is copied. */
int sip_transports_alloc(struct sip_transports **ret, struct loop *loop,
			 const struct sip_transport_handler *h, void *arg);
/**
 * Listens; `advertised` (or STR_NULL) is "host" or "host:port", what Via, Record-Route and Contact show.
 * Without it: the address bound to; of the any-address, the host's first one (sip/listener.h). TLS whose
 * configuration has no certificate is not listened on, but can be connected with: for clients.
 * -EINVAL: `advertised` is none, TLS without `tls`; -errno of the socket.
 */
int sip_transports_listen(struct sip_transports *t, enum sip_transport_kind kind,
			  const struct addr *local, struct str advertised, struct tls_config *tls);
/**
 * UDP and TCP on one port, which the kernel chooses where `local` has none: "For any port and interface that a
 * server listens on for UDP, it MUST listen on that same port and interface for TCP" (RFC 3261 18.2.1), since what
 * is too large for a datagram comes there. Errors as above; -EADDRINUSE.
 */
int sip_transports_listen_both(struct sip_transports *t, const struct addr *local,
			       struct str advertised);
/** Sees what is sent. NULL: nobody. */
void sip_transports_set_tap(struct sip_transports *t, sip_tap_cb *tap, void *arg);
/** TLS settings of connections we open; without it the listener's. */
void sip_transports_set_client_tls(struct sip_transports *t, struct tls_config *tls);
/**
 * Connections we open to this address, where we listen ourselves, have these settings: our own certificate need not be
 * one that we trust.
 */
void sip_transports_set_own_tls(struct sip_transports *t, const struct addr *own,
				struct tls_config *tls);
/** No new connections or datagrams are taken in; what is queued still leaves. */
void sip_transports_stop(struct sip_transports *t);

/**
 * 0, or -errno when it is known at once that the message cannot leave (-ENOTCONN flow gone,
 * -EAFNOSUPPORT no such listener, -EMSGSIZE too large for a datagram, -ENOBUFS queue full).
 */
int sip_transport_send(struct sip_transports *t, const struct sip_hop *hop, const void *p,
		       size_t n);

/**
 * Where the answer to a request goes: RFC 3261 18.2.2 with RFC 3581 (rport). Over TCP and TLS `flow` is the
 * connection it came on; when sending there gives -ENOTCONN, set `flow` to 0 and send again: `addr` is
 * where to open a new one.
 */
void sip_hop_of_response(struct sip_hop *ret, const struct sip_via *top,
			 const struct sip_source *src);

/** Our Via's sent-by for messages leaving to this hop: "host:port"; STR_NULL: no listener. Lives as `t`. */
struct str sip_transports_sent_by(const struct sip_transports *t, const struct sip_hop *hop);
/**
 * A SIP URI of ours that leads back to the listener this hop uses: "sip:host:port;transport=tcp", for
 * Record-Route (the caller adds ;lr) and Contact.
 */
struct str sip_transports_uri(const struct sip_transports *t, const struct sip_hop *hop);
/** Host and port of this URI are ours (a listener's address, or what it advertises). */
bool sip_transports_is_ours(const struct sip_transports *t, const struct sip_uri *u);
/** There is a listener of this kind (for this address family): a hop of this kind can be used. */
bool sip_transports_has(const struct sip_transports *t, enum sip_transport_kind kind, int family);

/** Keeps a connection from idle eviction (a binding uses it); counted. false: it is gone. */
bool sip_flow_hold(struct sip_transports *t, uint64_t flow);
void sip_flow_release(struct sip_transports *t, uint64_t flow);
/** TLS: the connection's verified certificate is for `host`. */
bool sip_flow_peer_is(struct sip_transports *t, uint64_t flow, struct str host);
/** The connection that a message to this hop would leave on now; 0: none stands (UDP: ever). */
uint64_t sip_transports_flow(const struct sip_transports *t, const struct sip_hop *hop);
size_t sip_transports_connections(const struct sip_transports *t);

#endif
