/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Conferences: the sessions of the Controlling Function that stand, with the persons who may come back to
 * them, so that they are known after a restart.
 *
 *   put, invite, … --> stands --delete--> gone
 *                        '--lapse (a start)--> lapses at a time --put--> stands again
 *                                                '--purge, after that time--> gone
 *
 * An id is its session's address and never used for another; the store does not look into the rest.
 */
#ifndef STORE_CONFERENCE_H
#define STORE_CONFERENCE_H

#include "store/store.h"

/** Bytes of an id. */
#define STORE_CONFERENCE_ID_MAX 64
/** Bytes of each other text. */
#define STORE_CONFERENCE_TEXT_MAX 2048
/** Of all: twice what runs at once (CONTROLLING_CONFERENCES_MAX), for those of before a restart. */
#define STORE_CONFERENCES_MAX 40000
/** Persons of one: a document of its state names as many. */
#define STORE_CONFERENCE_INVITED_MAX 2048
/** Removed by one purge: bounds how long other writes wait for it. */
#define STORE_CONFERENCE_PURGE_MAX 200

struct store_conference {
	struct str id;
	uint32_t kind; /**< the caller's */
	struct str group, founder, subject;
	int64_t since_ms;  /**< wall clock, as all times here */
	int64_t lapses_ms; /**< 0: it stands; set by the store */
	const struct str *invited;
	size_t invited_n;
};

/**
 * Writes it, over what was there under this id, its persons included; it stands. -EDQUOT: STORE_CONFERENCES_MAX.
 * Returns -EMSGSIZE at once for what passes a ceiling, -EINVAL for a NUL in a text or an empty id.
 */
int store_conference_put(struct store *s, struct store_request *r, const struct store_conference *c,
			 store_done_cb *done, void *arg);
/** One person more; who is there already: 0. -ENOENT: no such conference; -EDQUOT. */
int store_conference_invite(struct store *s, struct store_request *r, struct str id, struct str who,
			    store_done_cb *done, void *arg);
/** -ENOENT. */
int store_conference_delete(struct store *s, struct store_request *r, struct str id,
			    store_done_cb *done, void *arg);
/** All that stand lapse at this time, unless they are put again. */
int store_conference_lapse(struct store *s, struct store_request *r, int64_t at_ms,
			   store_done_cb *done, void *arg);
/** Up to STORE_CONFERENCE_PURGE_MAX of those that have lapsed by `now_ms` go; see store_conference_removed. */
int store_conference_purge(struct store *s, struct store_request *r, int64_t now_ms,
			   store_done_cb *done, void *arg);
/** done: 0, and store_conference_result has it with its persons, in order of name; -ENOENT. */
int store_conference_get(struct store *s, struct store_request *r, struct str id,
			 store_done_cb *done, void *arg);

/** In `done` of get. */
const struct store_conference *store_conference_result(const struct store_request *r);
/** In `done` of purge. */
size_t store_conference_removed(const struct store_request *r);

#endif
