/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/header.h"

#include "lib/unit.h"

static const struct {
	enum sip_header_id id;
	const char *name;
	char compact;
} list[] = {
#define X(id, name, compact) {SIP_HDR_##id, name, compact},
	SIP_HEADERS(X)
#undef X
};

#define COUNT (sizeof(list) / sizeof(list[0]))


/* Both look-ups, the second with 32 readable bytes and, at the end of the text, with fewer. */
static enum sip_header_id find(const char *name, size_t n)
{
	char text[96] = {0};
	enum sip_header_id id = sip_header_decode((struct str){name, n});

	memcpy(text, name, n);
	memcpy(text + n, ": value that goes on for a while, longer than 32", 48);
	assert_int_equal(sip_header_decode_at(text, text + n + 48, n), id);
	assert_int_equal(sip_header_decode_at(name, name + n, n), id);
	return id;
}


static void test_every_name(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		char text[64];
		size_t n = strlen(list[i].name);

		unit_case("%s", list[i].name);
		assert_int_equal(find(list[i].name, n), list[i].id);
		unit_str(sip_header_name(list[i].id), list[i].name);

		for (size_t k = 0; k <= n; k++)
			text[k] = list[i].name[k] >= 'a' && list[i].name[k] <= 'z'
					  ? list[i].name[k] & ~0x20
					  : list[i].name[k];
		assert_int_equal(find(text, n), list[i].id);
		for (size_t k = 0; k < n; k++)
			text[k] = list[i].name[k] >= 'A' && list[i].name[k] <= 'Z'
					  ? list[i].name[k] | 0x20
					  : list[i].name[k];
		assert_int_equal(find(text, n), list[i].id);
	}
}


static void test_compact_forms(void)
{
	for (int c = 'a'; c <= 'z'; c++) {
		enum sip_header_id want = SIP_HDR_OTHER;

		for (size_t i = 0; i < COUNT; i++)
			if (list[i].compact == c)
				want = list[i].id;
		assert_int_equal(find(&(char){(char)c}, 1), want);
		assert_int_equal(find(&(char){(char)(c & ~0x20)}, 1), want);
	}
	for (int c = 0; c < 256; c++)
		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			assert_int_equal(find(&(char){(char)c}, 1), SIP_HDR_OTHER);
}


/* One letter changed for another, cut off or added: unknown, unless it is another name. */
static void test_neighbours(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		size_t n = strlen(list[i].name);
		char text[64];

		unit_case("%s", list[i].name);
		for (size_t k = 0; k < n; k++) {
			memcpy(text, list[i].name, n + 1);
			text[k] = text[k] == 'z' ? 'q' : 'z';
			assert_int_equal(find(text, n), SIP_HDR_OTHER);
		}
		memcpy(text, list[i].name, n);
		text[n] = 'z';
		assert_int_equal(find(text, n + 1), SIP_HDR_OTHER);
		if (n > 2)
			assert_int_not_equal(find(list[i].name, n - 1), list[i].id);
	}
}


static void test_odd(void)
{
	assert_int_equal(sip_header_decode(STR("")), SIP_HDR_OTHER);
	assert_int_equal(sip_header_decode(STR("C%6Fntact")), SIP_HDR_OTHER);
	assert_int_equal(sip_header_decode(STR("Content_Length")), SIP_HDR_OTHER);
	assert_int_equal(find("A-very-long-name-that-nobody-has-ever-heard-of", 46), SIP_HDR_OTHER);
	unit_str(sip_header_name(SIP_HDR_OTHER), "");
	unit_str(sip_header_name(SIP_HDR_COUNT), "");
}


UNIT_MAIN(UNIT_TEST(test_every_name), UNIT_TEST(test_compact_forms), UNIT_TEST(test_neighbours),
	  UNIT_TEST(test_odd))
