/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Traces: what is happening to one user, live, for an operator who looks on.
 *
 * trace_poll for a user begins that user's trace: from then on the engine's messages (sip_set_tap) and
 * the service's outcomes (im/event.h) that are about them are noted in a ring. Whoever polls gets what
 * is new, at once or as soon as there is something. A trace that nobody has polled for TRACE_IDLE_MS
 * ends, and with the last trace the tap goes: without traces, nothing is looked at.
 *
 * A message is about a user when From, To, the Request-URI or P-Asserted-Identity names them, or when it
 * has the Call-ID of one that was: so the answers, and what was sent on to a device, are seen too.
 *
 * Of a message there is the first line, never the content, and no header.
 */
#ifndef SERVER_TRACE_H
#define SERVER_TRACE_H

#include "base/addr.h"
#include "base/loop.h"
#include "base/str.h"
#include "im/event.h"
#include "sip/sip.h"

/** Users traced at once: each costs a look at every message, and a ring. */
#define TRACES_MAX 16
/** Lines of a ring; who polls more slowly misses the oldest. */
#define TRACE_LINES_MAX 512
/** Bytes of a line and its Call-ID; longer ones are cut. */
#define TRACE_TEXT_MAX 384
#define TRACE_CALL_ID_MAX 128
/** Call-IDs of a user that are remembered. */
#define TRACE_CALLS_MAX 64
/** Polls that wait, of all users together. */
#define TRACE_POLLS_MAX 64
#define TRACE_IDLE_MS 60000
/** A poll waits this long at most: well below the patience of HTTP connections. */
#define TRACE_WAIT_MAX_MS 25000

struct traces;

enum trace_what {
	TRACE_IN,      /**< a message came from `peer` */
	TRACE_OUT,     /**< a message was sent to `peer` */
	TRACE_OUTCOME, /**< the service decided */
};

struct trace_line {
	uint64_t seq;  /**< 1, 2, 3 … of this trace: a gap is what the ring has lost */
	int64_t at_ms; /**< wall clock */
	enum trace_what what;
	enum sip_transport_kind kind;
	struct addr peer;
	struct str
		text; /**< "MESSAGE sip:bob@example.org", "200 OK (MESSAGE)", "pager delivered …" */
	struct str call_id;
};

struct traces_params {
	struct loop *loop;
	struct sip *sip;          /**< must be there as long as somebody may poll */
	struct im_events *events; /**< likewise */
	struct str domain;        /**< of telephone numbers; long-lived */
};

/** Counted; the last mem_unref ends what waits with -ECANCELED. Neither sip nor events are touched then. */
int traces_alloc(struct traces **ret, const struct traces_params *p);

struct trace_poll;
/** Valid until it returns. */
typedef void(trace_line_cb)(const struct trace_line *l, void *arg);
/** 0, after the lines (there may be none); -ECANCELED. */
typedef void(trace_done_cb)(struct trace_poll *p, int error, void *arg);

/** Embedded by the caller; zeroed or finished, it is idle. All of it is private. */
struct trace_poll {
	struct trace *trace; /**< NULL: idle */
	struct list_link link;
	struct timer patience;
	uint64_t after;
	trace_line_cb *each;
	trace_done_cb *done;
	void *arg;
};

/**
 * The lines of this user behind `after`; when there are none, waits up to `wait_ms` for some. `done` comes
 * once, maybe before the return. -ENOBUFS: too many traces, or polls; -ENOMEM; `done` does not come then.
 */
int trace_poll(struct traces *ts, struct trace_poll *p, struct str aor, uint64_t after,
	       uint32_t wait_ms, trace_line_cb *each, trace_done_cb *done, void *arg);
/** No callback follows; an idle one is ignored. */
void trace_poll_cancel(struct trace_poll *p);
/** How many users are traced now. */
size_t traces_count(const struct traces *ts);

#endif
