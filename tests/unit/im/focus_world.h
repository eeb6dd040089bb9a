/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The focus whole, on the engine, with a store in memory and a group of which alice is a member: the world of the tests
 * of im/controlling that ask by SIP. Who is asserted is who sends: the gates are not here.
 */
#ifndef UNIT_IM_FOCUS_WORLD_H
#define UNIT_IM_FOCUS_WORLD_H

#include "im/controlling/controlling.h"
#include "im/own.h"
#include "lib/unit.h"
#include "msrp/endpoint.h"
#include "sip/dialog.h"
#include "subscriber/group.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"
#include "unit/sip/engine.h"

#define FRIENDS "sip:friends@example.org"
#define FAR_BOB "sip:bob@192.0.2.21"
#define FACTORY "sip:factory@example.org"
#define SDP                                                                           \
	"v=0\r\no=a 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n" \
	"m=message 2855 TCP/MSRP *\r\na=accept-types:message/cpim\r\n"                \
	"a=setup:active\r\na=path:msrp://192.0.2.20:2855/a1;tcp\r\n"

extern struct focus_world {
	unsigned pass; /**< of whom it is, while it is open */
	struct engine *e;
	struct peer *alice, *bob;
	struct str domain;
	struct buf *why;
	struct store *store;
	struct store_request r;
	int error;
	bool done;
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp;
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct groups *groups;
	struct im_events events;
	struct im_listener listener;
	unsigned told[IM_OUTCOMES];
	struct im_setting setting;
	struct im_own *own;
	struct controlling *c;
	unsigned n;
	char id[CONTROLLING_ID_N];
	size_t rows, connected, persons;
	char identity[64],
		tag[64]; /**< of the session that alice is in: its URI, its tag in her call */
} w;

/** What members of the group may: GROUP_BIT()s; before set_up, or 0: join and initiate. */
extern uint32_t focus_rights;
/** bob is a member, too, of another domain: what goes to him comes to his peer. Before set_up. */
extern bool focus_bob;

/** The service's own. */
struct im_addresses focus_addresses(void);
/** All of it; released at the end of the test. */
void set_up(void);
/** Another focus on the same store. */
int make_focus(void);
/** alice sends it, in the call c1 with her tag a1; `more`: whole lines. */
void request(const char *method, const char *uri, const char *who, const char *to_tag,
	     const char *more, const char *type, const char *body);
void invite(const char *uri, const char *who, const char *more);
/** set_up with these rights of members beside, and she is in her group's session. */
void alice_is_in(uint32_t rights);
/** The last message that has reached a peer; empty: none. */
const char *last(const struct peer *p);
/** alice's last message is a response with this status. */
bool answered(unsigned status);
/** Conferences there are; w.id and w.connected are of the last. */
size_t list(void);
void on_row(const struct conference_info_row *row, void *arg);
void on_person(const struct conference_person_row *row, void *arg);

#endif
