/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An endpoint of ours on the virtual loop, and peers that speak MSRP to it, frame by frame.
 *
 * A peer writes down each frame it gets as a line of its log, and gathers the bodies:
 *     SEND ID RANGE BYTES FLAG | REPORT ID RANGE STATUS [for COUNT] | STATUS TID | METHOD BYTES | closed | broken
 */
#ifndef UNIT_MSRP_WORLD_H
#define UNIT_MSRP_WORLD_H

#include "base/loop.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "msrp/endpoint.h"
#include "msrp/frame.h"
#include "msrp/relay.h"
#include "msrp/send.h"
#include "msrp/session.h"

#define PEERS_MAX 4
#define ALICE_PATH "msrp://192.0.2.1:7777/alice1;tcp"
#define BOB_PATH "msrp://192.0.2.2:9000/bob1;tcp"
#define OURS "192.0.2.9:2855"

struct world;

struct peer {
	struct world *w;
	struct stream_listener *ln;
	struct stream *s;
	struct msrp_parser parser;
	struct buf log, body;
	const char *path;
	const char *to;  /**< URI of ours it writes to */
	uint16_t status; /**< what it answers SENDs with; 0: nothing */
	bool quiet;      /**< SENDs and REPORTs are counted, not logged */
	unsigned accepted, sends, reports;
	uint64_t bytes;                  /**< of bodies */
	uint64_t piece_n;                /**< of the frame under way */
	uint64_t chunk_min;              /**< shortest body of a chunk that ended with '+' */
	char last_tid[MSRP_TID_MAX + 1]; /**< of the last SEND */
	char last_id[MSRP_MESSAGE_ID_MAX + 1];
	struct buf others; /**< header lines of the last SEND after From-Path */
};

struct world {
	struct virtual_loop *vl;
	struct loop *l;
	struct msrp_endpoint *ep;
	struct peer peers[PEERS_MAX];
	struct msrp_session *a, *b;
	struct msrp_relay *relay;
	struct buf events; /**< what our handlers heard */
};

/** Endpoint at OURS, peers 0 (alice) and 1 (bob, who listens). Released at the end of the test. */
struct world *world_open(void);
/** Sessions a (passive, alice's) and b (active, bob's), tied; everybody connected, logs empty. */
struct world *world_relay(void);
struct world *world_relay_with(const struct msrp_relay_params *p);

struct addr address(const char *text);
void run(struct world *w);
void advance(struct world *w, uint64_t ms);

/** Connects to OURS from `host`. */
void peer_connect(struct peer *p, const char *host);
void peer_close(struct peer *p);
void peer_write(struct peer *p, const void *bytes, size_t n);
void peer_printf(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** A SEND. `range`: "1-5/5"; `lines`: further header lines or "". body NULL: none. */
void peer_send(struct peer *p, const char *tid, const char *id, const char *range,
	       const char *lines, const char *body, char flag);
/** Only its head, up to the body. */
void peer_head(struct peer *p, const char *tid, const char *id, const char *range,
	       const char *lines);
void peer_tail(struct peer *p, const char *tid, char flag);
/** The SEND that binds. */
void peer_bind(struct peer *p, const char *tid);
/** An answer to the last SEND it got. */
void peer_answer(struct peer *p, uint16_t status);
/** Lines of the log with ", " between; then it is empty. */
void peer_heard(struct peer *p, const char *expected);
void events_are(struct world *w, const char *expected);
void note(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** `n` bytes of content that tell their place. */
void fill(char *to, size_t n, uint64_t offset);
/** The peer's gathered body is fill() of n bytes. */
void body_is_filled(struct peer *p, size_t n);

#endif
