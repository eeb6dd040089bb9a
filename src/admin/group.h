/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The groups that this server hosts: their documents, as an operator thinks of them.
 *
 *     GET    /v1/groups                            ?after=GROUP&limit=N
 *     POST   /v1/groups                            {"group": "hikers", "members": ["alice", …], "name": "Hikers", …}
 *     GET    /v1/groups/{group}
 *     DELETE /v1/groups/{group}
 *     PUT    /v1/groups/{group}/members/{user}
 *     DELETE /v1/groups/{group}/members/{user}
 *
 * POST and PUT answer with the group; of a member who was just named and is no user here it says "unknown": true.
 * The document itself, with all its rules, is a document of the group: /v1/users/{group}/documents/….
 */
#ifndef ADMIN_GROUP_H
#define ADMIN_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "admin/done.h"
#include "admin/rules.h"
#include "base/buf.h"
#include "base/str.h"

/** Members that a group is made with; more are added, or come as a document. */
#define ADMIN_MEMBERS_MAX 512

struct admin_member {
	struct str address; /**< as written in the document */
	struct str name;    /**< empty: none */
	bool unknown;       /**< just added, and nobody here; they may become a user later */
};

struct admin_group {
	struct str address;       /**< the IM Group Identity */
	struct str name, subject; /**< empty: none */
	const struct admin_member *members;
	size_t members_n;
	bool invites;                              /**< the first to come has all others invited */
	bool advertises;                           /**< members are told of it */
	uint32_t max_participants, max_duration_s; /**< 0: no limit */
	uint64_t size;                             /**< bytes of the document */
	int64_t changed_ms;                        /**< wall clock */
};

/** Texts are valid until it returns; in lists all but address, size and changed_ms is empty. */
typedef void(admin_group_cb)(const struct admin_group *g, void *arg);

/**
 * As the others in struct admin_services; and `done` with -ENODATA: there is no such group; -EEXIST: there is one, or a
 * user of that name, or the member is one; -ESRCH: is no member; -ESTALE.
 */
struct admin_groups {
	int (*list)(struct str after, size_t limit, admin_group_cb *each, admin_done_cb *done,
		    void *done_arg, struct buf *why, void *arg);
	int (*show)(struct str group, admin_group_cb *each, admin_done_cb *done, void *done_arg,
		    struct buf *why, void *arg);
	/** The first of the members owns it. `set`: name, subject, invite, max, duration, advertise, as texts. */
	int (*create)(struct str group, const struct str *members, size_t members_n,
		      const struct admin_value *set, size_t n, admin_group_cb *each,
		      admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	int (*add)(struct str group, struct str member, admin_group_cb *each, admin_done_cb *done,
		   void *done_arg, struct buf *why, void *arg);
	int (*remove)(struct str group, struct str member, admin_group_cb *each,
		      admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	int (*destroy)(struct str group, admin_done_cb *done, void *done_arg, struct buf *why,
		       void *arg);
};

#endif
