/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One request of ours, seen through to its end: where to (RFC 3263), written out, sized, sent, a
 * challenge answered (RFC 3261 22), the final response.
 *
 * `done` is called once, never before exchange_start returns. Until then, or instead of it,
 * exchange_cancel ends it without a word; after it, exchange_cancel releases it.
 */
#ifndef CLIENT_EXCHANGE_H
#define CLIENT_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "client/account.h"
#include "sip/msg.h"

struct exchange;

/** What one exchange keeps: URIs, tags, body. */
#define EXCHANGE_MEMORY_MAX (64000 + 16384)
/** Times a challenge is answered in one exchange: the first, and twice more when it was only stale. */
#define EXCHANGE_CHALLENGES_MAX 3

struct exchange_end {
	int error; /**< 0, or what parley.h lists; with -EACCES and -ENOKEY there is a response too */
	const struct sip_msg *m;   /**< the final response; NULL: none */
	size_t bytes;              /**< size of the last request written; 0: none was */
	uint32_t cseq;             /**< as used last */
	const struct sip_hop *hop; /**< that answered; NULL: none */
};

typedef void(exchange_done_cb)(struct exchange *x, const struct exchange_end *e, void *arg);

struct exchange_params {
	enum sip_method method;
	struct str uri;
	struct str from, to; /**< whole values, From with its tag */
	struct str call_id;  /**< empty: a new one */
	uint32_t cseq;
	bool registers; /**< REGISTER: its own credentials, no Route, hops of one kind only */
	bool pager;     /**< parley_choose decides whether it may leave: else -EMSGSIZE */
	bool reliable_path;
	/** Header lines beyond the frame; also for each repetition. May be NULL. */
	void (*headers)(struct buf *b, const struct sip_hop *hop, void *arg);
	struct str type, body; /**< empty type: no body */
	exchange_done_cb *done;
	void *arg;
};

/** -ENOMEM, -ENOBUFS: larger than EXCHANGE_MEMORY_MAX; whatever else goes wrong comes through `done`. */
int exchange_start(struct exchange **ret, struct parley *p, const struct exchange_params *params);
/** Returns NULL; NULL is fine. */
struct exchange *exchange_cancel(struct exchange *x);

/** Views of `e` for the public face; `text` holds what has to end in NUL. */
#define EXCHANGE_REASON_MAX 256
#define EXCHANGE_ACCEPTS_MAX 1024
struct exchange_text {
	char reason[EXCHANGE_REASON_MAX], detail[EXCHANGE_REASON_MAX],
		accepts[EXCHANGE_ACCEPTS_MAX];
};
void exchange_outcome(struct parley_outcome *ret, struct exchange_text *text,
		      const struct exchange_end *e);

#endif
