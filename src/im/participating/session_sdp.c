/* SPDX-License-Identifier: Apache-2.0 */
/* The SDP of one leg made out of that of the other. */

#include "im/participating/session_sdp.h"

#include <errno.h>

#include "body/mime.h"

struct line {
	char type;
	struct str value; /**< behind the '=' */
	struct str text;  /**< all of it, without the line's end */
};


/* ---- Reading ---- */

/* RFC 4566 5: "parsers SHOULD be tolerant and also accept records terminated with a single newline". */
static bool line_next(struct str *rest, struct line *ret)
{
	ptrdiff_t end;

	if (!rest->n)
		return false;
	end = str_find(*rest, '\n');
	ret->text = str_upto(*rest, end < 0 ? rest->n : (size_t)end);
	*rest = str_from(*rest, end < 0 ? rest->n : (size_t)end + 1);
	if (ret->text.n && ret->text.p[ret->text.n - 1] == '\r')
		ret->text.n--;
	bool good = ret->text.n >= 2 && ret->text.p[1] == '=';
	ret->type = good ? ret->text.p[0] : 0;
	ret->value = good ? str_from(ret->text, 2) : STR_NULL;
	return true;
}


static bool attribute(const struct line *l, struct str name, struct str *value)
{
	struct str rest = l->value, n;

	if (l->type != 'a')
		return false;
	n = str_cut(&rest, ':');
	if (!str_eq_nocase(n, name))
		return false;
	*value = rest.p ? str_trim(rest) : STR("");
	return true;
}


static struct str attribute_of(const struct sdp_medium *m, struct str name)
{
	struct str value;

	return sdp_attribute(m->text, name, &value) ? str_trim(value) : STR_NULL;
}


static void read_section(struct session_section *s, const struct sdp_medium *m, struct str session)
{
	*s = (struct session_section){
		.message = sdp_medium_is_msrp(m),
		.secure = str_eq_nocase(m->proto, STR("TCP/TLS/MSRP")),
		.port = m->port,
		.path = attribute_of(m, STR("path")),
		.types = attribute_of(m, STR("accept-types")),
		.setup = msrp_setup_decode(attribute_of(m, STR("setup"))),
	};
	s->active = s->message && s->port;
	if (!sdp_connection(m->text, &s->c_host, NULL) &&
	    !sdp_connection(session, &s->c_host, NULL))
		s->c_host = STR_NULL;
}


int session_sdp_read(struct session_sdp *ret, struct str text)
{
	struct sdp d;
	struct str host;

	if (sdp_decode(&d, text))
		return -EBADMSG;
	*ret = (struct session_sdp){.text = text,
				    .n = d.n,
				    .session_c = sdp_connection(d.session, &host, NULL)};
	for (size_t i = 0; i < d.n; i++) {
		struct session_section *s = &ret->section[i];

		read_section(s, &d.medium[i], d.session);
		if (s->active && !s->path.n)
			return -EBADMSG;
		ret->streams += s->active;
		ret->others |= !s->message && s->port;
	}
	return 0;
}


/* ---- Types ---- */

static struct str without_params(struct str type)
{
	return str_trim(str_cut(&type, ';'));
}


bool session_types_hold(struct str list, struct str content_type)
{
	struct str subtype = without_params(content_type), type = str_cut(&subtype, '/');

	return !list.n || sdp_types_have(list, type, subtype);
}


static bool is_container(const struct mime_type *t)
{
	return mime_type_is(t, STR("message"), STR("cpim")) ||
	       str_eq_nocase(t->type, STR("multipart"));
}


/* What belongs to the service itself and what is looked into is nobody's to forbid (digest c16). */
static bool may_pass(const struct session_limits *m, struct str token)
{
	struct mime_type t;

	if (str_eq(token, STR("*")) || mime_type_decode(&t, token) || is_container(&t) ||
	    str_eq_nocase(t.subtype, STR("im-iscomposing+xml")) ||
	    str_eq_nocase(t.subtype, STR("imdn+xml")))
		return true;
	return operator_allows_type(m->service, m->user[0], m->mode, t.type, t.subtype) &&
	       operator_allows_type(m->service, m->user[1], m->mode, t.type, t.subtype);
}


/* The list without what the policies forbid; as it was when nothing would be left. */
static void put_types(struct buf *out, struct str name, struct str list,
		      const struct session_limits *m)
{
	size_t begin = out->n, left = 0;

	buf_puts(out, STR("a="));
	buf_puts(out, name);
	buf_putc(out, ':');
	for (struct str rest = list; rest.p;) {
		struct str token = str_cut(&rest, ' ');

		if (!token.n || !may_pass(m, token))
			continue;
		if (left++)
			buf_putc(out, ' ');
		buf_puts(out, token);
	}
	if (!left && !out->failed) {
		out->n = begin;
		buf_printf(out, "a=" STR_FMT ":" STR_FMT, STR_ARG(name), STR_ARG(list));
	}
	buf_puts(out, STR("\r\n"));
}


/* ---- Writing ---- */

/** Where in the description the writer is. */
struct writer {
	struct buf *out;
	const struct session_sdp_params *p;
	const struct session_section *section;
	const struct session_ours *ours; /**< NULL: before the first m=, or copied */
	bool c_due, path_done, setup_done, size_done;
};


static void put_line(struct buf *out, struct str text)
{
	buf_puts(out, text);
	buf_puts(out, STR("\r\n"));
}


/* "IN IP6 " and the address: of c= and o=. */
static void put_address(struct buf *out, bool v6, struct str host)
{
	buf_puts(out, v6 ? STR("IN IP6 ") : STR("IN IP4 "));
	put_line(out, host);
}


static void put_attribute(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, STR("a="));
	buf_puts(out, name);
	buf_putc(out, ':');
	put_line(out, value);
}


static void put_size(struct buf *out, uint64_t size)
{
	buf_puts(out, STR("a=max-size:"));
	buf_putu(out, size);
	buf_puts(out, STR("\r\n"));
}


static void put_c(struct buf *out, const struct msrp_advertised *at)
{
	buf_puts(out, STR("c="));
	put_address(out, at->host_v6, at->host);
}


static void put_o(struct buf *out, uint64_t id, uint64_t version)
{
	buf_puts(out, STR("o=- "));
	buf_putu(out, id);
	buf_putc(out, ' ');
	buf_putu(out, version);
	buf_putc(out, ' ');
}


static const struct msrp_advertised *any_address(const struct session_sdp_params *p)
{
	for (size_t i = 0; i < p->from->n; i++) {
		if (p->ours[i].at)
			return p->ours[i].at;
	}
	return NULL;
}


static bool replaces_session_c(const struct session_sdp_params *p)
{
	return p->from->session_c && !p->from->others && any_address(p);
}


/* What the far side did not say, and our side has to. */
static void section_end(struct writer *w)
{
	if (!w->ours)
		return;
	if (w->c_due)
		put_c(w->out, w->ours->at);
	if (!w->setup_done && w->ours->setup != MSRP_SETUP_NONE)
		put_attribute(w->out, STR("setup"), msrp_setup_name(w->ours->setup));
	if (!w->size_done && w->p->limits->max_size != OPERATOR_NO_LIMIT)
		put_size(w->out, w->p->limits->max_size);
}


static void section_begin(struct writer *w, size_t i, struct str value)
{
	struct str rest = value;

	section_end(w);
	w->section = &w->p->from->section[i];
	w->ours = w->p->ours[i].at ? &w->p->ours[i] : NULL;
	w->c_due = w->ours && !replaces_session_c(w->p);
	w->path_done = w->setup_done = w->size_done = false;
	if (!w->ours) {
		buf_puts(w->out, STR("m="));
		put_line(w->out, value);
		return;
	}
	(void)str_cut(&rest, ' ');
	(void)str_cut(&rest, ' ');
	(void)str_cut(&rest, ' ');
	buf_puts(w->out, STR("m=message "));
	buf_putu(w->out, w->ours->at->port);
	buf_puts(w->out, w->ours->at->secure ? STR(" TCP/TLS/MSRP ") : STR(" TCP/MSRP "));
	put_line(w->out, rest);
}


static void put_max_size(struct writer *w, struct str value)
{
	uint64_t size, max = w->p->limits->max_size;

	w->size_done = true;
	if (!str_u64(value, &size) || size > max)
		size = max;
	put_size(w->out, size);
}


static bool put_our_attribute(struct writer *w, const struct line *l)
{
	struct str value;

	if (attribute(l, STR("path"), &value)) {
		if (!w->path_done)
			put_attribute(w->out, STR("path"), w->ours->path);
		w->path_done = true;
	} else if (attribute(l, STR("setup"), &value)) {
		if (!w->setup_done && w->ours->setup != MSRP_SETUP_NONE)
			put_attribute(w->out, STR("setup"), msrp_setup_name(w->ours->setup));
		w->setup_done = true;
	} else if (attribute(l, STR("max-size"), &value)) {
		put_max_size(w, value);
	} else if (attribute(l, STR("accept-types"), &value)) {
		put_types(w->out, STR("accept-types"), value, w->p->limits);
	} else if (attribute(l, STR("accept-wrapped-types"), &value)) {
		put_types(w->out, STR("accept-wrapped-types"), value, w->p->limits);
	} else {
		return attribute(l, STR("connection"), &value) ||
		       attribute(l, STR("fingerprint"), &value);
	}
	return true;
}


/* Of a section with a stream of ours; false: as it came. */
static bool put_our_line(struct writer *w, const struct line *l)
{
	if (l->type == 'c' || (w->c_due && l->type != 'i')) {
		if (w->c_due)
			put_c(w->out, w->ours->at);
		w->c_due = false;
	}
	return l->type == 'c' || put_our_attribute(w, l);
}


/* A message section that is switched off: the far side's path says nothing to this side. */
static bool is_hidden(const struct writer *w, const struct line *l)
{
	struct str value;

	return w->section && w->section->message && !w->ours &&
	       (l->type == 'c' || attribute(l, STR("path"), &value));
}


static void put_our_o(struct writer *w, const struct msrp_advertised *at)
{
	put_o(w->out, w->p->id, w->p->version);
	put_address(w->out, at->host_v6, at->host);
}


static void put(struct writer *w, const struct line *l, size_t *i)
{
	const struct msrp_advertised *at = any_address(w->p);

	if (l->type == 'm')
		section_begin(w, (*i)++, l->value);
	else if (l->type == 'o' && at)
		put_our_o(w, at);
	else if (l->type == 'c' && !w->section && replaces_session_c(w->p))
		put_c(w->out, at);
	else if (!is_hidden(w, l) && !(w->ours && put_our_line(w, l)))
		put_line(w->out, l->text);
}


void session_sdp_write(struct buf *out, const struct session_sdp_params *p)
{
	struct writer w = {.out = out, .p = p};
	struct str rest = p->from->text;
	struct line l;
	size_t i = 0;

	while (line_next(&rest, &l)) {
		if (l.text.n)
			put(&w, &l, &i);
	}
	section_end(&w);
}


/* ---- Again ---- */

uint64_t session_sdp_hash(const struct hash_key *key, struct str text)
{
	struct str rest = text, value;
	uint64_t h = 0;
	struct line l;

	while (line_next(&rest, &l)) {
		if (l.type != 'o' && !attribute(&l, STR("setup"), &value))
			h = (h << 7 | h >> 57) ^ hash_bytes(key, l.text.p, l.text.n);
	}
	return h;
}


struct str session_sdp_origin(struct str text)
{
	struct str rest = text;
	struct line l;

	while (line_next(&rest, &l)) {
		if (l.type == 'o')
			return l.value;
	}
	return STR("");
}


void session_sdp_again(struct buf *out, struct str text, uint64_t id, uint64_t version,
		       enum msrp_setup setup)
{
	struct str rest = text, value;
	bool message = false;
	struct line l;

	while (line_next(&rest, &l)) {
		ptrdiff_t net = str_find_str(l.text, STR(" IN "));

		if (l.type == 'm')
			message = str_starts(l.value, STR("message "));
		if (l.type == 'o' && net > 0) {
			put_o(out, id, version);
			put_line(out, str_from(l.text, (size_t)net + 1));
		} else if (message && setup != MSRP_SETUP_NONE &&
			   attribute(&l, STR("setup"), &value)) {
			put_attribute(out, STR("setup"), msrp_setup_name(setup));
		} else {
			put_line(out, l.text);
		}
	}
}
