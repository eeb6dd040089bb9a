/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation. */
#include "client/chat.h"

#include <errno.h>

#include "base/mem.h"
#include "body/cpim.h"
#include "body/imdn.h"
#include "client/chat_said.h"
#include "client/composing.h"
#include "client/notification.h"
#include "client/outbox.h"
#include "client/receive.h"
#include "sip/media_type.h"
#include "sip/uri.h"

#define TEXT_TYPE "text/plain;charset=UTF-8"
/** Reports and states of writing in an outbox, of which the program knows nothing. */
#define OWN_NUMBER 0

struct chat {
	struct parley_session *s;
	struct outbox box;
	struct composing composing;
	struct chat_said said;
	unsigned reports;
	uint32_t numbers;
	unsigned waiting; /* texts put and not done */
	char message_id[17];
	bool established;
};


static void destroy(void *object)
{
	struct chat *c = object;

	composing_done(&c->composing);
	outbox_done(&c->box);
	chat_said_done(&c->said);
}


static const struct parley_session_handler *handler_of(const struct chat *c)
{
	static const struct parley_session_handler none;

	return c->s->handler && !c->s->p->closed ? c->s->handler : &none;
}


/* ---- Sending ---- */

static void on_sent(struct outbox_message *m, uint16_t status, int failed, void *arg)
{
	struct chat *c = arg;

	(void)failed;
	if (m->number == OWN_NUMBER)
		return;
	c->waiting--;
	if (handler_of(c)->sent)
		handler_of(c)->sent(c->s, m->number, status, c->s->arg);
}


static const struct outbox_handler outbox_handler = {.done = on_sent};


static int put(struct chat *c, struct str type, struct str body, uint32_t number)
{
	return outbox_put(&c->box, NULL,
			  &(struct outbox_params){
				  .type = type,
				  .content = body,
				  .handler = &outbox_handler,
				  .arg = c,
				  .number = number,
			  });
}


static unsigned notify_of(unsigned reports)
{
	unsigned notify = 0;

	if (reports & PARLEY_REPORT_DELIVERY)
		notify |= CPIM_NOTIFY_POSITIVE_DELIVERY | CPIM_NOTIFY_NEGATIVE_DELIVERY;
	if (reports & PARLEY_REPORT_DISPLAY)
		notify |= CPIM_NOTIFY_DISPLAY;
	return notify;
}


static void wrap(struct chat *c, struct buf *b, struct str type, struct str content,
		 struct str message_id, unsigned notify)
{
	struct parley *p = c->s->p;
	bool hidden = c->s->anonymous;

	cpim_encode(
		&(struct cpim_params){
			.from_name = hidden ? STR("") : str_of(p->display_name),
			.from = hidden ? STR("sip:anonymous@anonymous.invalid") : str_of(p->aor),
			.to = c->s->to,
			.date_ms = loop_wall_ms(p->loop),
			.message_id = message_id,
			.notify = notify,
			.content_type = type,
			.content = content,
		},
		b);
}


/* -EMEDIUMTYPE: the other side takes it neither so nor so. */
static int put_content(struct chat *c, struct str type, struct str content, struct str message_id,
		       uint32_t number, bool want_wrap)
{
	struct buf b = BUF_INIT(PARLEY_CHAT_MAX + CHAT_ENVELOPE_MAX);
	int way = session_sdp_way(c->s, type, want_wrap), err;

	if (way < 0)
		return way;
	if (way == 1)
		wrap(c, &b, type, content, message_id, notify_of(message_id.n ? c->reports : 0));
	if (b.failed)
		err = -ENOMEM;
	else if (c->s->peer_msrp.max_size &&
		 (way == 1 ? b.n : content.n) > c->s->peer_msrp.max_size)
		err = -EMSGSIZE;
	else
		err = put(c, way == 1 ? STR("message/cpim") : type,
			  way == 1 ? buf_str(&b) : content, number);
	buf_done(&b);
	return err;
}


/* ---- Texts that wait for the other side's description ---- */

struct waiting {
	struct list_link link;
	uint32_t number;
	char *text, *message_id;
};


static void waiting_destroy(void *object)
{
	struct waiting *w = object;

	mem_unref(w->text);
	mem_unref(w->message_id);
}


static int wait_put(struct chat *c, const char *text, uint32_t number)
{
	struct waiting *w = mem_alloc(sizeof(*w), waiting_destroy);

	if (!w)
		return -ENOMEM;
	w->text = str_dup(str_of(text));
	w->message_id = str_dup(str_of(c->message_id));
	if (!w->text || !w->message_id) {
		mem_unref(w);
		return -ENOMEM;
	}
	w->number = number;
	list_append(&c->said.waiting, &w->link);
	return 0;
}


static void fail_waiting(struct chat *c, const struct waiting *w, unsigned status)
{
	c->waiting--;
	if (handler_of(c)->sent)
		handler_of(c)->sent(c->s, w->number, status, c->s->arg);
}


static void send_waiting(struct chat *c)
{
	for (struct list_link *k; (k = list_first(&c->said.waiting));) {
		struct waiting *w = container_of(k, struct waiting, link);
		int err;

		list_remove(&c->said.waiting, k);
		err = put_content(c, STR(TEXT_TYPE), str_of(w->text), str_of(w->message_id),
				  w->number, true);
		if (err)
			fail_waiting(c, w, err == -EMSGSIZE ? 413 : err == -EMEDIUMTYPE ? 415 : 0);
		mem_unref(w);
		if (c->s->state == SESSION_OVER)
			return;
	}
}


static void drop_waiting(struct chat *c, bool tell)
{
	for (struct list_link *k; (k = list_first(&c->said.waiting));) {
		struct waiting *w = container_of(k, struct waiting, link);

		list_remove(&c->said.waiting, k);
		if (tell)
			fail_waiting(c, w, 0);
		mem_unref(w);
	}
}


/* ---- Who is writing ---- */

static void on_tell(struct composing *composing, bool active, void *arg)
{
	struct chat *c = arg;
	struct buf b = BUF_INIT(ISCOMPOSING_SIZE_MAX);

	(void)composing;
	iscomposing_encode(
		&(struct iscomposing){
			.active = active,
			.content_type = STR("text/plain"),
			.last_active_ms = -1,
			.refresh_s = active ? COMPOSING_REFRESH_S : 0,
		},
		&b);
	if (!b.failed && c->s->state == SESSION_UP)
		(void)put_content(c, ISCOMPOSING_TYPE, buf_str(&b), STR(""), OWN_NUMBER, false);
	buf_done(&b);
}


static void on_show(struct composing *composing, bool active, void *arg)
{
	struct chat *c = arg;
	struct parley *p = c->s->p;

	(void)composing;
	account_enter(p);
	if (handler_of(c)->composing)
		handler_of(c)->composing(c->s, active, c->s->arg);
	account_leave(p);
}


static const struct composing_handler composing_handler = {.tell = on_tell, .show = on_show};


/* ---- What the other side says ---- */

/* RFC 5438 12.2 has IMDNs of messages in a session sent in it. */
static void notify(struct chat *c, const struct cpim *cpim, enum imdn_kind kind,
		   enum imdn_status status)
{
	struct buf b = BUF_INIT(PARLEY_CHAT_MAX);
	struct parley_session *s = c->s;

	if (s->state != SESSION_UP || s->anonymous || session_sdp_way(s, IMDN_TYPE, true) != 1)
		return;
	if (notification_encode(s->p, str_of(s->peer), cpim, kind, status, &b))
		(void)put(c, STR("message/cpim"), buf_str(&b), OWN_NUMBER);
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


static uint16_t take_text(struct chat *c, const struct chat_saying *w, struct arena *a)
{
	struct parley_session *s = c->s;
	unsigned reports = asked_for(w);
	int64_t sent_ms = -1;
	bool shown = false;

	if (w->wrapped && w->cpim.date_time.p)
		(void)cpim_date_decode(&sent_ms, w->cpim.date_time);
	struct parley_message m = {
		.from = s->peer,
		.from_name = s->peer_name,
		.to = s->called,
		.type = receive_text(a, w->type),
		.content = receive_text(a, w->content),
		.content_size = w->content.n,
		.message_id = receive_text(a, w->wrapped ? w->cpim.message_id : STR("")),
		.sent_ms = sent_ms,
		.received_ms = loop_wall_ms(s->p->loop),
		.reports = reports,
	};
	if (!m.type || !m.content || !m.message_id)
		return 500;
	composing_heard(&c->composing);
	if (s->state != SESSION_OVER && handler_of(c)->message)
		shown = handler_of(c)->message(s, &m, s->arg);
	if (reports & PARLEY_REPORT_DELIVERY)
		notify(c, &w->cpim, IMDN_DELIVERY, IMDN_DELIVERED);
	if ((reports & PARLEY_REPORT_DISPLAY) && shown)
		notify(c, &w->cpim, IMDN_DISPLAY, IMDN_DISPLAYED);
	return 200;
}


static uint16_t take_report(struct chat *c, const struct chat_saying *w, struct arena *a)
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
		.from = s->peer,
		.recipient = receive_text(a, i.original_recipient.p ? i.original_recipient
								    : i.recipient),
		.message_id = receive_text(a, i.message_id),
		.kind = kinds[i.kind],
		.status = imdn_status_name(i.status).p,
		.received_ms = loop_wall_ms(s->p->loop),
	};
	if (!r.recipient || !r.message_id)
		return 500;
	if (handler_of(c)->report)
		handler_of(c)->report(s, &r, s->arg);
	return 200;
}


static uint16_t take_composing(struct chat *c, const struct chat_saying *w, struct arena *a)
{
	struct iscomposing i;

	if (iscomposing_decode(&i, w->content, a))
		return 400;
	composing_take(&c->composing, &i);
	return 200;
}


static uint16_t on_head(struct parley_session *s, struct msrp_receive *r)
{
	struct chat *c = s->of;

	return chat_said_head(&c->said, r);
}


static uint16_t on_body(struct parley_session *s, struct msrp_receive *r, struct str piece)
{
	(void)s;
	return chat_said_body(r, piece);
}


static uint16_t on_end(struct parley_session *s, struct msrp_receive *r, char flag)
{
	struct chat *c = s->of;
	struct arena a = ARENA_INIT(4 * PARLEY_CHAT_MAX);
	struct chat_saying *w;
	uint16_t status = chat_said_end(&c->said, r, flag, &w);

	if (!w)
		return status;
	switch (w->kind) {
	case CHAT_TEXT:
		status = take_text(c, w, &a);
		break;
	case CHAT_REPORT:
		status = take_report(c, w, &a);
		break;
	case CHAT_COMPOSING:
		status = take_composing(c, w, &a);
		break;
	}
	mem_unref(w);
	arena_done(&a);
	return status;
}


static void on_broken(struct parley_session *s, struct msrp_receive *r)
{
	(void)s;
	chat_said_broken(r);
}


/* ---- The session ---- */

static void on_ringing(struct parley_session *s)
{
	struct chat *c = s->of;

	if (handler_of(c)->ringing)
		handler_of(c)->ringing(s, s->arg);
}


static void on_up(struct parley_session *s)
{
	struct chat *c = s->of;
	bool first = !c->established;

	c->established = true;
	outbox_go(&c->box);
	send_waiting(c);
	if (first && s->state != SESSION_OVER && handler_of(c)->established)
		handler_of(c)->established(s, s->arg);
}


static void on_over(struct parley_session *s, enum parley_why why, const struct exchange_end *e)
{
	struct chat *c = s->of;
	struct parley_outcome outcome;
	struct exchange_text text;

	composing_done(&c->composing);
	for (struct list_link *k; (k = list_first(&c->box.messages));) {
		struct outbox_message *m = container_of(k, struct outbox_message, link);

		list_remove(&c->box.messages, k);
		on_sent(m, 0, 0, c);
		mem_unref(m);
	}
	drop_waiting(c, true);
	exchange_outcome(&outcome, &text, e);
	if (e->error == -EMEDIUMTYPE && s->peer_text)
		outcome.accepts = session_keep(s, s->peer_msrp.accept).p;
	if (!outcome.accepts)
		outcome.accepts = "";
	if (handler_of(c)->ended)
		handler_of(c)->ended(s, &(struct parley_session_end){why, &outcome}, s->arg);
}


static void on_done(struct parley_session *s)
{
	struct chat *c = s->of;

	if (c)
		drop_waiting(c, false);
	mem_unref(c);
}


int chat_judge(struct parley_session *s)
{
	int way = session_sdp_way(s, STR(TEXT_TYPE), true);

	return way < 0 ? way : 0;
}


static const struct session_owner owner = {
	.ringing = on_ringing,
	.judge = chat_judge,
	.up = on_up,
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.over = on_over,
	.done = on_done,
};


int chat_init(struct parley_session *s)
{
	struct chat *c = mem_alloc(sizeof(*c), destroy);

	if (!c)
		return -ENOMEM;
	c->s = s;
	outbox_init(&c->box, s);
	chat_said_init(&c->said);
	composing_init(&c->composing, loop_timers(s->p->loop), &composing_handler, c);
	s->of = c;
	s->owner = &owner;
	s->terms = (struct session_terms){
		.direction = SDP_SENDRECV,
		.accept = STR("message/cpim text/plain application/im-iscomposing+xml"),
		.accept_wrapped = STR("text/plain message/imdn+xml application/im-iscomposing+xml"),
		.max_size = PARLEY_CHAT_MAX,
	};
	return 0;
}


/* ---- For the program ---- */

static struct chat *chat_of(const struct parley_session *s)
{
	return s->mode == PARLEY_CHAT && s->owner == &owner ? s->of : NULL;
}


int parley_chat(struct parley_session **ret, struct parley *p,
		const struct parley_chat_params *params)
{
	struct parley_session *s;
	struct sip_uri uri;
	int err;

	if (!params->to || sip_uri_decode(&uri, str_of(params->to)) || uri.headers.n ||
	    (params->anonymous && params->reports))
		return -EINVAL;
	err = session_alloc(&s, p, PARLEY_CHAT, NULL, NULL);
	if (err)
		return err;
	err = chat_init(s);
	s->anonymous = params->anonymous;
	s->to = session_keep(s, str_of(params->to));
	s->subject = session_keep(s, str_of(params->subject));
	s->peer = s->to.p;
	s->called = p->aor;
	if (err || !s->to.p || !s->subject.p) {
		list_remove(&p->sessions, &s->link);
		mem_unref(s);
		return err ? err : -ENOMEM;
	}
	chat_of(s)->reports = params->reports;
	s->handler = params->handler;
	s->arg = params->arg;
	session_call(s);
	*ret = s;
	return 0;
}


void parley_session_set_reports(struct parley_session *s, unsigned reports)
{
	if (chat_of(s))
		chat_of(s)->reports = reports;
}


int parley_session_send(struct parley_session *s, const char *text, uint32_t *ret_number,
			const char **ret_id)
{
	struct chat *c = chat_of(s);
	uint32_t number;
	int err;

	if (!c || s->state == SESSION_OVER)
		return -ENOTCONN;
	if (strlen(text) > PARLEY_CHAT_MAX)
		return -EMSGSIZE;
	if (c->waiting >= PARLEY_CHAT_QUEUE_MAX)
		return -ENOBUFS;
	c->message_id[0] = '\0';
	if (c->reports)
		account_put_random(s->p, c->message_id, 16);
	number = c->numbers + 1;
	if (s->state == SESSION_UP && list_empty(&c->said.waiting))
		err = put_content(c, STR(TEXT_TYPE), str_of(text), str_of(c->message_id), number,
				  true);
	else
		err = wait_put(c, text, number);
	if (err)
		return err;
	c->numbers = number;
	c->waiting++;
	composing_sent(&c->composing);
	if (ret_number)
		*ret_number = number;
	if (ret_id)
		*ret_id = c->message_id;
	return 0;
}


void parley_session_typing(struct parley_session *s)
{
	struct chat *c = chat_of(s);

	if (c && s->state == SESSION_UP)
		composing_typing(&c->composing);
}
