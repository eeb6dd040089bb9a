/* SPDX-License-Identifier: Apache-2.0 */
/* MSRP sessions of a peer: their paths, what is sent, what is answered. */
#include "scenario/runner/msrp.h"

#include <errno.h>
#include <stdio.h>

#include "scenario/runner/play.h"
#include "scenario/runner/react.h"

/** Chunks above this size are interruptible (RFC 4975 7.1.1), and the template says so. */
#define PLAIN_MAX 2048
#define MESSAGE_PIECES_MAX 100000


bool scn_msrp_is_method(struct str method)
{
	static const struct str names[] = {STR_INIT("SEND"), STR_INIT("REPORT"), STR_INIT("AUTH"),
					   STR_INIT("NICKNAME")};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(method, names[i]))
			return true;
	return false;
}


/* ---- Paths and sessions ---- */

static struct str hostport(const struct scn_peer *peer)
{
	char text[ADDR_TEXT_MAX];

	return scn_fmt(peer->play->arena, "%s", addr_text(&peer->msrp_addr, text));
}


/** A peer that speaks SIP over TLS speaks MSRP over TLS. */
static const char *scheme(const struct scn_peer *peer)
{
	return peer->over == SCN_TLS ? "msrps" : "msrp";
}


struct str scn_msrp_first_path(const struct scn_peer *peer)
{
	return scn_fmt(peer->play->arena, "%s://" STR_FMT "/" STR_FMT ";tcp", scheme(peer),
		       STR_ARG(hostport(peer)), STR_ARG(peer->name));
}


struct str scn_msrp_path(struct scn_peer *peer)
{
	struct arena *a = peer->play->arena;
	struct str at = hostport(peer);

	if (++peer->msrp_paths == 1)
		return scn_msrp_first_path(peer);
	return scn_fmt(a, "%s://" STR_FMT "/" STR_FMT "-%u;tcp", scheme(peer), STR_ARG(at),
		       STR_ARG(peer->name), peer->msrp_paths);
}


struct str scn_sdp_path(struct str body)
{
	ptrdiff_t at = str_find_str(body, STR("a=path:"));
	struct str rest;

	if (at < 0)
		return STR_NULL;
	rest = str_from(body, (size_t)at + 7);
	return str_trim(str_cut(&rest, '\n'));
}


struct scn_msrp *scn_msrp_session(struct scn_peer *peer, struct str local)
{
	struct scn_msrp *s = peer->msrp;

	if (!local.n)
		return NULL;
	while (s && !str_eq(s->local, local))
		s = s->next;
	if (s)
		return s;
	s = scn_alloc(peer->play->arena, sizeof(*s));
	s->local = scn_copy(peer->play->arena, local);
	s->next = peer->msrp;
	peer->msrp = s;
	return s;
}


struct scn_msrp *scn_msrp_named(const struct scn_peer *peer, struct str name)
{
	struct scn_msrp *s = peer->msrp;

	if (!name.p) {
		while (s && !s->remote.p)
			s = s->next;
		return s ? s : peer->msrp;
	}
	for (struct scn_request *r = peer->requests; r; r = r->next)
		if (str_eq(r->name, name) && r->msrp)
			return r->msrp;
	for (struct scn_incoming *in = peer->incoming; in; in = in->next)
		if (str_eq(in->name, name) && in->msrp)
			return in->msrp;
	return NULL;
}


static struct str first_uri(struct str path)
{
	struct str rest = path;

	return path.p ? str_cut(&rest, ' ') : STR_NULL;
}


static struct str last_uri(struct str path)
{
	ptrdiff_t at = str_rfind(path, ' ');

	return at < 0 ? path : str_from(path, (size_t)at + 1);
}


/** The session that this frame is for, by the last URI of its To-Path. */
static struct scn_msrp *session_of(struct scn_peer *peer, const struct scn_msg *m)
{
	struct str to = scn_header_value(m, STR("To-Path"));

	for (struct scn_msrp *s = peer->msrp; to.p && s; s = s->next)
		if (str_eq(last_uri(s->local), last_uri(to)))
			return s;
	return NULL;
}


/** "msrp://198.51.100.10:2855/abc;tcp" as an address. */
static bool addr_of(struct scn_play *p, const struct scn_line *line, struct str uri,
		    struct addr *ret, enum scn_over *over)
{
	ptrdiff_t slashes = str_find_str(uri, STR("://"));
	struct str rest = slashes < 0 ? STR_NULL : str_from(uri, (size_t)slashes + 3);
	struct str host = rest.p ? str_cut(&rest, '/') : STR_NULL;
	ptrdiff_t at = host.p ? str_find(host, '@') : -1;

	if (at >= 0)
		host = str_from(host, (size_t)at + 1);
	*over = str_starts_nocase(uri, STR("msrps:")) ? SCN_TLS : SCN_TCP;
	return (host.p &&
		(!addr_decode_hostport(ret, host) || !addr_decode(ret, host, SCN_MSRP_PORT))) ||
	       scn_fail(p, line, "no numeric address to connect to: " STR_FMT, STR_ARG(uri));
}


int scn_msrp_listen(struct scn_peer *peer)
{
	int err = -EADDRINUSE;

	peer->msrp_addr = peer->addr;
	for (uint16_t port = SCN_MSRP_PORT; err == -EADDRINUSE && port < SCN_MSRP_PORT + 16;
	     port++) {
		addr_set_port(&peer->msrp_addr, port);
		err = scn_peer_listen(peer, &peer->msrp_addr, peer->over == SCN_TLS,
				      &peer->msrp_listener);
	}
	return err;
}


/* ---- Writing ---- */

static struct str new_id(struct scn_peer *peer, const char *kind)
{
	return scn_fmt(peer->play->arena, STR_FMT "%s%u", STR_ARG(peer->name), kind,
		       ++peer->msrp_counter);
}


/** The SEND that a REPORT is on: the last one a statement has received. */
static const struct scn_incoming *last_send(const struct scn_peer *peer)
{
	for (const struct scn_incoming *in = peer->incoming; in; in = in->next)
		if (in->arrival->msg->msrp && in->arrival->taken && in->arrival->msg->has_body &&
		    str_eq(in->arrival->msg->method, STR("SEND")))
			return in;
	return NULL;
}


static void draft_report(struct scn_peer *peer, struct scn_draft *d)
{
	const struct scn_incoming *in = last_send(peer);
	const struct scn_msg *m = in ? in->arrival->msg : NULL;
	struct str range = m ? scn_header_value(m, STR("Byte-Range")) : STR_NULL;
	uint64_t start = 1, end = 0, total = UINT64_MAX;

	if (!m)
		return;
	(void)scn_msrp_range(range, &start, &end, &total);
	if (total == UINT64_MAX)
		total = start - 1 + m->body.n;
	scn_draft_set(d, STR("To-Path"), scn_header_value(m, STR("From-Path")));
	scn_draft_put(d, STR("Message-ID"), scn_header_value(m, STR("Message-ID")));
	scn_draft_put(d, STR("Byte-Range"),
		      scn_fmt(d->arena, "1-%llu/%llu", (unsigned long long)total,
			      (unsigned long long)total));
	scn_draft_put(d, STR("Status"), STR("000 200 OK"));
}


/**
 * RFC 4976 5.1: what is sent goes through our own relays, the nearest first, then along their path. Our SDP
 * names the relays in the order in which the others meet them.
 */
static struct str way_to(struct scn_peer *peer, const struct scn_msrp *session)
{
	struct str rest = session->local, way = session->remote.p ? session->remote : STR("");

	for (;;) {
		struct str one = str_cut(&rest, ' ');

		if (!rest.p)
			return way;
		way = scn_fmt(peer->play->arena, STR_FMT " " STR_FMT, STR_ARG(one), STR_ARG(way));
	}
}


static void draft_request(struct scn_peer *peer, const struct scn_sending *s,
			  const struct scn_msrp *session, struct scn_draft *d)
{
	d->msrp = true;
	d->method = s->method;
	d->tid = new_id(peer, "t");
	d->flag = STR("$");
	scn_draft_put(d, STR("To-Path"), session ? way_to(peer, session) : STR(""));
	scn_draft_put(d, STR("From-Path"), session ? last_uri(session->local) : STR(""));
	if (str_eq(s->method, STR("SEND"))) {
		scn_draft_put(d, STR("Message-ID"), new_id(peer, "m"));
		scn_draft_put(d, STR("Byte-Range"), STR(""));
		d->type = STR("text/plain");
		d->body = STR("hello");
	} else if (str_eq(s->method, STR("REPORT"))) {
		draft_report(peer, d);
	}
}


/** The range that is true of what goes out, unless the scenario has said one. */
static void put_range(struct scn_draft *d, uint64_t start, uint64_t n, uint64_t total, bool open)
{
	char end[24] = "*";

	if (!open)
		snprintf(end, sizeof(end), "%llu", (unsigned long long)(start + n - 1));
	scn_draft_set(d, STR("Byte-Range"),
		      scn_fmt(d->arena, "%llu-%s/%llu", (unsigned long long)start, end,
			      (unsigned long long)total));
}


static bool hop_of(struct scn_peer *peer, const struct scn_sending *s, struct scn_msrp *session,
		   const struct scn_wire *w, struct str to_path, struct scn_over_hop *hop)
{
	hop->over = SCN_TCP;
	if (w->towards_given) {
		hop->to = w->towards;
		if (s->over_given)
			hop->over = s->over;
		return true;
	}
	if (session && session->conn && session->conn->stream) {
		hop->conn = session->conn;
		hop->over = session->conn->over;
		hop->to = *stream_peer(session->conn->stream);
		return true;
	}
	return addr_of(peer->play, s->line, first_uri(to_path), &hop->to, &hop->over);
}


static bool send_frame(struct scn_peer *peer, const struct scn_sending *s, struct scn_msrp *session,
		       struct scn_draft *d, const struct scn_wire *w, bool quiet)
{
	struct scn_play *p = peer->play;
	struct scn_request *r = scn_alloc(p->arena, sizeof(*r));
	struct str bytes = scn_draft_bytes(d);

	if (!scn_draft_replace(p, s->changes, &bytes))
		return false;
	r->method = s->method;
	r->name = s->as;
	r->branch = d->tid;
	r->msrp = session;
	r->quiet = quiet;
	r->sent = scn_alloc(p->arena, sizeof(*r->sent));
	if (!scn_msrp_read(p->arena, r->sent, bytes))
		r->sent->bytes = bytes;
	r->next = peer->requests;
	peer->requests = r;
	if (!hop_of(peer, s, session, w, scn_draft_value(d, STR("To-Path")), &r->hop))
		return false;
	if (!r->hop.conn)
		r->hop.conn = scn_peer_connect(peer, r->hop.over, &r->hop.to);
	if (!r->hop.conn)
		return false;
	if (session && !w->towards_given)
		session->conn = r->hop.conn;
	scn_settle(p);
	if (!scn_peer_send(peer, &r->hop, bytes, &w->pieces))
		return false;
	scn_settle(p);
	return !p->failed;
}


/** A message in chunks of `size`; each is a request of its own. */
static bool send_chunks(struct scn_peer *peer, const struct scn_sending *s,
			struct scn_msrp *session, struct scn_draft *d, const struct scn_wire *w)
{
	struct str all = d->body, last = d->flag;
	uint64_t done = 0;

	if (all.n / w->chunk > MESSAGE_PIECES_MAX)
		return scn_fail(peer->play, s->line, "too many chunks");
	do {
		uint64_t n = all.n - done < w->chunk ? all.n - done : w->chunk;
		bool end = done + n == all.n;

		d->body = str_upto(str_from(all, done), n);
		d->flag = end ? last : STR("+");
		if (done)
			d->tid = new_id(peer, "t");
		put_range(d, done + 1, n, all.n, n > PLAIN_MAX);
		if (!send_frame(peer, s, session, d, w, !end))
			return false;
		done += n;
	} while (done < all.n);
	return true;
}


bool scn_msrp_send(struct scn_peer *peer, const struct scn_sending *s)
{
	struct scn_play *p = peer->play;
	struct scn_msrp *session = scn_msrp_named(peer, s->in);
	struct scn_draft *d = scn_alloc(p->arena, sizeof(*d));
	struct scn_wire w;

	if (!session && s->in.p)
		return scn_fail(p, s->line, STR_FMT " has no MSRP session of that name",
				STR_ARG(peer->name));
	scn_draft_init(d, p->arena);
	draft_request(peer, s, session, d);
	if (!scn_draft_change(p, d, s->changes, &w))
		return false;
	if (w.chunk)
		return send_chunks(peer, s, session, d, &w);
	if (str_eq(scn_draft_value(d, STR("Byte-Range")), STR("")))
		put_range(d, 1, d->body.n, d->body.n, d->body.n > PLAIN_MAX);
	return send_frame(peer, s, session, d, &w, false);
}


/* RFC 4975 7.2: the response to a SEND goes one hop back, to the first URI of From-Path; that to an AUTH goes
 * all the way (RFC 4976 5.1). */
bool scn_msrp_answer(struct scn_peer *peer, struct scn_incoming *in, unsigned status,
		     struct str reason, const struct scn_change *changes)
{
	struct scn_play *p = peer->play;
	const struct scn_msg *m = in->arrival->msg;
	struct scn_draft *d = scn_alloc(p->arena, sizeof(*d));
	struct scn_over_hop hop = {.over = in->arrival->over,
				   .to = in->arrival->source,
				   .conn = in->arrival->conn};
	struct str from = scn_header_value(m, STR("From-Path")),
		   to = scn_header_value(m, STR("To-Path"));
	struct scn_wire w;

	scn_draft_init(d, p->arena);
	d->msrp = true;
	d->status = status;
	d->tid = m->tid;
	d->flag = STR("$");
	d->reason = reason.p ? reason : status == 200 ? STR("OK") : STR("");
	scn_draft_put(d, STR("To-Path"), str_eq(m->method, STR("AUTH")) ? from : first_uri(from));
	scn_draft_put(d, STR("From-Path"), first_uri(to));
	if (!scn_draft_change(p, d, changes, &w))
		return false;
	in->last = scn_draft_bytes(d);
	if (!scn_draft_replace(p, changes, &in->last))
		return false;
	in->answered = true;
	return scn_peer_send(peer, &hop, in->last, &w.pieces);
}


/* ---- By itself ---- */

static const struct scn_habit *habit_for(const struct scn_peer *peer, const struct scn_arrival *a)
{
	const struct scn_habit *found = NULL;

	for (const struct scn_habit *h = peer->habits; h; h = h->next)
		if (scn_arrival_is(peer, a, h->what) && (!found || (h->answer && !found->answer)))
			found = h;
	return found;
}


static void react_to_request(struct scn_peer *peer, struct scn_arrival *a,
			     const struct scn_habit *h)
{
	const struct scn_msg *m = a->msg;
	struct scn_incoming *in = scn_alloc(peer->play->arena, sizeof(*in));
	struct str report = scn_header_value(m, STR("Failure-Report"));
	bool send = str_eq(m->method, STR("SEND"));

	in->arrival = a;
	in->msrp = session_of(peer, m);
	in->next = peer->incoming;
	peer->incoming = in;
	if (in->msrp && send)
		in->msrp->conn = a->conn;
	a->excused = h || (send && !m->has_body && in->msrp);
	/* RFC 4975 7.2, 7.1.2: "no" and "partial" want no 200; a REPORT never has an answer. */
	in->answered = str_eq(m->method, STR("REPORT")) ||
		       (send && str_eq_nocase(report, STR("no")));
	if (in->answered || peer->msrp_by_hand)
		return;
	if (h && h->answer)
		(void)scn_msrp_answer(peer, in, h->answer, STR_NULL, NULL);
	else if (h && str_eq(h->what, STR("requests")))
		return;
	else if (send && !in->msrp)
		(void)scn_msrp_answer(peer, in, 481, STR_NULL, NULL);
	else if (send && !str_eq_nocase(report, STR("partial")))
		(void)scn_msrp_answer(peer, in, 200, STR_NULL, NULL);
	in->answered |= send;
}


void scn_msrp_react(struct scn_peer *peer, struct scn_arrival *a)
{
	const struct scn_habit *h = habit_for(peer, a);
	struct scn_request *r;

	if (a->msg->request) {
		react_to_request(peer, a, h);
		return;
	}
	r = scn_peer_request_of(peer, a->msg);
	if (r)
		r->final = a->msg->status;
	a->excused = h || (r && r->quiet && a->msg->status == 200);
}
