/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl group list: the groups hosted by the server. */
#include "ctl.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"GROUP", "group", CTL_COLUMN_TEXT},
	{"BYTES", "size", CTL_COLUMN_NUMBER},
	{"CHANGED", "changed_ms", CTL_COLUMN_TIME},
};


int ctl_group_list(struct ctl *c)
{
	json_t *answer;
	int status = ctl_ask_pages(c, "/v1/groups", "groups", "group", &answer);

	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "groups", columns, 3, "no groups\n");
	json_decref(answer);
	return status;
}
