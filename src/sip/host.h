/* SPDX-License-Identifier: Apache-2.0 */
/** host and port as URIs and Via share them (RFC 3261 25.1, RFC 5954 for IPv6). */
#ifndef SIP_HOST_H
#define SIP_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/** Longest host name looked at (RFC 1035 2.3.4). */
#define SIP_HOST_MAX 255

/**
 * Reads a host name, IPv4 address or bracketed IPv6 address at `p`: just after it, and the host
 * without brackets in `*host`; NULL when none stands there.
 */
const char *sip_host_end(const char *p, const char *end, struct str *host);
/** Reads digits at `p`, 1 … 65535; NULL when there is no such number. */
const char *sip_port_end(const char *p, const char *end, uint16_t *port);
/** All of `s` is a port. */
bool sip_port_decode(struct str s, uint16_t *port);
/** An IPv6 address without brackets. */
bool sip_host_is_v6(struct str s);

#endif
