/* SPDX-License-Identifier: Apache-2.0 */
/* The requirement ids there are. */
#include "scenario/runner/requirements.h"


void scn_requirements_read(struct scn_requirements *r, struct str text)
{
	r->n = 0;
	for (struct str rest = text; rest.p && r->n < SCN_REQUIREMENTS_MAX;) {
		struct str line = str_cut(&rest, '\n'), id = str_trim(str_cut(&line, '\t'));

		if (id.n && id.p[0] != '#')
			r->id[r->n++] = id;
	}
}


static bool known(const struct scn_requirements *r, struct str id)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->id[i], id))
			return true;
	return false;
}


static void check(const struct scn_requirements *r, const char *file, unsigned line,
		  const struct scn_decls *d, struct buf *why)
{
	for (size_t i = 0; i < d->ids_n; i++)
		if (!known(r, d->ids[i]))
			buf_printf(why,
				   "%s:%u: there is no requirement " STR_FMT
				   ": see tests/scenario/requirements.ids\n",
				   file, line, STR_ARG(d->ids[i]));
}


void scn_requirements_check(const struct scn_requirements *r, const struct scn_script *s,
			    struct buf *why)
{
	check(r, s->file, 1, &s->decls, why);
	for (const struct scn_case *c = s->cases; c; c = c->next)
		check(r, s->file, c->line->no, &c->decls, why);
}
