/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Retrieval: a user asks the deferred or the history function for what it keeps for them (digest c3 "Retrieval", c4;
 * docs/decisions/0015).
 *
 * A session, in order. An INVITE to the function's URI has passed the originating gates (the originator is known and
 * may use the service) and comes in here. Its body says what is wanted (asked.h): references in a resource list
 * beside the SDP, or nothing: everything. Its SDP says in which form: who takes message/cpim gets the messages,
 * who takes only the list's type gets the list. The first thing to give is looked for (walk.h); there is none: 404.
 * Then 200, a=sendonly; the caller connects, and
 *   - each message is sent, oldest first, one after the other, as message/cpim with its original From, To and
 *     DateTime (give.c; large ones are read from disk as they leave), or
 *   - the list is sent, one page of it (listing.c).
 * Behind the last 200 of MSRP the server sends BYE.
 *
 *     LOOKING --found--> ANSWERED --bound--> GIVING --all given--> gone, by BYE
 *        '--nothing: 404    '--30 s: BYE        '--60 s without progress, 408, lost: BYE with a Reason
 *
 * Deferred messages that the device has answered with 200 are noted as delivered to it before the next one leaves
 * (im/handout.h): what was fetched is not pushed.
 *
 * A MESSAGE with a resource list of references deletes them (removal.c): 200, or 404 when none of them is there. What
 * belongs to somebody else is not there: who may not see it does not learn of it.
 *
 * The process stops: what is under way ends after the message at hand.
 */
#ifndef IM_RETRIEVAL_RETRIEVAL_H
#define IM_RETRIEVAL_RETRIEVAL_H

#include "im/event.h"
#include "im/handout.h"
#include "im/request.h"
#include "sip/dialog.h"
#include "store/store.h"

struct msrp_endpoint;
struct retrievals;

/** Sessions and deletions at one time, in all and of one user: a person has a few devices. */
#define RETRIEVALS_MAX 1000
#define RETRIEVALS_USER_MAX 4
/** References of one request: a page of a list and more. */
#define RETRIEVAL_REFERENCES_MAX 500
/** The 200 is out: the caller connects, or is gone. */
#define RETRIEVAL_BIND_MS 30000
/** Nothing has left for so long: the caller reads no more. */
#define RETRIEVAL_IDLE_MS 60000
/** Items of a list when the request does not say, and at the most; and its bytes. */
#define RETRIEVAL_LIST_DEFAULT 50
#define RETRIEVAL_LIST_MAX 200
#define RETRIEVAL_LIST_BYTES (128u << 10)
/** Pages of the store that one list looks through for a text; then it is told how to go on. */
#define RETRIEVAL_SCANS_MAX 50

struct retrievals_params {
	struct sip *sip;                  /**< borrowed */
	struct sip_dialogs *dialogs;      /**< borrowed */
	struct msrp_endpoint *msrp;       /**< borrowed; NULL: MSRP is spoken nowhere, 488 */
	struct store *store;              /**< a reference is taken */
	const struct im_handout *handout; /**< of deferred messages; borrowed */
	struct im_events *events;         /**< borrowed */
	struct im_addresses addresses;    /**< borrowed */
	bool trust; /**< peers are a core: requests go back by their route, not by the way they came */
};

/** Counted. */
int retrievals_alloc(struct retrievals **ret, const struct retrievals_params *p);
/** How long history is kept: the list says when an entry goes; 0: never. At any time. */
void retrievals_set_history_expiry(struct retrievals *rs, uint64_t expiry_s);
/** Takes a request to one of the two URIs; it will be answered. `r` is borrowed for the call. */
void retrievals_receive(struct retrievals *rs, struct im_request *r);
/** Nothing new (503). */
void retrievals_stop(struct retrievals *rs);
/** At once, before the engine goes. */
void retrievals_close(struct retrievals *rs);
size_t retrievals_under_way(const struct retrievals *rs);
void retrievals_counters_register(void);

#endif
