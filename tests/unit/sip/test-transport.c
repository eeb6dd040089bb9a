/* SPDX-License-Identifier: Apache-2.0 */
/* Transports: datagrams and connections, their ceilings and their time, names, and ways back. */
#include "sip/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/counter.h"
#include "base/tls.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "sip/connection.h"

#define HOST "192.0.2.10"

#define REQUEST_LINE "MESSAGE sip:bob@example.com SIP/2.0\r\n"
#define HEADERS(extra)                                                                  \
	REQUEST_LINE                                                                    \
	"Via: SIP/2.0/TCP 192.0.2.1:5062;branch=z9hG4bKa;rport\r\n"                     \
	"From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\nCall-ID: c1\r\n" \
	"CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n" extra
#define MESSAGE HEADERS("Content-Length: 5\r\n\r\n") "hello"

struct fixture {
	struct virtual_loop *vl;
	struct loop *loop;
	struct sip_transports *t;
	bool given_up; /* t was released by a callback */
	/* What the handler saw. */
	int messages, batches, after, failures, closed;
	size_t batch_n;
	struct sip_source src;
	char last[2048];
	int error;
	struct addr failed_peer;
	uint64_t failed_flow, closed_flow;
	/* What it does with a message. */
	bool echo, release;
	/* A peer's end. */
	struct stream *stream;
	struct stream_listener *listener;
	int accepted, peer_closed, peer_error;
	struct buf got;
	int datagrams;
};


/* ---- Our end ---- */

static void on_received(const struct sip_source *src, struct str bytes, void *arg)
{
	struct fixture *f = arg;

	f->messages++;
	f->src = *src;
	if (bytes.n < sizeof(f->last)) {
		memcpy(f->last, bytes.p, bytes.n);
		f->last[bytes.n] = 0;
	}
	if (f->echo) {
		struct sip_hop hop = {.kind = src->kind,
				      .addr = src->peer,
				      .flow = src->flow,
				      .socket = src->socket};

		(void)sip_transport_send(f->t, &hop, "answer", 6);
	}
	if (f->release) {
		f->given_up = true;
		f->t = mem_unref(f->t);
	}
}


static void on_batch(size_t messages, size_t queued, void *arg)
{
	struct fixture *f = arg;

	(void)queued;
	assert_false(f->given_up);
	if (messages) {
		f->batches++;
		f->batch_n = messages;
	} else {
		f->after++;
	}
}


static void on_failed(enum sip_transport_kind kind, const struct addr *peer, uint64_t flow,
		      int error, void *arg)
{
	struct fixture *f = arg;

	(void)kind;
	assert_false(f->given_up);
	f->failures++;
	f->failed_peer = *peer;
	f->failed_flow = flow;
	f->error = error;
}


static void on_flow_closed(uint64_t flow, void *arg)
{
	struct fixture *f = arg;

	assert_false(f->given_up);
	f->closed++;
	f->closed_flow = flow;
}


static const struct sip_transport_handler handler = {on_received, on_batch, on_failed,
						     on_flow_closed};


/* ---- The peer's end ---- */

static void peer_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static void peer_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	(void)s;
	buf_put(&((struct fixture *)arg)->got, p, n);
}


static void peer_gone(struct stream *s, int error, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	f->peer_closed++;
	f->peer_error = error;
}


static const struct stream_handler peer_handler = {peer_connected, peer_recv, NULL, peer_gone};


static void peer_accept(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct fixture *f = arg;

	(void)ln;
	f->accepted++;
	mem_unref(f->stream);
	f->stream = s;
	stream_set_handler(s, &peer_handler, f);
}


static void peer_datagrams(struct datagram_socket *s, const struct datagram *batch, size_t n,
			   void *arg)
{
	struct fixture *f = arg;

	(void)s;
	f->datagrams += (int)n;
	for (size_t i = 0; i < n; i++)
		buf_put(&f->got, batch[i].p, batch[i].n);
}


/* ---- The fixture ---- */

static void release(void *arg)
{
	struct fixture *f = arg;

	f->t = mem_unref(f->t);
	f->stream = mem_unref(f->stream);
	f->listener = mem_unref(f->listener);
	buf_done(&f->got);
}


static struct addr addr_of(const char *hostport)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, str_of(hostport)), 0);
	return a;
}


static void listen_on(struct fixture *f, enum sip_transport_kind kind, const char *hostport,
		      const char *advertised)
{
	struct addr a = addr_of(hostport);

	unit_ok(sip_transports_listen(f->t, kind, &a, str_of(advertised), NULL));
}


static struct fixture *fixture(void)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->vl = unit_own(virtual_loop_alloc(1));
	f->loop = virtual_loop_base(f->vl);
	buf_init(&f->got, 1 << 20);
	unit_defer(release, f);
	unit_ok(sip_transports_alloc(&f->t, f->loop, &handler, f));
	listen_on(f, SIP_UDP, HOST ":5060", NULL);
	listen_on(f, SIP_TCP, HOST ":5060", NULL);
	return f;
}


static void settle(struct fixture *f)
{
	assert_true(virtual_loop_run_until_idle(f->vl));
}


/* A connection from the peer to us. */
static void connect_from(struct fixture *f, const char *from)
{
	struct addr peer = addr_of(HOST ":5060"), local = addr_of(from);

	mem_unref(f->stream);
	f->stream = NULL;
	unit_ok(stream_connect(&f->stream, f->loop, &peer, &local, NULL, STR_NULL, &peer_handler,
			       f));
	settle(f);
}


static void peer_write(struct fixture *f, const char *text, size_t n)
{
	/* Without memory the connection was refused. */
	unit_must(stream_write(f->stream, text, n) == 0);
	settle(f);
}


static void peer_listen(struct fixture *f, const char *at)
{
	struct addr a = addr_of(at);

	unit_ok(stream_listen(&f->listener, f->loop, &a, NULL, peer_accept, f));
}


static bool got(struct fixture *f, const char *text)
{
	return f->got.n == strlen(text) && memcmp(f->got.p, text, f->got.n) == 0;
}


static int64_t counted(const char *name)
{
	struct counter *c = counter_find(str_of(name));

	assert_non_null(c);
	return c->value;
}


/* ---- UDP ---- */

static void test_udp(void)
{
	struct fixture *f = fixture();
	struct addr local = addr_of("192.0.2.1:5062"), us = addr_of(HOST ":5060");
	struct datagram_socket *s;

	f->echo = true;
	unit_ok(datagram_open(&s, f->loop, &local, peer_datagrams, NULL, f));
	unit_own(s);
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	settle(f);
	unit_must(f->messages == 2);
	assert_string_equal(f->last, MESSAGE);
	assert_int_equal(f->batches, f->after);
	assert_true(f->batches >= 1 && f->batch_n >= 1);
	assert_int_equal(f->src.kind, SIP_UDP);
	assert_true(addr_eq(&f->src.peer, &local) && addr_eq(&f->src.local, &us));
	assert_int_equal(f->src.flow, 0);
	assert_int_equal(f->src.socket, 0);
	unit_must(f->datagrams == 2 && got(f, "answeranswer"));
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
	struct fixture *f = fixture();
	struct addr local = addr_of("192.0.2.1:5062"), us = addr_of(HOST ":5060");
	struct datagram_socket *s;

	unit_ok(datagram_open(&s, f->loop, &local, peer_datagrams, NULL, f));
	unit_own(s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t before = rows[i].counter ? counted(rows[i].counter) : 0;

		unit_case("row %zu", i);
		f->messages = 0;
		unit_ok(datagram_send(s, &us, rows[i].bytes.p, rows[i].bytes.n));
		settle(f);
		assert_int_equal(f->messages, rows[i].counter ? 0 : 1);
		if (rows[i].counter)
			assert_int_equal(counted(rows[i].counter), before + 1);
	}
}


static void test_udp_refused(void)
{
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_UDP,
			      .addr = addr_of("192.0.2.77:5060"),
			      .socket = SIP_SOCKET_ANY};

	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	unit_must(f->failures == 0);
	settle(f);
	unit_must(f->failures == 1);
	assert_int_equal(f->error, -ECONNREFUSED);
	assert_true(addr_eq(&f->failed_peer, &hop.addr));
	assert_int_equal(f->failed_flow, 0);
}


static void test_udp_errors(void)
{
	static char huge[65600];
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_UDP, .addr = addr_of("[2001:db8::1]:5060")};

	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -EAFNOSUPPORT);
	hop.kind = SIP_TLS;
	hop.addr = addr_of("192.0.2.1:5061");
	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -EAFNOSUPPORT);
	hop.kind = SIP_TRANSPORT_OTHER;
	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -EAFNOSUPPORT);
	hop.kind = SIP_UDP;
	assert_int_equal(sip_transport_send(f->t, &hop, huge, sizeof(huge)), -EMSGSIZE);
}


/* The owner lets go of the transports in the middle of a batch, and of a chunk. */
static void test_released_in_callback(void)
{
	struct fixture *f = fixture();
	struct addr local = addr_of("192.0.2.1:5062"), us = addr_of(HOST ":5060");
	struct datagram_socket *s;

	f->release = true;
	unit_ok(datagram_open(&s, f->loop, &local, peer_datagrams, NULL, f));
	unit_own(s);
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	settle(f);
	unit_must(f->messages == 1);

	f = fixture();
	f->release = true;
	connect_from(f, "192.0.2.1:40000");
	peer_write(f, MESSAGE MESSAGE, 2 * strlen(MESSAGE));
	unit_must(f->messages == 1);
}


static void test_stop(void)
{
	struct fixture *f = fixture();
	struct addr local = addr_of("192.0.2.1:5062"), us = addr_of(HOST ":5060");
	struct sip_hop hop = {.kind = SIP_UDP, .addr = local, .socket = SIP_SOCKET_ANY};
	struct datagram_socket *s;

	unit_ok(datagram_open(&s, f->loop, &local, peer_datagrams, NULL, f));
	unit_own(s);
	sip_transports_stop(f->t);
	unit_ok(datagram_send(s, &us, MESSAGE, strlen(MESSAGE)));
	unit_ok(sip_transport_send(f->t, &hop, "bye", 3));
	connect_from(f, "192.0.2.1:40000");
	unit_must(f->messages == 0);
	assert_int_equal(sip_transports_connections(f->t), 0);
	unit_must(got(f, "bye"));
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
	struct addr any = addr_of("127.0.0.1:0");
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


/* ---- TCP, from the peer ---- */

static void test_tcp_at_any_split(void)
{
	for (size_t cut = 1; cut < strlen(MESSAGE); cut += 7) {
		struct fixture *f = fixture();

		unit_case("cut %zu", cut);
		connect_from(f, "192.0.2.1:40000");
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
	struct fixture *f = fixture();

	f->echo = true;
	connect_from(f, "192.0.2.1:40000");
	unit_must(sip_transports_connections(f->t) == 1);
	peer_write(f, "\r\n\r\n", 4);
	unit_must(got(f, "\r\n"));
	buf_clear(&f->got);
	peer_write(f, "\r\n\r\n" MESSAGE "\r\n\r\n", strlen(MESSAGE) + 8);
	unit_must(f->messages == 1);
	unit_must(got(f, "\r\nanswer\r\n"));
}


static void test_tcp_peer_closes(void)
{
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_TCP};
	uint64_t flow;

	connect_from(f, "192.0.2.1:40000");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
	flow = f->src.flow;
	f->stream = mem_unref(f->stream);
	settle(f);
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
	connect_from(f, "192.0.2.1:40001");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 2);
	assert_int_not_equal(f->src.flow, flow);
	assert_int_equal(f->src.flow & 0xfffff, flow & 0xfffff);
	assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -ENOTCONN);
	hop.flow = f->src.flow;
	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	settle(f);
	unit_must(got(f, "x"));
	for (uint64_t i = 0; i < 70; i++) {
		hop.flow = f->src.flow ^ UINT64_C(1) << (i % 64);
		assert_int_equal(sip_transport_send(f->t, &hop, "x", 1), -ENOTCONN);
		sip_flow_release(f->t, hop.flow);
		assert_false(sip_flow_peer_is(f->t, hop.flow, STR("a")));
	}
}


static void test_alias(void)
{
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = addr_of("192.0.2.1:40000")};

	connect_from(f, "192.0.2.1:40000");
	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	settle(f);
	unit_must(got(f, "x"));
	unit_must(sip_transports_connections(f->t) == 1);
	/* Another port of the same host is another connection. */
	hop.addr = addr_of("192.0.2.1:5060");
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
		struct fixture *f = fixture();

		unit_case("%s", rows[i].what);
		connect_from(f, "192.0.2.1:40000");
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
		settle(f);
		virtual_loop_advance(f->vl, STREAM_SHUTDOWN_MS);
		assert_int_equal(sip_transports_connections(f->t), 0);
		unit_must(f->closed == 1);
		unit_must(f->failures == 0);
	}
}


/* ---- Time ---- */

static void test_idle(void)
{
	struct fixture *f = fixture();

	connect_from(f, "192.0.2.1:40000");
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
	struct fixture *f = fixture();
	uint64_t flow;

	connect_from(f, "192.0.2.1:40000");
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
	struct fixture *f = fixture();

	connect_from(f, "192.0.2.1:40000");
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
	struct fixture *f = fixture();

	connect_from(f, "192.0.2.1:40000");
	peer_write(f, "\r\n", 2);
	unit_must(sip_transports_connections(f->t) == 1);
	virtual_loop_advance(f->vl, SIP_PARTIAL_MS);
	unit_must(f->closed == 1);
}


/* Messages in a row, each whole before its time, though there is always one begun. */
static void test_busy_is_not_slow(void)
{
	struct fixture *f = fixture();
	size_t n = strlen(MESSAGE);

	connect_from(f, "192.0.2.1:40000");
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
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = addr_of("192.0.2.1:5062")};

	peer_listen(f, "192.0.2.1:5062");
	unit_ok(sip_transport_send(f->t, &hop, "one", 3));
	unit_ok(sip_transport_send(f->t, &hop, "two", 3));
	unit_must(sip_transports_connections(f->t) == 1);
	settle(f);
	unit_must(f->accepted == 1 && got(f, "onetwo"));
	/* It left from the address that we show. */
	assert_true(
		addr_eq_host(stream_peer(f->stream), &(struct addr){.in = addr_of(HOST ":1").in}));
	unit_ok(sip_transport_send(f->t, &hop, "three", 5));
	settle(f);
	unit_must(f->accepted == 1 && got(f, "onetwothree"));
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
	assert_true(addr_eq(&f->src.peer, &hop.addr));
	virtual_loop_advance(f->vl, SIP_IDLE_MS);
	unit_must(f->closed == 1);
	unit_ok(sip_transport_send(f->t, &hop, "four", 4));
	settle(f);
	unit_must(f->accepted == 2 && got(f, "onetwothreefour"));
}


static void test_open_refused(void)
{
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = addr_of("192.0.2.1:5062")};

	unit_ok(sip_transport_send(f->t, &hop, "one", 3));
	unit_must(f->failures == 0);
	settle(f);
	unit_must(f->failures == 1);
	assert_int_equal(f->error, -ECONNREFUSED);
	assert_true(addr_eq(&f->failed_peer, &hop.addr));
	unit_must(f->closed == 1);
	assert_int_equal(sip_transports_connections(f->t), 0);
}


static void test_open_unanswered(void)
{
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = addr_of("192.0.2.1:5062")};

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
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = addr_of("192.0.2.1:5062")};
	int sent = 0, err = 0;

	peer_listen(f, "192.0.2.1:5062");
	virtual_fault_add(f->vl, &(struct virtual_fault){.kind = VIRTUAL_DROP, .to = hop.addr});
	while (!err && sent < 2 * CONNECTION_WAITING_MAX) {
		err = sip_transport_send(f->t, &hop, "x", 1);
		sent += !err;
	}
	unit_must(err == -ENOBUFS && sent == CONNECTION_WAITING_MAX);
	/* By bytes too. */
	hop.addr = addr_of("192.0.2.2:5062");
	for (sent = 0, err = 0; !err && sent < 100; sent += !err)
		err = sip_transport_send(f->t, &hop, large, sizeof(large));
	unit_must(err == -ENOBUFS && sent == (int)(STREAM_QUEUE_MAX / sizeof(large)));
}


static void test_slow_reader(void)
{
	static char large[60000];
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_TCP, .addr = addr_of("192.0.2.1:5062")};
	int err = 0;

	peer_listen(f, "192.0.2.1:5062");
	unit_ok(sip_transport_send(f->t, &hop, "x", 1));
	settle(f);
	unit_must(f->accepted == 1);
	stream_pause(f->stream);
	for (int i = 0; i < 1000 && !err; i++) {
		err = sip_transport_send(f->t, &hop, large, sizeof(large));
		settle(f);
	}
	unit_must(err == -ENOBUFS);
	unit_must(f->failures == 0);
}


/* ---- Ceilings ---- */

static void test_per_host(void)
{
	struct fixture *f = fixture();
	struct addr us = addr_of(HOST ":5060");
	static struct stream *s[SIP_CONNECTIONS_PER_HOST_MAX + 10];
	size_t n = sizeof(s) / sizeof(s[0]);

	for (size_t i = 0; i < n; i++) {
		struct addr local = addr_of("192.0.2.1:0");

		assert_int_equal(stream_connect(&s[i], f->loop, &us, &local, NULL, STR_NULL,
						&peer_handler, f),
				 0);
		if (i % 500 == 0)
			settle(f);
	}
	settle(f);
	assert_int_equal(sip_transports_connections(f->t), SIP_CONNECTIONS_PER_HOST_MAX);
	unit_must(f->peer_closed == 10);
	connect_from(f, "192.0.2.2:1000");
	assert_int_equal(sip_transports_connections(f->t), SIP_CONNECTIONS_PER_HOST_MAX + 1);
	for (size_t i = 0; i < n; i++)
		mem_unref(s[i]);
	settle(f);
	unit_must(sip_transports_connections(f->t) == 1);
	assert_int_equal(f->closed, SIP_CONNECTIONS_PER_HOST_MAX);
	connect_from(f, "192.0.2.1:1000");
	peer_write(f, MESSAGE, strlen(MESSAGE));
	unit_must(f->messages == 1);
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
					 .peer = addr_of("192.0.2.1:40000")};
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
	struct fixture *f = fixture();
	struct sip_hop udp = {.kind = SIP_UDP,
			      .addr = addr_of("192.0.2.1:1"),
			      .socket = SIP_SOCKET_ANY};
	struct sip_hop tcp = {.kind = SIP_TCP, .addr = addr_of("192.0.2.1:1")};
	struct sip_hop v6 = {.kind = SIP_UDP,
			     .addr = addr_of("[2001:db8::2]:1"),
			     .socket = SIP_SOCKET_ANY};
	struct sip_hop lo = {.kind = SIP_UDP,
			     .addr = addr_of("127.0.0.1:1"),
			     .socket = SIP_SOCKET_ANY};

	unit_str(sip_transports_sent_by(f->t, &udp), HOST ":5060");
	unit_str(sip_transports_uri(f->t, &udp), "sip:" HOST ":5060");
	unit_str(sip_transports_sent_by(f->t, &tcp), HOST ":5060");
	unit_str(sip_transports_uri(f->t, &tcp), "sip:" HOST ":5060;transport=tcp");
	assert_null(sip_transports_sent_by(f->t, &v6).p);
	assert_false(sip_transports_has(f->t, SIP_UDP, AF_INET6));
	assert_false(sip_transports_has(f->t, SIP_TLS, AF_UNSPEC));
	assert_true(sip_transports_has(f->t, SIP_TCP, AF_UNSPEC));
	listen_on(f, SIP_UDP, "[2001:db8::10]:5070", NULL);
	unit_str(sip_transports_sent_by(f->t, &v6), "[2001:db8::10]:5070");
	assert_true(sip_transports_has(f->t, SIP_UDP, AF_INET6));
	assert_false(sip_transports_has(f->t, SIP_TCP, AF_INET6));
	/* Loopback serves loopback alone, whatever the order. */
	listen_on(f, SIP_UDP, "127.0.0.1:5099", NULL);
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
		struct fixture *f = fixture();
		struct addr a = addr_of("192.0.2.11:5080");
		struct sip_hop hop = {.kind = SIP_UDP, .addr = addr_of("192.0.2.1:1"), .socket = 2};
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
	struct fixture *f = fixture();
	struct sip_hop hop = {.kind = SIP_UDP, .addr = addr_of("192.0.2.1:1"), .socket = 2};
	struct str sent_by;
	struct addr a;

	listen_on(f, SIP_UDP, "0.0.0.0:5080", NULL);
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
	struct fixture *f = fixture();

	listen_on(f, SIP_UDP, "192.0.2.12:5080", "im.example.com");
	listen_on(f, SIP_UDP, "[2001:db8::10]:5070", NULL);
	listen_on(f, SIP_UDP, "0.0.0.0:5090", "public.example.com:5060");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri u;

		unit_case("%s", rows[i].uri);
		assert_int_equal(sip_uri_decode(&u, str_of(rows[i].uri)), 0);
		assert_int_equal(sip_transports_is_ours(f->t, &u), rows[i].ours);
	}
}


static void test_listen_errors(void)
{
	struct fixture *f = fixture();
	struct addr a = addr_of(HOST ":5060");

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
	struct fixture *f = fixture(), *g = unit_storage(sizeof(*g));
	char *path = unit_storage(64);
	struct tls_config *config;
	struct addr us = addr_of(HOST ":5061"), them = addr_of("192.0.2.20:5061");
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
	unit_defer(release, g);
	unit_ok(sip_transports_alloc(&g->t, g->loop, &handler, g));
	unit_ok(sip_transports_listen(g->t, SIP_TLS, &them, STR_NULL, config));
	sip_transports_set_client_tls(g->t, config);

	f->echo = true;
	unit_str(sip_transports_uri(f->t, &(struct sip_hop){.kind = SIP_TLS, .addr = them}),
		 "sip:" TLS_NAME ":5061;transport=tls");
	unit_ok(sip_transport_send(g->t, &hop, MESSAGE, strlen(MESSAGE)));
	unit_ok(sip_transport_send(g->t, &hop, MESSAGE, strlen(MESSAGE)));
	settle(f);
	unit_must(f->messages == 2 && f->src.kind == SIP_TLS);
	unit_must(sip_transports_connections(g->t) == 1);
	assert_true(sip_flow_peer_is(f->t, f->src.flow, STR(TLS_NAME)));
	assert_false(sip_flow_peer_is(f->t, f->src.flow, STR("example.com")));

	/* RFC 5923: back on the same connection, for the name in the certificate and no other. */
	back.addr = f->src.peer;
	back.host = STR(TLS_NAME);
	unit_ok(sip_transport_send(f->t, &back, MESSAGE, strlen(MESSAGE)));
	settle(f);
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
	settle(f);
	unit_must(g->failures == 1 && g->error == -EACCES);
	assert_true(addr_eq(&g->failed_peer, &hop.addr));
}


UNIT_MAIN(UNIT_TEST(test_udp), UNIT_TEST(test_udp_noise), UNIT_TEST(test_udp_refused),
	  UNIT_TEST(test_udp_errors), UNIT_TEST(test_released_in_callback), UNIT_TEST(test_stop),
	  UNIT_TEST_PLAIN(test_backlog), UNIT_TEST_PLAIN(test_tcp_at_any_split),
	  UNIT_TEST(test_tcp_answer_and_ping), UNIT_TEST(test_tcp_peer_closes),
	  UNIT_TEST(test_alias), UNIT_TEST(test_too_large), UNIT_TEST(test_idle),
	  UNIT_TEST(test_held), UNIT_TEST(test_slow_loris), UNIT_TEST(test_silent_from_the_start),
	  UNIT_TEST(test_busy_is_not_slow), UNIT_TEST(test_open), UNIT_TEST(test_open_refused),
	  UNIT_TEST(test_open_unanswered), UNIT_TEST_PLAIN(test_open_queue),
	  UNIT_TEST_PLAIN(test_slow_reader), UNIT_TEST_PLAIN(test_per_host),
	  UNIT_TEST(test_hop_of_response), UNIT_TEST(test_names), UNIT_TEST(test_advertised),
	  UNIT_TEST(test_any_address), UNIT_TEST(test_is_ours), UNIT_TEST(test_listen_errors),
	  UNIT_TEST(test_tls))
