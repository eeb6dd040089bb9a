/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The sessions that stand, as the store has them (store/conference.h): so that after a restart those who were in
 * one come back to the same IM Session Identity and find it, with its rules and the persons who may be in it (CTL-DET).
 *
 *     conference_begin         registry_note: kind, group, founder, subject, who is invited
 *     conference_invite_note   registry_invite: one more who may come back
 *     conference_end           registry_forget: it is over by its rules or by the operator
 *     controlling_stop         nothing: that it stood is what is to be known afterwards
 *
 *     INVITE, SUBSCRIBE or REFER to an identity that no running conference has:
 *             registry_find → conference_begin with this id; -ENOENT → 404
 *
 * Notes are written in the order in which they are given; nobody waits for them. One that the store did not take is
 * logged and counted: the session stands all the same, it is only not known after a restart.
 *
 * A session that stood at the last end and to which nobody has come back is forgotten REGISTRY_KEPT_S after the
 * start; registry_note makes it stand again.
 */
#ifndef IM_CONTROLLING_REGISTRY_H
#define IM_CONTROLLING_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "store/store.h"

struct registry;

/** How long people may take to come back after a restart: a day, as a phone is charged at night. */
#define REGISTRY_KEPT_S (24 * 3600)
/** What has lapsed is removed so often. */
#define REGISTRY_SWEEP_MS (3600 * 1000)
/** Notes on their way to the store; beyond it they are not taken. */
#define REGISTRY_NOTES_MAX 10000

/** Views; in a callback valid until it returns. */
struct registry_session {
	struct str id;               /**< CONTROLLING_ID_N */
	int kind;                    /**< enum conference_kind */
	struct str group;            /**< canonical IM Group Identity; empty: made by a list */
	struct str founder, subject; /**< founder: canonical */
	int64_t since_ms;            /**< wall clock */
	const struct str *
		invited; /**< canonical identities that may come back; the founder need not be in it */
	size_t invited_n; /**< at most STORE_CONFERENCE_INVITED_MAX: those beyond are left out */
};

/** Counted. References to loop and store: the store is kept. -ENOMEM. */
int registry_alloc(struct registry **ret, struct loop *loop, struct store *store);
/** Once, when the store is open: sessions of before begin to lapse. */
void registry_start(struct registry *r);

/** A session stands (again): what was known of this id is replaced. */
void registry_note(struct registry *r, const struct registry_session *s);
/** One more may come back; the same again is nothing. */
void registry_invite(struct registry *r, struct str id, struct str who);
void registry_forget(struct registry *r, struct str id);

struct registry_query;
/** `s` is NULL unless `error` is 0. -ENOENT: there is no such session; else the store's error. */
typedef void(registry_found_cb)(struct registry_query *q, int error,
				const struct registry_session *s, void *arg);
/** Embedded; zeroed or finished, it is idle. */
struct registry_query {
	struct store_request store; /**< private */
	registry_found_cb *found;
	void *arg;
};

/** The callback comes later, once. -ENOENT at once: no such id can be; -ENOBUFS, -ENOMEM. */
int registry_find(struct registry *r, struct registry_query *q, struct str id,
		  registry_found_cb *found, void *arg);
/** No callback follows; idle: nothing. */
void registry_find_cancel(struct registry_query *q);

#endif
