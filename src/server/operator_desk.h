/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The desk behind the admin API, from the inside: what the files operator_*.c share. Each has the
 * functions of one noun and puts them into the desk's services.
 *
 * A request of an operator's that takes several turns of the loop is a task: a struct that begins with
 * `struct desk_task`. It is made with a destructor, finds its user, does its steps at the store, and ends in
 * desk_finish, which calls the asker's `done` and releases it. When the desk goes first, its tasks end with
 * -ECANCELED.
 */
#ifndef SERVER_OPERATOR_DESK_H
#define SERVER_OPERATOR_DESK_H

#include "base/mem.h"
#include "server/operator.h"
#include "store/store.h"
#include "subscriber/subscriber.h"

struct operator_desk {
	struct operator_params p;
	struct config *config; /**< a reference */
	struct admin_services services;
	struct list requests; /**< about accounts */
	struct list tasks;
	struct buf domains;
	char host[64];
	uint64_t started_ms;
	bool stopping;
};

struct desk_task {
	struct operator_desk *desk;
	struct list_link link;
	struct subscriber_query query;
	struct store_request store;
	void (*known)(struct desk_task *t); /**< the user is */
	void (*destroy)(struct desk_task *t);
	admin_done_cb *done;
	void *done_arg;
	struct arena arena; /**< what the steps need later */
	struct str aor;     /**< empty: the service, or not about one user */
	char aor_text[SIP_AOR_MAX];
};

/** Memory of one task: a document, or a page of values. */
#define DESK_ARENA_MAX (1u << 20)

/**
 * Zeroed, `size` bytes, of which a desk_task is the first; NULL: out of memory. `destroy` (may be NULL) releases
 * what the noun has beyond it.
 */
void *desk_task_alloc(struct operator_desk *o, size_t size, void (*destroy)(struct desk_task *t),
		      admin_done_cb *done, void *done_arg);
/**
 * Finds the user as the operator writes them (in `why`: what is wrong), then calls `known`, now or later, or
 * ends with -ENOENT. 0; on an error the task is released and `done` does not come.
 */
int desk_task_begin(struct desk_task *t, struct str user, void (*known)(struct desk_task *t),
		    struct buf *why);
/** The same with a group: its AOR, whether there is such a group or not. */
int desk_task_begin_group(struct desk_task *t, struct str group, void (*known)(struct desk_task *t),
			  struct buf *why);
/** The same for a task that is about the service or about all users. */
int desk_task_begin_all(struct desk_task *t, void (*known)(struct desk_task *t));
/** A step was asked for: on an error the task ends with it. */
void desk_task_step(struct desk_task *t, int error);
/** Calls `done` and releases the task. */
void desk_task_finish(struct desk_task *t, int error);

/** An operator's way of writing a user, in either setting: -EINVAL, -EXDEV. */
int desk_user(struct operator_desk *o, struct str user, struct buf *aor, struct buf *why);

/** The form of identities in documents, whose `arg` is the desk: the AOR. -EBADMSG: it is no URI. */
int desk_canonical(struct str uri, struct buf *out, void *arg);

struct group;
/** A group as a document has it: to be told what is new about it. NULL: no document, or nobody to tell. */
struct group *desk_group_before(struct operator_desk *o, struct str text);
/** The document is written: members who did not know of the group hear of it, if it wants that. */
void desk_group_written(struct operator_desk *o, const struct group *before, struct str text);

/** A group has this name: a user who had it, too, would never be reached. `why` says so. */
bool desk_group_bears(struct operator_desk *o, struct str user, struct buf *why);

void operator_settings_services(struct admin_services *s);
void operator_document_services(struct admin_services *s);
void operator_policy_services(struct admin_services *s);
void operator_deferred_services(struct admin_services *s);
void operator_history_services(struct admin_services *s);
void operator_system_message_services(struct admin_services *s);
void operator_insight_services(struct admin_services *s);
void operator_session_services(struct admin_services *s);
void operator_conference_services(struct admin_services *s);
void operator_group_services(struct admin_services *s);

#endif
