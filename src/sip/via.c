/* SPDX-License-Identifier: Apache-2.0 */
/* Via values. */
#include "sip/via.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/host.h"
#include "sip/param.h"


struct str sip_transport_name(enum sip_transport_kind k)
{
	switch (k) {
	case SIP_UDP:
		return STR("UDP");
	case SIP_TCP:
		return STR("TCP");
	case SIP_TLS:
		return STR("TLS");
	default:
		return STR("");
	}
}


struct str sip_transport_param(enum sip_transport_kind k)
{
	switch (k) {
	case SIP_UDP:
		return STR("udp");
	case SIP_TCP:
		return STR("tcp");
	case SIP_TLS:
		return STR("tls");
	default:
		return STR("");
	}
}


static enum sip_transport_kind transport_of(struct str s)
{
	if (SIP_IS(s, "UDP"))
		return SIP_UDP;
	if (SIP_IS(s, "TCP"))
		return SIP_TCP;
	if (SIP_IS(s, "TLS"))
		return SIP_TLS;
	return SIP_TRANSPORT_OTHER;
}


/* "SIP" SLASH version SLASH, where SLASH has blanks around it. The version is not looked at: a
 * request of version 7 is answered 505, and its Via says where to (RFC 4475 3.1.2.16). */
static const char *skip_protocol(const char *p, const char *end)
{
	if (end - p > 8 && memcmp(p, "SIP/2.0/", 8) == 0)
		return sip_skip_blanks(p + 8, end);

	for (int i = 0; i < 2; i++) {
		const char *q = sip_span(p, end, SIP_CHAR_TOKEN);

		if (q == p)
			return NULL;
		p = sip_skip_blanks(q, end);
		if (p == end || *p != '/')
			return NULL;
		p = sip_skip_blanks(p + 1, end);
	}
	return p;
}


static struct str unbracket(struct str s)
{
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		return (struct str){s.p + 1, s.n - 2};
	return s;
}


static const char *sent_by(struct sip_via *v, const char *p, const char *end)
{
	const char *start = p, *q = sip_host_end(p, end, &v->host);

	if (!q)
		return NULL;

	v->sent_by = str_range(start, q);
	p = sip_skip_blanks(q, end);
	if (p == end || *p != ':')
		return q;

	p = sip_skip_blanks(p + 1, end);
	q = sip_port_end(p, end, &v->port);
	if (q)
		v->sent_by = str_range(start, q);
	return q;
}


static bool address_param(struct str *ret, struct str value)
{
	*ret = unbracket(value);
	return ret->n > 0;
}


/* Names are told apart by length first: a Via has few parameters, each of its own length. */
static bool known_param(struct sip_via *v, struct str name, struct str value)
{
	uint32_t u;

	switch (name.n) {
	case 3:
		if (!SIP_IS(name, "ttl"))
			break;
		if (!str_u32(value, &u) || u > 255)
			return false;
		v->ttl = (uint8_t)u;
		break;
	case 5:
		if (SIP_IS(name, "rport")) {
			v->rport = true;
			return !value.n || sip_port_decode(value, &v->rport_value);
		}
		if (SIP_IS(name, "maddr"))
			return address_param(&v->maddr, value);
		break;
	case 6:
		/* RFC 3261 25.1: via-branch = "branch" EQUAL token */
		if (!SIP_IS(name, "branch"))
			break;
		v->branch = value;
		return sip_all_chars(value, SIP_CHAR_TOKEN);
	case 8:
		if (SIP_IS(name, "received"))
			return address_param(&v->received, value);
		break;
	}
	return true;
}


/* The parameters behind `*p` (a ';'), which ends up at the ',' or the end. 0 or -EPROTO. */
static int decode_params(struct sip_via *v, const char **p, const char *end)
{
	struct str rest = str_range(*p + 1, end), name, value;
	int r;

	if (rest.n && *rest.p == ',')
		return -EPROTO;

	while ((r = sip_param_next_in_list(&rest, &name, &value)) > 0) {
		if (!known_param(v, name, value))
			return -EPROTO;
		v->value.n = (size_t)((value.p ? value.p + value.n : name.p + name.n) - v->value.p);
	}
	*p = rest.p ? rest.p : end;
	return r < 0 ? -EPROTO : 0;
}


int sip_via_decode_first(struct sip_via *ret, struct str line, size_t *used)
{
	const char *start = line.p, *p = start, *end = sip_end(line), *q;
	struct sip_via v = {0};
	int r = 0;

	p = skip_protocol(p, end);
	if (!p)
		return -EBADMSG;

	q = sip_span(p, end, SIP_CHAR_TOKEN);
	if (q == p || q == end || !sip_char_is(*q, SIP_CHAR_BLANK))
		return -EBADMSG;

	v.transport = transport_of(str_range(p, q));
	q = sent_by(&v, sip_skip_blanks(q, end), end);
	if (!q)
		return -EBADMSG;

	v.value = str_range(start, q);
	p = sip_skip_blanks(q, end);
	if (p < end && *p == ';')
		r = decode_params(&v, &p, end);
	else if (p < end && *p != ',')
		r = -EPROTO;

	*used = (size_t)(p - start);
	*ret = v;
	return r;
}


int sip_via_decode(struct sip_via *ret, struct str value)
{
	struct sip_via v;
	size_t used;

	value = str_trim(value);
	if (!value.n || sip_via_decode_first(&v, value, &used) || used != value.n)
		return -EBADMSG;

	*ret = v;
	return 0;
}


bool sip_via_is_3261(const struct sip_via *v)
{
	/* RFC 3261 8.1.1.7: "The branch ID inserted by an element compliant with this specification
	 * MUST always begin with the characters "z9hG4bK"." Tokens compare without case (7.3.1). */
	return v->branch.n > sizeof(SIP_BRANCH_COOKIE) - 1 &&
	       str_starts_nocase(v->branch, STR(SIP_BRANCH_COOKIE));
}
