/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The roster of one conference: who is in, on the way in, or has just gone, and what subscribers are shown of it
 * (RFC 4575; digest c9, e7).
 *
 * The focus says what happens (roster_set, roster_leave, …); each of these that changes anything gives the person
 * the next number and moves them to the end of the list, so that the list is always in the order of change. A
 * subscriber is a place in that order: what lies behind it has not been told yet. Hence one roster serves
 * any number of subscribers, each at its own speed, without a queue for any of them.
 *
 * A document holds what fits into ROSTER_DOCUMENT_MAX; a conference that is larger is told in several: the full
 * one first, then partial ones with the rest, each person whole.
 *
 * Who has gone is kept for a while, so that all learn how (departed, booted, busy …): the last
 * ROSTER_GONE_MAX. Whoever is further behind than that is told everything anew.
 *
 * Anonymous participants (Privacy: id) are shown to others under a name of this conference alone,
 * sip:anonymous<n>@anonymous.invalid, without their device's address (digest c9 5); to themselves as they are.
 */
#ifndef IM_CONTROLLING_ROSTER_H
#define IM_CONTROLLING_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "body/conference_info.h"

struct roster;

/** Persons at once; as many as a document that is decoded by us may name. */
#define ROSTER_MAX CONFERENCE_USERS_MAX
/** Who has gone and is still shown; more than leave a large conference within a pause. */
#define ROSTER_GONE_MAX 256
/** Bytes of one text about a person or the conference (URI, name, reason): so that one person fits into a document. */
#define ROSTER_TEXT_MAX 512
/** Bytes of one document; a NOTIFY with its headers fits into a SIP message. */
#define ROSTER_DOCUMENT_MAX 56000

/** Somebody's state, as the focus knows it. */
struct roster_person {
	struct str who;          /**< canonical identity: the key */
	struct str uri;          /**< shown; empty: `who` */
	struct str display_name; /**< empty: none */
	struct str contact;      /**< of the device that is in; empty: not known yet */
	struct str role;         /**< "organizer"; empty: none */
	bool anonymous;
	enum conference_status status;
	enum conference_joining joining;
};

struct roster_params {
	struct str entity;       /**< the IM Session Identity */
	struct str display_text; /**< the group's name; empty: none */
	struct str subject;      /**< empty: none */
	uint32_t maximum;        /**< participants there may be; 0: not said */
};

/** Told after each change. */
typedef void(roster_changed_cb)(struct roster *r, void *arg);

/** Counted; texts are copied. -ENOMEM; -ENOBUFS: a text is too long. */
int roster_alloc(struct roster **ret, const struct roster_params *p);
/** One listener; NULL: none. */
void roster_listen(struct roster *r, roster_changed_cb *changed, void *arg);

/**
 * Somebody is new, back again, or in another state. The same again is no change. A name or contact that is too
 * long is left out. -ENOBUFS: another ceiling, or the roster has ended; -ENOMEM: as it was.
 */
int roster_set(struct roster *r, const struct roster_person *p);
/**
 * Somebody has gone, or did not come. `reason` as a Reason header (`SIP;cause=603;text="Decline"`), `by` the
 * identity of who sent them away; both may be empty. -ENOENT: is not here; -ENOMEM: gone, but it is not said why.
 */
int roster_leave(struct roster *r, struct str who, enum conference_leaving how, struct str reason,
		 struct str by);
/** -ENOMEM, -ENOBUFS: as it was. */
int roster_set_subject(struct roster *r, struct str subject);
/** The conference is over: all are disconnected, and nothing changes any more. Again is harmless. */
void roster_end(struct roster *r, struct str reason);

/** Connected, muted, on hold. */
bool roster_is_in(enum conference_status s);
bool roster_has_ended(const struct roster *r);
/** Persons who are in or on the way in. */
size_t roster_count(const struct roster *r);
/** Of these, those who are in. */
size_t roster_connected(const struct roster *r);
/** False: is not here. `ret` (may be NULL) has views, valid until the next change of this person. */
bool roster_find(const struct roster *r, struct str who, struct roster_person *ret);
/** How others know this person: their alias when they are anonymous, else their URI; STR_NULL: is not here. */
struct str roster_shown(const struct roster *r, struct str who);
/** Persons in or on the way in, `after` one (empty: the first), in order of change. False: no more. */
bool roster_walk(const struct roster *r, struct str after, struct roster_person *ret);

/* ---- What is told ---- */

/** A subscriber's place. */
struct roster_place {
	uint64_t told;    /**< all changes up to this number have been told */
	uint64_t since;   /**< who had gone by this number is not spoken of */
	uint64_t renewed; /**< number of the last change when the last full document was begun */
	uint64_t about;   /**< number of the last change of the conference itself that was told */
	uint32_t version; /**< of the last document */
};

struct roster_view {
	struct str who; /**< the subscriber, canonical: sees themself as they are */
	bool tells_own; /**< the subscriber's client knows yourown="true" */
	bool full;      /**< all of it is asked for */
};

/** The place of one who has been told nothing. */
void roster_place_init(struct roster_place *p, const struct roster *r);
/** There is something that has not been told at this place. */
bool roster_has_news(const struct roster *r, const struct roster_place *p);
/**
 * Appends the next document for this place and moves the place on; the document is a full one also when too much
 * has been forgotten. Afterwards roster_has_news says whether more follows. When `out` fails the place
 * is where it was.
 */
void roster_tell(const struct roster *r, struct roster_place *p, const struct roster_view *v,
		 struct buf *out);

#endif
