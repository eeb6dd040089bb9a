/* SPDX-License-Identifier: Apache-2.0 */
/* parley history, parley deferred: what the server keeps, listed, fetched, deleted. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/** Text of a message that is printed as a line; of a longer one its size is told. */
#define TEXT_MAX 65536
/** Pages of one list: two million entries in a server of ours, which none keeps. What goes on is a server gone mad. */
#define PAGES_MAX 10000

enum kept_action { KEPT_LIST, KEPT_GET, KEPT_DELETE };

struct kept_state {
	enum parley_keeper keeper;
	enum kept_action action;
	struct parley_selection selection;
	char *next;    /**< the page to come */
	uint32_t left; /**< of --limit; 0: no limit */
	uint32_t shown, pages;
	bool bare; /**< the one message's content goes to standard output, without a line about it */
	struct bare out;
	bool told; /**< why it was refused */
	bool begun;

	/* The message at hand. */
	struct parley_content content;
	struct arena texts;
	bool is_text;
	struct buf text;
	struct saved_file file;
};

static int ask(struct run *r);


static bool is_history(const struct kept_state *s)
{
	return s->keeper == PARLEY_HISTORY;
}


/* ---- A list ---- */

static void on_entry(struct parley *p, const struct parley_kept *k, void *arg)
{
	struct run *r = arg;
	struct kept_state *s = r->arg;

	(void)p;
	if (r->leaving || (r->cli->limit && s->shown == r->cli->limit))
		return;
	s->shown++;
	if (!show_kept(r->cli, k, is_history(s)))
		run_leave(r, CLI_FAILED);
}


/* ---- Messages ---- */

static void drop_message(struct kept_state *s)
{
	save_drop(&s->file);
	buf_done(&s->text);
	arena_done(&s->texts);
	s->texts = (struct arena)ARENA_INIT(32768);
	buf_init(&s->text, TEXT_MAX + 1);
}


static bool keep_texts(struct kept_state *s, const struct parley_content *c)
{
	const char **const texts[] = {&s->content.from, &s->content.from_name,
				      &s->content.to,   &s->content.type,
				      &s->content.name, &s->content.message_id};

	s->content = *c;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = arena_str(&s->texts, str_of(*texts[i])).p;
		if (!*texts[i])
			return false;
	}
	return true;
}


static bool on_content(struct parley *p, const struct parley_content *c, void *arg)
{
	struct run *r = arg;
	struct kept_state *s = r->arg;

	(void)p;
	if (r->leaving)
		return false;
	drop_message(s);
	s->begun = true;
	s->is_text = str_starts_nocase(str_of(c->type), STR("text/"));
	if (s->bare)
		bare_begin(&s->out, s->is_text);
	if (!keep_texts(s, c))
		return false;
	return !r->cli->save || save_begin(&s->file, r->cli->save, c->name);
}


/* What cannot be put out is refused; the server ends the session then. */
static bool put_bare(struct kept_state *s, int err)
{
	if (!err || s->told)
		return !err;
	s->told = true;
	if (err == -EILSEQ)
		cli_error("give --save DIR, or send standard output into a file",
			  "a terminal cannot show what is no text, but %s", s->content.type);
	else
		cli_error("look where it goes", "the output cannot be written");
	return false;
}


static bool on_piece(struct parley *p, uint64_t offset, const void *bytes, size_t n, void *arg)
{
	struct run *r = arg;
	struct kept_state *s = r->arg;

	(void)p;
	if (s->bare)
		return put_bare(s, bare_put(&s->out, (struct str){bytes, n}));
	if (s->is_text && offset == s->text.n && !s->text.failed)
		buf_put(&s->text, bytes, n);
	return s->file.fd < 0 || save_piece(&s->file, offset, bytes, n);
}


static bool on_complete(struct parley *p, uint64_t size, void *arg)
{
	struct run *r = arg;
	struct kept_state *s = r->arg;
	bool saved = s->file.fd >= 0, whole = s->text.n == size && !s->text.failed, good = true;

	(void)p;
	s->shown++;
	s->begun = false;
	if (saved)
		good = save_end(&s->file);
	if (s->bare)
		good = put_bare(s, bare_end(&s->out));
	else if (good)
		good = show_content(r->cli, &s->content,
				    *s->content.name ? PARLEY_FILE : PARLEY_LARGE, size,
				    whole && s->is_text && !saved ? buf_str(&s->text) : STR_NULL,
				    saved ? s->file.path : NULL);
	if (!good)
		run_leave(r, CLI_FAILED);
	return good;
}


/* ---- The end ---- */

static const char *service_of(const struct kept_state *s)
{
	return is_history(s) ? "the history" : "the deferred messages";
}


/* What came to nothing though it was granted. */
static int explain_broken(const struct kept_state *s, int error)
{
	switch (error) {
	case -ELOOP:
		return cli_error("tell its operator",
				 "the server's list of %s goes round in a circle", service_of(s));
	case -EPROTO:
		return cli_error("tell its operator", "what the server says of %s makes no sense",
				 service_of(s));
	case -ECONNRESET:
		return cli_error("try again", "not all that was asked for of %s has come",
				 service_of(s));
	default:
		return -1;
	}
}


static int explain_kept(struct run *r, const struct parley_outcome *o)
{
	struct kept_state *s = r->arg;
	int told = explain_broken(s, o->error);

	if (told >= 0)
		return told;
	if (o->status == 404 && !o->error && !r->cli->ids_n && s->action != KEPT_DELETE) {
		fprintf(stderr, "parley: there is nothing in %s\n", service_of(s));
		return CLI_OK;
	}
	if (o->status == 404 && !o->error)
		return cli_error(
			is_history(s) ? "see parley history list" : "see parley deferred list",
			r->cli->ids_n ? "there is no such message in %s" : "there is nothing in %s",
			service_of(s));
	if (o->status == 405 && !o->error)
		return cli_error("ask its operator", "the server does not give out %s",
				 service_of(s));
	if (o->status == 403 && !o->error)
		return cli_error("ask the server's operator", "the server does not let %s see %s",
				 r->cli->account.address, service_of(s));
	return explain(r->cli, o, service_of(s));
}


static void finish(struct run *r)
{
	struct kept_state *s = r->arg;

	if (s->action == KEPT_DELETE && !r->cli->json)
		printf("deleted\n");
	else if (s->action != KEPT_DELETE && !s->shown)
		fprintf(stderr, "parley: there is nothing in %s\n", service_of(s));
	run_leave(r, CLI_OK);
}


static int turn_page(struct run *r, const char *next)
{
	struct kept_state *s = r->arg;

	if (++s->pages == PAGES_MAX)
		return cli_error("choose by --with, --since and --until",
				 "the list of %s has not ended after %u pages", service_of(s),
				 s->pages);
	mem_unref(s->next);
	s->next = str_dup(str_of(next));
	return s->next ? ask(r) : cli_error("free some, and try again", "there is no memory");
}


static void on_ended(struct parley *p, const struct parley_kept_end *e, void *arg)
{
	struct run *r = arg;
	struct kept_state *s = r->arg;
	int status = CLI_OK;

	(void)p;
	if (s->begun && !r->leaving)
		drop_message(s);
	if (r->leaving)
		return;
	if (s->told) {
		run_leave(r, CLI_FAILED);
		return;
	}
	if (e->outcome->error || e->outcome->status >= 300) {
		run_leave(r, explain_kept(r, e->outcome));
		return;
	}
	if (e->next && (!r->cli->limit || s->shown < r->cli->limit)) {
		status = turn_page(r, e->next);
		if (status != CLI_OK)
			run_leave(r, status);
		return;
	}
	finish(r);
}


static const struct parley_kept_handler kept_handler = {
	.entry = on_entry,
	.content = on_content,
	.piece = on_piece,
	.complete = on_complete,
	.ended = on_ended,
};


/* ---- What is asked ---- */

static bool take_moment(int64_t *ret, const char *text)
{
	static const char *const forms[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
					    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *end = strptime(text, forms[i], &tm);
		time_t at;

		if (!end || *end)
			continue;
		tm.tm_isdst = -1;
		at = mktime(&tm);
		if (at < 0)
			return false;
		*ret = (int64_t)at * 1000;
		return true;
	}
	return false;
}


static const char *default_service(struct cli *c, enum parley_keeper keeper)
{
	struct buf b = BUF_INIT(2048);
	struct str account = str_of(c->account.address);
	ptrdiff_t at = str_rfind(account, '@');
	const char *uri;

	buf_puts(&b, keeper == PARLEY_HISTORY ? STR("sip:history") : STR("sip:deferred"));
	buf_puts(&b, at < 0 ? STR("") : str_from(account, (size_t)at));
	uri = b.failed ? NULL : arena_str(&c->memory, buf_str(&b)).p;
	buf_done(&b);
	return uri;
}


/* "1806226432001024" is written for the whole reference. */
static const char *reference_of(struct cli *c, const char *service, const char *key,
				const char *text)
{
	struct buf b = BUF_INIT(4096);
	const char *whole;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return text;
	buf_printf(&b, "%s;%s=%s", service, key, text);
	whole = b.failed ? NULL : arena_str(&c->memory, buf_str(&b)).p;
	buf_done(&b);
	return whole;
}


static int take_references(struct kept_state *s, struct cli *c, const char *service)
{
	size_t n = c->session ? 1 : c->ids_n;
	const char **all = n ? arena_alloc(&c->memory, n * sizeof(*all)) : NULL;

	if (n && !all)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		all[i] = c->session ? reference_of(c, service, "conversation", c->session)
				    : reference_of(c, service, "id", c->ids[i]);
		if (!all[i])
			return -ENOMEM;
	}
	s->selection.references = all;
	s->selection.references_n = n;
	return 0;
}


static int take_selection(struct kept_state *s, struct cli *c)
{
	struct parley_selection *q = &s->selection;
	const char *service = c->service ? c->service : default_service(c, s->keeper);

	*q = (struct parley_selection){
		.keeper = s->keeper,
		.service = service,
		.with = c->with,
		.text = c->search,
		.sessions = c->sessions,
		.limit = c->limit,
	};
	if (c->since && !take_moment(&q->since_ms, c->since))
		return cli_usage("write 2026-11-21, or \"2026-11-21 10:41\"",
				 "'%s' is no value of --since", c->since);
	if (c->until && !take_moment(&q->until_ms, c->until))
		return cli_usage("write 2026-11-21, or \"2026-11-21 10:41\"",
				 "'%s' is no value of --until", c->until);
	if (!service || take_references(s, c, service))
		return cli_error("free some, and try again", "there is no memory");
	return CLI_OK;
}


/* What goes, or is written out as it is, must be named. */
static int check(const struct kept_state *s, const struct cli *c, const char *what)
{
	bool selects = c->with || c->since || c->until || c->search || c->limit || c->sessions;
	bool named = c->ids_n || c->session;

	if (!is_history(s) && (c->search || c->sessions || c->session))
		return cli_usage("choose by --with, --since and --until",
				 "deferred messages cannot be looked through");
	if (c->session && c->ids_n)
		return cli_usage("leave one of them away", "a --session and messages are named");
	if (named && selects)
		return cli_usage("leave one of them away",
				 "messages are named, and others looked for");
	if (s->action == KEPT_LIST && c->ids_n)
		return cli_usage("get shows messages themselves",
				 "a list is of all that is kept, not of '%s'", c->ids[0]);
	if (s->action == KEPT_GET && c->sessions)
		return cli_usage("name one with --session", "sessions can be listed only");
	if (s->action == KEPT_DELETE && selects)
		return cli_usage("list them, and name what is to go",
				 "what is deleted must be named");
	if (s->action == KEPT_DELETE && named == c->all)
		return cli_usage("name messages by their numbers, or say --all",
				 "it is not clear what is to be deleted from %s", service_of(s));
	if (s->action != KEPT_DELETE && c->all)
		return cli_usage("leave it away", "--all is for %s delete", what);
	return CLI_OK;
}


static int ask(struct run *r)
{
	struct kept_state *s = r->arg;
	struct parley_selection q = s->selection;
	int err;

	q.next = s->next;
	if (s->action == KEPT_LIST)
		err = parley_kept_list(r->parley, &q, &kept_handler, r);
	else if (s->action == KEPT_GET)
		err = parley_kept_get(r->parley, &q, &kept_handler, r);
	else
		err = parley_kept_delete(r->parley, &q, &kept_handler, r);
	if (err == -EINVAL)
		return cli_usage("numbers are as the list has them, addresses sip:NAME@DOMAIN",
				 "that cannot be asked for");
	return err ? cli_error("free some, and try again", "there is no memory") : CLI_OK;
}


/* ---- The run ---- */

static void begin_or_leave(struct run *r)
{
	int status = ask(r);

	if (status != CLI_OK)
		run_leave(r, status);
}


static void registered(struct run *r)
{
	if (!r->was_registered)
		begin_or_leave(r);
}


static void interrupted(struct run *r)
{
	run_leave(r, cli_error("ask for it again", "interrupted before all of it came"));
}


static void timeout(struct run *r)
{
	run_leave(r, cli_error("give it more --timeout", "the server took too long"));
}


static const struct run_handler handler = {
	.registered = registered,
	.interrupted = interrupted,
	.timeout = timeout,
};


/* An IMS serves only who is registered. */
static int begin(struct run *r)
{
	const struct account *a = &r->cli->account;

	if (r->cli->timeout_given)
		run_timeout(r, r->cli->timeout_s);
	if (a->core && !strcmp(a->core, "ims"))
		return parley_register(r->parley)
			       ? cli_error("free some, and try again", "there is no memory")
			       : CLI_OK;
	return ask(r);
}


static bool take_action(struct kept_state *s, const char *what)
{
	static const char *const names[] = {
		[KEPT_LIST] = "list", [KEPT_GET] = "get", [KEPT_DELETE] = "delete"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(what, names[i]))
			continue;
		s->action = (enum kept_action)i;
		return true;
	}
	return false;
}


int command_kept(struct cli *c, enum parley_keeper keeper, const char *what)
{
	const char *command = keeper == PARLEY_HISTORY ? "history" : "deferred";
	struct kept_state s = {.keeper = keeper, .file = {.fd = -1}};
	int status;

	if (!take_action(&s, what))
		return cli_usage("there are list, get and delete", "there is no command '%s %s'",
				 command, what);
	status = check(&s, c, command);
	if (status == CLI_OK)
		status = take_selection(&s, c);
	if (status != CLI_OK)
		return status;
	s.bare = s.action == KEPT_GET && c->ids_n == 1 && !c->save && !c->json;
	drop_message(&s);
	status = run_whole(c, &handler, &s, begin);
	drop_message(&s);
	mem_unref(s.next);
	arena_done(&s.texts);
	return status;
}
