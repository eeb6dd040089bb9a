/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A listening socket, and the names it is known by.
 *
 * The texts that go into every message (sent-by, URI) are made when it opens. A listener bound to the
 * any-address without an advertised name shows the first address of a network interface that is not
 * loopback, else loopback: right on a host with one address, so a host with several should advertise.
 */
#ifndef SIP_LISTENER_H
#define SIP_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "base/str.h"
#include "sip/uri.h"
#include "sip/via.h"

/** Addresses of the host that are ours when a listener is bound to all of them. */
#define LISTENER_HOST_ADDRS 32

struct sip_listener {
	enum sip_transport_kind kind;
	uint16_t index;
	void *owner; /**< the transports */
	struct addr local;
	struct addr shown; /**< what a numeric name of it is */
	uint16_t port;     /**< in sent-by */
	struct datagram_socket *udp;
	struct stream_listener *stream;
	struct tls_config *tls;
	struct addr *hosts; /**< bound to the any-address: all addresses of the host */
	size_t hosts_n;
	struct str host;         /**< in the texts; IPv6 in brackets */
	struct str sent_by, uri; /**< in `text` */
	char *text;
};

/** Counted. `advertised`: "host" or "host:port", or STR_NULL. The socket is still to be opened. */
int sip_listener_alloc(struct sip_listener **ret, enum sip_transport_kind kind,
		       struct str advertised);
/** The socket is open on `local`, whose port is not 0: makes the texts. -EINVAL: `advertised`. */
int sip_listener_named(struct sip_listener *l, const struct addr *local, struct str advertised);
/** The URI's host and port mean this listener. */
bool sip_listener_is(const struct sip_listener *l, struct str host, bool numeric,
		     const struct addr *addr, uint16_t port);

#endif
