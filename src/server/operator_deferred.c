/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: messages that wait for people who are away. */
#include "store/deferred.h"

#include <errno.h>

#include "im/deferred/deferred.h"
#include "server/operator_desk.h"

struct deferred_task {
	struct desk_task task;
	admin_deferred_cb *each;
	admin_waiting_cb *waiting;
	admin_count_cb *count;
	uint64_t counted;
	uint64_t id, after;
	size_t limit; /**< rows still wanted */
	struct str after_user;
	char after_text[SIP_AOR_MAX];
	uint64_t ids[STORE_PAGE_MAX]; /**< of a page, to be withdrawn */
	size_t ids_n, ids_done;
};

static void list(struct desk_task *task);
static void users(struct desk_task *task);
static void push_page(struct desk_task *task);
static void remove_page(struct desk_task *task);


static struct deferred_task *self(struct desk_task *t)
{
	return container_of(t, struct deferred_task, task);
}


static size_t page_of(const struct deferred_task *t)
{
	return t->limit < STORE_PAGE_MAX ? t->limit : STORE_PAGE_MAX;
}


/* ---- Showing ---- */

static struct str state_name(enum store_deferred_state s)
{
	static const struct str names[] = {
		[STORE_DEFERRED_HELD] = STR_INIT("held"),
		[STORE_DEFERRED_DELIVERED] = STR_INIT("delivered"),
		[STORE_DEFERRED_EXPIRED] = STR_INIT("expired"),
		[STORE_DEFERRED_WITHDRAWN] = STR_INIT("withdrawn"),
	};

	return names[s];
}


static struct str device_state_name(enum store_device_state s)
{
	static const struct str names[] = {
		[STORE_DEVICE_WAITING] = STR_INIT("waiting"),
		[STORE_DEVICE_DELIVERED] = STR_INIT("delivered"),
		[STORE_DEVICE_FAILED] = STR_INIT("failed"),
	};

	return names[s];
}


static struct str kind_name(enum store_deferred_kind k)
{
	static const struct str names[] = {
		[STORE_DEFERRED_PAGER] = STR_INIT("pager"),
		[STORE_DEFERRED_LARGE] = STR_INIT("large"),
		[STORE_DEFERRED_FILE] = STR_INIT("file"),
	};

	return names[k];
}


static void show(const struct deferred_task *t, const struct store_deferred *d)
{
	struct admin_device devices[STORE_DEFERRED_DEVICES_MAX];
	size_t n = 0;

	for (; n < d->devices && n < STORE_DEFERRED_DEVICES_MAX; n++) {
		const struct store_device *v = &d->device[n];

		devices[n] = (struct admin_device){
			.key = v->key,
			.state = device_state_name(v->state),
			.attempts = v->attempts,
			.status = v->status,
			.last_ms = v->last_ms,
			.next_try_ms = v->state == STORE_DEVICE_WAITING ? v->next_try_ms : 0,
		};
	}
	t->each(&(struct admin_deferred){.id = d->id,
					 .user = d->user,
					 .sender = d->sender,
					 .call_id = d->call_id,
					 .message_id = d->message_id,
					 .kind = kind_name(d->kind),
					 .content_type = d->content_type,
					 .name = d->name,
					 .state = state_name(d->state),
					 .size = d->size,
					 .received_ms = d->received_ms,
					 .expires_ms = d->expires_ms,
					 .finished_ms = d->finished_ms,
					 .devices = devices,
					 .devices_n = n},
		t->task.done_arg);
}


/* ---- Lists ---- */

static void on_page(struct store_request *r, int error, void *arg)
{
	struct deferred_task *t = arg;
	size_t n = 0, asked = page_of(t);
	const struct store_deferred *d = error ? NULL : store_deferred_result(r, &n);

	for (size_t i = 0; i < n; i++) {
		show(t, &d[i]);
		t->after = d[i].id;
	}
	t->limit -= n < t->limit ? n : t->limit;
	if (error || n < asked || !t->limit)
		desk_task_finish(&t->task, error);
	else
		list(&t->task);
}


static void list(struct desk_task *task)
{
	struct deferred_task *t = self(task);

	desk_task_step(task, store_deferred_list(task->desk->p.store, &task->store, task->aor,
						 t->after, page_of(t), on_page, t));
}


static bool keep_after(struct deferred_task *t, struct str user)
{
	if (user.n > sizeof(t->after_text))
		return false;
	memcpy(t->after_text, user.p, user.n);
	t->after_user = (struct str){t->after_text, user.n};
	return true;
}


static void on_users_page(struct store_request *r, int error, void *arg)
{
	struct deferred_task *t = arg;
	size_t n = 0, asked = page_of(t);
	const struct store_waiting_user *u = error ? NULL : store_deferred_users_result(r, &n);

	for (size_t i = 0; i < n; i++)
		t->waiting(&(struct admin_waiting){.user = u[i].user,
						   .messages = u[i].messages,
						   .bytes = u[i].bytes},
			   t->task.done_arg);
	t->limit -= n < t->limit ? n : t->limit;
	if (error || n < asked || !t->limit || !keep_after(t, u[n - 1].user))
		desk_task_finish(&t->task, error);
	else
		users(&t->task);
}


static void users(struct desk_task *task)
{
	struct deferred_task *t = self(task);

	desk_task_step(task, store_deferred_users(task->desk->p.store, &task->store, t->after_user,
						  page_of(t), on_users_page, t));
}


static void on_one(struct store_request *r, int error, void *arg)
{
	struct deferred_task *t = arg;
	size_t n = 0;
	const struct store_deferred *d = error ? NULL : store_deferred_result(r, &n);

	if (n)
		show(t, d);
	desk_task_finish(&t->task, error == -ENOENT || (!error && !n) ? -ENODATA : error);
}


static void get_one(struct desk_task *task)
{
	desk_task_step(task, store_deferred_get(task->desk->p.store, &task->store, self(task)->id,
						on_one, self(task)));
}


/* ---- Withdrawing ---- */

static int withdraw(struct deferred_task *t, uint64_t id, store_done_cb *done)
{
	struct operator_desk *o = t->task.desk;

	if (o->p.deferred)
		return deferred_withdraw(o->p.deferred, &t->task.store, id, done, t);
	return store_deferred_finish(o->p.store, &t->task.store, id, STORE_DEFERRED_WITHDRAWN,
				     loop_wall_ms(o->p.loop), done, t);
}


static void counted(struct deferred_task *t, int error)
{
	if (!error)
		t->count(t->counted, t->task.done_arg);
	desk_task_finish(&t->task, error);
}


static void on_one_withdrawn(struct store_request *r, int error, void *arg)
{
	struct deferred_task *t = arg;

	(void)r;
	t->counted += !error;
	counted(t, error == -ENOENT ? -ENODATA : error);
}


static void remove_one(struct desk_task *task)
{
	desk_task_step(task, withdraw(self(task), self(task)->id, on_one_withdrawn));
}


/** One that was delivered or has expired meanwhile is no mistake. */
static void on_withdrawn(struct store_request *r, int error, void *arg)
{
	struct deferred_task *t = arg;

	(void)r;
	t->counted += !error;
	if (error && error != -ENOENT)
		counted(t, error);
	else if (t->ids_done < t->ids_n)
		desk_task_step(&t->task, withdraw(t, t->ids[t->ids_done++], on_withdrawn));
	else
		remove_page(&t->task);
}


static void on_ids(struct store_request *r, int error, void *arg)
{
	struct deferred_task *t = arg;
	size_t n = 0;
	const struct store_deferred *d = error ? NULL : store_deferred_result(r, &n);

	if (error || !n) {
		counted(t, error);
		return;
	}
	for (size_t i = 0; i < n; i++)
		t->ids[i] = d[i].id;
	t->after = d[n - 1].id;
	t->ids_n = n;
	t->ids_done = 1;
	desk_task_step(&t->task, withdraw(t, t->ids[0], on_withdrawn));
}


static void remove_page(struct desk_task *task)
{
	struct deferred_task *t = self(task);

	desk_task_step(task, store_deferred_list(task->desk->p.store, &task->store, task->aor,
						 t->after, STORE_PAGE_MAX, on_ids, t));
}


/* ---- Pushing ---- */

static void push_user(struct desk_task *task)
{
	struct deferred_task *t = self(task);
	int devices = deferred_push(task->desk->p.deferred, task->aor);

	if (devices >= 0)
		t->counted = (uint64_t)devices;
	counted(t, devices == -ENOENT ? -ENODATA : devices < 0 ? devices : 0);
}


static void on_push_page(struct store_request *r, int error, void *arg)
{
	struct deferred_task *t = arg;
	size_t n = 0;
	const struct store_waiting_user *u = error ? NULL : store_deferred_users_result(r, &n);

	for (size_t i = 0; i < n && !error; i++) {
		int devices = deferred_push(t->task.desk->p.deferred, u[i].user);

		if (devices >= 0)
			t->counted += (uint64_t)devices;
		else if (devices != -ENOENT)
			error = devices;
	}
	if (error || n < STORE_PAGE_MAX || !keep_after(t, u[n - 1].user))
		counted(t, error);
	else
		push_page(&t->task);
}


static void push_page(struct desk_task *task)
{
	struct deferred_task *t = self(task);

	desk_task_step(task, store_deferred_users(task->desk->p.store, &task->store, t->after_user,
						  STORE_PAGE_MAX, on_push_page, t));
}


/* ---- The services ---- */

static struct deferred_task *task_alloc(struct operator_desk *o, admin_done_cb *done,
					void *done_arg)
{
	struct deferred_task *t = desk_task_alloc(o, sizeof(*t), NULL, done, done_arg);

	if (t)
		t->after_user = STR("");
	return t;
}


static int deferred_list(struct str user, uint64_t after, size_t limit, admin_deferred_cb *each,
			 admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct deferred_task *t = task_alloc(arg, done, done_arg);

	if (!t)
		return -ENOMEM;
	t->each = each;
	t->after = after;
	t->limit = limit;
	return user.n ? desk_task_begin(&t->task, user, list, why)
		      : desk_task_begin_all(&t->task, list);
}


static int deferred_users(struct str after, size_t limit, admin_waiting_cb *each,
			  admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct deferred_task *t = task_alloc(arg, done, done_arg);

	(void)why;
	if (!t)
		return -ENOMEM;
	t->waiting = each;
	t->limit = limit;
	if (after.n && !keep_after(t, after)) {
		mem_unref(t);
		return -EINVAL;
	}
	return desk_task_begin_all(&t->task, users);
}


static int deferred_show(uint64_t id, admin_deferred_cb *each, admin_done_cb *done, void *done_arg,
			 struct buf *why, void *arg)
{
	struct deferred_task *t = task_alloc(arg, done, done_arg);

	(void)why;
	if (!t)
		return -ENOMEM;
	t->each = each;
	t->id = id;
	return desk_task_begin_all(&t->task, get_one);
}


static int deferred_remove(struct str user, uint64_t id, admin_count_cb *count, admin_done_cb *done,
			   void *done_arg, struct buf *why, void *arg)
{
	struct deferred_task *t = task_alloc(arg, done, done_arg);

	if (!t)
		return -ENOMEM;
	t->count = count;
	t->id = id;
	return id ? desk_task_begin_all(&t->task, remove_one)
		  : desk_task_begin(&t->task, user, remove_page, why);
}


static int push(struct str user, admin_count_cb *count, admin_done_cb *done, void *done_arg,
		struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct deferred_task *t;

	if (!o->p.deferred)
		return -ENOSYS;
	t = task_alloc(o, done, done_arg);
	if (!t)
		return -ENOMEM;
	t->count = count;
	return user.n ? desk_task_begin(&t->task, user, push_user, why)
		      : desk_task_begin_all(&t->task, push_page);
}


void operator_deferred_services(struct admin_services *s)
{
	s->deferral.list = deferred_list;
	s->deferral.users = deferred_users;
	s->deferral.show = deferred_show;
	s->deferral.remove = deferred_remove;
	s->deferral.push = push;
}
