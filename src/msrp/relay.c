/* SPDX-License-Identifier: Apache-2.0 */
/* Two sessions tied together: chunks that cross, their answers, reports. */
#include "msrp/relay.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "msrp/answer.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/session_state.h"
#include "msrp/transaction.h"
#include "msrp/uri.h"
#include "msrp/writer.h"

#define HEAD_MAX (MSRP_HEAD_MAX + MSRP_REMOTE_PATH_MAX + MSRP_URI_MAX + 256)

/* Why a side is not read from. */
enum wait { WAIT_ROOM, WAIT_BOUND, WAIT_ANSWERS, WAIT_COUNT };

/** What comes from one side. */
struct direction {
	struct msrp_relay *relay;
	enum msrp_side from;
	uint64_t limit;
	uint64_t refused; /* hash of the Message-ID refused last; 0: none */
	uint64_t refused_bytes;
	struct deferred_call tell_refused;
	uint64_t running; /* of the message that runs */
	uint64_t running_bytes;
	struct msrp_relay_counts counts;
	struct list crossings;
	struct msrp_room room;
	struct timer patience; /* for the far side to be bound */
	bool waits[WAIT_COUNT];
};

struct msrp_relay {
	struct msrp_session *session[2]; /* references */
	struct direction dir[2];
	const struct msrp_relay_handler *handler;
	void *arg;
	const struct msrp_tap *tap;
	void *tap_arg;
	uint64_t active_ms;
};

/** A chunk on its way: from its head until the last of what left of it is answered. */
struct crossing {
	struct msrp_writer w;
	struct direction *dir;
	struct list_link link;
	struct msrp_receive *r; /* while it is being received */
	struct msrp_answer
		*answer; /* what its sender waits for; until `ended` the session has it, too */
	const struct msrp_tap *tap; /* NULL: none */
	void *tap_arg, *cookie;
	uint16_t status; /* what went wrong; 0: nothing */
};


static struct msrp_session *far_of(const struct direction *d)
{
	return d->relay->session[!d->from];
}


static struct msrp_session *near_of(const struct direction *d)
{
	return d->relay->session[d->from];
}


/* ---- Back-pressure ---- */

static void wait_for(struct direction *d, enum wait why)
{
	if (d->waits[why])
		return;
	d->waits[why] = true;
	msrp_session_pause(near_of(d));
}


static void go_on(struct direction *d, enum wait why)
{
	if (!d->waits[why])
		return;
	d->waits[why] = false;
	msrp_session_resume(near_of(d));
}


static void on_room(struct msrp_room *room)
{
	go_on(container_of(room, struct direction, room), WAIT_ROOM);
}


/* `c`: where the chunk is open; NULL: it ended, the next goes where the session is. */
static void check_room(struct direction *d, struct msrp_connection *c)
{
	if (!c)
		c = far_of(d)->now.c;
	if (d->waits[WAIT_ROOM] || !c || msrp_connection_queued(c) <= MSRP_QUEUE_HIGH)
		return;
	wait_for(d, WAIT_ROOM);
	msrp_room_wait(&d->room, c);
}


static void on_patience(struct timer *t, void *arg)
{
	(void)t;
	go_on(arg, WAIT_BOUND);
}


/* A message for somebody who is not there yet waits where it is: with its sender. */
static void check_far(struct direction *d)
{
	const struct msrp_session *far = far_of(d);

	if (far->outstanding >= MSRP_OUTSTANDING_MAX)
		wait_for(d, WAIT_ANSWERS);
	if (d->waits[WAIT_BOUND] || (far->now.c && far->remote))
		return;
	wait_for(d, WAIT_BOUND);
	timer_start(&d->patience, loop_timers(far->ep->loop), MSRP_TRANSACTION_MS, on_patience, d);
}


/* ---- A chunk that crosses ---- */

static void tell_answered(struct crossing *x, uint16_t status)
{
	if (x->tap && x->tap->answered)
		x->tap->answered(x->dir->from, status, x->cookie, x->tap_arg);
}


static void tell_end(struct crossing *x, const struct msrp_receive *r, char flag)
{
	if (x->tap && x->tap->end)
		x->tap->end(x->dir->from, r, flag, x->cookie, x->tap_arg);
}


static void crossing_free(struct crossing *x)
{
	struct slab *slab = near_of(x->dir)->ep->slab;

	list_remove(&x->dir->crossings, &x->link);
	slab_give(slab, x, sizeof(*x));
}


static void answer(struct crossing *x, uint16_t status)
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
static void settle(struct crossing *x)
{
	if (x->r || x->w.pending)
		return;
	if (!x->status)
		answer(x, 200);
	crossing_free(x);
}


/* It went wrong on the far side: its sender hears of it at once, and what it still sends goes nowhere. */
static void fail(struct crossing *x, uint16_t status)
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
	struct crossing *x = container_of(w, struct crossing, w);
	struct direction *d = x->dir;

	if (d->waits[WAIT_ANSWERS] && far_of(d)->outstanding <= MSRP_OUTSTANDING_MAX / 2)
		go_on(d, WAIT_ANSWERS);
	if (status != 200)
		fail(x, status ? status : 408);
	settle(x);
}


static void put_line(struct buf *out, const struct msrp_frame *f, unsigned i,
		     const struct msrp_range *range)
{
	if (f->line[i].id == MSRP_HDR_BYTE_RANGE) {
		msrp_range_encode(out, range);
	} else {
		buf_puts(out, msrp_line_text(f, i));
		buf_puts(out, STR("\r\n"));
	}
}


static void on_lines(struct msrp_writer *w, struct buf *out, const struct msrp_range *range,
		     bool same)
{
	const struct crossing *x = container_of(w, struct crossing, w);
	const struct msrp_frame *f = x->r->frame;

	if (same) {
		buf_puts(out, f->others);
	} else {
		if (!f->has_range)
			msrp_range_encode(out, range);
		for (unsigned i = 2; i < f->lines; i++)
			put_line(out, f, i, range);
	}
	if (f->body)
		buf_puts(out, STR("\r\n"));
}


static const struct msrp_writer_ops writer_ops = {
	.lines = on_lines,
	.done = on_done,
};


/* ---- The policy ---- */

static uint64_t id_hash(const struct direction *d, const struct msrp_frame *f)
{
	return hash_bytes(&near_of(d)->ep->sessions.key, f->message_id.p, f->message_id.n);
}


static void on_tell_refused(void *arg)
{
	struct direction *d = arg;
	struct msrp_relay *relay = d->relay;

	if (relay->handler && relay->handler->refused)
		relay->handler->refused(relay, d->from, d->refused_bytes, relay->arg);
}


static uint16_t too_large(struct direction *d, const struct msrp_frame *f, uint64_t bytes)
{
	d->refused = id_hash(d, f);
	d->refused_bytes = bytes;
	d->counts.refused++;
	msrp_count(MSRP_C_TOO_LARGE, 1);
	loop_defer(near_of(d)->ep->loop, &d->tell_refused, on_tell_refused, d);
	return 413;
}


/* RFC 4975 10.5: the sender "MUST NOT send any further chunks"; one that does hears it again. */
static uint16_t check_head(struct direction *d, const struct msrp_receive *r)
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
static uint16_t check_piece(struct direction *d, const struct msrp_receive *r, size_t n)
{
	if (!d->limit)
		return 0;
	d->running_bytes += n;
	if (d->running_bytes > d->limit)
		return too_large(d, r->frame, d->running_bytes);
	return r->offset + n > d->limit ? too_large(d, r->frame, r->offset + n) : 0;
}


/* ---- What the sessions tell ---- */

static struct direction *direction_of(struct msrp_relay *relay, const struct msrp_session *s)
{
	return &relay->dir[relay->session[MSRP_SIDE_A] == s ? MSRP_SIDE_A : MSRP_SIDE_B];
}


static uint16_t tap_head(struct crossing *x, const struct msrp_receive *r)
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
	return 0;
}


static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	struct msrp_relay *relay = arg;
	struct direction *d = direction_of(relay, s);
	const struct msrp_frame *f = r->frame;
	uint16_t status = check_head(d, r);
	struct crossing *x;

	relay->active_ms = loop_now_ms(s->ep->loop);
	if (status)
		return status;
	x = slab_take(s->ep->slab, sizeof(*x));
	if (!x)
		return 408;
	*x = (struct crossing){.dir = d, .r = r};
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
	msrp_writer_init(&x->w, &writer_ops, far_of(d), &f->range, f->failure_report, f->body);
	list_append(&d->crossings, &x->link);
	r->user = x;
	check_far(d);
	return 0;
}


/* By us: the session gives the answer. */
static uint16_t refuse(struct crossing *x, struct msrp_receive *r, uint16_t status)
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


static uint16_t on_body(struct msrp_session *s, struct msrp_receive *r, struct str piece, void *arg)
{
	struct crossing *x = r->user;
	struct msrp_relay *relay = arg;
	struct direction *d = x->dir;
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
	check_room(d, x->w.c);
	return 0;
}


static void count_end(struct direction *d, char flag)
{
	d->counts.chunks++;
	d->counts.messages += flag == '$';
	d->counts.aborted += flag == '#';
	if (flag != '+')
		d->running = d->refused = 0;
}


static uint16_t on_end(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg)
{
	struct crossing *x = r->user;
	struct direction *d = x->dir;

	(void)s;
	(void)arg;
	count_end(d, flag);
	if (msrp_writer_finish(&x->w, flag)) {
		d->counts.failed++;
		return refuse(x, r, 408);
	}
	tell_end(x, r, flag);
	check_room(d, NULL);
	x->r = NULL;
	settle(x);
	return MSRP_LATER;
}


static void on_broken(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	struct crossing *x = r->user;

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


/* ---- Reports and other requests ---- */

/* A report's body is "informational only" (RFC 4975 7.1.2); it stays here, and so do the lines about it. */
static void put_others(struct buf *b, const struct msrp_frame *f, bool body)
{
	if (!f->body || body) {
		buf_puts(b, f->others);
		return;
	}
	for (unsigned i = 2; i < f->lines; i++) {
		if (!str_starts_nocase(msrp_line_name(f, i), STR("Content-")))
			put_line(b, f, i, &f->range);
	}
}


static void on_report(struct msrp_session *s, const struct msrp_frame *f, void *arg)
{
	struct direction *d = direction_of(arg, s);
	struct msrp_session *far = far_of(d);
	char tid[MSRP_TID_MADE], text[HEAD_MAX];
	struct buf b;

	if (!far->now.c || !far->remote)
		return;
	msrp_tid_make(loop_random_u64(s->ep->loop), tid);
	buf_fixed(&b, text, sizeof(text));
	msrp_request_encode(&b, (struct str){tid, sizeof(tid)}, STR("REPORT"),
			    msrp_session_remote(far), msrp_session_local(far));
	put_others(&b, f, false);
	msrp_end_encode(&b, (struct str){tid, sizeof(tid)}, '$', false);
	if (b.failed)
		return;
	d->counts.reports++;
	msrp_connection_frame(far->now.c, &b);
}


static void on_request_answer(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	(void)s;
	(void)arg;
	msrp_answer_give(owner, status ? status : 408);
}


static uint16_t on_request(struct msrp_session *s, struct msrp_receive *r, struct str body,
			   void *arg)
{
	struct direction *d = direction_of(arg, s);
	struct msrp_session *far = far_of(d);
	const struct msrp_frame *f = r->frame;
	char tid[MSRP_TID_MADE], text[HEAD_MAX + MSRP_OTHER_BODY_MAX];
	struct msrp_transaction *t;
	struct buf b;

	if (!far->now.c || !far->remote || far->outstanding >= MSRP_OUTSTANDING_MAX ||
	    !msrp_receive_defer(r))
		return 408;
	t = msrp_transaction_begin(far, far->now.c, tid, on_request_answer, r->answer, NULL);
	if (!t)
		return 408;
	buf_fixed(&b, text, sizeof(text));
	msrp_request_encode(&b, (struct str){tid, sizeof(tid)}, f->method_name,
			    msrp_session_remote(far), msrp_session_local(far));
	put_others(&b, f, true);
	if (f->body)
		buf_puts(&b, STR("\r\n"));
	buf_puts(&b, body);
	msrp_end_encode(&b, (struct str){tid, sizeof(tid)}, '$', f->body);
	if (b.failed || msrp_tid_clashes((struct str){tid, sizeof(tid)}, body)) {
		msrp_transaction_cancel(t);
		return 408;
	}
	msrp_connection_frame(far->now.c, &b);
	msrp_transaction_sent(t, true);
	return MSRP_LATER;
}


/* ---- Connections ---- */

static void on_bound(struct msrp_session *s, void *arg)
{
	struct msrp_relay *relay = arg;
	struct direction *from = direction_of(relay, s), *to = &relay->dir[!from->from];

	timer_cancel(&to->patience);
	msrp_room_cancel(&to->room);
	go_on(to, WAIT_BOUND);
	go_on(to, WAIT_ROOM);
	if (relay->handler && relay->handler->bound)
		relay->handler->bound(relay, from->from, relay->arg);
}


static void on_lost(struct msrp_session *s, int error, void *arg)
{
	struct msrp_relay *relay = arg;

	if (relay->handler && relay->handler->lost)
		relay->handler->lost(relay, direction_of(relay, s)->from, error, relay->arg);
}


static const struct msrp_session_handler session_handler = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.report = on_report,
	.request = on_request,
	.bound = on_bound,
	.lost = on_lost,
	.own_reports = true,
};


/* ---- Life ---- */

static void stop_waiting(struct direction *d)
{
	msrp_room_cancel(&d->room);
	timer_cancel(&d->patience);
	for (int why = 0; why < WAIT_COUNT; why++)
		go_on(d, (enum wait)why);
}


/* Over, whatever its state: nothing of it is heard again. */
static void abandon(struct crossing *x)
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


static void abandon_all(struct direction *d)
{
	for (struct list_link *k; (k = list_first(&d->crossings));)
		abandon(container_of(k, struct crossing, link));
}


static void release(struct msrp_relay *relay, enum msrp_side side)
{
	struct msrp_session *s = relay->session[side];

	if (!s)
		return;
	if (s->arg == relay)
		msrp_session_set_handler(s, NULL, NULL);
	relay->session[side] = mem_unref(s);
}


static void destroy(void *object)
{
	struct msrp_relay *relay = object;

	for (int side = 0; side < 2 && relay->session[MSRP_SIDE_B]; side++) {
		loop_defer_cancel(near_of(&relay->dir[side])->ep->loop,
				  &relay->dir[side].tell_refused);
		abandon_all(&relay->dir[side]);
		stop_waiting(&relay->dir[side]);
	}
	release(relay, MSRP_SIDE_A);
	release(relay, MSRP_SIDE_B);
}


int msrp_relay_alloc(struct msrp_relay **ret, const struct msrp_relay_params *p)
{
	struct msrp_relay *relay = mem_alloc(sizeof(*relay), destroy);

	if (!relay)
		return -ENOMEM;
	assert(p->a != p->b);
	relay->session[MSRP_SIDE_A] = mem_ref(p->a);
	relay->session[MSRP_SIDE_B] = mem_ref(p->b);
	relay->handler = p->handler;
	relay->arg = p->arg;
	relay->tap = p->tap;
	relay->tap_arg = p->tap_arg;
	relay->active_ms = loop_now_ms(p->a->ep->loop);
	for (int side = 0; side < 2; side++) {
		struct direction *d = &relay->dir[side];

		d->relay = relay;
		d->from = (enum msrp_side)side;
		d->limit = p->message_max[side];
		d->room.call = on_room;
		list_init(&d->crossings);
		msrp_session_set_handler(relay->session[side], &session_handler, relay);
	}
	*ret = relay;
	return 0;
}


int msrp_relay_replace(struct msrp_relay *relay, enum msrp_side side, struct msrp_session *s)
{
	struct direction *d = &relay->dir[side], *back = &relay->dir[!side];

	if (relay->session[side] == s)
		return 0;
	abandon_all(d);
	abandon_all(back);
	stop_waiting(d);
	stop_waiting(back);
	release(relay, side);
	relay->session[side] = mem_ref(s);
	msrp_session_set_handler(s, &session_handler, relay);
	return 0;
}


void msrp_relay_set_limit(struct msrp_relay *relay, enum msrp_side from, uint64_t message_max)
{
	relay->dir[from].limit = message_max;
}


void msrp_relay_set_tap(struct msrp_relay *relay, const struct msrp_tap *tap, void *arg)
{
	relay->tap = tap;
	relay->tap_arg = arg;
}


struct msrp_session *msrp_relay_session(const struct msrp_relay *relay, enum msrp_side side)
{
	return relay->session[side];
}


const struct msrp_relay_counts *msrp_relay_counts(const struct msrp_relay *relay,
						  enum msrp_side from)
{
	return &relay->dir[from].counts;
}


uint64_t msrp_relay_active_ms(const struct msrp_relay *relay)
{
	return relay->active_ms;
}
