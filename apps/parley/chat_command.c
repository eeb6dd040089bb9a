/* SPDX-License-Identifier: Apache-2.0 */
/* What a user can ask for in a chat: lines that begin with '/'. */
#include "chat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** Longest name of a command. */
#define NAME_MAX_N 8

struct command {
	const char *name, *arguments, *does;
	bool group; /**< for groups only */
	/** `rest`: what follows, blanks dropped; "" for nothing. False: it has to wait. */
	bool (*run)(struct chat_state *s, const char *rest);
};

static const struct command commands[];


/* ---- Everywhere ---- */

static bool run_leave_chat(struct chat_state *s, const char *rest)
{
	(void)rest;
	chat_leave(s);
	return true;
}


static bool run_help(struct chat_state *s, const char *rest)
{
	char line[160];

	(void)rest;
	chat_say(s, "lines are sent as they are typed; //text sends /text");
	for (const struct command *c = commands; c->name; c++) {
		if (c->group && s->session && !parley_session_is_group(s->session))
			continue;
		snprintf(line, sizeof(line), "  /%s %-*s %s", c->name, (int)(20 - strlen(c->name)),
			 c->arguments, c->does);
		chat_say(s, line);
	}
	return true;
}


static void on_waited(struct timer *t, void *arg)
{
	(void)t;
	chat_go_on(arg);
}


/* For what comes from a pipe: lines that follow wait. */
static bool run_wait(struct chat_state *s, const char *rest)
{
	uint32_t seconds;

	if (!str_u32(str_of(rest), &seconds) || seconds > CHAT_WAIT_MAX_S) {
		chat_say(s, "write /wait SECONDS");
		return true;
	}
	timer_start(&s->wait, loop_timers(s->run->loop), (uint64_t)seconds * 1000, on_waited, s);
	return true;
}


/* ---- In a group ---- */

static void explain_error(struct chat_state *s, int err)
{
	switch (err) {
	case -EINVAL:
		chat_say(s, "that is no address: write sip:NAME@DOMAIN");
		break;
	case -ENOBUFS:
		chat_say(s, "that is too much at once");
		break;
	case -ENOTCONN:
		chat_say(s, "not now: there is no connection to the group");
		break;
	default:
		chat_say(s, "there is no memory");
	}
}


static bool run_who(struct chat_state *s, const char *rest)
{
	(void)rest;
	input_hide(&s->input);
	(void)show_roster(s->run->cli, s->session);
	input_show(&s->input);
	return true;
}


/* Blanks do as well as commas do. */
static int addresses(struct chat_state *s, const char *text, const char *const **ret, size_t *n)
{
	struct cli *c = s->run->cli;
	struct str list = arena_str(&c->memory, str_of(text));
	char *at = (char *)(uintptr_t)list.p;

	if (!list.p)
		return -ENOMEM;
	for (size_t i = 0; i < list.n; i++) {
		if (at[i] == ' ' || at[i] == '\t')
			at[i] = ',';
	}
	return address_list(c, list.p, ret, n);
}


static bool run_add(struct chat_state *s, const char *rest)
{
	const char *const *uris;
	size_t n = 0;
	int err = addresses(s, rest, &uris, &n);

	if (!err && !n) {
		chat_say(s, "write /add ADDRESS, several with commas");
	} else if (err) {
		explain_error(s, err);
	} else if (!parley_session_is_group(s->session)) {
		chat_begin_group(s, uris, n);
	} else {
		err = parley_group_add(s->session, uris, n, NULL);
		if (err)
			explain_error(s, err);
	}
	return true;
}


/* As the roster knows them, else as an address. */
static const char *whom(struct chat_state *s, const char *text)
{
	const char *uri = parley_group_find(s->session, text);

	return uri ? uri : address_whole(s->run->cli, text, s->run->cli->account.address);
}


static bool run_remove(struct chat_state *s, const char *rest)
{
	const char *uri = *rest ? whom(s, rest) : NULL;
	int err;

	if (!*rest) {
		chat_say(s, "write /remove WHO");
		return true;
	}
	err = uri ? parley_group_remove(s->session, uri, NULL) : -ENOMEM;
	if (err)
		explain_error(s, err);
	return true;
}


static bool run_nick(struct chat_state *s, const char *rest)
{
	int err;

	if (!*rest) {
		chat_say(s, "write /nick NAME, or /nick - for none");
		return true;
	}
	err = parley_group_nickname(s->session, strcmp(rest, "-") ? rest : "", NULL);
	if (err == -EINVAL)
		chat_say(s, "that is no nickname");
	else if (err)
		explain_error(s, err);
	return true;
}


static bool run_msg(struct chat_state *s, const char *rest)
{
	size_t n = strcspn(rest, " \t");
	struct str who = arena_str(&s->run->cli->memory, str_upto(str_of(rest), n));
	const char *text = rest + n + strspn(rest + n, " \t"), *uri;

	if (!n || !*text) {
		chat_say(s, "write /msg WHO TEXT");
		return true;
	}
	uri = who.p ? whom(s, who.p) : NULL;
	if (!uri) {
		explain_error(s, -ENOMEM);
		return true;
	}
	return chat_send_line(s, uri, text);
}


/* ---- Which ---- */

static const struct command commands[] = {
	{"who", "", "who is here", true, run_who},
	{"msg", "WHO TEXT", "say it to one of them alone", true, run_msg},
	{"add", "ADDRESS,…", "invite others", false, run_add},
	{"remove", "WHO", "send somebody away", true, run_remove},
	{"nick", "NAME", "be called so; - for no name", true, run_nick},
	{"wait", "SECONDS", "keep the lines that follow back", false, run_wait},
	{"leave", "", "end it", false, run_leave_chat},
	{"quit", "", "the same", false, run_leave_chat},
	{"help", "", "show this", false, run_help},
	{NULL, NULL, NULL, false, NULL},
};


bool chat_command(struct chat_state *s, const char *text)
{
	struct str name = str_upto(str_of(text + 1), strcspn(text + 1, " \t"));
	const char *rest = text + 1 + name.n + strspn(text + 1 + name.n, " \t");

	for (const struct command *c = commands; c->name; c++) {
		if (!str_eq(name, str_of(c->name)))
			continue;
		if (!s->session && c->run != run_leave_chat && c->run != run_help)
			return false;
		if (c->group && !parley_session_is_group(s->session)) {
			chat_say(s, "that is for groups: /add makes one of this talk");
			return true;
		}
		return c->run(s, rest);
	}
	chat_say(s, "there is no such command: /help shows them");
	return true;
}
