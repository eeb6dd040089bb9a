/* SPDX-License-Identifier: Apache-2.0 */
/* Session descriptions: what they say of a file (RFC 5547). */
#include "body/sdp.h"

#include <errno.h>


/* A name in quotes may hold blanks; RFC 5547 6: quotes in it are %22. */
static bool cut_name(struct str *rest, struct str *name)
{
	ptrdiff_t end;

	if (!rest->n || rest->p[0] != '"')
		return false;
	*rest = str_from(*rest, 1);
	end = str_find(*rest, '"');
	if (end < 0)
		return false;
	*name = str_upto(*rest, (size_t)end);
	*rest = str_from(*rest, (size_t)end + 1);
	return true;
}


/* Up to the next blank that is not within quotes: parameters of a type have some (ft-parameter). */
static bool cut_selector(struct str *rest, struct str *ret)
{
	struct str all = *rest;
	bool quoted = false;
	size_t n = 0;

	for (; n < all.n && (quoted || all.p[n] != ' '); n++)
		quoted ^= all.p[n] == '"';
	*rest = str_from(all, n);
	*ret = str_trim(str_upto(all, n));
	return !quoted;
}


/* One that is not known says nothing. */
static int selector_decode(struct sdp_file *f, struct str selector)
{
	struct str value = selector, key = str_cut(&value, ':');

	if (!value.n)
		return -EBADMSG;
	if (str_eq_nocase(key, STR("type")))
		f->type = value;
	else if (str_eq_nocase(key, STR("hash")) && !f->hash.p)
		f->hash = value;
	else if (str_eq_nocase(key, STR("size")))
		return (f->sized = str_u64(value, &f->size)) ? 0 : -EBADMSG;
	return 0;
}


int sdp_file_decode(struct sdp_file *ret, struct str selector)
{
	struct sdp_file f = {0};
	struct str rest = str_trim(selector);

	while (rest.n) {
		struct str one;

		if (rest.p[0] == ' ') {
			rest = str_from(rest, 1);
		} else if (str_starts_nocase(rest, STR("name:"))) {
			rest = str_from(rest, 5);
			if (!cut_name(&rest, &f.name))
				return -EBADMSG;
		} else if (!cut_selector(&rest, &one) || selector_decode(&f, one)) {
			return -EBADMSG;
		}
	}
	*ret = f;
	return 0;
}


void sdp_file_put(struct buf *out, const struct sdp_file *f)
{
	size_t before = out->n;

	if (f->name.n) {
		buf_puts(out, STR("name:\""));
		for (size_t i = 0; i < f->name.n; i++) {
			char c = f->name.p[i];

			if (c == '"' || c == '%' || c == '\r' || c == '\n')
				buf_printf(out, "%%%02X", (unsigned char)c);
			else
				buf_putc(out, c);
		}
		buf_putc(out, '"');
	}
	if (f->type.n) {
		buf_puts(out, out->n > before ? STR(" type:") : STR("type:"));
		buf_puts(out, f->type);
	}
	if (f->sized) {
		buf_puts(out, out->n > before ? STR(" size:") : STR("size:"));
		buf_putu(out, f->size);
	}
	if (f->hash.n) {
		buf_puts(out, out->n > before ? STR(" hash:") : STR("hash:"));
		buf_puts(out, f->hash);
	}
}


void sdp_file_name_put(struct buf *out, struct str escaped)
{
	for (size_t i = 0; i < escaped.n; i++) {
		struct str two = str_upto(str_from(escaped, i + 1), 2);
		uint64_t byte;

		if (escaped.p[i] == '%' && two.n == 2 && str_hex_u64(two, &byte)) {
			buf_putc(out, (char)byte);
			i += 2;
		} else {
			buf_putc(out, escaped.p[i]);
		}
	}
}


/* 6: "file-range:" start-offset "-" stop-offset; stop-offset = integer / "*" */
int sdp_file_range(uint64_t *first, uint64_t *last, struct str value)
{
	struct str rest = str_trim(value), from = str_cut(&rest, '-');
	uint64_t start, stop = 0;

	if (!str_u64(from, &start) || !start)
		return -EBADMSG;
	if (!str_eq(rest, STR("*")) && (!str_u64(rest, &stop) || stop < start))
		return -EBADMSG;
	*first = start;
	*last = stop;
	return 0;
}


/* 6: date-param = c-date-param / m-date-param / r-date-param, each name ":" DQUOTE date-time DQUOTE */
bool sdp_file_date(struct str value, struct str which, struct str *ret)
{
	struct str rest = str_trim(value), date;

	while (rest.n) {
		struct str name = str_cut(&rest, ':');

		if (!cut_name(&rest, &date))
			return false;
		if (str_eq_nocase(name, which)) {
			*ret = date;
			return true;
		}
		rest = str_trim(rest);
	}
	return false;
}
