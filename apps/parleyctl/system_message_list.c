/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl system-message list [USER]: what users were told, and their answers. */
#include <stdio.h>

#include "ctl.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"USER", "user", CTL_COLUMN_TEXT},       {"ID", "id", CTL_COLUMN_TEXT},
	{"STATE", "state", CTL_COLUMN_TEXT},     {"ANSWER", "answer", CTL_COLUMN_TEXT},
	{"SENT", "created_ms", CTL_COLUMN_TIME}, {"TEXT", "text", CTL_COLUMN_TEXT},
};


int ctl_system_message_list(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_path(&path, c->args_n ? "/v1/system-messages?user=" : "/v1/system-messages",
		     c->args_n ? c->args[0] : "", ""))
		status = ctl_ask(c, "GET", path.p, NULL, &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "system_messages", columns, 6, "no system messages\n");
	if (status == CTL_OK && json_is_true(json_object_get(answer, "more")))
		fputs("parleyctl: there are more: name a user\n", stderr);
	json_decref(answer);
	return status;
}
