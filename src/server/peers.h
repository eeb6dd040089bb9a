/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The elements of the SIP/IP core that may assert identities: `ims.peers`. An entry is an address
 * (any port of it), an address with a port (that source port alone), or a name, which a TLS peer's
 * certificate must bear (RFC 5922).
 */
#ifndef SERVER_PEERS_H
#define SERVER_PEERS_H

#include "sip/transport.h"

struct peer {
	struct addr addr;
	bool any_port;
	struct str name; /**< else an address; borrowed */
};

struct peers {
	struct peer *v;
	size_t n;
};

/** `texts` are borrowed for the life of `ps`. -ENOMEM, -EINVAL. */
int peers_init(struct peers *ps, const struct str *texts, size_t n);
void peers_done(struct peers *ps);
bool peers_have(const struct peers *ps, struct sip_transports *t, const struct sip_source *src);

#endif
