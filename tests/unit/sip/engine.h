/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the tests of the engine share: a SIP engine on the virtual loop, a user that notes what it is
 * given, and peers that note what reaches them, with the time at which it did.
 *
 *     struct engine *e = engine_open();
 *     struct peer *uac = peer_open(e, "192.0.2.1:5060");
 *     peer_send(uac, "MESSAGE sip:bob@example.com SIP/2.0\n…\n\n");
 *     engine_run(e);
 *     unit_must(peer_count(uac) == 1 && peer_has(uac, 0, "SIP/2.0 200 "));
 *
 * Texts are written with \n for the line end. Nothing here ends the test: what did not come is an
 * empty text, so that the test says what it expected.
 */
#ifndef TEST_SIP_ENGINE_H
#define TEST_SIP_ENGINE_H

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "sip/proxy.h"
#include "sip/sip.h"

/** The engine's address, UDP and TCP. */
#define ENGINE_HOST "192.0.2.10"
#define ENGINE_ADDR ENGINE_HOST ":5060"

#define ENGINE_REQUESTS_MAX 64
#define ENGINE_PEERS_MAX 6
#define PEER_MESSAGES_MAX 1024

struct engine;

struct peer {
	struct engine *e;
	struct addr addr;
	struct datagram_socket *udp;
	struct stream_listener *listener;
	struct stream *stream; /**< the last connection accepted, or the one made */
	unsigned count;
	struct peer_message {
		uint64_t at_ms; /**< since engine_open */
		char *text;
		bool tcp;
	} got[PEER_MESSAGES_MAX];
};

struct engine {
	struct virtual_loop *vl;
	struct sip *sip;
	struct dns dns;
	struct sip_params params;
	struct sip_handler handler;
	struct peer peers[ENGINE_PEERS_MAX];
	unsigned peer_count;
	uint64_t t0;

	/** Called for each request; NULL: it is only noted. */
	void (*on_request)(struct engine *e, struct sip_server_txn *st, const struct sip_msg *m);
	void (*on_ack)(struct engine *e, const struct sip_msg *m, const struct sip_source *src);
	void *arg;
	struct sip_server_txn *st[ENGINE_REQUESTS_MAX]; /**< references */
	unsigned requests, acks, cancels, ended;
	int ended_error;

	/** The one DNS question that waits: tests answer it. */
	dns_answer_cb *answer;
	void *answer_arg;
	unsigned questions;
};

struct engine *engine_open(void);
/** Everything that happens without time passing. */
void engine_run(struct engine *e);
void engine_wait(struct engine *e, uint64_t ms);
uint64_t engine_now(const struct engine *e);
/** Answers request `i` when it is there. */
int engine_reply(struct engine *e, unsigned i, uint16_t status);
/** Notes `cancelled` and `ended` of request `i`. */
void engine_watch(struct engine *e, unsigned i);

/** A UDP socket. */
struct peer *peer_open(struct engine *e, const char *hostport);
/** It listens for TCP too, and notes the messages of its connections. */
void peer_listen(struct peer *p);
/** Connects to the engine by TCP; what is sent then goes over the connection. */
void peer_connect(struct peer *p);
/** Sends to the engine. */
void peer_send(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** Sends to another address of the engine's. */
void peer_send_to(struct peer *p, const char *to, const char *text);
/** Messages it got. */
unsigned peer_count(const struct peer *p);
const char *peer_text(const struct peer *p, unsigned i);
uint64_t peer_at(const struct peer *p, unsigned i);
bool peer_has(const struct peer *p, unsigned i, const char *text);
/** The value of the first header line beginning with `name` ("Via: "), in storage of the test. */
const char *peer_header(const struct peer *p, unsigned i, const char *name);
/** Answers message `i`, a request: its Vias, From, To with a tag, Call-ID, CSeq; `more`: header lines. */
void peer_answer(struct peer *p, unsigned i, unsigned status, const char *more);
void peer_answer_to(struct peer *p, const char *to, unsigned i, unsigned status, const char *more);
/** The times of all messages are these, ended by -1. */
void peer_times(const struct peer *p, const int *at_ms);

/** A request of user agents; the branch in the topmost Via, more header lines before the body. */
void peer_request(struct peer *p, const char *method, const char *uri, const char *branch,
		  const char *more);

#endif
