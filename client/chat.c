/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation. */
#include "client/chat_state.h"

#include <errno.h>

#include "base/mem.h"
#include "body/cpim.h"
#include "client/envelope.h"
#include "client/group_request.h"
#include "sip/uri.h"

#define TEXT_TYPE "text/plain;charset=UTF-8"
/** Reports and states of writing in an outbox, of which the program knows nothing. */
#define OWN_NUMBER 0


static void destroy(void *object)
{
	struct chat *c = object;

	group_chat_done(&c->group);
	composing_done(&c->composing);
	outbox_done(&c->box);
	chat_said_done(&c->said);
}


const struct parley_session_handler *chat_handler(const struct chat *c)
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
	if (chat_handler(c)->sent)
		chat_handler(c)->sent(c->s, m->number, status, c->s->arg);
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


int chat_put_own(struct chat *c, struct str type, struct str body)
{
	return put(c, type, body, OWN_NUMBER);
}


static struct str address_of(const struct chat *c, const char *to)
{
	if (to)
		return str_of(to);
	return group_chat_is(&c->group) ? group_chat_address(&c->group) : c->s->to;
}


/* What is said: to whom, with what on it. */
struct saying {
	const char *to; /* NULL: to the other side, all of them */
	struct str type, content, message_id;
	uint32_t number;
	bool wrap; /* in CPIM, where that is taken */
};


static void wrap(struct chat *c, struct buf *b, const struct saying *y)
{
	struct parley *p = c->s->p;
	bool hidden = c->s->anonymous;

	cpim_encode(
		&(struct cpim_params){
			.from_name = hidden ? STR("") : str_of(p->display_name),
			.from = hidden ? STR("sip:anonymous@anonymous.invalid") : str_of(p->aor),
			.to = address_of(c, y->to),
			.date_ms = loop_wall_ms(p->loop),
			.message_id = y->message_id,
			.notify = envelope_notify(y->message_id.n ? c->reports : 0),
			.content_type = y->type,
			.content = y->content,
		},
		b);
}


/* -EMEDIUMTYPE: the other side takes it neither so nor so. In a group all goes in CPIM, RFC 7701 6.3: who "receives an
 * MSRP SEND request that does not contain a Message/CPIM wrapper [...] MUST reject the request with a 415 response". */
static int put_content(struct chat *c, const struct saying *y)
{
	struct buf b = BUF_INIT(PARLEY_CHAT_MAX + CHAT_ENVELOPE_MAX);
	bool group = group_chat_is(&c->group);
	int way = session_sdp_way(c->s, y->type, y->wrap || group), err;

	if (way < 0 || (y->to && way != 1))
		return way < 0 ? way : -EMEDIUMTYPE;
	if (way == 1)
		wrap(c, &b, y);
	if (b.failed)
		err = -ENOMEM;
	else if (c->s->peer_msrp.max_size &&
		 (way == 1 ? b.n : y->content.n) > c->s->peer_msrp.max_size)
		err = -EMSGSIZE;
	else
		err = put(c, way == 1 ? STR("message/cpim") : y->type,
			  way == 1 ? buf_str(&b) : y->content, y->number);
	buf_done(&b);
	return err;
}


int chat_put_text(struct chat *c, const char *to, const char *text, const char *message_id,
		  uint32_t number)
{
	return put_content(c, &(struct saying){
				      .to = to,
				      .type = STR(TEXT_TYPE),
				      .content = str_of(text),
				      .message_id = str_of(message_id),
				      .number = number,
				      .wrap = true,
			      });
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
		(void)put_content(c, &(struct saying){.type = ISCOMPOSING_TYPE,
						      .content = buf_str(&b),
						      .message_id = STR(""),
						      .number = OWN_NUMBER});
	buf_done(&b);
}


static void on_show(struct composing *composing, bool active, void *arg)
{
	struct chat *c = arg;
	struct parley *p = c->s->p;

	(void)composing;
	account_enter(p);
	if (chat_handler(c)->composing)
		chat_handler(c)->composing(c->s, active, c->s->arg);
	account_leave(p);
}


static const struct composing_handler composing_handler = {.tell = on_tell, .show = on_show};


/* ---- The session ---- */

static void on_ringing(struct parley_session *s)
{
	struct chat *c = s->of;

	if (chat_handler(c)->ringing)
		chat_handler(c)->ringing(s, s->arg);
}


static void on_up(struct parley_session *s)
{
	struct chat *c = s->of;
	bool first = !c->established;

	c->established = true;
	outbox_go(&c->box);
	chat_waiting_send(c);
	if (first && s->state != SESSION_OVER && chat_handler(c)->established)
		chat_handler(c)->established(s, s->arg);
	if (s->state == SESSION_UP)
		group_chat_up(&c->group, first);
}


static void fail_all_sent(struct chat *c)
{
	for (struct list_link *k; (k = list_first(&c->box.messages));) {
		struct outbox_message *m = container_of(k, struct outbox_message, link);

		list_remove(&c->box.messages, k);
		on_sent(m, 0, 0, c);
		mem_unref(m);
	}
}


/* What was under way may have arrived or not; what waits goes on waiting. */
static bool on_again(struct parley_session *s, enum parley_why why, const struct exchange_end *e)
{
	struct chat *c = s->of;

	if (!group_chat_again(&c->group, why, e))
		return false;
	c->established = false;
	composing_done(&c->composing);
	composing_init(&c->composing, loop_timers(s->p->loop), &composing_handler, c);
	chat_said_done(&c->said);
	fail_all_sent(c);
	return true;
}


static int on_invite(struct parley_session *s, struct buf *headers, struct buf *type,
		     struct buf *body)
{
	struct chat *c = s->of;

	return group_invite_put(&c->group, headers, type, body);
}


static void on_over(struct parley_session *s, enum parley_why why, const struct exchange_end *e)
{
	struct chat *c = s->of;
	struct parley_outcome outcome;
	struct exchange_text text;

	composing_done(&c->composing);
	group_chat_over(&c->group);
	fail_all_sent(c);
	chat_waiting_drop(c, true);
	exchange_outcome(&outcome, &text, e);
	if (e->error == -EMEDIUMTYPE && s->peer_text)
		outcome.accepts = session_keep(s, s->peer_msrp.accept).p;
	if (!outcome.accepts)
		outcome.accepts = "";
	if (chat_handler(c)->ended)
		chat_handler(c)->ended(s, &(struct parley_session_end){why, &outcome}, s->arg);
}


static void on_done(struct parley_session *s)
{
	struct chat *c = s->of;

	if (c)
		chat_waiting_drop(c, false);
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
	.head = chat_heard_head,
	.body = chat_heard_body,
	.end = chat_heard_end,
	.broken = chat_heard_broken,
	.invite = on_invite,
	.again = on_again,
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
	group_chat_init(&c->group, c);
	s->of = c;
	s->owner = &owner;
	s->terms = (struct session_terms){
		.direction = SDP_SENDRECV,
		.accept = STR("message/cpim text/plain application/im-iscomposing+xml"),
		.accept_wrapped = STR("text/plain message/imdn+xml application/im-iscomposing+xml"),
		/* RFC 7701 8: what we can do should the other side be a focus. */
		.lines = STR("a=chatroom:nickname private-messages\r\n"),
		.max_size = PARLEY_CHAT_MAX,
	};
	return 0;
}


/* ---- For the program ---- */

struct chat *chat_of(const struct parley_session *s)
{
	return s->mode == PARLEY_CHAT && s->owner == &owner ? s->of : NULL;
}


/* Each chat has an identity of its own, by which another can say that it takes its place (digest b 14). */
static struct str make_contribution(struct parley_session *s)
{
	char id[33];

	account_put_random(s->p, id, 32);
	return session_keep(s, (struct str){id, 32});
}


static int check(const struct parley_chat_params *params)
{
	struct sip_uri uri;

	if (params->anonymous && params->reports)
		return -EINVAL;
	if (!params->to)
		return params->members_n ? 0 : -EINVAL;
	return sip_uri_decode(&uri, str_of(params->to)) || uri.headers.n ? -EINVAL : 0;
}


static int fill(struct parley_session *s, const struct parley_chat_params *params)
{
	struct chat *c;
	int err = chat_init(s);

	if (err)
		return err;
	c = chat_of(s);
	s->anonymous = params->anonymous;
	s->to = session_keep(s, params->to ? str_of(params->to) : STR(""));
	s->subject = session_keep(s, str_of(params->subject));
	s->contribution = make_contribution(s).p;
	if (!s->to.p || !s->subject.p || !s->contribution)
		return -ENOMEM;
	if (params->members_n)
		err = group_invite_list(&c->group, params);
	c->group.first_to = s->peer = s->to.p;
	s->called = s->p->aor;
	c->reports = params->reports;
	return err;
}


int parley_chat(struct parley_session **ret, struct parley *p,
		const struct parley_chat_params *params)
{
	struct parley_session *s;
	int err = check(params);

	if (!err)
		err = session_alloc(&s, p, PARLEY_CHAT, NULL, NULL);
	if (err)
		return err;
	err = fill(s, params);
	if (err) {
		list_remove(&p->sessions, &s->link);
		mem_unref(s);
		return err;
	}
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


int chat_send(struct chat *c, const char *to, const char *text, uint32_t *ret_number,
	      const char **ret_id)
{
	struct parley_session *s = c->s;
	uint32_t number;
	int err;

	if (s->state == SESSION_OVER)
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
		err = chat_put_text(c, to, text, c->message_id, number);
	else
		err = chat_waiting_put(c, to, text, number);
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


int parley_session_send(struct parley_session *s, const char *text, uint32_t *ret_number,
			const char **ret_id)
{
	struct chat *c = chat_of(s);

	return c ? chat_send(c, NULL, text, ret_number, ret_id) : -ENOTCONN;
}


void parley_session_typing(struct parley_session *s)
{
	struct chat *c = chat_of(s);

	if (c && s->state == SESSION_UP)
		composing_typing(&c->composing);
}
