/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A received SIP message: the bytes as they came, and an index of where things stand in them.
 *
 * One pass over the bytes finds the start line and every header line (folded lines too), notes name
 * and value as offsets, and chains the lines that have the same name. Nothing is copied, nothing is
 * allocated; a `struct sip_msg` is about 2 kB, lives on the stack or in a transaction, and is valid
 * as long as the bytes are.
 *
 * What every message must have (RFC 3261 8.1.1) is decoded at once, because every later step asks
 * for it: the topmost Via, From, To, Call-ID, CSeq. Other values are decoded when asked for, from
 * the span that sip_msg_header gives (sip/via.h, sip/name_addr.h, …).
 *
 * A proxy forwards the received bytes with edits (sip/edit.h); a user agent composes a message of
 * its own (sip/compose.h). There are no header objects.
 *
 * What the peer got wrong is told in two ways: `SIP_DECODE_BROKEN` is not answerable (no start
 * line, no Via…): count and drop. `SIP_DECODE_BAD` is a request that can be answered: the index is
 * good enough for a response, and `status`/`reason` say which (400, 505, 513…).
 */
#ifndef SIP_MSG_H
#define SIP_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sip/header.h"
#include "sip/method.h"
#include "sip/uri.h"
#include "sip/via.h"

/** Header lines in one message; a real one has 20 to 40. More: 400 (513 is for size). */
#define SIP_HEADERS_MAX 128
/** A whole message. UDP carries no more; over TCP larger ones get 513 and the connection closes. */
#define SIP_MESSAGE_MAX 65535
/** Via hops in one request; RFC 3261 has no number, Max-Forwards bounds honest ones at 70. */
#define SIP_VIAS_MAX 100

/** One header line; offsets into the message. A folded value still holds its line ends. */
struct sip_line {
	uint32_t start; /**< first byte of the name */
	uint32_t value; /**< first byte of the value, blanks skipped */
	uint32_t vend;  /**< end of the value, trailing blanks dropped */
	uint32_t end;   /**< after the CRLF: where the next line starts */
	uint8_t id;     /**< enum sip_header_id */
	uint8_t name_n; /**< length of the name as written */
	uint8_t next; /**< next line with the same id (SIP_LINE_NONE: last); for OTHER: unchained */
	uint8_t folded; /**< the value has line ends in it */
};

#define SIP_LINE_NONE 0xff

enum sip_decode {
	SIP_DECODE_OK,
	SIP_DECODE_BAD, /**< answer with `status` and `reason` (a request), or drop (a response) */
	SIP_DECODE_BROKEN, /**< cannot be answered: drop and count */
};

struct sip_cseq {
	uint32_t number; /**< 0 … 2^31 - 1 */
	enum sip_method method;
	struct str method_name;
};

struct sip_msg {
	const char *p;        /**< the bytes, borrowed */
	size_t n;             /**< to the end of the body */
	uint32_t headers_end; /**< first byte after the empty line: start of the body */

	bool request;
	enum sip_method method; /**< of a request; of a response: the CSeq's */
	struct str method_name;
	struct str uri;        /**< Request-URI as received */
	struct sip_uri target; /**< the same decoded; of a request that is OK */
	uint16_t status; /**< of a response; what to answer when decode said BAD to a request */
	struct str
		reason; /**< with it; ours when BAD (also of a response: what was wrong with it) */

	struct sip_via via; /**< the topmost Via value */
	struct sip_cseq cseq;
	struct str call_id;
	struct str from_tag, to_tag; /**< STR_NULL when there is none */
	struct str from_uri,
		to_uri;       /**< inside the <>, or the bare URI; parameters of the URI included */
	int32_t max_forwards; /**< -1: header absent */
	struct str body;      /**< by Content-Length; over UDP without it: all that is left */

	bool bare_lf; /**< a line before the body ends in LF without CR */
	uint16_t lines;
	uint8_t first[SIP_HDR_COUNT]; /**< first line with this id, SIP_LINE_NONE when absent */
	uint8_t last[SIP_HDR_COUNT];
	struct sip_line line[SIP_HEADERS_MAX];
};

/**
 * Indexes one whole message. `stream`: it came over TCP/TLS, where Content-Length is required
 * (RFC 3261 18.3). Never reads outside `bytes`, which need not end in NUL.
 *
 * Lines may end in LF alone; a CR without LF is a 400. What follows the body of a datagram is cut
 * off: `m->n` ends where the body does (RFC 3261 18.3), so it is not forwarded either. A BAD request
 * has every line that could be read in its index, and the fields that could be decoded; the others
 * are STR_NULL. An ACK is never answered, whatever was wrong with it.
 */
enum sip_decode sip_msg_decode(struct sip_msg *m, struct str bytes, bool stream);

/** Value of the first line with this name; STR_NULL when absent. */
struct str sip_msg_header(const struct sip_msg *m, enum sip_header_id id);
/** Value of a header this server has no number for, by name, any case. */
struct str sip_msg_header_named(const struct sip_msg *m, struct str name);
/**
 * Every value of a header, over several lines and over commas (outside quotes and <>):
 *     struct sip_values v = sip_values_first(m, SIP_HDR_ROUTE);
 *     for (struct str value; sip_values_next(&v, &value);) …
 * Blanks around a value are dropped, empty values passed over. Single-valued headers whose grammar
 * has commas (Date, Authorization…) must not be read so.
 */
struct sip_values {
	const struct sip_msg *m;
	uint8_t line;    /**< line after the one that `rest` is of */
	struct str rest; /**< not yet returned; STR_NULL: the line is used up */
	uint32_t at;     /**< offset of the value last returned, in the message */
	uint8_t at_line; /**< the line it stands on */
};
struct sip_values sip_values_first(const struct sip_msg *m, enum sip_header_id id);
bool sip_values_next(struct sip_values *v, struct str *ret);
/**
 * The next value of one line's text (a stored Path, a line of an unknown header): cuts it off
 * `*rest`; false when none is left.
 */
bool sip_value_cut(struct str *rest, struct str *ret);
/** A comma-list header holds this token, any case (Require, Supported, Allow, Privacy with ';' too). */
bool sip_msg_has_token(const struct sip_msg *m, enum sip_header_id id, struct str token);
/** Seconds of Retry-After, without its comment and parameters (RFC 3261 20.33); 0: none; UINT32_MAX: that or more. */
uint32_t sip_msg_retry_after_s(const struct sip_msg *m);

/** The same message after its bytes were copied elsewhere: all views moved to `p`. */
void sip_msg_rebase(struct sip_msg *m, const char *p);

/**
 * The few facts a retransmission is recognised by, without the full pass: topmost Via branch and
 * sent-by, and the CSeq method. False when the cheap look does not find them. For overload.
 */
struct sip_peek {
	bool request;
	struct str branch, sent_by;
	enum sip_method method;
	struct str method_name;
};
bool sip_msg_peek(struct sip_peek *ret, struct str bytes);

#endif
