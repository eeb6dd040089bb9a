/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of the fan-out share.
 *
 *     fanout.c          the fan-out, its seats, their sessions
 *     fanout_speak.c    what participants say: chunks in, their heads judged
 *     fanout_message.c  a message under way
 *     fanout_block.c    its pieces, cut into blocks
 *     fanout_address.c  for whom a message is
 *     fanout_nickname.c by what name a participant is called
 *     fanout_copy.c     blocks out: who has taken what, who is too slow
 *     fanout_report.c   what the speaker is told about it
 *
 * A block is one chunk as all recipients get it: header lines and body in one place. Blocks stand in f->said in
 * the order in which they were said. `fresh` is the first that has not been offered to anybody: at the end of the
 * turn it is offered to all seats in `ready`, who have taken all before it. Who cannot take all moves to `behind`
 * and keeps the block where to go on (`place`), which counts it in `readers`; from the front, blocks without
 * readers go.
 */
#ifndef IM_CONTROLLING_FANOUT_STATE_H
#define IM_CONTROLLING_FANOUT_STATE_H

#include "base/buf.h"
#include "base/counter.h"
#include "base/hash.h"
#include "base/list.h"
#include "im/controlling/cpim_gate.h"
#include "im/controlling/fanout.h"
#include "msrp/copy.h"

/** Body of one block: a fair turn on a connection, and one chunk on the wire. */
#define FANOUT_BLOCK_MAX 16384
/** RFC 4975 7.1.1: a chunk of fewer bytes is not interrupted: it waits for more, or FANOUT_LINGER_MS. */
#define FANOUT_BLOCK_MIN 2048
#define FANOUT_LINGER_MS 200
/** Header lines nobody knows that go along with a message. */
#define FANOUT_LINES_MAX 2048
/** Message-IDs remembered, for reports (IMDN) that do not name whom they are for. */
#define FANOUT_RECENT_MAX 128
/** Recipients of one message who will not have it. */
#define FANOUT_REFUSED_MAX 4096
/** c12: "evaluated when all recipients are terminal or after 30 s". */
#define FANOUT_COUNT_MS 30000
/** Before the clock has shown that a message will not end no offset is so large. */
#define FANOUT_OFFSET_MAX (UINT64_C(1) << 60)
/** What a head may grow by when From and To are replaced. */
#define FANOUT_GROWTH_MAX (3 * FANOUT_TEXT_MAX + 64)

enum {
	FANOUT_C_MESSAGES,
	FANOUT_C_COPIES,
	FANOUT_C_BYTES,
	FANOUT_C_REFUSED,
	FANOUT_C_PRIVATE,
	FANOUT_C_ABORTED,
	FANOUT_C_OVERRUN,
	FANOUT_C_PAUSED,
	FANOUT_C_COUNT,
};
extern struct counter fanout_counters[FANOUT_C_COUNT];

/** Who somebody is; counted: remembered for longer than they stay. */
struct fanout_person {
	struct str who, shown, display_name;
	struct str shown_canonical;
	bool anonymous; /**< not to be found by `who` */
	char text[];
};

struct fanout_message;

struct fanout_block {
	struct list_link link;
	struct fanout_message *message; /**< a reference */
	uint64_t at, number;            /**< bytes, blocks said before it */
	uint64_t start;                 /**< its first byte in the message */
	unsigned readers;               /**< seats whose place it is */
	uint32_t lead;                  /**< room for the lines before the body */
	uint32_t body_n, body_max;
	struct str text; /**< lines and body; set when it is closed */
	char flag;
	bool body, first;
	char bytes[];
};

/** Seats, by number: they may be gone. */
struct fanout_numbers {
	uint64_t *number;
	uint32_t n, max;
};

/** Counted. In its speaker's list until it ends; held by its blocks and by answers that are awaited. */
struct fanout_message {
	struct fanout *f;             /**< lives longer */
	struct fanout_seat *speaker;  /**< NULL: it has ended, or they went */
	struct fanout_person *person; /**< a reference */
	struct list_link of_speaker, of_open;
	uint64_t number, speaker_number;
	bool all; /**< it is for all; otherwise for `to` */
	struct fanout_numbers to, refused;
	struct str id, sent_id; /**< Message-ID as it came and as it leaves */
	struct str lines, type; /**< header lines nobody knows; Content-Type */
	char *text;
	struct buf head; /**< gathered until it can be judged */
	struct cpim_head_scan scan;
	uint64_t next; /**< byte that comes next, as its speaker counts */
	uint64_t bytes;
	uint64_t total;            /**< as its speaker says; MSRP_RANGE_UNKNOWN */
	int64_t shift;             /**< bytes the head grew */
	struct fanout_block *open; /**< being filled */
	void *kept;                /**< the sink's */
	struct timer patience;     /**< RFC 7701 6.1; then of the count */
	struct list_link of_counting;
	struct fanout_seat *asker; /**< who is told; NULL: they went */
	/** Recipients that are to answer, that have not yet, that answered 200; another's answer. */
	unsigned asked, awaited, delivered;
	uint16_t refusal;
	uint8_t kind;           /**< enum fanout_kind */
	uint8_t failure_report; /**< enum msrp_failure_report, of the copies */
	bool gated;             /**< its head is judged */
	bool whole;             /**< it is judged when all of it is here */
	bool said;              /**< a block of it has been closed */
	bool report, failures;  /**< Success-Report; Failure-Report is not "no" */
	bool counted, count; /**< answers are awaited; their number is told: Include-Sent-Count */
};

struct fanout_recent {
	uint64_t id;
	struct fanout_person *person;
};

struct fanout {
	struct loop *loop;
	struct msrp_endpoint *msrp;
	bool cpim_required, nicknames;
	struct str names[FANOUT_NAMES_MAX];
	size_t names_n;
	struct str domain;
	char *text;
	uint64_t message_max;
	const struct fanout_handler *handler;
	void *arg;
	const struct fanout_absent *absent;
	void *absent_arg;
	struct list seats;
	uint64_t seat_number, message_number;
	/* What has been said. */
	struct list said;
	struct fanout_block *fresh;
	uint64_t said_bytes, said_n;
	struct list ready, behind;
	struct list open;     /**< messages with a block that is being filled */
	struct list counting; /**< messages that a report is due for; references */
	struct list slow;     /**< seats given up, to be told */
	struct deferred_call flush, tell;
	struct timer linger, stuck;
	struct hash_key key;
	struct fanout_recent *recent; /**< NULL: none yet */
	unsigned recent_at;
	unsigned pauses;
	size_t choosy; /**< seats that do not take everything */
	bool flushing;
	bool crowded; /**< most are behind: one of the pauses is for that */
	bool waits;   /**< something was said: `drained` is due */
	struct fanout_counts counts;
};

enum fanout_seat_state { FANOUT_SEAT_OUT, FANOUT_SEAT_READY, FANOUT_SEAT_BEHIND, FANOUT_SEAT_SLOW };

/** Counted: one reference is the owner's. */
struct fanout_seat {
	struct fanout *f; /**< a reference */
	struct list_link link, in_state;
	struct msrp_session *session; /**< a reference */
	struct fanout_person *person; /**< a reference */
	void *arg;
	uint64_t number;
	uint64_t since; /**< messages begun before are none of theirs */
	struct fanout_block *place;
	uint64_t moved_ms; /**< when they last took something while behind */
	struct list speaking;
	char *accept; /**< accept-wrapped-types; NULL: all */
	uint64_t max_size;
	char *nickname, *nickname_key; /**< NULL: none */
	const char *slow;              /**< the reason */
	uint64_t messages, bytes;
	uint8_t state; /**< enum fanout_seat_state */
	bool in, held, may_private, takes_private;
};

static inline void fanout_count(unsigned which, int64_t by)
{
	counter_add(&fanout_counters[which], by);
}

/* ---- fanout.c ---- */

void fanout_hold_speakers(struct fanout *f, bool hold);

/* ---- fanout_speak.c ---- */

extern const struct msrp_session_handler fanout_session_handler;

/* ---- fanout_message.c ---- */

/** In its speaker's list. -ENOMEM. */
int fanout_message_begin(struct fanout_message **ret, struct fanout_seat *seat,
			 const struct msrp_frame *f);
/** One under way; NULL: none of this Message-ID. */
struct fanout_message *fanout_message_find(struct fanout_seat *seat, struct str id);
/** Something of it came: its patience begins anew. */
void fanout_message_wait(struct fanout_message *m);
/** It is nobody's any more; blocks and answers may still hold it. */
void fanout_message_over(struct fanout_message *m);
/** Those who have the beginning are told that there will be no end; it is over. */
void fanout_message_abort(struct fanout_message *m);
void fanout_speaking_abort(struct fanout_seat *seat);
/** What the sink has begun of it, or of all of theirs, is ended. */
void fanout_kept_end(struct fanout_message *m, bool complete);
void fanout_kept_drop(struct fanout_seat *seat);

/* ---- fanout_block.c ---- */

/** `at`: where in the message, as it leaves. -ENOMEM. */
int fanout_say(struct fanout_message *m, uint64_t at, struct str s);
/** The last block of it: '$', or '#' without a body. -ENOMEM. */
int fanout_say_end(struct fanout_message *m, uint64_t at, char flag);
/** Blocks that are long enough, or all that have a byte, are closed. */
void fanout_blocks_close(struct fanout *f, bool all);
void fanout_block_free(struct fanout_block *b);

/* ---- fanout_nickname.c ---- */

uint16_t fanout_nickname_request(struct msrp_session *s, struct msrp_receive *r, struct str body,
				 void *arg);

/* ---- fanout_address.c ---- */

/** Judges the whole head and says for whom it is; a head that is not as it was goes to `out`. 0 or a status. */
uint16_t fanout_address(struct fanout_message *m, struct str head, struct buf *out);
/** The same for a report whose addressee only its body tells: `object` is all of it. */
uint16_t fanout_address_report(struct fanout_message *m, struct str object);
/** This seat gets this message. */
bool fanout_wants(const struct fanout_seat *seat, const struct fanout_message *m);
/** This seat wants no more of it. */
void fanout_refused(struct fanout_message *m, uint64_t seat);

/* ---- fanout_copy.c ---- */

/** Closed: said. */
void fanout_block_say(struct fanout *f, struct fanout_block *b);
/** Something is to be done at the end of the turn. */
void fanout_flush_later(struct fanout *f);
/** In, from what is begun now on; out of it. */
void fanout_seat_join(struct fanout_seat *seat);
void fanout_seat_leave(struct fanout_seat *seat);
/** There is room, or a connection. */
void fanout_seat_go_on(struct fanout_seat *seat);
uint64_t fanout_seat_behind(const struct fanout_seat *seat);

/* ---- fanout_report.c ---- */

/** All of it has come. */
void fanout_report_begin(struct fanout_message *m);
/** They went: nobody is left to be told. */
void fanout_reports_drop(struct fanout_seat *asker);
/** At the end of the turn. */
void fanout_reports_send(struct fanout *f);
/** `status`: of the last chunk; 0: there will be none. */
void fanout_count_answer(struct fanout_message *m, uint16_t status);
/** A seat that leaves will not take these blocks any more. */
void fanout_count_leave(struct fanout_seat *seat, struct fanout_block *from);

#endif
