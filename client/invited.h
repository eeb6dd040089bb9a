/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An INVITE that comes in: what is it, does the program want it, who takes it from there.
 *
 * Judged in this order: is there MSRP in its SDP that can be spoken (488), are there too many sessions (486); then
 * the program's word. An INVITE without SDP is a chat unless a tag says otherwise.
 */
#ifndef CLIENT_INVITED_H
#define CLIENT_INVITED_H

#include "client/session.h"

void invited(struct parley *p, struct sip_server_txn *st, const struct sip_msg *m,
	     const struct sip_source *src);

#endif
