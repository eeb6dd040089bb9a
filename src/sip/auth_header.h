/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Challenges and credentials as header fields carry them: WWW-Authenticate and Proxy-Authenticate,
 * Authorization and Proxy-Authorization (RFC 3261 20.7, 20.27, 20.28, 20.44; RFC 8760). What is
 * computed from them is in sip/digest.h.
 *
 * Text that was quoted is given without its quotes, and with escapes as they came: that is what the
 * digests are made of (RFC 7616 3.4.1, "unq").
 */
#ifndef SIP_AUTH_HEADER_H
#define SIP_AUTH_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "sip/msg.h"

enum auth_algorithm {
	AUTH_MD5, /**< also when the parameter is absent */
	AUTH_MD5_SESS,
	AUTH_SHA256,
	AUTH_SHA256_SESS,
	AUTH_SHA512_256,
	AUTH_SHA512_256_SESS,
	AUTH_ALGORITHM_OTHER,
};

enum auth_qop { AUTH_QOP_NONE, AUTH_QOP_AUTH, AUTH_QOP_AUTH_INT, AUTH_QOP_OTHER };

/** One challenge. A scheme other than Digest: only `scheme` is set. */
struct auth_challenge {
	struct str scheme;
	bool digest;
	struct str realm, domain, nonce, opaque; /**< STR_NULL: absent */
	enum auth_algorithm algorithm;
	struct str algorithm_text; /**< as received; to encode: from `algorithm`, unless OTHER */
	bool stale;
	bool qop; /**< the parameter is there */
	bool qop_auth, qop_auth_int;
};

/** One set of credentials. A scheme other than Digest: only `scheme` is set. */
struct auth_credentials {
	struct str scheme;
	bool digest;
	struct str username, realm, nonce, uri, response, cnonce, opaque; /**< STR_NULL: absent */
	enum auth_algorithm algorithm;
	struct str algorithm_text;
	enum auth_qop qop;
	uint32_t nc;
	struct str nc_text; /**< eight hexadecimal digits as received: they go into the digest */
};

/** One challenge, all of `value`. -EBADMSG: Digest without realm or nonce, a parameter twice… */
int auth_challenge_decode(struct auth_challenge *ret, struct str value);
/** The value: 'Digest realm="…", nonce="…", …'. Digest only. */
void auth_challenge_encode(const struct auth_challenge *c, struct buf *out);
/**
 * One value of (Proxy-)Authorization. -EBADMSG: Digest without username, realm, nonce, uri or
 * response; qop without nc and cnonce; a parameter twice; nc not eight hexadecimal digits…
 */
int auth_credentials_decode(struct auth_credentials *ret, struct str value);
/** The value. Digest only; `nc` is written when there is a qop. */
void auth_credentials_encode(const struct auth_credentials *c, struct buf *out);

/**
 * Every challenge in a response, over several lines and, as HTTP writes them, over commas in one:
 *     struct auth_challenges it = auth_challenges_first(m, SIP_HDR_WWW_AUTHENTICATE);
 *     for (struct auth_challenge c; auth_challenges_next(&it, &c);) …
 * in the order of the sender's preference (RFC 8760 2.3). Those that do not decode are passed over:
 * "The client MUST ignore any challenge it does not understand" (RFC 8760 2.4).
 */
struct auth_challenges {
	const struct sip_msg *m;
	uint8_t line;    /**< the next one */
	struct str rest; /**< of the line before it */
};
struct auth_challenges auth_challenges_first(const struct sip_msg *m, enum sip_header_id id);
bool auth_challenges_next(struct auth_challenges *it, struct auth_challenge *ret);

/**
 * The Digest credentials for this realm among the lines of `id`. -ENOENT: there are none (other
 * schemes and realms do not count); -EBADMSG: only malformed Digest ones.
 */
int auth_credentials_find(struct auth_credentials *ret, const struct sip_msg *m,
			  enum sip_header_id id, struct str realm);

/** "MD5", "SHA-256"…; "" for OTHER. */
struct str auth_algorithm_name(enum auth_algorithm a);
enum auth_algorithm auth_algorithm_decode(struct str name);
struct str auth_qop_name(enum auth_qop q);

#endif
