/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl history delete USER [ID]: one message, with --conversation a session, or all that is kept of a user. */
#include <stdio.h>

#include "ctl.h"


int ctl_history_delete(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_TEXT_MAX);
	const char *id = c->args_n > 1 ? c->args[1] : NULL;
	char tail[64];
	json_t *answer;
	json_int_t n;
	int status;

	if (id && c->conversation)
		return ctl_usage("write one of them", "a message and a conversation are given");
	if (c->conversation)
		snprintf(tail, sizeof(tail), "/conversations/%.20s", c->conversation);
	else
		snprintf(tail, sizeof(tail), "/history%s%.20s", id ? "/" : "", id ? id : "");
	ctl_user_path(&path, c->args[0], tail);
	status = buf_cstr(&path) ? ctl_ask(c, "DELETE", path.p, NULL, &answer) : ctl_no_memory();
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	n = json_integer_value(json_object_get(answer, "deleted"));
	buf_printf(&out, "deleted %lld message%s\n", (long long)n, n == 1 ? "" : "s");
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
