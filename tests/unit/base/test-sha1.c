/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1: the examples of FIPS 180. */
#include "base/sha1.h"

#include "lib/unit.h"

#include "base/buf.h"
#include "base/mem.h"


static void test_examples(void)
{
	static const struct {
		const char *text, *hex;
	} rows[] = {
		{"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t piece = 1; piece < 64; piece += 31) {
			struct buf b = BUF_INIT(64);
			uint8_t digest[SHA1_SIZE];
			struct sha1 *h;

			unit_case("%s by %zu", rows[i].text, piece);
			unit_ok(sha1_alloc(&h));
			for (struct str rest = str_of(rows[i].text); rest.n;
			     rest = str_from(rest, piece))
				sha1_put(h, rest.p, str_upto(rest, piece).n);
			sha1_finish(h, digest);
			mem_unref(h);
			for (size_t n = 0; n < sizeof(digest); n++)
				buf_puthex(&b, digest[n], 2);
			unit_must(!b.failed);
			unit_str(buf_str(&b), rows[i].hex);
			buf_done(&b);
		}
	}
}


UNIT_MAIN(UNIT_TEST(test_examples))
