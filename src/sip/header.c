/* SPDX-License-Identifier: Apache-2.0 */
/* Header field names by number: a perfect hash made from the list, then one comparison. */
#include "sip/header.h"

#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "sip/header_hash.h"
#include "sip/header_slots.h"

static const struct str names[SIP_HDR_COUNT] = {[SIP_HDR_OTHER] = STR_INIT(""),
#define X(id, name, compact) [SIP_HDR_##id] = STR_INIT(name),
						SIP_HEADERS(X)
#undef X
};


/*
 * Names are compared with bit 5 set in every byte, which folds letters. Of what a token may hold,
 * nothing else falls together with a letter or '-', and the names in the list have nothing else in
 * them.
 */
static bool same_name(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((a[i] | 0x20) != (b[i] | 0x20))
			return false;
	return true;
}


static enum sip_header_id compact(char letter)
{
	unsigned i = (unsigned)(uint8_t)(letter | 0x20) - 'a';

	return i < sizeof(header_compact) ? header_compact[i] : SIP_HDR_OTHER;
}


enum sip_header_id sip_header_decode(struct str name)
{
	unsigned id;

	if (name.n < 2)
		return name.n ? compact(name.p[0]) : SIP_HDR_OTHER;

	id = header_slot[header_hash(name.p, name.n, HEADER_MULTIPLIER)];
	return names[id].n == name.n && same_name(names[id].p, name.p, name.n) ? id : SIP_HDR_OTHER;
}


#ifdef __SSE2__
/* 32 bytes at `a` against 32 at `b` (letters in lower case already), the first `n` of them. */
static inline bool same_name32(const char *a, const char *b, unsigned n)
{
	const __m128i fold = _mm_set1_epi8(0x20);
	const __m128i *x = (const void *)a, *y = (const void *)b;
	unsigned low = (unsigned)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_or_si128(_mm_loadu_si128(x), fold), _mm_loadu_si128(y)));
	unsigned high = (unsigned)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_or_si128(_mm_loadu_si128(x + 1), fold), _mm_loadu_si128(y + 1)));

	return !(~(low | high << 16) & ((1u << n) - 1));
}


enum sip_header_id sip_header_decode_at(const char *p, const char *end, size_t n)
{
	unsigned id;

	/* The length decides no branch here: names in a message are long and short at random, and a
	 * branch guessed wrong costs more than the comparison. */
	if (n < 2 || n > HEADER_NAME_MAX || end - p < 32)
		return sip_header_decode((struct str){p, n});

	id = header_slot[header_hash(p, n, HEADER_MULTIPLIER)];
	return header_lower[id].n == n && same_name32(p, header_lower[id].p, (unsigned)n)
		       ? id
		       : SIP_HDR_OTHER;
}
#else
enum sip_header_id sip_header_decode_at(const char *p, const char *end, size_t n)
{
	(void)end;
	return sip_header_decode((struct str){p, n});
}
#endif


struct str sip_header_name(enum sip_header_id id)
{
	return (unsigned)id < SIP_HDR_COUNT ? names[id] : STR("");
}
