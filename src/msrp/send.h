/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Sending a message of our own on a session (RFC 4975 7.1.1), in one call or as a stream.
 *
 *     msrp_send_whole(s, &p, STR("hello"), NULL, NULL);            a short one, gathered
 *
 *     msrp_send_open(&m, s, &p, &handler, arg);                    a stream
 *     while (…) n = msrp_send_write(m, bytes, left);               takes what there is room for
 *     …                                                            `room` says when to go on
 *     msrp_send_end(m);                                            '$', or msrp_send_abort: '#'
 *     …                                                            `done` tells the outcome
 *
 * Messages on the same connection take turns: a chunk is interrupted ('+') when somebody else has to
 * write and at least 2048 bytes of it are out, and goes on in another chunk; `room` is called for one
 * message after another with MSRP_SEND_QUANTUM each.
 *
 * A message without content in hand may not stand open on the wire for ever: a chunk is closed with '+'
 * when its producer has written nothing for MSRP_SEND_LINGER_MS.
 */
#ifndef MSRP_SEND_H
#define MSRP_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "msrp/frame.h"
#include "msrp/session.h"

/** Bytes of a message before another that waits gets its turn. */
#define MSRP_SEND_QUANTUM 16384
/** An open chunk whose producer is silent keeps 30 s timers of the peer's from running; not for ever. */
#define MSRP_SEND_LINGER_MS 5000
/** Of a message begun by us, its Content-Type and extra header lines. */
#define MSRP_SEND_LINES_MAX 4096

struct msrp_send_params {
	struct str message_id; /**< STR_NULL: one is made, msrp_send_id */
	struct str content_type;
	struct str lines; /**< further header lines, each with CRLF; may be empty */
	uint64_t total;   /**< of a stream; MSRP_RANGE_UNKNOWN when not known */
	uint64_t first;   /**< of a stream: bytes that went before (resuming); mostly 0 */
	bool success_report;
	bool include_sent_count; /**< Include-Sent-Count: yes */
	enum msrp_failure_report failure_report;
};

struct msrp_send;

struct msrp_send_handler {
	/** Write on. May be NULL for msrp_send_whole. */
	void (*room)(struct msrp_send *m, void *arg);
	/**
	 * The outcome, once: 200: every chunk was answered so (or needs no answer: written); another
	 * status: refused, and aborted when it was under way; 408: no answer in MSRP_TRANSACTION_MS;
	 * 0: the session or its connection went first. Success REPORTs come to the session's handler.
	 */
	void (*done)(struct msrp_send *m, uint16_t status, void *arg);
};

/**
 * Counted. -ENOTCONN: not bound and no connection is being opened; -EINVAL: Content-Type missing or
 * lines too long; -ENOBUFS; -ENOMEM. Dropping the last reference before the end aborts it, without `done`.
 */
int msrp_send_open(struct msrp_send **ret, struct msrp_session *s, const struct msrp_send_params *p,
		   const struct msrp_send_handler *h, void *arg);
/**
 * Returns the bytes taken: 0…n; when less than `n`, `room` follows. -EPIPE: it failed or was ended;
 * -EMSGSIZE: more than `total`.
 */
ssize_t msrp_send_write(struct msrp_send *m, const void *p, size_t n);
/** The message is complete; with a known total, all of it must have been written (-EINVAL). */
int msrp_send_end(struct msrp_send *m);
/** '#': no `done` follows. */
void msrp_send_abort(struct msrp_send *m);
struct str msrp_send_id(const struct msrp_send *m);
/** Bytes of the message handed to its connection so far. */
uint64_t msrp_send_sent(const struct msrp_send *m);

/**
 * A message in one chunk, written now (no pausing; ceiling: -ENOBUFS when the connection is more than
 * MSRP_QUEUE_HIGH behind). `done` may be NULL. `ret_id` (may be NULL) gets the Message-ID that was
 * made, MSRP_TID_MADE bytes, when p->message_id was STR_NULL.
 */
int msrp_send_whole(struct msrp_session *s, const struct msrp_send_params *p, struct str body,
		    msrp_status_cb *done, void *arg, char *ret_id);

#endif
