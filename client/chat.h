/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A conversation: an IM session (seed 001), whoever began it. Texts go in CPIM where the other side takes that, with
 * reports asked for and given inside the session (RFC 5438 12.2), and who is writing is told (RFC 3994).
 */
#ifndef CLIENT_CHAT_H
#define CLIENT_CHAT_H

#include "client/session.h"

/** Messages that come in at the same time, in pieces. */
#define CHAT_PARTIALS_MAX 16
/** Envelope of a message in CPIM. */
#define CHAT_ENVELOPE_MAX 4096

/** The owner's state of an invited session. -ENOMEM. */
int chat_init(struct parley_session *s);
/** 0: the SDP taken leaves something to talk with; -EMEDIUMTYPE. */
int chat_judge(struct parley_session *s);

#endif
