/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who is writing, either way (RFC 3994 3.2, 3.3).
 *
 *   ours:    IDLE --typing--> ACTIVE --ISCOMPOSING_IDLE_S without a key--> IDLE      each tells the other side
 *                             ACTIVE --the message is sent--> IDLE                  the message tells it
 *                             ACTIVE --COMPOSING_AGAIN_S--> ACTIVE                  tells it again
 *   theirs:  IDLE --"active"--> ACTIVE --"idle", a message, the time it holds--> IDLE
 */
#ifndef CLIENT_COMPOSING_H
#define CLIENT_COMPOSING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timer.h"
#include "body/iscomposing.h"

/** How long our "active" holds, as it says itself. */
#define COMPOSING_REFRESH_S 120
/** Before that has passed it is told again. */
#define COMPOSING_AGAIN_S 100

struct composing;

struct composing_handler {
	/** The other side is to be told. */
	void (*tell)(struct composing *c, bool active, void *arg);
	/** The other side's state has changed. */
	void (*show)(struct composing *c, bool active, void *arg);
};

/** Embedded; zeroed it does nothing. */
struct composing {
	struct timers *timers;
	const struct composing_handler *handler;
	void *arg;
	bool ours, theirs;
	struct timer idle, again, holds;
};

void composing_init(struct composing *c, struct timers *timers, const struct composing_handler *h,
		    void *arg);
void composing_done(struct composing *c);
/** A key. */
void composing_typing(struct composing *c);
/** Our message left. */
void composing_sent(struct composing *c);
/** Theirs came. */
void composing_heard(struct composing *c);
/** Their state came. */
void composing_take(struct composing *c, const struct iscomposing *i);

#endif
