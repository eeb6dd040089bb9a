/* SPDX-License-Identifier: Apache-2.0 */
/* The address-of-record of a URI: the one spelling under which a subscriber is stored. */
#include <errno.h>

#include "sip/chars.h"
#include "sip/uri.h"


static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}


static bool has_capital(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}


static void put_lower(struct str s, struct buf *out)
{
	if (!has_capital(s)) {
		buf_puts(out, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, lower(s.p[i]));
}


static void put_escape(uint8_t c, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	buf_put(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
}


/* An escape that stands for an unreserved character is that character (RFC 3261 19.1.4); any other
 * stays an escape, in capitals; and what may not stand bare becomes one. */
static void put_user(struct str s, bool fold, struct buf *out)
{
	if (!fold && sip_all_chars(s, SIP_CHAR_USER)) {
		buf_puts(out, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%' && s.n - i >= 3) {
			c = (char)(sip_hex_digit(s.p[i + 1]) << 4 | sip_hex_digit(s.p[i + 2]));
			i += 2;
			if (sip_char_is(c, SIP_CHAR_UNRESERVED))
				buf_putc(out, fold ? lower(c) : c);
			else
				put_escape((uint8_t)c, out);
		} else if (sip_char_is(c, SIP_CHAR_USER)) {
			buf_putc(out, fold ? lower(c) : c);
		} else {
			put_escape((uint8_t)c, out);
		}
	}
}


/* Digits of a telephone number without visual separators; '#' cannot stand bare in a SIP user. */
static int put_number(struct str number, struct buf *out)
{
	size_t before = out->n;

	for (size_t i = 0; i < number.n; i++) {
		char c = number.p[i];

		if ((c == '+' && i == 0) || c == '*' || sip_hex_digit(c) >= 0)
			buf_putc(out, lower(c));
		else if (c == '#')
			put_escape('#', out);
		else if (!strchr("-.()", c))
			return -EBADMSG;
	}
	return out->n > before + (number.n && number.p[0] == '+') || out->failed ? 0 : -EBADMSG;
}


/* Value of phone-context among parameters that are not quoted. */
static struct str phone_context(struct str params)
{
	while (params.n) {
		struct str value = str_cut(&params, ';');
		struct str name = str_cut(&value, '=');

		if (SIP_IS(name, "phone-context"))
			return value;
	}
	return STR("");
}


static int put_telephone(struct str number, struct str params, struct buf *out)
{
	int r = put_number(number, out);
	struct str context = phone_context(params);

	/* RFC 3966 5.1.5: "Local numbers MUST be tagged with a 'phone-context'". */
	if (r || number.p[0] == '+' || !context.n)
		return r;

	buf_puts(out, STR(";phone-context="));
	put_user(context, true, out);
	return 0;
}


static void put_host(const struct sip_uri *u, struct buf *out)
{
	if (u->host_v6)
		buf_putc(out, '[');
	put_lower(u->host, out);
	if (u->host_v6)
		buf_putc(out, ']');
}


/* 5060 goes from a sips URI too: as a sip URI, which its AOR is, it would go next time. */
static bool default_port(const struct sip_uri *u)
{
	return u->port == 0 || u->port == 5060 || (u->port == 5061 && u->scheme == SIP_URI_SIPS);
}


static bool is_phone(const struct sip_uri *u)
{
	struct str user;

	return sip_uri_param(u, STR("user"), &user) && SIP_IS(user, "phone");
}


/* RFC 3261 25.1: with user=phone the user part is a telephone-subscriber, its parameters included.
 * One that is no number after all is a name like any other. */
static void put_sip_user(const struct sip_uri *u, struct buf *out)
{
	size_t before = out->n;
	struct str params = u->user, number = str_cut(&params, ';');

	if (is_phone(u) && put_telephone(number, params, out) == 0)
		return;

	if (!out->failed)
		out->n = before;
	put_user(u->user, false, out);
}


static int put_aor(const struct sip_uri *u, struct str domain, struct buf *out)
{
	buf_puts(out, STR("sip:"));
	switch (u->scheme) {
	case SIP_URI_SIP:
	case SIP_URI_SIPS:
		if (u->user.p) {
			put_sip_user(u, out);
			buf_putc(out, '@');
		}
		put_host(u, out);
		if (!default_port(u)) {
			buf_putc(out, ':');
			buf_putu(out, u->port);
		}
		return 0;
	case SIP_URI_TEL:
		if (put_telephone(u->user, u->params, out))
			return -EBADMSG;
		buf_putc(out, '@');
		put_lower(domain, out);
		return 0;
	default:
		return -EBADMSG;
	}
}


int sip_uri_aor(const struct sip_uri *u, struct str domain, struct buf *ret)
{
	char storage[SIP_AOR_MAX];
	struct buf b;
	int r;

	buf_fixed(&b, storage, sizeof(storage));
	r = put_aor(u, domain, &b);
	if (r)
		return r;
	if (b.failed || !buf_reserve(ret, b.n))
		return -ENOBUFS;

	buf_puts(ret, buf_str(&b));
	return 0;
}
