/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change one thing. */
#include "change.h"

#include <string.h>


/* "done KEY", of the answer; takes the reference. */
static int print(struct ctl *c, json_t *answer, const char *done, const char *key)
{
	struct buf out = BUF_INIT(CTL_TEXT_MAX);
	int status;

	if (c->json) {
		status = ctl_print_json(answer);
	} else {
		buf_printf(&out, "%s ", done);
		ctl_put(&out, json_string_value(json_object_get(answer, key)));
		buf_putc(&out, '\n');
		status = ctl_print(&out);
	}
	buf_done(&out);
	json_decref(answer);
	return status;
}


int ctl_change(struct ctl *c, const char *method, const char *path, json_t *body, const char *done)
{
	json_t *answer;
	int status;

	/* json_pack also refuses what is not UTF-8. */
	if (!body && strcmp(method, "DELETE"))
		return ctl_error("write UTF-8", "the user or the password is not text");
	status = ctl_ask(c, method, path, body, &answer);
	return status == CTL_OK ? print(c, answer, done, "user") : status;
}


int ctl_change_delete(struct ctl *c, const char *path, const char *done, const char *key)
{
	struct buf full = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = ctl_path(&full, path, c->args[0], "")
			     ? ctl_ask(c, "DELETE", full.p, NULL, &answer)
			     : CTL_FAILED;

	buf_done(&full);
	return status == CTL_OK ? print(c, answer, done, key) : status;
}


int ctl_change_user(struct ctl *c, const char *method, const char *tail, json_t *body,
		    const char *done)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	int status;

	ctl_user_path(&path, c->args[0], tail);
	if (path.failed) {
		json_decref(body);
		status = ctl_error("shorten it", "the user's name is too long");
	} else {
		status = ctl_change(c, method, path.p, body, done);
	}
	buf_done(&path);
	return status;
}
