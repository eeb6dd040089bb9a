/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-escapes and queries. */
#include "http/http.h"

#include <errno.h>


static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}


int http_unescape(struct str s, bool form, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
			int low = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;

			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return -EBADMSG;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && form) {
			c = ' ';
		} else if (c == 0) {
			return -EBADMSG;
		}
		buf_putc(out, c);
	}
	return 0;
}


static bool is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}


void http_escape(struct str s, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF"; /* RFC 3986 2.1: upper case is preferred */

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(s.p[i])) {
			buf_putc(out, s.p[i]);
		} else {
			buf_putc(out, '%');
			buf_putc(out, digits[c >> 4]);
			buf_putc(out, digits[c & 15]);
		}
	}
}


int http_query_get(struct str query, const char *name, struct buf *out)
{
	for (struct str rest = query; rest.p;) {
		struct str value = str_cut(&rest, '&'), key = str_cut(&value, '=');

		if (str_eq(key, str_of(name)))
			return http_unescape(value, true, out);
	}
	return -ENOENT;
}
