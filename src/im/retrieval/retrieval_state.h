/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the retrieval: what its files know of each other. */
#ifndef IM_RETRIEVAL_RETRIEVAL_STATE_H
#define IM_RETRIEVAL_RETRIEVAL_STATE_H

#include "base/list.h"
#include "base/loop.h"
#include "base/sm.h"
#include "body/cpim.h"
#include "body/deferred_list.h"
#include "body/sdp.h"
#include "im/content_sender.h"
#include "im/media_end.h"
#include "im/retrieval/retrieval.h"
#include "im/retrieval/walk.h"
#include "sip/invite.h"

/** A CPIM head of ours, and what an SDP of one MSRP medium may have. */
#define RETRIEVAL_HEAD_MAX 16384
/** Bytes of a device's key. */
#define RETRIEVAL_DEVICE_MAX 1024

struct retrievals {
	struct retrievals_params p;
	struct loop *loop;
	uint64_t history_expiry_s;
	bool stopping;
	struct list sessions; /**< struct retrieval */
	struct list removals; /**< struct removal */
};

enum retrieval_state {
	RETRIEVAL_LOOKING,
	RETRIEVAL_ANSWERED,
	RETRIEVAL_GIVING,
	RETRIEVAL_OVER,
};

/** One INVITE and what follows. */
struct retrieval {
	struct list_link link;
	struct retrievals *rs;
	uint8_t state;
	bool list;     /**< the list is wanted, not the messages */
	bool deferred; /**< of the deferred function; else history */
	bool found;    /**< there is something to give */
	struct asked asked;
	struct sip_invite *leg;
	char *text; /**< what the next four point into */
	struct str user, call_id, offer_text, device;
	struct sdp offer;
	struct sdp_msrp peer; /**< views into offer_text */
	struct buf sdp;       /**< our answer */
	struct media_end media;
	struct timer patience;
	uint64_t progress; /**< at the last look of the timer */
	uint64_t since_ms;

	/* give.c */
	struct walk walk;
	struct kept one;
	uint64_t ids[KEPT_PAGE];
	size_t ids_n, ids_at;
	struct content_sender *sender;
	struct im_fetch *fetch;
	uint64_t giving; /**< id of the message on its way */
	uint64_t messages, bytes, skipped;

	/* listing.c */
	struct buf xml;
	size_t items;
	unsigned scans;
	uint64_t last; /**< id of the last item in it */
	bool full;     /**< more would not fit: it goes on behind `last` */
};

enum retrieval_tally {
	RETRIEVAL_SESSIONS,
	RETRIEVAL_REFUSED,
	RETRIEVAL_MESSAGES,
	RETRIEVAL_LISTS,
	RETRIEVAL_SKIPPED,
	RETRIEVAL_FAILED,
	RETRIEVAL_REMOVED,
	RETRIEVAL_COUNTS
};
void retrieval_tally(enum retrieval_tally c, uint64_t n);

/* ---- retrieval.c ---- */
void retrieval_move(struct retrieval *rt, enum retrieval_state to);
/** The first thing is found: 200. */
void retrieval_answer(struct retrieval *rt);
/** Refused before the answer: `warning` is a sentence or empty. */
void retrieval_refuse(struct retrieval *rt, uint16_t status, struct str warning, struct str reason);
/** BYE: all was given (`cause` 200), or why it ends now; RFC 3326. */
void retrieval_over(struct retrieval *rt, uint16_t cause, struct str reason);
/** A refusal of a request that has no leg yet. */
void retrieval_reply(struct retrievals *rs, const struct im_request *r, uint16_t status,
		     struct str warning, struct str reason);
/** What became of a request without a session. */
void retrieval_tell(struct retrievals *rs, const struct im_request *r, uint16_t status,
		    struct str reason);
/** "Warning: …" */
void retrieval_warn(struct buf *b, const struct retrievals *rs, struct str sentence);
/** Sessions and deletions of this user. */
size_t retrievals_of(const struct retrievals *rs, struct str user);

/* ---- media.c ---- */
/** Our end and its SDP, in rt->sdp. -EPROTONOSUPPORT: none of the caller's kind; -ENOMEM, -ENOBUFS. */
int retrieval_media_open(struct retrieval *rt);
/** The 200 is out: connect, or wait. */
void retrieval_media_start(struct retrieval *rt);
void retrieval_media_done(struct retrieval *rt);

/* ---- give.c: the messages ---- */
/** Looks for the first, or goes on with the next. */
void give_begin(struct retrieval *rt);
void give_next(struct retrieval *rt);
void give_done(struct retrieval *rt);

/* ---- listing.c: the list ---- */
void listing_begin(struct retrieval *rt);
void listing_send(struct retrieval *rt);

/* ---- removal.c ---- */
void removal_start(struct retrievals *rs, struct im_request *r);
void removals_done(struct retrievals *rs);
size_t removals_of(const struct retrievals *rs, struct str user);

#endif
