/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A request of ours that waits for its answer (RFC 4975 7.1.1): 30 s from when its last byte left, then
 * it fails with 408. Found by its transaction id, which is a random number we keep as such.
 */
#ifndef MSRP_TRANSACTION_H
#define MSRP_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "msrp/deadline.h"
#include "msrp/frame.h"
#include "msrp/session.h"

struct msrp_transaction;

/** 0: connection or session went. The transaction is gone when it is called. */
typedef void(msrp_transaction_cb)(struct msrp_session *s, uint16_t status, void *owner, void *arg);

struct msrp_transaction {
	struct hash_link hash;
	struct list_link of_session, of_connection;
	struct deadline due;
	struct msrp_session *session;
	struct msrp_connection *c;
	msrp_transaction_cb *done;
	void *owner, *arg;
	struct msrp_transaction **slot; /**< until it is sent: who points to it; NULL: nobody */
	uint64_t end_at;                /**< connection's `written` behind its last byte */
	bool timed;                     /**< otherwise it is forgotten in silence: done with 200 */
};

/** With a new tid. NULL: no memory. */
struct msrp_transaction *msrp_transaction_begin(struct msrp_session *s, struct msrp_connection *c,
						char tid[static MSRP_TID_MADE],
						msrp_transaction_cb *done, void *owner, void *arg);
/** Its last byte is written: time runs. */
void msrp_transaction_sent(struct msrp_transaction *t, bool timed);
/** An answer came; it may be to nothing. */
void msrp_transaction_answer(struct msrp_connection *c, const struct msrp_frame *f);
void msrp_transaction_finish(struct msrp_transaction *t, uint16_t status);
/** The same for one who keeps the session alive, or is its end. */
void msrp_transaction_end(struct msrp_transaction *t, uint16_t status);
/** Forgotten without a call. */
void msrp_transaction_cancel(struct msrp_transaction *t);
/** Falls due in ep->unanswered. */
void msrp_transaction_overdue(struct deadline *d, void *ep);
/** Of this session whose owner is `owner`: forgotten. */
void msrp_transactions_forget(struct msrp_session *s, const void *owner);

#endif
