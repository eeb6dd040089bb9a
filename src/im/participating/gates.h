/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The checks of the Participating Functions as ordered tables: 6.1.1.1 for the originating side,
 * 6.1.2.1 for the terminating side (seed 001). Each row is a small function over the request and the
 * served subscriber, with the requirement ids it answers for; the first that does not pass makes the
 * outcome (OPF-GEN-5, TPF-GEN-7). Reading a table is reading the specification.
 *
 * Gates never wait and never allocate: what they look at was loaded and decoded before they run.
 *
 * They judge requests outside a dialog (notes A-40). What a session offers is judged by its SDP
 * (im/participating/offer.h).
 */
#ifndef IM_PARTICIPATING_GATES_H
#define IM_PARTICIPATING_GATES_H

#include "base/buf.h"
#include "im/request.h"
#include "im/route.h"
#include "im/rules.h"

struct operator_policy;
struct subscriber;

/** What a gate may look at. */
struct gate_view {
	const struct im_request *r;
	const struct im_addresses *ours;
	const struct im_rules *rules;
	const struct operator_policy *service; /**< NULL: nothing is restricted */
	const struct subscriber *served;       /**< whose function this is; NULL: unknown here */
	enum im_reach reach; /**< terminating: whether the user can be reached now */
	int64_t now_ms;      /**< wall clock */
	struct str host;     /**< our name in Warning headers */
};

struct gate_answer {
	uint16_t status;
	struct buf *headers; /**< header lines of the answer */
	struct buf *sdp;     /**< its body, when it has one: application/sdp */
};

enum gate_verdict {
	GATE_PASS,
	GATE_REFUSE, /**< the answer is made; a 202 among them: the request goes nowhere all the same */
	GATE_DEFER, /**< to be kept until the recipient can be reached; the answer stands if that cannot be */
};

struct gate {
	const char *name; /**< the reason in logs and events */
	const char *rows; /**< requirement ids */
	enum gate_verdict (*check)(const struct gate_view *v, struct gate_answer *a);
};

struct gate_table {
	const struct gate *gate;
	size_t n;
};

extern const struct gate_table gates_originating, gates_terminating;

/** The gate that did not let it pass, its answer in `a` and its verdict in `ret`; NULL: all did. */
const struct gate *gates_run(const struct gate_table *t, const struct gate_view *v,
			     struct gate_answer *a, enum gate_verdict *ret);

/** Warning: 399 host "text" (digest c14). */
void gate_warn(struct gate_answer *a, struct str host, struct str text);
/**
 * Error-Info with a page about `what` at our main domain. Never a sip: URI, to which a client may send the
 * request again (RFC 3261 20.18; digest c14).
 */
void gate_error_info(struct gate_answer *a, struct str host, struct str what);

/* policy_gate.c */
/** Size and content of a MESSAGE, by the policies of service and user: 6.1.1.1 4a, 6.1.2.1 3a. */
enum gate_verdict gate_operator_policy(const struct gate_view *v, struct gate_answer *a);
/** A type that belongs to the service itself (isComposing, notifications, lists): no policy forbids it. */
bool gate_type_always_allowed(struct str type, struct str subtype);

/* invite_gates.c */
/**
 * Size and content of what an INVITE offers, by the policies of service and user: 6.1.1.1 4b, 6.1.2.1 3b. An
 * INVITE without a body offers nothing yet (notes A-13).
 */
enum gate_verdict gate_offer_policy(const struct gate_view *v, struct gate_answer *a);
/** Session-Expires of an INVITE below the operator's minimum: 422 (RFC 4028 8.1 and 9; digest f-B 14). */
enum gate_verdict gate_session_interval(const struct gate_view *v, struct gate_answer *a);

/* expiry.c */
/** Whether the Expires of a MESSAGE has passed: from its Date, else from now (RFC 3428 7). */
bool request_expired(const struct im_request *r, int64_t now_ms);

#endif
