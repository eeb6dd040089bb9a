/* SPDX-License-Identifier: Apache-2.0 */
/* Statements by which peers act. */
#include "scenario/runner/compose.h"
#include "scenario/runner/configuration.h"
#include "scenario/runner/msrp.h"
#include "scenario/runner/play.h"
#include "scenario/runner/react.h"
#include "scenario/runner/server.h"
#include "scenario/runner/statements.h"

/** Contact parameters of a device that says nothing else. */
#define EXPIRES_DEFAULT STR("3600")


static bool over_of(struct scn_play *p, const struct scn_step *st, bool *given, enum scn_over *ret)
{
	struct str s;

	if (!scn_step_arg(p, st, "NAME_OVER", &s))
		return false;
	*given = s.p != NULL;
	return !s.p || scn_over_read(s, ret) ||
	       scn_fail(p, st->line, "no such transport: there are udp, tcp, tls");
}


static bool play_sends(struct scn_play *p, const struct scn_step *st)
{
	struct scn_sending s = {.line = st->line, .changes = st->changes};

	if (!scn_step_arg(p, st, "METHOD", &s.method) || !scn_step_arg(p, st, "TARGET", &s.to) ||
	    !scn_step_arg(p, st, "NAME_IN", &s.in) || !scn_step_arg(p, st, "NAME_FOR", &s.about) ||
	    !scn_step_arg(p, st, "NAME_AS", &s.as) || !over_of(p, st, &s.over_given, &s.over))
		return false;
	s.no_credentials = scn_arg(&st->args, "without").p != NULL;
	return scn_request_send(scn_step_peer(p, st), &s, NULL);
}


static bool play_resends(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct str name;
	const struct scn_request *r;

	if (!scn_step_arg(p, st, "NAME", &name))
		return false;
	r = scn_peer_request_named(peer, name);
	return r ? scn_request_again(peer, r)
		 : scn_fail(p, st->line, STR_FMT " has sent no such request", STR_ARG(peer->name));
}


static bool play_bytes(struct scn_play *p, const struct scn_step *st)
{
	struct scn_sending s = {.line = st->line, .changes = st->changes};
	struct str bytes;

	if (!over_of(p, st, &s.over_given, &s.over) || !scn_step_arg(p, st, "NAME_AS", &s.as) ||
	    !scn_step_arg(p, st, "NAME_IN", &s.in))
		return false;
	if (st->line->here.p) {
		if (!scn_here_bytes(p, st->line, st->line->here, &bytes))
			return false;
	} else if (!scn_step_arg(p, st, "QUOTED", &bytes)) {
		return false;
	}
	if (!bytes.p)
		return scn_fail(p, st->line, "no bytes: write \"…\" or <<END");
	return scn_bytes_send(scn_step_peer(p, st), &s, bytes);
}


/** The request to answer: one that a statement has received. */
static bool incoming_of(struct scn_play *p, const struct scn_step *st, struct scn_incoming **ret)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct str name;

	if (!scn_step_arg(p, st, "NAME_TO", &name))
		return false;
	*ret = NULL;
	for (struct scn_incoming *in = peer->incoming; in && !*ret; in = in->next)
		if (in->taken && (name.p ? str_eq(in->name, name) : !in->answered))
			*ret = in;
	return *ret || scn_fail(p, st->line,
				STR_FMT " has received no such request that waits for an answer",
				STR_ARG(peer->name));
}


static bool play_answers(struct scn_play *p, const struct scn_step *st)
{
	struct scn_incoming *in;
	struct str reason, status;
	uint32_t n;

	if (!incoming_of(p, st, &in) || !scn_step_arg(p, st, "QUOTED", &reason) ||
	    !scn_step_arg(p, st, "STATUS", &status))
		return false;
	if (!str_u32(status, &n))
		return scn_fail(p, st->line, "one status, please");
	if (!scn_answer(scn_step_peer(p, st), in, n, reason, st->changes))
		return false;
	scn_settle(p);
	return !p->failed;
}


static bool play_answers_again(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct scn_incoming *in = NULL;
	struct str name;

	if (!scn_step_arg(p, st, "NAME_TO", &name))
		return false;
	for (in = peer->incoming; in; in = in->next)
		if (in->last.p && (!name.p || str_eq(in->name, name)))
			break;
	if (!in)
		return scn_fail(p, st->line, STR_FMT " has answered no such request",
				STR_ARG(peer->name));
	if (!scn_answer_again(peer, in))
		return false;
	scn_settle(p);
	return !p->failed;
}


static void add_habit(struct scn_peer *peer, struct str what, unsigned answer)
{
	struct scn_habit *h = scn_alloc(peer->play->arena, sizeof(*h));

	h->what = what;
	h->answer = answer;
	h->next = peer->habits;
	peer->habits = h;
}


static bool play_ignores(struct scn_play *p, const struct scn_step *st)
{
	struct str what;

	if (!scn_step_arg(p, st, "VALUE", &what))
		return false;
	add_habit(scn_step_peer(p, st), what, 0);
	return true;
}


static bool play_silent(struct scn_play *p, const struct scn_step *st)
{
	(void)p;
	add_habit(scn_step_peer(p, st), STR("requests"), 0);
	return true;
}


static bool play_always(struct scn_play *p, const struct scn_step *st)
{
	struct str status, method;
	uint32_t n;

	if (!scn_step_arg(p, st, "STATUS", &status) || !scn_step_arg(p, st, "METHOD", &method))
		return false;
	if (!str_u32(status, &n))
		return scn_fail(p, st->line, "one status, please");
	add_habit(scn_step_peer(p, st), method.p ? method : STR("requests"), n);
	return true;
}


static bool play_attentive(struct scn_play *p, const struct scn_step *st)
{
	(void)p;
	scn_step_peer(p, st)->habits = NULL;
	return true;
}


static bool play_by_hand(struct scn_play *p, const struct scn_step *st)
{
	(void)p;
	scn_step_peer(p, st)->msrp_by_hand = true;
	return true;
}


static bool play_never_acks(struct scn_play *p, const struct scn_step *st)
{
	(void)p;
	scn_step_peer(p, st)->never_acks = true;
	return true;
}


/* ---- Registering ---- */

/** Takes the 200 that must have come. */
static bool take_ok(struct scn_peer *peer, const struct scn_line *line)
{
	struct scn_play *p = peer->play;
	struct scn_arrival *a = scn_peer_waiting(peer);

	if (a && a->kind == SCN_MESSAGE && !a->msg->request && a->msg->status == 200) {
		a->taken = true;
		return true;
	}
	scn_fail(p, line, STR_FMT "'s REGISTER is not answered 200:\n" STR_FMT, STR_ARG(peer->name),
		 STR_ARG(a ? a->bytes : STR("(nothing came)")));
	scn_fail_ladder(p, peer->name);
	return false;
}


static bool register_with(struct scn_peer *peer, const struct scn_line *line, struct str contact,
			  struct str expires, const struct scn_change *changes)
{
	const struct scn_header extra[] = {{STR("Contact"), contact},
					   {STR("Expires"), expires},
					   {STR_NULL, STR_NULL}};
	const struct scn_sending s = {
		.line = line, .method = STR("REGISTER"), .extra = extra, .changes = changes};

	return scn_request_send(peer, &s, NULL) && take_ok(peer, line);
}


bool scn_register(struct scn_peer *peer, const struct scn_line *line)
{
	return register_with(peer, line, scn_peer_contact(peer), EXPIRES_DEFAULT, NULL);
}


static bool play_registers(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct str contact = scn_peer_contact(peer), expires, q, with;

	if (!scn_step_arg(p, st, "N", &expires) || !scn_step_arg(p, st, "VALUE_Q", &q) ||
	    !scn_step_arg(p, st, "VALUE", &with))
		return false;
	if (q.p)
		contact = scn_fmt(p->arena, STR_FMT ";q=" STR_FMT, STR_ARG(contact), STR_ARG(q));
	if (with.p)
		contact = scn_fmt(p->arena, STR_FMT ";" STR_FMT, STR_ARG(contact), STR_ARG(with));
	return register_with(peer, st->line, contact, expires.p ? expires : EXPIRES_DEFAULT,
			     st->changes);
}


static bool play_unregisters(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	bool all = scn_arg(&st->args, "everything").p != NULL;

	return register_with(peer, st->line, all ? STR("*") : scn_peer_contact(peer), STR("0"),
			     st->changes);
}


/* ---- Connections ---- */

static bool play_connects(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	enum scn_over over = peer->over == SCN_UDP ? SCN_TCP : peer->over;
	struct scn_conn *c;
	struct str to;
	struct addr addr;
	bool given;

	if (!over_of(p, st, &given, &over) || !scn_step_arg(p, st, "VALUE", &to))
		return false;
	if (to.p ? addr_decode_hostport(&addr, to) != 0
		 : !scn_server_addr(p->server, over, peer->addr.sa.sa_family, &addr))
		return scn_fail(p, st->line, "nowhere to connect to: say to ADDRESS:PORT");
	c = scn_peer_connect(peer, over, &addr);
	if (!c)
		return false;
	scn_settle(p);
	return c->connected || scn_arg(&st->args, "in").p != NULL ||
	       scn_fail(p, st->line, "the connection is not accepted");
}


static bool standing(struct scn_play *p, const struct scn_step *st, struct scn_conn **ret)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct scn_msrp *session;
	struct str name;

	if (!scn_step_arg(p, st, "NAME_IN", &name))
		return false;
	session = name.p ? scn_msrp_named(peer, name) : NULL;
	*ret = name.p ? session ? session->conn : NULL : scn_peer_conn(peer);
	if (*ret && !(*ret)->stream)
		*ret = NULL;
	return *ret || scn_fail(p, st->line, STR_FMT " has no connection", STR_ARG(peer->name));
}


static bool play_disconnects(struct scn_play *p, const struct scn_step *st)
{
	struct scn_conn *c;

	if (!standing(p, st, &c))
		return false;
	scn_conn_close(c);
	scn_settle(p);
	return !p->failed;
}


static bool play_stops_reading(struct scn_play *p, const struct scn_step *st)
{
	struct scn_conn *c;

	if (!standing(p, st, &c))
		return false;
	stream_pause(c->stream);
	c->reading_stopped = true;
	return true;
}


static bool play_reads_again(struct scn_play *p, const struct scn_step *st)
{
	struct scn_conn *c;

	if (!standing(p, st, &c))
		return false;
	stream_resume(c->stream);
	c->reading_stopped = false;
	scn_settle(p);
	return !p->failed;
}


const struct scn_form scn_acts[] = {
	{"PEER answers MSRP by hand", "from now on it answers no SEND by itself", play_by_hand},
	{"PEER sends METHOD [to TARGET] [in NAME_IN] [for NAME_FOR] [as NAME_AS] [over NAME_OVER] "
	 "[without "
	 "credentials]",
	 "a request by template; ACK, BYE, INFO, UPDATE go into the latest dialog, CANCEL and ACK "
	 "belong to "
	 "the latest INVITE",
	 play_sends, .beneath = SCN_CHANGES},
	{"PEER sends bytes [QUOTED] [in NAME_IN] [as NAME_AS] [over NAME_OVER]",
	 "these bytes and no others; `in`: over the connection of that MSRP session", play_bytes,
	 .beneath = SCN_CHANGES, .here = true},
	{"PEER resends [NAME]", "the latest request (or that one) again, the same bytes",
	 play_resends},
	{"PEER answers again [to NAME_TO]", "the latest response again, the same bytes",
	 play_answers_again},
	{"PEER answers STATUS [QUOTED] [to NAME_TO]",
	 "a response by template to the latest request received that waits for one", play_answers,
	 .beneath = SCN_CHANGES},
	{"PEER always answers STATUS [to METHOD]",
	 "from now on, to each request at once; none of them is unexpected", play_always},
	{"PEER is silent", "from now on requests are not unexpected, and get no answer",
	 play_silent},
	{"ACTOR ignores VALUE",
	 "from now on these are not unexpected: a METHOD, a status, retransmissions, responses, "
	 "bytes, "
	 "closing, everything",
	 play_ignores},
	{"ACTOR is attentive again", "ends what always, silent and ignores began", play_attentive},
	{"PEER never acknowledges", "no ACK for negative answers to its INVITEs", play_never_acks},
	{"PEER registers [expires N] [q VALUE_Q] [with VALUE]",
	 "REGISTER, digest included; 200 is expected. `with` adds parameters to Contact",
	 play_registers, .beneath = SCN_CHANGES},
	{"PEER unregisters [everything]",
	 "REGISTER with Expires: 0; of all its user's contacts with `everything`", play_unregisters,
	 .beneath = SCN_CHANGES},
	{"PEER connects [over NAME_OVER] [to VALUE] [in vain]", "opens a connection",
	 play_connects},
	{"PEER disconnects [in NAME_IN]", "closes its connection", play_disconnects},
	{"PEER stops reading [in NAME_IN]", "its connection fills", play_stops_reading},
	{"PEER reads again [in NAME_IN]", "and empties", play_reads_again},
	{0},
};
