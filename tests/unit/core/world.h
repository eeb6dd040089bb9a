/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the tests of the core share: a core over a memory store on the virtual loop, and server
 * transactions that note what they are answered. world.c has the functions of sip/sip.h that the core
 * uses, in place of the engine's.
 */
#ifndef TEST_CORE_WORLD_H
#define TEST_CORE_WORLD_H

#include <stdio.h>

#include "core/accounts.h"
#include "core/authentication.h"
#include "core/registrar.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "sip/sip.h"
#include "store/memory/memory.h"

#define ALICE STR("sip:alice@example.org")

struct sip_server_txn {
	char *bytes; /**< mem_alloc */
	size_t n;
	struct sip_source src;
	bool ended; /**< the engine gave up on it */
	unsigned answers;
	uint16_t status;
	char headers[8192]; /**< as answered, ends in NUL */
};

struct world {
	struct virtual_loop *vl;
	struct loop *loop;
	struct store *store;
	struct subscribers *subs;
	struct registrations *regs;
	struct core *core;
	struct sip_server_txn *txns[4096];
	size_t txns_n;
	struct account_request account;
	unsigned done;
	int error;

	/** The client: set what differs before asking. */
	struct digest_client digest;
	bool challenged, answer_md5;
	const char *user, *password, *from, *to, *call_id, *via;
	struct sip_source src;
	uint32_t cseq;
	struct core_auth_query q;
	unsigned called;
	struct subscriber *caller; /**< a reference */
};

/** With alice, password "secret". `p` may be NULL: only its limits and `authenticate` count. */
struct world *world(const struct core_params *p);
void world_run(struct world *w);
int world_account_add(struct world *w, const char *name, const char *password);
/** A transaction for this request; lines end in \n. Owned by the world. */
struct sip_server_txn *world_txn(struct world *w, const char *text);
/**
 * A request of the client with these header lines ("" or "Contact: …\n"), with credentials when it was
 * challenged before. Only made: see world_authenticate, world_register.
 */
struct sip_server_txn *world_request(struct world *w, const char *method, const char *lines);
/** core_authenticate, to the end; the result is in w->caller (NULL: not) and the transaction. */
void world_authenticate(struct world *w, struct sip_server_txn *st);
/** One REGISTER as it is, to the end. */
struct sip_server_txn *world_register_once(struct world *w, const char *lines);
/** A REGISTER that answers a challenge and goes on. */
struct sip_server_txn *world_register(struct world *w, const char *lines);
/** Remembers the challenge of this answer. */
void world_take_challenge(struct world *w, const struct sip_server_txn *st);
bool world_has(const struct sip_server_txn *st, const char *text);
void world_set_source(struct world *w, enum sip_transport_kind kind, const char *hostport,
		      uint64_t flow);

#endif
