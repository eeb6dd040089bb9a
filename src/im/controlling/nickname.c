/* SPDX-License-Identifier: Apache-2.0 */
/* Nicknames: prepared and compared. */
#include "im/controlling/nickname.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


/* ---- UTF-8 (RFC 3629) ---- */

/* The next character of `*rest`; false: no such thing. */
static bool take_char(struct str *rest, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)rest->p;
	unsigned more = p[0] < 0x80   ? 0
			: p[0] < 0xc2 ? 9
			: p[0] < 0xe0 ? 1
			: p[0] < 0xf0 ? 2
			: p[0] < 0xf5 ? 3
				      : 9;
	uint32_t c = more ? p[0] & (0x3fu >> more) : p[0];

	if (more == 9 || more >= rest->n)
		return false;
	for (unsigned i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	*rest = str_from(*rest, 1 + more);
	*ret = c;
	return true;
}


static void put_char(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(out, (char)(0x80 | (c & 0x3f)));
}


/* ---- Characters ---- */

struct range {
	uint32_t first, last;
};


static bool within(const struct range *r, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= r[i].first && c <= r[i].last)
			return true;
	}
	return false;
}


/* RFC 7700 2.1, additional mapping: "any instances of non-ASCII space MUST be mapped to ASCII space (U+0020)". */
static bool is_space(uint32_t c)
{
	static const struct range spaces[] = {{0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680},
					      {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f},
					      {0x3000, 0x3000}};

	return within(spaces, sizeof(spaces) / sizeof(spaces[0]), c);
}


/* Controls, what cannot be seen, what turns the direction of writing, private use, no characters at all. */
static bool is_forbidden(uint32_t c)
{
	static const struct range bad[] = {
		{0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},
		{0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},
		{0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff0, 0xffff}, {0x1bca0, 0x1bca3}, {0xe0000, 0x10ffff},
	};

	return within(bad, sizeof(bad) / sizeof(bad[0]), c) || (c & 0xfffe) == 0xfffe;
}


/* Alphabets whose capitals stand a fixed way before their small letters. */
static const struct {
	struct range capitals;
	int32_t to_small;
} shifted[] = {
	{{'A', 'Z'}, 32},         {{0xc0, 0xd6}, 32},     {{0xd8, 0xde}, 32},
	{{0x388, 0x38a}, 37},     {{0x391, 0x3a1}, 32},   {{0x3a3, 0x3ab}, 32},
	{{0x400, 0x40f}, 80},     {{0x410, 0x42f}, 32},   {{0x531, 0x556}, 48},
	{{0x10a0, 0x10c5}, 7264}, {{0x2160, 0x216f}, 16}, {{0x24b6, 0x24cf}, 26},
};

/* Alphabets in pairs: capital, small. `odd`: the capitals are the odd ones. */
static const struct {
	struct range pairs;
	bool odd;
} paired[] = {
	{{0x100, 0x12f}, false},   {{0x132, 0x137}, false},   {{0x139, 0x148}, true},
	{{0x14a, 0x177}, false},   {{0x179, 0x17e}, true},    {{0x1cd, 0x1dc}, true},
	{{0x1de, 0x1ef}, false},   {{0x1f8, 0x21f}, false},   {{0x222, 0x233}, false},
	{{0x370, 0x373}, false},   {{0x3d8, 0x3ef}, false},   {{0x460, 0x481}, false},
	{{0x48a, 0x4bf}, false},   {{0x4c1, 0x4ce}, true},    {{0x4d0, 0x52f}, false},
	{{0x1e00, 0x1e95}, false}, {{0x1ea0, 0x1eff}, false},
};


static uint32_t fold(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e) /* full-width: compatibility forms of ASCII */
		c -= 0xfee0;
	if (c == 0x3c2) /* final sigma */
		return 0x3c3;
	if (c == 0x178)
		return 0xff;
	for (size_t i = 0; i < sizeof(shifted) / sizeof(shifted[0]); i++) {
		if (c >= shifted[i].capitals.first && c <= shifted[i].capitals.last)
			return (uint32_t)((int32_t)c + shifted[i].to_small);
	}
	for (size_t i = 0; i < sizeof(paired) / sizeof(paired[0]); i++) {
		if (c >= paired[i].pairs.first && c <= paired[i].pairs.last)
			return (c & 1) == paired[i].odd ? c + 1 : c;
	}
	return c;
}


int nickname_prepare(struct str name, struct buf *shown, struct buf *key)
{
	bool space = false, any = false;
	uint32_t c;

	if (name.n > NICKNAME_MAX)
		return -EBADMSG;
	while (name.n) {
		if (!take_char(&name, &c) || is_forbidden(c))
			return -EBADMSG;
		if (is_space(c)) {
			space = any;
			continue;
		}
		for (int i = 0; i < 2; i++) {
			struct buf *out = i ? key : shown;

			if (out && space)
				buf_putc(out, ' ');
			if (out)
				put_char(out, i ? fold(c) : c);
		}
		space = false;
		any = true;
	}
	return any ? 0 : -EBADMSG;
}
