/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One stored message on its way to one device: a MESSAGE with the headers and body it came with, a
 * Request-URI, Route and Via of its own, and what is left of its Expires. Call-ID, CSeq and From tag are
 * the sender's, so that a device can tell what it has had (RFC 3261 8.2.2.2). A large message goes by a session of
 * its own (handover.h).
 */
#ifndef IM_DEFERRED_PUSH_H
#define IM_DEFERRED_PUSH_H

#include "im/deferred/device_queue.h"

/** What a device must be able to take. */
#define PUSH_TAKES (REGISTRATION_PAGER | REGISTRATION_IM)

/** The targets of a stored message now; false: the user is not registered, or no device takes it. */
bool push_targets(struct deferred *d, const struct im_request *r, struct im_targets *ret);
/** Which device a target is: the key of its queue. Empty: gone. */
struct str push_key(const struct deferred *d, struct str user, const struct sip_proxy_target *t);
/** A binding's key: its instance, or the contact of one without. */
struct str push_binding_key(const struct registration_binding *b);
/** A device with this key is registered. */
bool push_registered(const struct deferred *d, struct str user, struct str key);

/** Other devices of the user than this queue's are registered now. */
bool push_others(const struct device_queue *q);

/**
 * Sends `m` (from store_deferred_get) to the queue's device. 0: under way, and queue_answered
 * follows; -ENOENT: the device is not there any more; -ESRCH: it is, and this
 * message is not for it (RFC 3841); any other: not sent.
 */
int push_start(struct device_queue *q, const struct store_deferred *m);

/** Seconds of Retry-After, no more than DEFERRED_REST_MAX_MS has; 0: none. */
uint32_t push_retry_after(const struct sip_msg *m);

/**
 * A device of this user has it: into its recipient's history. True: of a large one, which stays until it is there;
 * `recorded` will be called.
 */
bool push_record(struct deferred *d, struct str user, const struct store_deferred *m,
		 struct im_record *k, im_recorded_cb *recorded, void *arg);

/** What an answer means for the next try. `attempts`: with this one. */
enum store_device_state push_outcome(uint16_t status, uint32_t attempts);
/** How long the device rests after so many failures. */
uint64_t push_rest_ms(uint32_t attempts, uint32_t retry_after_s);

#endif
