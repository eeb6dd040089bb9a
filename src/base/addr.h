/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Network addresses: IPv4 or IPv6, with a port, by value (28 bytes).
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/str.h"

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

/** Bytes that addr_encode may write: "[" 45 "]:" 5 and a NUL. */
#define ADDR_TEXT_MAX 56

/** Numeric host ("192.0.2.1", "2001:db8::1" or "[2001:db8::1]"); -EINVAL on anything else. */
int addr_decode(struct addr *ret, struct str host, uint16_t port);
/** "HOST:PORT" or "[V6]:PORT"; -EINVAL. */
int addr_decode_hostport(struct addr *ret, struct str hostport);
/** "192.0.2.1:5060", "[2001:db8::1]:5060". */
void addr_encode(const struct addr *a, struct buf *b);
/** The host alone, IPv6 in brackets, as a SIP URI writes it. */
void addr_encode_host(const struct addr *a, struct buf *b);
/** addr_encode into `text`, ended with NUL; returns `text`. */
const char *addr_text(const struct addr *a, char text[static ADDR_TEXT_MAX]);

bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_eq_host(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *a);
bool addr_is_loopback(const struct addr *a);


static inline uint16_t addr_port(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}


static inline void addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}


static inline socklen_t addr_len(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

#endif
