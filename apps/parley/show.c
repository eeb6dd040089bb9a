/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives, as lines or as JSON. */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

/** Columns of FROM and TIME; a longer address takes what it needs. */
#define FROM_WIDTH 26
#define TIME_WIDTH 8


/* ---- Safe text ---- */

/* Length of the UTF-8 character at the front, 0 when there is none; shortest form, no surrogates. */
static size_t utf8_length(struct str s, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)s.p[0];
	size_t n = first < 0x80       ? 1
		   : first >> 5 == 6  ? 2
		   : first >> 4 == 14 ? 3
		   : first >> 3 == 30 ? 4
				      : 0;
	uint32_t c = n == 1 ? first : n ? first & (0x7fu >> n) : 0;

	if (!n || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}


/* Controls, and what turns the direction of the text around it. */
static bool is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c ||
	       c == 0x2028 || c == 0x2029;
}


static void put_indent(struct buf *out, unsigned indent)
{
	buf_putc(out, '\n');
	for (unsigned i = 0; i < indent; i++)
		buf_putc(out, ' ');
}


/* One character, at most; returns how long it is. */
static size_t put_safe(struct buf *out, struct str rest)
{
	uint32_t c = 0;
	size_t n = utf8_length(rest, &c);

	if (!n)
		buf_printf(out, "\\x%02x", (unsigned char)rest.p[0]);
	else if (is_harmful(c))
		buf_printf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
	else
		buf_puts(out, str_upto(rest, n));
	return n ? n : 1;
}


static bool is_line_end(struct str rest)
{
	return rest.n > 1 && rest.p[0] == '\r' && rest.p[1] == '\n';
}


void show_text(struct buf *out, struct str text, unsigned indent)
{
	while (text.n && indent && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
		text.n--;
	while (text.n) {
		size_t n = 1;

		/* A CR before a line end is told by that. */
		if (indent && text.p[0] == '\n')
			put_indent(out, indent);
		else if (indent && text.p[0] == '\t')
			buf_puts(out, STR("    "));
		else if (!indent || !is_line_end(text))
			n = put_safe(out, text);
		text = str_from(text, n);
	}
}


void show_lines(struct buf *out, struct str piece)
{
	while (piece.n) {
		size_t n = 1;

		if (piece.p[0] == '\n' || piece.p[0] == '\t')
			buf_putc(out, piece.p[0]);
		else if (!is_line_end(piece))
			n = put_safe(out, piece);
		piece = str_from(piece, n);
	}
}


size_t show_cut(struct str piece)
{
	for (size_t n = 1; n <= 3 && n <= piece.n; n++) {
		unsigned char c = (unsigned char)piece.p[piece.n - n];
		size_t whole = c >= 0xf8 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

		if ((c & 0xc0) == 0x80)
			continue;
		return whole > n || (c == '\r' && n == 1) ? n : 0;
	}
	return 0;
}


bool show_is_text(struct str text)
{
	for (size_t i = 0, n; i < text.n; i += n) {
		uint32_t c = 0;

		n = utf8_length(str_from(text, i), &c);
		if (!n || !c)
			return false;
	}
	return true;
}


/* ---- Lines ---- */

/* The day too, unless it is today's. */
void show_time(struct buf *out, int64_t ms, int64_t now_ms)
{
	time_t at = (time_t)(ms / 1000), now = (time_t)(now_ms / 1000);
	struct tm then = {.tm_sec = 0}, today = {.tm_sec = 0};
	char text[64];

	localtime_r(&at, &then);
	localtime_r(&now, &today);
	if (then.tm_year == today.tm_year && then.tm_yday == today.tm_yday)
		strftime(text, sizeof(text), "%H:%M:%S", &then);
	else
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &then);
	buf_puts(out, str_of(text));
}


static void put_padded(struct buf *out, size_t from, size_t width)
{
	while (out->n - from < width)
		buf_putc(out, ' ');
	buf_puts(out, STR("  "));
}


static void put_head(struct buf *out, const char *from, int64_t ms, int64_t now_ms)
{
	size_t at = out->n;

	show_text(out, *from ? str_of(from) : STR("anonymous"), 0);
	put_padded(out, at, FROM_WIDTH);
	at = out->n;
	show_time(out, ms, now_ms);
	put_padded(out, at, TIME_WIDTH);
}


bool show_print(struct buf *line)
{
	bool good;

	buf_putc(line, '\n');
	good = !line->failed && fwrite(line->p, 1, line->n, stdout) == line->n &&
	       fflush(stdout) == 0;
	buf_done(line);
	return good;
}


/* ---- JSON ---- */

static json_t *json_text(struct str s)
{
	return json_stringn(s.p ? s.p : "", s.n);
}


void show_put_date(json_t *o, const char *name, int64_t ms)
{
	time_t at = (time_t)(ms / 1000);
	struct tm tm;
	char text[64];

	if (ms < 0 || !gmtime_r(&at, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return;
	json_object_set_new(o, name, json_string(text));
}


/* Content that is no text in UTF-8 cannot stand in JSON as it is. */
static json_t *json_base64(struct str s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf b = BUF_INIT(4 * (s.n / 3 + 2));
	json_t *text;

	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t v = 0;

		for (size_t j = 0; j < 3; j++)
			v = v << 8 | (i + j < s.n ? (unsigned char)s.p[i + j] : 0);
		for (size_t j = 0; j < 4; j++)
			buf_putc(&b, i + j <= s.n || j < 2 ? digits[v >> (18 - 6 * j) & 63] : '=');
	}
	text = json_text(buf_str(&b));
	buf_done(&b);
	return text;
}


static void put_content(json_t *o, struct str content)
{
	json_t *text = json_text(content);

	if (text)
		json_object_set_new(o, "text", text);
	else
		json_object_set_new(o, "base64", json_base64(content));
}


/* A name that is not UTF-8 is shown as the terminal would show it. */
void show_put_name(json_t *o, const char *name, const char *text)
{
	struct buf b = BUF_INIT(65536);
	json_t *value = json_string(text);

	if (!value) {
		show_text(&b, str_of(text), 0);
		value = json_text(buf_str(&b));
		buf_done(&b);
	}
	json_object_set_new(o, name, value);
}


bool show_print_json(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	bool good = text && fputs(text, stdout) >= 0 && putchar('\n') == '\n' &&
		    fflush(stdout) == 0;

	free(text);
	json_decref(o);
	return good;
}


static void put_reports(json_t *o, unsigned reports)
{
	json_t *list = json_array();

	if (reports & PARLEY_REPORT_DELIVERY)
		json_array_append_new(list, json_string("delivery"));
	if (reports & PARLEY_REPORT_DISPLAY)
		json_array_append_new(list, json_string("display"));
	json_object_set_new(o, "reports", list);
}


static void put_people(json_t *o, const char *from, const char *from_name, const char *to)
{
	show_put_name(o, "from", from);
	if (*from_name)
		show_put_name(o, "from_name", from_name);
	show_put_name(o, "to", to);
}


static void put_dates(json_t *o, int64_t received_ms, int64_t sent_ms)
{
	show_put_date(o, "received", received_ms);
	show_put_date(o, "sent", sent_ms);
}


static bool message_json(const struct parley_message *m)
{
	json_t *o = json_pack("{s:s}", "event", "message");

	put_people(o, m->from, m->from_name, m->to);
	put_dates(o, m->received_ms, m->sent_ms);
	show_put_name(o, "type", m->type);
	if (*m->message_id)
		show_put_name(o, "message_id", m->message_id);
	put_reports(o, m->reports);
	if (m->in_private)
		json_object_set_new(o, "private", json_true());
	put_content(o, (struct str){m->content, m->content_size});
	return show_print_json(o);
}


/* ---- The events ---- */

bool show_message(const struct cli *c, const struct parley_message *m)
{
	struct buf line = BUF_INIT(1 << 20);

	if (c->json)
		return message_json(m);
	put_head(&line, m->from, m->sent_ms >= 0 ? m->sent_ms : m->received_ms, m->received_ms);
	show_text(&line, (struct str){m->content, m->content_size}, (unsigned)line.n);
	return show_print(&line);
}


static const char *kind_name(enum parley_report_kind k)
{
	return k == PARLEY_REPORT_DELIVERY  ? "delivery"
	       : k == PARLEY_REPORT_DISPLAY ? "display"
					    : "processing";
}


bool show_report(const struct cli *c, const struct parley_report *r)
{
	struct buf line = BUF_INIT(1 << 16);

	if (c->json) {
		json_t *o = json_pack("{s:s,s:s,s:s}", "event", "report", "report",
				      kind_name(r->kind), "status", r->status);

		show_put_name(o, "from", r->from);
		if (*r->recipient)
			show_put_name(o, "recipient", r->recipient);
		show_put_name(o, "message_id", r->message_id);
		show_put_date(o, "received", r->received_ms);
		return show_print_json(o);
	}
	put_head(&line, *r->from ? r->from : r->recipient, r->received_ms, r->received_ms);
	buf_printf(&line, "%s report: ", kind_name(r->kind));
	show_text(&line, str_of(r->status), 0);
	buf_puts(&line, STR(" (message "));
	show_text(&line, str_of(r->message_id), 0);
	buf_putc(&line, ')');
	return show_print(&line);
}


static const char *kind_of(enum parley_mode mode)
{
	return mode == PARLEY_LARGE  ? "large message"
	       : mode == PARLEY_FILE ? "file"
	       : mode == PARLEY_CHAT ? "chat"
				     : "message";
}


bool show_invitation(const struct cli *c, const struct parley_invitation *i, unsigned answered)
{
	struct buf line = BUF_INIT(1 << 16);

	if (c->json) {
		json_t *o = json_pack("{s:s,s:s,s:i}", "event", "invitation", "kind",
				      kind_of(i->mode), "answered", (int)answered);

		put_people(o, i->from, i->from_name, i->to);
		if (*i->subject)
			show_put_name(o, "subject", i->subject);
		show_put_date(o, "received", i->received_ms);
		return show_print_json(o);
	}
	put_head(&line, i->from, i->received_ms, i->received_ms);
	buf_printf(&line, "invitation to a %s%s", kind_of(i->mode), *i->subject ? " about " : "");
	show_text(&line, str_of(i->subject), 0);
	buf_printf(&line, ": declined (%u)", answered);
	return show_print(&line);
}


void show_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double n = (double)bytes;
	size_t unit = 0;

	if (bytes < 1000) {
		buf_printf(out, "%u bytes", (unsigned)bytes);
		return;
	}
	for (n /= 1000; n >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		n /= 1000;
	buf_printf(out, "%.1f %s", n, units[unit]);
}


static bool content_json(const struct parley_content *m, enum parley_mode mode, uint64_t size,
			 struct str text, const char *path)
{
	json_t *o = json_pack("{s:s,s:s,s:I}", "event", mode == PARLEY_FILE ? "file" : "message",
			      "mode", parley_mode_name(mode), "size", (json_int_t)size);

	put_people(o, m->from, m->from_name, m->to);
	put_dates(o, m->received_ms, m->sent_ms);
	show_put_name(o, "type", m->type);
	if (*m->name)
		show_put_name(o, "name", m->name);
	if (path)
		show_put_name(o, "saved", path);
	if (*m->message_id)
		show_put_name(o, "message_id", m->message_id);
	put_reports(o, m->reports);
	if (text.p)
		put_content(o, text);
	return show_print_json(o);
}


bool show_content(const struct cli *c, const struct parley_content *m, enum parley_mode mode,
		  uint64_t size, struct str text, const char *path)
{
	struct buf line = BUF_INIT(1 << 20);
	size_t indent;

	if (c->json)
		return content_json(m, mode, size, text, path);
	put_head(&line, m->from, m->sent_ms >= 0 ? m->sent_ms : m->received_ms, m->received_ms);
	indent = line.n;
	if (text.p) {
		show_text(&line, text, (unsigned)indent);
		return show_print(&line);
	}
	buf_puts(&line, str_of(mode == PARLEY_FILE ? "file " : "large message, "));
	show_text(&line, str_of(m->name), 0);
	buf_puts(&line, *m->name ? STR(", ") : STR(""));
	show_text(&line, str_of(m->type), 0);
	buf_puts(&line, STR(", "));
	show_size(&line, size);
	if (path) {
		buf_puts(&line, STR(": saved as "));
		show_text(&line, str_of(path), 0);
	}
	return show_print(&line);
}


static const char *outcome_words(const struct parley_sent *s)
{
	if (s->outcome.status == 202)
		return "accepted for later delivery";
	if (s->mode == PARLEY_PAGER || s->confirmed)
		return "delivered";
	return "taken by the next on the way, without the recipient's word";
}


bool show_sent(const struct cli *c, const struct parley_sent *s)
{
	const char *mode = parley_mode_name(s->mode);
	struct buf line = BUF_INIT(4096);

	if (c->json) {
		json_t *o = json_pack("{s:s,s:s,s:I,s:i}", "event", "sent", "mode", mode, "bytes",
				      (json_int_t)s->outcome.bytes, "status",
				      (int)s->outcome.status);

		show_put_name(o, "reason", s->outcome.reason);
		if (s->mode != PARLEY_PAGER)
			json_object_set_new(o, "confirmed", json_boolean(s->confirmed));
		if (*s->message_id)
			show_put_name(o, "message_id", s->message_id);
		return show_print_json(o);
	}
	buf_printf(&line, "%s%s, %zu bytes: %s (%u ", mode,
		   s->mode == PARLEY_FILE ? "" : " message", s->outcome.bytes, outcome_words(s),
		   s->outcome.status);
	show_text(&line, str_of(s->outcome.reason), 0);
	buf_putc(&line, ')');
	return show_print(&line);
}


bool show_registered(const struct cli *c)
{
	if (c->json)
		return show_print_json(json_pack("{s:s,s:s,s:s}", "event", "registration",
						 "account", c->account.address, "state",
						 "registered"));
	fprintf(stderr, "parley: %s is registered and listens\n", c->account.address);
	return true;
}


bool show_line(const struct cli *c, const char *who, int64_t ms, const char *text)
{
	struct buf line = BUF_INIT(1 << 20);
	size_t at;

	if (c->json)
		return true;
	show_time(&line, ms, ms);
	buf_puts(&line, STR("  "));
	show_text(&line, *who ? str_of(who) : STR("anonymous"), 0);
	buf_puts(&line, STR(": "));
	at = line.n;
	show_text(&line, str_of(text), (unsigned)at);
	return show_print(&line);
}


bool show_chat_state(const struct cli *c, const char *state, const char *who)
{
	static const struct {
		const char *state, *words;
	} all[] = {
		{"established", "talking with"},
		{"writing", "somebody is writing:"},
		{"paused", "nobody is writing any more:"},
		{"ended", "the chat was ended by"},
	};
	struct buf safe = BUF_INIT(65536);

	if (c->json) {
		json_t *o = json_pack("{s:s,s:s}", "event", "chat", "state", state);

		show_put_name(o, "with", who);
		return show_print_json(o);
	}
	show_text(&safe, *who ? str_of(who) : STR("anonymous"), 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].state, state))
			fprintf(stderr, "parley: %s " STR_FMT "\n", all[i].words,
				STR_ARG(buf_str(&safe)));
	buf_done(&safe);
	return true;
}
