/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Large Message Mode to many: an INVITE with the large-message tag to an IM Group Identity, or to the conference
 * factory with a list (digest b row 6, c11 "Group"; c12).
 *
 *   large_group_receive  the rules have been asked by the caller; the INVITE is answered 200, a=recvonly
 *     OPEN               the message goes to a content of the store as it comes; the sender is held back when the disk
 *                        is behind, so that what is in memory of it is bounded, whatever its size
 *     STORING            all bytes are here: content and mailing (mailer.h) are written; then the last chunk is
 *                        answered 200, and what was accepted outlives the process
 *     KEPT               the mailer sends each recipient a Large Message of their own from the disk, several at a time:
 *                        a slow one holds nobody up, and who is away is served by their own terminating function
 *     gone               the sender has left, or has been silent
 *
 * A success report goes to the sender alone: when the message is on disk; or, when Include-Sent-Count asks how many
 * have it, with Distribution-Count when all copies are through, or after LARGE_GROUP_COUNT_MS if that is earlier (c12).
 * It can only be sent as long as the sender is there.
 *
 * It is no conference: nobody can join it, subscribe to it or come back to it.
 */
#ifndef IM_CONTROLLING_LARGE_GROUP_H
#define IM_CONTROLLING_LARGE_GROUP_H

#include "im/controlling/adhoc.h"
#include "im/controlling/conference.h"

/** From their INVITE to the end of their session; some 600 kB each while they stream. Beyond it 503. */
#define LARGE_GROUPS_MAX 1000
/** And of one sender. Beyond it 486. */
#define LARGE_GROUPS_SENDER_MAX 20
/** Without a byte from the sender for so long, it is ended (digest c11: `large_idle`). */
#define LARGE_GROUP_IDLE_MS (30 * 1000)
/** After it what is known is reported: before a function on the way takes 30 s of silence for the end (c11). */
#define LARGE_GROUP_COUNT_MS (25 * 1000)
/** Of a CPIM object, what is looked at for From and Message-ID. */
#define LARGE_GROUP_HEAD_MAX 8192

struct large_group_params {
	struct im_request *r; /**< the INVITE; its `st` is answered here */
	struct str sdp;       /**< the offer in it */
	struct group *group;  /**< to its members; NULL: to `list` */
	const struct adhoc *list;
	struct str asserted; /**< P-Asserted-Identity: the group's identity, or the factory's URI */
	uint64_t max_size;   /**< bytes there may be; 0: STORE_CONTENT_SIZE_MAX */
};

/** Always answers `r`, and tells its outcome. */
void large_group_receive(struct controlling *c, const struct large_group_params *p);
/** All that is under way ends: BYE to every sender; what was accepted is in the store. */
void large_groups_stop(struct controlling *c);
void large_groups_counters_register(void);
/** Under way, for controlling_under_way. */
size_t large_groups_count(const struct controlling *c);

#endif
