/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl group add GROUP MEMBER: one member more. */
#include "group.h"


int ctl_group_add(struct ctl *c)
{
	return ctl_group(c, "PUT", c->args[1]);
}
