/* SPDX-License-Identifier: Apache-2.0 */
/* Content as chunks. */
#include "msrp/writer.h"

#include <errno.h>

#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/session_state.h"
#include "msrp/transaction.h"
#include "msrp/uri.h"

/* Two paths, and the lines of a head that was taken in. */
#define HEAD_MAX (MSRP_HEAD_MAX + MSRP_REMOTE_PATH_MAX + MSRP_URI_MAX + 256)
#define END_MAX (2 + 7 + MSRP_TID_MADE + 1 + 2)


void msrp_writer_init(struct msrp_writer *w, const struct msrp_writer_ops *ops,
		      struct msrp_session *s, const struct msrp_range *range,
		      enum msrp_failure_report failure_report, bool body)
{
	*w = (struct msrp_writer){
		.ops = ops,
		.session = s,
		.range = *range,
		.pos = range->start ? range->start - 1 : 0,
		.failure_report = (uint8_t)failure_report,
		.body = body,
	};
}


static void on_answer(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	struct msrp_writer *w = owner;

	(void)s;
	(void)arg;
	w->pending--;
	w->ops->done(w, status);
}


/*
 * RFC 4975 7.1.1: without Failure-Report, or with "yes", 30 s run; with "partial" there is no timer, but a
 * failure is to be heard of: kept as long while there is room for it.
 */
static int begin_transaction(struct msrp_writer *w, struct msrp_connection *c)
{
	struct msrp_session *s = w->session;

	if (w->failure_report == MSRP_FAILURE_NO || (w->failure_report == MSRP_FAILURE_PARTIAL &&
						     s->outstanding >= MSRP_OUTSTANDING_MAX / 2)) {
		msrp_tid_make(loop_random_u64(s->ep->loop), w->tid);
		return 0;
	}
	w->txn = msrp_transaction_begin(s, c, w->tid, on_answer, w, NULL);
	if (!w->txn)
		return -ENOMEM;
	w->txn->slot = &w->txn;
	w->pending++;
	return 0;
}


/* "*" when it may have to be interrupted: more than 2048 bytes, or they are not all here. */
static bool keeps_range(const struct msrp_writer *w, size_t here)
{
	const struct msrp_range *r = &w->range;

	if (w->begun)
		return false;
	if (!w->body || r->end == MSRP_RANGE_UNKNOWN)
		return true;
	return here <= MSRP_CHUNK_PLAIN_MAX && r->end + 1 - r->start == here;
}


static void put_head(struct msrp_writer *w, struct buf *b, size_t here)
{
	struct msrp_range range = {w->pos + 1, MSRP_RANGE_UNKNOWN, w->range.total};
	struct msrp_session *s = w->session;
	bool same = keeps_range(w, here);

	msrp_request_encode(b, (struct str){w->tid, MSRP_TID_MADE}, STR("SEND"),
			    msrp_session_remote(s), msrp_session_local(s));
	w->ops->lines(w, b, same ? &w->range : &range, same);
}


/* `here`: how much of the body is in hand. */
static int open_chunk(struct msrp_writer *w, size_t here)
{
	struct msrp_session *s = w->session;
	struct msrp_connection *c = s->now.c;
	char text[HEAD_MAX];
	struct buf b;

	if (!c || !msrp_connection_usable(c) || !s->remote)
		return -ENOTCONN;
	if (begin_transaction(w, c))
		return -ENOMEM;
	buf_fixed(&b, text, sizeof(text));
	put_head(w, &b, here);
	if (b.failed) {
		w->pending -= w->txn != NULL;
		if (w->txn)
			msrp_transaction_cancel(w->txn);
		return -ENOMEM;
	}
	msrp_connection_clear(c);
	msrp_count(MSRP_C_FRAMES_SENT, 1);
	msrp_connection_write(c, b.p, b.n);
	w->c = c;
	w->chunk = 0;
	w->begun = true;
	c->open = w;
	msrp_session_hold(s, c);
	return 0;
}


static void close_chunk(struct msrp_writer *w, char flag)
{
	struct msrp_connection *c = w->c;
	struct msrp_transaction *t = w->txn;
	char text[END_MAX];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	msrp_end_encode(&b, (struct str){w->tid, MSRP_TID_MADE}, flag, w->body);
	msrp_connection_write(c, b.p, b.n);
	c->open = NULL;
	w->c = NULL;
	w->txn = NULL;
	if (t)
		msrp_transaction_sent(t, w->failure_report == MSRP_FAILURE_YES);
}


int msrp_writer_piece(struct msrp_writer *w, struct str piece)
{
	struct msrp_connection *c;
	int err = w->c ? 0 : open_chunk(w, piece.n);

	if (err)
		return err;
	c = w->c;
	msrp_connection_write(c, piece.p, piece.n);
	w->pos += piece.n;
	w->chunk += piece.n;
	if (c->waiting)
		msrp_connection_yield(c);
	return 0;
}


int msrp_writer_finish(struct msrp_writer *w, char flag)
{
	struct msrp_connection *c;
	int err;

	if (!w->c) {
		if (flag == '+' && w->begun)
			return 0;
		err = open_chunk(w, 0);
		if (err)
			return err;
	}
	c = w->c;
	close_chunk(w, flag);
	msrp_connection_yield(c);
	msrp_session_release(w->session, c);
	return 0;
}


void msrp_writer_interrupt(struct msrp_writer *w)
{
	struct msrp_connection *c = w->c;

	close_chunk(w, '+');
	msrp_session_release(w->session, c);
}


bool msrp_writer_interruptible(const struct msrp_writer *w)
{
	if (w->range.total != MSRP_RANGE_UNKNOWN && w->pos >= w->range.total)
		return false;
	return w->chunk >= MSRP_CHUNK_PLAIN_MAX;
}


void msrp_writer_drop(struct msrp_writer *w)
{
	if (w->c)
		(void)msrp_writer_finish(w, '#');
	if (w->pending)
		msrp_transactions_forget(w->session, w);
	w->pending = 0;
}


void msrp_writer_lost(struct msrp_writer *w)
{
	struct msrp_connection *c = w->c;

	w->c->open = NULL;
	w->c = NULL;
	if (w->txn) /* it fails with the connection's others */
		w->txn->slot = NULL;
	w->txn = NULL;
	msrp_session_release(w->session, c);
}
