/* SPDX-License-Identifier: Apache-2.0 */
/**
 * DNS answers kept for their TTL, and one question for all who ask the same at once.
 *
 * That there is no such name is remembered too, and, for a moment, that the servers did not answer:
 * a domain whose servers are dead must not cost a question for each message to it.
 */
#ifndef SIP_DNS_CACHE_H
#define SIP_DNS_CACHE_H

#include "base/list.h"
#include "sip/dns.h"

/** Whatever the TTL says: not more than one question in 5 s, and a change is seen within an hour. */
#define DNS_TTL_MIN_S 5
#define DNS_TTL_MAX_S 3600
/** No such name; the TTL of its SOA is not asked for. */
#define DNS_TTL_MISSING_S 30
/** No answer, or SERVFAIL (RFC 2308 7: at most 5 minutes). */
#define DNS_TTL_FAILED_S 5

struct dns_cache;
struct dns_cache_entry;

/** Counted, immutable; the texts of the records are in it. */
struct dns_answer {
	int error;
	size_t n;
	struct dns_record record[];
};

struct dns_wait;
/** `a` is borrowed; mem_ref keeps it. NULL: there was no memory for it. */
typedef void(dns_wait_cb)(struct dns_wait *w, struct dns_answer *a, void *arg);

/** Embedded by who asks; zeroed before first use. */
struct dns_wait {
	struct list_link link;
	struct dns_cache_entry *entry;
	dns_wait_cb *call;
	void *arg;
};

/** Counted; `dns` is borrowed. `max`: entries kept. */
int dns_cache_alloc(struct dns_cache **ret, struct loop *loop, struct dns *dns, size_t max);
/**
 * 1: known, `*now` is a reference. 0: `call` will be called from the loop, unless cancelled. -ENOMEM;
 * -ENOBUFS: as many questions as entries are kept wait for an answer.
 */
int dns_cache_ask(struct dns_cache *c, struct dns_wait *w, struct str name, enum dns_type type,
		  struct dns_answer **now, dns_wait_cb *call, void *arg);
/** The question itself goes on: its answer will be wanted again. */
void dns_wait_cancel(struct dns_wait *w);

#endif
