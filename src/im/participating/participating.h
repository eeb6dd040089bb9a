/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The Participating Functions (seed 001, 6.1): the originating one in front of the sender, the
 * terminating one in front of the recipient.
 *
 * In order: load the served subscriber; run the gates of the side; then either cross over to the
 * terminating function of a recipient served in this process, or forward. Forwarding is as a SIP
 * proxy (RFC 3261 16). The final response goes back to the sender (TPF-GEN-6), and the outcome is
 * announced once.
 */
#ifndef IM_PARTICIPATING_PARTICIPATING_H
#define IM_PARTICIPATING_PARTICIPATING_H

#include "im/im.h"

struct participating;

/** Counted. */
int participating_alloc(struct participating **ret, const struct im_params *p, struct im_events *events);
/** Answers it in time. `r` is borrowed for the call; its side may be changed. */
void participating_receive(struct participating *pf, struct im_request *r);
/** Requests under way. */
size_t participating_under_way(const struct participating *pf);

#endif
