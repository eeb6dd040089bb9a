/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A loop whose clock stands still until told to move, and whose network is in memory.
 *
 * The program under test gets virtual_loop_base(); test peers open their own sockets on the same loop,
 * with the same functions (datagram_open, stream_listen, stream_connect). Any address may be bound;
 * "hosts" need no set-up. Nothing happens by itself: a test acts, then lets the loop run
 * (virtual_loop_run_until_idle) or lets time pass (virtual_loop_advance), and looks at the result.
 * Two runs with the same seed are the same to the byte, except for what OpenSSL draws.
 *
 *     struct virtual_loop *vl = unit_own(virtual_loop_alloc(1));
 *     … open things on virtual_loop_base(vl), send …
 *     assert_true(virtual_loop_run_until_idle(vl));   // all that can happen now has happened
 *     assert_true(virtual_loop_advance(vl, 32000));   // 32 s of protocol
 *
 * One step is one turn of the loop as base/loop.h tells it: what had been sent before the step
 * arrives, in the order of sending; finished work is handed back; due timers fire; deferred calls;
 * flush. A datagram or a byte sent in a step arrives in the next one, without time passing, unless
 * a fault says otherwise. virtual_loop_advance stops at each time at which a timer or a delayed
 * arrival is due, so that all fires at its exact time and in order.
 *
 * As on a real network of Linux hosts: a datagram to an address nobody has bound is refused (the
 * sender's error callback gets -ECONNREFUSED); so is a connection nobody listens for. A socket bound
 * to the any-address receives for every host on its port, unless one is bound to the exact
 * address; it sends as the host set by virtual_loop_set_host (at first 127.0.0.1 and ::1).
 *
 * The network itself never runs out of memory: the out-of-memory run refuses only what the program
 * asks for. loop_work runs `run` at once and `done` in the next step. loop_on_signal and
 * loop_poll_start return -ENOTSUP. loop_stop only sets what virtual_loop_stopped tells.
 */
#ifndef LIB_VIRTUAL_LOOP_H
#define LIB_VIRTUAL_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"

struct virtual_loop;

/** The monotonic clock at the start, and the wall clock: 2026-01-01 00:00:00 UTC. */
#define VIRTUAL_START_MS 1000000
#define VIRTUAL_WALL_START_MS INT64_C(1767225600000)
/** Steps without time passing after which the test is told that it never ends. */
#define VIRTUAL_STEPS_MAX 1000000
/** What a connection holds in each direction, sent and not read, unless a fault says otherwise. */
#define VIRTUAL_WINDOW_BYTES 262144

/** Counted; NULL when out of memory. */
struct virtual_loop *virtual_loop_alloc(uint64_t seed);
/** Borrowed. */
struct loop *virtual_loop_base(struct virtual_loop *vl);
/** The wall clock reads this now. */
void virtual_loop_set_wall(struct virtual_loop *vl, int64_t wall_ms);
/** The host from which unbound sockets of this address family send and connect; its port is ignored. */
void virtual_loop_set_host(struct virtual_loop *vl, const struct addr *host);
bool virtual_loop_stopped(const struct virtual_loop *vl);

/** One turn; false when there was nothing to do at this time. */
bool virtual_loop_step(struct virtual_loop *vl);
/** Steps until nothing is left to do at this time; false after VIRTUAL_STEPS_MAX. */
bool virtual_loop_run_until_idle(struct virtual_loop *vl);
/** Lets `ms` pass; false when it did not become idle somewhere on the way. */
bool virtual_loop_advance(struct virtual_loop *vl, uint64_t ms);
/** Milliseconds until something is due; 0: now; UINT64_MAX: never. */
uint64_t virtual_loop_next(const struct virtual_loop *vl);

/* ---- Faults ---- */

enum virtual_fault_kind {
	/**
	 * Datagrams vanish; connections are not answered; bytes of a connection stay with the writer,
	 * and that it closes is not heard: with this in both directions a peer is gone. No connection
	 * times out by itself here.
	 */
	VIRTUAL_DROP,
	/** Datagrams and connections are refused (-ECONNREFUSED). */
	VIRTUAL_REFUSE,
	/** A datagram arrives `n` more times. */
	VIRTUAL_DUPLICATE,
	/** Everything arrives `n` ms after it was sent. */
	VIRTUAL_DELAY,
	/** A connection is made, and nobody ever accepts it or reads from it. */
	VIRTUAL_NEVER_ACCEPT,
	/** When the reader has taken `n` bytes in all, both ends fail with -ECONNRESET. */
	VIRTUAL_CUT,
	/** When the reader has taken `n` bytes in all, both ends see the other close. */
	VIRTUAL_CLOSE,
	/** The reader takes `n` bytes in all, then no more. */
	VIRTUAL_STALL,
	/** The reader takes `n` bytes each millisecond. */
	VIRTUAL_SLOW,
	/** The reader gets its bytes in pieces of at most `n`, one in a step. */
	VIRTUAL_PIECES,
	/** The connection holds at most `n` bytes, sent and not read. */
	VIRTUAL_WINDOW,
};

/**
 * A fault concerns what goes from `from` to `to`: datagrams, connections being made, bytes of
 * connections. Family 0 stands for anybody, port 0 for any port, the any-address for any host of
 * that family. Of several that match, the oldest counts (of each kind). A fault applies to what is
 * sent, connected or read from now on, also on connections that exist already.
 */
struct virtual_fault {
	enum virtual_fault_kind kind;
	struct addr from, to;
	uint64_t n;
	/** It ends after so many datagrams, connections refused, or connections cut; 0: never. */
	unsigned times;
};

/** Returns a number for virtual_fault_remove. */
uint32_t virtual_fault_add(struct virtual_loop *vl, const struct virtual_fault *f);
/** What was held back goes on. A fault that has ended is ignored. */
void virtual_fault_remove(struct virtual_loop *vl, uint32_t id);
void virtual_fault_clear(struct virtual_loop *vl);

/* ---- Looking ---- */

struct virtual_counts {
	uint64_t datagrams;   /**< that arrived at a socket */
	uint64_t dropped;     /**< datagrams dropped by a fault */
	uint64_t refused;     /**< datagrams and connections refused */
	uint64_t connections; /**< accepted */
	uint64_t bytes;       /**< of connections, read */
	uint64_t steps;
};

const struct virtual_counts *virtual_loop_counts(const struct virtual_loop *vl);
/** Ends of connections that are open now, both counted: two for each connection. */
size_t virtual_loop_streams(const struct virtual_loop *vl);

#endif
