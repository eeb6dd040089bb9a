/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Writes the content of one message as chunks: opens one when there is something to write and none is
 * open, interrupts it when others must write, goes on in another.
 *
 * Embedded in what sends: a message of ours (msrp/send.h), a chunk that crosses a relay. The ops tell
 * the header lines; each chunk that is to be answered is a transaction whose outcome comes back.
 */
#ifndef MSRP_WRITER_H
#define MSRP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "msrp/frame.h"
#include "msrp/session.h"

struct msrp_writer;
struct msrp_transaction;

struct msrp_writer_ops {
	/**
	 * The lines from Message-ID to the empty line, Byte-Range as given. `same`: it is the range the
	 * writer was begun with, so that lines taken over from elsewhere may stay as they are.
	 */
	void (*lines)(struct msrp_writer *w, struct buf *out, const struct msrp_range *range,
		      bool same);
	/** A chunk was answered, or will not be; 0: its connection went; 408; 200 also for one not timed. */
	void (*done)(struct msrp_writer *w, uint16_t status);
};

struct msrp_writer {
	const struct msrp_writer_ops *ops;
	struct msrp_session *session; /**< borrowed */
	struct msrp_connection *c;    /**< a chunk is open there */
	struct msrp_transaction *txn; /**< the open chunk's; NULL: none is wanted */
	struct msrp_range range;      /**< what it was begun with */
	uint64_t pos;                 /**< of the next byte, the first of the message is 0 */
	uint64_t chunk;               /**< bytes in the open chunk */
	unsigned pending;             /**< transactions not done */
	char tid[MSRP_TID_MADE];
	uint8_t failure_report; /**< enum msrp_failure_report */
	bool body;              /**< there is content, if only of 0 bytes */
	bool begun;             /**< a chunk was written */
};

void msrp_writer_init(struct msrp_writer *w, const struct msrp_writer_ops *ops,
		      struct msrp_session *s, const struct msrp_range *range,
		      enum msrp_failure_report failure_report, bool body);
/** -ENOTCONN; -ENOMEM. All or nothing. */
int msrp_writer_piece(struct msrp_writer *w, struct str piece);
/**
 * Ends it: '$', '#', or '+' when more of the message comes by another writer. Nothing is written for '+'
 * when the last chunk was interrupted just there. -ENOTCONN; -ENOMEM.
 */
int msrp_writer_finish(struct msrp_writer *w, char flag);
/** The open chunk ends with '+'. */
void msrp_writer_interrupt(struct msrp_writer *w);
/** Interrupting now would make no tiny chunk, and no empty one to follow. */
bool msrp_writer_interruptible(const struct msrp_writer *w);
/** It goes away: an open chunk ends with '#', no `done` follows. */
void msrp_writer_drop(struct msrp_writer *w);
/** Its connection is gone. */
void msrp_writer_lost(struct msrp_writer *w);

#endif
