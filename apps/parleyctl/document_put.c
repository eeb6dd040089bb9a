/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl document put USER AUID NAME [FILE]: stores a document, from FILE, else from standard input. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "document.h"


static int read_all(FILE *f, const char *name, struct buf *out)
{
	char chunk[8192];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_put(out, chunk, n);
	if (ferror(f))
		return ctl_error("look at the file", "cannot read %s (%s)", name, strerror(errno));
	if (out->failed)
		return ctl_error("keep it below 256 kilobytes", "%s is too long", name);
	return CTL_OK;
}


static int read_document(const struct ctl *c, struct buf *out)
{
	const char *name = c->args_n > 3 ? c->args[3] : "-";
	FILE *f;
	int status;

	if (!strcmp(name, "-"))
		return read_all(stdin, "standard input", out);
	f = fopen(name, "r");
	if (!f)
		return ctl_error("name a file that can be read", "cannot read %s (%s)", name,
				 strerror(errno));
	status = read_all(f, name, out);
	fclose(f);
	return status;
}


static int put(struct ctl *c, const struct buf *text)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_REPLY_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_document_path(c, &path))
		status = ctl_ask_xml(c, "PUT", path.p, text->n ? buf_str(text) : STR(""), &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	if (c->json) {
		status = ctl_print_json(answer);
	} else {
		buf_puts(&out, STR("stored "));
		ctl_put(&out, json_string_value(json_object_get(answer, "auid")));
		buf_putc(&out, ' ');
		ctl_put(&out, json_string_value(json_object_get(answer, "name")));
		buf_puts(&out, STR(" of "));
		ctl_put(&out, json_string_value(json_object_get(answer, "user")));
		buf_printf(&out, ", %lld bytes\n",
			   (long long)json_integer_value(json_object_get(answer, "size")));
		status = ctl_print(&out);
	}
	buf_done(&out);
	json_decref(answer);
	return status;
}


int ctl_document_put(struct ctl *c)
{
	struct buf text = BUF_INIT(CTL_BODY_MAX);
	int status = read_document(c, &text);

	if (status == CTL_OK)
		status = put(c, &text);
	buf_done(&text);
	return status;
}
