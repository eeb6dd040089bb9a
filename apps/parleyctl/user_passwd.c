/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl user passwd USER: a new password. */
#include <string.h>

#include "change.h"


int ctl_user_passwd(struct ctl *c)
{
	char password[CTL_PASSWORD_MAX + 1];
	int status = ctl_password(c, password);

	if (status == CTL_OK)
		status = ctl_change_user(c, "PUT", "/password",
					 json_pack("{s:s}", "password", password),
					 "new password for");
	explicit_bzero(password, sizeof(password));
	return status;
}
