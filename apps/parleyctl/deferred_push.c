/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl deferred push [USER]: sends what waits to the devices that are there now. */
#include "ctl.h"


int ctl_deferred_push(struct ctl *c)
{
	json_t *body = c->args_n ? json_pack("{s:s}", "user", c->args[0]) : json_object(), *answer;
	struct buf out = BUF_INIT(CTL_TEXT_MAX);
	json_int_t n;
	int status;

	if (!body)
		return ctl_error("write UTF-8", "the user is not text");
	status = ctl_ask(c, "POST", "/v1/deferred/push", body, &answer);
	if (status != CTL_OK)
		return status;
	n = json_integer_value(json_object_get(answer, "devices"));
	if (n)
		buf_printf(&out, "sending to %lld device%s\n", (long long)n, n == 1 ? "" : "s");
	else
		buf_puts(&out, STR("nobody for whom something waits is registered\n"));
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
