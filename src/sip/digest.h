/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Digest authentication (RFC 3261 22, RFC 7616 as profiled by RFC 8760): MD5 and SHA-256.
 *
 * As a server: digest_challenge writes the challenges, strongest first (RFC 8760 2.4);
 * digest_verify judges credentials. A nonce is ours when its MAC fits (no state is kept for nonces
 * nobody used), good for DIGEST_NONCE_MS, and each nonce-count is accepted once: a replay is
 * DIGEST_STALE, so an honest client tries again with a new nonce. As a client: digest_answer.
 *
 * Secrets are HA1 values, H(user:realm:password), one for each algorithm; passwords are not kept.
 */
#ifndef SIP_DIGEST_H
#define SIP_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/str.h"
#include "sip/auth_header.h"

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256, DIGEST_ALGORITHMS };

#define DIGEST_NONCE_MS (5 * 60 * 1000)
/** Nonces with counts in use that are remembered; beyond, the oldest is forgotten and its user challenged again. */
#define DIGEST_NONCES_MAX 65536
/** Hex digits of the longest HA1 and a NUL. */
#define DIGEST_HEX_MAX 65

struct digest_secret {
	char ha1[DIGEST_ALGORITHMS][DIGEST_HEX_MAX]; /**< empty: none for this algorithm */
};

struct digest_server; /**< counted */

enum digest_verdict {
	DIGEST_OK,
	DIGEST_WRONG, /**< wrong password or unknown user: challenge again, count */
	DIGEST_STALE, /**< right, but the nonce is old or its count was used: challenge with stale=true */
	DIGEST_MALFORMED, /**< 400 */
};

int digest_server_alloc(struct digest_server **ret, struct loop *loop);
/**
 * What is offered from now on: a set of 1u << enum digest_algorithm; at first all. Older clients give up
 * at a challenge that they do not know instead of taking the next one: for them MD5 must stand alone.
 */
void digest_server_offer(struct digest_server *d, uint32_t algorithms);
/** Header lines: one for each algorithm. `proxy`: Proxy-Authenticate, else WWW-Authenticate. */
void digest_challenge(struct digest_server *d, struct str realm, bool proxy, bool stale,
		      struct buf *out);
/** `uri` is the request's; the credentials' uri must be equivalent (RFC 3261 22.4 8). */
enum digest_verdict digest_verify(struct digest_server *d, const struct auth_credentials *c,
				  struct str method, struct str uri, struct str body,
				  const struct digest_secret *secret);

/** Fills every algorithm's HA1. */
int digest_secret_init(struct digest_secret *ret, struct str user, struct str realm,
		       struct str password);

/** Client: remembers one challenge and counts its nonce's uses. */
struct digest_client {
	char realm[128], nonce[256], opaque[256];
	enum digest_algorithm algorithm;
	bool qop_auth, proxy;
	uint32_t count;
};
/** The strongest challenge we can answer among those of a 401/407; -ENOTSUP when there is none. */
struct sip_msg;
int digest_client_take(struct digest_client *ret, const struct sip_msg *response);
/** Writes the whole (Proxy-)Authorization line. */
int digest_answer(struct digest_client *c, struct loop *loop, struct str user, struct str password,
		  struct str method, struct str uri, struct buf *out);

#endif
