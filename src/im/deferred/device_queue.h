/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What waits for one device, brought one message at a time, oldest first.
 *
 *     LINED_UP --slot--> READING --ids--> LOADING --message--> SENDING --answer--> NOTING
 *        ^                  |                                                        |
 *        |                  '--nothing: the end                                      |
 *        |<-------------------- 2xx, or never for this device -----------------------|
 *        '------ RESTING <------------------- later ---------------------------------'
 *
 * With a slot it is looked at whether messages are to be brought at all; when the user's settings are not in
 * memory, ASKING comes before READING or LOADING. They are not to be brought: the device is told (notify.h).
 *
 *     LINED_UP --slot--> [ASKING] --> LISTING --some wait--> TELLING --answer: the end
 *                                        |                      |
 *                                  nothing: the end    later: RESTING --> LINED_UP
 *
 * The next message is not sent before the outcome of the last is on disk. A slot is held from then
 * to the end of NOTING or TELLING, and given back after each message, so that long queues do not keep short ones
 * waiting; a large message gives it back when the device has answered its INVITE (handover.h). Registering ends a
 * rest. In front of an IMS core, which finds the devices itself, and
 * towards another domain a user has one queue.
 */
#ifndef IM_DEFERRED_DEVICE_QUEUE_H
#define IM_DEFERRED_DEVICE_QUEUE_H

#include "base/sm.h"
#include "im/deferred/deferred_state.h"
#include "im/send.h"
#include "subscriber/subscriber.h"

/** Keys of the one queue of a user whose devices are not known here. */
#define QUEUE_KEY_CORE STR("core")
#define QUEUE_KEY_ONWARD STR("onward")
/** Ids read at a time. */
#define QUEUE_PAGE 8
/** How soon a write that failed is tried again: the device has answered, and must not be asked again. */
#define QUEUE_NOTE_AGAIN_MS 1000

enum queue_state {
	QUEUE_LINED_UP,
	QUEUE_ASKING,  /**< does this user want them brought? */
	QUEUE_LISTING, /**< they do not: what is there to tell (notify.c)? */
	QUEUE_TELLING,
	QUEUE_READING,
	QUEUE_LOADING,
	QUEUE_SENDING,
	QUEUE_NOTING,
	QUEUE_RESTING,
};
extern const struct sm_table queue_machine;

struct addressee;
struct handover;

/** Why a queue is made, or hears that there is something for it. */
enum queue_cause {
	QUEUE_FOUND,      /**< by the census: messages wait */
	QUEUE_KEPT,       /**< a message was kept while the user was registered */
	QUEUE_REFRESHED,  /**< the device registered again; from here on no rest is waited for */
	QUEUE_REGISTERED, /**< it is new */
	QUEUE_ASKED, /**< somebody asks for the messages: they are brought whatever `push` says */
};

/** One id of a page. */
struct queue_entry {
	uint64_t id;
	int64_t next_try_ms;
	uint32_t attempts;
};

/** The message that is being brought. */
struct delivery {
	uint64_t id;
	uint32_t attempts; /**< before this one */
	uint32_t cseq;
	bool had;              /**< another device has it already */
	bool others;           /**< more devices than this one are waited for */
	bool marked, finished; /**< on disk */
	enum im_kind kind;
	uint16_t status; /**< of the answer; 0: none came */
	enum store_device_state outcome;
	int64_t next_try_ms;
	size_t size;
	struct buf text; /**< what follows points into it */
	struct str sender, call_id, icid;
};

struct device_queue {
	struct list_link link;  /**< in its addressee */
	struct list_link place; /**< in the line, or parked at its addressee */
	struct deferred *d;
	struct addressee *of;
	uint8_t state;
	bool slot;
	bool again;   /**< something was kept, or the device registered, since the last look */
	bool at_once; /**< however long it has still to rest */
	bool asked;   /**< QUEUE_ASKED: until all that waits was brought */
	bool tell;    /**< if the messages are not brought, the device is to hear that they wait */
	bool registered; /**< the device did so since the message at hand was sent */
	struct store_request read, mark, finish;
	struct im_record record; /**< of a large message: it is being written to a history */
	struct subscriber_query query;
	struct timer timer;
	uint32_t told; /**< attempts to tell */
	struct im_send send;
	struct handover *handover; /**< of a large message; NULL: none */
	uint64_t after;            /**< id of the last one dealt with in this pass */
	struct queue_entry page[QUEUE_PAGE];
	uint8_t page_n, page_at;
	struct delivery now;
	size_t key_n;
	char key[];
};

static inline struct str queue_key(const struct device_queue *q)
{
	return (struct str){q->key, q->key_n};
}

/** Makes one; it lines up, or rests for `rest_ms` first. -ENOBUFS, -ENOMEM. */
int queue_open(struct addressee *of, struct str key, uint64_t rest_ms, enum queue_cause cause);
/** Something new for it. */
void queue_wake(struct device_queue *q, enum queue_cause cause);
/** The device is gone: what is under way is finished, nothing new begun. */
void queue_leave(struct device_queue *q);
/** Ends it, whatever it was doing. */
void queue_close(struct device_queue *q);
/** Slots are given to queues in line, at the end of the turn. */
void queue_pump(struct deferred *d);

/* ---- From push.c ---- */
/** The answer came (`status`), or none will (0): goes on to note it. */
void queue_answered(struct device_queue *q, uint16_t status, uint32_t retry_after_s);

/* ---- From handover.c ---- */
/** The device takes its time from here on: others get the slot. */
void queue_streams(struct device_queue *q);

/* ---- From notify.c ---- */
/**
 * The device was told: `status` of its answer, 0: none. Or not: `error` is -ENOENT when there is nothing to
 * tell or nobody to be told, else it is trouble.
 */
void queue_told(struct device_queue *q, int error, uint16_t status, uint32_t retry_after_s);

#endif
