/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One chunk for many sessions: what the copies have in common lies in one place and stays there.
 *
 *     lines and body, composed once:     Message-ID: …  Byte-Range: …  Content-Type: …  <empty line>  body
 *     for each session, several chunks:  msrp_copies_write(s, copies, n)
 *
 * A copy is a whole chunk: it has its own transaction id and paths, and its end-line, and leaves nothing open on
 * the connection. Several for one session leave in one write; nothing is copied but what the kernel does
 * not take. The transaction ids are random for each copy: one that a recipient sees says nothing of the end-lines
 * that others will get, so that a speaker who is told of it cannot write frames into their streams.
 *
 * Back-pressure is the caller's: 0 means that more than MSRP_QUEUE_LOW bytes wait, and msrp_session_wait_room
 * tells when not.
 */
#ifndef MSRP_COPY_H
#define MSRP_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "msrp/frame.h"
#include "msrp/session.h"

/** Copies in one write. */
#define MSRP_COPIES_MAX 24

/** The answer to a copy; 408: none in MSRP_TRANSACTION_MS; 0: its session or connection went. */
typedef void(msrp_copy_cb)(struct msrp_session *s, uint16_t status, void *owner, void *arg);

struct msrp_copy {
	/** Lines from Message-ID to the empty line, and the body; without a body the lines alone. */
	struct str text;
	char flag; /**< '$', '+', '#' */
	bool body;
	/** NULL: no answer is awaited. */
	msrp_copy_cb *done;
	bool timed; /**< no answer is 408; otherwise 200, after the same time (Failure-Report: partial) */
	void *owner, *arg;
};

struct msrp_copy_lines {
	struct str message_id;
	struct msrp_range range;
	enum msrp_failure_report failure_report;
	struct str others;       /**< further lines, each with its CRLF */
	struct str content_type; /**< empty: there is no body */
};
/** Appends the lines; with a Content-Type also the empty line. Texts are put as they are. */
void msrp_copy_lines_encode(const struct msrp_copy_lines *l, struct buf *out);

/**
 * Writes the first so many of `n` as there is room for, in order. Returns how many; -ENOTCONN: not
 * bound (its handler's `bound` will tell); -ENOMEM: nothing was written.
 */
int msrp_copies_write(struct msrp_session *s, const struct msrp_copy *copies, unsigned n);
/** Answers to copies of this owner are not awaited any more. */
void msrp_copies_forget(struct msrp_session *s, const void *owner);

#endif
