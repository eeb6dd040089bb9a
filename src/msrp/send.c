/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of our own. */
#include "msrp/send.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/session_state.h"
#include "msrp/transaction.h"
#include "msrp/uri.h"
#include "msrp/writer.h"

#define HEAD_MAX (MSRP_SEND_LINES_MAX + MSRP_REMOTE_PATH_MAX + MSRP_URI_MAX + 512)
/* A tid that stands in the body is drawn again; 2^-64 each time. */
#define TID_TRIES 4

struct msrp_send {
	struct msrp_session *session; /* reference */
	struct msrp_writer w;
	struct msrp_room room;
	const struct msrp_send_handler *handler;
	void *arg;
	struct msrp_send_params p; /* its texts point into `text` */
	char *text;
	size_t quantum;
	struct deferred_call tell;
	struct timer linger;
	uint16_t status;
	bool ended; /* nothing more is written */
	bool over;  /* the outcome is known */
};


static int check_params(const struct msrp_send_params *p)
{
	if (!p->content_type.n || p->content_type.n + p->lines.n > MSRP_SEND_LINES_MAX ||
	    p->message_id.n > MSRP_MESSAGE_ID_MAX)
		return -EINVAL;
	return p->lines.n && !str_ends(p->lines, STR("\r\n")) ? -EINVAL : 0;
}


static void put_lines(struct buf *out, const struct msrp_send_params *p,
		      const struct msrp_range *range)
{
	static const char *const failure[] = {
		[MSRP_FAILURE_PARTIAL] = "partial",
		[MSRP_FAILURE_NO] = "no",
	};

	msrp_header_encode(out, STR("Message-ID"), p->message_id);
	msrp_range_encode(out, range);
	if (p->success_report)
		msrp_header_encode(out, STR("Success-Report"), STR("yes"));
	if (p->failure_report != MSRP_FAILURE_YES)
		msrp_header_encode(out, STR("Failure-Report"), str_of(failure[p->failure_report]));
	if (p->include_sent_count)
		msrp_header_encode(out, STR("Include-Sent-Count"), STR("yes"));
	buf_puts(out, p->lines);
	msrp_content_encode(out, p->content_type);
}


/* ---- A stream ---- */

static void on_tell(void *arg)
{
	struct msrp_send *m = mem_ref(arg);

	if (!m->session->stopped && m->handler->done)
		m->handler->done(m, m->status, m->arg);
	mem_unref(m);
}


static void finish(struct msrp_send *m, uint16_t status)
{
	if (m->over)
		return;
	m->over = m->ended = true;
	m->status = status;
	timer_cancel(&m->linger);
	msrp_room_cancel(&m->room);
	if (m->w.c)
		(void)msrp_writer_finish(&m->w, '#');
	loop_defer(m->session->ep->loop, &m->tell, on_tell, m);
}


static void on_done(struct msrp_writer *w, uint16_t status)
{
	struct msrp_send *m = container_of(w, struct msrp_send, w);

	if (status != 200)
		finish(m, status);
	else if (m->ended && !w->pending)
		finish(m, 200);
}


static void on_lines(struct msrp_writer *w, struct buf *out, const struct msrp_range *range,
		     bool same)
{
	(void)same;
	put_lines(out, &container_of(w, struct msrp_send, w)->p, range);
}


static const struct msrp_writer_ops writer_ops = {
	.lines = on_lines,
	.done = on_done,
};


static void on_room(struct msrp_room *room)
{
	struct msrp_send *m = container_of(room, struct msrp_send, room);

	m->quantum = MSRP_SEND_QUANTUM;
	if (!m->ended && m->handler->room)
		m->handler->room(m, m->arg);
}


static void on_linger(struct timer *t, void *arg)
{
	struct msrp_send *m = arg;

	(void)t;
	if (m->w.c)
		msrp_writer_interrupt(&m->w);
}


static void destroy(void *object)
{
	struct msrp_send *m = object;

	if (m->session) {
		loop_defer_cancel(m->session->ep->loop, &m->tell);
		timer_cancel(&m->linger);
		msrp_room_cancel(&m->room);
		msrp_writer_drop(&m->w);
	}
	mem_unref(m->text);
	mem_unref(m->session);
}


static char *take(char *to, struct str *s, struct str from)
{
	if (from.n)
		memcpy(to, from.p, from.n);
	*s = (struct str){to, from.n};
	return to + from.n;
}


static int take_params(struct msrp_send *m, const struct msrp_send_params *p)
{
	struct str id = p->message_id;
	char made[MSRP_TID_MADE], *to;

	if (!id.n) {
		msrp_tid_make(loop_random_u64(m->session->ep->loop), made);
		id = (struct str){made, sizeof(made)};
	}
	m->p = *p;
	m->text = to = mem_alloc(id.n + p->content_type.n + p->lines.n + 1, NULL);
	if (!to)
		return -ENOMEM;
	to = take(to, &m->p.message_id, id);
	to = take(to, &m->p.content_type, p->content_type);
	take(to, &m->p.lines, p->lines);
	return 0;
}


int msrp_send_open(struct msrp_send **ret, struct msrp_session *s, const struct msrp_send_params *p,
		   const struct msrp_send_handler *h, void *arg)
{
	struct msrp_range range = {p->first + 1, MSRP_RANGE_UNKNOWN, p->total};
	struct msrp_send *m;

	if (check_params(p))
		return -EINVAL;
	if (!s->now.c || !s->remote)
		return -ENOTCONN;
	m = mem_alloc(sizeof(*m), destroy);
	if (!m)
		return -ENOMEM;
	m->session = mem_ref(s);
	m->handler = h;
	m->arg = arg;
	m->room.call = on_room;
	m->quantum = MSRP_SEND_QUANTUM;
	if (p->total != MSRP_RANGE_UNKNOWN && p->total <= p->first + MSRP_CHUNK_PLAIN_MAX)
		range.end = p->total;
	msrp_writer_init(&m->w, &writer_ops, s, &range, p->failure_report, true);
	if (take_params(m, p)) {
		mem_unref(m);
		return -ENOMEM;
	}
	*ret = m;
	return 0;
}


/* How much of `n` may be written now. */
static size_t room_for(struct msrp_send *m, const struct msrp_connection *c, size_t n)
{
	size_t queued = msrp_connection_queued(c);
	size_t room = queued < MSRP_QUEUE_HIGH ? MSRP_QUEUE_HIGH - queued : 0;

	if (c->rooms.count && m->quantum < room)
		room = m->quantum;
	return n < room ? n : room;
}


ssize_t msrp_send_write(struct msrp_send *m, const void *p, size_t n)
{
	struct msrp_connection *c = m->session->now.c;
	size_t taken;
	int err;

	if (m->ended)
		return -EPIPE;
	if (m->p.total != MSRP_RANGE_UNKNOWN && n > m->p.total - m->w.pos)
		return -EMSGSIZE;
	if (!c) {
		finish(m, 0);
		return -EPIPE;
	}
	taken = room_for(m, c, n);
	err = taken ? msrp_writer_piece(&m->w, (struct str){p, taken}) : 0;
	if (err)
		return err;
	m->quantum -= taken < m->quantum ? taken : m->quantum;
	m->session->active_ms = loop_now_ms(m->session->ep->loop);
	if (taken < n)
		msrp_room_wait(&m->room, c);
	timer_start(&m->linger, loop_timers(m->session->ep->loop), MSRP_SEND_LINGER_MS, on_linger,
		    m);
	return (ssize_t)taken;
}


int msrp_send_end(struct msrp_send *m)
{
	int err;

	if (m->ended)
		return -EPIPE;
	if (m->p.total != MSRP_RANGE_UNKNOWN && m->w.pos != m->p.total)
		return -EINVAL;
	err = msrp_writer_finish(&m->w, '$');
	if (err == -ENOTCONN) {
		finish(m, 0);
		return 0;
	}
	if (err)
		return err;
	m->ended = true;
	timer_cancel(&m->linger);
	msrp_room_cancel(&m->room);
	if (!m->w.pending)
		finish(m, 200);
	return 0;
}


void msrp_send_abort(struct msrp_send *m)
{
	if (!m->over && !m->ended && m->w.begun)
		(void)msrp_writer_finish(&m->w, '#');
	m->over = m->ended = true;
	timer_cancel(&m->linger);
	msrp_room_cancel(&m->room);
	loop_defer_cancel(m->session->ep->loop, &m->tell);
}


struct str msrp_send_id(const struct msrp_send *m)
{
	return m->p.message_id;
}


uint64_t msrp_send_sent(const struct msrp_send *m)
{
	return m->w.pos;
}


/* ---- In one chunk ---- */

static void on_whole_done(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	msrp_status_cb *done = (msrp_status_cb *)(uintptr_t)owner;

	if (done && !s->stopped)
		done(s, status, arg);
}


static int make_tid(struct msrp_session *s, char tid[static MSRP_TID_MADE], struct str body,
		    msrp_status_cb *done, void *arg, struct msrp_transaction **ret)
{
	for (int i = 0; i < TID_TRIES; i++) {
		*ret = msrp_transaction_begin(s, s->now.c, tid, on_whole_done,
					      (void *)(uintptr_t)done, arg);
		if (!*ret)
			return -ENOMEM;
		if (!msrp_tid_clashes((struct str){tid, MSRP_TID_MADE}, body))
			return 0;
		msrp_transaction_cancel(*ret);
	}
	return -EINVAL;
}


static int write_whole(struct msrp_session *s, const struct msrp_send_params *p, struct str body,
		       struct msrp_transaction *t, const char *tid)
{
	struct msrp_range range = {1, body.n > MSRP_CHUNK_PLAIN_MAX ? MSRP_RANGE_UNKNOWN : body.n,
				   body.n};
	struct msrp_connection *c = s->now.c;
	char text[HEAD_MAX], end[64];
	struct buf b, e;

	buf_fixed(&b, text, sizeof(text));
	buf_fixed(&e, end, sizeof(end));
	msrp_request_encode(&b, (struct str){tid, MSRP_TID_MADE}, STR("SEND"),
			    msrp_session_remote(s), msrp_session_local(s));
	put_lines(&b, p, &range);
	msrp_end_encode(&e, (struct str){tid, MSRP_TID_MADE}, '$', true);
	if (b.failed || e.failed)
		return -EINVAL;
	msrp_connection_clear(c);
	msrp_count(MSRP_C_FRAMES_SENT, 1);
	msrp_connection_write(c, b.p, b.n);
	msrp_connection_write(c, body.p, body.n);
	msrp_connection_write(c, e.p, e.n);
	if (t)
		msrp_transaction_sent(t, p->failure_report == MSRP_FAILURE_YES);
	return 0;
}


int msrp_send_whole(struct msrp_session *s, const struct msrp_send_params *params, struct str body,
		    msrp_status_cb *done, void *arg, char *ret_id)
{
	struct msrp_send_params p = *params;
	struct msrp_transaction *t = NULL;
	char id[MSRP_TID_MADE], tid[MSRP_TID_MADE];
	int err;

	if (check_params(&p))
		return -EINVAL;
	if (!s->now.c || !s->remote || !msrp_connection_usable(s->now.c))
		return -ENOTCONN;
	if (msrp_connection_queued(s->now.c) > MSRP_QUEUE_HIGH)
		return -ENOBUFS;
	if (!p.message_id.n) {
		msrp_tid_make(loop_random_u64(s->ep->loop), id);
		p.message_id = (struct str){id, sizeof(id)};
	}
	err = make_tid(s, tid, body, done, arg, &t);
	if (err)
		return err;
	if (p.failure_report == MSRP_FAILURE_NO && !done) {
		msrp_transaction_cancel(t);
		t = NULL;
	}
	err = write_whole(s, &p, body, t, tid);
	if (err && t)
		msrp_transaction_cancel(t);
	if (!err && ret_id && !params->message_id.n)
		memcpy(ret_id, id, sizeof(id));
	if (!err)
		s->active_ms = loop_now_ms(s->ep->loop);
	return err;
}
