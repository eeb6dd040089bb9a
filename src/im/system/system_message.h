/* SPDX-License-Identifier: Apache-2.0 */
/**
 * System messages (digest c10): what the operator tells a user, and the answers they give.
 *
 * In order. im_system_send writes the message to the store; then it is sent to every device of the user as
 * a MESSAGE from the system URI, with the feature tag of system messages, in our own form or, for a device
 * of the RCS family, as an End User Confirmation Request. The first 2xx marks it delivered, and the time to
 * answer starts. What nobody took is sent when the user registers, the oldest first, one at a time.
 *
 * An answer is a MESSAGE to the system URI. It has passed the originating gates (im/participating/gates.h),
 * of which those that an overdue answer closes let it through. It is answered 200 when it was
 * written, 404 when there is no such message, 400 when it is none of the choices, 415 when it is something
 * else. What is written changes the subscriber (subscribers_drop), and so opens the gate.
 */
#ifndef IM_SYSTEM_SYSTEM_MESSAGE_H
#define IM_SYSTEM_SYSTEM_MESSAGE_H

#include "im/request.h"
#include "im/route.h"
#include "im/rules.h"
#include "store/system_message.h"

struct im_system;
struct registrations;
struct subscribers;

/** Users to whom system messages are under way at once; beyond it they wait for the next registration. */
#define IM_SYSTEM_PUSHES_MAX 1000

struct im_system_params {
	struct sip *sip;
	struct store *store;
	struct subscribers *subscribers;
	struct registrations *registrations;
	const struct im_setting *setting;     /**< borrowed */
	const struct im_addresses *addresses; /**< borrowed */
	const struct im_rules *rules;         /**< borrowed */
};

/** Counted. */
int im_system_alloc(struct im_system **ret, const struct im_system_params *p);

/** What the operator has to say; texts are borrowed for the call. */
struct im_system_message {
	struct str aor;
	struct str text;
	const struct str
		*choice;    /**< answers to choose from: one must be given. None: it only informs */
	size_t choices;     /**< STORE_CHOICES_MAX */
	uint32_t timeout_s; /**< to answer in; 0: as configured */
};

struct im_system_request;
/** `error` as the store has it; of a send, `id` is the new message's, else empty. */
typedef void(im_system_done_cb)(struct im_system_request *q, int error, struct str id, void *arg);

#define IM_SYSTEM_ID_MAX 32

/** Embedded by the caller; zeroed or finished, it is idle. */
struct im_system_request {
	struct store_request store; /**< private, as the rest */
	struct im_system *system;
	im_system_done_cb *done;
	void *arg;
	bool pushes;
	char id[IM_SYSTEM_ID_MAX];
	size_t id_n;
	char aor[SIP_AOR_MAX];
	size_t aor_n;
};

/**
 * `done` comes once, never before the return: 0, it is stored and on its way; -EDQUOT and others of
 * store_system_message_add. -EINVAL, -EMSGSIZE, -ENOMEM, -ENOBUFS at once: nothing comes.
 */
int im_system_send(struct im_system *s, struct im_system_request *q,
		   const struct im_system_message *m, im_system_done_cb *done, void *arg);
/** The message needs no answer any more; the user is unblocked. -ENOENT in `done`. */
int im_system_clear(struct im_system *s, struct im_system_request *q, struct str aor, struct str id,
		    im_system_done_cb *done, void *arg);
/** No callback follows; what was asked for may happen all the same. */
void im_system_cancel(struct im_system_request *q);

/** Takes an answer from a user: a request to the system URI that the gates have let pass. `r` is borrowed. */
void im_system_receive(struct im_system *s, struct im_request *r);
/** Sends what is undelivered, if the user is registered. As at each registration. */
void im_system_push(struct im_system *s, struct str aor);
/** Answers and messages under way. */
size_t im_system_under_way(const struct im_system *s);

#endif
