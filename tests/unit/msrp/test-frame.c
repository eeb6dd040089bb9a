/* SPDX-License-Identifier: Apache-2.0 */
/* Heads: what is read from them, what is refused, what is composed. */
#include "msrp/frame.h"

#include "lib/unit.h"

#include <stdio.h>

#define PATHS "To-Path: msrp://b:1/t;tcp\r\nFrom-Path: msrp://a:1/f;tcp\r\n"
#define SEND "MSRP d93kswow SEND\r\n" PATHS
#define END "-------d93kswow$\r\n"

/** The last frame seen, and what happened. */
struct seen {
	struct msrp_frame f;
	int heads, ends, broken;
	char flag;
	char fault[64], why[64];
	char bytes[20000];
};


static void head_cb(const struct msrp_frame *f, void *arg)
{
	struct seen *s = arg;

	s->heads++;
	s->f = *f;
	snprintf(s->fault, sizeof(s->fault), "%s", f->fault ? f->fault : "");
}


static void body_cb(const struct msrp_frame *f, struct str piece, void *arg)
{
	(void)f;
	(void)piece;
	(void)arg;
}


static void end_cb(const struct msrp_frame *f, char flag, void *arg)
{
	struct seen *s = arg;

	(void)f;
	s->ends++;
	s->flag = flag;
}


static void broken_cb(const struct msrp_frame *f, const char *why, void *arg)
{
	struct seen *s = arg;

	s->broken++;
	s->f = *f;
	snprintf(s->why, sizeof(s->why), "%s", why);
}


static const struct msrp_parser_ops ops = {head_cb, body_cb, end_cb, broken_cb};


/* Feeds all of `text` at once; the views of seen.f stay valid with `text`. */
static struct seen *feed(struct str text)
{
	struct seen *s = unit_storage(sizeof(*s));
	struct msrp_parser p;
	ssize_t n;

	msrp_parser_init(&p, &ops, s);
	n = msrp_parser_feed(&p, text.p, text.n);
	assert_true(s->broken ? n == -EBADMSG : n == (ssize_t)text.n || n == -ENOMEM);
	msrp_parser_done(&p);
	return s;
}


static void test_send(void)
{
	struct seen *s = feed(STR(
		"MSRP d93kswow SEND\r\n"
		"To-Path: msrp://r:1/x;tcp msrp://biloxi.example.com:12763/kjhd37s2s20w2a;tcp\r\n"
		"From-Path: msrp://atlanta.example.com:7654/jshA7weztas;tcp\r\n"
		"Message-ID: 12339sdqwer\r\n"
		"Byte-Range: 1-8/16\r\n"
		"X-Odd:\t two words \r\n"
		"Success-Report: yes\r\n"
		"Failure-Report: partial\r\n"
		"Content-Type: text/plain\r\n"
		"\r\n"
		"Hey Bob!\r\n"
		"-------d93kswow+\r\n"));

	assert_int_equal(s->heads, 1);
	assert_int_equal(s->ends, 1);
	assert_int_equal(s->flag, '+');
	unit_str(str_of(s->fault), "");
	assert_true(s->f.request);
	assert_true(s->f.body);
	assert_int_equal(s->f.method, MSRP_METHOD_SEND);
	unit_str(s->f.method_name, "SEND");
	unit_str(s->f.tid, "d93kswow");
	unit_str(s->f.to_path,
		 "msrp://r:1/x;tcp msrp://biloxi.example.com:12763/kjhd37s2s20w2a;tcp");
	unit_str(s->f.from_path, "msrp://atlanta.example.com:7654/jshA7weztas;tcp");
	unit_str(s->f.message_id, "12339sdqwer");
	unit_str(s->f.content_type, "text/plain");
	assert_true(s->f.has_range);
	assert_int_equal(s->f.range.start, 1);
	assert_int_equal(s->f.range.end, 8);
	assert_int_equal(s->f.range.total, 16);
	assert_true(s->f.success_report);
	assert_int_equal(s->f.failure_report, MSRP_FAILURE_PARTIAL);
	assert_false(s->f.include_sent_count);
	assert_false(s->f.has_nickname);
	assert_false(s->f.has_status);

	assert_int_equal(s->f.lines, 8);
	unit_str(msrp_line_text(&s->f, 4), "X-Odd:\t two words");
	unit_str(msrp_line_name(&s->f, 4), "X-Odd");
	unit_str(msrp_line_value(&s->f, 4), "two words");
	assert_int_equal(s->f.line[4].id, MSRP_HDR_OTHER);
	unit_str(msrp_frame_header(&s->f, STR("x-odd")), "two words");
	unit_str(msrp_frame_header(&s->f, STR("To-Path")),
		 s->f.to_path.p
			 ? "msrp://r:1/x;tcp msrp://biloxi.example.com:12763/kjhd37s2s20w2a;tcp"
			 : "");
	assert_null(msrp_frame_header(&s->f, STR("X")).p);
	unit_str(s->f.others, "Message-ID: 12339sdqwer\r\n"
			      "Byte-Range: 1-8/16\r\n"
			      "X-Odd:\t two words \r\n"
			      "Success-Report: yes\r\n"
			      "Failure-Report: partial\r\n"
			      "Content-Type: text/plain\r\n");
}


static void test_defaults(void)
{
	struct seen *s = feed(STR(SEND END));

	assert_int_equal(s->ends, 1);
	assert_false(s->f.body);
	assert_false(s->f.has_range);
	assert_int_equal(s->f.range.start, 1);
	assert_true(s->f.range.end == MSRP_RANGE_UNKNOWN);
	assert_true(s->f.range.total == MSRP_RANGE_UNKNOWN);
	assert_false(s->f.success_report);
	assert_int_equal(s->f.failure_report, MSRP_FAILURE_YES);
	assert_null(s->f.message_id.p);
	assert_null(s->f.others.p);
	assert_null(s->f.fault);
}


static void test_response(void)
{
	struct seen *s = feed(STR("MSRP d93kswow 200 Very OK\r\n" PATHS END));

	assert_int_equal(s->ends, 1);
	assert_false(s->f.request);
	assert_int_equal(s->f.status, 200);
	unit_str(s->f.comment, "Very OK");
	assert_null(s->f.fault);

	s = feed(STR("MSRP d93kswow 481\r\n" PATHS END));
	assert_int_equal(s->f.status, 481);
	unit_str(s->f.comment, "");
}


static void test_report(void)
{
	struct seen *s = feed(STR("MSRP d93kswow REPORT\r\n" PATHS "Message-ID: 1234\r\n"
				  "Byte-Range: 1-39/39\r\n"
				  "Status: 000 413 Stop that\r\n"
				  "Distribution-Count: 17\r\n" END));

	assert_int_equal(s->ends, 1);
	assert_null(s->f.fault);
	assert_int_equal(s->f.method, MSRP_METHOD_REPORT);
	assert_true(s->f.has_status);
	assert_int_equal(s->f.report_namespace, 0);
	assert_int_equal(s->f.report_status, 413);
	unit_str(s->f.report_comment, "Stop that");
	assert_true(s->f.has_distribution_count);
	assert_int_equal(s->f.distribution_count, 17);
}


static void test_values(void)
{
	static const struct {
		const char *header;
		enum msrp_failure_report failure;
		bool success, sent_count;
	} rows[] = {
		{"Success-Report: yes\r\n", MSRP_FAILURE_YES, true, false},
		{"success-report:YES\r\n", MSRP_FAILURE_YES, true, false},
		{"Success-Report: no\r\n", MSRP_FAILURE_YES, false, false},
		{"Success-Report: yes;Include-Sent-Count\r\n", MSRP_FAILURE_YES, true, true},
		{"Success-Report: yes Include-Sent-Count\r\n", MSRP_FAILURE_YES, true, true},
		{"Success-Report: yes; x ;include-sent-count\r\n", MSRP_FAILURE_YES, true, true},
		{"Include-Sent-Count: yes\r\n", MSRP_FAILURE_YES, false, true},
		{"Include-Sent-Count: no\r\n", MSRP_FAILURE_YES, false, false},
		{"Failure-Report: no\r\n", MSRP_FAILURE_NO, false, false},
		{"FAILURE-REPORT: Partial\r\n", MSRP_FAILURE_PARTIAL, false, false},
		{"Failure-Report: yes\r\n", MSRP_FAILURE_YES, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(1000);
		struct seen *s;

		unit_case("%s", rows[i].header);
		buf_puts(b, STR(SEND));
		buf_puts(b, str_of(rows[i].header));
		buf_puts(b, STR(END));
		unit_must(!b->failed);
		s = feed(buf_str(b));
		unit_str(str_of(s->fault), "");
		assert_int_equal(s->f.failure_report, rows[i].failure);
		assert_int_equal(s->f.success_report, rows[i].success);
		assert_int_equal(s->f.include_sent_count, rows[i].sent_count);
	}
}


static void test_ranges(void)
{
	const uint64_t u = MSRP_RANGE_UNKNOWN;
	static const char *const bad[] = {
		"",
		"1",
		"1-",
		"1-2",
		"1-2/",
		"0-1/1",
		"-1/1",
		"*-1/1",
		"5-3/9",
		"1-9/8",
		"a-b/c",
		"1-2/3x",
		"1 -2/3",
		"1-2-3",
		"1-/3",
		"1-**/3",
		"1-18446744073709551615/*",
		"1-18446744073709551616/*",
		"99999999999999999999-*/*",
	};
	const struct {
		const char *text;
		struct msrp_range r;
	} good[] = {
		{"1-0/0", {1, 0, 0}},
		{"1-*/*", {1, u, u}},
		{"5-4/9", {5, 4, 9}},
		{"2049-*/10485760", {2049, u, 10485760}},
		{"9-12/*", {9, 12, u}},
		{"1-18446744073709551614/18446744073709551614", {1, u - 1, u - 1}},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[400];
		struct seen *s;

		unit_case("%s", bad[i]);
		snprintf(text, sizeof(text), SEND "Byte-Range: %s\r\n" END, bad[i]);
		s = feed(str_of(text));
		unit_str(str_of(s->fault), "Bad Byte-Range");
		assert_int_equal(s->ends, 1);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char text[400];
		struct seen *s;

		unit_case("%s", good[i].text);
		snprintf(text, sizeof(text), SEND "Byte-Range: %s\r\n" END, good[i].text);
		s = feed(str_of(text));
		assert_null(s->f.fault);
		assert_memory_equal(&s->f.range, &good[i].r, sizeof(good[i].r));
	}
}


static void test_nickname(void)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{"\"Alice the great\"", "Alice the great"},
		{"\"\"", ""},
		{"\"a\\\"b\\\\c\"", "a\"b\\c"},
		{"\"\xc3\xa4\"", "\xc3\xa4"},
		{"Alice", NULL},
		{"\"a\"b\"", NULL},
		{"\"a\\\"", NULL},
		{"\"a\\n\"", NULL},
		{"\"", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(1000);
		char text[400];
		struct seen *s;

		unit_case("%s", rows[i].value);
		snprintf(text, sizeof(text),
			 "MSRP d93kswow NICKNAME\r\n" PATHS "Use-Nickname: %s\r\n" END,
			 rows[i].value);
		s = feed(str_of(text));
		assert_null(s->f.fault);
		assert_int_equal(s->f.method, MSRP_METHOD_NICKNAME);
		assert_true(s->f.has_nickname);
		assert_int_equal(!s->f.use_nickname.p, !rows[i].text);
		if (!rows[i].text)
			continue;
		msrp_nickname_decode(s->f.use_nickname, b);
		if (rows[i].text[0])
			unit_buf_is(b, rows[i].text);
		buf_clear(b);
		msrp_nickname_encode(b, str_of(rows[i].text));
		buf_cstr(b);
		snprintf(text, sizeof(text), "Use-Nickname: %s\r\n", rows[i].value);
		unit_buf_is(b, text);
	}
}


/* The framing is sound; the frame is delivered, to be answered 400. */
static void test_faults(void)
{
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{"MSRP tidd SEND\r\n-------tidd$\r\n", "To-Path and From-Path must come first"},
		{"MSRP tidd SEND\r\nFrom-Path: msrp://a;tcp\r\nTo-Path: "
		 "msrp://b;tcp\r\n-------tidd$\r\n",
		 "To-Path and From-Path must come first"},
		{"MSRP tidd SEND\r\nTo-Path: msrp://a;tcp\r\nTo-Path: "
		 "msrp://b;tcp\r\n-------tidd$\r\n",
		 "Header twice"},
		{"MSRP d93kswow SEND\r\nTo-Path:\r\nFrom-Path: msrp://b;tcp\r\n" END,
		 "Bad To-Path"},
		{SEND "Message-ID: a\r\nMessage-ID: b\r\n" END, "Header twice"},
		{SEND "Message-ID: a b\r\n" END, "Bad Message-ID"},
		{SEND "Message-ID: \r\n" END, "Bad Message-ID"},
		{SEND "Success-Report: maybe\r\n" END, "Bad Success-Report"},
		{SEND "Failure-Report: \r\n" END, "Bad Failure-Report"},
		{SEND "Failure-Report: yes please\r\n" END, "Bad Failure-Report"},
		{SEND "Status: 000\r\n" END, "Bad Status"},
		{SEND "Status: 00 200\r\n" END, "Bad Status"},
		{SEND "Status: 000 2000 OK\r\n" END, "Bad Status"},
		{SEND "Content-Type:\r\n\r\n\r\n" END, "Bad Content-Type"},
		{SEND "Message-ID: a\r\n\r\nbody\r\n" END, "Content-Type missing"},
		{SEND "Content-Type: text/plain\r\n\r\nbody\r\n" END, "Message-ID missing"},
		{"MSRP d93kswow REPORT\r\n" PATHS "Message-ID: a\r\n" END,
		 "Status or Message-ID missing"},
		{"MSRP d93kswow REPORT\r\n" PATHS "Status: 000 200\r\n" END,
		 "Status or Message-ID missing"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen *s;

		unit_case("%s", rows[i].text);
		s = feed(str_of(rows[i].text));
		assert_int_equal(s->heads, 1);
		assert_int_equal(s->ends, 1);
		unit_str(str_of(s->fault), rows[i].fault);
	}
}


/* The framing is lost. */
static void test_broken(void)
{
	static const struct {
		const char *text, *why;
		bool answerable;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n", "Bad start line", false},
		{"\x16\x03\x01\x02\n", "Bad start line", false},
		{"MSRX", "Bad start line", false},
		{"MSRP \r\n", "Bad start line", false},
		{"MSRP\r\n\r\n", "Bad start line", false},
		{"msrp abcd SEND\r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP  abcd SEND\r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP abcd\r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP abcd \r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP ab/cd SEND\r\n-------ab/cd$\r\n", "Bad start line", false},
		{"MSRP -abcd SEND\r\n--------abcd$\r\n", "Bad start line", false},
		{"MSRP abcd Send\r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP abcd SEND now\r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP abcd 20\r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP abcd 2000\r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP abcd 2x0 OK\r\n-------abcd$\r\n", "Bad start line", false},
		{"MSRP a\tcd SEND\r\n-------a\tcd$\r\n", "Bad start line", false},
		{"MSRP abcd SEND\n-------abcd$\r\n", "Line does not end in CRLF", false},
		{SEND "X\n" END, "Line does not end in CRLF", true},
		{SEND "no colon\r\n" END, "Bad header line", true},
		{SEND ": x\r\n" END, "Bad header line", true},
		{SEND "1x: x\r\n" END, "Bad header line", true},
		{SEND "a b: x\r\n" END, "Bad header line", true},
		{SEND " folded\r\n" END, "Bad header line", true},
		{SEND "X: a\rb\r\n" END, "Bad header line", true},
		{SEND "X: a\x01\r\n" END, "Bad header line", true},
		{SEND "X: a longer value\x7f\r\n" END, "Bad header line", true},
		{SEND "---\r\n" END, "Bad end-line", true},
		{SEND "-------d93kswox$\r\n", "Bad end-line", true},
		{SEND "-------d93kswow\r\n", "Bad end-line", true},
		{SEND "-------d93kswow!\r\n", "Bad end-line", true},
		{SEND "-------d93kswow$ \r\n", "Bad end-line", true},
		{SEND "-------\r\n", "Bad end-line", true},
		{"MSRP abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm "
		 "SEND\r\n\r\n",
		 "Bad start line", false},
		{"MSRP abcd ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG\r\n\r\n", "Bad start line", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen *s;

		unit_case("%s", rows[i].text);
		s = feed(str_of(rows[i].text));
		assert_int_equal(s->heads, 0);
		assert_int_equal(s->ends, 0);
		assert_int_equal(s->broken, 1);
		unit_str(str_of(s->why), rows[i].why);
		assert_int_equal(msrp_response_wanted(&s->f, 400), rows[i].answerable);
	}
}


static void test_head_ceiling(void)
{
	struct seen *s = unit_storage(sizeof(*s));
	struct buf *b = unit_buf(3 * MSRP_HEAD_MAX);

	/* One byte below and at the ceiling. */
	for (size_t over = 0; over < 2; over++) {
		buf_clear(b);
		buf_puts(b, STR(SEND "X: "));
		while (!b->failed && b->n < MSRP_HEAD_MAX - 2 - (sizeof(END) - 1) + over)
			buf_putc(b, 'x');
		buf_puts(b, STR("\r\n" END));
		unit_must(!b->failed);
		s = feed(buf_str(b));
		assert_int_equal(s->ends, !over);
		assert_int_equal(s->broken, over);
		if (over)
			unit_str(str_of(s->why), "Headers too long");
	}

	/* No line end at all. */
	buf_clear(b);
	while (!b->failed && b->n < 2 * MSRP_HEAD_MAX)
		buf_puts(b, STR("MSRP "));
	unit_must(!b->failed);
	s = feed(buf_str(b));
	unit_str(str_of(s->why), "Headers too long");
}


static void test_lines_ceiling(void)
{
	for (int over = 0; over < 2; over++) {
		struct buf *b = unit_buf(MSRP_HEAD_MAX);
		struct seen *s;

		buf_puts(b, STR(SEND));
		for (int i = 2; i < MSRP_LINES_MAX + over; i++)
			buf_puts(b, STR("X: y\r\n"));
		buf_puts(b, STR(END));
		unit_must(!b->failed);
		s = feed(buf_str(b));
		assert_int_equal(s->ends, !over);
		if (over)
			unit_str(str_of(s->why), "Too many headers");
		else
			assert_int_equal(s->f.lines, MSRP_LINES_MAX);
	}
}


static void test_long_name(void)
{
	struct buf *b = unit_buf(4000);
	struct seen *s;

	buf_puts(b, STR(SEND));
	for (int i = 0; i < 300; i++)
		buf_putc(b, 'n');
	buf_puts(b, STR(": v\r\n" END));
	unit_must(!b->failed);
	s = feed(buf_str(b));
	assert_int_equal(msrp_line_name(&s->f, 2).n, 300);
	unit_str(msrp_line_value(&s->f, 2), "v");
}


static void test_request_encode(void)
{
	struct buf *b = unit_buf(1000);
	char tid[MSRP_TID_MADE];

	msrp_tid_make(0x0123456789abcdef, tid);
	unit_str(((struct str){tid, sizeof(tid)}), "fedcba9876543210");
	msrp_request_encode(b, STR("d93kswow"), STR("SEND"), STR("msrp://b:1/t;tcp"),
			    STR("msrp://a:1/f;tcp"));
	msrp_header_encode(b, STR("Message-ID"), STR("m1"));
	msrp_range_encode(b, &(struct msrp_range){1, MSRP_RANGE_UNKNOWN, 5});
	msrp_content_encode(b, STR("text/plain"));
	buf_puts(b, STR("hello"));
	msrp_end_encode(b, STR("d93kswow"), '$', true);
	unit_buf_is(b,
		    SEND "Message-ID: m1\r\nByte-Range: 1-*/5\r\nContent-Type: text/plain\r\n\r\n"
			 "hello\r\n" END);
	unit_str(str_of(feed(buf_str(b))->fault), "");
}


static void test_response_encode(void)
{
	struct buf *b = unit_buf(1000);
	const char *two = "MSRP d93kswow %s\r\nTo-Path: msrp://b:1/t;tcp msrp://c:1/u;tcp\r\n"
			  "From-Path: msrp://r:1/x;tcp msrp://a:1/f;tcp\r\n-------d93kswow$\r\n";
	char text[400];
	struct seen *s;

	snprintf(text, sizeof(text), two, "SEND");
	s = feed(str_of(text));
	msrp_response_encode(b, &s->f, 200, STR("OK"), STR(""));
	unit_buf_is(b, "MSRP d93kswow 200 OK\r\nTo-Path: msrp://r:1/x;tcp\r\n"
		       "From-Path: msrp://b:1/t;tcp\r\n" END);

	buf_clear(b);
	snprintf(text, sizeof(text), two, "AUTH");
	s = feed(str_of(text));
	msrp_response_encode(b, &s->f, 501, STR(""), STR("msrp://me;tcp"));
	unit_buf_is(b, "MSRP d93kswow 501\r\nTo-Path: msrp://r:1/x;tcp msrp://a:1/f;tcp\r\n"
		       "From-Path: msrp://me;tcp\r\n" END);
}


static void test_response_wanted(void)
{
	static const struct {
		const char *text;
		bool on_200, on_400;
	} rows[] = {
		{SEND END, true, true},
		{SEND "Failure-Report: yes\r\n" END, true, true},
		{SEND "Failure-Report: partial\r\n" END, false, true},
		{SEND "Failure-Report: no\r\n" END, false, false},
		{"MSRP d93kswow REPORT\r\n" PATHS END, false, false},
		{"MSRP d93kswow NICKNAME\r\n" PATHS END, true, true},
		{"MSRP d93kswow MAGIC\r\n" PATHS END, true, true},
		{"MSRP d93kswow 200 OK\r\n" PATHS END, false, false},
		{"MSRP d93kswow SEND\r\n" END, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen *s = feed(str_of(rows[i].text));

		unit_case("%s", rows[i].text);
		assert_int_equal(msrp_response_wanted(&s->f, 200), rows[i].on_200);
		assert_int_equal(msrp_response_wanted(&s->f, 400), rows[i].on_400);
	}
}


static void test_report_encode(void)
{
	struct buf *b = unit_buf(1000);
	struct seen *s;

	msrp_report_encode(b, &(struct msrp_report){.tid = STR("d93kswow"),
						    .to_path = STR("msrp://b:1/t;tcp"),
						    .from_path = STR("msrp://a:1/f;tcp"),
						    .message_id = STR("m1"),
						    .range = {1, 39, 39},
						    .status = 200,
						    .comment = STR("OK"),
						    .has_distribution_count = true,
						    .distribution_count = 3});
	unit_buf_is(b, "MSRP d93kswow REPORT\r\n" PATHS "Message-ID: m1\r\nByte-Range: 1-39/39\r\n"
		       "Status: 000 200 OK\r\nDistribution-Count: 3\r\n" END);
	s = feed(buf_str(b));
	assert_null(s->f.fault);
	assert_int_equal(s->f.report_status, 200);
}


/* OPF-DR-4: "Malformed/negative/absent value => not counted, session goes on". */
static void test_a_count_that_is_none(void)
{
	static const char *const rows[] = {"-1", "seven", "", "7 of 9", "4294967296", "+7", "7;x"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(1000);

		unit_case("%s", rows[i]);
		buf_printf(b,
			   "MSRP d93kswow REPORT\r\n" PATHS "Message-ID: m1\r\n"
			   "Status: 000 200 OK\r\nDistribution-Count: %s\r\n" END,
			   rows[i]);
		const struct seen *s = feed(buf_str(b));
		assert_null(s->f.fault);
		assert_int_equal(s->f.report_status, 200);
		assert_false(s->f.has_distribution_count);
	}
}


static void test_tid_clashes(void)
{
	assert_true(msrp_tid_clashes(STR("abcd"), STR("xx-------abcd")));
	assert_true(msrp_tid_clashes(STR("abcd"), STR("-------abcd$")));
	assert_false(msrp_tid_clashes(STR("abcd"), STR("------abcd$ -------abce")));
	assert_false(msrp_tid_clashes(STR("abcd"), STR("")));
}


static void test_status_comment(void)
{
	unit_str(msrp_status_comment(200), "OK");
	unit_str(msrp_status_comment(481), "No Such Session");
	unit_str(msrp_status_comment(299), "");
}


UNIT_MAIN(UNIT_TEST(test_send), UNIT_TEST(test_defaults), UNIT_TEST(test_response),
	  UNIT_TEST(test_report), UNIT_TEST(test_values), UNIT_TEST(test_ranges),
	  UNIT_TEST(test_nickname), UNIT_TEST(test_faults), UNIT_TEST(test_broken),
	  UNIT_TEST(test_head_ceiling), UNIT_TEST(test_lines_ceiling), UNIT_TEST(test_long_name),
	  UNIT_TEST(test_request_encode), UNIT_TEST(test_response_encode),
	  UNIT_TEST(test_response_wanted), UNIT_TEST(test_report_encode),
	  UNIT_TEST_PLAIN(test_a_count_that_is_none), UNIT_TEST(test_tid_clashes),
	  UNIT_TEST(test_status_comment))
