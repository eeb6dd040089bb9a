/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of header values. */
#include "sip/param.h"

#include <errno.h>

#include "sip/chars.h"


const char *sip_quoted_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\' && ++p == end)
			break;
	}
	return NULL;
}


static int bad(struct str *rest, const char *at, const char *end)
{
	*rest = str_range(at, end);
	return -EBADMSG;
}


/* With `list`, a ',' ends the parameters too: `*rest` is left there. */
static inline __attribute__((always_inline)) int next(struct str *rest, struct str *name,
						      struct str *value, bool list)
{
	const char *p = rest->p, *end = sip_end(*rest), *q;

	if (!p || (list && rest->n && *p == ','))
		return 0;

	p = sip_skip_blanks(p, end);
	q = sip_span(p, end, SIP_CHAR_TOKEN);
	if (q == p)
		return bad(rest, p, end);

	*name = str_range(p, q);
	*value = STR_NULL;
	p = q;
	if (p < end && *p != '=')
		p = sip_skip_blanks(p, end);

	if (p < end && *p == '=') {
		p = sip_skip_blanks(p + 1, end);
		q = p < end && *p == '"' ? sip_quoted_end(p, end)
					 : sip_span(p, end, SIP_CHAR_PARAM);
		if (!q || q == p)
			return bad(rest, p, end);
		*value = str_range(p, q);
		p = sip_skip_blanks(q, end);
	}
	if (p == end)
		*rest = STR_NULL;
	else if (*p == ';' && !(list && end - p > 1 && p[1] == ','))
		*rest = str_range(p + 1, end);
	else if (list && *p == ',')
		*rest = str_range(p, end);
	else
		return bad(rest, p, end);
	return 1;
}


int sip_param_next(struct str *rest, struct str *name, struct str *value)
{
	return next(rest, name, value, false);
}


int sip_param_next_in_list(struct str *rest, struct str *name, struct str *value)
{
	return next(rest, name, value, true);
}


bool sip_param(struct str params, struct str name, struct str *ret)
{
	struct str n, v;

	if (!params.n)
		return false;

	while (sip_param_next(&params, &n, &v) > 0) {
		if (n.n != name.n || !str_eq_nocase(n, name))
			continue;
		*ret = v.p ? v : STR("");
		return true;
	}
	return false;
}


void sip_unquote(struct str value, struct buf *out)
{
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"') {
		buf_puts(out, value);
		return;
	}

	for (size_t i = 1; i + 1 < value.n; i++) {
		if (value.p[i] == '\\' && i + 2 < value.n)
			i++;
		buf_putc(out, value.p[i]);
	}
}


void sip_quote(struct str text, struct buf *out)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		/* RFC 3261 25.1: a quoted-pair is "\" followed by anything but LF and CR. */
		if (text.p[i] == '\r' || text.p[i] == '\n') {
			buf_putc(out, ' ');
			continue;
		}
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, text.p[i]);
	}
	buf_putc(out, '"');
}
