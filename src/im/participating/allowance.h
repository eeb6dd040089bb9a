/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a large message, or a file, may be that is kept for somebody who is away: the policies of the service, of
 * its sender and of its recipient, as far as they are known in this process.
 */
#ifndef IM_PARTICIPATING_ALLOWANCE_H
#define IM_PARTICIPATING_ALLOWANCE_H

#include "im/message.h"
#include "store/policy.h"
#include "subscriber/operator_policy.h"

/** The types of one list, as a=accept-types has them. */
#define ALLOWANCE_TYPES_MAX (2 * STORE_POLICY_VALUE_MAX)

/** NULL: nothing is restricted. What it points to is in `types`, which has room for ALLOWANCE_TYPES_MAX. */
void allowance_of(struct im_allowance *ret, struct buf *types, enum im_kind kind,
		  const struct operator_policy *service, const struct operator_policy *originator,
		  const struct operator_policy *recipient);

#endif
