/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl history list USER: what is kept of a user's conversations. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "ctl.h"
#include "http/http.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"ID", "id", CTL_COLUMN_NUMBER},        {"RECORDED", "recorded_ms", CTL_COLUMN_TIME},
	{"KIND", "kind", CTL_COLUMN_TEXT},      {"DIRECTION", "direction", CTL_COLUMN_TEXT},
	{"WITH", "peer", CTL_COLUMN_TEXT},      {"TYPE", "content_type", CTL_COLUMN_TEXT},
	{"BYTES", "size", CTL_COLUMN_NUMBER},   {"WHOLE", "whole", CTL_COLUMN_YES_NO},
	{"TEXT", "beginning", CTL_COLUMN_TEXT},
};
/** Bytes of a text that a row shows. */
#define TEXT_SHOWN 60


/** Local time in one of the ways people write it; in milliseconds. */
static bool read_time(const char *text, long long *ret)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					    "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *end = strptime(text, forms[i], &tm);
		time_t at;

		if (!end || *end)
			continue;
		at = mktime(&tm);
		*ret = (long long)at * 1000;
		return at > 0;
	}
	return false;
}


static int put_time(struct buf *path, const char *name, const char *text)
{
	long long at;

	if (!text)
		return CTL_OK;
	if (!read_time(text, &at))
		return ctl_usage("write 2026-11-21, or \"2026-11-21 10:41\"", "%s is no time",
				 text);
	buf_printf(path, "&%s=%lld", name, at);
	return CTL_OK;
}


static void put_text(struct buf *path, const char *name, const char *text)
{
	if (!text)
		return;
	buf_printf(path, "&%s=", name);
	http_escape(str_of(text), path);
}


/** One line of the text, and whether the message is whole. */
static void add_shown(json_t *row)
{
	const char *text = json_string_value(json_object_get(row, "text"));
	char shown[TEXT_SHOWN + 1];
	size_t n = text ? strcspn(text, "\r\n") : 0;

	n = n > TEXT_SHOWN ? TEXT_SHOWN : n;
	while (n && text[n] && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	memcpy(shown, text ? text : "", n);
	shown[n] = '\0';
	json_object_set_new(row, "beginning", json_string(shown));
	json_object_set_new(row, "whole",
			    json_boolean(!json_is_true(json_object_get(row, "aborted"))));
}


static int print(struct ctl *c, json_t *answer)
{
	json_t *rows = json_object_get(answer, "history");

	for (size_t i = 0; !c->json && i < json_array_size(rows); i++)
		add_shown(json_array_get(rows, i));
	return ctl_print_list(c, answer, "history", columns, sizeof(columns) / sizeof(columns[0]),
			      "nothing is kept\n");
}


int ctl_history_list(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_OK;

	ctl_user_path(&path, c->args[0], "/history?limit=1000");
	put_text(&path, "peer", c->peer);
	put_text(&path, "text", c->text);
	put_text(&path, "conversation", c->conversation);
	status = put_time(&path, "since", c->since);
	if (status == CTL_OK)
		status = put_time(&path, "until", c->until);
	if (status == CTL_OK)
		status = buf_cstr(&path) ? ctl_ask_pages(c, path.p, "history", "id", &answer)
					 : ctl_no_memory();
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = print(c, answer);
	json_decref(answer);
	return status;
}
