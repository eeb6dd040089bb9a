/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of a session that are gathered to be written together. What people say is written at once, or as
 * soon as what was before it is; of a stream, what came in a while: so many writes a second, and no more.
 */
#include <errno.h>

#include "base/mem.h"
#include "im/history/recording.h"

/** A bundle on its way to the disk. */
struct gathered {
	struct list_link link;
	struct im_recording *rec; /**< a reference */
	struct store_request r;
	struct store_history_bundle *bundle[STORE_HISTORY_COPIES_MAX];
	size_t n;
	size_t entries, queued;
};

static void look(struct im_recording *rec);


static void drop_bundles(struct store_history_bundle *bundle[STORE_HISTORY_COPIES_MAX])
{
	for (size_t i = 0; i < STORE_HISTORY_COPIES_MAX; i++)
		bundle[i] = mem_unref(bundle[i]);
}


/* ---- Those that are empty ---- */

static struct store_history_bundle *spare_take(struct gathering *g, size_t copy)
{
	struct store_history_bundle *b = NULL;

	for (size_t i = 0; !b && i < HISTORY_GATHER_SPARES; i++) {
		b = g->spare[copy][i];
		g->spare[copy][i] = NULL;
	}
	return b;
}


static void spare_give(struct gathering *g, size_t copy, struct store_history_bundle *b)
{
	store_history_bundle_clear(b);
	for (size_t i = 0; b && i < HISTORY_GATHER_SPARES; i++) {
		if (g->spare[copy][i])
			continue;
		g->spare[copy][i] = b;
		b = NULL;
	}
	mem_unref(b);
}


static void drop_spares(struct gathering *g)
{
	for (size_t i = 0; i < STORE_HISTORY_COPIES_MAX; i++)
		for (size_t k = 0; k < HISTORY_GATHER_SPARES; k++)
			g->spare[i][k] = mem_unref(g->spare[i][k]);
}


static bool has_spares(const struct gathering *g)
{
	for (size_t k = 0; k < HISTORY_GATHER_SPARES; k++)
		if (g->spare[0][k])
			return true;
	return false;
}


static void gathered_destroy(void *object)
{
	struct gathered *w = object;

	store_cancel(&w->r);
	list_remove(&w->rec->gathering.writing, &w->link);
	drop_bundles(w->bundle);
	recording_unqueue(w->rec, w->queued);
	mem_unref(w->rec);
}


/* ---- Written ---- */

static void lost(const struct gathered *w, size_t n, int error)
{
	const struct im_recording *rec = w->rec;

	history_tally(HISTORY_LOST, n - 1);
	history_lost(rec->copy[0].wanted ? rec->copy[0].owner : rec->copy[1].owner, error);
}


/* Their memory is used again, until nothing has come for a while. */
static void keep_bundles(struct gathered *w)
{
	for (size_t i = 0; i < w->n; i++) {
		spare_give(&w->rec->gathering, i, w->bundle[i]);
		w->bundle[i] = NULL;
	}
}


static void on_written(struct store_request *r, int error, void *arg)
{
	struct gathered *w = arg;
	struct im_recording *rec = mem_ref(w->rec);
	const struct store_history_count *added = store_history_count_result(r);
	size_t n = w->entries * w->n;

	if (!error) {
		history_tally(HISTORY_RECORDED, added->entries);
		history_tally(HISTORY_RECORDED_BYTES, added->bytes);
		n -= added->entries;
		keep_bundles(w);
	}
	if (n)
		lost(w, n, error ? error : -EDQUOT);
	mem_unref(w);
	look(rec);
	mem_unref(rec);
}


/* ---- Writing ---- */

void gathering_write(struct im_recording *rec)
{
	struct gathering *g = &rec->gathering;
	struct gathered *w;
	int error;

	timer_cancel(&g->later);
	g->resting = false;
	if (!g->entries)
		return;
	g->written_ms = loop_now_ms(rec->h->loop);
	w = mem_alloc(sizeof(*w), gathered_destroy);
	if (!w)
		return; /* with the next one, or the last */
	w->rec = mem_ref(rec);
	list_append(&g->writing, &w->link);
	w->entries = g->entries;
	w->queued = g->queued;
	for (; w->n < STORE_HISTORY_COPIES_MAX && g->bundle[w->n]; w->n++) {
		w->bundle[w->n] = g->bundle[w->n];
		g->bundle[w->n] = NULL;
	}
	g->stream = g->entries > HISTORY_GATHER_FEW;
	g->entries = g->queued = 0;
	error = store_history_add_bundle(rec->h->store, &w->r, w->bundle, w->n,
					 &rec->h->config.quota, loop_wall_ms(rec->h->loop),
					 on_written, w);
	if (error) {
		lost(w, w->entries * w->n, error);
		mem_unref(w);
	}
}


static void on_later(struct timer *t, void *arg)
{
	struct im_recording *rec = arg;
	struct gathering *g = &rec->gathering;

	(void)t;
	if (g->resting)
		drop_spares(g);
	g->resting = false;
	look(rec);
}


static void wait_for(struct im_recording *rec, uint64_t ms, bool resting)
{
	struct gathering *g = &rec->gathering;

	if (timer_running(&g->later) && g->resting == resting)
		return;
	g->resting = resting;
	timer_start(&g->later, loop_timers(rec->h->loop), ms, on_later, rec);
}


static bool is_much(const struct gathering *g)
{
	return g->queued >= HISTORY_GATHER_BYTES || g->entries >= HISTORY_GATHER_ENTRIES;
}


/* One at a time, the next when it is time for it or when there is much. */
static void look(struct im_recording *rec)
{
	struct gathering *g = &rec->gathering;
	uint64_t since_ms = loop_now_ms(rec->h->loop) - g->written_ms;

	if (g->writing.count || rec->ended)
		return;
	if (!g->entries) {
		if (has_spares(g))
			wait_for(rec, HISTORY_REST_MS, true);
	} else if (!g->stream || since_ms >= HISTORY_GATHER_MS || is_much(g)) {
		gathering_write(rec);
	} else {
		wait_for(rec, HISTORY_GATHER_MS - since_ms, false);
	}
}


/* ---- Gathering ---- */

static int put_one(struct gathering *g, size_t i, const struct store_history_entry *e)
{
	if (!g->bundle[i])
		g->bundle[i] = spare_take(g, i);
	if (!g->bundle[i]) {
		int error = store_history_bundle_alloc(&g->bundle[i], e);

		if (error)
			return error;
	}
	return store_history_bundle_put(g->bundle[i], e);
}


/* In all copies, or in none. */
static int put(struct gathering *g, const struct store_history_entry *e, size_t n)
{
	int error = 0;

	for (size_t i = 0; !error && i < n; i++) {
		error = put_one(g, i, &e[i]);
		while (error && i--)
			store_history_bundle_take_back(g->bundle[i]);
		if (error)
			break;
	}
	if (error && !g->entries)
		drop_bundles(g->bundle);
	return error;
}


int gathering_put(struct im_recording *rec, const struct store_history_entry *e, size_t n,
		  size_t bytes)
{
	struct gathering *g = &rec->gathering;
	int error = put(g, e, n);

	if (error == -ENOBUFS && g->entries) {
		gathering_write(rec);
		error = put(g, e, n);
	}
	if (error)
		return error;
	g->entries++;
	g->queued += bytes;
	look(rec);
	return 0;
}


void gathering_init(struct gathering *g)
{
	list_init(&g->writing);
}


void gathering_done(struct gathering *g)
{
	timer_cancel(&g->later);
	drop_bundles(g->bundle);
	drop_spares(g);
}


void gathering_drop(struct im_recording *rec)
{
	struct gathering *g = &rec->gathering;

	for (struct list_link *l; (l = list_first(&g->writing));)
		mem_unref(container_of(l, struct gathered, link));
	recording_unqueue(rec, g->queued);
	g->queued = g->entries = 0;
	gathering_done(g);
}
