/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl deferred list [USER]: what waits for people who are away. */
#include "ctl.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"ID", "id", CTL_COLUMN_NUMBER},          {"FOR", "user", CTL_COLUMN_TEXT},
	{"FROM", "sender", CTL_COLUMN_TEXT},      {"KIND", "kind", CTL_COLUMN_TEXT},
	{"BYTES", "size", CTL_COLUMN_NUMBER},     {"SINCE", "received_ms", CTL_COLUMN_TIME},
	{"UNTIL", "expires_ms", CTL_COLUMN_TIME}, {"FILE", "name", CTL_COLUMN_TEXT},
};


int ctl_deferred_list(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_path(&path, c->args_n ? "/v1/deferred?user=" : "/v1/deferred",
		     c->args_n ? c->args[0] : "", ""))
		status = ctl_ask_pages(c, path.p, "deferred", "id", &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "deferred", columns, 8, "nothing waits\n");
	json_decref(answer);
	return status;
}
