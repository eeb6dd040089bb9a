/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A large message or a file as its recipient: what comes in the session is given to the program piece by piece, an
 * envelope of CPIM taken off first; reports that were asked for go back in Pager Mode. The sender closes
 * the session; when it does not, TAKING_IDLE_MS after the end it is closed here.
 */
#ifndef CLIENT_TAKING_H
#define CLIENT_TAKING_H

#include "client/session.h"

/** After the message has ended; also while nothing of it comes. */
#define TAKING_IDLE_MS 60000
/** Headers of CPIM and of the content in it. */
#define TAKING_ENVELOPE_MAX 8192

extern const struct session_owner taking_owner;

/** The owner's state of an invited session. -ENOMEM. */
int taking_init(struct parley_session *s);

#endif
