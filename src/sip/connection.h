/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Connections that carry SIP: TCP and TLS, accepted or opened by us.
 *
 * Each has a slot and a flow number; the number holds the slot and a count that never comes back, so
 * finding it is one look and an old number finds nothing. The count begins at the wall clock, so that
 * the numbers of an earlier run of the program are not used again either.
 *
 * Time: one timer serves all. Connections being opened, those of which a part of a message is here
 * (or which have not yet sent a whole one), and idle ones stand in three lists, each in the order in
 * which its time runs out, so that looking at the fronts is enough.
 *
 * Who sends gets an error at once or hears from `failed`; nothing here calls back before it returns.
 */
#ifndef SIP_CONNECTION_H
#define SIP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/timer.h"
#include "sip/stream_frame.h"
#include "sip/transport.h"

/** Messages that wait for one connection to be set up (their bytes: STREAM_QUEUE_MAX). */
#define CONNECTION_WAITING_MAX 1024

struct connection_slot;

struct connections {
	struct loop *loop; /**< borrowed */
	void *owner;       /**< counted; held while its handler is called */
	unsigned held;     /**< how many of its references are ours, see connections_enter */
	const struct sip_transport_handler *handler;
	void *arg;
	struct connection_slot *slots;
	uint32_t slots_n, slot_free;
	uint64_t generation;
	size_t count;
	struct hash_table by_peer; /**< transport and address, while they can be used */
	struct hash_table hosts;   /**< how many from each address */
	struct list opening, partial, idle;
	struct timer timer;
};

struct connection;

/** How one is opened. */
struct connection_params {
	enum sip_transport_kind kind;
	struct addr peer;
	const struct addr *local; /**< or NULL */
	uint16_t listener;        /**< whose name it shows */
	struct tls_config *tls;
	struct str host; /**< TLS: the name the certificate must bear */
};

/** -ENOMEM. */
int connections_init(struct connections *cs, struct loop *loop, void *owner,
		     const struct sip_transport_handler *handler, void *arg);
/** Closes all, without a call. */
void connections_done(struct connections *cs);

/**
 * Around calls of the handler, which may drop the last reference to the owner: between the two the owner
 * lives on, and connections_wanted tells whether anybody but us still has it. After leave it may be gone.
 */
void connections_enter(struct connections *cs);
bool connections_wanted(const struct connections *cs);
void connections_leave(struct connections *cs);

/** Takes the stream's reference. Beyond a ceiling it is closed and counted. */
void connection_accept(struct connections *cs, enum sip_transport_kind kind, uint16_t listener,
		       struct stream *s);
int connection_open(struct connection **ret, struct connections *cs,
		    const struct connection_params *p);
/** NULL: it is gone. */
struct connection *connection_by_flow(const struct connections *cs, uint64_t flow);
/** One that stands, or is being set up, to that address; TLS: as this host. NULL: none. */
struct connection *connection_to(const struct connections *cs, enum sip_transport_kind kind,
				 const struct addr *peer, struct str host);
/** -ENOBUFS: its queue is full. */
int connection_send(struct connection *c, const void *p, size_t n);
uint64_t connection_flow(const struct connection *c);
uint16_t connection_listener(const struct connection *c);
void connection_hold(struct connection *c);
void connection_release(struct connection *c);
bool connection_peer_is(const struct connection *c, struct str host);
void connections_counters_register(void);

#endif
