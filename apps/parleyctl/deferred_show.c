/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl deferred show [USER|ID]: who waits for how much; or one message, or a user's, with its devices. */
#include <stdio.h>

#include "ctl.h"
#include "deferred_id.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"USER", "user", CTL_COLUMN_TEXT},
	{"MESSAGES", "messages", CTL_COLUMN_NUMBER},
	{"BYTES", "bytes", CTL_COLUMN_NUMBER},
};


static int show_users(struct ctl *c)
{
	json_t *answer;
	int status = ctl_ask_pages(c, "/v1/deferred/users", "users", "user", &answer);

	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "users", columns, 3, "nothing waits\n");
	json_decref(answer);
	return status;
}


static void put_text(struct buf *out, const char *label, const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	if (!text || !*text)
		return;
	buf_printf(out, "%-11s", label);
	ctl_put(out, text);
	buf_putc(out, '\n');
}


static void put_time(struct buf *out, const char *label, const json_t *j, const char *key)
{
	json_int_t at = json_integer_value(json_object_get(j, key));

	if (!at)
		return;
	buf_printf(out, "%-11s", label);
	ctl_put_time(out, at, false);
	buf_putc(out, '\n');
}


static void put_device(struct buf *out, const json_t *v)
{
	json_int_t status = json_integer_value(json_object_get(v, "status"));
	json_int_t next = json_integer_value(json_object_get(v, "next_try_ms"));
	json_int_t attempts = json_integer_value(json_object_get(v, "attempts"));

	buf_puts(out, STR("device     "));
	ctl_put(out, json_string_value(json_object_get(v, "device")));
	buf_puts(out, STR(": "));
	ctl_put(out, json_string_value(json_object_get(v, "state")));
	buf_printf(out, ", %lld attempt%s, ", (long long)attempts, attempts == 1 ? "" : "s");
	if (status)
		buf_printf(out, "answered %lld", (long long)status);
	else
		buf_puts(out, STR("not answered"));
	if (next) {
		buf_puts(out, STR(", again at "));
		ctl_put_time(out, next, false);
	}
	buf_putc(out, '\n');
}


static void put_message(struct buf *out, const json_t *m)
{
	const json_t *devices = json_object_get(m, "devices");

	buf_printf(out, "%-11s%lld\n", "id",
		   (long long)json_integer_value(json_object_get(m, "id")));
	put_text(out, "for", m, "user");
	put_text(out, "from", m, "sender");
	put_text(out, "kind", m, "kind");
	put_text(out, "state", m, "state");
	buf_printf(out, "%-11s%lld\n", "bytes",
		   (long long)json_integer_value(json_object_get(m, "size")));
	put_text(out, "type", m, "content_type");
	put_text(out, "file", m, "name");
	put_text(out, "call-id", m, "call_id");
	put_text(out, "message-id", m, "message_id");
	put_time(out, "since", m, "received_ms");
	put_time(out, "until", m, "expires_ms");
	put_time(out, "finished", m, "finished_ms");
	for (size_t i = 0; i < json_array_size(devices); i++)
		put_device(out, json_array_get(devices, i));
}


static int ask_one(struct ctl *c, const char *id, json_t **ret)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	int status = ctl_path(&path, "/v1/deferred/", id, "") ? ctl_ask(c, "GET", path.p, NULL, ret)
							      : CTL_FAILED;

	buf_done(&path);
	return status;
}


static int show_one(struct ctl *c)
{
	struct buf out = BUF_INIT(CTL_REPLY_MAX);
	json_t *answer;
	int status = ask_one(c, c->args[0], &answer);

	if (status != CTL_OK)
		return status;
	put_message(&out, answer);
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}


/** The details of each row of the list; one that has gone meanwhile is told, and the others are shown. */
static int put_all(struct ctl *c, json_t *list, struct buf *out)
{
	int worst = CTL_OK;

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *m;
		char id[24];

		snprintf(id, sizeof(id), "%lld",
			 (long long)json_integer_value(
				 json_object_get(json_array_get(list, i), "id")));
		if (ask_one(c, id, &m) != CTL_OK) {
			worst = CTL_FAILED;
			continue;
		}
		buf_puts(out, out->n ? STR("\n") : STR(""));
		put_message(out, m);
		json_array_set_new(list, i, m);
	}
	return worst;
}


static int show_user(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_REPLY_MAX);
	json_t *answer;
	int status = CTL_FAILED, told;

	if (ctl_path(&path, "/v1/deferred?user=", c->args[0], ""))
		status = ctl_ask_pages(c, path.p, "deferred", "id", &answer);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = put_all(c, json_object_get(answer, "deferred"), &out);
	if (!json_array_size(json_object_get(answer, "deferred")))
		buf_puts(&out, STR("nothing waits\n"));
	told = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status == CTL_OK ? told : status;
}


int ctl_deferred_show(struct ctl *c)
{
	if (!c->args_n)
		return show_users(c);
	return ctl_is_deferred_id(c->args[0]) ? show_one(c) : show_user(c);
}
