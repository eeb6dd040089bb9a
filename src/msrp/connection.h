/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One connection that carries MSRP: the stream, its parser, the order of what is written.
 *
 * For msrp/ itself; users of the layer see sessions. A connection is shared by any number of sessions,
 * which it holds in a list; it closes when the last has left, or when none came (MSRP_UNBOUND_MS). The
 * endpoint holds its reference; a session's pointer to it is good as long as the session is in its list.
 *
 * Writing: whole frames (answers, reports, requests in one piece) and at most one open chunk, of a
 * struct msrp_writer (msrp/writer.h). Who must write while a chunk of another is open has it interrupted:
 * at once when the chunk has MSRP_CHUNK_PLAIN_MAX bytes, otherwise whole frames wait until it has, or ends,
 * or MSRP_INTERRUPT_MS have gone by (RFC 4975 7.1.1: "interrupting chunks (at least 2048 octets long) only
 * when other traffic is waiting").
 *
 * A write that fails (no memory, the peer is MSRP_QUEUE_MAX behind) would leave half a frame on the wire:
 * the connection fails then, at the end of the turn.
 */
#ifndef MSRP_CONNECTION_H
#define MSRP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/byte_queue.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/timer.h"
#include "msrp/deadline.h"
#include "msrp/frame.h"
#include "msrp/session.h"

/** Bytes that wait to leave: who feeds it stops reading above HIGH, goes on below LOW. */
#define MSRP_QUEUE_HIGH 49152
#define MSRP_QUEUE_LOW 16384
/** A peer that asks and does not read the answers is not read from any more. */
#define MSRP_QUEUE_SELF 262144
/** Above this it fails: only many sessions that all write to one silent peer get here. */
#define MSRP_QUEUE_MAX 1048576
/** A piece from here on goes to the kernel directly. */
#define MSRP_THROUGH_MIN 32768
/** How long answers wait for a small chunk that comes slowly. */
#define MSRP_INTERRUPT_MS 200

struct msrp_endpoint;
struct msrp_host_count;
struct msrp_writer;

enum msrp_connection_state { MSRP_OPENING, MSRP_UNBOUND, MSRP_BOUND, MSRP_CLOSING, MSRP_GONE };

/** Whole frames that wait while a chunk is open. */
struct msrp_backlog {
	struct byte_queue q;
	struct timer interrupt; /**< the chunk has to make room then */
};

/** Waits for room in the queue; called once, from the loop, or when the connection ends. */
struct msrp_room {
	struct list_link link;
	struct msrp_connection *c; /**< where it waits; NULL: nowhere */
	void (*call)(struct msrp_room *room);
};

struct msrp_connection {
	struct msrp_endpoint *ep;
	struct stream *stream;
	struct hash_link by_peer; /**< while sessions may share it; those we opened */
	struct msrp_host_count *host;
	struct list_link link; /**< of ep->bound, ep->closing */
	struct deadline wait;  /**< in ep->opening, ep->unbound */
	struct addr peer;
	struct list sessions;     /**< of msrp_binding.link */
	struct list transactions; /**< of msrp_transaction.of_connection */
	struct list rooms;
	struct msrp_parser parser;
	/** The request being received; rx.session NULL: to be passed over */
	struct msrp_receive rx;
	struct buf *gathered;   /**< body of a request other than SEND; NULL: none is under way */
	struct byte_queue held; /**< read, and not parsed: paused */
	struct msrp_backlog *waiting; /**< whole frames that wait for the open chunk; NULL: none */
	struct msrp_writer *open;     /**< whose chunk is on the wire */
	struct msrp_session *last;    /**< whom the last request was for */
	struct deferred_call resume, fail, rooms_call;
	uint64_t written; /**< bytes in all */
	char *name;       /**< TLS that we opened: whom the certificate is for */
	unsigned pauses;
	unsigned strangers; /**< requests for no session of ours */
	int error;          /**< it fails with this at the end of the turn */
	uint8_t state;      /**< enum msrp_connection_state */
	bool secure;
	bool ours; /**< we opened it */
	bool connected;
	bool self_paused;
	bool feeding;
	char rx_flag;  /**< how the chunk ended, while its `end` is told; 0 before */
	bool rx_begun; /**< the handler has seen the head */
	bool rx_empty; /**< a SEND without a body: judged at its end */
	bool was_bound;
};

struct msrp_connect {
	struct addr peer;
	bool secure;
	struct str name;
	bool fresh; /**< not a shared one */
};

/** Takes the stream's reference. */
void msrp_connection_accept(struct msrp_endpoint *ep, struct stream *s, bool secure);
/** One that stands or a new one. The endpoint holds it; -errno of connecting, -ENOBUFS, -ENOTSUP. */
int msrp_connection_to(struct msrp_connection **ret, struct msrp_endpoint *ep,
		       const struct msrp_connect *to);
/** It leads there. */
bool msrp_connection_leads(const struct msrp_connection *c, const struct msrp_connect *to);
/**
 * Over: everybody on it is told, what was unanswered fails. `flush`: what is written still leaves.
 * Only from the loop; the caller holds a reference.
 */
void msrp_connection_end(struct msrp_connection *c, int error, bool flush);
/** The same at the end of the turn. */
void msrp_connection_fail(struct msrp_connection *c, int error);
/** A session joined or left: it is bound, or closes. */
void msrp_connection_count_sessions(struct msrp_connection *c);
/** For msrp_endpoint's destructor. */
void msrp_connection_drop(struct msrp_connection *c);
/** Overdue in ep->opening or ep->unbound. */
void msrp_connection_overdue(struct deadline *d, void *ep);


static inline bool msrp_connection_usable(const struct msrp_connection *c)
{
	return c->state <= MSRP_BOUND && !c->error;
}


/** ---- Reading ---- */
void msrp_connection_pause(struct msrp_connection *c);
void msrp_connection_resume(struct msrp_connection *c);
void msrp_connection_resume_n(struct msrp_connection *c, unsigned n);

/* ---- Writing ---- */

/** A whole frame, in its turn. */
void msrp_connection_frame(struct msrp_connection *c, const struct buf *frame);
/** Bytes of the open chunk, or of a frame that may go now. */
void msrp_connection_write(struct msrp_connection *c, const void *p, size_t n);
/** Whole frames that lie in several places, `n` bytes in all; they leave now as far as the kernel takes them. */
void msrp_connection_write_parts(struct msrp_connection *c, const struct iovec *parts,
				 unsigned count, size_t n);
/** The chunk on the wire, if there is one, ends here for now; then what waited is written. */
void msrp_connection_clear(struct msrp_connection *c);
/** The open chunk grew (or ended: open is NULL): what waits may be written now. */
void msrp_connection_yield(struct msrp_connection *c);
size_t msrp_connection_queued(const struct msrp_connection *c);
void msrp_room_wait(struct msrp_room *room, struct msrp_connection *c);
void msrp_room_cancel(struct msrp_room *room);

#endif
