/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: what is happening to a user, and the story of a message. */
#include <errno.h>
#include <stdlib.h>

#include "im/deferred/deferred.h"
#include "im/deferred/stored_message.h"
#include "server/journal.h"
#include "server/operator_desk.h"
#include "server/option_type.h"
#include "server/trace.h"
#include "sip/via.h"
#include "store/deferred.h"

/** Steps of one story: a message to a hundred people, each with its devices. */
#define STEPS_MAX 1000
/** Bytes of one sentence. */
#define STEP_MAX 1024

struct trace_task {
	struct desk_task task;
	admin_trace_cb *each;
	struct trace_poll poll;
	uint64_t after;
	uint32_t wait_ms;
};

struct step {
	struct admin_step s;
	size_t order; /**< among those of the same time */
};

struct story_task {
	struct desk_task task;
	admin_step_cb *each;
	struct str id;
	struct step *steps;
	size_t steps_n;
	bool no_memory;
};


/* ---- Trace ---- */

static void trace_destroy(struct desk_task *task)
{
	trace_poll_cancel(&container_of(task, struct trace_task, task)->poll);
}


static void on_line(const struct trace_line *l, void *arg)
{
	static const struct str what[] = {[TRACE_IN] = STR_INIT("in"),
					  [TRACE_OUT] = STR_INIT("out"),
					  [TRACE_OUTCOME] = STR_INIT("outcome")};
	const struct trace_task *t = arg;
	bool message = l->what != TRACE_OUTCOME;
	char text[ADDR_TEXT_MAX] = "";

	t->each(&(struct admin_trace_line){.seq = l->seq,
					   .at_ms = l->at_ms,
					   .what = what[l->what],
					   .transport = message ? sip_transport_param(l->kind)
								: STR(""),
					   .peer = str_of(message ? addr_text(&l->peer, text) : ""),
					   .text = l->text,
					   .call_id = l->call_id},
		t->task.done_arg);
}


static void on_polled(struct trace_poll *p, int error, void *arg)
{
	struct trace_task *t = arg;

	(void)p;
	desk_task_finish(&t->task, error);
}


static void poll(struct desk_task *task)
{
	struct trace_task *t = container_of(task, struct trace_task, task);

	desk_task_step(task, trace_poll(task->desk->p.traces, &t->poll, task->aor, t->after,
					t->wait_ms, on_line, on_polled, t));
}


static int trace(struct str user, uint64_t after, unsigned wait_s, admin_trace_cb *each,
		 admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct trace_task *t;

	if (!o->p.traces)
		return -ENOSYS;
	t = desk_task_alloc(o, sizeof(*t), trace_destroy, done, done_arg);
	if (!t)
		return -ENOMEM;
	t->each = each;
	t->after = after;
	t->wait_ms = wait_s * 1000;
	return desk_task_begin(&t->task, user, poll, why);
}


/* ---- The steps of a story ---- */

static struct str keep(struct story_task *t, struct str s)
{
	struct str kept = arena_str(&t->task.arena, s);

	if (!kept.p)
		t->no_memory = true;
	return kept.p ? kept : STR("");
}


static void add(struct story_task *t, const struct admin_step *s, const struct buf *text)
{
	struct step *to = &t->steps[t->steps_n];

	if (t->steps_n == STEPS_MAX)
		return;
	to->s = *s;
	to->s.event = keep(t, s->event);
	to->s.kind = keep(t, s->kind);
	to->s.user = keep(t, s->user);
	to->s.sender = keep(t, s->sender);
	to->s.device = keep(t, s->device);
	to->s.reason = keep(t, s->reason);
	to->s.text = keep(t, buf_str(text));
	to->order = t->steps_n++;
}


/** "2h 5m" until then, or "0s". */
static void put_left(const struct story_task *t, int64_t at_ms, struct buf *out)
{
	int64_t left_s = (at_ms - loop_wall_ms(t->task.desk->p.loop) + 999) / 1000;

	option_put_duration(left_s > 0 ? (uint64_t)left_s * 1000 : 0, out);
}


/* ---- From the journal ---- */

static void put_outcome(const struct journal_entry *e, struct buf *out)
{
	struct str to = e->recipient, side = im_side_name(e->side);

	switch (e->outcome) {
	case IM_DELIVERED:
		buf_printf(out, "delivered: a device of " STR_FMT " answered %u", STR_ARG(to),
			   e->status);
		break;
	case IM_RELAYED:
		buf_printf(out, "sent on towards " STR_FMT ", where it was answered %u",
			   STR_ARG(to), e->status);
		break;
	case IM_REFUSED:
		buf_printf(out, "refused on the " STR_FMT " side with %u: " STR_FMT, STR_ARG(side),
			   e->status, STR_ARG(e->reason.n ? e->reason : STR("no reason is noted")));
		break;
	case IM_FAILED:
		buf_printf(out, "sent on towards " STR_FMT ", and did not arrive: %u", STR_ARG(to),
			   e->status);
		break;
	case IM_DEFERRED:
		buf_printf(out, "kept for " STR_FMT ", who is away; the sender was told %u",
			   STR_ARG(to), e->status);
		break;
	case IM_EXPIRED:
		buf_printf(out, "its time ended before it reached " STR_FMT, STR_ARG(to));
		break;
	case IM_ENDED:
		buf_printf(out, "the session with " STR_FMT " ended: " STR_FMT, STR_ARG(to),
			   STR_ARG(e->reason));
		break;
	case IM_REPORTED:
		buf_printf(out,
			   "reported: %u of those at " STR_FMT " have a message of the session",
			   e->recipients, STR_ARG(to));
		break;
	case IM_JOINED:
		buf_printf(out, "came into the conference " STR_FMT, STR_ARG(to));
		break;
	case IM_LEFT:
		buf_printf(out, "left the conference " STR_FMT ": " STR_FMT, STR_ARG(to),
			   STR_ARG(e->reason));
		break;
	default:
		buf_puts(out, im_outcome_name(e->outcome));
		break;
	}
	if (e->took_ms)
		buf_printf(out, ", after %u ms", e->took_ms);
}


static void on_entry(const struct journal_entry *e, void *arg)
{
	char storage[STEP_MAX];
	struct buf text;

	buf_fixed(&text, storage, sizeof(storage));
	if (e->kind == IM_NOTIFICATION)
		buf_printf(&text, "the notification on it by " STR_FMT ": ",
			   STR_ARG(e->originator.n ? e->originator : STR("somebody")));
	put_outcome(e, &text);
	add(arg,
	    &(struct admin_step){.at_ms = e->at_ms,
				 .event = im_outcome_name(e->outcome),
				 .kind = im_kind_name(e->kind),
				 .user = e->recipient,
				 .sender = e->originator,
				 .reason = e->reason,
				 .status = e->status},
	    &text);
}


/* ---- From the store ---- */

/** Where the store knows how it was kept and how that ended, the journal's word for it says nothing more. */
static void forget_outcomes(struct story_task *t, struct str user)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->steps_n; i++) {
		struct str event = t->steps[i].s.event;

		/* A delivery from the store is named by its reason; the devices' records say more. */
		if (str_eq(t->steps[i].s.user, user) &&
		    (str_eq(event, STR("deferred")) || str_eq(event, STR("expired")) ||
		     str_eq(t->steps[i].s.reason, STR("deferred"))))
			continue;
		t->steps[kept++] = t->steps[i];
	}
	t->steps_n = kept;
}


static void put_device(const struct story_task *t, const struct store_device *v, struct buf *out)
{
	if (v->state == STORE_DEVICE_DELIVERED)
		buf_printf(out, "delivered to the device " STR_FMT, STR_ARG(v->key));
	else if (v->status)
		buf_printf(out, "the device " STR_FMT " answered %u", STR_ARG(v->key), v->status);
	else
		buf_printf(out, "the device " STR_FMT " did not answer", STR_ARG(v->key));
	if (v->attempts > 1)
		buf_printf(out, ", attempt %u", v->attempts);
	if (v->state == STORE_DEVICE_WAITING) {
		buf_puts(out, STR("; tried again in "));
		put_left(t, v->next_try_ms, out);
	} else if (v->state == STORE_DEVICE_FAILED) {
		buf_puts(out, STR("; not tried again there"));
	}
}


static void add_device(struct story_task *t, const struct admin_step *about,
		       const struct store_device *v)
{
	static const struct str events[] = {
		[STORE_DEVICE_WAITING] = STR_INIT("attempt"),
		[STORE_DEVICE_DELIVERED] = STR_INIT("delivered"),
		[STORE_DEVICE_FAILED] = STR_INIT("failed"),
	};
	struct admin_step s = *about;
	char storage[STEP_MAX];
	struct buf text;

	buf_fixed(&text, storage, sizeof(storage));
	put_device(t, v, &text);
	s.at_ms = v->last_ms;
	s.event = events[v->state];
	s.device = v->key;
	s.status = v->status;
	add(t, &s, &text);
}


static void add_held(struct story_task *t, const struct admin_step *about,
		     const struct store_deferred *d)
{
	struct admin_step s = *about;
	char storage[STEP_MAX];
	struct buf text;

	buf_fixed(&text, storage, sizeof(storage));
	buf_printf(&text, "%skept on disk for " STR_FMT " as number %llu, from " STR_FMT,
		   d->flags & STORED_NOTICE ? "the notice that it did not arrive: " : "",
		   STR_ARG(d->user), (unsigned long long)d->id,
		   STR_ARG(d->sender.n ? d->sender : STR("an unknown sender")));
	if (stored_is_large(d))
		buf_printf(&text, ": %llu bytes of " STR_FMT "%s" STR_FMT,
			   (unsigned long long)d->size, STR_ARG(str_upto(d->content_type, 80)),
			   d->name.n ? ", " : "", STR_ARG(str_upto(d->name, 80)));
	s.at_ms = d->received_ms;
	s.event = STR("held");
	s.status = stored_is_large(d) ? 200 : 202;
	add(t, &s, &text);
}


struct waiting {
	struct buf *text;
	uint64_t id;
	size_t n;
};


static void on_device(const struct deferred_device *v, void *arg)
{
	struct waiting *w = arg;

	w->n++;
	buf_printf(w->text, "; " STR_FMT, STR_ARG(v->key));
	if (v->message == w->id)
		buf_puts(w->text, STR(" is being sent it now"));
	else if (v->message)
		buf_puts(w->text, STR(" is being sent an earlier one"));
	else if (v->rests_ms) {
		buf_puts(w->text, STR(" is tried again in "));
		option_put_duration((v->rests_ms + 999) / 1000 * 1000, w->text);
	}
}


/** Held still: why. */
static void add_now(struct story_task *t, const struct admin_step *about,
		    const struct store_deferred *d)
{
	struct operator_desk *o = t->task.desk;
	const struct registration *r = registrations_find(o->p.registrations, d->user);
	struct admin_step s = *about;
	char storage[STEP_MAX];
	struct buf text;
	struct waiting w = {&text, d->id, 0};

	buf_fixed(&text, storage, sizeof(storage));
	if (!r || !registration_count(r))
		buf_printf(&text, "waits: " STR_FMT " is not registered", STR_ARG(d->user));
	else
		buf_printf(&text, "waits: " STR_FMT " is registered with %zu device%s",
			   STR_ARG(d->user), registration_count(r),
			   registration_count(r) == 1 ? "" : "s");
	if (o->p.deferred && !deferred_pushes(o->p.deferred, d->user))
		buf_puts(&text, STR("; push is off, by deferred.push or the user's setting: "
				    "parleyctl deferred push sends it"));
	if (o->p.deferred)
		deferred_devices(o->p.deferred, d->user, on_device, &w);
	if (d->expires_ms) {
		buf_puts(&text, STR("; expires in "));
		put_left(t, d->expires_ms, &text);
	}
	s.at_ms = loop_wall_ms(o->p.loop);
	s.event = STR("waits");
	add(t, &s, &text);
}


static void add_end(struct story_task *t, const struct admin_step *about,
		    const struct store_deferred *d)
{
	static const struct {
		struct str event;
		const char *text;
	} ends[] = {
		[STORE_DEFERRED_DELIVERED] = {STR_INIT("finished"),
					      "no longer kept: every device that was there had it"},
		[STORE_DEFERRED_EXPIRED] =
			{STR_INIT("expired"),
			 "no longer kept: its time ended before it was delivered"},
		[STORE_DEFERRED_WITHDRAWN] = {STR_INIT("withdrawn"),
					      "no longer kept: it was withdrawn"},
	};
	struct admin_step s = *about;
	char storage[STEP_MAX];
	struct buf text;

	buf_fixed(&text, storage, sizeof(storage));
	buf_puts(&text, str_of(ends[d->state].text));
	s.at_ms = d->finished_ms;
	s.event = ends[d->state].event;
	add(t, &s, &text);
}


static void add_deferred(struct story_task *t, const struct store_deferred *d)
{
	const struct admin_step about = {
		.kind = d->kind == STORE_DEFERRED_FILE    ? STR("file")
			: d->kind == STORE_DEFERRED_LARGE ? STR("large")
							  : STR("pager"),
		.user = d->user,
		.sender = d->sender,
	};

	forget_outcomes(t, d->user);
	add_held(t, &about, d);
	for (size_t i = 0; i < d->devices; i++)
		add_device(t, &about, &d->device[i]);
	if (d->state == STORE_DEFERRED_HELD)
		add_now(t, &about, d);
	else
		add_end(t, &about, d);
}


/* ---- Telling it ---- */

static int compare(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	if (x->s.at_ms != y->s.at_ms)
		return x->s.at_ms < y->s.at_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}


static void tell(struct story_task *t, int error)
{
	if (!error && t->no_memory)
		error = -ENOMEM;
	if (!error && !t->steps_n)
		error = -ENODATA;
	if (!error) {
		qsort(t->steps, t->steps_n, sizeof(*t->steps), compare);
		for (size_t i = 0; i < t->steps_n; i++)
			t->each(&t->steps[i].s, t->task.done_arg);
	}
	desk_task_finish(&t->task, error);
}


static void on_found(struct store_request *r, int error, void *arg)
{
	struct story_task *t = arg;
	size_t n = 0;
	const struct store_deferred *d = error ? NULL : store_deferred_result(r, &n);

	for (size_t i = 0; i < n; i++)
		add_deferred(t, &d[i]);
	tell(t, error == -ENOENT ? 0 : error);
}


static void tell_story(struct desk_task *task)
{
	struct story_task *t = container_of(task, struct story_task, task);

	if (task->desk->p.journal)
		journal_find(task->desk->p.journal, t->id, on_entry, t);
	desk_task_step(task,
		       store_deferred_find(task->desk->p.store, &task->store, t->id, on_found, t));
}


static int explain(struct str id, admin_step_cb *each, admin_done_cb *done, void *done_arg,
		   struct buf *why, void *arg)
{
	struct story_task *t;

	/* People copy a Message-ID with its brackets. */
	if (id.n > 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
		id = str_upto(str_from(id, 1), id.n - 2);
	if (!id.n || id.n > ADMIN_ID_MAX) {
		buf_printf(why,
			   "this is no id of a message: write a Call-ID or an IMDN Message-ID");
		return -EINVAL;
	}
	t = desk_task_alloc(arg, sizeof(*t), NULL, done, done_arg);
	if (!t)
		return -ENOMEM;
	t->each = each;
	t->steps = arena_alloc(&t->task.arena, STEPS_MAX * sizeof(*t->steps));
	t->id = keep(t, id);
	if (!t->steps || t->no_memory) {
		mem_unref(t);
		return -ENOMEM;
	}
	return desk_task_begin_all(&t->task, tell_story);
}


void operator_insight_services(struct admin_services *s)
{
	s->insight.trace = trace;
	s->insight.explain = explain;
}
