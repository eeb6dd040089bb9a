/* SPDX-License-Identifier: Apache-2.0 */
/* What participants say: chunks in, their heads judged, pieces handed on; the session of a seat. */
#include "base/mem.h"
#include "im/controlling/fanout_state.h"


/* ---- The head ---- */

static bool is_cpim(struct str type)
{
	return str_eq_nocase(str_trim(str_cut(&type, ';')), STR("message/cpim"));
}


/* In a 1-1 session nothing is judged; but who only composes, wrapped or not, says nothing. */
static void look_inside(struct fanout_message *m, struct str piece)
{
	struct cpim_head_scan scan = {0};
	struct cpim c;
	size_t n;

	if (is_cpim(m->type) && cpim_head_scan(&scan, str_upto(piece, FANOUT_HEAD_MAX), &n) &&
	    !cpim_decode_head(&c, str_upto(piece, n)))
		m->kind = (uint8_t)cpim_gate_kind(c.content_type);
}


/* Of a report that does not say for whom it is all is gathered, and judged at its end. */
static uint16_t gather_whole(struct fanout_message *m, struct str piece)
{
	buf_puts(&m->head, piece);
	return m->head.failed ? 413 : 0;
}


/* The head as it goes on, `as_it_came` when nothing in it was replaced, becomes what is gathered. */
static uint16_t keep_head(struct fanout_message *m, struct str head, bool as_it_came)
{
	if (as_it_came && head.p == m->head.p) {
		m->head.n = head.n;
		return 0;
	}
	buf_clear(&m->head);
	return gather_whole(m, head);
}


/* The head, then what follows it. 0 or a status. */
static uint16_t pass_head(struct fanout_message *m, struct str head, struct str rest)
{
	char text[FANOUT_HEAD_MAX + FANOUT_GROWTH_MAX];
	struct buf out;
	uint16_t status;

	buf_fixed(&out, text, sizeof(text));
	status = fanout_address(m, head, &out);
	if (status)
		return status;
	m->gated = true;
	if (m->whole) {
		status = keep_head(m, out.n ? buf_str(&out) : head, !out.n);
		return status ? status : gather_whole(m, rest);
	}
	if (out.n)
		head = buf_str(&out);
	return fanout_say(m, 0, head) || fanout_say(m, head.n, rest) ? 413 : 0;
}


/* Mostly all of it is in the first piece, and nothing is gathered. */
static uint16_t gather(struct fanout_message *m, struct str piece)
{
	size_t before = m->head.n, left = FANOUT_HEAD_MAX - before, head_n;
	struct str some = str_upto(piece, left), text = some;

	if (before) {
		buf_puts(&m->head, some);
		text = buf_str(&m->head);
	}
	if (m->head.failed)
		return 413;
	if (cpim_head_scan(&m->scan, text, &head_n))
		return pass_head(m, str_upto(text, head_n), str_from(piece, head_n - before));
	if (text.n >= FANOUT_HEAD_MAX)
		return 400;
	return before ? 0 : gather_whole(m, some);
}


/* All of it is here, and its head has not ended, or does not tell everything. */
static uint16_t judge_at_end(struct fanout_message *m)
{
	uint16_t status = 0;

	if (!m->gated)
		status = pass_head(m, buf_str(&m->head), STR_NULL);
	if (status || !m->whole)
		return status;
	status = fanout_address_report(m, buf_str(&m->head));
	if (status || (!m->to.n && !m->kept))
		return status;
	return fanout_say(m, 0, buf_str(&m->head)) ? 413 : 0;
}


/* ---- Chunks ---- */

/* RFC 4975 10.2: 413 says that the rest need not be sent, either. */
static uint16_t judge_new(const struct fanout_seat *seat, const struct msrp_frame *f)
{
	const struct fanout *fan = seat->f;

	if (!seat->in)
		return 403;
	if (seat->speaking.count >= FANOUT_SPEAKING_MAX)
		return 413;
	if (!fan->cpim_required)
		return 0;
	/* RFC 7701 6.3: without a Message/CPIM wrapper "the MSRP switch MUST reject the request with a 415". */
	if (!is_cpim(f->content_type))
		return 415;
	/* The rest of one that was refused, or of one that was begun elsewhere. */
	return f->range.start > 1 ? 413 : 0;
}


static uint16_t refuse(uint16_t status)
{
	fanout_count(FANOUT_C_REFUSED, 1);
	return status;
}


static bool too_long(const struct fanout *f, uint64_t bytes)
{
	return bytes > FANOUT_OFFSET_MAX || (f->message_max && bytes > f->message_max);
}


static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	const struct msrp_frame *frame = r->frame;
	struct fanout_seat *seat = arg;
	struct fanout_message *m = fanout_message_find(seat, frame->message_id);
	uint16_t status;

	(void)s;
	if (!m && !frame->body)
		return 0; /* the end of one that is unknown here */
	if (too_long(seat->f, r->offset) ||
	    (frame->range.total != MSRP_RANGE_UNKNOWN && too_long(seat->f, frame->range.total))) {
		if (m)
			fanout_message_abort(m);
		return refuse(413);
	}
	if (m && frame->body && r->offset == 0 && m->next > 0) {
		fanout_message_abort(m); /* begun anew, after its connection broke */
		m = NULL;
	}
	if (!m) {
		status = judge_new(seat, frame);
		if (!status && fanout_message_begin(&m, seat, frame))
			status = 413;
		if (status)
			return refuse(status);
	}
	if (m->total == MSRP_RANGE_UNKNOWN)
		m->total = frame->range.total;
	fanout_message_wait(m);
	r->user = mem_ref(m);
	return 0;
}


/* More than there is to be, or not what was said before: framing of the speaker's own that cannot be mended. */
static bool contradicts(const struct fanout_message *m, uint64_t end)
{
	return m->total != MSRP_RANGE_UNKNOWN && end > m->total;
}


static uint16_t take_piece(struct fanout_message *m, uint64_t offset, struct str piece)
{
	struct fanout *f = m->f;

	if (!m->speaker || too_long(f, offset + piece.n))
		return 413;
	if (contradicts(m, offset + piece.n) || (offset != m->next && (!m->gated || m->whole)))
		return 400;
	if (offset != m->next)
		fanout_kept_end(m, false);
	if (!f->cpim_required && !offset)
		look_inside(m, piece);
	fanout_message_wait(m);
	m->next = offset + piece.n;
	m->bytes += piece.n;
	m->speaker->bytes += piece.n;
	f->counts.bytes += piece.n;
	fanout_count(FANOUT_C_BYTES, (int64_t)piece.n);
	if (!m->gated)
		return gather(m, piece);
	if (m->whole)
		return gather_whole(m, piece);
	return fanout_say(m, offset + (uint64_t)m->shift, piece) ? 413 : 0;
}


static uint16_t on_body(struct msrp_session *s, struct msrp_receive *r, struct str piece, void *arg)
{
	struct fanout_message *m = r->user;
	uint16_t status;

	(void)s;
	(void)arg;
	if (!m)
		return 0;
	status = take_piece(m, r->offset, piece);
	if (!status)
		return 0;
	r->user = NULL;
	if (m->speaker)
		fanout_message_abort(m);
	mem_unref(m);
	return refuse(status);
}


/* ---- Ends ---- */

static void tell_active(struct fanout *f, const struct fanout_message *m)
{
	if (m->gated && m->kind == FANOUT_CONTENT && f->handler->active)
		f->handler->active(f, f->arg);
}


/* 0 or a status. */
static uint16_t complete(struct fanout_message *m)
{
	uint16_t status = !m->gated || m->whole ? judge_at_end(m) : 0;

	if (status)
		return status;
	if (m->whole && !m->to.n && !m->kept)
		return 0; /* a report on nothing that is known: for the focus alone */
	if (fanout_say_end(m, m->next + (uint64_t)m->shift, '$'))
		return 413;
	return 0;
}


static uint16_t whole_message(struct fanout_seat *seat, struct fanout_message *m)
{
	struct fanout *f = m->f;
	uint16_t status = complete(m);

	if (status) {
		fanout_message_abort(m);
		return refuse(status);
	}
	fanout_kept_end(m, true);
	fanout_report_begin(m);
	fanout_message_over(m);
	if (m->kind == FANOUT_CONTENT) {
		seat->messages++;
		f->counts.messages++;
		fanout_count(FANOUT_C_MESSAGES, 1);
	}
	tell_active(f, m);
	if (f->handler->spoken)
		f->handler->spoken(seat, (enum fanout_kind)m->kind, m->bytes, seat->arg);
	return 200;
}


static uint16_t on_end(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg)
{
	struct fanout_seat *seat = mem_ref(arg);
	struct fanout_message *m = r->user;
	uint16_t status = 200;

	(void)s;
	r->user = NULL;
	if (m && !m->speaker) {
		status = 413;
	} else if (m && flag == '$') {
		status = whole_message(seat, m);
	} else if (m && flag == '#') {
		fanout_message_abort(m);
	} else if (m) {
		tell_active(seat->f, m);
	}
	mem_unref(m);
	mem_unref(seat);
	return status;
}


/* The rest may come by another connection: the message waits for it. */
static void on_broken(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	(void)arg;
	r->user = mem_unref(r->user);
}


/* ---- The session ---- */

static void on_bound(struct msrp_session *s, void *arg)
{
	struct fanout_seat *seat = mem_ref(arg);

	(void)s;
	fanout_seat_go_on(seat);
	if (seat->f->handler->bound)
		seat->f->handler->bound(seat, seat->arg);
	mem_unref(seat);
}


static void on_lost(struct msrp_session *s, int error, void *arg)
{
	struct fanout_seat *seat = mem_ref(arg);

	(void)s;
	if (seat->f->handler->lost)
		seat->f->handler->lost(seat, error, seat->arg);
	mem_unref(seat);
}


static void on_room(struct msrp_session *s, void *arg)
{
	(void)s;
	fanout_seat_go_on(arg);
}


const struct msrp_session_handler fanout_session_handler = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.request = fanout_nickname_request,
	.bound = on_bound,
	.lost = on_lost,
	.room = on_room,
	.own_reports = true,
};
