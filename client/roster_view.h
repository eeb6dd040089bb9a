/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who is in a conference, as its documents tell it (RFC 4575 4.6, 5): full ones replace all, partial ones change
 * what they name, and the version says whether one was missed. No I/O: bytes in, changes out.
 *
 * A person is told by the URI that the focus uses; an anonymous one has a URI that means nothing elsewhere.
 */
#ifndef CLIENT_ROSTER_VIEW_H
#define CLIENT_ROSTER_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "parley.h"

#include "base/list.h"
#include "base/str.h"
#include "body/conference_info.h"

/** Texts and tables of one document while it is read. */
#define ROSTER_VIEW_MEMORY_MAX (4u << 20)
/** Persons kept; a document may bring as many at a time, and partial ones could add up. */
#define ROSTER_VIEW_PERSONS_MAX CONFERENCE_USERS_MAX

struct roster_person {
	struct list_link link;
	char *uri, *name, *reason;
	struct list endpoints;
	bool own, seen;
	uint8_t presence; /**< enum parley_presence */
	uint8_t leaving;  /**< enum conference_leaving, of the endpoint that left last */
};

struct roster_view;

/** `before` is PARLEY_PERSON_UNKNOWN for somebody new. Who is in the list no more is told as AWAY. */
typedef void(roster_changed_cb)(struct roster_view *v, const struct roster_person *p,
				enum parley_presence before, void *arg);

/** Embedded. */
struct roster_view {
	struct list persons; /**< in the order in which they were told */
	bool known;          /**< some document was taken */
	uint32_t version, maximum;
	char *subject; /**< NULL: not told */
	char *entity;  /**< the conference's URI as its documents have it; NULL: not known */
};

void roster_view_init(struct roster_view *v);
void roster_view_done(struct roster_view *v);
/** Another subscription: versions begin anew, what is known stays until the next full document. */
void roster_view_renew(struct roster_view *v);
/**
 * One document. `changed` (may be NULL) is called for each person whose presence or name has changed, as it is taken
 * over. *ret: what came of it; UPDATE, REPLACE: it was taken. -EBADMSG: it makes no sense; -ENOBUFS; -ENOMEM: what was
 * known stays as it is as far as possible, and REFRESH is due.
 */
int roster_view_take(struct roster_view *v, struct str text, enum conference_step *ret,
		     roster_changed_cb *changed, void *arg);
/** NULL: nobody. */
const struct roster_person *roster_view_find(const struct roster_view *v, struct str uri);
/** By what a user would write: the URI, its part before the '@', the name; only if it is one person. NULL. */
const struct roster_person *roster_view_guess(const struct roster_view *v, struct str text);
size_t roster_view_here(const struct roster_view *v);

#endif
