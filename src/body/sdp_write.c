/* SPDX-License-Identifier: Apache-2.0 */
/* Session descriptions: passed on with our end in them, and made anew. */
#include "body/sdp.h"


static void put_number(struct buf *out, struct str before, uint64_t n)
{
	buf_puts(out, before);
	buf_putu(out, n);
}


static void put_address(struct buf *out, const struct sdp_end *e)
{
	buf_puts(out, e->v6 ? STR("IN IP6 ") : STR("IN IP4 "));
	buf_puts(out, e->address);
	buf_puts(out, STR("\r\n"));
}


static void put_origin(struct buf *out, const struct sdp_end *e)
{
	buf_puts(out, STR("o="));
	buf_puts(out, e->username.n ? e->username : STR("-"));
	put_number(out, STR(" "), e->id);
	put_number(out, STR(" "), e->version);
	buf_putc(out, ' ');
	put_address(out, e);
}


static void put_connection(struct buf *out, const struct sdp_end *e)
{
	buf_puts(out, STR("c="));
	put_address(out, e);
}


static void put_attribute(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, STR("a="));
	buf_puts(out, name);
	if (value.n)
		buf_putc(out, ':');
	buf_puts(out, value);
	buf_puts(out, STR("\r\n"));
}


static void put_medium(struct buf *out, struct str media, uint16_t port, struct str proto,
		       struct str formats)
{
	buf_puts(out, STR("m="));
	buf_puts(out, media);
	put_number(out, STR(" "), port);
	buf_putc(out, ' ');
	buf_puts(out, proto);
	buf_putc(out, ' ');
	buf_puts(out, formats.n ? formats : STR("*"));
	buf_puts(out, STR("\r\n"));
}


static struct str protocol(const struct sdp_end *e)
{
	return e->secure ? STR("TCP/TLS/MSRP") : STR("TCP/MSRP");
}


static void put_end(struct buf *out, const struct sdp_end *e)
{
	if (e->path.n)
		put_attribute(out, STR("path"), e->path);
	if (e->setup != SDP_SETUP_NONE)
		put_attribute(out, STR("setup"), sdp_setup_name(e->setup));
	if (e->cema)
		put_attribute(out, STR("msrp-cema"), STR_NULL);
}


/* ---- Passing on ---- */

/* The attributes of an MSRP end: ours take the place of the first of them. */
static bool is_of_end(struct str attribute)
{
	struct str name = str_cut(&attribute, ':');

	return str_eq(name, STR("path")) || str_eq(name, STR("setup")) ||
	       str_eq(name, STR("msrp-cema"));
}


/* A line as it came, its end included. */
static struct str cut_line(struct str *rest)
{
	struct str line = str_cut(rest, '\n');

	if (rest->p)
		line.n++;
	return line;
}


static void put_line(struct buf *out, struct str line)
{
	bool whole = line.n && line.p[line.n - 1] == '\n';

	if (!whole && line.n && line.p[line.n - 1] == '\r')
		line.n--;
	buf_puts(out, line);
	if (!whole && line.n)
		buf_puts(out, STR("\r\n"));
}


static bool has_letter(struct str lines, char wanted)
{
	struct str value;
	char letter;

	while (sdp_line_next(&lines, &letter, &value))
		if (letter == wanted)
			return true;
	return false;
}


/* c= of the session is for media that have none of their own. */
static bool others_need_connection(const struct sdp *s, size_t at)
{
	for (size_t i = 0; i < s->n; i++)
		if (i != at && s->medium[i].port && !has_letter(s->medium[i].text, 'c'))
			return true;
	return false;
}


static void rewrite_session(struct buf *out, const struct sdp *s, const struct sdp_end *e,
			    bool connection)
{
	struct str rest = s->session;
	bool origin = false;

	while (rest.n) {
		struct str line = cut_line(&rest);

		if (line.n && line.p[0] == 'o' && !origin) {
			put_origin(out, e);
			origin = true;
		} else if (line.n && line.p[0] == 'c' && connection) {
			put_connection(out, e);
		} else if (line.n < 2 || line.p[0] != 'a' ||
			   !is_of_end(str_trim(str_from(line, 2)))) {
			put_line(out, line); /* a setup for all media would speak for ours */
		}
	}
}


/*
 * RFC 4566 5: m= i= c= b= k= a=, in this order. Our c= stands where the old one stood, or behind i=; our
 * attributes where the first of theirs stood, or at the end.
 */
static void rewrite_medium(struct buf *out, const struct sdp_medium *m, const struct sdp_end *e,
			   bool connection)
{
	struct str rest = m->text;
	bool attributes = false;

	(void)cut_line(&rest);
	put_medium(out, m->media, e->port, protocol(e), m->formats);
	while (rest.n) {
		struct str line = cut_line(&rest);
		char letter = line.n ? line.p[0] : '\0';

		if (connection && letter != 'i') {
			put_connection(out, e);
			connection = false;
		}
		if (letter == 'c')
			continue;
		if (letter != 'a' || !is_of_end(str_trim(str_from(line, 2)))) {
			put_line(out, line);
		} else if (!attributes) {
			put_end(out, e);
			attributes = true;
		}
	}
	if (connection)
		put_connection(out, e);
	if (!attributes)
		put_end(out, e);
}


static void refuse_medium(struct buf *out, const struct sdp_medium *m)
{
	struct str rest = m->text;

	(void)cut_line(&rest);
	put_medium(out, m->media, 0, m->proto, m->formats);
	while (rest.n)
		put_line(out, cut_line(&rest));
}


void sdp_rewrite(struct buf *out, const struct sdp *s, size_t at, const struct sdp_end *e,
		 bool alone)
{
	bool shared = has_letter(s->session, 'c');
	bool ours = shared && (alone || !others_need_connection(s, at));

	rewrite_session(out, s, e, ours);
	for (size_t i = 0; i < s->n; i++) {
		const struct sdp_medium *m = &s->medium[i];

		if (i == at && e->port)
			rewrite_medium(out, m, e, !ours || has_letter(m->text, 'c'));
		else if (i == at || (alone && m->port))
			refuse_medium(out, m);
		else
			put_line(out, m->text);
	}
}


/* ---- Made anew ---- */

static void put_start(struct buf *out, const struct sdp_end *e)
{
	buf_puts(out, STR("v=0\r\n"));
	put_origin(out, e);
	buf_puts(out, STR("s=-\r\n"));
	put_connection(out, e);
	buf_puts(out, STR("t=0 0\r\n"));
}


static void put_own(struct buf *out, const struct sdp_own *o)
{
	put_medium(out, STR("message"), o->end.port, protocol(&o->end), STR("*"));
	put_attribute(out, sdp_direction_name(o->direction), STR_NULL);
	put_attribute(out, STR("accept-types"), o->accept.n ? o->accept : STR("*"));
	if (o->accept_wrapped.n)
		put_attribute(out, STR("accept-wrapped-types"), o->accept_wrapped);
	if (o->max_size) {
		put_number(out, STR("a=max-size:"), o->max_size);
		buf_puts(out, STR("\r\n"));
	}
	put_end(out, &o->end);
	buf_puts(out, o->lines);
}


void sdp_compose(struct buf *out, const struct sdp_own *o)
{
	put_start(out, &o->end);
	put_own(out, o);
}


void sdp_answer(struct buf *out, const struct sdp *offer, size_t at, const struct sdp_own *o)
{
	put_start(out, &o->end);
	for (size_t i = 0; i < offer->n; i++) {
		const struct sdp_medium *m = &offer->medium[i];

		if (i == at && o->end.port)
			put_own(out, o);
		else
			put_medium(out, m->media, 0, m->proto, m->formats);
	}
}
