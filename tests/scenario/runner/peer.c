/* SPDX-License-Identifier: Apache-2.0 */
/* Peers: their sockets and connections on the virtual network. */
#include "scenario/runner/peer.h"

#include <errno.h>

#include "base/tls.h"
#include "scenario/runner/msrp.h"
#include "scenario/runner/play.h"
#include "scenario/runner/react.h"
#include "scenario/runner/server.h"
#include "scenario/runner/temp.h"

/** Bytes of one message over a stream that a peer gathers. */
#define GATHERED_MAX ((size_t)36 << 20)
/** Written at a time: what a connection takes. */
#define WRITE_MAX 65536


struct str scn_over_name(enum scn_over o)
{
	static const struct str names[] = {STR_INIT("udp"), STR_INIT("tcp"), STR_INIT("tls")};

	return names[o];
}


bool scn_over_read(struct str s, enum scn_over *ret)
{
	for (int o = 0; o < SCN_OVERS; o++) {
		if (str_eq(s, scn_over_name((enum scn_over)o))) {
			*ret = (enum scn_over)o;
			return true;
		}
	}
	return false;
}


struct scn_peer *scn_peer_find(const struct scn_play *p, struct str name)
{
	for (struct scn_peer *peer = p->peers; peer; peer = peer->next)
		if (str_eq(peer->name, name))
			return peer;
	return NULL;
}


static struct str addr_str(struct arena *a, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	return scn_fmt(a, "%s", addr_text(addr, text));
}


/** Who is at this address, by name when it has one. */
static struct str who(struct scn_play *p, const struct addr *addr)
{
	for (struct scn_peer *peer = p->peers; peer; peer = peer->next)
		if (addr_eq(&peer->addr, addr) || addr_eq(&peer->tls_addr, addr))
			return peer->name;
	if (scn_server_is_at(p->server, addr))
		return STR("server");
	for (struct scn_peer *peer = p->peers; peer; peer = peer->next)
		if (addr_eq_host(&peer->addr, addr))
			return peer->name;
	return addr_str(p->arena, addr);
}


static void rung(struct scn_peer *peer, bool out, enum scn_over over, const struct addr *other,
		 struct str what, bool fault)
{
	struct str name = who(peer->play, other);
	const struct scn_peer *one = scn_peer_find(peer->play, name);

	/* Two peers show one thing once: the one that a statement names. */
	if (peer->divert && one && !one->decl->client)
		return;
	scn_ladder_add(&peer->play->ladder, &(struct scn_rung){.at_ms = scn_now(peer->play),
							       .from = out ? peer->name : name,
							       .to = out ? name : peer->name,
							       .over = scn_over_name(over),
							       .what = what,
							       .fault = fault});
}


void scn_peer_event(struct scn_peer *peer, struct str what)
{
	scn_ladder_add(&peer->play->ladder, &(struct scn_rung){.at_ms = scn_now(peer->play),
							       .from = peer->name,
							       .what = what});
}


void scn_peer_arrive(struct scn_peer *peer, const struct scn_arrival *a)
{
	struct scn_arrival *copy = scn_alloc(peer->play->arena, sizeof(*copy)),
			   **tail = &peer->arrivals;

	*copy = *a;
	copy->at_ms = scn_now(peer->play);
	if (peer->divert) {
		peer->divert(peer, copy);
		return;
	}
	while (*tail)
		tail = &(*tail)->next;
	*tail = copy;
	scn_peer_react(peer, copy);
}


/** One message or what is none. */
static void take_in(struct scn_peer *peer, struct scn_arrival a)
{
	struct arena *arena = peer->play->arena;
	struct scn_msg *m = scn_alloc(arena, sizeof(*m));
	bool read;

	a.bytes = scn_copy(arena, a.bytes);
	read = scn_msrp_begins(a.bytes) ? scn_msrp_read(arena, m, a.bytes)
					: scn_msg_read(arena, m, a.bytes);
	a.kind = read ? SCN_MESSAGE : SCN_BYTES;
	a.msg = a.kind == SCN_MESSAGE ? m : NULL;
	rung(peer, false, a.over, &a.source, scn_ladder_summary(arena, a.bytes), false);
	scn_peer_arrive(peer, &a);
}


static void on_datagrams(struct datagram_socket *s, const struct datagram *batch, size_t n,
			 void *arg)
{
	for (size_t i = 0; i < n; i++)
		take_in(arg, (struct scn_arrival){.bytes = {batch[i].p, batch[i].n},
						  .over = SCN_UDP,
						  .source = batch[i].peer,
						  .socket = s});
}


/* ---- Streams ---- */

static void on_connected(struct stream *s, void *arg)
{
	struct scn_conn *c = arg;

	(void)s;
	c->connected = true;
}


static size_t frame(struct str bytes)
{
	return scn_msrp_begins(bytes) ? scn_msrp_frame(bytes) : scn_msg_frame(bytes);
}


static void on_stream_bytes(struct stream *s, const char *p, size_t n, void *arg)
{
	struct scn_conn *c = arg;
	size_t whole;

	buf_put(&c->in, p, n);
	while ((whole = frame(buf_str(&c->in))) > 0) {
		take_in(c->peer, (struct scn_arrival){.bytes = {c->in.p, whole},
						      .over = c->over,
						      .source = *stream_peer(s),
						      .conn = c});
		buf_take(&c->in, whole);
		if (!c->stream)
			return;
	}
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct scn_conn *c = arg;
	struct scn_peer *peer = c->peer;
	struct arena *a = peer->play->arena;

	if (c->in.n)
		take_in(peer, (struct scn_arrival){.bytes = buf_str(&c->in),
						   .over = c->over,
						   .source = *stream_peer(s),
						   .conn = c});
	scn_peer_event(peer, error ? scn_fmt(a, "its connection failed (%s) after %zu bytes sent",
					     strerror(-error), c->sent)
				   : scn_fmt(a, "its connection was closed after %zu bytes sent",
					     c->sent));
	scn_peer_arrive(peer, &(struct scn_arrival){.kind = SCN_CLOSED,
						    .over = c->over,
						    .source = *stream_peer(s),
						    .conn = c,
						    .sent = c->sent,
						    .error = error});
	c->stream = NULL;
	mem_unref(s);
}


static const struct stream_handler stream_handler = {
	.connected = on_connected,
	.recv = on_stream_bytes,
	.closed = on_closed,
};


static struct scn_conn *new_conn(struct scn_peer *peer, enum scn_over over)
{
	struct scn_conn *c = scn_alloc(peer->play->arena, sizeof(*c));

	c->peer = peer;
	c->over = over;
	buf_init(&c->in, GATHERED_MAX);
	c->next = peer->conns;
	peer->conns = c;
	return c;
}


static void on_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct scn_peer *peer = arg;
	bool tls = ln == peer->tls || (ln == peer->msrp_listener && peer->over == SCN_TLS);
	struct scn_conn *c = new_conn(peer, tls ? SCN_TLS : SCN_TCP);

	c->stream = s;
	c->connected = true;
	stream_set_handler(s, &stream_handler, c);
	scn_peer_event(peer, scn_fmt(peer->play->arena, "a connection comes in from " STR_FMT,
				     STR_ARG(addr_str(peer->play->arena, stream_peer(s)))));
}


struct scn_conn *scn_peer_conn(struct scn_peer *peer)
{
	for (struct scn_conn *c = peer->conns; c; c = c->next)
		if (c->stream)
			return c;
	return NULL;
}


struct scn_conn *scn_peer_connect(struct scn_peer *peer, enum scn_over over, const struct addr *to)
{
	struct scn_conn *c;
	struct addr local;
	char text[ADDR_TEXT_MAX];
	int err;

	for (c = peer->conns; c; c = c->next)
		if (c->stream && c->over == over && addr_eq(stream_peer(c->stream), to))
			return c;

	local = peer->addr;
	if (local.sa.sa_family == AF_INET6)
		local.in6.sin6_port = 0;
	else
		local.in.sin_port = 0;
	c = new_conn(peer, over);
	c->ours = true;
	err = stream_connect(&c->stream, peer->play->loop, to, &local,
			     over == SCN_TLS ? scn_tls(peer->play) : NULL, peer->play->domain,
			     &stream_handler, c);
	if (err) {
		c->stream = NULL;
		scn_fail(peer->play, NULL, STR_FMT " cannot connect to %s: %s", STR_ARG(peer->name),
			 addr_text(to, text), strerror(-err));
		return NULL;
	}
	scn_peer_event(peer, scn_fmt(peer->play->arena, "connects to " STR_FMT " (" STR_FMT ")",
				     STR_ARG(who(peer->play, to)), STR_ARG(scn_over_name(over))));
	return c;
}


void scn_conn_close(struct scn_conn *c)
{
	c->stream = mem_unref(c->stream);
	scn_peer_event(c->peer, STR("closes its connection"));
}


/* ---- Sending ---- */

static void rest_between(struct scn_play *p, const struct scn_pieces *pieces)
{
	static const bool never;

	if (pieces && pieces->pause_ms)
		(void)scn_pass_flag(p, &never, pieces->pause_ms);
	else
		scn_settle(p);
}


/** Pieces leave in turns of their own, so that they are read one by one. */
static bool write_pieces(struct scn_conn *c, struct str bytes, const struct scn_pieces *how)
{
	const size_t *pieces = how ? how->length : NULL;
	struct scn_peer *peer = c->peer;
	bool cut = how && how->cut && how->cut < bytes.n;
	size_t k = 0;

	if (cut)
		bytes = str_upto(bytes, how->cut);

	while (bytes.n) {
		size_t n = bytes.n < WRITE_MAX ? bytes.n : WRITE_MAX;
		int err;

		if (pieces && pieces[k]) {
			n = pieces[k] < n ? pieces[k] : n;
			k = pieces[k + 1] ? k + 1 : k;
		}
		if (!c->stream)
			return true; /* closed by the server half-way: the scenario says whether it should */
		err = stream_write(c->stream, bytes.p, n);
		if (err)
			return scn_fail(peer->play, NULL,
					STR_FMT " cannot write to its connection: %s",
					STR_ARG(peer->name), strerror(-err));
		c->sent += n;
		bytes = str_from(bytes, n);
		if (pieces || bytes.n)
			rest_between(peer->play, how);
	}
	if (cut) {
		scn_settle(peer->play);
		scn_conn_close(c);
	}
	return true;
}


bool scn_peer_send(struct scn_peer *peer, const struct scn_over_hop *hop, struct str bytes,
		   const struct scn_pieces *pieces)
{
	struct str what = scn_ladder_summary(peer->play->arena, bytes);
	struct scn_conn *c = hop->conn;
	int err;

	if (hop->over == SCN_UDP) {
		rung(peer, true, SCN_UDP, &hop->to, what, false);
		err = datagram_send(hop->socket ? hop->socket : peer->udp, &hop->to, bytes.p,
				    bytes.n);
		return !err || scn_fail(peer->play, NULL, STR_FMT " cannot send: %s",
					STR_ARG(peer->name), strerror(-err));
	}
	if (!c || !c->stream)
		c = scn_peer_connect(peer, hop->over, &hop->to);
	if (!c)
		return false;
	rung(peer, true, hop->over, &hop->to, what, false);
	return write_pieces(c, bytes, pieces);
}


/* ---- Opening and closing ---- */

static bool read_overs(struct scn_peer *peer, struct str list)
{
	bool first = true;

	while (list.p) {
		enum scn_over o;

		if (!scn_over_read(str_trim(str_cut(&list, ',')), &o))
			return false;
		peer->has[o] = true;
		if (first)
			peer->over = o;
		first = false;
	}
	return true;
}


static void set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}


static uint16_t port_of(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}


/** Its addresses: TLS is one port up, as 5061 is to 5060. */
static bool place(struct scn_peer *peer, unsigned number)
{
	struct scn_play *p = peer->play;
	struct str at = peer->decl->at;

	if (!at.p)
		at = scn_fmt(p->arena, "198.51.100.%u", 10 + number);
	if (!scn_put_in(p, peer->decl->line, at, &at))
		return false;
	if (addr_decode_hostport(&peer->addr, at) && addr_decode(&peer->addr, at, 5060))
		return scn_fail(p, peer->decl->line, "not an address: " STR_FMT, STR_ARG(at));
	if (!port_of(&peer->addr))
		set_port(&peer->addr, 5060);
	peer->tls_addr = peer->addr;
	set_port(&peer->tls_addr, (uint16_t)(port_of(&peer->addr) + 1));
	return true;
}


static int open_sockets(struct scn_peer *peer)
{
	struct loop *l = peer->play->loop;
	int err = 0;

	if (peer->decl->client)
		return 0;
	if (peer->has[SCN_UDP])
		err = datagram_open(&peer->udp, l, &peer->addr, on_datagrams, NULL, peer);
	if (!err && peer->has[SCN_TCP])
		err = stream_listen(&peer->tcp, l, &peer->addr, NULL, on_accepted, peer);
	if (!err && peer->has[SCN_TLS])
		err = stream_listen(&peer->tls, l, &peer->tls_addr, scn_tls(peer->play),
				    on_accepted, peer);
	return err ? err : scn_msrp_listen(peer);
}


int scn_peer_listen(struct scn_peer *peer, const struct addr *at, bool tls,
		    struct stream_listener **ret)
{
	return stream_listen(ret, peer->play->loop, at, tls ? scn_tls(peer->play) : NULL,
			     on_accepted, peer);
}


/** Who it says it is; an account's name, and its password. */
static bool identify(struct scn_peer *peer, const struct scn_decls *decls)
{
	struct scn_play *p = peer->play;

	peer->user = peer->decl->is.p ? peer->decl->is : peer->name;
	for (const struct scn_user *u = decls->users; u; u = u->next)
		if (str_eq(u->name, peer->user))
			peer->password = u->password;
	if (!peer->decl->uri.p)
		peer->uri = scn_fmt(p->arena, "sip:" STR_FMT "@" STR_FMT, STR_ARG(peer->user),
				    STR_ARG(p->domain));
	else if (!scn_put_in(p, peer->decl->line, peer->decl->uri, &peer->uri))
		return false;
	return true;
}


struct scn_peer *scn_peer_open(struct scn_play *p, const struct scn_peer_decl *d, unsigned number)
{
	struct scn_peer *peer = scn_alloc(p->arena, sizeof(*peer)), **tail = &p->peers;
	struct str over;
	int err;

	peer->play = p;
	peer->decl = d;
	peer->name = d->name;
	while (*tail)
		tail = &(*tail)->next;
	*tail = peer;
	if (!scn_put_in(p, d->line, d->over.p ? d->over : STR("udp"), &over))
		return NULL;
	if (!read_overs(peer, over)) {
		scn_fail(p, d->line, "no such transport: there are udp, tcp, tls");
		return NULL;
	}
	if (!place(peer, number) || !identify(peer, &p->script->decls) ||
	    !identify(peer, &p->c->decls))
		return NULL;
	err = open_sockets(peer);
	if (err) {
		scn_fail(p, d->line, "cannot open its sockets: %s", strerror(-err));
		return NULL;
	}
	return peer;
}


void scn_peer_close(struct scn_peer *peer)
{
	for (struct scn_conn *c = peer->conns; c; c = c->next) {
		c->stream = mem_unref(c->stream);
		buf_done(&c->in);
	}
	for (size_t i = 0; i < sizeof(peer->extra) / sizeof(peer->extra[0]); i++)
		peer->extra[i] = mem_unref(peer->extra[i]);
	peer->udp = mem_unref(peer->udp);
	peer->tcp = mem_unref(peer->tcp);
	peer->tls = mem_unref(peer->tls);
	peer->msrp_listener = mem_unref(peer->msrp_listener);
}


struct datagram_socket *scn_peer_socket(struct scn_peer *peer, const struct addr *local)
{
	size_t i = 0, max = sizeof(peer->extra) / sizeof(peer->extra[0]);

	for (; i < max && peer->extra[i]; i++)
		if (addr_eq(datagram_local(peer->extra[i]), local))
			return peer->extra[i];
	if (i == max ||
	    datagram_open(&peer->extra[i], peer->play->loop, local, on_datagrams, NULL, peer))
		return NULL;
	return peer->extra[i];
}


struct str scn_peer_hostport(struct scn_peer *peer, enum scn_over over)
{
	return addr_str(peer->play->arena, over == SCN_TLS ? &peer->tls_addr : &peer->addr);
}


struct str scn_peer_contact(struct scn_peer *peer)
{
	static const char *const param[] = {"", ";transport=tcp", ";transport=tls"};

	return scn_fmt(peer->play->arena, "<sip:" STR_FMT "@" STR_FMT "%s>", STR_ARG(peer->name),
		       STR_ARG(scn_peer_hostport(peer, peer->over)), param[peer->over]);
}


struct str scn_peer_token(struct scn_peer *peer)
{
	return scn_fmt(peer->play->arena, STR_FMT "-%u", STR_ARG(peer->name), ++peer->counter);
}
