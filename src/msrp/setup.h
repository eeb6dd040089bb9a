/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who connects, and where to: the SDP attribute a=setup (RFC 6135), the address rule with an ALG or a
 * middlebox on the way (OMA SIMPLE IM 5.8.2, RFC 6714). Pure functions over what stands in the SDP.
 */
#ifndef MSRP_SETUP_H
#define MSRP_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/str.h"

enum msrp_setup {
	MSRP_SETUP_NONE, /**< no a=setup: RFC 4975 5.4, the offerer is active */
	MSRP_SETUP_ACTIVE,
	MSRP_SETUP_PASSIVE,
	MSRP_SETUP_ACTPASS,
	MSRP_SETUP_HOLDCONN,
};

enum msrp_role {
	MSRP_PASSIVE, /**< waits for the peer's connection */
	MSRP_ACTIVE,  /**< connects, and sends a SEND at once (RFC 4975 5.4) */
};

/** The port of an m-line whose owner will connect and does not listen (RFC 4145 4.1). */
#define MSRP_PORT_DISCARD 9

/** MSRP_SETUP_NONE for what is no value of RFC 4145. */
enum msrp_setup msrp_setup_decode(struct str value);
/** "" for MSRP_SETUP_NONE. */
struct str msrp_setup_name(enum msrp_setup s);

/**
 * What to answer: active→passive, passive→active, actpass→passive (active when `reachable` is false:
 * the peer could not connect to us), holdconn→holdconn; without a=setup passive, to an offerer that
 * is active by RFC 4975.
 */
enum msrp_setup msrp_setup_answer(enum msrp_setup offer, bool reachable);

/**
 * Our role once both are known. The answer decides, for it is the narrower; an answer without
 * a=setup leaves the offerer active. holdconn: passive, nobody connects for now.
 */
enum msrp_role msrp_setup_role(bool we_offered, enum msrp_setup offer, enum msrp_setup answer);

/** What the peer's SDP says of where it is. */
struct msrp_location {
	struct str path;   /**< a=path, all of it */
	struct str c_host; /**< of the c= line; STR_NULL: none */
	uint16_t m_port;   /**< of the m= line */
};

struct msrp_target {
	bool secure;     /**< msrps: TLS */
	struct str host; /**< of the address to connect to, as written; a view into the location */
	uint16_t port;
	bool numeric; /**< `addr` is filled in; otherwise `host` is a name to be resolved */
	struct addr addr;
	/** TLS: what the certificate must be for: the host of the path's first URI */
	struct str name;
	bool rewritten; /**< c=/m= was taken because it is not what the path says: an ALG, a middlebox */
};

/**
 * Where the active side connects to. The first URI of the path; but c= and m= when they name another
 * address than a path of one URI (OMA 5.8.2: "with an ALG on the path"; RFC 6714 4.2, 4.3), unless
 * they name none (port 0 or 9, the any-address, no c= line). A path of several URIs begins with the
 * peer's relay: always that one (RFC 6714 4.2, falling back). A host name in the path counts as
 * another address than a numeric c=, for the c= line needs no resolving.
 * -EBADMSG: the path does not decode; -ENOENT: nothing there to connect to (port 9).
 */
int msrp_target_choose(struct msrp_target *ret, const struct msrp_location *at);

#endif
