/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of the mailer know of each other (mailer.h):
 *
 *     mailer.c          its life, what is counted, who has more to post
 *     mailer_post.c     a message on its way to the disk
 *     mailer_load.c     what the last process has left there
 *     mailer_mail.c     mailings in memory
 *     mailer_outlet.c   recipients: whose turn it is, what an answer means
 *     mailer_outcome.c  a copy that is done with: the store, events, who counts
 *     mailer_message.c  the request to one recipient; the notice of failure
 *     mailer_large.c    the same as a Large Message
 */
#ifndef IM_CONTROLLING_MAILER_STATE_H
#define IM_CONTROLLING_MAILER_STATE_H

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "im/controlling/mailer.h"
#include "im/controlling/mailer_large.h"
#include "im/route.h"
#include "im/send.h"
#include "sip/sip.h"
#include "subscriber/registration.h"

/** Header lines of one request: the mailing's, the recipient's, addresses. */
#define MAILER_HEADERS_MAX (2 * STORE_MAILING_HEADERS_MAX + 4096)
/** Two numbers and a domain. */
#define MAILER_CALL_ID_MAX 512

struct mailer {
	struct mailer_params p;
	struct loop *loop;
	struct hash_table outlets, senders;
	struct list ready;     /**< outlets whose turn it is */
	struct list postings;  /**< being written */
	struct list settlings; /**< being written */
	struct list lingering;
	struct store_request load;
	struct timer load_again;
	uint64_t loaded; /**< id of the last that was read at the start */
	uint64_t last_id;
	size_t busy;    /**< outlets with a request under way */
	size_t waiting; /**< copies */
	size_t bytes;
	struct registration_listener listener;
	bool loading; /**< nothing new is accepted: it would be read, too */
	bool stopped;
};

/** Who has mailings in memory, and how much. Counted, one reference for each mailing. */
struct mail_sender {
	struct hash_link by_who;
	struct mailer *m;
	size_t waiting, bytes;
	uint64_t files; /**< bytes of contents on disk */
	size_t who_n;
	char who[];
};

/** A mailing in memory; counted, one reference for each copy. */
struct mail {
	struct mailer *m;
	struct mail_sender *sender;
	struct store_mailing record; /**< texts are in the arena */
	struct arena arena;
	bool counted; /**< in the totals */
	bool fresh;   /**< posted by this process: it is tried once whatever its expiry says */
	struct mailer_posting *watch; /**< who counts its copies; NULL: nobody */
	size_t left;                  /**< copies not settled, for them */
};

/** What one recipient gets. */
struct copy {
	struct list_link link;
	struct mail *mail;
	const struct store_mailing_recipient *to;
};

/** A recipient: their copies in order. Lives as long as it has any. */
struct outlet {
	struct hash_link by_who;
	struct list_link link; /**< in `ready` */
	struct mailer *m;
	struct list copies;
	struct im_send send;
	struct mailer_large large;
	struct timer rest;
	uint32_t attempts; /**< of the first copy */
	bool busy;
	size_t who_n;
	char who[];
};

/* ---- mailer.c ---- */

enum mailer_count {
	MAILER_POSTED,
	MAILER_SERVED,
	MAILER_FAILED,
	MAILER_RETRIED,
	MAILER_UNSETTLED,
	MAILER_WAITING,
	MAILER_COUNTS
};
/** One more. */
void mailer_tally(enum mailer_count c);
/** After m->waiting has changed. */
void mailer_tally_waiting(const struct mailer *m);

/* ---- mailer_post.c ---- */

/** Those on their way to the disk are told of no more. */
void mailer_postings_drop(struct mailer *m);

/* ---- mailer_load.c ---- */

/** Reads what is there; until all of it is, nothing new is accepted. */
void mailer_load_start(struct mailer *m);
void mailer_load_stop(struct mailer *m);

/* ---- mailer_mail.c ---- */

/** A copy of the record, counted in the totals; NULL: out of memory. */
struct mail *mail_alloc(struct mailer *m, const struct store_mailing *what);
/** Its sender has as much waiting as one may have. */
bool mail_over_quota(const struct mailer *m, const struct store_mailing *what);

/* ---- mailer_outlet.c ---- */

/** A mailing that is on disk: a copy to each recipient. mailer_outlets_pump is due. */
void mailer_outlets_take(struct mail *l);
/** Sends what may be sent now. */
void mailer_outlets_pump(struct mailer *m);
/** They can be reached again: whatever rest they have is over. */
void mailer_outlet_wake(struct mailer *m, struct str who);
void mailer_outlets_close(struct mailer *m);

/* ---- mailer_outcome.c ---- */

/** Its recipient needs nothing more of it: written to the store. */
void mailer_copy_settle(struct mailer *m, const struct copy *c);
/** The event of it (im/event.h). */
void mailer_copy_tell(struct mailer *m, const struct copy *c, enum im_outcome outcome,
		      uint16_t status);
/** Who counts the copies of this mailing, if anybody does, hears of one more. */
void mailer_copy_tell_watch(struct mail *l, bool served);
/** Those on their way to the disk are forgotten. */
void mailer_settlings_drop(struct mailer *m);

/* ---- mailer_message.c ---- */

/** Appends the Call-ID of this copy: the same after a restart. */
void mailer_put_call_id(struct buf *b, const struct mailer *m, uint64_t id, uint32_t position);
/** Header lines of the request. */
void mailer_put_headers(struct buf *b, const struct copy *c, enum sip_method method);
/** Sends it as a MESSAGE. */
int mailer_message_send(struct outlet *o, const struct copy *c, im_sent_cb *sent);
/** The same of one that is MAILING_LARGE. */
int mailer_message_send_large(struct outlet *o, const struct copy *c, mailer_large_cb *done);
/** Posts the notice of failure that the sender asked for; 0 also when none is wanted. */
int mailer_notice(const struct copy *c);

#endif
