/* SPDX-License-Identifier: Apache-2.0 */
/* Where a device is reached: by its contact, or where it came from. */
#include "core/source_route.h"

#include "world.h"

static const struct {
	enum sip_transport_kind kind;
	const char *source, *via, *contact;
	bool wanted;
} rows[] = {
	/* On the same network. */
	{SIP_UDP, "192.0.2.1:5060", "192.0.2.1:5060;rport", "sip:a@192.0.2.1", false},
	{SIP_UDP, "192.0.2.1:5060", "192.0.2.1:5060;rport", "sip:a@192.0.2.1:5070", false},
	{SIP_UDP, "127.0.0.1:5062", "127.0.0.1:5062;rport", "sip:a@127.0.0.1:5062", false},
	/* Behind NAT. */
	{SIP_UDP, "198.51.100.9:30000", "10.0.0.5:5060;rport", "sip:a@10.0.0.5", true},
	{SIP_UDP, "198.51.100.9:30000", "10.0.0.5:5060", "sip:a@10.0.0.5", false},
	{SIP_UDP, "198.51.100.9:30000", "203.0.113.5:5060;rport", "sip:a@203.0.113.5", true},
	{SIP_UDP, "198.51.100.9:30000", "phone.local:5060;rport", "sip:a@192.168.1.5:5060", true},
	{SIP_UDP, "198.51.100.9:30000", "phone:5060;rport", "sip:a@172.31.255.1", true},
	{SIP_UDP, "198.51.100.9:30000", "phone:5060;rport", "sip:a@100.64.0.1", true},
	{SIP_UDP, "198.51.100.9:30000", "phone:5060;rport", "sip:a@169.254.9.9", true},
	{SIP_UDP, "[2001:db8::9]:5060", "phone:5060;rport", "sip:a@[fd00::1]", true},
	{SIP_UDP, "[2001:db8::9]:5060", "phone:5060;rport", "sip:a@[fe80::1]", true},
	/* For somebody else. */
	{SIP_UDP, "198.51.100.9:30000", "10.0.0.5:5060;rport", "sip:a@203.0.113.77", false},
	{SIP_UDP, "198.51.100.9:30000", "phone:5060;rport", "sip:a@172.32.0.1", false},
	{SIP_UDP, "198.51.100.9:30000", "phone:5060;rport", "sip:a@100.128.0.1", false},
	{SIP_UDP, "[2001:db8::9]:5060", "phone:5060;rport", "sip:a@[2001:db8::77]", false},
	{SIP_UDP, "198.51.100.9:30000", "10.0.0.5:5060;rport", "sip:a@pc33.example.com", false},
	{SIP_UDP, "198.51.100.9:30000", "10.0.0.5:5060;rport", "sip:a@10.0.0.5;transport=tcp",
	 false},
	/* Connections. */
	{SIP_TCP, "192.0.2.1:40000", "192.0.2.1:40000;rport", "sip:a@192.0.2.1:40000;transport=tcp",
	 true},
	{SIP_TCP, "192.0.2.1:40000", "192.0.2.1:5060", "sip:a@192.0.2.1:5060", true},
	{SIP_TCP, "192.0.2.1:40000", "192.0.2.1:5060", "sip:a@192.0.2.1;transport=UDP", false},
	{SIP_TLS, "192.0.2.1:40000", "192.0.2.1:5061", "sips:a@192.0.2.1:5061;transport=tcp", true},
	{SIP_TCP, "198.51.100.9:40000", "10.0.0.5:5060;rport", "sip:a@10.0.0.5;transport=tcp",
	 true},
	{SIP_TCP, "198.51.100.9:40000", "host.invalid", "sip:a@xyz.invalid;transport=tcp", true},
	{SIP_TCP, "198.51.100.9:40000", "host", "sip:a@pc33.example.com;transport=tcp", false},
};


static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_source src = {.kind = rows[i].kind};
		struct sip_uri contact;
		struct sip_msg m;
		char text[512];

		unit_case("%s from %s", rows[i].contact, rows[i].source);
		snprintf(text, sizeof(text),
			 "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK1\r\nFrom: "
			 "<sip:a@x>;tag=1\r\n"
			 "To: <sip:a@x>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n"
			 "Content-Length: 0\r\n\r\n",
			 rows[i].kind == SIP_UDP   ? "UDP"
			 : rows[i].kind == SIP_TCP ? "TCP"
						   : "TLS",
			 rows[i].via);
		assert_int_equal(sip_msg_decode(&m, str_of(text), false), SIP_DECODE_OK);
		assert_int_equal(addr_decode_hostport(&src.peer, str_of(rows[i].source)), 0);
		assert_int_equal(sip_uri_decode(&contact, str_of(rows[i].contact)), 0);
		assert_int_equal(source_route_wanted(&m, &src, &contact), rows[i].wanted);
	}
}


UNIT_MAIN(UNIT_TEST(test_rows))
