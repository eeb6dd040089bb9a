/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One MSRP session, our end of it: a URI of ours, a path to the peer, at most one connection.
 *
 * In order:
 *   1. msrp_session_alloc: the session has its URI (msrp_session_local, for a=path) and can be found.
 *   2. The SDP has been exchanged: msrp_session_start tells the peer's path and our role. Active: it
 *      connects (or shares a connection that stands) and sends an empty SEND at once. Passive: it waits
 *      for the SEND that binds a connection to it. It may come before the start, for the answer in SIP takes
 *      another way; knowing our URI is what counts. The peer's From-Path serves as its path until then.
 *   3. `bound`: requests can be sent. What is sent before is refused with -ENOTCONN, but waits when the
 *      connection is being opened by us.
 *   4. Requests come: `head`, `body`, `end` for each SEND that has content. The session checks it,
 *      answers it, reports on it; the handler says with what status. Requests go: msrp/send.h.
 *   5. A re-INVITE: msrp_session_start again with the new path. What is under way goes on where it is:
 *      a chunk begun ends on its connection, answers to it are taken there, the next goes the new way.
 *   6. `lost`: the connection is gone, what was unanswered has failed. RFC 4975 5.4: the session has
 *      failed; a new SDP exchange (step 5) may save it. A passive session can be bound again by its peer
 *      without that; an active one connects again with msrp_session_start.
 *   7. msrp_session_stop, or the last reference goes: what is written leaves, the connection closes with
 *      its last session.
 *
 * The handler is called for one chunk after another of a connection; a message may come in many chunks,
 * those of several messages interleaved, in any order (RFC 4975 7.3.1). Who stores or shows messages
 * puts pieces where `offset` says and knows the message by its Message-ID.
 *
 * Back-pressure: between msrp_session_pause and _resume no callback brings content (the `end` of a chunk
 * may still come). Sessions that share the connection wait as well.
 */
#ifndef MSRP_SESSION_H
#define MSRP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/str.h"
#include "msrp/endpoint.h"
#include "msrp/frame.h"
#include "msrp/setup.h"

/** Random bits in a session-id; RFC 4975 14.1: "at least 80 bits of randomness". */
#define MSRP_SESSION_ID_BITS 120
/** Longest a=path taken: MSRP_PATH_MAX URIs of ordinary length. */
#define MSRP_REMOTE_PATH_MAX 2048
/** Messages a session puts together from chunks at the same time (for reports and running totals). */
#define MSRP_PARTIALS_MAX 16
/** Requests of ours without an answer, per session; who relays stops reading at this. */
#define MSRP_OUTSTANDING_MAX 512

/** A handler's status: taken, and the answer comes later, see msrp_receive_defer. */
#define MSRP_LATER UINT16_MAX

struct msrp_session;
struct msrp_connection;
struct msrp_answer;
struct msrp_writer;

/**
 * A chunk being received; the session's, valid from `head` to the return of `end`, of `broken`, or of the
 * refusal.
 */
struct msrp_receive {
	struct msrp_session *session;
	/** Method, Message-ID, Content-Type, range…; may move from one callback to the next; NULL in `broken`. */
	const struct msrp_frame *frame;
	uint64_t offset;            /**< of the next body byte in the message; the first is 0 */
	uint64_t bytes;             /**< of this chunk's body so far */
	void *user;                 /**< the handler's, NULL at the head */
	struct msrp_answer *answer; /**< of msrp_receive_defer */
	bool skip;                  /**< refused: the rest is passed over, no callback follows */
};

struct msrp_session_handler {
	/**
	 * A chunk begins. 0: go on. A status (413, 415, 403…): refused; it is answered at once as far as
	 * Failure-Report lets it, the rest is passed over and `end` is not called.
	 */
	uint16_t (*head)(struct msrp_session *s, struct msrp_receive *r, void *arg);
	/** A piece of it, at r->offset. The same result as of `head`. */
	uint16_t (*body)(struct msrp_session *s, struct msrp_receive *r, struct str piece,
			 void *arg);
	/**
	 * It ended: '$' the message ends here, '+' it goes on, '#' it was aborted by its sender. 200 or
	 * another status to answer; MSRP_LATER after msrp_receive_defer.
	 */
	uint16_t (*end)(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg);
	/**
	 * The connection went, or the session was stopped, before `end`: what `head` began is over. Called
	 * within msrp_session_stop and a second msrp_session_start, too. May be NULL.
	 */
	void (*broken)(struct msrp_session *s, struct msrp_receive *r, void *arg);
	/** A REPORT; correlate by f->message_id. May be NULL. */
	void (*report)(struct msrp_session *s, const struct msrp_frame *f, void *arg);
	/**
	 * Another method with all of its body (≤ MSRP_OTHER_BODY_MAX): NICKNAME and unknown ones.
	 * The status to answer, or MSRP_LATER; NULL: 501.
	 */
	uint16_t (*request)(struct msrp_session *s, struct msrp_receive *r, struct str body,
			    void *arg);
	/** A connection carries the session now; again after each re-start or loss. May be NULL. */
	void (*bound)(struct msrp_session *s, void *arg);
	/** The connection is gone or could not be opened; 0: the peer closed it. May be NULL. */
	void (*lost)(struct msrp_session *s, int error, void *arg);
	/** There is room again, see msrp_session_wait_room. May be NULL. */
	void (*room)(struct msrp_session *s, void *arg);
	/**
	 * Success reports are the handler's affair (msrp_session_report). Otherwise the session sends
	 * them itself after 200: one for the whole message when its bytes came in order, otherwise one for
	 * each chunk (RFC 4975 7.1.3).
	 */
	bool own_reports;
};

struct msrp_session_params {
	bool secure; /**< our URI is msrps: */
	const struct msrp_session_handler *handler;
	void *arg;
};

/** Counted. -ENOBUFS: MSRP_SESSIONS_MAX; -ENOENT: no listener of that kind; -EPIPE: shut down. */
int msrp_session_alloc(struct msrp_session **ret, struct msrp_endpoint *ep,
		       const struct msrp_session_params *p);
/** Another handler from now on: a session changes hands (local, then relayed). */
void msrp_session_set_handler(struct msrp_session *s, const struct msrp_session_handler *h,
			      void *arg);

/** Our URI, the value of a=path. */
struct str msrp_session_local(const struct msrp_session *s);
/** The peer's path as last started with; empty before. */
struct str msrp_session_remote(const struct msrp_session *s);
struct msrp_endpoint *msrp_session_endpoint(const struct msrp_session *s);

struct msrp_remote {
	struct str path;     /**< the peer's a=path */
	enum msrp_role role; /**< ours, msrp_setup_role */
	/** Active: where to connect, msrp_target_choose, resolved; TLS when the path's first URI is msrps:. */
	struct addr addr;
	struct str name; /**< TLS: what the certificate must be for */
	/**
	 * Active: a connection of its own, none that others use as well (RFC 4975 5.4 would share): a slow
	 * reader behind the peer then holds up nobody else.
	 */
	bool fresh;
};

/**
 * Also again, see 5. A connection it has stays when it leads to the same peer (the path's first URI and,
 * where we opened it, the address are the same). -EBADMSG: the path does not decode; -ENOTSUP: TLS is not set up;
 * -errno of connecting; -ENOBUFS: a ceiling. On an error the session is as it was before. Of three starts in
 * a row, what was under way on the first connection fails when the third is made.
 */
int msrp_session_start(struct msrp_session *s, const struct msrp_remote *r);
/** No callback follows, but `broken` at once for a chunk under way. What waits for an answer is forgotten. */
void msrp_session_stop(struct msrp_session *s);
bool msrp_session_bound(const struct msrp_session *s);
/** The peer's address; NULL while not bound. */
const struct addr *msrp_session_peer(const struct msrp_session *s);
bool msrp_session_secure(const struct msrp_session *s);

/** Counted: as many resumes as pauses. */
void msrp_session_pause(struct msrp_session *s);
void msrp_session_resume(struct msrp_session *s);

/** loop_now_ms of the last byte from or to the peer of content (an empty SEND is none). */
uint64_t msrp_session_active_ms(const struct msrp_session *s);
/** Bytes that wait to leave on its connection. */
size_t msrp_session_queued(const struct msrp_session *s);
/**
 * `room` is called, once, when less than MSRP_QUEUE_LOW bytes wait, or at once from the loop when it is so
 * now. Not called when the connection goes.
 */
void msrp_session_wait_room(struct msrp_session *s);
/** Requests of ours without an answer. */
unsigned msrp_session_outstanding(const struct msrp_session *s);

/** ---- Answering later ---- */
/**
 * Inside `head`, `body`, `end` or `request`: the answer may be given later. It is in r->answer, and the
 * session gives it when a callback returns a status; it is the handler's to give, by msrp_answer_give, once
 * `end` (or `request`) has returned MSRP_LATER, or `broken` is called. NULL: no answer of any kind is
 * wanted (msrp_response_wanted(f, 400) is false, nor is there a success report to send), or no memory.
 */
struct msrp_answer *msrp_receive_defer(struct msrp_receive *r);
/**
 * Once, at any time, also when the session or its connection is gone (nothing is sent then). Sends what
 * Failure-Report asks for; with 200 the success report, too, unless the handler has `own_reports`.
 */
void msrp_answer_give(struct msrp_answer *a, uint16_t status);

/** ---- Reports ---- */
struct msrp_session_report {
	struct str message_id;
	struct msrp_range range;
	uint16_t status;    /**< 200: a success report */
	struct str to_path; /**< the From-Path of the request; empty: the session's remote path */
	bool has_distribution_count;
	uint32_t distribution_count;
};

/** -ENOTCONN, -ENOBUFS, -ENOMEM. Whether one was asked for (7.1.3, 7.1.4) is the caller's to know. */
int msrp_session_report(struct msrp_session *s, const struct msrp_session_report *r);

/**
 * A request other than SEND without a body (NICKNAME): `lines` are header lines with their CRLF. `done`
 * (may be NULL) gets its status, 408 after MSRP_TRANSACTION_MS, 0 when the connection is lost.
 */
typedef void(msrp_status_cb)(struct msrp_session *s, uint16_t status, void *arg);
int msrp_session_request(struct msrp_session *s, struct str method, struct str lines,
			 msrp_status_cb *done, void *arg);

#endif
