/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A fan-out on the virtual loop, and participants that speak MSRP to it.
 *
 * What a participant hears is put together by Message-ID; its log has a line for each message that is complete, each
 * that was aborted, each answer and report, with ", " between:
 *     ID=TEXT | ID# | STATUS TID | REPORT ID RANGE STATUS[ COUNT] | closed
 * TEXT is what follows the CPIM head, or all of it where there is none.
 */
#ifndef UNIT_IM_ROOM_H
#define UNIT_IM_ROOM_H

#include "base/loop.h"
#include "im/controlling/fanout.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "msrp/endpoint.h"
#include "msrp/frame.h"

#define GUESTS_MAX 24
#define HEARD_MAX 512
#define ROOM_URI "sip:conf-1@example.com"

struct room;

/** A message on its way to a guest. */
struct heard {
	char id[MSRP_MESSAGE_ID_MAX + 1];
	uint64_t next;
	struct buf body;
	bool whole, aborted;
};

struct guest {
	struct room *room;
	int number;
	const char *who;
	struct fanout_seat *seat; /**< NULL: closed */
	struct stream *s;
	struct msrp_parser parser;
	struct buf log;
	char path[64], to[128];
	uint16_t status; /**< what SENDs are answered with, where an answer is wanted; 0: nothing */
	bool quiet;      /**< whole messages are kept, not logged */
	bool broken;     /**< something came that must not */
	bool lossy;      /**< has been without a connection: what was under way has gaps */
	unsigned sends, whole, aborted;
	uint64_t bytes;
	struct heard *under_way; /**< whose chunk is being read */
	struct heard heard[HEARD_MAX];
	unsigned heard_n;
	struct buf others; /**< lines of the last SEND after From-Path */
	char last_tid[MSRP_TID_MAX + 1];
	uint64_t chunk_max;
};

struct room {
	struct virtual_loop *vl;
	struct loop *l;
	struct msrp_endpoint *ep;
	struct fanout *f;
	struct guest guest[GUESTS_MAX];
	unsigned guests;
	struct buf events;
	char *storage;
	bool close_slow; /**< who is overrun has their seat closed */
	void (*whole)(struct guest *g,
		      struct str object); /**< a guest has heard this; may be NULL */
	unsigned active;
};

/** NULL params: CPIM required, nicknames allowed. */
struct room *room_open(const struct fanout_params *p);
/** Another guest, connected and bound; `p` may be NULL: "sip:<who>@example.com". */
struct guest *room_enter(struct room *r, const char *who, const struct fanout_seat_params *p);
/** The same without a connection. */
struct guest *room_seat(struct room *r, const char *who, const struct fanout_seat_params *p);
void guest_connect(struct guest *g);
void guest_leave(struct guest *g);
void room_run(struct room *r);
void room_advance(struct room *r, uint64_t ms);

void guest_write(struct guest *g, const void *p, size_t n);
void guest_printf(struct guest *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** Start line to the empty line. `type` NULL: message/cpim. */
void guest_head(struct guest *g, const char *tid, const char *id, const char *range,
		const char *lines, const char *type);
void guest_tail(struct guest *g, const char *tid, char flag);
/** A CPIM object in one chunk: `from` and `to` as written between <>. */
void guest_say_to(struct guest *g, const char *tid, const char *id, const char *lines,
		  const char *from, const char *to, const char *type, const char *text);
/** The ordinary message. */
void guest_say(struct guest *g, const char *id, const char *text);
void guest_heard(struct guest *g, const char *expected);
void room_events(struct room *r, const char *expected);
void room_note(struct room *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
