/* SPDX-License-Identifier: Apache-2.0 */
/* A large message of ours on its way to one peer. */
#include "im/carrier.h"

#include <errno.h>

#define ALLOW "INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS"
/** Of a session that lasts as long as one message. */
#define INTERVAL_S 1800
#define MIN_S 90


void carrier_done(struct carrier *c)
{
	if (!c->sip)
		return;
	timer_cancel(&c->guard);
	content_sender_cancel(c->sender);
	c->sender = NULL;
	media_end_done(&c->media);
	c->inv = sip_invite_end(c->inv, NULL);
	buf_done(&c->said);
	c->sip = NULL;
}


static void over(struct carrier *c, uint16_t status, int error)
{
	timer_cancel(&c->guard);
	c->handler->over(&(struct carrier_end){.status = status, .error = error}, c->arg);
}


/* ---- What must not last for ever ---- */

static void on_guard(struct timer *t, void *arg)
{
	struct carrier *c = arg;
	uint64_t at = c->sender ? content_sender_at(c->sender) : 0;

	if (c->answered && at > c->moved) {
		c->moved = at;
		timer_start(t, loop_timers(sip_loop(c->sip)), CARRIER_IDLE_MS, on_guard, c);
	} else if (c->answered) {
		over(c, 0, -ETIMEDOUT);
	} else {
		over(c, 408, 0);
	}
}


static void watch(struct carrier *c, uint64_t ms)
{
	timer_start(&c->guard, loop_timers(sip_loop(c->sip)), ms, on_guard, c);
}


/* ---- The content ---- */

static void on_sent(struct content_sender *s, uint16_t status, int error, void *arg)
{
	struct carrier *c = arg;

	(void)s;
	c->sender = NULL;
	over(c, status, error);
}


static void on_bound(struct msrp_session *s, void *arg)
{
	struct carrier *c = arg;
	int err;

	if (c->sending)
		return;
	c->sending = true;
	c->content.session = s;
	err = content_sender_start(&c->sender, &c->content, on_sent, c);
	if (err)
		over(c, 0, 0);
	else
		watch(c, CARRIER_IDLE_MS);
}


/* While the content is under way its sender tells. */
static void on_lost(struct msrp_session *s, int error, void *arg)
{
	struct carrier *c = arg;

	(void)s;
	(void)error;
	if (!c->sender)
		over(c, 0, 0);
}


/* We send; what comes back is not for anybody. */
static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	(void)arg;
	return r->frame->body ? 403 : 0;
}


static const struct msrp_session_handler media_handler = {
	.head = on_head,
	.bound = on_bound,
	.lost = on_lost,
};


static void on_unreachable(struct media_end *e, int error, void *arg)
{
	(void)e;
	(void)error;
	over(arg, 0, 0);
}


/* ---- The leg ---- */

/* 0, or what it is as if the peer had answered: it takes nothing (488), not so much (413). */
static uint16_t begin(struct carrier *c, const struct sip_msg *m)
{
	struct sdp d;
	struct sdp_msrp o;

	if (sdp_decode(&d, sdp_find(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), m->body)) ||
	    sdp_msrp_decode(&o, &d) || !o.port)
		return 488;
	if (o.max_size && o.max_size < c->content.size)
		return 413;
	return media_end_start(&c->media, &o) ? 488 : 0;
}


static void on_answered(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct carrier *c = arg;
	uint16_t status;

	(void)inv;
	c->answered = true;
	status = begin(c, m);
	if (status) {
		over(c, status, 0);
		return;
	}
	watch(c, CARRIER_IDLE_MS);
	if (c->handler->answered)
		c->handler->answered(c->arg);
}


static void on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg)
{
	struct carrier *c = arg;
	struct carrier_end end = {.status = 0};

	(void)inv;
	timer_cancel(&c->guard);
	if (e->why == SIP_INVITE_REFUSED) {
		end.status = e->status;
		end.m = e->m;
	} else if (e->why == SIP_INVITE_BYE) {
		/* Digest c11: who hangs up before it is all there does not want it. */
		end.status = 487;
	}
	c->handler->over(&end, c->arg);
}


static struct str on_session(struct sip_invite *inv, void *arg)
{
	const struct carrier *c = arg;

	(void)inv;
	return buf_str(&c->said);
}


static void on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	const struct carrier *c = arg;

	media_end_modify(&c->media, inv, m);
}


static const struct sip_invite_handler leg_handler = {
	.answered = on_answered,
	.modify = on_modify,
	.session = on_session,
	.ended = on_ended,
};

static const struct sip_invite_profile profile = {
	.allow = STR_INIT(ALLOW),
	.handler = &leg_handler,
};


/* ---- Beginning ---- */

int carrier_init(struct carrier *c, const struct carrier_params *p)
{
	*c = (struct carrier){
		.sip = p->sip,
		.handler = p->handler,
		.arg = p->arg,
		.content = p->content,
	};
	buf_init(&c->said, p->said_max);
	return media_end_init(&c->media, &(struct media_end_params){
						 .sip = p->sip,
						 .endpoint = p->msrp,
						 .secure = p->secure,
						 .handler = &media_handler,
						 .arg = c,
						 .unreachable = on_unreachable,
					 });
}


int carrier_invite(struct carrier *c, const struct sip_invite_params *p)
{
	struct sip_invite_params all = *p;
	int err;

	if (c->said.failed)
		return -ENOMEM;
	all.profile = &profile;
	all.session = (struct sip_session_wish){.interval_s = INTERVAL_S,
						.min_s = MIN_S,
						.refresher = SIP_REFRESHER_UAS};
	all.type = STR("application/sdp");
	all.body = buf_str(&c->said);
	all.arg = c;
	err = sip_invite_send(&c->inv, &all);
	if (!err)
		watch(c, CARRIER_ANSWER_MS);
	return err;
}
