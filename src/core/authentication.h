/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who sends this request: digest authentication with both algorithms (RFC 3261 22, RFC 8760), as a
 * proxy (407) for all requests but REGISTER, as the registrar (401) for that.
 *
 * In order: credentials for our realm are looked for; without any, a challenge. The user they name
 * is looked up (cache, else the store: the only thing that takes time) and the digest verified. A
 * wrong password and an unknown user cannot be told apart, not by the answer and not by the work
 * done. A nonce that is too old or a count that was used gets a challenge with stale=true. Then
 * From must be the user (403 with Warning otherwise): identities are bound. A request whose From is
 * anonymous is bound to its P-Preferred-Identity (RFC 3325 9.2), if it has one. Whether the user may use the
 * service (`allowed`) is not judged here.
 *
 * Guessing is slowed: a source address that failed AUTHENTICATION_FAILURES_MAX times within
 * AUTHENTICATION_WINDOW_MS gets 403 with Retry-After for credentials of any kind until the window
 * has passed, while requests without credentials are challenged as ever. A success clears it. The
 * address is the host (IPv6: the /64), since ports are free to change; behind a large NAT one fool
 * can lock out others for a minute, which is why the ceiling is not lower.
 */
#ifndef CORE_AUTHENTICATION_H
#define CORE_AUTHENTICATION_H

#include "core/core.h"
#include "sip/msg.h"
#include "sip/sip.h"
#include "subscriber/subscriber.h"

#define AUTHENTICATION_FAILURES_MAX 20
#define AUTHENTICATION_WINDOW_MS (60 * 1000)
/** Sources remembered; beyond, the one longest quiet is forgotten. */
#define AUTHENTICATION_SOURCES_MAX 8192

struct core_auth_query;
/**
 * `user`: authenticated; borrowed, NULL: an answer was sent (also when the store failed: 503), and the query
 * is finished. The request itself comes from sip_server_txn_request.
 */
typedef void(core_auth_cb)(struct core_auth_query *q, struct subscriber *user, void *arg);

/** Embedded; zeroed or finished, it is idle. */
struct core_auth_query {
	struct subscriber_query load; /**< private, as all but `user` */
	struct core *core;
	struct sip_server_txn *st;
	core_auth_cb *cb;
	void *arg;
	struct subscriber *user; /**< a reference, until core_auth_done or the next use */
};

/**
 * 1: authenticated now, q->user is who (call core_auth_done when it is no longer needed). 0: `cb`
 * comes later. -EACCES: an answer was sent (401, 407, 403, 400, 5xx).
 * With `authenticate` off, From is believed when it is a user of ours.
 */
int core_authenticate(struct core *c, struct core_auth_query *q, struct sip_server_txn *st,
		      const struct sip_msg *m, const struct sip_source *src, core_auth_cb *cb,
		      void *arg);
/** Cancels, and drops the reference. An idle query is ignored. */
void core_auth_done(struct core_auth_query *q);

#endif
