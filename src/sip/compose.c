/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of our own, front to back. */
#include "sip/compose.h"

#include "sip/chars.h"


/* A line end, and the blanks behind it, becomes one space. */
static void put_line_text(struct buf *b, struct str s)
{
	const char *p = s.p, *end = sip_end(s);

	while (p < end) {
		const char *q = sip_line_end(p, end);

		buf_puts(b, str_range(p, q));
		if (q < end)
			buf_putc(b, ' ');
		p = sip_skip_blanks(q, end);
	}
}


static void put_name(struct buf *b, enum sip_header_id id)
{
	buf_puts(b, sip_header_name(id));
	buf_puts(b, STR(": "));
}


static void put_end(struct buf *b)
{
	buf_puts(b, STR("\r\n"));
}


void sip_put_request(struct buf *b, struct str method, struct str uri)
{
	put_line_text(b, method);
	buf_putc(b, ' ');
	put_line_text(b, uri);
	buf_puts(b, STR(" SIP/2.0\r\n"));
}


/* RFC 3261 8.2.6.2: "if the To header field in the request did not contain a tag, the URI in the To
 * header field in the response MUST equal the URI in the To header field; additionally, the UAS MUST
 * add a tag". A To that cannot be read is sent back as it came. */
static void put_to(struct buf *b, const struct sip_msg *req, struct str to_tag)
{
	struct str to = sip_msg_header(req, SIP_HDR_TO);

	if (!to.p)
		return;

	put_name(b, SIP_HDR_TO);
	put_line_text(b, to);
	if (to_tag.n && req->to_uri.p && !req->to_tag.p) {
		buf_puts(b, STR(";tag="));
		put_line_text(b, to_tag);
	}
	put_end(b);
}


void sip_put_response(struct buf *b, const struct sip_msg *req, uint16_t status, struct str reason,
		      struct str to_tag)
{
	buf_puts(b, STR("SIP/2.0 "));
	buf_putu(b, status);
	buf_putc(b, ' ');
	put_line_text(b, reason.p ? reason : sip_reason(status));
	put_end(b);

	sip_put_copy(b, req, SIP_HDR_VIA);
	sip_put_copy(b, req, SIP_HDR_FROM);
	put_to(b, req, to_tag);
	sip_put_copy(b, req, SIP_HDR_CALL_ID);
	sip_put_copy(b, req, SIP_HDR_CSEQ);
	/* RFC 3261 8.2.6.1: "When a 100 (Trying) response is generated, any Timestamp header field
	 * present in the request MUST be copied into this 100 (Trying) response." */
	if (status == 100)
		sip_put_copy(b, req, SIP_HDR_TIMESTAMP);
}


void sip_put_header(struct buf *b, enum sip_header_id id, struct str value)
{
	put_name(b, id);
	put_line_text(b, value);
	put_end(b);
}


void sip_put_headeru(struct buf *b, enum sip_header_id id, uint64_t value)
{
	put_name(b, id);
	buf_putu(b, value);
	put_end(b);
}


void sip_put_copy(struct buf *b, const struct sip_msg *from, enum sip_header_id id)
{
	for (uint8_t at = from->first[id]; at != SIP_LINE_NONE; at = from->line[at].next) {
		const struct sip_line *l = &from->line[at];

		sip_put_header(b, id, str_range(from->p + l->value, from->p + l->vend));
	}
}


void sip_put_body(struct buf *b, struct str type, struct str body)
{
	if (type.n)
		sip_put_header(b, SIP_HDR_CONTENT_TYPE, type);
	sip_put_headeru(b, SIP_HDR_CONTENT_LENGTH, body.n);
	put_end(b);
	buf_puts(b, body);
}
