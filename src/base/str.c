/* SPDX-License-Identifier: Apache-2.0 */
/* Text by value: comparing, finding, cutting, reading numbers. */
#include "base/str.h"

#include "base/mem.h"


static inline unsigned char fold(unsigned char c)
{
	return (unsigned)c - 'A' < 26 ? c | 0x20 : c;
}


static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* Of the same eight bytes nothing need be folded, and what is compared is mostly the same to the bit. */
static inline bool eq8_nocase(const char *a, const char *b)
{
	if (memcmp(a, b, 8) == 0)
		return true;
	for (size_t i = 0; i < 8; i++)
		if (fold((unsigned char)a[i]) != fold((unsigned char)b[i]))
			return false;
	return true;
}


static bool eq_nocase(const char *a, const char *b, size_t n)
{
	if (n < 8) {
		for (size_t i = 0; i < n; i++)
			if (fold((unsigned char)a[i]) != fold((unsigned char)b[i]))
				return false;
		return true;
	}
	for (size_t i = 0; i + 8 < n; i += 8)
		if (!eq8_nocase(a + i, b + i))
			return false;
	/* The last eight: some of them may have been compared before. */
	return eq8_nocase(a + n - 8, b + n - 8);
}


bool str_eq_nocase(struct str a, struct str b)
{
	return a.n == b.n && eq_nocase(a.p, b.p, a.n);
}


bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}


bool str_starts_nocase(struct str s, struct str prefix)
{
	return s.n >= prefix.n && eq_nocase(s.p, prefix.p, prefix.n);
}


bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}


int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order)
		return order < 0 ? -1 : 1;
	return (a.n > b.n) - (a.n < b.n);
}


ptrdiff_t str_find(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}


ptrdiff_t str_rfind(struct str s, char c)
{
	const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}


ptrdiff_t str_find_str(struct str s, struct str needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return -1;
	at = memmem(s.p, s.n, needle.p, needle.n);
	return at ? at - s.p : -1;
}


struct str str_from(struct str s, size_t from)
{
	if (!s.p)
		return s;
	if (from > s.n)
		from = s.n;
	return (struct str){s.p + from, s.n - from};
}


struct str str_upto(struct str s, size_t n)
{
	return (struct str){s.p, n < s.n ? n : s.n};
}


struct str str_trim(struct str s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}


struct str str_cut(struct str *rest, char sep)
{
	struct str head = *rest;
	ptrdiff_t at = str_find(head, sep);

	if (at < 0) {
		*rest = STR_NULL;
		return head;
	}
	*rest = str_from(head, (size_t)at + 1);
	return str_upto(head, (size_t)at);
}


bool str_u64(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (digit > 9)
			return false;
		if (v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}


bool str_u32(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (!str_u64(s, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}


bool str_hex_u64(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = fold((unsigned char)s.p[i]);
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else
			return false;
		if (v >> 60)
			return false;
		v = v << 4 | digit;
	}
	*ret = v;
	return true;
}


char *str_dup(struct str s)
{
	char *copy;

	if (s.n == SIZE_MAX)
		return NULL;
	copy = mem_alloc(s.n + 1, NULL);
	if (copy && s.n)
		memcpy(copy, s.p, s.n);
	return copy;
}
