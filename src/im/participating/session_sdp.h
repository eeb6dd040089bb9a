/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The SDP of one leg made out of that of the other (notes A-7): what the far side said, with our address, path
 * and role in the sections that carry MSRP, our o= line, and sizes and types no wider than the policies
 * allow. Lines that nothing is said about here leave as they came, in their order.
 *
 * c= is replaced where it stands for MSRP alone; a session-level one that other media use as well stays,
 * and the MSRP sections get one of their own (RFC 4566 5.7). a=connection and a=fingerprint of an MSRP section
 * belong to the connection that ended here, and are left out.
 */
#ifndef IM_PARTICIPATING_SESSION_SDP_H
#define IM_PARTICIPATING_SESSION_SDP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "body/sdp.h"
#include "msrp/endpoint.h"
#include "msrp/setup.h"
#include "subscriber/operator_policy.h"

/** m= sections of one description. */
#define SESSION_SECTIONS_MAX SDP_MEDIA_MAX

/** One m= section as it was received; views. */
struct session_section {
	bool message; /**< m=message over TCP/MSRP or TCP/TLS/MSRP */
	bool active;  /**< and its port is not 0 */
	bool secure;
	uint16_t port;
	struct str path, c_host, types;
	enum msrp_setup setup;
};

struct session_sdp {
	struct str text;
	size_t n;
	struct session_section section[SESSION_SECTIONS_MAX];
	bool session_c; /**< c= before the first m= */
	bool others;    /**< there are other media, which are not switched off */
	size_t streams; /**< active message sections */
};

/** -EBADMSG: none that sdp_decode takes, or a message section without a=path. */
int session_sdp_read(struct session_sdp *ret, struct str text);

/** What is ours in one section. */
struct session_ours {
	const struct msrp_advertised
		*at; /**< NULL: the section is copied (other media, or switched off) */
	struct str path;
	enum msrp_setup setup;
};

/** Size and types that may pass. */
struct session_limits {
	const struct operator_policy *service, *user[2]; /**< NULL: nothing is restricted */
	enum operator_mode mode;
	uint64_t max_size; /**< the least of all levels */
};

struct session_sdp_params {
	const struct session_sdp *from;
	const struct session_ours *ours; /**< one for each section */
	const struct session_limits *limits;
	uint64_t id, version; /**< of our o= line */
};

/** Appends it; what does not fit shows in `out`. */
void session_sdp_write(struct buf *out, const struct session_sdp_params *p);

/**
 * Of what makes the difference between two versions of ours: everything but the o= line and the lines that name
 * the role. For this process alone.
 */
uint64_t session_sdp_hash(const struct hash_key *key, struct str text);
/** The value of the o= line; empty: there is none. */
struct str session_sdp_origin(struct str text);
/** The same description with another version in o= and, unless NONE, this role in the a=setup of messages. */
void session_sdp_again(struct buf *out, struct str text, uint64_t id, uint64_t version,
		       enum msrp_setup setup);

/** A type as Content-Type has it is within a list of a=accept-types. An empty list takes everything. */
bool session_types_hold(struct str list, struct str content_type);

#endif
