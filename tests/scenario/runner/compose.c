/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of requests and responses. */
#include "scenario/runner/compose.h"

#include "scenario/runner/core.h"
#include "scenario/runner/msrp.h"
#include "scenario/runner/play.h"
#include "scenario/runner/react.h"
#include "scenario/runner/server.h"

#define REALM_TRIES 2


static bool is(struct str method, const char *name)
{
	return str_eq(method, str_of(name));
}


static struct str via_name(enum scn_over o)
{
	static const struct str names[] = {STR_INIT("UDP"), STR_INIT("TCP"), STR_INIT("TLS")};

	return names[o];
}


static struct str new_branch(struct scn_peer *peer)
{
	struct str token = scn_peer_token(peer);

	return scn_fmt(peer->play->arena, "z9hG4bK-" STR_FMT, STR_ARG(token));
}


static struct str via_value(struct scn_peer *peer, enum scn_over over, struct str branch)
{
	return scn_fmt(peer->play->arena,
		       "SIP/2.0/" STR_FMT " " STR_FMT ";branch=" STR_FMT ";rport",
		       STR_ARG(via_name(over)), STR_ARG(scn_peer_hostport(peer, over)),
		       STR_ARG(branch));
}


static struct str default_sdp(struct scn_peer *peer, const struct scn_msrp *session)
{
	struct str path = session ? session->local : scn_msrp_path(peer);
	struct str hostport = scn_peer_hostport(peer, SCN_TCP);
	struct str host = str_upto(hostport, (size_t)str_rfind(hostport, ':'));
	const char *ip = host.p[0] == '[' ? "IP6" : "IP4";

	return scn_fmt(peer->play->arena,
		       "v=0\r\no=- 1 1 IN %s " STR_FMT "\r\ns=-\r\nc=IN %s " STR_FMT "\r\nt=0 0\r\n"
		       "m=message %u TCP/%sMSRP *\r\na=accept-types:text/plain message/cpim\r\n"
		       "a=path:" STR_FMT "\r\n",
		       ip, STR_ARG(host), ip, STR_ARG(host), addr_port(&peer->msrp_addr),
		       peer->over == SCN_TLS ? "TLS/" : "", STR_ARG(path));
}


/** What `to` names: a peer's identity, a URI as it is, or a user of our domain. */
static struct str target_uri(struct scn_peer *peer, struct str to)
{
	const struct scn_peer *other = to.p ? scn_peer_find(peer->play, to) : NULL;

	if (other)
		return other->uri;
	if (!to.p)
		return scn_fmt(peer->play->arena, "sip:" STR_FMT, STR_ARG(peer->play->domain));
	if (str_find(to, ':') >= 0)
		return to;
	return scn_fmt(peer->play->arena, "sip:" STR_FMT "@" STR_FMT, STR_ARG(to),
		       STR_ARG(peer->play->domain));
}


void scn_default_body(struct scn_peer *peer, const struct scn_msrp *session, struct scn_draft *d)
{
	if (is(d->method, "MESSAGE")) {
		d->type = STR("text/plain");
		d->body = STR("hello");
	} else if (is(d->method, "INVITE")) {
		d->type = STR("application/sdp");
		d->body = default_sdp(peer, session);
	}
}


static bool shows_contact(struct str method)
{
	return is(method, "INVITE") || is(method, "REGISTER") || is(method, "SUBSCRIBE") ||
	       is(method, "NOTIFY") || is(method, "REFER") || is(method, "UPDATE") ||
	       is(method, "OPTIONS");
}


/** A request outside any dialog. */
static void draft_new(struct scn_peer *peer, const struct scn_sending *s, struct scn_draft *d)
{
	struct arena *a = peer->play->arena;
	struct str token = scn_peer_token(peer), uri = target_uri(peer, s->to);
	bool registers = is(s->method, "REGISTER");

	d->uri = registers && s->to.p == NULL ? target_uri(peer, STR_NULL) : uri;
	scn_draft_put(d, STR("Max-Forwards"), STR("70"));
	scn_draft_put(d, STR("From"),
		      scn_fmt(a, "<" STR_FMT ">;tag=" STR_FMT, STR_ARG(peer->uri), STR_ARG(token)));
	scn_draft_put(d, STR("To"),
		      scn_fmt(a, "<" STR_FMT ">", STR_ARG(registers ? peer->uri : uri)));
	scn_draft_put(d, STR("Call-ID"),
		      registers ? scn_fmt(a, STR_FMT "-register", STR_ARG(peer->name)) : token);
	scn_draft_put(d, STR("CSeq"),
		      scn_fmt(a, "%u " STR_FMT, registers ? peer->counter : 1, STR_ARG(s->method)));
}


static void draft_in_dialog(struct scn_peer *peer, const struct scn_sending *s,
			    struct scn_dialog *dlg, uint32_t cseq, struct scn_draft *d)
{
	struct arena *a = peer->play->arena;

	d->uri = dlg->target;
	scn_draft_put(d, STR("Max-Forwards"), STR("70"));
	for (size_t i = 0; i < dlg->routes_n; i++)
		scn_draft_put(d, STR("Route"), dlg->routes[i]);
	scn_draft_put(d, STR("From"), dlg->local);
	scn_draft_put(d, STR("To"), dlg->remote);
	scn_draft_put(d, STR("Call-ID"), dlg->call_id);
	scn_draft_put(d, STR("CSeq"), scn_fmt(a, "%u " STR_FMT, cseq, STR_ARG(s->method)));
}


/** CANCEL and the ACK of a negative answer: of the request itself (RFC 3261 9.1, 17.1.1.3). */
static void draft_of_request(const struct scn_request *r, struct str method, struct str to,
			     struct scn_draft *d)
{
	const struct scn_msg *m = r->sent;
	struct str vias[SCN_VALUES_MAX], cseq = scn_header_value(m, STR("CSeq"));
	struct str number = str_cut(&cseq, ' ');

	d->method = method;
	d->uri = m->uri;
	(void)scn_header_values(m, STR("Via"), vias);
	scn_draft_put(d, STR("Via"), vias[0]);
	scn_draft_put(d, STR("Max-Forwards"), STR("70"));
	for (size_t i = 0; i < m->headers; i++)
		if (str_eq(m->header[i].name, STR("Route")))
			scn_draft_put(d, STR("Route"), m->header[i].value);
	scn_draft_put(d, STR("From"), scn_header_value(m, STR("From")));
	scn_draft_put(d, STR("To"), to);
	scn_draft_put(d, STR("Call-ID"), scn_header_value(m, STR("Call-ID")));
	scn_draft_put(d, STR("CSeq"),
		      scn_fmt(d->arena, STR_FMT " " STR_FMT, STR_ARG(number), STR_ARG(method)));
}


bool scn_send_transaction_ack(struct scn_peer *peer, struct scn_request *r,
			      const struct scn_msg *response)
{
	struct scn_draft *d = scn_alloc(peer->play->arena, sizeof(*d));

	scn_draft_init(d, peer->play->arena);
	draft_of_request(r, STR("ACK"), scn_header_value(response, STR("To")), d);
	return scn_peer_send(peer, &r->hop, scn_draft_bytes(d), NULL);
}


/* ---- Credentials ---- */

/** Writes credentials for the peer's challenge; CSeq and branch are the caller's. */
static void put_credentials(struct scn_peer *peer, struct scn_draft *d, const struct scn_wire *w)
{
	struct arena *a = peer->play->arena;
	size_t proxy = !is(d->method, "REGISTER");
	const struct scn_challenge *c = &peer->challenge[proxy];
	struct str user = peer->user, password = peer->password;

	if (w->credentials == SCN_CREDENTIALS_AS) {
		user = w->user;
		password = w->password;
	}
	if (w->credentials == SCN_CREDENTIALS_WRONG)
		password = STR("not the password");
	if (w->credentials != SCN_CREDENTIALS_USED) {
		unsigned count = ++peer->nonce_count[proxy];

		peer->credentials = scn_credentials(a, c, user, password, d->method, d->uri, count,
						    scn_fmt(a, "%08x", 0x5eed0000u + count));
	}
	scn_draft_set(d, c->proxy ? STR("Proxy-Authorization") : STR("Authorization"),
		      peer->credentials);
}


static bool may_authenticate(const struct scn_peer *peer, const struct scn_sending *s,
			     const struct scn_wire *w)
{
	if (s->no_credentials || w->credentials == SCN_CREDENTIALS_NONE ||
	    w->credentials == SCN_CREDENTIALS_USED || is(s->method, "CANCEL") ||
	    is(s->method, "ACK"))
		return false;
	return peer->password.p || w->credentials == SCN_CREDENTIALS_AS ||
	       w->credentials == SCN_CREDENTIALS_WRONG;
}


/** Takes a challenge that has come for this request; false: there is none. */
static bool take_challenge(struct scn_peer *peer, const struct scn_request *r)
{
	struct scn_arrival *a = scn_peer_waiting(peer);
	struct scn_challenge c;

	if (!a || a->kind != SCN_MESSAGE || a->msg->request ||
	    (a->msg->status != 401 && a->msg->status != 407) ||
	    scn_peer_request_of(peer, a->msg) != r || !scn_challenge_read(a->msg, &c))
		return false;
	a->taken = true;
	peer->challenge[!is(r->method, "REGISTER")] = c;
	peer->nonce_count[!is(r->method, "REGISTER")] = 0;
	return true;
}


/* ---- Sending ---- */

static bool choose_hop(struct scn_peer *peer, const struct scn_sending *s, const struct scn_wire *w,
		       struct scn_over_hop *hop)
{
	struct scn_play *p = peer->play;
	const struct scn_peer *other = s->to.p ? scn_peer_find(p, s->to) : NULL;

	hop->over = s->over_given ? s->over : peer->over;
	if (w->towards_given)
		hop->to = w->towards;
	else if (!p->server && other)
		hop->to = hop->over == SCN_TLS ? other->tls_addr : other->addr;
	else if (scn_core_addr(p, &hop->to))
		;
	else if (!scn_server_addr(p->server, hop->over, peer->addr.sa.sa_family, &hop->to))
		return scn_fail(p, s->line,
				"the server does not listen on " STR_FMT
				": say towards ADDRESS:PORT",
				STR_ARG(scn_over_name(hop->over)));
	if (w->from_given) {
		hop->socket = scn_peer_socket(peer, &w->from);
		if (!hop->socket)
			return scn_fail(p, s->line, "this address cannot be used");
	}
	return true;
}


static struct scn_request *new_request(struct scn_peer *peer, const struct scn_sending *s)
{
	struct scn_request *r = scn_alloc(peer->play->arena, sizeof(*r));

	r->method = s->method;
	r->name = s->as;
	r->next = peer->requests;
	peer->requests = r;
	return r;
}


static bool makes_its_own_branch(const struct scn_sending *s, const struct scn_request *about)
{
	return !is(s->method, "CANCEL") && !(is(s->method, "ACK") && about && about->final >= 300);
}


/** The draft by what the statement asks for. */
static bool draft_for(struct scn_peer *peer, const struct scn_sending *s, struct scn_request *about,
		      struct scn_dialog *dlg, struct scn_draft *d)
{
	struct scn_play *p = peer->play;

	if ((is(s->method, "CANCEL") || is(s->method, "ACK")) && !about && !dlg)
		return scn_fail(p, s->line,
				"there is no INVITE of " STR_FMT "'s that this belongs to",
				STR_ARG(peer->name));
	if (!makes_its_own_branch(s, about)) {
		draft_of_request(about, s->method, scn_header_value(about->sent, STR("To")), d);
		return true;
	}
	if (dlg) {
		struct str cseq = about ? scn_header_value(about->sent, STR("CSeq")) : STR_NULL;
		uint32_t number = 0;

		if (is(s->method, "ACK"))
			(void)str_u32(str_cut(&cseq, ' '), &number);
		else
			number = ++dlg->cseq;
		draft_in_dialog(peer, s, dlg, number, d);
	} else {
		draft_new(peer, s, d);
	}
	if (shows_contact(s->method))
		scn_draft_put(d, STR("Contact"), scn_peer_contact(peer));
	scn_default_body(peer, dlg ? dlg->msrp : NULL, d);
	return true;
}


/** The INVITE that CANCEL and ACK are about. */
static struct scn_request *request_about(struct scn_peer *peer, const struct scn_sending *s)
{
	if (!is(s->method, "CANCEL") && !is(s->method, "ACK"))
		return NULL;
	for (struct scn_request *r = peer->requests; r; r = r->next)
		if (s->about.p ? str_eq(r->name, s->about) : is(r->method, "INVITE"))
			return r;
	return NULL;
}


static bool belongs_in_dialog(struct str method)
{
	return is(method, "BYE") || is(method, "ACK") || is(method, "INFO") ||
	       is(method, "UPDATE") || is(method, "PRACK") || is(method, "NOTIFY");
}


static struct scn_dialog *dialog_for(struct scn_peer *peer, const struct scn_sending *s,
				     const struct scn_request *about)
{
	if (s->in.p)
		return scn_peer_dialog(peer, s->in);
	if (is(s->method, "ACK") && about)
		return about->dialog;
	return belongs_in_dialog(s->method) && !s->to.p ? scn_peer_dialog(peer, STR_NULL) : NULL;
}


/** One transmission under a branch of its own. */
static bool transmit(struct scn_peer *peer, const struct scn_sending *s, struct scn_request *r,
		     struct scn_draft *d, const struct scn_wire *w)
{
	struct scn_play *p = peer->play;
	struct str vias[SCN_VALUES_MAX], bytes = scn_draft_bytes(d);

	if (!scn_draft_replace(p, s->changes, &bytes))
		return false;
	r->sent = scn_alloc(p->arena, sizeof(*r->sent));
	r->branch = STR_NULL;
	(void)scn_msg_read(p->arena, r->sent, bytes);
	r->sent->bytes = bytes;
	if (!scn_header_values(r->sent, STR("Via"), vias))
		vias[0] = scn_draft_value(d, STR("Via")); /* malformed by intent */
	(void)scn_value_param(vias[0], STR("branch"), &r->branch);
	r->msrp = scn_msrp_session(peer, scn_sdp_path(bytes));
	if (!scn_peer_send(peer, &r->hop, bytes, &w->pieces))
		return false;
	scn_settle(p);
	return true;
}


/** The next try: a new branch, the next CSeq, unless the scenario has said what they are. */
static void renew(struct scn_peer *peer, const struct scn_sending *s, struct scn_request *r,
		  struct scn_draft *d)
{
	struct str cseq = scn_draft_value(d, STR("CSeq")), number = str_cut(&cseq, ' ');
	uint32_t n;

	if (str_u32(number, &n))
		scn_draft_set(d, STR("CSeq"),
			      scn_fmt(d->arena, "%u " STR_FMT, n + 1, STR_ARG(cseq)));
	if (r->dialog)
		r->dialog->cseq++;
	for (size_t i = 0; i < d->headers; i++) {
		struct str old;

		if (!str_eq(scn_header_full(d->header[i].name), STR("Via")))
			continue;
		if (scn_value_param(d->header[i].value, STR("branch"), &old))
			d->header[i].value = via_value(peer, r->hop.over, new_branch(peer));
		break;
	}
	(void)s;
}


static bool send_and_authenticate(struct scn_peer *peer, const struct scn_sending *s,
				  struct scn_request *r, struct scn_draft *d,
				  const struct scn_wire *w)
{
	bool may = may_authenticate(peer, s, w);
	bool own = w->credentials == SCN_CREDENTIALS_OWN;

	if (w->credentials == SCN_CREDENTIALS_USED && !peer->credentials.p)
		return scn_fail(peer->play, s->line, STR_FMT " has used no credentials yet",
				STR_ARG(peer->name));
	if ((may && own && peer->challenge[!is(s->method, "REGISTER")].nonce.p) ||
	    w->credentials == SCN_CREDENTIALS_USED)
		put_credentials(peer, d, w);
	if (!transmit(peer, s, r, d, w))
		return false;
	/* Once more when the nonce was stale; what a wrong password gets is the scenario's to see. */
	for (int i = 0; may && i < REALM_TRIES && take_challenge(peer, r); i++) {
		renew(peer, s, r, d);
		put_credentials(peer, d, w);
		if (!transmit(peer, s, r, d, w))
			return false;
		if (!own)
			break;
	}
	return true;
}


static bool request_send(struct scn_peer *peer, const struct scn_sending *s,
			 struct scn_request **ret)
{
	struct scn_play *p = peer->play;
	struct scn_draft *d = scn_alloc(p->arena, sizeof(*d));
	struct scn_request *about = request_about(peer, s), *r;
	struct scn_dialog *dlg = dialog_for(peer, s, about);
	enum scn_over over = s->over_given ? s->over : peer->over;
	struct scn_wire w;

	if (s->in.p && !dlg)
		return scn_fail(p, s->line, STR_FMT " has no dialog of that name",
				STR_ARG(peer->name));
	scn_draft_init(d, p->arena);
	d->method = s->method;
	if (makes_its_own_branch(s, about))
		scn_draft_put(d, STR("Via"), via_value(peer, over, new_branch(peer)));
	if (!draft_for(peer, s, about, dlg, d))
		return false;
	for (const struct scn_header *h = s->extra; h && h->name.n; h++)
		scn_draft_set(d, h->name, h->value);
	if (!scn_draft_change(p, d, s->changes, &w))
		return false;

	r = new_request(peer, s);
	r->dialog = dlg;
	if (about && !makes_its_own_branch(s, about) && !w.towards_given)
		r->hop = about->hop;
	else if (!choose_hop(peer, s, &w, &r->hop))
		return false;
	if (ret)
		*ret = r;
	return send_and_authenticate(peer, s, r, d, &w);
}


bool scn_request_send(struct scn_peer *peer, const struct scn_sending *s, struct scn_request **ret)
{
	return scn_msrp_is_method(s->method) ? scn_msrp_send(peer, s) : request_send(peer, s, ret);
}


bool scn_request_again(struct scn_peer *peer, const struct scn_request *r)
{
	if (!scn_peer_send(peer, &r->hop, r->sent->bytes, NULL))
		return false;
	scn_settle(peer->play);
	return true;
}


/** What these bytes ask, so that an answer is known to belong to them. */
static struct scn_request *note_bytes(struct scn_peer *peer, const struct scn_sending *s,
				      struct str bytes)
{
	struct scn_request *r = new_request(peer, s);
	struct str vias[SCN_VALUES_MAX];

	r->sent = scn_alloc(peer->play->arena, sizeof(*r->sent));
	if (scn_msrp_begins(bytes)) {
		if (scn_msrp_read(peer->play->arena, r->sent, bytes))
			r->branch = r->sent->tid;
	} else if (scn_msg_read(peer->play->arena, r->sent, bytes)) {
		r->method = r->sent->method;
		if (scn_header_values(r->sent, STR("Via"), vias))
			(void)scn_value_param(vias[0], STR("branch"), &r->branch);
	}
	r->sent->bytes = bytes;
	return r;
}


/** The connection of an MSRP session. */
static bool session_hop(struct scn_peer *peer, const struct scn_sending *s,
			struct scn_over_hop *hop)
{
	const struct scn_msrp *session = scn_msrp_named(peer, s->in);

	if (!session || !session->conn || !session->conn->stream)
		return scn_fail(peer->play, s->line, STR_FMT " has no connection of this session",
				STR_ARG(peer->name));
	hop->conn = session->conn;
	hop->over = session->conn->over;
	hop->to = *stream_peer(session->conn->stream);
	return true;
}


bool scn_bytes_send(struct scn_peer *peer, const struct scn_sending *s, struct str bytes)
{
	struct scn_play *p = peer->play;
	struct scn_draft *d = scn_alloc(p->arena, sizeof(*d));
	struct scn_request *r;
	struct scn_wire w;

	scn_draft_init(d, p->arena);
	if (!scn_draft_change(p, d, s->changes, &w) || !scn_draft_replace(p, s->changes, &bytes))
		return false;
	for (struct str rest = bytes; rest.n;) {
		size_t whole = scn_msrp_begins(rest) ? scn_msrp_frame(rest) : scn_msg_frame(rest);

		if (!whole || whole == bytes.n)
			break;
		note_bytes(peer, s, str_upto(rest, whole));
		rest = str_from(rest, whole);
	}
	r = note_bytes(peer, s, bytes);
	if (s->in.p ? !session_hop(peer, s, &r->hop) : !choose_hop(peer, s, &w, &r->hop))
		return false;
	if (!scn_peer_send(peer, &r->hop, bytes, &w.pieces))
		return false;
	scn_settle(p);
	return true;
}
