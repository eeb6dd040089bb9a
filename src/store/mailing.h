/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Mailings: messages that have been accepted for several recipients and are to be sent to each of them.
 *
 *   add --> waits for n recipients --settle, settle, …--> the last settled: gone, with its content
 *
 * What is written here before the sender hears 202 outlives the process: who has not been settled is served again
 * after a restart. One record has what is the same for all; a recipient costs a row, and settling them deletes it.
 *
 * Content that is too large for a record is a file (store/content.h), which goes with the mailing.
 */
#ifndef STORE_MAILING_H
#define STORE_MAILING_H

#include "store/store.h"

/** Bytes of each text of a record: addresses, types, Message-IDs. */
#define STORE_MAILING_TEXT_MAX 2048
/** Bytes of the header lines of a mailing, and of one recipient's. */
#define STORE_MAILING_HEADERS_MAX (16u << 10)
/** Bytes of the content in the record: no SIP message is larger. */
#define STORE_MAILING_BODY_MAX (256u << 10)
/** Recipients of one mailing. */
#define STORE_MAILING_RECIPIENTS_MAX 2048
/** Mailings of one page of a list, and the bytes at which it ends: with its recipients it fits into a job. */
#define STORE_MAILING_PAGE_MAX 100
#define STORE_MAILING_PAGE_BYTES (2u << 20)

struct store_mailing_recipient {
	uint32_t position;  /**< in the mailing: the key */
	struct str uri;     /**< where to send it */
	struct str who;     /**< canonical identity */
	struct str headers; /**< lines for this recipient alone; empty: none */
};

struct store_mailing {
	uint64_t id;   /**< the caller's, ascending; never used again */
	uint32_t kind; /**< the caller's, as the flags */
	uint32_t flags;
	struct str sender;  /**< canonical identity */
	struct str group;   /**< empty: none */
	struct str call_id; /**< of the request that it came with */
	struct str message_id;
	struct str from;     /**< as it is shown to the recipients */
	struct str headers;  /**< lines, for all recipients */
	struct str type;     /**< of the content */
	struct str body;     /**< with `file`: what of its beginning is to be at hand, or empty */
	struct str file;     /**< name of the content; empty: `body` has it */
	uint64_t size;       /**< bytes of the content */
	int64_t received_ms; /**< wall clock, as all times here */
	int64_t expires_ms;  /**< 0: never */
	const struct store_mailing_recipient *recipient;
	size_t recipients_n;
};

/**
 * Adds it with its recipients (1 … STORE_MAILING_RECIPIENTS_MAX), all or nothing. -EEXIST. Returns -EMSGSIZE at
 * once for what passes a ceiling, -EINVAL for a NUL in a text, or a name of a content that is none.
 */
int store_mailing_add(struct store *s, struct store_request *r, const struct store_mailing *m,
		      store_done_cb *done, void *arg);
/** This recipient is served, or never will be; the mailing goes with its last. -ENOENT. */
int store_mailing_settle(struct store *s, struct store_request *r, uint64_t id, uint32_t position,
			 store_done_cb *done, void *arg);
/** Up to `max` (1 … STORE_MAILING_PAGE_MAX) behind `after`, by id, with those of their recipients who wait. */
int store_mailing_list(struct store *s, struct store_request *r, uint64_t after, size_t max,
		       store_done_cb *done, void *arg);

/** In `done` of list; none: that was all. */
const struct store_mailing *store_mailing_result(const struct store_request *r, size_t *count);

#endif
