/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Operator policy: settings of the operator by name, for the whole service or for one user.
 *
 * A record is (scope, key) = value; scope "" is the service. What the keys are ("pager.max-size") and
 * what their values mean is not known here; a user's record stands in for the service's of the same
 * key where subscriber/ says so.
 */
#ifndef STORE_POLICY_H
#define STORE_POLICY_H

#include "store/store.h"

/** Records of one scope, and most of one put: a page holds them all. */
#define STORE_POLICIES_MAX 200
#define STORE_POLICY_KEY_MAX 128
#define STORE_POLICY_VALUE_MAX 4096

struct store_policy {
	struct str scope; /**< AOR; empty: the service */
	struct str key;
	struct str value;
};

/**
 * Writes these `n` (1 … STORE_POLICIES_MAX) records, over old ones of the same key, all or none; they
 * may be of several scopes. -EDQUOT: more than STORE_POLICIES_MAX in a scope. Returns -EMSGSIZE at once
 * when a key or value is too long or there are too many of them, -EINVAL for a NUL in a key.
 */
int store_policy_put(struct store *s, struct store_request *r, const struct store_policy *set,
		     size_t n, store_done_cb *done, void *arg);
/** -ENOENT. */
int store_policy_delete(struct store *s, struct store_request *r, struct str scope, struct str key,
			store_done_cb *done, void *arg);
/** All records of the scope in order of key. */
int store_policy_list(struct store *s, struct store_request *r, struct str scope,
		      store_done_cb *done, void *arg);

/** In `done` of list. */
const struct store_policy *store_policy_result(const struct store_request *r, size_t *count);

#endif
