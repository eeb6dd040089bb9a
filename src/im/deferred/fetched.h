/* SPDX-License-Identifier: Apache-2.0 */
/** Messages that a device has fetched by itself (im/handout.h), instead of being brought them. */
#ifndef IM_DEFERRED_FETCHED_H
#define IM_DEFERRED_FETCHED_H

#include "im/deferred/deferred_state.h"

void fetched_init(struct deferred *d);
/** None is noted any more: the store goes away. */
void fetched_done(struct deferred *d);
/** im_handout.describe; of `arg`, the function, the addresses and the loop are looked at. */
int fetched_describe(const struct store_deferred *m, struct im_held *ret, struct buf *texts,
		     void *arg);

#endif
