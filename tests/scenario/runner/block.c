/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a scenario file. */
#include "scenario/runner/block.h"

#include <ctype.h>

struct reader {
	struct arena *a;
	const char *file;
	struct str rest;
	unsigned no;
	struct str why;
};


static struct str next_raw(struct reader *r)
{
	struct str s = str_cut(&r->rest, '\n');

	r->no++;
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}


static size_t indent_of(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == ' ')
		n++;
	return n;
}


/** The mark of a <<MARK at the end of the line, taken off it; STR_NULL: none. */
static struct str take_mark(struct str *text)
{
	size_t n = text->n;
	struct str mark;

	while (n && (isupper((unsigned char)text->p[n - 1]) || text->p[n - 1] == '_'))
		n--;
	mark = str_from(*text, n);
	if (!mark.n || n < 2 || text->p[n - 1] != '<' || text->p[n - 2] != '<')
		return STR_NULL;
	if (n > 2 && text->p[n - 3] != ' ')
		return STR_NULL;
	*text = str_trim(str_upto(*text, n - 2));
	return mark;
}


/** Collects the lines up to the mark. */
static bool read_here(struct reader *r, struct scn_line *line, struct str mark)
{
	struct str start = r->rest;
	struct buf out = BUF_INIT(SCN_ARENA_MAX);
	size_t lines = 0, indent = 0;
	struct str s;

	for (;; lines++) {
		if (!r->rest.p) {
			r->why = scn_fmt(r->a, "%s:%u: no line " STR_FMT " ends this text", r->file,
					 line->no, STR_ARG(mark));
			return false;
		}
		s = next_raw(r);
		if (str_eq(str_trim(s), mark)) {
			indent = indent_of(s);
			break;
		}
	}
	for (size_t i = 0; i < lines; i++) {
		size_t n;

		s = str_cut(&start, '\n');
		if (s.n && s.p[s.n - 1] == '\r')
			s.n--;
		n = indent_of(s);
		buf_puts(&out, str_from(s, n < indent ? n : indent));
		buf_putc(&out, '\n');
	}
	line->here = scn_copy(r->a, buf_str(&out));
	buf_done(&out);
	return true;
}


/** The next line that says something; false at the end or when misshapen (`why`). */
static bool next_line(struct reader *r, struct scn_line *ret)
{
	while (r->rest.p) {
		struct str raw = next_raw(r), text = str_trim(raw), mark;

		if (!text.n || text.p[0] == '#')
			continue;
		*ret = (struct scn_line){.file = r->file,
					 .no = r->no,
					 .indent = (unsigned)indent_of(raw),
					 .text = text};
		if (ret->indent < raw.n && raw.p[ret->indent] == '\t') {
			r->why = scn_fmt(r->a, "%s:%u: indent with blanks, not tabs", r->file,
					 r->no);
			return false;
		}
		mark = take_mark(&ret->text);
		return !mark.p || read_here(r, ret, mark);
	}
	return false;
}


/** Where the lines beneath `line` end: the first line at its depth or less, comments apart. */
static struct str block_of(struct str from, unsigned indent)
{
	struct str rest = from;
	const char *end = from.p;

	while (rest.p) {
		struct str s = str_cut(&rest, '\n');
		struct str t = str_trim(s);

		if (t.n && indent_of(s) <= indent)
			break;
		end = rest.p ? rest.p : s.p + s.n;
	}
	return end ? str_range(from.p, end) : STR("");
}


/** The innermost of `last` and what it lies in that stands less deep than `indent`. */
static struct scn_line *parent_for(struct scn_line *last, unsigned indent)
{
	while (last && last->indent >= indent)
		last = last->parent;
	return last;
}


struct scn_line *scn_block_read(struct arena *a, const char *file, struct str text, struct str *why)
{
	struct reader r = {.a = a, .file = file, .rest = text};
	struct scn_line *first = NULL, *last = NULL;
	struct scn_line got;

	*why = STR_NULL;
	while (next_line(&r, &got)) {
		struct scn_line *line = scn_alloc(a, sizeof(*line));
		struct scn_line *sibling, *parent = parent_for(last, got.indent);

		*line = got;
		line->parent = parent;
		line->block = r.rest.p ? block_of(r.rest, line->indent) : STR("");
		sibling = parent ? parent->child : first;
		if (!sibling) {
			if (parent)
				parent->child = line;
			else
				first = line;
		} else {
			if (sibling->indent != line->indent) {
				*why = scn_fmt(a,
					       "%s:%u: stands neither beneath line %u nor beside "
					       "it: indent "
					       "as its neighbours",
					       file, line->no, sibling->no);
				return NULL;
			}
			while (sibling->next)
				sibling = sibling->next;
			sibling->next = line;
		}
		last = line;
	}
	*why = r.why;
	return r.why.p ? NULL : first;
}


struct str scn_block_dedent(struct arena *a, struct str block)
{
	struct buf out = BUF_INIT(SCN_ARENA_MAX);
	size_t indent = SIZE_MAX;
	struct str ret;

	for (struct str rest = block; rest.p;) {
		struct str s = str_cut(&rest, '\n');
		size_t n = indent_of(s);

		if (!str_trim(s).n)
			continue;
		if (indent == SIZE_MAX)
			indent = n;
		buf_puts(&out, str_from(s, n < indent ? n : indent));
		buf_putc(&out, '\n');
	}
	ret = scn_copy(a, buf_str(&out));
	buf_done(&out);
	return ret;
}
