/* SPDX-License-Identifier: Apache-2.0 */
/* Editing the member list of a group document: a scanner for the tags of well-formed XML without a DTD. */
#include "body/group_edit.h"

#include <errno.h>

#include "body/xml.h"

/** Longest form of one URI. */
#define IDENTITY_MAX 2048

/** A start tag, an empty-element tag or an end tag. */
struct tag {
	struct str text;    /**< with < and > */
	struct str name;    /**< with its prefix */
	struct str local;   /**< without */
	bool opens, closes; /**< both: <name/> */
};

struct scanner {
	struct str text;
	size_t at;
};


/* Past `end`, from `at` on; the text is well-formed. */
static size_t past(struct str text, size_t at, struct str end)
{
	ptrdiff_t found = str_find_str(str_from(text, at), end);

	return found < 0 ? text.n : at + (size_t)found + end.n;
}


/* A '>' may stand in the value of an attribute. */
static size_t tag_end(struct str text, size_t at)
{
	char quote = 0;

	for (; at < text.n; at++) {
		char c = text.p[at];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return at + 1;
	}
	return text.n;
}


static struct str name_of(struct str inside)
{
	size_t n = 0;

	while (n < inside.n && !strchr(" \t\r\n/>", inside.p[n]))
		n++;
	return str_upto(inside, n);
}


static void tag_decode(struct tag *t, struct str text)
{
	ptrdiff_t colon;

	t->text = text;
	t->closes = text.n > 2 && (text.p[1] == '/' || text.p[text.n - 2] == '/');
	t->opens = text.p[1] != '/';
	t->name = name_of(str_from(text, t->opens ? 1 : 2));
	colon = str_find(t->name, ':');
	t->local = colon < 0 ? t->name : str_from(t->name, (size_t)colon + 1);
}


static bool next(struct scanner *s, struct tag *t)
{
	while (s->at < s->text.n) {
		ptrdiff_t open = str_find(str_from(s->text, s->at), '<');

		if (open < 0)
			break;
		size_t begin = s->at + (size_t)open;
		struct str rest = str_from(s->text, begin);

		if (str_starts(rest, STR("<!--"))) {
			s->at = past(s->text, begin + 4, STR("-->"));
		} else if (str_starts(rest, STR("<![CDATA["))) {
			s->at = past(s->text, begin, STR("]]>"));
		} else if (str_starts(rest, STR("<?"))) {
			s->at = past(s->text, begin, STR("?>"));
		} else {
			s->at = tag_end(s->text, begin);
			if (s->at - begin < 3)
				return false;
			tag_decode(t, str_upto(rest, s->at - begin));
			return true;
		}
	}
	return false;
}


/* From an opening tag, past its end. */
static void skip(struct scanner *s, const struct tag *opened)
{
	struct tag t = *opened;

	for (int depth = t.closes ? 0 : 1; depth > 0 && next(s, &t);)
		depth += (int)t.opens - (int)t.closes;
}


/* ---- Where the list is ---- */

struct place {
	struct tag service, list; /**< opening tags; list.text.p NULL: there is no list */
	size_t after_names;       /**< where a list may be put: behind the display names */
	size_t list_end;          /**< of the list's end tag, its '<'; of an empty one: behind it */
};


static size_t offset_of(const struct scanner *s, const struct tag *t)
{
	return (size_t)(t->text.p - s->text.p);
}


static void find_in_service(struct scanner *s, struct place *p)
{
	struct tag t;

	p->after_names = s->at;
	while (next(s, &t) && t.opens) {
		if (!str_eq(t.local, STR("list"))) {
			bool is_name = str_eq(t.local, STR("display-name"));

			skip(s, &t);
			if (is_name)
				p->after_names = s->at;
			continue;
		}
		p->list = t;
		while (!t.closes && next(s, &t) && t.opens) {
			skip(s, &t);
			t.closes = false;
		}
		p->list_end = t.opens ? s->at : offset_of(s, &t);
		return;
	}
}


static int place_find(struct place *p, struct str text)
{
	struct scanner s = {.text = text};
	struct tag t;

	*p = (struct place){.list_end = 0};
	if (!next(&s, &t) || !str_eq(t.local, STR("group")) || t.closes)
		return -EBADMSG;
	while (next(&s, &t) && t.opens) {
		if (str_eq(t.local, STR("list-service"))) {
			p->service = t;
			if (t.closes)
				return -EBADMSG;
			find_in_service(&s, p);
			return 0;
		}
		skip(&s, &t);
	}
	return -EBADMSG;
}


/* ---- Checking ---- */

static int canonical_of(struct str uri, access_canonical_cb *canonical, void *arg, struct buf *out)
{
	if (!canonical) {
		buf_puts(out, uri);
		return 0;
	}
	return canonical(uri, out, arg);
}


/* How many entries of its list are this one; or an error. */
static int count_of(struct str text, struct str identity, access_canonical_cb *canonical, void *arg,
		    size_t *members, size_t *ret)
{
	struct group *g;
	int err = group_decode(&g, text, canonical, arg);

	if (err)
		return err;
	*ret = 0;
	*members = g->members_n;
	for (size_t i = 0; i < g->members_n; i++)
		*ret += str_eq(g->members[i].canonical, identity);
	mem_unref(g);
	return 0;
}


static int check(const struct buf *out, size_t from, struct str identity,
		 access_canonical_cb *canonical, void *arg, size_t members, size_t wanted)
{
	size_t found = 0, all = 0;
	int err;

	if (out->failed)
		return -ENOBUFS;
	err = count_of(str_from(buf_str(out), from), identity, canonical, arg, &all, &found);
	if (err)
		return err;
	return all == members && found == wanted ? 0 : -EBADMSG;
}


/* ---- The two changes ---- */

static struct str prefix_of(const struct tag *t)
{
	return str_upto(t->name, t->name.n - t->local.n);
}


static void put_entry(struct buf *out, struct str prefix, const struct group_member *m)
{
	buf_printf(out, "<" STR_FMT "entry", STR_ARG(prefix));
	xml_put_attribute(out, STR("uri"), m->uri);
	if (m->display_name.n) {
		buf_printf(out, "><" STR_FMT "display-name>", STR_ARG(prefix));
		xml_escape(m->display_name, out);
		buf_printf(out, "</" STR_FMT "display-name></" STR_FMT "entry>\n", STR_ARG(prefix),
			   STR_ARG(prefix));
	} else {
		buf_puts(out, STR("/>\n"));
	}
}


/* The list's own tag, empty or absent, becomes one with a content. */
static void put_list(struct buf *out, struct str text, const struct place *p,
		     const struct group_member *m)
{
	const struct tag *like = p->list.text.p ? &p->list : &p->service;
	struct str prefix = prefix_of(like);
	size_t from = p->list.text.p ? (size_t)(p->list.text.p - text.p) : p->after_names;

	buf_puts(out, str_upto(text, from));
	if (p->list.text.p) {
		buf_puts(out, str_upto(p->list.text, p->list.text.n - 2));
		buf_puts(out, STR(">\n"));
	} else {
		buf_printf(out, "\n<" STR_FMT "list>\n", STR_ARG(prefix));
	}
	put_entry(out, prefix, m);
	buf_printf(out, "</" STR_FMT "list>", STR_ARG(prefix));
	buf_puts(out, str_from(text, p->list.text.p ? p->list_end : p->after_names));
}


int group_edit_add(struct buf *out, struct str text, const struct group_member *m,
		   access_canonical_cb *canonical, void *arg)
{
	char storage[IDENTITY_MAX];
	size_t before = 0, members = 0, from = out->n;
	struct buf identity;
	struct place p;
	int err;

	buf_fixed(&identity, storage, sizeof(storage));
	if (canonical_of(m->uri, canonical, arg, &identity) || identity.failed)
		return -EINVAL;
	err = count_of(text, buf_str(&identity), canonical, arg, &members, &before);
	if (err || before)
		return err ? err : -EEXIST;
	err = place_find(&p, text);
	if (err)
		return err;
	if (p.list.text.p && !p.list.closes) {
		buf_puts(out, str_upto(text, p.list_end));
		put_entry(out, prefix_of(&p.list), m);
		buf_puts(out, str_from(text, p.list_end));
	} else {
		put_list(out, text, &p, m);
	}
	return check(out, from, buf_str(&identity), canonical, arg, members + 1, 1);
}


/* The URI of an entry's tag, as the decoder reads it. False: it has none. */
static bool entry_uri(struct str tag, struct buf *out)
{
	struct str rest = tag;

	for (ptrdiff_t at; (at = str_find_str(rest, STR("uri"))) > 0;
	     rest = str_from(rest, (size_t)at + 3)) {
		struct str value = str_trim(str_from(rest, (size_t)at + 3));
		static const struct {
			struct str entity;
			char c;
		} entities[] = {{STR_INIT("&amp;"), '&'},
				{STR_INIT("&lt;"), '<'},
				{STR_INIT("&gt;"), '>'},
				{STR_INIT("&quot;"), '"'},
				{STR_INIT("&apos;"), '\''}};
		ptrdiff_t end;

		if (!strchr(" \t\r\n", rest.p[at - 1]) || !value.n || value.p[0] != '=')
			continue;
		value = str_trim(str_from(value, 1));
		if (!value.n || (end = str_find(str_from(value, 1), value.p[0])) < 0)
			return false;
		value = str_trim(str_upto(str_from(value, 1), (size_t)end));
		for (size_t i = 0; i < value.n; i++) {
			size_t k = 0;

			while (k < 5 && !str_starts(str_from(value, i), entities[k].entity))
				k++;
			buf_putc(out, k < 5 ? entities[k].c : value.p[i]);
			i += k < 5 ? entities[k].entity.n - 1 : 0;
		}
		return !out->failed;
	}
	return false;
}


static bool is_entry_of(const struct tag *t, struct str identity, access_canonical_cb *canonical,
			void *arg)
{
	char uri_text[IDENTITY_MAX], text[IDENTITY_MAX];
	struct buf uri, own;

	buf_fixed(&uri, uri_text, sizeof(uri_text));
	buf_fixed(&own, text, sizeof(text));
	return str_eq(t->local, STR("entry")) && entry_uri(t->text, &uri) &&
	       canonical_of(buf_str(&uri), canonical, arg, &own) == 0 && !own.failed &&
	       str_eq(buf_str(&own), identity);
}


/* The line end behind what is taken out goes with it. */
static size_t line_end(struct str text, size_t at)
{
	size_t n = at;

	while (n < text.n && strchr(" \t\r", text.p[n]))
		n++;
	return n < text.n && text.p[n] == '\n' ? n + 1 : at;
}


int group_edit_remove(struct buf *out, struct str text, struct str uri,
		      access_canonical_cb *canonical, void *arg)
{
	char storage[IDENTITY_MAX];
	size_t before = 0, members = 0, from = out->n, copied = 0;
	struct buf identity;
	struct scanner s = {.text = text};
	struct place p;
	struct tag t;
	int err;

	buf_fixed(&identity, storage, sizeof(storage));
	if (canonical_of(uri, canonical, arg, &identity) || identity.failed)
		return -EINVAL;
	err = count_of(text, buf_str(&identity), canonical, arg, &members, &before);
	if (err || !before)
		return err ? err : -ENOENT;
	err = place_find(&p, text);
	if (err || !p.list.text.p)
		return -EBADMSG;
	s.at = (size_t)(p.list.text.p - text.p) + p.list.text.n;
	while (s.at < p.list_end && next(&s, &t) && t.opens) {
		size_t begin = offset_of(&s, &t);

		skip(&s, &t);
		if (!is_entry_of(&t, buf_str(&identity), canonical, arg))
			continue;
		buf_puts(out, str_upto(str_from(text, copied), begin - copied));
		copied = s.at = line_end(text, s.at);
	}
	buf_puts(out, str_from(text, copied));
	return check(out, from, buf_str(&identity), canonical, arg, members - before, 0);
}
