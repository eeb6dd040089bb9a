/* SPDX-License-Identifier: Apache-2.0 */
/* Character classes; the scan for line ends, sixteen bytes at a time where the processor can. */
#include "sip/chars.h"

#ifdef __SSE2__
#include <emmintrin.h>
#include <tmmintrin.h>
#endif

#define T SIP_CHAR_TOKEN
#define W SIP_CHAR_WORD
#define N SIP_CHAR_UNRESERVED
#define U SIP_CHAR_USER
#define R SIP_CHAR_URI
#define H SIP_CHAR_HOST
#define P SIP_CHAR_PARAM
#define B SIP_CHAR_BLANK

#define ALNUM (T | W | N | U | R | H | P)

const uint8_t sip_char_class[256] = {
	['\t'] = B,
	['\n'] = B,
	['\r'] = B,
	[' '] = B,
	['0' ... '9'] = ALNUM,
	['A' ... 'Z'] = ALNUM,
	['a' ... 'z'] = ALNUM,
	['-'] = T | W | N | U | R | H | P,
	['.'] = T | W | N | U | R | H | P,
	['_'] = T | W | N | U | R | H | P,
	['!'] = T | W | N | U | R | P,
	['~'] = T | W | N | U | R | P,
	['*'] = T | W | N | U | R | P,
	['\''] = T | W | N | U | R | P,
	['%'] = T | W | R | P,
	['+'] = T | W | U | R | P,
	['`'] = T | W | P,
	['('] = W | N | U | R | P,
	[')'] = W | N | U | R | P,
	['&'] = U | R | P,
	['='] = U | R | P,
	['$'] = U | R | P,
	[','] = U | R,
	[';'] = U | R,
	['?'] = W | U | R | P,
	['/'] = W | U | R | P,
	[':'] = W | R | P,
	['['] = W | R | P,
	[']'] = W | R | P,
	['@'] = R | P,
	['#'] = R | P,
	['<'] = W,
	['>'] = W,
	['"'] = W,
	['\\'] = W | P,
	['{'] = W | P,
	['}'] = W | P,
	['^'] = P,
	['|'] = P,
	[0x80 ... 0xff] = P,
};


static const char *span_bytes(const char *p, const char *end, unsigned classes)
{
	while (p < end && sip_char_is(*p, classes))
		p++;
	return p;
}


#ifdef __SSE2__
/*
 * The same table turned on its side, for the first 128 characters: a class's bytes by the low half of the
 * character, in each a bit for every value of the high half. The unit test compares the two.
 */
static const uint8_t class_columns[8][16] = {
	{0xe8, 0xfc, 0xf8, 0xf8, 0xf8, 0xfc, 0xf8, 0xfc, 0xf8, 0xf8, 0xf4, 0x54, 0x50, 0x54, 0xd4,
	 0x70},
	{0xe8, 0xfc, 0xfc, 0xf8, 0xf8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xf4, 0x78, 0xf4, 0xdc,
	 0x7c},
	{0xa8, 0xfc, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xfc, 0xfc, 0xfc, 0xf4, 0x50, 0x50, 0x54, 0xd4,
	 0x70},
	{0xa8, 0xfc, 0xf8, 0xf8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xf4, 0x5c, 0x54, 0x5c, 0xd4,
	 0x7c},
	{0xb8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0x7c, 0x54, 0x7c, 0xd4,
	 0x7c},
	{0xa8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf0, 0x50, 0x50, 0x54, 0x54,
	 0x70},
	{0xf8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xf4, 0xf0, 0xfc, 0xf4,
	 0x7c},
	{0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01, 0x00,
	 0x00},
};


static __m128i columns_of(unsigned classes)
{
	__m128i r = _mm_setzero_si128();

	for (; classes; classes &= classes - 1)
		r = _mm_or_si128(r, _mm_loadu_si128((const __m128i *)(const void *)
							    class_columns[__builtin_ctz(classes)]));
	return r;
}


/* Sixteen at a time: what is outside, or beyond the 128, is looked at by itself. */
__attribute__((target("ssse3"))) static const char *span_wide(const char *p, const char *end,
							      unsigned classes)
{
	const __m128i columns = columns_of(classes), low = _mm_set1_epi8(15);
	const __m128i bits = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0,
					   0);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i column = _mm_shuffle_epi8(columns, _mm_and_si128(v, low));
		__m128i bit = _mm_shuffle_epi8(bits, _mm_and_si128(_mm_srli_epi16(v, 4), low));
		unsigned outside = (unsigned)_mm_movemask_epi8(
			_mm_cmpeq_epi8(_mm_and_si128(column, bit), _mm_setzero_si128()));

		if (!outside) {
			p += 16;
			continue;
		}
		p += __builtin_ctz(outside);
		if (!sip_char_is(*p, classes))
			return p;
		p++;
	}
	return span_bytes(p, end, classes);
}
#endif


const char *sip_span(const char *p, const char *end, unsigned classes)
{
#ifdef __SSE2__
	if (end - p >= 16 && __builtin_cpu_supports("ssse3"))
		return span_wide(p, end, classes);
#endif
	return span_bytes(p, end, classes);
}


bool sip_all_chars(struct str s, unsigned classes)
{
	return s.n && sip_span(s.p, s.p + s.n, classes) == s.p + s.n;
}


#ifdef __SSE2__
/* A bit for each of the sixteen bytes at `p` that is `a` or `b`. */
static inline uint64_t either16(const char *p, char a, char b)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);

	return (uint64_t)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(a)),
							_mm_cmpeq_epi8(v, _mm_set1_epi8(b))));
}
#endif


const char *sip_line_end(const char *p, const char *end)
{
#ifdef __SSE2__
	/* Most lines are shorter than 64 bytes: one round without a branch to guess. */
	for (; end - p >= 64; p += 64) {
		uint64_t hit = either16(p, '\r', '\n') | either16(p + 16, '\r', '\n') << 16 |
			       either16(p + 32, '\r', '\n') << 32 |
			       either16(p + 48, '\r', '\n') << 48;

		if (hit)
			return p + __builtin_ctzll(hit);
	}
	for (; end - p >= 16; p += 16) {
		uint64_t hit = either16(p, '\r', '\n');

		if (hit)
			return p + __builtin_ctzll(hit);
	}
#endif
	while (p < end && *p != '\r' && *p != '\n')
		p++;
	return p;
}


const char *sip_colon_near(const char *p, const char *end)
{
#ifdef __SSE2__
	if (end - p >= 32) {
		uint64_t hit = either16(p, ':', ':') | either16(p + 16, ':', ':') << 16;

		return hit ? p + __builtin_ctzll(hit) : NULL;
	}
#endif
	return memchr(p, ':', (size_t)(end - p < 32 ? end - p : 32));
}
