/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Messages out of a stream of bytes (RFC 3261 18.3), however the network cuts it.
 *
 * For each chunk that is read:
 *     sip_stream_frame_push(f, p, n);
 *     while ((kind = sip_stream_frame_next(f, &text)) != SIP_FRAME_MORE) …
 *
 * A message that lies whole in the chunk is given where it lies; one that arrives in pieces is
 * gathered in a buffer of its own. Each byte is looked at once. The head is not parsed: lines are
 * told apart, and Content-Length is found (long or compact, any case, folded). Line ends between
 * messages are skipped (RFC 3261 7.5); two of them are a ping, which the caller answers with one
 * (RFC 5626 3.5.1).
 *
 * An error is final: the stream cannot be cut into messages any more. What was pushed is dropped,
 * nothing further is given; the caller sends the answer and closes.
 */
#ifndef SIP_STREAM_FRAME_H
#define SIP_STREAM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "sip/msg.h"

enum sip_frame_kind {
	SIP_FRAME_MORE,      /**< the chunk is used up */
	SIP_FRAME_MESSAGE,   /**< a whole message */
	SIP_FRAME_PING,      /**< CRLF CRLF between messages: answer CRLF */
	SIP_FRAME_PONG,      /**< a CRLF while `expect_pong` was set; clears it */
	SIP_FRAME_TOO_LARGE, /**< beyond SIP_MESSAGE_MAX: 513 */
	SIP_FRAME_BAD,       /**< no Content-Length, several, or not a number: 400 */
	SIP_FRAME_NO_MEMORY,
};

struct sip_stream_frame {
	bool expect_pong; /**< set by the caller when it sends a ping */

	struct str chunk;  /**< what is left of the pushed bytes; borrowed */
	struct buf held;   /**< a message that began in an earlier chunk */
	uint32_t line;     /**< where the line being looked at starts in the message */
	uint32_t seen;     /**< no LF from `line` up to here */
	uint32_t total;    /**< bytes of the whole message; 0: not yet known */
	uint32_t length;   /**< Content-Length so far */
	uint8_t in_length; /**< where we are in its value */
	uint8_t lengths;   /**< how many of them (at most 2 are counted) */
	uint8_t crlfs;     /**< line ends in a row between messages */
	bool given;        /**< the message in `held` was given out: drop it at the next call */
	bool closed;       /**< after an error */
};

void sip_stream_frame_init(struct sip_stream_frame *f);
void sip_stream_frame_done(struct sip_stream_frame *f);

/** The next bytes of the stream; borrowed until next gives SIP_FRAME_MORE. */
void sip_stream_frame_push(struct sip_stream_frame *f, const char *p, size_t n);
/**
 * What comes next in the stream. With MESSAGE `*ret` is the message, without line ends before it;
 * with TOO_LARGE and BAD it is the message from its start as far as known, its head whole where that
 * has arrived, enough for sip_msg_decode to find whom to answer (it may call it BAD for another
 * reason; the status to send is the one above). Valid until the next call; the byte behind it is
 * not the caller's to write.
 */
enum sip_frame_kind sip_stream_frame_next(struct sip_stream_frame *f, struct str *ret);
/** Part of a message is here and waits for the rest: a connection that stays so is timed out. */
bool sip_stream_frame_partial(const struct sip_stream_frame *f);

#endif
