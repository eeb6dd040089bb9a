/* SPDX-License-Identifier: Apache-2.0 */
/* The transports: listeners, datagrams, and which way a message leaves. */
#include "sip/transport.h"

#include <errno.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tls.h"
#include "sip/connection.h"
#include "sip/listener.h"

/* Ports that the kernel chooses for datagrams until one is free for connections, too. */
#define PORT_ATTEMPTS 16

/* Families a listener can have, as an index. */
enum { V4, V6, FAMILIES };
#define KINDS SIP_TRANSPORT_OTHER
#define NONE UINT16_MAX
/* A UDP keep-alive is a CRLF or two, or a NUL or two (RFC 5626 3.5, and what phones do). */
#define KEEPALIVE_MAX 4

enum { C_DATAGRAMS, C_KEEPALIVES, C_NOT_SIP, C_SENT, C_REFUSED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_DATAGRAMS] = COUNTER("sip.udp.received", "datagrams received"),
	[C_KEEPALIVES] = COUNTER("sip.udp.keepalives",
				 "datagrams that only keep a path through NAT open"),
	[C_NOT_SIP] = COUNTER("sip.udp.not_sip", "datagrams that are not SIP (STUN, RTP, noise)"),
	[C_SENT] = COUNTER("sip.transport.sent", "messages sent"),
	[C_REFUSED] = COUNTER("sip.transport.refused", "messages that could not be sent"),
};

struct sip_transports {
	struct loop *loop;
	struct sip_transport_handler handler;
	void *arg;
	sip_tap_cb *tap;
	void *tap_arg;
	bool stopped;
	size_t listeners;
	struct sip_listener *listener[SIP_LISTENERS_MAX];
	uint16_t first[KINDS][FAMILIES]; /* index of a listener, or NONE */
	uint16_t first_loopback[KINDS][FAMILIES];
	struct tls_config *client_tls;
	struct tls_config *own_tls; /**< to `own`; NULL: as to everybody */
	struct addr own;
	struct connections connections;
	bool ready;
};


static int family_of(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 ? V6 : V4;
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct sip_transports *t = object;

	if (t->ready)
		connections_done(&t->connections);
	for (size_t i = 0; i < t->listeners; i++)
		mem_unref(t->listener[i]);
	mem_unref(t->client_tls);
	mem_unref(t->own_tls);
	mem_unref(t->loop);
}


int sip_transports_alloc(struct sip_transports **ret, struct loop *loop,
			 const struct sip_transport_handler *h, void *arg)
{
	struct sip_transports *t = mem_alloc(sizeof(*t), destroy);

	if (!t)
		return -ENOMEM;
	counter_register(counters, C_COUNT);
	t->loop = mem_ref(loop);
	t->handler = *h;
	t->arg = arg;
	memset(t->first, 0xff, sizeof(t->first));
	memset(t->first_loopback, 0xff, sizeof(t->first_loopback));
	t->ready = true;
	if (connections_init(&t->connections, loop, t, &t->handler, arg)) {
		mem_unref(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}


/* ---- Datagrams ---- */

static bool is_keepalive(const char *p, size_t n)
{
	if (n > KEEPALIVE_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '\r' && p[i] != '\n' && p[i] != 0 && p[i] != ' ')
			return false;
	}
	return true;
}


/* SIP begins with a letter, or with line ends before it. STUN begins with two zero bits (RFC 5389 6). */
static bool is_sip(const struct datagram *d)
{
	uint8_t c = (uint8_t)d->p[0];

	return (c >= ' ' && c < 0x7f) || c == '\r' || c == '\n';
}


static bool take_datagram(const struct datagram *d)
{
	if (is_keepalive(d->p, d->n)) {
		counter_add(&counters[C_KEEPALIVES], 1);
		return false;
	}
	if (!is_sip(d)) {
		counter_add(&counters[C_NOT_SIP], 1);
		return false;
	}
	return true;
}


/* What the kernel still holds is asked only after a full batch: any other has emptied the socket. */
static size_t backlog(struct datagram_socket *s, size_t n)
{
	return n < DATAGRAM_BATCH ? 0 : datagram_backlog(s);
}


static void on_datagrams(struct datagram_socket *s, const struct datagram *batch, size_t n,
			 void *arg)
{
	struct sip_listener *l = arg;
	struct sip_transports *t = l->owner;
	struct sip_source src = {.kind = SIP_UDP, .local = l->local, .socket = l->index};
	/* Responses never wait long, and say nothing about how long requests do. */
	bool measured = t->handler.batch && !datagram_is_urgent(s);

	counter_add(&counters[C_DATAGRAMS], (int64_t)n);
	if (t->stopped)
		return;
	connections_enter(&t->connections);
	if (measured)
		t->handler.batch(n, backlog(s, n), t->arg);
	for (size_t i = 0; i < n && connections_wanted(&t->connections); i++) {
		if (!take_datagram(&batch[i]))
			continue;
		src.peer = batch[i].peer;
		t->handler.received(&src, (struct str){batch[i].p, batch[i].n}, t->arg);
	}
	if (measured && connections_wanted(&t->connections))
		t->handler.batch(0, backlog(s, n), t->arg);
	connections_leave(&t->connections);
}


static void on_datagram_error(struct datagram_socket *s, const struct addr *peer, int error,
			      void *arg)
{
	struct sip_listener *l = arg;
	struct sip_transports *t = l->owner;

	(void)s;
	t->handler.failed(SIP_UDP, peer, 0, error, t->arg);
}


/* ---- Listening ---- */

static void on_accept(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct sip_listener *l = arg;
	struct sip_transports *t = l->owner;

	(void)ln;
	if (t->stopped)
		mem_unref(s);
	else
		connection_accept(&t->connections, l->kind, l->index, s);
}


/*
 * Responses finish work that was begun: they are read before requests and lie in a queue of their own, so
 * that a flood of requests does not cost the answers to those already taken (each would be asked for again,
 * RFC 3261 17.1). Without that queue all wait in one.
 */
static int open_udp(struct sip_transports *t, struct sip_listener *l, const struct addr *local)
{
	int err = datagram_open(&l->udp, t->loop, local, on_datagrams, on_datagram_error, l);

	if (!err && datagram_set_urgent(l->udp, "SIP/"))
		log_info("sip", "the system keeps no queue apart for responses: all wait in one");
	return err;
}


static int open_socket(struct sip_transports *t, struct sip_listener *l, const struct addr *local)
{
	if (l->kind == SIP_UDP)
		return open_udp(t, l, local);
	/* A client without a certificate only connects: there is nothing to accept with. */
	if (l->kind == SIP_TLS && tls_config_expires(l->tls) == 0)
		return 0;
	return stream_listen(&l->stream, t->loop, local, l->tls, on_accept, l);
}


/* What it is bound to; of one that only connects, the address it connects from and the default port. */
static const struct addr *bound_to(const struct sip_listener *l, const struct addr *local,
				   struct addr *unbound)
{
	if (l->udp)
		return datagram_local(l->udp);
	if (l->stream)
		return stream_listener_local(l->stream);
	*unbound = *local;
	if (!addr_port(unbound))
		addr_set_port(unbound, 5061);
	return unbound;
}


static void note_first(struct sip_transports *t, const struct sip_listener *l)
{
	int family = family_of(&l->local);
	bool loopback = addr_is_loopback(&l->local);
	uint16_t *first = &t->first[l->kind][family];

	if (loopback && t->first_loopback[l->kind][family] == NONE)
		t->first_loopback[l->kind][family] = l->index;
	if (*first == NONE || (!loopback && addr_is_loopback(&t->listener[*first]->local)))
		*first = l->index;
}


/* An open one, not yet among those of `t`. */
static int open_listener(struct sip_transports *t, struct sip_listener **ret,
			 enum sip_transport_kind kind, const struct addr *local,
			 struct str advertised, struct tls_config *tls)
{
	struct sip_listener *l;
	struct addr unbound;
	int err = sip_listener_alloc(&l, kind, advertised);

	if (err)
		return err;
	l->owner = t;
	l->tls = mem_ref(tls);
	err = open_socket(t, l, local);
	if (!err)
		err = sip_listener_named(l, bound_to(l, local, &unbound), advertised);
	if (err)
		mem_unref(l);
	else
		*ret = l;
	return err;
}


static void add_listener(struct sip_transports *t, struct sip_listener *l)
{
	l->index = (uint16_t)t->listeners;
	t->listener[t->listeners++] = l;
	note_first(t, l);
}


int sip_transports_listen(struct sip_transports *t, enum sip_transport_kind kind,
			  const struct addr *local, struct str advertised, struct tls_config *tls)
{
	struct sip_listener *l;
	int err;

	if (kind >= SIP_TRANSPORT_OTHER || (kind == SIP_TLS) != (tls != NULL))
		return -EINVAL;
	if (t->listeners == SIP_LISTENERS_MAX)
		return -ENOBUFS;
	err = open_listener(t, &l, kind, local, advertised, tls);
	if (!err)
		add_listener(t, l);
	return err;
}


int sip_transports_listen_both(struct sip_transports *t, const struct addr *local,
			       struct str advertised)
{
	struct sip_listener *udp, *tcp;
	unsigned attempts = addr_port(local) ? 1 : PORT_ATTEMPTS;
	int err;

	if (t->listeners + 2 > SIP_LISTENERS_MAX)
		return -ENOBUFS;
	do {
		err = open_listener(t, &udp, SIP_UDP, local, advertised, NULL);
		if (err)
			return err;
		err = open_listener(t, &tcp, SIP_TCP, datagram_local(udp->udp), advertised, NULL);
		if (err)
			mem_unref(udp);
	} while (err == -EADDRINUSE && --attempts);
	if (err)
		return err;
	add_listener(t, udp);
	add_listener(t, tcp);
	return 0;
}


void sip_transports_set_client_tls(struct sip_transports *t, struct tls_config *tls)
{
	mem_ref(tls);
	mem_unref(t->client_tls);
	t->client_tls = tls;
}


void sip_transports_set_own_tls(struct sip_transports *t, const struct addr *own,
				struct tls_config *tls)
{
	mem_ref(tls);
	mem_unref(t->own_tls);
	t->own_tls = tls;
	t->own = *own;
}


void sip_transports_stop(struct sip_transports *t)
{
	t->stopped = true;
	for (size_t i = 0; i < t->listeners; i++)
		t->listener[i]->stream = mem_unref(t->listener[i]->stream);
}


/* ---- Which listener ---- */

/* Of several of a kind and family, the one bound to loopback serves loopback and nothing else. */
static struct sip_listener *listener_for(const struct sip_transports *t,
					 enum sip_transport_kind kind, const struct addr *peer)
{
	int family = family_of(peer);
	uint16_t i;

	if (kind >= SIP_TRANSPORT_OTHER)
		return NULL;
	i = t->first[kind][family];
	if (t->first_loopback[kind][family] != NONE && addr_is_loopback(peer))
		i = t->first_loopback[kind][family];
	return i == NONE ? NULL : t->listener[i];
}


static struct sip_listener *listener_of(const struct sip_transports *t, const struct sip_hop *hop)
{
	struct connection *c;

	if (hop->kind == SIP_UDP && hop->socket < t->listeners && t->listener[hop->socket]->udp &&
	    family_of(&t->listener[hop->socket]->local) == family_of(&hop->addr))
		return t->listener[hop->socket];
	c = hop->flow ? connection_by_flow(&t->connections, hop->flow) : NULL;
	if (c)
		return t->listener[connection_listener(c)];
	return listener_for(t, hop->kind, &hop->addr);
}


/* ---- Sending ---- */

static struct tls_config *tls_for(const struct sip_transports *t, const struct sip_listener *l,
				  const struct sip_hop *hop)
{
	if (t->own_tls && addr_eq(&hop->addr, &t->own))
		return t->own_tls;
	return t->client_tls ? t->client_tls : l->tls;
}


static int open_to(struct sip_transports *t, const struct sip_hop *hop, struct connection **ret)
{
	struct sip_listener *l = listener_for(t, hop->kind, &hop->addr);
	struct addr local;

	if (!l)
		return -EAFNOSUPPORT;
	local = l->local;
	addr_set_port(&local, 0);
	return connection_open(ret, &t->connections,
			       &(struct connection_params){
				       .kind = hop->kind,
				       .peer = hop->addr,
				       .local = addr_is_any(&local) ? NULL : &local,
				       .listener = l->index,
				       .tls = hop->kind == SIP_TLS ? tls_for(t, l, hop) : NULL,
				       .host = hop->host,
			       });
}


static int send_stream(struct sip_transports *t, const struct sip_hop *hop, const void *p, size_t n)
{
	struct connection *c;
	int err;

	if (hop->flow) {
		c = connection_by_flow(&t->connections, hop->flow);
		return c ? connection_send(c, p, n) : -ENOTCONN;
	}
	c = connection_to(&t->connections, hop->kind, &hop->addr, hop->host);
	if (!c) {
		err = open_to(t, hop, &c);
		if (err)
			return err;
	}
	return connection_send(c, p, n);
}


static int send_datagram(struct sip_transports *t, const struct sip_hop *hop, const void *p,
			 size_t n)
{
	struct sip_listener *l = listener_of(t, hop);

	return l ? datagram_send(l->udp, &hop->addr, p, n) : -EAFNOSUPPORT;
}


int sip_transport_send(struct sip_transports *t, const struct sip_hop *hop, const void *p, size_t n)
{
	int err;

	if (hop->kind == SIP_UDP)
		err = send_datagram(t, hop, p, n);
	else if (hop->kind < SIP_TRANSPORT_OTHER)
		err = send_stream(t, hop, p, n);
	else
		err = -EAFNOSUPPORT;
	counter_add(&counters[err ? C_REFUSED : C_SENT], 1);
	if (t->tap && !err)
		t->tap(true, hop->kind, &hop->addr, (struct str){p, n}, t->tap_arg);
	return err;
}


void sip_transports_set_tap(struct sip_transports *t, sip_tap_cb *tap, void *arg)
{
	t->tap = tap;
	t->tap_arg = arg;
}


/* ---- Responses ---- */

static uint16_t sent_by_port(const struct sip_via *top, enum sip_transport_kind kind)
{
	return top->port ? top->port : kind == SIP_TLS ? 5061 : 5060;
}


static bool is_multicast(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr);
	return IN_MULTICAST(ntohl(a->in.sin_addr.s_addr));
}


/*
 * RFC 3261 18.2.2: "if the Via header field value contains a "maddr" parameter, the response MUST be
 * forwarded to the address listed there". A name there would need DNS, and multicast a TTL on our
 * socket, for peers that no longer exist: these are answered where they came from.
 */
static bool maddr_of(const struct sip_via *top, const struct sip_source *src, struct addr *ret)
{
	struct addr a;

	if (!top->maddr.p || addr_decode(&a, top->maddr, 0) || is_multicast(&a) ||
	    a.sa.sa_family != src->peer.sa.sa_family)
		return false;
	*ret = a;
	return true;
}


void sip_hop_of_response(struct sip_hop *ret, const struct sip_via *top,
			 const struct sip_source *src)
{
	struct sip_hop hop = {
		.kind = src->kind,
		.addr = src->peer,
		.flow = src->flow,
		.socket = src->socket,
	};

	/* "the response MUST be sent using the existing connection to the source of the original
	 * request [...]. If that connection is no longer open, the server SHOULD open a connection
	 * to the IP address in the "received" parameter, if present, using the port in the "sent-by"
	 * value, or the default port for that transport" */
	if (src->kind != SIP_UDP) {
		hop.socket = SIP_SOCKET_ANY;
		addr_set_port(&hop.addr, sent_by_port(top, src->kind));
	} else if (maddr_of(top, src, &hop.addr)) {
		addr_set_port(&hop.addr, sent_by_port(top, src->kind));
	} else if (!top->rport) {
		/* received, or a sent-by equal to it: "using the port indicated in the "sent-by"
		 * value, or using port 5060 if none is specified explicitly" */
		addr_set_port(&hop.addr, sent_by_port(top, src->kind));
	}
	/* RFC 3581 4: with rport "the response MUST be sent to the IP address listed in the
	 * "received" parameter, and the port in the "rport" parameter": the source. */
	*ret = hop;
}


/* ---- Names ---- */

struct str sip_transports_sent_by(const struct sip_transports *t, const struct sip_hop *hop)
{
	const struct sip_listener *l = listener_of(t, hop);

	return l ? l->sent_by : STR_NULL;
}


struct str sip_transports_uri(const struct sip_transports *t, const struct sip_hop *hop)
{
	const struct sip_listener *l = listener_of(t, hop);

	return l ? l->uri : STR_NULL;
}


static uint16_t port_of(const struct sip_uri *u)
{
	struct str transport;

	if (u->port)
		return u->port;
	if (u->scheme == SIP_URI_SIPS ||
	    (u->params.n && sip_uri_param(u, STR("transport"), &transport) &&
	     str_eq_nocase(transport, STR("tls"))))
		return 5061;
	return 5060;
}


bool sip_transports_is_ours(const struct sip_transports *t, const struct sip_uri *u)
{
	struct addr a;
	bool numeric;
	uint16_t port;

	if ((u->scheme != SIP_URI_SIP && u->scheme != SIP_URI_SIPS) || !u->host.n)
		return false;
	port = port_of(u);
	numeric = (u->host_v6 || (u->host.p[0] >= '0' && u->host.p[0] <= '9')) &&
		  addr_decode(&a, u->host, 0) == 0;
	for (size_t i = 0; i < t->listeners; i++) {
		if (sip_listener_is(t->listener[i], u->host, numeric, &a, port))
			return true;
	}
	return false;
}


bool sip_transports_has(const struct sip_transports *t, enum sip_transport_kind kind, int family)
{
	if (kind >= SIP_TRANSPORT_OTHER)
		return false;
	if (family == AF_UNSPEC)
		return t->first[kind][V4] != NONE || t->first[kind][V6] != NONE;
	return t->first[kind][family == AF_INET6 ? V6 : V4] != NONE;
}


/* ---- Flows ---- */

bool sip_flow_hold(struct sip_transports *t, uint64_t flow)
{
	struct connection *c = connection_by_flow(&t->connections, flow);

	if (c)
		connection_hold(c);
	return c != NULL;
}


void sip_flow_release(struct sip_transports *t, uint64_t flow)
{
	struct connection *c = connection_by_flow(&t->connections, flow);

	if (c)
		connection_release(c);
}


bool sip_flow_peer_is(struct sip_transports *t, uint64_t flow, struct str host)
{
	struct connection *c = connection_by_flow(&t->connections, flow);

	return c && connection_peer_is(c, host);
}


uint64_t sip_transports_flow(const struct sip_transports *t, const struct sip_hop *hop)
{
	struct connection *c;

	if (hop->kind != SIP_TCP && hop->kind != SIP_TLS)
		return 0;
	c = hop->flow ? connection_by_flow(&t->connections, hop->flow)
		      : connection_to(&t->connections, hop->kind, &hop->addr, hop->host);
	return c ? connection_flow(c) : 0;
}


size_t sip_transports_connections(const struct sip_transports *t)
{
	return t->connections.count;
}
