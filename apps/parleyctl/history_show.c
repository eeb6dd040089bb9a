/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl history show USER [ID]: the sessions kept; or one message, and with --output its content into a file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "list.h"

static const struct ctl_column columns[] = {
	{"ID", "id", CTL_COLUMN_NUMBER},
	{"BEGAN", "begin_ms", CTL_COLUMN_TIME},
	{"ENDED", "end_ms", CTL_COLUMN_TIME},
	{"KIND", "kind", CTL_COLUMN_TEXT},
	{"DIRECTION", "direction", CTL_COLUMN_TEXT},
	{"WITH", "peer", CTL_COLUMN_TEXT},
	{"MESSAGES", "messages", CTL_COLUMN_NUMBER},
	{"BYTES", "bytes", CTL_COLUMN_NUMBER},
	{"REASON", "reason", CTL_COLUMN_TEXT},
};

static const struct {
	const char *label, *key;
} texts[] = {
	{"kind", "kind"},
	{"direction", "direction"},
	{"with", "peer"},
	{"from", "from"},
	{"to", "to"},
	{"subject", "subject"},
	{"type", "content_type"},
	{"message-id", "message_id"},
};


static int show_conversations(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status;

	ctl_user_path(&path, c->args[0], "/conversations");
	status = buf_cstr(&path) ? ctl_ask_pages(c, path.p, "conversations", "id", &answer)
				 : ctl_no_memory();
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = ctl_print_list(c, answer, "conversations", columns,
				sizeof(columns) / sizeof(columns[0]), "no session is kept\n");
	json_decref(answer);
	return status;
}


static void put_time(struct buf *out, const char *label, const json_t *e, const char *key)
{
	json_int_t at = json_integer_value(json_object_get(e, key));

	if (!at)
		return;
	buf_printf(out, "%-12s", label);
	ctl_put_time(out, at, false);
	buf_putc(out, '\n');
}


static void put_entry(struct buf *out, const json_t *e)
{
	const char *text = json_string_value(json_object_get(e, "text"));

	buf_printf(out, "%-12s%lld\n", "id",
		   (long long)json_integer_value(json_object_get(e, "id")));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *value = json_string_value(json_object_get(e, texts[i].key));

		if (!value || !*value)
			continue;
		buf_printf(out, "%-12s", texts[i].label);
		ctl_put(out, value);
		buf_putc(out, '\n');
	}
	put_time(out, "date", e, "date_ms");
	put_time(out, "recorded", e, "recorded_ms");
	buf_printf(out, "%-12s%lld\n", "bytes",
		   (long long)json_integer_value(json_object_get(e, "size")));
	if (json_is_true(json_object_get(e, "aborted")))
		buf_puts(out, STR("not all of it arrived\n"));
	if (text && *text) {
		buf_putc(out, '\n');
		ctl_put(out, text);
		buf_putc(out, '\n');
	}
}


static bool entry_path(struct buf *path, const struct ctl *c, const char *tail)
{
	char id[64];

	snprintf(id, sizeof(id), "/history/%.20s", c->args[1]);
	ctl_user_path(path, c->args[0], id);
	buf_puts(path, str_of(tail));
	return buf_cstr(path) != NULL;
}


static int show_one(struct ctl *c)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), out = BUF_INIT(CTL_REPLY_MAX);
	json_t *answer;
	int status = entry_path(&path, c, "") ? ctl_ask(c, "GET", path.p, NULL, &answer)
					      : ctl_no_memory();

	buf_done(&path);
	if (status != CTL_OK)
		return status;
	put_entry(&out, answer);
	status = c->json ? ctl_print_json(answer) : ctl_print(&out);
	buf_done(&out);
	json_decref(answer);
	return status;
}


static int no_room(const struct ctl *c)
{
	return ctl_error("make room there, or choose another", "%s: %s", c->output,
			 strerror(errno));
}


static int ask_piece(struct ctl *c, unsigned long long at, struct buf *ret)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	char tail[48];
	int status;

	snprintf(tail, sizeof(tail), "/content?at=%llu", at);
	buf_clear(ret);
	status = entry_path(&path, c, tail) ? ctl_ask_text(c, path.p, ret) : ctl_no_memory();
	buf_done(&path);
	return status;
}


/* Piece by piece: it may be larger than memory. The first one is in `bytes`. */
static int save(struct ctl *c, FILE *f, struct buf *bytes)
{
	unsigned long long at = 0;
	int status = CTL_OK;

	while (status == CTL_OK && bytes->n) {
		if (fwrite(bytes->p, 1, bytes->n, f) != bytes->n)
			return no_room(c);
		at += bytes->n;
		status = ask_piece(c, at, bytes);
	}
	return status;
}


/* A file is not touched before it is known that there is something for it. */
static int save_content(struct ctl *c)
{
	bool standard = !strcmp(c->output, "-");
	struct buf bytes = BUF_INIT(CTL_REPLY_MAX);
	FILE *f = NULL;
	int status;

	/* Content is as its sender wrote it: it may steer a terminal. */
	if (standard && isatty(STDOUT_FILENO))
		return ctl_usage("name a file, or pipe it through less or file",
				 "content is not for a terminal");
	status = ask_piece(c, 0, &bytes);
	if (status == CTL_OK) {
		f = standard ? stdout : fopen(c->output, "we");
		status = f ? save(c, f, &bytes) : no_room(c);
	}
	if (f && (standard ? fflush(f) : fclose(f)) && status == CTL_OK)
		status = no_room(c);
	buf_done(&bytes);
	return status;
}


int ctl_history_show(struct ctl *c)
{
	if (c->args_n == 1)
		return c->output ? ctl_usage("write the ID of a message",
					     "--output wants one message")
				 : show_conversations(c);
	return c->output ? save_content(c) : show_one(c);
}
