/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over libuv: turns, timers, worker threads, signals, foreign descriptors. */
#include "base/loop_uv.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/timer.h"

/*
 * Turns taken without asking the kernel which sockets are ready, because the last look at the
 * datagram sockets found something: below saturation this saves a sleep and a wake-up for a batch,
 * and the bound lets the connections have their turn.
 */
#define TURNS_WITHOUT_POLL 8

struct uv_watch {
	struct loop_poll base;
	uv_poll_t handle;
	struct loop_uv *lu; /* a reference */
	int fd;
	int events;
	loop_poll_cb *cb;
	void *arg;
};

struct uv_job {
	uv_work_t request;
	struct loop_uv *lu;
	struct work *work;
};

struct uv_signal_watch {
	uv_signal_t handle;
	struct loop_uv *lu;
	loop_signal_cb *cb;
	void *arg;
};


static uint64_t clock_us(const struct loop *l)
{
	struct timespec ts;

	(void)l;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}


static int64_t wall_ms_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


void loop_uv_enter(struct loop_uv *lu)
{
	if (lu->in_turn)
		return;
	lu->in_turn = true;
	lu->base.now_ms = uv_now(&lu->uv);
	lu->base.wall_ms = wall_ms_now();
	timers_advance(lu->base.timers, lu->base.now_ms);
}


/* ---- Chance ---- */

void loop_uv_fill_random(void *p, size_t n)
{
	uint8_t *to = p;

	while (n) {
		ssize_t got = getrandom(to, n, 0);

		if (got < 0) {
			/* Nothing else can be wrong with a valid buffer: getrandom(2). */
			assert(errno == EINTR);
			continue;
		}
		to += got;
		n -= (size_t)got;
	}
}


static void random_bytes(struct loop *l, void *p, size_t n)
{
	struct loop_uv *lu = container_of(l, struct loop_uv, base);
	uint8_t *from;

	if (n > RANDOM_POOL) {
		loop_uv_fill_random(p, n);
		return;
	}
	if (n > lu->random_left) {
		loop_uv_fill_random(lu->random_pool, RANDOM_POOL);
		lu->random_left = RANDOM_POOL;
	}
	from = lu->random_pool + RANDOM_POOL - lu->random_left;
	memcpy(p, from, n);
	explicit_bzero(from, n); /* what has been given out cannot be read back */
	lu->random_left -= n;
}


/* ---- Worker threads ---- */

static void on_job_run(uv_work_t *request)
{
	struct uv_job *j = container_of(request, struct uv_job, request);

	j->work->run(j->work);
}


static void on_job_done(uv_work_t *request, int status)
{
	struct uv_job *j = container_of(request, struct uv_job, request);
	struct work *w = j->work;

	(void)status; /* never cancelled */
	loop_uv_enter(j->lu);
	w->impl = NULL;
	mem_free(j);
	w->done(w);
}


static int work_queue(struct loop *l, struct work *w)
{
	struct loop_uv *lu = container_of(l, struct loop_uv, base);
	struct uv_job *j = mem_raw(sizeof(*j));

	if (!j)
		return -ENOMEM;
	j->lu = lu;
	j->work = w;
	w->impl = j;
	if (uv_queue_work(&lu->uv, &j->request, on_job_run, on_job_done)) {
		w->impl = NULL;
		mem_free(j);
		return -ENOMEM;
	}
	return 0;
}


/* ---- Foreign descriptors, and the sockets of ours ---- */

static void on_ready(uv_poll_t *handle, int status, int ready);


static int watch_start(struct uv_watch *w)
{
	int events = (w->events & POLLIN ? UV_READABLE : 0) |
		     (w->events & POLLOUT ? UV_WRITABLE : 0);

	return events ? uv_poll_start(&w->handle, events, on_ready) : uv_poll_stop(&w->handle);
}


static void on_ready(uv_poll_t *handle, int status, int ready)
{
	struct uv_watch *w = container_of(handle, struct uv_watch, handle);
	int events = (ready & UV_READABLE ? POLLIN : 0) | (ready & UV_WRITABLE ? POLLOUT : 0);

	loop_uv_enter(w->lu);
	if (status < 0) {
		/* libuv stops watching when the kernel says POLLERR, which a datagram socket
		 * with an ICMP error in its queue also does. */
		(void)watch_start(w);
		events = POLLERR | w->events;
	}
	w->cb(w->fd, events, w->arg);
}


static int poll_change(struct loop_poll *p, int events)
{
	struct uv_watch *w = container_of(p, struct uv_watch, base);

	if (events == w->events)
		return 0;
	w->events = events;
	return watch_start(w);
}


static void on_watch_closed(uv_handle_t *handle)
{
	mem_free(container_of((uv_poll_t *)handle, struct uv_watch, handle));
}


static void poll_stop(struct loop_poll *p)
{
	struct uv_watch *w = container_of(p, struct uv_watch, base);
	struct loop *l = &w->lu->base;

	uv_close((uv_handle_t *)&w->handle, on_watch_closed);
	mem_unref(l);
}


static const struct loop_poll_ops poll_ops = {poll_change, poll_stop};


static int poll_start(struct loop_poll **ret, struct loop *l, int fd, int events, loop_poll_cb *cb,
		      void *arg)
{
	struct loop_uv *lu = container_of(l, struct loop_uv, base);
	struct uv_watch *w = mem_raw(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct uv_watch){.lu = lu, .fd = fd, .events = events, .cb = cb, .arg = arg};
	w->base.ops = &poll_ops;
	err = uv_poll_init(&lu->uv, &w->handle, fd);
	if (err) {
		mem_free(w);
		return err;
	}
	mem_ref(l);
	err = watch_start(w);
	if (err) {
		poll_stop(&w->base);
		return err;
	}
	*ret = &w->base;
	return 0;
}


/* ---- Signals ---- */

static void on_signal(uv_signal_t *handle, int signum)
{
	struct uv_signal_watch *w = container_of(handle, struct uv_signal_watch, handle);

	loop_uv_enter(w->lu);
	w->cb(signum, w->arg);
}


static void on_signal_closed(uv_handle_t *handle)
{
	mem_free(container_of((uv_signal_t *)handle, struct uv_signal_watch, handle));
}


static int signal_start(struct loop *l, int signum, loop_signal_cb *cb, void *arg)
{
	struct loop_uv *lu = container_of(l, struct loop_uv, base);
	struct uv_signal_watch *w = mem_raw(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct uv_signal_watch){.lu = lu, .cb = cb, .arg = arg};
	err = uv_signal_init(&lu->uv, &w->handle);
	if (err) {
		mem_free(w);
		return err;
	}
	err = uv_signal_start(&w->handle, on_signal, signum);
	if (err)
		uv_close((uv_handle_t *)&w->handle, on_signal_closed);
	return err;
}


/* ---- Turns ---- */

static void end_turn(struct loop_uv *lu)
{
	loop_uv_enter(lu);
	timers_run(lu->base.timers, lu->base.now_ms);
	loop_end_turn(&lu->base);
	datagram_uv_flush_all(lu);
	log_flush();
	lu->in_turn = false;
}


static void on_wake(uv_timer_t *handle)
{
	struct loop_uv *lu = container_of(handle, struct loop_uv, wake);

	lu->wake_ms = UINT64_MAX; /* the turn's end runs what is due */
}


static void set_wake(struct loop_uv *lu)
{
	uint64_t wait_ms = timers_sleep(lu->base.timers);
	uint64_t wake_ms;

	if (loop_unfinished(&lu->base))
		wait_ms = 0;
	wake_ms = wait_ms == UINT64_MAX ? UINT64_MAX : lu->base.now_ms + wait_ms;
	if (wake_ms == lu->wake_ms)
		return;
	lu->wake_ms = wake_ms;
	if (wake_ms == UINT64_MAX) {
		(void)uv_timer_stop(&lu->wake);
		return;
	}
	/* libuv counts from its own time, which is at or after that of the turn. */
	wake_ms = wake_ms > uv_now(&lu->uv) ? wake_ms - uv_now(&lu->uv) : 0;
	(void)uv_timer_start(&lu->wake, on_wake, wake_ms, 0);
}


static void on_prepare(uv_prepare_t *handle)
{
	struct loop_uv *lu = container_of(handle, struct loop_uv, prepare);

	end_turn(lu);
	for (int i = 0; i < TURNS_WITHOUT_POLL && !list_empty(&lu->datagrams_hot); i++) {
		uv_update_time(&lu->uv);
		if (!datagram_uv_read_again(lu))
			break;
		end_turn(lu);
	}
	lu->in_turn = false; /* a look that found nothing has opened one */
	set_wake(lu);
}


static void run(struct loop *l)
{
	struct loop_uv *lu = container_of(l, struct loop_uv, base);

	(void)uv_run(&lu->uv, UV_RUN_DEFAULT);
	end_turn(lu);
}


static void stop(struct loop *l)
{
	struct loop_uv *lu = container_of(l, struct loop_uv, base);

	uv_stop(&lu->uv);
}


static const struct loop_ops ops = {
	.clock_us = clock_us,
	.random = random_bytes,
	.work = work_queue,
	.run = run,
	.stop = stop,
	.on_signal = signal_start,
	.poll_start = poll_start,
	.datagram_open = datagram_uv_open,
	.listen = stream_uv_listen,
	.connect = stream_uv_connect,
};


/* ---- Life ---- */

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (uv_is_closing(handle))
		return;
	uv_close(handle, handle->type == UV_SIGNAL ? on_signal_closed : NULL);
}


/* No socket or watch is left, for they hold references; signals, and work on its way, may be. */
static void destroy(void *object)
{
	struct loop_uv *lu = object;

	if (lu->opened) {
		uv_walk(&lu->uv, close_handle, NULL);
		(void)uv_run(&lu->uv, UV_RUN_DEFAULT);
		(void)uv_run(&lu->uv, UV_RUN_DEFAULT); /* again, after a uv_stop not yet obeyed */
		(void)uv_loop_close(&lu->uv);
	}
	datagram_uv_batch_free(lu->batch);
	mem_free(lu->read_buffer);
	loop_done(&lu->base);
}


struct loop *loop_uv_alloc(void)
{
	struct loop_uv *lu = mem_alloc(sizeof(*lu), destroy);

	if (!lu)
		return NULL;
	list_init(&lu->datagrams_dirty);
	list_init(&lu->datagrams_hot);
	list_init(&lu->shutting);
	lu->wake_ms = UINT64_MAX;
	if (loop_init(&lu->base, &ops) || uv_loop_init(&lu->uv))
		return mem_unref(lu);
	lu->opened = true;
	if (uv_prepare_init(&lu->uv, &lu->prepare) || uv_timer_init(&lu->uv, &lu->wake) ||
	    uv_prepare_start(&lu->prepare, on_prepare))
		return mem_unref(lu);
	lu->read_buffer = mem_raw(STREAM_READ_MAX + STREAM_READ_SHIFTS);
	if (!lu->read_buffer)
		return mem_unref(lu);
	loop_uv_enter(lu);
	lu->in_turn = false;
	return &lu->base;
}
