/* SPDX-License-Identifier: Apache-2.0 */
/* What msrp/ counts. */
#include "msrp/counters.h"

#include "msrp/endpoint.h"

struct counter msrp_counters[MSRP_C_COUNT] = {
	[MSRP_G_SESSIONS] = GAUGE("msrp.sessions", "MSRP sessions"),
	[MSRP_G_CONNECTIONS] = GAUGE("msrp.connections", "MSRP connections open or being opened"),
	[MSRP_G_TRANSACTIONS] = GAUGE("msrp.transactions", "MSRP requests that wait for an answer"),
	[MSRP_C_ACCEPTED] = COUNTER("msrp.connection.accepted", "MSRP connections accepted"),
	[MSRP_C_OPENED] = COUNTER("msrp.connection.opened", "MSRP connections we opened"),
	[MSRP_C_OPEN_FAILED] = COUNTER("msrp.connection.open_failed",
				       "MSRP connections that could not be opened"),
	[MSRP_C_CLOSED] = COUNTER("msrp.connection.closed_by_peer",
				  "MSRP connections the peer closed"),
	[MSRP_C_FAILED] = COUNTER("msrp.connection.failed", "MSRP connections that broke"),
	[MSRP_C_UNBOUND] = COUNTER("msrp.connection.unbound_closed",
				   "MSRP connections closed: no session in time"),
	[MSRP_C_REFUSED] = COUNTER("msrp.connection.refused",
				   "MSRP connections refused or given up: too many"),
	[MSRP_C_REFUSED_HOST] = COUNTER("msrp.connection.refused_host",
					"MSRP connections refused: too many of one address"),
	[MSRP_C_REFUSED_SESSION] = COUNTER("msrp.session.refused",
					   "MSRP sessions refused: too many"),
	[MSRP_C_BROKEN] = COUNTER("msrp.connection.broken",
				  "MSRP connections closed: the framing was lost"),
	[MSRP_C_FRAMES] = COUNTER("msrp.frames", "MSRP frames received"),
	[MSRP_C_FRAMES_SENT] = COUNTER("msrp.frames_sent", "MSRP frames sent"),
	[MSRP_C_FAULTS] = COUNTER("msrp.faults", "MSRP requests with a wrong header: 400"),
	[MSRP_C_STRANGERS] = COUNTER("msrp.unknown_session", "MSRP requests for no session: 481"),
	[MSRP_C_IN_USE] = COUNTER("msrp.session_in_use",
				  "MSRP requests for a session of another connection: 506"),
	[MSRP_C_UNKNOWN_ANSWER] = COUNTER("msrp.unknown_answer",
					  "MSRP answers to no request of ours"),
	[MSRP_C_TIMEOUT] = COUNTER("msrp.timeout", "MSRP requests not answered in time: 408"),
	[MSRP_C_INTERRUPTED] = COUNTER("msrp.interrupted",
				       "MSRP chunks interrupted for other traffic"),
	[MSRP_C_PAUSED] = COUNTER("msrp.paused",
				  "times a connection was not read from: back-pressure"),
	[MSRP_C_TOO_LARGE] = COUNTER("msrp.too_large", "MSRP messages over their limit: 413"),
	[MSRP_C_REPORTS] = COUNTER("msrp.reports", "MSRP REPORTs received"),
};


void msrp_counters_register(void)
{
	counter_register(msrp_counters, MSRP_C_COUNT);
}
