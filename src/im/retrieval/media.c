/* SPDX-License-Identifier: Apache-2.0 */
/* Our end of a retrieval's MSRP: it only sends. */
#include <errno.h>

#include "base/mem.h"
#include "im/retrieval/retrieval_state.h"


/* a=sendonly: there is nobody to say something to. */
static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return 403;
}


static uint16_t on_body(struct msrp_session *s, struct msrp_receive *r, struct str piece, void *arg)
{
	(void)piece;
	return on_head(s, r, arg);
}


static uint16_t on_end(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg)
{
	(void)flag;
	return on_head(s, r, arg);
}


static void on_patience(struct timer *t, void *arg)
{
	struct retrieval *rt = arg;
	uint64_t now = rt->bytes + rt->messages + rt->skipped;

	if (rt->sender)
		now += content_sender_at(rt->sender);
	if (rt->state == RETRIEVAL_ANSWERED) {
		retrieval_over(rt, 480, STR("not-connected"));
	} else if (now == rt->progress) {
		retrieval_over(rt, 480, STR("idle"));
	} else {
		rt->progress = now;
		timer_start(t, loop_timers(rt->rs->loop), RETRIEVAL_IDLE_MS, on_patience, rt);
	}
}


static void on_bound(struct msrp_session *s, void *arg)
{
	struct retrieval *rt = arg;

	(void)s;
	if (rt->state != RETRIEVAL_ANSWERED)
		return;
	retrieval_move(rt, RETRIEVAL_GIVING);
	rt->progress = UINT64_MAX;
	timer_start(&rt->patience, loop_timers(rt->rs->loop), RETRIEVAL_IDLE_MS, on_patience, rt);
	if (rt->list)
		listing_send(rt);
	else
		give_next(rt);
}


static void on_lost(struct msrp_session *s, int error, void *arg)
{
	(void)s;
	(void)error;
	retrieval_over(arg, 480, STR("media-lost"));
}


static void on_unreachable(struct media_end *e, int error, void *arg)
{
	(void)e;
	(void)error;
	retrieval_over(arg, 480, STR("not-connected"));
}


static const struct msrp_session_handler handler = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.bound = on_bound,
	.lost = on_lost,
};


static void put_answer(struct retrieval *rt)
{
	struct sdp_own own = {
		.direction = SDP_SENDONLY,
		.accept = rt->list ? rt->walk.k.source->list_type : STR("message/cpim"),
		.accept_wrapped = rt->list ? STR("") : STR("*"),
	};

	media_end_describe(&rt->media, &own.end);
	buf_init(&rt->sdp, SDP_TEXT_MAX);
	sdp_answer(&rt->sdp, &rt->offer, rt->peer.at, &own);
}


int retrieval_media_open(struct retrieval *rt)
{
	int err;

	if (!rt->rs->p.msrp)
		return -EPROTONOSUPPORT;
	err = media_end_init(&rt->media, &(struct media_end_params){
						 .sip = rt->rs->p.sip,
						 .endpoint = rt->rs->p.msrp,
						 .offer = &rt->peer,
						 .handler = &handler,
						 .arg = rt,
						 .unreachable = on_unreachable,
					 });
	if (err)
		return err;
	put_answer(rt);
	return rt->sdp.failed ? -ENOMEM : 0;
}


void retrieval_media_start(struct retrieval *rt)
{
	timer_start(&rt->patience, loop_timers(rt->rs->loop), RETRIEVAL_BIND_MS, on_patience, rt);
	if (media_end_start(&rt->media, &rt->peer))
		retrieval_over(rt, 480, STR("not-connected"));
}


void retrieval_media_done(struct retrieval *rt)
{
	timer_cancel(&rt->patience);
	media_end_done(&rt->media);
}
