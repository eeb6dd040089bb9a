/* SPDX-License-Identifier: Apache-2.0 */
/* A group, asked for and shown. */
#include "group.h"

#include <string.h>


static void put_text(struct buf *out, const json_t *g, const char *label, const char *key)
{
	const char *text = json_string_value(json_object_get(g, key));

	if (!text || !*text)
		return;
	buf_printf(out, "%-9s", label);
	ctl_put(out, text);
	buf_putc(out, '\n');
}


static void put_members(struct buf *out, const json_t *members)
{
	const json_t *m;
	size_t i;

	json_array_foreach(members, i, m)
	{
		const char *name = json_string_value(json_object_get(m, "name"));

		buf_puts(out, i ? STR("         ") : STR("members  "));
		ctl_put(out, json_string_value(json_object_get(m, "user")));
		if (name && *name) {
			buf_puts(out, STR("  "));
			ctl_put(out, name);
		}
		buf_putc(out, '\n');
	}
}


static void put_group(struct buf *out, const json_t *g)
{
	json_int_t max = json_integer_value(json_object_get(g, "max"));
	json_int_t duration_s = json_integer_value(json_object_get(g, "duration_s"));

	put_text(out, g, "group", "group");
	put_text(out, g, "name", "name");
	put_text(out, g, "subject", "subject");
	buf_printf(out, "invite   %s\n", json_is_true(json_object_get(g, "invite")) ? "on" : "off");
	if (json_is_true(json_object_get(g, "advertise")))
		buf_puts(out, STR("advertise on\n"));
	if (max)
		buf_printf(out, "max      %lld\n", (long long)max);
	if (duration_s) {
		buf_puts(out, STR("duration "));
		ctl_put_duration(out, duration_s);
		buf_putc(out, '\n');
	}
	put_members(out, json_object_get(g, "members"));
}


/* That nobody bears the name of a new member is told at once: later only the log says so. */
static void note_unknown(const json_t *members)
{
	const json_t *m;
	size_t i;

	json_array_foreach(members, i, m)
	{
		struct buf who = BUF_INIT(CTL_TEXT_MAX);

		if (json_is_true(json_object_get(m, "unknown"))) {
			ctl_put(&who, json_string_value(json_object_get(m, "user")));
			ctl_error("add the user, or remove the member, unless that is as wanted",
				  "note: %s is a member now, but no user here",
				  buf_cstr(&who) ? who.p : "one of them");
		}
		buf_done(&who);
	}
}


int ctl_group_print(struct ctl *c, json_t *group)
{
	struct buf out = BUF_INIT(CTL_REPLY_MAX);
	int status;

	if (c->json) {
		status = ctl_print_json(group);
	} else {
		put_group(&out, group);
		status = ctl_print(&out);
	}
	note_unknown(json_object_get(group, "members"));
	buf_done(&out);
	json_decref(group);
	return status;
}


int ctl_group(struct ctl *c, const char *method, const char *member)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_path(&path, "/v1/groups/", c->args[0], "") &&
	    (!member || ctl_path(&path, "/members/", member, "")))
		status = ctl_ask(c, method, path.p, NULL, &answer);
	buf_done(&path);
	return status == CTL_OK ? ctl_group_print(c, answer) : status;
}
