/* SPDX-License-Identifier: Apache-2.0 */
/**
 * "Release version in User-Agent and Server headers" (Appendix F; digest c1): whether a client's release is
 * one that this server supports.
 *
 * A User-Agent is a row of products and comments: "Vendor/3 IM-client/OMA1.0 (phone)". The product that is
 * asked for may stand anywhere in it; names compare without case. CPM-client, the successor, counts
 * as IM-client. Versions compare by their numbers. "OMA" versions above the last release known here
 * (USER_AGENT_RELEASE_MAX) are not supported; other products have no such bound.
 */
#ifndef IM_USER_AGENT_H
#define IM_USER_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/** A product's name in the configuration. */
#define USER_AGENT_NAME_MAX 64
/** OMA CPM 2.2 is the last there was: major * 1000 + minor. */
#define USER_AGENT_RELEASE_MAX 2002

/** What a client must be. Zeroed: anything goes. */
struct user_agent_rule {
	char name[USER_AGENT_NAME_MAX];
	uint8_t name_n;   /**< 0: no rule */
	uint32_t minimum; /**< major * 1000 + minor */
};

/**
 * `required`: a product's name; `minimum`: the lowest version, "OMA1.0" or "1.0". Either may be empty: a
 * minimum alone is that of IM-client. -EINVAL: too long, or no version.
 */
int user_agent_rule_init(struct user_agent_rule *ret, struct str required, struct str minimum);
/** `value` of the User-Agent header; empty: absent, which no rule is content with (notes A-33). */
bool user_agent_supported(const struct user_agent_rule *rule, struct str value);

#endif
