/* SPDX-License-Identifier: Apache-2.0 */
/**
 * DNS for tests: a struct dns (sip/dns.h) that answers from a zone text, on any loop.
 *
 *     # name              [TTL] type  data
 *     example.com               NAPTR 50 50 s SIPS+D2T _sips._tcp.example.com
 *     _sip._udp.example.com     SRV   0 1 5060 a.example.com
 *     a.example.com       60    A     192.0.2.1
 *     a.example.com             AAAA  2001:db8::1
 *     slow.example.com          DELAY 300          # what is asked of this name is answered so much later
 *     dead.example.com          ERROR timeout      # or: servfail, refused
 *
 * The TTL is 300 when it is left out. A name without a record is -ENOENT; with records of other types
 * only, the answer is empty. Answers come in the next turn, or after their DELAY; an ERROR timeout
 * comes after VIRTUAL_DNS_TIMEOUT_MS.
 */
#ifndef LIB_VIRTUAL_DNS_H
#define LIB_VIRTUAL_DNS_H

#include "sip/dns.h"

#define VIRTUAL_DNS_TIMEOUT_MS 6000

struct virtual_dns;

/** Counted. -EINVAL: a line of the zone is wrong. */
int virtual_dns_alloc(struct virtual_dns **ret, struct loop *loop, struct str zone);
/** Borrowed; its `close` does nothing. */
struct dns *virtual_dns_port(struct virtual_dns *v);
/** Another zone from now on. */
int virtual_dns_set_zone(struct virtual_dns *v, struct str zone);
/** Questions asked so far; those that wait for an answer. */
size_t virtual_dns_asked(const struct virtual_dns *v);
size_t virtual_dns_waiting(const struct virtual_dns *v);

#endif
