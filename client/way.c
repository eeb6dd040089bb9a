/* SPDX-License-Identifier: Apache-2.0 */
/* The way of every request. */
#include "client/way.h"

#include <errno.h>

#include "base/addr.h"
#include "base/buf.h"
#include "sip/auth_header.h"
#include "sip/uri.h"


int way_find(struct parley *p, struct sip_lookup *q, struct sip_hops *now, sip_lookup_cb *done,
	     void *arg)
{
	struct sip_uri uri;
	int err = sip_uri_decode(&uri, str_of(p->server));

	return err ? err
		   : sip_resolve(sip_resolver(p->sip), q, &uri, SIP_TRANSPORT_OTHER, now, done,
				 arg);
}


/* RFC 5922 7.3: "the client MUST compare the original domain portion of the SIP AUS [...] to the SIP domain
 * identities obtained from the certificate." A server given by its address has to be that of the account's
 * domain; one given by name has to bear that name. */
static void name_hop(const struct parley *p, struct sip_hops *hops, struct sip_hop *hop,
		     const struct sip_hops *from)
{
	ptrdiff_t at = hop->host.p - from->host;
	struct addr a;

	if (!hop->host.n || !addr_decode(&a, hop->host, 0))
		hop->host = str_of(p->domain);
	else if (at >= 0 && (size_t)at < sizeof(from->host))
		hop->host.p = hops->host + at;
}


int way_take(const struct parley *p, struct sip_hops *ret, const struct sip_hops *from)
{
	if (!from->n)
		return -ENOENT;
	*ret = *from;
	for (uint8_t i = 0; i < ret->n; i++)
		name_hop(p, ret, &ret->hop[i], from);
	return 0;
}


/* RFC 3608 6.1: "it uses the content of the Service-Route header field as a preloaded Route header field in
 * outgoing initial requests". In an IMS the first hop stands above it (24.229 5.1.2A.1.1). */
void way_put_route(const struct parley *p, struct buf *b)
{
	const char *service = p->registration.service_route;

	if (p->ims && p->server_given)
		buf_printf(b, "<%s;lr>%s", p->server, service ? ", " : "");
	if (service)
		buf_puts(b, str_of(service));
}


bool way_is_stale(const struct sip_msg *m)
{
	struct auth_challenges it = auth_challenges_first(m, m->status == 407
								     ? SIP_HDR_PROXY_AUTHENTICATE
								     : SIP_HDR_WWW_AUTHENTICATE);

	for (struct auth_challenge c; auth_challenges_next(&it, &c);) {
		if (c.digest && c.stale)
			return true;
	}
	return false;
}
