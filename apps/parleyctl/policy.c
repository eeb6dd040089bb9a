/* SPDX-License-Identifier: Apache-2.0 */
/* Operator policy: asked for, or changed; shown with where it comes from. */
#include "policy.h"

#include "list.h"

static const struct ctl_column columns[] = {
	{"POLICY", "key", CTL_COLUMN_TEXT},
	{"SET BY", "from", CTL_COLUMN_TEXT},
	{"VALUE", "value", CTL_COLUMN_TEXT},
};


int ctl_policy(struct ctl *c, const char *method, const char *user, json_t *body)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_path(&path, user ? "/v1/users/" : "/v1", user ? user : "", "/policy"))
		status = ctl_ask(c, method, path.p, body, &answer);
	else
		json_decref(body);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "policy", columns, 3, "no policy\n");
	json_decref(answer);
	return status;
}
