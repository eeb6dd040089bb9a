/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The SIP engine: transactions between the transports below and a user above.
 *
 * An ordinary message. A MESSAGE arrives; it is decoded (sip/msg.h) and looked up among the server
 * transactions by a keyed hash of branch, sent-by and method (RFC 3261 17.2.3). It is new, so a
 * server transaction is made and `request` is called with it and the message. The user answers with
 * sip_respond, now or later, or hands it to a proxy (sip/proxy.h), which makes client transactions
 * and answers in time. A retransmission finds its transaction and is absorbed, or answered with the
 * response that is kept. After the final response nothing is kept but what a retransmission needs.
 *
 * An awkward one. It does not decode but can be answered: the engine answers (400, 505…), counts,
 * and the user never sees it. It cannot be answered: it is counted and dropped. More arrive than can
 * be served: see sip/overload.h. A response whose branch is not a live client transaction of ours is
 * dropped (RFC 6026 8.9), never forwarded.
 *
 * The message given to a callback is valid until it returns. A user that must wait (for the store,
 * for DNS) calls sip_server_txn_request, which gives it back from the transaction's own copy at any
 * time until the final response is sent. The copy bears `received` and `rport` in its topmost Via as
 * RFC 3261 18.2.1 and RFC 3581 4 ask, and the message given to `request` is that copy, so whatever is
 * made of it (a response, a forwarded request) has them too.
 *
 * Transactions are counted objects (mem_ref, mem_unref) of which the engine itself holds one
 * reference until their machine has ended. A user who keeps a pointer to a server transaction beyond
 * the callback takes a reference; a client transaction comes with one. What is done with a
 * transaction whose machine has ended is refused, never harmful.
 *
 * Timers are those of RFC 3261 17 with RFC 6026 and RFC 4320; the machines are the tables in
 * server_txn.c and client_txn.c.
 */
#ifndef SIP_SIP_H
#define SIP_SIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/str.h"
#include "sip/edit.h"
#include "sip/msg.h"
#include "sip/resolver.h"
#include "sip/transport.h"

struct sip;
struct slab;
struct sip_server_txn;
struct sip_client_txn;

/** Live transactions; beyond it new requests get 503. Each costs < 1 kB lingering, < 4 kB pending. */
#define SIP_TXNS_MAX 8000000
/** RFC 3261 17.2.1: "unless it knows that the TU will generate a provisional or final response
 *  within 200 ms" an INVITE server transaction sends 100; it waits so long to know. */
#define SIP_TRYING_MS 200

struct sip_timers {
	uint32_t t1_ms; /**< 500 */
	uint32_t t2_ms; /**< 4000 */
	uint32_t t4_ms; /**< 5000 */
	uint32_t
		linger_ms; /**< 64 * T1 = 32000: Timers B, F, H, J, L, M and how long answers are kept */
	uint32_t c_ms; /**< Timer C, more than 3 minutes: 181000 */
};
#define SIP_TIMERS_DEFAULT                     \
	{                                      \
		500, 4000, 5000, 32000, 181000 \
	}

struct sip_handler {
	/** A new request other than ACK; answer it through `st`. CANCEL comes here only when no INVITE matches it. */
	void (*request)(struct sip_server_txn *st, const struct sip_msg *m,
			const struct sip_source *src, void *arg);
	/** An ACK for a 2xx. It is routed like a request and never answered. */
	void (*ack)(const struct sip_msg *m, const struct sip_source *src, void *arg);
	/** Transports tell that a connection closed. May be NULL. */
	void (*flow_closed)(uint64_t flow, void *arg);
};

struct sip_params {
	struct loop *loop;
	struct dns *dns; /**< borrowed */
	struct sip_timers timers;
	struct str server; /**< value of Server in responses the engine makes itself */
	const struct sip_handler *handler;
	void *arg;
};

/**
 * Counted. Its transports (sip_transports) are made with it: add listeners to them. With the last
 * reference every transaction ends (`ended`, `failed` with -ECANCELED).
 */
int sip_alloc(struct sip **ret, const struct sip_params *p);
/** The engine's counters and gauges into the registry; once, at start. */
void sip_counters_register(void);
struct sip_transports *sip_transports(struct sip *s);
struct sip_resolver *sip_resolver(struct sip *s);
struct loop *sip_loop(struct sip *s);
/** Where the transactions live: for what its users keep as long as one of them (mem_alloc_in). */
struct slab *sip_slab(struct sip *s);
struct str sip_server_value(const struct sip *s);
const struct sip_timers *sip_timers(const struct sip *s);
/**
 * How long work waits in the service itself (the store's queue): counts as delay (sip/overload.h) until
 * it is reported anew. 0 when nothing waits.
 */
void sip_report_delay(struct sip *s, uint32_t delay_us);
/** Who sees all that arrives and leaves, retransmissions too (sip/transport.h). NULL: nobody. */
void sip_set_tap(struct sip *s, sip_tap_cb *tap, void *arg);
/** Transactions that wait for something, and those that only linger. */
size_t sip_pending(const struct sip *s);
size_t sip_lingering(const struct sip *s);
/** How long a message waits before it is looked at, and whether new requests are being shed (sip/overload.h). */
uint32_t sip_queue_delay_us(const struct sip *s);
bool sip_shedding(const struct sip *s);

/* ---- Server transactions ---- */

struct sip *sip_server_txn_sip(struct sip_server_txn *st);
/** The request, from the transaction's own copy, into `m`; -ENOENT after the final response. */
int sip_server_txn_request(struct sip_server_txn *st, struct sip_msg *m);
/** The same without copying an index that exists: `storage` is used when it has to be made anew. NULL: gone. */
const struct sip_msg *sip_server_txn_message(struct sip_server_txn *st, struct sip_msg *storage);
const struct sip_source *sip_server_txn_source(const struct sip_server_txn *st);
enum sip_method sip_server_txn_method(const struct sip_server_txn *st);
/** A final response was sent (or the transaction has ended). */
bool sip_server_txn_answered(const struct sip_server_txn *st);
/** The To-tag our own responses to this request bear: the same in all of them (8.2.6.2). */
struct str sip_server_txn_to_tag(struct sip_server_txn *st);

struct sip_response {
	uint16_t status;
	struct str reason; /**< STR_NULL: the standard one */
	/** Whole header lines, each ended by CRLF; Server is added by the engine unless it is in here. */
	struct str headers;
	struct str type; /**< Content-Type of the body; empty: no body */
	struct str body;
	struct str to_tag; /**< STR_NULL: sip_server_txn_to_tag */
};
/**
 * Answers with a message of our own. -EALREADY after a final one, and after the transaction has ended.
 * What RFC 4320 forbids for other methods than INVITE is not sent: a 408 ends the transaction in
 * silence, a provisional one other than 100, or 100 over UDP before its time, is dropped; all give 0.
 */
int sip_respond(struct sip_server_txn *st, const struct sip_response *r);
/** The short form: status and optional header lines. */
int sip_reply(struct sip_server_txn *st, uint16_t status, struct str headers);
/** Sends these bytes as they are. After a 2xx to INVITE more 2xx may follow (RFC 6026), the same or others. */
int sip_server_txn_send(struct sip_server_txn *st, uint16_t status, struct str bytes);
/** The same of a received response with edits: what a proxy forwards. It is written once, to where it is kept. */
int sip_server_txn_send_edits(struct sip_server_txn *st, uint16_t status, struct sip_edits *e);

/** The Server line, unless `headers` has one: for those who compose a response's bytes themselves. */
void sip_put_server(struct buf *b, const struct sip *s, struct str headers);

/** Who wants to know what becomes of it: a CANCEL came; the ACK or the end came. One watcher at most. */
struct sip_server_watch {
	void (*cancelled)(struct sip_server_txn *st, const struct sip_msg *cancel, void *arg);
	/**
	 * The transaction has ended. 0: INVITE, Timer L after a 2xx. -ETIMEDOUT: nobody answered a request
	 * other than INVITE in 64*T1; or INVITE, no ACK came for another final response. -ECANCELED:
	 * shutdown. Not called for a transaction that was answered otherwise.
	 */
	void (*ended)(struct sip_server_txn *st, int error, void *arg);
};
void sip_server_txn_watch(struct sip_server_txn *st, const struct sip_server_watch *w, void *arg);

/* ---- Client transactions ---- */

struct sip_client_handler {
	/** Every response but 100 and retransmissions of a final one; 2xx to INVITE each time (RFC 6026). */
	void (*response)(struct sip_client_txn *ct, const struct sip_msg *m, void *arg);
	/** No response will come: -ETIMEDOUT (Timer B, F), or -errno of the transport after the last hop. */
	void (*failed)(struct sip_client_txn *ct, int error, void *arg);
};

/**
 * Starts a client transaction with a request whose topmost Via is still to be written: `head` is the
 * request line with CRLF, `rest` all that follows the Via (other Vias first). The engine writes
 * "Via: SIP/2.0/… sent-by;branch=…;rport" for each hop it tries, keeps the bytes until the final
 * response (for retransmission and failover), and applies the size rule of 18.1.1. A proxy gives
 * `edits` in place of head and rest: the request to forward, but for the Via, which the engine adds
 * to them.
 *
 * *ret (which may be NULL: nobody wants to know) is a reference. After mem_unref the handler is not
 * called again; the machine itself goes on to its end. Nothing is called back before the return;
 * -errno when no hop could be tried at all.
 */
struct sip_client_params {
	enum sip_method method;
	struct str method_name;
	struct str head, rest;
	struct sip_edits *edits;     /**< NULL: head and rest */
	uint64_t loop;               /**< second part of the branch (RFC 5393 4.2.1); 0: none */
	const struct sip_hops *hops; /**< tried in order; copied */
	const struct sip_client_handler *handler;
	void *arg;
};
int sip_client_start(struct sip_client_txn **ret, struct sip *s, const struct sip_client_params *p);
/**
 * CANCEL for an INVITE: now, or as soon as a provisional response has come (9.1). When the INVITE is
 * not answered within 64*T1 after it, the transaction fails with -ECANCELED.
 */
void sip_client_cancel(struct sip_client_txn *ct);
/** The hop in use now. */
const struct sip_hop *sip_client_hop(const struct sip_client_txn *ct);

/** Sends a request outside any transaction: an ACK for a 2xx, with a Via of its own. */
int sip_send_ack(struct sip *s, struct str head, struct str rest, const struct sip_hop *hop);
/** The same, forwarding a received one. */
int sip_send_ack_edits(struct sip *s, struct sip_edits *e, uint64_t loop,
		       const struct sip_hop *hop);

#endif
