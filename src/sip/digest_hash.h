/* SPDX-License-Identifier: Apache-2.0 */
/** The arithmetic of Digest (RFC 7616 3.4): HA1, and the response to a challenge. */
#ifndef SIP_DIGEST_HASH_H
#define SIP_DIGEST_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

#include "base/str.h"
#include "sip/digest.h"

/** The algorithms, fetched from OpenSSL once: fetching costs more than hashing. */
struct digest_hash {
	EVP_MD *md[DIGEST_ALGORITHMS]; /**< NULL: not to be had (MD5 where FIPS forbids it) */
	EVP_MD_CTX *ctx;
};

/** -ENOMEM. */
int digest_hash_init(struct digest_hash *h);
void digest_hash_done(struct digest_hash *h);

/** H of the pieces with ':' between them, in hexadecimal. -EIO: OpenSSL refused. */
int digest_hash_hex(struct digest_hash *h, enum digest_algorithm a, const struct str *pieces,
		    size_t n, char ret[static DIGEST_HEX_MAX]);

/** What a response is made of; `qop`, `nc`, `cnonce` empty: as in RFC 2069. */
struct digest_response {
	enum digest_algorithm algorithm;
	struct str ha1, nonce, nc, cnonce, qop, method, uri;
	bool with_body; /**< qop is auth-int */
	struct str body;
};
int digest_hash_response(struct digest_hash *h, const struct digest_response *r,
			 char ret[static DIGEST_HEX_MAX]);

#endif
