/* SPDX-License-Identifier: Apache-2.0 */
/* MIME bodies: media types, multiparts, and a walk to every leaf. */
#include "body/mime.h"

#include <errno.h>

#include "body/cpim.h"

/* RFC 2045 5.1: tspecials. */
static bool is_token_char(char c)
{
	return c > ' ' && c < 0x7f && !memchr("()<>@,;:\\\"/[]?=", c, 15);
}


static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_token_char(s.p[i]))
			return false;
	}
	return s.n > 0;
}


/* ---- Media types ---- */

/* Length of the quoted string at the start of `s`; 0: it is not closed. */
static size_t quoted_length(struct str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}


/* Senders leave boundaries unquoted that should be quoted: what cannot be taken for anything else is let
 * through. */
static size_t bare_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] > ' ' && s.p[n] < 0x7f && s.p[n] != ';' && s.p[n] != '"')
		n++;
	return n;
}


/* What may follow a parameter: the end, or a ';', which is taken. */
static bool param_ends(struct str *rest)
{
	*rest = str_trim(*rest);
	if (rest->n && rest->p[0] != ';')
		return false;
	*rest = str_from(*rest, 1);
	return true;
}


/* 1: one taken; 0: no more; -EBADMSG. An empty one ("text/plain;") is passed over. */
static int param_next(struct str *rest, struct str *name, struct str *value)
{
	size_t n = 0;

	*rest = str_trim(*rest);
	while (rest->n && rest->p[0] == ';')
		*rest = str_trim(str_from(*rest, 1));
	if (!rest->n)
		return 0;
	while (n < rest->n && is_token_char(rest->p[n]))
		n++;
	*name = str_upto(*rest, n);
	*value = STR("");
	*rest = str_trim(str_from(*rest, n));
	if (!n)
		return -EBADMSG;
	if (rest->n && rest->p[0] == '=') {
		*rest = str_trim(str_from(*rest, 1));
		n = rest->n && rest->p[0] == '"' ? quoted_length(*rest) : bare_length(*rest);
		if (!n)
			return -EBADMSG;
		*value = str_upto(*rest, n);
		*rest = str_from(*rest, n);
	}
	return param_ends(rest) ? 1 : -EBADMSG;
}


int mime_type_decode(struct mime_type *ret, struct str value)
{
	struct str rest = value, name, v, both = str_cut(&rest, ';'), subtype = both;
	struct mime_type t;
	int r;

	t.type = str_trim(str_cut(&subtype, '/'));
	t.subtype = str_trim(subtype);
	t.params = rest.p ? str_trim(rest) : STR("");
	if (!is_token(t.type) || !is_token(t.subtype))
		return -EBADMSG;
	for (rest = t.params; (r = param_next(&rest, &name, &v)) > 0;) {
	}
	if (r)
		return r;
	*ret = t;
	return 0;
}


bool mime_type_is(const struct mime_type *t, struct str type, struct str subtype)
{
	return str_eq_nocase(t->type, type) && str_eq_nocase(t->subtype, subtype);
}


bool mime_type_within(const struct mime_type *t, struct str range)
{
	struct str subtype = str_cut(&range, ';'), type;

	type = str_trim(str_cut(&subtype, '/'));
	if (!subtype.p)
		return str_eq(type, STR("*"));
	subtype = str_trim(subtype);
	return (str_eq(type, STR("*")) || str_eq_nocase(t->type, type)) &&
	       (str_eq(subtype, STR("*")) || str_eq_nocase(t->subtype, subtype));
}


bool mime_param(struct str params, struct str name, struct str *ret)
{
	struct str n, v;

	while (param_next(&params, &n, &v) > 0) {
		if (!str_eq_nocase(n, name))
			continue;
		*ret = v;
		return true;
	}
	return false;
}


void mime_unquote(struct str value, struct buf *out)
{
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"') {
		buf_puts(out, value);
		return;
	}
	for (size_t i = 1; i < value.n - 1; i++) {
		if (value.p[i] == '\\' && i + 2 < value.n)
			i++;
		buf_putc(out, value.p[i]);
	}
}


/* ---- One part ---- */

/* Takes a line off `*rest`, without its end; false: nothing is left. */
static bool line_next(struct str *rest, struct str *line)
{
	if (!rest->n)
		return false;
	*line = str_cut(rest, '\n');
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}


/* A field with all the lines that continue it. */
static struct str field_next(struct str *rest)
{
	struct str line, field;

	line_next(rest, &field);
	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
		line_next(rest, &line);
		field = str_range(field.p, line.p + line.n);
	}
	return field;
}


static int field_keep(struct mime_part *part, struct str field)
{
	struct {
		struct str name;
		struct str *value;
	} known[] = {
		{STR("Content-Type"), &part->content_type},
		{STR("Content-Disposition"), &part->content_disposition},
		{STR("Content-ID"), &part->content_id},
		{STR("Content-Transfer-Encoding"), &part->transfer_encoding},
	};
	struct str value = field, name = str_trim(str_cut(&value, ':'));

	if (!value.p || !is_token(name))
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!str_eq_nocase(name, known[i].name))
			continue;
		if (known[i].value->p)
			return -EBADMSG;
		*known[i].value = str_trim(value);
	}
	return 0;
}


static bool at_blank_line(struct str s)
{
	return str_starts(s, STR("\n")) || str_starts(s, STR("\r\n"));
}


/* `bytes` is what stands between two delimiters. Fields that go on to the end mean an empty content
 * (RFC 2046 5.1: body-part := MIME-part-headers [CRLF *OCTET]). */
static int part_decode(struct mime_part *ret, struct str bytes)
{
	struct mime_part part = {.content = STR_NULL};
	struct str rest = bytes, blank;
	unsigned fields = 0;
	int err;

	while (rest.n && !at_blank_line(rest)) {
		if (++fields > MIME_FIELDS_MAX)
			return -ENOBUFS;
		err = field_keep(&part, field_next(&rest));
		if (err)
			return err;
	}
	part.headers = rest.p ? str_range(bytes.p, rest.p) : bytes;
	if (rest.n)
		line_next(&rest, &blank);
	part.content = rest.p ? rest : STR("");
	*ret = part;
	return 0;
}


/* ---- Multiparts ---- */

static bool is_boundary(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      memchr("'()+_,-./:=? ", c, 13)))
			return false;
	}
	return s.n && s.p[s.n - 1] != ' ';
}


/* Two boundaries would let readers disagree. */
static bool boundary_of(struct str params, struct str *ret)
{
	struct str name, value;
	unsigned seen = 0;

	while (param_next(&params, &name, &value) > 0) {
		if (!str_eq_nocase(name, STR("boundary")))
			continue;
		*ret = value;
		seen++;
	}
	return seen == 1;
}


int mime_parts_init(struct mime_parts *it, const struct mime_type *t, struct str body)
{
	struct str value;
	struct buf b;

	if (!str_eq_nocase(t->type, STR("multipart")) || !boundary_of(t->params, &value))
		return -EBADMSG;
	*it = (struct mime_parts){.rest = body};
	buf_fixed(&b, it->boundary, sizeof(it->boundary));
	mime_unquote(value, &b);
	if (b.failed || !is_boundary(buf_str(&b)))
		return -EBADMSG;
	it->boundary_n = (uint8_t)b.n;
	return 0;
}


enum delimiter { NONE, OPENS, CLOSES, ODD };


/* RFC 2046 5.1.1: the delimiter "may be followed by" linear white space. 5.1.2: "it is sufficient that
 * the boundary appear in its entirety following the CRLF", so that a line with more behind it would end
 * the part for some readers and not for others. */
static enum delimiter delimiter_of(const struct mime_parts *it, struct str line)
{
	struct str boundary = {it->boundary, it->boundary_n}, tail;

	if (!str_starts(line, STR("--")) || !str_starts(str_from(line, 2), boundary))
		return NONE;
	tail = str_from(line, 2 + boundary.n);
	if (!str_trim(tail).n)
		return OPENS;
	return str_eq(str_trim(str_starts(tail, STR("--")) ? str_from(tail, 2) : tail), STR(""))
		       ? CLOSES
		       : ODD;
}


/* Takes everything up to and including the next delimiter line off the rest; `*before` is what stood
 * before it and its line end. */
static enum delimiter to_delimiter(struct mime_parts *it, struct str *before)
{
	const char *begin = it->rest.p;
	struct str line;

	while (line_next(&it->rest, &line)) {
		enum delimiter d = delimiter_of(it, line);
		const char *end = line.p;

		if (d == NONE)
			continue;
		/* "The CRLF preceding the boundary delimiter line is conceptually attached to the boundary".
		 */
		if (end > begin && end[-1] == '\n')
			end--;
		if (end > begin && end < line.p && end[-1] == '\r')
			end--;
		*before = str_range(begin, end);
		return d;
	}
	return NONE;
}


int mime_parts_next(struct mime_parts *it, struct mime_part *ret)
{
	struct str bytes;
	enum delimiter d;
	int err;

	if (it->closed)
		return 0;
	if (!it->seen && to_delimiter(it, &bytes) != OPENS)
		return -EBADMSG;
	if (it->seen == MIME_PARTS_MAX)
		return -ENOBUFS;
	it->seen++;
	d = to_delimiter(it, &bytes);
	if (d != OPENS && d != CLOSES)
		return -EBADMSG;
	it->closed = d == CLOSES;
	err = part_decode(ret, bytes);
	return err ? err : 1;
}


int mime_parts_find(const struct mime_type *t, struct str body, struct str type, struct str subtype,
		    struct mime_part *ret)
{
	struct mime_parts it;
	struct mime_part part;
	struct mime_type found;
	int r = mime_parts_init(&it, t, body);

	if (r)
		return r;
	while ((r = mime_parts_next(&it, &part)) > 0) {
		if (!part.content_type.p || mime_type_decode(&found, part.content_type) ||
		    !mime_type_is(&found, type, subtype))
			continue;
		*ret = part;
		return 0;
	}
	return r ? r : -ENOENT;
}


/* ---- Every leaf ---- */

struct walk {
	mime_leaf_cb *leaf;
	void *arg;
	unsigned leaves;
};

static int visit(struct walk *w, const struct mime_part *part, struct str type_otherwise,
		 unsigned depth);


static int visit_multipart(struct walk *w, const struct mime_type *t, struct str body,
			   unsigned depth)
{
	struct str otherwise = str_eq_nocase(t->subtype, STR("digest")) ? STR("message/rfc822")
									: STR("text/plain");
	struct mime_parts it;
	struct mime_part part;
	int r = mime_parts_init(&it, t, body);

	if (r)
		return r;
	while ((r = mime_parts_next(&it, &part)) > 0) {
		r = visit(w, &part, otherwise, depth + 1);
		if (r)
			return r;
	}
	return r;
}


static int visit_cpim(struct walk *w, struct str body, unsigned depth)
{
	struct mime_part part = {.content = STR_NULL};
	struct cpim c;
	int err = cpim_decode(&c, body);

	if (err)
		return err;
	part.content_type = c.content_type;
	part.content_disposition = c.content_disposition;
	part.content_id = cpim_mime(&c, STR("Content-ID"));
	part.transfer_encoding = cpim_mime(&c, STR("Content-Transfer-Encoding"));
	part.content = c.content;
	return visit(w, &part, STR("text/plain"), depth + 1);
}


/* RFC 2045 6.4: in a composite type no encoding but these is permitted. */
static bool is_plain(struct str transfer_encoding)
{
	struct str e = str_trim(transfer_encoding);

	return !e.n || str_eq_nocase(e, STR("7bit")) || str_eq_nocase(e, STR("8bit")) ||
	       str_eq_nocase(e, STR("binary"));
}


static int visit(struct walk *w, const struct mime_part *part, struct str type_otherwise,
		 unsigned depth)
{
	bool multipart, cpim;
	struct mime_type t;
	int err = mime_type_decode(&t, part->content_type.p ? part->content_type : type_otherwise);

	if (err)
		return err;
	multipart = str_eq_nocase(t.type, STR("multipart"));
	cpim = mime_type_is(&t, STR("message"), STR("cpim"));
	if (!multipart && !cpim)
		return ++w->leaves > MIME_PARTS_MAX ? -ENOBUFS : w->leaf(&t, part, depth, w->arg);
	if (depth == MIME_DEPTH_MAX)
		return -ENOBUFS;
	if (!is_plain(part->transfer_encoding))
		return -EBADMSG;
	return multipart ? visit_multipart(w, &t, part->content, depth)
			 : visit_cpim(w, part->content, depth);
}


int mime_walk(struct str content_type, struct str body, mime_leaf_cb *leaf, void *arg)
{
	struct walk w = {leaf, arg, 0};
	struct mime_part whole = {.content_type = content_type,
				  .headers = STR(""),
				  .content = body};

	return visit(&w, &whole, STR("text/plain"), 0);
}
