/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the tests of transports share: transports on the virtual loop with a handler that notes what it is
 * given, and one peer's end of a connection.
 *
 *     struct fixture *f = fixture_open();
 *     peer_connect(f, "192.0.2.1:5062");
 *     peer_write(f, MESSAGE, strlen(MESSAGE));
 *     assert_int_equal(f->messages, 1);
 */
#ifndef TEST_SIP_TRANSPORT_FIXTURE_H
#define TEST_SIP_TRANSPORT_FIXTURE_H

#include "base/tls.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "sip/connection.h"
#include "sip/transport.h"

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

extern const struct sip_transport_handler fixture_handler;
extern const struct stream_handler peer_handler;

/** Listens at HOST:5060, UDP and TCP. */
struct fixture *fixture_open(void);
void fixture_release(void *arg);
void fixture_listen(struct fixture *f, enum sip_transport_kind kind, const char *hostport,
		    const char *advertised);
void fixture_settle(struct fixture *f);
struct addr fixture_addr(const char *hostport);
int64_t fixture_count(const char *name);

/** A connection from the peer to us. */
void peer_connect(struct fixture *f, const char *from);
void peer_write(struct fixture *f, const char *text, size_t n);
void peer_listen(struct fixture *f, const char *at);
/** All that has come to the peer. */
bool peer_got(struct fixture *f, const char *text);
/** For datagram_open: what comes is added to what the peer has got. */
void peer_datagrams(struct datagram_socket *s, const struct datagram *batch, size_t n, void *arg);

#endif
