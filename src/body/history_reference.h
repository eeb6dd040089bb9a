/* SPDX-License-Identifier: Apache-2.0 */
/**
 * By what a kept message is asked for: the URI of the function that keeps it, with what is meant as parameters.
 *
 *     sip:history@example.org;id=1806226432001024                 one message
 *     sip:history@example.org;conversation=1806226432001025       those of one session
 *     sip:history@example.org;with=sip:bob%40example.org;limit=20 those that this says
 *     sip:history@example.org                                     all of them
 *
 * What stands in history-reference (digest c3, e4, e5) is the first or second form, and clients may treat it as
 * opaque; the others are asked by whoever looks for something (docs/decisions/0015). A parameter that is not known
 * makes the whole no reference: what is asked to be deleted must not become more by it.
 */
#ifndef BODY_HISTORY_REFERENCE_H
#define BODY_HISTORY_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"

/** Bytes of a reference: a service's URI, a peer's, and a text that is looked for, escaped. */
#define HISTORY_REFERENCE_MAX 4096
/** Bytes of a text that is looked for. */
#define HISTORY_REFERENCE_TEXT_MAX 512

struct history_reference {
	struct str service;    /**< URI of the function, without these parameters */
	uint64_t id;           /**< of one message; 0: not named */
	uint64_t conversation; /**< 0: of any or none */
	struct str with;       /**< URI of the other party; empty: anybody */
	struct str text;       /**< that the message has; empty: any */
	int64_t since_ms;      /**< kept then or later; all times since 1970 */
	int64_t until_ms;      /**< kept before; 0: no end */
	uint64_t after;        /**< behind this id: the next page; 0: from the first */
	uint32_t limit;        /**< so many; 0: not said */
	bool sessions;         /**< conversations, not the messages in them */
};

/** -EBADMSG: no such reference; -ENOBUFS: it or the arena is full. */
int history_reference_decode(struct history_reference *ret, struct str uri, struct arena *a);
/** Appends it. */
void history_reference_encode(struct buf *out, const struct history_reference *r);
/** It names one message and nothing besides. */
bool history_reference_is_one(const struct history_reference *r);
/** It picks by peer, time or text, or bounds how many. */
bool history_reference_selects(const struct history_reference *r);

#endif
