/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of the libuv loop share: loop_uv.c (the loop), datagram_uv.c, stream_uv.c.
 */
#ifndef BASE_LOOP_UV_H
#define BASE_LOOP_UV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/list.h"
#include "base/loop_ops.h"

/** Bytes read from a connection at once, into a buffer that all connections share. */
#define STREAM_READ_MAX 65536
/** And its room besides: no two reads begin at the same place of a page (stream_uv.c). */
#define STREAM_READ_SHIFTS 4096
/** Random bytes fetched from the system at once. */
#define RANDOM_POOL 512

struct datagram_batch;

struct loop_uv {
	struct loop base;
	uv_loop_t uv;
	uv_prepare_t prepare;         /**< ends the turn, before the loop sleeps */
	uv_timer_t wake;              /**< at the next deadline of base.timers */
	uint64_t wake_ms;             /**< when; UINT64_MAX: not set */
	bool opened;                  /**< uv is initialised */
	bool in_turn;                 /**< the time has been read */
	struct list datagrams_dirty;  /**< sockets with something to send */
	struct list datagrams_hot;    /**< sockets that were read in this turn */
	struct datagram_batch *batch; /**< where datagrams arrive; shared by all sockets */
	char *read_buffer;            /**< where stream bytes arrive; shared by all streams */
	size_t read_at;               /**< where in it the next are put */
	struct list shutting;         /**< streams that are shut down, in that order */
	struct timer patience;        /**< for the first of them */
	size_t random_left;
	uint8_t random_pool[RANDOM_POOL];
};

/** At the start of every callback from libuv: the first of a turn reads the time. */
void loop_uv_enter(struct loop_uv *lu);
void loop_uv_fill_random(void *p, size_t n);

int datagram_uv_open(struct datagram_socket **ret, struct loop *l, const struct addr *local);
/** Sends every batch. */
void datagram_uv_flush_all(struct loop_uv *lu);
/** Reads the sockets that had something in this turn once more; false when none had. */
bool datagram_uv_read_again(struct loop_uv *lu);
void datagram_uv_batch_free(struct datagram_batch *b);

int stream_uv_listen(struct stream_listener **ret, struct loop *l, const struct addr *local);
int stream_uv_connect(struct stream **ret, struct loop *l, const struct addr *peer,
		      const struct addr *local);

#endif
