/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: system messages. */
#include <errno.h>

#include "im/system/system_message.h"
#include "server/config.h"
#include "server/operator_desk.h"

struct system_task {
	struct desk_task task;
	admin_system_message_cb *each;
	admin_count_cb *count;
	struct im_system_request request;
	struct im_system_message message; /**< to be sent; texts in the arena */
	struct str choice[STORE_CHOICES_MAX];
	struct str id; /**< to be cleared */
	struct str ids[STORE_SYSTEM_MESSAGES_MAX];
	size_t ids_n, ids_done;
	uint64_t counted;
	size_t limit;
	struct str after_aor, after_id;
	char after_text[SIP_AOR_MAX + STORE_SYSTEM_ID_MAX];
};

static void list(struct desk_task *task);
static void clear_next(struct system_task *t, int error);


static struct system_task *self(struct desk_task *t)
{
	return container_of(t, struct system_task, task);
}


static void task_destroy(struct desk_task *task)
{
	im_system_cancel(&self(task)->request);
}


static struct system_task *task_alloc(struct operator_desk *o, admin_done_cb *done, void *done_arg)
{
	struct system_task *t = desk_task_alloc(o, sizeof(*t), task_destroy, done, done_arg);

	if (t)
		t->after_aor = t->after_id = STR("");
	return t;
}


/* ---- Showing ---- */

static bool is_overdue(const struct store_system_message *m, int64_t now_ms)
{
	return m->required && m->delivered_ms && m->timeout_s &&
	       now_ms >= m->delivered_ms + (int64_t)m->timeout_s * 1000;
}


static struct str state_of(const struct store_system_message *m, int64_t now_ms)
{
	if (m->answered_ms)
		return STR("answered");
	if (m->cleared)
		return STR("cleared");
	if (is_overdue(m, now_ms))
		return STR("overdue");
	return m->delivered_ms ? STR("delivered") : STR("waiting");
}


static void show(const struct system_task *t, const struct store_system_message *m)
{
	t->each(&(struct admin_system_message){.user = m->aor,
					       .id = m->id,
					       .text = m->text,
					       .answers = m->choice,
					       .answers_n = m->choices,
					       .state = state_of(m, loop_wall_ms(
									    t->task.desk->p.loop)),
					       .answer = m->answer,
					       .required = m->required,
					       .timeout_s = m->timeout_s,
					       .created_ms = m->created_ms,
					       .delivered_ms = m->delivered_ms,
					       .answered_ms = m->answered_ms},
		t->task.done_arg);
}


/* ---- List ---- */

static void keep_after(struct system_task *t, const struct store_system_message *m)
{
	size_t n = m->aor.n < SIP_AOR_MAX ? m->aor.n : SIP_AOR_MAX;
	size_t k = m->id.n < STORE_SYSTEM_ID_MAX ? m->id.n : STORE_SYSTEM_ID_MAX;

	memcpy(t->after_text, m->aor.p, n);
	memcpy(t->after_text + n, m->id.p, k);
	t->after_aor = (struct str){t->after_text, n};
	t->after_id = (struct str){t->after_text + n, k};
}


static size_t page_of(const struct system_task *t)
{
	return t->limit < STORE_SYSTEM_MESSAGE_PAGE_MAX ? t->limit : STORE_SYSTEM_MESSAGE_PAGE_MAX;
}


static void on_page(struct store_request *r, int error, void *arg)
{
	struct system_task *t = arg;
	size_t n = 0, asked = page_of(t);
	const struct store_system_message *m = error ? NULL : store_system_message_result(r, &n);

	for (size_t i = 0; i < n; i++)
		show(t, &m[i]);
	t->limit -= n < t->limit ? n : t->limit;
	if (error || n < asked || !t->limit) {
		desk_task_finish(&t->task, error);
		return;
	}
	keep_after(t, &m[n - 1]);
	list(&t->task);
}


static void list(struct desk_task *task)
{
	struct system_task *t = self(task);

	desk_task_step(task, store_system_message_list(task->desk->p.store, &task->store, task->aor,
						       t->after_aor, t->after_id, page_of(t),
						       on_page, t));
}


static int system_list(struct str user, size_t limit, admin_system_message_cb *each,
		       admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct system_task *t = task_alloc(arg, done, done_arg);

	if (!t)
		return -ENOMEM;
	t->each = each;
	t->limit = limit;
	return user.n ? desk_task_begin(&t->task, user, list, why)
		      : desk_task_begin_all(&t->task, list);
}


/* ---- Send ---- */

static void on_sent(struct im_system_request *q, int error, struct str id, void *arg)
{
	struct system_task *t = arg;
	const struct im_system_message *m = &t->message;

	(void)q;
	if (!error)
		t->each(&(struct admin_system_message){.user = t->task.aor,
						       .id = id,
						       .text = m->text,
						       .answers = m->choice,
						       .answers_n = m->choices,
						       .state = STR("waiting"),
						       .required = m->choices > 0,
						       .timeout_s = m->timeout_s,
						       .created_ms = loop_wall_ms(
							       t->task.desk->p.loop)},
			t->task.done_arg);
	desk_task_finish(&t->task, error);
}


static void send_it(struct desk_task *task)
{
	struct system_task *t = self(task);

	t->message.aor = task->aor;
	desk_task_step(task,
		       im_system_send(task->desk->p.system, &t->request, &t->message, on_sent, t));
}


static bool keep_text(struct system_task *t, struct str s, struct str *ret)
{
	*ret = arena_str(&t->task.arena, s);
	return ret->p != NULL;
}


static int take_message(struct system_task *t, const struct admin_system_message *m,
			struct buf *why)
{
	bool kept = keep_text(t, m->text, &t->message.text);

	if (m->answers_n > STORE_CHOICES_MAX || m->text.n > STORE_SYSTEM_TEXT_MAX) {
		buf_printf(why, "the message is too long: write at most %u bytes and %u answers",
			   STORE_SYSTEM_TEXT_MAX, STORE_CHOICES_MAX);
		return -EMSGSIZE;
	}
	for (size_t i = 0; i < m->answers_n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (str_eq(m->answers[i], m->answers[k])) {
				buf_printf(why,
					   "the answer " STR_FMT " stands twice: give each once",
					   STR_ARG(str_upto(m->answers[i], 80)));
				return -EINVAL;
			}
		}
		kept = kept && keep_text(t, m->answers[i], &t->choice[i]);
	}
	t->message.choice = t->choice;
	t->message.choices = m->answers_n;
	t->message.timeout_s = m->timeout_s
				       ? m->timeout_s
				       : (uint32_t)t->task.desk->config->system_message_timeout_s;
	return kept ? 0 : -ENOMEM;
}


static int system_send(struct str user, const struct admin_system_message *m,
		       admin_system_message_cb *each, admin_done_cb *done, void *done_arg,
		       struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct system_task *t;
	int err;

	if (!o->p.system)
		return -ENOSYS;
	t = task_alloc(o, done, done_arg);
	if (!t)
		return -ENOMEM;
	t->each = each;
	err = take_message(t, m, why);
	if (err) {
		mem_unref(t);
		return err;
	}
	return desk_task_begin(&t->task, user, send_it, why);
}


/* ---- Clear ---- */

static void on_one_cleared(struct im_system_request *q, int error, struct str id, void *arg)
{
	(void)q;
	(void)id;
	clear_next(arg, error);
}


/** One that is gone meanwhile is no mistake, unless it was the one that was named. */
static void clear_next(struct system_task *t, int error)
{
	struct operator_desk *o = t->task.desk;

	t->counted += !error && t->ids_done;
	if (error == -ENOENT)
		error = t->id.n ? -ENODATA : 0;
	if (error || t->ids_done == t->ids_n) {
		if (!error)
			t->count(t->counted, t->task.done_arg);
		desk_task_finish(&t->task, error);
		return;
	}
	struct str id = t->ids[t->ids_done++];
	desk_task_step(&t->task, im_system_clear(o->p.system, &t->request, t->task.aor, id,
						 on_one_cleared, t));
}


/** Those that may still want an answer, or were not delivered. */
static bool is_open(const struct store_system_message *m)
{
	return !m->cleared && !m->answered_ms && (m->required || !m->delivered_ms);
}


static void on_open(struct store_request *r, int error, void *arg)
{
	struct system_task *t = arg;
	size_t n = 0;
	const struct store_system_message *m = error ? NULL : store_system_message_result(r, &n);

	for (size_t i = 0; i < n && t->ids_n < STORE_SYSTEM_MESSAGES_MAX && !error; i++) {
		if (is_open(&m[i]) && !keep_text(t, m[i].id, &t->ids[t->ids_n++]))
			error = -ENOMEM;
	}
	if (error)
		desk_task_finish(&t->task, error);
	else
		clear_next(t, 0);
}


static void clear_known(struct desk_task *task)
{
	struct system_task *t = self(task);

	if (t->id.n) {
		t->ids[t->ids_n++] = t->id;
		clear_next(t, 0);
		return;
	}
	desk_task_step(task, store_system_message_list(task->desk->p.store, &task->store, task->aor,
						       STR(""), STR(""), STORE_SYSTEM_MESSAGES_MAX,
						       on_open, t));
}


static int system_clear(struct str user, struct str id, admin_count_cb *count, admin_done_cb *done,
			void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct system_task *t;

	if (!o->p.system)
		return -ENOSYS;
	t = task_alloc(o, done, done_arg);
	if (!t)
		return -ENOMEM;
	t->count = count;
	if (!keep_text(t, id, &t->id)) {
		mem_unref(t);
		return -ENOMEM;
	}
	return desk_task_begin(&t->task, user, clear_known, why);
}


void operator_system_message_services(struct admin_services *s)
{
	s->deferral.system_list = system_list;
	s->deferral.system_send = system_send;
	s->deferral.system_clear = system_clear;
}
