/* SPDX-License-Identifier: Apache-2.0 */
/* The History function: its life, its counters, and what is too old. */
#include "im/history/history.h"

#include <errno.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "im/history/history_state.h"

/** Messages under way, in all sessions: a first guess. */
#define OPEN_FIRST 16

static struct counter counts[HISTORY_COUNTS] = {
	[HISTORY_RECORDED] = COUNTER("history.recorded", "messages written to users' histories"),
	[HISTORY_RECORDED_BYTES] = COUNTER("history.bytes", "bytes of their contents"),
	[HISTORY_CONVERSATIONS] = COUNTER("history.conversations",
					  "conversations begun in users' histories"),
	[HISTORY_LOST] = COUNTER("history.lost",
				 "messages that should have been recorded and could not be"),
	[HISTORY_PURGED] = COUNTER("history.purged", "messages removed because of their age"),
	[HISTORY_PAUSES] = COUNTER("history.pauses",
				   "times a stream waited for the disk of the history"),
};


void history_counters_register(void)
{
	counter_register(counts, HISTORY_COUNTS);
}


void history_tally(enum history_tally c, uint64_t n)
{
	counter_add(&counts[c], (int64_t)n);
}


void history_lost(struct str owner, int error)
{
	history_tally(HISTORY_LOST, 1);
	log_warning("history", "a message of " STR_FMT " is not recorded: %s", STR_ARG(owner),
		    strerror(-error));
}


bool history_wanted(const struct subscriber *s, enum im_kind kind)
{
	bool pager = kind == IM_PAGER || kind == IM_LARGE;

	return s &&
	       im_settings_on(&s->settings, pager ? IM_HISTORY_PAGER_LARGE : IM_HISTORY_SESSION);
}


enum store_history_kind history_kind_of(enum im_kind kind)
{
	switch (kind) {
	case IM_PAGER:
		return STORE_HISTORY_PAGER;
	case IM_LARGE:
		return STORE_HISTORY_LARGE;
	case IM_FILE:
		return STORE_HISTORY_FILE;
	default:
		return STORE_HISTORY_SESSION;
	}
}


/* ---- What is too old ---- */

static void purge(struct history *h);


static void on_purge_later(struct timer *t, void *arg)
{
	(void)t;
	purge(arg);
}


static void on_purged(struct store_request *r, int error, void *arg)
{
	struct history *h = arg;
	size_t n = error ? 0 : store_history_removed(r);

	history_tally(HISTORY_PURGED, n);
	if (n >= STORE_HISTORY_REMOVE_MAX)
		purge(h);
	else
		timer_start(&h->purge_later, loop_timers(h->loop), HISTORY_PURGE_MS, on_purge_later,
			    h);
}


static void purge(struct history *h)
{
	int64_t before = loop_wall_ms(h->loop) - (int64_t)h->config.expiry_s * 1000;
	int err = h->config.expiry_s && !h->stopped
			  ? store_history_purge(h->store, &h->purge, before, on_purged, h)
			  : -ECANCELED;

	if (err && !h->stopped)
		timer_start(&h->purge_later, loop_timers(h->loop), HISTORY_PURGE_MS, on_purge_later,
			    h);
}


static void on_ended_all(struct store_request *r, int error, void *arg)
{
	struct history *h = arg;

	/* As many as one write takes: there may be more. */
	if (!error && store_history_removed(r) >= STORE_HISTORY_REMOVE_MAX && !h->stopped)
		history_start(h);
	else
		purge(h);
}


void history_start(struct history *h)
{
	if (store_history_end_all(h->store, &h->end_all, STR("interrupted"), on_ended_all, h))
		purge(h);
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct history *h = object;

	timer_cancel(&h->purge_later);
	store_cancel(&h->purge);
	store_cancel(&h->end_all);
	history_pagers_done(h);
	history_recordings_done(h);
	hash_done(&h->open);
	mem_unref(h->slab);
	mem_unref(h->subscribers);
	mem_unref(h->store);
	mem_unref(h->loop);
}


int history_alloc(struct history **ret, const struct history_params *p)
{
	struct history *h = mem_alloc(sizeof(*h), destroy);

	if (!h)
		return -ENOMEM;
	h->loop = mem_ref(p->loop);
	h->store = mem_ref(p->store);
	h->subscribers = mem_ref(p->subscribers);
	list_init(&h->pagers);
	list_init(&h->recordings);
	h->slab = slab_alloc();
	if (!h->slab || hash_init(&h->open, OPEN_FIRST)) {
		mem_unref(h);
		return -ENOMEM;
	}
	h->recorder = (struct im_recorder){
		.pager = history_pager,
		.cancel = history_pager_cancel,
		.begin = history_begin,
		.tap = &history_tap,
		.end = history_end,
		.arg = h,
	};
	*ret = h;
	return 0;
}


void history_configure(struct history *h, const struct history_config *c)
{
	h->config = *c;
}


const struct im_recorder *history_recorder(struct history *h)
{
	return &h->recorder;
}


void history_stop(struct history *h)
{
	h->stopped = true;
	timer_cancel(&h->purge_later);
}


size_t history_under_way(const struct history *h)
{
	return h->pagers.count + h->recordings.count;
}
