/* SPDX-License-Identifier: Apache-2.0 */
/* parley send: a one-shot message or a file, and what became of it. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** How long reports are waited for, when --timeout does not say. */
#define REPORTS_S 30

struct send_state {
	struct buf content;
	struct sent_file file; /* fd -1: none */
	const char *type;
	struct progress progress;
	unsigned awaited; /**< reports that have not come */
	bool sent;
};


/* ---- The content ---- */

static int read_input(struct buf *b)
{
	char part[4096];
	size_t n;

	while (!b->failed && (n = fread(part, 1, sizeof(part), stdin)) > 0)
		buf_put(b, part, n);
	if (ferror(stdin))
		return cli_error("check it", "standard input cannot be read (%s)", strerror(errno));
	if (b->failed)
		return cli_error("put it into a file", "standard input has more than %zu bytes",
				 PARLEY_CONTENT_MAX);
	return CLI_OK;
}


static int take_content(struct cli *c, struct send_state *s)
{
	int status = CLI_OK;
	bool text;

	buf_init(&s->content, PARLEY_CONTENT_MAX);
	s->file.fd = -1;
	if (c->file && strcmp(c->file, "-"))
		status = file_open(&s->file, c->file);
	else if (c->file)
		status = read_input(&s->content);
	else
		buf_puts(&s->content, str_of(c->text));
	if (status != CLI_OK)
		return status;
	if (s->content.failed)
		return cli_error("put it into a file", "the text has more than %zu bytes",
				 PARLEY_CONTENT_MAX);
	text = s->file.fd >= 0 ? s->file.text : show_is_text(buf_str(&s->content));
	s->type = c->type;
	if (!s->type && !text)
		s->type = "application/octet-stream";
	return CLI_OK;
}


/* ---- Sending ---- */

static void on_chosen(struct parley *p, enum parley_mode mode, size_t request_bytes, void *arg)
{
	struct run *r = arg;

	(void)p;
	if (r->cli->json || r->leaving)
		return;
	if (mode == PARLEY_FILE)
		fprintf(stderr, "parley: sent as a file, in a session of its own\n");
	else if (request_bytes)
		fprintf(stderr,
			"parley: sent as a large message: in pager mode it would be a request of "
			"%zu "
			"bytes, and below %d is the rule\n",
			request_bytes, PARLEY_PAGER_LIMIT);
	else
		fprintf(stderr, "parley: sent as a large message, %s\n",
			r->cli->large ? "as wanted"
				      : "for pager mode carries nothing of this size");
}


static void on_progress(struct parley *p, uint64_t done, uint64_t total, void *arg)
{
	struct run *r = arg;
	struct send_state *s = r->arg;

	(void)p;
	if (!r->cli->json)
		progress_show(&s->progress, done, total);
}


static void on_sent(struct parley *p, const struct parley_sent *sent, void *arg)
{
	struct run *r = arg;
	struct send_state *s = r->arg;
	const struct parley_outcome *o = &sent->outcome;

	(void)p;
	progress_clear(&s->progress);
	/* Given up: the reason was told where that was decided. */
	if (r->leaving)
		return;
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
	bool from_file = s->file.fd >= 0;
	struct parley_source source = {file_read, s->file.size, &s->file};
	struct parley_file file = {.name = s->file.name,
				   .hash = *s->file.hash ? s->file.hash : NULL,
				   .modified_ms = s->file.modified_ms};
	int err = parley_send(r->parley,
			      &(struct parley_outgoing){
				      .to = c->to,
				      .type = s->type,
				      .content = s->content.p,
				      .content_size = s->content.n,
				      .source = from_file ? &source : NULL,
				      /* --large: its content, and no file. */
				      .file = from_file && !c->large ? &file : NULL,
				      .anonymous = c->anonymous,
				      .reports = c->reports,
				      .large = c->large,
				      .reliable_path = c->reliable_path || c->account.reliable_path,
				      .progress = on_progress,
				      .chosen = on_chosen,
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
	struct send_state *s = r->arg;

	progress_clear(&s->progress);
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
	int status = take_content(c, &s);

	if (status == CLI_OK)
		status = run_whole(c, &handler, &s, begin);
	file_close(&s.file);
	buf_done(&s.content);
	return status;
}
