/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the engine: what sip.c, server_txn.c and client_txn.c know of each other.
 *
 * Server transactions stand in a hash table by their key. One that only has to repeat its final
 * response (any method but INVITE) is replaced there by a record: some 150 bytes, the key and the
 * response in one block. So the table links `struct server_entry`, which begins both.
 *
 * Client transactions stand in an array of slots. The branch we put into a request holds the slot's
 * number and a secret token; a response is matched by one look into the array (17.1.3), and one whose
 * branch was not made by us for a live transaction is found out without any search.
 */
#ifndef SIP_TXN_H
#define SIP_TXN_H

#include "base/counter.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/sm.h"
#include "base/timer.h"
#include "sip/overload.h"
#include "sip/silent_hop.h"
#include "sip/sip.h"
#include "sip/txn_key.h"

/** "z9hG4bK", 8 digits of slot, 16 of token, then perhaps 16 of loop detection. */
#define TXN_BRANCH_MAX (7 + 8 + 16 + 16)
/** Via line of ours: fixed text, sent-by (a host name and port), branch. */
#define TXN_VIA_MAX (64 + 262 + TXN_BRANCH_MAX)
/** A slot no transaction has: in the branch of a request sent outside any. */
#define TXN_SLOT_NONE 0xffffffffu
/** Lists of client transactions by next hop, for finding those that a transport error concerns. */
#define TXN_HOP_LISTS 1024

/** Bytes in the engine's slab. */
struct block {
	char *p;
	uint32_t n;    /**< in use */
	uint32_t size; /**< taken */
};


static inline struct str block_str(const struct block *b)
{
	return (struct str){b->p, b->n};
}


/** Room for `size` bytes, none in use. */
static inline bool block_take(struct block *b, struct slab *slab, size_t size)
{
	*b = (struct block){slab_take(slab, size), 0, (uint32_t)size};
	return b->p != NULL;
}


static inline void block_give(struct block *b, struct slab *slab)
{
	slab_give(slab, b->p, b->size);
	*b = (struct block){0};
}

/* ---- Server side ---- */

/** Two machines share the numbers they have in common; the drawings are in server_txn.c. */
enum server_state {
	SERVER_TRYING,
	SERVER_PROCEEDING,
	SERVER_ACCEPTED,
	SERVER_COMPLETED,
	SERVER_CONFIRMED,
	SERVER_TERMINATED,
};
extern const struct sm_table server_invite_machine, server_other_machine;

struct server_entry {
	struct hash_link link;
	struct timer timer;
	struct sip *sip; /**< NULL: out of the table, the machine has ended */
	const char *key;
	uint8_t key_n, to_tag_n;
	bool record; /**< a struct server_record, else a struct sip_server_txn */
};

/** The Completed state of another method than INVITE over UDP, in as little as that needs. */
struct server_record {
	struct server_entry e;
	struct sip_hop hop; /**< where the response goes again */
	uint32_t response_n, size;
	char bytes[]; /**< key, then response */
};

struct sip_server_txn {
	struct server_entry e;
	enum sip_method method;
	uint8_t state;
	bool cancelled;
	bool answered;
	uint16_t status;     /**< of the last response sent */
	uint32_t resend_ms;  /**< Timer G's present length */
	struct timer resend; /**< INVITE: Timer G, before it 200 ms until 100 */
	struct sip_source src;
	struct sip_hop hop;
	struct slab *slab;
	struct block request;  /**< own copy, until the final response */
	struct block response; /**< INVITE: the last provisional one, or the final one to repeat */
	const struct sip_msg *live; /**< during `request`: the index over `request` */
	const struct sip_server_watch *watch;
	void *watch_arg;
	char to_tag[16];
	char key[];
};

/* ---- Client side ---- */

/** The drawings are in client_txn.c. */
enum client_state {
	CLIENT_CALLING, /**< INVITE; other methods call it Trying */
	CLIENT_PROCEEDING,
	CLIENT_ACCEPTED,
	CLIENT_COMPLETED,
	CLIENT_TERMINATED,
};
#define CLIENT_TRYING CLIENT_CALLING

struct sip_client_txn {
	struct sip *sip; /**< NULL: the machine has ended */
	struct list_link by_hop;
	struct list *watched; /**< the list that by_hop is in; NULL: none */
	struct timer timer;   /**< A, E; B, F; D; M: one at a time */
	uint64_t deadline_ms; /**< Timer B, F */
	uint32_t interval_ms; /**< Timer A, E: present length */
	uint32_t slot;
	uint64_t token;
	uint64_t loop;
	enum sip_method method;
	uint8_t state;
	bool cancel_wanted, cancel_sent;
	bool udp_after; /**< TCP was chosen for size alone: UDP to the same hop is next (18.1.1) */
	uint8_t hops_left;
	struct slab *slab;
	struct block msg; /**< the request as sent (Completed: the ACK) */
	uint32_t via_at, via_n;
	struct sip_hop hop;
	struct sip_hop *hops; /**< those left to try, host texts behind them; or NULL */
	struct sip_hop *hops_next;
	struct str method_name;           /**< inside `msg`: of SIP_METHOD_OTHER */
	struct sip_client_txn *cancel;    /**< INVITE: its CANCEL, which has no slot of its own */
	struct sip_client_txn *cancelled; /**< CANCEL: its INVITE */
	const struct sip_client_handler *handler;
	void *arg;
};

union client_slot {
	struct sip_client_txn *ct;
	uintptr_t next_free; /**< (index << 1) | 1 */
};

/* ---- The engine ---- */

struct sip {
	struct loop *loop;
	struct timers *timers;
	struct sip_transports *transports;
	struct sip_resolver *resolver;
	struct sip_timers t;
	uint32_t t100_ms; /**< RFC 4320 4.1: when Timer E has reached T2 */
	const struct sip_handler *handler;
	void *arg;
	sip_tap_cb *tap; /**< NULL: nobody looks on */
	void *tap_arg;
	char *server;
	struct slab *slab; /**< transactions and their messages */
	struct hash_key key;
	struct overload overload;
	bool closing;

	struct hash_table servers;
	size_t pending, lingering;

	union client_slot *slots;
	uint32_t slots_n;
	uint32_t slot_free;
	uint64_t tokens; /**< counted up, hashed into tokens */
	struct list by_hop[TXN_HOP_LISTS];
	struct list failing;
	struct silent_hops silent;
	struct list acks; /**< forward_ack.c: those whose next hop is looked up */

	struct buf scratch; /**< for messages that are sent and not kept */
};

extern struct counter sip_c_requests, sip_c_responses, sip_c_retransmissions, sip_c_retransmitted,
	sip_c_stray_responses, sip_c_stray_acks, sip_c_malformed, sip_c_broken, sip_c_refused,
	sip_c_client_timeouts, sip_c_transport_errors, sip_c_late, sip_c_unanswered,
	sip_c_no_memory;
extern struct counter sip_g_pending, sip_g_lingering, sip_g_clients;

void sip_pending_add(struct sip *s, int by);
void sip_lingering_add(struct sip *s, int by);

/* server_txn.c */
/** The transaction or record a request belongs to; NULL: it is new. `ack`: see txn_key_eq. */
struct server_entry *server_find(struct sip *s, const struct txn_key *key, bool ack);
/** A request that was seen before (not ACK, not CANCEL). */
void server_retransmitted(struct server_entry *e);
/** ACK to an INVITE's transaction; false: it is for a 2xx and concerns the user. */
bool server_acked(struct server_entry *e, const struct sip_msg *m);
/** CANCEL to an INVITE's transaction: told to the user, once. The answer is the caller's affair. */
void server_cancelled(struct server_entry *e, const struct sip_msg *m);
/** A new request: makes the transaction and calls `request`. -ENOMEM. */
int server_txn_start(struct sip *s, const struct txn_key *key, struct sip_msg *m,
		     const struct sip_source *src);
/** Shutdown: the machine ends here. */
void server_entry_end(struct server_entry *e);

/** Moves a state by the machine of its method. */
void server_move(struct sip_server_txn *st, enum server_state to);
/** Out of the table; the engine's reference is dropped. */
void server_end(struct sip_server_txn *st);
/** Final response given: from pending to lingering, and the request is not needed any more. */
void server_lingers(struct sip_server_txn *st);
/** Timers of the state just entered. */
void server_timers_start(struct sip_server_txn *st);
bool server_reliable(const struct sip_server_txn *st);
/** INVITE that got a 2xx: more of them may follow. */
bool server_accepted(const struct sip_server_txn *st);

/* server_record.c */
static inline char *server_record_response(struct server_record *r)
{
	return r->bytes + r->e.key_n;
}


/** An unlinked record with room for the response; NULL without memory. */
struct server_record *server_record_alloc(const struct sip_server_txn *st, size_t response_n);
/** Drops one that was not put to use. */
void server_record_drop(struct server_record *r, struct slab *slab);
/** Takes the place of the transaction, which ends. */
void server_record_replace(struct server_record *r, struct sip_server_txn *st);
void server_record_resend(struct server_record *r, struct sip *s);
void server_record_end(struct server_record *r);

/* server_respond.c */
void server_send(struct sip *s, struct sip_hop *hop, struct str bytes);
void server_hop(struct sip_hop *ret, const struct sip_msg *m, const struct sip_source *src);
/** Our To-tag in responses to the request with this key (8.2.6.2; 8.2.7 wants it without state). */
void response_tag(const struct sip *s, uint64_t key_hash, char tag[static 16]);
/** Answers without a transaction (8.2.7). */
void respond_stateless(struct sip *s, struct sip_msg *m, const struct sip_source *src,
		       uint64_t key_hash, const struct sip_response *r);

/* client_txn.c */
/** A response; false: no live transaction of ours has its branch. */
bool client_response(struct sip *s, const struct sip_msg *m);
void client_transport_failed(struct sip *s, enum sip_transport_kind kind, const struct addr *peer,
			     uint64_t flow, int error);
/** Shutdown. */
void client_abort(struct sip_client_txn *ct);
/** The engine's reference; NULL without memory. */
struct sip_client_txn *client_alloc(struct sip *s, enum sip_method method);
/** The machine ends here, nobody is told. */
void client_end(struct sip_client_txn *ct);
/** (Re)starts the timers of a request just sent. */
void client_timers_start(struct sip_client_txn *ct);
/** Transport errors of the present hop concern it from now on. */
void client_watch_hop(struct sip_client_txn *ct);

/* client_start.c */
/** Sends the request to the hop in `ct->hop` or, failing that, to those left. -errno of the last. */
int client_try_hops(struct sip_client_txn *ct);
bool client_has_hops(const struct sip_client_txn *ct);
/** Moves on to the next hop; false: none is left. */
bool client_next_hop(struct sip_client_txn *ct, int error);

/* client_slots.c */
uint64_t client_token(struct sip *s);
int client_slot_take(struct sip *s, struct sip_client_txn *ct);
void client_slot_drop(struct sip *s, uint32_t slot);
struct sip_client_txn *client_find(struct sip *s, struct str branch);
void client_branch_put(struct buf *b, uint32_t slot, uint64_t token, uint64_t loop);

/* forward_ack.c */
void forward_acks_end(struct sip *s);

/* client_derived.c */
/** ACK for a response other than 2xx (17.1.1.3); with `m` NULL the CANCEL (9.1). */
int client_derive(struct sip_client_txn *ct, const struct sip_msg *m, struct block *ret);

#endif
