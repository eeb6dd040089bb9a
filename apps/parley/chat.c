/* SPDX-License-Identifier: Apache-2.0 */
/* parley chat: a conversation, line by line. */
#include "chat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** After the last line of a pipe: for reports that were asked for. */
#define REPORTS_MS 5000

static const struct parley_session_handler session_handler;


void chat_say(struct chat_state *s, const char *text)
{
	if (s->run->cli->json)
		return;
	input_hide(&s->input);
	fprintf(stderr, "parley: %s\n", text);
	input_show(&s->input);
}


/* ---- Leaving ---- */

void chat_leave(struct chat_state *s)
{
	if (s->session)
		parley_session_end(s->session, 0);
	else
		run_leave(s->run, CLI_OK);
}


static void on_linger(struct timer *t, void *arg)
{
	(void)t;
	chat_leave(arg);
}


/* From a pipe: when all of it was taken, and what was asked about it has come. */
static void leave_if_done(struct chat_state *s)
{
	if (!s->leaving || s->pending)
		return;
	if (!s->awaited)
		chat_leave(s);
	else if (!timer_running(&s->linger))
		timer_start(&s->linger, loop_timers(s->run->loop), REPORTS_MS, on_linger, s);
}


/* ---- Lines typed ---- */

bool chat_send_line(struct chat_state *s, const char *to, const char *text)
{
	const char *id = "";
	int err;

	if (!s->session)
		return false;
	err = to ? parley_group_send_to(s->session, to, text, NULL, &id)
		 : parley_session_send(s->session, text, NULL, &id);
	if (err == -ENOBUFS)
		return false;
	if (err == -EMSGSIZE)
		chat_say(s, "this line is longer than the other side takes");
	else if (err == -EINVAL)
		chat_say(s, "there is nobody of that name");
	else if (err)
		chat_say(s, "this line could not be sent");
	else
		s->pending++;
	if (!err && *id) {
		for (unsigned kind = s->run->cli->reports; kind; kind &= kind - 1)
			s->awaited++;
	}
	return true;
}


static bool take_line(struct chat_state *s, const char *text)
{
	if (text[0] == '/' && text[1] != '/')
		return chat_command(s, text);
	if (!*text)
		return true;
	if (!chat_send_line(s, NULL, text[0] == '/' ? text + 1 : text))
		return false;
	if (s->input.terminal)
		(void)show_line(s->run->cli, "me", loop_wall_ms(s->run->loop), text);
	return true;
}


/* While a /wait runs, and while a group is being made, lines are kept back. */
static bool on_line(const char *text, void *arg)
{
	struct chat_state *s = arg;
	bool leaves = !strcmp(text, "/leave") || !strcmp(text, "/quit");

	if ((timer_running(&s->wait) || s->becoming) && !(leaves && s->input.terminal))
		return false;
	return take_line(s, text);
}


void chat_go_on(struct chat_state *s)
{
	if (s->input_open && !timer_running(&s->wait) && !s->becoming)
		input_go_on(&s->input);
}


/* A command is nothing that the others will read. */
static bool is_command(struct str line)
{
	return line.n && line.p[0] == '/' && !(line.n > 1 && line.p[1] == '/');
}


static void on_typing(void *arg)
{
	struct chat_state *s = arg;

	if (s->session && !is_command(buf_str(&s->input.bytes)))
		parley_session_typing(s->session);
}


static void on_closed(void *arg)
{
	struct chat_state *s = arg;

	s->leaving = true;
	if (s->input.terminal)
		chat_leave(s);
	else
		leave_if_done(s);
}


static const struct input_handler input_handler = {on_line, on_typing, on_closed};


static void begin_input(struct chat_state *s)
{
	if (s->input_open)
		return;
	if (input_open(&s->input, s->run->loop, &input_handler, s)) {
		run_leave(s->run, cli_error("check it", "standard input cannot be read"));
		return;
	}
	s->input_open = true;
}


/* ---- The session ---- */

static void on_ringing(struct parley_session *session, void *arg)
{
	(void)session;
	chat_say(arg, "it rings");
}


static void chat_back(struct chat_state *s, struct parley_session *session)
{
	s->away = false;
	if (s->run->cli->json)
		(void)show_group(s->run->cli, session, "established");
	else
		chat_say(s, "back in the group");
}


static void on_established(struct parley_session *session, void *arg)
{
	struct chat_state *s = arg;

	input_hide(&s->input);
	if (!parley_session_is_group(session))
		(void)show_chat_state(s->run->cli, "established", parley_session_peer(session));
	else if (s->away)
		chat_back(s, session);
	else
		(void)show_group(s->run->cli, session, "established");
	input_show(&s->input);
	/* The one before goes on being heard until the other side has followed. */
	if (session == s->becoming) {
		s->session = session;
		s->becoming = NULL;
		chat_go_on(s);
	}
	begin_input(s);
}


static bool on_message(struct parley_session *session, const struct parley_message *m, void *arg)
{
	struct chat_state *s = arg;
	bool shown;

	(void)session;
	input_hide(&s->input);
	shown = show_said(s->run->cli, m);
	input_show(&s->input);
	if (!shown)
		chat_leave(s);
	return shown;
}


static void on_composing(struct parley_session *session, bool active, void *arg)
{
	struct chat_state *s = arg;

	input_hide(&s->input);
	(void)show_chat_state(s->run->cli, active ? "writing" : "paused",
			      parley_session_peer(session));
	input_show(&s->input);
}


static void on_report(struct parley_session *session, const struct parley_report *r, void *arg)
{
	struct chat_state *s = arg;

	(void)session;
	input_hide(&s->input);
	(void)show_report(s->run->cli, r);
	input_show(&s->input);
	if (s->awaited)
		s->awaited--;
	leave_if_done(s);
}


/* Of a line, by MSRP: the group's answers too (RFC 7701 6). */
static void not_taken(struct chat_state *s, unsigned status)
{
	const char *why = status == 403   ? ": it may not be sent"
			  : status == 404 ? ": nobody of that address is here"
			  : status == 413 ? ": it is too long"
			  : status == 428 ? ": they take no private messages"
					  : "";
	char text[128];

	snprintf(text, sizeof(text), "a line was not taken%s (%u)", why, status);
	chat_say(s, text);
}


static void on_sent(struct parley_session *session, uint32_t number, unsigned status, void *arg)
{
	struct chat_state *s = arg;

	(void)session;
	(void)number;
	s->pending--;
	if (status != 200) {
		if (status)
			not_taken(s, status);
		else
			chat_say(s, "a line did not arrive: the session is over");
		s->run->status = CLI_FAILED;
	}
	chat_go_on(s);
	leave_if_done(s);
}


/* One that was left behind, or a group that did not come about: the talk goes on as it was, if it does. */
static void not_become(struct chat_state *s, const struct parley_session *session,
		       const struct parley_session_end *e)
{
	struct run *r = s->run;

	if (session != s->becoming || r->leaving)
		return;
	s->becoming = NULL;
	if (e->why != PARLEY_ENDED_US)
		(void)explain(r->cli, e->outcome, parley_session_peer(session));
	if (s->session)
		chat_go_on(s);
	else
		run_leave(r, CLI_FAILED);
}


static void on_ended(struct parley_session *session, const struct parley_session_end *e, void *arg)
{
	struct chat_state *s = arg;
	struct run *r = s->run;
	int status = r->status;

	if (session != s->session) {
		not_become(s, session, e);
		return;
	}
	s->session = NULL;
	if (s->becoming && e->why == PARLEY_ENDED_THEM)
		return;
	timer_cancel(&s->linger);
	timer_cancel(&s->wait);
	if (s->input_open)
		input_close(&s->input);
	s->input_open = false;
	if (r->leaving)
		return;
	if (e->why == PARLEY_ENDED_THEM && parley_session_identity(session))
		(void)show_group(r->cli, session, "ended");
	else if (e->why == PARLEY_ENDED_THEM)
		(void)show_chat_state(r->cli, "ended", parley_session_peer(session));
	else if (e->why == PARLEY_REFUSED_THEM || e->why == PARLEY_FAILED)
		status = explain(r->cli, e->outcome, parley_session_peer(session));
	run_leave(r, status);
}


/* ---- A group ---- */

static void on_roster(struct parley_session *session, void *arg)
{
	struct chat_state *s = arg;

	input_hide(&s->input);
	(void)show_roster(s->run->cli, session);
	input_show(&s->input);
}


static void on_person(struct parley_session *session, const struct parley_person *p,
		      enum parley_presence before, void *arg)
{
	struct chat_state *s = arg;

	(void)session;
	input_hide(&s->input);
	(void)show_person(s->run->cli, p, before);
	input_show(&s->input);
}


static void on_roster_refused(struct parley_session *session, unsigned status, void *arg)
{
	struct chat_state *s = arg;

	(void)session;
	input_hide(&s->input);
	(void)show_roster_refused(s->run->cli, status);
	input_show(&s->input);
}


static void on_person_composing(struct parley_session *session, const char *uri, const char *name,
				bool active, void *arg)
{
	struct chat_state *s = arg;

	(void)session;
	input_hide(&s->input);
	(void)show_writing(s->run->cli, uri, name, active);
	input_show(&s->input);
}


static void on_answered(struct parley_session *session, uint32_t number, enum parley_request what,
			unsigned status, void *arg)
{
	struct chat_state *s = arg;

	(void)session;
	(void)number;
	input_hide(&s->input);
	(void)show_answer(s->run->cli, what, status);
	input_show(&s->input);
}


/* Once, however many attempts it takes. */
static void on_lost(struct parley_session *session, const struct parley_outcome *o,
		    uint32_t retry_ms, void *arg)
{
	struct chat_state *s = arg;

	(void)o;
	if (s->away && !s->run->cli->json)
		return;
	s->away = true;
	input_hide(&s->input);
	(void)show_group_lost(s->run->cli, session, retry_ms);
	input_show(&s->input);
}


static const struct parley_session_handler session_handler = {
	.roster = on_roster,
	.person = on_person,
	.roster_refused = on_roster_refused,
	.person_composing = on_person_composing,
	.answered = on_answered,
	.lost = on_lost,
	.ringing = on_ringing,
	.established = on_established,
	.message = on_message,
	.composing = on_composing,
	.report = on_report,
	.sent = on_sent,
	.ended = on_ended,
};


/* ---- Who begins ---- */

static int make(struct run *r, struct parley_session **ret, const char *const *members, size_t n,
		struct parley_session *extends)
{
	return parley_chat(ret, r->parley,
			   &(struct parley_chat_params){
				   .to = n ? r->cli->account.factory : r->cli->to,
				   .subject = r->cli->subject,
				   .anonymous = r->cli->anonymous,
				   .reports = r->cli->reports,
				   .handler = &session_handler,
				   .arg = r->arg,
				   .members = members,
				   .members_n = n,
				   .extends = extends,
			   });
}


void chat_begin_group(struct chat_state *s, const char *const *members, size_t n)
{
	int err = make(s->run, &s->becoming, members, n, s->session);

	if (err == -EINVAL)
		chat_say(s, "one of these cannot be in a group: write sip:NAME@DOMAIN");
	else if (err)
		chat_say(s, "there is no memory for a group");
	else
		chat_say(s, "this becomes a group");
}


static void call(struct run *r)
{
	struct chat_state *s = r->arg;
	int err = make(r, &s->session, r->cli->members, r->cli->members_n, NULL);

	if (err == -EINVAL)
		run_leave(r, cli_usage("write sip:NAME@DOMAIN", "a chat with %s cannot be begun",
				       r->cli->to));
	else if (err)
		run_leave(r, cli_error("free some, and try again", "there is no memory"));
}


static void registered(struct run *r)
{
	if (r->was_registered)
		return;
	if (r->cli->to)
		call(r);
	else
		(void)show_registered(r->cli);
}


/* Waiting for somebody: the first is taken. */
static unsigned invitation(struct run *r, const struct parley_invitation *i)
{
	struct chat_state *s = r->arg;

	if (i->mode != PARLEY_CHAT)
		return 480;
	if (r->leaving || (i->replaces ? i->replaces != s->session : s->session || r->cli->to))
		return 486;
	if (i->group) {
		input_hide(&s->input);
		(void)show_invited_group(r->cli, i);
		input_show(&s->input);
	}
	/* What the session was goes, once this one stands. */
	if (i->replaces)
		s->becoming = i->session;
	else
		s->session = i->session;
	parley_session_set_arg(i->session, s);
	parley_session_set_reports(i->session, r->cli->reports);
	return 200;
}


static bool message(struct run *r, const struct parley_message *m)
{
	struct chat_state *s = r->arg;
	bool shown;

	input_hide(&s->input);
	shown = show_message(r->cli, m);
	input_show(&s->input);
	return shown;
}


static void interrupted(struct run *r)
{
	chat_leave(r->arg);
}


static const struct run_handler handler = {
	.registered = registered,
	.message = message,
	.invitation = invitation,
	.interrupted = interrupted,
	.timeout = interrupted,
	.sessions = &session_handler,
};


/* Who calls is authenticated by that; who waits has to be found. */
static int begin(struct run *r)
{
	const struct cli *c = r->cli;

	if (c->to && !(c->account.core && !strcmp(c->account.core, "ims"))) {
		call(r);
		return CLI_OK;
	}
	if (parley_register(r->parley))
		return cli_error("free some, and try again", "there is no memory");
	return CLI_OK;
}


int command_chat(struct cli *c)
{
	struct chat_state s = {.leaving = false};
	struct run r = {.status = CLI_OK};
	int status = run_open(&r, c, &handler, &s, c->to != NULL);

	s.run = &r;
	if (status == CLI_OK && c->timeout_given)
		run_timeout(&r, c->timeout_s);
	if (status == CLI_OK)
		status = begin(&r);
	if (status == CLI_OK)
		status = run_loop(&r);
	timer_cancel(&s.linger);
	timer_cancel(&s.wait);
	if (s.input_open)
		input_close(&s.input);
	run_close(&r);
	return status;
}
