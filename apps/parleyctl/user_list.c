/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl user list: the embedded core's accounts. */
#include <stdio.h>

#include "ctl.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"USER", "user", CTL_COLUMN_TEXT},
	{"MAY USE THE SERVICE", "allowed", CTL_COLUMN_YES_NO},
};


int ctl_user_list(struct ctl *c)
{
	json_t *answer;
	int status = ctl_ask_pages(c, "/v1/users", "users", "user", &answer);

	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "users", columns, 2,
				"no users yet; add one with: parleyctl user add USER\n");
	json_decref(answer);
	return status;
}
