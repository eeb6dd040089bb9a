/* SPDX-License-Identifier: Apache-2.0 */
/* Judging a message, and showing what was expected beside what came. */
#include "scenario/runner/expect.h"

#include <stdlib.h>

/** Columns of the left side. */
#define LEFT_MIN 24
#define LEFT_MAX 60
/** Bytes of a body, or of one of its lines, in a report. */
#define BODY_SHOWN 200

struct verdict {
	const struct scn_check *check;
	bool wrong;
	struct str say; /**< the check as it stands in the file, variables put in */
	struct str got; /**< what the subject is; .p NULL: not there */
	bool shown;
};


static struct str own_value(struct arena *a, struct str name, const struct scn_arrival *from)
{
	const struct scn_msg *m = from->msg;
	char text[ADDR_TEXT_MAX];

	if (str_eq(name, STR("source")))
		return scn_fmt(a, "%s", addr_text(&from->source, text));
	if (str_eq(name, STR("over")))
		return scn_over_name(from->over);
	if (str_eq(name, STR("size")))
		return scn_fmt(a, "%zu", from->bytes.n);
	if (str_eq(name, STR("body")))
		return m ? m->body : from->bytes;
	if (!m)
		return STR_NULL;
	if (str_eq(name, STR("chunks")))
		return scn_fmt(a, "%u", from->chunks);
	if (str_eq(name, STR("flag")))
		return m->flag;
	if (str_eq(name, STR("tid")))
		return m->tid;
	if (str_eq(name, STR("start")))
		return m->start;
	if (str_eq(name, STR("method")))
		return m->method;
	if (str_eq(name, STR("uri")))
		return m->request ? m->uri : STR_NULL;
	if (str_eq(name, STR("status")))
		return m->request ? STR_NULL : scn_fmt(a, "%u", m->status);
	return m->request ? STR_NULL : m->reason;
}


struct str scn_subject_value(struct arena *a, const struct scn_subject *s,
			     const struct scn_arrival *from)
{
	struct str values[SCN_VALUES_MAX], v;
	size_t n, i;

	if (s->own)
		return own_value(a, s->name, from);
	if (!from->msg)
		return STR_NULL;
	if (!s->index && !s->param.n && !s->uri)
		return scn_header_joined(a, from->msg, s->name);
	n = scn_header_values(from->msg, s->name, values);
	i = s->index < 0 ? n - (size_t)-s->index : s->index ? (size_t)s->index - 1 : 0;
	if (i >= n)
		return STR_NULL;
	v = values[i];
	if (s->param.n)
		return scn_value_param(v, s->param, &v) ? v : STR_NULL;
	return s->uri ? scn_value_uri(v) : v;
}


static size_t count_values(const struct scn_subject *s, const struct scn_arrival *a)
{
	struct str values[SCN_VALUES_MAX];

	return a->msg ? scn_header_values(a->msg, s->name, values) : 0;
}


/** The lines of these names stand in this order. */
static bool in_order(struct str names, const struct scn_msg *m)
{
	size_t at = 0;

	while (names.p) {
		struct str name = str_cut(&names, ' ');

		if (!name.n)
			continue;
		while (at < m->headers && !str_eq_nocase(m->header[at].name, scn_header_full(name)))
			at++;
		if (at++ == m->headers)
			return false;
	}
	return true;
}


static bool as_numbers(struct str a, struct str b, uint64_t *x, uint64_t *y)
{
	return str_u64(a, x) && str_u64(b, y);
}


static bool is_listed(struct str list, struct str name)
{
	while (list.p) {
		struct str one = str_trim(str_cut(&list, ','));

		if (str_eq_nocase(scn_header_full(one), name))
			return true;
	}
	return false;
}


/** The next header that is not excepted; NULL: there is none. */
static const struct scn_header *next_compared(const struct scn_msg *m, struct str except, size_t *i)
{
	while (*i < m->headers && is_listed(except, m->header[*i].name))
		(*i)++;
	return *i < m->headers ? &m->header[(*i)++] : NULL;
}


static bool differs(struct scn_play *p, struct str sent, struct str came)
{
	p->difference = scn_fmt(p->arena, "(sent: " STR_FMT "; came: " STR_FMT ")", STR_ARG(sent),
				STR_ARG(came));
	return false;
}


static bool same_message(struct scn_play *p, const struct scn_msg *sent, struct str except,
			 const struct scn_msg *m)
{
	size_t i = 0, k = 0;

	if (is_listed(except, STR("uri")) ? !str_eq(sent->method, m->method)
					  : !str_eq(sent->start, m->start))
		return differs(p, sent->start, m->start);
	for (;;) {
		const struct scn_header *a = next_compared(sent, except, &i),
					*b = next_compared(m, except, &k);

		if (!a && !b)
			break;
		if (!a || !b || !str_eq(a->name, b->name) || !str_eq(a->value, b->value))
			return differs(p,
				       a ? scn_fmt(p->arena, STR_FMT ": " STR_FMT, STR_ARG(a->name),
						   STR_ARG(a->value))
					 : STR("nothing more"),
				       b ? scn_fmt(p->arena, STR_FMT ": " STR_FMT, STR_ARG(b->name),
						   STR_ARG(b->value))
					 : STR("nothing more"));
	}
	return str_eq(sent->body, m->body) || differs(p, STR("another body"), STR("this one"));
}


/** What left as the request or response of this name, of whichever peer's. */
static bool same_as(struct scn_play *p, const struct scn_check *c, struct str except,
		    const struct scn_msg *m)
{
	for (struct scn_peer *peer = p->peers; peer; peer = peer->next) {
		for (const struct scn_request *r = peer->requests; m->request && r; r = r->next)
			if (str_eq(r->name, c->name))
				return same_message(p, r->sent, except, m);
		for (const struct scn_incoming *in = peer->incoming; !m->request && in;
		     in = in->next) {
			struct scn_msg sent;

			if (str_eq(in->name, c->name) && in->last.p &&
			    scn_msg_read(p->arena, &sent, in->last))
				return same_message(p, &sent, except, m);
		}
	}
	p->difference = STR("(nobody sent anything of that name)");
	return false;
}


/** `want` has its variables put in. */
static bool holds(struct scn_play *p, const struct scn_check *c, struct str want, struct str got,
		  const struct scn_arrival *a)
{
	uint64_t x = 0, y = 0;
	struct str pattern;

	switch (c->op) {
	case SCN_IS:
		return got.p && str_eq(got, want);
	case SCN_GLOB:
		return got.p && scn_glob(want, got);
	case SCN_HAS:
		return got.p && str_find_str(got, want) >= 0;
	case SCN_LACKS:
		return !got.p || str_find_str(got, want) < 0;
	case SCN_MATCHES:
		return got.p && scn_regex(p->arena, want, got, NULL);
	case SCN_THERE:
		return got.p != NULL;
	case SCN_COUNT:
		return str_u64(want, &x) && x == count_values(&c->subject, a);
	case SCN_LESS:
		return as_numbers(got, want, &x, &y) && x < y;
	case SCN_MORE:
		return as_numbers(got, want, &x, &y) && x > y;
	case SCN_ABSENT:
		return !got.p || (c->subject.own && !got.n);
	case SCN_ORDER:
		return a->msg && in_order(want, a->msg);
	case SCN_BODY_PATTERN:
		return scn_pattern_text(p->arena, want, &pattern) && got.p && str_eq(got, pattern);
	case SCN_CREDENTIALS_OF:
		return a->msg && scn_credentials_good(p->arena, a->msg, c->name, want);
	case SCN_SAME:
		return a->msg && same_as(p, c, want, a->msg);
	case SCN_SAVE:
		return got.p && (!c->value.p || scn_regex(p->arena, want, got, NULL));
	}
	return false;
}


/** About the whole message, not a subject. */
static bool is_of_all(const struct scn_check *c)
{
	return c->op == SCN_ORDER || c->op == SCN_SAME || c->op == SCN_CREDENTIALS_OF;
}


static bool want_of(struct scn_play *p, const struct scn_check *c, struct str *ret)
{
	if (c->here) {
		struct buf b = BUF_INIT(SCN_ARENA_MAX);
		struct str text;

		if (!scn_put_in(p, c->line, c->value, &text))
			return false;
		for (struct str rest = text; rest.n;) {
			ptrdiff_t end = str_find(rest, '\n');
			struct str one = str_upto(rest, end < 0 ? rest.n : (size_t)end);
			bool joined = one.n && one.p[one.n - 1] == '\\';

			buf_puts(&b,
				 scn_unescape(p->arena, joined ? str_upto(one, one.n - 1) : one));
			if (!joined)
				buf_puts(&b, STR("\r\n"));
			rest = str_from(rest, one.n + 1);
		}
		*ret = scn_copy(p->arena, buf_str(&b));
		buf_done(&b);
		return true;
	}
	if (!c->value.p) {
		*ret = STR("");
		return true;
	}
	if ((c->op == SCN_MATCHES || c->op == SCN_SAVE) && str_find(c->value, '{') < 0) {
		*ret = c->value;
		return true;
	}
	if (!scn_put_in(p, c->line, c->value, ret))
		return false;
	if (c->quoted)
		*ret = scn_unescape(p->arena, *ret);
	return true;
}


static bool judge(struct scn_play *p, const struct scn_check *c, const struct scn_arrival *a,
		  struct verdict *v)
{
	struct str want;

	if (!want_of(p, c, &want))
		return false;
	v->check = c;
	v->got = is_of_all(c) ? STR_NULL : scn_subject_value(p->arena, &c->subject, a);
	v->wrong = !holds(p, c, want, v->got, a);
	v->say = c->line->text;
	if (c->here)
		v->say = scn_fmt(p->arena, STR_FMT " \"" STR_FMT "\"", STR_ARG(c->line->text),
				 STR_ARG(scn_escape(p->arena, want)));
	else if (c->value.p && str_find(c->value, '{') >= 0)
		v->say = scn_fmt(p->arena, STR_FMT STR_FMT,
				 STR_ARG(str_upto(c->line->text,
						  (size_t)(c->value.p - c->line->text.p))),
				 STR_ARG(want));
	return true;
}


static void save(struct scn_play *p, const struct verdict *v)
{
	const struct scn_check *c = v->check;
	struct str value = v->got, want;

	if (c->value.p && want_of(p, c, &want))
		(void)scn_regex(p->arena, want, v->got, &value);
	scn_var_set(p->arena, &p->vars, c->name, value);
}


/* ---- Side by side ---- */

struct sheet {
	struct scn_play *p;
	struct verdict *v;
	size_t n;
	size_t left;
};


static void row(struct sheet *s, bool wrong, struct str left, struct str right)
{
	struct buf *b = &s->p->report;
	int pad = left.n < s->left ? (int)(s->left - left.n) : 0;

	buf_printf(b, "%c " STR_FMT "%*s | " STR_FMT "\n", wrong ? '!' : ' ', STR_ARG(left), pad,
		   "", STR_ARG(right));
}


/** All checks on this header, beside its line. */
static void header_rows(struct sheet *s, const struct scn_header *h)
{
	struct str right = scn_fmt(s->p->arena, STR_FMT ": " STR_FMT, STR_ARG(h->name),
				   STR_ARG(h->value));
	bool any = false;

	for (size_t i = 0; i < s->n; i++) {
		struct verdict *v = &s->v[i];
		const struct scn_subject *subject = &v->check->subject;

		if (v->shown || subject->own || is_of_all(v->check) ||
		    !str_eq_nocase(scn_header_full(subject->name), h->name))
			continue;
		v->shown = true;
		row(s, v->wrong, v->say, any ? STR("\"") : right);
		any = true;
	}
	if (!any)
		row(s, false, STR(""), right);
}


/** The rest: what is about the whole, and what is not there. */
static void other_rows(struct sheet *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct verdict *v = &s->v[i];

		if (v->shown ||
		    (v->check->subject.own && str_eq(v->check->subject.name, STR("body"))))
			continue;
		v->shown = true;
		if (v->check->op == SCN_ORDER)
			row(s, v->wrong, v->say,
			    v->wrong ? STR("(another order)") : STR("(in this order)"));
		else if (v->check->op == SCN_CREDENTIALS_OF)
			row(s, v->wrong, v->say,
			    v->wrong ? STR("(they are not)") : STR("(they are)"));
		else if (v->check->op == SCN_SAME)
			row(s, v->wrong, v->say, v->wrong ? s->p->difference : STR("(the same)"));
		else
			row(s, v->wrong, v->say, v->got.p ? v->got : STR("(not there)"));
	}
}


/** The beginning of what may be a megabyte. */
static struct str shown(struct arena *a, struct str body)
{
	struct str start = scn_escape(a, str_upto(body, BODY_SHOWN));

	return body.n <= BODY_SHOWN ? start
				    : scn_fmt(a, STR_FMT "… (%zu bytes)", STR_ARG(start), body.n);
}


static void body_rows(struct sheet *s, const struct scn_arrival *a)
{
	struct str body = a->msg ? a->msg->body : a->bytes;
	bool any = false;

	for (size_t i = 0; i < s->n; i++) {
		struct verdict *v = &s->v[i];

		if (v->shown)
			continue;
		row(s, v->wrong, v->say, any ? STR("\"") : shown(s->p->arena, body));
		any = true;
	}
	if (any)
		return;
	for (struct str rest = body; rest.n;)
		row(s, false, STR(""), shown(s->p->arena, str_cut(&rest, '\n')));
}


static void side_by_side(struct scn_play *p, struct str start, bool start_wrong, struct verdict *v,
			 size_t n, const struct scn_arrival *a)
{
	struct sheet s = {.p = p, .v = v, .n = n, .left = start.n > LEFT_MIN ? start.n : LEFT_MIN};

	for (size_t i = 0; i < n; i++)
		if (v[i].say.n > s.left)
			s.left = v[i].say.n < LEFT_MAX ? v[i].say.n : LEFT_MAX;
	row(&s, false, STR("expected"), STR("came"));
	row(&s, start_wrong, start, a->msg ? a->msg->start : scn_escape(p->arena, a->bytes));
	for (size_t i = 0; a->msg && i < a->msg->headers; i++)
		header_rows(&s, &a->msg->header[i]);
	other_rows(&s);
	body_rows(&s, a);
}


static size_t checks_count(const struct scn_check *c)
{
	size_t n = 0;

	for (; c; c = c->next)
		n++;
	return n;
}


bool scn_expect(struct scn_play *p, const struct scn_line *line, const struct scn_peer *peer,
		struct str start, bool start_wrong, const struct scn_check *checks,
		const struct scn_arrival *a)
{
	size_t n = checks_count(checks), i = 0, wrong = 0;
	struct verdict *v = scn_alloc(p->arena, (n + 1) * sizeof(*v));
	const struct scn_line *first_wrong = NULL;

	for (const struct scn_check *c = checks; c; c = c->next, i++) {
		if (!judge(p, c, a, &v[i]))
			return false;
		if (v[i].wrong) {
			if (!wrong++)
				first_wrong = c->line;
		} else if (c->op == SCN_SAVE) {
			save(p, &v[i]);
		}
	}
	if (!wrong && !start_wrong)
		return true;
	if (start_wrong)
		scn_fail(p, line, STR_FMT " received something else", STR_ARG(peer->name));
	else
		scn_fail(p, first_wrong,
			 "this does not hold of what " STR_FMT " received (%zu of %zu checks fail)",
			 STR_ARG(peer->name), wrong, n);
	side_by_side(p, start, start_wrong, v, n, a);
	scn_fail_ladder(p, peer->name);
	return false;
}


bool scn_expect_text(struct scn_play *p, const struct scn_line *line,
		     const struct scn_check *checks, struct str what, struct str text)
{
	const struct scn_arrival a = {.kind = SCN_BYTES, .bytes = text};

	for (const struct scn_check *c = checks; c; c = c->next) {
		struct verdict v;

		if (!judge(p, c, &a, &v))
			return false;
		if (v.wrong)
			return scn_fail(p, c->line, "this does not hold of " STR_FMT ":\n" STR_FMT,
					STR_ARG(what), STR_ARG(text));
		if (c->op == SCN_SAVE)
			save(p, &v);
	}
	(void)line;
	return true;
}
