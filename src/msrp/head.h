/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The head of a frame, for the parser alone: finding its lines and its end, which may go on over
 * several reads, and decoding it once it lies in one piece.
 */
#ifndef MSRP_HEAD_H
#define MSRP_HEAD_H

#include "msrp/frame.h"

/** Bytes that every frame begins with: "MSRP ". */
#define MSRP_HEAD_FIRST 5

enum msrp_head_scan {
	MSRP_HEAD_MORE, /**< its end has not been seen */
	MSRP_HEAD_BODY, /**< complete, with the empty line: a body follows */
	MSRP_HEAD_END,  /**< complete, with the end-line: the frame is, too */
	MSRP_HEAD_BAD,  /**< framing lost; `why` says what */
};

/** How far the scan has come; all zero at the beginning. */
struct msrp_head_progress {
	size_t at;      /**< first byte not yet scanned: begin of a line */
	size_t start_n; /**< length of the start line without CRLF; 0: not seen */
	char flag;      /**< of the end-line */
	const char *why;
};

/** Clears all but the tables that their counts guard. */
void msrp_frame_clear(struct msrp_frame *f);

/**
 * Goes on scanning [p, p + n), p the first byte of the frame, which may have moved since the last
 * call. Fills f->line. With BODY and END `progress->at` is the first byte after the head.
 */
enum msrp_head_scan msrp_head_scan(struct msrp_head_progress *progress, struct msrp_frame *f,
				   const char *p, size_t n);

/**
 * Decodes a head that was scanned to `end`; false (and progress->why) when the framing is lost
 * after all: a start line that is none, or an end-line of another transaction. `end` MSRP_HEAD_BAD
 * gets what there is, for the `broken` callback.
 */
bool msrp_head_decode(struct msrp_head_progress *progress, struct msrp_frame *f, const char *p,
		      enum msrp_head_scan end);

/** The head's bytes now lie at `p`: moves every view. */
void msrp_frame_rebase(struct msrp_frame *f, const char *p);

#endif
