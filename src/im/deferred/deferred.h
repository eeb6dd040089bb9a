/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The Deferred Messaging Function: what is sent to somebody who is away is kept, and brought to each
 * device of theirs when they are back (seed 001, 6.1.2.1 step 5; digest c4; RFC 3428 7).
 *
 * An ordinary message. The terminating function finds nobody registered and asks the keeper (hold.c):
 * the message goes to the store with all that is needed to send it again, and when that is on disk
 * the sender hears 202. Its recipient registers; a queue is made for the device (device_queue.c), which
 * asks the store for what this device has not had, oldest first, and sends one after the other
 * (push.c): the next when the answer to the last is on disk. When every device that is registered at
 * that moment has the message, it is finished (settle.c, docs/decisions/0009).
 *
 * A large message, or a file. The keeper takes the INVITE over: it is answered here, and the content goes to
 * the disk as it comes (reception.h). It leaves by an INVITE of ours (handover.h), in its turn among the others.
 *
 * Without push. The operator, or the user by their setting, does not want messages brought by
 * themselves: the device that registers is told what waits (notify.c), and gets it on deferred_push.
 *
 * Otherwise. No answer, or one that may be different tomorrow: the device rests, 30 s at first, twice
 * as long after each failure, up to an hour; a registration ends the rest. An answer that will not
 * change: this device does not get this message. The message's time ends (expire.c): it is gone, and
 * its sender is told so if they asked (notice.c, RFC 5438 8.2), by a message that is kept in its turn.
 * The process ends at any point: what was answered 202 is in the store; at the next start the users
 * with messages are walked through, page by page, and those who are registered are served (census.c).
 *
 * A device that answered 2xx does not get the message again, except when the process dies between the
 * answer and the disk: then it comes once more with the same Call-ID, CSeq and From tag.
 */
#ifndef IM_DEFERRED_DEFERRED_H
#define IM_DEFERRED_DEFERRED_H

#include "im/event.h"
#include "im/handout.h"
#include "im/message.h"
#include "im/recorder.h"
#include "im/route.h"
#include "sip/sip.h"
#include "store/deferred.h"
#include "subscriber/registration.h"

struct deferred;
struct msrp_endpoint;
struct sip_dialogs;

/** Messages on their way to devices at one time, in all and to one user: not to be the storm ourselves. */
#define DEFERRED_PUSHES_MAX 500
#define DEFERRED_USER_PUSHES_MAX 4
/** Devices with a queue, some 700 bytes each; beyond it users wait for the next census. */
#define DEFERRED_QUEUES_MAX 100000
/** Messages being written at one time; beyond it 503. The store has a ceiling of its own. */
#define DEFERRED_HOLDS_MAX 50000
/** After a failure a device rests so long, then twice as long, up to the most. */
#define DEFERRED_REST_MS 30000
#define DEFERRED_REST_MAX_MS 3600000
/** A message that a device has answered so often with a failure that is its own is not tried again there. */
#define DEFERRED_ANSWERS_MAX 8

struct deferred_params {
	struct sip *sip;                     /**< borrowed */
	struct store *store;                 /**< a reference is taken */
	struct registrations *registrations; /**< a reference is taken */
	struct subscribers *subscribers;     /**< likewise */
	const struct im_setting *setting;    /**< borrowed */
	struct im_addresses addresses;       /**< borrowed */
	/** For large messages and files; borrowed, both or neither. NULL: they are not kept. */
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp;
};

/** What the operator may change at any time. */
struct deferred_config {
	uint64_t expiry_s;     /**< of a message without Expires */
	uint32_t quota;        /**< messages of one user; 0: no limit */
	uint64_t size;         /**< bytes of one user, for large messages and files; 0: no limit */
	uint32_t large_idle_s; /**< a sender that says nothing more for so long; 0: 30 */
	bool push; /**< at registration; false: the device is told, and deferred_push brings them */
};

/** Counted. Nothing is sent before deferred_start. */
int deferred_alloc(struct deferred **ret, const struct deferred_params *p);
void deferred_configure(struct deferred *d, const struct deferred_config *c);
/** For im_params; lives as long as `d`. */
const struct im_keeper *deferred_keeper(struct deferred *d);
/** For who gives messages out to devices that ask (im/handout.h); lives as long as `d`. */
const struct im_handout *deferred_handout(struct deferred *d);
/**
 * Who keeps users' histories (im/recorder.h): a message is in its recipient's when a device has it. Borrowed; another
 * only while nothing is under way.
 */
void deferred_set_recorder(struct deferred *d, const struct im_recorder *recorder);
/** Registrations are restored: begin. What comes of messages is told to `events`, which must outlive `d`. */
void deferred_start(struct deferred *d, struct im_events *events);
/** Nothing new is kept or sent. */
void deferred_stop(struct deferred *d);
/** Messages being written or on their way. */
size_t deferred_under_way(const struct deferred *d);
void deferred_counters_register(void);

/* ---- The operator ---- */

/**
 * Sends what waits for the user to every registered device now, whatever `push` says and however long
 * a device has still to rest. Number of devices; -ENOENT: none is registered; -ENOBUFS, -ENOMEM.
 */
int deferred_push(struct deferred *d, struct str user);
/**
 * Takes a message back: the store's function with `WITHDRAWN`, and what is on its way to a device is not
 * followed by another try. Result as of store_deferred_finish.
 */
int deferred_withdraw(struct deferred *d, struct store_request *r, uint64_t id, store_done_cb *done,
		      void *arg);

/**
 * What waits for the user is sent as soon as a device registers; false: it is known that not, by the
 * configuration or the user's setting.
 */
bool deferred_pushes(const struct deferred *d, struct str user);

/** How it stands with one device, for `parleyctl explain`; texts are borrowed for the call. */
struct deferred_device {
	struct str key;    /**< as in struct store_device */
	const char *state; /**< name of its queue's state */
	uint64_t message;  /**< being brought now; 0: none */
	uint64_t rests_ms; /**< until the next try; 0: does not rest */
};
void deferred_devices(struct deferred *d, struct str user,
		      void (*each)(const struct deferred_device *v, void *arg), void *arg);

#endif
