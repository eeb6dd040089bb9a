/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bindings of the location service: where each device of a user registered from (RFC 3261 10.3,
 * RFC 3327, RFC 5626). The set of a user is replaced as a whole, in one atomic step; order is kept.
 *
 * The store does not look into them: what they mean stands in subscriber/registration.h. A
 * connection (flow) does not outlive the process and is not stored.
 */
#ifndef STORE_BINDING_H
#define STORE_BINDING_H

#include "store/store.h"

/** Bindings of one user; the registrar's own ceiling is lower. */
#define STORE_BINDINGS_MAX 64

struct store_binding {
	struct str aor;
	struct str contact;  /**< URI, without <> */
	struct str params;   /**< Contact parameters: feature tags and the rest */
	struct str instance; /**< +sip.instance without quotes; empty: none */
	struct str call_id;
	struct str path;   /**< Path values in order, as one comma list; empty: none */
	struct str source; /**< "udp:192.0.2.1:5060": where the REGISTER came from */
	struct str user_agent;
	uint32_t reg_id; /**< 0: none */
	uint32_t cseq;
	uint32_t socket;       /**< number of the listening socket */
	uint32_t flags;        /**< subscriber/registration.h */
	uint16_t q;            /**< thousandths */
	int64_t registered_ms; /**< wall clock */
	int64_t expires_ms;    /**< wall clock */
	uint32_t position;     /**< in the set; set by the store when read, ignored when written */
};

/** The set of `aor` is now these `n` (0: none); their own `aor` is not looked at. -ENOBUFS: too many. */
int store_binding_replace(struct store *s, struct store_request *r, struct str aor,
			  const struct store_binding *set, size_t n, store_done_cb *done,
			  void *arg);
/** Deletes all that expired at or before `now_ms`. */
int store_binding_expire(struct store *s, struct store_request *r, int64_t now_ms,
			 store_done_cb *done, void *arg);
/**
 * Up to `max` bindings that expire after `now_ms`, in order of (AOR, position), from the first after
 * (`after`, `position`); an empty `after`: the first. A page may end in the middle of a set.
 */
int store_binding_list(struct store *s, struct store_request *r, struct str after,
		       uint32_t position, int64_t now_ms, size_t max, store_done_cb *done,
		       void *arg);

/** In `done` of list: the bindings found; fewer than asked for: there are no more. */
const struct store_binding *store_binding_result(const struct store_request *r, size_t *count);

#endif
