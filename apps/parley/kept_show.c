/* SPDX-License-Identifier: Apache-2.0 */
/* What the server keeps, as lines or as JSON. */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

/** Columns; what is longer takes what it needs. */
#define ID_WIDTH 16
#define TIME_WIDTH 19
#define PEER_WIDTH 26
/** The number in a reference stands behind one of these. */
static const char *const keys[] = {";id=", ";conversation="};


void show_kept_id(struct buf *out, const char *reference)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *at = strstr(reference, keys[i]);

		if (!at)
			continue;
		at += strlen(keys[i]);
		buf_puts(out, str_upto(str_of(at), strspn(at, "0123456789")));
		return;
	}
	show_text(out, str_of(reference), 0);
}


/* ---- A line ---- */

static void pad(struct buf *out, size_t from, size_t width)
{
	while (out->n - from < width)
		buf_putc(out, ' ');
	buf_puts(out, STR("  "));
}


/* Always with its day: a list is of many days. */
static void put_moment(struct buf *out, int64_t ms)
{
	time_t at = (time_t)(ms / 1000);
	struct tm tm = {.tm_sec = 0};
	char text[64];

	localtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_puts(out, str_of(text));
}


static void put_what(struct buf *out, const struct parley_kept *k)
{
	if (k->session) {
		buf_printf(out, "session, %llu message%s, ", (unsigned long long)k->messages,
			   k->messages == 1 ? "" : "s");
		show_size(out, k->size);
		return;
	}
	if (*k->text) {
		show_text(out, str_of(k->text), 0);
		return;
	}
	show_text(out, str_of(k->kind), 0);
	if (*k->name || *k->subject)
		buf_putc(out, ' ');
	show_text(out, str_of(*k->name ? k->name : k->subject), 0);
	if (*k->type)
		buf_puts(out, STR(", "));
	show_text(out, str_of(k->type), 0);
	buf_puts(out, STR(", "));
	show_size(out, k->size);
}


static bool show_line_of(const struct parley_kept *k, bool history)
{
	const char *peer = k->outgoing ? k->to : k->from;
	struct buf line = BUF_INIT(1 << 16);
	size_t at = 0;

	show_kept_id(&line, k->reference);
	pad(&line, at, ID_WIDTH);
	at = line.n;
	put_moment(&line, k->date_ms);
	pad(&line, at, TIME_WIDTH);
	if (history)
		buf_puts(&line, k->session    ? STR("with  ")
				: k->outgoing ? STR("to    ")
					      : STR("from  "));
	at = line.n;
	show_text(&line, *peer ? str_of(peer) : STR("anonymous"), 0);
	pad(&line, at, PEER_WIDTH);
	put_what(&line, k);
	if (!history && k->expiry_ms) {
		buf_puts(&line, STR(", until "));
		put_moment(&line, k->expiry_ms);
	}
	if (k->incomplete)
		buf_puts(&line, STR(" (incomplete)"));
	return show_print(&line);
}


/* ---- JSON ---- */

static void put_unless_empty(json_t *o, const char *key, const char *value)
{
	if (*value)
		show_put_name(o, key, value);
}


static bool show_json(const struct parley_kept *k)
{
	char id[64];
	struct buf b;
	json_t *o = json_pack("{s:s,s:I}", "event", k->session ? "session" : "kept", "size",
			      (json_int_t)k->size);

	buf_fixed(&b, id, sizeof(id));
	show_kept_id(&b, k->reference);
	if (buf_cstr(&b))
		show_put_name(o, "id", id);
	show_put_name(o, "reference", k->reference);
	show_put_name(o, "from", k->from);
	put_unless_empty(o, "from_name", k->from_name);
	show_put_name(o, "to", k->to);
	json_object_set_new(o, "outgoing", json_boolean(k->outgoing));
	show_put_name(o, "kind", k->kind);
	if (k->date_ms)
		show_put_date(o, "date", k->date_ms);
	if (k->end_ms)
		show_put_date(o, "end", k->end_ms);
	if (k->expiry_ms)
		show_put_date(o, "expiry", k->expiry_ms);
	put_unless_empty(o, "type", k->type);
	put_unless_empty(o, "subject", k->subject);
	put_unless_empty(o, "name", k->name);
	put_unless_empty(o, "message_id", k->message_id);
	put_unless_empty(o, "text", k->text);
	put_unless_empty(o, "session", k->of);
	if (k->session)
		json_object_set_new(o, "messages", json_integer((json_int_t)k->messages));
	if (k->incomplete)
		json_object_set_new(o, "incomplete", json_true());
	return show_print_json(o);
}


bool show_kept(const struct cli *c, const struct parley_kept *k, bool history)
{
	return c->json ? show_json(k) : show_line_of(k, history);
}
