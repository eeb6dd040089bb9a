/* SPDX-License-Identifier: Apache-2.0 */
/** Character classes of RFC 4975 9 and RFC 3986 2, one table look-up each; for the codecs here. */
#ifndef MSRP_CHARS_H
#define MSRP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
	MSRP_CHAR_IDENT = 1 << 0, /**< ALPHANUM . - + % = */
	MSRP_CHAR_TOKEN = 1 << 1,
	MSRP_CHAR_UNRESERVED = 1 << 2, /**< RFC 3986: ALPHANUM - . _ ~ */
	/** RFC 3986 userinfo and reg-name: unreserved, sub-delims; ':' '%' are looked at apart. */
	MSRP_CHAR_HOST = 1 << 3,
	/** unreserved + = /; wider: all that RFC 3986 allows in a path segment but ';' and '@'. */
	MSRP_CHAR_SESSION = 1 << 4,
	MSRP_CHAR_ALPHANUM = 1 << 5,
	MSRP_CHAR_UPALPHA = 1 << 6,
	MSRP_CHAR_DIGIT = 1 << 7,
};

extern const uint8_t msrp_char_class[256];


static inline bool msrp_char_is(char c, unsigned classes)
{
	return (msrp_char_class[(uint8_t)c] & classes) != 0;
}


/** First byte in [p, end) outside `classes`, or end. */
static inline const char *msrp_span(const char *p, const char *end, unsigned classes)
{
	while (p < end && msrp_char_is(*p, classes))
		p++;
	return p;
}

#endif
