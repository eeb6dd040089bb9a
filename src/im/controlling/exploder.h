/* SPDX-License-Identifier: Apache-2.0 */
/**
 * MESSAGE to many without a session: to those in a recipient list (RFC 5365; digest b row 5) and to the members of a
 * group (digest b row 4).
 *
 *   exploder_receive      who asks is known, their originating gates are passed
 *     judged              the list read and bounded; or the rules of the group (MEMBERSHIP_SEND)
 *     posted              one mailing with all recipients (mailer.h); on disk
 *     202                 RFC 5365 7: "the MESSAGE URI-list service answers to the UAC with a 202"
 *     one each            by requests of our own, never to the sender themself
 *
 * To a list: From and the asserted identity are the sender's (RFC 5365 7.2); who is to or cc is told of the others in
 * a recipient-list-history, without bcc, and without those who are to be anonymous (RFC 5364 4).
 *
 * To a group: From is the sender, P-Asserted-Identity the group (as CTL-PRV-4b has it in a session), Referred-By the
 * sender. A disposition notification that comes to a group goes only to whom its CPIM To names: who has sent what it
 * is about (digest b row 21). isComposing to a group goes nowhere.
 *
 * The From of a message/cpim must be the sender (digest c12: RFC 7701's rule), or anonymous when they ask for privacy;
 * the object itself is passed on byte for byte (RFC 3862 2.2).
 */
#ifndef IM_CONTROLLING_EXPLODER_H
#define IM_CONTROLLING_EXPLODER_H

#include "im/controlling/mailer.h"
#include "im/request.h"

struct exploder;
struct group;

/** Recipients of one list: as many as a group can have. */
#define EXPLODER_RECIPIENTS_MAX 500
/** Memory of one decoded list. */
#define EXPLODER_LIST_MEMORY_MAX (512u << 10)
/** Lines that the URI of one recipient may add to their request. */
#define EXPLODER_URI_HEADERS_MAX 1024

struct exploder_params {
	struct sip *sip;
	struct mailer *mailer;    /**< a reference is taken */
	struct im_events *events; /**< borrowed */
	struct im_addresses addresses;
};

/** Counted. */
int exploder_alloc(struct exploder **ret, const struct exploder_params *p);
/** Messages that are being written: they are answered 503. */
void exploder_stop(struct exploder *e);
void exploder_counters_register(void);
size_t exploder_under_way(const struct exploder *e);

/**
 * Takes a MESSAGE, originator set, and answers it. `g`: the group that its Request-URI names, a reference is taken when
 * it is needed; NULL: it is to the exploder or the factory, with a list.
 */
void exploder_receive(struct exploder *e, struct im_request *r, struct group *g);

#endif
