/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl group remove GROUP MEMBER: one member less. */
#include "group.h"


int ctl_group_remove(struct ctl *c)
{
	return ctl_group(c, "DELETE", c->args[1]);
}
