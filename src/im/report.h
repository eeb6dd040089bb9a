/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The account of one request while it is under way: what will be told (im/event.h) once its outcome is known, however
 * many functions it passes and however long that takes.
 */
#ifndef IM_REPORT_H
#define IM_REPORT_H

#include "im/event.h"
#include "im/request.h"

struct loop;
struct slab;

/** What will be told about a request once its outcome is known; texts are its own copies. */
struct im_report {
	struct im_events *events;
	struct loop *loop;
	enum im_kind kind;
	enum im_side side;
	uint64_t since_ms;
	size_t size;
	struct str originator, recipient, call_id, message_id;
	bool vouched;           /**< originator is an authenticated identity, not what From says */
	bool trusted;           /**< the request came from a peer that may assert identities */
	uint8_t recorded_sides; /**< IM_RECORD_…: those whose users want a record */
	char *text;             /**< what the four point into, in the engine's slab */
	size_t text_n;
	struct slab *slab;
};

/** -ENOMEM. */
int im_report_init(struct im_report *rep, struct im_events *events, struct loop *loop,
		   const struct im_request *r);
void im_report_tell(const struct im_report *rep, enum im_outcome outcome, uint16_t status,
		    struct str reason);
void im_report_done(struct im_report *rep);

#endif
