/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that leave in a session. */
#include "client/outbox.h"

#include <errno.h>

#include "base/mem.h"

/** Read from a source at a time. */
#define PIECE_MAX 16384


static void destroy(void *object)
{
	struct outbox_message *m = object;

	if (m->sending)
		msrp_send_abort(m->sending);
	mem_unref(m->sending);
	mem_unref(m->type_text);
	buf_done(&m->head);
}


void outbox_init(struct outbox *b, struct parley_session *s)
{
	b->s = s;
	list_init(&b->messages);
}


void outbox_done(struct outbox *b)
{
	if (b->s)
		loop_defer_cancel(b->s->p->loop, &b->soon);
	for (struct list_link *k; b->messages.head.next && (k = list_first(&b->messages));) {
		list_remove(&b->messages, k);
		mem_unref(container_of(k, struct outbox_message, link));
	}
}


static bool enter(struct outbox_message *m)
{
	struct parley_session *s = m->box->s;

	/* Over or not: whoever waits for an answer has to hear that none comes. */
	(void)session_turn_begin(s);
	mem_ref(m);
	return !s->p->closed && list_linked(&m->link);
}


static void leave(struct outbox_message *m, struct parley_session *s)
{
	mem_unref(m);
	session_turn_end(s);
}


/* ---- Writing ---- */

/* What comes next, as much as there is in one place; `room` is for what a source gives. */
static struct str next_piece(struct outbox_message *m, char *room)
{
	uint64_t from = m->at - m->head.n, left = m->source.size - from;
	long n;

	if (m->at < m->head.n)
		return str_from(buf_str(&m->head), (size_t)m->at);
	n = m->source.read(room, left < PIECE_MAX ? (size_t)left : PIECE_MAX, from, m->source.arg);
	if (n <= 0 || (uint64_t)n > left) {
		m->failed = n < 0 ? (int)n : -EIO;
		return STR_NULL;
	}
	return (struct str){room, (size_t)n};
}


static void finish(struct outbox_message *m, uint16_t status)
{
	list_remove(&m->box->messages, &m->link);
	m->handler->done(m, status, m->failed, m->arg);
	mem_unref(m);
}


static void begin(struct outbox *b);


static void write_on(struct outbox_message *m)
{
	char room[PIECE_MAX];

	while (m->at < m->size) {
		struct str piece = next_piece(m, room);
		ssize_t n = piece.n ? msrp_send_write(m->sending, piece.p, piece.n) : -EIO;

		if (n < 0) {
			/* A failure of MSRP's own is told by `done`. */
			if (!m->failed && n == -EPIPE)
				return;
			if (!m->failed)
				m->failed = (int)n;
			msrp_send_abort(m->sending);
			finish(m, 0);
			return;
		}
		m->at += (uint64_t)n;
		if (n && m->handler->progress)
			m->handler->progress(m, m->at, m->arg);
		if (!list_linked(&m->link) || (size_t)n < piece.n)
			return;
	}
	if (m->written)
		return;
	m->written = true;
	(void)msrp_send_end(m->sending);
	/* Its answer is not waited for. */
	begin(m->box);
}


static void on_room(struct msrp_send *sending, void *arg)
{
	struct outbox_message *m = arg;
	struct parley_session *s = m->box->s;

	(void)sending;
	if (enter(m))
		write_on(m);
	leave(m, s);
}


static void on_done(struct msrp_send *sending, uint16_t status, void *arg)
{
	struct outbox_message *m = arg;
	struct parley_session *s = m->box->s;

	(void)sending;
	if (enter(m)) {
		struct outbox *b = m->box;

		/* It may have failed in the middle: the next one's turn. */
		finish(m, status);
		if (s->state == SESSION_UP)
			begin(b);
	}
	leave(m, s);
}


static const struct msrp_send_handler send_handler = {.room = on_room, .done = on_done};


static int start(struct outbox_message *m)
{
	int err = msrp_send_open(&m->sending, m->box->s->msrp,
				 &(struct msrp_send_params){
					 .content_type = m->type,
					 .total = m->size,
					 .success_report = m->success_report,
				 },
				 &send_handler, m);

	if (!err)
		write_on(m);
	return err;
}


/* The first that waits, when all before it are written. */
static void begin(struct outbox *b)
{
	for (struct list_link *k = list_first(&b->messages); k; k = list_next(&b->messages, k)) {
		struct outbox_message *m = container_of(k, struct outbox_message, link);

		if (m->written)
			continue;
		if (!m->sending && b->s->msrp) {
			mem_ref(m);
			m->failed = start(m);
			if (m->failed && list_linked(&m->link))
				finish(m, 0);
			mem_unref(m);
		}
		return;
	}
}


static void on_soon(void *arg)
{
	struct outbox *b = arg;
	struct parley_session *s = b->s;
	struct parley *p = s->p;

	account_enter(p);
	mem_ref(s);
	if (!p->closed && s->state == SESSION_UP)
		begin(b);
	mem_unref(s);
	account_leave(p);
}


void outbox_go(struct outbox *b)
{
	b->going = true;
	loop_defer(b->s->p->loop, &b->soon, on_soon, b);
}


/* ---- Putting ---- */

int outbox_put(struct outbox *b, struct outbox_message **ret, const struct outbox_params *p)
{
	struct outbox_message *m = mem_alloc(sizeof(*m), destroy);

	if (!m)
		return -ENOMEM;
	m->box = b;
	m->type_text = str_dup(p->type);
	m->type = (struct str){m->type_text, p->type.n};
	buf_init(&m->head, p->envelope.n + p->content.n + 1);
	buf_puts(&m->head, p->envelope);
	buf_puts(&m->head, p->content);
	if (!m->type_text || m->head.failed) {
		mem_unref(m);
		return -ENOMEM;
	}
	if (p->source)
		m->source = *p->source;
	m->size = m->head.n + m->source.size;
	m->success_report = p->success_report;
	m->handler = p->handler;
	m->arg = p->arg;
	m->number = p->number;
	list_append(&b->messages, &m->link);
	if (ret)
		*ret = m;
	if (b->going && b->s->state == SESSION_UP)
		loop_defer(b->s->p->loop, &b->soon, on_soon, b);
	return 0;
}


struct str outbox_id(const struct outbox_message *m)
{
	return m->sending ? msrp_send_id(m->sending) : STR_NULL;
}
