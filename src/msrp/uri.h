/* SPDX-License-Identifier: Apache-2.0 */
/**
 * MSRP URIs (RFC 4975 6 and 9) and the lists of them that To-Path, From-Path, Use-Path and the SDP
 * attribute a=path are made of. A decoded URI is views into the text: nothing is copied.
 *
 *     msrps://alice@relay.example.com:9892/98cjs;tcp;name=value
 *
 * A path is URIs with single spaces between them, the next hop leftmost.
 */
#ifndef MSRP_URI_H
#define MSRP_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/** Longest URI looked at; ours have some 60 bytes, a foreign relay's may carry state in the session-id. */
#define MSRP_URI_MAX 1024
/** URIs in one path: the two endpoints, us and a few relays on either side make 6. */
#define MSRP_PATH_MAX 16

/** IANA, RFC 4975 15.4: the port where a relay's URI names none (RFC 4976 8). */
#define MSRP_PORT_DEFAULT 2855

struct msrp_uri {
	struct str text;       /**< all of it */
	bool secure;           /**< msrps */
	bool host_v6;          /**< `host` stood in brackets */
	uint16_t port;         /**< 0: not given */
	struct str userinfo;   /**< STR_NULL: none */
	struct str host;       /**< IPv6 without brackets */
	struct str session_id; /**< without the '/'; STR_NULL: none */
	struct str transport;  /**< "tcp" */
	struct str params;     /**< after the ';' that follows the transport; empty: none */
};

/** -EBADMSG when it is not an MSRP URI of RFC 4975 9, or longer than MSRP_URI_MAX. */
int msrp_uri_decode(struct msrp_uri *ret, struct str text);

/**
 * RFC 4975 6.1: scheme, host and transport in any case, numeric addresses by value, %-escapes of
 * unreserved characters in the host undone; the port exactly (none is not the default port); the
 * session-id byte for byte; userinfo and parameters do not count.
 */
bool msrp_uri_eq(const struct msrp_uri *a, const struct msrp_uri *b);
/** The same of two texts; first byte for byte, which it mostly is. False when either does not decode. */
bool msrp_uri_text_eq(struct str a, struct str b);

/** Composes from the fields other than `text`; brackets are put around a host that is `host_v6`. */
void msrp_uri_encode(const struct msrp_uri *u, struct buf *out);

/** ---- Paths ---- */
struct msrp_path {
	size_t n;
	struct str uri[MSRP_PATH_MAX];
};

/**
 * Cuts a path into its URIs and sees that each decodes. -EBADMSG: empty, or one does not;
 * -ENOBUFS: more than MSRP_PATH_MAX.
 */
int msrp_path_decode(struct msrp_path *ret, struct str text);

/** The text of the leftmost URI: the next hop. Not checked; empty when the path is. */
struct str msrp_path_first(struct str path);
/** The text of the rightmost URI: the far end. */
struct str msrp_path_last(struct str path);
/** The path without its leftmost URI; empty when there was one only. */
struct str msrp_path_rest(struct str path);

#endif
