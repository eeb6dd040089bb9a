/* SPDX-License-Identifier: Apache-2.0 */
/* Edits over received bytes, kept by position and applied in one pass. */
#include "sip/edit.h"

#include <errno.h>


void sip_edits_init(struct sip_edits *e, const struct sip_msg *m)
{
	e->m = m;
	e->n = 0;
	e->failed = false;
}


/* Where an edit at `at` goes: after all before it and, at the same place, after the insertions that
 * are there; a replacement goes after them all. */
static uint16_t place(const struct sip_edits *e, uint32_t at, uint32_t drop)
{
	uint16_t i = e->n;

	while (i && (e->edit[i - 1].at > at ||
		     (e->edit[i - 1].at == at && !drop && e->edit[i - 1].drop)))
		i--;
	return i;
}


static bool fits(const struct sip_edits *e, uint16_t i, uint32_t at, uint32_t drop)
{
	if (e->n == SIP_EDITS_MAX || at > e->m->n || drop > e->m->n - at)
		return false;
	if (i > 0 && e->edit[i - 1].at + e->edit[i - 1].drop > at)
		return false;
	return i == e->n || at + drop <= e->edit[i].at;
}


void sip_edit_span(struct sip_edits *e, uint32_t at, uint32_t drop, struct str text)
{
	uint16_t i = place(e, at, drop);

	if (!fits(e, i, at, drop)) {
		e->failed = true;
		return;
	}
	memmove(&e->edit[i + 1], &e->edit[i], (size_t)(e->n - i) * sizeof(e->edit[0]));
	e->edit[i] = (struct sip_edit){at, drop, text};
	e->n++;
}


static void edit_line(struct sip_edits *e, uint8_t line, struct str text)
{
	const struct sip_line *l = &e->m->line[line];

	sip_edit_span(e, l->start, l->end - l->start, text);
}


/* Where the empty line starts that ends the headers. */
static uint32_t empty_line(const struct sip_msg *m)
{
	uint32_t at = m->headers_end;

	if (at && m->p[at - 1] == '\n')
		at--;
	if (at && m->p[at - 1] == '\r')
		at--;
	return at;
}


void sip_edit_insert_before(struct sip_edits *e, enum sip_header_id id, struct str lines)
{
	uint8_t first = e->m->first[id];

	if (first == SIP_LINE_NONE)
		sip_edit_append(e, lines);
	else
		sip_edit_span(e, e->m->line[first].start, 0, lines);
}


void sip_edit_append(struct sip_edits *e, struct str lines)
{
	sip_edit_span(e, empty_line(e->m), 0, lines);
}


void sip_edit_uri(struct sip_edits *e, struct str uri)
{
	if (!e->m->uri.p) {
		e->failed = true;
		return;
	}
	sip_edit_span(e, (uint32_t)(e->m->uri.p - e->m->p), (uint32_t)e->m->uri.n, uri);
}


void sip_edit_header(struct sip_edits *e, enum sip_header_id id, struct str line)
{
	uint8_t first = e->m->first[id];

	if (first == SIP_LINE_NONE)
		sip_edit_append(e, line);
	else
		edit_line(e, first, line);
}


void sip_edit_remove(struct sip_edits *e, enum sip_header_id id)
{
	for (uint8_t at = e->m->first[id]; at != SIP_LINE_NONE; at = e->m->line[at].next)
		edit_line(e, at, STR_NULL);
}


static bool has_edit(const struct sip_edits *e, uint32_t at, uint32_t drop)
{
	for (uint16_t i = 0; i < e->n; i++)
		if (e->edit[i].at == at && e->edit[i].drop == drop && !e->edit[i].text.n)
			return true;
	return false;
}


void sip_edit_remove_first_value(struct sip_edits *e, enum sip_header_id id)
{
	const struct sip_msg *m = e->m;
	struct sip_values v = sip_values_first(m, id);
	struct str value, next;
	const struct sip_line *l;
	uint32_t at, drop;

	if (!sip_values_next(&v, &value))
		return;

	l = &m->line[v.at_line];
	at = l->start;
	drop = l->end - l->start;
	if (sip_value_cut(&v.rest, &next)) {
		at = l->value;
		drop = (uint32_t)(next.p - m->p) - at;
	}
	if (!has_edit(e, at, drop))
		sip_edit_span(e, at, drop, STR_NULL);
}


/* Header bytes with every LF behind a CR. */
static void put_crlf(struct buf *out, const char *p, const char *end)
{
	const char *lf;

	for (; (lf = memchr(p, '\n', (size_t)(end - p))); p = lf + 1) {
		buf_puts(out, str_range(p, lf > p && lf[-1] == '\r' ? lf - 1 : lf));
		buf_puts(out, STR("\r\n"));
	}
	buf_puts(out, str_range(p, end));
}


static void put_span(const struct sip_msg *m, struct buf *out, uint32_t from, uint32_t to)
{
	if (m->bare_lf && from < m->headers_end) {
		uint32_t part = to < m->headers_end ? to : m->headers_end;

		put_crlf(out, m->p + from, m->p + part);
		from = part;
	}
	buf_put(out, m->p + from, to - from);
}


static uint32_t start_line(const struct sip_msg *m)
{
	uint32_t at = 0;

	while (at < m->n && (m->p[at] == '\r' || m->p[at] == '\n'))
		at++;
	return at;
}


int sip_edits_apply(struct sip_edits *e, struct buf *out)
{
	const struct sip_msg *m = e->m;
	uint32_t at = start_line(m);
	size_t before = out->n;

	if (e->failed)
		return -ENOBUFS;

	for (uint16_t i = 0; i < e->n; i++) {
		const struct sip_edit *d = &e->edit[i];

		if (d->at < at)
			return -ENOBUFS;
		put_span(m, out, at, d->at);
		buf_puts(out, d->text);
		at = d->at + d->drop;
	}
	put_span(m, out, at, (uint32_t)m->n);
	if (!out->failed)
		return 0;

	out->n = before;
	return -ENOBUFS;
}
