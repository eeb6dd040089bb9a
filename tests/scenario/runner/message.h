/* SPDX-License-Identifier: Apache-2.0 */
/**
 * SIP messages as the peers of a scenario read them: a reader of its own, so that the server's codec is not
 * judged by itself. Also digest credentials as a client makes them, for the same reason.
 */
#ifndef RUNNER_MESSAGE_H
#define RUNNER_MESSAGE_H

#include "scenario/runner/text.h"

#define SCN_HEADERS_MAX 256
#define SCN_VALUES_MAX 64

struct scn_header {
	struct str name;  /**< the full name, as RFC 3261 writes it; others as received */
	struct str value; /**< unfolded, blanks at the ends dropped */
};

struct scn_msg {
	struct str bytes;
	struct str start; /**< the first line */
	bool request;
	struct str method, uri; /**< of a request; `method` of a response: the CSeq's */
	unsigned status;
	struct str reason;
	struct scn_header header[SCN_HEADERS_MAX];
	size_t headers;
	struct str body;
	bool msrp;     /**< an MSRP frame (msrp.h): these too are of it */
	bool has_body; /**< a body is there, be it empty */
	struct str tid, flag;
};

/** False: no SIP message. Views into `bytes`, and into the arena where a line was folded. */
bool scn_msg_read(struct arena *a, struct scn_msg *ret, struct str bytes);
/**
 * The length of the first whole message of a stream: 0 while it is not whole. Line ends before it count
 * as a message of their own (keep-alives).
 */
size_t scn_msg_frame(struct str bytes);

/** "v" → "Via", "call-id" → "Call-ID"; a name this runner does not know stays as it is. */
struct str scn_header_full(struct str name);
/** The first line of this name; STR_NULL: none. */
struct str scn_header_value(const struct scn_msg *m, struct str name);
/** All lines joined by ", "; STR_NULL: none. */
struct str scn_header_joined(struct arena *a, const struct scn_msg *m, struct str name);
/** Each value, also those that share a line; their number. */
size_t scn_header_values(const struct scn_msg *m, struct str name,
			 struct str values[static SCN_VALUES_MAX]);
/** The parameter of a value (behind <…>); quotes are taken off. False: none. */
bool scn_value_param(struct str value, struct str name, struct str *ret);
/** What stands in <…>, or the value up to its ';'. */
struct str scn_value_uri(struct str value);

/** A challenge as received. */
struct scn_challenge {
	struct str realm, nonce, opaque, qop, algorithm;
	bool proxy;
	bool stale;
};
/** The first of a 401 or 407 that has an algorithm we know (MD5, SHA-256). */
bool scn_challenge_read(const struct scn_msg *m, struct scn_challenge *ret);
/** The value of (Proxy-)Authorization (RFC 7616 3.4). */
struct str scn_credentials(struct arena *a, const struct scn_challenge *c, struct str user,
			   struct str password, struct str method, struct str uri, unsigned count,
			   struct str cnonce);

/** The (Proxy-)Authorization of a request is what this user with this password would write. */
bool scn_credentials_good(struct arena *a, const struct scn_msg *m, struct str user,
			  struct str password);

#endif
