/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl group delete GROUP: the group is no more. */
#include "change.h"


int ctl_group_delete(struct ctl *c)
{
	return ctl_change_delete(c, "/v1/groups/", "deleted", "group");
}
