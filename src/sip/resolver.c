/* SPDX-License-Identifier: Apache-2.0 */
/* From a URI to hops: what may be used, hosts that are addresses, and who asks DNS (resolver_lookup.c). */
#include "sip/resolver.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/counter.h"
#include "base/mem.h"
#include "sip/chars.h"
#include "sip/dns_cache.h"
#include "sip/resolver_state.h"

static struct counter numeric_hops = COUNTER("sip.resolver.numeric",
					     "next hops that needed no DNS");

const enum sip_transport_kind resolver_kinds[RESOLVER_KINDS] = {SIP_UDP, SIP_TCP, SIP_TLS};


/* ---- Hops ---- */

void resolver_put_host(struct sip_hops *h, struct str host)
{
	memcpy(h->host, host.p, host.n);
	h->host[host.n] = 0;
}


void resolver_put_hop(struct sip_hops *h, enum sip_transport_kind kind, const struct addr *a,
		      size_t host_n)
{
	h->hop[h->n++] = (struct sip_hop){
		.kind = kind,
		.addr = *a,
		.socket = SIP_SOCKET_ANY,
		.host = {h->host, host_n},
	};
}


/* ---- Which transports may be used ---- */

static unsigned kinds_available(const struct sip_resolver *r)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < RESOLVER_KINDS; i++) {
		if (sip_transports_has(r->transports, resolver_kinds[i], AF_UNSPEC))
			kinds |= RESOLVER_KIND(resolver_kinds[i]);
	}
	return kinds;
}


/*
 * RFC 3263 4.1: "If the URI specifies a transport protocol in the transport parameter, that transport
 * protocol SHOULD be used." The caller's size rule comes before it (RFC 3261 18.1.1), and sips comes
 * before all: whatever the parameter says of TCP, it is TLS (RFC 3261 26.2.2).
 */
static int choice_of(const struct sip_uri *uri, enum sip_transport_kind forced,
		     struct resolver_choice *ret)
{
	struct resolver_choice c = {.kinds = RESOLVER_KIND(SIP_UDP) | RESOLVER_KIND(SIP_TCP) |
					     RESOLVER_KIND(SIP_TLS),
				    .naptr = true};
	struct str param;

	if (uri->params.n && sip_uri_param(uri, STR("transport"), &param)) {
		c.naptr = false;
		if (SIP_IS(param, "udp"))
			c.kinds = RESOLVER_KIND(SIP_UDP);
		else if (SIP_IS(param, "tcp"))
			c.kinds = RESOLVER_KIND(SIP_TCP);
		else if (SIP_IS(param, "tls"))
			c.kinds = RESOLVER_KIND(SIP_TLS);
		else
			return -EPROTONOSUPPORT;
	}
	if (uri->scheme == SIP_URI_SIPS) {
		if (c.kinds == RESOLVER_KIND(SIP_UDP) || forced == SIP_UDP)
			return -EPROTONOSUPPORT;
		c.kinds = RESOLVER_KIND(SIP_TLS);
	} else if (forced == SIP_UDP || forced == SIP_TLS) {
		c.kinds = RESOLVER_KIND(forced);
	} else if (forced == SIP_TCP && c.kinds == RESOLVER_KIND(SIP_UDP)) {
		c.kinds = RESOLVER_KIND(SIP_TCP);
	} else if (forced == SIP_TCP) {
		c.kinds &= ~RESOLVER_KIND(SIP_UDP);
	}
	/* That large requests may go over TLS too is for DNS to say. */
	c.defaults = c.kinds == (RESOLVER_KIND(SIP_TCP) | RESOLVER_KIND(SIP_TLS))
			     ? RESOLVER_KIND(SIP_TCP)
			     : c.kinds;
	*ret = c;
	return 0;
}


/* RFC 3263 4: "If the URI contains an maddr parameter, the TARGET is the value of that parameter." */
static struct str target_of(const struct sip_uri *uri)
{
	struct str maddr;

	if (uri->params.n && sip_uri_param(uri, STR("maddr"), &maddr) && maddr.n)
		return maddr;
	return uri->host;
}


/* ---- Numeric hosts ---- */

/* Three colons in a row are two: RFC 5118 4.10. */
static int decode_v6(struct addr *ret, struct str host)
{
	char text[INET6_ADDRSTRLEN + 1];
	size_t n = 0;

	if (host.n >= sizeof(text))
		return -EINVAL;
	for (size_t i = 0; i < host.n; i++) {
		if (i >= 2 && host.p[i] == ':' && host.p[i - 1] == ':' && host.p[i - 2] == ':')
			continue;
		text[n++] = host.p[i];
	}
	return addr_decode(ret, (struct str){text, n}, 0);
}


/* A name that begins as no number does is not tried as one. */
static bool numeric(struct addr *ret, struct str host)
{
	if (host.p[0] == '[' || str_find(host, ':') >= 0)
		return addr_decode(ret, host, 0) == 0 || decode_v6(ret, host) == 0;
	return host.p[0] >= '0' && host.p[0] <= '9' && addr_decode(ret, host, 0) == 0;
}


static int answer_numeric(struct sip_resolver *r, struct addr *a, uint16_t port, struct str host,
			  unsigned kinds, struct sip_hops *now)
{
	for (size_t i = 0; i < RESOLVER_KINDS; i++) {
		enum sip_transport_kind k = resolver_kinds[i];

		if (!(kinds & RESOLVER_KIND(k)) ||
		    !sip_transports_has(r->transports, k, a->sa.sa_family))
			continue;
		addr_set_port(a, port ? port : resolver_default_port(k));
		now->n = 0;
		resolver_put_host(now, host);
		resolver_put_hop(now, k, a, host.n);
		counter_add(&numeric_hops, 1);
		return 1;
	}
	return -EAFNOSUPPORT;
}


/* ---- The public functions ---- */

static void resolver_destroy(void *object)
{
	struct sip_resolver *r = object;

	for (struct list_link *k; (k = list_first(&r->lookups));)
		resolver_lookup_end(container_of(k, struct sip_lookup, link));
	hop_avoid_done(&r->avoid);
	mem_unref(r->cache);
	mem_unref(r->loop);
}


int sip_resolver_alloc(struct sip_resolver **ret, struct loop *loop, struct sip_transports *t,
		       struct dns *dns)
{
	struct sip_resolver *r = mem_alloc(sizeof(*r), resolver_destroy);
	int err;

	if (!r)
		return -ENOMEM;
	counter_register(&numeric_hops, 1);
	resolver_lookup_counters_register();
	list_init(&r->lookups);
	r->loop = mem_ref(loop);
	r->transports = t;
	err = hop_avoid_init(&r->avoid, loop);
	if (!err)
		err = dns_cache_alloc(&r->cache, loop, dns, SIP_RESOLVER_CACHE_MAX);
	if (err) {
		mem_unref(r);
		return err;
	}
	*ret = r;
	return 0;
}


int sip_resolve(struct sip_resolver *r, struct sip_lookup *q, const struct sip_uri *uri,
		enum sip_transport_kind kind, struct sip_hops *now, sip_lookup_cb *done, void *arg)
{
	struct str host = target_of(uri);
	struct resolver_choice choice;
	struct addr a;
	int err;

	assert(!q->impl);
	if ((uri->scheme != SIP_URI_SIP && uri->scheme != SIP_URI_SIPS) || !host.n ||
	    host.n > SIP_HOST_MAX)
		return -EINVAL;
	err = choice_of(uri, kind, &choice);
	if (err)
		return err;
	if (numeric(&a, host))
		return answer_numeric(r, &a, uri->port, host, choice.defaults, now);
	choice.kinds &= kinds_available(r);
	choice.defaults &= choice.kinds;
	if (!choice.kinds)
		return -EPROTONOSUPPORT;
	/* The root's dot at the end of a name is not part of what a certificate says. */
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	q->done = done;
	q->arg = arg;
	return resolver_lookup_start(r, q, host, &choice, uri->port, now);
}


int sip_resolve_host(struct sip_resolver *r, struct sip_lookup *q, struct str host, uint16_t port,
		     struct sip_hops *now, sip_lookup_cb *done, void *arg)
{
	char text[SIP_HOST_MAX + 64];
	struct sip_uri uri;
	struct buf b;

	/* RFC 3263 4.2: with a port, and the transport said, nothing but addresses is asked for. */
	buf_fixed(&b, text, sizeof(text));
	buf_printf(&b, "sip:" STR_FMT ":%u;transport=tcp", STR_ARG(host), port);
	if (b.failed || sip_uri_decode(&uri, buf_str(&b)))
		return -EINVAL;
	return sip_resolve(r, q, &uri, SIP_TCP, now, done, arg);
}


void sip_hop_of_flow(struct sip_hop *ret, uint64_t flow, const struct sip_uri *uri)
{
	struct str transport;

	*ret = (struct sip_hop){.kind = SIP_TCP, .flow = flow, .socket = SIP_SOCKET_ANY};
	if (!uri)
		return;
	if (uri->scheme == SIP_URI_SIPS || (sip_uri_param(uri, STR("transport"), &transport) &&
					    str_eq_nocase(transport, STR("tls"))))
		ret->kind = SIP_TLS;
	(void)addr_decode(&ret->addr, uri->host, uri->port ? uri->port : 5060);
}


void sip_lookup_cancel(struct sip_lookup *q)
{
	if (q->impl)
		resolver_lookup_end(q);
}


void sip_resolver_avoid(struct sip_resolver *r, const struct sip_hop *hop, uint32_t avoid_ms)
{
	hop_avoid_add(&r->avoid, hop, avoid_ms ? avoid_ms : SIP_HOP_AVOID_MS);
}
