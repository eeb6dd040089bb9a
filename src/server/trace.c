/* SPDX-License-Identifier: Apache-2.0 */
/* Traces of users: what is about whom, the ring, and those who wait for more. */
#include "server/trace.h"

#include <errno.h>

#include "base/hash.h"
#include "base/mem.h"
#include "sip/name_addr.h"

/** Identities of one message that are compared: Request-URI, From, To, and some asserted ones. */
#define NAMES_MAX 8

struct kept {
	int64_t at_ms;
	enum trace_what what;
	enum sip_transport_kind kind;
	struct addr peer;
	uint16_t text_n, call_id_n;
	char text[TRACE_TEXT_MAX];
	char call_id[TRACE_CALL_ID_MAX];
};

struct trace {
	struct traces *owner;
	struct list_link link;
	struct list polls;
	struct timer idle;
	struct deferred_call wake;
	uint64_t lines; /**< noted so far: the seq of the last one */
	uint64_t calls[TRACE_CALLS_MAX];
	size_t calls_n; /**< noted so far */
	struct str aor;
	char aor_text[SIP_AOR_MAX];
	struct kept ring[TRACE_LINES_MAX];
};

struct traces {
	struct traces_params p;
	struct hash_key key;
	struct im_listener listener;
	struct list traces;
	size_t polls;
};

/** The identities of a message, as AORs. */
struct names {
	struct str aor[NAMES_MAX];
	size_t n;
	struct buf text;
	char storage[NAMES_MAX * SIP_AOR_MAX];
};


/* ---- Whom a message is about ---- */

static void add_uri(struct names *names, struct str domain, struct str text)
{
	struct sip_uri uri;
	size_t before = names->text.n;

	if (!text.n || names->n == NAMES_MAX || sip_uri_decode(&uri, text) ||
	    sip_uri_aor(&uri, domain, &names->text))
		return;
	names->aor[names->n++] = (struct str){names->text.p + before, names->text.n - before};
}


static void names_of(struct names *names, struct str domain, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_P_ASSERTED_IDENTITY);
	struct sip_name_addr who;

	names->n = 0;
	buf_fixed(&names->text, names->storage, sizeof(names->storage));
	add_uri(names, domain, m->from_uri);
	add_uri(names, domain, m->to_uri);
	if (m->request)
		add_uri(names, domain, m->uri);
	for (struct str value; sip_values_next(&v, &value);) {
		if (!sip_name_addr_decode(&who, value))
			add_uri(names, domain, who.uri);
	}
}


static bool is_named(const struct trace *t, const struct names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		if (str_eq(names->aor[i], t->aor))
			return true;
	}
	return false;
}


static bool knows_call(const struct trace *t, uint64_t call)
{
	for (size_t i = 0; i < TRACE_CALLS_MAX && i < t->calls_n; i++) {
		if (t->calls[i] == call)
			return true;
	}
	return false;
}


static bool is_about(struct trace *t, const struct names *names, uint64_t call)
{
	bool known = knows_call(t, call);

	if (!known && !is_named(t, names))
		return false;
	if (!known)
		t->calls[t->calls_n++ % TRACE_CALLS_MAX] = call;
	return true;
}


/* ---- Polls ---- */

void trace_poll_cancel(struct trace_poll *p)
{
	if (!p->trace)
		return;
	timer_cancel(&p->patience);
	list_remove(&p->trace->polls, &p->link);
	p->trace->owner->polls--;
	p->trace = NULL;
}


static void poll_finish(struct trace_poll *p, int error)
{
	trace_poll_cancel(p);
	p->done(p, error, p->arg);
}


static void show(const struct trace *t, uint64_t after, trace_line_cb *each, void *arg)
{
	uint64_t oldest = t->lines > TRACE_LINES_MAX ? t->lines - TRACE_LINES_MAX : 0;

	for (uint64_t seq = (after > oldest ? after : oldest) + 1; seq <= t->lines; seq++) {
		const struct kept *k = &t->ring[seq % TRACE_LINES_MAX];

		each(&(struct trace_line){.seq = seq,
					  .at_ms = k->at_ms,
					  .what = k->what,
					  .kind = k->kind,
					  .peer = k->peer,
					  .text = {k->text, k->text_n},
					  .call_id = {k->call_id, k->call_id_n}},
		     arg);
	}
}


/* All that came in one turn goes into one answer. */
static void wake(void *arg)
{
	struct trace *t = arg;

	for (struct list_link *l; (l = list_first(&t->polls));) {
		struct trace_poll *p = container_of(l, struct trace_poll, link);

		show(t, p->after, p->each, p->arg);
		poll_finish(p, 0);
	}
}


static void on_patience(struct timer *timer, void *arg)
{
	(void)timer;
	poll_finish(arg, 0);
}


/* ---- The ring ---- */

static uint16_t put_cut(char *to, size_t max, struct str s)
{
	static const struct str dots = STR_INIT("\xe2\x80\xa6");
	size_t n = s.n <= max ? s.n : max - dots.n;

	if (n)
		memcpy(to, s.p, n);
	if (n < s.n) {
		memcpy(to + n, dots.p, dots.n);
		n += dots.n;
	}
	return (uint16_t)n;
}


static void note(struct trace *t, const struct trace_line *l)
{
	struct kept *k = &t->ring[++t->lines % TRACE_LINES_MAX];

	k->at_ms = loop_wall_ms(t->owner->p.loop);
	k->what = l->what;
	k->kind = l->kind;
	k->peer = l->peer;
	k->text_n = put_cut(k->text, sizeof(k->text), l->text);
	k->call_id_n = put_cut(k->call_id, sizeof(k->call_id), l->call_id);
	if (!list_empty(&t->polls))
		loop_defer(t->owner->p.loop, &t->wake, wake, t);
}


static void note_for_all(struct traces *ts, const struct names *names,
			 const struct trace_line *line)
{
	uint64_t call = hash_bytes(&ts->key, line->call_id.p, line->call_id.n);

	for (struct list_link *l = list_first(&ts->traces); l; l = list_next(&ts->traces, l)) {
		struct trace *t = container_of(l, struct trace, link);

		if (is_about(t, names, call))
			note(t, line);
	}
}


static void put_line(const struct sip_msg *m, enum sip_decode form, struct buf *out)
{
	if (m->request)
		buf_printf(out, STR_FMT " " STR_FMT, STR_ARG(m->method_name),
			   STR_ARG(str_upto(m->uri, TRACE_TEXT_MAX)));
	else
		buf_printf(out, "%u " STR_FMT " (" STR_FMT ")", m->status,
			   STR_ARG(str_upto(m->reason, TRACE_TEXT_MAX / 2)),
			   STR_ARG(m->cseq.method_name));
	if (form == SIP_DECODE_BAD)
		buf_printf(out, " [malformed%s" STR_FMT "]", m->request ? ": " : "",
			   STR_ARG(m->request ? m->reason : STR("")));
}


static void on_message(bool out, enum sip_transport_kind kind, const struct addr *peer,
		       struct str bytes, void *arg)
{
	struct traces *ts = arg;
	char storage[2 * TRACE_TEXT_MAX];
	struct names names;
	struct sip_msg m;
	struct buf text;
	enum sip_decode form = sip_msg_decode(&m, bytes, kind != SIP_UDP);

	if (form == SIP_DECODE_BROKEN)
		return;
	names_of(&names, ts->p.domain, &m);
	buf_fixed(&text, storage, sizeof(storage));
	put_line(&m, form, &text);
	note_for_all(ts, &names,
		     &(struct trace_line){.what = out ? TRACE_OUT : TRACE_IN,
					  .kind = kind,
					  .peer = *peer,
					  .text = buf_str(&text),
					  .call_id = m.call_id});
}


static void on_event(const struct im_event *e, void *arg)
{
	struct traces *ts = arg;
	char storage[4 * TRACE_TEXT_MAX];
	struct names names;
	struct buf text;

	if (list_empty(&ts->traces))
		return;
	names.n = 2;
	names.aor[0] = e->originator;
	names.aor[1] = e->recipient;
	buf_fixed(&text, storage, sizeof(storage));
	buf_printf(&text, STR_FMT " " STR_FMT, STR_ARG(im_kind_name(e->kind)),
		   STR_ARG(im_outcome_name(e->outcome)));
	if (e->side != IM_SIDE_NONE)
		buf_printf(&text, " on the " STR_FMT " side", STR_ARG(im_side_name(e->side)));
	if (e->status)
		buf_printf(&text, ", %u", e->status);
	if (e->reason.n)
		buf_printf(&text, ", " STR_FMT, STR_ARG(str_upto(e->reason, 100)));
	if (e->outcome == IM_REPORTED)
		buf_printf(&text, ", %u have it", e->recipients);
	else
		buf_printf(&text, ", after %u ms", e->took_ms);
	note_for_all(ts, &names,
		     &(struct trace_line){
			     .what = TRACE_OUTCOME, .text = buf_str(&text), .call_id = e->call_id});
}


/* ---- Life ---- */

static void trace_destroy(void *object)
{
	struct trace *t = object;

	timer_cancel(&t->idle);
	loop_defer_cancel(t->owner->p.loop, &t->wake);
	list_remove(&t->owner->traces, &t->link);
	for (struct list_link *l; (l = list_first(&t->polls));)
		poll_finish(container_of(l, struct trace_poll, link), -ECANCELED);
}


static void on_idle(struct timer *timer, void *arg)
{
	struct trace *t = arg;
	struct traces *ts = t->owner;

	(void)timer;
	if (!list_empty(&t->polls)) {
		timer_start(&t->idle, loop_timers(ts->p.loop), TRACE_IDLE_MS, on_idle, t);
		return;
	}
	mem_unref(t);
	if (list_empty(&ts->traces))
		sip_set_tap(ts->p.sip, NULL, NULL);
}


static struct trace *trace_find(struct traces *ts, struct str aor)
{
	for (struct list_link *l = list_first(&ts->traces); l; l = list_next(&ts->traces, l)) {
		struct trace *t = container_of(l, struct trace, link);

		if (str_eq(t->aor, aor))
			return t;
	}
	return NULL;
}


static int trace_begin(struct traces *ts, struct str aor, struct trace **ret)
{
	struct trace *t;

	if (ts->traces.count == TRACES_MAX || aor.n > SIP_AOR_MAX)
		return -ENOBUFS;
	t = mem_alloc(sizeof(*t), trace_destroy);
	if (!t)
		return -ENOMEM;
	t->owner = ts;
	list_init(&t->polls);
	memcpy(t->aor_text, aor.p, aor.n);
	t->aor = (struct str){t->aor_text, aor.n};
	list_append(&ts->traces, &t->link);
	sip_set_tap(ts->p.sip, on_message, ts);
	*ret = t;
	return 0;
}


int trace_poll(struct traces *ts, struct trace_poll *p, struct str aor, uint64_t after,
	       uint32_t wait_ms, trace_line_cb *each, trace_done_cb *done, void *arg)
{
	struct trace *t = trace_find(ts, aor);
	int err = t ? 0 : trace_begin(ts, aor, &t);

	if (err)
		return err;
	timer_start(&t->idle, loop_timers(ts->p.loop), TRACE_IDLE_MS, on_idle, t);
	/* Who has seen more than there is has seen an earlier trace of this user. */
	if (after > t->lines)
		after = 0;
	if (t->lines > after || !wait_ms) {
		show(t, after, each, arg);
		done(p, 0, arg);
		return 0;
	}
	if (ts->polls == TRACE_POLLS_MAX)
		return -ENOBUFS;
	*p = (struct trace_poll){
		.trace = t, .after = after, .each = each, .done = done, .arg = arg};
	list_append(&t->polls, &p->link);
	ts->polls++;
	timer_start(&p->patience, loop_timers(ts->p.loop),
		    wait_ms < TRACE_WAIT_MAX_MS ? wait_ms : TRACE_WAIT_MAX_MS, on_patience, p);
	return 0;
}


size_t traces_count(const struct traces *ts)
{
	return ts->traces.count;
}


static void destroy(void *object)
{
	struct traces *ts = object;

	for (struct list_link *l; (l = list_first(&ts->traces));)
		mem_unref(container_of(l, struct trace, link));
}


int traces_alloc(struct traces **ret, const struct traces_params *p)
{
	struct traces *ts = mem_alloc(sizeof(*ts), destroy);

	if (!ts)
		return -ENOMEM;
	ts->p = *p;
	list_init(&ts->traces);
	loop_random(p->loop, &ts->key, sizeof(ts->key));
	ts->listener.event = on_event;
	ts->listener.arg = ts;
	im_events_listen(p->events, &ts->listener);
	*ret = ts;
	return 0;
}
