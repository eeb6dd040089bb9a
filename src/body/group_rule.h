/* SPDX-License-Identifier: Apache-2.0 */
/** The decoded rules of a group, between decoder and evaluation; for the files of body/group.h alone. */
#ifndef BODY_GROUP_RULE_H
#define BODY_GROUP_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "body/access_ruleset.h"
#include "body/group.h"

struct group_rule {
	unsigned rights;   /**< bits of enum group_right */
	bool members_only; /**< <is-list-member> */
	bool named;        /**< names whom it is for: members, identities, lists */
	bool others;       /**< <other-identity> */
	struct access_condition *conditions;
	size_t conditions_n;
};

#endif
