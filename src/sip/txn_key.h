/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a server transaction is found by (RFC 3261 17.2.3): branch, sent-by and method, where ACK and
 * CANCEL count as the INVITE they belong to. It is compared byte by byte: a client repeats its own
 * Via as it wrote it. The hash over it is keyed, so nobody can aim for one bucket.
 *
 * A request of RFC 2543, whose branch does not begin with the cookie, is found by Request-URI, tags,
 * Call-ID, CSeq number and the whole topmost Via instead; its To tag stands at the end of the key and
 * outside the hash, because an ACK bears the response's.
 */
#ifndef SIP_TXN_KEY_H
#define SIP_TXN_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "sip/msg.h"

/** A longer identity is kept as a 128-bit digest under our key. Real ones have 40 to 80 bytes. */
#define TXN_KEY_MAX 255

struct txn_key {
	uint64_t hash;
	bool rfc2543;
	uint8_t n;        /**< of `bytes` */
	uint8_t to_tag_n; /**< RFC 2543: of them, at the end, the To tag */
	char bytes[TXN_KEY_MAX];
};

/** `method`/`name`: of the transaction looked for, i.e. SIP_INVITE for its ACK and CANCEL. */
void txn_key_of_branch(struct txn_key *ret, const struct hash_key *k, enum sip_method method,
		       struct str name, struct str sent_by, struct str branch);
void txn_key_of_msg(struct txn_key *ret, const struct hash_key *k, enum sip_method method,
		    const struct sip_msg *m);
/** `any_to_tag`: the request is an ACK, whose To tag is the response's. */
bool txn_key_eq(const struct txn_key *key, const char *bytes, uint8_t n, uint8_t to_tag_n,
		bool any_to_tag);

#endif
