/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the History function: a session being recorded (recording.c), and the messages that pass in it
 * (recorded.c).
 *
 *   message: OPEN --complete and answered, or over--> READY --both users' settings known--> STORING --> gone
 *
 * A recording is held by its session, by each message, and by what it asks of the store.
 */
#ifndef IM_HISTORY_RECORDING_H
#define IM_HISTORY_RECORDING_H

#include "im/history/history_state.h"
#include "msrp/relay.h"
#include "store/content.h"
#include "store/history_bundle.h"

/** Bytes of the reason a session ended for. */
#define RECORDING_REASON_MAX 64

/** One user's copy. */
struct recording_copy {
	struct im_recording *rec;
	struct subscriber_query query;
	struct store_request begin, end;
	struct str owner, peer;
	uint64_t conversation;
	bool outgoing, loading, wanted;
};

/** Messages that are complete, to be written together (gathering.c). */
struct gathering {
	struct store_history_bundle
		*bundle[STORE_HISTORY_COPIES_MAX]; /**< of each that is wanted */
	/** Empty. */
	struct store_history_bundle *spare[STORE_HISTORY_COPIES_MAX][HISTORY_GATHER_SPARES];
	size_t entries;
	size_t queued;       /**< bytes, of the recording's */
	uint64_t written_ms; /**< when the last were given to the store */
	bool stream;         /**< and there were many of them */
	bool resting;        /**< `later` is the end of the spare ones */
	struct timer later;
	struct list writing; /**< struct gathered */
};

struct im_recording {
	struct list_link link;
	struct history *h;
	enum im_kind kind;
	bool hidden; /**< the recipient does not know who it was */
	bool ended;
	unsigned asking; /**< settings that are being loaded */
	struct recording_copy copy[STORE_HISTORY_COPIES_MAX];
	size_t copies;
	struct list open, ready, storing; /**< struct recorded */
	struct gathering gathering;
	size_t queued;                /**< bytes of all but the first */
	size_t held_bytes;            /**< of the first */
	size_t contents;              /**< messages that are being written to files */
	struct msrp_session *held[2]; /**< paused by us: a reference; NULL: not */
	int64_t begin_ms, end_ms;
	struct str originator, recipient, call_id;
	char *text; /**< what the three point into */
	char reason[RECORDING_REASON_MAX];
	size_t reason_n;
};

/** Bytes of the message that are here, from `start` to before `end`. */
struct recorded_run {
	uint64_t start, end;
};

/** A message. */
struct recorded {
	struct list_link link;
	struct hash_link by_id;   /**< while it is open */
	struct im_recording *rec; /**< a reference */
	struct list *in;          /**< of the recording's lists, the one it is in */
	enum msrp_side from;
	struct store_request r;
	struct store_content_writer *content; /**< NULL: small so far */
	struct buf begin;                     /**< its beginning; of a small one all of it */
	struct recorded_run run[HISTORY_PIECES_MAX];
	size_t runs;
	uint64_t size;   /**< the end of the furthest piece */
	uint64_t total;  /**< MSRP_RANGE_UNKNOWN: its last chunk has not come */
	unsigned chunks; /**< under way, or not yet answered */
	bool over;       /**< aborted by its sender, or refused by the far side */
	bool aborted;    /**< as the entry says */
	int error;       /**< it cannot be recorded */
	int64_t since_ms;
	size_t queued;
	struct history_facts facts;                /**< of its beginning, when it is complete */
	size_t held_bytes;                         /**< of it, while it is open */
	struct str message_id, content_type, name; /**< in `text` */
	size_t names;
	char content_name[STORE_HISTORY_COPIES_MAX][STORE_CONTENT_NAME_N];
	char text[];
};

/* ---- recording.c ---- */
/** The disk has caught up: the stream goes on. */
void recording_let_go(struct im_recording *rec);
/** So many bytes wait no longer. */
void recording_unqueue(struct im_recording *rec, size_t n);

/* ---- gathering.c ---- */
/** One message, an entry for each copy; `bytes` of the recording's queue are now of this. */
int gathering_put(struct im_recording *rec, const struct store_history_entry *e, size_t n,
		  size_t bytes);
/** What there is is given to the store. */
void gathering_write(struct im_recording *rec);
/** The function goes away: what is not written is lost. */
void gathering_drop(struct im_recording *rec);
void gathering_init(struct gathering *g);
void gathering_done(struct gathering *g);

/* ---- recorded.c ---- */
/** The message that has begun with this Message-ID; NULL: none has. */
struct recorded *recorded_find(const struct im_recording *rec, enum msrp_side from, struct str id);
/** The message of a chunk, made when it is the first; NULL: it cannot be recorded. */
struct recorded *recorded_of(struct im_recording *rec, enum msrp_side from,
			     const struct msrp_frame *f);
void recorded_piece(struct recorded *m, uint64_t at, struct str piece);
/** The chunk ended before `at`. May free it. */
void recorded_end(struct recorded *m, uint64_t at, char flag);
void recorded_answered(struct recorded *m, uint16_t status);
/** Writes those that were ready before the settings were known. */
void recorded_flush(struct im_recording *rec);
/** The session is over: so are they. */
void recorded_end_all(struct im_recording *rec);
/** The function goes away: nothing more is written. */
void recorded_drop_all(struct im_recording *rec);

#endif
