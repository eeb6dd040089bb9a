/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Looking into the server: what is happening to a user, and what became of a message.
 *
 *     GET    /v1/trace/{user}      ?after=SEQ&wait=SECONDS    JSON lines; the first call begins it
 *     GET    /v1/messages/{id}     the story of a message, by Call-ID or IMDN Message-ID
 */
#ifndef ADMIN_INSIGHT_H
#define ADMIN_INSIGHT_H

#include <stddef.h>
#include <stdint.h>

#include "admin/done.h"
#include "base/buf.h"
#include "base/str.h"

/** How long a trace's answer may be waited for. */
#define ADMIN_TRACE_WAIT_MAX_S 25
/** Bytes of a message's id. */
#define ADMIN_ID_MAX 512

struct admin_trace_line {
	uint64_t seq;
	int64_t at_ms;        /**< wall clock */
	struct str what;      /**< "in" | "out" | "outcome" */
	struct str transport; /**< "udp"…; empty in an outcome */
	struct str peer;      /**< "192.0.2.7:5060"; likewise */
	struct str text, call_id;
};

/** One step of a story. */
struct admin_step {
	int64_t at_ms;    /**< wall clock */
	struct str event; /**< "delivered", "refused", "held", "attempt", "expired"… */
	struct str kind;  /**< "pager" */
	struct str user;  /**< for whom it is */
	struct str sender;
	struct str device; /**< empty: not about one */
	struct str reason; /**< the gate that refused; empty: none */
	unsigned status;   /**< SIP status; 0: none */
	struct str text;   /**< the step as a sentence */
};

typedef void(admin_trace_cb)(const struct admin_trace_line *l, void *arg);
typedef void(admin_step_cb)(const struct admin_step *s, void *arg);

/** As the others in struct admin_services. */
struct admin_insight {
	int (*trace)(struct str user, uint64_t after, unsigned wait_s, admin_trace_cb *each,
		     admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	/** In order of time; `done` with -ENODATA: nothing is known of it. */
	int (*explain)(struct str id, admin_step_cb *each, admin_done_cb *done, void *done_arg,
		       struct buf *why, void *arg);
};

#endif
