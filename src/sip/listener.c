/* SPDX-License-Identifier: Apache-2.0 */
/* What a listening socket is called. */
#include "sip/listener.h"

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/host.h"

/* sent-by, and "sip:" host port ";transport=udp". */
#define TEXT_MAX (2 * (SIP_HOST_MAX + 8) + 32)


static void destroy(void *object)
{
	struct sip_listener *l = object;

	mem_unref(l->udp);
	mem_unref(l->stream);
	mem_unref(l->tls);
	mem_free(l->hosts);
	mem_free(l->text);
}


/* "host", "host:port", "[v6]", "[v6]:port"; the host is kept as written. */
static int read_advertised(struct str text, struct str *host, uint16_t *port)
{
	const char *end = text.p + text.n;
	const char *p = sip_host_end(text.p, end, host);

	if (!p)
		return -EINVAL;
	*host = str_range(text.p, p);
	if (p == end)
		return 0;
	return *p == ':' && sip_port_decode(str_range(p + 1, end), port) ? 0 : -EINVAL;
}


int sip_listener_alloc(struct sip_listener **ret, enum sip_transport_kind kind,
		       struct str advertised)
{
	struct sip_listener *l;
	struct str host;
	uint16_t port;

	if (advertised.n && read_advertised(advertised, &host, &port))
		return -EINVAL;
	l = mem_alloc(sizeof(*l), destroy);
	if (!l)
		return -ENOMEM;
	l->kind = kind;
	*ret = l;
	return 0;
}


static bool of_family(const struct ifaddrs *i, int family)
{
	return i->ifa_addr && i->ifa_addr->sa_family == family;
}


static void copy_addr(struct addr *ret, const struct sockaddr *sa)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(&ret->sa, sa, sa->sa_family == AF_INET6 ? sizeof(ret->in6) : sizeof(ret->in));
}


/* The addresses of this host; without them the any-address is only known as loopback. */
static int take_hosts(struct sip_listener *l)
{
	int family = l->local.sa.sa_family;
	struct ifaddrs *all;

	l->hosts = mem_raw(LISTENER_HOST_ADDRS * sizeof(*l->hosts));
	if (!l->hosts)
		return -ENOMEM;
	if (getifaddrs(&all))
		return 0;
	for (struct ifaddrs *i = all; i && l->hosts_n < LISTENER_HOST_ADDRS; i = i->ifa_next) {
		if (of_family(i, family))
			copy_addr(&l->hosts[l->hosts_n++], i->ifa_addr);
	}
	freeifaddrs(all);
	return 0;
}


static bool reachable(const struct addr *a)
{
	return !addr_is_loopback(a) &&
	       !(a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr));
}


static void choose_shown(struct sip_listener *l)
{
	l->shown = l->local;
	if (!l->hosts)
		return;
	(void)addr_decode(&l->shown,
			  l->local.sa.sa_family == AF_INET6 ? STR("::1") : STR("127.0.0.1"), 0);
	for (size_t i = 0; i < l->hosts_n; i++) {
		if (reachable(&l->hosts[i])) {
			l->shown = l->hosts[i];
			return;
		}
	}
}


/*
 * TLS is shown as a sip URI with transport=tls: a sips URI would ask for TLS on every hop (RFC 3261
 * 26.2.2), which is not ours to ask. UDP needs no parameter: a port is given (RFC 3263 4.1).
 */
static int write_texts(struct sip_listener *l, struct str host)
{
	struct buf b;
	size_t at;

	l->text = mem_raw(TEXT_MAX);
	if (!l->text)
		return -ENOMEM;
	buf_fixed(&b, l->text, TEXT_MAX);
	if (host.n)
		buf_puts(&b, host);
	else
		addr_encode_host(&l->shown, &b);
	l->host = buf_str(&b);
	buf_putc(&b, ':');
	buf_putu(&b, l->port);
	l->sent_by = buf_str(&b);
	at = b.n;
	buf_puts(&b, STR("sip:"));
	buf_put(&b, l->text, at);
	if (l->kind != SIP_UDP) {
		buf_puts(&b, STR(";transport="));
		buf_puts(&b, sip_transport_param(l->kind));
	}
	l->uri = str_from(buf_str(&b), at);
	return b.failed ? -EINVAL : 0;
}


int sip_listener_named(struct sip_listener *l, const struct addr *local, struct str advertised)
{
	struct str host = STR_NULL;
	int err = 0;

	l->local = *local;
	l->port = addr_port(local);
	if (advertised.n)
		err = read_advertised(advertised, &host, &l->port);
	if (!err && addr_is_any(local))
		err = take_hosts(l);
	if (err)
		return err;
	choose_shown(l);
	return write_texts(l, host);
}


static bool is_host(const struct sip_listener *l, const struct addr *a)
{
	if (addr_eq_host(&l->shown, a) || addr_eq_host(&l->local, a))
		return true;
	for (size_t i = 0; i < l->hosts_n; i++) {
		if (addr_eq_host(&l->hosts[i], a))
			return true;
	}
	return false;
}


static struct str bare(struct str host)
{
	return host.n >= 2 && host.p[0] == '[' ? str_range(host.p + 1, host.p + host.n - 1) : host;
}


bool sip_listener_is(const struct sip_listener *l, struct str host, bool numeric,
		     const struct addr *addr, uint16_t port)
{
	if (port == l->port && str_eq_nocase(host, bare(l->host)))
		return true;
	return numeric && (port == l->port || port == addr_port(&l->local)) && is_host(l, addr);
}
