/* SPDX-License-Identifier: Apache-2.0 */
/**
 * MSRP as the peers of a scenario speak it (RFC 4975).
 *
 * A peer has an MSRP address of its own, on which it listens, and a session for each SDP it sends: what it
 * offers or answers names its path, what comes back names the other's. A frame goes over the session's
 * connection, which is opened to the first URI of the other's path when there is none, or is the one on
 * which the other came.
 *
 * Frames are read, written and put together here, by nothing of src/msrp: a peer that read with the codec
 * under test would agree with it where both are wrong, and could not send what that codec refuses to
 * write. The reader is lenient and slow; what it takes for a frame it shows as it came.
 *
 * By itself a peer answers SEND 200 (as Failure-Report allows), lets the empty SEND pass that only opens a
 * session, and takes the 200s for all chunks of a message but the last. `answers MSRP by hand` ends that.
 */
#ifndef RUNNER_MSRP_H
#define RUNNER_MSRP_H

#include "scenario/runner/compose.h"
#include "scenario/runner/peer.h"

#define SCN_MSRP_PORT 2855

struct scn_msrp {
	struct scn_msrp *next;
	struct str local;      /**< the path as our SDP says it */
	struct str remote;     /**< as theirs does; STR_NULL: not known yet */
	struct scn_conn *conn; /**< NULL: none yet */
};

/** ---- Frames (msrp_frame.c) ---- */

bool scn_msrp_begins(struct str bytes);
/** The length of the first whole frame; 0 while it is not whole. `bytes` begins with "MSRP ". */
size_t scn_msrp_frame(struct str bytes);
/** False: it is none. `msrp`, `tid` and `flag` are set. */
bool scn_msrp_read(struct arena *a, struct scn_msg *ret, struct str bytes);
struct str scn_msrp_summary(struct arena *a, const struct scn_msg *m);

/** "1-5/10"; what is "*" or absent is UINT64_MAX. False: no range. */
bool scn_msrp_range(struct str s, uint64_t *start, uint64_t *end, uint64_t *total);

/** ---- Sessions (msrp.c) ---- */

/** Opens the peer's listener. 0 or -errno. */
int scn_msrp_listen(struct scn_peer *peer);
/** A new path of the peer's: the first is NAME, then NAME-2 … */
struct str scn_msrp_path(struct scn_peer *peer);
/** That first one, whether it is in use or not. */
struct str scn_msrp_first_path(const struct scn_peer *peer);
/** a=path of an SDP; STR_NULL: none. */
struct str scn_sdp_path(struct str body);
/** The session of this path of ours, made when there is none; NULL without a path. */
struct scn_msrp *scn_msrp_session(struct scn_peer *peer, struct str local);
/** By the name of a request that made it; without a name the latest. NULL: none. */
struct scn_msrp *scn_msrp_named(const struct scn_peer *peer, struct str name);

/** What the peer does by itself with a frame that came. */
void scn_msrp_react(struct scn_peer *peer, struct scn_arrival *a);
/** SEND, REPORT, AUTH and what else there is. */
bool scn_msrp_send(struct scn_peer *peer, const struct scn_sending *s);
bool scn_msrp_answer(struct scn_peer *peer, struct scn_incoming *in, unsigned status,
		     struct str reason, const struct scn_change *changes);
bool scn_msrp_is_method(struct str method);

/** ---- Messages in many frames (msrp_message.c) ---- */

/**
 * The chunks of one message as one arrival: what has come of it. `*whole`: its end was among them. NULL:
 * what waits first is no SEND. They are marked as taken when it is whole.
 */
struct scn_arrival *scn_msrp_gather(struct scn_peer *peer, bool *whole);

#endif
