/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A large message, or a file, being taken for somebody who is away (seed 001, 6.1.2.1 step 5; digest c4: "DMF
 * answers the INVITE … becomes MSRP endpoint, stores the message, answers SEND 200").
 *
 *     COUNTING --room in the quota--> OPEN --BYE, idle, lost, refused--> OVER
 *         '------ refused: the caller answers ------------------------------^
 *
 * reception.c is the session: the INVITE is answered 200 with a=recvonly and the MSRP path of this server. Its leg is
 * reception_leg.c's, what is offered and answered reception_sdp.c's, the quotas reception_room.c's; its sender is held
 * back, and given up, as im/media_source.h says. received.c is one message in it (im/intake.h); several may come, each
 * is a message of its own.
 *
 *   message: OPEN --all bytes here--> STORING (content finished, record held) --on disk--> answered 200, gone
 *             '--aborted, session over: nothing is left
 *
 * "2xx means on disk": chunks are answered 200 as they come, but the one that makes the message whole is
 * answered when content and record are on disk, and so is its success report. The stream waits when the disk falls
 * behind (store_content_behind), so what is in memory of a message is bounded, whatever its size.
 *
 * A message that is whole is stored, whoever hangs up meanwhile. What is not is abandoned with its session.
 */
#ifndef IM_DEFERRED_RECEPTION_H
#define IM_DEFERRED_RECEPTION_H

#include "base/sm.h"
#include "im/intake.h"
#include "im/deferred/deferred_state.h"
#include "im/media_source.h"
#include "sip/invite.h"
#include "store/content.h"

/** At one time, some 600 kB each while they stream; and of one sender. Beyond it 503 and 486. */
#define RECEPTIONS_MAX 1000
#define RECEPTIONS_SENDER_MAX 20
/** Messages that come at the same time in one session: a sender writes one after the other. Beyond it 413. */
#define RECEPTION_MESSAGES_MAX 4
/** A message up to this size is kept in its record: most large ones are some kilobytes of text. */
#define RECEPTION_INLINE_MAX (16u << 10)
/** Of a CPIM object, what is looked at for its headers (Message-ID, Disposition-Notification). */
#define RECEPTION_HEAD_MAX (8u << 10)
/** A sender that says nothing for so long when the configuration says nothing of it (digest c11). */
#define RECEPTION_IDLE_S 30
/** Longest list of types in our description. */
#define RECEPTION_TYPES_MAX 4096

enum reception_state {
	RECEPTION_COUNTING, /**< is there room in the recipient's quota? */
	RECEPTION_OPEN,
	RECEPTION_OVER, /**< no session any more; messages may still be on their way to the disk */
};
extern const struct sm_table reception_machine;

/** Counted: by the function while it is not over, and by each message. */
struct reception {
	struct list_link link;
	struct deferred *d;
	uint8_t state;
	struct im_keep *keep; /**< who asked, until it is told */
	struct sip_server_txn *st;
	struct sip_invite **leg; /**< the INVITE's, in its owner until it is ours; NULL: none yet */
	struct store_request count;
	struct sip_invite *inv;
	struct media_end media;
	struct media_source source;
	struct list messages;           /**< struct received, in OPEN */
	bool was_there;                 /**< the user was registered already */
	bool offers;                    /**< the INVITE had no offer: ours is in the 200 */
	bool originated;                /**< the sender's history is kept here */
	struct im_recording *recording; /**< of the sender's; NULL: none */
	bool answered;
	uint64_t max_size; /**< of one message */
	uint64_t since_ms;
	unsigned kept;  /**< messages that went to the store */
	uint64_t bytes; /**< of the messages that are here and not yet in the store */
	uint64_t held;  /**< of the user's, in the store */
	struct store_deferred
		m; /**< what all its messages have; texts point into `headers` and `text` */
	struct buf headers, said; /**< `said`: our description */
	struct str types;         /**< what may come; empty: any */
	char *text;
};

/** A message. */
struct received {
	struct list_link link;
	struct reception *of; /**< a reference */
	struct list *in;      /**< of->messages, or NULL: STORING */
	struct store_request r;
	struct store_content_writer *content; /**< NULL: small so far */
	struct buf begin;                     /**< its beginning; of a small one all of it */
	struct intake intake;
	void *cookie; /**< the recording's, of the chunk under way or waiting for its answer */
	struct store_deferred m;
	bool named;
	char content_name[STORE_CONTENT_NAME_N];
	struct str message_id, content_type; /**< as MSRP has them; in `text` */
	char text[];
};

/* ---- reception.c ---- */
/** im_keeper.take. */
int reception_take(const struct im_request *r, const struct im_allowance *a, struct im_keep *k,
		   im_kept_cb *kept, void *kept_arg, void *arg);
/** The session ends: what is whole goes on to the disk, what is not is gone. `r` may be, too. */
void reception_over(struct reception *r, const char *why);
/** The sender's history is kept no more. */
void reception_unrecord(struct reception *r, const char *why);
void receptions_unrecord(struct deferred *d);
/** Every session is ended; what is whole goes on to the disk. */
void receptions_stop(struct deferred *d);

/* ---- reception_leg.c ---- */
/** It was a leg of a session, whose devices could not be reached: it is ours. */
void reception_take_leg(struct reception *r);
/** Result as of sip_invite_accept: it has been answered when that failed. */
int reception_accept_leg(struct reception *r, const struct sip_msg *m);
/** 200, with `said`. */
int reception_respond(struct reception *r);

/* ---- reception_sdp.c ---- */
/** Keeps of the offer what it is offered with again: words of the file. -EBADMSG, -ENOMEM; -E2BIG: the file is. */
int reception_keep_media(struct reception *r, const struct sdp *d, const struct sdp_msrp *o);
/** Writes `said`: the answer to `o` in `d`, or, without them, an offer. -ENOMEM. */
int reception_describe(struct reception *r, const struct sdp *d, const struct sdp_msrp *o);

/* ---- reception_room.c ---- */
/** With `n` in the store: -EDQUOT: full; else `max_size` is what has room at the most. */
int reception_room(struct reception *r, const struct store_deferred_count *n);
/** Whether so many bytes more of the user's have room, beside what is coming by this session and others. */
bool reception_has_room(const struct reception *r, uint64_t more);
/** So many bytes of the user's are in the store now. */
void receptions_kept(struct deferred *d, struct str user, uint64_t bytes);

/* ---- received.c ---- */
extern const struct msrp_session_handler received_handler;
/** Those that are not whole are gone. */
void received_abandon_all(struct reception *r);
/** Those on their way to the disk are forgotten: the store goes away. */
void received_drop_all(struct deferred *d);

#endif
