/* SPDX-License-Identifier: Apache-2.0 */
/** Keyed hash of a transport and an address. */
#ifndef SIP_ADDR_HASH_H
#define SIP_ADDR_HASH_H

#include <string.h>

#include "base/addr.h"
#include "base/hash.h"
#include "sip/via.h"


static inline size_t addr_hash_host(uint8_t bytes[static 16], const struct addr *a)
{
	if (a->sa.sa_family == AF_INET6) {
		memcpy(bytes, &a->in6.sin6_addr, 16);
		return 16;
	}
	memcpy(bytes, &a->in.sin_addr, 4);
	return 4;
}


static inline uint64_t addr_hash(const struct hash_key *key, enum sip_transport_kind kind,
				 const struct addr *a)
{
	uint8_t bytes[19];
	uint16_t port = addr_port(a);
	size_t n = addr_hash_host(bytes, a);

	bytes[n++] = (uint8_t)kind;
	memcpy(bytes + n, &port, sizeof(port));
	return hash_bytes(key, bytes, n + sizeof(port));
}

#endif
