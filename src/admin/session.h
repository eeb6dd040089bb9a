/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Sessions whose media path the server is in.
 *
 *     GET    /v1/sessions          ?user=USER&after=NUMBER&limit=N
 *     GET    /v1/sessions/{id}
 *     DELETE /v1/sessions/{id}     ends it on both sides
 */
#ifndef ADMIN_SESSION_H
#define ADMIN_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "admin/done.h"
#include "base/buf.h"
#include "base/str.h"

struct admin_session {
	struct str id;
	uint64_t number;      /**< in the order of beginning */
	struct str kind;      /**< "session" | "large" | "file" */
	struct str state;     /**< "inviting" | "active" | "ending" */
	struct str functions; /**< "originating" | "terminating" | "both" */
	struct str originator, recipient;
	struct str caller_call_id, callee_call_id; /**< of the two dialogs */
	int64_t since_ms, established_ms;          /**< wall clock; 0: not yet */
	uint64_t messages, bytes;                  /**< that passed through */
};

/** Texts are valid until it returns. */
typedef void(admin_session_cb)(const struct admin_session *s, void *arg);

/** As the others in struct admin_services; -ENODATA: there is no such session. */
struct admin_sessions {
	/** In order of number, behind `after`; `user` empty: of all. */
	int (*list)(struct str user, uint64_t after, size_t limit, admin_session_cb *each,
		    admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	int (*show)(struct str id, admin_session_cb *each, admin_done_cb *done, void *done_arg,
		    struct buf *why, void *arg);
	int (*end)(struct str id, admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
};

#endif
