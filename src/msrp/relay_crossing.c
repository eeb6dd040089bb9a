/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk on its way through a relay, until the far side has answered it. */
#include "base/mem.h"
#include "msrp/answer.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/relay_state.h"


/* ---- Its way ---- */

static void tell_answered(struct msrp_crossing *x, uint16_t status)
{
	if (x->tap && x->tap->answered)
		x->tap->answered(x->dir->from, status, x->cookie, x->tap_arg);
}


static void tell_end(struct msrp_crossing *x, const struct msrp_receive *r, char flag)
{
	if (x->tap && x->tap->end)
		x->tap->end(x->dir->from, r, flag, x->cookie, x->tap_arg);
}


static void crossing_free(struct msrp_crossing *x)
{
	struct slab *slab = msrp_direction_near(x->dir)->ep->slab;

	list_remove(&x->dir->crossings, &x->link);
	slab_give(slab, x, sizeof(*x));
}


static void answer(struct msrp_crossing *x, uint16_t status)
{
	struct msrp_answer *a = x->answer;

	x->answer = NULL;
	if (x->r)
		x->r->answer = NULL;
	if (a)
		msrp_answer_give(a, status);
	tell_answered(x, a ? status : 0);
}


/* All that left of it is answered, and no more will leave: the end. */
static void settle(struct msrp_crossing *x)
{
	if (x->r || x->w.pending)
		return;
	if (!x->status)
		answer(x, 200);
	crossing_free(x);
}


/* It went wrong on the far side: its sender hears of it at once, and what it still sends goes nowhere. */
static void fail(struct msrp_crossing *x, uint16_t status)
{
	struct msrp_receive *r = x->r;

	if (x->status)
		return;
	x->status = status;
	x->dir->counts.failed++;
	answer(x, status);
	if (!r)
		return;
	r->skip = true;
	r->user = NULL;
	if (x->w.c)
		(void)msrp_writer_finish(&x->w, '#');
	tell_end(x, r, 0);
	x->r = NULL;
}


static void on_done(struct msrp_writer *w, uint16_t status)
{
	struct msrp_crossing *x = container_of(w, struct msrp_crossing, w);
	struct msrp_direction *d = x->dir;

	if (d->waits[MSRP_WAIT_ANSWERS] &&
	    msrp_direction_far(d)->outstanding <= MSRP_OUTSTANDING_MAX / 2)
		msrp_direction_go_on(d, MSRP_WAIT_ANSWERS);
	if (status != 200)
		fail(x, status ? status : 408);
	settle(x);
}


static bool is_asking(const struct msrp_frame *f, unsigned i)
{
	return f->line[i].id == MSRP_HDR_SUCCESS_REPORT ||
	       f->line[i].id == MSRP_HDR_INCLUDE_SENT_COUNT;
}


static void put_asking(struct buf *out, const struct msrp_frame *f, enum msrp_sent_count asks)
{
	static const struct str lines[] = {
		[MSRP_SENT_COUNT_TAKEN_OUT] = STR_INIT("Success-Report: yes\r\n"),
		[MSRP_SENT_COUNT_PARAMETER] = STR_INIT(
			"Success-Report: yes;Include-Sent-Count\r\n"),
		[MSRP_SENT_COUNT_HEADER] = STR_INIT(
			"Success-Report: yes\r\nInclude-Sent-Count: yes\r\n"),
	};

	if (asks != MSRP_SENT_COUNT_TAKEN_OUT || f->success_report)
		buf_puts(out, lines[asks]);
}


static void on_lines(struct msrp_writer *w, struct buf *out, const struct msrp_range *range,
		     bool same)
{
	const struct msrp_crossing *x = container_of(w, struct msrp_crossing, w);
	const struct msrp_frame *f = x->r->frame;

	if (same && !x->asks) {
		buf_puts(out, f->others);
	} else {
		if (x->asks)
			put_asking(out, f, (enum msrp_sent_count)x->asks);
		if (!f->has_range && !same)
			msrp_range_encode(out, range);
		for (unsigned i = 2; i < f->lines; i++) {
			if (!x->asks || !is_asking(f, i))
				msrp_relay_put_line(out, f, i, range);
		}
	}
	if (f->body)
		buf_puts(out, STR("\r\n"));
}


static const struct msrp_writer_ops writer_ops = {
	.lines = on_lines,
	.done = on_done,
};


/* ---- The policy ---- */

static uint64_t id_hash(const struct msrp_direction *d, const struct msrp_frame *f)
{
	return hash_bytes(&msrp_direction_near(d)->ep->sessions.key, f->message_id.p,
			  f->message_id.n);
}


static void on_tell_refused(void *arg)
{
	struct msrp_direction *d = arg;
	struct msrp_relay *relay = d->relay;

	if (relay->handler && relay->handler->refused)
		relay->handler->refused(relay, d->from, d->refused_bytes, relay->arg);
}


static uint16_t too_large(struct msrp_direction *d, const struct msrp_frame *f, uint64_t bytes)
{
	d->refused = id_hash(d, f);
	d->refused_bytes = bytes;
	d->counts.refused++;
	msrp_count(MSRP_C_TOO_LARGE, 1);
	loop_defer(msrp_direction_near(d)->ep->loop, &d->tell_refused, on_tell_refused, d);
	return 413;
}


/* RFC 4975 10.5: the sender "MUST NOT send any further chunks"; one that does hears it again. */
static uint16_t check_head(struct msrp_direction *d, const struct msrp_receive *r)
{
	const struct msrp_frame *f = r->frame;
	uint64_t id;

	if (!d->limit)
		return 0;
	id = id_hash(d, f);
	if (d->refused == id)
		return 413;
	if (d->running != id) {
		d->running = id;
		d->running_bytes = 0;
	}
	if (f->range.total != MSRP_RANGE_UNKNOWN && f->range.total > d->limit)
		return too_large(d, f, f->range.total);
	return r->offset > d->limit ? too_large(d, f, r->offset) : 0;
}


/* By position, and by count: one who sends the same range for ever sends too much, too. */
static uint16_t check_piece(struct msrp_direction *d, const struct msrp_receive *r, size_t n)
{
	if (!d->limit)
		return 0;
	d->running_bytes += n;
	if (d->running_bytes > d->limit)
		return too_large(d, r->frame, d->running_bytes);
	return r->offset + n > d->limit ? too_large(d, r->frame, r->offset + n) : 0;
}


/* ---- What a session tells ---- */

static uint16_t tap_head(struct msrp_crossing *x, const struct msrp_receive *r)
{
	struct msrp_relay *relay = x->dir->relay;
	uint16_t status;

	if (!relay->tap)
		return 0;
	status = relay->tap->head(x->dir->from, r, &x->cookie, relay->tap_arg);
	if (status)
		return status;
	x->tap = relay->tap;
	x->tap_arg = relay->tap_arg;
	if (x->tap->asks)
		x->asks = (uint8_t)x->tap->asks(x->dir->from, r, x->tap_arg);
	return 0;
}


uint16_t msrp_crossing_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	struct msrp_relay *relay = arg;
	struct msrp_direction *d = msrp_relay_direction(relay, s);
	const struct msrp_frame *f = r->frame;
	uint16_t status = check_head(d, r);
	struct msrp_crossing *x;

	relay->active_ms = loop_now_ms(s->ep->loop);
	if (status)
		return status;
	x = slab_take(s->ep->slab, sizeof(*x));
	if (!x)
		return 408;
	*x = (struct msrp_crossing){.dir = d, .r = r};
	status = tap_head(x, r);
	if (!status && f->failure_report != MSRP_FAILURE_NO) {
		x->answer = msrp_receive_defer(r);
		status = x->answer ? 0 : 408;
	}
	if (status) {
		tell_end(x, r, 0);
		slab_give(s->ep->slab, x, sizeof(*x));
		return status;
	}
	msrp_writer_init(&x->w, &writer_ops, msrp_direction_far(d), &f->range, f->failure_report,
			 f->body);
	list_append(&d->crossings, &x->link);
	r->user = x;
	msrp_direction_check_far(d);
	return 0;
}


/* By us: the session gives the answer. */
static uint16_t refuse(struct msrp_crossing *x, struct msrp_receive *r, uint16_t status)
{
	x->status = status;
	x->answer = NULL;
	x->r = NULL;
	r->user = NULL;
	if (x->w.c)
		(void)msrp_writer_finish(&x->w, '#');
	tell_end(x, r, 0);
	tell_answered(x, status);
	settle(x);
	return status;
}


uint16_t msrp_crossing_body(struct msrp_session *s, struct msrp_receive *r, struct str piece,
			    void *arg)
{
	struct msrp_crossing *x = r->user;
	struct msrp_relay *relay = arg;
	struct msrp_direction *d = x->dir;
	uint16_t status;

	relay->active_ms = loop_now_ms(s->ep->loop);
	status = check_piece(d, r, piece.n);
	if (status)
		return refuse(x, r, status);
	if (x->tap && x->tap->piece)
		x->tap->piece(d->from, r, piece, x->cookie, x->tap_arg);
	if (msrp_writer_piece(&x->w, piece)) {
		d->counts.failed++;
		return refuse(x, r, 408);
	}
	d->counts.bytes += piece.n;
	msrp_direction_check_room(d, x->w.c);
	return 0;
}


static void count_end(struct msrp_direction *d, char flag)
{
	d->counts.chunks++;
	d->counts.messages += flag == '$';
	d->counts.aborted += flag == '#';
	if (flag != '+')
		d->running = d->refused = 0;
}


uint16_t msrp_crossing_end(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg)
{
	struct msrp_crossing *x = r->user;
	struct msrp_direction *d = x->dir;

	(void)s;
	(void)arg;
	count_end(d, flag);
	if (msrp_writer_finish(&x->w, flag)) {
		d->counts.failed++;
		return refuse(x, r, 408);
	}
	tell_end(x, r, flag);
	msrp_direction_check_room(d, NULL);
	x->r = NULL;
	settle(x);
	return MSRP_LATER;
}


void msrp_crossing_broken(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	struct msrp_crossing *x = r->user;

	(void)s;
	(void)arg;
	if (!x)
		return;
	if (x->w.c)
		(void)msrp_writer_finish(&x->w, '#');
	tell_end(x, r, 0);
	x->r = NULL;
	settle(x);
}


/* ---- The relay goes ---- */

/* Over, whatever its state: nothing of it is heard again. */
static void abandon(struct msrp_crossing *x)
{
	struct msrp_receive *r = x->r;

	if (!x->status)
		answer(x, 408);
	if (r) {
		r->skip = true;
		r->user = NULL;
		tell_end(x, r, 0);
		x->r = NULL;
	}
	msrp_writer_drop(&x->w);
	crossing_free(x);
}


void msrp_crossings_abandon(struct msrp_direction *d)
{
	for (struct list_link *k; (k = list_first(&d->crossings));)
		abandon(container_of(k, struct msrp_crossing, link));
}
