/* SPDX-License-Identifier: Apache-2.0 */
/* The edits of a forwarded request: RFC 3261 16.6 steps 2 to 6, RFC 5393 5.3.3. */
#include "sip/forward.h"

#include <errno.h>

#include "sip/name_addr.h"
#include "sip/txn.h"


/* ---- Numbers ---- */

static struct str put_number(struct forward_texts *t, struct str before, uint32_t n,
			     struct str after)
{
	size_t at = t->digits.n;

	buf_puts(&t->digits, before);
	buf_putu(&t->digits, n);
	buf_puts(&t->digits, after);
	return str_from(buf_str(&t->digits), at);
}


static void set_number(struct sip_edits *e, struct forward_texts *t, enum sip_header_id id,
		       struct str name, uint32_t n)
{
	uint8_t first = e->m->first[id];
	const struct sip_line *l;

	if (first == SIP_LINE_NONE) {
		sip_edit_append(e, put_number(t, name, n, STR("\r\n")));
		return;
	}
	l = &e->m->line[first];
	sip_edit_span(e, l->value, l->vend - l->value, put_number(t, STR_NULL, n, STR_NULL));
}


/* Step 3: "If the copy contains a Max-Forwards header field, the proxy MUST decrement its value by one".
 * Zero was refused before. */
static void edit_max_forwards(struct sip_edits *e, struct forward_texts *t)
{
	int32_t n = e->m->max_forwards;

	set_number(e, t, SIP_HDR_MAX_FORWARDS, STR("Max-Forwards: "),
		   n < 0   ? SIP_MAX_FORWARDS
		   : n > 0 ? (uint32_t)n - 1
			   : 0);
}


static void edit_max_breadth(struct sip_edits *e, struct forward_texts *t, uint16_t breadth)
{
	uint32_t now;

	if (!breadth ||
	    (str_u32(sip_msg_header(e->m, SIP_HDR_MAX_BREADTH), &now) && now == breadth))
		return;
	set_number(e, t, SIP_HDR_MAX_BREADTH, STR("Max-Breadth: "), breadth);
}


/* ---- Record-Route (step 4) ---- */

static void put_record_route(struct buf *b, struct str uri, struct str user, bool pair)
{
	size_t scheme = (size_t)(str_find(uri, ':') + 1);

	buf_puts(b, STR("Record-Route: <"));
	buf_puts(b, str_upto(uri, scheme));
	if (user.n) {
		buf_puts(b, user);
		buf_putc(b, '@');
	}
	buf_puts(b, str_from(uri, scheme));
	buf_puts(b, pair ? STR(";lr;dr>\r\n") : STR(";lr>\r\n"));
}


/* Where the request arrives on one transport and leaves on another, both sides are shown the one that
 * they can reach: two values, the later hop's on top (RFC 5658 4). `dr` tells them from others of ours. */
static void edit_record_route(struct sip_edits *e, struct forward_texts *t, struct sip *s,
			      const struct forward *f)
{
	struct sip_hop back = {.kind = f->src->kind,
			       .addr = f->src->peer,
			       .socket = f->src->socket};
	struct str out = sip_transports_uri(sip_transports(s), f->hop);
	struct str in = sip_transports_uri(sip_transports(s), &back);
	bool pair = !str_eq(out, in);

	put_record_route(&t->fixed, out, f->record_route_user, pair);
	if (pair)
		put_record_route(&t->fixed, in, f->record_route_user, pair);
	sip_edit_insert_before(e, SIP_HDR_RECORD_ROUTE, buf_str(&t->fixed));
}


/* ---- Route and Request-URI (steps 2 and 6) ---- */

static void put_value(struct buf *b, struct str value)
{
	buf_puts(b, b->n ? STR(", ") : STR("Route: "));
	buf_puts(b, value);
}


/* All Route lines anew, in one: when more goes than the first value. */
static void rewrite_routes(struct sip_edits *e, struct forward_texts *t, const struct forward *f,
			   struct str uri)
{
	const struct sip_route *r = f->route;
	bool strict = r->next_strict && !f->path.n;
	uint16_t first = (uint16_t)(r->drop + strict),
		 last = (uint16_t)(r->routes - r->uri_from_route);
	struct sip_values v = sip_values_first(e->m, SIP_HDR_ROUTE);
	struct str value;

	for (uint16_t i = 0; sip_values_next(&v, &value); i++)
		if (i >= first && i < last)
			put_value(&t->route, value);
	/* Step 6: "The proxy MUST place the Request-URI into the Route header field as the last
	 * value." */
	if (strict) {
		put_value(&t->route, STR("<"));
		buf_puts(&t->route, uri);
		buf_putc(&t->route, '>');
	}
	sip_edit_remove(e, SIP_HDR_ROUTE);
	if (!t->route.n)
		return;
	buf_puts(&t->route, STR("\r\n"));
	sip_edit_insert_before(e, SIP_HDR_ROUTE, buf_str(&t->route));
}


static void edit_routes(struct sip_edits *e, struct forward_texts *t, const struct forward *f,
			struct str uri)
{
	const struct sip_route *r = f->route;

	if (f->path.n) {
		sip_edit_insert_before(e, SIP_HDR_ROUTE, STR("Route: "));
		sip_edit_insert_before(e, SIP_HDR_ROUTE, f->path);
		sip_edit_insert_before(e, SIP_HDR_ROUTE, STR("\r\n"));
	}
	if (r->uri_from_route || r->drop > 1 || (r->next_strict && !f->path.n))
		rewrite_routes(e, t, f, uri);
	else if (r->drop)
		sip_edit_remove_first_value(e, SIP_HDR_ROUTE);
}


static struct str target_uri(const struct forward *f)
{
	return f->uri.p ? f->uri : f->route->uri;
}


/* RFC 3261 20.14: over UDP the datagram's end will do; "If a stream-based protocol (such as TCP) is used as
 * transport, then the header field MUST be used." A large request may yet leave over TCP (18.1.1). */
static void edit_length(struct sip_edits *e, struct forward_texts *t, const struct forward *f)
{
	size_t at = t->digits.n;

	if (e->m->first[SIP_HDR_CONTENT_LENGTH] != SIP_LINE_NONE ||
	    (f->hop && f->hop->kind == SIP_UDP && e->m->n + TXN_VIA_MAX <= SIP_UDP_REQUEST_MAX))
		return;
	buf_puts(&t->digits, STR("Content-Length: "));
	buf_putu(&t->digits, e->m->body.n);
	buf_puts(&t->digits, STR("\r\n"));
	sip_edit_append(e, str_from(buf_str(&t->digits), at));
}


int forward_edits(struct sip_edits *e, struct forward_texts *t, struct sip *s,
		  const struct forward *f)
{
	struct str uri = target_uri(f);
	struct str sent = f->route->next_strict && !f->path.n ? f->route->next : uri;

	buf_init(&t->route, SIP_MESSAGE_MAX);
	buf_fixed(&t->fixed, t->record_route, sizeof(t->record_route));
	buf_fixed(&t->digits, t->numbers, sizeof(t->numbers));

	if (!str_eq(sent, e->m->uri))
		sip_edit_uri(e, sent);
	edit_max_forwards(e, t);
	edit_max_breadth(e, t, f->breadth);
	if (f->record_route)
		edit_record_route(e, t, s, f);
	edit_routes(e, t, f, uri);
	edit_length(e, t, f);
	return e->failed || t->route.failed || t->fixed.failed || t->digits.failed ? -ENOBUFS : 0;
}


void forward_texts_done(struct forward_texts *t)
{
	buf_done(&t->route);
}


int forward_next(struct sip_uri *ret, const struct forward *f)
{
	struct str rest = f->path, top;
	struct sip_name_addr a;

	if (!rest.n && f->route->next.p) {
		*ret = f->route->next_uri;
		return 0;
	}
	if (!rest.n)
		return sip_uri_decode(ret, target_uri(f));
	if (!sip_value_cut(&rest, &top) || sip_name_addr_decode(&a, top))
		return -EBADMSG;
	return sip_uri_decode(ret, a.uri);
}
