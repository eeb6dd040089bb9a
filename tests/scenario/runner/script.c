/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario file as read: declarations, cases, steps. */
#include "scenario/runner/script.h"

#include <stdio.h>

enum declaration {
	D_PROVES,
	D_CONFIG,
	D_ZONE,
	D_USER,
	D_PEER,
	D_CLIENT,
	D_SET,
	D_SERVER,
	D_CORE,
	D_SETTINGS,
	D_SETUP,
	D_STEPS,
	D_CASE,
	D_TABLE,
};

const struct scn_form scn_declarations[] = {
	[D_PROVES] = {"Proves:|proves TEXT",
		      "requirement ids, by commas: of the file's cases, or of one case"},
	[D_CONFIG] = {"config",
		      "keys of the server's configuration (YAML) beneath, over the defaults",
		      .beneath = SCN_BLOCK},
	[D_ZONE] = {"zone", "DNS records beneath, one a line", .beneath = SCN_BLOCK},
	[D_USER] = {"user NAME password VALUE", "an account of the embedded core"},
	[D_PEER] = {"peer NAME [at VALUE_AT] [over VALUE_OVER] [is NAME_IS] [uri VALUE_URI] "
		    "[registered]",
		    "a SIP element outside the server: where it is, over which transports, who it "
		    "says it is"},
	[D_CLIENT] =
		{"client NAME [password VALUE] [server VALUE_SERVER] [at VALUE_AT] [over "
		 "VALUE_OVER] "
		 "[is NAME_IS] [called VALUE_CALLED] [in ims] [reports only] [registered]",
		 "the bundled client: its account, and the server it goes to (else the one under "
		 "test)"},
	[D_SET] = {"set NAME TEXT", "a variable: {NAME} stands for the rest of the line"},
	[D_SERVER] = {"server none", "the peers talk among themselves: for tests of this runner"},
	[D_CORE] = {"for core TEXT",
		    "plays every case once in each of these settings; {core} says which"},
	[D_SETTINGS] =
		{"settings: TEXT",
		 "plays every case once in each of these settings, embedded and ims; in ims the "
		 "runner is the core"},
	[D_SETUP] = {"setup", "steps beneath are played before each case's own",
		     .beneath = SCN_STEPS},
	[D_STEPS] = {"steps NAME", "steps beneath get a name, to be played by `do NAME`",
		     .beneath = SCN_STEPS},
	[D_CASE] = {"case QUOTED", "one test: declarations of its own, then its steps",
		    .beneath = SCN_STEPS},
	[D_TABLE] = {"table",
		     "in a case: plays it once for each row, | cell | cell |, under the names of "
		     "the first",
		     .beneath = SCN_BLOCK},
	{0},
};

struct reader {
	struct arena *a;
	struct buf *why;
	struct scn_script *s;
	struct scn_case *c; /**< in which we are; NULL: at the top */
};


static void complain(struct reader *r, const struct scn_line *l, const char *what,
		     struct str remedy)
{
	buf_printf(r->why, "%s:%u: " STR_FMT ": %s: " STR_FMT "\n", l->file, l->no,
		   STR_ARG(l->text), what, STR_ARG(remedy));
}


static bool has_peer(const struct scn_decls *d, struct str name)
{
	for (const struct scn_peer_decl *p = d->peers; p; p = p->next)
		if (str_eq(p->name, name))
			return true;
	return false;
}


static bool has_client(const struct scn_decls *d, struct str name)
{
	for (const struct scn_client_decl *c = d->clients; c; c = c->next)
		if (str_eq(c->name, name))
			return true;
	return false;
}


/** scn_known_cb */
static bool known(struct str kind, struct str name, const void *arg)
{
	const struct reader *r = arg;
	bool peer = has_peer(&r->s->decls, name) || (r->c && has_peer(&r->c->decls, name));
	bool client = has_client(&r->s->decls, name) || (r->c && has_client(&r->c->decls, name));

	return (peer && !str_eq(kind, STR("CLIENT"))) || (client && !str_eq(kind, STR("PEER")));
}


#define APPEND(list, item)                         \
	do {                                       \
		__typeof__(list) *tail_ = &(list); \
		while (*tail_)                     \
			tail_ = &(*tail_)->next;   \
		*tail_ = (item);                   \
	} while (0)


/* ---- Steps ---- */

static void suggest(struct reader *r, const struct scn_line *l, const struct scn_words *w)
{
	const struct scn_form *best = NULL;
	size_t near = 0;

	for (const struct scn_form *const *t = scn_statement_tables; *t; t++) {
		for (const struct scn_form *f = *t; f->pattern; f++) {
			size_t n = scn_form_nearness(f, w);

			if (n > near) {
				near = n;
				best = f;
			}
		}
	}
	if (best && str_starts(str_of(best->pattern), STR("PEER")) &&
	    !known(STR("ACTOR"), w->w[0].text, r))
		complain(r, l, "there is no such peer",
			 scn_fmt(r->a, "declare it: peer " STR_FMT, STR_ARG(w->w[0].text)));
	else if (best)
		complain(r, l, "not understood",
			 scn_fmt(r->a, "the nearest form is: " STR_FMT,
				 STR_ARG(scn_form_text(r->a, best))));
	else
		complain(r, l, "not understood", STR("see docs/scenarios.md"));
}


static const struct scn_form *find_form(struct reader *r, const struct scn_words *w,
					struct str text, struct scn_args *args)
{
	for (const struct scn_form *const *t = scn_statement_tables; *t; t++)
		for (const struct scn_form *f = *t; f->pattern; f++)
			if (scn_form_match(f, w, text, known, r, args))
				return f;
	return NULL;
}


static struct scn_step *read_steps(struct reader *r, const struct scn_line *l);


static void read_beneath(struct reader *r, struct scn_step *st)
{
	const struct scn_line *l = st->line;
	struct str why = STR_NULL;

	if (l->here.p && !st->form->here)
		complain(r, l, "no text belongs here", STR("take the << away"));
	switch (st->form->beneath) {
	case SCN_CHANGES:
		st->changes = scn_changes_read(r->a, l->child, &why);
		break;
	case SCN_CHECKS:
		st->checks = scn_checks_read(r->a, l->child, &why);
		break;
	case SCN_STEPS:
		st->steps = read_steps(r, l->child);
		break;
	case SCN_BLOCK:
		break;
	case SCN_NOTHING:
		if (l->child)
			complain(r, l->child, "nothing may stand beneath this statement",
				 STR("indent it less"));
		break;
	}
	if (why.p)
		buf_printf(r->why, STR_FMT "\n", STR_ARG(why));
}


/** One statement of `text`, which is `l`'s or the end of it. */
static struct scn_step *read_statement(struct reader *r, const struct scn_line *l, struct str text)
{
	struct scn_step *st = scn_alloc(r->a, sizeof(*st));
	struct scn_words w;

	if (!scn_words(&w, text) || !w.n) {
		complain(r, l, "a quote or a brace is not closed", STR("close it"));
		return NULL;
	}
	st->line = l;
	st->form = find_form(r, &w, text, &st->args);
	if (!st->form) {
		suggest(r, l, &w);
		return NULL;
	}
	return st;
}


/** "at 1h", "after 2s": the time that may stand before a statement. Its length; 0: there is none. */
static size_t time_prefix(struct str text)
{
	struct scn_words w;
	uint64_t ms;

	if (!scn_words(&w, text) || w.n < 3 || w.w[0].quoted ||
	    (!str_eq(w.w[0].text, STR("at")) && !str_eq(w.w[0].text, STR("after"))) ||
	    !scn_duration(w.w[1].text, &ms))
		return 0;
	return w.w[2].at;
}


static struct scn_step *read_steps(struct reader *r, const struct scn_line *l)
{
	struct scn_step *first = NULL;

	for (; l; l = l->next) {
		size_t time = time_prefix(l->text);
		struct scn_step *st;

		if (time) {
			st = read_statement(r, l, str_upto(l->text, time));
			if (st)
				APPEND(first, st);
		}
		st = read_statement(r, l, str_from(l->text, time));
		if (!st)
			continue;
		read_beneath(r, st);
		APPEND(first, st);
	}
	return first;
}


/** A case, or what it plays, judges something. */
static bool judges(const struct scn_script *s, const struct scn_step *st, unsigned depth)
{
	for (; st; st = st->next) {
		if (st->form->judges || judges(s, st->steps, depth))
			return true;
		if (!str_eq(str_of(st->form->pattern), STR("do NAME")) || depth > 8)
			continue;
		for (const struct scn_steps *p = s->procedures; p; p = p->next)
			if (str_eq(p->name, scn_arg(&st->args, "NAME")) &&
			    judges(s, p->steps, depth + 1))
				return true;
	}
	return false;
}


/* ---- Declarations ---- */

static void read_ids(struct reader *r, struct scn_decls *d, const struct scn_line *l,
		     struct str list)
{
	while (list.p) {
		struct str id = str_trim(str_cut(&list, ','));

		if (!id.n)
			continue;
		if (d->ids_n == SCN_IDS_MAX)
			complain(r, l, "too many ids", STR("split the file"));
		else
			d->ids[d->ids_n++] = id;
	}
}


static void read_cores(struct reader *r, struct scn_decls *d, const struct scn_line *l,
		       struct str list, char between)
{
	while (list.p) {
		struct str core = str_trim(str_cut(&list, between));

		if (d->cores_n == SCN_CORES_MAX ||
		    (!str_eq(core, STR("embedded")) && !str_eq(core, STR("ims"))))
			complain(r, l, "no such setting", STR("there are embedded and ims"));
		else
			d->cores[d->cores_n++] = core;
	}
}


static struct scn_text *read_block(struct reader *r, const struct scn_line *l)
{
	struct scn_text *t = scn_alloc(r->a, sizeof(*t));

	t->line = l;
	t->text = scn_block_dedent(r->a, l->block);
	return t;
}


static void read_user(struct reader *r, struct scn_decls *d, const struct scn_line *l,
		      const struct scn_args *args)
{
	struct scn_user *u = scn_alloc(r->a, sizeof(*u));

	u->line = l;
	u->name = scn_arg(args, "NAME");
	u->password = scn_arg(args, "VALUE");
	APPEND(d->users, u);
}


static void check_name(struct reader *r, const struct scn_line *l, struct str name)
{
	if (known(STR("ACTOR"), name, r))
		complain(r, l, "this peer is declared already", STR("give it another name"));
	if (!scn_is_name(name))
		complain(r, l, "not a name", STR("a letter first, then letters, digits, _ and -"));
}


static void read_client(struct reader *r, struct scn_decls *d, const struct scn_line *l,
			const struct scn_args *args)
{
	struct scn_client_decl *c = scn_alloc(r->a, sizeof(*c));

	c->line = l;
	c->name = scn_arg(args, "NAME");
	c->password = scn_arg(args, "VALUE");
	c->server = scn_arg(args, "VALUE_SERVER");
	c->at = scn_arg(args, "VALUE_AT");
	c->over = scn_arg(args, "VALUE_OVER");
	c->is = scn_arg(args, "NAME_IS");
	c->called = scn_arg(args, "VALUE_CALLED");
	c->ims = scn_arg(args, "in").p != NULL;
	c->reports_only = scn_arg(args, "reports").p != NULL;
	c->registered = scn_arg(args, "registered").p != NULL;
	check_name(r, l, c->name);
	APPEND(d->clients, c);
}


static void read_peer(struct reader *r, struct scn_decls *d, const struct scn_line *l,
		      const struct scn_args *args)
{
	struct scn_peer_decl *p = scn_alloc(r->a, sizeof(*p));

	p->line = l;
	p->name = scn_arg(args, "NAME");
	p->at = scn_arg(args, "VALUE_AT");
	p->over = scn_arg(args, "VALUE_OVER");
	p->is = scn_arg(args, "NAME_IS");
	p->uri = scn_arg(args, "VALUE_URI");
	p->registered = scn_arg(args, "registered").p != NULL;
	check_name(r, l, p->name);
	APPEND(d->peers, p);
}


static void read_set(struct reader *r, struct scn_decls *d, const struct scn_args *args)
{
	struct scn_set *s = scn_alloc(r->a, sizeof(*s));

	s->name = scn_arg(args, "NAME");
	s->value = scn_arg(args, "TEXT");
	APPEND(d->sets, s);
}


/** Cells of "| a | b |"; their number. `\|` is a bar. */
static size_t read_cells(struct reader *r, struct str line, struct str *cells, size_t max)
{
	struct buf cell = BUF_INIT(SCN_ARENA_MAX);
	size_t n = 0;

	for (size_t i = 1; i < line.n && n < max; i++) {
		if (line.p[i] == '\\' && i + 1 < line.n && line.p[i + 1] == '|') {
			buf_putc(&cell, line.p[++i]);
		} else if (line.p[i] == '|') {
			cells[n++] = scn_copy(r->a, str_trim(buf_str(&cell)));
			buf_clear(&cell);
		} else {
			buf_putc(&cell, line.p[i]);
		}
	}
	buf_done(&cell);
	return n;
}


static void read_table(struct reader *r, const struct scn_line *l)
{
	struct scn_case *c = r->c;

	for (const struct scn_line *row = l->child; row; row = row->next) {
		struct str cells[SCN_ARGS_MAX];
		size_t n = row->text.p[0] == '|' ? read_cells(r, row->text, cells, SCN_ARGS_MAX)
						 : 0;

		if (!n || (c->columns_n && n != c->columns_n) || c->rows_n == SCN_ROWS_MAX) {
			complain(r, row, "not a row of this table",
				 STR("write | cell | cell | with as many as the first row"));
		} else if (!c->columns_n) {
			c->columns_n = n;
			memcpy(c->columns, cells, n * sizeof(cells[0]));
		} else {
			c->row_lines[c->rows_n] = row;
			c->rows[c->rows_n] = scn_alloc(r->a, n * sizeof(cells[0]));
			memcpy(c->rows[c->rows_n++], cells, n * sizeof(cells[0]));
		}
	}
}


/** The declaration that a line is; -1: none. */
static int declaration_of(const struct scn_line *l, struct scn_args *args)
{
	struct scn_words w;

	if (!scn_words(&w, l->text) || !w.n)
		return -1;
	for (int i = 0; scn_declarations[i].pattern; i++)
		if (scn_form_match(&scn_declarations[i], &w, l->text, NULL, NULL, args))
			return i;
	return -1;
}


static bool declare(struct reader *r, struct scn_decls *d, const struct scn_line *l, int what,
		    const struct scn_args *args)
{
	switch (what) {
	case D_PROVES:
		read_ids(r, d, l, scn_arg(args, "TEXT"));
		break;
	case D_CONFIG:
		APPEND(d->config, read_block(r, l));
		break;
	case D_ZONE:
		APPEND(d->zone, read_block(r, l));
		break;
	case D_USER:
		read_user(r, d, l, args);
		break;
	case D_PEER:
		read_peer(r, d, l, args);
		break;
	case D_CLIENT:
		read_client(r, d, l, args);
		break;
	case D_SET:
		read_set(r, d, args);
		break;
	case D_SERVER:
		d->no_server = true;
		break;
	case D_CORE:
		read_cores(r, d, l, scn_arg(args, "TEXT"), ',');
		break;
	case D_SETTINGS:
		read_cores(r, d, l, scn_arg(args, "TEXT"), ' ');
		d->plays_core = true;
		break;
	case D_SETUP:
		d->setup = read_steps(r, l->child);
		break;
	default:
		return false;
	}
	if (scn_declarations[what].beneath == SCN_NOTHING && l->child)
		complain(r, l->child, "nothing may stand beneath a declaration like this",
			 STR("indent it less"));
	return true;
}


static void read_case(struct reader *r, const struct scn_line *l, struct str title)
{
	struct scn_case *c = scn_alloc(r->a, sizeof(*c));
	const struct scn_line *in = l->child;

	c->line = l;
	c->title = scn_unescape(r->a, title);
	r->c = c;
	/* `set` is a declaration here too: it holds before the first step as well as then. */
	for (; in; in = in->next) {
		struct scn_args args;
		int what = declaration_of(in, &args);

		if (what == D_TABLE)
			read_table(r, in);
		else if (what < 0 || !declare(r, &c->decls, in, what, &args))
			break;
	}
	c->steps = read_steps(r, in);
	if (!judges(r->s, c->steps, 0) && !judges(r->s, c->decls.setup, 0))
		complain(r, l, "nothing is expected in this case",
			 STR("say what a peer receives, or what a counter, the store or the log "
			     "shows"));
	if (c->columns_n && !c->rows_n)
		complain(r, l, "the table has no rows", STR("write them beneath its first row"));
	APPEND(r->s->cases, c);
	r->c = NULL;
}


static void read_procedure(struct reader *r, const struct scn_line *l, struct str name)
{
	struct scn_steps *p = scn_alloc(r->a, sizeof(*p));

	p->name = name;
	p->steps = read_steps(r, l->child);
	APPEND(r->s->procedures, p);
}


static void read_top(struct reader *r, const struct scn_line *l)
{
	struct scn_args args;
	int what = declaration_of(l, &args);

	if (what == D_CASE)
		read_case(r, l, scn_arg(&args, "QUOTED"));
	else if (what == D_STEPS)
		read_procedure(r, l, scn_arg(&args, "NAME"));
	else if (what < 0 || !declare(r, &r->s->decls, l, what, &args))
		complain(r, l, "not a declaration",
			 STR("steps stand in a case: case \"what it shows\""));
}


struct scn_script *scn_script_read(struct arena *a, const char *file, struct str text,
				   struct buf *why)
{
	struct scn_script *s = scn_alloc(a, sizeof(*s));
	struct reader r = {.a = a, .why = why, .s = s};
	struct str trouble;
	const struct scn_line *first;
	size_t before = why->n;

	s->file = file;
	s->arena = a;
	first = scn_block_read(a, file, text, &trouble);
	if (trouble.p) {
		buf_printf(why, STR_FMT "\n", STR_ARG(trouble));
		return NULL;
	}
	for (const struct scn_line *l = first; l; l = l->next)
		read_top(&r, l);
	if (!s->cases && why->n == before)
		buf_printf(why,
			   "%s:1: there is no case in this file: write: case \"what it shows\"\n",
			   file);
	return why->n > before ? NULL : s;
}


static void print_table(struct arena *a, const struct scn_form *f)
{
	for (; f->pattern; f++)
		printf("- `" STR_FMT "`\n  %s\n", STR_ARG(scn_form_text(a, f)), f->says);
	putchar('\n');
}


void scn_forms_print(void)
{
	struct arena a = ARENA_INIT(SCN_ARENA_MAX);

	print_table(&a, scn_declarations);
	for (const struct scn_form *const *t = scn_statement_tables; *t; t++)
		print_table(&a, *t);
	arena_done(&a);
}
