/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of msrp/ see of a session.
 */
#ifndef MSRP_SESSION_STATE_H
#define MSRP_SESSION_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "msrp/connection.h"
#include "msrp/session.h"

/** A session on a connection. */
struct msrp_binding {
	struct msrp_session *session;
	struct msrp_connection *c;
	struct list_link link; /**< of msrp_connection.sessions */
	unsigned pending;      /**< chunks, answers, transactions under way on it */
};

/** A message whose chunks come in order so far: one report will do for all of it. */
struct msrp_partial {
	struct list_link link;
	uint64_t id;   /**< hash of the Message-ID */
	uint64_t next; /**< first byte not received, from 1 */
};

struct msrp_session {
	struct msrp_endpoint *ep;                   /**< a reference */
	const struct msrp_session_handler *handler; /**< NULL: stopped */
	void *arg;
	struct hash_link hash;
	char *local;  /**< our URI */
	char *remote; /**< counted: answers hold it; NULL: not known */
	uint16_t local_n, remote_n, remote_first_n;
	uint16_t id_at, id_n; /**< the session-id in `local` */
	struct msrp_binding now, old;
	struct list transactions;
	struct list partials;
	struct deferred_call tell_bound;
	struct msrp_room room;
	uint64_t active_ms;
	unsigned outstanding;
	unsigned paused;
	bool learned; /**< `remote` is what the peer said in its first request */
	bool told;    /**< `bound` was called for `now` */
	bool stopped;
};


static inline struct str msrp_session_remote_first(const struct msrp_session *s)
{
	return (struct str){s->remote, s->remote_first_n};
}


/** NULL: no session has it. */
struct msrp_session *msrp_session_find(struct msrp_endpoint *ep, struct str session_id);
struct msrp_binding *msrp_session_binding(struct msrp_session *s, const struct msrp_connection *c);
/** Its connection came up. */
void msrp_session_connected(struct msrp_session *s);
/** The first request of the peer on `c`: it is bound. -ENOMEM. */
int msrp_session_bind(struct msrp_session *s, struct msrp_connection *c, struct str from_path);
/** `now` becomes `old`. */
void msrp_session_demote(struct msrp_session *s);
/** Its connection is gone. */
void msrp_session_lose(struct msrp_session *s, struct msrp_connection *c, int error);
/** Something is under way on `c`, or no more. */
void msrp_session_hold(struct msrp_session *s, const struct msrp_connection *c);
void msrp_session_release(struct msrp_session *s, const struct msrp_connection *c);

#endif
