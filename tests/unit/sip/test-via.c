/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/via.h"

#include "lib/unit.h"

static const struct {
	const char *text;
	enum sip_transport_kind transport;
	const char *sent_by, *host;
	uint16_t port;
	const char *branch, *received, *maddr;
	bool rport;
	uint16_t rport_value;
	uint8_t ttl;
} good[] = {
	{"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", SIP_UDP, "192.0.2.1:5060", "192.0.2.1", 5060,
	 "z9hG4bK1", NULL, NULL, false, 0, 0},
	{"SIP/2.0/TCP host", SIP_TCP, "host", "host", 0, NULL, NULL, NULL, false, 0, 0},
	{"sip/2.0/tls host;BRANCH=x", SIP_TLS, "host", "host", 0, "x", NULL, NULL, false, 0, 0},
	{"SIP/2.0/SCTP host", SIP_TRANSPORT_OTHER, "host", "host", 0, NULL, NULL, NULL, false, 0,
	 0},
	{"SIP/2.0/WSS df7jal23ls0d.invalid;rport", SIP_TRANSPORT_OTHER, "df7jal23ls0d.invalid",
	 "df7jal23ls0d.invalid", 0, NULL, NULL, NULL, true, 0, 0},
	{"SIP/7.0/UDP host", SIP_UDP, "host", "host", 0, NULL, NULL, NULL, false, 0, 0},
	{"SIP / 2.0 / UDP  first.example.com : 4000 ; ttl=16 ;maddr=224.2.0.1 "
	 ";branch=z9hG4bKa7c6a8dlze.1",
	 SIP_UDP, "first.example.com : 4000", "first.example.com", 4000, "z9hG4bKa7c6a8dlze.1",
	 NULL, "224.2.0.1", false, 0, 16},
	{"SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255];branch=b", SIP_UDP,
	 "[2001:db8::9:1]:6050", "2001:db8::9:1", 6050, "b", "2001:db8::9:255", NULL, false, 0, 0},
	{"SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255", SIP_UDP, "[2001:db8::9:1]",
	 "2001:db8::9:1", 0, NULL, "2001:db8::9:255", NULL, false, 0, 0},
	{"SIP/2.0/UDP 10.1.1.1:4540;received=192.0.2.1;rport=9988;branch=z9hG4bKkjshdyff", SIP_UDP,
	 "10.1.1.1:4540", "10.1.1.1", 4540, "z9hG4bKkjshdyff", "192.0.2.1", NULL, true, 9988, 0},
	{"SIP/2.0/UDP\r\n host\r\n ;\r\n branch\r\n =\r\n z9hG4bK2", SIP_UDP, "host", "host", 0,
	 "z9hG4bK2", NULL, NULL, false, 0, 0},
	{"SIP/2.0/UDP h;x=\"a,b;c\";alias;keep=30;branch=z", SIP_UDP, "h", "h", 0, "z", NULL, NULL,
	 false, 0, 0},
	{"  SIP/2.0/UDP h  ", SIP_UDP, "h", "h", 0, NULL, NULL, NULL, false, 0, 0},
};

static const char *const bad[] = {
	"",
	" ",
	"SIP",
	"SIP/2.0",
	"SIP/2.0/UDP",
	"SIP/2.0/UDP ",
	"SIP/2.0/ host",
	"/2.0/UDP host",
	"SIP/2.0/UDPhost",
	"SIP/2.0/UDP ;branch=x",
	"SIP/2.0/UDP host:",
	"SIP/2.0/UDP host:x",
	"SIP/2.0/UDP host:65536",
	"SIP/2.0/UDP host:0",
	"SIP/2.0/UDP [::1",
	"SIP/2.0/UDP [zz]",
	"SIP/2.0/UDP host;",
	"SIP/2.0/UDP host;;branch=x",
	"SIP/2.0/UDP host;branch=",
	"SIP/2.0/UDP host;branch=\"q\"",
	"SIP/2.0/UDP host;branch",
	"SIP/2.0/UDP host;ttl=256",
	"SIP/2.0/UDP host;ttl",
	"SIP/2.0/UDP host;rport=0",
	"SIP/2.0/UDP host;rport=70000",
	"SIP/2.0/UDP host;received=",
	"SIP/2.0/UDP host;received",
	"SIP/2.0/UDP host;received=[]",
	"SIP/2.0/UDP host;maddr",
	"SIP/2.0/UDP host other",
	"SIP/2.0/UDP host, SIP/2.0/UDP other",
	"SIP/2.0/UDP host;x=\"open",
	"SIP/2.0/UDP host/x",
	"SIP/2.0 UDP host",
};


static void is(struct str s, const char *want)
{
	if (want)
		unit_str(s, want);
	else
		assert_null(s.p);
}


static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sip_via v;

		unit_case("%s", good[i].text);
		assert_int_equal(sip_via_decode(&v, str_of(good[i].text)), 0);
		assert_int_equal(v.transport, good[i].transport);
		is(v.sent_by, good[i].sent_by);
		is(v.host, good[i].host);
		assert_int_equal(v.port, good[i].port);
		is(v.branch, good[i].branch);
		is(v.received, good[i].received);
		is(v.maddr, good[i].maddr);
		assert_int_equal(v.rport, good[i].rport);
		assert_int_equal(v.rport_value, good[i].rport_value);
		assert_int_equal(v.ttl, good[i].ttl);
		assert_true(str_eq(v.value, str_trim(str_of(good[i].text))));
	}
}


static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_via v = {.port = 7};

		unit_case("%s", bad[i]);
		assert_int_equal(sip_via_decode(&v, str_of(bad[i])), -EBADMSG);
		assert_int_equal(v.port, 7);
	}
	assert_int_equal(sip_via_decode(&(struct sip_via){0}, STR_NULL), -EBADMSG);
}


static void test_first(void)
{
	static const struct {
		const char *text;
		int result;
		const char *value;
		int used;
	} rows[] = {
		{"SIP/2.0/UDP a;branch=x, SIP/2.0/UDP b", 0, "SIP/2.0/UDP a;branch=x", 22},
		{"SIP/2.0/UDP a , SIP/2.0/UDP b", 0, "SIP/2.0/UDP a", 14},
		{"SIP/2.0/UDP a", 0, "SIP/2.0/UDP a", 13},
		{"SIP/2.0/UDP a;x=\"1,2\" ,", 0, "SIP/2.0/UDP a;x=\"1,2\"", 22},
		{"SIP/2.0/UDP 192.0.2.15;;,;,,", -EPROTO, "SIP/2.0/UDP 192.0.2.15", -1},
		{"SIP/2.0/UDP a;branch=x;ttl=999", -EPROTO, "SIP/2.0/UDP a;branch=x", -1},
		{"SIP/2.0/UDP a;,SIP/2.0/UDP b", -EPROTO, "SIP/2.0/UDP a", -1},
		{"SIP/2.0/UDP a;branch=x;,SIP/2.0/UDP b", -EPROTO, "SIP/2.0/UDP a", -1},
		{"SIP/2.0/UDP a b", -EPROTO, "SIP/2.0/UDP a", -1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_via v;
		size_t used = 0;

		unit_case("%s", rows[i].text);
		assert_int_equal(sip_via_decode_first(&v, str_of(rows[i].text), &used),
				 rows[i].result);
		unit_str(v.value, rows[i].value);
		if (rows[i].used >= 0)
			assert_int_equal(used, rows[i].used);
	}
}


static void test_cookie(void)
{
	struct sip_via v = {0};

	assert_false(sip_via_is_3261(&v));
	v.branch = STR("z9hG4bK");
	assert_false(sip_via_is_3261(&v));
	v.branch = STR("z9hG4bKx");
	assert_true(sip_via_is_3261(&v));
	v.branch = STR("Z9HG4BKx");
	assert_true(sip_via_is_3261(&v));
	v.branch = STR("390skdjuw");
	assert_false(sip_via_is_3261(&v));
}


static void test_names(void)
{
	unit_str(sip_transport_name(SIP_UDP), "UDP");
	unit_str(sip_transport_name(SIP_TCP), "TCP");
	unit_str(sip_transport_name(SIP_TLS), "TLS");
	unit_str(sip_transport_name(SIP_TRANSPORT_OTHER), "");
	unit_str(sip_transport_param(SIP_UDP), "udp");
	unit_str(sip_transport_param(SIP_TCP), "tcp");
	unit_str(sip_transport_param(SIP_TLS), "tls");
	unit_str(sip_transport_param(SIP_TRANSPORT_OTHER), "");
}


UNIT_MAIN(UNIT_TEST(test_good), UNIT_TEST(test_bad), UNIT_TEST(test_first), UNIT_TEST(test_cookie),
	  UNIT_TEST(test_names))
