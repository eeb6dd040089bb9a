/* SPDX-License-Identifier: Apache-2.0 */
/* Transports: datagrams, names, and ways back. */
#include "sip/transport.h"

#include <string.h>
#include <unistd.h>

#include "transport_fixture.h"


/* ---- UDP ---- */

static void test_udp(void)
{
	struct fixture *f = fixture_open();
	struct addr local = fixture_addr("192.0.2.1:5062"), us = fixture_addr(HOST ":5060");
	struct datagram_socket *s;

	f->echo = true;
	unit_ok(datagram_open(&s, f->loop, &local, peer_datagrams, NULL, f));
	unit_own(s);
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	fixture_settle(f);
	unit_must(f->messages == 2);
	assert_string_equal(f->last, MESSAGE);
	assert_int_equal(f->batches, f->after);
	assert_true(f->batches >= 1 && f->batch_n >= 1);
	assert_int_equal(f->src.kind, SIP_UDP);
	assert_true(addr_eq(&f->src.peer, &local) && addr_eq(&f->src.local, &us));
	assert_int_equal(f->src.flow, 0);
	assert_int_equal(f->src.socket, 0);
	unit_must(f->datagrams == 2 && peer_got(f, "answeranswer"));
}


static void test_udp_noise(void)
{
	static const struct {
		struct str bytes;
		const char *counter; /* NULL: it is given out */
	} rows[] = {
		{STR_INIT("\r\n\r\n"), "sip.udp.keepalives"},
		{STR_INIT("\r\n"), "sip.udp.keepalives"},
		{STR_INIT("\0"), "sip.udp.keepalives"},
		{STR_INIT(""), "sip.udp.keepalives"},
		{STR_INIT("\0\001\0\0\x21\x12\xa4\x42xxxxxxxxxxxx"), "sip.udp.not_sip"},
		{STR_INIT("\001\001\0\0\x21\x12\xa4\x42xxxxxxxxxxxx"), "sip.udp.not_sip"},
		{STR_INIT("\x80\x00rtp and more of it"), "sip.udp.not_sip"},
		{STR_INIT("\xff\xff\xff\xff\xff\xff"), "sip.udp.not_sip"},
		{STR_INIT("OPTIONS"), NULL},
		{STR_INIT("\r\n\r\n\r\n\r\nOPTIONS"), NULL},
	};
	struct fixture *f = fixture_open();
	struct addr local = fixture_addr("192.0.2.1:5062"), us = fixture_addr(HOST ":5060");
	struct datagram_socket *s;

	unit_ok(datagram_open(&s, f->loop, &local, peer_datagrams, NULL, f));
	unit_own(s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t before = rows[i].counter ? fixture_count(rows[i].counter) : 0;

		unit_case("row %zu", i);
		f->messages = 0;
		unit_ok(datagram_send(s, &us, rows[i].bytes.p, rows[i].bytes.n));
		fixture_settle(f);
		assert_int_equal(f->messages, rows[i].counter ? 0 : 1);
		if (rows[i].counter)
			assert_int_equal(fixture_count(rows[i].counter), before + 1);
	}
}


static void test_udp_refused(void)
{
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_UDP,
			      .addr = fixture_addr("192.0.2.77:5060"),
			      .socket = SIP_SOCKET_ANY};

	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	unit_must(f->failures == 0);
	fixture_settle(f);
	unit_must(f->failures == 1);
	assert_int_equal(f->error, -ECONNREFUSED);
	assert_true(addr_eq(&f->failed_peer, &hop.addr));
	assert_int_equal(f->failed_flow, 0);
}


static void test_udp_errors(void)
{
	static char huge[65600];
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_UDP, .addr = fixture_addr("[2001:db8::1]:5060")};

	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -EAFNOSUPPORT);
	hop.kind = SIP_TLS;
	hop.addr = fixture_addr("192.0.2.1:5061");
	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -EAFNOSUPPORT);
	hop.kind = SIP_TRANSPORT_OTHER;
	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -EAFNOSUPPORT);
	hop.kind = SIP_UDP;
	assert_int_equal(sip_transport_send(f->t, &hop, huge, sizeof(huge)), -EMSGSIZE);
}


/* The owner lets go of the transports in the middle of a batch, and of a chunk. */
static void test_released_in_callback(void)
{
	struct fixture *f = fixture_open();
	struct addr local = fixture_addr("192.0.2.1:5062"), us = fixture_addr(HOST ":5060");
	struct datagram_socket *s;

	f->release = true;
	unit_ok(datagram_open(&s, f->loop, &local, peer_datagrams, NULL, f));
	unit_own(s);
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	fixture_settle(f);
	unit_must(f->messages == 1);

	f = fixture_open();
	f->release = true;
	peer_connect(f, "192.0.2.1:40000");
	peer_write(f, MESSAGE MESSAGE, 2 * strlen(MESSAGE));
	unit_must(f->messages == 1);
}


static void test_stop(void)
{
	struct fixture *f = fixture_open();
	struct addr local = fixture_addr("192.0.2.1:5062"), us = fixture_addr(HOST ":5060");
	struct sip_hop hop = {.kind = SIP_UDP, .addr = local, .socket = SIP_SOCKET_ANY};
	struct datagram_socket *s;

	unit_ok(datagram_open(&s, f->loop, &local, peer_datagrams, NULL, f));
	unit_own(s);
	sip_transports_stop(f->t);
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	unit_ok(sip_transport_send(f->t, &hop, "bye", 3));
	peer_connect(f, "192.0.2.1:40000");
	unit_must(f->messages == 0);
	assert_int_equal(sip_transports_connections(f->t), 0);
	unit_must(peer_got(f, "bye"));
	unit_must(f->peer_closed == 1);
}


static void on_nothing(struct datagram_socket *s, const struct datagram *batch, size_t n, void *arg)
{
	(void)s;
	(void)batch;
	(void)n;
	(void)arg;
}


/* Real sockets: what was not read yet is known. */
static void test_backlog(void)
{
	struct loop *loop = unit_own(loop_uv_alloc());
	struct addr any = fixture_addr("127.0.0.1:0");
	struct datagram_socket *in;
	char text[1000] = "x";
	int fd;

	unit_ok(datagram_open(&in, loop, &any, on_nothing, NULL, NULL));
	unit_own(in);
	assert_int_equal(datagram_backlog(in), 0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(sendto(fd, text, sizeof(text), 0, &datagram_local(in)->sa,
					sizeof(struct sockaddr_in)),
				 sizeof(text));
	close(fd);
	assert_in_range(datagram_backlog(in), 10 * sizeof(text), 100 * sizeof(text));
}


/* ---- Ways back ---- */

static void test_hop_of_response(void)
{
	static const struct {
		const char *what, *via, *want;
		enum sip_transport_kind kind;
		uint64_t flow;
	} rows[] = {
		{"sent-by port", "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1", "192.0.2.1:5070",
		 SIP_UDP, 0},
		{"default port", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "192.0.2.1:5060", SIP_UDP,
		 0},
		{"rport", "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport", "192.0.2.1:40000",
		 SIP_UDP, 0},
		{"rport with our value",
		 "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport=40000;received=192.0.2.1",
		 "192.0.2.1:40000", SIP_UDP, 0},
		{"rport with a lie",
		 "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport=1;received=203.0.113.1",
		 "192.0.2.1:40000", SIP_UDP, 0},
		{"received, no rport",
		 "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;received=192.0.2.1", "192.0.2.1:5070",
		 SIP_UDP, 0},
		{"maddr", "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;maddr=192.0.2.9;rport",
		 "192.0.2.9:5070", SIP_UDP, 0},
		{"maddr is a name", "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;maddr=h.example",
		 "192.0.2.1:5070", SIP_UDP, 0},
		{"maddr is multicast",
		 "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;maddr=239.255.0.1", "192.0.2.1:5070",
		 SIP_UDP, 0},
		{"TCP", "SIP/2.0/TCP 10.0.0.1:5070;branch=z9hG4bK1;rport", "192.0.2.1:5070",
		 SIP_TCP, 77},
		{"TCP default", "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1", "192.0.2.1:5060", SIP_TCP,
		 77},
		{"TLS default", "SIP/2.0/TLS h.example;branch=z9hG4bK1", "192.0.2.1:5061", SIP_TLS,
		 77},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_source src = {.kind = rows[i].kind,
					 .flow = rows[i].flow,
					 .socket = 3,
					 .peer = fixture_addr("192.0.2.1:40000")};
		char text[ADDR_TEXT_MAX];
		struct sip_via via;
		struct sip_hop hop;

		unit_case("%s", rows[i].what);
		assert_int_equal(sip_via_decode(&via, str_of(rows[i].via)), 0);
		sip_hop_of_response(&hop, &via, &src);
		assert_string_equal(addr_text(&hop.addr, text), rows[i].want);
		assert_int_equal(hop.kind, rows[i].kind);
		assert_int_equal(hop.flow, rows[i].flow);
		assert_int_equal(hop.socket, rows[i].kind == SIP_UDP ? 3 : SIP_SOCKET_ANY);
		assert_null(hop.host.p);
	}
}


/* ---- Names ---- */

static void test_names(void)
{
	struct fixture *f = fixture_open();
	struct sip_hop udp = {.kind = SIP_UDP,
			      .addr = fixture_addr("192.0.2.1:1"),
			      .socket = SIP_SOCKET_ANY};
	struct sip_hop tcp = {.kind = SIP_TCP, .addr = fixture_addr("192.0.2.1:1")};
	struct sip_hop v6 = {.kind = SIP_UDP,
			     .addr = fixture_addr("[2001:db8::2]:1"),
			     .socket = SIP_SOCKET_ANY};
	struct sip_hop lo = {.kind = SIP_UDP,
			     .addr = fixture_addr("127.0.0.1:1"),
			     .socket = SIP_SOCKET_ANY};

	unit_str(sip_transports_sent_by(f->t, &udp), HOST ":5060");
	unit_str(sip_transports_uri(f->t, &udp), "sip:" HOST ":5060");
	unit_str(sip_transports_sent_by(f->t, &tcp), HOST ":5060");
	unit_str(sip_transports_uri(f->t, &tcp), "sip:" HOST ":5060;transport=tcp");
	assert_null(sip_transports_sent_by(f->t, &v6).p);
	assert_false(sip_transports_has(f->t, SIP_UDP, AF_INET6));
	assert_false(sip_transports_has(f->t, SIP_TLS, AF_UNSPEC));
	assert_true(sip_transports_has(f->t, SIP_TCP, AF_UNSPEC));
	fixture_listen(f, SIP_UDP, "[2001:db8::10]:5070", NULL);
	unit_str(sip_transports_sent_by(f->t, &v6), "[2001:db8::10]:5070");
	assert_true(sip_transports_has(f->t, SIP_UDP, AF_INET6));
	assert_false(sip_transports_has(f->t, SIP_TCP, AF_INET6));
	/* Loopback serves loopback alone, whatever the order. */
	fixture_listen(f, SIP_UDP, "127.0.0.1:5099", NULL);
	unit_str(sip_transports_sent_by(f->t, &lo), "127.0.0.1:5099");
	unit_str(sip_transports_sent_by(f->t, &udp), HOST ":5060");
	/* The socket it came to is the one it leaves from. */
	udp.socket = 3;
	unit_str(sip_transports_sent_by(f->t, &udp), "127.0.0.1:5099");
	udp.socket = 1;
	unit_str(sip_transports_sent_by(f->t, &udp), HOST ":5060");
}


static void test_advertised(void)
{
	static const struct {
		const char *advertised, *sent_by;
	} rows[] = {
		{"im.example.com", "im.example.com:5080"},
		{"im.example.com:5999", "im.example.com:5999"},
		{"203.0.113.1", "203.0.113.1:5080"},
		{"[2001:db8::5]:7", "[2001:db8::5]:7"},
		{"im.example.com:", NULL},
		{"im.example.com:0", NULL},
		{"a b", NULL},
		{"<x>", NULL},
		{"a:5060:1", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f = fixture_open();
		struct addr a = fixture_addr("192.0.2.11:5080");
		struct sip_hop hop = {.kind = SIP_UDP,
				      .addr = fixture_addr("192.0.2.1:1"),
				      .socket = 2};
		int err;

		unit_case("%s", rows[i].advertised);
		err = sip_transports_listen(f->t, SIP_UDP, &a, str_of(rows[i].advertised), NULL);
		if (rows[i].sent_by) {
			unit_ok(err);
			unit_str(sip_transports_sent_by(f->t, &hop), rows[i].sent_by);
		} else {
			unit_must(err == -EINVAL);
		}
	}
}


static void test_any_address(void)
{
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_UDP, .addr = fixture_addr("192.0.2.1:1"), .socket = 2};
	struct str sent_by;
	struct addr a;

	fixture_listen(f, SIP_UDP, "0.0.0.0:5080", NULL);
	sent_by = sip_transports_sent_by(f->t, &hop);
	assert_int_equal(addr_decode_hostport(&a, sent_by), 0);
	assert_false(addr_is_any(&a));
	assert_int_equal(addr_port(&a), 5080);
}


static void test_is_ours(void)
{
	static const struct {
		const char *uri;
		bool ours;
	} rows[] = {
		{"sip:192.0.2.10", true},
		{"sip:192.0.2.10:5060;lr", true},
		{"sip:x@192.0.2.10;transport=tcp", true},
		{"sip:192.0.2.10:5061", false},
		{"sips:192.0.2.10", false},
		{"sip:192.0.2.11", false},
		{"sip:im.example.com:5080", true},
		{"sip:IM.example.COM:5080;transport=tcp;lr", true},
		{"sip:im.example.com", false},
		{"sip:192.0.2.12:5080", true},
		{"sip:example.com:5080", false},
		{"sip:[2001:db8::10]:5070", true},
		{"sip:[2001:DB8:0::10]:5070", true},
		{"sip:[2001:db8::11]:5070", false},
		{"tel:+1", false},
		{"urn:service:sos", false},
		{"sip:127.0.0.1:5090", true},
	};
	struct fixture *f = fixture_open();

	fixture_listen(f, SIP_UDP, "192.0.2.12:5080", "im.example.com");
	fixture_listen(f, SIP_UDP, "[2001:db8::10]:5070", NULL);
	fixture_listen(f, SIP_UDP, "0.0.0.0:5090", "public.example.com:5060");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri u;

		unit_case("%s", rows[i].uri);
		assert_int_equal(sip_uri_decode(&u, str_of(rows[i].uri)), 0);
		assert_int_equal(sip_transports_is_ours(f->t, &u), rows[i].ours);
	}
}


static void test_listen_errors(void)
{
	struct fixture *f = fixture_open();
	struct addr a = fixture_addr(HOST ":5060");

	unit_must(sip_transports_listen(f->t, SIP_UDP, &a, STR_NULL, NULL) == -EADDRINUSE);
	assert_int_equal(sip_transports_listen(f->t, SIP_TLS, &a, STR_NULL, NULL), -EINVAL);
	assert_int_equal(sip_transports_listen(f->t, SIP_TRANSPORT_OTHER, &a, STR_NULL, NULL),
			 -EINVAL);
	for (uint16_t i = 2; i < SIP_LISTENERS_MAX; i++) {
		addr_set_port(&a, (uint16_t)(6000 + i));
		unit_ok(sip_transports_listen(f->t, SIP_UDP, &a, STR_NULL, NULL));
	}
	addr_set_port(&a, 7000);
	assert_int_equal(sip_transports_listen(f->t, SIP_UDP, &a, STR_NULL, NULL), -ENOBUFS);
	assert_int_equal(sip_transports_listen_both(f->t, &a, STR_NULL), -ENOBUFS);
}


static bool is_ours(const struct fixture *f, const char *uri)
{
	struct sip_uri u;

	assert_int_equal(sip_uri_decode(&u, str_of(uri)), 0);
	return sip_transports_is_ours(f->t, &u);
}


/* RFC 3261 18.2.1: a port that another has for connections is none. The virtual network begins with 49152. */
static void test_listen_both(void)
{
	struct fixture *f = fixture_open();
	struct addr taken = fixture_addr(HOST ":49152"), any = fixture_addr(HOST ":0");

	peer_listen(f, HOST ":49152");
	unit_must(sip_transports_listen_both(f->t, &taken, STR_NULL) == -EADDRINUSE);
	assert_false(is_ours(f, "sip:" HOST ":49152"));
	unit_ok(sip_transports_listen_both(f->t, &any, STR_NULL));
	assert_false(is_ours(f, "sip:" HOST ":49152"));
	assert_true(is_ours(f, "sip:" HOST ":49153"));
	addr_set_port(&any, 49153);
	unit_ok(stream_connect(&f->stream, f->loop, &any, NULL, NULL, STR_NULL, &peer_handler, f));
	fixture_settle(f);
	peer_write(f, MESSAGE, strlen(MESSAGE));
	assert_int_equal(f->messages, 1);
	assert_int_equal(addr_port(&f->src.local), 49153);
}


UNIT_MAIN(UNIT_TEST(test_udp), UNIT_TEST(test_udp_noise), UNIT_TEST(test_udp_refused),
	  UNIT_TEST(test_udp_errors), UNIT_TEST(test_released_in_callback), UNIT_TEST(test_stop),
	  UNIT_TEST_PLAIN(test_backlog), UNIT_TEST(test_hop_of_response), UNIT_TEST(test_names),
	  UNIT_TEST(test_advertised), UNIT_TEST(test_any_address), UNIT_TEST(test_is_ours),
	  UNIT_TEST(test_listen_errors), UNIT_TEST(test_listen_both))
