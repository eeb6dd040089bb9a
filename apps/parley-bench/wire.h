/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The generator's two ends on loopback: UDP in batches, or one TCP connection each way. Busy-polling:
 * the generator never sleeps, so that no wake-up of its own is charged to the server.
 */
#ifndef PARLEY_BENCH_WIRE_H
#define PARLEY_BENCH_WIRE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>

#include "bench.h"

#define WIRE_BATCH 64
#define WIRE_STREAM_MAX (1u << 20)

enum wire_end { WIRE_SENDER, WIRE_RECEIVER, WIRE_ENDS };

struct wire_side {
	int fd;       /**< UDP socket, or the connection; -1: not there yet */
	int listener; /**< TCP receiver */
	size_t n;     /**< messages in the batch */
	char out[WIRE_BATCH][MESSAGE_ROOM];
	struct mmsghdr header[WIRE_BATCH];
	struct iovec iov[WIRE_BATCH];
	struct sockaddr_in to[WIRE_BATCH];
	char *in; /**< TCP: bytes not yet a whole message */
	size_t in_n;
	char *queue; /**< TCP: bytes the kernel has not taken */
	size_t queue_n;
};

struct wire {
	bool tcp;
	struct wire_side side[WIRE_ENDS];
	struct mmsghdr header[WIRE_BATCH];
	struct iovec iov[WIRE_BATCH];
	struct sockaddr_in from[WIRE_BATCH];
	char in[WIRE_BATCH][MESSAGE_ROOM];
};

typedef void(wire_cb)(enum wire_end end, const char *p, size_t n, const struct sockaddr_in *from,
		      void *arg);

void wire_open(struct wire *w, bool tcp);
void wire_close(struct wire *w);
/** Where to compose the next message of this end. */
char *wire_room(struct wire *w, enum wire_end end);
/** It is composed: `n` bytes for the subject. */
void wire_push(struct wire *w, enum wire_end end, size_t n);
/** … or back to where a request came from. */
void wire_push_to(struct wire *w, enum wire_end end, size_t n, const struct sockaddr_in *to);
void wire_flush(struct wire *w);
/** Hands over all whole messages that are there now. */
void wire_read(struct wire *w, wire_cb *cb, void *arg);

#endif
