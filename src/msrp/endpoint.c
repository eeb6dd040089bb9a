/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint: listeners, ceilings, and the tables in which sessions and connections are found. */
#include "msrp/endpoint.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/tls.h"
#include "msrp/connection.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/send.h"
#include "msrp/setup.h"
#include "msrp/transaction.h"

/* Accepted connections without a session: ten seconds of a hundred new sessions each second. */
#define UNBOUND_MAX 1024
/* First guesses of the tables' sizes. */
#define TABLE_SESSIONS 256
#define TABLE_SMALL 32


static void set_limit(size_t *to, size_t wanted, size_t otherwise)
{
	*to = wanted ? wanted : otherwise;
}


void msrp_endpoint_set_limits(struct msrp_endpoint *ep, const struct msrp_limits *limits)
{
	struct msrp_limits none = {0};
	const struct msrp_limits *l = limits ? limits : &none;

	set_limit(&ep->limits.sessions, l->sessions, MSRP_SESSIONS_MAX);
	set_limit(&ep->limits.connections, l->connections, MSRP_CONNECTIONS_MAX);
	set_limit(&ep->limits.connections_per_host, l->connections_per_host,
		  MSRP_CONNECTIONS_PER_HOST_MAX);
	set_limit(&ep->limits.unbound, l->unbound, UNBOUND_MAX);
}


static void stop_listening(struct msrp_endpoint *ep)
{
	for (unsigned i = 0; i < ep->listeners_n; i++)
		ep->listeners[i].stream = mem_unref(ep->listeners[i].stream);
}


static void drop_all(struct list *l)
{
	for (struct list_link *k; (k = list_first(l));)
		msrp_connection_drop(container_of(k, struct msrp_connection, link));
}


static void drop_waiting(struct deadline_queue *q)
{
	for (struct list_link *k; (k = list_first(&q->list));) {
		struct deadline *d = container_of(k, struct deadline, link);

		msrp_connection_drop(container_of(d, struct msrp_connection, wait));
	}
	deadline_queue_done(q);
}


static void destroy(void *object)
{
	struct msrp_endpoint *ep = object;

	stop_listening(ep);
	for (unsigned i = 0; i < ep->listeners_n; i++)
		mem_unref(ep->listeners[i].host);
	if (ep->loop) {
		drop_waiting(&ep->opening);
		drop_waiting(&ep->unbound);
		drop_all(&ep->bound);
		drop_all(&ep->closing);
		deadline_queue_done(&ep->unanswered);
	}
	hash_done(&ep->sessions);
	hash_done(&ep->transactions);
	hash_done(&ep->peers);
	hash_done(&ep->hosts);
	mem_unref(ep->tls);
	mem_unref(ep->slab);
	mem_unref(ep->loop);
}


static int init_tables(struct msrp_endpoint *ep)
{
	ep->slab = slab_alloc();
	if (!ep->slab || hash_init(&ep->sessions, TABLE_SESSIONS) ||
	    hash_init(&ep->transactions, TABLE_SESSIONS) || hash_init(&ep->peers, TABLE_SMALL) ||
	    hash_init(&ep->hosts, TABLE_SMALL))
		return -ENOMEM;
	return 0;
}


int msrp_endpoint_alloc(struct msrp_endpoint **ret, struct loop *loop,
			const struct msrp_limits *limits)
{
	struct msrp_endpoint *ep = mem_alloc(sizeof(*ep), destroy);

	msrp_counters_register();
	if (!ep)
		return -ENOMEM;
	ep->loop = mem_ref(loop);
	list_init(&ep->bound);
	list_init(&ep->closing);
	deadline_queue_init(&ep->opening, loop, MSRP_CONNECT_MS, msrp_connection_overdue, ep);
	deadline_queue_init(&ep->unbound, loop, MSRP_UNBOUND_MS, msrp_connection_overdue, ep);
	deadline_queue_init(&ep->unanswered, loop, MSRP_TRANSACTION_MS, msrp_transaction_overdue,
			    ep);
	timers_declare(loop_timers(loop), MSRP_SEND_LINGER_MS);
	timers_declare(loop_timers(loop), MSRP_INTERRUPT_MS);
	msrp_endpoint_set_limits(ep, limits);
	if (init_tables(ep)) {
		mem_unref(ep);
		return -ENOMEM;
	}
	*ret = ep;
	return 0;
}


/* ---- Listening ---- */

static void on_accepted(struct stream_listener *stream, struct stream *s, void *arg)
{
	const struct msrp_listener *ln = arg;

	(void)stream;
	msrp_connection_accept(ln->ep, s, ln->secure);
}


static char *host_of(const struct msrp_listen_params *p)
{
	char text[ADDR_TEXT_MAX];
	struct buf b;

	if (p->host.n)
		return str_dup(p->host);
	buf_fixed(&b, text, sizeof(text));
	addr_encode_host(&p->local, &b);
	if (b.n && b.p[0] == '[')
		return str_dup((struct str){b.p + 1, b.n - 2});
	return str_dup(buf_str(&b));
}


int msrp_endpoint_listen(struct msrp_endpoint *ep, const struct msrp_listen_params *p)
{
	struct msrp_listener *ln;
	int err;

	if (ep->listeners_n == MSRP_LISTENERS_MAX)
		return -ENOBUFS;
	if (!p->host.n && addr_is_any(&p->local))
		return -EINVAL;
	ln = &ep->listeners[ep->listeners_n];
	*ln = (struct msrp_listener){.ep = ep, .secure = p->tls != NULL};
	ln->host = host_of(p);
	if (!ln->host)
		return -ENOMEM;
	err = p->outgoing_only
		      ? 0
		      : stream_listen(&ln->stream, ep->loop, &p->local, p->tls, on_accepted, ln);
	if (err) {
		ln->host = mem_unref(ln->host);
		return err;
	}
	ln->host_v6 = strchr(ln->host, ':') != NULL;
	ln->port = p->port      ? p->port
		   : ln->stream ? addr_port(stream_listener_local(ln->stream))
				: MSRP_PORT_DISCARD;
	ep->listeners_n++;
	return 0;
}


void msrp_endpoint_set_tls(struct msrp_endpoint *ep, struct tls_config *tls)
{
	if (tls)
		mem_ref(tls);
	mem_unref(ep->tls);
	ep->tls = tls;
}


bool msrp_endpoint_advertised(const struct msrp_endpoint *ep, bool secure,
			      struct msrp_advertised *ret)
{
	for (unsigned i = 0; i < ep->listeners_n; i++) {
		const struct msrp_listener *ln = &ep->listeners[i];

		if (ln->secure != secure)
			continue;
		*ret = (struct msrp_advertised){str_of(ln->host), ln->host_v6, ln->port, secure};
		return true;
	}
	return false;
}


bool msrp_endpoint_is_own(const struct msrp_endpoint *ep, const struct addr *a)
{
	struct addr named;

	for (unsigned i = 0; i < ep->listeners_n; i++) {
		const struct msrp_listener *ln = &ep->listeners[i];

		if (!ln->stream)
			continue;
		if (addr_eq(stream_listener_local(ln->stream), a) ||
		    (addr_decode(&named, str_of(ln->host), ln->port) == 0 && addr_eq(&named, a)))
			return true;
	}
	return false;
}


const struct addr *msrp_endpoint_local(const struct msrp_endpoint *ep, unsigned i)
{
	return i < ep->listeners_n && ep->listeners[i].stream
		       ? stream_listener_local(ep->listeners[i].stream)
		       : NULL;
}


bool msrp_endpoint_source(const struct msrp_endpoint *ep, const struct addr *peer, struct addr *ret)
{
	for (unsigned i = 0; i < ep->listeners_n; i++) {
		const struct addr *local = msrp_endpoint_local(ep, i);

		if (!local || local->sa.sa_family != peer->sa.sa_family || addr_is_any(local) ||
		    addr_is_loopback(local) != addr_is_loopback(peer))
			continue;
		*ret = *local;
		addr_set_port(ret, 0);
		return true;
	}
	return false;
}


void msrp_endpoint_shutdown(struct msrp_endpoint *ep)
{
	ep->shut = true;
	stop_listening(ep);
}


size_t msrp_endpoint_sessions(const struct msrp_endpoint *ep)
{
	return ep->sessions.count;
}


size_t msrp_endpoint_connections(const struct msrp_endpoint *ep)
{
	return ep->connections;
}


struct loop *msrp_endpoint_loop(const struct msrp_endpoint *ep)
{
	return ep->loop;
}


/* ---- How many connections one address has ---- */

uint64_t msrp_addr_hash(const struct hash_key *key, const struct addr *a, bool with_port,
			bool secure)
{
	uint8_t bytes[20] = {0};
	size_t n = 0;
	uint16_t port = addr_port(a);

	if (a->sa.sa_family == AF_INET6) {
		memcpy(bytes, &a->in6.sin6_addr, 16);
		n = 16;
	} else {
		memcpy(bytes, &a->in.sin_addr, 4);
		n = 4;
	}
	if (with_port) {
		memcpy(bytes + n, &port, sizeof(port));
		bytes[n + 2] = secure;
		n += 3;
	}
	return hash_bytes(key, bytes, n);
}


int msrp_host_take(struct msrp_endpoint *ep, const struct addr *a, struct msrp_host_count **ret)
{
	uint64_t key = msrp_addr_hash(&ep->hosts.key, a, false, false);
	struct msrp_host_count *h;

	for (struct hash_link *l = hash_first(&ep->hosts, key); l; l = hash_next(l)) {
		h = container_of(l, struct msrp_host_count, hash);
		if (!addr_eq_host(&h->addr, a))
			continue;
		if (h->n >= ep->limits.connections_per_host)
			return -ENOBUFS;
		h->n++;
		*ret = h;
		return 0;
	}
	h = slab_take(ep->slab, sizeof(*h));
	if (!h)
		return -ENOMEM;
	*h = (struct msrp_host_count){.addr = *a, .n = 1};
	hash_insert(&ep->hosts, &h->hash, key);
	*ret = h;
	return 0;
}


void msrp_host_drop(struct msrp_endpoint *ep, struct msrp_host_count *h)
{
	if (!h || --h->n)
		return;
	hash_remove(&ep->hosts, &h->hash);
	slab_give(ep->slab, h, sizeof(*h));
}
