/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What users have asked to be kept of their conversations.
 *
 *     GET    /v1/users/{user}/history
 * ?peer=AOR&text=T&since=MS&until=MS&conversation=ID&after=ID&limit=N
 *     GET    /v1/users/{user}/history/{id}
 *     GET    /v1/users/{user}/history/{id}/content   ?at=BYTE: up to ADMIN_CONTENT_MAX bytes from there; none: the end
 *     DELETE /v1/users/{user}/history                all of it
 *     DELETE /v1/users/{user}/history/{id}
 *     GET    /v1/users/{user}/conversations          ?after=ID&limit=N
 *     DELETE /v1/users/{user}/conversations/{id}     with the messages in it
 */
#ifndef ADMIN_HISTORY_H
#define ADMIN_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/deferral.h"
#include "admin/done.h"
#include "base/buf.h"
#include "base/str.h"

/** Bytes of content in one answer. */
#define ADMIN_CONTENT_MAX (256u << 10)

struct admin_history_entry {
	uint64_t id, conversation; /**< 0: none */
	struct str user, peer, from, to, subject, message_id, content_type;
	struct str kind; /**< "pager" | "large" | "session" | "file" */
	bool outgoing, aborted, cpim;
	int64_t recorded_ms, date_ms;
	uint64_t size;
	struct str text; /**< the beginning of a text; empty: not one */
};

struct admin_conversation {
	uint64_t id;
	struct str user, peer, call_id, kind, reason;
	bool outgoing;
	int64_t begin_ms, end_ms; /**< 0: not yet */
	uint64_t messages, bytes;
};

struct admin_history_filter {
	struct str peer, text; /**< empty: any; the peer as an operator writes a user */
	uint64_t conversation, after;
	int64_t since_ms, until_ms;
	size_t limit;
};

typedef void(admin_history_cb)(const struct admin_history_entry *e, void *arg);
typedef void(admin_conversation_cb)(const struct admin_conversation *c, void *arg);
typedef void(admin_bytes_cb)(struct str bytes, void *arg);

/** As the others in struct admin_services; `done` with -ENODATA: there is no such entry. */
struct admin_histories {
	int (*list)(struct str user, const struct admin_history_filter *f, admin_history_cb *each,
		    admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	int (*show)(struct str user, uint64_t id, admin_history_cb *each, admin_done_cb *done,
		    void *done_arg, struct buf *why, void *arg);
	/** The bytes come before `done`. */
	int (*content)(struct str user, uint64_t id, uint64_t at, admin_bytes_cb *bytes,
		       admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	/** The entry, or (0) those of the conversation, or (0) all. */
	int (*remove)(struct str user, uint64_t id, uint64_t conversation, admin_count_cb *count,
		      admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	int (*conversations)(struct str user, uint64_t after, size_t limit,
			     admin_conversation_cb *each, admin_done_cb *done, void *done_arg,
			     struct buf *why, void *arg);
};

#endif
