/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl user allow|deny USER: who may use the service at all. */
#include "change.h"


int ctl_user_allow(struct ctl *c)
{
	return ctl_change_user(c, "PUT", "/allowed", json_pack("{s:b}", "allowed", 1), "allowed");
}


int ctl_user_deny(struct ctl *c)
{
	return ctl_change_user(c, "PUT", "/allowed", json_pack("{s:b}", "allowed", 0), "denied");
}
