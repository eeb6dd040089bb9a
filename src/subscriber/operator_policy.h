/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The operator's policy on size and content (seed 001, 6.1.1.1 step 4 and 6.1.2.1 step 3; digest c16):
 * for each mode of messaging how much, and of which media types.
 *
 * There are two levels, and a message must keep to both ("Neither level may be skipped"): that of the
 * service, which is the configuration with the records of scope "" laid over it key by key; and that
 * of the user, which are the records of the user alone and so can only make it narrower. Compiled once,
 * asked without allocation.
 *
 * Keys: pager, large, session, file, each with .max-size (bytes) and .types (a list, "text/plain,
 * image/...", where a star stands for any subtype or any type); and charging (on or off).
 */
#ifndef SUBSCRIBER_OPERATOR_POLICY_H
#define SUBSCRIBER_OPERATOR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/policy.h"

enum operator_mode { OPERATOR_PAGER, OPERATOR_LARGE, OPERATOR_SESSION, OPERATOR_FILE };
#define OPERATOR_MODES 4

/** Types in one list: each is compared with for every message. */
#define OPERATOR_TYPES_MAX 64
/** A size nothing reaches: none is set. */
#define OPERATOR_NO_LIMIT UINT64_MAX

/** Media types as they were written, and what they are made of. */
struct operator_type {
	struct str text;
	struct str type, subtype; /**< "*" stands for any */
};

struct operator_limit {
	uint64_t max_size; /**< bytes; OPERATOR_NO_LIMIT */
	bool typed;        /**< only these types; else any */
	size_t types_n;
	const struct operator_type *types;
};

enum operator_switch { OPERATOR_UNSET, OPERATOR_OFF, OPERATOR_ON };

/** Counted, never changed. */
struct operator_policy {
	struct operator_limit limit[OPERATOR_MODES];
	enum operator_switch charging;
	struct arena texts; /**< private */
};

/** What the configuration says of one mode. */
struct operator_rule {
	uint64_t max_size;
	const struct str *types;
	size_t types_n;
};

/** Of the configuration. -EINVAL: a type that is none; -ENOMEM. */
int operator_policy_configured(struct operator_policy **ret,
			       const struct operator_rule rule[OPERATOR_MODES]);
/**
 * The records, over `under` (NULL: over nothing, where all is allowed). A record that makes no sense is
 * passed over and logged: it was checked when it was set. -ENOMEM.
 */
int operator_policy_alloc(struct operator_policy **ret, const struct operator_policy *under,
			  const struct store_policy *set, size_t n);
/** May this be set? -ENOENT: no such key; -EINVAL: no such value; `why` gets a sentence. */
int operator_policy_check(struct str key, struct str value, struct buf *why);

/** Both levels; `user` may be NULL. */
bool operator_allows_type(const struct operator_policy *service, const struct operator_policy *user,
			  enum operator_mode mode, struct str type, struct str subtype);
/** Whether any type is restricted at all. */
bool operator_restricts_types(const struct operator_policy *service,
			      const struct operator_policy *user, enum operator_mode mode);
uint64_t operator_max_size(const struct operator_policy *service,
			   const struct operator_policy *user, enum operator_mode mode);
/** Appends the types that both levels allow, as Accept has them; any type at all when nothing is said. */
void operator_put_types(const struct operator_policy *service, const struct operator_policy *user,
			enum operator_mode mode, struct buf *out);

#endif
