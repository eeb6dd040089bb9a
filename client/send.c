/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot messages: Pager Mode, and where Large Message Mode begins. */
#include "client/account.h"

#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "body/cpim.h"
#include "client/exchange.h"
#include "client/send.h"
#include "sip/media_type.h"
#include "sip/uri.h"

#define TYPE_DEFAULT "text/plain;charset=UTF-8"
/** Headers of a CPIM envelope. */
#define ENVELOPE_MAX 4096

struct sending {
	struct list_link link; /**< of parley.sendings */
	struct parley *p;
	struct exchange *x;
	bool anonymous;
	char message_id[17]; /**< "" when no report is asked for */
	struct deferred_call late;
	parley_sent_cb *sent;
	void *arg;
};


static void destroy(void *object)
{
	struct sending *s = object;

	exchange_cancel(s->x);
}


static void drop(struct sending *s)
{
	list_remove(&s->p->sendings, &s->link);
	loop_defer_cancel(s->p->loop, &s->late);
	mem_unref(s);
}


static void tell(struct sending *s, const struct exchange_end *e, enum parley_mode mode)
{
	struct parley_sent told = {.mode = mode, .message_id = s->message_id};
	struct exchange_text text;

	exchange_outcome(&told.outcome, &text, e);
	if (s->sent && !s->p->closed)
		s->sent(s->p, &told, s->arg);
}


/* ---- Pager Mode (8.1.1) ---- */

static void put_headers(struct buf *b, const struct sip_hop *hop, void *arg)
{
	struct sending *s = arg;

	(void)hop;
	/* No Contact: RFC 3428 4, "User Agents MUST NOT insert Contact header fields into MESSAGE requests";
	 * seed 002's tag stands in Accept-Contact. No Session-Expires: there is no session (RFC 4028). */
	account_put_initial(s->p, b, s->anonymous);
}


static void on_done(struct exchange *x, const struct exchange_end *e, void *arg)
{
	struct sending *s = arg;
	struct exchange_end end = *e;

	mem_ref(x);
	mem_ref(s);
	/* Here the large message takes over, when it is spoken: the size is known, nothing was sent. */
	if (end.error == -EMSGSIZE)
		end.error = -EOPNOTSUPP;
	tell(s, &end, e->error == -EMSGSIZE ? PARLEY_LARGE : PARLEY_PAGER);
	if (list_linked(&s->link))
		drop(s);
	mem_unref(s);
	mem_unref(x);
}


static int start(struct sending *s, const struct parley_outgoing *m, struct str type,
		 struct str body)
{
	struct buf from = BUF_INIT(4 * ACCOUNT_TEXT_MAX), to = BUF_INIT(SIP_URI_MAX + 2);
	char tag[17];
	int err = -ENOMEM;

	account_put_random(s->p, tag, 16);
	account_put_from(s->p, &from, m->anonymous, str_of(tag));
	buf_printf(&to, "<%s>", m->to);
	if (!from.failed && !to.failed)
		err = exchange_start(&s->x, s->p,
				     &(struct exchange_params){
					     .method = SIP_MESSAGE,
					     .uri = str_of(m->to),
					     .from = buf_str(&from),
					     .to = buf_str(&to),
					     .cseq = 1,
					     .pager = true,
					     .reliable_path = m->reliable_path,
					     .headers = put_headers,
					     .type = type,
					     .body = body,
					     .done = on_done,
					     .arg = s,
				     });
	buf_done(&from);
	buf_done(&to);
	return err;
}


/* ---- Asking for reports: CPIM around it (RFC 5438 7.1.1) ---- */

static unsigned notify_of(unsigned reports)
{
	unsigned notify = 0;

	if (reports & PARLEY_REPORT_DELIVERY)
		notify |= CPIM_NOTIFY_POSITIVE_DELIVERY | CPIM_NOTIFY_NEGATIVE_DELIVERY;
	if (reports & PARLEY_REPORT_DISPLAY)
		notify |= CPIM_NOTIFY_DISPLAY;
	return notify;
}


static int start_wrapped(struct sending *s, const struct parley_outgoing *m, struct str type,
			 struct str content)
{
	struct buf body = BUF_INIT(PARLEY_CONTENT_MAX + ENVELOPE_MAX);
	int err;

	account_put_random(s->p, s->message_id, 16);
	cpim_encode(
		&(struct cpim_params){
			.from_name = str_of(s->p->display_name),
			.from = str_of(s->p->aor),
			.to = str_of(m->to),
			.date_ms = loop_wall_ms(s->p->loop),
			.message_id = str_of(s->message_id),
			.notify = notify_of(m->reports),
			.content_type = type,
			.content = content,
		},
		&body);
	err = body.failed ? -ENOMEM : start(s, m, STR("message/cpim"), buf_str(&body));
	buf_done(&body);
	return err;
}


/* ---- Large Message Mode ---- */

static void on_late(void *arg)
{
	struct sending *s = arg;
	struct parley *p = s->p;

	account_enter(p);
	mem_ref(s);
	tell(s, &(struct exchange_end){.error = -EOPNOTSUPP}, PARLEY_LARGE);
	if (list_linked(&s->link))
		drop(s);
	mem_unref(s);
	account_leave(p);
}


static int start_large(struct sending *s)
{
	loop_defer(s->p->loop, &s->late, on_late, s);
	return 0;
}


static int check(const struct parley_outgoing *m)
{
	struct sip_media_type type;
	struct sip_uri uri;

	/* RFC 3261 19.1.5: headers in a URI are for a request made of it; this one is made by us. */
	if (!m->to || sip_uri_decode(&uri, str_of(m->to)) || uri.headers.n)
		return -EINVAL;
	if (m->type && sip_media_type_decode(&type, str_of(m->type)))
		return -EINVAL;
	/* RFC 5438 12.1.1: "anonymous IM Senders SHOULD NOT request disposition notifications". */
	if ((m->reports & ~(unsigned)(PARLEY_REPORT_DELIVERY | PARLEY_REPORT_DISPLAY)) ||
	    (m->anonymous && m->reports))
		return -EINVAL;
	return m->content_size > PARLEY_CONTENT_MAX ? -ENOBUFS : 0;
}


int parley_send(struct parley *p, const struct parley_outgoing *m, parley_sent_cb *sent, void *arg)
{
	struct str type = str_of(m->type ? m->type : TYPE_DEFAULT);
	struct str content = {m->content, m->content_size};
	struct sending *s;
	int err = check(m);

	if (err)
		return err;
	s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	s->p = p;
	s->anonymous = m->anonymous;
	s->sent = sent;
	s->arg = arg;
	list_append(&p->sendings, &s->link);
	if (m->large)
		err = start_large(s);
	else if (m->reports)
		err = start_wrapped(s, m, type, content);
	else
		err = start(s, m, type, content);
	if (err)
		drop(s);
	return err;
}


void sendings_done(struct parley *p)
{
	for (struct list_link *k; (k = list_first(&p->sendings));)
		drop(container_of(k, struct sending, link));
}
