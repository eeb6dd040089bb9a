/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A session in whose media path this server stands: a B2BUA (seed 001, 6.1.1.2.2 step 1 and 6.1.2.2.2;
 * seed 000 for Large Message Mode; RFC 3261 6). Two legs, each a dialog with an INVITE usage
 * (sip/invite.h) and one end of an MSRP relay (msrp/relay.h), tied in one object. It serves IM Session, Large
 * Message and File Transfer, in both directions; what differs is data: the header rules of a side and a
 * kind (session_header.c).
 *
 *     caller --- leg A (we are UAS) === session === leg B (we are UAC) --- callee
 *
 * In the embedded setting one session plays both functions: leg A follows the rows of the originating
 * function (OPF), leg B those of the terminating one (TPF). In front of an IMS core a session plays the
 * function of the side its INVITE came in on, on both legs.
 *
 * In order. The gates have let an INVITE pass and the media path was decided for us
 * (im/participating/media_path.h): im_session_start. The SDP of the offer is rewritten so that MSRP
 * comes to us, and the INVITE leaves to every device; provisional responses are relayed; the first 2xx
 * wins, the other devices are cancelled, and the caller gets a 2xx with our SDP (OPF-OK, TPF-OK). From
 * then on the legs are independent dialogs with timers of their own (digest f-B): refreshes are
 * answered here, modifications are relayed (TPF-MOD, PFC-MOD), and the end of one leg, by BYE, by an
 * expired timer, by a lost MSRP connection or by the operator, is the end of the other.
 *
 * Each leg's Contact has a token as its user part that leads back to the remote target of the other leg
 * (digest f-C 28): im_sessions_resolve.
 *
 * A session ends by itself; the table holds the only reference. Memory: an idle session is at most 8 kB,
 * with both dialogs and MSRP sessions.
 */
#ifndef IM_PARTICIPATING_SESSION_H
#define IM_PARTICIPATING_SESSION_H

#include "im/event.h"
#include "im/participating/forward.h"
#include "im/request.h"
#include "im/route.h"
#include "im/rules.h"

struct im_keeper;
struct im_recorder;
struct im_session;
struct im_sessions;
struct msrp_endpoint;
struct operator_policy;
struct sip_dialogs;

/** Sessions at once, both legs and all: 8 kB each, and two of MSRP_SESSIONS_MAX. Beyond it 503. */
#define IM_SESSIONS_MAX 50000
/** Of one served user: a person talks to a few people at a time; beyond it 486. */
#define IM_SESSIONS_USER_MAX 500
/** Body of an INVITE or of an answer: SDP of a few media lines is below 2 kB. Larger: 413. */
#define IM_SESSION_SDP_MAX 16384
/** Letters and digits of a session's id, as `parleyctl session` writes it. */
#define IM_SESSION_ID_N 16

/* ---- The table ---- */

/**
 * Whether the media parameters of an offer inside a session are acceptable to this server (seed 003,
 * 7.3.2.3 step 1): the same judgement that the gates make of an INVITE. `kind` is that of the INVITE
 * (PFC-EN1): a modification carries no tag.
 */
struct im_session_offer {
	enum im_kind kind;
	enum im_side side;                            /**< the function that judges */
	const struct operator_policy *service, *user; /**< NULL: nothing is restricted */
	struct str sdp;
};
struct im_session_refusal {
	uint16_t status;     /**< 488 */
	struct buf *headers; /**< whole lines are appended */
	struct buf *sdp;     /**< what would be acceptable is appended; may stay empty */
};
/** True: acceptable; else `ret` is filled. */
typedef bool(im_session_judge_cb)(const struct im_session_offer *o, struct im_session_refusal *ret,
				  void *arg);

struct im_sessions_params {
	struct sip *sip;
	struct sip_dialogs *dialogs; /**< borrowed */
	/** Borrowed; NULL: no session can be anchored here (im_session_start: -ENOTSUP) */
	struct msrp_endpoint *msrp;
	struct im_events *events;
	struct im_addresses addresses;
	const struct im_rules *rules; /**< borrowed, may change: im_rules.session */
	/** Peers are a trust domain (RFC 3325): identities are passed on with `Privacy: id`. The IMS setting. */
	bool trust;
	im_session_judge_cb *judge; /**< NULL: everything is acceptable */
	void *judge_arg;
};

/** Counted. */
int im_sessions_alloc(struct im_sessions **ret, const struct im_sessions_params *p);
/** Who records sessions from now on (im/recorder.h); NULL: nobody, and those that are recorded are so no more. */
void im_sessions_set_recorder(struct im_sessions *ss, const struct im_recorder *recorder);
/** Who keeps what no device can be reached for; NULL: nobody. Borrowed. */
void im_sessions_set_keeper(struct im_sessions *ss, const struct im_keeper *keeper);
/** Counters and gauges into the registry; once, at start. */
void im_sessions_counters_register(void);
/**
 * Shutdown: every session is ended, with BYE on both legs, those that are being set up with 503; none is
 * begun any more. What the wire still needs is done by sip/invite.h. Before sip_dialogs_close and the MSRP
 * endpoint's end; again is harmless.
 */
void im_sessions_stop(struct im_sessions *ss);

/* ---- Handing over an INVITE ---- */

struct im_session_params {
	/** The INVITE, whose gates have been passed; borrowed for the call. */
	const struct im_request *r;
	/** Devices (or the core); none: by Route, else by Request-URI. Copied. */
	const struct im_targets *targets;
	/** The targets are the recipient's devices: 2xx is IM_DELIVERED, else IM_RELAYED. */
	bool to_devices;
	/** The functions this session plays: in the embedded setting both may be. At least one. */
	bool originating, terminating;
	/** What no device can be reached for is kept (im_sessions_set_keeper): a large message, a file. */
	bool keeps;
	bool to_focus; /**< leg B is with the focus of this process (im/own.h) */
	/** Sizes and types, for what passes through: a reference is taken of each. NULL: nothing is restricted. */
	const struct operator_policy *service, *originator_policy, *recipient_policy;
};

/**
 * Takes the INVITE over: it will be answered, and the outcome announced from `rep`, whose texts are taken
 * over. -errno: nothing was done, `rep` is still the caller's, and the caller answers: -ENOBUFS, -ECANCELED
 * (503), -EDQUOT too many of this user (486), -EBADMSG the SDP is none (400), -E2BIG (413), -EPROTONOSUPPORT
 * no MSRP in the SDP (488), -ENOTSUP there is no MSRP endpoint, -ENOMEM (500).
 */
int im_session_start(struct im_sessions *ss, const struct im_session_params *p,
		     struct im_report *rep);
/** The answer to an -errno of it: a status, and whole header lines (Warning…) appended to `headers`. */
uint16_t im_session_refusal_of(const struct im_sessions *ss, int err, struct buf *headers);

/**
 * Whether the Request-URI of a request outside any dialog is a Contact of ours, and what it stands for. The
 * token is a capability (80 bits of chance): whoever has it was told it by us in a session. 1: pass the
 * request on to `ret`, which is valid until the session's next message; -ENOENT: answer 404; 0: it is
 * no such URI. For the dispatcher, with the route of sip_proxy_check.
 */
int im_sessions_resolve(const struct im_sessions *ss, const struct sip_route *route,
			struct sip_proxy_target *ret);

/** The Request-URI has the form of a Contact of ours, whether or not it still stands for anything. */
bool im_session_is_contact(const struct sip_route *route);

/* ---- For the operator ---- */

enum im_session_state {
	IM_SESSION_INVITING, /**< leg B is asked, leg A waits */
	IM_SESSION_ACTIVE,
	IM_SESSION_ENDING,
};

/** Views are valid until return. */
struct im_session_info {
	struct str id;
	uint64_t number; /**< in the order of beginning, from 1 */
	enum im_session_state state;
	enum im_kind kind;
	bool originating, terminating;
	struct str originator, recipient;
	struct str caller_call_id, callee_call_id;
	int64_t since_ms;         /**< wall clock: the INVITE came */
	int64_t established_ms;   /**< wall clock; 0: not yet */
	uint64_t messages, bytes; /**< MSRP, both directions together */
};
typedef void(im_session_info_cb)(const struct im_session_info *i, void *arg);

/** In the order of beginning, behind number `after`; `user`: an AOR, on either side; empty: everybody's. */
void im_sessions_list(const struct im_sessions *ss, struct str user, uint64_t after, size_t limit,
		      im_session_info_cb *cb, void *arg);
/** -ENOENT. */
int im_sessions_show(const struct im_sessions *ss, struct str id, im_session_info_cb *cb,
		     void *arg);
/** BYE on both legs, or 480 and CANCEL while it is being set up. -ENOENT. */
int im_sessions_end(struct im_sessions *ss, struct str id);
const char *im_session_state_name(enum im_session_state s);

/**
 * RFC 3891: the dialog that a Replaces names is between us and one side, when it is a leg of a session here; the
 * other side knows its own leg. Appends a Replaces line with that one, and returns true. False: the request has none,
 * or it names no leg of ours, and goes on as it came.
 */
bool im_sessions_replaces(const struct im_sessions *ss, const struct sip_msg *m, struct buf *b);

#endif
