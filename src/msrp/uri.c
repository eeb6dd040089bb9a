/* SPDX-License-Identifier: Apache-2.0 */
/* MSRP URIs and paths: decoding, comparison, composition. */
#include "msrp/uri.h"

#include <errno.h>

#include "base/addr.h"
#include "msrp/chars.h"


static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* Characters of `classes` and well-formed escapes up to `end`. */
static bool escaped_ok(const char *p, const char *end, unsigned classes, const char *also)
{
	while ((p = msrp_span(p, end, classes)) < end) {
		if (*p == '%') {
			if (end - p < 3 || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
				return false;
			p += 3;
		} else if (*p && strchr(also, *p)) {
			p++;
		} else {
			return false;
		}
	}
	return true;
}


static const char *decode_scheme(struct msrp_uri *u, const char *p, const char *end)
{
	struct str s = str_range(p, end);

	/* memcmp first: any other spelling is rare. */
	if (str_starts(s, STR("msrp://")) || str_starts_nocase(s, STR("msrp://"))) {
		u->secure = false;
		return p + 7;
	}
	if (str_starts_nocase(s, STR("msrps://"))) {
		u->secure = true;
		return p + 8;
	}
	return NULL;
}


static const char *decode_v6(struct msrp_uri *u, const char *p, const char *end)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	struct addr a;

	if (!close)
		return NULL;
	u->host = str_range(p + 1, close);
	u->host_v6 = true;
	if (addr_decode(&a, u->host, 0) || a.sa.sa_family != AF_INET6)
		return NULL;
	return close + 1;
}


static const char *decode_host(struct msrp_uri *u, const char *p, const char *end)
{
	const char *q = p;

	if (p < end && *p == '[')
		return decode_v6(u, p, end);

	while (q < end && (msrp_char_is(*q, MSRP_CHAR_HOST) || *q == '%'))
		q++;
	if (q == p || !escaped_ok(p, q, MSRP_CHAR_HOST, ""))
		return NULL;
	u->host = str_range(p, q);
	u->host_v6 = false;
	return q;
}


static const char *decode_port(struct msrp_uri *u, const char *p, const char *end)
{
	unsigned v = 0;

	u->port = 0;
	if (p == end || *p != ':')
		return p;
	for (p++; p < end && msrp_char_is(*p, MSRP_CHAR_DIGIT); p++) {
		v = v * 10 + (unsigned)(*p - '0');
		if (v > 65535)
			return NULL;
	}
	if (!v)
		return NULL;
	u->port = (uint16_t)v;
	return p;
}


/* RFC 3986 3.2: the userinfo may hold ';' and ':', so that its '@' is looked for before them. */
static const char *decode_authority(struct msrp_uri *u, const char *p, const char *end)
{
	const char *slash = memchr(p, '/', (size_t)(end - p));
	const char *limit = slash ? slash : end;
	const char *at = memchr(p, '@', (size_t)(limit - p));

	u->userinfo = STR_NULL;
	if (at) {
		if (!escaped_ok(p, at, MSRP_CHAR_HOST, ":;"))
			return NULL;
		u->userinfo = str_range(p, at);
		p = at + 1;
	}
	p = decode_host(u, p, limit);
	return p ? decode_port(u, p, limit) : NULL;
}


/* RFC 4975 9: *( ";" URI-parameter ), URI-parameter = token [ "=" token ] */
static bool params_ok(struct str params)
{
	for (struct str rest = params, one; rest.p;) {
		const char *end, *p;

		one = str_cut(&rest, ';');
		end = one.p + one.n;
		p = msrp_span(one.p, end, MSRP_CHAR_TOKEN);
		if (p == one.p)
			return false;
		if (p < end && (*p != '=' || p + 1 == end))
			return false;
		if (p < end && msrp_span(p + 1, end, MSRP_CHAR_TOKEN) < end)
			return false;
	}
	return true;
}


int msrp_uri_decode(struct msrp_uri *ret, struct str text)
{
	const char *end = text.p + text.n, *p, *q;
	struct msrp_uri u = {.text = text};

	if (!text.n || text.n > MSRP_URI_MAX)
		return -EBADMSG;
	p = decode_scheme(&u, text.p, end);
	p = p ? decode_authority(&u, p, end) : NULL;
	if (!p)
		return -EBADMSG;

	if (p < end && *p == '/') {
		q = msrp_span(++p, end, MSRP_CHAR_SESSION);
		if (q == p)
			return -EBADMSG;
		u.session_id = str_range(p, q);
		p = q;
	}

	if (p == end || *p != ';')
		return -EBADMSG;
	q = msrp_span(++p, end, MSRP_CHAR_ALPHANUM);
	if (q == p)
		return -EBADMSG;
	u.transport = str_range(p, q);

	if (q < end) {
		u.params = str_range(q + 1, end);
		if (*q != ';' || !params_ok(u.params))
			return -EBADMSG;
	}
	*ret = u;
	return 0;
}


/* The next character of a host, an escape of an unreserved one undone (RFC 4975 6.1 rule 2). */
static int host_char(struct str *s)
{
	int c = (unsigned char)s->p[0];

	if (c == '%' && s->n >= 3) {
		int v = hex_digit(s->p[1]) << 4 | hex_digit(s->p[2]);

		if (v >= 0 && msrp_char_is((char)v, MSRP_CHAR_UNRESERVED)) {
			c = v;
			*s = str_from(*s, 2);
		}
	}
	*s = str_from(*s, 1);
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}


static bool host_eq(const struct msrp_uri *a, const struct msrp_uri *b)
{
	struct str x = a->host, y = b->host;
	struct addr ax, ay;

	if (a->host_v6 != b->host_v6)
		return false;
	if (str_eq_nocase(x, y))
		return true;
	if (a->host_v6)
		return !addr_decode(&ax, x, 0) && !addr_decode(&ay, y, 0) && addr_eq_host(&ax, &ay);
	if (str_find(x, '%') < 0 && str_find(y, '%') < 0)
		return false;

	while (x.n && y.n)
		if (host_char(&x) != host_char(&y))
			return false;
	return x.n == y.n;
}


bool msrp_uri_eq(const struct msrp_uri *a, const struct msrp_uri *b)
{
	return a->secure == b->secure && a->port == b->port &&
	       !a->session_id.p == !b->session_id.p && str_eq(a->session_id, b->session_id) &&
	       str_eq_nocase(a->transport, b->transport) && host_eq(a, b);
}


bool msrp_uri_text_eq(struct str a, struct str b)
{
	struct msrp_uri x, y;

	if (str_eq(a, b))
		return a.n != 0;
	return !msrp_uri_decode(&x, a) && !msrp_uri_decode(&y, b) && msrp_uri_eq(&x, &y);
}


void msrp_uri_encode(const struct msrp_uri *u, struct buf *out)
{
	buf_puts(out, u->secure ? STR("msrps://") : STR("msrp://"));
	if (u->userinfo.p) {
		buf_puts(out, u->userinfo);
		buf_putc(out, '@');
	}
	if (u->host_v6)
		buf_putc(out, '[');
	buf_puts(out, u->host);
	if (u->host_v6)
		buf_putc(out, ']');
	if (u->port) {
		buf_putc(out, ':');
		buf_putu(out, u->port);
	}
	if (u->session_id.p) {
		buf_putc(out, '/');
		buf_puts(out, u->session_id);
	}
	buf_putc(out, ';');
	buf_puts(out, u->transport);
	if (u->params.n) {
		buf_putc(out, ';');
		buf_puts(out, u->params);
	}
}


int msrp_path_decode(struct msrp_path *ret, struct str text)
{
	struct msrp_path path = {0};
	struct msrp_uri u;

	for (struct str rest = str_trim(text); rest.n;) {
		struct str one = str_cut(&rest, ' ');

		if (path.n == MSRP_PATH_MAX)
			return -ENOBUFS;
		if (msrp_uri_decode(&u, one))
			return -EBADMSG;
		path.uri[path.n++] = one;
		/* One space is the grammar; more do no harm. */
		while (rest.n && rest.p[0] == ' ')
			rest = str_from(rest, 1);
	}
	if (!path.n)
		return -EBADMSG;
	*ret = path;
	return 0;
}


struct str msrp_path_first(struct str path)
{
	ptrdiff_t at = str_find(path, ' ');

	return at < 0 ? path : str_upto(path, (size_t)at);
}


struct str msrp_path_last(struct str path)
{
	ptrdiff_t at = str_rfind(path, ' ');

	return at < 0 ? path : str_from(path, (size_t)at + 1);
}


struct str msrp_path_rest(struct str path)
{
	ptrdiff_t at = str_find(path, ' ');
	struct str rest = at < 0 ? str_from(path, path.n) : str_from(path, (size_t)at + 1);

	while (rest.n && rest.p[0] == ' ')
		rest = str_from(rest, 1);
	return rest;
}
