/* SPDX-License-Identifier: Apache-2.0 */
/* The IMS core that the runner plays: its transactions. */
#include "scenario/runner/core.h"

#include "scenario/runner/react.h"
#include "scenario/runner/server.h"

#define CORE_ADDRESS STR("198.51.100.1:5060")
/** RFC 3261 18.1.1: what is larger goes over a connection. */
#define SMALL_MAX 1300


static struct str token(struct scn_core *core)
{
	return scn_fmt(core->play->arena, "z9hG4bK-core-%u", ++core->counter);
}


static struct str branch_of(const struct scn_msg *m)
{
	struct str values[SCN_VALUES_MAX], branch = STR("");

	if (scn_header_values(m, STR("Via"), values))
		(void)scn_value_param(values[0], STR("branch"), &branch);
	return branch;
}


static bool is(struct str method, const char *name)
{
	return str_eq(method, str_of(name));
}


static struct scn_core_txn *find(const struct scn_core *core, struct str branch, struct str method)
{
	struct scn_core_txn *t = core->txns;

	while (t && !(str_eq(t->branch, branch) && str_eq(t->method, method)))
		t = t->next;
	return t;
}


static void transmit(struct scn_core *core, const struct scn_over_hop *hop, struct str bytes)
{
	(void)scn_peer_send(core->peer, hop, bytes, NULL);
}


/* ---- Writing ---- */

void scn_core_draft(struct scn_core *core, const struct scn_msg *m, struct scn_draft *d)
{
	scn_draft_init(d, core->play->arena);
	d->method = m->method;
	d->uri = m->uri;
	d->status = m->status;
	d->reason = m->reason;
	d->body = m->body;
	d->length_given = true;
	for (size_t i = 0; i < m->headers; i++)
		scn_draft_put(d, m->header[i].name, m->header[i].value);
}


static struct str via(const struct scn_core *core, enum scn_over over, struct str branch)
{
	static const char *const names[] = {"UDP", "TCP", "TLS"};

	return scn_fmt(core->play->arena, "SIP/2.0/%s " STR_FMT ";branch=" STR_FMT, names[over],
		       STR_ARG(scn_peer_hostport(core->peer, over)), STR_ARG(branch));
}


bool scn_core_to_server(const struct scn_core *core, const struct scn_msg *m,
			struct scn_over_hop *ret)
{
	struct scn_server *s = core->play->server;

	*ret = (struct scn_over_hop){.over = m->bytes.n > SMALL_MAX ? SCN_TCP : SCN_UDP};
	if (scn_server_addr(s, ret->over, AF_INET, &ret->to))
		return true;
	ret->over = ret->over == SCN_UDP ? SCN_TCP : SCN_UDP;
	return scn_server_addr(s, ret->over, AF_INET, &ret->to);
}


static void decrement(struct scn_draft *d)
{
	uint32_t n;

	if (str_u32(scn_draft_value(d, STR("Max-Forwards")), &n) && n)
		scn_draft_set(d, STR("Max-Forwards"), scn_fmt(d->arena, "%u", n - 1));
}


/** The request as it leaves for one leg. */
static void send_leg(struct scn_core *core, const struct scn_draft *d, struct scn_core_leg *leg)
{
	struct scn_draft *own = scn_alloc(core->play->arena, sizeof(*own));

	*own = *d;
	leg->branch = token(core);
	if (leg->uri.p)
		own->uri = leg->uri;
	scn_draft_add(own, STR("Via"), via(core, leg->hop.over, leg->branch), true);
	leg->bytes = scn_draft_bytes(own);
	transmit(core, &leg->hop, leg->bytes);
}


void scn_core_send_own(struct scn_core *core, struct scn_draft *d, const struct scn_over_hop *hop)
{
	struct scn_core_txn *t = scn_alloc(core->play->arena, sizeof(*t));

	t->silent = true;
	t->method = d->method;
	t->branch = STR("");
	t->legs = 1;
	t->leg[0].hop = *hop;
	t->next = core->txns;
	core->txns = t;
	send_leg(core, d, &t->leg[0]);
}


/** A response up the way that the request came; the first Via, ours, taken off. */
static struct str upwards(struct scn_core *core, const struct scn_msg *m)
{
	struct scn_draft *d = scn_alloc(core->play->arena, sizeof(*d));
	struct str vias[SCN_VALUES_MAX];
	size_t n = scn_header_values(m, STR("Via"), vias);

	scn_core_draft(core, m, d);
	scn_draft_remove(d, STR("Via"));
	for (size_t i = n; i-- > 1;)
		scn_draft_add(d, STR("Via"), vias[i], true);
	return scn_draft_bytes(d);
}


static void give(struct scn_core *core, struct scn_core_txn *t, struct str bytes, unsigned status)
{
	if (t->silent)
		return;
	if (status >= 200)
		t->given = bytes;
	transmit(core, &t->back, bytes);
}


void scn_core_answer(struct scn_core *core, struct scn_core_txn *t, unsigned status,
		     const char *reason, const struct scn_header *extra)
{
	static const struct str kept[] = {STR_INIT("Via"), STR_INIT("From"), STR_INIT("To"),
					  STR_INIT("Call-ID"), STR_INIT("CSeq")};
	struct scn_draft *d = scn_alloc(core->play->arena, sizeof(*d));
	struct str tag;

	scn_draft_init(d, core->play->arena);
	d->status = status;
	d->reason = str_of(reason);
	for (size_t i = 0; i < t->m->headers; i++)
		for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++)
			if (str_eq(t->m->header[i].name, kept[k]))
				scn_draft_put(d, kept[k], t->m->header[i].value);
	if (status > 100 && !scn_value_param(scn_draft_value(d, STR("To")), STR("tag"), &tag))
		scn_draft_set(d, STR("To"),
			      scn_fmt(d->arena, STR_FMT ";tag=core-%u",
				      STR_ARG(scn_draft_value(d, STR("To"))), ++core->counter));
	for (; extra && extra->name.n; extra++)
		scn_draft_put(d, extra->name, extra->value);
	give(core, t, scn_draft_bytes(d), status);
}


/* ---- Responses ---- */

static struct scn_core_leg *leg_of(const struct scn_core *core, const struct scn_msg *m,
				   struct scn_core_txn **ret)
{
	struct str branch = branch_of(m);

	for (struct scn_core_txn *t = core->txns; t; t = t->next) {
		for (size_t i = 0; i < t->legs; i++) {
			if (str_eq(t->leg[i].branch, branch)) {
				*ret = t;
				return &t->leg[i];
			}
		}
	}
	return NULL;
}


/** CANCEL, and the ACK of a negative answer: the leg's own request with another method. */
static void send_about(struct scn_core *core, const struct scn_core_leg *leg, const char *method,
		       struct str to)
{
	struct scn_draft *d = scn_alloc(core->play->arena, sizeof(*d));
	struct scn_msg *m = scn_alloc(core->play->arena, sizeof(*m));
	struct str cseq, number, vias[SCN_VALUES_MAX];

	if (!scn_msg_read(core->play->arena, m, leg->bytes))
		return;
	scn_draft_init(d, core->play->arena);
	d->method = str_of(method);
	d->uri = m->uri;
	(void)scn_header_values(m, STR("Via"), vias);
	scn_draft_put(d, STR("Via"), vias[0]);
	scn_draft_put(d, STR("Max-Forwards"), STR("70"));
	for (size_t i = 0; i < m->headers; i++)
		if (str_eq(m->header[i].name, STR("Route")))
			scn_draft_put(d, STR("Route"), m->header[i].value);
	scn_draft_put(d, STR("From"), scn_header_value(m, STR("From")));
	scn_draft_put(d, STR("To"), to.p ? to : scn_header_value(m, STR("To")));
	scn_draft_put(d, STR("Call-ID"), scn_header_value(m, STR("Call-ID")));
	cseq = scn_header_value(m, STR("CSeq"));
	number = str_cut(&cseq, ' ');
	scn_draft_put(d, STR("CSeq"), scn_fmt(d->arena, STR_FMT " %s", STR_ARG(number), method));
	transmit(core, &leg->hop, scn_draft_bytes(d));
}


/** RFC 3261 16.7 6: a 6xx before all, else the lowest class. */
static bool is_better(unsigned status, unsigned than)
{
	if (!than || status / 100 == 6)
		return true;
	return than / 100 != 6 && status / 100 < than / 100;
}


static bool all_final(const struct scn_core_txn *t)
{
	for (size_t i = 0; i < t->legs; i++)
		if (!t->leg[i].final)
			return false;
	return true;
}


/** What the server does the core does: whoever waits hears 100 when the server has taken it. */
static void try_upwards(struct scn_core *core, struct scn_core_txn *t)
{
	if (t->tried)
		return;
	t->tried = true;
	scn_core_answer(core, t, 100, "Trying", NULL);
}


/** RFC 3261 16.7 10: a 2xx or a 6xx ends the search. */
static void cancel_others(struct scn_core *core, struct scn_core_txn *t)
{
	for (size_t i = 0; is(t->method, "INVITE") && i < t->legs; i++)
		if (!t->leg[i].final && t->leg[i].rang)
			send_about(core, &t->leg[i], "CANCEL", STR_NULL);
}


static void on_response(struct scn_core *core, const struct scn_msg *m)
{
	struct scn_core_txn *t;
	struct scn_core_leg *leg = leg_of(core, m, &t);
	struct str bytes;

	if (!leg || !str_eq(m->method, t->method))
		return;
	leg->rang = true;
	if (m->status == 100) {
		try_upwards(core, t);
		return;
	}
	if (is(t->method, "INVITE") && m->status >= 300)
		send_about(core, leg, "ACK", scn_header_value(m, STR("To")));
	bytes = upwards(core, m);
	if (m->status < 200) {
		give(core, t, bytes, m->status);
		return;
	}
	if (m->status < 300) {
		leg->final = m->status;
		if (!t->given.p || is(t->method, "INVITE"))
			give(core, t, bytes, m->status);
		cancel_others(core, t);
		return;
	}
	if (leg->final)
		return;
	leg->final = m->status;
	if (m->status >= 600)
		cancel_others(core, t);
	if (t->given.p)
		return;
	if (is_better(m->status, t->best_status)) {
		t->best = bytes;
		t->best_status = m->status;
	}
	if (all_final(t) || (m->status >= 600 && !is(t->method, "INVITE")))
		give(core, t, t->best, t->best_status);
}


/* ---- Requests ---- */

static struct scn_core_txn *new_txn(struct scn_core *core, const struct scn_arrival *a)
{
	struct scn_core_txn *t = scn_alloc(core->play->arena, sizeof(*t));

	t->branch = branch_of(a->msg);
	t->method = a->msg->method;
	t->m = a->msg;
	t->back = (struct scn_over_hop){
		.over = a->over, .to = a->source, .socket = a->socket, .conn = a->conn};
	t->next = core->txns;
	core->txns = t;
	return t;
}


static void on_again(struct scn_core *core, const struct scn_core_txn *t)
{
	if (t->given.p) {
		transmit(core, &t->back, t->given);
		return;
	}
	for (size_t i = 0; i < t->legs; i++)
		if (!t->leg[i].final)
			transmit(core, &t->leg[i].hop, t->leg[i].bytes);
}


static void on_cancel(struct scn_core *core, const struct scn_arrival *a)
{
	struct scn_core_txn *invite = find(core, branch_of(a->msg), STR("INVITE")),
			    *t = new_txn(core, a);

	scn_core_answer(core, t, invite ? 200 : 481, invite ? "OK" : "No Such Transaction", NULL);
	for (size_t i = 0; invite && i < invite->legs; i++)
		if (!invite->leg[i].final)
			send_about(core, &invite->leg[i], "CANCEL", STR_NULL);
}


static void on_request(struct scn_core *core, const struct scn_arrival *a)
{
	const struct scn_msg *m = a->msg;
	struct scn_core_txn *t = find(core, branch_of(m), m->method);
	struct scn_draft *d;

	if (t) {
		on_again(core, t);
		return;
	}
	if (is(m->method, "CANCEL")) {
		on_cancel(core, a);
		return;
	}
	/* Of a negative answer: acknowledged hop by hop. */
	if (is(m->method, "ACK") && find(core, branch_of(m), STR("INVITE")))
		return;
	d = scn_alloc(core->play->arena, sizeof(*d));
	t = new_txn(core, a);
	t->silent = is(m->method, "ACK");
	if (is(m->method, "INVITE") && scn_server_is_at(core->play->server, &a->source))
		try_upwards(core, t);
	scn_core_draft(core, m, d);
	decrement(d);
	scn_core_route(core, a, d, t);
	for (size_t i = 0; i < t->legs; i++)
		send_leg(core, d, &t->leg[i]);
}


static void on_arrival(struct scn_peer *peer, struct scn_arrival *a)
{
	struct scn_core *core = peer->play->ims_core;

	if (a->kind != SCN_MESSAGE)
		return;
	if (a->msg->request)
		on_request(core, a);
	else
		on_response(core, a->msg);
}


/* ---- Life ---- */

bool scn_core_open(struct scn_play *p)
{
	struct scn_core *core = scn_alloc(p->arena, sizeof(*core));
	struct scn_peer_decl *decl = scn_alloc(p->arena, sizeof(*decl));

	*decl = (struct scn_peer_decl){.line = p->c->line,
				       .name = STR("core"),
				       .at = CORE_ADDRESS,
				       .over = STR("udp,tcp"),
				       .uri = STR("sip:core.example.org")};
	core->play = p;
	core->peer = scn_peer_open(p, decl, 0);
	if (!core->peer)
		return false;
	core->peer->divert = on_arrival;
	p->ims_core = core;
	return true;
}


bool scn_core_addr(const struct scn_play *p, struct addr *ret)
{
	if (!p->ims_core)
		return false;
	*ret = p->ims_core->peer->addr;
	return true;
}
