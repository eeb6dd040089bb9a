/* SPDX-License-Identifier: Apache-2.0 */
/* A large message, or a file, as its sender. */
#include "client/large.h"

#include <errno.h>

#include "base/mem.h"
#include "body/cpim.h"
#include "body/mime.h"
#include "client/outbox.h"
#include "sip/compose.h"

#define ENVELOPE_MAX 4096

struct large {
	struct parley_session *s;
	struct outbox box;
	struct str type;     /* the session's text */
	struct buf envelope; /* CPIM around it, should it be wanted */
	struct buf content;
	struct parley_source source;
	bool from_source, asked;
	bool wrapped, put;
	struct outbox_message *message;
	char id[64]; /* Message-ID of MSRP */
	uint8_t id_n;
	uint64_t size, at, reported;
	unsigned status;
	bool delivered, confirmed;
	struct timer report;
	struct large_params params;
};


static void destroy(void *object)
{
	struct large *l = object;

	timer_cancel(&l->report);
	outbox_done(&l->box);
	buf_done(&l->envelope);
	buf_done(&l->content);
}


static uint64_t content_size(const struct large *l)
{
	return l->from_source ? l->source.size : l->content.n;
}


/* ---- How it ends ---- */

/* 9 last: "the IM Client SHALL automatically close the session after the delivery". */
static void finish(struct large *l, int error)
{
	session_over(l->s, error ? PARLEY_FAILED : PARLEY_ENDED_US,
		     &(struct exchange_end){.error = error});
}


static void on_report_late(struct timer *t, void *arg)
{
	struct large *l = arg;
	struct parley *p = l->s->p;

	(void)t;
	account_enter(p);
	finish(l, 0);
	account_leave(p);
}


static void on_over(struct parley_session *s, enum parley_why why, const struct exchange_end *e)
{
	struct large *l = s->of;
	struct buf accepts = BUF_INIT(SESSION_TEXT_MAX);
	struct exchange_end end = *e;
	struct large_end told;

	/* Whoever leaves when everything has been taken has not refused it. */
	if (!end.error && !end.m && !l->delivered)
		end.error = why == PARLEY_ENDED_THEM ? -ECONNRESET : -ECANCELED;
	if (l->delivered)
		end.error = 0;
	if (s->peer_text) {
		buf_puts(&accepts, s->peer_msrp.accept);
		if (s->peer_msrp.accept_wrapped.n)
			buf_putc(&accepts, ' ');
		buf_puts(&accepts, s->peer_msrp.accept_wrapped);
	}
	told = (struct large_end){
		.e = &end,
		.delivered = l->delivered,
		.confirmed = l->confirmed,
		.status = l->status,
		.bytes = l->at,
		.accepts = accepts.n ? buf_cstr(&accepts) : "",
		.max_size = s->peer_text ? s->peer_msrp.max_size : 0,
	};
	timer_cancel(&l->report);
	outbox_done(&l->box);
	if (l->params.done)
		l->params.done(&told, l->params.arg);
	buf_done(&accepts);
}


/* ---- Sending ---- */

static void on_progress(struct outbox_message *m, uint64_t at, void *arg)
{
	struct large *l = arg;
	struct str id = outbox_id(m);

	l->at = at;
	if (!l->id_n && id.n && id.n <= sizeof(l->id)) {
		memcpy(l->id, id.p, id.n);
		l->id_n = (uint8_t)id.n;
	}
	if (l->params.progress)
		l->params.progress(at, l->size, l->params.arg);
}


static void on_done(struct outbox_message *m, uint16_t status, int failed, void *arg)
{
	struct large *l = arg;

	(void)m;
	l->message = NULL;
	l->status = status;
	if (failed) {
		finish(l, failed);
	} else if (!status) {
		finish(l, -ECONNRESET);
	} else if (status != 200) {
		finish(l, status == 408 ? -ETIMEDOUT : -EREMOTEIO);
	} else {
		l->delivered = true;
		if (l->confirmed)
			finish(l, 0);
		else
			timer_start(&l->report, loop_timers(l->s->p->loop), LARGE_REPORT_MS,
				    on_report_late, l);
	}
}


static const struct outbox_handler outbox_handler = {.progress = on_progress, .done = on_done};


/* RFC 4975 7.1.2: reports may be for parts of it. */
static void on_report(struct parley_session *s, const struct msrp_frame *f)
{
	struct large *l = s->of;

	if (!l->id_n || !str_eq(f->message_id, (struct str){l->id, l->id_n}) || !f->has_status)
		return;
	if (f->report_status != 200) {
		l->status = f->report_status;
		l->delivered = false;
		finish(l, -EREMOTEIO);
		return;
	}
	if (f->range.end != MSRP_RANGE_UNKNOWN && f->range.end >= f->range.start)
		l->reported += f->range.end - f->range.start + 1;
	if (l->reported < l->size && l->size)
		return;
	l->confirmed = true;
	if (l->delivered)
		finish(l, 0);
}


static int judge(struct parley_session *s)
{
	struct large *l = s->of;
	int way = session_sdp_way(s, l->type,
				  s->mode == PARLEY_LARGE || l->params.message_id.n > 0);

	if (way < 0)
		return way;
	l->wrapped = way == 1;
	l->size = content_size(l) + (l->wrapped ? l->envelope.n : 0);
	/* RFC 4975 8.6: "max-size [...] indicates the largest message an endpoint wishes to accept" */
	if (s->peer_msrp.max_size && l->size > s->peer_msrp.max_size)
		return -EMSGSIZE;
	return 0;
}


static void on_up(struct parley_session *s)
{
	struct large *l = s->of;
	int err;

	if (l->put)
		return;
	l->put = true;
	err = outbox_put(&l->box, &l->message,
			 &(struct outbox_params){
				 .type = l->wrapped ? STR("message/cpim") : l->type,
				 .envelope = l->wrapped ? buf_str(&l->envelope) : STR(""),
				 .content = buf_str(&l->content),
				 .source = l->from_source ? &l->source : NULL,
				 .success_report = true,
				 .handler = &outbox_handler,
				 .arg = l,
			 });
	if (err)
		finish(l, err);
	else
		outbox_go(&l->box);
}


static void on_session_done(struct parley_session *s)
{
	mem_unref(s->of);
}


static const struct session_owner owner = {
	.judge = judge,
	.up = on_up,
	.report = on_report,
	.over = on_over,
	.done = on_session_done,
};


/* ---- What is told beforehand ---- */

static bool put_envelope(struct large *l)
{
	struct parley *p = l->s->p;
	bool hidden = l->params.m->anonymous;

	buf_init(&l->envelope, ENVELOPE_MAX);
	cpim_encode(
		&(struct cpim_params){
			.from_name = hidden ? STR("") : str_of(p->display_name),
			.from = hidden ? STR("sip:anonymous@anonymous.invalid") : str_of(p->aor),
			.to = l->s->to,
			.date_ms = loop_wall_ms(p->loop),
			.message_id = l->params.message_id,
			.notify = l->params.notify,
			.content_type = l->type,
			.content = STR(""),
			.following = content_size(l),
		},
		&l->envelope);
	return !l->envelope.failed;
}


/* RFC 5547 6: date-time of RFC 5322. */
static void put_file_date(struct buf *b, int64_t ms)
{
	char text[64];
	struct buf date;

	buf_fixed(&date, text, sizeof(text));
	sip_put_date(&date, ms);
	if (date.failed || date.n < 4)
		return;
	buf_puts(b, STR("a=file-date:modification:\""));
	buf_puts(b, str_upto(buf_str(&date), date.n - 4));
	buf_puts(b, STR(" +0000\"\r\n"));
}


static void put_file(struct large *l, struct buf *b, const struct parley_file *f, struct str type)
{
	struct sdp_file file = {
		.name = str_of(f->name),
		.type = type,
		.hash = f->hash ? str_of(f->hash) : STR_NULL,
		.size = content_size(l),
		.sized = true,
	};
	char id[33];

	account_put_random(l->s->p, id, 32);
	buf_puts(b, STR("a=file-selector:"));
	sdp_file_put(b, &file);
	buf_printf(b, "\r\na=file-transfer-id:%s\r\na=file-disposition:attachment\r\n", id);
	if (f->modified_ms >= 0)
		put_file_date(b, f->modified_ms);
}


/* Digest c11: sendonly, one type; a server judges by it. What max-size would say of us, who receive nothing, says
 * how much there is to come. */
static bool put_terms(struct large *l)
{
	struct session_terms *t = &l->s->terms;
	struct buf accept = BUF_INIT(SESSION_TEXT_MAX), lines = BUF_INIT(SESSION_TEXT_MAX);
	struct str params = l->type, type = str_trim(str_cut(&params, ';'));

	buf_puts(&accept, STR("message/cpim "));
	buf_puts(&accept, type);
	if (l->params.m->file)
		put_file(l, &lines, l->params.m->file, type);
	t->direction = SDP_SENDONLY;
	t->accept = session_keep(l->s, buf_str(&accept));
	t->accept_wrapped = session_keep(l->s, type);
	t->lines = session_keep(l->s, buf_str(&lines));
	t->max_size = l->params.m->file ? 0 : content_size(l) + l->envelope.n;
	buf_done(&accept);
	buf_done(&lines);
	return t->accept.n && t->accept_wrapped.n && t->lines.p;
}


static int prepare(struct large *l, const struct large_params *params)
{
	struct parley_session *s = l->s;

	s->anonymous = params->m->anonymous;
	s->to = session_keep(s, str_of(params->m->to));
	l->type = session_keep(s, params->type);
	buf_init(&l->content, params->content.n + 1);
	buf_puts(&l->content, params->content);
	if (params->m->source) {
		l->from_source = true;
		l->source = *params->m->source;
	}
	if (!s->to.n || !l->type.n || l->content.failed || !put_envelope(l) || !put_terms(l))
		return -ENOMEM;
	l->params.m = NULL;
	return 0;
}


int large_start(struct parley_session **ret, struct parley *p, const struct large_params *params)
{
	struct large *l = mem_alloc(sizeof(*l), destroy);
	int err;

	if (!l)
		return -ENOMEM;
	l->params = *params;
	err = session_alloc(&l->s, p, params->m->file ? PARLEY_FILE : PARLEY_LARGE, &owner, l);
	if (err) {
		mem_unref(l);
		return err;
	}
	outbox_init(&l->box, l->s);
	err = prepare(l, params);
	if (err) {
		l->params.done = NULL;
		session_fail(l->s, err);
		return err;
	}
	session_call(l->s);
	*ret = l->s;
	return 0;
}
