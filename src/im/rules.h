/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the operator has configured of the service's rules, ready to be asked. Everything in it may change
 * while the server runs.
 */
#ifndef IM_RULES_H
#define IM_RULES_H

#include "body/common_policy.h"
#include "im/user_agent.h"

/** What becomes of a pager message whose Expires has passed (6.1.2.1 step 4: "local policy"). */
enum im_expired {
	IM_EXPIRED_REJECT,  /**< 480 with a Warning */
	IM_EXPIRED_DISCARD, /**< 202, and it goes nowhere */
	IM_EXPIRED_DELIVER, /**< as if it had not expired; but it is not kept */
};

struct im_rules {
	struct user_agent_rule user_agent;
	enum im_expired expired;
	enum access_combine combine;
	bool defer_after_failure;  /**< 408, 430 and 480 from the devices, too, keep a message */
	uint32_t answer_timeout_s; /**< for a system message that says nothing of it */
};

#endif
