/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Accounts: who there is, the secret each proves it with, and who may use the service at all.
 *
 * Secrets are HA1 values of digest authentication, H(user:realm:password) in lower-case hexadecimal;
 * an empty one: the account cannot log in with that algorithm. In the IMS setting, where the core
 * authenticates, an account without secrets carries the `allowed` flag of a user.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "store/store.h"

struct store_account {
	struct str aor; /**< the key; canonical (sip_uri_aor) */
	struct str realm;
	struct str ha1_md5, ha1_sha256;
	bool allowed;       /**< may use the service (OMA IM 6.1.1.1 step 1) */
	int64_t created_ms; /**< wall clock */
};

/** Adds; -EEXIST when there is one. */
int store_account_add(struct store *s, struct store_request *r, const struct store_account *a,
		      store_done_cb *done, void *arg);
/** A new realm and new secrets for an account; the rest of `a` is not looked at. -ENOENT. */
int store_account_set_secret(struct store *s, struct store_request *r,
			     const struct store_account *a, store_done_cb *done, void *arg);
/**
 * Sets the flag. Without an account: -ENOENT, or, when `create`, one without secrets is added
 * with `created_ms`.
 */
int store_account_set_allowed(struct store *s, struct store_request *r, struct str aor,
			      bool allowed, bool create, int64_t created_ms, store_done_cb *done,
			      void *arg);
/**
 * -ENOENT. The account's bindings, documents, policy records and system messages go with it, in the
 * same transaction. Deferred messages stay until they expire: their senders are told then.
 */
int store_account_delete(struct store *s, struct store_request *r, struct str aor,
			 store_done_cb *done, void *arg);

/** done: 0, and store_account_result has it; -ENOENT. */
int store_account_get(struct store *s, struct store_request *r, struct str aor, store_done_cb *done,
		      void *arg);
/** Up to `max` (1 … STORE_PAGE_MAX) accounts in order of AOR, the first after `after` (empty: of all). */
int store_account_list(struct store *s, struct store_request *r, struct str after, size_t max,
		       store_done_cb *done, void *arg);

/** In `done` of get or list: the accounts found; fewer than asked for: there are no more. */
const struct store_account *store_account_result(const struct store_request *r, size_t *count);

#endif
