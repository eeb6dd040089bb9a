/* SPDX-License-Identifier: Apache-2.0 */
/** The order in which the targets of SRV records are tried: RFC 2782, "Usage rules". */
#ifndef SIP_SRV_ORDER_H
#define SIP_SRV_ORDER_H

#include "base/loop.h"
#include "sip/dns.h"

/**
 * Pointers to the first `max` SRV records to try, in order: lowest priority first, among equals drawn
 * by weight. Others than SRV and those whose target is "." are left out; returns how many.
 */
size_t srv_order(const struct dns_record **ret, size_t max, const struct dns_record *records,
		 size_t n, struct loop *loop);

#endif
