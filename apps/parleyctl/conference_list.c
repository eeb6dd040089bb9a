/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl conference list: the conferences that run. */
#include "ctl.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"ID", "id", CTL_COLUMN_TEXT},
	{"KIND", "kind", CTL_COLUMN_TEXT},
	{"GROUP", "group", CTL_COLUMN_TEXT},
	{"FOUNDER", "founder", CTL_COLUMN_TEXT},
	{"SINCE", "since_ms", CTL_COLUMN_TIME},
	{"IN", "connected", CTL_COLUMN_NUMBER},
	{"MESSAGES", "messages", CTL_COLUMN_NUMBER},
};


int ctl_conference_list(struct ctl *c)
{
	json_t *answer;
	int status = ctl_ask_pages(c, "/v1/conferences", "conferences", "number", &answer);

	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "conferences", columns,
				sizeof(columns) / sizeof(columns[0]), "no conferences\n");
	json_decref(answer);
	return status;
}
