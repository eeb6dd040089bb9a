/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Is a device to be reached where its REGISTER came from, or where its Contact says?
 *
 * Where it came from, when it came here directly and
 *  - over TCP or TLS: the contact is on the host the connection comes from. Most devices cannot be
 *    connected to, whatever they write; the connection is used while it stands, then the contact;
 *  - the contact's host cannot be reached: it ends in ".invalid";
 *  - it is behind NAT: the contact names another host than the source, the device asked for rport
 *    (RFC 3581, so it listens where it sends from), and that host is what its own Via says, or is private.
 * Otherwise the contact counts: a device may register for another (RFC 3261 10.2.1).
 */
#ifndef CORE_SOURCE_ROUTE_H
#define CORE_SOURCE_ROUTE_H

#include "sip/msg.h"
#include "sip/transport.h"
#include "sip/uri.h"

bool source_route_wanted(const struct sip_msg *m, const struct sip_source *src,
			 const struct sip_uri *contact);

#endif
