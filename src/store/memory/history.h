/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the memory backend: an entry of the history, as its writers and readers see it. */
#ifndef STORE_MEMORY_HISTORY_H
#define STORE_MEMORY_HISTORY_H

#include "store/memory/backend.h"
#include "store/memory/record.h"

struct memory_entry {
	struct ordered_node by_id, by_owner, by_request;
	char id[8];
	struct store_history_entry entry;
};

struct memory_conversation {
	struct ordered_node by_id, by_owner;
	char id[8];
	struct store_conversation conversation;
};

struct memory_owner {
	struct ordered_node node;
	struct store_history_count count;
	char owner[];
};

/** The owner's first entry, or conversation, behind this id; NULL. */
struct memory_entry *memory_history_after(struct memory *m, struct str owner, uint64_t after);
struct memory_conversation *memory_conversation_after(struct memory *m, struct str owner,
						      uint64_t after);
struct memory_entry *memory_history_find(struct memory *m, uint64_t id);
struct memory_conversation *memory_conversation_find(struct memory *m, uint64_t id);
struct memory_owner *memory_history_owner(struct memory *m, struct str owner);

#endif
