/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a stream into messages. */
#include "sip/stream_frame.h"

#include "sip/chars.h"

/** Where a line end finds us in the value of Content-Length. */
enum { LENGTH_NONE, LENGTH_BEFORE, LENGTH_DIGITS, LENGTH_AFTER, LENGTH_BAD };

/** Larger than any length that is allowed; digits are not added beyond it. */
#define LENGTH_HUGE (SIP_MESSAGE_MAX + 1)


static void start_message(struct sip_stream_frame *f)
{
	f->line = f->seen = f->total = f->length = 0;
	f->in_length = LENGTH_NONE;
	f->lengths = 0;
}


void sip_stream_frame_init(struct sip_stream_frame *f)
{
	*f = (struct sip_stream_frame){0};
	buf_init(&f->held, SIP_MESSAGE_MAX);
}


void sip_stream_frame_done(struct sip_stream_frame *f)
{
	buf_done(&f->held);
}


void sip_stream_frame_push(struct sip_stream_frame *f, const char *p, size_t n)
{
	f->chunk = n ? (struct str){p, n} : STR_NULL;
}


bool sip_stream_frame_partial(const struct sip_stream_frame *f)
{
	return f->held.n && !f->given;
}


static void consume(struct sip_stream_frame *f, size_t n)
{
	f->chunk = n < f->chunk.n ? str_from(f->chunk, n) : STR_NULL;
}


static enum sip_frame_kind fail(struct sip_stream_frame *f, enum sip_frame_kind kind)
{
	f->closed = true;
	f->chunk = STR_NULL;
	return kind;
}


/* ---- Between messages ---- */

/* Line ends in front of a message. False: something else stands there now. */
static bool skip_line_ends(struct sip_stream_frame *f, enum sip_frame_kind *kind)
{
	for (size_t i = 0; i < f->chunk.n; i++) {
		char c = f->chunk.p[i];

		if (c == '\r')
			continue;
		if (c != '\n') {
			consume(f, i);
			f->crlfs = 0;
			return false;
		}
		if (f->expect_pong) {
			f->expect_pong = false;
			f->crlfs = 0;
			*kind = SIP_FRAME_PONG;
		} else if (++f->crlfs == 2) {
			f->crlfs = 0;
			*kind = SIP_FRAME_PING;
		} else {
			continue;
		}
		consume(f, i + 1);
		return true;
	}
	f->chunk = STR_NULL;
	*kind = SIP_FRAME_MORE;
	return true;
}


/* ---- The head ---- */

/* Reads on in the value of Content-Length, which may be folded over several lines. */
static void read_length(struct sip_stream_frame *f, const char *p, const char *end)
{
	for (; p < end; p++) {
		bool digit = *p >= '0' && *p <= '9';

		if (sip_char_is(*p, SIP_CHAR_BLANK)) {
			if (f->in_length == LENGTH_DIGITS)
				f->in_length = LENGTH_AFTER;
		} else if (digit &&
			   (f->in_length == LENGTH_BEFORE || f->in_length == LENGTH_DIGITS)) {
			f->in_length = LENGTH_DIGITS;
			f->length = f->length * 10 + (uint32_t)(*p - '0');
			if (f->length > LENGTH_HUGE)
				f->length = LENGTH_HUGE;
		} else {
			f->in_length = LENGTH_BAD;
			return;
		}
	}
}


static void end_length(struct sip_stream_frame *f)
{
	/* A value that is no number counts as two: no length can be told either way. */
	if (f->in_length == LENGTH_BEFORE || f->in_length == LENGTH_BAD)
		f->lengths = 2;
	f->in_length = LENGTH_NONE;
}


static void begin_line(struct sip_stream_frame *f, const char *p, const char *end)
{
	const char *q;
	struct str name;

	if ((*p | 0x20) != 'c' && (*p | 0x20) != 'l')
		return;

	q = sip_span(p, end, SIP_CHAR_TOKEN);
	name = str_range(p, q);
	if (!SIP_IS(name, "Content-Length") && !SIP_IS(name, "l"))
		return;

	while (q < end && (*q == ' ' || *q == '\t'))
		q++;
	if (q == end || *q != ':')
		return;

	f->lengths = f->lengths ? 2 : 1;
	f->in_length = LENGTH_BEFORE;
	read_length(f, q + 1, end);
}


/* One line with its LF. True: it is the empty one. */
static bool read_line(struct sip_stream_frame *f, const char *p, const char *end)
{
	if (f->line == 0)
		return false;
	if (*p == ' ' || *p == '\t') {
		if (f->in_length != LENGTH_NONE)
			read_length(f, p, end);
		return false;
	}
	end_length(f);
	if (*p == '\n' || (*p == '\r' && end - p == 2))
		return true;

	begin_line(f, p, end);
	return false;
}


/* The message in hand: what is held, or where it begins in the chunk. */
static struct str in_hand(const struct sip_stream_frame *f)
{
	return f->held.n ? buf_str(&f->held) : str_upto(f->chunk, SIP_MESSAGE_MAX);
}


/* Moves up to `n` bytes of the chunk to what is held. */
static bool hold(struct sip_stream_frame *f, size_t n)
{
	buf_put(&f->held, f->chunk.p, n < f->chunk.n ? n : f->chunk.n);
	consume(f, n);
	return !f->held.failed;
}


static enum sip_frame_kind too_large(struct sip_stream_frame *f, struct str *ret)
{
	if (f->held.n && f->chunk.n && !hold(f, SIP_MESSAGE_MAX - f->held.n))
		return fail(f, SIP_FRAME_NO_MEMORY);

	*ret = in_hand(f);
	return fail(f, SIP_FRAME_TOO_LARGE);
}


static enum sip_frame_kind end_of_head(struct sip_stream_frame *f, uint32_t head, struct str *ret)
{
	*ret = str_upto(in_hand(f), head);
	if (f->lengths != 1)
		return fail(f, SIP_FRAME_BAD);
	if (f->length > SIP_MESSAGE_MAX - head)
		return fail(f, SIP_FRAME_TOO_LARGE);

	f->total = head + f->length;
	return SIP_FRAME_MESSAGE;
}


/*
 * Looks for the end of the head, a line at a time; each byte is searched once. MESSAGE: the head is
 * whole and `total` known. What is held grows by whole lines only until the head is done, so that
 * the next message in the chunk can be given where it lies.
 */
static enum sip_frame_kind read_head(struct sip_stream_frame *f, struct str *ret)
{
	for (;;) {
		bool held = f->held.n > 0;
		const char *from = held ? f->chunk.p : f->chunk.p + f->seen;
		size_t left = held ? f->chunk.n : f->chunk.n - f->seen;
		const char *lf = left ? memchr(from, '\n', left) : NULL;
		size_t n = (lf ? (size_t)(lf + 1 - from) : left) + (held ? f->held.n : f->seen);
		struct str s;

		if (n > SIP_MESSAGE_MAX)
			return too_large(f, ret);
		if ((held || !lf) && f->chunk.n && !hold(f, held ? n - f->held.n : n))
			return fail(f, SIP_FRAME_NO_MEMORY);
		if (!lf)
			return SIP_FRAME_MORE;

		s = in_hand(f);
		if (read_line(f, s.p + f->line, s.p + n))
			return end_of_head(f, (uint32_t)n, ret);
		f->line = f->seen = (uint32_t)n;
	}
}


/* ---- The whole ---- */

static enum sip_frame_kind read_body(struct sip_stream_frame *f, struct str *ret)
{
	if (!f->held.n && f->chunk.n >= f->total) {
		*ret = str_upto(f->chunk, f->total);
		consume(f, f->total);
		start_message(f);
		return SIP_FRAME_MESSAGE;
	}
	if (f->chunk.n && !hold(f, f->total - f->held.n))
		return fail(f, SIP_FRAME_NO_MEMORY);
	if (f->held.n < f->total)
		return SIP_FRAME_MORE;

	*ret = buf_str(&f->held);
	f->given = true;
	return SIP_FRAME_MESSAGE;
}


enum sip_frame_kind sip_stream_frame_next(struct sip_stream_frame *f, struct str *ret)
{
	enum sip_frame_kind kind;

	if (f->closed)
		return SIP_FRAME_MORE;

	/* The storage goes too: a connection that is idle holds none. */
	if (f->given) {
		buf_done(&f->held);
		buf_init(&f->held, SIP_MESSAGE_MAX);
		start_message(f);
		f->given = false;
	}
	if (!f->held.n && !f->total && !f->seen && skip_line_ends(f, &kind))
		return kind;

	if (!f->total) {
		kind = read_head(f, ret);
		if (kind != SIP_FRAME_MESSAGE)
			return kind;
	}
	return read_body(f, ret);
}
