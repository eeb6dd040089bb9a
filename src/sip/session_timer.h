/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The session timer of one call leg: RFC 4028, both roles.
 *
 * It decides and composes, and keeps the time; what is sent is its owner's affair (sip/invite.h, which
 * does all of this for those who use it). As UAC: sip_session_timer_put_request writes the lines of
 * INVITE and UPDATE, sip_session_timer_answered takes the 2xx and starts the clock,
 * sip_session_timer_too_small takes a 422. As UAS: sip_session_timer_offered takes a request (and may
 * say 422), sip_session_timer_put_answer writes the lines of the 2xx and starts the clock.
 *
 * Who refreshes is settled by 9, table 2: the UAS takes the request's choice where there is one, its own
 * wish where the UAC supports timers and left it open, and itself where the UAC does not know them.
 *
 * The clock. `refresh` is called when half the interval has gone and we are the refresher; it is called
 * again, at half of what is left, for as long as no 2xx follows. `expired` is called at the interval less
 * the smaller of 32 s and a third of it (10), in either role: the leg is to be ended by BYE.
 */
#ifndef SIP_SESSION_TIMER_H
#define SIP_SESSION_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/timer.h"
#include "sip/msg.h"

/** RFC 4028 5: "The minimum value for the Session-Expires header field is 90 seconds", and Min-SE's default. */
#define SIP_SESSION_MIN_S 90
/** Usual value (RFC 4028 4: "RECOMMENDED that 30 minutes"). */
#define SIP_SESSION_DEFAULT_S 1800
/** More than this is taken for this: a day without a sign of life would be none at all. */
#define SIP_SESSION_MAX_S 86400
/** No refresh follows another attempt faster. */
#define SIP_SESSION_RETRY_MIN_S 2

enum sip_refresher {
	SIP_REFRESHER_OPEN, /**< no parameter: the UAS chooses */
	SIP_REFRESHER_UAC,
	SIP_REFRESHER_UAS,
};

/* ---- Header values ---- */

struct sip_session_expires {
	uint32_t interval_s;
	enum sip_refresher refresher;
};
/** Session-Expires (4); -EBADMSG. An unknown refresher is none. */
int sip_session_expires_decode(struct sip_session_expires *ret, struct str value);
/** Min-SE (5): delta-seconds, parameters ignored; -EBADMSG. */
int sip_min_se_decode(uint32_t *ret, struct str value);

/* ---- One leg ---- */

/** What the owner of the leg wants; the seeds want it per leg (table f-B). */
struct sip_session_wish {
	uint32_t interval_s; /**< 0: no timer of our own accord; the peer's is kept nevertheless */
	uint32_t min_s;      /**< smaller ones get 422; below SIP_SESSION_MIN_S: that */
	enum sip_refresher refresher; /**< in requests, and in 2xx where the UAC left it open */
};

/** What one request of the peer says. */
struct sip_session_offer {
	bool supported;      /**< Supported: timer */
	uint32_t interval_s; /**< Session-Expires; 0: none */
	uint32_t min_s;      /**< Min-SE; 0: none */
	enum sip_refresher refresher;
};

struct sip_session_timer;
struct sip_session_timer_handler {
	void (*refresh)(struct sip_session_timer *t, void *arg);
	void (*expired)(struct sip_session_timer *t, void *arg);
};

/** Embedded by the owner. */
struct sip_session_timer {
	struct timer timer; /**< private as the rest */
	struct timers *timers;
	const struct sip_session_timer_handler *handler;
	void *arg;
	uint64_t started_ms;
	struct sip_session_wish wish;
	uint32_t interval_s; /**< agreed; 0: none */
	uint32_t min_seen_s; /**< largest Min-SE of 422s and of the peer's requests (7.4) */
	bool established;    /**< a 2xx was seen or sent */
	bool we_refresh;
	bool alone; /**< the peer does not take part: it is for our benefit only (7.2) */
};

void sip_session_timer_init(struct sip_session_timer *t, struct timers *timers,
			    const struct sip_session_wish *wish,
			    const struct sip_session_timer_handler *h, void *arg);
/** No callback follows. */
void sip_session_timer_stop(struct sip_session_timer *t);
/** The configured interval gets queues of its own (base/timer.h): O(1) for a great many legs. */
void sip_session_timer_declare(struct timers *timers, uint32_t interval_s);

/** Session-Expires and Min-SE of an INVITE or UPDATE of ours; "Supported: timer" is the caller's. */
void sip_session_timer_put_request(const struct sip_session_timer *t, struct buf *b);
/** A 2xx to it. Restarts, or ends, the clock. */
void sip_session_timer_answered(struct sip_session_timer *t, const struct sip_msg *m);
/** A 422 to it (7.3); true: with the Min-SE now remembered another try makes sense. */
bool sip_session_timer_too_small(struct sip_session_timer *t, const struct sip_msg *m);

/**
 * An INVITE or UPDATE of the peer. 0, and `ret` is what sip_session_timer_put_answer wants; or 422: answer it with
 * the line that sip_session_timer_put_min writes; or 400: a value is none.
 */
uint16_t sip_session_timer_offered(struct sip_session_timer *t, struct sip_session_offer *ret,
				   const struct sip_msg *m);
/** "Min-SE: …": of a 422. */
void sip_session_timer_put_min(const struct sip_session_timer *t, struct buf *b);
/** Session-Expires, and Require where 9 wants it, of the 2xx; the clock starts anew. */
void sip_session_timer_put_answer(struct sip_session_timer *t, struct buf *b,
				  const struct sip_session_offer *o);

/** Agreed interval, 0: none; seconds until it runs out; who refreshes. */
uint32_t sip_session_timer_interval_s(const struct sip_session_timer *t);
uint32_t sip_session_timer_left_s(const struct sip_session_timer *t);
bool sip_session_timer_we_refresh(const struct sip_session_timer *t);

#endif
