/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of the virtual loop share: virtual_loop.c (clock, steps, faults), virtual_datagram.c,
 * virtual_stream.c.
 */
#ifndef LIB_VIRTUAL_NET_H
#define LIB_VIRTUAL_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop_ops.h"
#include "lib/virtual_loop.h"

struct virtual_pipe;

enum virtual_event_kind {
	VIRTUAL_EVENT_DATAGRAM,
	VIRTUAL_EVENT_ICMP,      /**< `from` learns that `to` refused */
	VIRTUAL_EVENT_CONNECT,   /**< arrives at the listener */
	VIRTUAL_EVENT_CONNECTED, /**< arrives at the connecting end; `error` */
	VIRTUAL_EVENT_SEGMENT,   /**< bytes arrive at end `side` */
	VIRTUAL_EVENT_READ,      /**< end `side` goes on reading */
	VIRTUAL_EVENT_END,       /**< the other end closed (0) or the connection failed */
	VIRTUAL_EVENT_WORK,
};

struct virtual_event {
	struct list_link link;
	enum virtual_event_kind kind;
	uint64_t at_ms, seq;
	struct addr from, to;
	char *p; /**< malloc'ed; one byte longer than n */
	size_t n;
	struct virtual_pipe *pipe; /**< a reference */
	int side, error;
	struct work *work;
};

struct virtual_loop {
	struct loop base;
	uint64_t random;
	int64_t wall_offset_ms;
	uint64_t seq;
	uint32_t fault_id;
	uint16_t next_port;
	bool stopped;
	struct addr host4, host6;
	struct list events; /**< by at_ms, then seq */
	struct list faults;
	struct list sockets;
	struct list listeners;
	struct list streams;
	struct virtual_counts counts;
};

/** malloc that ends the test instead of failing. */
void *virtual_storage(size_t n);
/** Posts an event `delay_ms` from now; the caller fills in the rest before the next step. */
struct virtual_event *virtual_post(struct virtual_loop *vl, enum virtual_event_kind kind,
				   uint64_t delay_ms);
/** Takes it out of the queue if it is due and was there when the step began (seq below `before`). */
struct virtual_event *virtual_next_due(struct virtual_loop *vl, uint64_t before);
void virtual_event_free(struct virtual_event *e);

/** The oldest fault of this kind on this way; NULL. */
const struct virtual_fault *virtual_fault_find(struct virtual_loop *vl,
					       enum virtual_fault_kind kind,
					       const struct addr *from, const struct addr *to);
/** The same, and it has been applied once more: one of its `times` is gone. */
bool virtual_fault_apply(struct virtual_loop *vl, enum virtual_fault_kind kind,
			 const struct addr *from, const struct addr *to, uint64_t *n);
uint64_t virtual_delay(struct virtual_loop *vl, const struct addr *from, const struct addr *to);

/** `bound` takes what is for `to`: exactly, or as any-address. */
bool virtual_bound_exactly(const struct addr *bound, const struct addr *to);
bool virtual_bound_any(const struct addr *bound, const struct addr *to);
/** What others see of a socket bound there. */
struct addr virtual_source(const struct virtual_loop *vl, const struct addr *bound);
uint16_t virtual_free_port(struct virtual_loop *vl);

int virtual_datagram_open(struct datagram_socket **ret, struct loop *l, const struct addr *local);
/** Delivers `e` and the datagrams for the same socket that follow it. Takes `e`. */
void virtual_datagram_arrive(struct virtual_loop *vl, struct virtual_event *e, uint64_t before);
void virtual_datagram_icmp(struct virtual_loop *vl, const struct virtual_event *e);

int virtual_stream_listen(struct stream_listener **ret, struct loop *l, const struct addr *local);
int virtual_stream_connect(struct stream **ret, struct loop *l, const struct addr *peer,
			   const struct addr *local);
void virtual_stream_event(struct virtual_loop *vl, struct virtual_event *e);
void virtual_pipe_unref(struct virtual_pipe *pipe);
/** A fault has ended: try again. */
void virtual_stream_retry_all(struct virtual_loop *vl);

#endif
