/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A growing run of bytes that is born with its ceiling.
 *
 * Writers append without looking; the first append that would pass the ceiling, or finds no memory,
 * leaves the buffer as it was and marks it `failed`, and every append after it does nothing. So
 * composing a message is a run of puts and one check at the end:
 *
 *     struct buf b = BUF_INIT(SIP_MESSAGE_MAX);
 *     buf_puts(&b, STR("SIP/2.0 200 OK\r\n"));
 *     …
 *     if (b.failed) { buf_done(&b); return -ENOBUFS; }
 *
 * A fixed buffer (buf_fixed) never allocates: its storage is the caller's and its ceiling its size;
 * buf_printf and buf_cstr need one byte of it for their NUL. What is appended must not point into
 * the buffer itself.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct buf {
	char *p;
	size_t n;      /**< bytes in use */
	size_t cap;    /**< bytes allocated */
	size_t max;    /**< the ceiling */
	bool failed;   /**< an append did not fit; sticky until buf_clear */
	bool borrowed; /**< storage is the caller's: never grown, never freed */
};

#define BUF_INIT(ceiling)        \
	{                        \
		.max = (ceiling) \
	}

void buf_init(struct buf *b, size_t max);
/** Over `n` bytes of the caller's; valid as long as they are. */
void buf_fixed(struct buf *b, char *storage, size_t n);
/** Releases the storage; the struct may be initialised again. */
void buf_done(struct buf *b);

/** Make room for `more` bytes; false (and `failed`) when that passes the ceiling. */
bool buf_reserve(struct buf *b, size_t more);
/** Slow path of buf_put: grows, then appends. */
void buf_put_grow(struct buf *b, const void *p, size_t n);


static inline void buf_put(struct buf *b, const void *p, size_t n)
{
	if (!b->failed && n <= b->cap - b->n) {
		if (n)
			memcpy(b->p + b->n, p, n);
		b->n += n;
	} else {
		buf_put_grow(b, p, n);
	}
}


static inline void buf_puts(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}


static inline void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}


static inline struct str buf_str(const struct buf *b)
{
	return (struct str){b->p, b->n};
}


/** Decimal. */
void buf_putu(struct buf *b, uint64_t v);
/** Lower-case hexadecimal, exactly `digits` of them (1…16). */
void buf_puthex(struct buf *b, uint64_t v, unsigned digits);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/** Drop the first `n` bytes (a parser has taken them); the rest moves down. */
void buf_take(struct buf *b, size_t n);
/** Empty, and no longer failed; keeps the storage. */
void buf_clear(struct buf *b);
/** Ends the content with a NUL that is not counted, and returns it; NULL when failed. */
const char *buf_cstr(struct buf *b);

#endif
