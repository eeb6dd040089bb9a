/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the Deferred Messaging Function: what its nouns share. */
#ifndef IM_DEFERRED_DEFERRED_STATE_H
#define IM_DEFERRED_DEFERRED_STATE_H

#include "base/hash.h"
#include "im/deferred/census.h"
#include "im/deferred/deferred.h"
#include "im/deferred/expire.h"
#include "im/deferred/stored_message.h"

struct deferred {
	struct loop *loop;
	struct sip *sip;
	struct store *store;
	struct subscribers *subscribers;
	struct registrations *registrations;
	const struct im_setting *setting;
	struct im_addresses addresses;
	struct im_events *events; /**< NULL: not started */
	struct deferred_config config;
	struct im_keeper keeper;
	struct im_handout handout;
	const struct im_recorder *recorder; /**< NULL: none */
	struct registration_listener listener;
	bool stopped;

	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp; /**< NULL: large messages are not kept */

	struct list holds;            /**< hold.c */
	struct list receptions;       /**< reception.c, those that are not over */
	struct list storing;          /**< received.c: messages that are whole */
	size_t handovers;             /**< handover.c */
	struct list settlings;        /**< settle.c */
	struct list fetches;          /**< fetched.c */
	struct hash_table addressees; /**< addressee.c */
	size_t queues;

	struct list line; /**< queues that wait for a slot, first come first served */
	size_t active;    /**< slots in use */
	struct deferred_call pump;
	struct timer pump_later;

	struct expire expire;
	struct census census;
};

enum deferred_count {
	DEFERRED_HELD,
	DEFERRED_REFUSED,
	DEFERRED_PUSHED,
	DEFERRED_PUSH_DELIVERED,
	DEFERRED_PUSH_FAILED,
	DEFERRED_TOLD,
	DEFERRED_NOTICES,
	DEFERRED_TROUBLE,
	DEFERRED_COUNTS
};
void deferred_tally(enum deferred_count c);

static inline int64_t deferred_now(const struct deferred *d)
{
	return loop_wall_ms(d->loop);
}

/* ---- hold.c ---- */
int hold_keep(const struct im_request *r, struct im_keep *k, im_kept_cb *kept, void *kept_arg,
	      void *arg);
/** Of reception_take, too: nobody is told any more. */
void hold_cancel(struct im_keep *k, void *arg);
/** In front of a core what we send comes by here again: it must not be taken for delivered by our own 2xx. */
bool hold_on_its_way(const struct deferred *d, const struct im_request *r);
void hold_done(struct deferred *d);
/** A message for this user is on disk: when it expires is watched, and whoever can be reached is. */
void hold_kept(struct deferred *d, struct str user, int64_t expires_ms, bool was_there);

/* ---- settle.c ---- */
/**
 * Has it reached everybody it must? `m` from store_deferred_get. True: at least one device has it, and so
 * has each that is registered or was tried and may come back, or never will.
 */
bool settle_complete(struct deferred *d, const struct store_deferred *m);
/** A device without instance is gone for good: what only it was waited for is finished. */
void settle_user(struct deferred *d, struct str user);
void settle_done(struct deferred *d);

/* ---- notice.c ---- */
/**
 * The notice of failure that the sender of `m` asked for, held like any message to them; 1: none is due.
 * Else as store_deferred_hold. Again after a crash it is the same notice.
 */
int notice_hold(struct deferred *d, struct store_request *r, const struct store_deferred *m,
		store_done_cb *done, void *arg);
/** Who gets it, in `to`; false: nobody can. */
bool notice_recipient(const struct deferred *d, const struct store_deferred *m, struct buf *to);

#endif
