/* SPDX-License-Identifier: Apache-2.0 */
/* What is said, cut into blocks: one chunk each, as all recipients get it. */
#include <errno.h>

#include "base/mem.h"
#include "im/controlling/fanout_state.h"

/* A block's lines but for the texts that vary: names, numbers, blanks. */
#define LINES_ROOM 192


void fanout_block_free(struct fanout_block *b)
{
	mem_unref(b->message);
	mem_free(b);
}


/* As it leaves. */
static uint64_t total_out(const struct fanout_message *m)
{
	return m->total == MSRP_RANGE_UNKNOWN ? m->total : m->total + (uint64_t)m->shift;
}


/* `n`: bytes in hand. A short message gets a block of its size; who sends drops gets a small one. */
static size_t block_size(const struct fanout_message *m, uint64_t start, size_t n)
{
	uint64_t rest = total_out(m) > start ? total_out(m) - start : 0;
	size_t least = rest < FANOUT_BLOCK_MIN ? (size_t)rest : FANOUT_BLOCK_MIN;

	n = n < least ? least : n;
	return n < FANOUT_BLOCK_MAX ? n : FANOUT_BLOCK_MAX;
}


static int block_open(struct fanout_message *m, uint64_t start, size_t n)
{
	size_t lead = LINES_ROOM + m->sent_id.n + m->lines.n + m->type.n,
	       max = block_size(m, start, n);
	struct fanout_block *b = mem_raw(sizeof(*b) + lead + max);

	if (!b)
		return -ENOMEM;
	*b = (struct fanout_block){
		.start = start,
		.lead = (uint32_t)lead,
		.body_max = (uint32_t)max,
	};
	m->open = b;
	list_append(&m->f->open, &m->of_open);
	fanout_flush_later(m->f);
	return 0;
}


static void put_lines(const struct fanout_message *m, const struct fanout_block *b, struct buf *out)
{
	struct msrp_copy_lines l = {
		.message_id = m->sent_id,
		.range = {b->start + 1, b->start + b->body_n, MSRP_RANGE_UNKNOWN},
		.failure_report = (enum msrp_failure_report)m->failure_report,
		.others = m->lines,
		.content_type = b->body ? m->type : STR_NULL,
	};

	if (!b->body)
		l.range.end = MSRP_RANGE_UNKNOWN;
	if (b->flag == '$')
		l.range.total = b->start + b->body_n;
	else if (total_out(m) > b->start)
		l.range.total = total_out(m);
	msrp_copy_lines_encode(&l, out);
}


/*
 * How the copies are to be answered is settled with the first block. RFC 7701 6.3: "it MAY use any report model in
 * the copies": a message in one piece needs no answer, of a longer one a refusal saves sending the rest.
 */
static void settle_report(struct fanout_message *m, char flag)
{
	if (m->said)
		return;
	m->failure_report = m->counted    ? MSRP_FAILURE_YES
			    : flag == '+' ? MSRP_FAILURE_PARTIAL
					  : MSRP_FAILURE_NO;
}


/* The lines go right before the body. */
static void block_close(struct fanout_message *m, char flag, bool body)
{
	struct fanout_block *b = m->open;
	struct buf lines;
	char *text;

	m->open = NULL;
	list_remove(&m->f->open, &m->of_open);
	settle_report(m, flag);
	b->flag = flag;
	b->body = body;
	b->first = !m->said;
	buf_fixed(&lines, b->bytes, b->lead);
	put_lines(m, b, &lines);
	if (lines.failed) { /* LINES_ROOM is enough */
		mem_free(b);
		return;
	}
	text = b->bytes + b->lead - lines.n;
	memmove(text, b->bytes, lines.n);
	b->text = (struct str){text, lines.n + b->body_n};
	b->message = mem_ref(m);
	m->said = true;
	fanout_block_say(m->f, b);
}


/* The end-line is all that is missing: it will come with it. */
static bool is_last(const struct fanout_message *m)
{
	return m->open->start + m->open->body_n == total_out(m);
}


void fanout_blocks_close(struct fanout *f, bool all)
{
	for (struct list_link *k = list_first(&f->open), *next; k; k = next) {
		struct fanout_message *m = container_of(k, struct fanout_message, of_open);

		next = list_next(&f->open, k);
		if (all ? m->open->body_n > 0 : m->open->body_n >= FANOUT_BLOCK_MIN && !is_last(m))
			block_close(m, '+', true);
	}
}


/* `at`: where in the message, as it leaves. -ENOMEM. */
int fanout_say(struct fanout_message *m, uint64_t at, struct str s)
{
	if (m->kept)
		m->f->absent->piece(m->kept, s);
	while (s.n) {
		struct fanout_block *b = m->open;
		size_t n;

		if (b && b->body_n && (b->body_n == b->body_max || at != b->start + b->body_n))
			block_close(m, '+', true);
		if (!m->open && block_open(m, at, s.n))
			return -ENOMEM;
		b = m->open;
		n = b->body_max - b->body_n;
		n = s.n < n ? s.n : n;
		memcpy(b->bytes + b->lead + b->body_n, s.p, n);
		b->body_n += (uint32_t)n;
		at += n;
		s = str_from(s, n);
	}
	return 0;
}


/* The last block of it: '$', or '#' without a body. */
int fanout_say_end(struct fanout_message *m, uint64_t at, char flag)
{
	if (flag == '#' && m->open)
		m->open->body_n = 0;
	if (m->open && flag == '$' && at != m->open->start + m->open->body_n)
		block_close(m, '+', true);
	if (!m->open && block_open(m, at, 0))
		return -ENOMEM;
	block_close(m, flag, flag == '$');
	return 0;
}
