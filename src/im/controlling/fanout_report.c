/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a speaker is told: one REPORT for the whole message, by the focus (RFC 7701 6.3: "The MSRP switch MUST act as
 * an MSRP endpoint receiver of the request"), with the number of those who have it where that was asked for (c12).
 *
 * In a 1-1 session nobody is to know that there is a focus: what is reported is what the other side answered.
 */
#include "base/mem.h"
#include "im/controlling/fanout_state.h"


static struct fanout_message *message_of(struct list_link *k)
{
	return container_of(k, struct fanout_message, of_counting);
}


static void over(struct fanout_message *m)
{
	list_remove(&m->f->counting, &m->of_counting);
	timer_cancel(&m->patience);
	mem_unref(m);
}


static void on_due(struct timer *t, void *arg)
{
	struct fanout_message *m = arg;

	(void)t;
	m->awaited = 0;
	fanout_flush_later(m->f);
}


static unsigned recipients(const struct fanout_message *m)
{
	const struct fanout *f = m->f;
	unsigned n = 0;

	for (struct list_link *k = list_first(&f->seats); k; k = list_next(&f->seats, k)) {
		const struct fanout_seat *seat = container_of(k, struct fanout_seat, link);

		if (seat->state == FANOUT_SEAT_READY || seat->state == FANOUT_SEAT_BEHIND)
			n += fanout_wants(seat, m);
	}
	return n;
}


void fanout_report_begin(struct fanout_message *m)
{
	struct fanout *f = m->f;

	if (!m->report && !m->counted)
		return;
	m->asker = m->speaker;
	list_append(&f->counting, &m->of_counting);
	mem_ref(m);
	timer_cancel(&m->patience);
	if (m->counted) {
		m->awaited = m->asked = recipients(m);
		timer_start(&m->patience, loop_timers(f->loop), FANOUT_COUNT_MS, on_due, m);
	}
	fanout_flush_later(f);
}


void fanout_reports_drop(struct fanout_seat *asker)
{
	struct fanout *f = asker->f;

	for (struct list_link *k = list_first(&f->counting), *next; k; k = next) {
		next = list_next(&f->counting, k);
		if (message_of(k)->asker == asker)
			over(message_of(k));
	}
}


/* Nobody is there; nobody has said anything. */
static uint16_t failure(const struct fanout_message *m)
{
	if (m->refusal)
		return m->refusal;
	return m->asked ? 408 : 481;
}


static void send_report(struct fanout_message *m)
{
	bool failed = !m->f->cpim_required && !m->delivered;
	struct msrp_session_report r = {
		.message_id = m->id,
		.range = {1, m->bytes, m->bytes},
		.status = failed ? failure(m) : 200,
		.has_distribution_count = m->count,
		.distribution_count = m->delivered,
	};

	if (failed ? m->failures : m->report)
		(void)msrp_session_report(m->asker->session, &r);
}


void fanout_reports_send(struct fanout *f)
{
	for (struct list_link *k = list_first(&f->counting), *next; k; k = next) {
		struct fanout_message *m = message_of(k);

		next = list_next(&f->counting, k);
		if (m->awaited)
			continue;
		send_report(m);
		over(m);
	}
}


void fanout_count_answer(struct fanout_message *m, uint16_t status)
{
	if (!list_linked(&m->of_counting) || !m->awaited)
		return;
	if (status == 200)
		m->delivered++;
	else if (status)
		m->refusal = status;
	if (!--m->awaited)
		fanout_flush_later(m->f);
}


void fanout_count_leave(struct fanout_seat *seat, struct fanout_block *from)
{
	struct fanout *f = seat->f;
	struct list_link *k = from ? &from->link : NULL;

	for (; k && !list_empty(&f->counting); k = list_next(&f->said, k)) {
		struct fanout_block *b = container_of(k, struct fanout_block, link);

		if (b->message->counted && b->flag == '$' && fanout_wants(seat, b->message))
			fanout_count_answer(b->message, 0);
	}
}
