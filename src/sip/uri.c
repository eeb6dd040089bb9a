/* SPDX-License-Identifier: Apache-2.0 */
/* URIs: decoding, comparison, escapes. The address-of-record is in uri_aor.c. */
#include "sip/uri.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/host.h"


/* Every byte may stand in a URI and every '%' begins an escape. */
static bool text_ok(struct str s)
{
	const char *p = s.p, *end = sip_end(s);

	if (sip_span(p, end, SIP_CHAR_URI) < end)
		return false;

	while ((p = memchr(p, '%', (size_t)(end - p)))) {
		if (end - p < 3 || sip_hex_digit(p[1]) < 0 || sip_hex_digit(p[2]) < 0)
			return false;
		p += 3;
	}
	return true;
}


static enum sip_uri_scheme scheme_of(struct str s)
{
	if (SIP_IS(s, "sip"))
		return SIP_URI_SIP;
	if (SIP_IS(s, "sips"))
		return SIP_URI_SIPS;
	if (SIP_IS(s, "tel"))
		return SIP_URI_TEL;
	if (SIP_IS(s, "urn"))
		return SIP_URI_URN;
	return SIP_URI_OTHER;
}


/* RFC 3986 3.1: ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) */
static const char *scheme_end(const char *p, const char *end)
{
	const char *q = p;

	if (end - p > 4 && memcmp(p, "sip:", 4) == 0)
		return p + 3;
	if (p == end || !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'))
		return NULL;

	while (q < end && sip_char_is(*q, SIP_CHAR_TOKEN) && !strchr("!%*_`'~", *q))
		q++;
	return q < end && *q == ':' ? q : NULL;
}


static bool user_ok(const char *p, const char *end)
{
	while ((p = sip_span(p, end, SIP_CHAR_USER)) < end) {
		if (*p == '%' && end - p >= 3 && sip_hex_digit(p[1]) >= 0 &&
		    sip_hex_digit(p[2]) >= 0)
			p += 3;
		else if (*p == '#')
			p++;
		else
			return false;
	}
	return true;
}


/* user [ ":" password ]; RFC 3261 25.1: "/" ";" "?" may stand in the user, not in the password. */
static int decode_userinfo(struct sip_uri *u, const char *p, const char *end)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	const char *user_end = colon ? colon : end;

	if (user_end == p || !user_ok(p, user_end))
		return -EBADMSG;
	u->user = str_range(p, user_end);
	if (!colon)
		return 0;

	for (const char *q = colon + 1; q < end; q++)
		if (*q == ':' || *q == ';' || *q == '?' || *q == '/')
			return -EBADMSG;
	if (!user_ok(colon + 1, end))
		return -EBADMSG;
	u->password = str_range(colon + 1, end);
	return 0;
}


static int decode_sip(struct sip_uri *u, const char *p, const char *end)
{
	const char *at = memchr(p, '@', (size_t)(end - p));

	if (at) {
		if (decode_userinfo(u, p, at))
			return -EBADMSG;
		p = at + 1;
		/* RFC 3261 25.1: no component but the userinfo's end has an "@" of its own. */
		if (memchr(p, '@', (size_t)(end - p)))
			return -EBADMSG;
	}

	u->host_v6 = p < end && *p == '[';
	p = sip_host_end(p, end, &u->host);
	if (p && p < end && *p == ':')
		p = sip_port_end(p + 1, end, &u->port);
	if (!p || (p < end && *p != ';' && *p != '?') || !text_ok(str_range(p, end)))
		return -EBADMSG;

	if (p < end && *p == ';') {
		const char *q = memchr(p, '?', (size_t)(end - p));

		u->params = str_range(p + 1, q ? q : end);
		p = q ? q : end;
	}
	if (p < end)
		u->headers = str_range(p + 1, end);
	return 0;
}


/* RFC 3966 3: "+" digits for a global number; hexadecimal digits, * and # for a local one; visual
 * separators in both. */
static int decode_tel(struct sip_uri *u, const char *p, const char *end)
{
	const char *q = p;
	bool global = p < end && *p == '+', digits = false;

	for (q += global; q < end && *q != ';'; q++) {
		bool digit = global ? *q >= '0' && *q <= '9'
				    : sip_hex_digit(*q) >= 0 || *q == '*' || *q == '#';

		if (!digit && !strchr("-.()", *q))
			return -EBADMSG;
		digits |= digit;
	}
	if (!digits)
		return -EBADMSG;

	u->user = str_range(p, q);
	if (q < end)
		u->params = str_range(q + 1, end);
	return 0;
}


int sip_uri_decode(struct sip_uri *ret, struct str text)
{
	struct sip_uri u = {.text = text};
	const char *end = sip_end(text), *colon;
	int r = 0;

	if (!text.n || text.n > SIP_URI_MAX)
		return -EBADMSG;

	colon = scheme_end(text.p, end);
	if (!colon || colon + 1 == end)
		return -EBADMSG;

	u.scheme = scheme_of(str_range(text.p, colon));
	u.params = u.headers = u.host = str_range(end, end);
	switch (u.scheme) {
	case SIP_URI_SIP:
	case SIP_URI_SIPS:
		r = decode_sip(&u, colon + 1, end);
		break;
	case SIP_URI_TEL:
		r = text_ok(text) ? decode_tel(&u, colon + 1, end) : -EBADMSG;
		break;
	default:
		r = text_ok(text) ? 0 : -EBADMSG;
	}
	if (r == 0)
		*ret = u;
	return r;
}


/* Takes the next of `sep`-separated name[=value] pairs; empty ones are passed over. */
static bool next_pair(struct str *rest, char sep, struct str *name, struct str *value)
{
	while (rest->n) {
		struct str pair = str_cut(rest, sep);

		*value = pair;
		*name = str_cut(value, '=');
		if (name->n)
			return true;
	}
	return false;
}


bool sip_uri_param(const struct sip_uri *u, struct str name, struct str *ret)
{
	struct str rest = u->params, n, v;

	while (next_pair(&rest, ';', &n, &v)) {
		if (n.n != name.n || !str_eq_nocase(n, name))
			continue;
		*ret = v.p ? v : STR("");
		return true;
	}
	return false;
}


/*
 * One character and its escape are the same, but for the reserved ones. RFC 3261 19.1.4:
 * "Characters other than those in the "reserved" set (see RFC 2396 [5]) are equivalent to their
 * ""%" HEX HEX" encoding." So an escaped reserved character is a character of its own.
 */
static int next_char(const char **p, const char *end, bool nocase)
{
	int c = (uint8_t)(**p);

	if (c == '%' && end - *p >= 3) {
		int hi = sip_hex_digit((*p)[1]), lo = sip_hex_digit((*p)[2]);

		if (hi >= 0 && lo >= 0) {
			c = hi << 4 | lo;
			*p += 3;
			if (c && strchr(";/?:@&=+$,", c))
				return 0x100 | c;
			goto fold;
		}
	}
	++*p;
fold:
	return nocase && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}


static bool eq_escaped(struct str a, struct str b, bool nocase)
{
	const char *p = a.p, *p_end = sip_end(a), *q = b.p, *q_end = sip_end(b);

	if (!nocase && str_eq(a, b))
		return true;

	while (p < p_end && q < q_end)
		if (next_char(&p, p_end, nocase) != next_char(&q, q_end, nocase))
			return false;
	return p == p_end && q == q_end;
}


static bool find_pair(struct str all, char sep, struct str name, struct str *ret)
{
	struct str n, v;

	while (next_pair(&all, sep, &n, &v)) {
		if (!eq_escaped(n, name, true))
			continue;
		*ret = v;
		return true;
	}
	return false;
}


/* Parameters whose absence on one side is a difference; the rule for transport is the sentence on
 * default values and the third example of inequality. */
static bool must_be_in_both(struct str name)
{
	static const struct str names[] = {
		STR_INIT("user"),  STR_INIT("ttl"),       STR_INIT("method"),
		STR_INIT("maddr"), STR_INIT("transport"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (eq_escaped(name, names[i], true))
			return true;
	return false;
}


/* Every parameter of `a` against `b`; called both ways round. */
static bool params_agree(struct str a, struct str b, bool (*needed)(struct str))
{
	struct str name, va, vb;

	while (next_pair(&a, ';', &name, &va)) {
		if (!find_pair(b, ';', name, &vb)) {
			if (needed(name))
				return false;
			continue;
		}
		if (!va.p != !vb.p || !eq_escaped(va, vb, true))
			return false;
	}
	return true;
}


/* RFC 3261 19.1.4: "URI header components are never ignored." Each of `a` is in `b`, as often. */
static bool headers_in(struct str a, struct str b)
{
	struct str rest = a, name, va, vb;
	size_t in_a = 0, in_b = 0;

	while (next_pair(&rest, '&', &name, &va)) {
		if (!find_pair(b, '&', name, &vb) || !eq_escaped(va, vb, true))
			return false;
		in_a++;
	}
	while (next_pair(&b, '&', &name, &vb))
		in_b++;
	return in_a == in_b;
}


static bool eq_optional(struct str a, struct str b)
{
	return !a.p == !b.p && eq_escaped(a, b, false);
}


static bool eq_sip(const struct sip_uri *a, const struct sip_uri *b)
{
	return a->port == b->port && str_eq_nocase(a->host, b->host) &&
	       eq_optional(a->user, b->user) && eq_optional(a->password, b->password) &&
	       params_agree(a->params, b->params, must_be_in_both) &&
	       params_agree(b->params, a->params, must_be_in_both) &&
	       headers_in(a->headers, b->headers) && headers_in(b->headers, a->headers);
}


static struct str skip_separators(struct str s)
{
	while (s.n && strchr("-.()", s.p[0]))
		s = str_from(s, 1);
	return s;
}


static bool always(struct str name)
{
	(void)name;
	return true;
}


/* RFC 3966 4: the digits "must be equal, after removing all visual separators"; "If one URI has a
 * parameter name not found in the other, the two URIs are not equal." */
static bool eq_tel(const struct sip_uri *a, const struct sip_uri *b)
{
	struct str x = skip_separators(a->user), y = skip_separators(b->user);

	while (x.n && y.n) {
		int c = (uint8_t)x.p[0], d = (uint8_t)y.p[0];

		if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (d >= 'A' && d <= 'Z' ? d | 0x20 : d))
			return false;
		x = skip_separators(str_from(x, 1));
		y = skip_separators(str_from(y, 1));
	}
	return !x.n && !y.n && params_agree(a->params, b->params, always) &&
	       params_agree(b->params, a->params, always);
}


bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	/* Also where a parameter stands there twice, against 19.1.1, and no rule would say so. */
	if (str_eq(a->text, b->text))
		return true;

	switch (a->scheme) {
	case SIP_URI_SIP:
	case SIP_URI_SIPS:
		return eq_sip(a, b);
	case SIP_URI_TEL:
		return eq_tel(a, b);
	default:
		return false;
	}
}


void sip_unescape(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		int hi, lo;

		if (s.p[i] == '%' && s.n - i >= 3 && (hi = sip_hex_digit(s.p[i + 1])) >= 0 &&
		    (lo = sip_hex_digit(s.p[i + 2])) >= 0) {
			buf_putc(out, (char)(hi << 4 | lo));
			i += 2;
		} else {
			buf_putc(out, s.p[i]);
		}
	}
}


void sip_escape_user(struct str s, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (sip_char_is(s.p[i], SIP_CHAR_USER))
			buf_putc(out, s.p[i]);
		else
			buf_put(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
}
