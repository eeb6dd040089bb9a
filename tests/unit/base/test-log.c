/* SPDX-License-Identifier: Apache-2.0 */
/* The log: levels, escapes, prefixes, when it is written. */
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/unit.h"

/** Standard error behind a pipe, whose reading end never blocks. */
struct capture {
	int old, in;
	char text[200000];
	size_t n;
};

struct collected {
	unsigned n;
	enum log_level level;
	char line[10000];
};


static void on_line(enum log_level level, struct str line, void *arg)
{
	struct collected *c = arg;

	c->n++;
	c->level = level;
	assert_true(line.n < sizeof(c->line));
	memcpy(c->line, line.p, line.n);
	c->line[line.n] = '\0';
}


static void end_collect(void *arg)
{
	(void)arg;
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
}


static struct collected *collect(void)
{
	struct collected *c = unit_storage(sizeof(*c));

	log_set_sink(on_line, c);
	unit_defer(end_collect, NULL);
	return c;
}


static void end_capture(void *arg)
{
	struct capture *c = arg;

	dup2(c->old, STDERR_FILENO);
	close(c->old);
	close(c->in);
	log_set_journal(false);
}


static struct capture *capture(void)
{
	struct capture *c = unit_storage(sizeof(*c));
	int ends[2];

	log_flush();
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 18);
	c->old = dup(STDERR_FILENO);
	c->in = ends[0];
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	unit_defer(end_capture, c);
	return c;
}


/** What has been written since the last look. */
static const char *written(struct capture *c)
{
	ssize_t n;

	c->n = 0;
	while ((n = read(c->in, c->text + c->n, sizeof(c->text) - 1 - c->n)) > 0)
		c->n += (size_t)n;
	c->text[c->n] = '\0';
	return c->text;
}


static int evaluated;


static int evaluate(void)
{
	return ++evaluated;
}


static void test_levels(void)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
	struct collected *c = collect();
	enum log_level level;

	for (unsigned i = 0; i < 5; i++) {
		assert_true(log_level_decode(&level, str_of(names[i])));
		assert_int_equal(level, i);
	}
	level = LOG_LEVEL_DEBUG;
	assert_false(log_level_decode(&level, STR("INFO")));
	assert_false(log_level_decode(&level, STR("")));
	assert_false(log_level_decode(&level, STR("information")));
	assert_int_equal(level, LOG_LEVEL_DEBUG);

	evaluated = 0;
	log_set_level(LOG_LEVEL_WARNING);
	log_notice("test", "%d", evaluate());
	assert_int_equal(c->n, 0);
	assert_int_equal(evaluated, 0);
	log_warning("test", "%d", evaluate());
	assert_int_equal(c->n, 1);
	assert_int_equal(c->level, LOG_LEVEL_WARNING);
	assert_string_equal(c->line, "test: 1");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("test", "x");
	assert_int_equal(c->level, LOG_LEVEL_DEBUG);
}


static void test_escapes(void)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{"plain call-id=\"a b\"", "plain call-id=\"a b\""},
		{"\nim: pager result=delivered", "\\nim: pager result=delivered"},
		{"12345678\r\n12345678", "12345678\\r\\n12345678"},
		{"a\tb", "a\\tb"},
		{"\x1b[2J", "\\x1b[2J"},
		{"\x01\x1f\x7f~", "\\x01\\x1f\\x7f~"},
		{"grüße 東京 😀", "grüße 東京 😀"},
		{"\xc2\x9b"
		 "31m",
		 "\\xc2\\x9b31m"},
		{"\xc2\xa0", "\xc2\xa0"},
		{"\xc3", "\\xc3"},
		{"\xc3(", "\\xc3("},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\x80", "\\x80"},
		{"\xc0\x8a", "\\xc0\\x8a"},
		{"\xe0\x80\x8a", "\\xe0\\x80\\x8a"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"\xed\x9f\xbf", "\xed\x9f\xbf"},
		{"\xf0\x80\x80\x8a", "\\xf0\\x80\\x80\\x8a"},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
		{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
		{"\xe6\x9d", "\\xe6\\x9d"},
		{"", ""},
	};
	struct collected *c = collect();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %zu", i);
		log_info("x", "%s", rows[i].text);
		assert_string_equal(c->line + strlen("x: "), rows[i].line);
	}

	/* Each control character, at each place of a word of eight. */
	for (unsigned at = 0; at < 16; at++) {
		for (unsigned x = 1; x < 0x80; x++) {
			char text[] = "0123456789abcdef";

			text[at] = (char)x;
			log_info("x", "%s", text);
			assert_int_equal(strlen(c->line) == 3 + 16, x >= 0x20 && x < 0x7f);
			for (const char *p = c->line; *p; p++)
				assert_true(*p >= 0x20 && *p < 0x7f);
		}
	}
	log_info("x", "%.*s|", 3, "a\0b");
	assert_string_equal(c->line, "x: a|");
}


static void test_long_lines(void)
{
	struct collected *c = collect();
	char text[LOG_LINE_MAX + 10];

	memset(text, 'a', sizeof(text));
	log_info("x", "%.*s", LOG_LINE_MAX - 1, text);
	assert_int_equal(strlen(c->line), LOG_LINE_MAX - 1 + 3);
	log_info("x", "%.*s", LOG_LINE_MAX, text);
	assert_string_equal(c->line + LOG_LINE_MAX - 1 + 3, "…");
	memset(text, '\n', sizeof(text));
	log_info("x", "%.*s", (int)sizeof(text), text);
	assert_int_equal(strlen(c->line), (LOG_LINE_MAX - 1) * 2 + 3 + strlen("…"));
	memset(text, '\x01', sizeof(text));
	log_info("x", "%.*s", (int)sizeof(text), text);
	assert_int_equal(strlen(c->line), (LOG_LINE_MAX - 1) * 4 + 3 + strlen("…"));
}


static void test_gathering(void)
{
	struct capture *c = capture();

	log_set_journal(true);
	log_info("im", "pager result=%s", "delivered");
	log_notice("server", "started");
	assert_string_equal(written(c), "");
	log_flush();
	assert_string_equal(written(c), "<6>im: pager result=delivered\n<5>server: started\n");
	log_flush();
	assert_string_equal(written(c), "");
	log_warning("im", "w");
	log_error("im", "e");
	assert_string_equal(written(c), "<4>im: w\n<3>im: e\n");
	log_debug("im", "off");
	log_flush();
	assert_string_equal(written(c), "");
}


static void test_full(void)
{
	struct capture *c = capture();
	char text[1000];
	size_t n;

	log_set_journal(true);
	memset(text, 'a', sizeof(text));
	for (unsigned i = 0; i < 65; i++)
		log_info("x", "%.*s", 993, text);
	assert_string_equal(written(c), "");
	log_info("x", "%.*s", 993, text);
	n = strlen(written(c));
	assert_int_equal(n, 65 * 1000);
	log_flush();
	assert_int_equal(strlen(written(c)), 1000);
}


static bool digits_at(const char *p, const char *form)
{
	for (; *form; form++, p++)
		if (*form == '9' ? *p < '0' || *p > '9' : *p != *form)
			return false;
	return true;
}


static void test_time(void)
{
	struct capture *c = capture();
	const char *line;

	log_info("im", "x");
	log_error("im", "y");
	line = written(c);
	assert_true(digits_at(line, "9999-99-99T99:99:99.999Z info im: x\n"));
	line = strchr(line, '\n') + 1;
	assert_true(digits_at(line, "9999-99-99T99:99:99.999Z error im: y\n"));
}


/** A pipe that nobody reads: lines are lost, not the server; and it is said afterwards. */
static void test_lost(void)
{
	struct capture *c = capture();
	char filler[4096];

	memset(filler, '#', sizeof(filler));
	while (write(STDERR_FILENO, filler, sizeof(filler)) > 0)
		continue;
	while (write(STDERR_FILENO, filler, 1) > 0)
		continue;
	log_set_journal(true);
	log_info("x", "1");
	log_info("x", "2");
	log_flush();
	while (*written(c))
		continue;

	log_info("x", "3");
	log_flush();
	log_flush();
	assert_string_equal(written(c), "<6>x: 3\n<4>log: lost lines=2\n");
	log_flush();
	assert_string_equal(written(c), "");
}


UNIT_MAIN(UNIT_TEST(test_levels), UNIT_TEST(test_escapes), UNIT_TEST(test_long_lines),
	  UNIT_TEST(test_gathering), UNIT_TEST(test_full), UNIT_TEST(test_time),
	  UNIT_TEST(test_lost))
