/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The profile of a user: everything that the gates look at, in one read and of one moment.
 */
#ifndef STORE_PROFILE_H
#define STORE_PROFILE_H

#include "store/account.h"
#include "store/document.h"
#include "store/policy.h"
#include "store/system_message.h"

struct store_profile {
	const struct store_account *account;       /**< NULL: none */
	const struct store_document *settings;     /**< im-settings "index"; NULL: none */
	const struct store_document *access_rules; /**< access-rules "access-rules"; NULL: none */
	const struct store_policy *policy;         /**< the user's own records, in order of key */
	size_t policies;
	/** Those that require an answer, have none and are not cleared; delivered or not. */
	const struct store_system_message *unanswered;
	size_t unanswered_n;
};

/** done: 0, and store_profile_result has it; -ENOENT: there is nothing at all about this user. */
int store_profile_get(struct store *s, struct store_request *r, struct str aor, store_done_cb *done,
		      void *arg);

/** In `done` of get; NULL when that failed. */
const struct store_profile *store_profile_result(const struct store_request *r);

#endif
