/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Conferences: the sessions of groups, and those made of a list, whose focus this server is.
 *
 *     GET    /v1/conferences          ?after=NUMBER&limit=N
 *     GET    /v1/conferences/{id}     one, with those who are in it
 *     DELETE /v1/conferences/{id}     everybody gets BYE
 */
#ifndef ADMIN_CONFERENCE_H
#define ADMIN_CONFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/done.h"
#include "base/buf.h"
#include "base/str.h"

struct admin_conference {
	struct str id;
	uint64_t number;     /**< in the order of beginning */
	struct str kind;     /**< "1-1" | "ad-hoc" | "group" */
	struct str identity; /**< the address of the session */
	struct str group;    /**< empty: made by a list */
	struct str founder, subject;
	int64_t since_ms;      /**< wall clock */
	uint64_t participants; /**< in it, or on the way in */
	uint64_t connected;
	uint64_t watchers; /**< who are told of its state */
	uint64_t messages, copies;
};

struct admin_person {
	struct str address;
	bool anonymous;    /**< to the others */
	struct str status; /**< "connected", "dialing-out", … (RFC 4575 5.6.4) */
	int64_t since_ms;
	uint64_t messages, bytes; /**< they said */
};

/** Texts are valid until it returns. */
typedef void(admin_conference_cb)(const struct admin_conference *c, void *arg);
typedef void(admin_person_cb)(const struct admin_person *p, void *arg);

/** As the others in struct admin_services; -ENODATA: there is no such conference. */
struct admin_conferences {
	/** In order of number, behind `after`. */
	int (*list)(uint64_t after, size_t limit, admin_conference_cb *each, admin_done_cb *done,
		    void *done_arg, struct buf *why, void *arg);
	/** `each` once, then `person` for those in it. */
	int (*show)(struct str id, admin_conference_cb *each, admin_person_cb *person,
		    admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	int (*end)(struct str id, admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
};

#endif
