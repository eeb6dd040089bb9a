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
/** Request line, Via, Expires, Content-Length. */
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
	case SIP_HDR_EXPIRES:
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


static void put_headers(struct buf *b, const struct im_request *r, int64_t now_ms)
{
	const struct sip_msg *m = r->m;

	for (uint16_t i = 0; i < m->lines; i++) {
		const struct sip_line *l = &m->line[i];

		if (!kept(l->id) || (asserted(l->id) && !r->trusted))
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


int stored_message_encode(struct store_deferred *ret, struct buf *headers,
			  const struct im_request *r, int64_t now_ms, uint64_t expiry_s)
{
	const struct sip_msg *m = r->m;

	*ret = (struct store_deferred){
		.user = r->recipient,
		.call_id = m->call_id,
		.from_tag = m->from_tag.p ? m->from_tag : STR(""),
		.cseq = m->cseq.number,
		.sender = r->originator.n ? r->originator : m->from_uri,
		.kind = STORE_DEFERRED_PAGER,
		.flags = (r->expires_given ? STORED_EXPIRES : 0) |
			 (r->anonymous ? STORED_ANONYMOUS : 0),
		.size = m->body.n,
		.received_ms = now_ms,
		.expires_ms = expires_of(r, now_ms, expiry_s),
		.body = m->body,
	};
	if (ret->expires_ms && ret->expires_ms <= now_ms)
		return -ETIME;
	take_cpim(ret, r);
	buf_init(headers, STORE_DEFERRED_HEADERS_MAX);
	put_headers(headers, r, now_ms);
	if (headers->failed) {
		buf_done(headers);
		return m->headers_end + DATE_MAX > STORE_DEFERRED_HEADERS_MAX ? -E2BIG : -ENOMEM;
	}
	ret->headers = buf_str(headers);
	return 0;
}


/* What is left, in whole seconds, the last one counted in. */
static uint64_t left_s(int64_t expires_ms, int64_t now_ms)
{
	return expires_ms > now_ms ? (uint64_t)(expires_ms - now_ms + 999) / 1000 : 0;
}


static void put_request(struct stored_request *sr, const struct store_deferred *d, int64_t now_ms)
{
	struct buf *b = &sr->text;
	size_t begin, end;

	sip_put_request(b, STR("MESSAGE"), d->user);
	buf_puts(b, STR(VIA));
	begin = b->n;
	buf_puts(b, d->headers);
	if (d->flags & STORED_EXPIRES)
		sip_put_headeru(b, SIP_HDR_EXPIRES, left_s(d->expires_ms, now_ms));
	end = b->n;
	sip_put_body(b, STR(""), d->body);
	sr->headers = str_from(str_upto(buf_str(b), end), begin);
}


int stored_request_open(struct stored_request *sr, const struct store_deferred *d,
			const struct im_addresses *ours, int64_t now_ms)
{
	buf_init(&sr->text, FRAME_MAX + STORE_DEFERRED_HEADERS_MAX + STORE_DEFERRED_BODY_MAX);
	put_request(sr, d, now_ms);
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
