/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The History function: keeps the conversations of users who want that (seed 001, 6.1.1.2.2 step 7 and
 * 6.1.2.2.2 step 10, "Storage for History", "End History Recording"; digest c3; notes A-41).
 *
 * Who. The setting history.session is for sessions and files, history.pager-large for pager and large messages, as
 * it is at the 200 OK. Each user has a copy of their own, of what they sent and what they received; what one deletes
 * the other keeps. A message between two people is nobody else's.
 *
 * What. Text, pictures, files, whole CPIM objects, as they passed. Not: isComposing (RFC 3994), disposition
 * notifications (RFC 5438), what has no content, what was refused.
 *
 * A session, in order (recording.c). At the 200 OK a conversation begins in the store. What passes is put together
 * by Byte-Range, however it is cut and interleaved (RFC 4975 7.3.1); a message that is complete, and whose chunks the
 * far side has answered, becomes an entry; one that was aborted, refused, or is incomplete when the session ends, an
 * entry that says so. What is larger than HISTORY_INLINE_MAX goes to disk as it comes (store/content.h), and is never
 * whole in memory. The session ends, by a BYE, a failure, a timer or a lost connection: so does the conversation, when
 * the last of it is written.
 *
 * A pager message (pager.c): at its 2xx. One that was kept for somebody who is away is in the sender's history when it
 * is kept, in the recipient's when it is delivered. So is a large message, or a file: of what is on disk the
 * beginning is read, and the recipient's entry shares the content of the deferred message (store/history.h, `held`).
 *
 * What is older than the configured time goes (history.c); of each user so much is kept, and the
 * oldest goes for the new.
 * A process that dies leaves conversations open: the next start ends them.
 */
#ifndef IM_HISTORY_HISTORY_H
#define IM_HISTORY_HISTORY_H

#include "im/recorder.h"
#include "store/history.h"
#include "subscriber/subscriber.h"

struct history;

/** Bytes of a message that are kept in its record; a larger one becomes a file. */
#define HISTORY_INLINE_MAX (32u << 10)
/** Messages of one session under way, or not yet answered: as many answers may be due. Others are not recorded. */
#define HISTORY_PARTIALS_MAX 512
/** And bytes of them in memory. */
#define HISTORY_PARTIAL_BYTES (1u << 20)
/** Pieces of one message that do not touch; a sender that interleaves has as many as chunks under way. */
#define HISTORY_PIECES_MAX 32
/** Bytes of one session that wait for the disk: its stream stops above, and goes on below the second. */
#define HISTORY_BEHIND_HIGH (4u << 20)
#define HISTORY_BEHIND_LOW (2u << 20)
/** Of all sessions; likewise. */
#define HISTORY_BEHIND_ALL (64u << 20)
/** More than so many that came while one write was under way are a stream. */
#define HISTORY_GATHER_FEW 8
/** Its messages are written so often, unless there is as much as this of them. */
#define HISTORY_GATHER_MS 50
#define HISTORY_GATHER_BYTES (1792u << 10)
#define HISTORY_GATHER_ENTRIES 2048
/** What they were gathered in, of each copy, is used again: while two are written a third is filled. */
#define HISTORY_GATHER_SPARES 3
/** After so long without any the memory they were gathered in is given back. */
#define HISTORY_REST_MS 1000
/** How often what is too old is looked for. */
#define HISTORY_PURGE_MS (10 * 60 * 1000)

struct history_params {
	struct loop *loop; /**< a reference is taken of all three */
	struct store *store;
	struct subscribers *subscribers;
};

/** What the operator may change at any time. */
struct history_config {
	bool enabled;
	uint64_t expiry_s; /**< 0: entries are kept for ever */
	struct store_history_quota quota;
};

/** Counted. Nothing is ended or purged before history_start. */
int history_alloc(struct history **ret, const struct history_params *p);
void history_configure(struct history *h, const struct history_config *c);
/** For im_set_recorder; lives as long as `h`. */
const struct im_recorder *history_recorder(struct history *h);
/** The store is there: conversations of the last run are ended, and what is too old begins to go. */
void history_start(struct history *h);
/** Nothing more is purged. What still passes is recorded, and what is under way is written. */
void history_stop(struct history *h);
/** Messages being written, conversations being ended. */
size_t history_under_way(const struct history *h);
void history_counters_register(void);

#endif
