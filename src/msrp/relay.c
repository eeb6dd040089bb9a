/* SPDX-License-Identifier: Apache-2.0 */
/* Two sessions tied together: whose side is read from, connections, life. */
#include "msrp/relay.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "msrp/endpoint_state.h"
#include "msrp/relay_state.h"


/* ---- Back-pressure ---- */

void msrp_direction_wait(struct msrp_direction *d, enum msrp_wait why)
{
	if (d->waits[why])
		return;
	d->waits[why] = true;
	msrp_session_pause(msrp_direction_near(d));
}


void msrp_direction_go_on(struct msrp_direction *d, enum msrp_wait why)
{
	if (!d->waits[why])
		return;
	d->waits[why] = false;
	msrp_session_resume(msrp_direction_near(d));
}


static void on_room(struct msrp_room *room)
{
	msrp_direction_go_on(container_of(room, struct msrp_direction, room), MSRP_WAIT_ROOM);
}


void msrp_direction_check_room(struct msrp_direction *d, struct msrp_connection *c)
{
	if (!c)
		c = msrp_direction_far(d)->now.c;
	if (d->waits[MSRP_WAIT_ROOM] || !c || msrp_connection_queued(c) <= MSRP_QUEUE_HIGH)
		return;
	msrp_direction_wait(d, MSRP_WAIT_ROOM);
	msrp_room_wait(&d->room, c);
}


static void on_patience(struct timer *t, void *arg)
{
	(void)t;
	msrp_direction_go_on(arg, MSRP_WAIT_BOUND);
}


void msrp_direction_check_far(struct msrp_direction *d)
{
	const struct msrp_session *far = msrp_direction_far(d);

	if (far->outstanding >= MSRP_OUTSTANDING_MAX)
		msrp_direction_wait(d, MSRP_WAIT_ANSWERS);
	if (d->waits[MSRP_WAIT_BOUND] || (far->now.c && far->remote))
		return;
	msrp_direction_wait(d, MSRP_WAIT_BOUND);
	timer_start(&d->patience, loop_timers(far->ep->loop), MSRP_TRANSACTION_MS, on_patience, d);
}


/* ---- Connections ---- */

static void on_bound(struct msrp_session *s, void *arg)
{
	struct msrp_relay *relay = arg;
	struct msrp_direction *from = msrp_relay_direction(relay, s),
			      *to = &relay->dir[!from->from];

	timer_cancel(&to->patience);
	msrp_room_cancel(&to->room);
	msrp_direction_go_on(to, MSRP_WAIT_BOUND);
	msrp_direction_go_on(to, MSRP_WAIT_ROOM);
	if (relay->handler && relay->handler->bound)
		relay->handler->bound(relay, from->from, relay->arg);
}


static void on_lost(struct msrp_session *s, int error, void *arg)
{
	struct msrp_relay *relay = arg;

	if (relay->handler && relay->handler->lost)
		relay->handler->lost(relay, msrp_relay_direction(relay, s)->from, error,
				     relay->arg);
}


static const struct msrp_session_handler session_handler = {
	.head = msrp_crossing_head,
	.body = msrp_crossing_body,
	.end = msrp_crossing_end,
	.broken = msrp_crossing_broken,
	.report = msrp_relay_report,
	.request = msrp_relay_request,
	.bound = on_bound,
	.lost = on_lost,
	.own_reports = true,
};


/* ---- Life ---- */

static void stop_waiting(struct msrp_direction *d)
{
	msrp_room_cancel(&d->room);
	timer_cancel(&d->patience);
	for (int why = 0; why < MSRP_WAITS; why++)
		msrp_direction_go_on(d, (enum msrp_wait)why);
}


static void release(struct msrp_relay *relay, enum msrp_side side)
{
	struct msrp_session *s = relay->session[side];

	if (!s)
		return;
	if (s->arg == relay)
		msrp_session_set_handler(s, NULL, NULL);
	relay->session[side] = mem_unref(s);
}


static void destroy(void *object)
{
	struct msrp_relay *relay = object;

	for (int side = 0; side < 2 && relay->session[MSRP_SIDE_B]; side++) {
		loop_defer_cancel(msrp_direction_near(&relay->dir[side])->ep->loop,
				  &relay->dir[side].tell_refused);
		msrp_crossings_abandon(&relay->dir[side]);
		stop_waiting(&relay->dir[side]);
	}
	release(relay, MSRP_SIDE_A);
	release(relay, MSRP_SIDE_B);
}


int msrp_relay_alloc(struct msrp_relay **ret, const struct msrp_relay_params *p)
{
	struct msrp_relay *relay = mem_alloc(sizeof(*relay), destroy);

	if (!relay)
		return -ENOMEM;
	assert(p->a != p->b);
	relay->session[MSRP_SIDE_A] = mem_ref(p->a);
	relay->session[MSRP_SIDE_B] = mem_ref(p->b);
	relay->handler = p->handler;
	relay->arg = p->arg;
	relay->tap = p->tap;
	relay->tap_arg = p->tap_arg;
	relay->active_ms = loop_now_ms(p->a->ep->loop);
	for (int side = 0; side < 2; side++) {
		struct msrp_direction *d = &relay->dir[side];

		d->relay = relay;
		d->from = (enum msrp_side)side;
		d->limit = p->message_max[side];
		d->room.call = on_room;
		list_init(&d->crossings);
		msrp_session_set_handler(relay->session[side], &session_handler, relay);
	}
	*ret = relay;
	return 0;
}


int msrp_relay_replace(struct msrp_relay *relay, enum msrp_side side, struct msrp_session *s)
{
	struct msrp_direction *d = &relay->dir[side], *back = &relay->dir[!side];

	if (relay->session[side] == s)
		return 0;
	msrp_crossings_abandon(d);
	msrp_crossings_abandon(back);
	stop_waiting(d);
	stop_waiting(back);
	release(relay, side);
	relay->session[side] = mem_ref(s);
	msrp_session_set_handler(s, &session_handler, relay);
	return 0;
}


struct msrp_session *msrp_relay_session(const struct msrp_relay *relay, enum msrp_side side)
{
	return relay->session[side];
}


const struct msrp_relay_counts *msrp_relay_counts(const struct msrp_relay *relay,
						  enum msrp_side from)
{
	return &relay->dir[from].counts;
}


uint64_t msrp_relay_active_ms(const struct msrp_relay *relay)
{
	return relay->active_ms;
}
