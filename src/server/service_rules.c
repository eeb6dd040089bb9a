/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration to the rules that the service asks. */

#include "server/service_rules.h"


static uint32_t media_path_of(const struct config *c)
{
	return (c->media_path & CONFIG_MEDIA_ALWAYS ? IM_MEDIA_PATH_ALWAYS : 0) |
	       (c->media_path & CONFIG_MEDIA_HISTORY ? IM_MEDIA_PATH_HISTORY : 0) |
	       (c->media_path & CONFIG_MEDIA_CHARGING ? IM_MEDIA_PATH_CHARGING : 0);
}


int service_rules_init(struct im_rules *ret, const struct config *c, struct buf *why)
{
	static const enum im_expired expired[] = {
		[CONFIG_EXPIRED_REJECT] = IM_EXPIRED_REJECT,
		[CONFIG_EXPIRED_DISCARD] = IM_EXPIRED_DISCARD,
		[CONFIG_EXPIRED_DELIVER] = IM_EXPIRED_DELIVER,
	};
	static const enum im_sent_count sent_count[] = {
		[CONFIG_SENT_COUNT_OFF] = IM_SENT_COUNT_OFF,
		[CONFIG_SENT_COUNT_PARAMETER] = IM_SENT_COUNT_PARAMETER,
		[CONFIG_SENT_COUNT_HEADER] = IM_SENT_COUNT_HEADER,
	};
	struct im_rules rules = {
		.session = {.expires_s = c->timers.session_expires,
			    .min_expires_s = c->timers.min_se},
		.media_path = media_path_of(c),
		.history_kept = c->history.enabled,
		.sent_count = sent_count[c->sent_count],
		.expired = expired[c->expired_pager],
		.combine = c->access_combiner == CONFIG_COMBINER_MIN ? ACCESS_COMBINE_MIN
								     : ACCESS_COMBINE_MAX,
		.defer_after_failure = c->deferred.after_failure,
		.defer_files = c->deferred.files,
		.answer_timeout_s = c->system_message_timeout_s < UINT32_MAX
					    ? (uint32_t)c->system_message_timeout_s
					    : UINT32_MAX,
	};
	int err = user_agent_rule_init(&rules.user_agent, c->user_agent.required,
				       c->user_agent.minimum);

	if (err) {
		buf_printf(why,
			   "user-agent.minimum: \"" STR_FMT
			   "\" is no version: give one like OMA1.0",
			   STR_ARG(c->user_agent.minimum));
		return err;
	}
	*ret = rules;
	return 0;
}


static struct operator_rule rule_of(const struct config_policy *p)
{
	return (struct operator_rule){.max_size = p->max_size,
				      .types = p->types.v,
				      .types_n = p->types.n};
}


int service_policy_alloc(struct operator_policy **ret, const struct config *c)
{
	struct operator_rule rule[OPERATOR_MODES] = {
		[OPERATOR_PAGER] = rule_of(&c->policy.pager),
		[OPERATOR_LARGE] = rule_of(&c->policy.large),
		[OPERATOR_SESSION] = rule_of(&c->policy.session),
		[OPERATOR_FILE] = rule_of(&c->policy.file),
	};

	return operator_policy_configured(ret, rule);
}
