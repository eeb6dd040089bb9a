/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot messages: Pager Mode, and where a session of their own takes over. */
#include "client/account.h"

#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "body/cpim.h"
#include "client/envelope.h"
#include "client/exchange.h"
#include "client/large.h"
#include "client/send.h"
#include "sip/compose.h"
#include "sip/media_type.h"
#include "sip/uri.h"

#define TYPE_DEFAULT "text/plain;charset=UTF-8"
/** Headers of a CPIM envelope. */
#define ENVELOPE_MAX 4096
/** A SIP message carries no more, whatever the path: the engine's ceiling with room for headers. */
#define PAGER_CONTENT_MAX 60000

struct sending {
	struct list_link link; /**< of parley.sendings */
	struct parley *p;
	struct exchange *x;
	struct parley_session *session; /**< LARGE, FILE: under way; borrowed */
	bool anonymous;
	char message_id[17];      /**< "" when no report is asked for */
	struct parley_outgoing m; /**< its texts are kept below */
	struct parley_source source;
	struct parley_file file;
	struct arena texts;
	struct buf content;
	parley_sent_cb *sent;
	void *arg;
};


static void destroy(void *object)
{
	struct sending *s = object;

	exchange_cancel(s->x);
	arena_done(&s->texts);
	buf_done(&s->content);
}


static void drop(struct sending *s)
{
	list_remove(&s->p->sendings, &s->link);
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


static int start_large(struct sending *s, size_t request_bytes);


/* -EMSGSIZE: nothing was sent, and the size is known: the large message takes over. */
static void on_done(struct exchange *x, const struct exchange_end *e, void *arg)
{
	struct sending *s = arg;
	struct exchange_end end = *e;

	mem_ref(x);
	mem_ref(s);
	if (end.error == -EMSGSIZE)
		end.error = s->p->closed ? -ECANCELED : start_large(s, end.bytes);
	if (!s->session) {
		tell(s, &end, e->error == -EMSGSIZE ? PARLEY_LARGE : PARLEY_PAGER);
		if (list_linked(&s->link))
			drop(s);
	}
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

static int start_wrapped(struct sending *s, const struct parley_outgoing *m, struct str type,
			 struct str content)
{
	struct buf body = BUF_INIT(PAGER_CONTENT_MAX + ENVELOPE_MAX);
	int err;

	cpim_encode(
		&(struct cpim_params){
			.from_name = str_of(s->p->display_name),
			.from = str_of(s->p->aor),
			.to = str_of(m->to),
			.date_ms = loop_wall_ms(s->p->loop),
			.message_id = str_of(s->message_id),
			.notify = envelope_notify(m->reports),
			.content_type = type,
			.content = content,
		},
		&body);
	err = body.failed ? -ENOMEM : start(s, m, STR("message/cpim"), buf_str(&body));
	buf_done(&body);
	return err;
}


/* ---- Large Message Mode ---- */

static void on_progress(uint64_t done, uint64_t total, void *arg)
{
	struct sending *s = arg;

	if (s->m.progress && !s->p->closed)
		s->m.progress(s->p, done, total, s->arg);
}


static void on_large_done(const struct large_end *e, void *arg)
{
	struct sending *s = arg;
	struct parley_sent told = {.mode = s->session->mode, .message_id = s->message_id};
	struct exchange_text text;

	mem_ref(s);
	s->session = NULL;
	exchange_outcome(&told.outcome, &text, e->e);
	told.outcome.bytes = (size_t)e->bytes;
	told.confirmed = e->confirmed;
	if (!e->e->m && e->status) {
		told.outcome.status = e->status;
		told.outcome.reason = sip_reason((uint16_t)e->status).p;
	}
	if (told.outcome.error == -EMEDIUMTYPE || told.outcome.error == -EMSGSIZE) {
		told.outcome.accepts = e->accepts;
		told.outcome.max_size = e->max_size;
	}
	if (s->sent && !s->p->closed)
		s->sent(s->p, &told, s->arg);
	if (list_linked(&s->link))
		drop(s);
	mem_unref(s);
}


static int start_large(struct sending *s, size_t request_bytes)
{
	int err = large_start(&s->session, s->p,
			      &(struct large_params){
				      .m = &s->m,
				      .type = str_of(s->m.type),
				      .content = buf_str(&s->content),
				      .message_id = str_of(s->message_id),
				      .notify = envelope_notify(s->m.reports),
				      .progress = on_progress,
				      .done = on_large_done,
				      .arg = s,
			      });

	if (!err && s->m.chosen)
		s->m.chosen(s->p, s->m.file ? PARLEY_FILE : PARLEY_LARGE, request_bytes, s->arg);
	return err;
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
	if (m->file && (!m->file->name || !*m->file->name))
		return -EINVAL;
	/* RFC 5438 12.1.1: "anonymous IM Senders SHOULD NOT request disposition notifications". */
	if ((m->reports & ~(unsigned)(PARLEY_REPORT_DELIVERY | PARLEY_REPORT_DISPLAY)) ||
	    (m->anonymous && m->reports))
		return -EINVAL;
	return !m->source && m->content_size > PARLEY_CONTENT_MAX ? -ENOBUFS : 0;
}


static const char *keep(struct sending *s, const char *text)
{
	return text ? arena_str(&s->texts, str_of(text)).p : NULL;
}


/* The caller's own may go: a session needs them for as long as it lasts. */
static int keep_all(struct sending *s, const struct parley_outgoing *m)
{
	s->texts = (struct arena)ARENA_INIT(4 * SIP_URI_MAX);
	s->m = *m;
	s->m.to = keep(s, m->to);
	s->m.type = keep(s, m->type ? m->type : TYPE_DEFAULT);
	s->m.content = NULL;
	if (m->source) {
		s->source = *m->source;
		s->m.source = &s->source;
	}
	if (m->file) {
		s->file = *m->file;
		s->file.name = keep(s, m->file->name);
		s->file.hash = keep(s, m->file->hash);
		s->m.file = &s->file;
		if (!s->file.name || (m->file->hash && !s->file.hash))
			return -ENOMEM;
	}
	buf_init(&s->content, PARLEY_CONTENT_MAX);
	if (!m->source)
		buf_put(&s->content, m->content, m->content_size);
	return s->m.to && s->m.type && !s->content.failed ? 0 : -ENOMEM;
}


/* What is not for the choosing: pager mode cannot carry it, or the user does not want it to. */
static bool is_large(const struct sending *s)
{
	return s->m.large || s->m.source || s->m.file || s->content.n > PAGER_CONTENT_MAX;
}


int parley_send(struct parley *p, const struct parley_outgoing *m, parley_sent_cb *sent, void *arg)
{
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
	err = keep_all(s, m);
	if (!err && m->reports)
		account_put_random(p, s->message_id, 16);
	if (!err && is_large(s))
		err = start_large(s, 0);
	else if (!err && m->reports)
		err = start_wrapped(s, &s->m, str_of(s->m.type), buf_str(&s->content));
	else if (!err)
		err = start(s, &s->m, str_of(s->m.type), buf_str(&s->content));
	if (err)
		drop(s);
	return err;
}


void sendings_done(struct parley *p)
{
	for (struct list_link *k; (k = list_first(&p->sendings));)
		drop(container_of(k, struct sending, link));
}
