/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not last for ever: a callee that rings (Timer C, RFC 3261 16.6 step 11), a large message whose
 * sender has forgotten it (digest c11), a session without its MSRP connection (RFC 4975 5.4).
 */

#include "im/participating/session_state.h"

/** A lost connection may come back so long: a client that changes its network connects again in seconds; and longer
 * than a lost ACK is waited for (64*T1), which says more. */
#define LOST_MS 40000
/** A large message's sender, when the configuration says nothing. */
#define IDLE_S 30


static uint64_t idle_ms(const struct im_session *s)
{
	uint32_t idle_s = s->table->rules->session.large_idle_s;

	return (uint64_t)(idle_s ? idle_s : IDLE_S) * 1000;
}


/* The callee rings and rings: 16.8, "MUST send a CANCEL" and 408. */
static void no_answer(struct im_session *s)
{
	(void)sip_invite_respond(s->a.inv, SIP_INVITE, &(struct sip_response){.status = 408});
	session_end(s, SESSION_END_LOST, 408);
}


static void watch_sender(struct im_session *s)
{
	uint64_t now = loop_now_ms(s->table->loop), last = session_media_active_ms(s->media);
	uint64_t quiet = now > last ? now - last : 0;

	if (quiet >= idle_ms(s))
		session_end(s, SESSION_END_IDLE, 0);
	else
		session_guard_start(s, idle_ms(s) - quiet);
}


static void on_guard(struct timer *t, void *arg)
{
	struct im_session *s = arg;

	(void)t;
	if (s->state == IM_SESSION_INVITING)
		no_answer(s);
	else if (s->lost)
		session_end(s, SESSION_END_MEDIA, 0);
	else
		watch_sender(s);
}


void session_guard_start(struct im_session *s, uint64_t ms)
{
	timer_start(&s->guard, loop_timers(s->table->loop), ms, on_guard, s);
}


void session_guard_stop(struct im_session *s)
{
	timer_cancel(&s->guard);
}


void session_guard_idle(struct im_session *s)
{
	if (s->kind == IM_LARGE && !s->lost)
		session_guard_start(s, idle_ms(s));
}


void session_on_media(struct im_session *s, enum session_leg_id leg, bool bound)
{
	uint8_t bit = (uint8_t)(1 << leg);

	if (s->state != IM_SESSION_ACTIVE)
		return;
	if (!bound) {
		s->lost |= bit;
		session_guard_start(s, LOST_MS);
	} else if (s->lost) {
		s->lost &= (uint8_t)~bit;
		if (s->lost)
			return;
		session_guard_stop(s);
		session_guard_idle(s);
	}
}
