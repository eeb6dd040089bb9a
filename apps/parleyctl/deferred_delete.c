/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl deferred delete USER|ID: withdraws one message, or all that wait for a user. */
#include "ctl.h"
#include "deferred_id.h"


int ctl_deferred_delete(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_TEXT_MAX);
	bool one = ctl_is_deferred_id(c->args[0]);
	json_t *answer;
	json_int_t n;
	int status = CTL_FAILED;

	if (ctl_path(&path, one ? "/v1/deferred/" : "/v1/users/", c->args[0],
		     one ? "" : "/deferred"))
		status = ctl_ask(c, "DELETE", path.p, NULL, &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	n = json_integer_value(json_object_get(answer, "deleted"));
	buf_printf(&out, "withdrew %lld message%s\n", (long long)n, n == 1 ? "" : "s");
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
