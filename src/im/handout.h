/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where the functions of the service meet over a message that waits: the Deferred Messaging Function keeps and
 * brings it, retrieval (im/retrieval/) gives it to a device that asks by itself. Neither includes the other; the server
 * joins them.
 */
#ifndef IM_HANDOUT_H
#define IM_HANDOUT_H

#include "base/buf.h"
#include "im/request.h"
#include "store/deferred.h"

struct im_fetch;
typedef void(im_fetched_cb)(void *arg);

/** What a held message says of itself. */
struct im_held {
	struct str sender; /**< as its recipient may know it; empty: anonymous */
	struct str sender_name;
	struct str content_type; /**< empty: it was not read with its headers */
};

struct im_handout {
	/** Views into `m` and `texts`. -EBADMSG, -ENOMEM. */
	int (*describe)(const struct store_deferred *m, struct im_held *ret, struct buf *texts,
			void *arg);
	/** Appends the key of the device that a request of the originator's comes from. */
	void (*device_of)(const struct im_request *r, struct buf *key, void *arg);
	/**
	 * This device has answered a message of its user's 2xx that it asked for: noted as if it had been brought,
	 * told, and finished when nobody else is waited for. `done` comes once, when that is on disk or could not be
	 * (the message comes again then). -errno: it will not come.
	 */
	int (*fetched)(struct im_fetch **ret, struct str user, uint64_t id, struct str device,
		       im_fetched_cb *done, void *done_arg, void *arg);
	/** It is noted all the same; `done` does not come. */
	void (*forget)(struct im_fetch *f, void *arg);
	/** The user does not want it: as store_deferred_finish. */
	int (*withdraw)(struct store_request *r, uint64_t id, store_done_cb *done, void *done_arg,
			void *arg);
	void *arg;
};

#endif
