/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl document delete USER AUID NAME: deletes a document. */
#include "document.h"


int ctl_document_delete(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_document_path(c, &path))
		status = ctl_ask(c, "DELETE", path.p, NULL, &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	if (c->json) {
		status = ctl_print_json(answer);
	} else {
		buf_puts(&out, STR("deleted "));
		ctl_put(&out, json_string_value(json_object_get(answer, "auid")));
		buf_putc(&out, ' ');
		ctl_put(&out, json_string_value(json_object_get(answer, "name")));
		buf_puts(&out, STR(" of "));
		ctl_put(&out, json_string_value(json_object_get(answer, "user")));
		buf_putc(&out, '\n');
		status = ctl_print(&out);
	}
	buf_done(&out);
	json_decref(answer);
	return status;
}
