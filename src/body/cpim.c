/* SPDX-License-Identifier: Apache-2.0 */
/* Message/CPIM: bytes to views. */
#include "body/cpim.h"

#include <errno.h>

/** The next line of `*rest` without its end; false at the end of the text. */
static bool line_cut(struct str *rest, struct str *line)
{
	if (!rest->n)
		return false;

	struct str whole = *rest;
	ptrdiff_t at = str_find(whole, '\n');
	size_t n = at < 0 ? whole.n : (size_t)at;

	*rest = str_from(whole, at < 0 ? whole.n : n + 1);
	if (n && whole.p[n - 1] == '\r' && at >= 0)
		n--;
	*line = str_upto(whole, n);
	return true;
}


/* RFC 3862 3.6: NAMECHAR, "Any US-ASCII char except ".", CTLs or SEPARATORS". */
static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= 0x20 || c >= 0x7f || memchr("()<>@,;:\\\"/[]?={}.", c, 18))
			return false;
	}
	return s.n > 0;
}


/* 2.2: "The header MUST NOT contain any control characters (0-31)". A tab is blank enough to pass. */
static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}


/* ---- Namespaces (3.4) ---- */

struct namespaces {
	uint8_t n;
	struct str fallback; /* of names without a prefix */
	struct {
		struct str prefix, uri;
	} ns[CPIM_NAMESPACES_MAX];
};


/* 4.6: NS-header = "NS" ": " [ Name-prefix ] "<" URI ">"; a later declaration takes precedence. */
static int namespace_add(struct namespaces *all, struct str value)
{
	ptrdiff_t open = str_find(value, '<');

	if (open < 0 || value.p[value.n - 1] != '>')
		return -EBADMSG;
	struct str prefix = str_trim(str_upto(value, (size_t)open));
	struct str uri = str_upto(str_from(value, (size_t)open + 1), value.n - (size_t)open - 2);

	if (!uri.n || (prefix.n && !is_name(prefix)))
		return -EBADMSG;
	if (!prefix.n) {
		all->fallback = uri;
		return 0;
	}
	if (all->n == CPIM_NAMESPACES_MAX)
		return -ENOBUFS;
	all->ns[all->n].prefix = prefix;
	all->ns[all->n++].uri = uri;
	return 0;
}


static struct str namespace_find(const struct namespaces *all, struct str prefix)
{
	for (uint8_t i = all->n; i > 0; i--) {
		if (str_eq(all->ns[i - 1].prefix, prefix))
			return all->ns[i - 1].uri;
	}
	return STR_NULL;
}


/* The URNs are written with and without a final colon in the wild. */
static bool same_namespace(struct str a, struct str b)
{
	if (a.n && a.p[a.n - 1] == ':')
		a.n--;
	if (b.n && b.p[b.n - 1] == ':')
		b.n--;
	return str_eq(a, b);
}


/* ---- Message headers ---- */

/* Up to the blank that ends the parameters; one may be a quoted string with blanks in it. */
static int params_cut(struct str *rest, struct str *params)
{
	bool quoted = false;
	size_t i;

	*params = (struct str){"", 0};
	if (!rest->n || rest->p[0] != ';')
		return 0;
	for (i = 1; i < rest->n; i++) {
		if (quoted && rest->p[i] == '\\')
			i++;
		else if (rest->p[i] == '"')
			quoted = !quoted;
		else if (rest->p[i] == ' ' && !quoted)
			break;
	}
	if (quoted || i > rest->n)
		return -EBADMSG;
	*params = str_upto(str_from(*rest, 1), i - 1);
	*rest = str_from(*rest, i);
	return 0;
}


static int header_decode(struct cpim_header *h, struct namespaces *all, struct str line)
{
	ptrdiff_t colon = str_find(line, ':');

	if (colon <= 0 || has_control(line))
		return -EBADMSG;
	struct str name = str_upto(line, (size_t)colon), rest = str_from(line, (size_t)colon + 1);
	ptrdiff_t dot = str_find(name, '.');
	int err = params_cut(&rest, &h->params);

	if (err)
		return err;
	h->value = str_trim(rest);
	h->ns = all->fallback;
	if (dot >= 0) {
		struct str prefix = str_upto(name, (size_t)dot);

		if (!is_name(prefix))
			return -EBADMSG;
		h->ns = namespace_find(all, prefix);
		/* 3.4: "A namespace prefix declaration MUST precede any use of that prefix." */
		if (!h->ns.p)
			return -EBADMSG;
		name = str_from(name, (size_t)dot + 1);
	}
	if (!is_name(name))
		return -EBADMSG;
	h->name = name;
	if (same_namespace(h->ns, CPIM_NS) && str_eq(name, STR("NS")))
		return h->value.n ? namespace_add(all, h->value) : -EBADMSG;
	return 0;
}


static int headers_decode(struct cpim *c, struct str *rest)
{
	struct namespaces all = {.fallback = CPIM_NS};
	struct str line;

	while (line_cut(rest, &line)) {
		if (!line.n)
			return 0;
		if (c->headers == CPIM_HEADERS_MAX)
			return -ENOBUFS;
		int err = header_decode(&c->header[c->headers], &all, line);

		if (err)
			return err;
		c->headers++;
	}
	/* No empty line: there is no content. */
	return -EBADMSG;
}


/* ---- MIME headers of the content ---- */

static bool is_fold(struct str rest)
{
	return rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t');
}


static int mime_decode(struct cpim *c, struct str *rest)
{
	struct str line;

	while (line_cut(rest, &line)) {
		if (!line.n)
			return 0;
		if (c->mime == CPIM_MIME_MAX)
			return -ENOBUFS;
		for (struct str more; is_fold(*rest) && line_cut(rest, &more);)
			line = str_range(line.p, more.p + more.n);

		struct cpim_mime_header *h = &c->mime_header[c->mime];
		ptrdiff_t colon = str_find(line, ':');

		if (colon <= 0)
			return -EBADMSG;
		h->name = str_trim(str_upto(line, (size_t)colon));
		h->value = str_trim(str_from(line, (size_t)colon + 1));
		if (!is_name(h->name))
			return -EBADMSG;
		c->mime++;
	}
	/* Headers and nothing after: content without a single byte, and without its empty line. */
	return 0;
}


struct str cpim_mime(const struct cpim *c, struct str name)
{
	for (uint8_t i = 0; i < c->mime; i++) {
		if (str_eq_nocase(c->mime_header[i].name, name))
			return c->mime_header[i].value;
	}
	return STR_NULL;
}


/* `whole`: all of the content is there, and its length can be judged. */
static int content_decode(struct cpim *c, struct str rest, bool whole)
{
	struct str length = cpim_mime(c, STR("Content-Length"));
	uint64_t n;

	c->content_type = cpim_mime(c, STR("Content-Type"));
	c->content_disposition = cpim_mime(c, STR("Content-Disposition"));
	/* 2.4: "The MIME content headers MUST include at least a Content-Type header." */
	if (!c->content_type.n)
		return -EBADMSG;
	c->content = rest;
	if (!length.p || !whole)
		return 0;
	if (!str_u64(length, &n) || n > rest.n)
		return -EBADMSG;
	c->content = str_upto(rest, (size_t)n);
	return 0;
}


/* ---- Looking up ---- */

bool cpim_header_next(const struct cpim *c, struct str ns, struct str name, uint8_t *at,
		      struct str *ret)
{
	while (*at < c->headers) {
		const struct cpim_header *h = &c->header[(*at)++];

		if (str_eq(h->name, name) && same_namespace(h->ns, ns)) {
			*ret = h->value;
			return true;
		}
	}
	return false;
}


struct str cpim_header(const struct cpim *c, struct str ns, struct str name)
{
	struct str value = STR_NULL;
	uint8_t at = 0;

	(void)cpim_header_next(c, ns, name, &at, &value);
	return value;
}


/* RFC 5438 7.2.1: "If the IM Recipient does not understand a value of the Disposition-Notification header
 * field, the IM Recipient ignores that value." */
static unsigned notify_decode(struct str value)
{
	static const struct {
		struct str name;
		unsigned flag;
	} known[] = {
		{STR_INIT("positive-delivery"), CPIM_NOTIFY_POSITIVE_DELIVERY},
		{STR_INIT("negative-delivery"), CPIM_NOTIFY_NEGATIVE_DELIVERY},
		{STR_INIT("processing"), CPIM_NOTIFY_PROCESSING},
		{STR_INIT("display"), CPIM_NOTIFY_DISPLAY},
	};
	unsigned flags = 0;

	for (struct str rest = value; rest.p;) {
		struct str item = str_cut(&rest, ',');
		struct str name = str_trim(str_cut(&item, ';'));

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (str_eq(name, known[i].name))
				flags |= known[i].flag;
		}
	}
	return flags;
}


static int decode(struct cpim *ret, struct str text, bool whole)
{
	struct cpim c = {.headers = 0};
	struct str rest = text;
	int err = headers_decode(&c, &rest);

	if (!err)
		err = mime_decode(&c, &rest);
	if (!err)
		err = content_decode(&c, rest, whole);
	if (err)
		return err;

	c.from = cpim_header(&c, CPIM_NS, STR("From"));
	c.to = cpim_header(&c, CPIM_NS, STR("To"));
	c.date_time = cpim_header(&c, CPIM_NS, STR("DateTime"));
	c.subject = cpim_header(&c, CPIM_NS, STR("Subject"));
	c.message_id = cpim_header(&c, CPIM_NS_IMDN, STR("Message-ID"));
	c.original_to = cpim_header(&c, CPIM_NS_IMDN, STR("Original-To"));
	c.notify = notify_decode(cpim_header(&c, CPIM_NS_IMDN, STR("Disposition-Notification")));
	*ret = c;
	return 0;
}


int cpim_decode(struct cpim *ret, struct str text)
{
	return decode(ret, text, true);
}


int cpim_decode_head(struct cpim *ret, struct str text)
{
	return decode(ret, text, false);
}


/* A name of a Require header: its namespace was declared if any header with its prefix was decoded,
 * or by a NS header of ours. The declarations are read again, all of them: this is rare. */
static bool required_known(const struct cpim *c, struct str name)
{
	static const struct str core[] = {STR_INIT("From"),     STR_INIT("To"),      STR_INIT("cc"),
					  STR_INIT("DateTime"), STR_INIT("Subject"), STR_INIT("NS"),
					  STR_INIT("Require")};
	static const struct str imdn[] = {STR_INIT("Disposition-Notification"),
					  STR_INIT("Message-ID"), STR_INIT("Original-To"),
					  STR_INIT("IMDN-Record-Route"), STR_INIT("IMDN-Route")};
	struct namespaces all = {.fallback = CPIM_NS};
	ptrdiff_t dot = str_find(name, '.');
	struct str ns, value;
	uint8_t at = 0;

	while (cpim_header_next(c, CPIM_NS, STR("NS"), &at, &value))
		(void)namespace_add(&all, value);
	ns = dot < 0 ? all.fallback : namespace_find(&all, str_upto(name, (size_t)dot));
	name = str_from(name, dot < 0 ? 0 : (size_t)dot + 1);
	if (ns.p && same_namespace(ns, CPIM_NS)) {
		for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++) {
			if (str_eq(core[i], name))
				return true;
		}
	} else if (ns.p && same_namespace(ns, CPIM_NS_IMDN)) {
		for (size_t i = 0; i < sizeof(imdn) / sizeof(imdn[0]); i++) {
			if (str_eq(imdn[i], name))
				return true;
		}
	}
	return false;
}


bool cpim_require_known(const struct cpim *c)
{
	struct str value;
	uint8_t at = 0;

	while (cpim_header_next(c, CPIM_NS, STR("Require"), &at, &value)) {
		for (struct str rest = value; rest.p;) {
			if (!required_known(c, str_trim(str_cut(&rest, ','))))
				return false;
		}
	}
	return true;
}


int cpim_address_decode(struct str *ret_name, struct str *ret_uri, struct str value)
{
	struct str v = str_trim(value);
	ptrdiff_t open = str_rfind(v, '<');

	if (open < 0 || v.p[v.n - 1] != '>')
		return -EBADMSG;
	struct str name = str_trim(str_upto(v, (size_t)open));
	struct str uri = str_trim(str_range(v.p + open + 1, v.p + v.n - 1));

	if (!uri.n)
		return -EBADMSG;
	if (name.n && name.p[0] == '"') {
		if (name.n < 2 || name.p[name.n - 1] != '"')
			return -EBADMSG;
		name = str_range(name.p + 1, name.p + name.n - 1);
	}
	*ret_name = name;
	*ret_uri = uri;
	return 0;
}


/* ---- Escapes (2.3) ---- */

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}


/* "\uxxxx" at the start of `s`, which begins with the backslash. */
static bool unit_decode(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u' ||
	    !str_hex_u64(str_upto(str_from(s, 2), 4), &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}


/* Units beyond UCS-2 come as surrogates, two of them; one alone is no character. */
static size_t put_unit(struct buf *out, struct str s)
{
	uint32_t c, low;

	if (!unit_decode(s, &c)) {
		buf_putc(out, 'u');
		return 2;
	}
	if (c >= 0xd800 && c < 0xdc00 && unit_decode(str_from(s, 6), &low) && low >= 0xdc00 &&
	    low < 0xe000) {
		put_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		return 12;
	}
	put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return 6;
}


void cpim_unescape(struct str value, struct buf *out)
{
	static const char from[] = "btnr", to[] = "\b\t\n\r";

	for (size_t i = 0; i < value.n;) {
		if (value.p[i] != '\\') {
			buf_putc(out, value.p[i++]);
			continue;
		}
		/* "An isolated backslash that is the last character of a header SHOULD be ignored." */
		if (i + 1 == value.n)
			return;
		const char *at = strchr(from, value.p[i + 1]);

		if (value.p[i + 1] == 'u') {
			i += put_unit(out, str_from(value, i));
			continue;
		}
		/* "Any unrecognized escape sequence SHOULD be treated as an instance of the
		 * character following the backslash character." */
		buf_putc(out, at && *at ? to[at - from] : value.p[i + 1]);
		i += 2;
	}
}
