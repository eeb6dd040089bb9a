/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl group show GROUP: a group and its members. */
#include "group.h"


int ctl_group_show(struct ctl *c)
{
	return ctl_group(c, "GET", NULL);
}
