/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the server is made of, for the files that put it together: server.c (order of start and stop),
 * server_network.c (what speaks to the outside) and server_service.c (what the service consists of).
 */
#ifndef SERVER_SERVER_STATE_H
#define SERVER_SERVER_STATE_H

#include "base/timer.h"
#include "im/focus.h"
#include "im/own.h"
#include "im/request.h"
#include "server/server.h"

struct server {
	struct loop *loop;
	struct dns *dns;
	bool own_dns;
	struct config *config;
	struct store *store;
	struct tls_config *tls_listen, *tls_connect, *tls_media;
	struct sip *sip;
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp; /**< NULL: MSRP is spoken nowhere */
	struct subscribers *subscribers;
	struct groups *groups;
	struct registrations *registrations;
	struct core *core; /**< embedded setting */
	struct setting_embedded *embedded;
	struct setting_ims *ims; /**< IMS setting */
	struct im_addresses addresses;
	struct im_own *own;
	struct im *im;
	struct controlling *controlling;
	struct im_focus focus;
	struct deferred *deferred;
	struct history *history;
	struct retrievals *retrievals;
	struct charging *charging;
	struct dispatch *dispatch;
	struct traces *traces;
	struct journal *journal;
	struct operator_desk *desk;
	struct admin *admin;
	struct admin_front *front;
	struct timer stop_look;
	uint64_t stop_by_ms;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* ---- server_network.c ---- */

/** The SIP engine, its dialogs, TLS. Nothing is listened on yet. */
int server_sip_start(struct server *s, struct buf *why);
/** MSRP listens, where it is configured to. */
int server_msrp_start(struct server *s, struct buf *why);
/** SIP listens; the last of what can fail for reasons outside. Needs `own`, which learns of them. */
int server_listeners_start(struct server *s, struct buf *why);

/* ---- server_service.c ---- */

/** The setting, and the service with all its functions upon it. */
int server_service_start(struct server *s, struct buf *why);
/** The reloadable options of its functions. */
void server_service_configure(struct server *s, const struct config *c);

#endif
