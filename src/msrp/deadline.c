/* SPDX-License-Identifier: Apache-2.0 */
/* Many things with the same patience. */
#include "msrp/deadline.h"

#include "base/mem.h"


void deadline_queue_init(struct deadline_queue *q, struct loop *loop, uint64_t ms,
			 void (*due)(struct deadline *d, void *owner), void *owner)
{
	*q = (struct deadline_queue){.loop = loop, .ms = ms, .due = due, .owner = owner};
	list_init(&q->list);
	timers_declare(loop_timers(loop), ms);
}


void deadline_queue_done(struct deadline_queue *q)
{
	timer_cancel(&q->timer);
}


static struct deadline *front(struct deadline_queue *q)
{
	struct list_link *k = list_first(&q->list);

	return k ? container_of(k, struct deadline, link) : NULL;
}


static void on_timer(struct timer *t, void *arg)
{
	struct deadline_queue *q = arg;
	void *owner = mem_ref(q->owner);
	uint64_t now = loop_now_ms(q->loop);
	struct deadline *d;

	(void)t;
	while (mem_refs(owner) > 1 && (d = front(q)) && d->since_ms + q->ms <= now) {
		list_remove(&q->list, &d->link);
		q->due(d, owner);
	}
	if (mem_refs(owner) > 1 && (d = front(q)) && !timer_running(&q->timer))
		timer_start(&q->timer, loop_timers(q->loop), d->since_ms + q->ms - now, on_timer,
			    q);
	mem_unref(owner);
}


void deadline_add(struct deadline_queue *q, struct deadline *d)
{
	d->since_ms = loop_now_ms(q->loop);
	list_append(&q->list, &d->link);
	if (!timer_running(&q->timer))
		timer_start(&q->timer, loop_timers(q->loop), q->ms, on_timer, q);
}


void deadline_drop(struct deadline_queue *q, struct deadline *d)
{
	list_remove(&q->list, &d->link);
}
