/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a loop implements: for loop_uv.c and the virtual loop of the tests only.
 *
 * An implementation embeds `struct loop`, `struct datagram_socket`, `struct stream_listener` and
 * `struct stream` as the first member of its own; loop.c does what is the same for all: the checks
 * of the arguments, the deferred calls, the write queue's marks, the choice of TLS.
 *
 * At the end of each turn the implementation calls loop_end_turn, then sends its datagrams; if
 * loop_unfinished says so then, the next turn comes without sleep.
 */
#ifndef BASE_LOOP_OPS_H
#define BASE_LOOP_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/loop.h"

struct loop_ops {
	uint64_t (*clock_us)(const struct loop *l);
	void (*random)(struct loop *l, void *p, size_t n);
	int (*work)(struct loop *l, struct work *w);
	void (*run)(struct loop *l);
	void (*stop)(struct loop *l);
	/* These two may be NULL: -ENOTSUP. */
	int (*on_signal)(struct loop *l, int signum, loop_signal_cb *cb, void *arg);
	int (*poll_start)(struct loop_poll **ret, struct loop *l, int fd, int events,
			  loop_poll_cb *cb, void *arg);
	/* The three constructors allocate; loop.c fills in the callbacks. */
	int (*datagram_open)(struct datagram_socket **ret, struct loop *l,
			     const struct addr *local);
	int (*listen)(struct stream_listener **ret, struct loop *l, const struct addr *local);
	int (*connect)(struct stream **ret, struct loop *l, const struct addr *peer,
		       const struct addr *local);
};

struct loop {
	const struct loop_ops *ops;
	struct timers *timers;
	uint64_t now_ms;
	int64_t wall_ms;
	struct list deferred;
	struct list dirty; /**< streams that wrote in this turn */
};

/** -ENOMEM. */
int loop_init(struct loop *l, const struct loop_ops *ops);
void loop_done(struct loop *l);
/** Deferred calls, then the flush of the streams that wrote. */
void loop_end_turn(struct loop *l);
/** Something was asked for while the turn ended. */
bool loop_unfinished(const struct loop *l);

struct loop_poll_ops {
	int (*change)(struct loop_poll *p, int events);
	void (*stop)(struct loop_poll *p);
};

struct loop_poll {
	const struct loop_poll_ops *ops;
};

struct datagram_ops {
	int (*send)(struct datagram_socket *s, const struct addr *peer, const void *p, size_t n);
	/** May be NULL: nothing is known of it. */
	size_t (*backlog)(const struct datagram_socket *s);
	/** May be NULL: there is one queue. */
	int (*set_urgent)(struct datagram_socket *s, const char *prefix);
};

struct datagram_socket {
	const struct datagram_ops *ops;
	struct loop *loop; /**< a reference */
	struct addr local;
	bool urgent; /**< the batch that is being handed over came from the urgent queue */
	datagram_recv_cb *recv;
	datagram_error_cb *error;
	void *arg;
};

struct stream_listener {
	struct loop *loop; /**< a reference */
	struct addr local;
	stream_accept_cb *accepted;
	void *arg;
};

struct stream_ops {
	/** Takes all of it or fails with -ENOMEM; the ceiling has been checked. */
	int (*write)(struct stream *s, const void *p, size_t n);
	size_t (*queued)(const struct stream *s);
	/** At the end of the turn, after writing or stream_shutdown: callbacks are allowed. */
	void (*flush)(struct stream *s);
	/** `paused` has changed. */
	void (*flow)(struct stream *s);
	/** `shut` has just been set. */
	void (*shutdown)(struct stream *s);
	/** The three may be NULL; without `push`, writing through is writing. */
	void (*queue_changed)(struct stream *s);
	/** Takes nothing or all, as `write`; an error of the connection shows in the next flush. */
	int (*push)(struct stream *s, const struct iovec *parts, unsigned count);
	bool (*peer_is)(const struct stream *s, struct str host);
};

struct stream {
	const struct stream_ops *ops;
	struct loop *loop; /**< a reference */
	const struct stream_handler *handler;
	void *arg;
	struct addr local, peer;
	size_t queue_max, queue_low;
	struct list_link dirty;
	bool above; /**< past the low-water mark: `drained` is due */
	bool paused;
	bool shut;  /**< stream_shutdown was called */
	bool ended; /**< `closed` was called or is about to be */
};

/** Takes a reference to the loop. */
void stream_init(struct stream *s, const struct stream_ops *ops, struct loop *l);
void stream_done(struct stream *s);
/** Lets `flush` be called at the end of the turn. */
void stream_mark_dirty(struct stream *s);
/** Calls `drained` when that is due. The caller holds a reference. */
void stream_check_drained(struct stream *s);
/** Calls `closed`, once. The caller holds a reference and has released what it had. */
void stream_end(struct stream *s, int error);


/** While a callback runs, its caller holds a reference; nobody else does: the owner has gone. */
bool stream_abandoned(const struct stream *s);

/* ---- TLS (tls.c), called by stream_listen and stream_connect ---- */

int tls_listen(struct stream_listener **ret, struct loop *l, const struct addr *local,
	       struct tls_config *tls);
int tls_connect(struct stream **ret, struct loop *l, const struct addr *peer,
		const struct addr *local, struct tls_config *tls, struct str server_name);

#endif
