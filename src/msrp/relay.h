/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Two sessions tied together: what arrives on one leaves on the other, piece by piece, as it comes.
 *
 * An MSRP B2BUA (RFC 6714 2: "terminates an MSRP connection from one MSRP endpoint and reoriginates that
 * connection toward another"). Of a chunk, the transaction id and the two paths are replaced; Message-ID,
 * reports wanted, Content-Type and headers nobody knows pass as they are. Byte-Range passes, too, but that
 * range-end becomes "*" when the chunk may have to be interrupted (RFC 4975 7.1.1: more than 2048 bytes, or
 * not all of it is here yet). A chunk may leave as several, never several as one.
 *
 * The far side's answer is the answer: 200 when all that left was answered 200, otherwise the first other
 * status, at once; 408 when the far side is silent for 30 s or its connection goes. With Failure-Report
 * partial nothing is timed and only failures pass; with `no` nothing is awaited (RFC 4975 7.1.1, 7.2).
 * REPORTs cross with new paths, unless the tap keeps them; so do requests of other methods (NICKNAME), and
 * their answers come back. Empty SENDs are of one connection only and answered here.
 *
 * Memory is bounded: reading stops while the other side's queue is above MSRP_QUEUE_HIGH, while
 * MSRP_OUTSTANDING_MAX answers are due, and until the far side is bound (then for MSRP_TRANSACTION_MS at
 * most: 408). A pause takes effect at the next piece at the latest.
 *
 * The relay takes the place of both sessions' handlers; the sessions stay their owner's to start, re-start
 * and stop. Dropping the relay leaves the sessions without a handler: stop them first.
 */
#ifndef MSRP_RELAY_H
#define MSRP_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msrp/session.h"

struct msrp_relay;

enum msrp_side { MSRP_SIDE_A, MSRP_SIDE_B };

struct msrp_relay_handler {
	/** This side has a connection. May be NULL. */
	void (*bound)(struct msrp_relay *r, enum msrp_side side, void *arg);
	/** This side lost it, or could not connect. May be NULL. */
	void (*lost)(struct msrp_relay *r, enum msrp_side side, int error, void *arg);
	/**
	 * A message from this side exceeded the limit, at so many bytes, and was refused with 413. Called at
	 * the end of the turn, once for those of one turn. May be NULL.
	 */
	void (*refused)(struct msrp_relay *r, enum msrp_side side, uint64_t bytes, void *arg);
};

/**
 * What the far side is asked about a message: to report its success, and to how many it was sent (seed 001
 * 6.1.1.2.2, notes A-6). RFC 4975 7.1.1: the same in every chunk of a message. Failure-Report stays as it came.
 */
enum msrp_sent_count {
	MSRP_SENT_COUNT_AS_IT_CAME,
	MSRP_SENT_COUNT_TAKEN_OUT, /**< not asked, in whatever form it came; Success-Report stays */
	MSRP_SENT_COUNT_PARAMETER, /**< Success-Report: yes;Include-Sent-Count */
	MSRP_SENT_COUNT_HEADER,    /**< Success-Report: yes, and Include-Sent-Count: yes */
};

/** What becomes of a REPORT. */
enum msrp_report_fate {
	MSRP_REPORT_PASSES,
	MSRP_REPORT_WITHOUT_COUNT, /**< passes, but for its Distribution-Count */
	MSRP_REPORT_STAYS,         /**< it was ours to hear */
};

/**
 * Sees all that passes (history, charging). It may pause the side a chunk comes from
 * (msrp_relay_session, msrp_session_pause) while it cannot take more. It must not stop the sessions, nor
 * drop the relay, within a callback.
 */
struct msrp_tap {
	/**
	 * A chunk begins: r->frame (without a body it may have no Content-Type: one that aborts or ends a
	 * message), r->offset (where in the message); r->user is the relay's. 0, or a status
	 * to refuse it with. `*cookie`, NULL before, comes back with the rest of the chunk.
	 */
	uint16_t (*head)(enum msrp_side from, const struct msrp_receive *r, void **cookie,
			 void *arg);
	/** It and the others may be NULL. */
	void (*piece)(enum msrp_side from, const struct msrp_receive *r, struct str piece,
		      void *cookie, void *arg);
	/** '$', '+', '#'; 0: the connection broke, or the chunk was refused. */
	void (*end)(enum msrp_side from, const struct msrp_receive *r, char flag, void *cookie,
		    void *arg);
	/**
	 * The far side answered the chunk with this status (or 408; 0 when no answer was due). After `end`
	 * or before it; the last of the chunk together with `end`. May be NULL.
	 */
	void (*answered)(enum msrp_side from, uint16_t status, void *cookie, void *arg);
	/** After a `head` that let the chunk pass: what is asked about its message. May be NULL: as it came. */
	enum msrp_sent_count (*asks)(enum msrp_side from, const struct msrp_receive *r, void *arg);
	/** A REPORT from this side. May be NULL: it passes. */
	enum msrp_report_fate (*report)(enum msrp_side from, const struct msrp_frame *f, void *arg);
};

struct msrp_relay_params {
	struct msrp_session *a, *b; /**< the relay takes references of its own */
	uint64_t message_max[2];    /**< bytes of a message from A, from B; 0: no limit */
	const struct msrp_relay_handler *handler;
	void *arg;
	const struct msrp_tap *tap; /**< NULL: none */
	void *tap_arg;
};

/** Counted. -ENOMEM. */
int msrp_relay_alloc(struct msrp_relay **ret, const struct msrp_relay_params *p);
/** One of the sessions is replaced (another device answered); what was under way on it fails with 408. */
int msrp_relay_replace(struct msrp_relay *r, enum msrp_side side, struct msrp_session *s);
struct msrp_session *msrp_relay_session(const struct msrp_relay *r, enum msrp_side side);

struct msrp_relay_counts {
	uint64_t bytes;    /**< of content */
	uint32_t messages; /**< whose last chunk passed */
	uint32_t chunks;
	uint32_t aborted; /**< by their sender */
	uint32_t refused; /**< by our policy */
	uint32_t
		failed; /**< answered by the far side with something else than 200, or not at all */
	uint32_t reports; /**< that passed */
};

const struct msrp_relay_counts *msrp_relay_counts(const struct msrp_relay *r, enum msrp_side from);
/** loop_now_ms of the last content in either direction; of the start before any: for idle guards. */
uint64_t msrp_relay_active_ms(const struct msrp_relay *r);

#endif
