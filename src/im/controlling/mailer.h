/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One message to many: what the exploder, absent members and advertisements have in common.
 *
 *   mailer_post --written to the store: `posted`--> each recipient in turn --settled--> gone with the last
 *
 * A posted message is a mailing of the store (store/mailing.h): RFC 3428 7, the 202 that follows `posted` is
 * "accepted", and what was accepted outlives the process. mailer_start goes on where the last process ended.
 *
 * Each recipient has a request of our own (im/own.h), so their terminating function judges it, and keeps it for them
 * when they are away. One recipient has one request at a time, in the order of posting; MAILER_AT_ONCE requests are
 * under way altogether. The Call-ID is made of the mailing and the recipient's place in it, so that one that is sent
 * again after a crash is the same request, and is not kept twice.
 *
 * What an answer means:
 *
 *     2xx                           served
 *     408, 430, 480, 500, 503, 504, no answer
 *                                   again after a rest, MAILER_REST_MS and then twice as long each time, or when they
 *                                   register; until the message expires, MAILER_ATTEMPTS were made, or MAILER_LIFE_S
 *     all others                    never: told (im/event.h), and to the sender by a notice of failure when they
 *                                   asked for one (RFC 5438 8.2)
 *
 * Who is answerable (P-Asserted-Identity) is the sender of what goes to a list, and the group of all that is a group's;
 * for one who is
 * anonymous the service answers, where no core in front of us would hide them (RFC 5365 7.2).
 *
 * One that is MAILING_LARGE goes as a Large Message (mailer_large.h), from the store's content; its body, if any, is
 * the head of it.
 */
#ifndef IM_CONTROLLING_MAILER_H
#define IM_CONTROLLING_MAILER_H

#include "base/list.h"
#include "im/event.h"
#include "im/request.h"
#include "store/mailing.h"

struct im_own;
struct mailer;
struct msrp_endpoint;
struct registrations;
struct sip_dialogs;

/** Requests under way at one time: what our own listener takes in one turn. */
#define MAILER_AT_ONCE 50
/** Recipients who wait, of all mailings; some 400 bytes each. Beyond it nothing more is accepted. */
#define MAILER_WAITING_MAX 100000
/** Bytes of the mailings in memory; likewise. */
#define MAILER_BYTES_MAX (64u << 20)
/** Of one sender, so that none fills it for all: recipients of what is not through, and bytes. Beyond it -EDQUOT. */
#define MAILER_SENDER_WAITING_MAX 10000
#define MAILER_SENDER_BYTES_MAX (8u << 20)
/** Bytes on disk of one sender's large messages that are not through; the first is as large as the policy allows. */
#define MAILER_SENDER_FILES_MAX (UINT64_C(4) << 30)
/** RFC 3428 8: "the size of MESSAGE requests outside of a media session" is 1300 bytes at the most. */
#define MAILER_PAGER_MAX 1300
/** A request that was answered so that it may go well later rests so long; a Timer F is over by then. */
#define MAILER_REST_MS (40 * 1000)
#define MAILER_REST_MAX_MS (30 * 60 * 1000)
/** For somebody of another domain: some five hours with the rests above. */
#define MAILER_ATTEMPTS 16
/** For a user of ours whom the core does not bring to their function: as long as that would keep it. */
#define MAILER_LIFE_S (7 * 24 * 3600)

enum mailing_kind {
	MAILING_LIST,          /**< by a list (RFC 5365) */
	MAILING_GROUP,         /**< to an IM Group Identity */
	MAILING_ABSENT,        /**< spoken in a session, for who was not there */
	MAILING_ADVERTISEMENT, /**< of a group */
	MAILING_NOTICE,        /**< a disposition notification to one */
};

enum mailing_flag {
	MAILING_ANONYMOUS = 1, /**< Privacy: id */
	MAILING_NEGATIVE =
		2, /**< the sender wants to hear of failures: the body is, or begins with, the head of a
			message/cpim that says so */
	MAILING_EXPIRES = 4, /**< the sender said how long it is good for */
	MAILING_LARGE = 8,   /**< goes as a Large Message: `file` has it */
};

struct mailer_params {
	struct sip *sip;
	struct store *store; /**< a reference is taken, as of `own` */
	struct im_own *own;
	struct im_events *events; /**< borrowed, as all that follows */
	const struct im_setting *setting;
	struct im_addresses addresses;
	struct sip_dialogs *dialogs; /**< for large messages; NULL: such fail with 513 */
	struct msrp_endpoint *msrp;
	struct registrations *
		registrations; /**< a reference is taken: who comes is served at once; NULL: not known */
};

/** Counted. -ENOMEM. */
int mailer_alloc(struct mailer **ret, const struct mailer_params *p);
/** The store is open: what the last process has not settled is sent. */
void mailer_start(struct mailer *m);
/** Nothing more is sent; what waits is in the store. No callback follows. */
void mailer_stop(struct mailer *m);
void mailer_counters_register(void);
/** Recipients that wait or are being served. */
size_t mailer_waiting(const struct mailer *m);
/** Nothing more is accepted at the moment: 503. */
bool mailer_full(const struct mailer *m, size_t recipients, size_t bytes);

struct mailer_posting;
/** 0: on disk; else the store's error, and nobody gets anything. */
typedef void(mailer_posted_cb)(struct mailer_posting *p, int error, void *arg);
/** One copy is done with, served or given up; `left` copies are not. After `posted`; the last has `left` 0. */
typedef void(mailer_settled_cb)(struct mailer_posting *p, bool served, size_t left, void *arg);
/** Embedded; zeroed or finished, it is idle. */
struct mailer_posting {
	void *impl;    /**< private */
	void *watched; /**< likewise */
	mailer_posted_cb *posted;
	mailer_settled_cb *
		settled; /**< set before mailer_post by who counts copies (digest c12); else NULL */
	void *arg;
};

/**
 * Posts it: id is set here; the rest is copied. `size` of a message in `body` is set here. The callback comes
 * later, once; `posted` NULL: nobody wants to know. -ENOBUFS: full; -EDQUOT: of this sender; -EMSGSIZE, -EINVAL as the
 * store says; -ENOMEM.
 */
int mailer_post(struct mailer *m, const struct store_mailing *what, struct mailer_posting *p,
		mailer_posted_cb *posted, void *arg);
/** No callback follows; the message is sent all the same. Idle: nothing. */
void mailer_posting_cancel(struct mailer_posting *p);

/** Who has something to post that is not ready yet, and no other owner. Embedded. */
struct mailer_linger {
	struct list_link link; /**< private */
	void (*over)(void *arg);
	void *arg;
};
/** `over` is called once: by mailer_linger_end, or when the mailer stops. */
void mailer_linger(struct mailer *m, struct mailer_linger *l, void (*over)(void *arg), void *arg);
/** All is posted. Nothing when it does not linger. */
void mailer_linger_end(struct mailer *m, struct mailer_linger *l);

#endif
