/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Third-party REGISTER (3GPP TS 24.229 5.4.1.7 and 5.7.1.1): the core tells that a user of a served
 * domain has registered, refreshed or left. To is the user, Contact the core itself, Expires how
 * long; the devices' own features are known when the body carries the device's REGISTER
 * (message/sip), alone or in a multipart/mixed beside the service information and the response to it.
 */
#ifndef SERVER_THIRD_PARTY_H
#define SERVER_THIRD_PARTY_H

#include "sip/sip.h"
#include "subscriber/reg_event.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"

struct third_party;

struct third_party_params {
	struct loop *loop;
	struct subscribers *subscribers; /**< references are taken */
	struct registrations *registrations;
	struct reg_events *reg_events; /**< told who comes and leaves; NULL: nobody is */
	uint32_t min_expires_s, max_expires_s;
};

/** Counted. */
int third_party_alloc(struct third_party **ret, const struct third_party_params *p);
/** From a trusted peer; answers it when the change is on disk. */
void third_party_register(struct third_party *tp, struct sip_server_txn *st,
			  const struct sip_msg *m, const struct sip_source *src);

#endif
