/* SPDX-License-Identifier: Apache-2.0 */
/* For whom a message is. */
#include <errno.h>

#include "base/mem.h"
#include "body/imdn.h"
#include "body/mime.h"
#include "im/controlling/fanout_state.h"


/* ---- Seats by number ---- */

static int numbers_add(struct fanout_numbers *s, uint64_t number)
{
	if (s->n == s->max) {
		uint32_t max = s->max ? s->max * 2 : 4;
		uint64_t *more = mem_resize(s->number, max * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->number = more;
		s->max = max;
	}
	s->number[s->n++] = number;
	return 0;
}


static bool numbers_have(const struct fanout_numbers *s, uint64_t number)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->number[i] == number)
			return true;
	}
	return false;
}


bool fanout_wants(const struct fanout_seat *seat, const struct fanout_message *m)
{
	if (seat->number == m->speaker_number || m->number < seat->since)
		return false;
	if (!m->all && !numbers_have(&m->to, seat->number))
		return false;
	return !m->refused.n || !numbers_have(&m->refused, seat->number);
}


void fanout_refused(struct fanout_message *m, uint64_t seat)
{
	if (m->refused.n < FANOUT_REFUSED_MAX)
		(void)numbers_add(&m->refused, seat);
}


/* ---- Who can take it ---- */

/* RFC 4975 8.6: accept-wrapped-types as accept-types: types, ranges "type/" "*", separated by blanks. */
static bool type_accepted(struct str list, struct str type)
{
	struct mime_type t;

	if (mime_type_decode(&t, type))
		return true;
	for (struct str rest = list; rest.p;) {
		struct str range = str_trim(str_cut(&rest, ' '));

		if (range.n && mime_type_within(&t, range))
			return true;
	}
	return false;
}


/*
 * RFC 7701 6.1: "If the MSRP switch is aware that the media type of the wrapped content is not acceptable to
 * the recipient, the MSRP switch SHOULD NOT forward this message to that endpoint."
 */
static void leave_out(struct fanout_message *m, struct str type)
{
	struct fanout *f = m->f;

	for (struct list_link *k = f->choosy ? list_first(&f->seats) : NULL; k;
	     k = list_next(&f->seats, k)) {
		const struct fanout_seat *seat = container_of(k, struct fanout_seat, link);
		uint64_t total = m->total == MSRP_RANGE_UNKNOWN ? 0 : m->total + (uint64_t)m->shift;

		if ((seat->max_size && total > seat->max_size) ||
		    (seat->accept && type.n && !type_accepted(str_of(seat->accept), type)))
			fanout_refused(m, seat->number);
	}
}


/* ---- Who is meant ---- */

/* Somebody who is here under an alias is not here by any other name. */
static bool is_called(const struct fanout_person *p, struct str uri)
{
	return (!p->anonymous && str_eq(p->who, uri)) || str_eq(p->shown_canonical, uri);
}


struct search {
	struct str uri;
	bool by_who; /* the identity itself: of one who was a speaker */
	unsigned found;
	bool takes_private;
};


static int search(struct fanout_message *m, struct search *s)
{
	for (struct list_link *k = list_first(&m->f->seats); k; k = list_next(&m->f->seats, k)) {
		const struct fanout_seat *seat = container_of(k, struct fanout_seat, link);

		if (!seat->in || (s->by_who ? !str_eq(seat->person->who, s->uri)
					    : !is_called(seat->person, s->uri)))
			continue;
		s->found++;
		s->takes_private = s->takes_private || seat->takes_private;
		if (numbers_add(&m->to, seat->number))
			return -ENOMEM;
	}
	return 0;
}


/* ---- What is kept for those who are away ---- */

static bool keep(struct fanout_message *m, const struct cpim *c, struct str to)
{
	struct fanout *f = m->f;
	struct fanout_kept kept = {
		.kind = (enum fanout_kind)m->kind,
		.from = m->person->who,
		.shown = m->person->shown,
		.to = to,
		.date_time = c->date_time,
		.message_id = c->message_id,
		.notify = c->notify,
		.content_type = c->content_type,
		.total = m->total == MSRP_RANGE_UNKNOWN ? m->total : m->total + (uint64_t)m->shift,
	};

	if (f->absent)
		m->kept = f->absent->head(f, &kept, f->absent_arg);
	return m->kept != NULL;
}


/* ---- Private ones ---- */

/* RFC 7701 6.2: 404 when To is no participant, 428 when the recipient takes no private messages; 6.1, 403. */
static uint16_t address_private(struct fanout_message *m, const struct cpim_verdict *v)
{
	if (!m->speaker->may_private)
		return 403;
	for (size_t i = 0; i < v->to_n; i++) {
		struct search s = {.uri = v->to[i]};

		if (search(m, &s))
			return 413;
		if (!s.found)
			return 404;
		if (!s.takes_private)
			return 428;
	}
	fanout_count(FANOUT_C_PRIVATE, 1);
	return 0;
}


/* ---- Reports (RFC 5438) ---- */

static void remember(struct fanout_message *m, struct str id)
{
	struct fanout *f = m->f;
	struct fanout_recent *r;

	if (!id.n)
		return;
	if (!f->recent) {
		f->recent = mem_raw(FANOUT_RECENT_MAX * sizeof(*f->recent));
		if (!f->recent)
			return;
		memset(f->recent, 0, FANOUT_RECENT_MAX * sizeof(*f->recent));
	}
	r = &f->recent[f->recent_at++ % FANOUT_RECENT_MAX];
	mem_unref(r->person);
	*r = (struct fanout_recent){hash_bytes(&f->key, id.p, id.n), mem_ref(m->person)};
}


static const struct fanout_person *recall(const struct fanout *f, struct str id)
{
	uint64_t h = hash_bytes(&f->key, id.p, id.n);

	for (unsigned i = 0; f->recent && i < FANOUT_RECENT_MAX; i++) {
		if (f->recent[i].person && f->recent[i].id == h)
			return f->recent[i].person;
	}
	return NULL;
}


/* Digest d2 9: "deliver to sender only; group: route by CPIM To". Who is away gets it by the sink. */
static uint16_t address_imdn(struct fanout_message *m, const struct cpim_verdict *v)
{
	if (v->everybody) {
		m->whole = true;
		return 0;
	}
	for (size_t i = 0; i < v->to_n; i++) {
		struct search s = {.uri = v->to[i]};

		if (search(m, &s))
			return 413;
		if (!s.found && v->to_n == 1 && !keep(m, &v->cpim, v->to[i]))
			return 404;
	}
	return 0;
}


/* Which message it is about is what it says: the speaker of that one is meant. Of none that is known: nobody. */
uint16_t fanout_address_report(struct fanout_message *m, struct str object)
{
	struct arena a = ARENA_INIT(IMDN_SIZE_MAX);
	const struct fanout_person *p = NULL;
	struct search s = {.by_who = true};
	uint16_t status = 0;
	struct cpim c;
	struct imdn n;

	if (cpim_decode(&c, object))
		return 400;
	if (!imdn_decode(&n, c.content, &a))
		p = recall(m->f, n.message_id);
	else
		status = 400;
	arena_done(&a);
	if (!p)
		return status;
	s.uri = p->who;
	if (search(m, &s))
		return 413;
	if (!s.found)
		(void)keep(m, &c, p->who);
	return 0;
}


/* ---- All of them ---- */

static uint16_t address(struct fanout_message *m, const struct cpim_verdict *v)
{
	uint16_t status = 0;

	m->kind = (uint8_t)v->kind;
	if (v->kind == FANOUT_IMDN)
		return address_imdn(m, v);
	m->all = v->everybody;
	if (!m->all)
		status = address_private(m, v);
	if (status || v->kind != FANOUT_CONTENT)
		return status;
	remember(m, v->cpim.message_id);
	if (m->all)
		(void)keep(m, &v->cpim, STR_NULL);
	return 0;
}


uint16_t fanout_address(struct fanout_message *m, struct str head, struct buf *out)
{
	const struct fanout_person *p = m->person;
	struct cpim_gate gate = {
		.who = p->who,
		.shown = p->shown,
		.shown_name = p->display_name,
		.anonymous = p->anonymous,
		.names = m->f->names,
		.names_n = m->f->names_n,
		.domain = m->f->domain,
	};
	struct cpim_verdict v;
	uint16_t status = cpim_gate_judge(&v, &gate, head, out);

	if (status)
		return status;
	if (out->failed)
		return 413;
	m->shift = v.replaced ? (int64_t)out->n - (int64_t)head.n : 0;
	status = address(m, &v);
	if (!status)
		leave_out(m, v.cpim.content_type);
	return status;
}
