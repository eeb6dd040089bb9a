/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Nonces: made without keeping anything, known again by their MAC, and remembered once they are used.
 *
 * A nonce is the time and the number of its making and a MAC over both under a key drawn at the
 * start, in hexadecimal. What is remembered of one in use is which of the last 64 counts have been
 * seen. When too many are in use the one used first is forgotten, and with it is refused every nonce
 * as old as it that is not in use: so a forgotten count cannot be used again.
 */
#ifndef SIP_DIGEST_NONCE_H
#define SIP_DIGEST_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"

/** Hexadecimal digits: time 12, number 12, MAC 32. */
#define DIGEST_NONCE_N 56

struct digest_nonces {
	struct loop *loop;
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx;
	uint64_t number;
	uint64_t forgotten; /**< the highest number of one in use that was forgotten */
	struct hash_table table;
	struct list used; /**< in order of first use */
};

/** -ENOMEM. The loop is borrowed. */
int digest_nonces_init(struct digest_nonces *d, struct loop *loop);
void digest_nonces_done(struct digest_nonces *d);
void digest_nonce_put(struct digest_nonces *d, struct buf *out);
/**
 * True: the nonce is ours and fresh, and this count was not used; now it is. `count` 0: without
 * counting, good once.
 */
bool digest_nonce_use(struct digest_nonces *d, struct str nonce, uint32_t count);

#endif
