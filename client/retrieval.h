/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the server keeps, fetched: a session to the history or the deferred function in which it sends, and we only
 * receive (digest c3; docs/decisions/0015). Who offers message/cpim gets the messages, each one MSRP message; who
 * offers the list's type alone gets the list. The server ends the session behind the last of it, and says in
 * the Reason of its BYE whether that was all.
 */
#ifndef CLIENT_RETRIEVAL_H
#define CLIENT_RETRIEVAL_H

#include "body/history_reference.h"
#include "client/session.h"

/** A list: the server's ceiling and more. */
#define RETRIEVAL_LIST_BYTES_MAX (256u << 10)
/** CPIM head of one message. */
#define RETRIEVAL_ENVELOPE_MAX 16384
/** Texts of a selection. */
#define RETRIEVAL_TEXT_MAX (1u << 20)

/** The function's URI, as given or by its usual name. */
bool retrieval_put_service(const struct parley *p, const struct parley_selection *s, struct buf *b);
/** It is a reference, to one thing or to several; else -EINVAL. -ENOMEM. */
int retrieval_check_reference(const char *text);

#endif
