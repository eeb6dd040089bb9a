/* SPDX-License-Identifier: Apache-2.0 */
/* The Deferred Messaging Function: its life, what it hears of registrations, and its operator. */
#include "im/deferred/deferred.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "im/deferred/addressee.h"
#include "im/deferred/deferred_state.h"
#include "im/deferred/fetched.h"
#include "im/deferred/push.h"
#include "im/deferred/reception.h"
#include "subscriber/subscriber.h"

/** A first guess at how many users are served at one time. */
#define ADDRESSEES_EXPECTED 64

static struct counter counts[DEFERRED_COUNTS] = {
	[DEFERRED_HELD] = COUNTER("deferred.held", "messages written for somebody who is away"),
	[DEFERRED_REFUSED] = COUNTER("deferred.refused", "messages that could not be kept"),
	[DEFERRED_PUSHED] = COUNTER("deferred.pushed",
				    "kept messages sent to a device, each attempt"),
	[DEFERRED_PUSH_DELIVERED] = COUNTER("deferred.delivered",
					    "kept messages that a device took"),
	[DEFERRED_PUSH_FAILED] = COUNTER("deferred.failed", "attempts that failed"),
	[DEFERRED_TOLD] = COUNTER("deferred.told",
				  "times a device was told that messages wait, each attempt"),
	[DEFERRED_NOTICES] = COUNTER("deferred.notices", "notices of failure made for senders"),
	[DEFERRED_TROUBLE] = COUNTER("deferred.trouble", "times the store failed a kept message"),
};


void deferred_counters_register(void)
{
	counter_register(counts, DEFERRED_COUNTS);
}


void deferred_tally(enum deferred_count c)
{
	counter_add(&counts[c], 1);
}


/* ---- Registrations ---- */

static void on_gone(struct deferred *d, struct str user, const struct registration_binding *b)
{
	const struct addressee *a = addressee_find(d, user);
	struct device_queue *q = a ? addressee_queue(a, push_binding_key(b)) : NULL;

	/* In front of a core nothing is known of single devices; an instance may have another binding. */
	if (!d->setting->terminates_here || push_registered(d, user, push_binding_key(b)))
		return;
	if (q)
		queue_leave(q);
	if (!b->instance.n)
		settle_user(d, user);
}


static void on_registration(struct registration_listener *l, enum registration_event e,
			    const struct registration *user, const struct registration_binding *b)
{
	struct deferred *d = l->arg;

	if (!d->events || d->stopped)
		return;
	if (e != REGISTRATION_REGISTERED && e != REGISTRATION_REFRESHED)
		on_gone(d, registration_aor(user), b);
	else
		(void)addressee_wake_device(d, registration_aor(user), b,
					    e == REGISTRATION_REGISTERED ? QUEUE_REGISTERED
									 : QUEUE_REFRESHED);
}


/* ---- Life ---- */

static void close_all(struct deferred *d)
{
	size_t cursor = 0;

	for (struct hash_link *l = NULL; (l = hash_walk(&d->addressees, &cursor, l));) {
		struct addressee *a = container_of(l, struct addressee, link);
		size_t n = a->queues.count;

		while (n--)
			queue_close(
				container_of(list_first(&a->queues), struct device_queue, link));
	}
}


static void destroy(void *object)
{
	struct deferred *d = object;

	deferred_stop(d);
	hold_done(d);
	received_drop_all(d);
	settle_done(d);
	fetched_done(d);
	if (d->addressees.buckets)
		close_all(d);
	hash_done(&d->addressees);
	loop_defer_cancel(d->loop, &d->pump);
	timer_cancel(&d->pump_later);
	mem_unref(d->registrations);
	mem_unref(d->subscribers);
	mem_unref(d->store);
}


int deferred_alloc(struct deferred **ret, const struct deferred_params *p)
{
	struct deferred *d = mem_alloc(sizeof(*d), destroy);

	if (!d)
		return -ENOMEM;
	d->loop = sip_loop(p->sip);
	d->sip = p->sip;
	d->store = mem_ref(p->store);
	d->subscribers = mem_ref(p->subscribers);
	d->registrations = mem_ref(p->registrations);
	d->setting = p->setting;
	d->addresses = p->addresses;
	d->dialogs = p->dialogs;
	d->msrp = p->msrp;
	d->keeper = (struct im_keeper){
		.keep = hold_keep, .take = reception_take, .cancel = hold_cancel, .arg = d};
	d->listener = (struct registration_listener){.changed = on_registration, .arg = d};
	list_init(&d->holds);
	list_init(&d->receptions);
	list_init(&d->storing);
	list_init(&d->settlings);
	fetched_init(d);
	list_init(&d->line);
	registrations_listen(d->registrations, &d->listener);
	if (hash_init(&d->addressees, ADDRESSEES_EXPECTED)) {
		mem_unref(d);
		return -ENOMEM;
	}
	*ret = d;
	return 0;
}


void deferred_configure(struct deferred *d, const struct deferred_config *c)
{
	bool begin = c->push && !d->config.push && d->events;

	d->config = *c;
	if (begin)
		census_want(&d->census);
}


const struct im_keeper *deferred_keeper(struct deferred *d)
{
	return &d->keeper;
}


void deferred_start(struct deferred *d, struct im_events *events)
{
	if (d->stopped)
		return;
	d->events = events;
	expire_start(&d->expire, d);
	census_start(&d->census, d);
}


void deferred_stop(struct deferred *d)
{
	if (d->stopped)
		return;
	d->stopped = true;
	registrations_unlisten(d->registrations, &d->listener);
	census_stop(&d->census);
	expire_stop(&d->expire);
	timer_cancel(&d->pump_later);
	receptions_stop(d);
}


size_t deferred_under_way(const struct deferred *d)
{
	return d->holds.count + d->storing.count + d->active + d->fetches.count;
}


/* ---- The operator ---- */

int deferred_push(struct deferred *d, struct str user)
{
	int n = addressee_wake(d, user, 0, QUEUE_ASKED);

	return n ? n : -ENOENT;
}


int deferred_withdraw(struct deferred *d, struct store_request *r, uint64_t id, store_done_cb *done,
		      void *arg)
{
	/* What is being sent goes on to its answer; its queue then finds the message gone. */
	return store_deferred_finish(d->store, r, id, STORE_DEFERRED_WITHDRAWN, deferred_now(d),
				     done, arg);
}


bool deferred_pushes(const struct deferred *d, struct str user)
{
	struct subscriber *s;

	return d->config.push && (subscribers_find(d->subscribers, user, &s) ||
				  im_settings_on(&s->settings, IM_PUSH));
}


void deferred_devices(struct deferred *d, struct str user,
		      void (*each)(const struct deferred_device *v, void *arg), void *arg)
{
	const struct addressee *a = addressee_find(d, user);
	uint64_t now = loop_now_ms(d->loop);

	for (struct list_link *l = a ? list_first(&a->queues) : NULL; l;
	     l = list_next(&a->queues, l)) {
		const struct device_queue *q = container_of(l, struct device_queue, link);
		bool rests = q->state == QUEUE_RESTING && timer_running(&q->timer) &&
			     q->timer.deadline_ms > now;

		each(
			&(struct deferred_device){
				.key = queue_key(q),
				.state = sm_name(&queue_machine, q->state),
				.message = q->now.id,
				.rests_ms = rests ? q->timer.deadline_ms - now : 0,
			},
			arg);
	}
}


void deferred_set_recorder(struct deferred *d, const struct im_recorder *recorder)
{
	receptions_unrecord(d);
	d->recorder = recorder;
}
