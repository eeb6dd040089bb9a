/* SPDX-License-Identifier: Apache-2.0 */
/* A message in the store's form, and back. */
#include "im/deferred/stored_message.h"

#include <errno.h>

#include "base/mem.h"
#include "body/cpim.h"
#include "sip/compose.h"
#include "sip/param.h"

/** A Via of no meaning: a request without one does not decode. */
#define VIA "Via: SIP/2.0/TCP stored.invalid;branch=z9hG4bKstored\r\n"
/** Request line, Via, Content-Length. */
#define FRAME_MAX 4096
/** The Date line of ours. */
#define DATE_MAX 64


/* Of one hop or one attempt; or written anew. */
static bool kept(enum sip_header_id id)
{
	switch (id) {
	case SIP_HDR_VIA:
	case SIP_HDR_ROUTE:
	case SIP_HDR_RECORD_ROUTE:
	case SIP_HDR_PATH:
	case SIP_HDR_MAX_FORWARDS:
	case SIP_HDR_MAX_BREADTH:
	case SIP_HDR_PROXY_AUTHORIZATION:
	case SIP_HDR_AUTHORIZATION:
	case SIP_HDR_PROXY_REQUIRE:
	case SIP_HDR_P_SERVED_USER:
	case SIP_HDR_P_CHARGING_FUNCTION_ADDRESSES:
	case SIP_HDR_P_ACCESS_NETWORK_INFO:
	case SIP_HDR_TIMESTAMP:
	case SIP_HDR_CONTENT_LENGTH:
		return false;
	default:
		return true;
	}
}


/* What only a trusted element may say (RFC 3325 5): from anyone else it is not kept. */
static bool asserted(enum sip_header_id id)
{
	return id == SIP_HDR_P_ASSERTED_IDENTITY || id == SIP_HDR_P_PREFERRED_IDENTITY ||
	       id == SIP_HDR_P_ASSERTED_SERVICE || id == SIP_HDR_P_CHARGING_VECTOR;
}


/* Of an INVITE: what says something of the dialog, the session or its description is ours to say anew. */
static bool kept_of_invite(enum sip_header_id id)
{
	switch (id) {
	case SIP_HDR_CONTACT:
	case SIP_HDR_ALLOW:
	case SIP_HDR_ALLOW_EVENTS:
	case SIP_HDR_SUPPORTED:
	case SIP_HDR_REQUIRE:
	case SIP_HDR_SESSION_EXPIRES:
	case SIP_HDR_EXPIRES:
	case SIP_HDR_MIN_SE:
	case SIP_HDR_REPLACES:
	case SIP_HDR_JOIN:
	case SIP_HDR_CONTENT_TYPE:
	case SIP_HDR_CONTENT_DISPOSITION:
	case SIP_HDR_CONTENT_ENCODING:
	case SIP_HDR_CONTENT_LANGUAGE:
	case SIP_HDR_MIME_VERSION:
	case SIP_HDR_ACCEPT:
	case SIP_HDR_USER_AGENT:
	case SIP_HDR_SERVER:
	case SIP_HDR_IDENTITY:
		return false;
	default:
		return kept(id);
	}
}


static void put_headers(struct buf *b, const struct im_request *r, int64_t now_ms)
{
	const struct sip_msg *m = r->m;

	for (uint16_t i = 0; i < m->lines; i++) {
		const struct sip_line *l = &m->line[i];
		bool stays = m->method == SIP_INVITE ? kept_of_invite(l->id) : kept(l->id);

		if (!stays || (asserted(l->id) && !r->trusted))
			continue;
		buf_puts(b, str_range(m->p + l->start, m->p + l->vend));
		buf_puts(b, STR("\r\n"));
	}
	if (m->first[SIP_HDR_DATE] == SIP_LINE_NONE) {
		buf_puts(b, STR("Date: "));
		sip_put_date(b, now_ms);
		buf_puts(b, STR("\r\n"));
	}
}


static int64_t expires_of(const struct im_request *r, int64_t now_ms, uint64_t expiry_s)
{
	int64_t from = now_ms, date;

	if (!r->expires_given)
		return expiry_s ? now_ms + (int64_t)expiry_s * 1000 : 0;
	/* A date in the future is a clock that is wrong: it must not lengthen anything. */
	if (sip_date_decode(&date, sip_msg_header(r->m, SIP_HDR_DATE)) == 0 && date < now_ms)
		from = date;
	return from + (int64_t)r->expires_s * 1000;
}


static void take_cpim(struct store_deferred *ret, const struct im_request *r)
{
	struct cpim c;

	if (!str_eq_nocase(r->content.type, STR("message")) ||
	    !str_eq_nocase(r->content.subtype, STR("cpim")) || cpim_decode(&c, r->m->body))
		return;
	if (c.message_id.n <= STORE_DEFERRED_TEXT_MAX)
		ret->message_id = c.message_id;
	if (c.notify & CPIM_NOTIFY_NEGATIVE_DELIVERY)
		ret->flags |= STORED_NEGATIVE;
}


static int encode_headers(struct store_deferred *ret, struct buf *headers,
			  const struct im_request *r, int64_t now_ms)
{
	buf_init(headers, STORE_DEFERRED_HEADERS_MAX);
	put_headers(headers, r, now_ms);
	if (headers->failed) {
		buf_done(headers);
		return r->m->headers_end + DATE_MAX > STORE_DEFERRED_HEADERS_MAX ? -E2BIG : -ENOMEM;
	}
	ret->headers = buf_str(headers);
	return 0;
}


/* What a message and the INVITE of one have alike. */
static struct store_deferred of_request(const struct im_request *r, int64_t now_ms)
{
	const struct sip_msg *m = r->m;

	return (struct store_deferred){
		.user = r->recipient,
		.call_id = m->call_id,
		.from_tag = m->from_tag.p ? m->from_tag : STR(""),
		.cseq = m->cseq.number,
		.sender = r->originator.n ? r->originator : m->from_uri,
		.flags = r->anonymous ? STORED_ANONYMOUS : 0,
		.received_ms = now_ms,
	};
}


int stored_message_encode(struct store_deferred *ret, struct buf *headers,
			  const struct im_request *r, int64_t now_ms, uint64_t expiry_s)
{
	*ret = of_request(r, now_ms);
	ret->kind = STORE_DEFERRED_PAGER;
	ret->size = r->m->body.n;
	ret->body = r->m->body;
	ret->expires_ms = expires_of(r, now_ms, expiry_s);
	if (ret->expires_ms && ret->expires_ms <= now_ms)
		return -ETIME;
	take_cpim(ret, r);
	return encode_headers(ret, headers, r, now_ms);
}


int stored_invite_encode(struct store_deferred *ret, struct buf *headers,
			 const struct im_request *r, int64_t now_ms, uint64_t expiry_s)
{
	*ret = of_request(r, now_ms);
	ret->kind = r->kind == IM_FILE ? STORE_DEFERRED_FILE : STORE_DEFERRED_LARGE;
	ret->flags |= r->originator.n ? STORED_VOUCHED : 0;
	ret->expires_ms = expiry_s ? now_ms + (int64_t)expiry_s * 1000 : 0;
	return encode_headers(ret, headers, r, now_ms);
}


uint64_t stored_left_s(const struct store_deferred *d, int64_t now_ms)
{
	return d->expires_ms > now_ms ? (uint64_t)(d->expires_ms - now_ms + 999) / 1000 : 0;
}


static void put_request(struct stored_request *sr, const struct store_deferred *d)
{
	struct buf *b = &sr->text;
	size_t begin, end;

	sip_put_request(b, stored_is_large(d) ? STR("INVITE") : STR("MESSAGE"), d->user);
	buf_puts(b, STR(VIA));
	begin = b->n;
	buf_puts(b, d->headers);
	end = b->n;
	/* The content of a large one is no body of its INVITE. */
	sip_put_body(b, STR(""), stored_is_large(d) ? STR("") : d->body);
	sr->headers = str_from(str_upto(buf_str(b), end), begin);
}


int stored_request_open(struct stored_request *sr, const struct store_deferred *d,
			const struct im_addresses *ours)
{
	buf_init(&sr->text, FRAME_MAX + STORE_DEFERRED_HEADERS_MAX + STORE_DEFERRED_BODY_MAX);
	put_request(sr, d);
	if (sr->text.failed) {
		buf_done(&sr->text);
		return -ENOMEM;
	}
	if (sip_msg_decode(&sr->m, buf_str(&sr->text), true) != SIP_DECODE_OK) {
		buf_done(&sr->text);
		return -EBADMSG;
	}
	sr->r = (struct im_request){.m = &sr->m};
	im_request_classify(&sr->r, ours);
	if (stored_is_large(d)) /* its description is not here to be judged by */
		sr->r.kind = d->kind == STORE_DEFERRED_FILE ? IM_FILE : IM_LARGE;
	sr->r.side = IM_TERMINATING;
	sr->r.recipient = d->user;
	sr->r.originator = d->sender;
	return 0;
}


void stored_request_close(struct stored_request *sr)
{
	buf_done(&sr->text);
}


struct str stored_icid(const struct sip_msg *m)
{
	struct str value = sip_msg_header(m, SIP_HDR_P_CHARGING_VECTOR), icid;

	if (!value.n || !sip_param(value, STR("icid-value"), &icid))
		return STR("");
	if (icid.n >= 2 && icid.p[0] == '"' && icid.p[icid.n - 1] == '"')
		icid = (struct str){icid.p + 1, icid.n - 2};
	return icid;
}
