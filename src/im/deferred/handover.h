/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A large message, or a file, on its way to one device: carried in a session of its own (im/carrier.h; digest c4:
 * "large as INVITE with large-message tag").
 *
 * The INVITE has the lines that the sender's had (Date and Privacy among them), From and
 * P-Asserted-Identity of the sender, what is left of its time, and an offer of a=sendonly with the types, or the
 * file-selector, that the sender had offered. Its Call-ID is its own: each device's is a session of its own. The
 * content is what the sender sent, byte for byte, read from the disk at the pace of the device (im/content_sender.h).
 *
 * It is over with 200 when every byte was answered 200; then BYE. Otherwise with what the device said, in SIP or in
 * MSRP, whose statuses mean the same to the queue (push_outcome): 413 and 415 are for good, 0 and 408 are not.
 *
 * A device that takes its time must not keep others waiting: the queue gives its slot back once it has answered. What
 * does not move for CARRIER_IDLE_MS is given up.
 */
#ifndef IM_DEFERRED_HANDOVER_H
#define IM_DEFERRED_HANDOVER_H

#include "im/deferred/device_queue.h"

/** At one time, some 150 kB each while they stream: beyond it devices rest. */
#define HANDOVERS_MAX 2000

struct handover;
struct stored_request;

/**
 * Begins; queue_answered follows, never before the return, and the handover is gone then. `m` and `sr` are borrowed.
 * -ENOBUFS, -ENOMEM, -errno of sip_invite_send: it does not.
 */
int handover_start(struct handover **ret, struct device_queue *q, const struct store_deferred *m,
		   const struct stored_request *sr, const struct sip_proxy_target *t);
/** Nothing follows; the device is hung up on. NULL is fine. */
void handover_cancel(struct handover *h);
/** Of its INVITE. */
struct str handover_call_id(const struct handover *h);

#endif
