/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the originating function, 6.1.1.1, in order. */

#include "body/cpim.h"
#include "im/participating/gates.h"
#include "sip/name_addr.h"
#include "subscriber/subscriber.h"


/* Step 1: is the Authenticated Originator allowed to send this request? */
static enum gate_verdict originator_allowed(const struct gate_view *v, struct gate_answer *a)
{
	if (v->served && v->served->allowed)
		return GATE_PASS;
	a->status = 403;
	gate_warn(a, v->host, STR("127 Service not authorised"));
	return GATE_REFUSE;
}


/*
 * Step 2: an answer to a system message is required, and its time is over. What may pass all the same
 * (digest c10, notes A-32): the answer, which nobody could give otherwise; notifications; settings.
 */
static enum gate_verdict system_message_answered(const struct gate_view *v, struct gate_answer *a)
{
	if (v->now_ms <= v->served->answer_due_ms)
		return GATE_PASS;
	if (v->r->kind == IM_NOTIFICATION || v->r->kind == IM_PUBLICATION ||
	    im_request_is_answer(v->r, v->ours))
		return GATE_PASS;
	a->status = 403;
	gate_error_info(a, v->host, STR("system-message-pending"));
	gate_warn(a, v->host, STR("122 Function not allowed: answer to system message pending"));
	return GATE_REFUSE;
}


/* Step 3: "The IM Server MAY require a specific User Agent version". */
static enum gate_verdict user_agent_version(const struct gate_view *v, struct gate_answer *a)
{
	if (!v->rules->user_agent.name_n ||
	    user_agent_supported(&v->rules->user_agent,
				 sip_msg_header(v->r->m, SIP_HDR_USER_AGENT)))
		return GATE_PASS;
	a->status = 403;
	gate_error_info(a, v->host, STR("client-version"));
	gate_warn(a, v->host, STR("132 Version not supported"));
	return GATE_REFUSE;
}


/* ---- Who a message/cpim says it is from ---- */

static bool is_anonymous(const struct sip_uri *u)
{
	/* RFC 3323 4.1.1.3. It claims to be nobody, so it harms nobody; RCS clients write it always. */
	return str_eq_nocase(u->host, STR("anonymous.invalid"));
}


static bool same_person(const struct gate_view *v, const struct sip_uri *u, struct str aor)
{
	char text[SIP_AOR_MAX];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	return sip_uri_aor(u, v->ours->domains[0], &b) == 0 && str_eq(buf_str(&b), aor);
}


/* Any identity that the core has asserted: a telephone number beside the address (RFC 3325 9.1). */
static bool asserted(const struct gate_view *v, const struct sip_uri *u)
{
	struct sip_values values = sip_values_first(v->r->m, SIP_HDR_P_ASSERTED_IDENTITY);
	char text[SIP_AOR_MAX];

	for (struct str value; v->r->trusted && sip_values_next(&values, &value);) {
		struct sip_name_addr a;
		struct sip_uri one;
		struct buf b;

		buf_fixed(&b, text, sizeof(text));
		if (sip_name_addr_decode(&a, value) == 0 && sip_uri_decode(&one, a.uri) == 0 &&
		    sip_uri_aor(&one, v->ours->domains[0], &b) == 0 &&
		    same_person(v, u, buf_str(&b)))
			return true;
	}
	return false;
}


/* "im:alice@example.org" (RFC 3860) is the address that sip:alice@example.org has outside of SIP. */
static int uri_of_cpim(struct sip_uri *ret, struct str uri, char *storage, size_t room)
{
	struct buf b;

	if (!str_starts_nocase(uri, STR("im:")))
		return sip_uri_decode(ret, uri);
	buf_fixed(&b, storage, room);
	buf_puts(&b, STR("sip:"));
	buf_puts(&b, str_from(uri, 3));
	return b.failed ? -1 : sip_uri_decode(ret, buf_str(&b));
}


/*
 * The From inside a message/cpim is what a recipient is shown, so it must be as true as that of the request:
 * the authenticated originator, or nobody at all.
 */
static enum gate_verdict content_identity(const struct gate_view *v, struct gate_answer *a)
{
	char storage[SIP_URI_MAX];
	struct str name, uri;
	struct sip_uri u;

	if (!v->r->cpim_from.p)
		return GATE_PASS;
	if (cpim_address_decode(&name, &uri, v->r->cpim_from) == 0 &&
	    uri_of_cpim(&u, uri, storage, sizeof(storage)) == 0 &&
	    (is_anonymous(&u) || same_person(v, &u, v->r->originator) || asserted(v, &u)))
		return GATE_PASS;
	a->status = 403;
	gate_warn(a, v->host, STR("the From in the content is not the authenticated user"));
	return GATE_REFUSE;
}


static const struct gate table[] = {
	{"originator-allowed", "OPF-GEN-1a OPF-GEN-1b OPF-GEN-1c OPF-GEN-1d", originator_allowed},
	{"system-message-pending", "OPF-GEN-2a OPF-GEN-2b OPF-GEN-2c OPF-GEN-2d OPF-GEN-2e",
	 system_message_answered},
	{"user-agent", "OPF-GEN-3a OPF-GEN-3b OPF-GEN-3c OPF-GEN-3d OPF-GEN-3e",
	 user_agent_version},
	{"operator-policy", "OPF-GEN-4 OPF-GEN-4a-1 OPF-GEN-4a-2 OPF-GEN-4a-3 OPF-GEN-4a-4",
	 gate_operator_policy},
	{"offer-policy",
	 "OPF-GEN-4 OPF-GEN-4b-1 OPF-GEN-4b-2 OPF-GEN-4b-3 OPF-GEN-4b-4 OPF-GEN-4b-5 OPF-GEN-4b-6",
	 gate_offer_policy},
	{"content-identity", "", content_identity},
	{"session-interval", "", gate_session_interval},
};
const struct gate_table gates_originating = {table, sizeof(table) / sizeof(table[0])};
