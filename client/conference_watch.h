/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A subscription to the state of the conference that a session is in (RFC 4575, RFC 4579 5.11), and the roster that
 * comes of it.
 *
 * SUBSCRIBE goes to the Session Identity, out of the session's dialog, by the account's server; it is
 * refreshed and renewed by itself (sip/subscription.h). A gap in the versions has the whole state sent again. What is
 * known stays known over a loss: when the watch starts again only what is different is told.
 */
#ifndef CLIENT_CONFERENCE_WATCH_H
#define CLIENT_CONFERENCE_WATCH_H

#include "client/roster_view.h"
#include "client/session.h"
#include "sip/subscription.h"

/** Asked for; RFC 4575 3.3: "The default expiration time for a subscription to a conference is one hour." */
#define CONFERENCE_WATCH_EXPIRES_S 3600

struct conference_watch;

struct conference_watch_handler {
	/** The first whole document was taken; those in it were not told one by one. */
	void (*known)(struct conference_watch *w, void *arg);
	void (*changed)(struct conference_watch *w, const struct roster_person *p,
			enum parley_presence before, void *arg);
	/** The state will not come (any more): status of the refusal, 0 for other reasons. */
	void (*refused)(struct conference_watch *w, uint16_t status, void *arg);
};

/** Embedded. */
struct conference_watch {
	struct parley_session *s; /**< borrowed */
	struct sip_subscription *subscription;
	struct sip_lookup lookup;
	struct roster_view view;
	struct credentials own;
	bool told; /**< `known` was */
	const struct conference_watch_handler *handler;
	void *arg;
};

void conference_watch_init(struct conference_watch *w, struct parley_session *s,
			   const struct conference_watch_handler *h, void *arg);
/** What it knows goes, too. Zeroed is fine. */
void conference_watch_done(struct conference_watch *w);
/** The session stands, and has an identity. Again: another subscription. What goes wrong is `refused`. */
void conference_watch_start(struct conference_watch *w);
/** No callback follows; what is known stays. */
void conference_watch_stop(struct conference_watch *w);

#endif
