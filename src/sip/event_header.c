/* SPDX-License-Identifier: Apache-2.0 */
/* Event and Subscription-State. */
#include "sip/event_header.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/param.h"

static const char *const reasons[SIP_SUBREASON_COUNT] = {
	[SIP_SUBREASON_NONE] = "",
	[SIP_SUBREASON_DEACTIVATED] = "deactivated",
	[SIP_SUBREASON_PROBATION] = "probation",
	[SIP_SUBREASON_REJECTED] = "rejected",
	[SIP_SUBREASON_TIMEOUT] = "timeout",
	[SIP_SUBREASON_GIVEUP] = "giveup",
	[SIP_SUBREASON_NORESOURCE] = "noresource",
	[SIP_SUBREASON_INVARIANT] = "invariant",
};


struct str sip_subreason_name(enum sip_subreason r)
{
	return str_of(r < SIP_SUBREASON_COUNT ? reasons[r] : "");
}


/* The token in front, then the parameters, each of which must be one. */
static int split(struct str value, struct str *token, struct str *params)
{
	struct str rest = value, name, v;
	int r;

	*token = str_trim(str_cut(&rest, ';'));
	*params = rest.p ? rest : STR("");
	if (!sip_all_chars(*token, SIP_CHAR_TOKEN))
		return -EBADMSG;
	if (!rest.p)
		return 0;
	while ((r = sip_param_next(&rest, &name, &v)) > 0)
		;
	return r;
}


int sip_event_decode(struct sip_event *ret, struct str value)
{
	struct sip_event e = {0};
	struct str params;

	if (split(value, &e.package, &params))
		return -EBADMSG;
	if (!sip_param(params, STR("id"), &e.id))
		e.id = STR("");
	*ret = e;
	return 0;
}


bool sip_event_eq(const struct sip_event *a, const struct sip_event *b)
{
	return str_eq(a->package, b->package) && str_eq(a->id, b->id);
}


static enum sip_substate substate(struct str token)
{
	if (str_eq_nocase(token, STR("active")))
		return SIP_SUBSTATE_ACTIVE;
	if (str_eq_nocase(token, STR("pending")))
		return SIP_SUBSTATE_PENDING;
	return str_eq_nocase(token, STR("terminated")) ? SIP_SUBSTATE_TERMINATED
						       : SIP_SUBSTATE_OTHER;
}


/* A parameter that is no number is as good as none; one that is too large is very long. */
static bool seconds(struct str params, struct str name, uint32_t *ret)
{
	struct str value;
	uint64_t n;

	if (!sip_param(params, name, &value) || !str_u64(value, &n))
		return false;
	*ret = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return true;
}


int sip_subscription_value_decode(struct sip_subscription_value *ret, struct str value)
{
	struct sip_subscription_value v = {0};
	struct str token, params;

	if (split(value, &token, &params))
		return -EBADMSG;
	v.state = substate(token);
	if (!sip_param(params, STR("reason"), &v.reason_text))
		v.reason_text = STR("");
	for (int r = 1; r < SIP_SUBREASON_COUNT; r++)
		if (str_eq_nocase(v.reason_text, str_of(reasons[r])))
			v.reason = (enum sip_subreason)r;
	v.has_expires = seconds(params, STR("expires"), &v.expires_s);
	v.has_retry_after = seconds(params, STR("retry-after"), &v.retry_after_s);
	*ret = v;
	return 0;
}
