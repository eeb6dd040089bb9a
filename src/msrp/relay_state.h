/* SPDX-License-Identifier: Apache-2.0 */
/** Inside a relay: what relay*.c know of each other. */
#ifndef MSRP_RELAY_STATE_H
#define MSRP_RELAY_STATE_H

#include "base/list.h"
#include "base/loop.h"
#include "msrp/connection.h"
#include "msrp/relay.h"
#include "msrp/session_state.h"
#include "msrp/writer.h"

/** Why a side is not read from. */
enum msrp_wait { MSRP_WAIT_ROOM, MSRP_WAIT_BOUND, MSRP_WAIT_ANSWERS, MSRP_WAITS };

/** What comes from one side. */
struct msrp_direction {
	struct msrp_relay *relay;
	enum msrp_side from;
	uint64_t limit;
	uint64_t refused; /**< hash of the Message-ID refused last; 0: none */
	uint64_t refused_bytes;
	struct deferred_call tell_refused;
	uint64_t running; /**< of the message that runs */
	uint64_t running_bytes;
	struct msrp_relay_counts counts;
	struct list crossings;
	struct msrp_room room;
	struct timer patience; /**< for the far side to be bound */
	bool waits[MSRP_WAITS];
};

struct msrp_relay {
	struct msrp_session *session[2]; /**< references */
	struct msrp_direction dir[2];
	const struct msrp_relay_handler *handler;
	void *arg;
	const struct msrp_tap *tap;
	void *tap_arg;
	uint64_t active_ms;
};

/** A chunk on its way: from its head until the last of what left of it is answered. */
struct msrp_crossing {
	struct msrp_writer w;
	struct msrp_direction *dir;
	struct list_link link;
	struct msrp_receive *r; /**< while it is being received */
	/** What its sender waits for; until the chunk ends the session has it, too. */
	struct msrp_answer *answer;
	const struct msrp_tap *tap; /**< NULL: none */
	void *tap_arg, *cookie;
	uint16_t status; /**< what went wrong; 0: nothing */
	uint8_t asks;    /* enum msrp_sent_count */
};


static inline struct msrp_session *msrp_direction_near(const struct msrp_direction *d)
{
	return d->relay->session[d->from];
}


static inline struct msrp_session *msrp_direction_far(const struct msrp_direction *d)
{
	return d->relay->session[!d->from];
}


/** What comes from this session. */
static inline struct msrp_direction *msrp_relay_direction(struct msrp_relay *relay,
							  const struct msrp_session *s)
{
	return &relay->dir[relay->session[MSRP_SIDE_A] == s ? MSRP_SIDE_A : MSRP_SIDE_B];
}


/* ---- relay.c: back-pressure ---- */
void msrp_direction_wait(struct msrp_direction *d, enum msrp_wait why);
void msrp_direction_go_on(struct msrp_direction *d, enum msrp_wait why);
/** `c`: where the chunk is open; NULL: it ended, the next goes where the session is. */
void msrp_direction_check_room(struct msrp_direction *d, struct msrp_connection *c);
/** A message for somebody who is not there yet waits where it is: with its sender. */
void msrp_direction_check_far(struct msrp_direction *d);

/* ---- relay_crossing.c: what a session's handler is told of SENDs ---- */
uint16_t msrp_crossing_head(struct msrp_session *s, struct msrp_receive *r, void *arg);
uint16_t msrp_crossing_body(struct msrp_session *s, struct msrp_receive *r, struct str piece,
			    void *arg);
uint16_t msrp_crossing_end(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg);
void msrp_crossing_broken(struct msrp_session *s, struct msrp_receive *r, void *arg);
/** All that are under way: 408, and nothing of them is heard again. */
void msrp_crossings_abandon(struct msrp_direction *d);

/* ---- relay_request.c: what it is told of other requests ---- */
void msrp_relay_report(struct msrp_session *s, const struct msrp_frame *f, void *arg);
uint16_t msrp_relay_request(struct msrp_session *s, struct msrp_receive *r, struct str body,
			    void *arg);

/** Header line `i`, with this Byte-Range in its place. */
void msrp_relay_put_line(struct buf *out, const struct msrp_frame *f, unsigned i,
			 const struct msrp_range *range);

#endif
