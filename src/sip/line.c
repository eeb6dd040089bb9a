/* SPDX-License-Identifier: Apache-2.0 */
/* One header line, folds included. */
#include "sip/line.h"

#include "sip/chars.h"


static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}


/*
 * From `p` inside a line to its end over all folds: `*next` is the start of the next line. RFC 3261
 * 7.3.1: "Header fields can be extended over multiple lines by preceding each extra line with at
 * least one SP or horizontal tab (HT)."
 */
static enum sip_line_read find_end(const char **next, const char **vend, uint8_t *folded,
				   const char *p, const char *end)
{
	enum sip_line_read r = SIP_LINE_OK;

	for (;;) {
		p = sip_line_end(p, end);
		*vend = p;
		if (p == end) {
			*next = end;
			return SIP_LINE_CUT;
		}
		if (*p == '\r') {
			if (++p == end) {
				*next = end;
				return SIP_LINE_CUT;
			}
			if (*p != '\n') {
				r = SIP_LINE_BAD;
				continue;
			}
		}
		*next = ++p;
		if (p == end || !is_space(*p))
			return r;
		*folded = 1;
	}
}


static enum sip_line_read read_empty(struct sip_line *l, const char *base, const char *p,
				     const char *end)
{
	const char *next = *p == '\n' ? p + 1 : p + 2;

	if (*p == '\r' && (end - p < 2 || p[1] != '\n'))
		return end - p < 2 ? SIP_LINE_CUT : SIP_LINE_BAD;

	l->end = (uint32_t)(next - base);
	return SIP_LINE_EMPTY;
}


/*
 * The name and its id in a line whose text ends at `vend`; returns the ':' behind it, or NULL. A name
 * of the list with its ':' at once is found without looking at each letter; the rest is spelt out.
 */
static const char *read_name(struct sip_line *l, const char *p, const char *vend, const char *end)
{
	const char *colon = sip_colon_near(p, end), *q;

	if (colon && colon > p && colon < vend) {
		l->id = (uint8_t)sip_header_decode_at(p, end, (size_t)(colon - p));
		if (l->id != SIP_HDR_OTHER) {
			l->name_n = (uint8_t)(colon - p);
			return colon;
		}
	}

	q = sip_span(p, vend, SIP_CHAR_TOKEN);
	if (q == p || q - p > UINT8_MAX)
		return NULL;
	/* RFC 3261 25.1: HCOLON = *( SP / HTAB ) ":" SWS */
	for (colon = q; colon < vend && is_space(*colon);)
		colon++;
	if (colon == vend || *colon != ':')
		return NULL;

	l->name_n = (uint8_t)(q - p);
	l->id = (uint8_t)sip_header_decode(str_range(p, q));
	return colon;
}


/* Inlined where all lines of a message are read: it is the inner loop of the server. */
static inline __attribute__((always_inline)) enum sip_line_read read_line(struct sip_line *l,
									  const char *base,
									  const char *p,
									  const char *end)
{
	const char *value, *vend, *next;
	enum sip_line_read r;

	l->start = (uint32_t)(p - base);
	l->end = (uint32_t)(end - base);
	l->folded = l->name_n = 0;
	l->id = SIP_HDR_OTHER;
	if (*p == '\r' || *p == '\n') {
		r = read_empty(l, base, p, end);
		if (r != SIP_LINE_BAD)
			return r;
	}

	/* The end first, from the start of the line: where the next line begins must not wait for what
	 * this one says. */
	r = find_end(&next, &vend, &l->folded, p, end);
	l->end = (uint32_t)(next - base);

	value = read_name(l, p, vend, end);
	if (!value)
		return r == SIP_LINE_CUT ? r : SIP_LINE_BAD;

	for (value++; value < vend && is_space(*value);)
		value++;
	if (l->folded)
		value = sip_skip_blanks(value, vend);
	while (vend > value && sip_char_is(vend[-1], SIP_CHAR_BLANK))
		vend--;

	l->value = (uint32_t)(value - base);
	l->vend = (uint32_t)(vend - base);
	return r;
}


enum sip_line_read sip_line_read(struct sip_line *l, const char *base, const char *p,
				 const char *end)
{
	return read_line(l, base, p, end);
}


/* ---- All lines of a message ---- */

/* The first finding stays. */
static void blame(struct str *wrong, struct str reason)
{
	if (!wrong->p)
		*wrong = reason;
}


static void chain(struct sip_msg *m, struct sip_line *l)
{
	uint8_t at = (uint8_t)m->lines;

	l->next = SIP_LINE_NONE;
	if (l->id != SIP_HDR_OTHER) {
		if (m->first[l->id] == SIP_LINE_NONE)
			m->first[l->id] = at;
		else
			m->line[m->last[l->id]].next = at;
		m->last[l->id] = at;
	}
	m->lines++;
}


/* LF without CR at the end of the line, or where it is folded. */
static bool has_bare_lf(const struct sip_msg *m, const struct sip_line *l)
{
	const char *p = m->p + l->start, *end = m->p + l->end;

	if (!l->folded)
		return end[-1] == '\n' && (end - p < 2 || end[-2] != '\r');

	for (; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		if (p[-1] != '\r')
			return true;
	return false;
}


bool sip_lines_index(struct sip_msg *m, const char *p, struct str *wrong)
{
	const char *end = m->p + m->n;
	struct sip_line beyond;

	*wrong = STR_NULL;
	while (p < end) {
		struct sip_line *l = m->lines < SIP_HEADERS_MAX ? &m->line[m->lines] : &beyond;

		switch (read_line(l, m->p, p, end)) {
		case SIP_LINE_EMPTY:
			m->bare_lf |= has_bare_lf(m, l);
			m->headers_end = l->end;
			return !wrong->p;
		case SIP_LINE_BAD:
			blame(wrong, STR("Malformed Header Line"));
			__attribute__((fallthrough));
		case SIP_LINE_OK:
			if (l == &beyond) {
				blame(wrong, STR("Too Many Header Lines"));
				return false;
			}
			p = m->p + l->end;
			m->bare_lf |= has_bare_lf(m, l);
			if (l->name_n)
				chain(m, l);
			break;
		case SIP_LINE_CUT:
			p = end;
			break;
		}
	}
	blame(wrong, STR("No Empty Line after Headers"));
	return false;
}
