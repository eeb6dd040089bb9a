/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What comes in: each request is answered here, and shown to whom it concerns.
 *
 * In order: is it for us (404); does it ask for what we do not know (420); then by method: MESSAGE
 * (incoming.c), OPTIONS, INVITE (invited.c); BYE and all else of a dialog that there is none of (481): those
 * inside a dialog were taken before; the rest is not spoken (405).
 */
#ifndef CLIENT_RECEIVE_H
#define CLIENT_RECEIVE_H

#include "base/mem.h"
#include "client/account.h"

void receive_request(struct parley *p, struct sip_server_txn *st, const struct sip_msg *m,
		     const struct sip_source *src);

/** Media types that a MESSAGE may bring; also inside CPIM. */
#define RECEIVE_ACCEPT "text/*, message/cpim, message/imdn+xml, application/im-iscomposing+xml"

/** Header lines and a Warning with this sentence, for an answer that should explain itself. */
void receive_refuse(struct sip_server_txn *st, uint16_t status, struct str sentence);
/** The value of a header as text that ends in NUL, in `a`. NULL: out of room. */
const char *receive_text(struct arena *a, struct str s);
/** Who sends, as the network asserts it (RFC 3325 9.1), else as From says. -EBADMSG. */
struct sip_name_addr;
int receive_sender(struct sip_name_addr *ret, const struct sip_msg *m);
/** "", or the URI of the sender. */
struct str receive_sender_uri(const struct sip_msg *m);
/** Display name with its escapes undone. NULL: out of room. */
const char *receive_sender_name(struct arena *a, const struct sip_msg *m);

#endif
