/* SPDX-License-Identifier: Apache-2.0 */
/**
 * MSRP on the wire (RFC 4975 9; RFC 4976 for AUTH; RFC 7701 for NICKNAME): a parser that is fed the
 * bytes of one connection as they come, cut anywhere, and the composition of frames.
 *
 * What happens, for each frame, in this order:
 *
 *   head   once, when the header section is complete: the frame's start line and headers
 *   body   none or more times: pieces of the body, as they arrive, never gathered
 *   end    once: the continuation flag
 *
 * `struct msrp_frame` is the same, and its views are valid, from the head to the return of the end,
 * however many reads lie between. They point into the bytes of the feed when the frame lies in it
 * whole; otherwise into a copy of the head that the parser keeps until the end. A body piece is
 * valid during its call only. Between frames the parser owns no memory.
 *
 * Two kinds of trouble a peer makes. A header whose value is wrong, missing or double leaves the
 * framing sound: the frame is delivered with `fault` set; a request is then to be answered 400, and
 * the connection goes on. When the framing is lost (bad start line, not a header line, a ceiling) the
 * `broken` callback is called with what could be read of the frame, so that a 400 can be sent where
 * tid and From-Path were found, and feed returns -EBADMSG: the connection is to be closed.
 *
 * Leniencies, on purpose: header names and values in any case; blanks after the colon may be absent
 * or many; a transaction id may be of 1…MSRP_TID_MAX characters; CRLF between frames is passed over;
 * an empty body may lack the CRLF before its end-line.
 */
#ifndef MSRP_FRAME_H
#define MSRP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/str.h"

/** Start line and headers together. Ours have 300 bytes; two long paths and a nickname fit in it. */
#define MSRP_HEAD_MAX 8192
/** Header lines in a frame: four times what any document defines for one. */
#define MSRP_LINES_MAX 40
/** Transaction id; RFC 4975 9 "ident" allows 32. */
#define MSRP_TID_MAX 64
/** A method's name. */
#define MSRP_METHOD_MAX 32
/** Message-ID; "ident" allows 32, UUIDs and more are sent in practice. */
#define MSRP_MESSAGE_ID_MAX 128
/** RFC 4975 7.1: "Non-SEND request bodies MUST NOT be larger than 10240 octets." */
#define MSRP_OTHER_BODY_MAX 10240
/** RFC 7701 9 (nickname): what may stand between the quotes. */
#define MSRP_NICKNAME_MAX 1023
/** RFC 4975 7.1.1: a body larger than this must be interruptible, its range-end "*". */
#define MSRP_CHUNK_PLAIN_MAX 2048

enum msrp_method {
	MSRP_METHOD_OTHER, /**< by name */
	MSRP_METHOD_SEND,
	MSRP_METHOD_REPORT,
	MSRP_METHOD_AUTH,     /**< RFC 4976 */
	MSRP_METHOD_NICKNAME, /**< RFC 7701 */
};

enum msrp_header_id {
	MSRP_HDR_OTHER,
	MSRP_HDR_TO_PATH,
	MSRP_HDR_FROM_PATH,
	MSRP_HDR_MESSAGE_ID,
	MSRP_HDR_SUCCESS_REPORT,
	MSRP_HDR_FAILURE_REPORT,
	MSRP_HDR_BYTE_RANGE,
	MSRP_HDR_STATUS,
	MSRP_HDR_CONTENT_TYPE,
	MSRP_HDR_USE_NICKNAME,
	MSRP_HDR_INCLUDE_SENT_COUNT,
	MSRP_HDR_DISTRIBUTION_COUNT,
	MSRP_HDR_COUNT,
};

enum msrp_failure_report {
	MSRP_FAILURE_YES, /**< also when the header is absent (RFC 4975 7.1.1) */
	MSRP_FAILURE_PARTIAL,
	MSRP_FAILURE_NO,
};

/** "*" in a Byte-Range. */
#define MSRP_RANGE_UNKNOWN UINT64_MAX

struct msrp_range {
	uint64_t start; /**< the first octet of a message is 1 */
	uint64_t end;   /**< inclusive, or MSRP_RANGE_UNKNOWN; start - 1 of an empty body */
	uint64_t total; /**< or MSRP_RANGE_UNKNOWN */
};

/** A header line, as offsets from msrp_frame.p. */
struct msrp_line {
	uint16_t at;    /**< first byte of the name */
	uint16_t value; /**< first byte of the value; blanks at both ends are not of it */
	uint16_t end;   /**< behind the last byte of the value */
	uint8_t name_n; /**< length of the name, 255 for any longer one */
	uint8_t id;     /**< enum msrp_header_id */
};

struct msrp_frame {
	const char *p; /**< the head's bytes: start line and headers */
	size_t n;      /**< of them, the CRLF of the last header included */

	bool request;
	bool body; /**< one follows, of whatever length, 0 included */
	enum msrp_method method;
	uint16_t status;        /**< of a response */
	struct str tid;         /**< transaction id */
	struct str method_name; /**< of a request */
	struct str comment;     /**< of a response; empty: none */

	const char *fault; /**< NULL, or what is wrong: the comment for a 400 */

	/** As received; not checked beyond being there: see msrp_path_decode */
	struct str to_path;
	struct str from_path;
	struct str message_id; /**< STR_NULL: absent; so are all below */
	struct str content_type;
	/** Between the quotes, escapes as received; see msrp_nickname_decode */
	struct str use_nickname;
	bool has_nickname; /**< Use-Nickname is present, empty or not */
	bool has_range;
	struct msrp_range range; /**< 1-* / * when the header is absent */
	bool success_report;     /**< "yes" */
	enum msrp_failure_report failure_report;
	bool include_sent_count; /**< Include-Sent-Count: yes, or the same within Success-Report */
	bool has_distribution_count; /**< and it is a number below 2^32 */
	uint32_t distribution_count;
	bool has_status; /**< Status header (of a REPORT) */
	uint16_t report_namespace, report_status;
	struct str report_comment;

	/**
	 * Every header line after From-Path, with their CRLFs, contiguous as received: what a relay
	 * passes on in one piece when no line of it is to change.
	 */
	struct str others;
	uint16_t lines; /**< To-Path and From-Path included: line 0 and line 1 */
	struct msrp_line line[MSRP_LINES_MAX];

	char end_line[9 + MSRP_TID_MAX]; /**< the parser's: CRLF, seven hyphens, tid */
};

/** The value of line `i`, its name, and all of the line without CRLF. */
struct str msrp_line_value(const struct msrp_frame *f, unsigned i);
struct str msrp_line_name(const struct msrp_frame *f, unsigned i);
struct str msrp_line_text(const struct msrp_frame *f, unsigned i);
/** Value of the first line of this name, any case; STR_NULL when absent. */
struct str msrp_frame_header(const struct msrp_frame *f, struct str name);
/** Undoes the escapes of `use_nickname` (RFC 7701 9: backslash before backslash and quote). */
void msrp_nickname_decode(struct str quoted, struct buf *out);

/** ---- The parser ---- */
struct msrp_parser_ops {
	void (*head)(const struct msrp_frame *f, void *arg);
	void (*body)(const struct msrp_frame *f, struct str piece, void *arg);
	/** `flag`: '$' the message is complete, '+' more chunks follow, '#' it was aborted. */
	void (*end)(const struct msrp_frame *f, char flag, void *arg);
	/** May be NULL. `f` holds what was read before the fault; the rest of it is STR_NULL. */
	void (*broken)(const struct msrp_frame *f, const char *why, void *arg);
};

struct msrp_split;

struct msrp_parser {
	const struct msrp_parser_ops *ops;
	void *arg;
	struct msrp_split *split; /**< the frame that an earlier feed began; NULL: none */
	int err;                  /**< the framing is lost for good */
	bool stopped;
	bool in_frame;
};

/** `ops` and `arg` are borrowed. Costs nothing until a frame is split between two feeds. */
void msrp_parser_init(struct msrp_parser *p, const struct msrp_parser_ops *ops, void *arg);
/** Not inside a callback. */
void msrp_parser_done(struct msrp_parser *p);

/**
 * Takes the next bytes of the connection; calls back. Returns the bytes consumed: all, unless a
 * callback has called msrp_parser_stop; what is left over is to be fed again (it may be all: 0 is
 * returned then). Every byte handed to a callback is consumed.
 *
 * -EBADMSG: framing lost; -ENOMEM: no memory to keep a split head. Both are for good.
 * The parser must outlive the call: who embeds it holds a reference meanwhile.
 */
ssize_t msrp_parser_feed(struct msrp_parser *p, const char *bytes, size_t n);

/**
 * Inside a callback: return from feed as soon as this callback returns; a frame without a body first
 * gets its end. The next feed goes on from there.
 */
void msrp_parser_stop(struct msrp_parser *p);

/** A frame has begun and not ended. False inside the end callback, too, only after it returned. */
bool msrp_parser_in_frame(const struct msrp_parser *p);

/** ---- Composition ----
 *
 * A run of calls into a struct buf, one check of `failed` at its end:
 *
 *     msrp_request_encode(&b, tid, STR("SEND"), to_path, from_path);
 *     msrp_header_encode(&b, STR("Message-ID"), id);
 *     msrp_range_encode(&b, &range);
 *     msrp_content_encode(&b, STR("text/plain"));        the body follows
 *     buf_puts(&b, body);
 *     msrp_end_encode(&b, tid, '$', true);
 *
 * Texts are put as they are: that no line end stands in them is the caller's part.
 */

/** Bytes of a transaction id made by msrp_tid_make. */
#define MSRP_TID_MADE 16

/**
 * A transaction id from 64 random bits (RFC 4975 7.1: "at least 64 bits of randomness"). That its
 * end-line does not stand in the body is sure for one who streams a body he does not see beforehand
 * but for a chance of 2^-64; one who sees it asks msrp_tid_clashes and draws again.
 */
void msrp_tid_make(uint64_t random, char ret[MSRP_TID_MADE]);
/** Seven hyphens, `tid` stand in `body`. */
bool msrp_tid_clashes(struct str tid, struct str body);

/** Start line, To-Path, From-Path. */
void msrp_request_encode(struct buf *out, struct str tid, struct str method, struct str to_path,
			 struct str from_path);
void msrp_header_encode(struct buf *out, struct str name, struct str value);
/** Byte-Range. */
void msrp_range_encode(struct buf *out, const struct msrp_range *range);
/** Content-Type and the empty line: the body comes next. */
void msrp_content_encode(struct buf *out, struct str content_type);
/** The end-line; `body`: there is one, so that a CRLF comes before it. */
void msrp_end_encode(struct buf *out, struct str tid, char flag, bool body);

/**
 * The whole response to `request` (RFC 4975 7.2): To-Path is the first URI of its From-Path when it
 * was a SEND, all of them otherwise; From-Path is `self`, or, when that is empty, the first URI of
 * its To-Path. `comment` may be empty. Says nothing about whether one is to be sent: see
 * msrp_response_wanted.
 */
void msrp_response_encode(struct buf *out, const struct msrp_frame *request, uint16_t status,
			  struct str comment, struct str self);
/**
 * RFC 4975 7.2 and 7.1.2: SEND with Failure-Report yes: always; partial: when `status` is not 200;
 * no: never. A REPORT is never answered, nor is a response. Other methods: always.
 */
bool msrp_response_wanted(const struct msrp_frame *request, uint16_t status);

/** A whole REPORT (RFC 4975 7.1.2), without a body. */
struct msrp_report {
	struct str tid, to_path, from_path, message_id;
	struct msrp_range range;
	uint16_t status;    /**< namespace 000 */
	struct str comment; /**< may be empty */
	bool has_distribution_count;
	uint32_t distribution_count;
};
void msrp_report_encode(struct buf *out, const struct msrp_report *r);

/** Use-Nickname, quoted; escapes what must be. */
void msrp_nickname_encode(struct buf *out, struct str nickname);

/** The comment that the documents give with a status; "" for others. */
struct str msrp_status_comment(uint16_t status);

#endif
