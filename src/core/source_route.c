/* SPDX-License-Identifier: Apache-2.0 */
/* The source of a REGISTER against the host in its Contact. */
#include "core/source_route.h"


/* Not reachable from elsewhere: RFC 1918, 3927, 6598; RFC 4193, 4291 for IPv6; loopback, unspecified. */
static bool is_private4(uint32_t a)
{
	return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe ||
	       a >> 22 == 0x6440 >> 6 || a >> 24 == 127 || a == 0;
}


static bool is_private(const struct addr *a)
{
	const uint8_t *p = a->in6.sin6_addr.s6_addr;

	if (a->sa.sa_family != AF_INET6)
		return is_private4(ntohl(a->in.sin_addr.s_addr));
	return (p[0] & 0xfe) == 0xfc || (p[0] == 0xfe && (p[1] & 0xc0) == 0x80) ||
	       addr_is_loopback(a) || addr_is_any(a);
}


/* The contact asks for another transport than the one it was registered over. */
static bool other_transport(const struct sip_source *src, const struct sip_uri *contact)
{
	struct str name;

	return sip_uri_param(contact, STR("transport"), &name) &&
	       !str_eq_nocase(name, sip_transport_param(src->kind)) &&
	       !(src->kind == SIP_TLS && str_eq_nocase(name, STR("tcp")));
}


bool source_route_wanted(const struct sip_msg *m, const struct sip_source *src,
			 const struct sip_uri *contact)
{
	struct addr host;
	bool here;

	if (other_transport(src, contact))
		return false;
	if (addr_decode(&host, contact->host, 0))
		return str_ends(contact->host, STR(".invalid"));

	here = addr_eq_host(&host, &src->peer);
	if (here)
		return src->kind != SIP_UDP;
	return m->via.rport && (str_eq_nocase(contact->host, m->via.host) || is_private(&host));
}
