/* SPDX-License-Identifier: Apache-2.0 */
/* An ACK for a 2xx is forwarded without state (RFC 3261 16.11). */
#include "sip/proxy.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/forward.h"
#include "sip/source_note.h"
#include "sip/txn.h"

/** ACKs that wait for DNS: each is for a call that was just answered; more are somebody's flood. */
#define ACKS_MAX 1000

/** One that waits for its next hop to be found. */
struct ack_forward {
	struct list_link link;
	struct sip *sip;
	struct sip_lookup lookup;
	struct sip_source src;
	struct sip_route route; /**< views of `bytes` */
	struct block bytes;
};


static void destroy(void *object)
{
	struct ack_forward *a = object;

	list_remove(&a->sip->acks, &a->link);
	sip_lookup_cancel(&a->lookup);
	block_give(&a->bytes, a->sip->slab);
}


static int ack_send(struct sip *s, const struct sip_msg *m, const struct sip_source *src,
		    const struct sip_route *route, const struct sip_hop *hop)
{
	struct forward f = {.route = route, .src = src, .hop = hop};
	struct forward_texts t;
	struct sip_edits e;
	int err;

	sip_edits_init(&e, m);
	err = forward_edits(&e, &t, s, &f);
	if (!err)
		err = sip_send_ack_edits(s, &e, route->loop, hop);
	forward_texts_done(&t);
	return err;
}


static void on_lookup(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct ack_forward *a = arg;
	struct sip_msg m;

	(void)q;
	if (!error && sip_msg_decode(&m, block_str(&a->bytes), false) == SIP_DECODE_OK)
		(void)ack_send(a->sip, &m, &a->src, &a->route, &hops->hop[0]);
	mem_unref(a);
}


void forward_acks_end(struct sip *s)
{
	struct list_link *l;

	while ((l = list_first(&s->acks)))
		mem_unref(container_of(l, struct ack_forward, link));
}


/* While it is looked up the engine's list holds the reference. */
static int ack_forward(struct ack_forward *a, const struct sip_msg *m)
{
	struct forward f = {.route = &a->route};
	struct sip_hops hops;
	struct sip_uri next;
	int r;

	if (forward_next(&next, &f))
		return -EBADMSG;
	if (a->sip->acks.count >= ACKS_MAX)
		return -ENOBUFS;
	r = sip_resolve(sip_resolver(a->sip), &a->lookup, &next, SIP_TRANSPORT_OTHER, &hops,
			on_lookup, a);
	if (r == 0) {
		mem_ref(a);
		list_append(&a->sip->acks, &a->link);
		return 0;
	}
	return r < 0 ? r : ack_send(a->sip, m, &a->src, &a->route, &hops.hop[0]);
}


/* Views of the received message become views of the copy, in which the topmost Via is longer: they stand
 * in the request line or in Route lines, before the Via line or after it. */
static void move_view(struct str *view, const struct sip_msg *m, const struct sip_msg *copy)
{
	const struct sip_line *via = &m->line[m->first[SIP_HDR_VIA]];
	size_t at;

	if (!view->p)
		return;
	at = (size_t)(view->p - m->p);
	view->p = copy->p + at + (at >= via->end ? copy->n - m->n : 0);
}


static void move_route(struct sip_route *r, const struct sip_msg *m, const struct sip_msg *copy)
{
	move_view(&r->uri, m, copy);
	move_view(&r->our_params, m, copy);
	move_view(&r->our_user, m, copy);
	move_view(&r->next, m, copy);
}


int sip_proxy_forward_ack(struct sip *s, const struct sip_msg *m, const struct sip_source *src,
			  const struct sip_route *route, const struct sip_hop *hop)
{
	struct ack_forward *a = mem_alloc(sizeof(*a), destroy);
	struct sip_msg copy = *m;
	size_t size;
	int err;

	if (!a)
		return -ENOMEM;
	a->sip = s;
	a->src = *src;
	a->route = *route;
	err = sip_source_note(&a->bytes.p, &size, s->slab, &copy, src);
	if (!err) {
		a->bytes.size = (uint32_t)size;
		a->bytes.n = (uint32_t)copy.n;
		move_route(&a->route, m, &copy);
		err = hop ? ack_send(s, &copy, &a->src, &a->route, hop) : ack_forward(a, &copy);
	}
	mem_unref(a);
	return err;
}
