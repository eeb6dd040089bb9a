/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl policy set [USER] KEY=VALUE …: changes operator policy; KEY=default takes a value back. */
#include <string.h>

#include "policy.h"
#include "values.h"


int ctl_policy_set(struct ctl *c)
{
	bool of_user = !strchr(c->args[0], '=');
	json_t *values;
	int status;

	if (of_user && c->args_n == 1)
		return ctl_usage("add KEY=VALUE, for instance pager.max-size=2000",
				 "there is nothing to set");
	status = ctl_values(c, of_user ? 1 : 0, &values);
	return status == CTL_OK ? ctl_policy(c, "PUT", of_user ? c->args[0] : NULL, values)
				: status;
}
