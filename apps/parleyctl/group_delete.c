/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl group delete GROUP: the group is no more. */
#include "ctl.h"


int ctl_group_delete(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = ctl_path(&path, "/v1/groups/", c->args[0], "")
			     ? ctl_ask(c, "DELETE", path.p, NULL, &answer)
			     : CTL_FAILED;

	buf_done(&path);
	if (status != CTL_OK)
		return status;
	buf_puts(&out, STR("deleted "));
	ctl_put(&out, json_string_value(json_object_get(answer, "group")));
	buf_putc(&out, '\n');
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
