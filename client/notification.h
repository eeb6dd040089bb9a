/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Reports on messages received: IMDNs (RFC 5438 7.2) sent back in Pager Mode, and forgotten.
 */
#ifndef CLIENT_NOTIFICATION_H
#define CLIENT_NOTIFICATION_H

#include "body/cpim.h"
#include "body/imdn.h"
#include "client/account.h"

/**
 * For the message `c` of `sender` ("" for one who is anonymous). Nothing is sent to a sender who is anonymous, and
 * none beyond ACCOUNT_REPORTS_MAX at a time (counted).
 */
void notification_send(struct parley *p, struct str sender, const struct cpim *c,
		       enum imdn_kind kind, enum imdn_status status);
/**
 * The same as a body of type message/cpim, for who sends it himself: appended to `b`. False: it cannot be made.
 */
bool notification_encode(struct parley *p, struct str sender, const struct cpim *c,
			 enum imdn_kind kind, enum imdn_status status, struct buf *b);
/** All that are under way are given up. */
void notification_done(struct parley *p);

#endif
