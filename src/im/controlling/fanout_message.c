/* SPDX-License-Identifier: Apache-2.0 */
/* A message under way: begun, over, broken off. */
#include <errno.h>

#include "base/mem.h"
#include "body/imdn.h"
#include "im/controlling/fanout_state.h"


static void message_destroy(void *object)
{
	struct fanout_message *m = object;

	timer_cancel(&m->patience);
	buf_done(&m->head);
	mem_free(m->open);
	mem_free(m->to.number);
	mem_free(m->refused.number);
	mem_unref(m->text);
	mem_unref(m->person);
}


/* The lines that no focus has a meaning for, CRLFs included. */
static struct str other_lines(const struct msrp_frame *f, struct buf *out)
{
	for (unsigned i = 0; i < f->lines; i++) {
		if (f->line[i].id != MSRP_HDR_OTHER)
			continue;
		buf_puts(out, msrp_line_text(f, i));
		buf_puts(out, STR("\r\n"));
	}
	return out->failed ? STR_NULL : buf_str(out);
}


/* Two speakers may choose the same Message-ID at the same time; their recipients must not take it for one. */
static bool id_is_taken(const struct fanout *f, struct str id)
{
	for (struct list_link *k = list_first(&f->seats); k; k = list_next(&f->seats, k)) {
		const struct fanout_seat *seat = container_of(k, struct fanout_seat, link);

		for (struct list_link *j = list_first(&seat->speaking); j;
		     j = list_next(&seat->speaking, j)) {
			const struct fanout_message *m = container_of(j, struct fanout_message,
								      of_speaker);

			if (str_eq(m->sent_id, id))
				return true;
		}
	}
	return false;
}


static char *put(char *to, struct str *ret, struct str s)
{
	if (s.n)
		memcpy(to, s.p, s.n);
	*ret = (struct str){to, s.n};
	return to + s.n;
}


static int message_texts(struct fanout_message *m, const struct msrp_frame *f)
{
	char text[FANOUT_LINES_MAX], made[MSRP_TID_MADE], *to;
	bool taken = id_is_taken(m->f, f->message_id);
	struct str lines;
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	lines = other_lines(f, &b);
	m->text = to = mem_alloc(f->message_id.n + sizeof(made) + lines.n + f->content_type.n + 1,
				 NULL);
	if (!to)
		return -ENOMEM;
	to = put(to, &m->id, f->message_id);
	to = put(to, &m->lines, lines);
	to = put(to, &m->type, f->content_type);
	m->sent_id = m->id;
	if (taken) {
		msrp_tid_make(loop_random_u64(m->f->loop), made);
		put(to, &m->sent_id, (struct str){made, sizeof(made)});
	}
	return 0;
}


int fanout_message_begin(struct fanout_message **ret, struct fanout_seat *seat,
			 const struct msrp_frame *f)
{
	struct fanout_message *m = mem_alloc(sizeof(*m), message_destroy);

	if (!m)
		return -ENOMEM;
	m->f = seat->f;
	m->person = mem_ref(seat->person);
	m->speaker_number = seat->number;
	buf_init(&m->head, FANOUT_HEAD_MAX + FANOUT_GROWTH_MAX + IMDN_SIZE_MAX);
	m->total = f->range.total;
	m->report = f->success_report;
	m->failures = f->failure_report != MSRP_FAILURE_NO;
	m->count = f->success_report && f->include_sent_count;
	m->counted = m->count || (!seat->f->cpim_required && (m->report || m->failures));
	m->gated = m->all = !seat->f->cpim_required;
	m->kind = (uint8_t)cpim_gate_kind(f->content_type);
	m->next = f->range.start ? f->range.start - 1 : 0;
	if (message_texts(m, f)) {
		mem_unref(m);
		return -ENOMEM;
	}
	m->speaker = seat;
	m->number = seat->f->message_number++;
	list_append(&seat->speaking, &m->of_speaker);
	*ret = m;
	return 0;
}


struct fanout_message *fanout_message_find(struct fanout_seat *seat, struct str id)
{
	for (struct list_link *k = list_first(&seat->speaking); k;
	     k = list_next(&seat->speaking, k)) {
		struct fanout_message *m = container_of(k, struct fanout_message, of_speaker);

		if (str_eq(m->id, id))
			return m;
	}
	return NULL;
}


void fanout_kept_end(struct fanout_message *m, bool complete)
{
	void *kept = m->kept;

	m->kept = NULL;
	if (kept)
		m->f->absent->end(kept, complete);
}


/* It is nobody's any more; blocks and answers may still hold it. */
void fanout_message_over(struct fanout_message *m)
{
	if (!m->speaker)
		return;
	list_remove(&m->f->open, &m->of_open);
	mem_free(m->open);
	m->open = NULL;
	list_remove(&m->speaker->speaking, &m->of_speaker);
	m->speaker = NULL;
	if (!list_linked(&m->of_counting))
		timer_cancel(&m->patience);
	buf_done(&m->head);
	fanout_kept_end(m, false);
	mem_unref(m);
}


/* Those who have the beginning are told that there will be no end. */
void fanout_message_abort(struct fanout_message *m)
{
	uint64_t at = m->next + (uint64_t)m->shift;

	if (m->said) {
		fanout_count(FANOUT_C_ABORTED, 1);
		(void)fanout_say_end(m, m->open ? m->open->start : at, '#');
	}
	fanout_message_over(m);
}


void fanout_speaking_abort(struct fanout_seat *seat)
{
	for (struct list_link *k; (k = list_first(&seat->speaking));)
		fanout_message_abort(container_of(k, struct fanout_message, of_speaker));
}


void fanout_kept_drop(struct fanout_seat *seat)
{
	for (struct list_link *k = list_first(&seat->speaking); k;
	     k = list_next(&seat->speaking, k))
		fanout_kept_end(container_of(k, struct fanout_message, of_speaker), false);
}


/* RFC 7701 6.1: "When this timer expires, the MSRP switch MUST consider that the sending of the message was aborted" */
static void on_patience(struct timer *t, void *arg)
{
	(void)t;
	fanout_message_abort(arg);
}


void fanout_message_wait(struct fanout_message *m)
{
	timer_start(&m->patience, loop_timers(m->f->loop), FANOUT_CHUNK_MS, on_patience, m);
}
