/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in the index: headers by name, values of lists. */
#include "sip/chars.h"
#include "sip/msg.h"
#include "sip/param.h"


static struct str value_of(const struct sip_msg *m, const struct sip_line *l)
{
	return str_range(m->p + l->value, m->p + l->vend);
}


struct str sip_msg_header(const struct sip_msg *m, enum sip_header_id id)
{
	uint8_t at = m->first[id];

	return at == SIP_LINE_NONE ? STR_NULL : value_of(m, &m->line[at]);
}


struct str sip_msg_header_named(const struct sip_msg *m, struct str name)
{
	enum sip_header_id id = sip_header_decode(name);

	if (id != SIP_HDR_OTHER)
		return sip_msg_header(m, id);

	for (uint16_t i = 0; i < m->lines; i++) {
		const struct sip_line *l = &m->line[i];

		if (l->name_n == name.n &&
		    str_eq_nocase((struct str){m->p + l->start, l->name_n}, name))
			return value_of(m, l);
	}
	return STR_NULL;
}


struct sip_values sip_values_first(const struct sip_msg *m, enum sip_header_id id)
{
	return (struct sip_values){.m = m, .line = m->first[id], .at_line = SIP_LINE_NONE};
}


/* The comma that ends the value at `p`, or end: commas in quotes and in <> do not count. A quote or
 * bracket that is never closed takes the rest with it, and the value does not decode. */
static const char *comma(const char *p, const char *end)
{
	if (!memchr(p, ',', (size_t)(end - p)))
		return end;

	for (; p < end && *p != ','; p++) {
		const char *close = p;

		if (*p == '"') {
			close = sip_quoted_end(p, end);
			if (close)
				close--;
		} else if (*p == '<') {
			close = memchr(p, '>', (size_t)(end - p));
		}
		if (!close)
			return end;
		p = close;
	}
	return p;
}


bool sip_value_cut(struct str *rest, struct str *ret)
{
	while (rest->p) {
		const char *end = sip_end(*rest), *q = comma(rest->p, end);
		struct str value = str_trim(str_range(rest->p, q));

		*rest = q < end ? str_range(q + 1, end) : STR_NULL;
		if (value.n) {
			*ret = value;
			return true;
		}
	}
	return false;
}


bool sip_values_next(struct sip_values *v, struct str *ret)
{
	while (!sip_value_cut(&v->rest, ret)) {
		const struct sip_line *l;

		if (v->line == SIP_LINE_NONE)
			return false;

		l = &v->m->line[v->line];
		v->at_line = v->line;
		v->line = l->next;
		v->rest = value_of(v->m, l);
	}
	v->at = (uint32_t)(ret->p - v->m->p);
	return true;
}


static bool list_has(struct str list, struct str token)
{
	while (list.n) {
		size_t n = 0;

		while (n < list.n && list.p[n] != ',' && list.p[n] != ';')
			n++;
		if (str_eq_nocase(str_trim(str_upto(list, n)), token))
			return true;
		list = str_from(list, n + 1);
	}
	return false;
}


bool sip_msg_has_token(const struct sip_msg *m, enum sip_header_id id, struct str token)
{
	for (uint8_t at = m->first[id]; at != SIP_LINE_NONE; at = m->line[at].next)
		if (list_has(value_of(m, &m->line[at]), token))
			return true;
	return false;
}


uint32_t sip_msg_retry_after_s(const struct sip_msg *m)
{
	struct str value = str_trim(sip_msg_header(m, SIP_HDR_RETRY_AFTER));
	uint32_t seconds = 0;
	size_t n = 0;

	while (n < value.n && value.p[n] >= '0' && value.p[n] <= '9')
		n++;
	if (n && !str_u32(str_upto(value, n), &seconds))
		return UINT32_MAX;
	return seconds;
}
