/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The accounts of the embedded core, as an operator handles them.
 *
 * A user is named by address-of-record ("sip:alice@example.org", "alice@example.org") or by the
 * user part alone, which means the realm's domain. The name a device authenticates with is the user
 * part. A new password or flag holds from the moment `done(0)` is called.
 */
#ifndef CORE_ACCOUNTS_H
#define CORE_ACCOUNTS_H

#include "base/buf.h"
#include "core/core.h"
#include "store/account.h"

/** Bytes of a user part; and of a password. */
#define ACCOUNT_USER_MAX 64
#define ACCOUNT_PASSWORD_MAX 256
#define ACCOUNT_PASSWORD_MIN 1

struct account_request;
typedef void(account_done_cb)(struct account_request *r, int error, void *arg);

/** Embedded; zeroed or finished, it is idle. */
struct account_request {
	struct store_request store; /**< private */
	struct core *core;
	account_done_cb *done;
	void *arg;
	uint8_t verb;
	char aor[SIP_AOR_MAX];
	size_t aor_n;
};

/**
 * The AOR of what an operator typed. -EINVAL and `why` (may be NULL) says what is wrong: characters a
 * user name may not have, a domain that is not served.
 */
int account_name_decode(struct core *c, struct str name, struct buf *ret_aor, struct buf *why);

/**
 * All return 0 and call `done` later, once (-EEXIST, -ENOENT or the store's error), or return -EINVAL
 * with `why` (may be NULL), -ENOMEM, -ENOBUFS.
 */
int account_add(struct core *c, struct account_request *r, struct str name, struct str password,
		account_done_cb *done, void *arg, struct buf *why);
int account_passwd(struct core *c, struct account_request *r, struct str name, struct str password,
		   account_done_cb *done, void *arg, struct buf *why);
/** The devices of the user are no longer registered. */
int account_delete(struct core *c, struct account_request *r, struct str name,
		   account_done_cb *done, void *arg, struct buf *why);
/** In the IMS setting an account is made for the flag when there is none. */
int account_allow(struct core *c, struct account_request *r, struct str name, bool allowed,
		  account_done_cb *done, void *arg, struct buf *why);
/** A page in order of AOR; in `done`: account_list_result. Secrets are not shown. */
int account_list(struct core *c, struct account_request *r, struct str after, size_t max,
		 account_done_cb *done, void *arg);
const struct store_account *account_list_result(const struct account_request *r, size_t *count);
/** No callback follows; a change that was begun may still be made. */
void account_cancel(struct account_request *r);

#endif
