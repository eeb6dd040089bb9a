/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl policy get [USER]: operator policy, and where each value comes from. */
#include "policy.h"


int ctl_policy_get(struct ctl *c)
{
	return ctl_policy(c, "GET", c->args_n ? c->args[0] : NULL, NULL);
}
