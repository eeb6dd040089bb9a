/* SPDX-License-Identifier: Apache-2.0 */
/* The lines beneath a statement that sends or receives. */
#include "scenario/runner/detail.h"

#include <ctype.h>
#include <stdlib.h>


static bool token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-.!%*_+`'~", c));
}


static size_t token_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && token_char(s.p[n]))
		n++;
	return n;
}


static struct str misshapen(struct arena *a, const struct scn_line *l, const char *remedy)
{
	return scn_fmt(a, "%s:%u: \"" STR_FMT "\": %s", l->file, l->no, STR_ARG(l->text), remedy);
}


/** "Name: value"; false: it is not. */
static bool name_and_value(struct str s, struct str *name, struct str *value)
{
	size_t n = token_length(s);

	if (!n || n == s.n || s.p[n] != ':')
		return false;
	*name = str_upto(s, n);
	*value = str_trim(str_from(s, n + 1));
	return true;
}


/** Takes a keyword and the blanks behind it off `*s`. */
static bool take(struct str *s, struct str word)
{
	if (!str_starts(*s, word) || (s->n > word.n && s->p[word.n] != ' '))
		return false;
	*s = str_trim(str_from(*s, word.n));
	return true;
}


/** All of `s` is one "…": its inside. */
static bool take_quoted(struct str s, struct str *ret)
{
	struct scn_words w;

	if (!scn_words(&w, s) || w.n != 1 || !w.w[0].quoted)
		return false;
	*ret = w.w[0].text;
	return true;
}


/* ---- Changes ---- */

static bool read_body(struct scn_change *c, struct str rest)
{
	struct scn_words w;

	c->op = SCN_BODY;
	if (c->line->here.p) {
		c->name = rest;
		c->value = c->line->here;
		c->here = true;
		return true;
	}
	if (!scn_words(&w, rest) || w.n < 1 || w.n > 4)
		return false;
	if (w.n >= 2 && w.n <= 3 && str_eq(w.w[w.n - 1].text, STR("pattern"))) {
		c->op = SCN_PATTERN;
		c->value = w.w[w.n - 2].text;
		c->name = w.n == 3 ? w.w[0].text : STR_NULL;
		return true;
	}
	if (w.n > 2 && str_eq(w.w[w.n - 2].text, STR("times"))) {
		c->with = w.w[w.n - 1].text;
		w.n -= 2;
	}
	if (w.n > 2)
		return false;
	if (w.n == 2)
		c->name = w.w[0].text;
	c->value = w.w[w.n - 1].text;
	c->quoted = w.w[w.n - 1].quoted;
	if (!c->quoted && str_eq(c->value, STR("none")) && w.n == 1) {
		c->value = STR_NULL;
		return true;
	}
	return c->quoted;
}


static bool read_replace(struct scn_change *c, struct str rest)
{
	struct scn_words w;

	c->op = SCN_REPLACE;
	if (!scn_words(&w, rest) || w.n != 3 || !w.w[0].quoted || !w.w[2].quoted)
		return false;
	c->value = w.w[0].text;
	c->with = w.w[2].text;
	c->quoted = true;
	return str_eq(w.w[1].text, STR("with"));
}


static bool read_credentials(struct scn_change *c, struct str rest)
{
	struct scn_words w;

	c->op = SCN_CREDENTIALS;
	if (!scn_words(&w, rest) || !w.n)
		return false;
	c->value = w.w[0].text;
	if (str_eq(c->value, STR("as")) && w.n == 3) {
		c->name = w.w[1].text;
		c->with = w.w[2].text;
		return true;
	}
	return w.n == 1 && (str_eq(c->value, STR("none")) || str_eq(c->value, STR("wrong")) ||
			    str_eq(c->value, STR("used")));
}


static bool read_change(struct scn_change *c, struct str s)
{
	static const struct {
		struct str word;
		enum scn_change_op op;
	} plain[] = {
		{STR_INIT("uri"), SCN_URI},          {STR_INIT("line"), SCN_LINE},
		{STR_INIT("from"), SCN_FROM},        {STR_INIT("towards"), SCN_TOWARDS},
		{STR_INIT("split"), SCN_SPLIT},      {STR_INIT("flag"), SCN_FLAG},
		{STR_INIT("tid"), SCN_TID},          {STR_INIT("end"), SCN_END},
		{STR_INIT("chunks of"), SCN_CHUNKS}, {STR_INIT("cut after"), SCN_CUT},
		{STR_INIT("pause"), SCN_PAUSE},
	};

	if (take(&s, STR("+"))) {
		c->op = SCN_ADD;
		return name_and_value(s, &c->name, &c->value);
	}
	if (take(&s, STR("top"))) {
		c->op = SCN_TOP;
		return name_and_value(s, &c->name, &c->value);
	}
	if (take(&s, STR("-"))) {
		c->op = SCN_REMOVE;
		c->name = s;
		return s.n && token_length(s) == s.n;
	}
	if (take(&s, STR("body")))
		return read_body(c, s);
	if (take(&s, STR("replace")))
		return read_replace(c, s);
	if (take(&s, STR("credentials")))
		return read_credentials(c, s);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (take(&s, plain[i].word)) {
			c->op = plain[i].op;
			c->value = s;
			c->quoted = take_quoted(s, &c->value);
			return s.n > 0;
		}
	}
	c->op = SCN_SET;
	return name_and_value(s, &c->name, &c->value);
}


struct scn_change *scn_changes_read(struct arena *a, const struct scn_line *first, struct str *why)
{
	struct scn_change *head = NULL, **tail = &head;

	*why = STR_NULL;
	for (const struct scn_line *l = first; l; l = l->next) {
		struct scn_change *c = scn_alloc(a, sizeof(*c));

		c->line = l;
		if (!read_change(c, l->text) || l->child || (l->here.p && c->op != SCN_BODY)) {
			*why = misshapen(
				a, l,
				"no change to a message: try Name: value, + Name: value, - Name, "
				"uri …, body \"…\"");
			return NULL;
		}
		*tail = c;
		tail = &c->next;
	}
	return head;
}


/* ---- Checks ---- */

static bool is_own(struct str s)
{
	static const char *const own[] = {"start",  "uri",  "method", "status", "reason", "body",
					  "source", "over", "size",   "flag",   "tid",    "chunks"};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (str_eq(s, str_of(own[i])))
			return true;
	return false;
}


/** Takes a subject off `*s`. */
static bool take_subject(struct scn_subject *ret, struct str *s)
{
	struct str start = *s;
	size_t n = token_length(*s);

	*ret = (struct scn_subject){.name = str_upto(*s, n)};
	if (!n)
		return false;
	ret->own = is_own(ret->name);
	*s = str_from(*s, n);
	if (s->n && s->p[0] == '[') {
		ptrdiff_t end = str_find(*s, ']');

		if (end < 2)
			return false;
		ret->index = atoi(s->p + 1);
		if (!ret->index)
			return false;
		*s = str_from(*s, (size_t)end + 1);
	}
	if (str_starts(*s, STR("<>"))) {
		ret->uri = true;
		*s = str_from(*s, 2);
	}
	if (s->n && s->p[0] == ';') {
		n = token_length(str_from(*s, 1));
		if (!n)
			return false;
		ret->param = (struct str){s->p + 1, n};
		*s = str_from(*s, n + 1);
	}
	ret->text = str_range(start.p, s->p ? s->p : start.p + start.n);
	return true;
}


bool scn_subject_read(struct scn_subject *ret, struct str text)
{
	return take_subject(ret, &text) && !text.n;
}


/** Between slashes, or in quotes, or bare. */
static void set_value(struct scn_check *c, struct str s)
{
	c->value = s;
	if (c->line->here.p) {
		c->value = c->line->here;
		c->here = true;
	} else if (c->op == SCN_MATCHES && s.n >= 2 && s.p[0] == '/' && s.p[s.n - 1] == '/') {
		c->value = (struct str){s.p + 1, s.n - 2};
	} else if (c->subject.own || c->op == SCN_HAS || c->op == SCN_LACKS) {
		c->quoted = take_quoted(s, &c->value);
	}
}


static bool read_save(struct arena *a, struct scn_check *c, struct str s)
{
	struct str name = str_cut(&s, ' ');

	(void)a;
	c->op = SCN_SAVE;
	c->name = name;
	s = str_trim(s);
	if (!scn_is_name(name) || !take(&s, STR("from")) || !take_subject(&c->subject, &s))
		return false;
	s = str_trim(s);
	if (!s.n)
		return true;
	if (!take(&s, STR("matching")) || s.n < 2 || s.p[0] != '/' || s.p[s.n - 1] != '/')
		return false;
	c->value = (struct str){s.p + 1, s.n - 2};
	return true;
}


/** "first except Via, Route" */
static bool read_same(struct scn_check *c, struct str s)
{
	c->op = SCN_SAME;
	c->name = str_cut(&s, ' ');
	c->value = STR("");
	if (!s.p)
		return c->name.n > 0;
	s = str_trim(s);
	if (!take(&s, STR("except")))
		return false;
	c->value = s;
	return c->name.n && s.n;
}


static bool read_check(struct arena *a, struct scn_check *c, struct str s)
{
	static const struct {
		struct str word;
		enum scn_check_op op;
	} ops[] = {
		{STR_INIT("~"), SCN_GLOB},         {STR_INIT("has"), SCN_HAS},
		{STR_INIT("lacks"), SCN_LACKS},    {STR_INIT("matches"), SCN_MATCHES},
		{STR_INIT("is there"), SCN_THERE}, {STR_INIT("count"), SCN_COUNT},
		{STR_INIT("<"), SCN_LESS},         {STR_INIT(">"), SCN_MORE},
	};
	struct str rest = s;

	if (take(&rest, STR("no"))) {
		c->op = SCN_ABSENT;
		return scn_subject_read(&c->subject, rest);
	}
	if (take(&rest, STR("order"))) {
		c->op = SCN_ORDER;
		c->value = rest;
		return rest.n > 0;
	}
	if (take(&rest, STR("save")))
		return read_save(a, c, rest);
	if (take(&rest, STR("credentials of"))) {
		c->op = SCN_CREDENTIALS_OF;
		c->name = str_cut(&rest, ' ');
		c->value = rest.p ? str_trim(rest) : STR("");
		return c->name.n && c->value.n;
	}
	if (take(&rest, STR("same as")))
		return read_same(c, rest);
	if (!take_subject(&c->subject, &rest))
		return false;
	if (rest.n && rest.p[0] == ':') {
		c->op = SCN_IS;
		set_value(c, str_trim(str_from(rest, 1)));
		return true;
	}
	if (c->line->here.p && !str_trim(rest).n) {
		c->op = SCN_IS;
		set_value(c, STR_NULL);
		return true;
	}
	rest = str_trim(rest);
	if (c->subject.own && str_ends(rest, STR(" pattern"))) {
		c->op = SCN_BODY_PATTERN;
		c->value = str_trim(str_upto(rest, rest.n - 8));
		return str_eq(c->subject.name, STR("body"));
	}
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (take(&rest, ops[i].word)) {
			c->op = ops[i].op;
			set_value(c, rest);
			return (c->op == SCN_THERE) == (rest.n == 0) || c->here;
		}
	}
	if (c->subject.own && take_quoted(rest, &c->value)) {
		c->op = SCN_IS;
		c->quoted = true;
		return true;
	}
	return false;
}


struct scn_check *scn_checks_read(struct arena *a, const struct scn_line *first, struct str *why)
{
	struct scn_check *head = NULL, **tail = &head;

	*why = STR_NULL;
	for (const struct scn_line *l = first; l; l = l->next) {
		struct scn_check *c = scn_alloc(a, sizeof(*c));

		c->line = l;
		if (!read_check(a, c, l->text) || l->child) {
			*why = misshapen(
				a, l,
				"no check of a message: try Name: value, Name ~ pattern, Name has "
				"text, no Name, body \"…\"");
			return NULL;
		}
		*tail = c;
		tail = &c->next;
	}
	return head;
}
