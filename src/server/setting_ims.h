/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The IMS setting: an application server behind an IMS core (3GPP TS 24.229 5.7).
 *
 * Who sends: what a configured peer asserts (P-Asserted-Identity), and nobody else may. On which
 * side: P-Served-User decides (RFC 5502); else the mark in the Route entry that led here (`orig`, as
 * the core's filter criteria are configured); else whose user the Request-URI, then the sender, is.
 * Where it goes: back along the Route set, or to ims.next-hop when there is none. Who is registered:
 * third-party REGISTER from the core; with ims.reg-event the core is asked with which devices
 * (subscriber/reg_event.h).
 */
#ifndef SERVER_SETTING_IMS_H
#define SERVER_SETTING_IMS_H

#include "im/route.h"
#include "server/config.h"
#include "server/dispatch.h"
#include "sip/dialog.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"

struct setting_ims;

struct setting_ims_params {
	struct sip *sip;
	struct sip_dialogs *dialogs;
	struct subscribers *subscribers;
	struct registrations *registrations;
	const struct config_strs *peers; /**< HOST, HOST:PORT, or a certificate name; borrowed */
	struct str next_hop;             /**< URI; borrowed; empty: none */
	bool reg_event;
	uint32_t min_expires_s, max_expires_s;
};

/** Counted. -EINVAL: a peer or the next hop makes no sense (config_load has checked both). */
int setting_ims_alloc(struct setting_ims **ret, const struct setting_ims_params *p);
/** The table of registrations has been read from the store. */
void setting_ims_restored(struct setting_ims *s);
const struct dispatch_setting *setting_ims_dispatch(struct setting_ims *s);
const struct im_setting *setting_ims_im(struct setting_ims *s);

#endif
