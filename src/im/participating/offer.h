/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a session description offers, judged by the operator's policy on size and content: 6.1.1.1 step 4b and
 * 6.1.2.1 step 3b of seed 001 for an INVITE, 7.3.2.3 of seed 003 for a modification; digest c16, notes A-12.
 *
 * For each section with MSRP media that is not switched off (port 0):
 *
 *   types   of a=accept-types and a=accept-wrapped-types, and that of a=file-selector (RFC 5547), one must
 *           be allowed by both levels. Wrappers (message/cpim, multipart) are looked through: what stands beside
 *           them counts; and so do not count what belongs to the service (isComposing, imdn). "*" and
 *           "image/…*" are allowed when something in them is. An offer of nothing but those conforms.
 *           A file's own type must be allowed in any case.
 *   size    a=max-size and the size of a=file-selector must not be above the limit of both levels
 *
 * An attribute that is absent violates nothing. Which limit counts depends on the kind of session, which
 * the INVITE told and no later offer tells (PFC-EN1).
 */
#ifndef IM_PARTICIPATING_OFFER_H
#define IM_PARTICIPATING_OFFER_H

#include "base/buf.h"
#include "im/participating/session.h"
#include "im/request.h"

struct operator_policy;

struct offer_view {
	enum im_kind kind;
	const struct operator_policy *service, *user; /**< NULL: nothing is restricted */
	struct str sdp;
};

enum offer_verdict {
	OFFER_CONFORMS,
	OFFER_UNREADABLE, /**< what cannot be read cannot be judged */
	OFFER_TYPES,
	OFFER_SIZE,
};

enum offer_verdict offer_judge(const struct offer_view *v);
/**
 * The refusal: its status is returned. Header lines (Warning) are appended to `headers`; to `sdp`, for a 488, the
 * description of what both levels allow (RFC 3261 21.4.26), which is ended at `sdp->failed` if it has
 * no room.
 */
uint16_t offer_refuse(const struct offer_view *v, enum offer_verdict verdict, struct str host,
		      struct buf *headers, struct buf *sdp);
/** im_session_judge_cb; `arg` is the host of Warning headers, a struct str. */
bool offer_judge_session(const struct im_session_offer *o, struct im_session_refusal *ret,
			 void *arg);

#endif
