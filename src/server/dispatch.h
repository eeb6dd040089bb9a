/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a new request is to this server, before the service sees it. In order:
 *
 *   inside a dialog of the server's own                   the dialog's usage (sip/dialog.h)
 *   may it be forwarded at all (RFC 3261 16.3, 16.4)?     else 483, 482, 420, 416, 400
 *   REGISTER for a domain of ours                         the setting's registrar
 *   inside a dialog that we record-routed                 on along its route set
 *   for the server itself, no user in its Request-URI     OPTIONS 200, others 404
 *   one of the service's own (im/own.h)                   to the service, as terminating
 *   outside a dialog                                      the setting says who sent it and on which
 *                                                         side we stand; then the service (im/im.h)
 *
 * A dialog that came through here bears a token in our Record-Route: a keyed hash of its Call-ID. A
 * request inside a dialog is forwarded to wherever it says only with that token; without it its
 * sender must be authenticated like any other. So nobody uses the server as a relay.
 */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "base/hash.h"
#include "im/im.h"
#include "im/own.h"
#include "sip/dialog.h"
#include "sip/sip.h"

struct dispatch;

/** What differs between the two settings before the service (after it: im/route.h). */
struct dispatch_setting {
	/** Takes a REGISTER and answers it. */
	void (*registration)(struct sip_server_txn *st, const struct sip_msg *m,
			     const struct sip_source *src, void *arg);
	/**
	 * A classified request outside a dialog, or inside one without our token (`in_dialog`): find out
	 * who sends it and which side we are on, then dispatch_to_service or dispatch_along; or answer.
	 */
	void (*request)(struct dispatch *d, struct im_request *r, bool in_dialog, void *arg);
	/** May assert identities. */
	bool (*trusts)(const struct sip_source *src, void *arg);
	/** The hop of a Request-URI that is a device of ours, registered from behind NAT. False: resolve. */
	bool (*device)(struct str uri, struct sip_proxy_target *ret, struct sip_hop *hop,
		       void *arg);
	void *arg;
};

struct dispatch_params {
	struct sip *sip;
	struct im *im;
	struct sip_dialogs *dialogs;            /**< borrowed */
	const struct im_own *own;               /**< borrowed */
	const struct im_addresses *addresses;   /**< borrowed */
	const struct dispatch_setting *setting; /**< borrowed */
};

/** Counted. */
int dispatch_alloc(struct dispatch **ret, const struct dispatch_params *p);
/** From the engine. */
void dispatch_request(struct dispatch *d, struct sip_server_txn *st, const struct sip_msg *m,
		      const struct sip_source *src);
void dispatch_ack(struct dispatch *d, const struct sip_msg *m, const struct sip_source *src);
/** No new work from now on: initial requests get 503. */
void dispatch_stop(struct dispatch *d);

/** For the setting, once it knows: side and originator are set. */
void dispatch_to_service(struct dispatch *d, struct im_request *r);
/** Forwards a request inside a dialog. */
void dispatch_along(struct dispatch *d, struct im_request *r);
/** Classifies again after waiting: `m` is the transaction's copy; false: it was answered meanwhile. */
bool dispatch_resume(struct dispatch *d, struct sip_server_txn *st, struct sip_msg *m,
		     struct im_request *r);
const struct im_addresses *dispatch_addresses(const struct dispatch *d);

#endif
