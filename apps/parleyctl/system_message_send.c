/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl system-message send USER TEXT [--answer A …] [--timeout TIME]: tells a user something. */
#include "ctl.h"
#include "server/option_type.h"


/** "1h" by the rules of the configuration's option of that name. CTL_USAGE: told. */
static int take_timeout(const char *text, uint64_t *ret)
{
	const struct option *o = option_find("system-message.timeout");
	char texts[2][OPTION_MISTAKE_MAX + 1];
	struct option_mistake m;

	buf_fixed(&m.what, texts[0], sizeof(texts[0]));
	buf_fixed(&m.remedy, texts[1], sizeof(texts[1]));
	*ret = 0;
	if (o && o->type->decode(o, str_of(text), ret, NULL, &m) == 0)
		return CTL_OK;
	return ctl_usage(buf_cstr(&m.remedy) ? m.remedy.p : "write 30m, 1h or 7d", "--timeout: %s",
			 buf_cstr(&m.what) ? m.what.p : "this is no time");
}


static json_t *body_of(const struct ctl *c, uint64_t timeout_s)
{
	json_t *answers = json_array(), *body;

	for (int i = 0; i < c->answers_n; i++) {
		if (json_array_append_new(answers, json_string(c->answers[i]))) {
			json_decref(answers);
			return NULL;
		}
	}
	body = json_pack("{s:s, s:o}", "text", c->args[1], "answers", answers);
	if (body && timeout_s)
		json_object_set_new(body, "timeout_s", json_integer((json_int_t)timeout_s));
	return body;
}


int ctl_system_message_send(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_TEXT_MAX);
	json_t *body, *answer;
	uint64_t timeout_s = 0;
	int status = c->timeout ? take_timeout(c->timeout, &timeout_s) : CTL_OK;

	if (status != CTL_OK)
		return status;
	body = body_of(c, timeout_s);
	if (!body)
		return ctl_error("write UTF-8", "the text or an answer is not text");
	status = CTL_FAILED;
	if (ctl_path(&path, "/v1/users/", c->args[0], "/system-messages"))
		status = ctl_ask(c, "POST", path.p, body, &answer);
	else
		json_decref(body);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	buf_puts(&out, STR("sent "));
	ctl_put(&out, json_string_value(json_object_get(answer, "id")));
	buf_puts(&out, STR(" to "));
	ctl_put(&out, json_string_value(json_object_get(answer, "user")));
	buf_putc(&out, '\n');
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}
