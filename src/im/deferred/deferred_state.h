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
	const struct im_recorder *recorder; /**< NULL: none */
	struct registration_listener listener;
	bool stopped;

	struct list holds;            /**< hold.c */
	struct list settlings;        /**< settle.c */
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
void hold_cancel(struct im_keep *k, void *arg);
void hold_done(struct deferred *d);

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
