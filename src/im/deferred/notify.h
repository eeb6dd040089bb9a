/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Telling a device that messages wait, where they are not brought by themselves: the operator's
 * `deferred.push` or the user's setting `push` is off (digest c4: "If auto-push off → one notification").
 *
 * It is a MESSAGE from the deferred messaging function with the list of what waits for this device
 * (body/deferred_list.h), one when the device registers and one when something was kept that it could
 * not take. No answer, or one that may be different tomorrow, and it is sent again after a rest, as
 * a message would be; any other answer ends it. Nothing is marked: what waits goes on waiting, for
 * deferred_push, and the next registration tells of it anew.
 *
 * Once means once for each registration: a refresh tells nothing, a restart neither.
 */
#ifndef IM_DEFERRED_NOTIFY_H
#define IM_DEFERRED_NOTIFY_H

#include "im/deferred/device_queue.h"

/** Messages of which the list says more, the oldest; some 600 bytes each. Whoever asks for all gets all. */
#define NOTIFY_LISTED_MAX 20
/** Such a list, with addresses of unusual length. */
#define NOTIFY_BODY_MAX (64u << 10)

/** Begins; queue_told follows, at once or later. The queue holds a slot. */
void notify_start(struct device_queue *q);

#endif
