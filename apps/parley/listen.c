/* SPDX-License-Identifier: Apache-2.0 */
/* parley listen: prints what arrives. */
#include "cli.h"

#include <stdio.h>

/** Text of a large message that is printed; of a longer one, its beginning is not better than its size. */
#define TEXT_MAX 65536

struct listen_state {
	uint32_t arrived;
	struct list arrivals;
};

/** What comes in one session. */
struct arrival {
	struct list_link link;
	struct run *run;
	enum parley_mode mode;
	struct arena texts;
	struct parley_content content; /**< its texts are kept */
	bool begun, is_text;
	struct buf text;
	struct saved_file file;
};


static void registered(struct run *r)
{
	if (!show_registered(r->cli))
		run_leave(r, CLI_FAILED);
}


/* One more; false: it could not be shown. */
static bool count(struct run *r, bool shown)
{
	struct listen_state *s = r->arg;

	if (!shown) {
		run_leave(r, CLI_FAILED);
		return false;
	}
	if (++s->arrived == r->cli->count)
		run_leave(r, CLI_OK);
	return true;
}


static bool message(struct run *r, const struct parley_message *m)
{
	if (r->leaving)
		return false;
	return count(r, show_message(r->cli, m));
}


static void report(struct run *r, const struct parley_report *m)
{
	if (!r->leaving)
		(void)count(r, show_report(r->cli, m));
}


/* ---- Large messages and files ---- */

static void arrival_free(struct arrival *a)
{
	struct listen_state *s = a->run->arg;

	list_remove(&s->arrivals, &a->link);
	save_drop(&a->file);
	buf_done(&a->text);
	arena_done(&a->texts);
	mem_unref(a);
}


static struct arrival *arrival_make(struct run *r, enum parley_mode mode)
{
	struct arrival *a = mem_alloc(sizeof(*a), NULL);

	if (!a)
		return NULL;
	a->run = r;
	a->mode = mode;
	a->file.fd = -1;
	a->texts = (struct arena)ARENA_INIT(32768);
	buf_init(&a->text, TEXT_MAX + 1);
	list_append(&((struct listen_state *)r->arg)->arrivals, &a->link);
	return a;
}


static bool keep_texts(struct arrival *a, const struct parley_content *c)
{
	const char **const texts[] = {&a->content.from, &a->content.from_name,
				      &a->content.to,   &a->content.type,
				      &a->content.name, &a->content.message_id};

	a->content = *c;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = arena_str(&a->texts, str_of(*texts[i])).p;
		if (!*texts[i])
			return false;
	}
	return true;
}


static bool on_content(struct parley_session *s, const struct parley_content *c, void *arg)
{
	struct arrival *a = arg;
	const char *directory = a->run->cli->save;

	(void)s;
	a->begun = true;
	a->is_text = str_starts_nocase(str_of(c->type), STR("text/"));
	if (!keep_texts(a, c))
		return false;
	/* A text is for reading; all else, and what is called a file, is for keeping. */
	if (directory && (a->mode == PARLEY_FILE || !a->is_text))
		return save_begin(&a->file, directory, c->name);
	return true;
}


static bool on_piece(struct parley_session *s, uint64_t offset, const void *bytes, size_t n,
		     void *arg)
{
	struct arrival *a = arg;

	(void)s;
	if (a->is_text && a->mode == PARLEY_LARGE && offset == a->text.n && !a->text.failed)
		buf_put(&a->text, bytes, n);
	return a->file.fd < 0 || save_piece(&a->file, offset, bytes, n);
}


static bool on_complete(struct parley_session *s, uint64_t size, void *arg)
{
	struct arrival *a = arg;
	bool saved = a->file.fd >= 0, whole = a->text.n == size && !a->text.failed;

	(void)s;
	if (saved)
		(void)save_end(&a->file);
	if (a->run->leaving)
		return false;
	return count(a->run, show_content(a->run->cli, &a->content, a->mode, size,
					  whole && a->is_text ? buf_str(&a->text) : STR_NULL,
					  saved ? a->file.path : NULL));
}


/* ---- Chats and groups that are listened to: what they are told with is the run ---- */

static void on_established(struct parley_session *s, void *arg)
{
	const struct run *r = arg;

	if (parley_session_mode(s) != PARLEY_CHAT)
		return;
	if (parley_session_is_group(s))
		(void)show_group(r->cli, s, "established");
	else
		(void)show_chat_state(r->cli, "established", parley_session_peer(s));
}


static bool on_said(struct parley_session *s, const struct parley_message *m, void *arg)
{
	struct run *r = arg;

	(void)s;
	return !r->leaving && count(r, show_said(r->cli, m));
}


static void on_roster(struct parley_session *s, void *arg)
{
	const struct run *r = arg;

	(void)show_roster(r->cli, s);
}


static void on_person(struct parley_session *s, const struct parley_person *p,
		      enum parley_presence before, void *arg)
{
	const struct run *r = arg;

	(void)s;
	(void)show_person(r->cli, p, before);
}


static void on_lost(struct parley_session *s, const struct parley_outcome *o, uint32_t retry_ms,
		    void *arg)
{
	const struct run *r = arg;

	(void)o;
	(void)show_group_lost(r->cli, s, retry_ms);
}


static void chat_ended(const struct parley_session *s, const struct run *r)
{
	if (r->leaving)
		return;
	if (parley_session_identity(s))
		(void)show_group(r->cli, s, "ended");
	else
		(void)show_chat_state(r->cli, "ended", parley_session_peer(s));
}


/* ---- The end of either ---- */

static void on_ended(struct parley_session *s, const struct parley_session_end *e, void *arg)
{
	struct arrival *a = arg;

	if (parley_session_mode(s) == PARLEY_CHAT) {
		chat_ended(s, arg);
		return;
	}
	if (e->outcome->error && !a->run->leaving)
		(void)cli_error("ask for it again", "what %s sent was cut short",
				a->begun && *a->content.from ? a->content.from : "somebody");
	arrival_free(a);
}


static const struct parley_session_handler session_handler = {
	.content = on_content,
	.piece = on_piece,
	.complete = on_complete,
	.established = on_established,
	.message = on_said,
	.roster = on_roster,
	.person = on_person,
	.lost = on_lost,
	.ended = on_ended,
};


/* Listening is no talking: a chat is shown, and declined for other devices to take; unless that was asked for. */
static unsigned invitation(struct run *r, const struct parley_invitation *i)
{
	struct arrival *a;

	if (r->leaving)
		return 480;
	if (i->mode == PARLEY_CHAT && r->cli->take_chats) {
		if (i->group)
			(void)show_invited_group(r->cli, i);
		parley_session_set_arg(i->session, r);
		return 200;
	}
	if (i->mode == PARLEY_CHAT) {
		(void)count(r, show_invitation(r->cli, i, 488));
		return 488;
	}
	a = arrival_make(r, i->mode);
	if (!a)
		return 500;
	parley_session_set_arg(i->session, a);
	return 200;
}


static void interrupted(struct run *r)
{
	run_leave(r, CLI_OK);
}


static void timeout(struct run *r)
{
	const struct listen_state *s = r->arg;

	if (r->cli->count)
		run_leave(r, cli_error("wait longer with --timeout", "%u of %u arrived within %u s",
				       s->arrived, r->cli->count, r->cli->timeout_s));
	else
		run_leave(r, CLI_OK);
}


static const struct run_handler handler = {
	.registered = registered,
	.message = message,
	.report = report,
	.invitation = invitation,
	.interrupted = interrupted,
	.timeout = timeout,
	.sessions = &session_handler,
};


int command_listen(struct cli *c)
{
	struct listen_state s = {.arrived = 0};
	struct run r = {.status = CLI_OK};
	int status;

	list_init(&s.arrivals);
	status = run_open(&r, c, &handler, &s, false);
	if (status == CLI_OK && c->timeout_given)
		run_timeout(&r, c->timeout_s);
	if (status == CLI_OK)
		status = parley_register(r.parley)
				 ? cli_error("free some, and try again", "there is no memory")
				 : run_loop(&r);
	run_close(&r);
	for (struct list_link *k; (k = list_first(&s.arrivals));)
		arrival_free(container_of(k, struct arrival, link));
	return status;
}
