/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/stream_frame.h"

#include <stdio.h>

#include "lib/unit.h"

/** What came out, in letters: M(text) P for a ping, p for a pong, L(text) too large, B(text) bad. */
struct log {
	struct buf *text;
	size_t copied; /**< messages that did not lie in what was pushed */
};


static void drain(struct sip_stream_frame *f, struct log *log, const char *from, const char *to)
{
	enum sip_frame_kind kind;
	struct str s;

	while ((kind = sip_stream_frame_next(f, &s)) != SIP_FRAME_MORE) {
		if (kind == SIP_FRAME_NO_MEMORY)
			unit_ok(-ENOMEM);
		buf_putc(log->text, "?MPpLBN"[kind]);
		if (kind == SIP_FRAME_PING || kind == SIP_FRAME_PONG)
			continue;
		if (s.p < from || s.p + s.n > to)
			log->copied++;
		buf_putc(log->text, '(');
		buf_puts(log->text, s);
		buf_putc(log->text, ')');
	}
}


static void done(void *arg)
{
	sip_stream_frame_done(arg);
}


static struct sip_stream_frame *frame(void)
{
	struct sip_stream_frame *f = unit_storage(sizeof(*f));

	sip_stream_frame_init(f);
	unit_defer(done, f);
	return f;
}


static void push(struct sip_stream_frame *f, struct log *log, struct str s)
{
	sip_stream_frame_push(f, s.p, s.n);
	drain(f, log, s.p, s.p + s.n);
}


#define A "A sip:a SIP/2.0\r\nContent-Length: 3\r\n\r\nabc"
#define B "B sip:b SIP/2.0\r\nX: y\r\n z\r\nl:0\r\n\r\n"

static const struct {
	const char *text;
	const char *out;
} rows[] = {
	{A, "M(" A ")"},
	{A B A, "M(" A ")M(" B ")M(" A ")"},
	{"\r\n" A "\r\n" B, "M(" A ")M(" B ")"},
	{"\r\n\r\n", "P"},
	{"\r\n\r\n\r\n", "P"},
	{"\r\n\r\n\r\n\r\n", "PP"},
	{"\r\n\r\n" A "\r\n\r\n" B, "PM(" A ")PM(" B ")"},
	{"\n\n" A, "PM(" A ")"},
	{"\r\r" A, "M(" A ")"},
	{"A\r\nCONTENT-LENGTH \t:\r\n \t3 \r\n \r\n\r\nabc",
	 "M(A\r\nCONTENT-LENGTH \t:\r\n \t3 \r\n \r\n\r\nabc)"},
	{"A\r\nL : 003\r\n\r\nabc", "M(A\r\nL : 003\r\n\r\nabc)"},
	{"A\nl:1\n\nx" A, "M(A\nl:1\n\nx)M(" A ")"},
	{"A\r\nX: Content-Length: 9\r\nl: 0\r\n\r\n",
	 "M(A\r\nX: Content-Length: 9\r\nl: 0\r\n\r\n)"},
	{"A\r\nX:\r\n Content-Length: 9\r\nl: 0\r\n\r\n",
	 "M(A\r\nX:\r\n Content-Length: 9\r\nl: 0\r\n\r\n)"},
	{"A\r\nContent-Lengthy: 9\r\nl: 0\r\n\r\n", "M(A\r\nContent-Lengthy: 9\r\nl: 0\r\n\r\n)"},
	{"l: 9\r\nl: 0\r\n\r\n", "M(l: 9\r\nl: 0\r\n\r\n)"},
	{"A\r\nl: 4\r\n\r\n\r\n\r\n\r\n\r\n", "M(A\r\nl: 4\r\n\r\n\r\n\r\n)P"},
	{"A\r\n\r\nnever", "B(A\r\n\r\n)"},
	{"A\r\nX: y\r\n\r\n" A, "B(A\r\nX: y\r\n\r\n)"},
	{"A\r\nl: 1\r\nContent-Length: 1\r\n\r\nx", "B(A\r\nl: 1\r\nContent-Length: 1\r\n\r\n)"},
	{"A\r\nl: -1\r\n\r\n", "B(A\r\nl: -1\r\n\r\n)"},
	{"A\r\nl: five\r\n\r\n", "B(A\r\nl: five\r\n\r\n)"},
	{"A\r\nl:\r\n\r\n", "B(A\r\nl:\r\n\r\n)"},
	{"A\r\nl: 1 2\r\n\r\n", "B(A\r\nl: 1 2\r\n\r\n)"},
	{"A\r\nl: 1\r\n 2\r\n\r\n", "B(A\r\nl: 1\r\n 2\r\n\r\n)"},
	{"A\r\nl: 1,1\r\n\r\n", "B(A\r\nl: 1,1\r\n\r\n)"},
	{"A\r\nl: 65536\r\n\r\nx", "L(A\r\nl: 65536\r\n\r\n)"},
	{"A\r\nl: 99999999999999999999999\r\n\r\nx", "L(A\r\nl: 99999999999999999999999\r\n\r\n)"},
	{"A\r\nl: 4294967297\r\n\r\nx", "L(A\r\nl: 4294967297\r\n\r\n)"},
	{"A sip:a SIP/2.0\r\nl: 3\r\n\r\nab", ""},
	{"A sip:a SIP/2.0\r\nl: 3\r\n\r", ""},
	{"", ""},
};


static void test_whole(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct log log = {unit_buf(4096), 0};
		struct sip_stream_frame *f = frame();

		unit_case("%s", rows[i].text);
		push(f, &log, str_of(rows[i].text));
		unit_buf_is(log.text, rows[i].out);
		assert_int_equal(log.copied, 0);
	}
}


/* Cut in two at every place, and in three. */
static void test_split(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str s = str_of(rows[i].text);

		for (size_t a = 0; a <= s.n; a++) {
			for (size_t b = a; b <= s.n; b += 1 + (s.n - b) / 3) {
				struct log log = {unit_buf(4096), 0};
				struct sip_stream_frame *f = frame();

				unit_case("%s at %zu and %zu", rows[i].text, a, b);
				push(f, &log, str_upto(s, a));
				push(f, &log, str_upto(str_from(s, a), b - a));
				push(f, &log, str_from(s, b));
				unit_buf_is(log.text, rows[i].out);
			}
		}
	}
}


static void test_byte_by_byte(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct log log = {unit_buf(4096), 0};
		struct sip_stream_frame *f = frame();

		unit_case("%s", rows[i].text);
		for (const char *p = rows[i].text; *p; p++) {
			char byte = *p;

			push(f, &log, (struct str){&byte, 1});
		}
		unit_buf_is(log.text, rows[i].out);
	}
}


/* One message in pieces, the next ones whole behind it: only the first is copied. */
static void test_copies_only_what_it_must(void)
{
	struct log log = {unit_buf(4096), 0};
	struct sip_stream_frame *f = frame();

	push(f, &log, STR("A sip:a SIP/2.0\r\nConte"));
	assert_true(sip_stream_frame_partial(f));
	push(f, &log, STR("nt-Length: 3\r\n\r\nabc" B A "B"));
	unit_buf_is(log.text, "M(" A ")M(" B ")M(" A ")");
	assert_int_equal(log.copied, 1);
	assert_true(sip_stream_frame_partial(f));
	push(f, &log, STR(" sip:b SIP/2.0\r\nX: y\r\n z\r\nl:0\r\n\r\n"));
	assert_false(sip_stream_frame_partial(f));
	assert_int_equal(log.copied, 2);
	assert_int_equal(f->held.cap, 0);
}


static void test_pong(void)
{
	struct log log = {unit_buf(256), 0};
	struct sip_stream_frame *f = frame();

	f->expect_pong = true;
	push(f, &log, STR("\r"));
	push(f, &log, STR("\n"));
	push(f, &log, STR("\r\n"));
	push(f, &log, STR("\r\n"));
	unit_buf_is(log.text, "pP");
	assert_false(f->expect_pong);
}


static void test_nothing_after_an_error(void)
{
	struct log log = {unit_buf(1024), 0};
	struct sip_stream_frame *f = frame();

	push(f, &log, STR("A\r\n\r\n" B));
	push(f, &log, STR(B));
	push(f, &log, STR("\r\n\r\n"));
	unit_buf_is(log.text, "B(A\r\n\r\n)");
}


/* The largest message there may be, and one byte more. */
static void test_size_of_message(void)
{
	static char text[SIP_MESSAGE_MAX + 100];

	for (int over = 0; over < 2; over++) {
		struct log log = {unit_buf(SIP_MESSAGE_MAX + 100), 0};
		struct sip_stream_frame *f = frame();
		size_t n = SIP_MESSAGE_MAX + (size_t)over;
		int head;

		memset(text, 'x', sizeof(text));
		head = snprintf(text, 64, "A sip:a SIP/2.0\r\nl: %zu\r\n\r\n", n - 29);
		assert_int_equal(head, 29);
		text[head] = 'x';
		push(f, &log, (struct str){text, 7});
		push(f, &log, (struct str){text + 7, 40000});
		push(f, &log, (struct str){text + 40007, n - 40007});
		unit_ok(log.text->failed ? -ENOMEM : 0);
		assert_int_equal(log.text->p[0], over ? 'L' : 'M');
		assert_int_equal(log.text->n, over ? 29 + 3 : SIP_MESSAGE_MAX + 3);
	}
}


static void test_endless_head(void)
{
	static char text[SIP_MESSAGE_MAX + 100];
	static const size_t steps[] = {1000, 4096, sizeof(text)};

	for (size_t line = 0; line < 2; line++) {
		for (size_t k = 0; k < 3; k++) {
			struct log log = {unit_buf(SIP_MESSAGE_MAX + 100), 0};
			struct sip_stream_frame *f = frame();

			memset(text, 'x', sizeof(text));
			memcpy(text, "A sip:a SIP/2.0\r\n", 17);
			if (line)
				for (size_t i = 100; i < sizeof(text); i += 100)
					text[i] = '\n';
			for (size_t at = 0; at < sizeof(text); at += steps[k]) {
				size_t n = sizeof(text) - at < steps[k] ? sizeof(text) - at
									: steps[k];

				push(f, &log, (struct str){text + at, n});
			}
			unit_ok(log.text->failed ? -ENOMEM : 0);
			assert_int_equal(log.text->p[0], 'L');
			assert_int_equal(log.text->n, SIP_MESSAGE_MAX + 3);
		}
	}
}


UNIT_MAIN(UNIT_TEST(test_whole), UNIT_TEST(test_split), UNIT_TEST(test_byte_by_byte),
	  UNIT_TEST(test_copies_only_what_it_must), UNIT_TEST(test_pong),
	  UNIT_TEST(test_nothing_after_an_error), UNIT_TEST(test_size_of_message),
	  UNIT_TEST(test_endless_head))
