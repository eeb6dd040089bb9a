/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where DNS questions go, a port: c-ares in the server (dns_cares.c), a zone text in tests
 * (tests/lib/virtual_dns.h).
 */
#ifndef SIP_DNS_H
#define SIP_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "base/str.h"

/** Records of one answer that are looked at; a domain has a handful. The rest is cut. */
#define DNS_RECORDS_MAX 64

enum dns_type { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35 };

struct dns_record {
	enum dns_type type;
	uint32_t ttl_s;
	uint16_t priority, weight, port; /**< SRV; NAPTR: order, preference, - */
	struct addr addr;                /**< A, AAAA; port 0 */
	struct str target;               /**< SRV target; NAPTR replacement; "." is the root */
	struct str service, flags;       /**< NAPTR */
};

/**
 * 0 with n >= 0 records, -ENOENT no such name, -ETIMEDOUT, -EAGAIN the server could not say (SERVFAIL),
 * or another -errno. The records are valid until return.
 */
typedef void(dns_answer_cb)(int error, const struct dns_record *records, size_t n, void *arg);

/** The answer comes on the loop, never before `ask` has returned. */
struct dns {
	/** Returns a query that can be cancelled (then no answer comes), or NULL when out of memory. */
	void *(*ask)(struct dns *d, struct str name, enum dns_type type, dns_answer_cb *answer,
		     void *arg);
	void (*cancel)(struct dns *d, void *query);
	/** No answer comes after it. */
	void (*close)(struct dns *d);
};

/**
 * The system's DNS servers, and before them its hosts file, by c-ares. Closed with d->close(d), before
 * the loop's last reference goes.
 */
int dns_cares_open(struct dns **ret, struct loop *loop);
/** Other servers than the system's: "192.0.2.53,[2001:db8::53]:5353". -EINVAL. */
int dns_cares_open_servers(struct dns **ret, struct loop *loop, struct str servers);

#endif
