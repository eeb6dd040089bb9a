/* SPDX-License-Identifier: Apache-2.0 */
/* scn: plays scenario files and prints TAP, one test for each case. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenario/runner/play.h"
#include "scenario/runner/requirements.h"
#include "scenario/runner/script.h"

static const char usage[] =
	"usage: scn [-v] [--only TEXT] [--results FILE] [--ids FILE] SCENARIO...\n"
	"       scn --forms\n"
	"\n"
	"Plays the cases of scenario files (*.scn) against the whole server on a virtual clock and "
	"network.\n"
	"\n"
	"  -v, --verbose   print the ladder of every case: what went over the network, when\n"
	"  --only TEXT     only cases whose title has this text\n"
	"  --results FILE  write \"passed|failed ID FILE TITLE\" for each requirement id, "
	"separated by "
	"tabs\n"
	"  --ids FILE      the requirement ids there are; default: "
	"tests/scenario/requirements.ids\n"
	"  --forms         print every statement of the language\n"
	"\n"
	"example: build/tests/scn tests/scenario/pager/delivered.scn -v\n";

struct options {
	bool verbose;
	const char *only, *results, *ids;
};

struct run {
	struct options o;
	struct scn_requirements ids;
	FILE *results;
	unsigned tests, failed;
};


static struct str read_file(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b = BUF_INIT(SCN_ARENA_MAX);
	char piece[4096];
	struct str ret;
	size_t n;

	if (!f)
		scn_die("%s: %s", path, strerror(errno));
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(&b, piece, n);
	fclose(f);
	ret = scn_copy(a, buf_str(&b));
	buf_done(&b);
	return ret;
}


static void print_lines(struct str text)
{
	for (struct str rest = text; rest.n;) {
		struct str line = str_cut(&rest, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		printf("# " STR_FMT "\n", STR_ARG(line));
	}
}


/** TAP ends a description at '#'. */
static void print_title(struct str title)
{
	for (size_t i = 0; i < title.n; i++)
		putchar(title.p[i] == '#' ? '.' : title.p[i]);
}


static void note_results(struct run *r, const struct scn_script *s, const struct scn_case *c,
			 struct str title, bool passed)
{
	const struct scn_decls *both[] = {&s->decls, &c->decls};

	for (size_t k = 0; r->results && k < 2; k++)
		for (size_t i = 0; i < both[k]->ids_n; i++)
			fprintf(r->results, "%s\t" STR_FMT "\t%s\t" STR_FMT "\n",
				passed ? "passed" : "failed", STR_ARG(both[k]->ids[i]), s->file,
				STR_ARG(title));
}


/** The title with the row's words put in, and the setting when there are several. */
static struct str title_of(struct arena *a, const struct scn_case *c, struct str core, bool several,
			   size_t row)
{
	struct scn_vars vars = {0};
	struct str title = c->title, unknown;

	scn_var_set(a, &vars, STR("core"), core);
	for (size_t i = 0; row != SIZE_MAX && i < c->columns_n; i++)
		scn_var_set(a, &vars, c->columns[i], c->rows[row][i]);
	(void)scn_substitute(a, &vars, c->title, &title, &unknown);
	if (row != SIZE_MAX && str_eq(title, c->title))
		title = scn_fmt(a, STR_FMT " (" STR_FMT ")", STR_ARG(title),
				STR_ARG(c->rows[row][0]));
	return several ? scn_fmt(a, STR_FMT " [" STR_FMT "]", STR_ARG(title), STR_ARG(core))
		       : title;
}


static void play_one(struct run *r, const struct scn_script *s, const struct scn_case *c,
		     struct str core, bool several, size_t row)
{
	struct arena a = ARENA_INIT(SCN_ARENA_MAX);
	struct str title = title_of(&a, c, core, several, row);
	struct scn_outcome o;

	if (r->o.only && str_find_str(title, str_of(r->o.only)) < 0) {
		arena_done(&a);
		return;
	}
	o = scn_case_play(s, c, core, row, &a);
	r->tests++;
	r->failed += !o.passed;
	printf("%sok %u - %s: ", o.passed ? "" : "not ", r->tests, s->file);
	print_title(title);
	putchar('\n');
	print_lines(o.report);
	if (r->o.verbose)
		print_lines(o.ladder);
	fflush(stdout);
	note_results(r, s, c, title, o.passed);
	arena_done(&a);
}


static void play_case(struct run *r, const struct scn_script *s, const struct scn_case *c)
{
	static const struct str embedded = STR_INIT("embedded");
	const struct scn_decls *d = c->decls.cores_n ? &c->decls : &s->decls;
	const struct str *cores = d->cores_n ? d->cores : &embedded;
	size_t n = d->cores_n ? d->cores_n : 1;

	for (size_t k = 0; k < n; k++) {
		if (!c->columns_n)
			play_one(r, s, c, cores[k], n > 1, SIZE_MAX);
		for (size_t row = 0; row < c->rows_n; row++)
			play_one(r, s, c, cores[k], n > 1, row);
	}
}


static void play_file(struct run *r, const char *path)
{
	struct arena a = ARENA_INIT(SCN_ARENA_MAX);
	struct buf why = BUF_INIT(SCN_ARENA_MAX);
	const struct scn_script *s = scn_script_read(&a, path, read_file(&a, path), &why);

	if (s)
		scn_requirements_check(&r->ids, s, &why);
	if (why.n) {
		r->tests++;
		r->failed++;
		printf("not ok %u - %s: the file is understood\n", r->tests, path);
		print_lines(buf_str(&why));
	} else {
		for (const struct scn_case *c = s->cases; c; c = c->next)
			play_case(r, s, c);
	}
	buf_done(&why);
	arena_done(&a);
}


/** Takes options off; what is left are files. Their number; -1: usage. */
static int options(struct options *o, int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++) {
		struct str s = str_of(argv[i]);
		const char **with = NULL;

		if (str_eq(s, STR("-v")) || str_eq(s, STR("--verbose")))
			o->verbose = true;
		else if (str_eq(s, STR("--only")))
			with = &o->only;
		else if (str_eq(s, STR("--results")))
			with = &o->results;
		else if (str_eq(s, STR("--ids")))
			with = &o->ids;
		else if (s.n > 1 && s.p[0] == '-')
			return -1;
		else
			argv[files++] = argv[i];
		if (with && ++i == argc)
			return -1;
		if (with)
			*with = argv[i];
	}
	return files;
}


int main(int argc, char **argv)
{
	struct run r = {.o = {.ids = SCN_REQUIREMENTS}};
	struct arena a = ARENA_INIT(SCN_ARENA_MAX);
	int files;

	if (argc == 2 && str_eq(str_of(argv[1]), STR("--help"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 2 && str_eq(str_of(argv[1]), STR("--forms"))) {
		scn_forms_print();
		return 0;
	}
	files = options(&r.o, argc, argv);
	if (files < 1) {
		fputs(usage, stderr);
		return 2;
	}
	scn_requirements_read(&r.ids, read_file(&a, r.o.ids));
	if (r.o.results && !(r.results = fopen(r.o.results, "w")))
		scn_die("%s: %s", r.o.results, strerror(errno));
	for (int i = 0; i < files; i++)
		play_file(&r, argv[i]);
	printf("1..%u\n", r.tests);
	if (r.failed)
		fprintf(stderr, "scn: %u of %u cases failed\n", r.failed, r.tests);
	if (r.results)
		fclose(r.results);
	arena_done(&a);
	return r.failed ? 1 : 0;
}
