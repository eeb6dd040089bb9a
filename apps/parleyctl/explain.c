/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl explain MESSAGE-ID: where a message is, and why, as a short story. */
#include "ctl.h"


static void put_story(struct buf *out, const json_t *answer)
{
	const json_t *story = json_object_get(answer, "story"), *first = json_array_get(story, 0);
	const char *sender = json_string_value(json_object_get(first, "sender"));

	buf_puts(out, STR("message  "));
	ctl_put(out, json_string_value(json_object_get(answer, "message")));
	if (sender && *sender) {
		buf_puts(out, STR("\nfrom     "));
		ctl_put(out, sender);
	}
	buf_puts(out, STR("\n\n"));
	for (size_t i = 0; i < json_array_size(story); i++) {
		const json_t *step = json_array_get(story, i);

		ctl_put_time(out, json_integer_value(json_object_get(step, "at_ms")), true);
		buf_puts(out, STR("  "));
		ctl_put(out, json_string_value(json_object_get(step, "text")));
		buf_putc(out, '\n');
	}
}


int ctl_explain(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_REPLY_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_path(&path, "/v1/messages/", c->args[0], ""))
		status = ctl_ask(c, "GET", path.p, NULL, &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	put_story(&out, answer);
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
