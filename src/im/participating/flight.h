/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One request under way through the Participating Functions. participating.c sends it along; what it may come to
 * instead of going on is in files of its own: flight_keep.c (its recipient is away), flight_record.c (its answer
 * waits until it is in the history).
 *
 * Counted, in the list of its `participating`; whoever answers the request releases it.
 */
#ifndef IM_PARTICIPATING_FLIGHT_H
#define IM_PARTICIPATING_FLIGHT_H

#include "im/message.h"
#include "im/participating/gates.h"
#include "im/participating/media_path.h"
#include "im/participating/participating.h"
#include "im/recorder.h"
#include "im/report.h"
#include "subscriber/group.h"
#include "subscriber/subscriber.h"

/** Header lines that the gates of one side may write. */
#define FLIGHT_HEADERS_MAX 2048

struct participating {
	struct sip *sip;
	struct subscribers *subscribers;
	const struct im_setting *setting;
	struct im_addresses addresses;
	const struct im_rules *rules;
	const struct im_keeper *keeper;
	const struct im_recorder *recorder;
	const struct im_focus *focus; /**< NULL: there is none */
	struct im_sessions *sessions; /**< NULL: no media pass through here */
	participating_answer_cb *answer;
	void *answer_arg;
	participating_answer_cb *retrieval;
	void *retrieval_arg;
	struct im_events *events;
	struct list flights;
};

/**
 * One request under way. While its subscriber is being loaded, `waiting` holds the request again; the
 * message itself stays with the server transaction.
 */
struct flight {
	struct participating *pf;
	struct list_link link;
	struct sip_server_txn *st;
	struct subscriber_query query;
	struct group_query group;
	struct flight_waiting *waiting;
	struct im_keep keep;
	struct im_record record;
	bool keeping, recording;
	uint32_t retry_after_s; /**< of the devices that did not take it; 0: not said */
	uint16_t status;        /**< of what is held back while it is recorded */
	struct buf answer;      /**< a response that was received; empty: our own */
	enum im_outcome outcome;
	struct im_report report;
	/** Each function's decision; one that has no part in this process stays out. */
	enum media_path originating_path, terminating_path;
	/** The sender's, while the request crosses to the recipient's side. */
	struct operator_policy *originator_policy;
	bool originated; /**< the originating function was here */
	bool to_focus;   /**< it leaves for the focus, by SIP */
};

struct flight_waiting {
	struct sip_msg m;
	struct im_request r;
};

/* ---- flight.c ---- */

/** For a transaction whose report comes from elsewhere; NULL: out of memory. */
struct flight *flight_with(struct participating *pf, struct sip_server_txn *st);
struct flight *flight_alloc(struct participating *pf, const struct im_request *r);
/** Answers, tells, and releases it. */
void flight_refuse(struct flight *f, uint16_t status, struct str headers, struct str reason);
/** The same with what a gate has to say. */
void flight_refuse_with(struct flight *f, const struct gate_answer *a, struct str reason);

/* ---- flight_keep.c ---- */

/** To the keeper; the flight is answered when it is kept, or why it is not. */
void flight_keep(struct flight *f, const struct im_request *r, const struct subscriber *served);
/** For im_forward: the message was sent on, and no device has it. True: it is being kept. `arg`: the participating. */
bool flight_unreached(struct sip_server_txn *st, uint32_t retry_after_s, struct im_report *rep,
		      void *arg);
/** The operator has it kept when no device takes it. */
bool flight_kept_after_failure(const struct participating *pf, const struct im_request *r);

/* ---- flight_record.c ---- */

/** The function of `served` is at work on this side: the message goes into their history, if they want that. */
void flight_want_record(struct flight *f, const struct subscriber *served, unsigned side);
/** True: flight_answer comes when it is in the history of those who want that. */
bool flight_record(struct flight *f, unsigned sides);
/** What has been held back: `status` or `answer`. Releases it. */
void flight_answer(struct flight *f);
/** For im_forward: a 2xx has come. True: it waits for the history. `arg`: the participating. */
bool flight_accepted(struct sip_server_txn *st, const struct sip_msg *m, struct im_report *rep,
		     bool to_devices, void *arg);

#endif
