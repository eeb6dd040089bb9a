/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What happened to a message, told to whoever listens: the log, the counters, charging, traces.
 *
 * The functions of the service announce outcomes here; they do not call the accountant. What must be
 * durable before an answer leaves (deferral, history) is an explicit call in the path instead.
 * Texts in an event are borrowed for the call.
 */
#ifndef IM_EVENT_H
#define IM_EVENT_H

#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/str.h"
#include "im/request.h"

enum im_outcome {
	IM_DELIVERED, /**< a device answered 2xx */
	IM_REFUSED,   /**< a gate of ours said no */
	IM_FAILED,    /**< it was sent on and did not arrive: status says why */
	IM_RELAYED,  /**< it was handed to another domain or back to the core, which answered 2xx */
	IM_DEFERRED, /**< kept for a recipient who is away, and answered 202 */
	IM_EXPIRED,  /**< kept, and its time ended before it was delivered */
	/** A session that had been accepted (IM_DELIVERED, IM_RELAYED) is over: `reason` says by whom or why. */
	IM_ENDED,
	/** Of a session's message it was told how many have it: `message_id` (of MSRP), `recipients`. */
	IM_REPORTED,
	/**
	 * Somebody (`originator`) is in a conference, or out of it: `recipient` is the group, or the session
	 * identity. IM_LEFT: `reason` says how, `size` and `took_ms` what they said and how long they were in. That a
	 * conference is over is IM_ENDED with side IM_CONTROLLING.
	 */
	IM_JOINED,
	IM_LEFT,
	IM_OUTCOMES
};

/** Bytes of a Message-ID in an event; RFC 5438 6.3 asks for a token, people use 36 of them. */
#define IM_MESSAGE_ID_MAX 512

struct im_event {
	enum im_outcome outcome;
	enum im_kind kind;
	enum im_side side;
	uint16_t status; /**< what the sender was told */
	struct str originator, recipient, call_id;
	/** IMDN Message-ID (RFC 5438 6.3); empty: none, or not looked for */
	struct str message_id;
	struct str reason;   /**< of a refusal: the gate's name; else empty */
	struct str icid;     /**< P-Charging-Vector of a trusted peer (RFC 7315 4.6); else empty */
	size_t size;         /**< body; IM_ENDED: bytes that passed through */
	uint32_t took_ms;    /**< from receipt to the final answer; IM_ENDED: how long it stood */
	uint32_t recipients; /**< IM_REPORTED: who have the message */
};

struct im_listener {
	struct list_link link;
	void (*event)(const struct im_event *e, void *arg);
	void *arg;
};

struct im_events {
	struct list listeners;
};

void im_events_init(struct im_events *ev);
/** `l` is the caller's; in order of adding. */
void im_events_listen(struct im_events *ev, struct im_listener *l);
void im_events_tell(struct im_events *ev, const struct im_event *e);
struct str im_outcome_name(enum im_outcome o);

/** The listener that writes the log line and moves the counters: every server has one. */
struct im_log {
	struct im_listener listener;
	bool addresses; /**< false: users' addresses are hashed, each to the same text as long as we run */
	struct hash_key key;
};
void im_events_log(struct im_events *ev, struct im_log *log, bool addresses);
void im_counters_register(void);

#endif
