/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, and what to do about it. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SERVER_REMEDY "check --server, and that the server runs"


static int tell(int status, const char *remedy, const char *what, va_list ap)
{
	char text[3072];
	struct buf safe = BUF_INIT(16384);

	(void)vsnprintf(text, sizeof(text), what, ap);
	show_text(&safe, str_of(text), 0);
	fprintf(stderr, "parley: " STR_FMT ": %s\n", STR_ARG(buf_str(&safe)), remedy);
	buf_done(&safe);
	return status;
}


int cli_error(const char *remedy, const char *what, ...)
{
	va_list ap;
	int status;

	va_start(ap, what);
	status = tell(CLI_FAILED, remedy, what, ap);
	va_end(ap);
	return status;
}


int cli_usage(const char *remedy, const char *what, ...)
{
	va_list ap;
	int status;

	va_start(ap, what);
	status = tell(CLI_USAGE, remedy, what, ap);
	va_end(ap);
	return status;
}


static const char *server_of(const struct cli *c)
{
	return c->account.server ? c->account.server : c->account.address;
}


/* Without an answer. */
static int explain_error(const struct cli *c, const struct parley_outcome *o)
{
	switch (o->error) {
	case -ETIMEDOUT:
		return cli_error(SERVER_REMEDY, "%s does not answer", server_of(c));
	case -ENOENT:
		return cli_error(
			"check its name, or say where the server is with --server HOST:PORT",
			"there is no server for %s", server_of(c));
	case -EACCES:
		return cli_error(
			"it must be for the domain of the account, from an authority in ca-file",
			"the certificate of %s cannot be trusted", server_of(c));
	case -ENOMEM:
		return cli_error("free some, and try again", "there is no memory");
	case -EIO:
		return cli_error("leave it alone while it is sent, and try again",
				 "the file cannot be read to its end");
	case -ECANCELED:
		return cli_error("try again", "the session was given up");
	default:
		return cli_error(SERVER_REMEDY, "%s cannot be reached (%s)", server_of(c),
				 strerror(-o->error));
	}
}


static int explain_password(const struct cli *c, const struct parley_outcome *o)
{
	if (o->error == -ENOKEY)
		return cli_error("give it with --password, PARLEY_PASSWORD or accounts.yaml",
				 "the server wants the password of %s", c->account.address);
	if (o->error == -ENOTSUP)
		return cli_error("it has to offer digest authentication with MD5 or SHA-256",
				 "the server authenticates in a way that is not known here");
	return cli_error("give the right one with --password, PARLEY_PASSWORD or accounts.yaml",
			 "the server refuses the password of %s", c->account.address);
}


struct explanation {
	unsigned status;
	const char *what, *remedy;
};

/* Of a message; %s is its recipient. */
static const struct explanation of_message[] = {
	{403, "the server does not let this message to %s pass",
	 "ask its operator, or the recipient"},
	{404, "there is no %s", "check the address"},
	{408, "%s did not answer in time", "try again later"},
	{410, "there is no %s any more", "check the address"},
	{413, "the message is larger than the server or %s takes", "write less"},
	{415, "%s does not take messages of this type", "send text, or choose another --type"},
	{416, "the server does not know addresses like %s", "write sip:NAME@DOMAIN"},
	{480, "%s cannot be reached now", "try again later"},
	{482, "the server sends messages to %s in a circle", "tell its operator"},
	{483, "the server sends messages to %s in a circle", "tell its operator"},
	{486, "%s is busy", "try again later"},
	{488, "%s does not take such messages", "send text"},
	{503, "the server has too much to do for a message to %s", "try again later"},
	{600, "%s is busy", "try again later"},
	{603, "%s declines", "ask them another way"},
	{604, "there is no %s anywhere", "check the address"},
};

/* Of a conversation, before those above; %s is the other side, or the group. */
static const struct explanation of_chat[] = {
	{403, "the server does not let you talk with %s", "ask its operator, or whose group it is"},
	{488, "%s does not take chats", "send a message"},
};

/* Of a group to be made of several, before those; %s is who makes groups. */
static const struct explanation of_made[] = {
	{404, "%s finds none of them", "check the addresses"},
	{480, "%s reaches none of them now", "try again later"},
};

/* Of a registration; %s is the account. */
static const struct explanation of_registration[] = {
	{403, "the server does not let %s register", "ask its operator"},
	{404, "the server does not know %s", "check --account"},
	{423, "the server wants longer registrations of %s", "raise expires in accounts.yaml"},
	{503, "the server has too much to do to register %s", "try again later"},
};


#define FIND(table, status) find(table, sizeof(table) / sizeof((table)[0]), status)

static const struct explanation *find(const struct explanation *e, size_t n, unsigned status)
{
	for (size_t i = 0; i < n; i++) {
		if (e[i].status == status)
			return &e[i];
	}
	return NULL;
}


static const struct explanation *of(const struct cli *c, const char *to, unsigned status)
{
	const struct explanation *e = NULL;

	if (!to)
		return FIND(of_registration, status);
	if (c->members_n)
		e = FIND(of_made, status);
	if (!e && c->talks)
		e = FIND(of_chat, status);
	return e ? e : FIND(of_message, status);
}


/* `e`: NULL for what is in no table. */
static int explain_status(const struct parley_outcome *o, const struct explanation *e,
			  const char *who)
{
	char what[512], answer[2048];
	struct buf b;

	buf_fixed(&b, answer, sizeof(answer));
	buf_printf(&b, "%u %s%s%s", o->status, o->reason, *o->detail ? ", " : "", o->detail);
	if (*o->accepts)
		buf_printf(&b, "; taken is %s", o->accepts);
	if (o->max_size) {
		buf_puts(&b, STR(", up to "));
		show_size(&b, o->max_size);
	}
	if (!buf_cstr(&b))
		snprintf(answer, sizeof(answer), "%u", o->status);
	if (e) {
		/* The format is one of the tables above: one %s. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(what, sizeof(what), e->what, who);
#pragma GCC diagnostic pop
		return cli_error(e->remedy, "%s (%s)", what, answer);
	}
	if (o->status >= 500 && o->status < 600)
		return cli_error("try again later", "the server failed (%s)", answer);
	if (o->status >= 300 && o->status < 400)
		return cli_error("send to that address", "%s is somewhere else (%s)", who, answer);
	return cli_error("ask the server's operator", "it was refused (%s)", answer);
}


/* What came of a session once it stood. */
static int explain_session(const struct parley_outcome *o, const char *to)
{
	char size[64] = "";
	struct buf b;

	buf_fixed(&b, size, sizeof(size));
	if (o->max_size)
		show_size(&b, o->max_size);
	switch (o->error) {
	case -EMSGSIZE:
		return cli_error("send less", "%s takes no more than %s", to,
				 o->max_size ? buf_cstr(&b) : "there is");
	case -EMEDIUMTYPE:
		return cli_error("choose another --type", "%s does not take this type, but %s", to,
				 *o->accepts ? o->accepts : "others");
	case -EREMOTEIO:
		return cli_error(o->status == 413   ? "send less"
				 : o->status == 415 ? "choose another --type"
						    : "try again later",
				 "%s did not take the message (%u %s)", to, o->status, o->reason);
	case -ECONNRESET:
		return cli_error("try again", "%s, or the way there, was lost before it had all",
				 to);
	case -ETIMEDOUT:
		/* Of the server it is told elsewhere. */
		return o->status ? cli_error("try again", "%s did not take all of it in time", to)
				 : -1;
	default:
		return -1;
	}
}


int explain(const struct cli *c, const struct parley_outcome *o, const char *to)
{
	int told = to && o->error ? explain_session(o, to) : -1;

	if (told >= 0)
		return told;
	if (!o->status)
		return explain_error(c, o);
	if (o->error && (o->status == 401 || o->status == 407))
		return explain_password(c, o);
	return explain_status(o, of(c, to, o->status), to ? to : c->account.address);
}
