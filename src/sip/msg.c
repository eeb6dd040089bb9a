/* SPDX-License-Identifier: Apache-2.0 */
/* The index over a received message: start line, header lines, and what every message must have. */
#include "sip/msg.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/line.h"
#include "sip/name_addr.h"
#include "sip/uri.h"

/** What is wrong with the message; the first finding stays. */
struct verdict {
	uint16_t status;
	struct str reason;
};


static void blame(struct verdict *v, uint16_t status, struct str reason)
{
	if (v->status)
		return;
	v->status = status;
	v->reason = reason;
}


static void clear(struct sip_msg *m, struct str bytes)
{
	m->p = bytes.p;
	m->n = bytes.n;
	m->headers_end = (uint32_t)bytes.n;
	m->request = false;
	m->method = SIP_METHOD_OTHER;
	m->method_name = m->uri = m->reason = STR_NULL;
	m->status = 0;
	m->via = (struct sip_via){0};
	m->cseq = (struct sip_cseq){0};
	m->call_id = m->from_tag = m->to_tag = m->from_uri = m->to_uri = STR_NULL;
	m->max_forwards = -1;
	m->body = STR_NULL;
	m->bare_lf = false;
	m->lines = 0;
	memset(m->first, SIP_LINE_NONE, sizeof(m->first));
	memset(m->last, SIP_LINE_NONE, sizeof(m->last));
}


/* ---- The start line ---- */

static void decode_target(struct sip_msg *m, struct verdict *v)
{
	const struct sip_uri *uri = &m->target;

	if (m->uri.n > SIP_URI_MAX) {
		blame(v, 414, STR("Request-URI Too Long"));
		return;
	}
	if (sip_uri_decode(&m->target, m->uri)) {
		blame(v, 400, STR("Malformed Request-URI"));
		return;
	}
	/* RFC 3261 19.1.1, table 1: headers are not allowed in the Request-URI. */
	if (uri->headers.n && (uri->scheme == SIP_URI_SIP || uri->scheme == SIP_URI_SIPS))
		blame(v, 400, STR("Headers in Request-URI"));
}


/* SP SIP-Version at the end: the one sign that this is SIP at all. The last SP of the line, or
 * NULL; blanks after the version are an error (RFC 4475 3.1.2.10) that can be answered. */
static const char *find_version(const char *p, const char **end, struct verdict *v)
{
	const char *e = *end, *sp;

	while (e > p && (e[-1] == ' ' || e[-1] == '\t'))
		e--;
	if (e != *end)
		blame(v, 400, STR("Blanks after SIP-Version"));
	*end = e;

	sp = memrchr(p, ' ', (size_t)(e - p));
	if (!sp || e - sp < 5 || !SIP_IS(str_range(sp + 1, sp + 5), "SIP/"))
		return NULL;
	return sp;
}


static bool decode_request_line(struct sip_msg *m, const char *p, const char *end,
				struct verdict *v)
{
	const char *method_end = sip_span(p, end, SIP_CHAR_TOKEN);
	const char *sp = find_version(p, &end, v);

	if (!sp || method_end == p || method_end >= sp || *method_end != ' ')
		return false;

	m->request = true;
	m->method_name = str_range(p, method_end);
	m->method = sip_method_decode(m->method_name);
	m->uri = str_range(method_end + 1, sp);

	/* RFC 3261 21.5.7: 505 for a version this server does not support. It goes before other
	 * complaints: the rest may be well formed by that version. */
	if (!SIP_IS(str_range(sp + 1, end), "SIP/2.0")) {
		v->status = 505;
		v->reason = STR("Version Not Supported");
		return true;
	}
	decode_target(m, v);
	return true;
}


/* RFC 3261 25.1: Status-Line = SIP-Version SP Status-Code SP Reason-Phrase */
static bool decode_status_line(struct sip_msg *m, const char *p, const char *end)
{
	struct str line = str_range(p, end);

	if (line.n < 11 || line.p[7] != ' ' || !SIP_IS(str_upto(line, 7), "SIP/2.0") ||
	    (line.n > 11 && line.p[11] != ' '))
		return false;

	for (int i = 8; i < 11; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return false;
		m->status = (uint16_t)(m->status * 10 + (line.p[i] - '0'));
	}
	m->reason = str_from(line, 12);
	return m->status >= 100 && m->status <= 699;
}


/* Returns the start of the first header line; NULL: this is no SIP message. */
static const char *decode_start_line(struct sip_msg *m, const char *p, const char *end,
				     struct verdict *v)
{
	const char *eol = sip_line_end(p, end), *next = eol;

	if (eol == end)
		return NULL;
	if (*next == '\n')
		m->bare_lf = true;
	else if (++next == end || *next != '\n')
		return NULL;

	if (eol - p > 4 && SIP_IS(str_range(p, p + 4), "SIP/")) {
		if (!decode_status_line(m, p, eol))
			return NULL;
	} else if (!decode_request_line(m, p, eol, v)) {
		return NULL;
	}
	return next + 1;
}


/* ---- The header lines ---- */

/* Header fields that make no sense twice and decide something. RFC 3261 7.3.1: more than one line
 * of a name is allowed only where the value is a comma-separated list. */
static void check_single(const struct sip_msg *m, struct verdict *v)
{
	static const uint8_t single[] = {
		SIP_HDR_FROM,         SIP_HDR_TO,           SIP_HDR_CALL_ID,
		SIP_HDR_CSEQ,         SIP_HDR_MAX_FORWARDS, SIP_HDR_CONTENT_LENGTH,
		SIP_HDR_CONTENT_TYPE, SIP_HDR_EXPIRES,      SIP_HDR_EVENT,
		SIP_HDR_SIP_IF_MATCH, SIP_HDR_SIP_ETAG,     SIP_HDR_SUBSCRIPTION_STATE,
		SIP_HDR_REFER_TO,     SIP_HDR_REPLACES,     SIP_HDR_SESSION_EXPIRES,
	};

	for (size_t i = 0; i < sizeof(single); i++)
		if (m->first[single[i]] != m->last[single[i]])
			blame(v, 400, STR("Repeated Header Field"));
}


/* ---- What every message must have ---- */

static bool decode_via(struct sip_msg *m, struct verdict *v)
{
	struct str line = sip_msg_header(m, SIP_HDR_VIA);
	size_t used;
	int r;

	if (!line.p)
		return false;

	r = sip_via_decode_first(&m->via, line, &used);
	/* Where to send the answer is known, and that the rest of the value is wrong. */
	if (r == -EPROTO)
		blame(v, 400, STR("Malformed Via"));
	return r == 0 || r == -EPROTO;
}


static void decode_party(const struct sip_msg *m, enum sip_header_id id, struct str *uri,
			 struct str *tag, struct verdict *v)
{
	struct str line = sip_msg_header(m, id);
	struct sip_name_addr a;

	if (!line.p || sip_name_addr_decode_tag(&a, tag, line) || a.star ||
	    (tag->p && (!tag->n || tag->p[0] == '"'))) {
		*tag = STR_NULL;
		blame(v, 400,
		      id == SIP_HDR_FROM ? STR("Missing or Malformed From")
					 : STR("Missing or Malformed To"));
		return;
	}
	*uri = a.uri;
}


/* RFC 3261 25.1: word [ "@" word ]. Wider here ("=" and the like are seen), but no blanks. */
static void decode_call_id(struct sip_msg *m, struct verdict *v)
{
	struct str line = sip_msg_header(m, SIP_HDR_CALL_ID);

	if (sip_all_chars(line, SIP_CHAR_WORD | SIP_CHAR_PARAM))
		m->call_id = line;
	else
		blame(v, 400, STR("Missing or Malformed Call-ID"));
}


static bool decode_cseq(struct sip_cseq *ret, struct str line)
{
	const char *p = line.p, *end = sip_end(line), *q = p;
	struct sip_cseq c;

	while (q < end && *q >= '0' && *q <= '9')
		q++;
	/* RFC 3261 8.1.1.5: "The sequence number value MUST be expressible as a 32-bit unsigned
	 * integer and MUST be less than 2**31." */
	if (!str_u32(str_range(p, q), &c.number) || c.number > INT32_MAX)
		return false;

	p = sip_skip_blanks(q, end);
	c.method_name = str_range(p, end);
	if (p == q || !sip_all_chars(c.method_name, SIP_CHAR_TOKEN))
		return false;

	c.method = sip_method_decode(c.method_name);
	*ret = c;
	return true;
}


static void check_cseq(struct sip_msg *m, struct verdict *v)
{
	struct str line = sip_msg_header(m, SIP_HDR_CSEQ);

	if (!line.p || !decode_cseq(&m->cseq, line)) {
		blame(v, 400, STR("Missing or Malformed CSeq"));
		return;
	}
	if (!m->request) {
		m->method = m->cseq.method;
		m->method_name = m->cseq.method_name;
		return;
	}
	if (m->method == m->cseq.method &&
	    (m->method || str_eq(m->method_name, m->cseq.method_name)))
		return;

	/* RFC 4475 3.1.2.18: for an unknown method "choosing a 501 […] has better future-proof
	 * characteristics". */
	if (m->method == SIP_METHOD_OTHER)
		blame(v, 501, STR("Not Implemented"));
	else
		blame(v, 400, STR("CSeq Method Mismatch"));
}


static void decode_max_forwards(struct sip_msg *m, struct verdict *v)
{
	struct str line = sip_msg_header(m, SIP_HDR_MAX_FORWARDS);
	uint32_t hops;

	if (!line.p)
		return;
	/* RFC 3261 20.22: "an integer in the range 0-255" */
	if (str_u32(line, &hops) && hops <= 255)
		m->max_forwards = (int32_t)hops;
	else
		blame(v, 400, STR("Malformed Max-Forwards"));
}


/* RFC 3261 18.3: in a datagram, "If there are additional bytes in the transport packet beyond the
 * end of the body, they MUST be discarded. If the transport packet ends before the end of the
 * message body, this is considered an error." */
static void cut_body(struct sip_msg *m, bool stream, struct verdict *v)
{
	struct str line = sip_msg_header(m, SIP_HDR_CONTENT_LENGTH);
	struct str rest = {m->p + m->headers_end, m->n - m->headers_end};
	uint32_t n;

	m->body = rest;
	if (!line.p) {
		if (stream)
			blame(v, 400, STR("Missing Content-Length"));
		return;
	}
	if (!str_u32(line, &n)) {
		blame(v, 400, STR("Malformed Content-Length"));
		return;
	}
	if (n > rest.n) {
		blame(v, 400, STR("Content-Length Beyond End"));
		return;
	}
	m->body.n = n;
	m->n = m->headers_end + n;
}


enum sip_decode sip_msg_decode(struct sip_msg *m, struct str bytes, bool stream)
{
	const char *p = bytes.p, *end = sip_end(bytes);
	struct verdict v = {0};
	struct str wrong;

	clear(m, bytes);
	if (!bytes.n || bytes.n > UINT32_MAX)
		return SIP_DECODE_BROKEN;

	/* RFC 3261 7.5: "Implementations processing SIP messages over stream-oriented transports MUST
	 * ignore any CRLF appearing before the start-line". */
	while (p < end && (*p == '\r' || *p == '\n'))
		p++;

	p = decode_start_line(m, p, end, &v);
	if (!p)
		return SIP_DECODE_BROKEN;
	if (bytes.n > SIP_MESSAGE_MAX)
		blame(&v, 513, STR("Message Too Large"));

	if (!sip_lines_index(m, p, &wrong))
		blame(&v, 400, wrong);
	if (!decode_via(m, &v))
		return SIP_DECODE_BROKEN;

	check_single(m, &v);
	decode_party(m, SIP_HDR_FROM, &m->from_uri, &m->from_tag, &v);
	decode_party(m, SIP_HDR_TO, &m->to_uri, &m->to_tag, &v);
	decode_call_id(m, &v);
	check_cseq(m, &v);
	decode_max_forwards(m, &v);
	cut_body(m, stream, &v);
	if (!v.status)
		return SIP_DECODE_OK;

	if (m->request)
		m->status = v.status;
	m->reason = v.reason;
	return SIP_DECODE_BAD;
}


/* ---- Moving ---- */

struct move {
	const char *from, *to;
	size_t n;
};


/* Views of text that is not the message's (a reason of ours) stay. */
static void move(struct str *s, const struct move *by)
{
	if (s->p && s->p >= by->from && s->p <= by->from + by->n)
		s->p = by->to + (s->p - by->from);
}


static void move_uri(struct sip_uri *u, const struct move *by)
{
	move(&u->text, by);
	move(&u->user, by);
	move(&u->password, by);
	move(&u->host, by);
	move(&u->params, by);
	move(&u->headers, by);
}


void sip_msg_rebase(struct sip_msg *m, const char *p)
{
	const struct move by = {m->p, p, m->n};
	struct str *const views[] = {
		&m->method_name, &m->uri,
		&m->reason,      &m->via.value,
		&m->via.sent_by, &m->via.host,
		&m->via.branch,  &m->via.received,
		&m->via.maddr,   &m->cseq.method_name,
		&m->call_id,     &m->from_tag,
		&m->to_tag,      &m->from_uri,
		&m->to_uri,      &m->body,
	};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		move(views[i], &by);
	if (m->request)
		move_uri(&m->target, &by);
	m->p = p;
}
