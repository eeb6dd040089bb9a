/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer does by itself with what arrives. */
#include "scenario/runner/react.h"

#include "scenario/runner/compose.h"
#include "scenario/runner/msrp.h"
#include "scenario/runner/play.h"


bool scn_status_is(unsigned status, struct str what)
{
	for (struct str rest = what; rest.p;) {
		struct str one = str_cut(&rest, '|');
		uint32_t n;

		if (one.n == 3 && str_eq(str_from(one, 1), STR("xx")) &&
		    status / 100 == (unsigned)(one.p[0] - '0'))
			return true;
		if (str_u32(one, &n) && n == status)
			return true;
	}
	return false;
}


const struct scn_arrival *scn_peer_same(const struct scn_peer *peer, const struct scn_arrival *a)
{
	const struct scn_arrival *found = NULL;

	/* Over a connection nothing comes again. */
	if (a->msg && a->msg->msrp)
		return NULL;
	for (const struct scn_arrival *b = peer->arrivals; b && b != a; b = b->next)
		if (b->kind == a->kind && str_eq(b->bytes, a->bytes))
			found = b;
	return found;
}


bool scn_arrival_is(const struct scn_peer *peer, const struct scn_arrival *a, struct str what)
{
	if (str_eq(what, STR("everything")))
		return true;
	if (str_eq(what, STR("closing")))
		return a->kind == SCN_CLOSED;
	if (str_eq(what, STR("bytes")))
		return a->kind == SCN_BYTES;
	/* "message", "messages" */
	if (a->kind == SCN_TOLD)
		return str_starts(what, a->msg->method) && what.n <= a->msg->method.n + 1;
	if (a->kind != SCN_MESSAGE)
		return false;
	if (str_eq(what, STR("requests")))
		return a->msg->request;
	if (str_eq(what, STR("responses")))
		return !a->msg->request;
	if (str_eq(what, STR("retransmissions")))
		return scn_peer_same(peer, a) != NULL;
	return a->msg->request ? str_eq(a->msg->method, what) : scn_status_is(a->msg->status, what);
}


struct scn_arrival *scn_peer_waiting(const struct scn_peer *peer)
{
	for (struct scn_arrival *a = peer->arrivals; a; a = a->next)
		if (!a->taken && !a->excused)
			return a;
	return NULL;
}


static struct str branch_of(const struct scn_msg *m)
{
	struct str values[SCN_VALUES_MAX], branch = STR_NULL;

	if (m->msrp)
		return m->tid;
	if (scn_header_values(m, STR("Via"), values))
		(void)scn_value_param(values[0], STR("branch"), &branch);
	return branch;
}


struct scn_request *scn_peer_request_of(const struct scn_peer *peer, const struct scn_msg *response)
{
	struct str branch = branch_of(response);
	struct scn_request *found = NULL;

	/* CANCEL and ACK share the branch of their INVITE. A malformed request may have any method. */
	for (struct scn_request *r = peer->requests; r; r = r->next) {
		if (!branch.n || !str_eq(r->branch, branch))
			continue;
		if (str_eq(r->method, response->method))
			return r;
		found = r;
	}
	return found;
}


struct scn_request *scn_peer_request_named(const struct scn_peer *peer, struct str name)
{
	for (struct scn_request *r = peer->requests; r; r = r->next)
		if (!name.p || str_eq(r->name, name))
			return r;
	return NULL;
}


struct scn_incoming *scn_peer_incoming_named(const struct scn_peer *peer, struct str name)
{
	for (struct scn_incoming *in = peer->incoming; in; in = in->next)
		if (name.p ? str_eq(in->name, name) : !in->answered)
			return in;
	return NULL;
}


struct scn_dialog *scn_peer_dialog(const struct scn_peer *peer, struct str name)
{
	if (!name.p)
		return peer->dialogs;
	for (struct scn_request *r = peer->requests; r; r = r->next)
		if (str_eq(r->name, name) && r->dialog)
			return r->dialog;
	for (struct scn_incoming *in = peer->incoming; in; in = in->next)
		if (str_eq(in->name, name) && in->dialog)
			return in->dialog;
	return NULL;
}


/* ---- Dialogs ---- */

static struct scn_dialog *find_dialog(const struct scn_peer *peer, struct str call_id,
				      struct str remote_tag)
{
	for (struct scn_dialog *d = peer->dialogs; d; d = d->next)
		if (str_eq(d->call_id, call_id) && str_eq(d->remote_tag, remote_tag))
			return d;
	return NULL;
}


static struct scn_dialog *new_dialog(struct scn_peer *peer, const struct scn_msg *m,
				     struct str remote_tag)
{
	struct scn_dialog *d = scn_alloc(peer->play->arena, sizeof(*d));

	d->call_id = scn_header_value(m, STR("Call-ID"));
	d->remote_tag = remote_tag;
	d->next = peer->dialogs;
	peer->dialogs = d;
	return d;
}


static void refresh_target(struct scn_dialog *d, const struct scn_msg *m)
{
	struct str values[SCN_VALUES_MAX];

	if (scn_header_values(m, STR("Contact"), values))
		d->target = scn_value_uri(values[0]);
}


static bool makes_dialog(struct str method)
{
	return str_eq(method, STR("INVITE")) || str_eq(method, STR("SUBSCRIBE")) ||
	       str_eq(method, STR("REFER"));
}


/** A response with a To-tag: RFC 3261 12.1.2. */
static void note_dialog(struct scn_peer *peer, struct scn_request *r, const struct scn_msg *m)
{
	struct str to = scn_header_value(m, STR("To")), cseq = scn_header_value(m, STR("CSeq")),
		   tag;
	struct str routes[SCN_VALUES_MAX];
	struct scn_dialog *d;
	size_t n;

	if (!makes_dialog(r->method) || m->status < 101 || m->status > 299 ||
	    !scn_value_param(to, STR("tag"), &tag))
		return;
	d = find_dialog(peer, scn_header_value(m, STR("Call-ID")), tag);
	if (!d) {
		d = new_dialog(peer, m, tag);
		d->local = scn_header_value(m, STR("From"));
		d->remote = to;
		(void)str_u32(str_cut(&cseq, ' '), &d->cseq);
	}
	/* 13.2.2.4: a 2xx makes the route set anew. */
	if (!d->routes_n || m->status >= 200) {
		n = scn_header_values(m, STR("Record-Route"), routes);
		for (size_t i = 0; i < n; i++)
			d->routes[i] = routes[n - 1 - i];
		d->routes_n = n;
	}
	refresh_target(d, m);
	r->dialog = d;
	if (r->msrp)
		d->msrp = r->msrp;
}


/** RFC 3261 12.1.1; the To-tag is this peer's own. */
struct scn_dialog *scn_dialog_of_incoming(struct scn_peer *peer, struct scn_incoming *in)
{
	const struct scn_msg *m = in->arrival->msg;
	struct str tag = STR(""), to_tag;
	struct scn_dialog *d;

	(void)scn_value_param(scn_header_value(m, STR("From")), STR("tag"), &tag);
	d = find_dialog(peer, scn_header_value(m, STR("Call-ID")), tag);
	if (!d && makes_dialog(m->method) &&
	    !scn_value_param(scn_header_value(m, STR("To")), STR("tag"), &to_tag)) {
		d = new_dialog(peer, m, tag);
		d->local = scn_fmt(peer->play->arena, STR_FMT ";tag=" STR_FMT,
				   STR_ARG(scn_header_value(m, STR("To"))), STR_ARG(in->to_tag));
		d->remote = scn_header_value(m, STR("From"));
		d->routes_n = scn_header_values(m, STR("Record-Route"), d->routes);
	}
	if (d && makes_dialog(m->method))
		refresh_target(d, m);
	in->dialog = d;
	return d;
}


/* ---- Arrivals ---- */

static void note_response(struct scn_peer *peer, struct scn_arrival *a)
{
	struct scn_request *r = scn_peer_request_of(peer, a->msg);

	if (!r)
		return;
	if (a->msg->status >= 200)
		r->final = a->msg->status;
	if (r->msrp && scn_sdp_path(a->msg->body).p)
		r->msrp->remote = scn_sdp_path(a->msg->body);
	note_dialog(peer, r, a->msg);
	/* RFC 3261 17.1.1.2: the client transaction sends ACK for 300-699, at each retransmission too. */
	if (str_eq(r->method, STR("INVITE")) && a->msg->status >= 300 && !peer->never_acks)
		(void)scn_send_transaction_ack(peer, r, a->msg);
}


/** The SDP of an ACK answers the one that our 2xx offered. */
static void take_late_answer(struct scn_peer *peer, struct scn_incoming *in)
{
	const struct scn_msg *m = in->arrival->msg;
	struct scn_dialog *d;
	struct str tag;

	if (!scn_value_param(scn_header_value(m, STR("From")), STR("tag"), &tag))
		return;
	d = find_dialog(peer, scn_header_value(m, STR("Call-ID")), tag);
	if (d && d->msrp)
		d->msrp->remote = in->offer;
}


static struct scn_incoming *note_request(struct scn_peer *peer, struct scn_arrival *a)
{
	struct scn_incoming *in = scn_alloc(peer->play->arena, sizeof(*in));

	in->arrival = a;
	in->to_tag = scn_peer_token(peer);
	in->answered = str_eq(a->msg->method, STR("ACK"));
	in->offer = scn_sdp_path(a->msg->body);
	in->next = peer->incoming;
	peer->incoming = in;
	if (!in->answered)
		(void)scn_dialog_of_incoming(peer, in);
	else if (in->offer.p)
		take_late_answer(peer, in);
	return in;
}


/** The habit that what came falls under; an answer before mere letting pass. */
static const struct scn_habit *habit_for(const struct scn_peer *peer, const struct scn_arrival *a)
{
	const struct scn_habit *found = NULL;

	for (const struct scn_habit *h = peer->habits; h; h = h->next) {
		if (!scn_arrival_is(peer, a, h->what))
			continue;
		if (!found || (h->answer && !found->answer))
			found = h;
	}
	return found;
}


void scn_peer_react(struct scn_peer *peer, struct scn_arrival *a)
{
	const struct scn_habit *h = habit_for(peer, a);
	struct scn_incoming *in = NULL;
	bool again = scn_peer_same(peer, a) != NULL;

	if (a->kind == SCN_MESSAGE && a->msg->msrp) {
		scn_msrp_react(peer, a);
		return;
	}
	if (a->kind == SCN_MESSAGE && !a->msg->request)
		note_response(peer, a);
	else if (a->kind == SCN_MESSAGE && !again)
		in = note_request(peer, a);
	if (!h)
		return;
	a->excused = true;
	if (h->answer && in && !in->answered) {
		in->taken = true;
		(void)scn_answer(peer, in, h->answer, STR_NULL, NULL);
	}
}
