/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl document get USER AUID NAME [FILE]: a document as it is stored; into FILE, else printed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "document.h"


static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	bool failed;

	if (!f)
		return ctl_error("choose another file", "cannot write %s (%s)", path,
				 strerror(errno));
	failed = fputs(text, f) == EOF;
	if (fclose(f) || failed)
		return ctl_error("choose another file", "cannot write %s", path);
	return CTL_OK;
}


int ctl_document_get(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_REPLY_MAX);
	const char *text;
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_document_path(c, &path))
		status = ctl_ask(c, "GET", path.p, NULL, &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	text = json_string_value(json_object_get(answer, "document"));
	if (c->json) {
		status = ctl_print_json(answer);
	} else if (c->args_n > 3 && strcmp(c->args[3], "-")) {
		status = write_file(c->args[3], text ? text : "");
	} else {
		/* As it is: it may be piped into a file, and put again. */
		buf_puts(&out, str_of(text));
		status = ctl_print(&out);
	}
	buf_done(&out);
	json_decref(answer);
	return status;
}
