/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Through all that a request asks for, page by page: one reference after the other, in the order of the request.
 *
 *     while (walk_on(w) == 0) → `entry` for each, then `paged`, from the loop
 *     -ENODATA: that was all
 */
#ifndef IM_RETRIEVAL_WALK_H
#define IM_RETRIEVAL_WALK_H

#include "im/retrieval/asked.h"
#include "im/retrieval/kept.h"

struct walk {
	struct kept k;
	const struct asked *asked;
	size_t at;      /**< the reference after the one at hand */
	uint64_t after; /**< where the one at hand goes on; 0: it is over */
	uint32_t left;  /**< of its limit */
	void (*entry)(struct walk *w, const struct kept_entry *e);
	/** `error`: the store's; what is not there is none. */
	void (*paged)(struct walk *w, int error);
};

/** The caller has filled k.source, k.rs, k.user and the callbacks. `limit`: of references without one; 0: none. */
void walk_begin(struct walk *w, const struct asked *asked);
/** 0: `paged` follows, never before the return. -ENODATA; -errno of the store. */
int walk_on(struct walk *w, uint32_t limit);
/** The reference at hand. */
const struct history_reference *walk_at(const struct walk *w);

#endif
