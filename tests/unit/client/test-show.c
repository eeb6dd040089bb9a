/* SPDX-License-Identifier: Apache-2.0 */
/* What the command prints: safe for the terminal, whoever wrote it. */
#include "cli.h"

#include "lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>


static void test_text(void)
{
	static const struct {
		const char *text;
		unsigned indent;
		const char *shown;
	} rows[] = {
		{"hello", 0, "hello"},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 0,
		 "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\x1b[31mred\x07", 0, "\\x1b[31mred\\x07"},
		{"a\x7f", 0, "a\\x7f"},
		{"\xc2\x9b"
		 "31m",
		 0, "\\u009b31m"},
		{"a\xe2\x80\xae"
		 "b\xe2\x81\xa6"
		 "c",
		 0, "a\\u202eb\\u2066c"},
		{"line\nnext\r\nlast", 0, "line\\x0anext\\x0d\\x0alast"},
		{"line\nnext\r\nlast\n", 3, "line\n   next\n   last"},
		{"over\rwritten", 3, "over\\x0dwritten"},
		{"tab\tstop", 3, "tab    stop"},
		{"tab\tstop", 0, "tab\\x09stop"},
		{"\xff\xc0\x80\xed\xa0\x80", 0, "\\xff\\xc0\\x80\\xed\\xa0\\x80"},
		{"\xe2\x82", 0, "\\xe2\\x82"},
		{"\xf4\x90\x80\x80", 0, "\\xf4\\x90\\x80\\x80"},
		{"", 4, ""},
		{"\n\n", 4, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(1024);

		unit_case("row %zu", i);
		show_text(b, str_of(rows[i].text), rows[i].indent);
		unit_buf_is(b, rows[i].shown);
	}
	{
		struct buf *b = unit_buf(64);

		show_text(b, (struct str){"a\0b", 3}, 0);
		unit_buf_is(b, "a\\x00b");
	}
}


static void test_is_text(void)
{
	assert_true(show_is_text(STR("")));
	assert_true(show_is_text(STR("caf\xc3\xa9\n\x1b")));
	assert_false(show_is_text(STR("a\0b")));
	assert_false(show_is_text(STR("\xff")));
	assert_false(show_is_text(STR("\xe2\x82")));
}


static void test_lines(void)
{
	static const struct {
		const char *text, *shown;
		size_t cut;
	} rows[] = {
		{"one\n\ttwo\r\nthree\n", "one\n\ttwo\nthree\n", 0},
		{"\x1b]0;title\x07\b\r!", "\\x1b]0;title\\x07\\x08\\x0d!", 0},
		{"caf\xc3\xa9 \xc2\x9b", "caf\xc3\xa9 \\u009b", 0},
		{"\xff\x80", "\\xff\\x80", 0},
		{"", "", 0},
		{"a\xc3", "a\\xc3", 1},
		{"a\xe2\x82", "a\\xe2\\x82", 2},
		{"a\xf0\x9f\x98", "a\\xf0\\x9f\\x98", 3},
		{"a\r", "a\\x0d", 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(1024);

		unit_case("row %zu", i);
		show_lines(b, str_of(rows[i].text));
		unit_buf_is(b, rows[i].shown);
		assert_int_equal(show_cut(str_of(rows[i].text)), rows[i].cut);
	}
}


/* ---- Whole lines: standard output goes into a file for a while ---- */

struct capture {
	int saved, fd;
	char text[8192];
};


static void capture_begin(struct capture *c)
{
	char name[] = "/tmp/parley-show-XXXXXX";

	fflush(stdout);
	c->fd = mkstemp(name);
	assert_true(c->fd >= 0);
	unlink(name);
	c->saved = dup(STDOUT_FILENO);
	dup2(c->fd, STDOUT_FILENO);
}


static void capture_end(struct capture *c)
{
	ssize_t n;

	fflush(stdout);
	dup2(c->saved, STDOUT_FILENO);
	close(c->saved);
	n = pread(c->fd, c->text, sizeof(c->text) - 1, 0);
	close(c->fd);
	assert_true(n >= 0);
	c->text[n] = '\0';
}


static const struct parley_message message = {
	.from = "sip:alice@example.org",
	.from_name = "Alice",
	.to = "sip:bob@example.org",
	.type = "text/plain",
	.content = "one\ntwo \x1b",
	.content_size = 9,
	.message_id = "id1",
	.sent_ms = -1,
	.received_ms = 1767225600000,
	.reports = PARLEY_REPORT_DELIVERY | PARLEY_REPORT_DISPLAY,
};


static void test_message_line(void)
{
	struct cli c = {.json = false};
	struct capture cap;
	bool shown;

	capture_begin(&cap);
	shown = show_message(&c, &message);
	capture_end(&cap);
	assert_true(shown);
	assert_string_equal(cap.text, "sip:alice@example.org       00:00:00  one\n"
				      "                                      two \\x1b\n");
}


/* In pieces of every length: characters and line ends are shown whole. */
static void test_bare_terminal(void)
{
	static const char text[] = "caf\xc3\xa9\r\n\xe2\x82\xac \x1b[2J\xf0\x9f\x98\x80\xe2\x82";

	for (size_t step = 1; step < sizeof(text); step++) {
		struct bare b;
		struct capture cap;
		int err = 0;

		capture_begin(&cap);
		bare_begin(&b, true);
		assert_false(b.terminal);
		b.terminal = true;
		for (size_t i = 0; !err && i < sizeof(text) - 1; i += step)
			err = bare_put(&b, str_upto(str_from(str_of(text), i), step));
		if (!err)
			err = bare_end(&b);
		capture_end(&cap);
		assert_int_equal(err, 0);
		assert_string_equal(cap.text, "caf\xc3\xa9\n\xe2\x82\xac "
					      "\\x1b[2J\xf0\x9f\x98\x80\\xe2\\x82\n");
	}
}


/* Elsewhere every byte is as it came; what is no text goes nowhere else. */
static void test_bare(void)
{
	static const struct {
		const char *bytes;
		bool terminal, text;
		int err;
		const char *out;
	} rows[] = {
		{"\x1b[2J\xff\r\n", false, true, 0, "\x1b[2J\xff\r\n"},
		{"\x89PNG\r\n", false, false, 0, "\x89PNG\r\n"},
		{"\x89PNG\r\n", true, false, -EILSEQ, ""},
		{"\xff\xfe", true, true, 0, "\\xff\\xfe\n"},
		{"<a/>\n", true, false, 0, "<a/>\n"},
		{"<a/>\x1b", true, false, 0, "<a/>\\x1b\n"},
		{"", true, false, 0, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bare b;
		struct capture cap;
		int err;

		capture_begin(&cap);
		bare_begin(&b, rows[i].text);
		b.terminal = rows[i].terminal;
		err = bare_put(&b, str_of(rows[i].bytes));
		if (!err)
			err = bare_end(&b);
		capture_end(&cap);
		assert_int_equal(err, rows[i].err);
		assert_string_equal(cap.text, rows[i].out);
	}
}


/* A day other than today's is told; nobody is "anonymous". */
static void test_old_message(void)
{
	struct parley_message m = message;
	struct cli c = {.json = false};
	struct capture cap;

	m.from = "";
	m.sent_ms = 1767225600000 - 86400000;
	m.content_size = 3;
	capture_begin(&cap);
	(void)show_message(&c, &m);
	capture_end(&cap);
	assert_string_equal(cap.text, "anonymous                   2025-12-31 00:00:00  one\n");
}


static json_t *parsed(const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	assert_non_null(strchr(text, '\n'));
	assert_string_equal(strchr(text, '\n'), "\n");
	return o;
}


static void field_is(json_t *o, const char *name, const char *value)
{
	const char *got = json_string_value(json_object_get(o, name));

	if (!value) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, value);
}


static void test_message_json(void)
{
	struct parley_message m = message;
	struct cli c = {.json = true};
	struct capture cap;
	json_t *o;

	capture_begin(&cap);
	(void)show_message(&c, &m);
	capture_end(&cap);
	o = parsed(cap.text);
	field_is(o, "event", "message");
	field_is(o, "from", "sip:alice@example.org");
	field_is(o, "from_name", "Alice");
	field_is(o, "received", "2026-01-01T00:00:00Z");
	field_is(o, "sent", NULL);
	field_is(o, "text", "one\ntwo \x1b");
	field_is(o, "message_id", "id1");
	assert_int_equal(json_array_size(json_object_get(o, "reports")), 2);
	json_decref(o);

	for (size_t n = 1; n <= 4; n++) {
		static const char *const coded[] = {NULL, "/w==", "/wE=", "/wEC", "/wECAw=="};

		m.content = "\xff\x01\x02\x03";
		m.content_size = n;
		capture_begin(&cap);
		(void)show_message(&c, &m);
		capture_end(&cap);
		o = parsed(cap.text);
		field_is(o, "text", NULL);
		field_is(o, "base64", coded[n]);
		json_decref(o);
	}
}


static void test_sizes(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0 bytes"},        {999, "999 bytes"},     {1000, "1.0 kB"},
		{1500, "1.5 kB"},      {999949, "999.9 kB"},   {999950, "1.0 MB"},
		{30000000, "30.0 MB"}, {5000000000, "5.0 GB"}, {UINT64_MAX, "18446744.1 TB"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT(64);

		show_size(&b, rows[i].bytes);
		unit_str(buf_str(&b), rows[i].text);
		buf_done(&b);
	}
}


static void test_content(void)
{
	static const struct parley_content content = {
		.from = "sip:bob@example.org",
		.from_name = "Bob",
		.to = "sip:alice@example.org",
		.type = "image/png",
		.name = "a\x1b.png",
		.message_id = "",
		.sent_ms = -1,
		.received_ms = 1767225600000,
	};
	struct cli c = {.json = false};
	struct capture cap;
	json_t *o;

	capture_begin(&cap);
	(void)show_content(&c, &content, PARLEY_FILE, 1500, STR_NULL, "/tmp/a_.png");
	(void)show_content(&c, &content, PARLEY_LARGE, 3, STR("a\nb"), NULL);
	capture_end(&cap);
	assert_string_equal(cap.text,
			    "sip:bob@example.org         00:00:00  file a\\x1b.png, image/png, "
			    "1.5 kB: saved as /tmp/a_.png\n"
			    "sip:bob@example.org         00:00:00  a\n"
			    "                                      b\n");
	c.json = true;
	capture_begin(&cap);
	(void)show_content(&c, &content, PARLEY_FILE, 1500, STR_NULL, "/tmp/a_.png");
	capture_end(&cap);
	o = parsed(cap.text);
	field_is(o, "event", "file");
	field_is(o, "saved", "/tmp/a_.png");
	assert_int_equal(json_integer_value(json_object_get(o, "size")), 1500);
	json_decref(o);
}


static void test_others(void)
{
	static const struct parley_report report = {
		.from = "sip:bob@example.org",
		.recipient = "",
		.message_id = "id\x1b",
		.kind = PARLEY_REPORT_DISPLAY,
		.status = "displayed",
		.received_ms = 1767225600000,
	};
	static const struct parley_invitation invitation = {
		.from = "sip:bob@example.org",
		.from_name = "",
		.to = "",
		.subject = "",
		.mode = PARLEY_LARGE,
		.received_ms = 1767225600000,
	};
	static const struct parley_sent sent = {
		.mode = PARLEY_PAGER,
		.outcome = {.bytes = 512, .status = 202, .reason = "Accepted", .detail = ""},
		.message_id = "",
	};
	struct cli c = {.json = false};
	struct capture cap;
	json_t *o;

	capture_begin(&cap);
	(void)show_report(&c, &report);
	(void)show_invitation(&c, &invitation, 488);
	(void)show_sent(&c, &sent);
	capture_end(&cap);
	assert_string_equal(
		cap.text, "sip:bob@example.org         00:00:00  display report: displayed "
			  "(message id\\x1b)\n"
			  "sip:bob@example.org         00:00:00  invitation to a large message: "
			  "declined (488)\n"
			  "pager message, 512 bytes: accepted for later delivery (202 Accepted)\n");
	c.json = true;
	capture_begin(&cap);
	(void)show_report(&c, &report);
	capture_end(&cap);
	o = parsed(cap.text);
	field_is(o, "event", "report");
	field_is(o, "report", "display");
	field_is(o, "status", "displayed");
	json_decref(o);
	capture_begin(&cap);
	(void)show_invitation(&c, &invitation, 488);
	capture_end(&cap);
	o = parsed(cap.text);
	field_is(o, "kind", "large message");
	assert_int_equal(json_integer_value(json_object_get(o, "answered")), 488);
	json_decref(o);
	capture_begin(&cap);
	(void)show_sent(&c, &sent);
	capture_end(&cap);
	o = parsed(cap.text);
	field_is(o, "mode", "pager");
	assert_int_equal(json_integer_value(json_object_get(o, "bytes")), 512);
	json_decref(o);
}


int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(test_text),
		UNIT_TEST(test_is_text),
		UNIT_TEST(test_lines),
		UNIT_TEST_PLAIN(test_bare_terminal),
		UNIT_TEST_PLAIN(test_bare),
		UNIT_TEST_PLAIN(test_message_line),
		UNIT_TEST_PLAIN(test_old_message),
		UNIT_TEST_PLAIN(test_message_json),
		UNIT_TEST_PLAIN(test_sizes),
		UNIT_TEST_PLAIN(test_content),
		UNIT_TEST_PLAIN(test_others),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return unit_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
