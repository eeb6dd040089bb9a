/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSRP: what a stream means does not depend on how it was cut, nor on whether the reader stops.
 * The first byte of the input is the number of cuts, the next bytes the lengths of the pieces.
 */
#include <assert.h>
#include <stdint.h>

#include "base/mem.h"
#include "msrp/frame.h"
#include "msrp/uri.h"

#define LOG_MAX (1 << 24)

struct world {
	struct msrp_parser parser;
	struct buf log;
	bool stops;
	const char *why; /**< what broke it */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void note(struct world *w, char kind, struct str s)
{
	buf_putc(&w->log, kind);
	buf_puthex(&w->log, s.n, 8);
	buf_puts(&w->log, s);
	if (w->stops)
		msrp_parser_stop(&w->parser);
}


/* Every field that can be asked for is looked at. */
static void head_cb(const struct msrp_frame *f, void *arg)
{
	struct world *w = arg;
	struct msrp_path path;
	struct buf b = BUF_INIT(LOG_MAX);

	assert(f->tid.n && f->tid.n <= MSRP_TID_MAX && f->lines <= MSRP_LINES_MAX);
	note(w, 'H', f->tid);
	note(w, 'T', f->to_path);
	note(w, 'M', f->message_id);
	note(w, 'C', f->content_type);
	note(w, 'O', f->others);
	note(w, 'F', str_of(f->fault ? f->fault : ""));
	buf_puthex(&w->log, f->range.start ^ f->range.end ^ f->range.total, 16);
	for (unsigned i = 0; i < f->lines; i++) {
		assert(msrp_line_name(f, i).n + msrp_line_value(f, i).n < msrp_line_text(f, i).n);
		note(w, 'L', msrp_line_value(f, i));
	}

	if (!msrp_path_decode(&path, f->from_path))
		assert(path.n <= MSRP_PATH_MAX &&
		       str_eq(path.uri[0], msrp_path_first(str_trim(f->from_path))));
	msrp_nickname_decode(f->use_nickname, &b);
	if (msrp_response_wanted(f, 400))
		msrp_response_encode(&b, f, 400, STR("x"), STR(""));
	buf_done(&b);
}


/* Pieces are cut where the input is: only their sum counts. */
static void body_cb(const struct msrp_frame *f, struct str piece, void *arg)
{
	struct world *w = arg;

	assert(f->body && piece.n);
	buf_puts(&w->log, piece);
	if (w->stops)
		msrp_parser_stop(&w->parser);
}


static void end_cb(const struct msrp_frame *f, char flag, void *arg)
{
	assert(flag == '$' || flag == '+' || flag == '#');
	note(arg, 'E', f->tid);
	buf_putc(&((struct world *)arg)->log, flag);
}


static void broken_cb(const struct msrp_frame *f, const char *why, void *arg)
{
	((struct world *)arg)->why = why;
	note(arg, 'B', str_of(why));
	note(arg, 'T', f->from_path);
}


static const struct msrp_parser_ops ops = {head_cb, body_cb, end_cb, broken_cb};


/* From a block of its own, so that what is read after the feed, or beyond it, is seen. */
static bool feed(struct world *w, struct str s)
{
	while (s.n) {
		char *copy = mem_raw(s.n);
		ssize_t n;

		assert(copy);
		memcpy(copy, s.p, s.n);
		n = msrp_parser_feed(&w->parser, copy, s.n);
		mem_free(copy);
		if (n < 0)
			return false;
		assert((size_t)n <= s.n && (w->stops || (size_t)n == s.n));
		s = str_from(s, (size_t)n);
	}
	return true;
}


/* `cuts` are the lengths of the first pieces, the last one again and again; none: whole. */
static void run(struct world *w, struct str s, const uint8_t *cuts, size_t n_cuts, bool stops)
{
	size_t i = 0;

	*w = (struct world){.log = BUF_INIT(LOG_MAX), .stops = stops};
	msrp_parser_init(&w->parser, &ops, w);
	while (s.n) {
		size_t n = n_cuts ? cuts[i < n_cuts ? i++ : n_cuts - 1] + 1U : s.n;

		if (!feed(w, str_upto(s, n)))
			break;
		s = str_from(s, n);
	}
	msrp_parser_done(&w->parser);
}


/* How much is told of a body that is too long depends on the cuts; nothing else does. */
static void same(const struct world *want, struct str s, const uint8_t *cuts, size_t n, bool stops)
{
	struct world w;

	run(&w, s, cuts, n, stops);
	assert(want->parser.err == w.parser.err && want->why == w.why);
	assert(!w.log.failed);
	if (!w.why || !str_eq(str_of(w.why), STR("Body too long")))
		assert(str_eq(buf_str(&w.log), buf_str(&want->log)));
	buf_done(&w.log);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t one = 0, six = 6;
	size_t blocks = mem_live_blocks(), n_cuts = size ? data[0] & 15 : 0;
	const uint8_t *cuts = data + 1;
	struct world whole;
	struct str s;

	if (size < 1 + n_cuts)
		return 0;
	s = (struct str){(const char *)data + 1 + n_cuts, size - 1 - n_cuts};

	run(&whole, s, NULL, 0, false);
	assert(!whole.log.failed);
	same(&whole, s, cuts, n_cuts, false);
	same(&whole, s, cuts, n_cuts, true);
	same(&whole, s, &one, 1, false);
	same(&whole, s, &six, 1, true);
	buf_done(&whole.log);
	assert(mem_live_blocks() == blocks);
	return 0;
}
