/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a message's time. */
#include "im/deferred/expire.h"

#include <errno.h>

#include "base/mem.h"
#include "im/deferred/addressee.h"

/** Texts of one message that are told of. */
#define TEXT_MAX (5 * STORE_DEFERRED_TEXT_MAX)

static void pass(struct expire *x);
static void next(struct expire *x);


/* ---- The timer ---- */

static void on_timer(struct timer *t, void *arg)
{
	(void)t;
	pass(arg);
}


static void set(struct expire *x, uint64_t ms)
{
	timer_start(&x->timer, loop_timers(x->d->loop), ms < EXPIRE_LOOK_MS ? ms : EXPIRE_LOOK_MS,
		    on_timer, x);
}


static void set_due(struct expire *x, int64_t due_ms)
{
	int64_t now = deferred_now(x->d);

	x->due_ms = due_ms;
	set(x, !due_ms ? EXPIRE_LOOK_MS : due_ms > now ? (uint64_t)(due_ms - now) : 0);
}


static void on_counted(struct store_request *r, int error, void *arg)
{
	struct expire *x = arg;
	int64_t first = error ? 0 : store_deferred_count_result(r)->next_expiry_ms;

	x->busy = false;
	if (error || x->trouble || (x->on_its_way && first <= deferred_now(x->d)))
		set(x, EXPIRE_AGAIN_MS);
	else if (!x->due_ms || (first && first < x->due_ms))
		set_due(x, first);
	else
		set_due(x, x->due_ms);
}


static void ended(struct expire *x)
{
	if (store_deferred_count(x->d->store, &x->read, STR(""), on_counted, x)) {
		x->busy = false;
		set(x, EXPIRE_AGAIN_MS);
	}
}


/* ---- One message ---- */

static struct str remembered(struct buf *b, struct str s)
{
	size_t at = b->n;

	buf_puts(b, s);
	return (struct str){b->p + at, s.n};
}


static bool remember(struct expire *x, const struct store_deferred *m)
{
	struct stored_request sr;
	bool opened = !stored_request_open(&sr, m, &x->d->addresses);

	buf_clear(&x->text);
	if (buf_reserve(&x->text, TEXT_MAX)) {
		x->user = remembered(&x->text, m->user);
		x->sender = remembered(&x->text, m->sender);
		x->call_id = remembered(&x->text, m->call_id);
		x->icid = remembered(&x->text,
				     opened ? str_upto(stored_icid(&sr.m), STORE_DEFERRED_TEXT_MAX)
					    : STR(""));
		x->notice_to = STR("");
	}
	x->size = m->size;
	x->kind = opened ? sr.r.kind : IM_PAGER;
	if (opened)
		stored_request_close(&sr);
	return !x->text.failed;
}


static void tell(struct expire *x)
{
	if (x->expired)
		im_events_tell(x->d->events, &(struct im_event){
						     .outcome = IM_EXPIRED,
						     .kind = x->kind,
						     .side = IM_TERMINATING,
						     .status = 202,
						     .originator = x->sender,
						     .recipient = x->user,
						     .call_id = x->call_id,
						     .icid = x->icid,
						     .reason = STR("expired"),
						     .size = x->size,
					     });
	if (x->notice_to.n)
		(void)addressee_wake(x->d, x->notice_to, 0, QUEUE_KEPT);
}


static void finished(struct expire *x, int error)
{
	if (store_pending(&x->notice) || store_pending(&x->finish))
		return;
	if (!error)
		tell(x);
	else if (error != -ENOENT)
		x->trouble = true;
	next(x);
}


/* Without the notice the message is gone all the same: a sender whose own quota is full is not told. */
static void on_notice(struct store_request *r, int error, void *arg)
{
	struct expire *x = arg;

	(void)r;
	if (error)
		x->notice_to = STR("");
	else
		deferred_tally(DEFERRED_NOTICES);
	if (!store_pending(&x->finish))
		finished(x, 0);
}


static void on_finished(struct store_request *r, int error, void *arg)
{
	struct expire *x = arg;

	(void)r;
	if (error)
		store_cancel(&x->notice);
	finished(x, error);
}


static bool delivered(const struct store_deferred *m)
{
	for (size_t i = 0; i < m->devices; i++) {
		if (m->device[i].state == STORE_DEVICE_DELIVERED)
			return true;
	}
	return false;
}


static bool on_its_way(const struct expire *x, const struct store_deferred *m)
{
	const struct addressee *a = addressee_find(x->d, m->user);

	for (struct list_link *l = a ? list_first(&a->queues) : NULL; l;
	     l = list_next(&a->queues, l)) {
		const struct device_queue *q = container_of(l, struct device_queue, link);

		if (q->now.id == m->id && (q->state == QUEUE_SENDING || q->state == QUEUE_NOTING))
			return true;
	}
	return false;
}


/* The notice before the end, in one transaction: neither is there without the other. */
static void end(struct expire *x, const struct store_deferred *m)
{
	enum store_deferred_state state = x->expired ? STORE_DEFERRED_EXPIRED
						     : STORE_DEFERRED_DELIVERED;
	struct buf to = BUF_INIT(SIP_AOR_MAX);

	if (x->expired && notice_recipient(x->d, m, &to) &&
	    !notice_hold(x->d, &x->notice, m, on_notice, x))
		x->notice_to = remembered(&x->text, buf_str(&to));
	buf_done(&to);
	if (store_deferred_finish(x->d->store, &x->finish, m->id, state, deferred_now(x->d),
				  on_finished, x)) {
		store_cancel(&x->notice);
		x->trouble = true;
		next(x);
	}
}


static void on_got(struct store_request *r, int error, void *arg)
{
	struct expire *x = arg;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, NULL);

	if (!m || m->state != STORE_DEFERRED_HELD) {
		x->trouble |= error && error != -ENOENT;
		next(x);
	} else if (on_its_way(x, m)) {
		x->on_its_way = true;
		next(x);
	} else if (!remember(x, m)) {
		x->trouble = true;
		next(x);
	} else {
		x->expired = !delivered(m);
		end(x, m);
	}
}


/* ---- A pass over all that have expired ---- */

static void on_page(struct store_request *r, int error, void *arg)
{
	struct expire *x = arg;
	size_t n = 0;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, &n);

	x->trouble |= error != 0;
	for (size_t i = 0; i < n; i++)
		x->page[i] = m[i].id;
	x->page_n = n;
	x->page_at = 0;
	next(x);
}


static void read_page(struct expire *x)
{
	if (store_deferred_expired(x->d->store, &x->read, deferred_now(x->d), EXPIRE_PAGE, on_page,
				   x)) {
		x->trouble = true;
		ended(x);
	}
}


static void next(struct expire *x)
{
	bool more = x->page_n == EXPIRE_PAGE && !x->on_its_way && !x->trouble;

	if (x->page_at < x->page_n) {
		if (store_deferred_get(x->d->store, &x->read, x->page[x->page_at++], on_got, x) ==
		    0)
			return;
		x->trouble = true;
		more = false;
	}
	if (more)
		read_page(x);
	else
		ended(x);
}


static void pass(struct expire *x)
{
	if (x->busy)
		return;
	x->busy = true;
	x->on_its_way = x->trouble = false;
	x->due_ms = 0;
	x->page_n = x->page_at = 0;
	read_page(x);
}


/* ---- Tombstones ---- */

static void purge(struct timer *t, void *arg);


static void on_purged(struct store_request *r, int error, void *arg)
{
	struct expire *x = arg;
	bool more = !error && store_deferred_removed(r) == STORE_PURGE_MAX;

	timer_start(&x->purge_timer, loop_timers(x->d->loop), more ? 1 : EXPIRE_PURGE_MS, purge, x);
}


static void purge(struct timer *t, void *arg)
{
	struct expire *x = arg;

	if (store_deferred_purge(x->d->store, &x->purge, deferred_now(x->d), on_purged, x))
		timer_start(t, loop_timers(x->d->loop), EXPIRE_PURGE_MS, purge, x);
}


/* ---- Life ---- */

void expire_start(struct expire *x, struct deferred *d)
{
	x->d = d;
	buf_init(&x->text, TEXT_MAX + 1);
	timer_start(&x->purge_timer, loop_timers(d->loop), EXPIRE_PURGE_MS, purge, x);
	pass(x);
}


void expire_stop(struct expire *x)
{
	timer_cancel(&x->timer);
	timer_cancel(&x->purge_timer);
	store_cancel(&x->read);
	store_cancel(&x->notice);
	store_cancel(&x->finish);
	store_cancel(&x->purge);
	buf_done(&x->text);
}


void expire_note(struct expire *x, int64_t expires_ms)
{
	if (!expires_ms || !x->d || x->d->stopped || (x->due_ms && x->due_ms <= expires_ms))
		return;
	if (x->busy)
		x->due_ms = expires_ms; /* the end of the pass sets the timer */
	else
		set_due(x, expires_ms);
}
