/* SPDX-License-Identifier: Apache-2.0 */
/**
 * From the configuration to the rules that the service asks: what may change at a reload.
 */
#ifndef SERVER_SERVICE_RULES_H
#define SERVER_SERVICE_RULES_H

#include "im/rules.h"
#include "server/config.h"
#include "subscriber/operator_policy.h"

/** -EINVAL: a version that is none; `why` says which. */
int service_rules_init(struct im_rules *ret, const struct config *c, struct buf *why);
/** Counted. -EINVAL, -ENOMEM. */
int service_policy_alloc(struct operator_policy **ret, const struct config *c);

#endif
