/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Peers: the SIP elements around the server, on the same virtual network.
 *
 * A peer does by itself only what every element does below its transactions: it frames streams, tells
 * which of its requests a response belongs to, acknowledges negative answers to its INVITE, keeps tags,
 * routes and numbers of its dialogs. What it says, and when, stands in the scenario. It never
 * retransmits by itself.
 *
 * What arrives waits as a `struct scn_arrival` until a statement takes it. What nobody takes, and nobody
 * excused (`ignores`, `always answers`), fails the case.
 */
#ifndef RUNNER_PEER_H
#define RUNNER_PEER_H

#include "base/addr.h"
#include "base/loop.h"
#include "scenario/runner/ladder.h"
#include "scenario/runner/message.h"
#include "scenario/runner/script.h"

struct scn_peer;
struct scn_conn;
struct scn_msrp;
struct tls_config;

enum scn_over { SCN_UDP, SCN_TCP, SCN_TLS, SCN_OVERS };

struct str scn_over_name(enum scn_over o);
bool scn_over_read(struct str s, enum scn_over *ret);

enum scn_arrival_kind {
	SCN_MESSAGE,
	SCN_BYTES,
	SCN_CLOSED,
	SCN_TOLD, /**< by the bundled client to its user: `msg` holds it (client.h) */
};

struct scn_arrival {
	struct scn_arrival *next;
	enum scn_arrival_kind kind;
	uint64_t at_ms; /**< since the case began */
	struct str bytes;
	struct scn_msg *msg; /**< of a message */
	enum scn_over over;
	struct addr source;
	struct datagram_socket *socket; /**< udp: the one it came to */
	struct scn_conn *conn;          /**< tcp, tls */
	size_t sent;                    /**< closed: bytes this peer had sent on the connection */
	int error;                      /**< closed: 0 or -errno */
	bool taken;
	bool excused;
	unsigned chunks; /**< of a message put together: the frames it came in */
};

/** How bytes leave over a stream. */
struct scn_pieces {
	size_t *length; /**< of the pieces, ended by 0, the last one again and again; NULL: in one */
	uint64_t pause_ms; /**< that passes between them */
	uint64_t cut;      /**< the connection is closed after so many bytes; 0: it is not */
};

struct scn_conn {
	struct scn_conn *next;
	struct scn_peer *peer;
	struct stream *stream; /**< NULL when it is gone */
	enum scn_over over;
	struct buf in;
	size_t sent;
	bool ours; /**< we opened it */
	bool connected;
	bool reading_stopped;
};

/** The halves of a dialog that a peer must remember. */
struct scn_dialog {
	struct scn_dialog *next;
	struct str call_id, local,
		remote; /**< From/To values with tags, as this peer writes them */
	struct str remote_tag;
	struct str target; /**< URI of the other's Contact */
	struct str routes[SCN_VALUES_MAX];
	size_t routes_n;
	uint32_t cseq;         /**< the last one used by this peer */
	struct scn_msrp *msrp; /**< of the SDP that this peer sent in it; NULL */
};

/** A request of this peer's own. */
struct scn_request {
	struct scn_request *next;
	struct str name; /**< by `as`; STR_NULL */
	struct str method, branch;
	struct scn_msg *sent; /**< as it left last */
	struct scn_over_hop {
		enum scn_over over;
		struct addr to;
		struct datagram_socket *socket;
		struct scn_conn *conn;
	} hop;
	struct scn_dialog *dialog;
	unsigned final;        /**< status; 0: none yet */
	struct scn_msg *acked; /**< the response that was acknowledged */
	struct scn_msrp *msrp; /**< of the SDP in it, or that an MSRP request went over */
	bool quiet;            /**< its 200 is not unexpected */
};

/** A request that came. */
struct scn_incoming {
	struct scn_incoming *next;
	struct str name;
	struct scn_arrival *arrival;
	struct str to_tag;
	struct str last; /**< the last response, as sent */
	struct scn_dialog *dialog;
	bool answered;         /**< finally */
	bool taken;            /**< a statement has received it */
	struct scn_msrp *msrp; /**< of the SDP in the answer, or that an MSRP request came over */
	struct str offer;      /**< path in the SDP it brought; STR_NULL */
};

/** What a peer lets pass, or answers by itself. */
struct scn_habit {
	struct scn_habit *next;
	struct str what; /**< "MESSAGE", "200", "retransmissions", "everything", "closing" */
	unsigned answer; /**< status to answer; 0: only let pass */
};

struct scn_peer {
	struct scn_peer *next;
	struct scn_play *play;
	const struct scn_peer_decl *decl;
	struct str name, uri, user, password;
	struct addr addr; /**< udp and tcp */
	struct addr tls_addr;
	enum scn_over over; /**< what it sends by */
	bool has[SCN_OVERS];
	struct datagram_socket *udp;
	struct datagram_socket *extra[4]; /**< opened by `from` */
	struct stream_listener *tcp, *tls;
	struct scn_conn *conns;
	struct scn_arrival *arrivals;
	struct scn_request *requests;  /**< the latest first */
	struct scn_incoming *incoming; /**< the latest first */
	struct scn_dialog *dialogs;
	struct scn_habit *habits;
	struct scn_challenge
		challenge[2]; /**< the last one met, of the registrar (401) and of a proxy (407) */
	unsigned nonce_count[2];
	struct str credentials; /**< the last value sent */
	unsigned counter;       /**< tags, branches, Call-IDs */
	bool never_acks;
	/** What comes is not kept but goes here (core.h); NULL. */
	void (*divert)(struct scn_peer *peer, struct scn_arrival *a);
	struct scn_msrp *msrp; /**< its sessions, the latest first */
	struct addr msrp_addr;
	struct stream_listener *msrp_listener;
	unsigned msrp_paths, msrp_counter;
	bool msrp_by_hand; /**< it answers no SEND by itself */
};

/** Makes it and opens its sockets. NULL: it has been reported. */
struct scn_peer *scn_peer_open(struct scn_play *p, const struct scn_peer_decl *d, unsigned number);
void scn_peer_close(struct scn_peer *peer);
struct scn_peer *scn_peer_find(const struct scn_play *p, struct str name);

/** "198.51.100.11:5060", as Via and Contact show it. */
struct str scn_peer_hostport(struct scn_peer *peer, enum scn_over over);
struct str scn_peer_contact(struct scn_peer *peer);
/** "alice-3": a new one at each call. */
struct str scn_peer_token(struct scn_peer *peer);

/** The connection it uses towards `to`; opened when there is none. NULL: reported. */
struct scn_conn *scn_peer_connect(struct scn_peer *peer, enum scn_over over, const struct addr *to);
/** The latest connection that stands; NULL: none. */
struct scn_conn *scn_peer_conn(struct scn_peer *peer);
void scn_conn_close(struct scn_conn *c);
/** Sends bytes to a hop; `pieces` may be NULL. False: reported. */
bool scn_peer_send(struct scn_peer *peer, const struct scn_over_hop *hop, struct str bytes,
		   const struct scn_pieces *pieces);
/** A listener for connections of this peer. 0 or -errno. */
int scn_peer_listen(struct scn_peer *peer, const struct addr *at, bool tls,
		    struct stream_listener **ret);

/** Something has come; it waits until a statement takes it. */
void scn_peer_arrive(struct scn_peer *peer, const struct scn_arrival *a);
/** A line in the ladder. */
void scn_peer_event(struct scn_peer *peer, struct str what);

/** A socket at another address of its own (`from`). NULL: it cannot be opened. */
struct datagram_socket *scn_peer_socket(struct scn_peer *peer, const struct addr *local);

/** The first that is neither taken nor excused; NULL: none. */
struct scn_arrival *scn_peer_waiting(const struct scn_peer *peer);
/** Its request of that branch; NULL. */
struct scn_request *scn_peer_request_of(const struct scn_peer *peer,
					const struct scn_msg *response);
struct scn_request *scn_peer_request_named(const struct scn_peer *peer, struct str name);
struct scn_incoming *scn_peer_incoming_named(const struct scn_peer *peer, struct str name);
/** By the name of a request that made it; without a name the latest. NULL: none. */
struct scn_dialog *scn_peer_dialog(const struct scn_peer *peer, struct str name);
/** The latest earlier arrival with the same bytes; NULL: this is the first. */
const struct scn_arrival *scn_peer_same(const struct scn_peer *peer, const struct scn_arrival *a);

#endif
