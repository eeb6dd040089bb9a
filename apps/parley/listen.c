/* SPDX-License-Identifier: Apache-2.0 */
/* parley listen: prints what arrives. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Text of a large message that is printed; of a longer one, its beginning is not better than its size. */
#define TEXT_MAX 65536
/** Names tried for a file that is there already: "photo-2.jpg" … */
#define NAMES_MAX 100

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
	int fd; /**< -1: it is not saved */
	char path[1024];
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
	if (a->fd >= 0) {
		close(a->fd);
		/* Half of a file is none. */
		(void)unlink(a->path);
	}
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
	a->fd = -1;
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


/* Whoever sends a file names it: what is a path in the name, or would hide, is not taken over. */
static void put_name(struct buf *b, const char *name)
{
	for (const char *c = name; *c; c++) {
		unsigned char u = (unsigned char)*c;

		buf_putc(b,
			 u < 0x20 || u == 0x7f || u == '/' || u == '\\' || (u == '.' && c == name)
				 ? '_'
				 : *c);
	}
	if (!*name)
		buf_puts(b, STR("message"));
}


static bool save_begin(struct arrival *a, const char *directory)
{
	char name[200];
	struct buf b, path;

	buf_fixed(&b, name, sizeof(name));
	put_name(&b, a->content.name);
	if (!buf_cstr(&b)) {
		buf_clear(&b);
		buf_puts(&b, STR("message"));
	}
	for (int i = 1; i <= NAMES_MAX && a->fd < 0; i++) {
		ptrdiff_t dot = str_rfind(buf_str(&b), '.');
		struct str stem = dot > 0 ? str_upto(buf_str(&b), (size_t)dot) : buf_str(&b);

		buf_fixed(&path, a->path, sizeof(a->path));
		buf_printf(&path, "%s/" STR_FMT, directory, STR_ARG(stem));
		if (i > 1)
			buf_printf(&path, "-%d", i);
		buf_puts(&path, str_from(buf_str(&b), stem.n));
		if (!buf_cstr(&path))
			break;
		a->fd = open(a->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (a->fd < 0 && errno != EEXIST)
			break;
	}
	if (a->fd >= 0)
		return true;
	(void)cli_error("check --save", "%s cannot be written (%s)", a->path, strerror(errno));
	return false;
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
		return save_begin(a, directory);
	return true;
}


static bool on_piece(struct parley_session *s, uint64_t offset, const void *bytes, size_t n,
		     void *arg)
{
	struct arrival *a = arg;

	(void)s;
	if (a->is_text && a->mode == PARLEY_LARGE && offset == a->text.n && !a->text.failed)
		buf_put(&a->text, bytes, n);
	while (a->fd >= 0 && n) {
		ssize_t written = pwrite(a->fd, bytes, n, (off_t)offset);

		if (written < 0 && errno != EINTR) {
			(void)cli_error("make room, or choose another --save",
					"%s cannot be written (%s)", a->path, strerror(errno));
			return false;
		}
		if (written < 0)
			continue;
		bytes = (const char *)bytes + written;
		offset += (uint64_t)written;
		n -= (size_t)written;
	}
	return true;
}


static bool on_complete(struct parley_session *s, uint64_t size, void *arg)
{
	struct arrival *a = arg;
	bool saved = a->fd >= 0, whole = a->text.n == size && !a->text.failed;

	(void)s;
	if (saved && close(a->fd))
		(void)cli_error("check it", "%s was not written in full (%s)", a->path,
				strerror(errno));
	a->fd = -1;
	if (a->run->leaving)
		return false;
	return count(a->run, show_content(a->run->cli, &a->content, a->mode, size,
					  whole && a->is_text ? buf_str(&a->text) : STR_NULL,
					  saved ? a->path : NULL));
}


static void on_ended(struct parley_session *s, const struct parley_session_end *e, void *arg)
{
	struct arrival *a = arg;

	(void)s;
	if (e->outcome->error && !a->run->leaving)
		(void)cli_error("ask for it again", "what %s sent was cut short",
				a->begun && *a->content.from ? a->content.from : "somebody");
	arrival_free(a);
}


static const struct parley_session_handler session_handler = {
	.content = on_content,
	.piece = on_piece,
	.complete = on_complete,
	.ended = on_ended,
};


/* Listening is no talking: a chat is shown, and declined for other devices to take. */
static unsigned invitation(struct run *r, const struct parley_invitation *i)
{
	struct arrival *a;

	if (r->leaving)
		return 480;
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
