/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/host.h"

#include "lib/unit.h"

static const struct {
	const char *text;
	int used; /**< -1: none */
	const char *host;
} hosts[] = {
	{"example.com", 11, "example.com"},
	{"example.com:5060", 11, "example.com"},
	{"192.0.2.1;x", 9, "192.0.2.1"},
	{"a_b.example", 11, "a_b.example"},
	{"[2001:db8::1]:5060", 13, "2001:db8::1"},
	{"[::ffff:192.0.2.1]", 18, "::ffff:192.0.2.1"},
	{"[2001:db8:::192.0.2.1]", 22, "2001:db8:::192.0.2.1"},
	{"[::]", 4, "::"},
	{"", -1, NULL},
	{":5060", -1, NULL},
	{"[]", -1, NULL},
	{"[", -1, NULL},
	{"[2001:db8::1", -1, NULL},
	{"[192.0.2.1]", -1, NULL},
	{"[2001:db8::g]", -1, NULL},
	{"[1:2:3:4:5:6:7:8:9]", -1, NULL},
	{"[fe80::1%25eth0]", -1, NULL},
	{"[2001:db8::1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]", -1, NULL},
	{" example.com", -1, NULL},
};


static void test_hosts(void)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct str s = str_of(hosts[i].text), host;
		const char *end = sip_host_end(s.p, s.p + s.n, &host);

		unit_case("%s", hosts[i].text);
		if (hosts[i].used < 0) {
			assert_null(end);
			continue;
		}
		assert_ptr_equal(end, s.p + hosts[i].used);
		unit_str(host, hosts[i].host);
	}
}


static void test_long_host(void)
{
	char text[SIP_HOST_MAX + 2];
	struct str host;

	memset(text, 'a', sizeof(text));
	assert_ptr_equal(sip_host_end(text, text + SIP_HOST_MAX, &host), text + SIP_HOST_MAX);
	assert_null(sip_host_end(text, text + SIP_HOST_MAX + 1, &host));
}


static void test_ports(void)
{
	static const struct {
		const char *text;
		int port; /**< 0: none */
	} rows[] = {
		{"1", 1},
		{"5060", 5060},
		{"65535", 65535},
		{"05060", 5060},
		{"000000000000000005061", 5061},
		{"0", 0},
		{"65536", 0},
		{"99999999999999999999", 0},
		{"", 0},
		{"x", 0},
		{"5060x", 0},
		{"-1", 0},
		{" 5060", 0},
		{"+5060", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint16_t port = 0;

		unit_case("%s", rows[i].text);
		assert_int_equal(sip_port_decode(str_of(rows[i].text), &port), rows[i].port != 0);
		if (rows[i].port)
			assert_int_equal(port, rows[i].port);
	}
}


UNIT_MAIN(UNIT_TEST(test_hosts), UNIT_TEST(test_long_host), UNIT_TEST(test_ports))
