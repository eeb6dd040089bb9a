/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the operator has configured of the service's rules, ready to be asked. Everything in it may change
 * while the server runs.
 */
#ifndef IM_RULES_H
#define IM_RULES_H

#include "body/common_policy.h"
#include "im/user_agent.h"

/** What becomes of a pager message whose Expires has passed (6.1.2.1 step 4: "local policy"). */
enum im_expired {
	IM_EXPIRED_REJECT,  /**< 480 with a Warning */
	IM_EXPIRED_DISCARD, /**< 202, and it goes nowhere */
	IM_EXPIRED_DELIVER, /**< as if it had not expired; but it is not kept */
};

/** Sessions whose media path this server is in (im/participating/session.h). */
struct im_session_rules {
	uint32_t expires_s;     /**< Session-Expires that we ask for (RFC 4028 4); 0: 1800 */
	uint32_t min_expires_s; /**< Min-SE (RFC 4028 5); 0: 90 */
	/** A large message whose sender says nothing more for so long after its end is ended; 0: 30. */
	uint32_t large_idle_s;
};

/** A set: for what this server stands in the media path (im/participating/media_path.h). Empty: never. */
enum im_media_path {
	IM_MEDIA_PATH_ALWAYS = 1,
	IM_MEDIA_PATH_HISTORY = 2,
	IM_MEDIA_PATH_CHARGING = 4,
};

/** Whether the originating function asks how many received a message, and in which form (delivery_report.h). */
enum im_sent_count {
	IM_SENT_COUNT_OFF,
	IM_SENT_COUNT_PARAMETER, /**< as the seed has it: Success-Report: yes;Include-Sent-Count */
	IM_SENT_COUNT_HEADER,    /**< a line of its own, which nobody has to know */
};

struct im_rules {
	struct im_session_rules session;
	uint32_t media_path; /**< set of enum im_media_path */
	bool history_kept;   /**< the History function is there: conversations can be recorded */
	enum im_sent_count sent_count;
	struct user_agent_rule user_agent;
	enum im_expired expired;
	enum access_combine combine;
	bool defer_after_failure;  /**< 408, 430 and 480 from the devices, too, keep a message */
	bool defer_files;          /**< a file that is offered to somebody who is away waits, too */
	uint32_t answer_timeout_s; /**< for a system message that says nothing of it */
};

#endif
