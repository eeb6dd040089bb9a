/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl session list [USER]: sessions that pass through the server. */
#include "ctl.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"ID", "id", CTL_COLUMN_TEXT},
	{"FROM", "originator", CTL_COLUMN_TEXT},
	{"TO", "recipient", CTL_COLUMN_TEXT},
	{"KIND", "kind", CTL_COLUMN_TEXT},
	{"STATE", "state", CTL_COLUMN_TEXT},
	{"SINCE", "since_ms", CTL_COLUMN_TIME},
	{"MESSAGES", "messages", CTL_COLUMN_NUMBER},
	{"BYTES", "bytes", CTL_COLUMN_NUMBER},
};


int ctl_session_list(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_path(&path, c->args_n ? "/v1/sessions?user=" : "/v1/sessions",
		     c->args_n ? c->args[0] : "", ""))
		status = ctl_ask_pages(c, path.p, "sessions", "number", &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "sessions", columns,
				sizeof(columns) / sizeof(columns[0]), "no sessions\n");
	json_decref(answer);
	return status;
}
