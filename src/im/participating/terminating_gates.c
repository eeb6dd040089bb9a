/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the terminating function, 6.1.2.1, in order. */

#include "im/message.h"
#include "im/participating/gates.h"
#include "sip/name_addr.h"
#include "subscriber/subscriber.h"

/** Identities of one caller: the core asserts one or two (RFC 3325 9.1). */
#define CALLERS_MAX 2


/*
 * RFC 3261 16.5: a Request-URI in a domain we are responsible for that names nobody. In front of an
 * IMS core the core has made sure; there every user of the domain is a subscriber.
 */
static enum gate_verdict recipient_known(const struct gate_view *v, struct gate_answer *a)
{
	if (v->served)
		return GATE_PASS;
	a->status = 404;
	return GATE_REFUSE;
}


/*
 * Step 1: isb-settings are for IM Session and File Transfer, ipab-settings for Pager and Large Message Mode.
 * System messages and notifications are never barred (digest c5).
 */
static enum gate_verdict not_barred(const struct gate_view *v, struct gate_answer *a)
{
	enum im_settings_key setting;

	switch (v->r->kind) {
	case IM_SESSION:
	case IM_FILE:
		setting = IM_BARRING_SESSION;
		break;
	case IM_SYSTEM:
		if (im_request_is_from_system(v->r, v->ours))
			return GATE_PASS;
		setting = IM_BARRING_PAGER;
		break;
	case IM_PAGER:
	case IM_PAGER_LIST:
	case IM_COMPOSING:
	case IM_ADVERTISEMENT:
	case IM_LARGE:
		setting = IM_BARRING_PAGER;
		break;
	default:
		return GATE_PASS;
	}
	if (!im_settings_on(&v->served->settings, setting))
		return GATE_PASS;
	a->status = 403;
	return GATE_REFUSE;
}


/* ---- Step 2 ---- */

/* 2a and 2b: a large message is a session here, unlike above. A file is an extension (notes A-21). */
static bool media_of(const struct gate_view *v, enum access_media *ret)
{
	switch (v->r->kind) {
	case IM_SESSION:
	case IM_LARGE:
		*ret = ACCESS_MESSAGE_SESSION;
		return true;
	case IM_FILE:
		*ret = ACCESS_FILE_TRANSFER;
		return true;
	case IM_SYSTEM:
		*ret = ACCESS_PAGER_MODE_MESSAGE;
		return !im_request_is_from_system(v->r, v->ours);
	case IM_PAGER:
	case IM_PAGER_LIST:
	case IM_COMPOSING:
		*ret = ACCESS_PAGER_MODE_MESSAGE;
		return true;
	case IM_ADVERTISEMENT:
		*ret = ACCESS_GROUP_ADVERTISEMENT;
		return true;
	default:
		return false;
	}
}


/* The second identity that the core asserts, if there is one. */
static size_t second_caller(const struct gate_view *v, struct buf *aor)
{
	struct sip_values values = sip_values_first(v->r->m, SIP_HDR_P_ASSERTED_IDENTITY);
	struct str value;

	for (size_t i = 0; v->r->trusted && i < CALLERS_MAX && sip_values_next(&values, &value);
	     i++) {
		struct sip_name_addr a;
		struct sip_uri u;

		buf_clear(aor);
		if (sip_name_addr_decode(&a, value) == 0 && sip_uri_decode(&u, a.uri) == 0 &&
		    sip_uri_aor(&u, v->ours->domains[0], aor) == 0 &&
		    !str_eq(buf_str(aor), v->r->originator))
			return 1;
	}
	return 0;
}


static enum gate_verdict access_policy(const struct gate_view *v, struct gate_answer *a)
{
	char storage[SIP_AOR_MAX];
	struct buf second;
	enum access_media media;
	struct access_outcome outcome;

	if (!v->served->access || !media_of(v, &media))
		return GATE_PASS;
	buf_fixed(&second, storage, sizeof(storage));
	struct str callers[CALLERS_MAX] = {v->r->originator};
	size_t n = v->r->originator.n ? 1 : 0;
	if (n && second_caller(v, &second))
		callers[n++] = buf_str(&second);
	access_policy_judge(v->served->access,
			    &(struct access_request){
				    .callers = callers,
				    .callers_n = n,
				    .anonymous = v->r->anonymous,
				    .media = media,
				    .now_ms = v->now_ms,
				    .combine = v->rules->combine,
			    },
			    &outcome);
	if (outcome.action != ACCESS_REJECT)
		return GATE_PASS;
	a->status = 403;
	/* Neutral: who was rejected need not learn by whom, or why (digest c6). */
	gate_warn(a, v->host, STR("127 Service not authorised"));
	return GATE_REFUSE;
}


/* ---- Steps 4 and 5 ---- */

/* Step 4: "handle the request by local policy". */
static enum gate_verdict not_expired(const struct gate_view *v, struct gate_answer *a)
{
	if (v->rules->expired == IM_EXPIRED_DELIVER || !request_expired(v->r, v->now_ms))
		return GATE_PASS;
	if (v->rules->expired == IM_EXPIRED_DISCARD) {
		a->status = 202;
		return GATE_REFUSE;
	}
	a->status = 480;
	gate_warn(a, v->host, STR("the message has expired"));
	return GATE_REFUSE;
}


/*
 * Step 5: availability, by the user's registration. Messages are kept, and files where the operator wants that
 * (docs/decisions/0016); a session to somebody who is away is not. What is to be delivered now or never
 * (Expires: 0) is not kept either. RFC 3261 21.4.18.
 */
static enum gate_verdict recipient_reachable(const struct gate_view *v, struct gate_answer *a)
{
	if (v->reach == IM_REACH_OK)
		return GATE_PASS;
	a->status = 480;
	if (v->r->kind == IM_FILE)
		return v->rules->defer_files ? GATE_DEFER : GATE_REFUSE;
	if (!im_kind_is_kept(v->r->kind) || request_expired(v->r, v->now_ms) ||
	    (v->r->m->method == SIP_MESSAGE && v->r->expires_given && !v->r->expires_s))
		return GATE_REFUSE;
	return GATE_DEFER;
}


static const struct gate table[] = {
	{"recipient-known", "", recipient_known},
	{"barred", "TPF-GEN-1a TPF-GEN-1b TPF-GEN-1c TPF-GEN-1d TPF-GEN-1e TPF-GEN-1f", not_barred},
	{"access-policy", "TPF-GEN-2a TPF-GEN-2b TPF-GEN-2c TPF-GEN-2d TPF-GEN-2e TPF-GEN-2f",
	 access_policy},
	{"operator-policy", "TPF-GEN-3 TPF-GEN-3a-1 TPF-GEN-3a-2 TPF-GEN-3a-3 TPF-GEN-3a-4",
	 gate_operator_policy},
	{"offer-policy",
	 "TPF-GEN-3 TPF-GEN-3b-1 TPF-GEN-3b-2 TPF-GEN-3b-3 TPF-GEN-3b-4 TPF-GEN-3b-5",
	 gate_offer_policy},
	{"expired", "TPF-GEN-4a TPF-GEN-4b", not_expired},
	{"recipient-reachable", "TPF-GEN-5a TPF-GEN-5b TPF-GEN-5c TPF-GEN-5d", recipient_reachable},
	{"session-interval", "", gate_session_interval},
};
const struct gate_table gates_terminating = {table, sizeof(table) / sizeof(table[0])};
