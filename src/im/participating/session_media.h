/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the user plane of a session: what session_media.c and session_stream.c know of each other. */
#ifndef IM_PARTICIPATING_SESSION_MEDIA_H
#define IM_PARTICIPATING_SESSION_MEDIA_H

#include "im/participating/delivery_report.h"
#include "im/participating/session_sdp.h"
#include "im/participating/session_state.h"
#include "msrp/relay.h"
#include "msrp/session.h"
#include "sip/resolver.h"

/** Streams of one session; chat and a file beside it are two. */
#define SESSION_STREAMS_MAX 4

struct session_stream;

/** A stream towards one side. */
struct session_side {
	struct session_stream *stream;
	struct msrp_session *msrp;
	struct msrp_advertised at; /**< what our SDP says of where we are */
	struct str types, path;    /**< what the side takes, and where it is; in `text` */
	char *text;
	struct addr addr;         /**< active: where we connect to */
	struct sip_lookup lookup; /**< of its name */
	enum msrp_setup offered;  /**< in our last offer */
	bool active, bound;
};

struct session_stream {
	struct session_media *media;
	uint8_t section; /**< which m= line */
	bool standing;   /**< an answer has made it hold */
	struct msrp_relay *relay;
	struct delivery_reports *reports; /**< NULL: how many received a message is not asked */
	struct session_side side[2];
};

/** What was said on a leg. */
struct session_said {
	uint64_t id, version;       /**< of our o= */
	uint64_t heard;             /**< hash of what the side said last, that holds */
	struct str said;            /**< what we said last, that holds */
	struct str saying, hearing; /**< while an offer waits for its answer to hold */
};

struct session_media {
	struct im_session *session;
	struct session_limits limits;
	struct session_said leg[2];
	enum session_leg_id offerer;
	uint8_t streams_n;
	struct session_stream *stream[SESSION_STREAMS_MAX];
	uint64_t messages, bytes; /**< of streams that are gone */
};

/* session_stream.c */
/** A pair of MSRP sessions for each active section of an offer; those there are stay. */
int session_streams_prepare(struct session_media *md, enum session_leg_id from,
			    const struct session_sdp *d);
/** The one of this section; NULL: there is none. */
struct session_stream *session_stream_of(const struct session_media *md, size_t section);
/** a=setup of an offer of ours: the role that we have, or both; it is remembered. */
enum msrp_setup session_side_offers(struct session_side *d);
/** Offer and answer hold: connects, re-points, ends. Our role on the answerer's side. */
enum msrp_role session_streams_start(struct session_media *md, const struct session_sdp *offer,
				     const struct session_sdp *answer);
/** Those that no answer has made hold. */
void session_streams_forget(struct session_media *md);
void session_streams_free(struct session_media *md);

#endif
