/* SPDX-License-Identifier: Apache-2.0 */
/* parley send: a one-shot message, and what became of it. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** How long reports are waited for, when --timeout does not say. */
#define REPORTS_S 30

struct send_state {
	struct buf content;
	const char *type;
	char message_id[64];
	unsigned awaited; /**< reports that have not come */
	bool sent;
};


/* ---- The content ---- */

static int read_file(struct buf *b, const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "rbe") : stdin;
	char part[4096];
	size_t n;
	int err;

	if (!f)
		return cli_error("check its name", "%s cannot be read (%s)", name, strerror(errno));
	while (!b->failed && (n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(b, part, n);
	err = ferror(f) ? errno : 0;
	if (f != stdin)
		fclose(f);
	if (err)
		return cli_error("check it", "%s cannot be read (%s)", name, strerror(err));
	if (b->failed)
		return cli_error("send a shorter one; large messages are not spoken yet",
				 "%s is larger than %d bytes", name, PARLEY_CONTENT_MAX);
	return CLI_OK;
}


static int take_content(struct cli *c, struct send_state *s)
{
	buf_init(&s->content, PARLEY_CONTENT_MAX);
	if (c->file) {
		int status = read_file(&s->content, c->file);

		if (status != CLI_OK)
			return status;
	} else {
		buf_puts(&s->content, str_of(c->text));
		if (s->content.failed)
			return cli_error("send a shorter one; large messages are not spoken yet",
					 "the text is larger than %d bytes", PARLEY_CONTENT_MAX);
	}
	s->type = c->type;
	if (!s->type && !show_is_text(buf_str(&s->content)))
		s->type = "application/octet-stream";
	return CLI_OK;
}


/* ---- Sending ---- */

static void on_sent(struct parley *p, const struct parley_sent *sent, void *arg)
{
	struct run *r = arg;
	struct send_state *s = r->arg;
	const struct parley_outcome *o = &sent->outcome;

	(void)p;
	if (o->error || o->status >= 300) {
		run_leave(r, explain(r->cli, o, r->cli->to));
		return;
	}
	if (!show_sent(r->cli, sent)) {
		run_leave(r, cli_error("check where it goes", "the outcome cannot be written"));
		return;
	}
	s->sent = true;
	if (!s->awaited)
		run_leave(r, CLI_OK);
	else
		run_timeout(r, r->cli->timeout_given ? r->cli->timeout_s : REPORTS_S);
}


static void send_now(struct run *r)
{
	struct cli *c = r->cli;
	struct send_state *s = r->arg;
	int err = parley_send(r->parley,
			      &(struct parley_outgoing){
				      .to = c->to,
				      .type = s->type,
				      .content = s->content.p,
				      .content_size = s->content.n,
				      .anonymous = c->anonymous,
				      .reports = c->reports,
				      .large = c->large,
				      .reliable_path = c->reliable_path || c->account.reliable_path,
			      },
			      on_sent, r);

	if (err == -EINVAL)
		run_leave(r, cli_usage("write sip:NAME@DOMAIN, and a --type like text/plain",
				       "a message to %s cannot be made", c->to));
	else if (err)
		run_leave(r, cli_error("free some, and try again", "there is no memory"));
}


/* A registration for reports was lost and came back: the message was sent already. */
static void registered(struct run *r)
{
	struct send_state *s = r->arg;

	if (!r->was_registered && !s->sent)
		send_now(r);
}


/* ---- Reports ---- */

static void report(struct run *r, const struct parley_report *m)
{
	struct send_state *s = r->arg;
	bool bad = !strcmp(m->status, "failed") || !strcmp(m->status, "forbidden") ||
		   !strcmp(m->status, "error");

	if (!show_report(r->cli, m)) {
		run_leave(r, CLI_FAILED);
		return;
	}
	s->awaited &= ~(unsigned)m->kind;
	if (bad)
		run_leave(r, cli_error("try again later", "the message did not arrive (%s)",
				       m->status));
	else if (!s->awaited && s->sent)
		run_leave(r, CLI_OK);
}


static void interrupted(struct run *r)
{
	const struct send_state *s = r->arg;

	run_leave(r, s->sent ? CLI_OK
			     : cli_error("send it again", "interrupted before the answer came"));
}


static void timeout(struct run *r)
{
	const struct send_state *s = r->arg;

	fprintf(stderr,
		"parley: no %s report came in time: the recipient may send it later, or not at "
		"all\n",
		s->awaited == PARLEY_REPORT_DISPLAY ? "display" : "delivery");
	run_leave(r, CLI_OK);
}


static const struct run_handler handler = {
	.registered = registered,
	.report = report,
	.interrupted = interrupted,
	.timeout = timeout,
};


/* Who wants reports must be reachable for them; an IMS serves only who is registered. */
static int begin(struct run *r)
{
	struct cli *c = r->cli;

	if (!c->reports && !(c->account.core && !strcmp(c->account.core, "ims"))) {
		send_now(r);
		return CLI_OK;
	}
	if (parley_register(r->parley))
		return cli_error("free some, and try again", "there is no memory");
	return CLI_OK;
}


int command_send(struct cli *c)
{
	struct send_state s = {.awaited = c->reports};
	struct run r = {.status = CLI_OK};
	int status = take_content(c, &s);

	if (status == CLI_OK) {
		status = run_open(&r, c, &handler, &s, true);
		if (status == CLI_OK)
			status = begin(&r);
		if (status == CLI_OK)
			status = r.leaving ? r.status : run_loop(&r);
		run_close(&r);
	}
	buf_done(&s.content);
	return status;
}
