/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What waits for people who are away, and what the operator tells them.
 *
 *     GET    /v1/deferred                       ?user=USER&after=ID&limit=N
 *     GET    /v1/deferred/users                 ?after=USER&limit=N   who has how much waiting
 *     GET    /v1/deferred/{id}                  with what every device had of it
 *     DELETE /v1/deferred/{id}
 *     DELETE /v1/users/{user}/deferred          all that waits for them
 *     POST   /v1/deferred/push                  {"user": …}, or {}: everybody who is registered
 *     GET    /v1/system-messages                ?user=USER
 *     POST   /v1/users/{user}/system-messages   {"text", "answers": […], "timeout_s"}
 *     DELETE /v1/users/{user}/system-messages, …/{id}
 */
#ifndef ADMIN_DEFERRAL_H
#define ADMIN_DEFERRAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/done.h"
#include "base/buf.h"
#include "base/str.h"

/** Bytes of a system message's text, and of one answer to choose; and how many of them. */
#define ADMIN_TEXT_MAX 16384
#define ADMIN_ANSWER_MAX 256
#define ADMIN_ANSWERS_MAX 16

struct admin_device {
	struct str key;   /**< instance or contact */
	struct str state; /**< "delivered" | "waiting" | "failed" */
	uint32_t attempts;
	uint32_t status; /**< of the last answer; 0: none */
	int64_t last_ms; /**< wall clock, as all times here; 0: none */
	int64_t next_try_ms;
};

struct admin_deferred {
	uint64_t id;
	struct str user, sender, call_id, message_id;
	struct str kind;               /**< "pager" | "large" | "file" */
	struct str content_type, name; /**< of a large one, of a file; else empty */
	struct str state;              /**< "held" | "delivered" | "expired" | "withdrawn" */
	uint64_t size;
	int64_t received_ms, expires_ms, finished_ms; /**< 0: never, not yet */
	const struct admin_device *devices;
	size_t devices_n;
};

struct admin_waiting {
	struct str user;
	uint64_t messages, bytes;
};

struct admin_system_message {
	struct str user, id, text;
	const struct str *answers;
	size_t answers_n;
	struct str state; /**< "waiting" | "delivered" | "answered" | "overdue" | "cleared" */
	struct str answer;
	bool required;
	uint32_t timeout_s;
	int64_t created_ms, delivered_ms, answered_ms; /**< 0: not yet */
};

/** Texts are valid until it returns. */
typedef void(admin_deferred_cb)(const struct admin_deferred *d, void *arg);
typedef void(admin_waiting_cb)(const struct admin_waiting *w, void *arg);
typedef void(admin_system_message_cb)(const struct admin_system_message *m, void *arg);
/** How many it came to. */
typedef void(admin_count_cb)(uint64_t n, void *arg);

/** As the others in struct admin_services; `done` with -ENODATA: there is no such message. */
struct admin_deferral {
	/** In order of id, behind `after`; `user` empty: of all. */
	int (*list)(struct str user, uint64_t after, size_t limit, admin_deferred_cb *each,
		    admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	/** In order of address. */
	int (*users)(struct str after, size_t limit, admin_waiting_cb *each, admin_done_cb *done,
		     void *done_arg, struct buf *why, void *arg);
	int (*show)(uint64_t id, admin_deferred_cb *each, admin_done_cb *done, void *done_arg,
		    struct buf *why, void *arg);
	/** The one, or (`id` 0) all that wait for `user`. */
	int (*remove)(struct str user, uint64_t id, admin_count_cb *count, admin_done_cb *done,
		      void *done_arg, struct buf *why, void *arg);
	/**
	 * Sends now what waits for `user`, or (empty) for everybody; counts the devices. -ENODATA: the user is
	 * not registered.
	 */
	int (*push)(struct str user, admin_count_cb *count, admin_done_cb *done, void *done_arg,
		    struct buf *why, void *arg);
	int (*system_list)(struct str user, size_t limit, admin_system_message_cb *each,
			   admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	/** Of `m` the text, the answers, required and timeout_s (0: the configuration's). Shows what it made. */
	int (*system_send)(struct str user, const struct admin_system_message *m,
			   admin_system_message_cb *each, admin_done_cb *done, void *done_arg,
			   struct buf *why, void *arg);
	/** The one, or (`id` empty) all that wait for an answer. */
	int (*system_clear)(struct str user, struct str id, admin_count_cb *count,
			    admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
};

#endif
