/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that judge what peers receive. */
#include "scenario/runner/expect.h"
#include "scenario/runner/msrp.h"
#include "scenario/runner/play.h"
#include "scenario/runner/react.h"
#include "scenario/runner/statements.h"


/** What a statement may take: what waits first, or else something excused that fits. */
static struct scn_arrival *candidate(struct scn_peer *peer, struct str what)
{
	struct scn_arrival *a = scn_peer_waiting(peer);

	if (a)
		return a;
	for (a = peer->arrivals; a; a = a->next)
		if (!a->taken && scn_arrival_is(peer, a, what))
			return a;
	return NULL;
}


/** Waits as long as the statement allows. */
static bool await(struct scn_play *p, const struct scn_step *st, struct scn_peer *peer,
		  struct str what, struct scn_arrival **ret)
{
	uint64_t within = 0;

	if (!scn_step_time(p, st, "TIME", &within))
		return false;
	if (!candidate(peer, what) && within && !scn_pass_until(p, st->line, peer, within))
		return false;
	*ret = candidate(peer, what);
	if (*ret)
		return true;
	if (within)
		scn_fail(p, st->line, STR_FMT " receives nothing within " STR_FMT,
			 STR_ARG(peer->name), STR_ARG(scn_duration_text(p->arena, within)));
	else
		scn_fail(p, st->line, "nothing has come to " STR_FMT " at this time",
			 STR_ARG(peer->name));
	scn_fail_ladder(p, STR(""));
	return false;
}


static struct scn_incoming *incoming_for(struct scn_peer *peer, const struct scn_arrival *a)
{
	for (struct scn_incoming *in = peer->incoming; in; in = in->next)
		if (in->arrival == a)
			return in;
	return NULL;
}


/** The response belongs to the request that the statement names (or to any of the peer's). */
static bool belongs(struct scn_peer *peer, const struct scn_arrival *a, struct str name,
		    struct str *why)
{
	const struct scn_request *r = scn_peer_request_of(peer, a->msg);

	*why = STR_NULL;
	if (!r)
		*why = STR(" (it belongs to no request of this peer)");
	else if (name.p && !str_eq(r->name, name))
		*why = STR(" (it belongs to another request)");
	return why->p == NULL;
}


static void name_it(struct scn_peer *peer, const struct scn_arrival *a, struct str name)
{
	struct scn_incoming *in = a->msg && a->msg->request ? incoming_for(peer, a) : NULL;

	if (!in)
		return;
	in->taken = true;
	if (name.p)
		in->name = name;
}


/** "200 OK for call again": the statement's own words, for the sheet. */
static struct str wanted(struct scn_play *p, struct str what, struct str reason, struct str name,
			 bool again)
{
	struct str s = scn_fmt(p->arena, STR_FMT, STR_ARG(what));

	if (reason.p)
		s = scn_fmt(p->arena, STR_FMT " \"" STR_FMT "\"", STR_ARG(s), STR_ARG(reason));
	if (name.p)
		s = scn_fmt(p->arena, STR_FMT " for " STR_FMT, STR_ARG(s), STR_ARG(name));
	return again ? scn_fmt(p->arena, STR_FMT " again", STR_ARG(s)) : s;
}


static bool play_receives(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct str what, method, reason, name, as, over, start, why = STR_NULL;
	bool again = scn_arg(&st->args, "again").p != NULL, wrong;
	struct scn_arrival *a;

	if (!scn_step_arg(p, st, "STATUS", &what) || !scn_step_arg(p, st, "METHOD", &method) ||
	    !scn_step_arg(p, st, "QUOTED", &reason) || !scn_step_arg(p, st, "NAME_FOR", &name) ||
	    !scn_step_arg(p, st, "NAME_AS", &as) || !scn_step_arg(p, st, "NAME_OVER", &over))
		return false;
	what = what.p ? what : method;
	if (!await(p, st, peer, what, &a))
		return false;

	start = wanted(p, what, reason, name, again);
	wrong = a->kind != SCN_MESSAGE || !scn_arrival_is(peer, a, what) ||
		(over.p && !str_eq(over, scn_over_name(a->over)));
	if (!wrong && !a->msg->request)
		wrong = !belongs(peer, a, name, &why) ||
			(reason.p && !str_eq(reason, a->msg->reason));
	if (!wrong && again != (scn_peer_same(peer, a) != NULL)) {
		wrong = true;
		why = again ? STR(" (it did not come before)")
			    : STR(" (it is a retransmission: say `again`)");
	}
	if (over.p)
		start = scn_fmt(p->arena, STR_FMT " over " STR_FMT, STR_ARG(start), STR_ARG(over));
	if (a->kind == SCN_CLOSED) {
		scn_fail(p, st->line,
			 "the server closed " STR_FMT "'s connection instead, after %zu bytes sent",
			 STR_ARG(peer->name), a->sent);
		scn_fail_ladder(p, peer->name);
		return false;
	}
	if (!scn_expect(p, st->line, peer,
			scn_fmt(p->arena, STR_FMT STR_FMT, STR_ARG(start), STR_ARG(why)), wrong,
			st->checks, a))
		return false;
	a->taken = true;
	name_it(peer, a, as);
	return true;
}


/** All its frames, in whatever time the statement allows. */
static bool await_message(struct scn_play *p, const struct scn_step *st, struct scn_peer *peer,
			  struct scn_arrival **ret)
{
	uint64_t within = 0, end;
	bool whole;

	if (!scn_step_time(p, st, "TIME", &within))
		return false;
	end = scn_now(p) + within;
	while (!(*ret = scn_msrp_gather(peer, &whole)) || !whole) {
		if (!*ret && scn_peer_waiting(peer)) {
			*ret = scn_peer_waiting(peer);
			return scn_expect(p, st->line, peer, STR("a message over MSRP"), true, NULL,
					  *ret);
		}
		if (scn_now(p) >= end || p->failed) {
			scn_fail(p, st->line,
				 *ret ? "the end of the message has not come"
				      : "no message has come");
			scn_fail_ladder(p, peer->name);
			return false;
		}
		scn_pass_next(p, end - scn_now(p));
	}
	return true;
}


static bool play_message(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct scn_arrival *a;
	struct str text, name, wanted = STR("a message");
	const struct scn_msrp *session;
	bool wrong = false;

	if (!scn_step_arg(p, st, "QUOTED", &text) || !scn_step_arg(p, st, "NAME_IN", &name) ||
	    !await_message(p, st, peer, &a))
		return false;
	if (text.p) {
		wanted = scn_fmt(p->arena, "message \"" STR_FMT "\"",
				 STR_ARG(scn_escape(p->arena, text)));
		wrong = !str_eq(text, a->msg->body);
	}
	if (name.p) {
		session = scn_msrp_named(peer, name);
		wrong |= !session ||
			 !str_eq(session->local, scn_header_value(a->msg, STR("To-Path")));
		wanted = scn_fmt(p->arena, STR_FMT " in " STR_FMT, STR_ARG(wanted), STR_ARG(name));
	}
	for (struct scn_incoming *in = peer->incoming; in; in = in->next)
		in->taken |= in->arrival->taken;
	return scn_expect(p, st->line, peer, wanted, wrong, st->checks, a);
}


static bool play_bytes(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct scn_arrival *a;
	struct str want;

	if (!scn_step_arg(p, st, "QUOTED", &want) || !await(p, st, peer, STR("bytes"), &a))
		return false;
	if (!scn_expect(p, st->line, peer,
			scn_fmt(p->arena, "bytes \"" STR_FMT "\"",
				STR_ARG(scn_escape(p->arena, want))),
			a->kind == SCN_CLOSED ||
				(want.p ? !str_eq(a->bytes, want) : a->kind != SCN_BYTES),
			st->checks, a))
		return false;
	a->taken = true;
	return true;
}


static bool play_nothing(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	uint64_t ms = 0;

	if (!scn_step_time(p, st, "TIME", &ms) || !scn_pass(p, st->line, ms))
		return false;
	return !scn_peer_waiting(peer) || scn_nothing_waits(p, st->line);
}


static bool play_loses(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	struct scn_arrival *a;
	uint64_t n = UINT64_MAX;

	if (!scn_step_number(p, st, "N", &n) || !await(p, st, peer, STR("closing"), &a))
		return false;
	if (a->kind != SCN_CLOSED)
		return scn_expect(p, st->line, peer, STR("(its connection closed)"), true, NULL, a);
	if (n != UINT64_MAX && n != a->sent) {
		scn_fail(p, st->line, "the connection was closed after %zu bytes", a->sent);
		scn_fail_ladder(p, peer->name);
		return false;
	}
	a->taken = true;
	return true;
}


static bool play_connected(struct scn_play *p, const struct scn_step *st)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	bool want = true;
	bool is = scn_peer_conn(peer) != NULL;

	return is == want || scn_fail(p, st->line, STR_FMT " has %s", STR_ARG(peer->name),
				      is ? "a connection" : "no connection any more");
}


const struct scn_form scn_expectations[] = {
	{"PEER receives METHOD [again] [as NAME_AS] [over NAME_OVER] [within TIME]",
	 "the next thing that has come is this request, at this very moment or within the time; "
	 "`again`: a "
	 "retransmission, to the byte",
	 play_receives, .beneath = SCN_CHECKS, .judges = true},
	{"PEER receives STATUS [QUOTED] [for NAME_FOR] [again] [over NAME_OVER] [within TIME]",
	 "the next thing that has come is this response to a request of its own; 2xx, 200|202 are "
	 "possible",
	 play_receives, .beneath = SCN_CHECKS, .judges = true},
	{"PEER receives message [QUOTED] [in NAME_IN] [within TIME]",
	 "the next message over MSRP, whole, in however many frames; `chunks` says in how many, "
	 "`flag` "
	 "how it ended",
	 play_message, .beneath = SCN_CHECKS, .judges = true},
	{"PEER receives bytes [QUOTED] [within TIME]",
	 "something that is no SIP message: a keep-alive", play_bytes, .beneath = SCN_CHECKS,
	 .judges = true},
	{"ACTOR receives nothing [for TIME]",
	 "nothing has come; and nothing comes while this time passes", play_nothing,
	 .judges = true},
	{"PEER loses connection [after N bytes] [within TIME]",
	 "the server closed it, after exactly so many bytes that this peer had sent on it",
	 play_loses, .judges = true},
	{"PEER is still connected", "its connection stands", play_connected, .judges = true},
	{0},
};
