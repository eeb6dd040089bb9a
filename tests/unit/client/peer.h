/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the client's tests share: an account of alice's on the virtual loop, and a scripted server beside
 * it that takes down what it is sent and answers when told to. Nobody answers by himself.
 *
 *     struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
 *     unit_ok(parley_register(s->parley));
 *     m = peer_take(s);                       // the REGISTER
 *     peer_answer(s, 200, "Expires: 600\r\n");
 */
#ifndef CLIENT_PEER_H
#define CLIENT_PEER_H

#include "parley.h"

#include "lib/virtual_loop.h"
#include "lib/unit.h"

#include "base/loop.h"
#include "sip/msg.h"

#define PEER_SERVER "192.0.2.10:5060"
#define PEER_LOCAL "192.0.2.1:5060"
#define PEER_KEEP 16
#define PEER_EVENTS 32

struct peer_event {
	enum {
		EVENT_STATE,
		EVENT_MESSAGE,
		EVENT_REPORT,
		EVENT_INVITATION,
		EVENT_SENT,
		EVENT_ENDED
	} kind;
	int state, error;
	unsigned status, reports, mode;
	size_t bytes;
	uint32_t expires_s, retry_ms;
	char from[128], name[128], text[256], type[128], id[64], word[64], detail[128];
	int64_t sent_ms;
};

struct peer {
	struct virtual_loop *vl;
	struct loop *loop;
	struct datagram_socket *udp;
	struct stream_listener *listener;
	struct stream *stream; /**< the client's last connection */
	struct parley *parley;
	struct addr client; /**< where the last message came from */
	unsigned connections;
	bool over_tcp;
	struct {
		char *p;
		size_t n;
	} got[PEER_KEEP]; /**< not taken yet, oldest first */
	unsigned got_n;
	char *text; /**< of the message taken last */
	size_t text_n;
	struct sip_msg m;
	unsigned pings;
	struct peer_event event[PEER_EVENTS];
	unsigned events;
	bool shown;        /**< what the message callback returns */
	unsigned answers;  /**< to invitations; 0: 488 */
	bool close_inside; /**< any callback closes the account */
};

/** `params` without loop, account, local, handler; server NULL: the peer over UDP. */
struct peer *peer_new(const struct parley_params *params);
/** The next message the client sent; the test ends when there is none. */
const struct sip_msg *peer_take(struct peer *s);
/** None is waiting. */
bool peer_quiet(struct peer *s);
/** Answers the message taken last. `headers`: whole lines. */
void peer_answer(struct peer *s, unsigned status, const char *headers);
void peer_answer_with(struct peer *s, unsigned status, const char *headers, const char *type,
		      const char *body);
/** 401 or 407 with this nonce. */
void peer_challenge(struct peer *s, unsigned status, const char *nonce, bool stale);
/** Takes the REGISTER, answers 200 with its Contact and expires; the client is registered then. */
void peer_register(struct peer *s, const char *headers);
/** The user part of the client's Contact in the message taken last, "alice.…". */
struct str peer_contact(struct peer *s);
/** Sends a request of the server's to the client: `%U` stands for the Contact's URI, line ends as CRLF. */
void peer_request(struct peer *s, const char *text);
/** Lets time pass, by the millisecond. */
void peer_wait(struct peer *s, uint64_t ms);
/** The next event of the account; the test ends when there is none. */
const struct peer_event *peer_event(struct peer *s, int kind);
parley_sent_cb peer_on_sent;

/** Strict: header `id` of `m` is this text. */
#define peer_header_is(m, id, text) unit_str(sip_msg_header((m), SIP_HDR_##id), (text))
#define peer_header_absent(m, id) assert_null(sip_msg_header((m), SIP_HDR_##id).p)

#endif
