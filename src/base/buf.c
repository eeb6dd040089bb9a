/* SPDX-License-Identifier: Apache-2.0 */
/* A growing run of bytes with a ceiling. */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"

/** Storage starts here and doubles. */
#define BUF_FIRST 256


void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}


void buf_fixed(struct buf *b, char *storage, size_t n)
{
	*b = (struct buf){.p = storage, .cap = n, .max = n, .borrowed = true};
}


void buf_done(struct buf *b)
{
	if (!b->borrowed)
		mem_free(b->p);
	*b = (struct buf){.max = b->max};
}


/** The next capacity that holds `need` bytes; the last step lands on the ceiling. */
static size_t grown(const struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST;

	while (cap < need && cap <= b->max / 2)
		cap *= 2;
	return cap < need || cap > b->max ? b->max : cap;
}


bool buf_reserve(struct buf *b, size_t more)
{
	size_t cap;
	char *p;

	if (b->failed)
		return false;
	if (more <= b->cap - b->n)
		return true;
	if (b->borrowed || more > b->max - b->n) {
		b->failed = true;
		return false;
	}

	/* One byte that is not counted, so that a full buffer still has room for a NUL. */
	cap = grown(b, b->n + more);
	p = mem_resize(b->p, cap + 1);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}


void buf_put_grow(struct buf *b, const void *p, size_t n)
{
	if (!buf_reserve(b, n))
		return;
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}


void buf_putu(struct buf *b, uint64_t v)
{
	char digits[20];
	char *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(b, p, (size_t)(digits + sizeof(digits) - p));
}


void buf_puthex(struct buf *b, uint64_t v, unsigned digits)
{
	char text[16];

	assert(digits >= 1 && digits <= sizeof(text));
	for (unsigned i = digits; i-- > 0; v >>= 4)
		text[i] = "0123456789abcdef"[v & 0xf];
	buf_put(b, text, digits);
}


/** What vsnprintf may write to: a buffer of our own has the byte for its NUL beyond `cap`. */
static size_t room(const struct buf *b)
{
	return b->p ? b->cap - b->n + !b->borrowed : 0;
}


void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	if (b->failed)
		return;

	va_copy(again, ap);
	n = vsnprintf(b->p ? b->p + b->n : NULL, room(b), fmt, ap);
	if (n < 0) {
		b->failed = true;
	} else if ((size_t)n < room(b)) {
		b->n += (size_t)n;
	} else if (buf_reserve(b, (size_t)n + b->borrowed)) {
		vsnprintf(b->p + b->n, room(b), fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}


void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}


void buf_take(struct buf *b, size_t n)
{
	assert(n <= b->n);
	b->n -= n;
	if (n && b->n)
		memmove(b->p, b->p + n, b->n);
}


void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}


const char *buf_cstr(struct buf *b)
{
	if (b->failed)
		return NULL;
	if (room(b) == 0 && (b->borrowed || !buf_reserve(b, b->max > 0))) {
		b->failed = true;
		return NULL;
	}
	if (!b->p)
		return "";
	b->p[b->n] = '\0';
	return b->p;
}
