/* SPDX-License-Identifier: Apache-2.0 */
/**
 * TLS over any stream (OpenSSL 3).
 *
 * A `struct tls_config` holds a certificate, its key and the authorities trusted; given to
 * stream_listen or stream_connect it turns what they make into TLS streams, used like any other.
 * One configuration serves listening and connecting. Reloading changes what new connections use;
 * those that exist keep what they began with.
 *
 * In order: the stream under it connects; the handshake, within TLS_HANDSHAKE_MS; the connecting
 * side checks the chain and the name; then `connected`, or `accepted`. A connection that sends
 * nothing, or half a handshake, never gets further and is closed in silence.
 *
 * TLS 1.2 and 1.3. No renegotiation, no compression. What one turn writes leaves in one record as
 * far as it fits. close_notify is sent when a stream ends on our side; when the peer omits it the
 * stream ends all the same (the protocols above say how long their messages are), and is counted.
 *
 * Names (RFC 5922 section 7): the identities of a certificate are the hosts of its subjectAltName
 * values of type URI with scheme "sip" and no user; without any of them, its values of type DNS;
 * without a subjectAltName at all, its common name. They are compared whole and without regard to
 * case; a wildcard matches nothing but itself. With TLS_HOST_NAMES a host is also
 * named by DNS whatever else there is, and a numeric address by type IP (RFC 5280 section 4.2.1.6).
 */
#ifndef BASE_TLS_H
#define BASE_TLS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/** From the connection's being there to the end of the handshake: ten slow round trips. */
#define TLS_HANDSHAKE_MS 10000
/** Handshakes under way on one listener, some 20 kB each; more are refused. */
#define TLS_HANDSHAKES_MAX 2048
/** Longest name of a host: RFC 1035 section 2.3.4. */
#define TLS_NAME_MAX 255

enum tls_flag {
	/** Ask who connects for a certificate; without one it is not authenticated, and served. */
	TLS_ASK_CLIENT = 1 << 0,
	/** Refuse who connects without a good certificate. */
	TLS_REQUIRE_CLIENT = 1 << 1,
	/**
	 * Connect to anybody: neither chain nor name is checked. For laboratories; stream_peer_is is
	 * false then unless the certificate is good all the same.
	 */
	TLS_INSECURE_NO_VERIFY = 1 << 2,
	/**
	 * Connecting, the name is that of a host, not of a SIP domain, as in MSRP (RFC 4975 section 6.1: "The
	 * SubjectAltName in the received certificate MUST match the hostname part of the URI").
	 */
	TLS_HOST_NAMES = 1 << 3,
};

struct tls_params {
	const char *certificate_file; /**< PEM, the chain after it; NULL: connecting only */
	const char *key_file;         /**< PEM; NULL: in certificate_file */
	const char *ca_file;          /**< PEM, the authorities trusted; NULL: the system's */
	unsigned flags;               /**< of enum tls_flag */
};

struct tls_config;

/**
 * Counted. `error` (may be NULL) gets a sentence for the operator when it fails: -EINVAL for files
 * that do not do, -ENOMEM.
 */
int tls_config_alloc(struct tls_config **ret, const struct tls_params *params, struct buf *error);
/** Reads the files again; on failure all stays as it was. */
int tls_config_reload(struct tls_config *c, struct buf *error);
/** Wall clock (seconds since 1970) at which the certificate expires; 0 without one. */
int64_t tls_config_expires(const struct tls_config *c);

#endif
