/* SPDX-License-Identifier: Apache-2.0 */
/* What has been said, on its way to the recipients. */
#include <errno.h>

#include "base/mem.h"
#include "im/controlling/fanout_state.h"

/* Half of it: the speakers go on. */
#define EASY_BYTES (FANOUT_PAUSE_BYTES / 2)


static struct fanout_block *block_of(struct list_link *k)
{
	return k ? container_of(k, struct fanout_block, link) : NULL;
}


static struct fanout_block *next_block(const struct fanout *f, const struct fanout_block *b)
{
	return block_of(list_next(&f->said, &b->link));
}


static struct fanout_seat *seat_of(struct list_link *k)
{
	return container_of(k, struct fanout_seat, in_state);
}


/* ---- Where a seat is ---- */

static struct list *list_of(struct fanout *f, enum fanout_seat_state state)
{
	switch (state) {
	case FANOUT_SEAT_READY:
		return &f->ready;
	case FANOUT_SEAT_BEHIND:
		return &f->behind;
	case FANOUT_SEAT_SLOW:
		return &f->slow;
	default:
		return NULL;
	}
}


static void enter(struct fanout_seat *seat, enum fanout_seat_state state,
		  struct fanout_block *place)
{
	struct fanout *f = seat->f;
	struct list *to = list_of(f, state);

	if (place)
		place->readers++;
	if (seat->place)
		seat->place->readers--;
	seat->place = place;
	if (seat->state == state)
		return;
	if (list_of(f, seat->state))
		list_remove(list_of(f, seat->state), &seat->in_state);
	seat->state = state;
	if (to)
		list_append(to, &seat->in_state);
}


uint64_t fanout_seat_behind(const struct fanout_seat *seat)
{
	return seat->place ? seat->f->said_bytes - seat->place->at : 0;
}


/* ---- One recipient ---- */

struct offer {
	struct msrp_copy copy[MSRP_COPIES_MAX];
	struct fanout_block *block[MSRP_COPIES_MAX];
	unsigned n;
};


static void note_refusal(struct fanout_message *m, uint16_t status, uint64_t seat)
{
	if (status != 200 && status != 0 && status != 408)
		fanout_refused(m, seat);
}


static void on_first_answer(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	struct fanout_message *m = arg;

	(void)s;
	note_refusal(m, status, (uint64_t)(uintptr_t)owner);
	mem_unref(m);
}


static void on_last_answer(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	struct fanout_message *m = arg;

	(void)s;
	(void)owner;
	fanout_count_answer(m, status);
	mem_unref(m);
}


/*
 * Who counts wants to hear of the last chunk; of a message that goes on a refusal of the first says that the rest
 * may stay here. A short one needs no answer.
 */
static msrp_copy_cb *asks(const struct fanout_block *b)
{
	const struct fanout_message *m = b->message;

	if (m->failure_report == MSRP_FAILURE_NO || b->flag == '#')
		return NULL;
	if (m->counted && b->flag == '$')
		return on_last_answer;
	return b->first ? on_first_answer : NULL;
}


static void offer_add(struct offer *o, const struct fanout_seat *seat, struct fanout_block *b)
{
	bool much = msrp_session_outstanding(seat->session) >= MSRP_OUTSTANDING_MAX;

	o->block[o->n] = b;
	o->copy[o->n++] = (struct msrp_copy){
		.text = b->text,
		.flag = b->flag,
		.body = b->body,
		.done = much ? NULL : asks(b),
		.timed = b->message->failure_report == MSRP_FAILURE_YES,
		.owner = (void *)(uintptr_t)seat->number,
		.arg = b->message,
	};
}


/* What was to be answered and is not asked any more is not delivered, as far as anybody can tell. */
static void not_asked(const struct offer *o, unsigned i)
{
	struct fanout_message *m = o->block[i]->message;

	if (m->counted && o->block[i]->flag == '$')
		fanout_count_answer(m, 0);
}


static void written(struct fanout_seat *seat, const struct offer *o, unsigned n)
{
	struct fanout *f = seat->f;

	for (unsigned i = 0; i < n; i++) {
		if (o->copy[i].done)
			mem_ref(o->copy[i].arg);
		else
			not_asked(o, i);
	}
	seat->moved_ms = loop_now_ms(f->loop);
	f->counts.copies += n;
	fanout_count(FANOUT_C_COPIES, n);
}


/* As many as go; -errno when none can. */
static int offer_write(struct fanout_seat *seat, struct offer *o)
{
	int n = msrp_copies_write(seat->session, o->copy, o->n);

	if (n == -ENOMEM) { /* to wait for an answer takes some; to write does not */
		for (unsigned i = 0; i < o->n; i++)
			o->copy[i].done = NULL;
		n = msrp_copies_write(seat->session, o->copy, o->n);
	}
	if (n > 0)
		written(seat, o, (unsigned)n);
	return n;
}


static struct fanout_block *fill(const struct fanout_seat *seat, struct offer *o,
				 struct fanout_block *b, const struct fanout_block *until)
{
	o->n = 0;
	while (b && b != until && o->n < MSRP_COPIES_MAX) {
		if (fanout_wants(seat, b->message))
			offer_add(o, seat, b);
		b = next_block(seat->f, b);
	}
	return b;
}


/* From `b` on, as far as there is room; `until`: what is offered to all at the end of the turn. */
static void take(struct fanout_seat *seat, struct fanout_block *b, const struct fanout_block *until)
{
	struct offer o;

	for (;;) {
		struct fanout_block *next = fill(seat, &o, b, until);
		int n;

		if (!o.n) {
			enter(seat, FANOUT_SEAT_READY, NULL);
			return;
		}
		n = offer_write(seat, &o);
		if (n <= 0) {
			if (seat->state != FANOUT_SEAT_BEHIND)
				seat->moved_ms = loop_now_ms(seat->f->loop);
			enter(seat, FANOUT_SEAT_BEHIND, o.block[0]);
			if (n == 0)
				msrp_session_wait_room(seat->session);
			return;
		}
		b = (unsigned)n < o.n ? o.block[n] : next;
	}
}


/* ---- What everybody has taken ---- */

static void on_tell(void *arg);


static void trim(struct fanout *f)
{
	struct fanout_block *b;

	while ((b = block_of(list_first(&f->said))) && b != f->fresh && !b->readers) {
		list_remove(&f->said, &b->link);
		fanout_block_free(b);
	}
	if (f->waits && list_empty(&f->said))
		loop_defer(f->loop, &f->tell, on_tell, f);
}


/* ---- Who is too slow, who too fast ---- */

static void give_up(struct fanout_seat *seat, const char *why)
{
	struct fanout *f = seat->f;

	fanout_count_leave(seat, seat->place);
	seat->slow = why;
	seat->in = false;
	enter(seat, FANOUT_SEAT_SLOW, NULL);
	fanout_count(FANOUT_C_OVERRUN, 1);
	loop_defer(f->loop, &f->tell, on_tell, f);
}


static size_t behind_by(const struct fanout *f, uint64_t bytes)
{
	size_t n = 0;

	for (struct list_link *k = list_first(&f->behind); k; k = list_next(&f->behind, k))
		n += fanout_seat_behind(seat_of(k)) > bytes;
	return n;
}


static void on_stuck(struct timer *t, void *arg)
{
	struct fanout *f = arg;
	uint64_t now_ms = loop_now_ms(f->loop);

	for (struct list_link *k = list_first(&f->behind), *next; k; k = next) {
		struct fanout_seat *seat = seat_of(k);

		next = list_next(&f->behind, k);
		if (fanout_seat_behind(seat) > EASY_BYTES &&
		    now_ms - seat->moved_ms >= FANOUT_STUCK_MS)
			give_up(seat, "takes nothing");
	}
	timer_start(t, loop_timers(f->loop), FANOUT_STUCK_MS / 8, on_stuck, f);
	fanout_flush_later(f);
}


/* One of those who are in speaks; the others are recipients. */
static void check_crowded(struct fanout *f)
{
	size_t in = f->ready.count + f->behind.count, recipients = in > 1 ? in - 1 : in;
	size_t slow = f->behind.count ? behind_by(f, f->crowded ? EASY_BYTES : FANOUT_PAUSE_BYTES)
				      : 0;
	bool crowded = slow * 2 > recipients;

	if (crowded == f->crowded)
		return;
	f->crowded = crowded;
	fanout_hold_speakers(f, crowded);
	if (!crowded) {
		timer_cancel(&f->stuck);
		return;
	}
	fanout_count(FANOUT_C_PAUSED, 1);
	timer_start(&f->stuck, loop_timers(f->loop), FANOUT_STUCK_MS / 8, on_stuck, f);
}


static void check_behind(struct fanout *f)
{
	for (struct list_link *k = list_first(&f->behind), *next; k; k = next) {
		struct fanout_seat *seat = seat_of(k);

		next = list_next(&f->behind, k);
		if (fanout_seat_behind(seat) > FANOUT_BEHIND_BYTES ||
		    f->said_n - seat->place->number > FANOUT_BEHIND_CHUNKS)
			give_up(seat, "too far behind");
	}
	check_crowded(f);
}


/* Whoever is told may close any seat; f lives as long as one of them is open. */
static void on_tell(void *arg)
{
	struct fanout *f = mem_ref(arg);

	for (struct list_link *k; (k = list_first(&f->slow));) {
		struct fanout_seat *seat = mem_ref(seat_of(k));

		enter(seat, FANOUT_SEAT_OUT, NULL);
		if (f->handler->overrun)
			f->handler->overrun(seat, seat->slow, seat->arg);
		mem_unref(seat);
	}
	if (f->waits && list_empty(&f->said) && list_empty(&f->open)) {
		f->waits = false;
		if (f->handler->drained && mem_refs(f) > 1)
			f->handler->drained(f, f->arg);
	}
	mem_unref(f);
}


/* ---- At the end of the turn ---- */

static void on_linger(struct timer *t, void *arg)
{
	(void)t;
	fanout_blocks_close(arg, true);
}


static void on_flush(void *arg)
{
	struct fanout *f = mem_ref(arg);
	struct fanout_block *first;

	f->flushing = true;
	fanout_blocks_close(f, false);
	f->flushing = false;
	if (list_empty(&f->open))
		timer_cancel(&f->linger);
	else if (!timer_running(&f->linger))
		timer_start(&f->linger, loop_timers(f->loop), FANOUT_LINGER_MS, on_linger, f);
	first = f->fresh;
	f->fresh = NULL;
	for (struct list_link *k = first ? list_first(&f->ready) : NULL, *next; k; k = next) {
		next = list_next(&f->ready, k);
		take(seat_of(k), first, NULL);
	}
	check_behind(f);
	fanout_reports_send(f);
	trim(f);
	mem_unref(f);
}


void fanout_flush_later(struct fanout *f)
{
	loop_defer(f->loop, &f->flush, on_flush, f);
}


void fanout_block_say(struct fanout *f, struct fanout_block *b)
{
	b->at = f->said_bytes;
	b->number = f->said_n++;
	f->said_bytes += b->text.n;
	list_append(&f->said, &b->link);
	f->waits = true;
	if (!f->fresh)
		f->fresh = b;
	if (!f->flushing)
		fanout_flush_later(f);
}


/* ---- In and out ---- */

void fanout_seat_join(struct fanout_seat *seat)
{
	seat->since = seat->f->message_number;
	enter(seat, FANOUT_SEAT_READY, NULL);
}


void fanout_seat_leave(struct fanout_seat *seat)
{
	struct fanout *f = seat->f;

	if (seat->state == FANOUT_SEAT_READY || seat->state == FANOUT_SEAT_BEHIND)
		fanout_count_leave(seat, seat->place ? seat->place : f->fresh);
	enter(seat, FANOUT_SEAT_OUT, NULL);
	fanout_flush_later(f);
}


void fanout_seat_go_on(struct fanout_seat *seat)
{
	struct fanout *f = seat->f;

	if (seat->state != FANOUT_SEAT_BEHIND)
		return;
	take(seat, seat->place, f->fresh);
	if (f->crowded)
		check_crowded(f);
	trim(f);
}
