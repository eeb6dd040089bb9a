/* SPDX-License-Identifier: Apache-2.0 */
/* Who is writing. */
#include "client/composing.h"


void composing_init(struct composing *c, struct timers *timers, const struct composing_handler *h,
		    void *arg)
{
	*c = (struct composing){.timers = timers, .handler = h, .arg = arg};
}


void composing_done(struct composing *c)
{
	timer_cancel(&c->idle);
	timer_cancel(&c->again);
	timer_cancel(&c->holds);
}


/* ---- Ours ---- */

static void on_again(struct timer *t, void *arg)
{
	struct composing *c = arg;

	timer_start(t, c->timers, COMPOSING_AGAIN_S * 1000, on_again, c);
	c->handler->tell(c, true, c->arg);
}


static void stop(struct composing *c)
{
	c->ours = false;
	timer_cancel(&c->idle);
	timer_cancel(&c->again);
}


static void on_idle(struct timer *t, void *arg)
{
	struct composing *c = arg;

	(void)t;
	stop(c);
	c->handler->tell(c, false, c->arg);
}


void composing_typing(struct composing *c)
{
	if (!c->timers)
		return;
	timer_start(&c->idle, c->timers, ISCOMPOSING_IDLE_S * 1000, on_idle, c);
	if (c->ours)
		return;
	c->ours = true;
	timer_start(&c->again, c->timers, COMPOSING_AGAIN_S * 1000, on_again, c);
	c->handler->tell(c, true, c->arg);
}


/* 3.2: the composer "transitions from active to idle [...] when a content message is sent", which says so
 * itself. */
void composing_sent(struct composing *c)
{
	stop(c);
}


/* ---- Theirs ---- */

static void show(struct composing *c, bool active)
{
	if (c->theirs == active)
		return;
	c->theirs = active;
	c->handler->show(c, active, c->arg);
}


static void on_holds_no_more(struct timer *t, void *arg)
{
	struct composing *c = arg;

	(void)t;
	show(c, false);
}


void composing_heard(struct composing *c)
{
	timer_cancel(&c->holds);
	show(c, false);
}


void composing_take(struct composing *c, const struct iscomposing *i)
{
	uint32_t s = iscomposing_lasts_s(i);

	if (s)
		timer_start(&c->holds, c->timers, (uint64_t)s * 1000, on_holds_no_more, c);
	else
		timer_cancel(&c->holds);
	show(c, s > 0);
}
