/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Messages that leave in a session, one after the other, each read while it is sent: an envelope in memory, then the
 * content, in memory or from a source. The network's pace is the reader's.
 *
 * What is put before MSRP is bound waits; outbox_go starts it. It leaves at the end of the turn: behind the answer to
 * what it may be about. `done` comes once for each, never before
 * outbox_put returns: with the status of MSRP, 0 when the session went first.
 */
#ifndef CLIENT_OUTBOX_H
#define CLIENT_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "client/session.h"
#include "msrp/send.h"

struct outbox_message;

struct outbox_handler {
	/** Bytes given to MSRP so far, envelope included. May be NULL. */
	void (*progress)(struct outbox_message *m, uint64_t at, void *arg);
	/** `failed`: the source did, with this -errno; else 0. */
	void (*done)(struct outbox_message *m, uint16_t status, int failed, void *arg);
};

struct outbox {
	struct parley_session *s; /**< borrowed */
	struct list messages;
	struct deferred_call soon;
	bool going;
};

struct outbox_params {
	struct str type;                    /**< Content-Type as it is sent */
	struct str envelope;                /**< copied */
	struct str content;                 /**< copied; or else: */
	const struct parley_source *source; /**< copied; NULL: content */
	bool success_report;
	const struct outbox_handler *handler;
	void *arg;
	uint32_t number; /**< the caller's */
};

struct outbox_message {
	struct list_link link;
	struct outbox *box;
	struct msrp_send *sending; /**< NULL: it waits */
	struct buf head;           /**< envelope, and content in hand */
	struct parley_source source;
	struct str type;
	char *type_text;
	uint64_t size, at; /**< of all of it */
	bool success_report, written;
	int failed;
	uint32_t number;
	const struct outbox_handler *handler;
	void *arg;
};

void outbox_init(struct outbox *b, struct parley_session *s);
/** All are dropped without a word; those under way are aborted. */
void outbox_done(struct outbox *b);
/** -ENOBUFS, -ENOMEM. *ret (may be NULL) is borrowed until `done`. */
int outbox_put(struct outbox *b, struct outbox_message **ret, const struct outbox_params *p);
/** MSRP is bound. */
void outbox_go(struct outbox *b);
/** Message-ID in MSRP; STR_NULL: not begun. */
struct str outbox_id(const struct outbox_message *m);

#endif
