/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The Deferred Messaging Function whole, on the engine, with a store in memory: the world of the tests of large
 * messages that wait. The gates have let pass what alice sends, and who it is for is away. alice speaks SIP over the
 * engine's peer, and MSRP over a connection of hers.
 */
#ifndef UNIT_IM_DEFERRED_WORLD_H
#define UNIT_IM_DEFERRED_WORLD_H

#include "im/deferred/deferred.h"
#include "lib/unit.h"
#include "msrp/endpoint.h"
#include "msrp_peer.h"
#include "sip/dialog.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"
#include "unit/sip/engine.h"

#define BOB "sip:bob@example.org"
#define OFFER(direction, port)                                                        \
	"v=0\r\no=a 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n" \
	"m=message " port " TCP/MSRP *\r\na=accept-types:*\r\na=" direction           \
	"\r\na=setup:active\r\na=path:msrp://192.0.2.20:2855/a1;tcp\r\n"

extern struct deferred_world {
	unsigned pass; /**< of whom it is, while it is open */
	struct engine *e;
	struct peer *alice;
	struct str domain;
	struct buf *why;
	struct store *store;
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp;
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct im_setting setting;
	struct im_events events;
	struct im_listener listener;
	unsigned told[IM_OUTCOMES];
	char reason[32]; /**< of the last that was told */
	struct deferred *d;
	struct im_allowance allowance;
	struct im_keep keep;
	int took; /**< what `take` returned */
	int kept; /**< what it told */
	unsigned answers;
	struct sip_server_txn *st;
	struct msrp_peer voice; /**< alice's, to our MSRP */
	const char *to;         /**< who her messages are for: BOB */
	struct store_request r;
	struct store_deferred_count count;
	unsigned n;
} w;

/** All of it; released at the end of the test. */
void set_up(void);
/** alice sends it to w.to. */
void request(const char *method, const char *call_id, const char *type, const char *body);
/** alice's last message is a response with this status. */
bool answered(unsigned status);
/** Her session is there: INVITE, 200, ACK, her connection. */
void call(const char *call_id);
void say(const char *tid, const char *id, const char *range, const char *type, const char *body,
	 size_t n, char flag);
/** All of it in one chunk. */
void say_text(const char *tid, const char *id, const char *text);
/** She has heard this status to this transaction. */
bool heard(const char *tid, unsigned status);
/** Messages in the store for w.to; w.count says more. */
uint64_t held(void);

#endif
