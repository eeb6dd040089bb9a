/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl document list USER: a user's documents. */
#include "ctl.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"AUID", "auid", CTL_COLUMN_TEXT},
	{"NAME", "name", CTL_COLUMN_TEXT},
	{"BYTES", "size", CTL_COLUMN_NUMBER},
	{"CHANGED", "changed_ms", CTL_COLUMN_TIME},
};


int ctl_document_list(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_path(&path, "/v1/users/", c->args[0], "/documents"))
		status = ctl_ask(c, "GET", path.p, NULL, &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "documents", columns, 4, "no documents\n");
	json_decref(answer);
	return status;
}
