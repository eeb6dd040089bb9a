/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the memory backend: its records, and the operations of each noun. */
#ifndef STORE_MEMORY_BACKEND_H
#define STORE_MEMORY_BACKEND_H

#include "store/job.h"
#include "store/memory/ordered.h"

/** Deferred messages: every order in which they are asked for. */
struct memory_deferred {
	struct ordered by_id;      /**< held and tombstones */
	struct ordered by_request; /**< the same: user, Call-ID, tag, CSeq */
	struct ordered by_user;    /**< held */
	struct ordered by_expiry;  /**< held, those that expire */
	struct ordered by_finish;  /**< tombstones */
	struct ordered users;      /**< with held messages */
	uint64_t last_id;
	uint64_t held, bytes, tombstones;
};

/** The history. */
struct memory_history {
	struct ordered by_id;
	struct ordered by_owner;   /**< the same: owner, id */
	struct ordered by_request; /**< those that have one: owner, request */
	struct ordered conversations;
	struct ordered conversations_by_owner;
	struct ordered owners;
	uint64_t last_id;
};

struct memory {
	struct ordered accounts;
	struct ordered sets; /**< of bindings, by AOR */
	struct ordered documents;
	struct ordered policies;
	struct ordered system_messages;
	struct memory_deferred deferred;
	struct memory_history history;
	struct ordered conferences;
	size_t conferences_n;
	struct ordered mailings;
	struct content_area *contents; /**< NULL: none yet */
	size_t fail_n;
	int fail;
};

#define OPERATION(NAME, name, reads) int memory_##name(struct memory *m, struct store_job *j);
STORE_OPERATIONS(OPERATION)
#undef OPERATION

/** All records of the noun go. */
void memory_account_clear(struct memory *m);
void memory_binding_clear(struct memory *m);
void memory_document_clear(struct memory *m);
void memory_policy_clear(struct memory *m);
void memory_system_message_clear_all(struct memory *m);
void memory_deferred_clear(struct memory *m);
void memory_history_clear_all(struct memory *m);
void memory_conference_clear(struct memory *m);
void memory_mailing_clear(struct memory *m);

/** All of one user; nothing when there is none. */
void memory_binding_delete(struct memory *m, struct str aor);
void memory_document_delete_user(struct memory *m, struct str aor);
void memory_policy_delete_scope(struct memory *m, struct str scope);
void memory_system_message_delete_user(struct memory *m, struct str aor);
void memory_history_delete_user(struct memory *m, struct str aor);

#endif
