/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Edits over received bytes: how a proxy makes the message it forwards.
 *
 * An edit replaces the span [at, at + drop) of the received message by a text. Edits are added in
 * any order, are kept by position, and are applied in one pass of memcpy into the outgoing buffer;
 * what no edit touches leaves exactly as it came (RFC 3261 16.6: a proxy changes what it must and no
 * more). Edits at one position take effect in the order they were added, insertions before what is
 * replaced there. Spans that are replaced must not overlap: a second edit of bytes already replaced
 * marks the edits `failed`. Inserted text is borrowed until sip_edits_apply.
 */
#ifndef SIP_EDIT_H
#define SIP_EDIT_H

#include "base/buf.h"
#include "sip/msg.h"

/** Edits to one message; a forwarded request needs about ten. */
#define SIP_EDITS_MAX 64

struct sip_edit {
	uint32_t at, drop;
	struct str text;
};

struct sip_edits {
	const struct sip_msg *m;
	uint16_t n;
	bool failed; /**< more than SIP_EDITS_MAX, overlapping, or outside the message */
	struct sip_edit edit[SIP_EDITS_MAX];
};

void sip_edits_init(struct sip_edits *e, const struct sip_msg *m);
void sip_edit_span(struct sip_edits *e, uint32_t at, uint32_t drop, struct str text);
/** Insert whole header lines (text ends in CRLF) before the first line with `id`, or, without one, before
 * the empty line. */
void sip_edit_insert_before(struct sip_edits *e, enum sip_header_id id, struct str lines);
/** Append header lines (text ends in CRLF) at the end of the headers, before the empty line. */
void sip_edit_append(struct sip_edits *e, struct str lines);
/** Replace the Request-URI. */
void sip_edit_uri(struct sip_edits *e, struct str uri);
/** Replace the first line of a header, or append it when absent: "Name: value\r\n". */
void sip_edit_header(struct sip_edits *e, enum sip_header_id id, struct str line);
/** Drop every line with this name. */
void sip_edit_remove(struct sip_edits *e, enum sip_header_id id);
/**
 * Drop the first value of a comma-list header (the topmost Via, Route); the line with it when it was
 * alone. Once for each header: a second call drops nothing more.
 */
void sip_edit_remove_first_value(struct sip_edits *e, enum sip_header_id id);
/**
 * Appends the edited message to `out`; -ENOBUFS when an edit or the buffer did not fit. Line ends in
 * front of the start line are left out, and a header line that came with LF alone leaves with CRLF.
 */
int sip_edits_apply(struct sip_edits *e, struct buf *out);

#endif
