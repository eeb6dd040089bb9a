/* SPDX-License-Identifier: Apache-2.0 */
/* Session descriptions of our own. */
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
