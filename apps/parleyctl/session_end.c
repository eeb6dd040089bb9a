/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl session end ID: ends a session on both sides. */
#include "ctl.h"


int ctl_session_end(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = ctl_path(&path, "/v1/sessions/", c->args[0], "")
			     ? ctl_ask(c, "DELETE", path.p, NULL, &answer)
			     : CTL_FAILED;

	buf_done(&path);
	if (status != CTL_OK)
		return status;
	buf_puts(&out, STR("ended "));
	ctl_put(&out, c->args[0]);
	buf_putc(&out, '\n');
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
