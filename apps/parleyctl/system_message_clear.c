/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl system-message clear USER [ID]: no answer is needed any more, to one message or to all. */
#include "ctl.h"


int ctl_system_message_clear(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_TEXT_MAX);
	bool one = c->args_n > 1;
	json_t *answer;
	json_int_t n;
	int status = CTL_FAILED;

	if (ctl_path(&path, "/v1/users/", c->args[0], "/system-messages") &&
	    (!one || ctl_path(&path, "/", c->args[1], "")))
		status = ctl_ask(c, "DELETE", path.p, NULL, &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	n = json_integer_value(json_object_get(answer, "cleared"));
	buf_printf(&out, "cleared %lld message%s\n", (long long)n, n == 1 ? "" : "s");
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
