/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside libparley: one account at work, and what its files share.
 *
 * parley.c opens and closes it; exchange.c sends one request and sees it through; registration.c,
 * keepalive.c and send.c are made of exchanges; receive.c answers what comes in, incoming.c reads the
 * content, notification.c reports back. session.c is one call with its MSRP session (session_sdp.c,
 * media.c); large.c sends in one, taking.c receives in one, chat.c does both; with a group, group_chat.c
 * and its pieces besides, of which conference_watch.c and roster_view.c know who is there.
 *
 * Every entry from the loop (a response, a request, a timer) is framed by account_enter and
 * account_leave: parley_close inside a callback takes effect when the last frame is left.
 */
#ifndef CLIENT_ACCOUNT_H
#define CLIENT_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "parley.h"

#include "base/addr.h"
#include "base/counter.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/tls.h"
#include "client/registration.h"
#include "msrp/endpoint.h"
#include "sip/digest.h"
#include "sip/invite.h"
#include "sip/sip.h"

/** Registration asked for, when the account does not say. */
#define ACCOUNT_EXPIRES_S 3600
/** Longest parameter of an account: no name or password is longer. */
#define ACCOUNT_TEXT_MAX 512
/** "urn:uuid:" and 36 digits and hyphens. */
#define ACCOUNT_INSTANCE_N 45
/** Messages remembered, so that one that is sent again is shown once. */
#define ACCOUNT_SEEN_MAX 256
/** Reports under way: their number is chosen by those who ask for them. */
#define ACCOUNT_REPORTS_MAX 64

/** Sessions at once: invitations come in a number that others choose. */
#define ACCOUNT_SESSIONS_MAX 256

/** Feature tags of an IM client, and of a large message (notes A-2: in Contact and Accept-Contact). */
#define ACCOUNT_TAGS ";+g.oma.sip-im"
#define ACCOUNT_TAGS_LARGE ";+g.oma.sip-im;+g.oma.sip-im.large-message"

/** Challenges answered before, so that the next request brings its credentials at once. */
struct credentials {
	struct digest_client of[2]; /**< 0: WWW-Authenticate; 1: Proxy-Authenticate */
	bool have[2];
};

struct parley {
	struct loop *loop;
	struct sip *sip;
	struct dns *dns;
	bool dns_ours;
	struct tls_config *tls;

	char *aor;                  /**< "sip:alice@example.org" */
	char *user;                 /**< its user part, as written */
	char *registrar;            /**< "sip:example.org" */
	char *domain;               /**< "example.org" */
	char *auth_user, *password; /**< password NULL: none */
	char *display_name;         /**< "" for none */
	char *product;
	char *access_network; /**< NULL: none */
	char *server;         /**< URI of the next hop of every request */
	bool server_given, ims, reports_only;
	uint32_t expires_s;
	char instance[ACCOUNT_INSTANCE_N + 1];
	char token[17]; /**< user part of our Contact begins with the user and ends in this */

	const struct parley_handler *handler;
	void *arg;

	struct credentials request_auth; /**< 407 of requests */
	struct credentials register_auth;
	struct registration registration;
	struct sip_dialogs *dialogs;
	struct sip_invite_profile call_profile;
	struct msrp_endpoint *media; /**< NULL: no session was ever */
	struct tls_config *media_config;
	char *certificate_file, *key_file, *ca_file; /**< NULL: none */
	struct addr local;                           /**< to receive on, port 0 */
	bool local_known, media_tls, tls_no_verify;
	bool behind_nat; /**< the server sees us under another address: nobody can connect to us */
	struct timer quiet; /**< leaving: until the last dialog is gone */
	struct list sessions;
	struct list exchanges;
	struct list sendings;
	struct list reports;
	struct list removals;            /**< removal.c */
	uint64_t seen[ACCOUNT_SEEN_MAX]; /**< ring of fingerprints */
	unsigned seen_at;

	unsigned inside; /**< callbacks on the stack */
	bool closed;
	struct deferred_call release;
};

extern struct counter client_c_messages, client_c_refused, client_c_duplicates,
	client_c_reports_dropped;

void account_enter(struct parley *p);
void account_leave(struct parley *p);

/** "Our Contact": <sip:user.token@host:port;transport=…>, for what leaves over this hop. */
void account_put_contact(const struct parley *p, const struct sip_hop *hop, struct buf *b);
/** The Request-URI is our Contact, or the account's own address. */
bool account_is_us(const struct parley *p, struct str uri);
/** Random bytes as lower-case hexadecimal digits; `n` of them, and a NUL. */
void account_put_random(struct parley *p, char *text, unsigned n);

/* identity.c */
/** RFC 5626 4.1: a URN that stays the same for this account and device. */
void account_make_instance(struct parley *p, struct str device);
/**
 * "HOST[:PORT][;transport=…]" to a URI. -EINVAL with a sentence. "localhost" becomes 127.0.0.1
 * (RFC 6761 6.3: it needs no DNS).
 */
int account_server_decode(struct buf *uri, enum sip_transport_kind *ret_kind, struct str text,
			  struct buf *error);

/* local.c */
/** The address from which `peer` is reached, with port 0. -errno of the system. */
int account_local_towards(struct addr *ret, const struct addr *peer);

/* headers.c: what every initial request bears (seed 002 5.2.1.1). */
void account_put_product(const struct parley *p, struct buf *b);
void account_put_allow(struct buf *b);
void account_put_initial(const struct parley *p, struct buf *b, bool anonymous);
/** Of an INVITE: what the call itself (sip/invite.h) does not add. */
void account_put_invite(const struct parley *p, struct buf *b, bool anonymous, bool large,
			struct str subject);
/** The value of Allow. */
struct str account_allowed(void);
/** Those of a SUBSCRIBE outside a session; its dialog adds User-Agent and what it knows. */
void account_put_subscribe(const struct parley *p, struct buf *b, bool anonymous);
/** A From value: anonymous or ours, with this tag. */
void account_put_from(const struct parley *p, struct buf *b, bool anonymous, struct str tag);

#endif
