/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever sends us a message: held back while the disk is behind, given up when nothing more comes. */
#include "im/media_source.h"

#include <errno.h>


int media_source_offer(struct sdp *d, struct sdp_msrp *o, struct str text)
{
	int err = text.n ? sdp_decode(d, text) : -EPROTONOSUPPORT;

	if (!err)
		err = sdp_msrp_decode(o, d);
	if (err)
		return err == -EBADMSG ? err : -EPROTONOSUPPORT;
	/* They want to be sent something, or nothing at all: there is no message in that. */
	if (!o->port || o->direction == SDP_RECVONLY || o->direction == SDP_INACTIVE)
		return -EPROTONOSUPPORT;
	return o->path.n ? 0 : -EBADMSG;
}


void media_source_init(struct media_source *s, struct loop *loop, struct media_end *media,
		       const struct media_source_handler *handler, void *arg)
{
	*s = (struct media_source){.loop = loop, .media = media, .handler = handler, .arg = arg};
}


static void on_unreachable(struct media_end *e, int error, void *arg)
{
	struct media_source *s = arg;

	(void)e;
	(void)error;
	s->handler->given_up("msrp", s->arg);
}


int media_source_open(struct media_source *s, struct sip *sip, struct msrp_endpoint *endpoint,
		      const struct sdp_msrp *offer, const struct msrp_session_handler *handler)
{
	return media_end_init(s->media, &(struct media_end_params){
						.sip = sip,
						.endpoint = endpoint,
						.offer = offer,
						.handler = handler,
						.arg = s,
						.unreachable = on_unreachable,
					});
}


/* ---- What must not last for ever ---- */

static void on_guard(struct timer *t, void *arg);


static void watch(struct media_source *s, uint64_t ms)
{
	timer_start(&s->guard, loop_timers(s->loop), ms, on_guard, s);
}


static uint64_t quiet_ms(const struct media_source *s)
{
	uint64_t now = loop_now_ms(s->loop), last = msrp_session_active_ms(s->media->msrp);

	if (last < s->since_ms)
		last = s->since_ms;
	return now > last ? now - last : 0;
}


static void on_guard(struct timer *t, void *arg)
{
	struct media_source *s = arg;
	uint64_t quiet = quiet_ms(s);

	(void)t;
	if (s->lost)
		s->handler->given_up("msrp", s->arg);
	else if (s->paused || s->handler->waits(s->arg))
		watch(s, s->idle_ms);
	else if (quiet >= s->idle_ms)
		s->handler->given_up("idle", s->arg);
	else
		watch(s, s->idle_ms - quiet);
}


void media_source_watch(struct media_source *s, uint64_t idle_ms)
{
	s->idle_ms = idle_ms;
	s->since_ms = loop_now_ms(s->loop);
	watch(s, idle_ms);
}


void media_source_bound(struct msrp_session *m, void *arg)
{
	struct media_source *s = arg;

	(void)m;
	s->lost = false;
}


void media_source_lost(struct msrp_session *m, int error, void *arg)
{
	struct media_source *s = arg;

	(void)m;
	(void)error;
	s->lost = true;
	if (timer_running(&s->guard))
		watch(s, MEDIA_SOURCE_LOST_MS);
}


/* ---- The disk ---- */

void media_source_hold(struct media_source *s)
{
	if (s->paused || !s->handler->behind(s->arg))
		return;
	s->paused = true;
	msrp_session_pause(s->media->msrp);
}


void media_source_let_go(struct media_source *s)
{
	if (!s->paused || s->handler->behind(s->arg))
		return;
	s->paused = false;
	if (s->media->msrp)
		msrp_session_resume(s->media->msrp);
}


void media_source_done(struct media_source *s)
{
	timer_cancel(&s->guard);
}
