/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Character classes of RFC 3261 25.1, one table look-up each; and the search for a line end.
 *
 * Where the document is narrower than what is sent in practice and nothing depends on the
 * difference, the class is the wider one, and says so.
 */
#ifndef SIP_CHARS_H
#define SIP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
	SIP_CHAR_TOKEN = 1 << 0,      /**< alphanum - . ! % * _ + ` ' ~ */
	SIP_CHAR_WORD = 1 << 1,       /**< token and ( ) < > : \ " / [ ] ? { } */
	SIP_CHAR_UNRESERVED = 1 << 2, /**< alphanum - _ . ! ~ * ' ( ) */
	SIP_CHAR_USER = 1 << 3,       /**< unreserved and & = + $ , ; ? / */
	SIP_CHAR_URI =
		1 << 4, /**< may stand somewhere in a URI, '%' included; '#' too (dialled codes) */
	SIP_CHAR_HOST = 1 << 5, /**< alphanum . - and '_' (seen in names of private networks) */
	SIP_CHAR_PARAM =
		1 << 6, /**< in an unquoted parameter value; wider: all but blanks ; , " < > */
	SIP_CHAR_BLANK = 1 << 7, /**< SP HTAB CR LF: what LWS is made of once a line was unfolded */
};

extern const uint8_t sip_char_class[256];


static inline bool sip_char_is(char c, unsigned classes)
{
	return (sip_char_class[(uint8_t)c] & classes) != 0;
}


/** Just after the last byte; NULL for no text at all (NULL + 0 is not C). */
static inline const char *sip_end(struct str s)
{
	return s.n ? s.p + s.n : s.p;
}


static inline const char *sip_skip_blanks(const char *p, const char *end)
{
	while (p < end && sip_char_is(*p, SIP_CHAR_BLANK))
		p++;
	return p;
}


/** `s` is this literal, any case; quick when it is so to the letter, or of another length. */
#define SIP_IS(s, literal) sip_is((s), literal, sizeof(literal) - 1)


static inline bool sip_is(struct str s, const char *word, size_t n)
{
	return s.n == n && (memcmp(s.p, word, n) == 0 || str_eq_nocase(s, (struct str){word, n}));
}


/** Value of a hexadecimal digit, -1 for anything else. */
static inline int sip_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}


/** First byte in [p, end) outside `classes`, or end. */
const char *sip_span(const char *p, const char *end, unsigned classes);
/** Non-empty and all of these classes. */
bool sip_all_chars(struct str s, unsigned classes);
/** First CR or LF in [p, end), or end. */
const char *sip_line_end(const char *p, const char *end);
/** First ':' in the next 32 bytes, or NULL. */
const char *sip_colon_near(const char *p, const char *end);

#endif
