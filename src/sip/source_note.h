/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The copy of a request that a transaction keeps, with its source noted in the topmost Via.
 *
 * RFC 3261 18.2.1: "If the host portion of the "sent-by" parameter contains a domain name, or if it
 * contains an IP address that differs from the packet source address, the server MUST add a
 * "received" parameter to that Via header field value." RFC 3581 4 adds the port where the client
 * asked for it (rport), and then `received` in any case. What the peer wrote there itself goes.
 */
#ifndef SIP_SOURCE_NOTE_H
#define SIP_SOURCE_NOTE_H

#include "base/slab.h"
#include "sip/msg.h"
#include "sip/transport.h"

/**
 * Copies the message to a block of its own in `slab`, `*ret` of `*size` bytes; `m` views the copy from
 * then on. 0 or -ENOMEM.
 */
int sip_source_note(char **ret, size_t *size, struct slab *slab, struct sip_msg *m,
		    const struct sip_source *src);

#endif
