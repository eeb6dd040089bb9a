/* SPDX-License-Identifier: Apache-2.0 */
/** Event and Subscription-State: RFC 6665 8.2.1, 8.2.3 and the grammar of 8.4. */
#ifndef SIP_EVENT_HEADER_H
#define SIP_EVENT_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct sip_event {
	struct str package; /**< with its templates: "presence.winfo" */
	struct str id;      /**< empty: none */
};

/** -EBADMSG: absent or malformed. */
int sip_event_decode(struct sip_event *ret, struct str value);
/** 8.2.1: the package byte by byte, and the id parameters, both or none. */
bool sip_event_eq(const struct sip_event *a, const struct sip_event *b);

enum sip_substate {
	SIP_SUBSTATE_OTHER,
	SIP_SUBSTATE_PENDING,
	SIP_SUBSTATE_ACTIVE,
	SIP_SUBSTATE_TERMINATED
};

enum sip_subreason {
	SIP_SUBREASON_NONE, /**< absent, or one that this server does not know */
	SIP_SUBREASON_DEACTIVATED,
	SIP_SUBREASON_PROBATION,
	SIP_SUBREASON_REJECTED,
	SIP_SUBREASON_TIMEOUT,
	SIP_SUBREASON_GIVEUP,
	SIP_SUBREASON_NORESOURCE,
	SIP_SUBREASON_INVARIANT,
	SIP_SUBREASON_COUNT
};
struct str sip_subreason_name(enum sip_subreason r);

struct sip_subscription_value {
	enum sip_substate state;
	enum sip_subreason reason;
	struct str reason_text;
	bool has_expires, has_retry_after;
	uint32_t expires_s, retry_after_s; /**< beyond 32 bits: the largest */
};
/** -EBADMSG: absent or malformed. */
int sip_subscription_value_decode(struct sip_subscription_value *ret, struct str value);

#endif
