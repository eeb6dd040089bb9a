/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Failed attempts to authenticate, by source host: a bounded table that forgets the quiet ones.
 * For what it is used, and the ceilings: core/authentication.h.
 */
#ifndef CORE_FAILURES_H
#define CORE_FAILURES_H

#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/list.h"

struct failures {
	struct hash_table table;
	struct list order; /**< the longest quiet first */
};

/** -ENOMEM. */
int failures_init(struct failures *f);
void failures_done(struct failures *f);
/** Milliseconds for which this host is to be refused; 0: it is not. */
uint64_t failures_locked_ms(const struct failures *f, const struct addr *host, uint64_t now_ms);
/** One more failure. Without memory it goes uncounted. */
void failures_add(struct failures *f, const struct addr *host, uint64_t now_ms);
/** It has shown that it knows a password. */
void failures_clear(struct failures *f, const struct addr *host);

#endif
