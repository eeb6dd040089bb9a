/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How many received a message: the originating function asks on the onward leg, and hears it in the REPORT
 * (seed 001 6.1.1.2.2; notes A-6; digest c12).
 *
 *   1. The client's SEND: delivery_reports_ask says how its success report is asked for, the same for every
 *      chunk of the message (RFC 4975 7.1.1), and remembers whether the client had asked, too.
 *   2. The REPORT: delivery_reports_arrived says what it tells, and whether the client is to have it. One that
 *      only we asked for stays here (RFC 4975 7.1.3); the client's own passes, without a number that it has
 *      not asked for. A failure always passes: Failure-Report is the client's.
 *   3. A report on all of a message ends what is remembered of it.
 *
 * A Message-ID that is not remembered tells nothing. What is remembered is bounded: a far side that reports
 * nothing pushes out the oldest, one for one. A late report on such a one passes only where the client of
 * this stream has asked for reports at all; it knows which were its own.
 *
 * Nothing is held back for it: a chunk crosses as it did.
 */
#ifndef IM_PARTICIPATING_DELIVERY_REPORT_H
#define IM_PARTICIPATING_DELIVERY_REPORT_H

#include "base/hash.h"
#include "im/rules.h"
#include "msrp/relay.h"

/** Messages of one stream whose report is due, 16 bytes each: as many as may be unanswered (MSRP_OUTSTANDING_MAX). */
#define DELIVERY_REPORTS_MAX 512

struct delivery_reports;

/** `how` is not IM_SENT_COUNT_OFF. `key` is borrowed. NULL: no memory. With mem_unref it goes. */
struct delivery_reports *delivery_reports_alloc(enum im_sent_count how, const struct hash_key *key);

/** A chunk from the client. Without memory, or without a Message-ID: as it came. */
enum msrp_sent_count delivery_reports_ask(struct delivery_reports *d, const struct msrp_frame *f);

struct delivery_report {
	enum msrp_report_fate fate;
	/** It is on all of a message that we asked about, and has a Distribution-Count: once for each message. */
	bool counted;
	uint32_t recipients; /**< that one */
};

/** A REPORT from the far side. */
struct delivery_report delivery_reports_arrived(struct delivery_reports *d,
						const struct msrp_frame *f);
/** How many are due. */
size_t delivery_reports_due(const struct delivery_reports *d);

#endif
