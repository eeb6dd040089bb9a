/* SPDX-License-Identifier: Apache-2.0 */
/* What the other side of a conversation says: texts, reports, that it is writing. */
#include "client/chat_state.h"

#include <errno.h>

#include "base/mem.h"
#include "body/cpim.h"
#include "body/imdn.h"
#include "client/notification.h"
#include "client/receive.h"


/* RFC 5438 12.2 has IMDNs of messages in a session sent in it. */
static void notify(struct chat *c, const struct cpim *cpim, enum imdn_kind kind,
		   enum imdn_status status)
{
	struct buf b = BUF_INIT(PARLEY_CHAT_MAX);
	struct parley_session *s = c->s;
	struct str name, to = str_of(s->peer);

	if (s->state != SESSION_UP || s->anonymous || session_sdp_way(s, IMDN_TYPE, true) != 1)
		return;
	/* A group has it for the one who asked, and for nobody else (digest d2 9). */
	if (group_chat_is(&c->group) && cpim_address_decode(&name, &to, cpim->from))
		return;
	if (notification_encode(s->p, to, cpim, kind, status, &b))
		(void)chat_put_own(c, STR("message/cpim"), buf_str(&b));
	buf_done(&b);
}


static unsigned asked_for(const struct chat_saying *w)
{
	unsigned reports = 0;

	if (!w->wrapped || !w->cpim.message_id.n)
		return 0;
	if (w->cpim.notify & CPIM_NOTIFY_POSITIVE_DELIVERY)
		reports |= PARLEY_REPORT_DELIVERY;
	if (w->cpim.notify & CPIM_NOTIFY_DISPLAY)
		reports |= PARLEY_REPORT_DISPLAY;
	return reports;
}


/* In a group the envelope tells, elsewhere the other side of the session is who it is. */
static uint16_t find_speaker(const struct chat *c, const struct chat_saying *w,
			     struct group_speaker *ret, struct arena *a)
{
	int err = 0;

	*ret = (struct group_speaker){.uri = c->s->peer, .name = c->s->peer_name};
	if (group_chat_is(&c->group))
		err = w->wrapped ? group_said_speaker(&c->group, ret, &w->cpim, a) : -EBADMSG;
	return err == -EBADMSG ? 400 : err ? 500 : 0;
}


static uint16_t take_text(struct chat *c, const struct chat_saying *w,
			  const struct group_speaker *who, struct arena *a)
{
	struct parley_session *s = c->s;
	unsigned reports = asked_for(w);
	int64_t sent_ms = -1;
	bool shown = false;

	if (w->wrapped && w->cpim.date_time.p)
		(void)cpim_date_decode(&sent_ms, w->cpim.date_time);
	struct parley_message m = {
		.from = who->uri,
		.from_name = who->name,
		.to = s->called,
		.type = receive_text(a, w->type),
		.content = receive_text(a, w->content),
		.content_size = w->content.n,
		.message_id = receive_text(a, w->wrapped ? w->cpim.message_id : STR("")),
		.sent_ms = sent_ms,
		.received_ms = loop_wall_ms(s->p->loop),
		.reports = reports,
		.in_private = who->in_private,
	};
	if (!m.type || !m.content || !m.message_id)
		return 500;
	if (group_chat_is(&c->group))
		group_said_heard(&c->group, who);
	else
		composing_heard(&c->composing);
	if (s->state != SESSION_OVER && chat_handler(c)->message)
		shown = chat_handler(c)->message(s, &m, s->arg);
	if (reports & PARLEY_REPORT_DELIVERY)
		notify(c, &w->cpim, IMDN_DELIVERY, IMDN_DELIVERED);
	if ((reports & PARLEY_REPORT_DISPLAY) && shown)
		notify(c, &w->cpim, IMDN_DISPLAY, IMDN_DISPLAYED);
	return 200;
}


static uint16_t take_report(struct chat *c, const struct chat_saying *w,
			    const struct group_speaker *who, struct arena *a)
{
	static const enum parley_report_kind kinds[] = {
		[IMDN_DELIVERY] = PARLEY_REPORT_DELIVERY,
		[IMDN_PROCESSING] = PARLEY_REPORT_PROCESSING,
		[IMDN_DISPLAY] = PARLEY_REPORT_DISPLAY,
	};
	struct parley_session *s = c->s;
	struct imdn i;

	if (imdn_decode(&i, w->content, a))
		return 400;
	struct parley_report r = {
		.from = who->uri,
		.recipient = receive_text(a, i.original_recipient.p ? i.original_recipient
								    : i.recipient),
		.message_id = receive_text(a, i.message_id),
		.kind = kinds[i.kind],
		.status = imdn_status_name(i.status).p,
		.received_ms = loop_wall_ms(s->p->loop),
	};
	if (!r.recipient || !r.message_id)
		return 500;
	if (chat_handler(c)->report)
		chat_handler(c)->report(s, &r, s->arg);
	return 200;
}


static uint16_t take_composing(struct chat *c, const struct chat_saying *w,
			       const struct group_speaker *who, struct arena *a)
{
	struct iscomposing i;

	if (iscomposing_decode(&i, w->content, a))
		return 400;
	if (group_chat_is(&c->group))
		group_said_composing(&c->group, who, &i);
	else
		composing_take(&c->composing, &i);
	return 200;
}


static uint16_t take(struct chat *c, const struct chat_saying *w, struct arena *a)
{
	struct group_speaker who;
	uint16_t status = find_speaker(c, w, &who, a);

	if (status)
		return status;
	switch (w->kind) {
	case CHAT_TEXT:
		return take_text(c, w, &who, a);
	case CHAT_REPORT:
		return take_report(c, w, &who, a);
	default:
		return take_composing(c, w, &who, a);
	}
}


uint16_t chat_heard_head(struct parley_session *s, struct msrp_receive *r)
{
	struct chat *c = s->of;

	return chat_said_head(&c->said, r);
}


uint16_t chat_heard_body(struct parley_session *s, struct msrp_receive *r, struct str piece)
{
	(void)s;
	return chat_said_body(r, piece);
}


uint16_t chat_heard_end(struct parley_session *s, struct msrp_receive *r, char flag)
{
	struct chat *c = s->of;
	struct arena a = ARENA_INIT(4 * PARLEY_CHAT_MAX);
	struct chat_saying *w;
	uint16_t status = chat_said_end(&c->said, r, flag, &w);

	if (!w)
		return status;
	status = take(c, w, &a);
	mem_unref(w);
	arena_done(&a);
	return status;
}


void chat_heard_broken(struct parley_session *s, struct msrp_receive *r)
{
	(void)s;
	chat_said_broken(r);
}
