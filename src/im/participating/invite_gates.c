/* SPDX-License-Identifier: Apache-2.0 */
/* What both functions check of an INVITE: the session it offers, and how long it may last without a sign of life. */

#include "body/mime.h"
#include "im/participating/gates.h"
#include "im/participating/media_path.h"
#include "im/participating/offer.h"
#include "subscriber/subscriber.h"

/** RFC 4028 5: what Min-SE may be at least. */
#define MIN_SE_S 90


/* ---- Size and content ---- */

/*
 * RFC 3261 21.4.13: "The server MUST return a list of acceptable formats using the Accept, Accept-Encoding,
 * or Accept-Language header field, depending on the specific problem with the content."
 */
static enum gate_verdict unsupported(struct gate_answer *a, const char *header)
{
	a->status = 415;
	buf_printf(a->headers, "%s\r\n", header);
	return GATE_REFUSE;
}


/* A description among other parts: an invitation of many carries their list beside it (RFC 5366). */
static int description_in(const struct im_request *r, struct str *ret)
{
	struct str value = sip_msg_header(r->m, SIP_HDR_CONTENT_TYPE);
	struct mime_type t;
	struct mime_part part;

	if (sip_media_type_is(&r->content, STR("application"), STR("sdp"))) {
		*ret = r->m->body;
		return 0;
	}
	if (!str_eq_nocase(r->content.type, STR("multipart")))
		return -1;
	if (mime_type_decode(&t, value) ||
	    mime_parts_find(&t, r->m->body, STR("application"), STR("sdp"), &part))
		return -1;
	*ret = part.content;
	return 0;
}


static bool is_coded(const struct im_request *r)
{
	struct str coding = sip_msg_header(r->m, SIP_HDR_CONTENT_ENCODING);

	return coding.n && !str_eq_nocase(coding, STR("identity"));
}


enum gate_verdict gate_offer_policy(const struct gate_view *v, struct gate_answer *a)
{
	const struct im_request *r = v->r;
	struct offer_view offer = {
		.kind = r->kind,
		.service = v->service,
		.user = v->served ? v->served->policy : NULL,
	};

	if (r->m->method != SIP_INVITE || !media_path_concerns(r->kind) || !r->m->body.n)
		return GATE_PASS;
	if (is_coded(r))
		return unsupported(a, "Accept-Encoding: identity");
	/* RFC 5366: whom to bring together, and the offer is to be ours. */
	if (sip_media_type_is(&r->content, STR("application"), STR("resource-lists+xml")))
		return GATE_PASS;
	if (description_in(r, &offer.sdp))
		return unsupported(a, "Accept: application/sdp, multipart/mixed");
	enum offer_verdict verdict = offer_judge(&offer);
	if (verdict == OFFER_CONFORMS)
		return GATE_PASS;
	a->status = offer_refuse(&offer, verdict, v->host, a->headers, a->sdp);
	return GATE_REFUSE;
}


/* ---- Session-Expires ---- */

/*
 * RFC 4028 8.1: "If the request contains a Supported header field with a value 'timer', the proxy MAY reject the
 * INVITE request with a 422"; otherwise it "cannot usefully reject the request". Nothing is inserted or
 * changed: what is proxied is not touched.
 */
enum gate_verdict gate_session_interval(const struct gate_view *v, struct gate_answer *a)
{
	const struct sip_msg *m = v->r->m;
	struct str value = sip_msg_header(m, SIP_HDR_SESSION_EXPIRES);
	uint32_t min = v->rules->session.min_expires_s, interval;

	if (min < MIN_SE_S)
		min = MIN_SE_S;
	if (m->method != SIP_INVITE || !media_path_concerns(v->r->kind) || !value.n ||
	    !sip_msg_has_token(m, SIP_HDR_SUPPORTED, STR("timer")))
		return GATE_PASS;
	if (!str_u32(str_trim(str_cut(&value, ';')), &interval) || interval >= min)
		return GATE_PASS;
	a->status = 422;
	buf_printf(a->headers, "Min-SE: %u\r\n", min);
	return GATE_REFUSE;
}
