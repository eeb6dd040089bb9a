/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A subscription to an event package, on the subscriber's side: RFC 6665 4.1. (The other side is
 * sip/notifier.h.)
 *
 * In order. SUBSCRIBE leaves; Timer N runs (64*T1). The first NOTIFY, which may come before the 2xx,
 * establishes the dialog; its body goes to `notified`, as those of all that follow. Before it
 * expires the subscription is refreshed inside its dialog. It ends when its owner wants it to
 * (sip_subscription_end, which unsubscribes), or when the notifier says so. Then it depends on why:
 *
 *   will never be good (489, 403…, reason rejected, noresource, invariant)    `ended`
 *   lost (481 to a refresh, deactivated, timeout, Timer N)                     a new one, at once
 *   not now (5xx, no answer, probation, giveup, Retry-After)                   a new one, later
 *   423                                                                        again with Min-Expires
 *
 * A new one is a new dialog with a new Call-ID: `renewed` is called, and what the notifier had told
 * does not count any more (document versions start anew). How soon: what retry-after says, else
 * SIP_SUBSCRIPTION_RETRY_MIN_S, doubling up to SIP_SUBSCRIPTION_RETRY_MAX_S; "at once" too is only once
 * in that time, so that a notifier that lets go of everything is not asked in a loop.
 *
 * Only one of several notifiers that answer a forked SUBSCRIBE is listened to: the first; the others
 * get 481, as the packages of this server want it (RFC 3680 4.9).
 */
#ifndef SIP_SUBSCRIPTION_H
#define SIP_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "sip/dialog.h"

struct sip_subscription;

#define SIP_SUBSCRIPTION_RETRY_MIN_S 30
#define SIP_SUBSCRIPTION_RETRY_MAX_S 3600
/** Longest that is asked for or believed: a retry-after of a century is a day. */
#define SIP_SUBSCRIPTION_WAIT_MAX_S 86400
/** Refreshes follow each other no faster; a subscription that is granted for less lapses. */
#define SIP_SUBSCRIPTION_REFRESH_MIN_S 5
/** Challenges answered for one SUBSCRIBE: one for each hop that asks, and one stale nonce. */
#define SIP_SUBSCRIPTION_CHALLENGES_MAX 3
/** Authorization lines of one SUBSCRIBE. */
#define SIP_SUBSCRIPTION_LINES_MAX 4096

/**
 *   SUBSCRIBING ---> ACTIVE (or PENDING, which is the same to us)
 *     ^     |           |  ^
 *     |     v           v  '- refreshed
 *     '-- WAITING <-----'
 *           |           |
 *           '-----------'---> ENDING (Expires: 0 sent) ---> TERMINATED
 */
enum sip_subscription_state {
	SIP_SUBSCRIPTION_SUBSCRIBING,
	SIP_SUBSCRIPTION_PENDING,
	SIP_SUBSCRIPTION_ACTIVE,
	SIP_SUBSCRIPTION_WAITING,
	SIP_SUBSCRIPTION_ENDING,
	SIP_SUBSCRIPTION_TERMINATED,
};
extern const struct sm_table sip_subscription_machine;

struct sip_subscription_handler {
	/**
	 * A NOTIFY; `m` is valid until return. Returns the status it is answered with: 200, or 400, 415…
	 * when the body makes no sense. A NOTIFY without a body is given too.
	 */
	uint16_t (*notified)(struct sip_subscription *s, const struct sip_msg *m,
			     const struct sip_source *src, void *arg);
	/** Another dialog begins: what was told before does not count. May be NULL. */
	void (*renewed)(struct sip_subscription *s, void *arg);
	/**
	 * 401 or 407 to a SUBSCRIBE of ours; true: `lines` (Authorization…) are added and it is sent again.
	 * `uri` is the Request-URI that was used. May be NULL: never.
	 */
	bool (*authorize)(struct sip_subscription *s, struct str uri, const struct sip_msg *m,
			  struct buf *lines, void *arg);
	/**
	 * It is over and will not be tried again. `status`: the response that said so; 0: a NOTIFY, and
	 * `reason` is its reason; or -errno in `error` (shutdown). The owner drops its reference here or later.
	 */
	void (*ended)(struct sip_subscription *s, uint16_t status, struct str reason, int error,
		      void *arg);
};

struct sip_subscription_params {
	struct sip_dialogs *dialogs; /**< borrowed */
	struct str target;           /**< Request-URI and To */
	struct str from;             /**< URI of From */
	struct str route;            /**< Route values of the SUBSCRIBE, comma list; empty: none */
	struct str event;            /**< "reg" */
	struct str accept;           /**< Accept */
	struct str headers;          /**< further header lines; empty: none */
	struct str contact_user;
	const struct sip_hop
		*hop;       /**< where all of it goes, no resolving; NULL: by Route or target */
	uint32_t expires_s; /**< asked for; 0: fetch once, then `ended` */
	const struct sip_subscription_handler *handler;
	void *arg;
};

/**
 * All is copied; *ret is a reference. SUBSCRIBE leaves at once; when it cannot, that is tried again
 * later. Nothing is called back before the return. -ENOMEM; -EBADMSG: a URI, or the event, is none.
 * Dropping the reference without sip_subscription_end abandons it: nothing is sent.
 */
int sip_subscription_start(struct sip_subscription **ret, const struct sip_subscription_params *p);
/**
 * No callback follows. Takes the reference; unsubscribes when there is something to, and answers the
 * last NOTIFY. NULL is fine; returns NULL.
 */
void *sip_subscription_end(struct sip_subscription *s);
/**
 * Asks for the whole state again, by a refresh now: RFC 3680 5.2, "the subscriber SHOULD generate a
 * refresh request to trigger a full state notification".
 */
void sip_subscription_refresh(struct sip_subscription *s);
enum sip_subscription_state sip_subscription_state(const struct sip_subscription *s);
/** Seconds left; 0 when there is none. */
uint32_t sip_subscription_left_s(const struct sip_subscription *s);

#endif
