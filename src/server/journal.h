/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The journal: what became of the latest messages, in memory, so that an operator can ask "where is this
 * message, and why".
 *
 * It listens to im/event.h and keeps who, to whom, what and why of each outcome, found again by Call-ID
 * or IMDN Message-ID. It is bounded twice, by entries and by bytes of text: the oldest go. Memory is
 * taken from the system only as it fills. Noting costs two hashes and a copy; finding looks at all
 * entries, which is what an operator's question may cost.
 */
#ifndef SERVER_JOURNAL_H
#define SERVER_JOURNAL_H

#include "base/loop.h"
#include "im/event.h"

/** Some minutes of a busy server, days of a quiet one; 6 MB when full. */
#define JOURNAL_ENTRIES_MAX 100000
/** Addresses and reasons: a hundred bytes for each. */
#define JOURNAL_BYTES_MAX (10u << 20)
/** Bytes of one text; longer ones are cut. */
#define JOURNAL_TEXT_MAX 512

struct journal;

struct journal_entry {
	int64_t at_ms; /**< wall clock */
	enum im_outcome outcome;
	enum im_kind kind;
	enum im_side side;
	uint16_t status;
	uint32_t took_ms;
	uint32_t recipients; /**< IM_REPORTED */
	uint64_t size;
	struct str originator, recipient, reason; /**< valid until the callback returns */
};

/** Counted. `events` must not tell anything after the last reference. -ENOMEM. */
int journal_alloc(struct journal **ret, struct loop *loop, struct im_events *events,
		  size_t entries_max, size_t bytes_max);

typedef void(journal_entry_cb)(const struct journal_entry *e, void *arg);
/**
 * All entries with this Call-ID or Message-ID, the notifications on those messages, and what became of them. In the
 * order in which they happened; how many.
 */
size_t journal_find(const struct journal *j, struct str id, journal_entry_cb *each, void *arg);

#endif
