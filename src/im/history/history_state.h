/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the History function: what its files know of each other. */
#ifndef IM_HISTORY_HISTORY_STATE_H
#define IM_HISTORY_HISTORY_STATE_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/slab.h"
#include "im/history/history.h"

/** As the peer of somebody who hides (RFC 3323 4.1.1.3). */
#define HISTORY_ANONYMOUS STR("sip:anonymous@anonymous.invalid")

/** As many messages as one session has under way, when it is busy. Small ones cost nothing to make. */
#define HISTORY_SPARE_MAX 64
#define HISTORY_SPARE_MIN 2048

struct history {
	struct loop *loop;
	struct store *store;
	struct subscribers *subscribers;
	struct history_config config;
	struct im_recorder recorder;
	struct list pagers;     /**< pager.c */
	struct list recordings; /**< recording.c; those that ended as well, until all is written */
	size_t queued;          /**< bytes of sessions' messages that wait for the disk */
	/** Memory of messages that are gone, for those that come while anything is recorded. */
	struct buf spare[HISTORY_SPARE_MAX];
	size_t spares;
	struct slab *slab;      /**< of messages */
	struct hash_table open; /**< those that have begun, by Message-ID */
	struct timer purge_later;
	struct store_request purge, end_all;
	bool stopped;
};

enum history_tally {
	HISTORY_RECORDED,
	HISTORY_RECORDED_BYTES,
	HISTORY_CONVERSATIONS,
	HISTORY_LOST,
	HISTORY_PURGED,
	HISTORY_PAUSES,
	HISTORY_COUNTS
};
void history_tally(enum history_tally c, uint64_t n);
/** A message could not be recorded: the operator's to know. */
void history_lost(struct str owner, int error);

/** The setting for this kind. */
bool history_wanted(const struct subscriber *s, enum im_kind kind);
enum store_history_kind history_kind_of(enum im_kind kind);

/* ---- facts.c ---- */

/** What an entry says of its content; views into what was read. */
struct history_facts {
	bool nothing; /**< isComposing, a notification, or no content: not history */
	bool cpim;
	struct str from, to, subject, message_id; /**< empty: not said */
	struct str content_type;
	struct str text; /**< the beginning of a text */
	int64_t date_ms;
};
/** Of a type that is never history, by its header alone. */
bool history_is_nothing(struct str content_type);
/** `begin`: as much of the content as there is in memory, all of it or its beginning. */
void history_facts_read(struct history_facts *ret, struct str content_type, struct str begin);
void history_facts_put(const struct history_facts *f, struct store_history_entry *e);

/* ---- pager.c ---- */
int history_pager(const struct im_recorded_pager *p, struct im_record *k, im_recorded_cb *recorded,
		  void *recorded_arg, void *arg);
void history_pager_cancel(struct im_record *k, void *arg);
void history_pagers_done(struct history *h);

/* ---- recording.c ---- */
extern const struct msrp_tap history_tap;
struct im_recording *history_begin(const struct im_recorded_session *s, void *arg);
void history_end(struct im_recording *rec, struct str reason, void *arg);
void history_recordings_done(struct history *h);

#endif
