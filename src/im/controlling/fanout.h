/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The media side of one conference: what a participant says goes to all others (RFC 7701, the "MSRP
 * switch"; digest b rows 16 to 18, 21, 22, c12, d2).
 *
 * In order. The focus makes the fan-out with the conference and opens a seat for each participant
 * (fanout_seat_open): the seat has an MSRP session, whose URI goes into the SDP and which the focus starts
 * (msrp_session_start) when it knows the peer's. As soon as the participant is in, fanout_seat_connect: they get
 * what is begun from then on, also what is said before their connection stands. Whoever leaves has their seat
 * closed; what they were saying is aborted for the others ('#').
 *
 * A message. Its first bytes are the CPIM head, which is gathered (FANOUT_HEAD_MAX at the most) and judged
 * (im/controlling/cpim_gate.h): From must be the speaker, To says for whom it is. From then on every piece is
 * copied once, into a block that all recipients share, and at the end of the loop's turn each recipient gets what
 * is new in one write: their own start line and paths, the shared block, the end-line. A message that comes in
 * chunks leaves in chunks while it comes; those of several speakers interleave. The focus answers and reports
 * itself; what recipients answer goes nowhere but into the count that a server asked for (c12).
 *
 * Who is slow. What has been said and not been taken by everybody is a list, in which each recipient has a place. A
 * recipient who is more than FANOUT_BEHIND_BYTES or FANOUT_BEHIND_CHUNKS behind is given up: `overrun`, and the
 * owner releases them. When most of the recipients are FANOUT_PAUSE_BYTES behind it is the speakers who are too
 * fast: they are not read until most have caught up; who takes nothing for FANOUT_STUCK_MS meanwhile is given
 * up as well. So a conference holds FANOUT_BEHIND_BYTES and what is in hand, however many are in it, and the
 * slower half slows nobody.
 *
 * A 1-1 session by the factory has a fan-out, too: of two seats, without the rules about CPIM. What is reported
 * there is what the other side answered, for nobody is to know that there is a focus.
 *
 * Ownership: a seat keeps its fan-out alive; the owner closes all seats before it lets go. Every callback
 * comes from the loop and may open, close, connect any seat, its own included.
 */
#ifndef IM_CONTROLLING_FANOUT_H
#define IM_CONTROLLING_FANOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/str.h"
#include "msrp/session.h"

struct fanout;
struct fanout_seat;

/** Of a CPIM head, MIME headers of the content included; real ones have 500 bytes. */
#define FANOUT_HEAD_MAX 8192
/** A recipient further behind is too slow: some 30 s of a phone with 1 Mbit/s. */
#define FANOUT_BEHIND_BYTES (4u << 20)
/** The same in chunks: minutes of a lively group. */
#define FANOUT_BEHIND_CHUNKS 8192
/** Speakers are paused when most recipients are so far behind, until most are not half as far. */
#define FANOUT_PAUSE_BYTES (1u << 20)
/** Who holds up paused speakers and takes nothing for this long is given up. */
#define FANOUT_STUCK_MS 30000
/** Messages one participant has begun and not ended: each may hold FANOUT_HEAD_MAX bytes. */
#define FANOUT_SPEAKING_MAX 8
/** RFC 7701 6.1, chunk reception timer: "around 540 seconds would be reasonable". */
#define FANOUT_CHUNK_MS 540000
/** Participants that one private message names. */
#define FANOUT_PRIVATE_MAX 32
/** Names by which a conference is addressed. */
#define FANOUT_NAMES_MAX 4
/** Of an identity, URI or display name of a seat. */
#define FANOUT_TEXT_MAX 512

/** What a message is, as far as the fan-out treats it differently. */
enum fanout_kind {
	FANOUT_CONTENT,
	FANOUT_COMPOSING, /**< not kept, no activity (RFC 3994) */
	FANOUT_IMDN,      /**< for the sender of what it reports on alone (RFC 5438) */
};

/** A message that is to be kept for those who are not here; views, valid during the call. */
struct fanout_kept {
	enum fanout_kind kind;
	struct str from;  /**< canonical identity of the speaker */
	struct str shown; /**< as the others know them */
	struct str to; /**< canonical; empty: for all. Else an IMDN for somebody who is not here */
	struct str date_time;    /**< CPIM DateTime as received; empty: none */
	struct str message_id;   /**< imdn.Message-ID; empty: none */
	unsigned notify;         /**< enum cpim_notify */
	struct str content_type; /**< of the content within the CPIM object */
	uint64_t total;          /**< bytes of the CPIM object; MSRP_RANGE_UNKNOWN: not known yet */
};

struct fanout_handler {
	/** Too slow, for this reason ("too far behind", "takes nothing"): to be released. Gets nothing any more. */
	void (*overrun)(struct fanout_seat *seat, const char *reason, void *arg);
	/** Their connection is gone (as msrp_session_handler.lost). May be NULL. */
	void (*lost)(struct fanout_seat *seat, int error, void *arg);
	/** They have a connection. May be NULL. */
	void (*bound)(struct fanout_seat *seat, void *arg);
	/** Somebody said something that is content: for idle timers. May be NULL. */
	void (*active)(struct fanout *f, void *arg);
	/** They are known by another name now, unique here; empty: by none any more. May be NULL. */
	void (*nickname)(struct fanout_seat *seat, struct str name, void *arg);
	/** A whole message has come from this seat. May be NULL. */
	void (*spoken)(struct fanout_seat *seat, enum fanout_kind kind, uint64_t bytes, void *arg);
	/**
	 * All that was said has been written to everybody who is in: a conference of one large message can
	 * end. May be NULL.
	 */
	void (*drained)(struct fanout *f, void *arg);
};

/**
 * Gets the messages that absent members shall have, piece by piece. In `head` the sink says whether it wants this one;
 * then the pieces of the whole CPIM object as the recipients get it, in order, and one `end`.
 * A sink that is behind holds the speakers (fanout_pause).
 */
struct fanout_absent {
	/** NULL: not wanted. */
	void *(*head)(struct fanout *f, const struct fanout_kept *k, void *arg);
	void (*piece)(void *message, struct str piece);
	/** `complete` false: aborted, or its speaker went. */
	void (*end)(void *message, bool complete);
};

struct fanout_params {
	struct loop *loop;
	struct msrp_endpoint *msrp; /**< borrowed */
	bool cpim_required;         /**< false: 1-1, content passes as it is */
	bool nicknames;             /**< NICKNAME is allowed; otherwise 403 */
	/** How the conference is addressed in CPIM To, canonical; the first is its own. Copied. */
	const struct str *names;
	size_t names_n;
	struct str domain;    /**< of tel: identities (sip_uri_aor). Copied */
	uint64_t message_max; /**< bytes of a message, beyond it 413; 0: no limit */
	const struct fanout_handler *handler;
	void *arg; /**< of `active` and `drained` */
};

/** Counted. -ENOMEM; -ENOBUFS: a ceiling. */
int fanout_alloc(struct fanout **ret, const struct fanout_params *p);
/** NULL: nobody keeps anything. What it has begun is ended first. */
void fanout_set_absent(struct fanout *f, const struct fanout_absent *sink, void *arg);
/** All speakers are not read for a while; counted. */
void fanout_pause(struct fanout *f);
void fanout_resume(struct fanout *f);

struct fanout_counts {
	uint64_t messages; /**< of content, whole ones */
	uint64_t copies;   /**< chunks written to recipients */
	uint64_t bytes;    /**< of content received */
};
const struct fanout_counts *fanout_counts(const struct fanout *f);

/* ---- Seats ---- */

struct fanout_seat_params {
	struct str who;   /**< canonical identity */
	struct str shown; /**< URI by which the others know them: roster_shown; empty: `who` */
	struct str display_name; /**< may be empty; reserved against nicknames of others */
	bool anonymous;   /**< `shown` is an alias: `who` must not be seen in what they say */
	bool may_private; /**< may send private messages; otherwise 403 */
	bool secure;      /**< msrps: */
	void *arg;        /**< of the callbacks about this seat */
};

/** Texts are copied. Not connected. -ENOBUFS, -ENOMEM, -ENOENT, -EPIPE as msrp_session_alloc. */
int fanout_seat_open(struct fanout_seat **ret, struct fanout *f,
		     const struct fanout_seat_params *p);
/** For the SDP, and to start. Its handler is the fan-out's. */
struct msrp_session *fanout_seat_session(const struct fanout_seat *seat);
/**
 * They hide (Privacy: id in the answer to an invitation): from now on they are known by this alias alone. Before
 * the seat is connected. -ENOBUFS, -ENOMEM: as it was.
 */
int fanout_seat_hide(struct fanout_seat *seat, struct str alias);

/** What the participant's SDP says; to be told again when it changes. */
struct fanout_seat_media {
	bool takes_private; /**< a=chatroom with private-messages; otherwise 428 to who sends one */
	struct str accept_wrapped; /**< value of a=accept-wrapped-types; empty: all types */
	uint64_t max_size;         /**< a=max-size: longer ones are not sent to them; 0: not said */
};
/** -ENOMEM: as it was. Before it is called all types are taken, and no private messages. */
int fanout_seat_describe(struct fanout_seat *seat, const struct fanout_seat_media *m);

/** They are in, and get what is begun from now on; what they say is taken. Again is harmless. */
void fanout_seat_connect(struct fanout_seat *seat);
/** On hold they get nothing; afterwards what is begun then. */
void fanout_seat_hold(struct fanout_seat *seat, bool held);
bool fanout_seat_connected(const struct fanout_seat *seat);
/**
 * They go: the session is stopped (what is written still leaves), what they were saying is aborted for the
 * others. The seat is gone afterwards; no callback follows.
 */
void fanout_seat_close(struct fanout_seat *seat);
/** Empty: none. */
struct str fanout_seat_nickname(const struct fanout_seat *seat);

struct fanout_seat_counts {
	uint64_t messages; /**< they said: content, whole ones */
	uint64_t bytes;    /**< of content they said */
	uint64_t behind;   /**< bytes that wait for them here */
};
void fanout_seat_counts(const struct fanout_seat *seat, struct fanout_seat_counts *ret);

void fanout_counters_register(void);

#endif
