/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the service's own: their way to the terminating function, and how they are known again. */

#include "im/own.h"

#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/name_addr.h"

/** Letters of the token: 128 bits of chance, in hexadecimal digits. */
#define TOKEN_N 32
#define PREFIX "own-"

struct im_own {
	struct sip *sip;
	const struct im_setting *setting;
	struct im_addresses addresses;
	struct sip_hop hop; /**< to ourselves */
	bool reachable;
	char user[sizeof(PREFIX) - 1 + TOKEN_N];
	char route[SIP_URI_MAX];
	size_t route_n;
};


/* TCP carries what is too large for a datagram; TLS costs more and proves nothing here. */
static int rank(enum sip_transport_kind kind)
{
	switch (kind) {
	case SIP_TCP:
		return 3;
	case SIP_UDP:
		return 2;
	case SIP_TLS:
		return 1;
	default:
		return 0;
	}
}


/* What is bound to every address is reached by loopback. */
static struct addr reached_by(const struct addr *local)
{
	struct addr a = *local;

	if (addr_is_any(local))
		(void)addr_decode(&a,
				  local->sa.sa_family == AF_INET6 ? STR("::1") : STR("127.0.0.1"),
				  addr_port(local));
	return a;
}


static int make_route(struct im_own *o)
{
	struct str uri = sip_transports_uri(sip_transports(o->sip), &o->hop);
	struct str rest = str_from(uri, (size_t)(str_find(uri, ':') + 1));
	struct buf b;

	if (!uri.n)
		return -EHOSTUNREACH;
	buf_fixed(&b, o->route, sizeof(o->route));
	buf_puts(&b, STR("<sip:"));
	buf_put(&b, o->user, sizeof(o->user));
	buf_putc(&b, '@');
	buf_puts(&b, rest);
	buf_puts(&b, STR(";lr>"));
	o->route_n = b.failed ? 0 : b.n;
	return b.failed ? -ENOBUFS : 0;
}


void im_own_listens(struct im_own *o, enum sip_transport_kind kind, const struct addr *local)
{
	if (o->reachable && rank(kind) <= rank(o->hop.kind))
		return;
	o->hop =
		(struct sip_hop){.kind = kind, .addr = reached_by(local), .socket = SIP_SOCKET_ANY};
	o->reachable = make_route(o) == 0;
}


static void to_the_core(const struct im_own *o, struct str recipient, struct sip_proxy_target *ret)
{
	struct im_request r = {.recipient = recipient};
	struct im_targets targets = {.n = 0};

	o->setting->onward(&r, &targets, o->setting->arg);
	*ret = targets.n ? targets.target[0] : (struct sip_proxy_target){0};
	ret->uri = recipient;
}


/* Whether the URI is one of a domain of ours: only those have a terminating function here. */
static bool is_ours(const struct im_own *o, struct str recipient)
{
	char text[SIP_AOR_MAX];
	struct sip_uri uri;
	struct buf aor;

	buf_fixed(&aor, text, sizeof(text));
	return sip_uri_decode(&uri, recipient) == 0 &&
	       (sip_transports_is_ours(sip_transports(o->sip), &uri) ||
		(sip_uri_aor(&uri, o->addresses.domains[0], &aor) == 0 && !aor.failed &&
		 im_addresses_serve(&o->addresses, buf_str(&aor))));
}


int im_own_target(const struct im_own *o, struct str recipient, struct sip_proxy_target *ret)
{
	if (!o->setting->terminates_here) {
		to_the_core(o, recipient, ret);
		return 0;
	}
	*ret = (struct sip_proxy_target){.uri = recipient};
	if (!is_ours(o, recipient))
		return 0;
	if (!o->reachable)
		return -EHOSTUNREACH;
	ret->route = (struct str){o->route, o->route_n};
	ret->hop = &o->hop;
	return 0;
}


const struct sip_hop *im_own_hop(const struct im_own *o)
{
	return o->reachable ? &o->hop : NULL;
}


/* Compared without a look at where it differs first: the token is a secret. */
bool im_own_is(const struct im_own *o, const struct sip_route *route)
{
	unsigned char differs = 0;

	if (!route->ours_popped || route->our_user.n != sizeof(o->user))
		return false;
	for (size_t i = 0; i < sizeof(o->user); i++)
		differs |= (unsigned char)(route->our_user.p[i] ^ o->user[i]);
	return !differs;
}


void im_own_admit(const struct im_own *o, struct im_request *r)
{
	struct sip_values v = sip_values_first(r->m, SIP_HDR_P_ASSERTED_IDENTITY);
	char text[SIP_AOR_MAX];
	struct sip_name_addr a;
	struct sip_uri uri;
	struct str value;
	struct buf aor;

	r->trusted = true;
	r->side = IM_TERMINATING;
	buf_fixed(&aor, text, sizeof(text));
	if (sip_values_next(&v, &value) && sip_name_addr_decode(&a, value) == 0 &&
	    sip_uri_decode(&uri, a.uri) == 0 &&
	    sip_uri_aor(&uri, o->addresses.domains[0], &aor) == 0 && !aor.failed)
		im_request_set_originator(r, &o->addresses, buf_str(&aor));
}


int im_own_alloc(struct im_own **ret, const struct im_own_params *p)
{
	struct im_own *o = mem_alloc(sizeof(*o), NULL);
	struct buf b;

	if (!o)
		return -ENOMEM;
	o->sip = p->sip;
	o->setting = p->setting;
	o->addresses = p->addresses;
	buf_fixed(&b, o->user, sizeof(o->user));
	buf_puts(&b, STR(PREFIX));
	for (int i = 0; i < TOKEN_N / 16; i++)
		buf_puthex(&b, loop_random_u64(sip_loop(p->sip)), 16);
	*ret = o;
	return 0;
}
