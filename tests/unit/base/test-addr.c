/* SPDX-License-Identifier: Apache-2.0 */
/* Network addresses. */
#include "base/addr.h"

#include <string.h>

#include "lib/unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))


static void test_decode(void)
{
	static const struct {
		const char *host;
		const char *text; /**< NULL: refused */
	} rows[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"2001:db8::1", "[2001:db8::1]"},
		{"[2001:DB8:0:0::0001]", "[2001:db8::1]"},
		{"::", "[::]"},
		{"::ffff:192.0.2.1", "[::ffff:192.0.2.1]"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]"},
		{"", NULL},
		{"192.0.2", NULL},
		{"192.0.2.256", NULL},
		{"192.0.2.01", NULL},
		{"192.0.2.1.", NULL},
		{"192.0.2.1 ", NULL},
		{" 192.0.2.1", NULL},
		{"0x7f.0.0.1", NULL},
		{"2130706433", NULL},
		{"[192.0.2.1]", NULL},
		{"[]", NULL},
		{"[", NULL},
		{"[::1", NULL},
		{"::1]", NULL},
		{"[[::1]]", NULL},
		{"[::1]:5060", NULL},
		{"fe80::1%eth0", NULL},
		{"[fe80::1%1]", NULL},
		{":::1", NULL},
		{"1:2:3:4:5:6:7:8:9", NULL},
		{"12345::", NULL},
		{"example.com", NULL},
		{"000000000000000000000000000000000000000000000000000000000000000001", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr a, untouched;
		char text[ADDR_TEXT_MAX];
		struct buf b;
		int err;

		unit_case("%s", rows[i].host);
		memset(&a, 0x5a, sizeof(a));
		memset(&untouched, 0x5a, sizeof(untouched));
		err = addr_decode(&a, str_of(rows[i].host), 5060);
		if (!rows[i].text) {
			assert_int_equal(err, -EINVAL);
			assert_memory_equal(&a, &untouched, sizeof(a));
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(addr_port(&a), 5060);
		buf_fixed(&b, text, sizeof(text));
		addr_encode_host(&a, &b);
		unit_buf_is(&b, rows[i].text);
	}
	assert_int_equal(addr_decode(&(struct addr){0}, (struct str){"1.2.3.4\0x", 9}, 1), -EINVAL);
	assert_int_equal(addr_decode(&(struct addr){0}, STR_NULL, 1), -EINVAL);
}


static void test_hostport(void)
{
	static const struct {
		const char *text, *again;
	} rows[] = {
		{"192.0.2.1:5060", "192.0.2.1:5060"},
		{"192.0.2.1:0", "192.0.2.1:0"},
		{"192.0.2.1:65535", "192.0.2.1:65535"},
		{"[2001:db8::1]:5060", "[2001:db8::1]:5060"},
		{"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
		 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
		{"192.0.2.1", NULL},
		{"192.0.2.1:", NULL},
		{"192.0.2.1:65536", NULL},
		{"192.0.2.1:000080", NULL},
		{"192.0.2.1:-1", NULL},
		{"192.0.2.1:5060x", NULL},
		{"192.0.2.1: 5060", NULL},
		{"192.0.2.1:4294967376", NULL},
		{"2001:db8::1:5060", NULL},
		{"::1", NULL},
		{"[::1]", NULL},
		{"[::1]5060", NULL},
		{"[::1]::5060", NULL},
		{":5060", NULL},
		{"[]:5060", NULL},
		{"", NULL},
		{":", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a;
		int err = addr_decode_hostport(&a, str_of(rows[i].text));

		unit_case("%s", rows[i].text);
		assert_int_equal(err, rows[i].again ? 0 : -EINVAL);
		if (!err)
			assert_string_equal(addr_text(&a, text), rows[i].again);
	}
}


static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, str_of(text)), 0);
	return a;
}


static void test_longest(void)
{
	/* The longest that inet_ntop writes is an IPv4-mapped one, or all groups of four. */
	struct addr a = addr_of("[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
	char text[ADDR_TEXT_MAX];

	assert_string_equal(addr_text(&a, text), "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}


static void test_equal(void)
{
	struct addr a = addr_of("192.0.2.1:5060"), other_port = addr_of("192.0.2.1:5061");
	struct addr other_host = addr_of("192.0.2.2:5060");
	struct addr a6 = addr_of("[2001:db8::1]:5060"), b6 = addr_of("[2001:db8::2]:5060");
	struct addr mapped = addr_of("[::ffff:192.0.2.1]:5060");
	struct addr copy;

	/* Padding does not count. */
	memset(&copy, 0xff, sizeof(copy));
	copy.in.sin_family = AF_INET;
	copy.in.sin_port = a.in.sin_port;
	copy.in.sin_addr = a.in.sin_addr;
	assert_true(addr_eq(&a, &copy));

	assert_true(addr_eq(&a6, &a6));
	assert_false(addr_eq(&a, &other_port));
	assert_true(addr_eq_host(&a, &other_port));
	assert_false(addr_eq_host(&a, &other_host));
	assert_false(addr_eq(&a, &other_host));
	assert_false(addr_eq(&a6, &b6));
	assert_false(addr_eq(&a, &mapped));
	assert_false(addr_eq_host(&a, &a6));
	addr_set_port(&a6, 7);
	assert_int_equal(addr_port(&a6), 7);
	assert_int_equal(addr_len(&a6), sizeof(struct sockaddr_in6));
	addr_set_port(&a, 8);
	assert_int_equal(addr_port(&a), 8);
	assert_int_equal(addr_len(&a), sizeof(struct sockaddr_in));
}


static void test_kinds(void)
{
	static const struct {
		const char *text;
		bool any, loopback;
	} rows[] = {
		{"0.0.0.0:5060", true, false},
		{"[::]:5060", true, false},
		{"127.0.0.1:1", false, true},
		{"127.255.0.9:1", false, true},
		{"[::1]:1", false, true},
		{"[::ffff:127.0.0.1]:1", false, true},
		{"[::ffff:126.0.0.1]:1", false, false},
		{"128.0.0.1:1", false, false},
		{"[::2]:1", false, false},
		{"0.0.0.1:1", false, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr a = addr_of(rows[i].text);

		unit_case("%s", rows[i].text);
		assert_int_equal(addr_is_any(&a), rows[i].any);
		assert_int_equal(addr_is_loopback(&a), rows[i].loopback);
	}
}


UNIT_MAIN(UNIT_TEST(test_decode), UNIT_TEST(test_hostport), UNIT_TEST(test_longest),
	  UNIT_TEST(test_equal), UNIT_TEST(test_kinds))
