/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An incoming MESSAGE: what is in it, the answer to it, who is told, what is reported back.
 *
 * The answer leaves first (200, or 400, 415, 480), then the user is told: RFC 5438 12.1.3.1 wants a 2xx to
 * have been sent before anything is reported. A message that was shown before, and is sent again because
 * its answer was lost, is answered again and not shown again.
 */
#ifndef CLIENT_INCOMING_H
#define CLIENT_INCOMING_H

#include "client/account.h"

void incoming_message(struct parley *p, struct sip_server_txn *st, const struct sip_msg *m);

#endif
