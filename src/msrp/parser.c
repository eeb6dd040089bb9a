/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of a connection: heads, bodies and end-lines out of bytes that are cut anywhere. */
#include <errno.h>

#include "base/mem.h"
#include "msrp/head.h"

enum state { IDLE, HEAD, BODY };

/** One frame under way; on the stack until the feed ends in the midst of it. */
struct run {
	struct msrp_frame f;
	enum state state;
	struct msrp_head_progress progress;
	uint64_t body_n; /**< handed out so far */
	/**
	 * How many bytes of  CRLF "-------" tid flag CRLF  have matched at the end of what was fed.
	 * They are not kept: they are known. Only the flag can be one of three.
	 */
	size_t held;
	size_t held_head; /**< of these, from the front: not body, but the empty line's CRLF */
	char held_flag;
};

/** A frame that goes on in the next feed. */
struct msrp_split {
	struct run run;
	struct buf head; /**< what there is of the head; whole, it is what run.f.p points to */
};


static void split_destroy(void *object)
{
	struct msrp_split *s = object;

	buf_done(&s->head);
}


void msrp_parser_init(struct msrp_parser *p, const struct msrp_parser_ops *ops, void *arg)
{
	*p = (struct msrp_parser){.ops = ops, .arg = arg};
}


void msrp_parser_done(struct msrp_parser *p)
{
	p->split = mem_unref(p->split);
}


void msrp_parser_stop(struct msrp_parser *p)
{
	p->stopped = true;
}


bool msrp_parser_in_frame(const struct msrp_parser *p)
{
	return p->in_frame;
}


static void broken(struct msrp_parser *p, struct run *r, const char *why)
{
	p->err = -EBADMSG;
	if (p->ops->broken)
		p->ops->broken(&r->f, why, p->arg);
}


static void begin(struct msrp_parser *p, struct run *r)
{
	msrp_frame_clear(&r->f);
	r->progress = (struct msrp_head_progress){0};
	r->body_n = 0;
	r->state = HEAD;
	p->in_frame = true;
}


static void finish(struct msrp_parser *p, struct run *r, char flag)
{
	p->ops->end(&r->f, flag, p->arg);
	r->state = IDLE;
	p->in_frame = false;
}


/* The scan came to an end: tell, and go on to the body. */
static void head_done(struct msrp_parser *p, struct run *r, const char *head,
		      enum msrp_head_scan scan)
{
	if (!msrp_head_decode(&r->progress, &r->f, head, scan)) {
		broken(p, r, r->progress.why);
		return;
	}

	p->ops->head(&r->f, p->arg);
	if (scan == MSRP_HEAD_END) {
		finish(p, r, r->progress.flag);
		return;
	}
	r->state = BODY;
	/* The empty line's CRLF may be the end-line's: an empty body without a CRLF of its own. */
	r->held = r->held_head = 2;
	r->held_flag = 0;
}


/* In the bytes as fed; `in` is the first byte of the frame. Returns what it took. */
static size_t head_direct(struct msrp_parser *p, struct run *r, const char *in, size_t n)
{
	enum msrp_head_scan scan = msrp_head_scan(&r->progress, &r->f, in, n);

	if (scan == MSRP_HEAD_MORE)
		return n;
	head_done(p, r, in, scan);
	return r->progress.at;
}


/* In the copy: line by line, so that nothing but the head gets into it. */
static size_t head_gather(struct msrp_parser *p, struct msrp_split *s, const char *in, size_t n)
{
	enum msrp_head_scan scan = MSRP_HEAD_MORE;
	size_t at = 0;

	while (at < n && scan == MSRP_HEAD_MORE) {
		const char *lf = memchr(in + at, '\n', n - at);
		size_t part = lf ? (size_t)(lf + 1 - in) - at : n - at;
		/* Another protocol is known by its first bytes: not a line end is waited for. */
		bool first = s->head.n < MSRP_HEAD_FIRST;

		if (part > MSRP_HEAD_MAX - s->head.n)
			part = MSRP_HEAD_MAX - s->head.n;
		buf_put(&s->head, in + at, part);
		if (s->head.failed) {
			p->err = -ENOMEM;
			return at;
		}
		at += part;
		if (lf || first || s->head.n == MSRP_HEAD_MAX)
			scan = msrp_head_scan(&s->run.progress, &s->run.f, s->head.p, s->head.n);
	}
	if (scan != MSRP_HEAD_MORE)
		head_done(p, &s->run, s->head.p, scan);
	return at;
}


static bool is_flag(char c)
{
	return c == '$' || c == '+' || c == '#';
}


static size_t end_line_n(const struct run *r)
{
	return 9 + r->f.tid.n;
}


static void piece(struct msrp_parser *p, struct run *r, struct str bytes)
{
	if (!bytes.n)
		return;
	r->body_n += bytes.n;
	if (r->f.method != MSRP_METHOD_SEND && r->body_n > MSRP_OTHER_BODY_MAX) {
		broken(p, r, "Body too long");
		return;
	}
	p->ops->body(&r->f, bytes, p->arg);
}


/* The byte that an end-line would have at `held`. */
static bool held_next(struct run *r, char c)
{
	size_t m = end_line_n(r);

	if (r->held < m)
		return c == r->f.end_line[r->held];
	if (r->held == m) {
		r->held_flag = c;
		return is_flag(c);
	}
	return c == (r->held == m + 1 ? '\r' : '\n');
}


/* Not an end-line after all: what was held back is body. */
static void release_held(struct msrp_parser *p, struct run *r, size_t held)
{
	char text[sizeof(r->f.end_line) + 2];
	size_t m = end_line_n(r), skip = r->held_head;

	memcpy(text, r->f.end_line, m);
	text[m] = r->held_flag;
	text[m + 1] = '\r';
	r->held = r->held_head = 0;
	if (held > skip)
		piece(p, r, (struct str){text + skip, held - skip});
}


/*
 * Goes on where the last feed ended in what may be an end-line. A CR stands in it at the front and
 * behind the flag only, so that when it fails no other one has begun within what has matched.
 */
static size_t resume_held(struct msrp_parser *p, struct run *r, const char *in, size_t n)
{
	size_t whole = end_line_n(r) + 3, before = r->held, at = 0;
	char flag_before = r->held_flag;

	while (at < n && r->held < whole && held_next(r, in[at])) {
		r->held++;
		at++;
	}
	if (r->held == whole) {
		finish(p, r, r->held_flag);
		return at;
	}
	if (at == n)
		return n;
	r->held_flag = flag_before;
	release_held(p, r, before);
	return 0;
}


/* At `hit` stands CRLF, hyphens and tid. How much of the rest follows: 3 is all; -1: look-alike. */
static int end_line_tail(const char *tail, const char *end)
{
	if (tail == end)
		return 0;
	if (!is_flag(tail[0]))
		return -1;
	if (end - tail == 1)
		return 1;
	if (tail[1] != '\r')
		return -1;
	if (end - tail == 2)
		return 2;
	return tail[2] == '\n' ? 3 : -1;
}


/* The end of the input may be the begin of an end-line: where it begins, or `end`. */
static const char *tail_candidate(const struct run *r, const char *p, const char *end)
{
	size_t window = end_line_n(r) - 1;
	const char *from = (size_t)(end - p) > window ? end - window : p;
	const char *cr = memrchr(from, '\r', (size_t)(end - from));

	if (cr && memcmp(cr, r->f.end_line, (size_t)(end - cr)) == 0)
		return cr;
	return end;
}


/* Everything before `upto` is body; the rest of the input, `hold` bytes of an end-line, is held. */
static void piece_and_hold(struct msrp_parser *p, struct run *r, struct str body, size_t hold,
			   char flag)
{
	r->held = hold;
	r->held_head = 0;
	r->held_flag = flag;
	piece(p, r, body);
}


/*
 * CRLF, hyphens and tid. By its CR, which is rare: how fast memmem() is depends on what bytes the sender, and its
 * transaction identifier, are made of.
 */
static const char *find_end_line(const struct run *r, const char *p, const char *end, size_t m)
{
	while ((size_t)(end - p) >= m && (p = memchr(p, '\r', (size_t)(end - p) - m + 1))) {
		if (memcmp(p, r->f.end_line, m) == 0)
			return p;
		p++;
	}
	return NULL;
}


static size_t body_search(struct msrp_parser *p, struct run *r, const char *in, size_t n)
{
	const char *end = in + n, *from = in, *hit;
	size_t m = end_line_n(r);

	while ((hit = find_end_line(r, from, end, m))) {
		int tail = end_line_tail(hit + m, end);

		if (tail < 0) {
			from = hit + m;
			continue;
		}
		if (tail < 3) {
			piece_and_hold(p, r, str_range(in, hit), m + (size_t)tail,
				       tail ? hit[m] : 0);
			return n;
		}
		piece(p, r, str_range(in, hit));
		if (p->stopped || p->err)
			return (size_t)(hit - in);
		finish(p, r, hit[m]);
		return (size_t)(hit + m + 3 - in);
	}
	hit = tail_candidate(r, from, end);
	piece_and_hold(p, r, str_range(in, hit), (size_t)(end - hit), 0);
	return n;
}


/* One step: a head, a piece of a body. Returns the bytes it took. */
static size_t step(struct msrp_parser *p, struct run *r, const char *in, size_t n)
{
	if (r->state == HEAD)
		return p->split ? head_gather(p, p->split, in, n) : head_direct(p, r, in, n);
	if (r->held)
		return resume_held(p, r, in, n);
	return body_search(p, r, in, n);
}


/* The feed ends within a frame: keep it, and its head, for the next. */
static void keep(struct msrp_parser *p, struct run *r, struct str head)
{
	struct msrp_split *s = mem_alloc(sizeof(*s), split_destroy);

	if (!s) {
		p->err = -ENOMEM;
		return;
	}
	s->run = *r;
	buf_init(&s->head, MSRP_HEAD_MAX);
	buf_puts(&s->head, head);
	if (s->head.failed) {
		mem_unref(s);
		p->err = -ENOMEM;
		return;
	}
	if (r->state == BODY)
		msrp_frame_rebase(&s->run.f, s->head.p);
	p->split = s;
}


static size_t skip_line_ends(const char *in, size_t n)
{
	size_t at = 0;

	while (at < n && (in[at] == '\r' || in[at] == '\n'))
		at++;
	return at;
}


ssize_t msrp_parser_feed(struct msrp_parser *p, const char *bytes, size_t n)
{
	struct run local, *r = &local;
	size_t at = 0, frame_at = 0;

	local.state = IDLE;
	p->stopped = false;
	if (p->split)
		r = &p->split->run;

	while (at < n && !p->stopped && !p->err) {
		if (r->state == IDLE) {
			at += skip_line_ends(bytes + at, n - at);
			if (at == n)
				break;
			frame_at = at;
			begin(p, r);
		}
		at += step(p, r, bytes + at, n - at);
		if (r->state == IDLE && p->split) {
			p->split = mem_unref(p->split);
			r = &local;
			local.state = IDLE;
		}
	}
	if (!p->err && r == &local && r->state != IDLE)
		keep(p, r,
		     r->state == BODY ? (struct str){r->f.p, r->f.n}
				      : str_range(bytes + frame_at, bytes + at));
	return p->err ? p->err : (ssize_t)at;
}
