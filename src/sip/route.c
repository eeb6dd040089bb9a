/* SPDX-License-Identifier: Apache-2.0 */
/* Before a request is forwarded: RFC 3261 16.3 and 16.4, RFC 5393 4.2. */
#include "sip/proxy.h"

#include "sip/name_addr.h"
#include "sip/txn.h"

#define LOOP_CHUNK 512

/** Gathers all that routing depends on; what does not fit is folded into a hash of what came before. */
struct loop_hash {
	const struct hash_key *key;
	size_t n;
	char bytes[LOOP_CHUNK];
};


/* ---- Loops ---- */

static uint64_t loop_fold(struct loop_hash *h)
{
	return hash_bytes(h->key, h->bytes, h->n);
}


static void loop_add(struct loop_hash *h, struct str part)
{
	while (part.n >= LOOP_CHUNK - h->n) {
		size_t room = LOOP_CHUNK - h->n;
		uint64_t folded;

		memcpy(h->bytes + h->n, part.p, room);
		h->n = LOOP_CHUNK;
		part = str_from(part, room);
		folded = loop_fold(h);
		memcpy(h->bytes, &folded, sizeof(folded));
		h->n = sizeof(folded);
	}
	if (part.n)
		memcpy(h->bytes + h->n, part.p, part.n);
	h->n += part.n;
	h->bytes[h->n++] = '\0';
}


/* RFC 5393 4.2.1: "the second part MUST depend at least on the received Request-URI and any Route header
 * field values used when processing the received request." and "MUST NOT vary with the request method";
 * 4.2.4: Call-ID and CSeq make a collision a matter of one request. The tags
 * are those of RFC 3261 16.6 step 8; Proxy-Authorization, which stands there too, decides nothing of our
 * routing and may have been consumed on the first way through (22.3), so that it would hide a loop. */
static uint64_t loop_part(const struct sip *s, const struct sip_msg *m)
{
	struct loop_hash h = {.key = &s->key};
	uint64_t r;

	loop_add(&h, m->uri);
	for (uint8_t at = m->first[SIP_HDR_ROUTE]; at != SIP_LINE_NONE; at = m->line[at].next)
		loop_add(&h, str_range(m->p + m->line[at].value, m->p + m->line[at].vend));
	loop_add(&h, m->from_tag);
	loop_add(&h, m->to_tag);
	loop_add(&h, m->call_id);
	loop_add(&h, (struct str){(const char *)&m->cseq.number, sizeof(m->cseq.number)});
	r = loop_fold(&h);
	return r ? r : 1;
}


/* RFC 5393 4.2.2. Under our key nobody else can have made this text, so that it need not be asked whose
 * Via it stands in. */
static bool has_looped(const struct sip_msg *m, uint64_t loop)
{
	char text[16];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	buf_puthex(&b, loop, 16);
	for (uint8_t at = m->first[SIP_HDR_VIA]; at != SIP_LINE_NONE; at = m->line[at].next) {
		const struct sip_line *l = &m->line[at];

		if (memmem(m->p + l->value, l->vend - l->value, text, sizeof(text)))
			return true;
	}
	return false;
}


/* ---- Route ---- */

static bool has_param(const struct sip_uri *u, struct str name)
{
	struct str value;

	return sip_uri_param(u, name, &value);
}


static bool decode_route(struct sip_uri *ret, struct str value)
{
	struct sip_name_addr a;

	return sip_name_addr_decode(&a, value) == 0 && !a.star && sip_uri_decode(ret, a.uri) == 0;
}


static bool last_route(const struct sip_msg *m, struct sip_uri *ret)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_ROUTE);
	struct str value, last = STR_NULL;

	while (sip_values_next(&v, &value))
		last = value;
	return last.p && decode_route(ret, last);
}


/* 16.4: "If the Request-URI of the request contains a value this proxy previously placed into a
 * Record-Route header field […], the proxy MUST replace the Request-URI in the request with the last
 * value from the Route header field, and remove that value from the Route header field." Ours are
 * known by their host and by lr. */
static bool undo_strict_router(struct sip *s, const struct sip_msg *m, const struct sip_uri *uri,
			       struct sip_route *r)
{
	struct sip_uri last;

	if (!r->uri_ours || !has_param(uri, STR("lr")) || m->first[SIP_HDR_ROUTE] == SIP_LINE_NONE)
		return true;
	if (!last_route(m, &last))
		return false;
	r->uri = last.text;
	r->uri_from_route = true;
	r->uri_ours = sip_transports_is_ours(s->transports, &last);
	return true;
}


/* 16.4: "If the first value in the Route header field indicates this proxy, the proxy MUST remove that
 * value from the request." And the second, when we had put in two (RFC 5658 4). */
static bool take_routes(struct sip *s, const struct sip_msg *m, struct sip_route *r)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_ROUTE);
	bool pair = false, sure = true;
	struct sip_uri u;
	struct str value;

	for (uint16_t i = 0; sip_values_next(&v, &value); i++) {
		r->routes++;
		if (r->next.p || !sure)
			continue;
		/* Only what decides the way must be readable. */
		if (!decode_route(&u, value))
			return false;
		if ((i == 0 || (i == 1 && pair)) && sip_transports_is_ours(s->transports, &u)) {
			pair = i == 0 && has_param(&u, STR("dr"));
			r->ours_popped = true;
			r->second_ours = i == 1;
			r->drop = (uint8_t)(i + 1);
			r->our_params = i == 0 ? u.params : r->our_params;
			r->our_user = i == 0 ? u.user : r->our_user;
			continue;
		}
		sure = false;
		r->next = u.text;
		r->next_uri = u;
		r->next_strict = !has_param(&u, STR("lr"));
	}
	return true;
}


/* The last value is the Request-URI now and no Route any more. */
static void give_back_last(struct sip_route *r)
{
	uint16_t left = (uint16_t)(r->routes - r->drop);

	if (!r->uri_from_route)
		return;
	if (!left) {
		r->drop--;
		r->second_ours = false;
		r->ours_popped = r->drop > 0;
	} else if (left == 1) {
		r->next = STR_NULL;
		r->next_strict = false;
	}
}


/* ---- The checks ---- */

/* 16.3 step 5: "If the request contains a Proxy-Require header field with one or more option-tags this
 * element does not understand, the element MUST return a 420". We understand none. */
static bool requires_of_proxy(const struct sip_msg *m, struct buf *why)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_PROXY_REQUIRE);
	struct str value;
	bool any = false;

	while (sip_values_next(&v, &value)) {
		buf_puts(why, any ? STR(", ") : STR("Unsupported: "));
		buf_puts(why, value);
		any = true;
	}
	if (any)
		buf_puts(why, STR("\r\n"));
	return any;
}


uint16_t sip_proxy_check(struct sip *s, const struct sip_msg *m, struct sip_route *ret,
			 struct buf *why)
{
	struct sip_route r = {.uri = m->uri};

	/* 16.3 step 1: the message is well formed, its Request-URI too. */
	r.uri_ours = sip_transports_is_ours(s->transports, &m->target);
	if (!undo_strict_router(s, m, &m->target, &r) || !take_routes(s, m, &r))
		return 400;
	give_back_last(&r);
	r.loop = loop_part(s, m);
	*ret = r;

	/* Step 2: "If the Request-URI has a URI whose scheme is not understood by the proxy, the proxy
	 * SHOULD reject the request with a 416 (Unsupported URI Scheme) response." */
	if (m->target.scheme == SIP_URI_OTHER)
		return 416;
	/* Step 3. OPTIONS could be answered here; who sends it with 0 wants to know who stands here,
	 * which a 483 tells as well. */
	if (m->max_forwards == 0)
		return 483;
	if (has_looped(m, r.loop))
		return 482;
	return requires_of_proxy(m, why) ? 420 : 0;
}
