/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A chat whose other side is a focus (RFC 4579): a group's. Known by the isfocus in a Contact of the focus's, in
 * its answer to our INVITE or in its INVITE to us; then
 *
 *     who is there       the conference's state is subscribed to (conference_watch.h)
 *     who says what      the CPIM envelope tells, and to whom we speak (RFC 7701 6.1, 6.2)
 *     adding, removing   REFER in the session's dialog (group_request.h); nicknames: NICKNAME of MSRP
 *     a lost connection  the session is called again by its Session Identity, with a growing pause; where that is
 *                        not known any more, by the group's URI or anew through the factory, if it was us who had
 *                        it made (digest b 13)
 *
 * A group made on the spot is an INVITE to the factory with the list of its members (RFC 5366; group_invite.c).
 */
#ifndef CLIENT_GROUP_CHAT_H
#define CLIENT_GROUP_CHAT_H

#include "body/cpim.h"
#include "body/iscomposing.h"
#include "body/resource_lists.h"
#include "client/conference_watch.h"
#include "client/session.h"

/** The first attempt to come back, spread by as much again: a server that restarts loses all at once. */
#define GROUP_CHAT_RETRY_MS 500
/** The pause doubles with each attempt up to this. */
#define GROUP_CHAT_RETRY_MAX_MS 60000
/** Since the loss; then it is over. */
#define GROUP_CHAT_PATIENCE_MS (15 * 60 * 1000)
/** A chat that became a group: until its other side must have followed. */
#define GROUP_CHAT_FOLLOW_MS 30000
/** People who are shown as writing at the same time; of more nothing is told. */
#define GROUP_CHAT_WRITERS_MAX 32

struct chat;

/** Embedded in struct chat. */
struct group_chat {
	struct chat *chat;
	struct conference_watch watch;
	struct list writers;           /**< people who have been writing */
	struct list requests;          /**< of struct group_request */
	struct resource_item *members; /**< of a group that we have made, in the session's texts */
	size_t members_n;
	const char *first_to; /**< whom we called at first; NULL: we were called */
	/**
	 * A reference: the chat that this one takes the place of. Invited, we end it once this one stands; else the
	 * one whom we have brought along does, and we when they are here or do not come.
	 */
	struct parley_session *instead;
	struct timer follow;
	char *nickname;    /**< NULL: none was ever wanted */
	uint32_t numbers;  /**< of requests */
	bool joined;       /**< it stood */
	bool anew;         /**< the next INVITE makes it, or makes it once more */
	bool away;         /**< it was lost, and is being called */
	unsigned attempts; /**< since then */
	uint64_t lost_ms;
};

/* ---- group_chat.c ---- */

void group_chat_init(struct group_chat *g, struct chat *c);
void group_chat_done(struct group_chat *g);
/** The other side is a focus. */
bool group_chat_is(const struct group_chat *g);
/** MSRP is bound. */
void group_chat_up(struct group_chat *g, bool first);
/** It would be over: true: it is called again. */
bool group_chat_again(struct group_chat *g, enum parley_why why, const struct exchange_end *e);
/** It is over. */
void group_chat_over(struct group_chat *g);
/** To whom we speak when nobody is named: the conference. */
struct str group_chat_address(const struct group_chat *g);

/* ---- group_said.c ---- */

struct group_speaker {
	const char *uri, *name; /**< in the arena given; "" for anonymous, none */
	bool in_private;        /**< not to the conference */
};
/** Who says this. -EBADMSG: it does not tell; -ENOMEM. */
int group_said_speaker(const struct group_chat *g, struct group_speaker *ret, const struct cpim *c,
		       struct arena *a);
void group_said_composing(struct group_chat *g, const struct group_speaker *who,
			  const struct iscomposing *i);
/** A message of theirs came. */
void group_said_heard(struct group_chat *g, const struct group_speaker *who);
/** Nobody is writing any more, and nothing is told of it. */
void group_said_done(struct group_chat *g);

/* ---- group_invite.c ---- */

/** The members of a group to be made; `extends` may be NULL. -EINVAL: a URI is none, or too many; -ENOMEM. */
int group_invite_list(struct group_chat *g, const struct parley_chat_params *params);
/** As session_owner.invite. */
int group_invite_put(struct group_chat *g, struct buf *headers, struct buf *type, struct buf *body);
/** The group's part of an invitation that came; texts are the session's. -ENOMEM. */
int group_invite_take(struct group_chat *g, const struct sip_msg *m, struct parley_invitation *ret);

#endif
