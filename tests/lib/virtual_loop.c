/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual loop: a clock that is told, a queue of what is to arrive, and faults. */
#include "lib/virtual_loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/timer.h"
#include "lib/virtual_net.h"

#define FIRST_FREE_PORT 49152

struct fault_entry {
	struct list_link link;
	struct virtual_fault fault;
	uint32_t id;
};


void *virtual_storage(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		abort();
	return p;
}


/* ---- Events ---- */

struct virtual_event *virtual_post(struct virtual_loop *vl, enum virtual_event_kind kind,
				   uint64_t delay_ms)
{
	struct virtual_event *e = virtual_storage(sizeof(*e));
	struct list_link *at = &vl->events.head;

	e->kind = kind;
	e->at_ms = vl->base.now_ms + delay_ms;
	e->seq = vl->seq++;
	while (at->prev != &vl->events.head &&
	       container_of(at->prev, struct virtual_event, link)->at_ms > e->at_ms)
		at = at->prev;
	list_insert_before(&vl->events, at, &e->link);
	return e;
}


void virtual_event_free(struct virtual_event *e)
{
	free(e->p);
	if (e->pipe)
		virtual_pipe_unref(e->pipe);
	free(e);
}


static struct virtual_event *first_due(const struct virtual_loop *vl, uint64_t before)
{
	for (struct list_link *k = list_first(&vl->events); k; k = list_next(&vl->events, k)) {
		struct virtual_event *e = container_of(k, struct virtual_event, link);

		if (e->at_ms > vl->base.now_ms)
			return NULL;
		if (e->seq < before)
			return e;
	}
	return NULL;
}


struct virtual_event *virtual_next_due(struct virtual_loop *vl, uint64_t before)
{
	struct virtual_event *e = first_due(vl, before);

	if (e)
		list_remove(&vl->events, &e->link);
	return e;
}


/* Takes the event. */
static void happen(struct virtual_loop *vl, struct virtual_event *e, uint64_t before)
{
	switch (e->kind) {
	case VIRTUAL_EVENT_DATAGRAM:
		virtual_datagram_arrive(vl, e, before);
		return;
	case VIRTUAL_EVENT_ICMP:
		virtual_datagram_icmp(vl, e);
		break;
	case VIRTUAL_EVENT_WORK:
		e->work->done(e->work);
		break;
	default:
		virtual_stream_event(vl, e);
		break;
	}
	virtual_event_free(e);
}


/* ---- Time ---- */

static void set_now(struct virtual_loop *vl, uint64_t now_ms)
{
	vl->base.now_ms = now_ms;
	vl->base.wall_ms = (int64_t)now_ms + vl->wall_offset_ms;
	timers_advance(vl->base.timers, now_ms);
}


static bool is_busy(const struct virtual_loop *vl)
{
	return first_due(vl, UINT64_MAX) || timers_next(vl->base.timers) == 0 ||
	       loop_unfinished(&vl->base);
}


bool virtual_loop_step(struct virtual_loop *vl)
{
	uint64_t before = vl->seq;
	struct virtual_event *e;

	if (!is_busy(vl))
		return false;
	mem_ref(vl);
	vl->counts.steps++;
	while ((e = virtual_next_due(vl, before)))
		happen(vl, e, before);
	timers_run(vl->base.timers, vl->base.now_ms);
	loop_end_turn(&vl->base);
	mem_unref(vl);
	return true;
}


bool virtual_loop_run_until_idle(struct virtual_loop *vl)
{
	for (unsigned i = 0; i < VIRTUAL_STEPS_MAX; i++)
		if (!virtual_loop_step(vl))
			return true;
	return false;
}


uint64_t virtual_loop_next(const struct virtual_loop *vl)
{
	uint64_t next_ms = timers_next(vl->base.timers);
	struct list_link *k = list_first(&vl->events);

	if (is_busy(vl))
		return 0;
	if (k) {
		uint64_t at_ms = container_of(k, struct virtual_event, link)->at_ms;

		if (at_ms - vl->base.now_ms < next_ms)
			next_ms = at_ms - vl->base.now_ms;
	}
	return next_ms;
}


bool virtual_loop_advance(struct virtual_loop *vl, uint64_t ms)
{
	uint64_t end_ms = vl->base.now_ms + ms;

	while (virtual_loop_run_until_idle(vl)) {
		uint64_t wait_ms = virtual_loop_next(vl);

		if (wait_ms > end_ms - vl->base.now_ms) {
			set_now(vl, end_ms);
			return true;
		}
		set_now(vl, vl->base.now_ms + wait_ms);
	}
	return false;
}


void virtual_loop_set_wall(struct virtual_loop *vl, int64_t wall_ms)
{
	vl->wall_offset_ms = wall_ms - (int64_t)vl->base.now_ms;
	vl->base.wall_ms = wall_ms;
}


/* ---- Addresses ---- */

void virtual_loop_set_host(struct virtual_loop *vl, const struct addr *host)
{
	if (host->sa.sa_family == AF_INET6)
		vl->host6 = *host;
	else
		vl->host4 = *host;
}


bool virtual_bound_exactly(const struct addr *bound, const struct addr *to)
{
	return addr_eq(bound, to);
}


bool virtual_bound_any(const struct addr *bound, const struct addr *to)
{
	return bound->sa.sa_family == to->sa.sa_family && addr_is_any(bound) &&
	       addr_port(bound) == addr_port(to);
}


struct addr virtual_source(const struct virtual_loop *vl, const struct addr *bound)
{
	struct addr a = *bound;

	if (addr_is_any(bound)) {
		a = bound->sa.sa_family == AF_INET6 ? vl->host6 : vl->host4;
		addr_set_port(&a, addr_port(bound));
	}
	return a;
}


/* No two hosts share one either, so that a port in a trace means one thing. */
uint16_t virtual_free_port(struct virtual_loop *vl)
{
	if (vl->next_port < FIRST_FREE_PORT)
		vl->next_port = FIRST_FREE_PORT;
	return vl->next_port++;
}


/* ---- Faults ---- */

static bool pattern_matches(const struct addr *pattern, const struct addr *a)
{
	if (pattern->sa.sa_family == 0)
		return true;
	if (pattern->sa.sa_family != a->sa.sa_family)
		return false;
	if (addr_port(pattern) && addr_port(pattern) != addr_port(a))
		return false;
	return addr_is_any(pattern) || addr_eq_host(pattern, a);
}


static struct fault_entry *find_entry(struct virtual_loop *vl, enum virtual_fault_kind kind,
				      const struct addr *from, const struct addr *to)
{
	for (struct list_link *k = list_first(&vl->faults); k; k = list_next(&vl->faults, k)) {
		struct fault_entry *f = container_of(k, struct fault_entry, link);

		if (f->fault.kind == kind && pattern_matches(&f->fault.from, from) &&
		    pattern_matches(&f->fault.to, to))
			return f;
	}
	return NULL;
}


const struct virtual_fault *virtual_fault_find(struct virtual_loop *vl,
					       enum virtual_fault_kind kind,
					       const struct addr *from, const struct addr *to)
{
	struct fault_entry *f = find_entry(vl, kind, from, to);

	return f ? &f->fault : NULL;
}


bool virtual_fault_apply(struct virtual_loop *vl, enum virtual_fault_kind kind,
			 const struct addr *from, const struct addr *to, uint64_t *n)
{
	struct fault_entry *f = find_entry(vl, kind, from, to);

	if (!f)
		return false;
	if (n)
		*n = f->fault.n;
	if (f->fault.times && --f->fault.times == 0) {
		list_remove(&vl->faults, &f->link);
		free(f);
	}
	return true;
}


uint64_t virtual_delay(struct virtual_loop *vl, const struct addr *from, const struct addr *to)
{
	const struct virtual_fault *f = virtual_fault_find(vl, VIRTUAL_DELAY, from, to);

	return f ? f->n : 0;
}


uint32_t virtual_fault_add(struct virtual_loop *vl, const struct virtual_fault *f)
{
	struct fault_entry *entry = virtual_storage(sizeof(*entry));

	entry->fault = *f;
	entry->id = ++vl->fault_id;
	list_append(&vl->faults, &entry->link);
	return entry->id;
}


void virtual_fault_remove(struct virtual_loop *vl, uint32_t id)
{
	for (struct list_link *k = list_first(&vl->faults); k; k = list_next(&vl->faults, k)) {
		struct fault_entry *f = container_of(k, struct fault_entry, link);

		if (f->id == id) {
			list_remove(&vl->faults, k);
			free(f);
			break;
		}
	}
	virtual_stream_retry_all(vl);
}


void virtual_fault_clear(struct virtual_loop *vl)
{
	struct list_link *k;

	while ((k = list_first(&vl->faults))) {
		list_remove(&vl->faults, k);
		free(container_of(k, struct fault_entry, link));
	}
	virtual_stream_retry_all(vl);
}


/* ---- What the program sees ---- */

static uint64_t clock_us(const struct loop *l)
{
	return l->now_ms * 1000;
}


/* splitmix64: any seed will do, and every bit of it counts. */
static uint64_t draw(struct virtual_loop *vl)
{
	uint64_t z = vl->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}


static void random_bytes(struct loop *l, void *p, size_t n)
{
	struct virtual_loop *vl = container_of(l, struct virtual_loop, base);
	uint8_t *to = p;

	while (n) {
		uint64_t v = draw(vl);
		size_t some = n < sizeof(v) ? n : sizeof(v);

		memcpy(to, &v, some);
		to += some;
		n -= some;
	}
}


static int work_now(struct loop *l, struct work *w)
{
	struct virtual_loop *vl = container_of(l, struct virtual_loop, base);
	void *block = mem_raw(1); /* so that the out-of-memory run meets a refusal here */

	if (!block)
		return -ENOMEM;
	mem_free(block);
	w->run(w);
	virtual_post(vl, VIRTUAL_EVENT_WORK, 0)->work = w;
	return 0;
}


static void run(struct loop *l)
{
	struct virtual_loop *vl = container_of(l, struct virtual_loop, base);
	uint64_t wait_ms;

	while (!vl->stopped && (wait_ms = virtual_loop_next(vl)) != UINT64_MAX) {
		set_now(vl, vl->base.now_ms + wait_ms);
		(void)virtual_loop_step(vl);
	}
	vl->stopped = false;
}


static void stop(struct loop *l)
{
	container_of(l, struct virtual_loop, base)->stopped = true;
}


static const struct loop_ops ops = {
	.clock_us = clock_us,
	.random = random_bytes,
	.work = work_now,
	.run = run,
	.stop = stop,
	.datagram_open = virtual_datagram_open,
	.listen = virtual_stream_listen,
	.connect = virtual_stream_connect,
};


/* ---- Life ---- */

static void destroy(void *object)
{
	struct virtual_loop *vl = object;
	struct list_link *k;

	while ((k = list_first(&vl->events))) {
		struct virtual_event *e = container_of(k, struct virtual_event, link);

		list_remove(&vl->events, k);
		if (e->kind == VIRTUAL_EVENT_WORK)
			e->work->done(e->work);
		virtual_event_free(e);
	}
	virtual_fault_clear(vl);
	loop_done(&vl->base);
}


struct virtual_loop *virtual_loop_alloc(uint64_t seed)
{
	struct virtual_loop *vl = mem_alloc(sizeof(*vl), destroy);

	if (!vl)
		return NULL;
	vl->random = seed;
	list_init(&vl->events);
	list_init(&vl->faults);
	list_init(&vl->sockets);
	list_init(&vl->listeners);
	list_init(&vl->streams);
	(void)addr_decode(&vl->host4, STR("127.0.0.1"), 0);
	(void)addr_decode(&vl->host6, STR("::1"), 0);
	if (loop_init(&vl->base, &ops))
		return mem_unref(vl);
	vl->wall_offset_ms = VIRTUAL_WALL_START_MS - VIRTUAL_START_MS;
	set_now(vl, VIRTUAL_START_MS);
	return vl;
}


struct loop *virtual_loop_base(struct virtual_loop *vl)
{
	return &vl->base;
}


bool virtual_loop_stopped(const struct virtual_loop *vl)
{
	return vl->stopped;
}


const struct virtual_counts *virtual_loop_counts(const struct virtual_loop *vl)
{
	return &vl->counts;
}


size_t virtual_loop_streams(const struct virtual_loop *vl)
{
	return vl->streams.count;
}
