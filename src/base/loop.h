/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The loop is a port: all the program asks of the outside world goes through it.
 *
 * Two loops implement it: loop_uv.c over libuv with real sockets, and the virtual loop of the
 * scenario runner (tests/lib/virtual_loop.c), whose clock stands still until told to move and whose
 * network is in memory. Protocol code cannot tell which one it runs on.
 *
 * One thread runs the loop and owns all protocol state. What blocks (SQLite, a large document) is a
 * `struct work`: its `run` executes on a worker thread and may touch nothing but the struct it is
 * embedded in; its `done` comes back on the loop. There are no locks above this folder.
 *
 * One turn of the loop: time is read once; sockets are read, datagrams in batches; finished work is
 * handed back; due timers fire (after the sockets, so that an answer that lies there already stops
 * its retransmission); then everything deferred to the end of the turn runs (loop_defer), and what
 * was written is flushed (sendmmsg, one write per connection).
 *
 * Two rules make callbacks easy to write:
 *   - No function of this header calls back before it returns. What went wrong is returned, or comes
 *     in a later callback from the loop.
 *   - Every object here is counted and mem_unref of the last reference closes it at once, also from
 *     inside one of its own callbacks; no callback follows. Sockets keep a reference to their loop.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/str.h"
#include "base/timer.h"

struct loop;
struct datagram_socket;
struct stream;
struct stream_listener;

/* ---- Time, chance, the end of the turn ---- */

/** Monotonic milliseconds, as of the start of this turn. */
uint64_t loop_now_ms(const struct loop *l);
/** Wall clock, milliseconds since 1970, as of the start of this turn (virtual in scenarios). */
int64_t loop_wall_ms(const struct loop *l);
/** Monotonic microseconds read now, for measuring (queue delay, latency), never for protocol. */
uint64_t loop_clock_us(const struct loop *l);
struct timers *loop_timers(struct loop *l);
/** Unpredictable bytes; in scenarios the same ones at every run. */
void loop_random(struct loop *l, void *p, size_t n);
uint64_t loop_random_u64(struct loop *l);

struct deferred_call {
	struct list_link link;
	void (*call)(void *arg);
	void *arg;
};

/**
 * Call once at the end of this turn, before the loop sleeps; asking twice in a turn is one call. Asked
 * for by a deferred call itself, it runs at the end of the next turn, which then comes without sleep.
 */
void loop_defer(struct loop *l, struct deferred_call *d, void (*call)(void *arg), void *arg);
void loop_defer_cancel(struct loop *l, struct deferred_call *d);

struct work {
	void (*run)(struct work *w);  /**< on a worker thread */
	void (*done)(struct work *w); /**< back on the loop */
	void *impl;                   /**< the loop's own */
};

/**
 * -ENOMEM, or 0 and `done` will be called exactly once. There is no cancelling: who goes away before
 * `done` leaves the struct behind. Closing the loop waits for what runs and calls its `done`.
 */
int loop_work(struct loop *l, struct work *w);

/** ---- Signals and running (the virtual loop has neither: tests drive it) ---- */
struct loop *loop_uv_alloc(void); /**< counted; NULL when out of memory */
/** Runs until loop_stop, with or without anything to wait for. */
void loop_run(struct loop *l);
/** The turn is finished and what was written is flushed; then loop_run returns. */
void loop_stop(struct loop *l);
typedef void(loop_signal_cb)(int signum, void *arg);
/** For the life of the loop. -errno; -ENOTSUP on the virtual loop. */
int loop_on_signal(struct loop *l, int signum, loop_signal_cb *cb, void *arg);
/**
 * Watches a descriptor of a foreign library (c-ares, libmicrohttpd's epoll); events are POLLIN|POLLOUT,
 * level-triggered, 0 for none at present. The callback gets those that came; an error or hang-up on
 * the descriptor comes as POLLERR together with all that is watched. One watch for a descriptor;
 * stop it before closing the descriptor. -ENOTSUP on the virtual loop.
 */
struct loop_poll;
typedef void(loop_poll_cb)(int fd, int events, void *arg);
int loop_poll_start(struct loop_poll **ret, struct loop *l, int fd, int events, loop_poll_cb *cb,
		    void *arg);
int loop_poll_change(struct loop_poll *p, int events);
/** Stops and frees; NULL is fine; returns NULL. */
struct loop_poll *loop_poll_stop(struct loop_poll *p);

/* ---- Datagrams ---- */

struct datagram {
	struct addr peer;
	const char *p; /**< valid until the callback returns; p[n] may be written (a NUL fits) */
	size_t n;
};

/** Largest datagram taken in; a longer one arrives cut and is counted by the receiver as broken. */
#define DATAGRAM_MAX 65535
/** Datagrams read or written by one system call. */
#define DATAGRAM_BATCH 64

/** One call per batch, so that a caller can measure how long the last of it waited. */
typedef void(datagram_recv_cb)(struct datagram_socket *s, const struct datagram *batch, size_t n,
			       void *arg);
/** A datagram to `peer` was refused (ICMP); `error` is -errno. */
typedef void(datagram_error_cb)(struct datagram_socket *s, const struct addr *peer, int error,
				void *arg);

/**
 * Binds; datagram_local tells the port chosen when it was 0. `error` may be NULL. An IPv6 socket takes
 * no IPv4. -EADDRINUSE, -EACCES… from the system. mem_unref sends what is batched, then closes.
 */
int datagram_open(struct datagram_socket **ret, struct loop *l, const struct addr *local,
		  datagram_recv_cb *recv, datagram_error_cb *error, void *arg);
const struct addr *datagram_local(const struct datagram_socket *s);
/**
 * Copies into the batch that leaves at the end of the turn, or at once when it is full. -EMSGSIZE: no
 * datagram is that long. -ENOBUFS: the kernel takes no more and the queue before it is full too; the
 * datagram is dropped and counted. What the kernel refuses later comes through the error callback.
 */
int datagram_send(struct datagram_socket *s, const struct addr *peer, const void *p, size_t n);
/**
 * Datagrams that begin with these four bytes wait in the kernel in a queue of their own, which is read
 * first: a flood of others neither delays nor displaces them. Before anything has arrived, once. -errno:
 * the system has no such thing, and all wait in one queue as before.
 */
#define DATAGRAM_URGENT_N 4
int datagram_set_urgent(struct datagram_socket *s, const char prefix[DATAGRAM_URGENT_N]);
/** Inside the receive callback: whether this batch came from the urgent queue. */
bool datagram_is_urgent(const struct datagram_socket *s);
/**
 * Bytes that wait in the kernel to be read, its own overhead included, urgent ones apart; 0 where that is not
 * known.
 */
size_t datagram_backlog(const struct datagram_socket *s);

/* ---- Streams ----
 *
 * A stream is a connection: TCP, or TLS over it (base/tls.h), or a pipe of the virtual network; the
 * functions here work on any. It is counted: mem_unref closes at once, what is still queued is lost,
 * and no callback follows.
 *
 * An idle connection owns no buffer: bytes arrive in one that all share, and the write queue is
 * released when it is empty. A connection whose peer is gone is found out by TCP: unanswered data
 * fails it after STREAM_DEAD_MS, silence is probed (keepalive). How long to wait for `connected` is
 * the caller's affair: unref gives up.
 */

/** Unacknowledged bytes fail a connection after this: well above any protocol timer of ours. */
#define STREAM_DEAD_MS 120000
/** stream_shutdown waits this long for the queue to leave and for the other end to close. */
#define STREAM_SHUTDOWN_MS 5000
/** Connections that wait to be accepted. */
#define STREAM_BACKLOG 1024
/** How long no connection is accepted after the process ran out of descriptors or memory. */
#define STREAM_ACCEPT_PAUSE_MS 100

struct stream_handler {
	/** A connect has succeeded (with TLS: the handshake too). */
	void (*connected)(struct stream *s, void *arg);
	/** Bytes, valid until return. */
	void (*recv)(struct stream *s, const char *p, size_t n, void *arg);
	/** What was queued above the low-water mark has left; writers may go on. May be NULL. */
	void (*drained)(struct stream *s, void *arg);
	/**
	 * The other end closed (0) or the connection failed (-errno; with TLS -EACCES when the
	 * certificate was not good enough, -EPROTO for other trouble of TLS). Nothing follows; the
	 * reference is still the owner's, who drops it here or later.
	 */
	void (*closed)(struct stream *s, int error, void *arg);
};

struct tls_config; /* base/tls.h; NULL for plain TCP */

typedef void(stream_accept_cb)(struct stream_listener *ln, struct stream *s, void *arg);

/**
 * `accepted` takes the stream's reference, and must call stream_set_handler before it returns (or drop
 * the reference). With TLS it is called when the handshake has succeeded. mem_unref stops listening;
 * streams accepted before live on.
 */
int stream_listen(struct stream_listener **ret, struct loop *l, const struct addr *local,
		  struct tls_config *tls, stream_accept_cb *accepted, void *arg);
const struct addr *stream_listener_local(const struct stream_listener *ln);

/**
 * `server_name` (with TLS): what the certificate must be for (RFC 5922), and SNI. `local` may be NULL;
 * its port may be 0. A failure comes as -errno at once, or later as `closed`. What is written before
 * `connected` waits.
 */
int stream_connect(struct stream **ret, struct loop *l, const struct addr *peer,
		   const struct addr *local, struct tls_config *tls, struct str server_name,
		   const struct stream_handler *h, void *arg);
void stream_set_handler(struct stream *s, const struct stream_handler *h, void *arg);

/**
 * Queued now, written once at the end of the turn. Nothing is taken on an error: -ENOBUFS above the
 * ceiling (`drained` tells when to try again), -ENOMEM, -EPIPE once closed or shut down.
 */
int stream_write(struct stream *s, const void *p, size_t n);
/**
 * The same for a large piece: what is queued and this leave now as far as the kernel takes them, without
 * being copied; the rest is queued. `n` may be 0: only push. Worth it from some 32 kB on.
 */
int stream_write_through(struct stream *s, const void *p, size_t n);
/**
 * The same for what lies in several places: nothing is copied but what the kernel does not take. On an error other
 * than -ENOBUFS and -EPIPE a part of it may have left: the stream is good for nothing more.
 */
int stream_write_parts(struct stream *s, const struct iovec *parts, unsigned count);
/** Parts of one such write. */
#define STREAM_PARTS_MAX 96
/** Bytes written by us that the kernel has not taken yet. */
size_t stream_queued(const struct stream *s);
/** Ceiling and low-water mark of the write queue; the defaults are STREAM_QUEUE_MAX and a quarter. */
void stream_set_queue(struct stream *s, size_t max, size_t low);
/** A megabyte: some seconds of a slow phone; who is further behind is not reading. */
#define STREAM_QUEUE_MAX (1u << 20)
/** Back-pressure: stop and go on reading. While paused, the other end's closing is not seen either. */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
/**
 * Sends what is queued, then closes; `closed` is called with 0, or with -ETIMEDOUT when the other end
 * did not take it within STREAM_SHUTDOWN_MS. What still arrives is discarded.
 */
void stream_shutdown(struct stream *s);
const struct addr *stream_local(const struct stream *s);
const struct addr *stream_peer(const struct stream *s);
/** The peer's verified certificate names this host (subjectAltName; RFC 5922 7). False without TLS. */
bool stream_peer_is(const struct stream *s, struct str host);

#endif
