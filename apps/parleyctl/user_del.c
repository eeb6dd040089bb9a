/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl user del USER: the account is no more, nor are its registrations. */
#include "change.h"


int ctl_user_del(struct ctl *c)
{
	return ctl_change_user(c, "DELETE", "", NULL, "deleted");
}
