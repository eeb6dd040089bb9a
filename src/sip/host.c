/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts and ports in URIs and Via. */
#include "sip/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "sip/chars.h"


bool sip_host_is_v6(struct str s)
{
	char text[INET6_ADDRSTRLEN + 1];
	struct in6_addr a;
	size_t n = 0;

	if (s.n < 2 || s.n >= sizeof(text))
		return false;

	for (size_t i = 0; i < s.n; i++) {
		if (!s.p[i])
			return false;
		/* RFC 5118 4.10: the grammar of RFC 3261 allows "[2001:db8:::192.0.2.1]"; "an
		 * implementation must tolerate both of the above constructs." */
		if (i >= 2 && s.p[i] == ':' && s.p[i - 1] == ':' && s.p[i - 2] == ':')
			continue;
		text[n++] = s.p[i];
	}
	text[n] = 0;
	return inet_pton(AF_INET6, text, &a) == 1;
}


static const char *v6_end(const char *p, const char *end, struct str *host)
{
	const char *q = memchr(p, ']', (size_t)(end - p));

	if (!q)
		return NULL;

	*host = str_range(p + 1, q);
	return sip_host_is_v6(*host) ? q + 1 : NULL;
}


const char *sip_host_end(const char *p, const char *end, struct str *host)
{
	const char *q;

	if (p < end && *p == '[')
		return v6_end(p, end, host);

	q = sip_span(p, end, SIP_CHAR_HOST);
	if (q == p || q - p > SIP_HOST_MAX)
		return NULL;

	*host = str_range(p, q);
	return q;
}


const char *sip_port_end(const char *p, const char *end, uint16_t *port)
{
	const char *q = p;
	unsigned v = 0;

	for (; q < end && *q >= '0' && *q <= '9'; q++) {
		v = v * 10 + (unsigned)(*q - '0');
		if (v > 65535)
			return NULL;
	}
	if (!v)
		return NULL;

	*port = (uint16_t)v;
	return q;
}


bool sip_port_decode(struct str s, uint16_t *port)
{
	return s.n && sip_port_end(s.p, s.p + s.n, port) == s.p + s.n;
}
