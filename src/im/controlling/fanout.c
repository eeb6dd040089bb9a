/* SPDX-License-Identifier: Apache-2.0 */
/* The fan-out of a conference: its life, its seats. */
#include "im/controlling/fanout.h"

#include <errno.h>

#include "base/mem.h"
#include "im/controlling/fanout_state.h"
#include "sip/uri.h"

struct counter fanout_counters[FANOUT_C_COUNT] = {
	[FANOUT_C_MESSAGES] = COUNTER("im.fanout.messages",
				      "messages said in conferences, whole ones"),
	[FANOUT_C_COPIES] = COUNTER("im.fanout.copies", "chunks of them written to participants"),
	[FANOUT_C_BYTES] = COUNTER("im.fanout.bytes", "bytes of content said in conferences"),
	[FANOUT_C_REFUSED] = COUNTER("im.fanout.refused",
				     "messages refused: their CPIM head, type or size"),
	[FANOUT_C_PRIVATE] = COUNTER("im.fanout.private", "messages for single participants"),
	[FANOUT_C_ABORTED] = COUNTER("im.fanout.aborted", "messages that broke off under way"),
	[FANOUT_C_OVERRUN] = COUNTER("im.fanout.overrun", "participants given up: too slow"),
	[FANOUT_C_PAUSED] =
		COUNTER("im.fanout.paused",
			"times the speakers were not read: most participants were behind"),
};


void fanout_counters_register(void)
{
	counter_register(fanout_counters, FANOUT_C_COUNT);
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct fanout *f = object;

	for (struct list_link *k; (k = list_first(&f->said));) {
		list_remove(&f->said, k);
		fanout_block_free(container_of(k, struct fanout_block, link));
	}
	for (unsigned i = 0; f->recent && i < FANOUT_RECENT_MAX; i++)
		mem_unref(f->recent[i].person);
	mem_free(f->recent);
	timer_cancel(&f->linger);
	timer_cancel(&f->stuck);
	if (f->loop) {
		loop_defer_cancel(f->loop, &f->flush);
		loop_defer_cancel(f->loop, &f->tell);
	}
	mem_unref(f->text);
}


static char *copy(char *to, struct str *ret, struct str from)
{
	if (from.n)
		memcpy(to, from.p, from.n);
	*ret = (struct str){to, from.n};
	return to + from.n;
}


static int copy_texts(struct fanout *f, const struct fanout_params *p)
{
	size_t n = p->domain.n + 1;
	char *to;

	for (size_t i = 0; i < p->names_n; i++)
		n += p->names[i].n;
	f->text = to = mem_alloc(n, NULL);
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < p->names_n; i++)
		to = copy(to, &f->names[i], p->names[i]);
	f->names_n = p->names_n;
	copy(to, &f->domain, p->domain);
	return 0;
}


static void lists_init(struct fanout *f)
{
	list_init(&f->seats);
	list_init(&f->said);
	list_init(&f->ready);
	list_init(&f->behind);
	list_init(&f->open);
	list_init(&f->counting);
	list_init(&f->slow);
}


int fanout_alloc(struct fanout **ret, const struct fanout_params *p)
{
	struct fanout *f;

	if (p->names_n > FANOUT_NAMES_MAX || p->domain.n > FANOUT_TEXT_MAX)
		return -ENOBUFS;
	f = mem_alloc(sizeof(*f), destroy);
	if (!f)
		return -ENOMEM;
	lists_init(f);
	f->loop = p->loop;
	f->msrp = p->msrp;
	f->cpim_required = p->cpim_required;
	f->nicknames = p->nicknames;
	f->message_max = p->message_max;
	f->handler = p->handler;
	f->arg = p->arg;
	hash_key_init(&f->key);
	if (copy_texts(f, p)) {
		mem_unref(f);
		return -ENOMEM;
	}
	timers_declare(loop_timers(f->loop), FANOUT_CHUNK_MS);
	timers_declare(loop_timers(f->loop), FANOUT_LINGER_MS);
	timers_declare(loop_timers(f->loop), FANOUT_COUNT_MS);
	*ret = f;
	return 0;
}


const struct fanout_counts *fanout_counts(const struct fanout *f)
{
	return &f->counts;
}


static struct fanout_seat *seat_of(struct list_link *k)
{
	return container_of(k, struct fanout_seat, link);
}


void fanout_set_absent(struct fanout *f, const struct fanout_absent *sink, void *arg)
{
	for (struct list_link *k = list_first(&f->seats); k; k = list_next(&f->seats, k))
		fanout_kept_drop(seat_of(k));
	f->absent = sink;
	f->absent_arg = arg;
}


/* ---- Speakers who wait ---- */

void fanout_hold_speakers(struct fanout *f, bool hold)
{
	f->pauses += hold ? 1 : -1u;
	for (struct list_link *k = list_first(&f->seats); k; k = list_next(&f->seats, k)) {
		if (hold)
			msrp_session_pause(seat_of(k)->session);
		else
			msrp_session_resume(seat_of(k)->session);
	}
}


void fanout_pause(struct fanout *f)
{
	fanout_hold_speakers(f, true);
}


void fanout_resume(struct fanout *f)
{
	fanout_hold_speakers(f, false);
}


/* ---- Seats ---- */

static void seat_destroy(void *object)
{
	struct fanout_seat *seat = object;

	mem_unref(seat->session);
	mem_unref(seat->person);
	mem_unref(seat->accept);
	mem_unref(seat->nickname);
	mem_unref(seat->nickname_key);
	mem_unref(seat->f);
}


static int person_alloc(struct fanout_person **ret, const struct fanout *f,
			const struct fanout_seat_params *p)
{
	struct str shown = p->shown.n ? p->shown : p->who;
	char text[SIP_AOR_MAX], *to;
	struct fanout_person *person;
	struct buf canonical;

	if (p->who.n > FANOUT_TEXT_MAX || shown.n > FANOUT_TEXT_MAX ||
	    p->display_name.n > FANOUT_TEXT_MAX)
		return -ENOBUFS;
	buf_fixed(&canonical, text, sizeof(text));
	if (cpim_gate_canonical(shown, f->domain, &canonical))
		buf_clear(&canonical);
	person = mem_alloc(sizeof(*person) + p->who.n + shown.n + p->display_name.n + canonical.n,
			   NULL);
	if (!person)
		return -ENOMEM;
	to = copy(person->text, &person->who, p->who);
	to = copy(to, &person->shown, shown);
	to = copy(to, &person->display_name, p->display_name);
	copy(to, &person->shown_canonical, buf_str(&canonical));
	person->anonymous = p->anonymous;
	*ret = person;
	return 0;
}


static int seat_fill(struct fanout_seat *seat, const struct fanout_seat_params *p)
{
	struct msrp_session_params sp = {
		.secure = p->secure,
		.handler = &fanout_session_handler,
		.arg = seat,
	};
	int err = person_alloc(&seat->person, seat->f, p);

	if (!err)
		err = msrp_session_alloc(&seat->session, seat->f->msrp, &sp);
	return err;
}


int fanout_seat_open(struct fanout_seat **ret, struct fanout *f, const struct fanout_seat_params *p)
{
	struct fanout_seat *seat = mem_alloc(sizeof(*seat), seat_destroy);
	int err;

	if (!seat)
		return -ENOMEM;
	seat->f = mem_ref(f);
	seat->arg = p->arg;
	seat->may_private = p->may_private;
	list_init(&seat->speaking);
	err = seat_fill(seat, p);
	if (err) {
		mem_unref(seat);
		return err;
	}
	seat->number = ++f->seat_number;
	list_append(&f->seats, &seat->link);
	for (unsigned i = 0; i < f->pauses; i++)
		msrp_session_pause(seat->session);
	*ret = seat;
	return 0;
}


struct msrp_session *fanout_seat_session(const struct fanout_seat *seat)
{
	return seat->session;
}


int fanout_seat_hide(struct fanout_seat *seat, struct str alias)
{
	struct fanout_person *person;
	int err = person_alloc(&person, seat->f,
			       &(struct fanout_seat_params){.who = seat->person->who,
							    .shown = alias,
							    .anonymous = true});

	if (err)
		return err;
	mem_unref(seat->person);
	seat->person = person;
	return 0;
}


static bool choosy(const struct fanout_seat *seat)
{
	return seat->accept || seat->max_size;
}


int fanout_seat_describe(struct fanout_seat *seat, const struct fanout_seat_media *m)
{
	struct str list = str_trim(m->accept_wrapped);
	char *accept = NULL;

	if (list.n && !str_eq(list, STR("*"))) {
		accept = str_dup(list);
		if (!accept)
			return -ENOMEM;
	}
	seat->f->choosy -= choosy(seat);
	mem_unref(seat->accept);
	seat->accept = accept;
	seat->max_size = m->max_size;
	seat->takes_private = m->takes_private;
	seat->f->choosy += choosy(seat);
	return 0;
}


void fanout_seat_connect(struct fanout_seat *seat)
{
	if (seat->in || seat->slow)
		return;
	seat->in = true;
	if (!seat->held)
		fanout_seat_join(seat);
}


void fanout_seat_hold(struct fanout_seat *seat, bool held)
{
	if (seat->held == held)
		return;
	seat->held = held;
	if (!seat->in)
		return;
	if (held)
		fanout_seat_leave(seat);
	else
		fanout_seat_join(seat);
}


bool fanout_seat_connected(const struct fanout_seat *seat)
{
	return seat->in;
}


void fanout_seat_close(struct fanout_seat *seat)
{
	struct fanout *f = seat->f;

	fanout_speaking_abort(seat);
	fanout_reports_drop(seat);
	fanout_seat_leave(seat);
	seat->in = false;
	f->choosy -= choosy(seat);
	list_remove(&f->seats, &seat->link);
	msrp_session_stop(seat->session);
	mem_unref(seat);
}


struct str fanout_seat_nickname(const struct fanout_seat *seat)
{
	return seat->nickname ? str_of(seat->nickname) : (struct str){"", 0};
}


void fanout_seat_counts(const struct fanout_seat *seat, struct fanout_seat_counts *ret)
{
	*ret = (struct fanout_seat_counts){
		.messages = seat->messages,
		.bytes = seat->bytes,
		.behind = fanout_seat_behind(seat),
	};
}
