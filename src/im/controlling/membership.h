/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who may do what in a conference, and how long it lasts: the rules of a group document (body/group.h) and of sessions
 * without one, as two ordered tables.
 *
 * The first is asked before anything is done for somebody (membership_judge): may they start the session of
 * a group, join it, invite others, send somebody away, see who is there, write to one alone. Each row is a small
 * function that concerns some of these, with the requirement ids it answers for; the first that does not let them
 * pass makes the answer. Reading the table is reading digest c7 and c9.
 *
 * The second is asked after somebody has left and when time has passed (membership_over): is it still to go on. When
 * time alone will end it, membership_deadline_ms says when.
 *
 * A session without a group (1-1, or made by a list) belongs to those who are invited to it: they may come
 * back, invite others, see who is there; who began it may send others away.
 *
 * Nothing here waits or allocates. What cannot be found out (a list elsewhere) counts against the asker.
 */
#ifndef IM_CONTROLLING_MEMBERSHIP_H
#define IM_CONTROLLING_MEMBERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "body/group.h"

struct roster;

enum membership_action {
	MEMBERSHIP_START,     /**< INVITE, and the session does not run: it begins with it */
	MEMBERSHIP_JOIN,      /**< INVITE to a session that runs */
	MEMBERSHIP_INVITE,    /**< REFER: others are to be invited */
	MEMBERSHIP_EXPEL,     /**< REFER with method=BYE: somebody is to be sent away */
	MEMBERSHIP_SUBSCRIBE, /**< to the conference's state */
	MEMBERSHIP_PRIVATE, /**< a message to some of the participants; its status goes into MSRP */
	MEMBERSHIP_SEND,    /**< a message to the IM Group Identity, without a session */
};

/** Who asks, and how it stands with the conference. */
struct membership_view {
	const struct group *group; /**< NULL: a session without one */
	const struct str *who;     /**< authenticated identities, canonical */
	size_t n;
	bool anonymous; /**< Privacy: id */
	bool inside;    /**< they are in the session, or on the way in */
	bool invited;   /**< they have been invited to it, or in it, before */
	bool founder;   /**< they began it */
	/** Key participants who are in; looked at when the group has such rules. */
	bool key_present;
	size_t participants; /**< in or on the way in */
	size_t more;         /**< persons whom the request would bring, beside the asker */
	size_t max_made;     /**< participants of a session without a group; 0: no limit */
	bool target_inside;  /**< EXPEL, PRIVATE: all those whom it is about are in */
	int64_t now_ms;      /**< wall clock */
	access_list_cb *listed;
	void *arg;       /**< of `listed` */
	struct str host; /**< our name in Warning headers */
};

struct membership_answer {
	uint16_t status;
	struct buf *headers; /**< header lines */
};

struct membership_rule {
	const char *name;  /**< the reason in logs and events */
	const char *rows;  /**< requirement ids */
	unsigned concerns; /**< set of actions */
	/** False: refused, and the answer is made. `rights`: bits of enum group_right; all without a group. */
	bool (*allows)(const struct membership_view *v, enum membership_action what,
		       unsigned rights, struct membership_answer *a);
};

/** The rule that refuses, and its answer in `a`; NULL: they may. */
const struct membership_rule *membership_judge(const struct membership_view *v,
					       enum membership_action what,
					       struct membership_answer *a);
/** What the group's rules allow them (bits of enum group_right); everything when there is no group. */
unsigned membership_rights(const struct membership_view *v);
/** Participants there may be at once; 0: no limit. */
size_t membership_max(const struct group *g, size_t max_made);

/* ---- How long ---- */

struct membership_course {
	const struct group *group; /**< NULL: a session without one */
	size_t participants;       /**< in or on the way in */
	size_t most;               /**< most there ever were at once */
	bool founder_present;
	bool key_present, key_came;           /**< a key participant is in; has been in */
	bool required_present, required_came; /**< one of required-participants-list */
	int64_t started_ms, now_ms;           /**< wall clock */
	uint32_t max_duration_s;              /**< the operator's; 0: none */
};

struct membership_end {
	const char *name; /**< the reason in logs and events */
	const char *rows;
	struct str reason; /**< value of the Reason header in each BYE */
	bool (*over)(const struct membership_course *c);
};

/** Why the session is to be released now; NULL: it goes on. */
const struct membership_end *membership_over(const struct membership_course *c);
/** Wall clock when it will be over by time alone; INT64_MAX: never. */
int64_t membership_deadline_ms(const struct membership_course *c);
/**
 * Who of those that matter is in: sets key_present and required_present, and *_came when they are; leaves the rest.
 * `v` lends group, now_ms and listed.
 */
void membership_look(struct membership_course *c, const struct membership_view *v,
		     const struct roster *r);

#endif
