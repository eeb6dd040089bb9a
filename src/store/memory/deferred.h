/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the memory backend: a deferred message, as its writers and readers see it. */
#ifndef STORE_MEMORY_DEFERRED_H
#define STORE_MEMORY_DEFERRED_H

#include "store/memory/backend.h"
#include "store/memory/record.h"

struct memory_device {
	struct memory_device *next; /**< in order of key */
	struct store_device device;
};

struct memory_message {
	struct ordered_node by_id;
	struct ordered_node by_request;
	struct ordered_node by_user; /**< while held */
	struct ordered_node by_time; /**< held: expiry, if it expires; tombstone: finish */
	char id[8];                  /**< keys */
	char time[16];
	char *content; /**< headers and body; NULL: tombstone */
	struct memory_device *devices;
	struct store_deferred message;
};

struct memory_user {
	struct ordered_node node;
	struct store_waiting_user user;
};

/** NULL: there is none. */
struct memory_message *memory_deferred_find_id(struct memory *m, uint64_t id);
struct memory_user *memory_deferred_find_user(struct memory *m, struct str user);
/** Copies without headers and body. */
bool memory_deferred_copy(struct arena *a, struct store_deferred *to,
			  const struct memory_message *d);

#endif
