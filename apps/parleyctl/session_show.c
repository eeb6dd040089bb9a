/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl session show ID: one session that passes through the server. */
#include "ctl.h"

static const struct {
	const char *label, *key;
} texts[] = {
	{"id", "id"},
	{"kind", "kind"},
	{"state", "state"},
	{"from", "originator"},
	{"to", "recipient"},
	{"function", "functions"},
	{"call-id", "caller_call_id"},
	{"further", "callee_call_id"},
};


static void put_time(struct buf *out, const char *label, const json_t *j, const char *key)
{
	json_int_t at = json_integer_value(json_object_get(j, key));

	if (!at)
		return;
	buf_printf(out, "%-12s", label);
	ctl_put_time(out, at, false);
	buf_putc(out, '\n');
}


static void put_session(struct buf *out, const json_t *s)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = json_string_value(json_object_get(s, texts[i].key));

		if (!text || !*text)
			continue;
		buf_printf(out, "%-12s", texts[i].label);
		ctl_put(out, text);
		buf_putc(out, '\n');
	}
	put_time(out, "invited", s, "since_ms");
	put_time(out, "established", s, "established_ms");
	buf_printf(out, "%-12s%lld\n%-12s%lld\n", "messages",
		   (long long)json_integer_value(json_object_get(s, "messages")), "bytes",
		   (long long)json_integer_value(json_object_get(s, "bytes")));
}


int ctl_session_show(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_REPLY_MAX);
	json_t *answer;
	int status = ctl_path(&path, "/v1/sessions/", c->args[0], "")
			     ? ctl_ask(c, "GET", path.p, NULL, &answer)
			     : CTL_FAILED;

	buf_done(&path);
	if (status != CTL_OK)
		return status;
	put_session(&out, answer);
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
