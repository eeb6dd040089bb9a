/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of statements, matched against the words of a line. */
#include "scenario/runner/form.h"

#include <ctype.h>

/** A place in the pattern and a place in the line. */
struct at {
	const char *p;
	size_t w;
};

struct matcher {
	const struct scn_words *words;
	struct str line;
	scn_known_cb *known;
	const void *known_arg;
	struct scn_args *args;
};


static const char *skip_blanks(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}


static struct str pattern_word(const char *p)
{
	const char *end = p;

	while (*end && *end != ' ' && *end != ']')
		end++;
	return str_range(p, end);
}


/** Just after the ']' that closes the '[' at `p`; groups hold no groups. */
static const char *group_end(const char *p)
{
	while (*p != ']')
		p++;
	return p + 1;
}


static bool is_slot(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!isupper((unsigned char)word.p[i]) && !isdigit((unsigned char)word.p[i]) &&
		    word.p[i] != '_')
			return false;
	return word.n > 0 && isupper((unsigned char)word.p[0]);
}


static bool choice_has(struct str choice, struct str word)
{
	for (struct str rest = choice; rest.p;)
		if (str_eq(str_cut(&rest, '|'), word))
			return true;
	return false;
}


static bool all_of(struct str s, int (*is)(int))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is((unsigned char)s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n > 0;
}


/** "200", "2xx", "200|202". */
static bool is_status(struct str s)
{
	for (struct str rest = s; rest.p;) {
		struct str one = str_cut(&rest, '|');

		if (one.n != 3 || !isdigit((unsigned char)one.p[0]))
			return false;
		if (!str_eq(str_from(one, 1), STR("xx")) &&
		    (!isdigit((unsigned char)one.p[1]) || !isdigit((unsigned char)one.p[2])))
			return false;
	}
	return true;
}


/** A method: capitals; also odd ones where they are quoted. */
static bool is_method(const struct scn_word *w)
{
	struct str s = w->text;

	if (w->quoted)
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (islower((unsigned char)s.p[i]))
			return false;
	return s.n > 1 && isupper((unsigned char)s.p[0]);
}


static bool is_actor(struct str kind)
{
	return str_eq(kind, STR("PEER")) || str_eq(kind, STR("CLIENT")) ||
	       str_eq(kind, STR("ACTOR")) || str_eq(kind, STR("OWNER"));
}


/** OWNER is a client with 's behind it. */
static bool fits_actor(const struct matcher *m, struct str kind, struct str name)
{
	if (str_eq(kind, STR("OWNER"))) {
		if (!str_ends(name, STR("'s")))
			return false;
		kind = STR("CLIENT");
		name.n -= 2;
	}
	return m->known ? m->known(kind, name, m->known_arg) : scn_is_name(name);
}


static bool fits(const struct matcher *m, struct str slot, const struct scn_word *w)
{
	struct str kind = slot;
	ptrdiff_t cut = str_find(slot, '_');
	uint64_t ms;
	uint64_t number;

	if (cut >= 0)
		kind = str_upto(slot, (size_t)cut);
	if (w->text.n && w->text.p[0] == '{' && !w->quoted && !is_actor(kind))
		return true;
	if (str_eq(kind, STR("METHOD")))
		return is_method(w);
	if (str_eq(kind, STR("QUOTED")))
		return w->quoted;
	if (w->quoted)
		return str_eq(kind, STR("VALUE"));
	if (str_eq(kind, STR("STATUS")))
		return is_status(w->text);
	if (str_eq(kind, STR("TIME")))
		return scn_duration(w->text, &ms);
	if (str_eq(kind, STR("N")))
		return str_u64(w->text, &number);
	if (str_eq(kind, STR("NAME")))
		return all_of(w->text, isalnum);
	if (is_actor(kind))
		return fits_actor(m, kind, w->text);
	return true;
}


static bool note(struct matcher *m, struct str name, struct str text, bool quoted)
{
	struct scn_args *a = m->args;

	if (a->n == SCN_ARGS_MAX)
		return false;
	a->v[a->n++] =
		(struct scn_arg){.name = name.p, .name_n = name.n, .text = text, .quoted = quoted};
	return true;
}


/** The words from `*at` to the ']' or the end of the pattern, groups apart. */
static bool match_run(struct matcher *m, struct at *at, bool in_group);


/** A group that begins with a slot does not swallow the word that goes on after the groups. */
static bool goes_on(const struct matcher *m, const char *group, struct str after, size_t w)
{
	return is_slot(pattern_word(group + 1)) && after.n && !is_slot(after) && w < m->words->n &&
	       !m->words->w[w].quoted && choice_has(after, m->words->w[w].text);
}


static bool match_group(struct matcher *m, const char *group, struct str after, struct at *at)
{
	struct at inner = {.p = group + 1, .w = at->w};
	size_t args = m->args->n;

	if (goes_on(m, group, after, at->w))
		return false;

	if (match_run(m, &inner, true)) {
		if (m->args->n == args && !note(m, pattern_word(group + 1), STR("yes"), false))
			return false;
		at->w = inner.w;
		return true;
	}
	m->args->n = args;
	return false;
}


/** Neighbouring groups at at->p, in any order, each once at most. */
static void match_groups(struct matcher *m, struct at *at)
{
	const char *groups[SCN_ARGS_MAX];
	size_t n = 0;

	while (*at->p == '[' && n < SCN_ARGS_MAX) {
		groups[n++] = at->p;
		at->p = skip_blanks(group_end(at->p));
	}
	for (size_t i = 0; i < n;) {
		if (groups[i] && match_group(m, groups[i], pattern_word(at->p), at)) {
			groups[i] = NULL;
			i = 0;
		} else {
			i++;
		}
	}
}


static bool match_word(struct matcher *m, struct at *at)
{
	struct str want = pattern_word(at->p);
	const struct scn_word *w;

	if (at->w == m->words->n)
		return false;
	w = &m->words->w[at->w];
	if (str_eq(want, STR("TEXT"))) {
		at->w = m->words->n;
		at->p += want.n;
		return note(m, want, str_trim(str_from(m->line, w->at)), false);
	}
	if (is_slot(want)) {
		if (!fits(m, want, w) || !note(m, want, w->text, w->quoted))
			return false;
	} else if (w->quoted || !choice_has(want, w->text)) {
		return false;
	}
	at->w++;
	at->p = skip_blanks(at->p + want.n);
	return true;
}


static bool match_run(struct matcher *m, struct at *at, bool in_group)
{
	for (;;) {
		at->p = skip_blanks(at->p);
		if (*at->p == '\0' || (in_group && *at->p == ']'))
			return true;
		if (*at->p == '[')
			match_groups(m, at);
		else if (!match_word(m, at))
			return false;
	}
}


bool scn_form_match(const struct scn_form *f, const struct scn_words *w, struct str line,
		    scn_known_cb *known, const void *known_arg, struct scn_args *ret)
{
	struct matcher m = {
		.words = w, .line = line, .known = known, .known_arg = known_arg, .args = ret};
	struct at at = {.p = f->pattern};

	ret->n = 0;
	return match_run(&m, &at, false) && at.w == w->n;
}


static const struct scn_arg *find(const struct scn_args *a, const char *name)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_eq((struct str){a->v[i].name, a->v[i].name_n}, str_of(name)))
			return &a->v[i];
	return NULL;
}


struct str scn_arg(const struct scn_args *a, const char *name)
{
	const struct scn_arg *v = find(a, name);

	return v ? v->text : STR_NULL;
}


bool scn_arg_quoted(const struct scn_args *a, const char *name)
{
	const struct scn_arg *v = find(a, name);

	return v && v->quoted;
}


size_t scn_form_nearness(const struct scn_form *f, const struct scn_words *w)
{
	const char *p = f->pattern;
	size_t near = 0;

	for (size_t i = 0; *p && *p != '[' && i < w->n; i++) {
		struct str want = pattern_word(p);

		if (!is_slot(want)) {
			if (!choice_has(want, w->w[i].text))
				break;
			near++;
		}
		p = skip_blanks(p + want.n);
	}
	return near;
}


struct str scn_form_text(struct arena *a, const struct scn_form *f)
{
	char *out = scn_alloc(a, strlen(f->pattern) + 1);
	size_t n = 0;

	for (const char *p = f->pattern; *p; p++) {
		if (*p == '_' && p > f->pattern && isupper((unsigned char)p[-1]))
			while (isupper((unsigned char)p[1]) || isdigit((unsigned char)p[1]))
				p++;
		else
			out[n++] = *p;
	}
	return (struct str){out, n};
}
