/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as the program sees them, whatever their kind. */
#include <errno.h>

#include "client/session.h"


const char *parley_mode_name(enum parley_mode m)
{
	static const char *const names[] = {
		[PARLEY_PAGER] = "pager",
		[PARLEY_LARGE] = "large",
		[PARLEY_FILE] = "file",
		[PARLEY_CHAT] = "chat",
	};

	return names[m];
}


int parley_session_accept(struct parley_session *s)
{
	return session_accept(s);
}


void parley_session_set_arg(struct parley_session *s, void *arg)
{
	s->arg = arg;
}


void *parley_session_arg(const struct parley_session *s)
{
	return s->arg;
}


enum parley_mode parley_session_mode(const struct parley_session *s)
{
	return s->mode;
}


const char *parley_session_peer(const struct parley_session *s)
{
	return s->peer;
}


const char *parley_session_identity(const struct parley_session *s)
{
	return s->identity;
}


static void on_end(struct timer *t, void *arg)
{
	struct parley_session *s = arg;
	struct parley *p = s->p;

	(void)t;
	account_enter(p);
	session_over(s, PARLEY_ENDED_US, &(struct exchange_end){.error = 0});
	account_leave(p);
}


/* At the end of this turn: `ended` does not come before the return, and what was written goes first. */
void parley_session_end(struct parley_session *s, unsigned status)
{
	if (s->state == SESSION_INVITED)
		(void)sip_invite_respond(s->leg, SIP_INVITE,
					 &(struct sip_response){
						 .status = (uint16_t)(status ? status : 603)});
	if (s->state != SESSION_OVER)
		timer_start(&s->patience, loop_timers(s->p->loop), 0, on_end, s);
}
