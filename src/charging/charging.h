/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Charging records: one line of JSON for each outcome, appended to a file that a billing system reads.
 *
 *     {"time":"2026-01-01T00:00:00.000Z","event":"deferred","kind":"pager","side":"terminating",
 *      "originator":"sip:alice@example.org","recipient":"sip:bob@example.org","call-id":"1@a",
 *      "icid":"","status":202,"size":12,"reason":""}
 *
 * Events: accepted (the core or another domain took it), delivered, deferred, expired, refused, failed; of a
 * session ended, and reported: so many `recipients` have the message `message-id`, by the far side's count.
 * It listens to im/event.h and knows nothing else of the service. The records of one turn of the loop
 * leave in one write. The file is opened to append and opened anew by charging_reopen (SIGHUP, after the
 * old one was moved away). What cannot be written is counted, and logged once until it can be again:
 * charging never stands in the way of a message.
 */
#ifndef CHARGING_CHARGING_H
#define CHARGING_CHARGING_H

#include "base/loop.h"
#include "im/event.h"

struct charging;

/** Records gathered in one turn beyond it are written at once. */
#define CHARGING_GATHER_MAX (256u << 10)
/** One record: its texts are cut to this. */
#define CHARGING_TEXT_MAX 2048

/**
 * Counted. `path` empty: off until charging_reopen gives one. `events` must not tell anything after the
 * last reference. A file that cannot be opened is logged, and tried again at charging_reopen. -ENOMEM.
 */
int charging_alloc(struct charging **ret, struct loop *loop, struct im_events *events,
		   struct str path);
/** Closes and opens; another path, perhaps. -errno of open, logged already. */
int charging_reopen(struct charging *c, struct str path);
void charging_counters_register(void);

#endif
