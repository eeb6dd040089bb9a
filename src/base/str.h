/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Text by value: a pointer and a length, two machine words, passed and returned like an int.
 *
 * A `struct str` borrows. It is never assumed to end in NUL, and it is valid as long as the bytes
 * it points into: a decoded message is made of such views into the buffer it arrived in.
 *
 * Print one with  printf("<" STR_FMT ">", STR_ARG(s))  so that the compiler still checks formats.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

/** A literal as a str, its length known to the compiler. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/** The same where a constant expression is needed (static initialisers). */
#define STR_INIT(literal)                       \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}
/** No text at all, as opposed to empty text; `n` is 0 in both. */
#define STR_NULL ((struct str){NULL, 0})

#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p


static inline struct str str_of(const char *c_string)
{
	return (struct str){c_string, c_string ? strlen(c_string) : 0};
}


static inline struct str str_range(const char *begin, const char *end)
{
	return (struct str){begin, (size_t)(end - begin)};
}


static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}


/** ASCII only: the protocols fold no other letters. */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/** Byte order, shorter first among equals; for sorted tables. */
int str_cmp(struct str a, struct str b);

/** Index of the first `c`, or -1. */
ptrdiff_t str_find(struct str s, char c);
/** Index of the last `c`, or -1. */
ptrdiff_t str_rfind(struct str s, char c);
/** Index of `needle`, or -1; an empty one is found at 0. */
ptrdiff_t str_find_str(struct str s, struct str needle);

/** `s` from byte `from` to its end; beyond the end gives an empty str. */
struct str str_from(struct str s, size_t from);
/** The first `n` bytes, or all. */
struct str str_upto(struct str s, size_t n);
/** Without the blanks (SP, HTAB, CR, LF) at both ends. */
struct str str_trim(struct str s);

/**
 * Cut `*rest` at the first `sep`: returns what stands before it, leaves what stands after it.
 * Without a `sep` returns all and leaves STR_NULL (rest->p == NULL), which ends a loop:
 *     for (struct str rest = list, item; rest.p;) { item = str_cut(&rest, ','); … }
 */
struct str str_cut(struct str *rest, char sep);

/** Decimal digits only, all of `s`; false on anything else, on empty text and on overflow. */
bool str_u32(struct str s, uint32_t *ret);
bool str_u64(struct str s, uint64_t *ret);
/** Hexadecimal digits only, all of `s`. */
bool str_hex_u64(struct str s, uint64_t *ret);

/** A copy that ends in NUL, from mem_alloc: release with mem_unref. NULL when out of memory. */
char *str_dup(struct str s);

#endif
