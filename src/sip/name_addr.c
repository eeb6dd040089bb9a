/* SPDX-License-Identifier: Apache-2.0 */
/* name-addr, addr-spec and what follows them. */
#include "sip/name_addr.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/param.h"


/* display-name = *( token LWS ) / quoted-string; leaves `p` at the '<', or NULL. The blank before
 * the '<' may be missing (RFC 4475 3.1.1.6). Letters beyond ASCII are let through. */
static const char *decode_display(struct str *display, const char *p, const char *end)
{
	const char *start = p, *last = p;

	if (*p == '"') {
		last = sip_quoted_end(p, end);
		if (!last)
			return NULL;
		*display = str_range(p + 1, last - 1);
		p = sip_skip_blanks(last, end);
		return p < end && *p == '<' ? p : NULL;
	}

	for (; p < end && *p != '<'; p++) {
		if (sip_char_is(*p, SIP_CHAR_TOKEN) || (uint8_t)*p >= 0x80)
			last = p + 1;
		else if (!sip_char_is(*p, SIP_CHAR_BLANK))
			return NULL;
	}
	if (last > start)
		*display = str_range(start, last);
	return p < end ? p : NULL;
}


static bool uri_text(const char *p, const char *end)
{
	return p < end && sip_span(p, end, SIP_CHAR_URI) == end;
}


/* A bare URI ends at a blank or the first ';'. RFC 3261 20: "If the URI contains a comma, question
 * mark or semicolon, the URI MUST be enclosed in angle brackets". */
static const char *decode_bare(struct str *uri, const char *p, const char *end)
{
	const char *q = p;

	while (q < end && *q != ';' && !sip_char_is(*q, SIP_CHAR_BLANK)) {
		if (*q == ',' || *q == '?')
			return NULL;
		q++;
	}
	*uri = str_range(p, q);
	return uri_text(p, q) && memchr(p, ':', (size_t)(q - p)) ? q : NULL;
}


static const char *decode_bracketed(struct str *uri, const char *p, const char *end)
{
	const char *q = memchr(p, '>', (size_t)(end - p));

	if (!q || !uri_text(p + 1, q))
		return NULL;
	*uri = str_range(p + 1, q);
	return q + 1;
}


/* A name in front means <> behind it: a quoted one, or tokens before any ':' of a scheme. */
static bool has_brackets(const char *p, const char *end)
{
	if (*p == '<' || *p == '"')
		return true;
	p = sip_span(p, end, SIP_CHAR_TOKEN);
	return p == end || *p != ':';
}


int sip_name_addr_decode_tag(struct sip_name_addr *ret, struct str *ret_tag, struct str value)
{
	const char *p = value.p, *end = sip_end(value);
	struct sip_name_addr a = {.params = STR_INIT("")};
	struct str rest, name, v, tag = STR_NULL;
	int r;

	if (!value.p)
		return -EBADMSG;

	p = sip_skip_blanks(p, end);
	if (p == end)
		return -EBADMSG;

	if (*p == '*' && sip_skip_blanks(p + 1, end) == end) {
		a.star = true;
		goto done;
	}

	if (has_brackets(p, end)) {
		p = *p == '<' ? p : decode_display(&a.display, p, end);
		if (p)
			p = decode_bracketed(&a.uri, p, end);
	} else {
		p = decode_bare(&a.uri, p, end);
	}
	if (!p)
		return -EBADMSG;

	p = sip_skip_blanks(p, end);
	if (p < end && *p != ';')
		return -EBADMSG;
	if (p < end) {
		rest = a.params = str_range(p + 1, end);
		while ((r = sip_param_next(&rest, &name, &v)) > 0)
			if (name.n == 3 && !tag.p && SIP_IS(name, "tag"))
				tag = v.p ? v : STR("");
		if (r < 0)
			return -EBADMSG;
	}
done:
	*ret = a;
	*ret_tag = tag;
	return 0;
}


int sip_name_addr_decode(struct sip_name_addr *ret, struct str value)
{
	struct str tag;

	return sip_name_addr_decode_tag(ret, &tag, value);
}


/* RFC 3261 25.1: ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) */
bool sip_qvalue_decode(struct str s, uint32_t *ret)
{
	uint32_t q, scale = 100;

	if (!s.n || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
		return false;

	q = s.p[0] == '1' ? 1000 : 0;
	for (size_t i = 2; i < s.n; i++, scale /= 10) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		q += (uint32_t)(s.p[i] - '0') * scale;
	}
	if (q > 1000)
		return false;

	*ret = q;
	return true;
}


uint32_t sip_contact_q(const struct sip_name_addr *c)
{
	struct str value;
	uint32_t q;

	return sip_param(c->params, STR("q"), &value) && sip_qvalue_decode(value, &q) ? q : 1000;
}


uint32_t sip_contact_expires(const struct sip_name_addr *c, uint32_t fallback)
{
	struct str value;
	uint32_t s;

	return sip_param(c->params, STR("expires"), &value) && str_u32(value, &s) ? s : fallback;
}
