/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: from the peer and to it, their ceilings and their time, and TLS. */
#include "sip/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "transport_fixture.h"


/* ---- TCP, from the peer ---- */

static void test_tcp_at_any_split(void)
{
	for (size_t cut = 1; cut < strlen(MESSAGE); cut += 7) {
		struct fixture *f = fixture_open();

		unit_case("cut %zu", cut);
		peer_connect(f, "192.0.2.1:40000");
		peer_write(f, MESSAGE, cut);
		unit_must(f->messages == 0);
		peer_write(f, MESSAGE MESSAGE + cut, 2 * strlen(MESSAGE) - cut);
		unit_must(f->messages == 2);
		unit_must(strcmp(f->last, MESSAGE) == 0);
		assert_int_equal(f->src.kind, SIP_TCP);
		assert_int_not_equal(f->src.flow, 0);
		assert_int_equal(addr_port(&f->src.peer), 40000);
		assert_int_equal(addr_port(&f->src.local), 5060);
	}
}


static void test_tcp_answer_and_ping(void)
{
	struct fixture *f = fixture_open();

	f->echo = true;
	peer_connect(f, "192.0.2.1:40000");
	unit_must(sip_transports_connections(f->t) == 1);
	peer_write(f, "\r\n\r\n", 4);
	unit_must(peer_got(f, "\r\n"));
	buf_clear(&f->got);
	peer_write(f, "\r\n\r\n" MESSAGE "\r\n\r\n", strlen(MESSAGE) + 8);
	unit_must(f->messages == 1);
	unit_must(peer_got(f, "\r\nanswer\r\n"));
}


static void test_tcp_peer_closes(void)
{
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_TCP};
	uint64_t flow;

	peer_connect(f, "192.0.2.1:40000");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
	flow = f->src.flow;
	f->stream = mem_unref(f->stream);
	fixture_settle(f);
	unit_must(f->closed == 1);
	assert_int_equal(f->closed_flow, flow);
	unit_must(f->failures == 1);
	assert_int_equal(f->failed_flow, flow);
	assert_int_equal(f->error, -ECONNRESET);
	assert_int_equal(sip_transports_connections(f->t), 0);
	hop.addr = f->src.peer;
	hop.flow = flow;
	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -ENOTCONN);
	assert_false(sip_flow_hold(f->t, flow));
	/* The slot is used again, the number is not. */
	peer_connect(f, "192.0.2.1:40001");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 2);
	assert_int_not_equal(f->src.flow, flow);
	assert_int_equal(f->src.flow & 0xfffff, flow & 0xfffff);
	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -ENOTCONN);
	hop.flow = f->src.flow;
	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	fixture_settle(f);
	unit_must(peer_got(f, "x"));
	for (uint64_t i = 0; i < 70; i++) {
		hop.flow = f->src.flow ^ UINT64_C(1) << (i % 64);
		assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -ENOTCONN);
		sip_flow_release(f->t, hop.flow);
		assert_false(sip_flow_peer_is(f->t, hop.flow, STR("a")));
	}
}


static void test_alias(void)
{
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = fixture_addr("192.0.2.1:40000")};

	peer_connect(f, "192.0.2.1:40000");
	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	fixture_settle(f);
	unit_must(peer_got(f, "x"));
	unit_must(sip_transports_connections(f->t) == 1);
	/* Another port of the same host is another connection. */
	hop.addr = fixture_addr("192.0.2.1:5060");
	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	assert_int_equal(sip_transports_connections(f->t), 2);
}


static void test_too_large(void)
{
	static const struct {
		const char *what, *text, *status;
		bool fill;
	} rows[] = {
		{"Content-Length too large", HEADERS("Content-Length: 70000\r\n\r\n"),
		 "SIP/2.0 513 ", false},
		{"headers without end", HEADERS("Subject: "), NULL, true},
		{"no Content-Length", HEADERS("\r\n"), "SIP/2.0 400 ", false},
		{"two Content-Lengths", HEADERS("Content-Length: 1\r\nl: 2\r\n\r\n"),
		 "SIP/2.0 400 ", false},
		{"an ACK",
		 "ACK sip:b@h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: "
		 "<sip:a@h>;tag=1\r\n"
		 "To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 ACK\r\n\r\n",
		 "", false},
		{"a response",
		 "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
		 "To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n\r\n",
		 "", false},
		{"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f = fixture_open();

		unit_case("%s", rows[i].what);
		peer_connect(f, "192.0.2.1:40000");
		peer_write(f, rows[i].text, strlen(rows[i].text));
		if (rows[i].fill) {
			static char filler[SIP_MESSAGE_MAX];

			memset(filler, 'x', sizeof(filler));
			peer_write(f, filler, sizeof(filler));
		}
		unit_must(f->messages == 0);
		if (rows[i].status)
			unit_must(rows[i].status[0]
					  ? str_starts(buf_str(&f->got), str_of(rows[i].status))
					  : f->got.n == 0);
		if (rows[i].status && rows[i].status[0]) {
			assert_true(str_find_str(buf_str(&f->got), STR("branch=z9hG4bKa")) > 0);
			assert_true(str_ends(buf_str(&f->got), STR("\r\n\r\n")));
		}
		unit_must(f->peer_closed == 1);
		f->stream = mem_unref(f->stream);
		fixture_settle(f);
		virtual_loop_advance(f->vl, STREAM_SHUTDOWN_MS);
		assert_int_equal(sip_transports_connections(f->t), 0);
		unit_must(f->closed == 1);
		unit_must(f->failures == 0);
	}
}


/* ---- Time ---- */

static void test_idle(void)
{
	struct fixture *f = fixture_open();

	peer_connect(f, "192.0.2.1:40000");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
	virtual_loop_advance(f->vl, SIP_IDLE_MS - 1000);
	peer_write(f, "\r\n\r\n", 4);
	virtual_loop_advance(f->vl, SIP_IDLE_MS - 1);
	unit_must(f->closed == 0);
	virtual_loop_advance(f->vl, 1);
	unit_must(f->closed == 1);
	unit_must(f->failures == 0);
	unit_must(f->peer_closed == 1);
}


static void test_held(void)
{
	struct fixture *f = fixture_open();
	uint64_t flow;

	peer_connect(f, "192.0.2.1:40000");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
	flow = f->src.flow;
	assert_true(sip_flow_hold(f->t, flow));
	assert_true(sip_flow_hold(f->t, flow));
	virtual_loop_advance(f->vl, 3 * SIP_IDLE_MS);
	unit_must(f->closed == 0);
	sip_flow_release(f->t, flow);
	peer_write(f, MESSAGE, strlen(MESSAGE));
	virtual_loop_advance(f->vl, 3 * SIP_IDLE_MS);
	unit_must(f->closed == 0);
	/* What was begun must come to its end on a held one too. */
	peer_write(f, MESSAGE, 20);
	virtual_loop_advance(f->vl, SIP_PARTIAL_MS - 1);
	peer_write(f, MESSAGE + 20, strlen(MESSAGE) - 20);
	unit_must(f->messages == 3);
	sip_flow_release(f->t, flow);
	sip_flow_release(f->t, flow);
	virtual_loop_advance(f->vl, SIP_IDLE_MS - 1);
	unit_must(f->closed == 0);
	virtual_loop_advance(f->vl, 1);
	unit_must(f->closed == 1);
}


/* A byte now and then does not help. */
static void test_slow_loris(void)
{
	struct fixture *f = fixture_open();

	peer_connect(f, "192.0.2.1:40000");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
	virtual_loop_advance(f->vl, 60000);
	for (int i = 0; i < SIP_PARTIAL_MS / 1000; i++) {
		unit_must(f->closed == 0);
		peer_write(f, MESSAGE + i, 1);
		virtual_loop_advance(f->vl, 1000);
	}
	unit_must(f->closed == 1);
	assert_int_equal(f->error, -ETIMEDOUT);
}


static void test_silent_from_the_start(void)
{
	struct fixture *f = fixture_open();

	peer_connect(f, "192.0.2.1:40000");
	peer_write(f, "\r\n", 2);
	unit_must(sip_transports_connections(f->t) == 1);
	virtual_loop_advance(f->vl, SIP_PARTIAL_MS);
	unit_must(f->closed == 1);
}


/* Messages in a row, each whole before its time, though there is always one begun. */
static void test_busy_is_not_slow(void)
{
	struct fixture *f = fixture_open();
	size_t n = strlen(MESSAGE);

	peer_connect(f, "192.0.2.1:40000");
	peer_write(f, MESSAGE, 10);
	for (int i = 0; i < 5; i++) {
		virtual_loop_advance(f->vl, SIP_PARTIAL_MS - 1);
		unit_must(stream_write(f->stream, MESSAGE + 10, n - 10) == 0);
		peer_write(f, MESSAGE, 10);
		unit_must(f->closed == 0);
	}
	unit_must(f->messages == 5);
}


/* ---- TCP, to the peer ---- */

static void test_open(void)
{
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = fixture_addr("192.0.2.1:5062")};

	peer_listen(f, "192.0.2.1:5062");
	unit_ok(sip_transport_send(f->t, &hop, "one", 3));
	unit_ok(sip_transport_send(f->t, &hop, "two", 3));
	unit_must(sip_transports_connections(f->t) == 1);
	fixture_settle(f);
	unit_must(f->accepted == 1 && peer_got(f, "onetwo"));
	/* It left from the address that we show. */
	assert_true(addr_eq_host(stream_peer(f->stream),
				 &(struct addr){.in = fixture_addr(HOST ":1").in}));
	unit_ok(sip_transport_send(f->t, &hop, "three", 5));
	fixture_settle(f);
	unit_must(f->accepted == 1 && peer_got(f, "onetwothree"));
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
	assert_true(addr_eq(&f->src.peer, &hop.addr));
	virtual_loop_advance(f->vl, SIP_IDLE_MS);
	unit_must(f->closed == 1);
	unit_ok(sip_transport_send(f->t, &hop, "four", 4));
	fixture_settle(f);
	unit_must(f->accepted == 2 && peer_got(f, "onetwothreefour"));
}


static void test_open_refused(void)
{
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = fixture_addr("192.0.2.1:5062")};

	unit_ok(sip_transport_send(f->t, &hop, "one", 3));
	unit_must(f->failures == 0);
	fixture_settle(f);
	unit_must(f->failures == 1);
	assert_int_equal(f->error, -ECONNREFUSED);
	assert_true(addr_eq(&f->failed_peer, &hop.addr));
	unit_must(f->closed == 1);
	assert_int_equal(sip_transports_connections(f->t), 0);
}


static void test_open_unanswered(void)
{
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = fixture_addr("192.0.2.1:5062")};

	peer_listen(f, "192.0.2.1:5062");
	virtual_fault_add(f->vl, &(struct virtual_fault){.kind = VIRTUAL_DROP, .to = hop.addr});
	unit_ok(sip_transport_send(f->t, &hop, "one", 3));
	virtual_loop_advance(f->vl, SIP_CONNECT_MS - 1);
	unit_must(f->failures == 0);
	virtual_loop_advance(f->vl, 1);
	unit_must(f->failures == 1);
	assert_int_equal(f->error, -ETIMEDOUT);
	assert_int_equal(sip_transports_connections(f->t), 0);
}


static void test_open_queue(void)
{
	static char large[60000];
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = fixture_addr("192.0.2.1:5062")};
	int sent = 0, err = 0;

	peer_listen(f, "192.0.2.1:5062");
	virtual_fault_add(f->vl, &(struct virtual_fault){.kind = VIRTUAL_DROP, .to = hop.addr});
	while (!err && sent < 2 * CONNECTION_WAITING_MAX) {
		err = sip_transport_send(f->t, &hop, "x", 1);
		sent += !err;
	}
	unit_must(err == -ENOBUFS && sent == CONNECTION_WAITING_MAX);
	/* By bytes too. */
	hop.addr = fixture_addr("192.0.2.2:5062");
	for (sent = 0, err = 0; !err && sent < 100; sent += !err)
		err = sip_transport_send(f->t, &hop, large, sizeof(large));
	unit_must(err == -ENOBUFS && sent == (int)(STREAM_QUEUE_MAX / sizeof(large)));
}


static void test_slow_reader(void)
{
	static char large[60000];
	struct fixture *f = fixture_open();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = fixture_addr("192.0.2.1:5062")};
	int err = 0;

	peer_listen(f, "192.0.2.1:5062");
	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	fixture_settle(f);
	unit_must(f->accepted == 1);
	stream_pause(f->stream);
	for (int i = 0; i < 1000 && !err; i++) {
		err = sip_transport_send(f->t, &hop, large, sizeof(large));
		fixture_settle(f);
	}
	unit_must(err == -ENOBUFS);
	unit_must(f->failures == 0);
}


/* ---- Ceilings ---- */

static void test_per_host(void)
{
	struct fixture *f = fixture_open();
	struct addr us = fixture_addr(HOST ":5060");
	static struct stream *s[SIP_CONNECTIONS_PER_HOST_MAX + 10];
	size_t n = sizeof(s) / sizeof(s[0]);

	for (size_t i = 0; i < n; i++) {
		struct addr local = fixture_addr("192.0.2.1:0");

		assert_int_equal(stream_connect(&s[i], f->loop, &us, &local, NULL, STR_NULL,
						&peer_handler, f),
				 0);
		if (i % 500 == 0)
			fixture_settle(f);
	}
	fixture_settle(f);
	assert_int_equal(sip_transports_connections(f->t), SIP_CONNECTIONS_PER_HOST_MAX);
	unit_must(f->peer_closed == 10);
	peer_connect(f, "192.0.2.2:1000");
	assert_int_equal(sip_transports_connections(f->t), SIP_CONNECTIONS_PER_HOST_MAX + 1);
	for (size_t i = 0; i < n; i++)
		mem_unref(s[i]);
	fixture_settle(f);
	unit_must(sip_transports_connections(f->t) == 1);
	assert_int_equal(f->closed, SIP_CONNECTIONS_PER_HOST_MAX);
	peer_connect(f, "192.0.2.1:1000");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
}


/* ---- TLS ---- */

#define TLS_NAME "im.example.com"

/* One certificate for both ends, which is its own authority, in a file. */
static void write_certificate(char path[static 64])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509V3_CTX context;
	X509_EXTENSION *e;
	FILE *f;

	strcpy(path, "/tmp/test-transport-XXXXXX");
	f = fdopen(mkstemp(path), "w");
	assert_non_null(f);
	X509_set_version(x, 2);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
				   (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, "DNS:" TLS_NAME);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	PEM_write_X509(f, x);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}


static void remove_file(void *arg)
{
	unlink(arg);
}


/* Two transports in one process: `f` listens with TLS, `g` opens to it. */
static void test_tls(void)
{
	struct fixture *f = fixture_open(), *g = unit_storage(sizeof(*g));
	char *path = unit_storage(64);
	struct tls_config *config;
	struct addr us = fixture_addr(HOST ":5061"), them = fixture_addr("192.0.2.20:5061");
	struct sip_hop hop = {.kind = SIP_TLS, .addr = us, .host = STR(TLS_NAME)};
	struct sip_hop back = {.kind = SIP_TLS, .socket = SIP_SOCKET_ANY};

	write_certificate(path);
	unit_defer(remove_file, path);
	unit_ok(tls_config_alloc(&config,
				 &(struct tls_params){.certificate_file = path,
						      .ca_file = path,
						      .flags = TLS_ASK_CLIENT},
				 NULL));
	unit_own(config);
	unit_ok(sip_transports_listen(f->t, SIP_TLS, &us, STR(TLS_NAME), config));
	*g = (struct fixture){.vl = f->vl, .loop = f->loop};
	unit_defer(fixture_release, g);
	unit_ok(sip_transports_alloc(&g->t, g->loop, &fixture_handler, g));
	unit_ok(sip_transports_listen(g->t, SIP_TLS, &them, STR_NULL, config));
	sip_transports_set_client_tls(g->t, config);

	f->echo = true;
	unit_str(sip_transports_uri(f->t, &(struct sip_hop){.kind = SIP_TLS, .addr = them}),
		 "sip:" TLS_NAME ":5061;transport=tls");
	unit_ok(sip_transport_send(g->t, &hop, MESSAGE, strlen(MESSAGE)));
	unit_ok(sip_transport_send(g->t, &hop, MESSAGE, strlen(MESSAGE)));
	fixture_settle(f);
	unit_must(f->messages == 2 && f->src.kind == SIP_TLS);
	unit_must(sip_transports_connections(g->t) == 1);
	assert_true(sip_flow_peer_is(f->t, f->src.flow, STR(TLS_NAME)));
	assert_false(sip_flow_peer_is(f->t, f->src.flow, STR("example.com")));

	/* RFC 5923: back on the same connection, for the name in the certificate and no other. */
	back.addr = f->src.peer;
	back.host = STR(TLS_NAME);
	unit_ok(sip_transport_send(f->t, &back, MESSAGE, strlen(MESSAGE)));
	fixture_settle(f);
	unit_must(g->messages >= 1);
	unit_must(sip_transports_connections(f->t) == 1);
	back.host = STR("other.example.com");
	(void)sip_transport_send(f->t, &back, MESSAGE, strlen(MESSAGE));
	unit_must(sip_transports_connections(f->t) == 2);
	back.host = STR_NULL;
	unit_must(sip_transport_send(f->t, &back, MESSAGE, strlen(MESSAGE)) == -EINVAL);

	/* A name the certificate does not bear. */
	hop.host = STR("other.example.com");
	unit_ok(sip_transport_send(g->t, &hop, MESSAGE, strlen(MESSAGE)));
	fixture_settle(f);
	unit_must(g->failures == 1 && g->error == -EACCES);
	assert_true(addr_eq(&g->failed_peer, &hop.addr));
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_tcp_at_any_split), UNIT_TEST(test_tcp_answer_and_ping),
	  UNIT_TEST(test_tcp_peer_closes), UNIT_TEST(test_alias), UNIT_TEST(test_too_large),
	  UNIT_TEST(test_idle), UNIT_TEST(test_held), UNIT_TEST(test_slow_loris),
	  UNIT_TEST(test_silent_from_the_start), UNIT_TEST(test_busy_is_not_slow),
	  UNIT_TEST(test_open), UNIT_TEST(test_open_refused), UNIT_TEST(test_open_unanswered),
	  UNIT_TEST_PLAIN(test_open_queue), UNIT_TEST_PLAIN(test_slow_reader),
	  UNIT_TEST_PLAIN(test_per_host), UNIT_TEST(test_tls))
