/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: the same frames however they are cut; end-lines and what looks like them; stopping. */
#include "msrp/frame.h"

#include "lib/unit.h"

#include <stdio.h>

#define PATHS "To-Path: msrp://b:1/t;tcp\r\nFrom-Path: msrp://a:1/f;tcp\r\n"
#define MIME "Message-ID: m1\r\nByte-Range: 1-*/*\r\nContent-Type: text/plain\r\n\r\n"
#define SEND "MSRP abcd SEND\r\n" PATHS MIME

/** Writes down what happens: "H<tid>", body bytes between parentheses, "E<flag>", "B<why>". */
struct world {
	struct msrp_parser parser;
	struct buf *log;
	bool in_body;
	char tid[MSRP_TID_MAX];
	size_t tid_n;
	unsigned stop_every, calls;
	bool views_bad;
};


static void called(struct world *w)
{
	if (w->stop_every && ++w->calls % w->stop_every == 0)
		msrp_parser_stop(&w->parser);
}


/* The frame must say the same at every call. */
static void look(struct world *w, const struct msrp_frame *f)
{
	if (f->tid.n != w->tid_n || memcmp(f->tid.p, w->tid, w->tid_n) ||
	    !str_eq(f->from_path, STR("msrp://a:1/f;tcp")) || f->lines < 2 ||
	    !str_eq(msrp_line_name(f, 1), STR("From-Path")) || !msrp_parser_in_frame(&w->parser))
		w->views_bad = true;
}


static void head_cb(const struct msrp_frame *f, void *arg)
{
	struct world *w = arg;

	w->tid_n = f->tid.n;
	memcpy(w->tid, f->tid.p, f->tid.n);
	look(w, f);
	buf_putc(w->log, 'H');
	buf_puts(w->log, f->tid);
	buf_putc(w->log, f->body ? '(' : '-');
	called(w);
}


static void body_cb(const struct msrp_frame *f, struct str piece, void *arg)
{
	struct world *w = arg;

	look(w, f);
	if (!piece.n || !f->body)
		w->views_bad = true;
	buf_puts(w->log, piece);
	called(w);
}


static void end_cb(const struct msrp_frame *f, char flag, void *arg)
{
	struct world *w = arg;

	look(w, f);
	if (f->body)
		buf_putc(w->log, ')');
	buf_putc(w->log, flag);
	called(w);
}


static void broken_cb(const struct msrp_frame *f, const char *why, void *arg)
{
	struct world *w = arg;

	(void)f;
	buf_putc(w->log, 'B');
	buf_puts(w->log, str_of(why));
}


static const struct msrp_parser_ops ops = {head_cb, body_cb, end_cb, broken_cb};


static void world_done(void *arg)
{
	struct world *w = arg;

	msrp_parser_done(&w->parser);
}


static struct world *world(void)
{
	struct world *w = unit_storage(sizeof(*w));

	w->log = unit_buf(1 << 20);
	msrp_parser_init(&w->parser, &ops, w);
	unit_defer(world_done, w);
	return w;
}


static void restart(struct world *w)
{
	msrp_parser_done(&w->parser);
	msrp_parser_init(&w->parser, &ops, w);
	buf_clear(w->log);
	w->calls = 0;
}


/* Each piece from a block of its own size, so that reading past it, or later, is seen. */
static ssize_t feed(struct world *w, struct str s)
{
	ssize_t n = 0;

	while (s.n) {
		char *copy = mem_raw(s.n);

		unit_ptr(copy);
		memcpy(copy, s.p, s.n);
		n = msrp_parser_feed(&w->parser, copy, s.n);
		memset(copy, '!', s.n);
		mem_free(copy);
		if (n < 0)
			return n;
		if ((size_t)n < s.n)
			assert_true(w->stop_every);
		s = str_from(s, (size_t)n);
	}
	return n;
}


static const char stream[] =
	"MSRP abcd SEND\r\n" PATHS MIME "Hello\r\n-------abcd+\r\n"
	"MSRP abcd 200 OK\r\n" PATHS "-------abcd$\r\n"
	"MSRP e.f-g SEND\r\n" PATHS MIME "\r\n-------e.f-g$\r\n"
	"\r\n"
	"MSRP 1234 SEND\r\n" PATHS MIME "-------1234#\r\n"
	"MSRP 9999 REPORT\r\n" PATHS "Message-ID: m1\r\nStatus: 000 200 OK\r\n-------9999$\r\n"
	"MSRP abcd SEND\r\n" PATHS MIME
	"\r\n\r\r\n-------abc\r\n------abcd$\r\n-------abcd!\r\n-------abcd$x-------abcd$\r\n"
	"\r\n-------abcd$\rx\r\n-------abcd\r\n-------abcd#\r\n";

static const char stream_log[] =
	"Habcd(Hello)+"
	"Habcd-$"
	"He.f-g()$"
	"H1234()#"
	"H9999-$"
	"Habcd(\r\n\r\r\n-------abc\r\n------abcd$\r\n-------abcd!\r\n-------abcd$x-------abcd$\r\n"
	"\r\n-------abcd$\rx\r\n-------abcd)#";


static void check_stream(struct world *w)
{
	unit_buf_is(w->log, stream_log);
	assert_false(w->views_bad);
	assert_false(msrp_parser_in_frame(&w->parser));
	assert_null(w->parser.split);
}


static void test_whole(void)
{
	struct world *w = world();

	unit_ok(feed(w, str_of(stream)) < 0 ? -ENOMEM : 0);
	check_stream(w);
}


static void test_every_cut(void)
{
	struct world *w = world();
	struct str s = str_of(stream);

	for (size_t at = 1; at < s.n; at++) {
		unit_case("cut at %zu", at);
		restart(w);
		unit_ok(feed(w, str_upto(s, at)) < 0 ? -ENOMEM : 0);
		unit_ok(feed(w, str_from(s, at)) < 0 ? -ENOMEM : 0);
		check_stream(w);
	}
}


static void test_small_pieces(void)
{
	struct world *w = world();

	for (size_t step = 1; step < 100; step++) {
		unit_case("pieces of %zu", step);
		restart(w);
		for (struct str s = str_of(stream); s.n; s = str_from(s, step))
			unit_ok(feed(w, str_upto(s, step)) < 0 ? -ENOMEM : 0);
		check_stream(w);
	}
}


/* Two cuts around the last end-line: begun in one feed, gone on in another, ended in a third. */
static void test_two_cuts(void)
{
	struct world *w = world();
	struct str s = STR(SEND "x\r\n-------abcd$\r\r\n-------abcd+\r\n");
	size_t from = sizeof(SEND) - 1;

	for (size_t a = from; a < s.n; a++) {
		for (size_t b = a + 1; b < s.n; b++) {
			unit_case("cuts at %zu and %zu", a, b);
			restart(w);
			unit_ok(feed(w, str_upto(s, a)) < 0 ? -ENOMEM : 0);
			unit_ok(feed(w, str_range(s.p + a, s.p + b)) < 0 ? -ENOMEM : 0);
			unit_ok(feed(w, str_from(s, b)) < 0 ? -ENOMEM : 0);
			unit_buf_is(w->log, "Habcd(x\r\n-------abcd$\r)+");
		}
	}
}


static void test_stop(void)
{
	struct world *w = world();
	struct str s = str_of(stream);

	for (unsigned every = 1; every < 5; every++) {
		for (size_t step = 1; step < s.n; step += step < 40 ? 1 : 37) {
			unit_case("stop at each %u. call, pieces of %zu", every, step);
			restart(w);
			w->stop_every = every;
			for (struct str rest = s; rest.n; rest = str_from(rest, step))
				unit_ok(feed(w, str_upto(rest, step)) < 0 ? -ENOMEM : 0);
			check_stream(w);
		}
	}
}


static void test_stop_returns(void)
{
	struct world *w = world();
	struct str s = STR(SEND "Hello\r\n-------abcd$\r\nMSRP");

	w->stop_every = 1;
	/* After the head; after the body, before the end-line; after it. */
	unit_ok(msrp_parser_feed(&w->parser, s.p, s.n) < 0 ? -ENOMEM : 0);
	unit_buf_is(w->log, "Habcd(");
	s = str_from(s, sizeof(SEND) - 1);
	assert_int_equal(msrp_parser_feed(&w->parser, s.p, s.n), 5);
	unit_buf_is(w->log, "Habcd(Hello");
	s = str_from(s, 5);
	assert_int_equal(msrp_parser_feed(&w->parser, s.p, s.n),
			 sizeof("\r\n-------abcd$\r\n") - 1);
	unit_buf_is(w->log, "Habcd(Hello)$");
}


/* Bytes once held back are handed out before any of the next feed is taken. */
static void test_stop_held(void)
{
	struct world *w = world();

	unit_ok(feed(w, STR(SEND "x\r\n---")) < 0 ? -ENOMEM : 0);
	unit_buf_is(w->log, "Habcd(x");
	w->stop_every = 1;
	assert_int_equal(msrp_parser_feed(&w->parser, "yz", 2), 0);
	unit_buf_is(w->log, "Habcd(x\r\n---");
	assert_int_equal(msrp_parser_feed(&w->parser, "yz", 2), 2);
	unit_buf_is(w->log, "Habcd(x\r\n---yz");
}


static void test_large(void)
{
	struct world *w = world();
	size_t n = 100000;
	struct buf *b = unit_buf(2 * n);
	struct buf *want = unit_buf(2 * n);

	buf_puts(want, STR("Habcd("));
	for (size_t i = 0; want->n < n && !want->failed; i++)
		buf_puts(want, i % 7 ? STR("\r\n-------abc") : STR("\r\n-------abcd$\r"));
	buf_puts(b, STR(SEND));
	buf_puts(b, str_from(buf_str(want), 6));
	buf_puts(b, STR("\r\n-------abcd$\r\n"));
	buf_puts(want, STR(")$"));
	unit_must(!b->failed && !want->failed);
	for (size_t step = 1000; step < 70000; step += 12345) {
		restart(w);
		for (struct str s = buf_str(b); s.n; s = str_from(s, step))
			unit_ok(feed(w, str_upto(s, step)) < 0 ? -ENOMEM : 0);
		unit_must(!w->log->failed);
		assert_true(str_eq(buf_str(w->log), buf_str(want)));
	}
}


/* RFC 4975 7.1: "Non-SEND request bodies MUST NOT be larger than 10240 octets." */
static void test_other_body(void)
{
	static const char *const methods[] = {"MSRP abcd REPORT\r\n", "MSRP abcd AUTH\r\n",
					      "MSRP abcd 200 OK\r\n"};

	for (size_t i = 0; i < 3; i++) {
		for (size_t over = 0; over < 2; over++) {
			struct world *w = world();
			struct buf *b = unit_buf(20000);
			ssize_t n = 0;

			buf_puts(b, str_of(methods[i]));
			buf_puts(b, STR(PATHS "Message-ID: m\r\nStatus: 000 200\r\n"
					      "Content-Type: a/b\r\n\r\n"));
			for (size_t k = 0; k < MSRP_OTHER_BODY_MAX + over; k++)
				buf_putc(b, 'x');
			buf_puts(b, STR("\r\n-------abcd$\r\n"));
			unit_must(!b->failed);
			for (struct str s = buf_str(b); s.n && n >= 0; s = str_from(s, 4000))
				n = feed(w, str_upto(s, 4000));
			unit_ok(n == -ENOMEM ? -ENOMEM : 0);
			assert_int_equal(n == -EBADMSG, over);
			unit_must(!w->log->failed);
			assert_int_equal(str_ends(buf_str(w->log), STR("BBody too long")), over);
		}
	}
}


static void test_broken_for_good(void)
{
	struct world *w = world();

	assert_int_equal(feed(w, STR("nonsense\r\n")), -EBADMSG);
	unit_buf_is(w->log, "BBad start line");
	assert_int_equal(feed(w, STR(SEND)), -EBADMSG);
	unit_buf_is(w->log, "BBad start line");
}


/* Another protocol is known by its first bytes, however few come at a time. */
static void test_other_protocol(void)
{
	struct world *w = world();

	assert_int_equal(feed(w, STR("\x16")), -EBADMSG);
	restart(w);
	unit_ok(feed(w, STR("M")) < 0 ? -ENOMEM : 0);
	unit_ok(feed(w, STR("SR")) < 0 ? -ENOMEM : 0);
	assert_int_equal(feed(w, STR("p")), -EBADMSG);
	unit_buf_is(w->log, "BBad start line");
}


static void test_broken_cuts(void)
{
	static const char *const rows[] = {
		"MSRP abcd SEND\r\n" PATHS "bad line\r\n",
		"MSRP abcd SEND\r\n" PATHS "-------abce$\r\n",
		"MSRP abcd SEND\r\n" PATHS "X: \x01\r\n",
		"MSRP abcd SEND\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str s = str_of(rows[i]);

		for (size_t at = 1; at < s.n; at++) {
			struct world *w = world();
			ssize_t n = feed(w, str_upto(s, at));

			if (n >= 0)
				n = feed(w, str_from(s, at));
			if (n == -ENOMEM)
				unit_ok(-ENOMEM);
			assert_int_equal(n, -EBADMSG);
			unit_must(w->log->n > 1 && w->log->p[0] == 'B');
		}
	}
}


/* A head that never ends costs its ceiling and no more, in whatever pieces it comes. */
static void test_endless_head(void)
{
	static const char *const lines[] = {"x", "X: y\r\n", "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyy"};

	for (size_t i = 0; i < 3; i++) {
		struct world *w = world();
		size_t fed = 0;
		ssize_t n;

		unit_ok(feed(w, STR("MSRP abcd SEND\r\n")) < 0 ? -ENOMEM : 0);
		do {
			n = feed(w, str_of(lines[i]));
			fed += strlen(lines[i]);
		} while (n >= 0 && fed < 2 * MSRP_HEAD_MAX);
		if (n == -ENOMEM)
			unit_ok(-ENOMEM);
		assert_int_equal(n, -EBADMSG);
		assert_true(fed <= MSRP_HEAD_MAX + 32);
	}
}


static void test_only_line_ends(void)
{
	struct world *w = world();

	assert_int_equal(msrp_parser_feed(&w->parser, "\r\n\r\n\n", 5), 5);
	assert_false(msrp_parser_in_frame(&w->parser));
	assert_int_equal(msrp_parser_feed(&w->parser, "", 0), 0);
}


/* RFC 4975 11.1, its first message. */
static void test_rfc_example(void)
{
	struct world *w = world();

	unit_ok(feed(w, STR("MSRP d93kswow SEND\r\n"
			    "To-Path: msrp://bob.example.com:8888/9di4eae923wzd;tcp\r\n"
			    "From-Path: msrp://a:1/f;tcp\r\n"
			    "Message-ID: 12339sdqwer\r\n"
			    "Byte-Range: 1-16/16\r\n"
			    "Content-Type: text/plain\r\n"
			    "\r\n"
			    "Hi, I'm Alice!\r\n"
			    "\r\n"
			    "-------d93kswow$\r\n")) < 0
			? -ENOMEM
			: 0);
	unit_buf_is(w->log, "Hd93kswow(Hi, I'm Alice!\r\n)$");
	assert_false(w->views_bad);
}


UNIT_MAIN(UNIT_TEST(test_whole), UNIT_TEST_PLAIN(test_every_cut),
	  UNIT_TEST_PLAIN(test_small_pieces), UNIT_TEST_PLAIN(test_two_cuts),
	  UNIT_TEST_PLAIN(test_stop), UNIT_TEST(test_stop_returns), UNIT_TEST(test_stop_held),
	  UNIT_TEST_PLAIN(test_large), UNIT_TEST_PLAIN(test_other_body),
	  UNIT_TEST(test_broken_for_good), UNIT_TEST(test_other_protocol),
	  UNIT_TEST_PLAIN(test_broken_cuts), UNIT_TEST_PLAIN(test_endless_head),
	  UNIT_TEST(test_only_line_ends), UNIT_TEST(test_rfc_example))
