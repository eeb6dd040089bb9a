/* SPDX-License-Identifier: Apache-2.0 */
/* A large message or a file as its recipient. */
#include "client/taking.h"

#include <errno.h>

#include "base/mem.h"
#include "body/cpim.h"
#include "body/mime.h"
#include "client/envelope.h"
#include "client/notification.h"

#define TEXTS_MAX 16384

struct taking {
	struct parley_session *s;
	char *message_id; /* of MSRP; NULL: nothing has begun */
	char *type;       /* as SEND says */
	bool wrapped;     /* in CPIM */
	bool begun;       /* `content` was called */
	bool last;        /* its end has come, if perhaps not all before it */
	bool complete;
	struct buf envelope;      /* CPIM headers, as far as they came */
	struct cpim cpim;         /* views into it, once `begun` */
	uint64_t received, total; /* bytes of the MSRP message; total UINT64_MAX: not known yet */
	struct timer idle;
};


static void destroy(void *object)
{
	struct taking *t = object;

	timer_cancel(&t->idle);
	buf_done(&t->envelope);
	mem_unref(t->message_id);
	mem_unref(t->type);
}


static void on_idle(struct timer *timer, void *arg)
{
	struct taking *t = arg;
	struct parley *p = t->s->p;

	(void)timer;
	account_enter(p);
	session_over(t->s, t->complete ? PARLEY_ENDED_US : PARLEY_FAILED,
		     &(struct exchange_end){.error = t->complete ? 0 : -ETIMEDOUT});
	account_leave(p);
}


static void stir(struct taking *t)
{
	timer_start(&t->idle, loop_timers(t->s->p->loop), TAKING_IDLE_MS, on_idle, t);
}


/* ---- Telling ---- */

static const char *keep(struct arena *a, struct str s)
{
	return arena_str(a, s.p ? s : STR("")).p;
}


static unsigned asked_for(const struct taking *t)
{
	unsigned reports = 0;

	if (!t->wrapped || !t->cpim.message_id.n)
		return 0;
	if (t->cpim.notify & CPIM_NOTIFY_POSITIVE_DELIVERY)
		reports |= PARLEY_REPORT_DELIVERY;
	if (t->cpim.notify & CPIM_NOTIFY_DISPLAY)
		reports |= PARLEY_REPORT_DISPLAY;
	return reports;
}


static void put_file_name(struct parley_session *s, struct buf *b)
{
	struct sdp_file file;

	if (s->peer_text && s->peer_msrp.file_selector.p &&
	    !sdp_file_decode(&file, s->peer_msrp.file_selector))
		buf_puts(b, file.name);
}


/* `size` of the content alone. */
static bool tell_content(struct taking *t, uint64_t size)
{
	struct parley_session *s = t->s;
	struct arena a = ARENA_INIT(TEXTS_MAX);
	struct buf name = BUF_INIT(SESSION_TEXT_MAX);
	int64_t sent_ms = -1;
	bool wanted;

	if (t->wrapped)
		(void)cpim_date_decode(&sent_ms, t->cpim.date_time.p ? t->cpim.date_time : STR(""));
	put_file_name(s, &name);
	struct parley_content c = {
		.from = s->peer,
		.from_name = s->peer_name,
		.to = s->called,
		.type = t->wrapped ? keep(&a, t->cpim.content_type) : t->type,
		.name = keep(&a, buf_str(&name)),
		.message_id = keep(&a, t->wrapped ? t->cpim.message_id : STR("")),
		.size = size,
		.sent_ms = sent_ms,
		.received_ms = loop_wall_ms(s->p->loop),
		.reports = asked_for(t),
	};
	t->begun = true;
	wanted = c.type && c.name && c.message_id &&
		 (!s->handler->content || s->handler->content(s, &c, s->arg));
	buf_done(&name);
	arena_done(&a);
	return wanted;
}


static bool is_live(const struct taking *t)
{
	return t->s->state != SESSION_OVER && !t->s->p->closed;
}


static uint16_t give(struct taking *t, uint64_t offset, struct str piece)
{
	struct parley_session *s = t->s;

	if (piece.n && s->handler->piece && !s->handler->piece(s, offset, piece.p, piece.n, s->arg))
		return 413;
	return is_live(t) ? 0 : 481;
}


/* ---- From MSRP ---- */

static uint16_t begin(struct taking *t, const struct msrp_frame *f)
{
	struct mime_type type;

	if (mime_type_decode(&type, f->content_type))
		return 415;
	t->message_id = str_dup(f->message_id);
	t->type = str_dup(f->content_type);
	if (!t->message_id || !t->type)
		return 500;
	t->wrapped = mime_type_is(&type, STR("message"), STR("cpim"));
	t->total = UINT64_MAX;
	if (f->range.total != MSRP_RANGE_UNKNOWN)
		t->total = f->range.total;
	if (!t->wrapped &&
	    !tell_content(t, t->total == UINT64_MAX ? PARLEY_SIZE_UNKNOWN : t->total))
		return 413;
	return is_live(t) ? 0 : 481;
}


/* Such a session is for one message. */
static uint16_t on_head(struct parley_session *s, struct msrp_receive *r)
{
	struct taking *t = s->of;

	stir(t);
	if (!t->message_id)
		return begin(t, r->frame);
	return str_eq(str_of(t->message_id), r->frame->message_id) && !t->complete ? 0 : 403;
}


/* The envelope comes first; what is behind it is content. */
static uint16_t unwrap(struct taking *t, uint64_t offset, struct str piece)
{
	size_t before = t->envelope.n, size;

	if (offset != before)
		return 413; /* a piece from the middle, before its envelope: kept by nobody */
	buf_puts(&t->envelope, str_upto(piece, TAKING_ENVELOPE_MAX - before));
	if (t->envelope.failed)
		return 500;
	size = envelope_size(buf_str(&t->envelope));
	if (!size)
		return t->envelope.n < TAKING_ENVELOPE_MAX ? 0 : 400;
	t->envelope.n = size;
	if (cpim_decode_head(&t->cpim, buf_str(&t->envelope)))
		return 400;
	if (!cpim_require_known(&t->cpim))
		return 415;
	if (!tell_content(t, t->total == UINT64_MAX || t->total < size ? PARLEY_SIZE_UNKNOWN
								       : t->total - size))
		return 413;
	return is_live(t) ? give(t, 0, str_from(piece, size - before)) : 481;
}


static uint16_t on_body(struct parley_session *s, struct msrp_receive *r, struct str piece)
{
	struct taking *t = s->of;

	stir(t);
	t->received += piece.n;
	if (t->wrapped && !t->begun)
		return unwrap(t, r->offset, piece);
	if (t->wrapped && r->offset < t->envelope.n)
		return 400;
	return give(t, r->offset - (t->wrapped ? t->envelope.n : 0), piece);
}


static void report(struct taking *t, bool shown)
{
	struct parley_session *s = t->s;
	unsigned reports = asked_for(t);

	if (reports & PARLEY_REPORT_DELIVERY)
		notification_send(s->p, str_of(s->peer), &t->cpim, IMDN_DELIVERY, IMDN_DELIVERED);
	if ((reports & PARLEY_REPORT_DISPLAY) && shown)
		notification_send(s->p, str_of(s->peer), &t->cpim, IMDN_DISPLAY, IMDN_DISPLAYED);
}


static uint16_t on_end(struct parley_session *s, struct msrp_receive *r, char flag)
{
	struct taking *t = s->of;
	bool shown;

	stir(t);
	if (flag == '#') {
		session_over(s, PARLEY_FAILED, &(struct exchange_end){.error = -ECONNRESET});
		return 200;
	}
	if (flag == '$') {
		t->total = r->offset;
		t->last = true;
	}
	/* RFC 4975 7.3.1: the last chunk need not be the last to come. */
	if (t->complete || !t->last || t->received < t->total)
		return 200;
	if (t->wrapped && !t->begun)
		return 400;
	t->complete = true;
	shown = s->handler->complete &&
		s->handler->complete(s, t->total - (t->wrapped ? t->envelope.n : 0), s->arg);
	if (!s->p->closed)
		report(t, shown);
	return 200;
}


/* A BYE of ours might reach the sender before the answer to the last chunk does. */
static bool on_ending(const struct parley_session *s)
{
	const struct taking *t = s->of;

	return t->complete;
}


static void on_over(struct parley_session *s, enum parley_why why, const struct exchange_end *e)
{
	struct taking *t = s->of;
	struct exchange_end end = *e;
	struct parley_outcome outcome;
	struct exchange_text text;

	timer_cancel(&t->idle);
	if (why == PARLEY_ENDED_THEM && !t->complete && t->message_id && !end.error)
		end.error = -ECONNRESET;
	exchange_outcome(&outcome, &text, &end);
	if (s->handler && s->handler->ended)
		s->handler->ended(s, &(struct parley_session_end){why, &outcome}, s->arg);
}


static void on_done(struct parley_session *s)
{
	mem_unref(s->of);
}


const struct session_owner taking_owner = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.ending = on_ending,
	.over = on_over,
	.done = on_done,
};


int taking_init(struct parley_session *s)
{
	struct taking *t = mem_alloc(sizeof(*t), destroy);

	if (!t)
		return -ENOMEM;
	t->s = s;
	buf_init(&t->envelope, TAKING_ENVELOPE_MAX);
	s->of = t;
	s->owner = &taking_owner;
	s->terms = (struct session_terms){
		.direction = SDP_RECVONLY,
		.accept = STR("message/cpim *"),
		.accept_wrapped = STR("*"),
	};
	return 0;
}
