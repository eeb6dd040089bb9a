/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl conference show ID: one conference, and who is in it. */
#include "ctl.h"
#include "list.h"

static const struct {
	const char *label, *key;
} texts[] = {
	{"id", "id"},       {"kind", "kind"},       {"address", "identity"},
	{"group", "group"}, {"founder", "founder"}, {"subject", "subject"},
};

static const struct {
	const char *label, *key;
} numbers[] = {
	{"in", "connected"},      {"coming", "coming"}, {"watchers", "watchers"},
	{"messages", "messages"}, {"copies", "copies"},
};

static const struct ctl_column columns[] = {
	{"PERSON", "address", CTL_COLUMN_TEXT}, {"STATUS", "status", CTL_COLUMN_TEXT},
	{"SINCE", "since_ms", CTL_COLUMN_TIME}, {"MESSAGES", "messages", CTL_COLUMN_NUMBER},
	{"BYTES", "bytes", CTL_COLUMN_NUMBER},  {"ANONYMOUS", "anonymous", CTL_COLUMN_YES_NO},
};


static json_int_t number(const json_t *c, const char *key)
{
	return json_integer_value(json_object_get(c, key));
}


static void put_conference(struct buf *out, const json_t *c)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = json_string_value(json_object_get(c, texts[i].key));

		if (!text || !*text)
			continue;
		buf_printf(out, "%-10s", texts[i].label);
		ctl_put(out, text);
		buf_putc(out, '\n');
	}
	buf_puts(out, STR("since     "));
	ctl_put_time(out, number(c, "since_ms"), false);
	buf_putc(out, '\n');
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		buf_printf(out, "%-10s%lld\n", numbers[i].label,
			   (long long)(json_object_get(c, numbers[i].key)
					       ? number(c, numbers[i].key)
					       : number(c, "participants") -
							 number(c, "connected")));
	buf_putc(out, '\n');
}


int ctl_conference_show(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_REPLY_MAX);
	json_t *answer;
	int status = ctl_path(&path, "/v1/conferences/", c->args[0], "")
			     ? ctl_ask(c, "GET", path.p, NULL, &answer)
			     : CTL_FAILED;

	buf_done(&path);
	if (status != CTL_OK)
		return status;
	if (!c->json) {
		put_conference(&out, answer);
		status = ctl_print(&out);
	}
	if (status == CTL_OK)
		status = ctl_print_list(c, answer, "persons", columns,
					sizeof(columns) / sizeof(columns[0]), "nobody is in it\n");
	buf_done(&out);
	json_decref(answer);
	return status;
}
