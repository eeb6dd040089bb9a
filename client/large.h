/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Large Message Mode as its sender (seed 002, 9.1), and the transfer of a file (RFC 5547): a session of its own,
 * one message in it, closed when that has been delivered.
 *
 * A success report of MSRP is asked for: 200 only says that the next on the way has the message, and what it has
 * might be lost with the session. Where none comes in LARGE_REPORT_MS, the 200 has to do.
 */
#ifndef CLIENT_LARGE_H
#define CLIENT_LARGE_H

#include "client/session.h"

/** From the last 200 until the recipient's report. */
#define LARGE_REPORT_MS 30000

struct large;

struct large_end {
	const struct exchange_end *e;
	bool delivered, confirmed;
	unsigned status;     /**< of MSRP; 0: none */
	uint64_t bytes;      /**< given to MSRP */
	const char *accepts; /**< that the peer's SDP names; "" */
	uint64_t max_size;   /**< likewise; 0: none */
};

struct large_params {
	const struct parley_outgoing *m;
	struct str type, content;
	struct str message_id; /**< for reports; empty: none are asked for */
	unsigned notify;       /**< of enum cpim_notify */
	void (*progress)(uint64_t done, uint64_t total, void *arg);
	/** Once, unless the account closes or large_drop comes first. */
	void (*done)(const struct large_end *e, void *arg);
	void *arg;
};

/** The session is `*ret`, borrowed until `done`. `m` may go. -ENOBUFS, -ENOMEM. */
int large_start(struct parley_session **ret, struct parley *p, const struct large_params *params);

#endif
