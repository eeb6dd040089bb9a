/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl user add USER: an account of the embedded core. */
#include <string.h>

#include "change.h"


int ctl_user_add(struct ctl *c)
{
	char password[CTL_PASSWORD_MAX + 1];
	int status = ctl_password(c, password);

	if (status == CTL_OK)
		status = ctl_change(
			c, "POST", "/v1/users",
			json_pack("{s:s, s:s}", "user", c->args[0], "password", password), "added");
	explicit_bzero(password, sizeof(password));
	return status;
}
