/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl registration list [USER]: who is registered, and from which devices. */
#include <stdio.h>

#include "ctl.h"
#include "http/http.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"USER", "user", CTL_COLUMN_TEXT},
	{"CONTACT", "contact", CTL_COLUMN_TEXT},
	{"EXPIRES", "expires_s", CTL_COLUMN_DURATION},
	{"FROM", "received", CTL_COLUMN_TEXT},
	{"AGENT", "user_agent", CTL_COLUMN_TEXT},
};


int ctl_registration_list(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status;

	buf_puts(&path, STR("/v1/registrations"));
	if (c->args_n) {
		buf_puts(&path, STR("?user="));
		http_escape(str_of(c->args[0]), &path);
	}
	if (!buf_cstr(&path))
		status = ctl_error("shorten it", "the user's name is too long");
	else
		status = ctl_ask(c, "GET", path.p, NULL, &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;

	status = ctl_print_list(c, answer, "registrations", columns, 5, "nobody is registered\n");
	if (status == CTL_OK && json_is_true(json_object_get(answer, "more")))
		fputs("parleyctl: there are more: name a user\n", stderr);
	json_decref(answer);
	return status;
}
