/* SPDX-License-Identifier: Apache-2.0 */
/**
 * System messages: what the operator tells a user, and may want an answer to.
 *
 *   added --2xx of a client--> delivered --answer--> answered
 *     '------- cleared by the operator, from anywhere -------> cleared
 *
 * The time to answer starts at the delivery (`delivered_ms`), not when the message was made: a
 * required answer is overdue `timeout_s` after it. Whoever judges that has the clock; the store keeps
 * the facts.
 */
#ifndef STORE_SYSTEM_MESSAGE_H
#define STORE_SYSTEM_MESSAGE_H

#include "store/store.h"

/** Answers to choose from. */
#define STORE_CHOICES_MAX 16
#define STORE_CHOICE_LEN_MAX 256
#define STORE_SYSTEM_TEXT_MAX (16u << 10)
#define STORE_SYSTEM_ID_MAX 128
/** Of one user. When there are as many, the oldest that is settled goes for a new one. */
#define STORE_SYSTEM_MESSAGES_MAX 100
/** Records in one page of a list: with all their texts a page fits into a job. */
#define STORE_SYSTEM_MESSAGE_PAGE_MAX 200

struct store_system_message {
	struct str aor; /**< the key: aor, id */
	struct str id;  /**< the caller's */
	struct str text;
	struct str choice
		[STORE_CHOICES_MAX]; /**< answers to choose from; none with a line end in it */
	unsigned choices;
	bool required;        /**< an answer is; needs a choice */
	uint32_t timeout_s;   /**< to answer in, from the delivery; 0: at any time */
	int64_t created_ms;   /**< wall clock, as all times here */
	int64_t delivered_ms; /**< 0: not yet */
	int64_t answered_ms;  /**< 0: not yet */
	struct str answer;    /**< the choice made; empty: none */
	bool cleared;         /**< the operator wants no answer (any more) */
};

/**
 * Adds one that is not delivered, answered or cleared. -EEXIST: the id is used for this user. -EDQUOT:
 * STORE_SYSTEM_MESSAGES_MAX of this user, none of them settled (cleared; answered; delivered and
 * without required answer). Returns -EMSGSIZE at once for what passes a ceiling, -EINVAL for a choice
 * that is empty or has a line end, or `required` without a choice.
 */
int store_system_message_add(struct store *s, struct store_request *r,
			     const struct store_system_message *m, store_done_cb *done, void *arg);
/** The first delivery counts; later ones change nothing and are answered 0. -ENOENT. */
int store_system_message_mark_delivered(struct store *s, struct store_request *r, struct str aor,
					struct str id, int64_t now_ms, store_done_cb *done,
					void *arg);
/**
 * -ENOENT: no such message; -EINVAL: `answer` is none of its choices (bytes are compared); -EEXIST: it
 * was answered otherwise before. The same answer again: 0. An answer may come before the delivery is
 * marked, and to one that was cleared.
 */
int store_system_message_mark_answered(struct store *s, struct store_request *r, struct str aor,
				       struct str id, struct str answer, int64_t now_ms,
				       store_done_cb *done, void *arg);
/** Needs no answer any more, and is not delivered if it was not yet. -ENOENT. */
int store_system_message_clear(struct store *s, struct store_request *r, struct str aor,
			       struct str id, store_done_cb *done, void *arg);
/** -ENOENT. */
int store_system_message_delete(struct store *s, struct store_request *r, struct str aor,
				struct str id, store_done_cb *done, void *arg);

/**
 * Up to `max` (1 … STORE_SYSTEM_MESSAGE_PAGE_MAX) messages in order of (AOR, id): of the user `aor`,
 * or of all when it is empty; the first after (`after_aor`, `after_id`), both empty: from the first.
 */
int store_system_message_list(struct store *s, struct store_request *r, struct str aor,
			      struct str after_aor, struct str after_id, size_t max,
			      store_done_cb *done, void *arg);
/** All of the user that are neither delivered nor cleared, oldest first. */
int store_system_message_undelivered(struct store *s, struct store_request *r, struct str aor,
				     store_done_cb *done, void *arg);

/** In `done` of list and undelivered. */
const struct store_system_message *store_system_message_result(const struct store_request *r,
							       size_t *count);

#endif
