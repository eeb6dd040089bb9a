/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams of the virtual network. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lib/virtual_net.h"

/* As over IPv4. */
#define PAYLOAD_MAX 65507

struct virtual_socket {
	struct datagram_socket base;
	struct virtual_loop *vl;
	struct list_link link;
};


static struct virtual_socket *find_socket(struct virtual_loop *vl, const struct addr *to)
{
	struct virtual_socket *any = NULL;

	for (struct list_link *k = list_first(&vl->sockets); k; k = list_next(&vl->sockets, k)) {
		struct virtual_socket *s = container_of(k, struct virtual_socket, link);

		if (virtual_bound_exactly(&s->base.local, to))
			return s;
		if (!any && virtual_bound_any(&s->base.local, to))
			any = s;
	}
	return any;
}


static void refuse(struct virtual_loop *vl, const struct addr *from, const struct addr *to)
{
	struct virtual_event *e = virtual_post(vl, VIRTUAL_EVENT_ICMP, virtual_delay(vl, to, from));

	e->from = *from;
	e->to = *to;
	e->error = -ECONNREFUSED;
	vl->counts.refused++;
}


void virtual_datagram_icmp(struct virtual_loop *vl, const struct virtual_event *e)
{
	struct virtual_socket *s = find_socket(vl, &e->from);

	if (!s || !s->base.error)
		return;
	mem_ref(s);
	s->base.error(&s->base, &e->to, e->error, s->base.arg);
	mem_unref(s);
}


void virtual_datagram_arrive(struct virtual_loop *vl, struct virtual_event *e, uint64_t before)
{
	struct virtual_socket *s = find_socket(vl, &e->to);
	struct virtual_event *events[DATAGRAM_BATCH];
	struct datagram batch[DATAGRAM_BATCH];
	struct list_link *k;
	size_t n = 0;

	if (!s) {
		refuse(vl, &e->from, &e->to);
		virtual_event_free(e);
		return;
	}
	for (;;) {
		events[n] = e;
		batch[n++] = (struct datagram){e->from, e->p, e->n};
		/* The next one to happen, if it is a datagram for the same socket, comes along. */
		k = list_first(&vl->events);
		if (!k || n == DATAGRAM_BATCH)
			break;
		e = container_of(k, struct virtual_event, link);
		if (e->kind != VIRTUAL_EVENT_DATAGRAM || e->at_ms > vl->base.now_ms ||
		    e->seq >= before || find_socket(vl, &e->to) != s)
			break;
		list_remove(&vl->events, k);
	}
	vl->counts.datagrams += n;
	mem_ref(s);
	s->base.recv(&s->base, batch, n, s->base.arg);
	mem_unref(s);
	for (size_t i = 0; i < n; i++)
		virtual_event_free(events[i]);
}


static int send_copy(struct datagram_socket *base, const struct addr *peer, const void *p, size_t n)
{
	struct virtual_socket *s = container_of(base, struct virtual_socket, base);
	struct addr from = virtual_source(s->vl, &base->local);
	uint64_t copies = 0;

	if (n > PAYLOAD_MAX)
		return -EMSGSIZE;
	if (peer->sa.sa_family != base->local.sa.sa_family)
		return -EAFNOSUPPORT;
	if (virtual_fault_apply(s->vl, VIRTUAL_DROP, &from, peer, NULL)) {
		s->vl->counts.dropped++;
		return 0;
	}
	if (virtual_fault_apply(s->vl, VIRTUAL_REFUSE, &from, peer, NULL)) {
		refuse(s->vl, &from, peer);
		return 0;
	}
	(void)virtual_fault_apply(s->vl, VIRTUAL_DUPLICATE, &from, peer, &copies);
	for (uint64_t i = 0; i <= copies; i++) {
		struct virtual_event *e = virtual_post(s->vl, VIRTUAL_EVENT_DATAGRAM,
						       virtual_delay(s->vl, &from, peer));

		e->from = from;
		e->to = *peer;
		e->p = virtual_storage(n + 1);
		if (n)
			memcpy(e->p, p, n);
		e->n = n;
	}
	return 0;
}


static void destroy(void *object)
{
	struct virtual_socket *s = object;

	list_remove(&s->vl->sockets, &s->link);
	s->base.loop = mem_unref(s->base.loop);
}


/* Nothing waits here: what arrives is handed over. */
static int set_urgent(struct datagram_socket *base, const char *prefix)
{
	(void)base;
	(void)prefix;
	return 0;
}


static const struct datagram_ops ops = {.send = send_copy, .set_urgent = set_urgent};


int virtual_datagram_open(struct datagram_socket **ret, struct loop *l, const struct addr *local)
{
	struct virtual_loop *vl = container_of(l, struct virtual_loop, base);
	struct virtual_socket *s;

	if (local->sa.sa_family != AF_INET && local->sa.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	for (struct list_link *k = list_first(&vl->sockets); k; k = list_next(&vl->sockets, k))
		if (addr_eq(&container_of(k, struct virtual_socket, link)->base.local, local))
			return -EADDRINUSE;
	s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	s->base.ops = &ops;
	s->base.loop = mem_ref(l);
	s->base.local = *local;
	s->vl = vl;
	if (addr_port(local) == 0)
		addr_set_port(&s->base.local, virtual_free_port(vl));
	list_append(&vl->sockets, &s->link);
	*ret = &s->base;
	return 0;
}
