/* SPDX-License-Identifier: Apache-2.0 */
/* parley chat: a conversation, line by line. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "input.h"

/** After the last line of a pipe: for reports that were asked for. */
#define REPORTS_MS 5000

struct chat_state {
	struct run *run;
	struct input input;
	bool input_open;
	struct parley_session *session; /**< NULL: none yet, or no more */
	unsigned pending;               /**< lines that were not taken yet */
	unsigned awaited;               /**< reports asked for and not come */
	bool leaving;                   /**< no line will follow */
	struct timer linger;
};


static void say(struct chat_state *s, const char *text)
{
	if (s->run->cli->json)
		return;
	input_hide(&s->input);
	fprintf(stderr, "parley: %s\n", text);
	input_show(&s->input);
}


/* ---- Leaving ---- */

static void leave(struct chat_state *s)
{
	if (s->session)
		parley_session_end(s->session, 0);
	else
		run_leave(s->run, CLI_OK);
}


static void on_linger(struct timer *t, void *arg)
{
	(void)t;
	leave(arg);
}


/* From a pipe: when all of it was taken, and what was asked about it has come. */
static void leave_if_done(struct chat_state *s)
{
	if (!s->leaving || s->pending)
		return;
	if (!s->awaited)
		leave(s);
	else if (!timer_running(&s->linger))
		timer_start(&s->linger, loop_timers(s->run->loop), REPORTS_MS, on_linger, s);
}


/* ---- Lines typed ---- */

static bool send_line(struct chat_state *s, const char *text)
{
	const char *id = "";
	int err;

	if (!s->session)
		return false;
	err = parley_session_send(s->session, text, NULL, &id);
	if (err == -ENOBUFS)
		return false;
	if (err == -EMSGSIZE)
		say(s, "this line is longer than the other side takes");
	else if (err)
		say(s, "this line could not be sent");
	else
		s->pending++;
	if (!err && *id) {
		for (unsigned kind = s->run->cli->reports; kind; kind &= kind - 1)
			s->awaited++;
	}
	return true;
}


static bool on_line(const char *text, void *arg)
{
	struct chat_state *s = arg;

	if (!strcmp(text, "/leave") || !strcmp(text, "/quit")) {
		leave(s);
		return true;
	}
	if (!strcmp(text, "/help")) {
		say(s, "lines are sent as they are typed; /leave ends; //text sends /text");
		return true;
	}
	if (text[0] == '/' && text[1] != '/') {
		say(s, "there is no such command: /leave, /help");
		return true;
	}
	if (!*text)
		return true;
	if (!send_line(s, text[0] == '/' ? text + 1 : text))
		return false;
	if (s->input.terminal)
		(void)show_line(s->run->cli, "me", loop_wall_ms(s->run->loop), text);
	return true;
}


static void on_typing(void *arg)
{
	struct chat_state *s = arg;

	if (s->session)
		parley_session_typing(s->session);
}


static void on_closed(void *arg)
{
	struct chat_state *s = arg;

	s->leaving = true;
	if (s->input.terminal)
		leave(s);
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
	say(arg, "it rings");
}


static void on_established(struct parley_session *session, void *arg)
{
	struct chat_state *s = arg;

	(void)show_chat_state(s->run->cli, "established", parley_session_peer(session));
	begin_input(s);
}


static bool on_message(struct parley_session *session, const struct parley_message *m, void *arg)
{
	struct chat_state *s = arg;
	bool shown;

	(void)session;
	input_hide(&s->input);
	shown = s->run->cli->json
			? show_message(s->run->cli, m)
			: show_line(s->run->cli, *m->from_name ? m->from_name : m->from,
				    m->sent_ms >= 0 ? m->sent_ms : m->received_ms, m->content);
	input_show(&s->input);
	if (!shown)
		leave(s);
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


static void on_sent(struct parley_session *session, uint32_t number, unsigned status, void *arg)
{
	struct chat_state *s = arg;
	char text[128];

	(void)session;
	(void)number;
	s->pending--;
	if (status != 200) {
		if (status)
			snprintf(text, sizeof(text), "a line was not taken (%u)", status);
		else
			snprintf(text, sizeof(text), "a line did not arrive: the session is over");
		say(s, text);
		s->run->status = CLI_FAILED;
	}
	if (s->input_open)
		input_go_on(&s->input);
	leave_if_done(s);
}


static void on_ended(struct parley_session *session, const struct parley_session_end *e, void *arg)
{
	struct chat_state *s = arg;
	struct run *r = s->run;
	int status = r->status;

	s->session = NULL;
	timer_cancel(&s->linger);
	if (s->input_open)
		input_close(&s->input);
	s->input_open = false;
	if (r->leaving)
		return;
	if (e->why == PARLEY_ENDED_THEM)
		(void)show_chat_state(r->cli, "ended", parley_session_peer(session));
	else if (e->why == PARLEY_REFUSED_THEM || e->why == PARLEY_FAILED)
		status = explain(r->cli, e->outcome, parley_session_peer(session));
	run_leave(r, status);
}


static const struct parley_session_handler session_handler = {
	.ringing = on_ringing,
	.established = on_established,
	.message = on_message,
	.composing = on_composing,
	.report = on_report,
	.sent = on_sent,
	.ended = on_ended,
};


/* ---- Who begins ---- */

static void call(struct run *r)
{
	struct chat_state *s = r->arg;
	int err = parley_chat(&s->session, r->parley,
			      &(struct parley_chat_params){
				      .to = r->cli->to,
				      .subject = r->cli->subject,
				      .anonymous = r->cli->anonymous,
				      .reports = r->cli->reports,
				      .handler = &session_handler,
				      .arg = s,
			      });

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
	if (s->session || r->leaving || r->cli->to)
		return 486;
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
	leave(r->arg);
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
		status = r.leaving ? r.status : run_loop(&r);
	timer_cancel(&s.linger);
	if (s.input_open)
		input_close(&s.input);
	run_close(&r);
	return status;
}
