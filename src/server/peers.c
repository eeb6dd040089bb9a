/* SPDX-License-Identifier: Apache-2.0 */
/* The elements that may assert identities. */

#include "server/peers.h"

#include <errno.h>

#include "base/mem.h"


static int peer_decode(struct peer *ret, struct str text)
{
	struct peer p = {.name = text};

	if (!text.n)
		return -EINVAL;
	if (addr_decode(&p.addr, text, 0) == 0) {
		p.any_port = true;
		p.name = STR_NULL;
	} else if (addr_decode_hostport(&p.addr, text) == 0) {
		p.name = STR_NULL;
	}
	*ret = p;
	return 0;
}


int peers_init(struct peers *ps, const struct str *texts, size_t n)
{
	ps->n = 0;
	ps->v = mem_raw((n ? n : 1) * sizeof(*ps->v));
	if (!ps->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int err = peer_decode(&ps->v[i], texts[i]);
		if (err) {
			peers_done(ps);
			return err;
		}
		ps->n++;
	}
	return 0;
}


void peers_done(struct peers *ps)
{
	mem_free(ps->v);
	*ps = (struct peers){0};
}


bool peers_have(const struct peers *ps, struct sip_transports *t, const struct sip_source *src)
{
	for (size_t i = 0; i < ps->n; i++) {
		const struct peer *p = &ps->v[i];

		if (p->name.p) {
			if (src->kind == SIP_TLS && sip_flow_peer_is(t, src->flow, p->name))
				return true;
		} else if (p->any_port ? addr_eq_host(&p->addr, &src->peer)
				       : addr_eq(&p->addr, &src->peer)) {
			return true;
		}
	}
	return false;
}
