/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Messages of our own, composed front to back into one buffer (base/buf.h: one check at the end).
 *
 * No text that is put can break out of its line: a line end in a value becomes a space, so a value
 * taken from a peer (a folded one too) is safe to put.
 */
#ifndef SIP_COMPOSE_H
#define SIP_COMPOSE_H

#include <stdint.h>

#include "base/buf.h"
#include "sip/msg.h"

/** The reason phrase of RFC 3261 21 and its extensions ("OK"); "Unknown" otherwise. */
struct str sip_reason(uint16_t status);

/**
 * Start of a response to `req` by RFC 3261 8.2.6: status line, every Via (with received and rport of
 * the source already noted in it, see sip/source_note.h), From, To (with `to_tag` added when the
 * request had none and `to_tag` is not empty), Call-ID, CSeq, and for 100 the Timestamp. The caller
 * goes on with headers of its own, then sip_put_body. `reason` STR_NULL: sip_reason(status).
 */
void sip_put_response(struct buf *b, const struct sip_msg *req, uint16_t status, struct str reason,
		      struct str to_tag);
/** Start of a request: "METHOD uri SIP/2.0\r\n" */
void sip_put_request(struct buf *b, struct str method, struct str uri);
/** "Name: value\r\n" */
void sip_put_header(struct buf *b, enum sip_header_id id, struct str value);
void sip_put_headeru(struct buf *b, enum sip_header_id id, uint64_t value);
/** Copies every line with this name from a received message, under its full name, unfolded. */
void sip_put_copy(struct buf *b, const struct sip_msg *from, enum sip_header_id id);
/** Content-Type when there is a type, Content-Length, the empty line, the body. Ends the message. */
void sip_put_body(struct buf *b, struct str type, struct str body);
/** RFC 3261 20.17 date from milliseconds since 1970: "Sat, 13 Nov 2010 23:29:00 GMT". */
void sip_put_date(struct buf *b, int64_t wall_ms);
/**
 * -EBADMSG, also for a time zone other than GMT (RFC 3261 20.17). Three forms are understood, as HTTP
 * has them (RFC 1123, RFC 850, asctime); SIP writes the first. The day of the week is not checked.
 */
int sip_date_decode(int64_t *ret_ms, struct str value);

#endif
