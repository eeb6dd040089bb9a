/* SPDX-License-Identifier: Apache-2.0 */
/** The answer section of a DNS message (RFC 1035 4.1): the records of one type, with their TTL. */
#ifndef SIP_DNS_MESSAGE_H
#define SIP_DNS_MESSAGE_H

#include "base/mem.h"
#include "sip/dns.h"

/** Texts of one answer: names of 255 bytes for each record would fit, and their service fields. */
#define DNS_TEXT_MAX 65536

/**
 * Fills `records` (room for DNS_RECORDS_MAX) with texts in `a`. 0 and *n. -EBADMSG; -ENOMEM. Records
 * of other types (the CNAMEs that led to these, DNSSEC) are passed over.
 */
int dns_message_decode(struct dns_record *records, size_t *n, struct str bytes, enum dns_type type,
		       struct arena *a);

#endif
