/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for one device, brought one message at a time. */
#include "im/deferred/device_queue.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "im/deferred/addressee.h"
#include "im/deferred/handover.h"
#include "im/deferred/notify.h"
#include "im/deferred/push.h"

/** How long shedding is waited out before slots are given again. */
#define PUMP_LATER_MS 1000

static const struct sm_state states[] = {
	[QUEUE_LINED_UP] = {"lined-up", SM_TO(QUEUE_ASKING) | SM_TO(QUEUE_LISTING) |
						SM_TO(QUEUE_READING) | SM_TO(QUEUE_LOADING)},
	[QUEUE_ASKING] = {"asking", SM_TO(QUEUE_LISTING) | SM_TO(QUEUE_READING) |
					    SM_TO(QUEUE_LOADING) | SM_TO(QUEUE_RESTING)},
	[QUEUE_LISTING] = {"listing",
			   SM_TO(QUEUE_LINED_UP) | SM_TO(QUEUE_TELLING) | SM_TO(QUEUE_RESTING)},
	[QUEUE_TELLING] = {"telling", SM_TO(QUEUE_LINED_UP) | SM_TO(QUEUE_RESTING)},
	[QUEUE_READING] = {"reading",
			   SM_TO(QUEUE_READING) | SM_TO(QUEUE_LOADING) | SM_TO(QUEUE_RESTING)},
	[QUEUE_LOADING] = {"loading", SM_TO(QUEUE_READING) | SM_TO(QUEUE_LOADING) |
					      SM_TO(QUEUE_SENDING) | SM_TO(QUEUE_NOTING) |
					      SM_TO(QUEUE_RESTING)},
	[QUEUE_SENDING] = {"sending", SM_TO(QUEUE_NOTING)},
	[QUEUE_NOTING] = {"noting", SM_TO(QUEUE_LINED_UP) | SM_TO(QUEUE_RESTING)},
	[QUEUE_RESTING] = {"resting", SM_TO(QUEUE_LINED_UP)},
};
const struct sm_table queue_machine = SM_TABLE("device-queue", states);

static void decide(struct device_queue *q);
static void read_page(struct device_queue *q);
static void load(struct device_queue *q);
static void note(struct device_queue *q);


/* ---- Life ---- */

static void delivery_done(struct delivery *v)
{
	buf_done(&v->text);
	*v = (struct delivery){0};
}


static void give_slot_back(struct device_queue *q)
{
	struct addressee *a = q->of;
	struct list_link *l;

	if (!q->slot)
		return;
	q->slot = false;
	q->d->active--;
	a->active--;
	if ((l = list_first(&a->parked))) {
		list_remove(&a->parked, l);
		list_append(&q->d->line, l);
	}
	queue_pump(q->d);
}


/* A place in line, or parked: both lists count their links. */
static void leave_place(struct device_queue *q)
{
	if (!list_linked(&q->place))
		return;
	for (struct list_link *l = list_first(&q->of->parked); l;
	     l = list_next(&q->of->parked, l)) {
		if (l == &q->place) {
			list_remove(&q->of->parked, l);
			return;
		}
	}
	list_remove(&q->d->line, &q->place);
}


static void queue_destroy(void *object)
{
	struct device_queue *q = object;

	timer_cancel(&q->timer);
	subscriber_load_cancel(&q->query);
	im_send_cancel(&q->send);
	handover_cancel(q->handover);
	store_cancel(&q->read);
	store_cancel(&q->mark);
	store_cancel(&q->finish);
	if (q->d->recorder)
		q->d->recorder->cancel(&q->record, q->d->recorder->arg);
	leave_place(q);
	give_slot_back(q);
	delivery_done(&q->now);
	list_remove(&q->of->queues, &q->link);
	q->d->queues--;
}


void queue_close(struct device_queue *q)
{
	struct addressee *a = q->of;

	mem_unref(q);
	addressee_release(a);
}


static void line_up(struct device_queue *q)
{
	q->state = QUEUE_LINED_UP;
	list_append(&q->d->line, &q->place);
	queue_pump(q->d);
}


void queue_streams(struct device_queue *q)
{
	give_slot_back(q);
}


static void on_rested(struct timer *t, void *arg)
{
	struct device_queue *q = arg;

	(void)t;
	sm_move(&queue_machine, &q->state, QUEUE_LINED_UP);
	line_up(q);
}


/* Whoever rests begins again with the oldest. */
static void rest(struct device_queue *q, uint64_t ms)
{
	sm_move(&queue_machine, &q->state, QUEUE_RESTING);
	q->after = 0;
	q->page_n = q->page_at = 0;
	q->again = false;
	timer_start(&q->timer, loop_timers(q->d->loop), ms, on_rested, q);
	give_slot_back(q);
}


static void take_cause(struct device_queue *q, enum queue_cause cause)
{
	q->at_once |= cause >= QUEUE_REFRESHED;
	q->tell |= cause == QUEUE_KEPT || cause == QUEUE_REGISTERED;
	q->asked |= cause == QUEUE_ASKED;
}


int queue_open(struct addressee *of, struct str key, uint64_t rest_ms, enum queue_cause cause)
{
	struct deferred *d = of->d;
	struct device_queue *q;

	if (d->queues >= DEFERRED_QUEUES_MAX)
		return -ENOBUFS;
	q = mem_alloc(sizeof(*q) + key.n, queue_destroy);
	if (!q)
		return -ENOMEM;
	q->d = d;
	q->of = of;
	take_cause(q, cause);
	q->key_n = key.n;
	memcpy(q->key, key.p, key.n);
	list_append(&of->queues, &q->link);
	d->queues++;
	if (rest_ms) {
		q->state = QUEUE_RESTING;
		timer_start(&q->timer, loop_timers(d->loop), rest_ms, on_rested, q);
	} else {
		line_up(q);
	}
	return 0;
}


void queue_wake(struct device_queue *q, enum queue_cause cause)
{
	q->again = true;
	take_cause(q, cause);
	if (cause < QUEUE_REFRESHED)
		return;
	q->registered = true;
	if (q->state == QUEUE_RESTING) {
		timer_cancel(&q->timer);
		on_rested(&q->timer, q);
	}
}


void queue_leave(struct device_queue *q)
{
	if (q->state == QUEUE_RESTING || q->state == QUEUE_LINED_UP)
		queue_close(q);
}


/* ---- Slots ---- */

static void begin(struct device_queue *q)
{
	q->slot = true;
	q->d->active++;
	q->of->active++;
	decide(q);
}


static void on_pump(void *arg);


static void on_pump_later(struct timer *t, void *arg)
{
	(void)t;
	on_pump(arg);
}


static void on_pump(void *arg)
{
	struct deferred *d = arg;

	while (!d->stopped && d->active < DEFERRED_PUSHES_MAX && !list_empty(&d->line)) {
		/* What is pushed comes on top of what people send just now: that goes first. */
		if (sip_shedding(d->sip)) {
			timer_start(&d->pump_later, loop_timers(d->loop), PUMP_LATER_MS,
				    on_pump_later, d);
			return;
		}
		struct device_queue *q = container_of(list_first(&d->line), struct device_queue,
						      place);

		list_remove(&d->line, &q->place);
		if (q->of->active >= DEFERRED_USER_PUSHES_MAX)
			list_append(&q->of->parked, &q->place);
		else
			begin(q);
	}
}


void queue_pump(struct deferred *d)
{
	loop_defer(d->loop, &d->pump, on_pump, d);
}


static void trouble(struct device_queue *q)
{
	deferred_tally(DEFERRED_TROUBLE);
	rest(q, DEFERRED_REST_MS);
}


/* ---- Are they to be brought? ---- */

static void go(struct device_queue *q, bool push)
{
	if (push && q->page_at < q->page_n) {
		load(q);
	} else if (push) {
		read_page(q);
	} else if (q->tell) {
		q->tell = q->again = q->registered = false;
		notify_start(q);
	} else {
		queue_close(q);
	}
}


static void on_subscriber(struct subscriber_query *query, int error, struct subscriber *s,
			  void *arg)
{
	struct device_queue *q = arg;

	(void)query;
	if (error && error != -ENOENT)
		trouble(q);
	else
		go(q, !s || im_settings_on(&s->settings, IM_PUSH));
}


/* Looked at anew for each message: the operator and the user may have changed their minds. */
static void decide(struct device_queue *q)
{
	struct subscribers *subscribers = q->d->subscribers;
	struct subscriber *s = NULL;
	int err;

	/* In another domain nobody registers here, or has settings. */
	if (q->asked || str_eq(queue_key(q), QUEUE_KEY_ONWARD)) {
		go(q, true);
		return;
	}
	if (!q->d->config.push) {
		go(q, false);
		return;
	}
	err = subscribers_find(subscribers, addressee_aor(q->of), &s);
	if (err != -EAGAIN) {
		go(q, !s || im_settings_on(&s->settings, IM_PUSH));
		return;
	}
	sm_move(&queue_machine, &q->state, QUEUE_ASKING);
	if (subscriber_load(subscribers, &q->query, addressee_aor(q->of), on_subscriber, q))
		trouble(q);
}


/* It waits its turn anew when there was something new meanwhile. */
static void told(struct device_queue *q)
{
	delivery_done(&q->now);
	q->told = 0;
	if (!q->again || q->d->stopped) {
		queue_close(q);
		return;
	}
	sm_move(&queue_machine, &q->state, QUEUE_LINED_UP);
	give_slot_back(q);
	line_up(q);
}


void queue_told(struct device_queue *q, int error, uint16_t status, uint32_t retry_after_s)
{
	if (error == -ENOENT || (q->d->stopped && !status)) {
		told(q);
		return;
	}
	if (error) {
		q->tell = true;
		delivery_done(&q->now);
		trouble(q);
		return;
	}
	deferred_tally(DEFERRED_TOLD);
	log_info("deferred", "told status=%u attempts=%u call-id=\"" STR_FMT "\"", status,
		 q->told + 1, STR_ARG(q->now.call_id));
	if (push_outcome(status, ++q->told) != STORE_DEVICE_WAITING) {
		told(q);
		return;
	}
	q->tell = true;
	delivery_done(&q->now);
	rest(q, q->registered ? 0 : push_rest_ms(q->told, retry_after_s));
}


/* ---- What is there for this device? ---- */


/*
 * The end. A process that died between the mark of the last device and the end of the message left it held
 * with nobody to wait for: it is seen here.
 */
static void nothing_more(struct device_queue *q)
{
	if (!q->again || q->d->stopped) {
		settle_user(q->d, addressee_aor(q->of));
		queue_close(q);
		return;
	}
	q->again = false;
	q->after = 0;
	read_page(q);
}


static void on_page(struct store_request *r, int error, void *arg)
{
	struct device_queue *q = arg;
	size_t n = 0;
	const struct store_deferred *found = error ? NULL : store_deferred_result(r, &n);

	if (error) {
		trouble(q);
		return;
	}
	q->page_at = 0;
	q->page_n = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		const struct store_device *v = found[i].device;

		q->page[i] = (struct queue_entry){.id = found[i].id,
						  .next_try_ms = v ? v->next_try_ms : 0,
						  .attempts = v ? v->attempts : 0};
	}
	if (n)
		load(q);
	else
		nothing_more(q);
}


static void read_page(struct device_queue *q)
{
	sm_move(&queue_machine, &q->state, QUEUE_READING);
	if (store_deferred_due(q->d->store, &q->read, addressee_aor(q->of), queue_key(q), q->after,
			       deferred_now(q->d), QUEUE_PAGE, on_page, q))
		trouble(q);
}


/* ---- The next message ---- */

static void next(struct device_queue *q)
{
	q->after = q->page[q->page_at++].id;
	if (q->page_at < q->page_n)
		load(q);
	else
		read_page(q);
}


/* It could not even be sent: as if nobody had answered. */
static void not_sent(struct device_queue *q)
{
	queue_answered(q, 0, 0);
}


static void on_loaded(struct store_request *r, int error, void *arg)
{
	struct device_queue *q = arg;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, NULL);
	const struct queue_entry *e = &q->page[q->page_at];

	if (error == -ENOENT || (m && (m->state != STORE_DEFERRED_HELD ||
				       (m->expires_ms && m->expires_ms <= deferred_now(q->d))))) {
		next(q);
		return;
	}
	if (error) {
		trouble(q);
		return;
	}
	delivery_done(&q->now);
	q->now.id = e->id;
	q->now.attempts = e->attempts;
	q->registered = false;
	switch (push_start(q, m)) {
	case 0:
		sm_move(&queue_machine, &q->state, QUEUE_SENDING);
		deferred_tally(DEFERRED_PUSHED);
		return;
	case -ENOENT:
		queue_close(q);
		return;
	case -ESRCH:
		next(q);
		return;
	default:
		not_sent(q);
	}
}


static void load(struct device_queue *q)
{
	const struct queue_entry *e = &q->page[q->page_at];
	int64_t now = deferred_now(q->d);

	sm_move(&queue_machine, &q->state, QUEUE_LOADING);
	if (!q->at_once && e->next_try_ms > now)
		rest(q, (uint64_t)(e->next_try_ms - now));
	else if (store_deferred_get(q->d->store, &q->read, e->id, on_loaded, q))
		trouble(q);
}


/* ---- What came of it ---- */

static void tell(struct device_queue *q)
{
	const struct delivery *v = &q->now;

	if (v->had || !q->d->events || !addressee_tell(q->of, v->id))
		return;
	im_events_tell(q->d->events, &(struct im_event){
					     .outcome = IM_DELIVERED,
					     .kind = v->kind,
					     .side = IM_TERMINATING,
					     .status = v->status,
					     .originator = v->sender,
					     .recipient = addressee_aor(q->of),
					     .call_id = v->call_id,
					     .icid = v->icid,
					     .reason = STR("deferred"),
					     .size = v->size,
				     });
}


static void on_recorded(struct im_record *k, void *arg)
{
	(void)k;
	note(arg);
}


/* Before it is noted that the device has it: what is written first is on disk first. */
static void on_to_record(struct store_request *r, int error, void *arg)
{
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, NULL);
	struct device_queue *q = arg;

	if (!m || m->state != STORE_DEFERRED_HELD ||
	    !push_record(q->d, addressee_aor(q->of), m, &q->record, on_recorded, q))
		note(q);
}


/* A large one that a core brings passes here as a session, and is recorded as any other. */
static bool is_recorded(const struct device_queue *q)
{
	const struct delivery *v = &q->now;
	bool large = v->kind == IM_LARGE || v->kind == IM_FILE;

	return q->d->recorder && v->outcome == STORE_DEVICE_DELIVERED && !v->had &&
	       (v->kind == IM_PAGER || (large && q->d->setting->terminates_here));
}


/* True: it is noted when it is in the history of its recipient. */
static bool record(struct device_queue *q)
{
	const struct delivery *v = &q->now;
	struct subscriber *s = NULL;

	if (!is_recorded(q))
		return false;
	if (subscribers_find(q->d->subscribers, addressee_aor(q->of), &s) == 0 &&
	    !im_settings_on(&s->settings,
			    v->kind == IM_FILE ? IM_HISTORY_SESSION : IM_HISTORY_PAGER_LARGE))
		return false;
	return store_deferred_get(q->d->store, &q->read, v->id, on_to_record, q) == 0;
}


void queue_answered(struct device_queue *q, uint16_t status, uint32_t retry_after_s)
{
	struct delivery *v = &q->now;

	if (q->d->stopped && !status) {
		/* The engine ends, not the device. */
		queue_close(q);
		return;
	}
	v->others |= push_others(q);
	v->status = status;
	v->outcome = push_outcome(status, v->attempts + 1);
	v->next_try_ms = deferred_now(q->d) + (int64_t)push_rest_ms(v->attempts + 1, retry_after_s);
	if (v->outcome == STORE_DEVICE_DELIVERED) {
		deferred_tally(DEFERRED_PUSH_DELIVERED);
		tell(q);
	} else {
		deferred_tally(DEFERRED_PUSH_FAILED);
		log_info("deferred",
			 "not taken id=%llu status=%u attempts=%u call-id=\"" STR_FMT "\"",
			 (unsigned long long)v->id, status, v->attempts + 1, STR_ARG(v->call_id));
	}
	sm_move(&queue_machine, &q->state, QUEUE_NOTING);
	if (!record(q))
		note(q);
}


static void go_on(struct device_queue *q)
{
	const struct delivery *v = &q->now;
	int64_t now = deferred_now(q->d);

	if (v->outcome == STORE_DEVICE_WAITING) {
		uint64_t ms = q->registered || v->next_try_ms <= now
				      ? 0
				      : (uint64_t)(v->next_try_ms - now);

		q->at_once = q->registered;
		delivery_done(&q->now);
		rest(q, ms);
		return;
	}
	delivery_done(&q->now);
	q->after = q->page[q->page_at++].id;
	sm_move(&queue_machine, &q->state, QUEUE_LINED_UP);
	give_slot_back(q);
	line_up(q);
}


static void on_note_again(struct timer *t, void *arg)
{
	(void)t;
	note(arg);
}


static void noted(struct device_queue *q)
{
	if (store_pending(&q->mark) || store_pending(&q->finish))
		return;
	if (q->now.marked && q->now.finished)
		go_on(q);
	else if (!timer_running(&q->timer))
		timer_start(&q->timer, loop_timers(q->d->loop), QUEUE_NOTE_AGAIN_MS, on_note_again,
			    q);
}


static void on_marked(struct store_request *r, int error, void *arg)
{
	struct device_queue *q = arg;

	(void)r;
	q->now.marked = !error || error == -ENOENT;
	if (!q->now.marked)
		deferred_tally(DEFERRED_TROUBLE);
	else if (!q->now.finished)
		note(q);
	noted(q);
}


static void on_finished(struct store_request *r, int error, void *arg)
{
	struct device_queue *q = arg;

	(void)r;
	q->now.finished = !error || error == -ENOENT;
	noted(q);
}


/* With the mark on disk: is there anybody left who must have it? */
static void on_checked(struct store_request *r, int error, void *arg)
{
	struct device_queue *q = arg;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, NULL);

	if (m && m->state == STORE_DEFERRED_HELD && settle_complete(q->d, m)) {
		if (store_deferred_finish(q->d->store, &q->finish, q->now.id,
					  STORE_DEFERRED_DELIVERED, deferred_now(q->d), on_finished,
					  q) == 0)
			return;
	}
	/* It stays; or, with the store in trouble, the next device or its expiry sees to it. */
	q->now.finished = true;
	noted(q);
}


static void note_mark(struct device_queue *q)
{
	const struct delivery *v = &q->now;
	const struct store_device mark = {
		.key = queue_key(q),
		.state = v->outcome,
		.status = v->status,
		.last_ms = deferred_now(q->d),
		.next_try_ms = v->next_try_ms,
	};

	(void)store_deferred_mark(q->d->store, &q->mark, v->id, &mark, on_marked, q);
}


/*
 * Writes what came of it. With nobody else to wait for, the end of the message comes first: whichever of
 * the two writes is the last that reaches the disk, the device is not asked again. Else the message is
 * looked at again when the mark is written.
 */
static void note(struct device_queue *q)
{
	struct delivery *v = &q->now;
	bool alone = v->outcome == STORE_DEVICE_DELIVERED && !v->others;

	if (v->outcome == STORE_DEVICE_WAITING)
		v->finished = true;
	if (alone && !v->finished && !store_pending(&q->finish))
		(void)store_deferred_finish(q->d->store, &q->finish, v->id,
					    STORE_DEFERRED_DELIVERED, deferred_now(q->d),
					    on_finished, q);
	if (!v->marked && !store_pending(&q->mark))
		note_mark(q);
	if (!alone && !v->finished && v->marked && !store_pending(&q->finish))
		(void)store_deferred_get(q->d->store, &q->finish, v->id, on_checked, q);
	noted(q);
}
