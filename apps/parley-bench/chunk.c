/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of MSRP, by text. */

#include "chunk.h"

#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define BODY_BLOCK (1u << 20)


void chunk_open(struct chunk_end *e, int fd)
{
	*e = (struct chunk_end){.fd = fd};
	e->in = malloc(CHUNK_IN_MAX);
	e->out = malloc(CHUNK_OUT_MAX);
	if (!e->in || !e->out)
		die("out of memory");
}


void chunk_close(struct chunk_end *e)
{
	if (e->fd >= 0)
		close(e->fd);
	free(e->in);
	free(e->out);
	*e = (struct chunk_end){.fd = -1};
}


/* The value of a header in [p, end), up to a blank or the line's end. */
static const char *value(const char *p, const char *end, const char *name, bool whole,
			 size_t *ret_n)
{
	const char *at = memmem(p, (size_t)(end - p), name, strlen(name)), *q;

	if (!at)
		return NULL;
	for (q = at += strlen(name); q < end && *q != '\r' && (whole || *q != ' '); q++)
		;
	*ret_n = (size_t)(q - at);
	return at;
}


/* Everything that the frame's end will need: the end-line and the answer. */
static void take_head(struct chunk_end *e, const char *p, const char *end)
{
	const char *tid = p + 5, *tid_end = memchr(tid, ' ', (size_t)(end - tid)), *to, *from;
	size_t to_n = 0, from_n = 0;

	if (memcmp(p, "MSRP ", 5) || !tid_end || tid_end - tid > 64)
		die("what came is no MSRP: %.60s", p);
	e->request = tid_end[1] >= 'A';
	e->end_line_n = (size_t)snprintf(e->end_line, sizeof(e->end_line), "-------%.*s",
					 (int)(tid_end - tid), tid);
	e->answer_n = 0;
	if (!e->request) {
		bool ok = memcmp(tid_end + 1, "200", 3) == 0;

		e->responses += ok;
		e->refused += !ok;
		if (!ok)
			snprintf(e->refusal, sizeof(e->refusal), "%.*s",
				 (int)strcspn(tid_end + 1, "\r"), tid_end + 1);
		return;
	}
	if (memcmp(tid_end + 1, "SEND", 4))
		return;
	to = value(p, end, "To-Path: ", true, &to_n);
	from = value(p, end, "From-Path: ", false, &from_n);
	if (to && from)
		e->answer_n = (size_t)snprintf(e->answer, sizeof(e->answer),
					       "MSRP %.*s 200 OK\r\nTo-Path: %.*s\r\n"
					       "From-Path: %.*s\r\n%s$\r\n",
					       (int)(tid_end - tid), tid, (int)from_n, from,
					       (int)to_n, to, e->end_line);
}


static void take_end(struct chunk_end *e, char flag, bool body, bool answers)
{
	if (e->request && body && flag == '$')
		e->messages++;
	if (e->request && answers && e->answer_n && e->answer_n < sizeof(e->answer) &&
	    e->out_n + e->answer_n < CHUNK_OUT_MAX) {
		memcpy(e->out + e->out_n, e->answer, e->answer_n);
		e->out_n += e->answer_n;
	}
}


/* One step at `p`; the bytes it took, 0: more are wanted. */
static size_t take_body(struct chunk_end *e, const char *p, size_t n, bool answers)
{
	const char *hit = memmem(p, n, e->end_line, e->end_line_n);
	size_t k, keep = e->end_line_n + 4;

	if (!hit) {
		k = n > keep ? n - keep : 0;
		e->bytes += k;
		return k;
	}
	k = (size_t)(hit - p);
	if (n - k < e->end_line_n + 3)
		return 0;
	e->bytes += k > 2 ? k - 2 : 0;
	e->in_body = false;
	take_end(e, hit[e->end_line_n], true, answers);
	return k + e->end_line_n + 3;
}


static size_t take_frame(struct chunk_end *e, const char *p, size_t n, bool answers)
{
	const char *blank = memmem(p, n, "\r\n\r\n", 4), *hyphens = memmem(p, n, "\r\n-------", 9),
		   *lf;

	if (hyphens && (!blank || hyphens < blank)) {
		lf = memchr(hyphens + 9, '\n', (size_t)(p + n - hyphens - 9));
		if (!lf)
			return 0;
		take_head(e, p, hyphens + 2);
		take_end(e, lf[-2], false, answers);
		return (size_t)(lf + 1 - p);
	}
	if (!blank)
		return 0;
	take_head(e, p, blank + 2);
	e->in_body = true;
	return (size_t)(blank + 4 - p);
}


static void write_answers(struct chunk_end *e)
{
	while (e->out_n) {
		ssize_t k = send(e->fd, e->out, e->out_n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (k <= 0)
			return;
		e->out_n -= (size_t)k;
		memmove(e->out, e->out + k, e->out_n);
	}
}


void chunk_read(struct chunk_end *e, bool answers)
{
	size_t off = 0, k;
	ssize_t got;

	if (e->fd < 0 || e->closed)
		return;
	got = recv(e->fd, e->in + e->in_n, CHUNK_IN_MAX - e->in_n, MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		e->closed = true;
	if (got > 0) {
		e->in_n += (size_t)got;
		do {
			k = e->in_body ? take_body(e, e->in + off, e->in_n - off, answers)
				       : take_frame(e, e->in + off, e->in_n - off, answers);
			off += k;
		} while (k && off < e->in_n);
		e->in_n -= off;
		memmove(e->in, e->in + off, e->in_n);
	}
	write_answers(e);
}


void chunk_compose(struct chunk_out *o, uint64_t serial, const char *to_path, const char *from_path,
		   uint64_t body_n)
{
	char range[64];

	*o = (struct chunk_out){.body_n = body_n};
	/* RFC 4975 7.1.1: a body of more than 2048 octets must be interruptible. */
	if (body_n <= 2048)
		snprintf(range, sizeof(range), "1-%llu/%llu", (unsigned long long)body_n,
			 (unsigned long long)body_n);
	else
		snprintf(range, sizeof(range), "1-*/%llu", (unsigned long long)body_n);
	o->head_n = (size_t)snprintf(o->head, sizeof(o->head),
				     "MSRP t%08llx SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\n"
				     "Message-ID: m%08llx\r\nByte-Range: %s\r\n%s",
				     (unsigned long long)serial, to_path, from_path,
				     (unsigned long long)serial, range,
				     body_n ? "Content-Type: text/plain\r\n\r\n" : "");
	o->tail_n = (size_t)snprintf(o->tail, sizeof(o->tail), "%s-------t%08llx$\r\n",
				     body_n ? "\r\n" : "", (unsigned long long)serial);
}


bool chunk_write(struct chunk_out *o, int fd)
{
	static char block[BODY_BLOCK];
	uint64_t all = o->head_n + o->body_n + o->tail_n;
	uint64_t end = o->limit && o->limit < all ? o->limit : all;

	if (!block[0])
		memset(block, 'x', sizeof(block));
	while (o->off < end) {
		struct iovec v[3];
		struct msghdr h = {.msg_iov = v};
		uint64_t at = o->off, body_left;

		if (at < o->head_n)
			v[h.msg_iovlen++] = (struct iovec){o->head + at, o->head_n - at};
		at = at > o->head_n ? at - o->head_n : 0;
		body_left = at < o->body_n ? o->body_n - at : 0;
		if (body_left)
			v[h.msg_iovlen++] = (struct iovec){block, body_left < BODY_BLOCK
									  ? body_left
									  : BODY_BLOCK};
		at = at > o->body_n ? at - o->body_n : 0;
		if (body_left <= BODY_BLOCK)
			v[h.msg_iovlen++] = (struct iovec){o->tail + at, o->tail_n - at};
		ssize_t k = sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (k <= 0)
			return false;
		o->off += (uint64_t)k;
	}
	return o->off >= all;
}
