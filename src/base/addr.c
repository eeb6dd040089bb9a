/* SPDX-License-Identifier: Apache-2.0 */
/* Network addresses: reading, writing, comparing. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/** The port, as digits: at most five, at most 65535. */
#define PORT_DIGITS 5


/** What inet_pton takes, at a third of its time: every message's addresses are read here. */
static bool decode_quad(struct in_addr *ret, struct str host)
{
	const char *p = host.p, *end = p + host.n;
	uint32_t address = 0;

	for (int i = 0; i < 4; i++) {
		const char *from = p;
		uint32_t v = 0;

		while (p < end && p - from < 3 && *p >= '0' && *p <= '9')
			v = v * 10 + (uint32_t)(*p++ - '0');
		if (p == from || v > 255 || (*from == '0' && p - from > 1))
			return false;
		if (i < 3 && (p == end || *p++ != '.'))
			return false;
		address = address << 8 | v;
	}
	ret->s_addr = htonl(address);
	return p == end;
}


/** inet_pton over text that has no NUL; it takes no scope ids, no leading zeros, no short forms. */
static int decode_host(int family, void *ret, struct str host)
{
	char text[INET6_ADDRSTRLEN];

	if (host.n == 0 || host.n >= sizeof(text) || memchr(host.p, '\0', host.n))
		return -EINVAL;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(family, text, ret) == 1 ? 0 : -EINVAL;
}


static int decode_v4(struct addr *ret, struct str host, uint16_t port)
{
	struct addr a;

	memset(&a, 0, sizeof(a));
	a.in.sin_family = AF_INET;
	a.in.sin_port = htons(port);
	if (!decode_quad(&a.in.sin_addr, host))
		return -EINVAL;
	*ret = a;
	return 0;
}


static int decode_v6(struct addr *ret, struct str host, uint16_t port)
{
	struct addr a;

	memset(&a, 0, sizeof(a));
	a.in6.sin6_family = AF_INET6;
	a.in6.sin6_port = htons(port);
	if (decode_host(AF_INET6, &a.in6.sin6_addr, host))
		return -EINVAL;
	*ret = a;
	return 0;
}


int addr_decode(struct addr *ret, struct str host, uint16_t port)
{
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return decode_v6(ret, str_range(host.p + 1, host.p + host.n - 1), port);
	if (str_find(host, ':') >= 0)
		return decode_v6(ret, host, port);
	return decode_v4(ret, host, port);
}


int addr_decode_hostport(struct addr *ret, struct str hostport)
{
	ptrdiff_t colon = str_rfind(hostport, ':');
	struct str host, port_text;
	uint32_t port;

	if (colon < 0)
		return -EINVAL;
	host = str_upto(hostport, (size_t)colon);
	port_text = str_from(hostport, (size_t)colon + 1);
	if (port_text.n > PORT_DIGITS || !str_u32(port_text, &port) || port > UINT16_MAX)
		return -EINVAL;
	/* Without brackets the last group of an IPv6 address would pass for the port. */
	if (host.n && host.p[0] != '[' && str_find(host, ':') >= 0)
		return -EINVAL;
	return addr_decode(ret, host, (uint16_t)port);
}


static void encode_v4(const struct in_addr *in, struct buf *b)
{
	uint32_t v = ntohl(in->s_addr);
	char text[16];
	struct buf t;

	buf_fixed(&t, text, sizeof(text));
	for (int shift = 24; shift >= 0; shift -= 8) {
		buf_putu(&t, v >> shift & 0xff);
		if (shift)
			buf_putc(&t, '.');
	}
	buf_puts(b, buf_str(&t));
}


static void encode_v6(const struct in6_addr *in6, struct buf *b)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, in6, text, sizeof(text));
	buf_putc(b, '[');
	buf_puts(b, str_of(text));
	buf_putc(b, ']');
}


void addr_encode_host(const struct addr *a, struct buf *b)
{
	if (a->sa.sa_family == AF_INET6)
		encode_v6(&a->in6.sin6_addr, b);
	else
		encode_v4(&a->in.sin_addr, b);
}


void addr_encode(const struct addr *a, struct buf *b)
{
	addr_encode_host(a, b);
	buf_putc(b, ':');
	buf_putu(b, addr_port(a));
}


const char *addr_text(const struct addr *a, char text[static ADDR_TEXT_MAX])
{
	struct buf b;

	buf_fixed(&b, text, ADDR_TEXT_MAX);
	addr_encode(a, &b);
	return buf_cstr(&b);
}


bool addr_eq_host(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET6)
		return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
	return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
}


bool addr_eq(const struct addr *a, const struct addr *b)
{
	return addr_eq_host(a, b) && addr_port(a) == addr_port(b);
}


bool addr_is_any(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
	return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
}


bool addr_is_loopback(const struct addr *a)
{
	const struct in6_addr *in6 = &a->in6.sin6_addr;

	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(in6) ||
		       (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == IN_LOOPBACKNET);
	return ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}
